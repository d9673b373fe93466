// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Early messages, far views, conflicts, silent primaries.

use crate::{
    common::{block, sent, World},
    table::{from_peer, run, say},
};
use hansa_pbft_core::{
    limits::{max_state_bytes, MAX_VIEWS_AHEAD, MAX_VIEWS_BEHIND},
    Core, Input, Output, Rejection,
};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, Message, Statement, View, VoteKind, MAX_AUTHORITIES,
};
use std::cell::Cell;
use VoteKind::{Commit, Prepare};

fn next(w: &World) -> World {
    World {
        height: w.height + 1,
        ..w.clone()
    }
}

#[test]
fn messages_of_the_next_height_wait_for_it() {
    let w = World::new(4);
    let n = next(&w);
    let me = n.backup(0..1, 0);
    let o: Vec<_> = (0..4).filter(|i| *i != me).collect();
    let mut core = w.core(Some(me));
    run(
        "S",
        "early",
        &mut core,
        [
            (
                from_peer(n.vote(Prepare, o[0], 0, block(1), NO_PROOF)),
                vec![],
            ),
            (
                from_peer(n.vote(Prepare, o[1], 0, block(1), NO_PROOF)),
                vec![],
            ),
            (from_peer(n.proposal(0, block(1), None)), vec![]),
        ],
    );
    // Also while the machine waits for the start.
    let decided = w.certificate(Commit, 0, block(7), NO_PROOF, 0..3);
    core.step(from_peer(Message::Decided(decided)));
    core.step(from_peer(n.vote(Commit, o[0], 0, block(1), NO_PROOF)));
    let out = core.step(n.start(Some(me), vec![]));
    let asked = Output::Validate {
        height: 2,
        view: 0,
        hash: block(1),
        reproposal: false,
    };
    assert!(out.contains(&asked), "{out:?}");
    let verdict = Input::Validated {
        height: 2,
        view: 0,
        hash: block(1),
        valid: true,
    };
    let out = core.step(verdict);
    assert_eq!(
        sent(&out),
        [
            &n.vote(Prepare, me, 0, block(1), NO_PROOF),
            &n.vote(Commit, me, 0, block(1), NO_PROOF)
        ],
        "the early votes count",
    );
    let state = core.round_state().unwrap();
    assert!(state.commits.contains(&o[0]));
}

#[test]
fn other_heights_are_not_looked_at() {
    let w = World::new(4);
    let far = World {
        height: 3,
        ..w.clone()
    };
    let past = World {
        height: 0,
        ..w.clone()
    };
    let mut core = w.core(Some(0));
    for v in [&far, &past] {
        let certificate = v.certificate(Commit, 0, block(1), NO_PROOF, 0..3);
        run(
            "heights",
            "other",
            &mut core,
            [
                (from_peer(v.proposal(0, block(1), None)), vec![]),
                (from_peer(v.change(1, 3, None)), vec![]),
                (from_peer(Message::Decided(certificate)), vec![]),
            ],
        );
    }
    let out = core.step(far.start(None, vec![]));
    assert_eq!(out.len(), 1, "nothing was kept: {out:?}");
}

/// A crypto that counts verifications.
#[derive(Clone, Default)]
struct Counting<'a>(Option<&'a Cell<u32>>);

impl hansa_pbft_core::Crypto for Counting<'_> {
    fn sign(
        &self,
        key: &hansa_pbft_primitives::AuthorityId,
        payload: &[u8],
    ) -> Option<hansa_pbft_primitives::AuthoritySignature> {
        crate::common::FakeCrypto.sign(key, payload)
    }

    fn verify(
        &self,
        key: &hansa_pbft_primitives::AuthorityId,
        payload: &[u8],
        signature: &hansa_pbft_primitives::AuthoritySignature,
    ) -> bool {
        if let Some(count) = self.0 {
            count.set(count.get() + 1);
        }
        crate::common::FakeCrypto.verify(key, payload, signature)
    }
}

#[test]
fn a_signature_is_verified_once_and_only_if_it_can_matter() {
    let count = Cell::new(0);
    let w = World::new(4);
    let n = next(&w);
    let mut core = Core::new(Counting(Some(&count)));
    core.step(w.start(None, vec![]));
    let verified = |core: &mut Core<_>, message: Message| {
        count.set(0);
        core.step(Input::Message(message));
        count.get()
    };
    let vote = w.vote(Prepare, 1, 0, block(1), NO_PROOF);
    let certificate = w.certificate(Prepare, 0, block(1), NO_PROOF, 0..3);
    let mut outsider = w.signed(1, 0, Prepare.statement(block(1), NO_PROOF));
    outsider.authority = 4;
    for (what, message, expected) in [
        ("a vote", vote.clone(), 1),
        ("the same again", vote, 0),
        (
            "another vote of the same",
            w.vote(Prepare, 1, 0, block(2), NO_PROOF),
            1,
        ),
        (
            "once convicted",
            w.vote(Prepare, 1, 0, block(3), NO_PROOF),
            0,
        ),
        ("not a member", Message::Vote(outsider), 0),
        (
            "a far vote",
            w.vote(Commit, 2, MAX_VIEWS_AHEAD + 1, block(1), NO_PROOF),
            0,
        ),
        (
            "a proposal of the wrong one",
            {
                let statement = Statement::Proposal {
                    hash: block(1),
                    proof: NO_PROOF,
                };
                let other = w.backup(0..1, 0);
                Message::Proposal {
                    statement: w.signed(other, 0, statement),
                    proof: None,
                }
            },
            0,
        ),
        (
            "a view-change with certificate",
            w.change(2, 1, Some(certificate.clone())),
            4,
        ),
        (
            "a second that shows the same",
            w.change(3, 2, Some(certificate.clone())),
            1,
        ),
        ("a lower one", w.change(3, 1, Some(certificate)), 0),
        (
            "an early vote",
            n.vote(Prepare, 1, 0, block(1), NO_PROOF),
            1,
        ),
        (
            "the same again, early",
            n.vote(Prepare, 1, 0, block(1), NO_PROOF),
            0,
        ),
    ] {
        assert_eq!(verified(&mut core, message), expected, "{what}");
    }
    count.set(0);
    core.step(n.start(None, vec![]));
    assert_eq!(count.get(), 0, "the early vote is not verified again");
    assert_eq!(core.round_state().unwrap().prepares, [1]);
}

#[test]
fn early_messages_in_anothers_name_do_not_displace_its_own() {
    let w = World::new(4);
    let n = next(&w);
    let mut core = w.core(None);
    for i in 0..100 {
        let mut forged = n.signed(1, 0, Commit.statement(block(i), NO_PROOF));
        forged.signature = n.signed(2, 0, forged.statement).signature;
        core.step(from_peer(Message::Vote(forged)));
    }
    core.step(from_peer(n.vote(Commit, 1, 0, block(1), NO_PROOF)));
    let out = core.step(n.start(None, vec![]));
    assert_eq!(out.len(), 1, "nobody is blamed later: {out:?}");
    assert_eq!(core.round_state().unwrap().commits, [1]);
}

#[test]
fn early_messages_survive_a_change_of_the_set() {
    let w = World::new(4);
    let mut set = (*next(&w).set).clone();
    set.id = 1;
    let n = World {
        set: set.into(),
        ..next(&w)
    };
    let mut core = w.core(None);
    core.step(from_peer(n.vote(Commit, 1, 0, block(1), NO_PROOF)));
    core.step(n.start(None, vec![]));
    assert_eq!(core.round_state().unwrap().commits, [1]);
}

#[test]
fn votes_are_kept_in_a_window_of_views() {
    let w = World::new(4);
    let vote = |view| from_peer(w.vote(Commit, 1, view, block(1), NO_PROOF));
    let mut core = w.core(None);
    let top: View = 40;
    let locked = w.certificate(Prepare, top - 1, block(1), NO_PROOF, 0..3);
    for who in [2, 3] {
        core.step(from_peer(w.change(who, top, Some(locked.clone()))));
    }
    assert_eq!(
        core.round_state().unwrap().view,
        top,
        "far view-changes are kept"
    );
    let certificate = |view| w.certificate(Commit, view, block(1), NO_PROOF, [0, 1, 2]);
    for (view, kept) in [
        (top - MAX_VIEWS_BEHIND - 1, false),
        (top + MAX_VIEWS_AHEAD + 1, false),
        (top - MAX_VIEWS_BEHIND, true),
    ] {
        for who in 0..2 {
            core.step(from_peer(w.vote(Commit, who, view, block(1), NO_PROOF)));
        }
        let last = core.step(from_peer(w.vote(Commit, 2, view, block(1), NO_PROOF)));
        let expected = if kept {
            vec![Output::Finalise(certificate(view))]
        } else {
            vec![]
        };
        assert_eq!(last, expected, "view {view}");
    }
    assert_eq!(core.step(vote(top)), []);
}

#[test]
fn a_primary_that_was_silent_has_less_time_until_it_proposes() {
    let w = World::new(4);
    let silent = w.primary(0);
    let me = w.backup(0..2, 0);
    let mut core = w.core(Some(me));
    let timer = |height, silent| Output::StartTimer {
        height,
        view: 0,
        silent,
    };
    run(
        "T1, T2",
        "first",
        &mut core,
        [(Input::Work, vec![timer(1, false)])],
    );
    core.step(Input::Timeout { height: 1, view: 0 });
    // The next height that is the same primary's.
    let again = (2..)
        .map(|height| World {
            height,
            ..w.clone()
        })
        .find(|w| w.primary(0) == silent && w.primary(1) != me)
        .unwrap();
    let height = again.height;
    let validate = Output::Validate {
        height,
        view: 0,
        hash: block(1),
        reproposal: false,
    };
    core.step(again.start(Some(me), vec![]));
    run(
        "T1",
        "again",
        &mut core,
        [
            (Input::Work, vec![timer(height, true)]),
            (
                from_peer(again.proposal(0, block(1), None)),
                vec![timer(height, false), validate],
            ),
            (
                Input::Validated {
                    height,
                    view: 0,
                    hash: block(1),
                    valid: true,
                },
                say(again.vote(Prepare, me, 0, block(1), NO_PROOF)),
            ),
        ],
    );
    // It is forgiven.
    core.step(again.start(Some(me), vec![]));
    run(
        "T1",
        "forgiven",
        &mut core,
        [(Input::Work, vec![timer(height, false)])],
    );
}

#[test]
fn statements_of_the_wrong_kind_are_refused() {
    let w = World::new(4);
    let prepare = w.signed(1, 0, Prepare.statement(block(1), NO_PROOF));
    let change = w.signed(1, 1, Statement::ViewChange { prepared: None });
    for message in [
        Message::Vote(change),
        Message::ViewChange {
            statement: prepare.clone(),
            certificate: None,
        },
        Message::Proposal {
            statement: prepare,
            proof: None,
        },
    ] {
        let refused = vec![Output::Reject(Rejection::WrongStatement)];
        run(
            "kinds",
            "wrong",
            &mut w.core(Some(0)),
            [(from_peer(message), refused)],
        );
    }
}

/// The worst that authorities can do: each says two things wherever it may say one, in each view
/// that is near, and changes to a view of its own with a certificate of its own; all of it also for
/// the next height, where messages in the name of members that do not exist count as well.
fn flood<C: hansa_pbft_core::Crypto>(core: &mut Core<C>, w: &World, first: View) {
    let n = next(w);
    for view in first..first + MAX_VIEWS_AHEAD + 4 {
        for who in 0..4 {
            for kind in [Prepare, Commit] {
                for b in 1..3 {
                    core.step(from_peer(w.vote(kind, who, view, block(b), block(9))));
                    core.step(from_peer(n.vote(kind, who, view, block(b), block(9))));
                }
            }
            let certificate = w.certificate(Prepare, view, block(who as u8), block(9), 0..4);
            core.step(from_peer(w.change(who, view + 1, Some(certificate))));
            core.step(from_peer(n.change(who, view + 1, None)));
        }
        for b in 1..3 {
            let proof = w.new_view(view, (0..4).map(|who| (who, None)).collect());
            core.step(from_peer(w.proposal(view, block(b), Some(proof))));
        }
    }
    for who in 0..2 * MAX_AUTHORITIES as AuthorityIndex {
        for b in 1..5 {
            let mut made_up = n.signed(1, 0, Commit.statement(block(b), NO_PROOF));
            made_up.authority = who;
            core.step(from_peer(Message::Vote(made_up)));
        }
    }
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let w = World::new(4);
    for me in [None, Some(2)] {
        let mut core = w.core(me);
        let mut largest = 0;
        for first in [0, 5, 1_000, 50_000] {
            flood(&mut core, &w, first);
            let views = 4 * (MAX_VIEWS_AHEAD as usize + 4);
            let (bytes, limit) = (core.encoded_state().len(), max_state_bytes(4, views));
            assert!(bytes <= limit, "{bytes} bytes, at most {limit} are allowed");
            largest = largest.max(bytes);
        }
        assert!(
            largest > max_state_bytes(4, 0) / 20,
            "the test floods: {largest} bytes"
        );
        // Nothing of it outlives the height but what convicts.
        core.step(next(&next(&w)).start(me, vec![]));
        let left = core.encoded_state().len();
        assert!(left < largest / 4, "{left} of {largest} bytes are left");
    }
}
