// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Rules E1, E4 and E5: evidence at heights that are over, after many views, and what it costs.

use crate::{
    common::{block, FakeCrypto, World},
    evidence::{convicted, next, statement, NOBODY},
    table::{contradiction, from_peer, run},
};
use hansa_pbft_core::{
    evidence_of_fork,
    limits::{HEIGHTS_REMEMBERED, MAX_STATEMENTS_PER_KIND, MAX_VIEWS_BEHIND},
    Core, Crypto, Output, Rejection,
};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, Certificate, CertificateError, Message, View, VoteKind,
};
use VoteKind::{Commit, Prepare};

#[test]
fn a_second_decision_is_a_fork_and_convicts_who_signed_both() {
    let w = World::new(4);
    let cert = |view, b, signers: [AuthorityIndex; 3]| {
        w.certificate(Commit, view, block(b), NO_PROOF, signers)
    };
    let (first, second) = (cert(0, 1, [0, 1, 2]), cert(0, 2, [1, 2, 3]));
    let thin = w.certificate(Commit, 0, block(3), NO_PROOF, [1, 2]);
    let again = cert(1, 1, [0, 1, 2]);
    let decided = |c: &Certificate| from_peer(Message::Decided(c.clone()));
    let reports = |who: AuthorityIndex| {
        let said = |b| w.vote(Commit, who, 0, block(b), NO_PROOF);
        contradiction(&w, statement(&said(1)), statement(&said(2)))
    };
    let fork = Output::Fork {
        first: first.clone(),
        second: second.clone(),
    };
    let rows = [
        (decided(&again), vec![]),
        (
            decided(&thin),
            vec![Output::Reject(Rejection::BadCertificate(
                CertificateError::NoQuorum {
                    weight: 2,
                    quorum: 3,
                },
            ))],
        ),
        (decided(&second), vec![reports(1), reports(2), fork]),
        (decided(&second), vec![]),
        // Known to be a fork, all that signed it are looked at.
        (decided(&cert(1, 2, [1, 2, 3])), vec![]),
    ];
    let mut start = w.core(None);
    run(
        "N7",
        "decided",
        &mut start,
        [(decided(&first), vec![Output::Finalise(first.clone())])],
    );
    run("E5", "at this height", &mut start.clone(), rows.clone());
    for heights in [1, HEIGHTS_REMEMBERED as u32] {
        let mut core = start.clone();
        for i in 1..=heights {
            core.step(next(&w, i).start(None, vec![]));
        }
        assert!(core.remembers(w.height));
        run("E5", "at a later one", &mut core, rows.clone());
        assert_eq!(core.round_state().unwrap().height, w.height + heights);
    }
    let mut core = start;
    for i in 1..=HEIGHTS_REMEMBERED as u32 + 1 {
        core.step(next(&w, i).start(None, vec![]));
    }
    assert!(!core.remembers(w.height));
    assert_eq!(core.step(decided(&second)), []);
    // Of heights that are forgotten the driver asks for this.
    let found = evidence_of_fork(&w.crypto, w.config(None), &first, &second).unwrap();
    let found: Vec<_> = found.into_iter().map(Output::Report).collect();
    assert_eq!(found, [reports(1), reports(2)]);
    assert!(evidence_of_fork(&w.crypto, w.config(None), &first, &thin).is_err());
}

#[test]
fn what_comes_late_convicts() {
    let w = World::new(4);
    let liar: AuthorityIndex = 1;
    let decided = w.certificate(Commit, 2, block(1), block(8), [0, liar, 2]);
    let mut core = w.core(None);
    core.step(from_peer(Message::Decided(decided)));
    let said = w.vote(Commit, liar, 2, block(1), block(8));
    let vote = w.vote(Commit, liar, 2, block(2), block(8));
    let prepare = w.vote(Prepare, liar, 2, block(2), block(8));
    let change = w.change(liar, 3, None);
    let honest = w.vote(Commit, 3, 2, block(1), block(8));
    let mut forged = vote.clone();
    if let Message::Vote(signed) = &mut forged {
        signed.signature = statement(&honest).signature.clone();
    }
    for later in [false, true] {
        if later {
            core.step(next(&w, 1).start(None, vec![]));
        }
        for message in [&vote, &prepare, &change] {
            let report = contradiction(&w, statement(&said), statement(message));
            let bad = vec![Output::Reject(Rejection::BadSignature)];
            run(
                "E4",
                "late",
                &mut core.clone(),
                [
                    (from_peer(honest.clone()), vec![]),
                    (from_peer(forged.clone()), bad),
                    (from_peer(message.clone()), vec![report]),
                    (from_peer(message.clone()), vec![]),
                ],
            );
        }
    }
}

/// Counts verifications.
#[derive(Clone, Default)]
struct Counting(std::rc::Rc<std::cell::Cell<u32>>);

impl Crypto for Counting {
    fn sign(
        &self,
        key: &hansa_pbft_primitives::AuthorityId,
        payload: &[u8],
    ) -> Option<hansa_pbft_primitives::AuthoritySignature> {
        FakeCrypto.sign(key, payload)
    }

    fn verify(
        &self,
        key: &hansa_pbft_primitives::AuthorityId,
        payload: &[u8],
        signature: &hansa_pbft_primitives::AuthoritySignature,
    ) -> bool {
        self.0.set(self.0.get() + 1);
        FakeCrypto.verify(key, payload, signature)
    }
}

#[test]
fn what_convicts_nobody_late_costs_no_verification() {
    let w = World::new(4);
    let crypto = Counting::default();
    let mut core = Core::new(crypto.clone());
    core.step(w.start(None, vec![]));
    core.step(from_peer(Message::Decided(w.certificate(
        Commit,
        0,
        block(1),
        NO_PROOF,
        0..3,
    ))));
    for later in [false, true] {
        if later {
            core.step(next(&w, 1).start(None, vec![]));
        }
        crypto.0.set(0);
        for message in [
            w.vote(Commit, 3, 0, block(1), NO_PROOF),
            w.vote(Prepare, 0, 0, block(1), NO_PROOF),
            w.change(3, 4, None),
            w.proposal(0, block(1), None),
            Message::Decided(w.certificate(Commit, 3, block(1), NO_PROOF, 0..3)),
        ] {
            assert_eq!(core.step(from_peer(message)), []);
        }
        assert_eq!(crypto.0.get(), 0, "E4, E5");
    }
}

#[test]
fn a_superseded_view_change_is_looked_at_only_if_it_convicts() {
    let w = World::new(4);
    let crypto = Counting::default();
    let mut core = Core::new(crypto.clone());
    core.step(w.start(None, vec![]));
    let certificate = w.certificate(Prepare, 3, block(1), block(8), 0..3);
    let commit = w.vote(Commit, 2, 3, block(1), block(8));
    core.step(from_peer(commit.clone()));
    core.step(from_peer(w.change(2, 5, Some(certificate))));
    crypto.0.set(0);
    run_counted(&mut core, w.change(2, 2, None), vec![]);
    assert_eq!(crypto.0.get(), 0);
    let lower = w.change(2, 4, None);
    let report = contradiction(&w, statement(&commit), statement(&lower));
    run_counted(&mut core, lower, vec![report]);
    assert_eq!(crypto.0.get(), 1);
}

fn run_counted(core: &mut Core<Counting>, message: Message, expected: Vec<Output>) {
    assert_eq!(core.step(from_peer(message)), expected);
}

/// At a height that stays undecided for thousands of views, a Commit of an early one still convicts
/// beside the view-changes that hide it: the widest of them is kept.
#[test]
fn amnesia_is_found_however_many_views_later() {
    let w = World::new(4);
    let liar: AuthorityIndex = 1;
    let late = w.certificate(Prepare, 3_000, block(2), block(8), [0, 2, 3]);
    let mut core = w.core(None);
    for view in 1..4_000 {
        let shown = (view > 3_500).then(|| late.clone());
        let out = core.step(from_peer(w.change(liar, view, shown)));
        assert_eq!(convicted(&w, &out), NOBODY);
    }
    let decided = w.certificate(Commit, 5, block(1), NO_PROOF, [0, liar, 2]);
    let out = core.step(from_peer(Message::Decided(decided)));
    assert_eq!(convicted(&w, &out), [liar], "E1");
}

#[test]
fn memory_is_bounded_and_the_latest_is_kept() {
    let w = World::new(4);
    let liar: AuthorityIndex = 1;
    let mut core = w.core(None);
    let mut size = 0;
    let heard = 10 * MAX_STATEMENTS_PER_KIND as View;
    for view in 0..heard {
        // The others move on, and the liar says all that it can.
        for who in [2, 3] {
            core.step(from_peer(w.change(who, view.max(1), None)));
        }
        for kind in [Prepare, Commit] {
            core.step(from_peer(w.vote(kind, liar, view, block(1), NO_PROOF)));
        }
        if view == 3 * MAX_STATEMENTS_PER_KIND as View {
            size = core.encoded_state().len();
        }
    }
    assert!(core.encoded_state().len() <= size + 64, "E1: it grows");
    let last = heard - 1;
    for (view, expected) in [(0, vec![]), (last - MAX_VIEWS_BEHIND, vec![liar])] {
        let vote = w.vote(Prepare, liar, view, block(2), NO_PROOF);
        let out = core.step(from_peer(vote));
        assert_eq!(convicted(&w, &out), expected, "view {view}");
    }
}
