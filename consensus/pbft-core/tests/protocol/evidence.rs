// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Rules E1 to E3: who is convicted, and of what.

use crate::{
    common::{block, FakeCrypto, World},
    table::{all, contradiction, from_peer, run, say, unjustified},
};
use hansa_pbft_core::{Core, Crypto, Input, Output, Record, Rejection};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, Certificate, Evidence, Message, NewViewProof,
    SignedStatement, Statement, VoteKind,
};
use VoteKind::{Commit, Prepare};

/// No one is reported.
pub const NOBODY: [AuthorityIndex; 0] = [];

/// Check what is reported as the runtime would.
fn verify(w: &World, evidence: &Evidence) -> Result<AuthorityIndex, impl std::fmt::Debug> {
    evidence.verify_with(w.context().genesis, &w.set, |key, payload, sig| {
        w.crypto.verify(key, payload, sig)
    })
}

/// Whom `outputs` report; all of it must hold.
pub fn convicted(w: &World, outputs: &[Output]) -> Vec<AuthorityIndex> {
    let evidence = outputs.iter().filter_map(|output| match output {
        Output::Report(evidence) => Some(evidence),
        _ => None,
    });
    evidence.map(|e| verify(w, e).expect("it holds")).collect()
}

pub fn statement(message: &Message) -> &SignedStatement {
    match message {
        Message::Proposal { statement, .. }
        | Message::Vote(statement)
        | Message::ViewChange { statement, .. } => statement,
        Message::Decided(_) => panic!("a certificate"),
    }
}

/// A follower that has heard `heard`, none of which convicts anybody.
fn witness(w: &World, what: &str, heard: &[Message]) -> Core<FakeCrypto> {
    let mut core = w.core(None);
    for message in heard {
        let out = core.step(from_peer(message.clone()));
        assert_eq!(convicted(w, &out), NOBODY, "{what}: {message:?}");
    }
    core
}

pub fn next(w: &World, heights: u32) -> World {
    World {
        height: w.height + heights,
        ..w.clone()
    }
}

#[test]
fn two_statements_that_no_correct_replica_says_both_convict() {
    let w = World::new(4);
    let liar = w.backup(0..1, 0);
    let vote = |kind, view, b| w.vote(kind, liar, view, block(b), NO_PROOF);
    let low = w.certificate(Prepare, 0, block(1), NO_PROOF, 0..3);
    let other = |b, digest| w.vote(Prepare, liar, 0, block(b), block(digest));
    for (what, first, second) in [
        ("two Prepares", vote(Prepare, 0, 1), vote(Prepare, 0, 2)),
        ("two Commits", vote(Commit, 2, 1), vote(Commit, 2, 2)),
        ("one block for two reasons", other(1, 8), other(1, 9)),
        (
            "Commit for another block",
            vote(Prepare, 1, 1),
            vote(Commit, 1, 2),
        ),
        (
            "two proposals",
            w.proposal(0, block(1), None),
            w.proposal(0, block(2), None),
        ),
        (
            "two view-changes",
            w.change(liar, 3, None),
            w.change(liar, 3, Some(low.clone())),
        ),
        ("amnesia: none", vote(Commit, 0, 1), w.change(liar, 1, None)),
        (
            "amnesia: a lower one",
            vote(Commit, 2, 1),
            w.change(liar, 4, Some(low.clone())),
        ),
        (
            "amnesia, far",
            vote(Commit, 0, 1),
            w.change(liar, 1_000, None),
        ),
    ] {
        // In either order, and again: once is enough.
        for (first, second) in [(&first, &second), (&second, &first)] {
            let mut core = witness(&w, what, std::slice::from_ref(first));
            let out = core.step(from_peer(second.clone()));
            let report = contradiction(&w, statement(first), statement(second));
            assert_eq!(out.first(), Some(&report), "E2, {what}");
            assert_eq!(convicted(&w, &out).len(), 1, "E2, {what}");
            for again in [first, second, &vote(Prepare, 0, 7), &vote(Commit, 2, 7)] {
                let out = core.step(from_peer(again.clone()));
                assert_eq!(convicted(&w, &out), NOBODY, "E2, {what}: again");
            }
        }
    }
}

#[test]
fn what_a_correct_replica_says_convicts_nobody() {
    let w = World::new(4);
    let who = w.backup(0..1, 0);
    let vote = |kind, view, b| w.vote(kind, who, view, block(b), NO_PROOF);
    let shown = |view| Some(w.certificate(Prepare, view, block(1), NO_PROOF, 0..3));
    for (what, heard) in [
        (
            "votes for one block, and for several, in several views",
            vec![
                vote(Prepare, 0, 1),
                vote(Prepare, 1, 1),
                vote(Prepare, 2, 2),
            ],
        ),
        (
            "Prepare and Commit",
            vec![vote(Prepare, 0, 1), vote(Commit, 0, 1)],
        ),
        (
            "a lock that is shown, then a newer one",
            vec![
                vote(Commit, 0, 1),
                w.change(who, 1, shown(0)),
                vote(Commit, 1, 1),
                w.change(who, 3, shown(1)),
            ],
        ),
        (
            "a Commit after the view-change",
            vec![w.change(who, 2, None), vote(Commit, 2, 1)],
        ),
        (
            "Prepare without a lock",
            vec![vote(Prepare, 0, 1), w.change(who, 1, None)],
        ),
    ] {
        for reversed in [false, true] {
            let mut heard = heard.clone();
            if reversed {
                heard.reverse();
            }
            witness(&w, what, &heard);
        }
    }
}

#[test]
fn an_equivocation_is_reported_and_its_sender_refused_while_the_first_counts() {
    let w = World::new(4);
    let liar = w.backup(0..1, 0);
    let first = w.vote(Prepare, liar, 0, block(1), NO_PROOF);
    let second = w.vote(Prepare, liar, 0, block(2), NO_PROOF);
    let mut forged = second.clone();
    if let Message::Vote(signed) = &mut forged {
        signed.signature = w.signed(w.primary(0), 0, signed.statement).signature;
    }
    let report = contradiction(&w, statement(&first), statement(&second));
    let mut core = w.core(None);
    run(
        "N5, E2",
        "two Prepares",
        &mut core,
        [
            (from_peer(first), vec![]),
            (
                from_peer(forged),
                vec![Output::Reject(Rejection::BadSignature)],
            ),
            (
                from_peer(second.clone()),
                vec![report, Output::Reject(Rejection::Equivocation)],
            ),
            (from_peer(second), vec![]),
        ],
    );
    assert_eq!(core.round_state().unwrap().prepares, [liar]);
    // The view-change of an amnesiac counts all the same: the quorum argument allows for it.
    let commit = w.vote(Commit, liar, 0, block(1), NO_PROOF);
    let change = w.change(liar, 1, None);
    let report = contradiction(&w, statement(&commit), statement(&change));
    let mut core = w.core(None);
    run(
        "V2, E2",
        "amnesia",
        &mut core,
        [
            (from_peer(commit), vec![]),
            (from_peer(change), vec![report]),
        ],
    );
    assert_eq!(core.round_state().unwrap().view_changes, [(liar, 1)]);
}

#[test]
fn proposals_of_views_that_are_over_convict() {
    let w = World::new(4);
    let me = w.backup(0..3, 0);
    let others: Vec<_> = (0..4).filter(|i| *i != me).collect();
    let fresh = |view| w.new_view(view, others.iter().map(|i| (*i, None)).collect());
    let thin = w.new_view(1, vec![(others[0], None), (others[1], None)]);
    let good = w.proposal(1, block(1), Some(fresh(1)));
    let second = w.proposal(1, block(2), Some(fresh(1)));
    let bad = w.proposal(1, block(2), Some(thin.clone()));
    let mut start = w.core(None);
    start.step(from_peer(w.proposal(2, block(3), Some(fresh(2)))));
    assert_eq!(start.round_state().unwrap().view, 2);
    let refused = |report, rejection| vec![report, Output::Reject(rejection)];
    let twice = contradiction(&w, statement(&good), statement(&second));
    run(
        "E1, E2",
        "two late proposals",
        &mut start.clone(),
        [
            (from_peer(good), vec![]),
            (from_peer(second), refused(twice, Rejection::Equivocation)),
        ],
    );
    let report = unjustified(&w, statement(&bad).clone(), Some(thin));
    run(
        "E3",
        "a late one that is not justified",
        &mut start,
        [
            (
                from_peer(bad.clone()),
                refused(report, Rejection::Unjustified),
            ),
            (from_peer(bad), vec![]),
        ],
    );
    assert_eq!(start.round_state().unwrap().proposal, Some(block(3)));
}

#[test]
fn a_peer_cannot_make_a_proposal_look_unjustified() {
    let w = World::new(4);
    let right = w.new_view(1, (0..3).map(|i| (i, None)).collect());
    let thin = w.new_view(1, vec![(0, None), (1, None)]);
    let Message::Proposal { statement, .. } = w.proposal(1, block(1), Some(right.clone())) else {
        unreachable!()
    };
    let Message::Proposal {
        statement: first, ..
    } = w.proposal(0, block(1), None)
    else {
        unreachable!()
    };
    for (what, statement, proof) in [
        ("the proof taken away", &statement, None),
        ("another proof", &statement, Some(thin)),
        ("a proof in view 0", &first, Some(right)),
    ] {
        let garbled = Message::Proposal {
            statement: statement.clone(),
            proof,
        };
        let refused = vec![Output::Reject(Rejection::Unjustified)];
        run(
            "E3",
            what,
            &mut w.core(None),
            [(from_peer(garbled), refused)],
        );
    }
}

/// What stands in certificates and proofs are statements like any other.
#[test]
fn statements_inside_certificates_and_proofs_convict() {
    let w = World::new(4);
    let (liar, o) = (3, [0, 1, 2]);
    let signers = [1, 2, 3];
    let prepared = w.certificate(Prepare, 0, block(1), NO_PROOF, signers);
    let elsewhere = w.vote(Prepare, liar, 0, block(2), NO_PROOF);
    let forgotten = w.vote(Commit, liar, 0, block(1), NO_PROOF);
    let opening = |certificate: Option<&Certificate>, changes: [AuthorityIndex; 3]| {
        let shown = changes.map(|i| (i, certificate.cloned().filter(|_| i != liar)));
        w.new_view(1, shown.to_vec())
    };
    let with_prepared = opening(Some(&prepared), o);
    let with_change = opening(None, [1, 2, liar]);
    let decided = w.certificate(Commit, 0, block(1), NO_PROOF, signers);
    for (what, heard, shown) in [
        (
            "a certificate beside a view-change",
            &elsewhere,
            w.change(0, 1, Some(prepared.clone())),
        ),
        (
            "a certificate in a proof",
            &elsewhere,
            w.proposal(1, block(1), Some(with_prepared)),
        ),
        (
            "a view-change in a proof",
            &forgotten,
            w.proposal(1, block(5), Some(with_change)),
        ),
        (
            "a commit certificate",
            &w.vote(Commit, liar, 0, block(2), NO_PROOF),
            Message::Decided(decided),
        ),
    ] {
        let mut core = witness(&w, what, std::slice::from_ref(heard));
        let out = core.step(from_peer(shown));
        assert_eq!(convicted(&w, &out), [liar], "E1, {what}");
    }
    // Not if the certificate is bad: what it says of the others nobody signed.
    let forged = Certificate {
        hash: block(2),
        ..prepared
    };
    let mut core = witness(
        &w,
        "forged",
        &[w.vote(Prepare, liar, 0, block(1), NO_PROOF)],
    );
    let out = core.step(from_peer(w.change(0, 1, Some(forged))));
    assert_eq!(convicted(&w, &out), NOBODY);
}

/// The machine convicts the holder of its own key like anyone: what to do is the driver's to know.
#[test]
fn another_node_with_the_own_key_is_noticed() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let mine = w.vote(Prepare, me, 0, block(1), NO_PROOF);
    let twins = w.vote(Prepare, me, 0, block(2), NO_PROOF);
    let mut core = w.core(Some(me));
    core.step(from_peer(w.proposal(0, block(1), None)));
    let valid = Input::Validated {
        height: 1,
        view: 0,
        hash: block(1),
        valid: true,
    };
    let report = contradiction(&w, statement(&mine), statement(&twins));
    let heard = Output::Persist(Record::Heard(statement(&twins).clone()));
    run(
        "E2",
        "a twin",
        &mut core,
        [
            (valid, say(mine.clone())),
            (from_peer(twins.clone()), all([vec![heard, report.clone()]])),
            (Input::Timeout { height: 1, view: 0 }, vec![]),
        ],
    );
    // Also after a restart, of which the log is the memory.
    let mut core = Core::new(w.crypto);
    core.step(w.start(Some(me), vec![Record::Sent(mine)]));
    let out = core.step(from_peer(twins));
    assert!(out.contains(&report), "{out:?}");
}

/// A driver begins with a height anew when it learns that it may sign there. What was heard before
/// still convicts, once.
#[test]
fn a_height_that_begins_anew_keeps_its_witness() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let liar = (0..4).find(|i| *i != me).unwrap();
    let said = |who, b| w.vote(Prepare, who, 0, block(b), NO_PROOF);
    let mut core = witness(&w, "before", &[said(liar, 1), said(me, 1)]);
    // What the own key said elsewhere is noticed, too.
    let out = core.step(w.start(Some(me), vec![Record::Sent(said(me, 2))]));
    let report = |who| contradiction(&w, statement(&said(who, 1)), statement(&said(who, 2)));
    assert_eq!(out.first(), Some(&report(me)));
    let out = core.step(from_peer(said(liar, 2)));
    assert_eq!(convicted(&w, &out), [liar]);
    core.step(w.start(Some(me), vec![]));
    let out = core.step(from_peer(said(liar, 3)));
    assert_eq!(convicted(&w, &out), NOBODY);
}

/// The lock that the log kept is a witness of those who prepared it.
#[test]
fn a_restored_lock_convicts() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let liar = (0..4).find(|i| *i != me).unwrap();
    let lock = w.certificate(Prepare, 0, block(1), NO_PROOF, 0..4);
    let records = vec![
        Record::Sent(w.vote(Prepare, me, 0, block(1), NO_PROOF)),
        Record::Prepared(lock),
    ];
    let mut core = Core::new(w.crypto);
    core.step(w.start(Some(me), records));
    let out = core.step(from_peer(w.vote(Commit, liar, 0, block(2), NO_PROOF)));
    assert_eq!(convicted(&w, &out), [liar]);
}

/// Rule E3, once an authority is convicted: nothing of it is verified for evidence's sake.
#[test]
fn a_convicted_primary_is_not_reported_again() {
    let w = World::new(4);
    let primary = w.primary(0);
    let void = |b| {
        let statement = Statement::Proposal {
            hash: block(b),
            proof: block(9),
        };
        Message::Proposal {
            statement: w.signed(primary, 0, statement),
            proof: None::<NewViewProof>,
        }
    };
    let mut core = w.core(None);
    let report = unjustified(&w, statement(&void(1)).clone(), None);
    let refused = Output::Reject(Rejection::Unjustified);
    run(
        "E3",
        "twice",
        &mut core,
        [
            (from_peer(void(1)), vec![report, refused.clone()]),
            (from_peer(void(2)), vec![refused]),
        ],
    );
}
