// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Rule S: what the log holds is not contradicted, and is said again.

use crate::{
    common::{self, block, sent, World},
    table::{all, from_peer, run, say},
};
use hansa_pbft_core::{Core, Input, Output, Record, Rejection};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, AuthoritySet, Message, View, VoteKind,
};
use std::sync::Arc;
use VoteKind::{Commit, Prepare};

fn entered(w: &World, view: View) -> Output {
    Output::EnteredView {
        height: 1,
        view,
        primary: w.primary(view),
    }
}

fn validated(view: View, hash: hansa_pbft_primitives::Hash) -> Input {
    Input::Validated {
        height: 1,
        view,
        hash,
        valid: true,
    }
}

fn others(me: AuthorityIndex) -> Vec<AuthorityIndex> {
    (0..4).filter(|i| *i != me).collect()
}

#[test]
fn a_vote_is_said_again_and_not_contradicted() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let mine = w.vote(Prepare, me, 0, block(1), NO_PROOF);
    let mut core = Core::new(w.crypto);
    run(
        "S",
        "restored Prepare",
        &mut core,
        [(
            w.start(Some(me), vec![Record::Sent(mine.clone())]),
            vec![entered(&w, 0), Output::Send(mine.clone())],
        )],
    );
    // The primary lies to the one that came back; it does not vote again.
    core.step(from_peer(w.proposal(0, block(2), None)));
    run(
        "S1",
        "another block",
        &mut core,
        [(validated(0, block(2)), vec![])],
    );
    // Even a quorum for the other block makes it commit nothing.
    for other in others(me) {
        let vote = w.vote(Prepare, other, 0, block(2), NO_PROOF);
        run(
            "N4",
            "another block",
            &mut core,
            [(from_peer(vote), vec![])],
        );
    }
    run(
        "T3",
        "again",
        &mut core,
        [(Input::Resend, vec![Output::Send(mine)])],
    );
}

#[test]
fn under_another_set_the_height_begins_anew() {
    let old = World::new(4);
    // The same authorities, and a fifth.
    let list = common::set(5).authorities().to_vec();
    let new = World {
        set: Arc::new(AuthoritySet::new(1, list).expect("a good set")),
        ..old.clone()
    };
    let me = (0..4)
        .find(|i| *i != old.primary(0) && *i != new.primary(0))
        .expect("there are more than two");
    let mut core = old.core(Some(me));
    core.step(from_peer(old.proposal(0, block(1), None)));
    core.step(validated(0, block(1)));
    for other in others(me) {
        core.step(from_peer(old.vote(Prepare, other, 0, block(1), NO_PROOF)));
    }
    assert_eq!(
        core.round_state().and_then(|s| s.prepared).map(|p| p.view),
        Some(0)
    );

    let out = core.step(new.start(Some(me), Vec::new()));
    assert_eq!(out, [entered(&new, 0)], "nothing is said again");
    let state = core.round_state().expect("it has begun");
    assert_eq!((state.set.id, state.quorum), (1, 4));
    assert!(state.prepared.is_none() && state.prepares.is_empty() && state.commits.is_empty());
    // What is said under the old set is refused, and does not convict who says otherwise now.
    for other in others(me) {
        let vote = old.vote(Commit, other, 0, block(1), NO_PROOF);
        let refused = vec![Output::Reject(Rejection::BadSignature)];
        run("S", "old set", &mut core, [(from_peer(vote), refused)]);
    }
    let certificate = old.certificate(Commit, 0, block(1), NO_PROOF, 0..3);
    let out = core.step(from_peer(Message::Decided(certificate)));
    assert!(
        matches!(out[..], [Output::Reject(Rejection::BadCertificate(_))]),
        "{out:?}"
    );
    // It says Prepare and Commit in a view in which it has said both under the old set.
    core.step(from_peer(new.proposal(0, block(2), None)));
    let mine = new.vote(Prepare, me, 0, block(2), NO_PROOF);
    assert_eq!(sent(&core.step(validated(0, block(2)))), [&mine]);
    let mut said = Vec::new();
    for other in (0..5).filter(|i| *i != me) {
        said.extend(core.step(from_peer(new.vote(Prepare, other, 0, block(2), NO_PROOF))));
    }
    assert_eq!(sent(&said), [&new.vote(Commit, me, 0, block(2), NO_PROOF)]);
    assert!(!said
        .iter()
        .any(|output| matches!(output, Output::Report(_))));
}

#[test]
fn a_restored_vote_commits_once_the_block_is_here_again() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let o = others(me);
    let mut core = Core::new(w.crypto);
    let mine = Record::Sent(w.vote(Prepare, me, 0, block(1), NO_PROOF));
    core.step(w.start(Some(me), vec![mine]));
    for other in &o[..2] {
        core.step(from_peer(w.vote(Prepare, *other, 0, block(1), NO_PROOF)));
    }
    core.step(from_peer(w.proposal(0, block(1), None)));
    let out = core.step(validated(0, block(1)));
    assert_eq!(sent(&out), [&w.vote(Commit, me, 0, block(1), NO_PROOF)]);
}

#[test]
fn the_primary_does_not_build_twice() {
    let w = World::new(4);
    let me = w.primary(0);
    let mine = w.proposal(0, block(1), None);
    let mut core = Core::new(w.crypto);
    run(
        "S",
        "restored Proposal",
        &mut core,
        [
            (
                w.start(Some(me), vec![Record::Sent(mine.clone())]),
                vec![
                    entered(&w, 0),
                    Output::Send(mine),
                    Output::StartTimer {
                        height: 1,
                        view: 0,
                        silent: false,
                    },
                    Output::Validate {
                        height: 1,
                        view: 0,
                        hash: block(1),
                        reproposal: false,
                    },
                ],
            ),
            (
                Input::Built {
                    height: 1,
                    view: 0,
                    hash: block(2),
                },
                vec![],
            ),
            (
                validated(0, block(1)),
                say(w.vote(Prepare, me, 0, block(1), NO_PROOF)),
            ),
        ],
    );
}

#[test]
fn a_lock_survives() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let certificate = w.certificate(Prepare, 0, block(1), NO_PROOF, others(me));
    let prepare = w.vote(Prepare, me, 0, block(1), NO_PROOF);
    let commit = w.vote(Commit, me, 0, block(1), NO_PROOF);
    let records = [
        Record::Sent(prepare.clone()),
        Record::Prepared(certificate.clone()),
        Record::Sent(commit.clone()),
    ];
    // With and without the Commit, which a crash may have prevented.
    for kept in [2, 3] {
        let mut core = Core::new(w.crypto);
        let commits = if kept == 3 {
            vec![Output::Send(commit.clone())]
        } else {
            say(commit.clone())
        };
        run(
            "S, N4, V1",
            "restored lock",
            &mut core,
            [
                (
                    w.start(Some(me), records[..kept].to_vec()),
                    all([vec![entered(&w, 0), Output::Send(prepare.clone())], commits]),
                ),
                (
                    Input::Work,
                    vec![Output::StartTimer {
                        height: 1,
                        view: 0,
                        silent: false,
                    }],
                ),
                (
                    Input::Timeout { height: 1, view: 0 },
                    all([
                        say(w.change(me, 1, Some(certificate.clone()))),
                        vec![entered(&w, 1)],
                    ]),
                ),
            ],
        );
    }
}

#[test]
fn a_view_change_binds_after_a_restart() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let mine = w.change(me, 5, None);
    let mut core = Core::new(w.crypto);
    let vote = Record::Sent(w.vote(Prepare, me, 0, block(1), NO_PROOF));
    run(
        "S, S2",
        "restored ViewChange",
        &mut core,
        [
            (
                w.start(Some(me), vec![vote, Record::Sent(mine.clone())]),
                vec![entered(&w, 5), Output::Send(mine)],
            ),
            // Nothing below view 5 any more.
            (from_peer(w.proposal(0, block(1), None)), vec![]),
            (validated(0, block(1)), vec![]),
            (Input::Work, vec![]),
        ],
    );
}

#[test]
fn a_log_with_a_gap_makes_silent() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let certificate = w.certificate(Prepare, 0, block(1), NO_PROOF, others(me));
    let commit = Record::Sent(w.vote(Commit, me, 0, block(1), NO_PROOF));
    let prepare = |view| Record::Sent(w.vote(Prepare, me, view, block(1), NO_PROOF));
    let heard = w.signed(me, 0, Prepare.statement(block(1), NO_PROOF));
    for (what, records) in [
        ("Prepare in view 2 without ViewChange", vec![prepare(2)]),
        (
            "Commit without Prepare",
            vec![Record::Prepared(certificate.clone()), commit.clone()],
        ),
        ("Commit without certificate", vec![prepare(0), commit]),
        ("a vote that came from others", vec![Record::Heard(heard)]),
    ] {
        let mut core = Core::new(w.crypto);
        core.step(w.start(Some(me), records));
        run(
            "S",
            what,
            &mut core,
            [
                (Input::Work, vec![]),
                (Input::Timeout { height: 1, view: 0 }, vec![]),
                (Input::Timeout { height: 1, view: 2 }, vec![]),
            ],
        );
        let out = core.step(from_peer(w.proposal(0, block(1), None)));
        assert_eq!(out, [], "{what}");
    }
}

#[test]
fn what_others_heard_of_us_silences_us() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let mut core = w.core(Some(me));
    core.step(from_peer(w.proposal(0, block(1), None)));
    let known = w.vote(Prepare, me, 0, block(1), NO_PROOF);
    let lost = w.signed(me, 0, Commit.statement(block(1), NO_PROOF));
    let mut forged = lost.clone();
    forged.signature = w.signed(others(me)[0], 0, lost.statement).signature;
    run(
        "own statements",
        "heard",
        &mut core,
        [
            (validated(0, block(1)), say(known.clone())),
            // What we know is no news, and nobody can forge what we do not.
            (from_peer(known), vec![]),
            (
                from_peer(Message::Vote(forged)),
                vec![Output::Reject(Rejection::BadSignature)],
            ),
            (
                from_peer(Message::Vote(lost.clone())),
                vec![Output::Persist(Record::Heard(lost))],
            ),
            (Input::Timeout { height: 1, view: 0 }, vec![]),
        ],
    );
    // The next height begins afresh.
    let next = World {
        height: 2,
        ..w.clone()
    };
    core.step(next.start(Some(me), vec![]));
    assert!(!core.step(Input::Work).is_empty());
}

#[test]
fn records_of_others_and_of_other_heights_are_no_news() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let elsewhere = World {
        height: 2,
        ..w.clone()
    };
    let records = vec![
        Record::Sent(w.change(others(me)[0], 9, None)),
        Record::Sent(elsewhere.change(me, 9, None)),
        Record::Prepared(elsewhere.certificate(Prepare, 0, block(1), NO_PROOF, others(me))),
    ];
    let mut core = Core::new(w.crypto);
    run(
        "S",
        "foreign records",
        &mut core,
        [(w.start(Some(me), records), vec![entered(&w, 0)])],
    );
    assert_eq!(core.round_state().unwrap().prepared, None);
}
