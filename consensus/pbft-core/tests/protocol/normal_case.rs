// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Rules S, N1 to N7, T1 and T3: the normal case.

use crate::{
    common::{block, World},
    table::{all, from_peer, lock, run, say, unjustified},
};
use hansa_pbft_core::{Core, Input, Output, Rejection};
use hansa_pbft_primitives::{
    statement::NO_PROOF, CertificateError, Hash, Message, Statement, VoteKind,
};
use VoteKind::{Commit, Prepare};

const TIMER: Output = Output::StartTimer {
    height: 1,
    view: 0,
    silent: false,
};

fn validate(hash: Hash) -> Output {
    Output::Validate {
        height: 1,
        view: 0,
        hash,
        reproposal: false,
    }
}

fn verdict(hash: Hash, valid: bool) -> Input {
    Input::Validated {
        height: 1,
        view: 0,
        hash,
        valid,
    }
}

#[test]
fn a_backup_goes_through_the_three_phases() {
    let w = World::new(4);
    let (me, other) = (w.backup(0..1, 0), w.backup(0..1, 1));
    let p = w.primary(0);
    let vote = |kind, who| w.vote(kind, who, 0, block(1), NO_PROOF);
    let rows = [
        (
            from_peer(w.proposal(0, block(1), None)),
            vec![TIMER, validate(block(1))],
        ),
        (from_peer(w.proposal(0, block(1), None)), vec![]),
        (verdict(block(1), true), say(vote(Prepare, me))),
        (verdict(block(1), true), vec![]),
        (from_peer(vote(Prepare, p)), vec![]),
        (from_peer(vote(Prepare, p)), vec![]),
        (
            from_peer(vote(Prepare, other)),
            all([
                lock(w.certificate(Prepare, 0, block(1), NO_PROOF, [me, p, other])),
                say(vote(Commit, me)),
            ]),
        ),
        (
            Input::Resend,
            vec![
                Output::Send(vote(Prepare, me)),
                Output::Send(vote(Commit, me)),
            ],
        ),
        (from_peer(vote(Commit, p)), vec![]),
        (
            from_peer(vote(Commit, other)),
            vec![Output::Finalise(w.certificate(
                Commit,
                0,
                block(1),
                NO_PROOF,
                [me, p, other],
            ))],
        ),
        // Once decided, all is quiet.
        (from_peer(vote(Commit, w.backup(0..1, 2))), vec![]),
        (Input::Resend, vec![]),
        (Input::Work, vec![]),
        (Input::Timeout { height: 1, view: 0 }, vec![]),
    ];
    run(
        "N1, N3 to N6, T3",
        "three phases",
        &mut w.core(Some(me)),
        rows,
    );
}

#[test]
fn the_primary_builds_proposes_and_prepares() {
    let w = World::new(4);
    let me = w.primary(0);
    let mut core = Core::new(w.crypto);
    let propose = w.proposal(0, block(1), None);
    let rows = [
        (
            w.start(Some(me), vec![]),
            vec![
                Output::EnteredView {
                    height: 1,
                    view: 0,
                    primary: me,
                },
                Output::Build { height: 1, view: 0 },
            ],
        ),
        (
            Input::Built {
                height: 2,
                view: 0,
                hash: block(9),
            },
            vec![],
        ),
        (
            Input::Built {
                height: 1,
                view: 1,
                hash: block(9),
            },
            vec![],
        ),
        (
            Input::Built {
                height: 1,
                view: 0,
                hash: block(1),
            },
            all([
                say(propose.clone()),
                vec![TIMER],
                say(w.vote(Prepare, me, 0, block(1), NO_PROOF)),
            ]),
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
            Input::Resend,
            vec![
                Output::Send(propose),
                Output::Send(w.vote(Prepare, me, 0, block(1), NO_PROOF)),
            ],
        ),
    ];
    run("S, N2", "primary of view 0", &mut core, rows);
}

#[test]
fn a_chain_of_one_decides_in_one_step() {
    let w = World::new(1);
    let propose = w.proposal(0, block(1), None);
    let vote = |kind| w.vote(kind, 0, 0, block(1), NO_PROOF);
    let rows = [(
        Input::Built {
            height: 1,
            view: 0,
            hash: block(1),
        },
        all([
            say(propose),
            vec![TIMER],
            say(vote(Prepare)),
            lock(w.certificate(Prepare, 0, block(1), NO_PROOF, [0])),
            say(vote(Commit)),
            vec![Output::Finalise(w.certificate(
                Commit,
                0,
                block(1),
                NO_PROOF,
                [0],
            ))],
        ]),
    )];
    run("N2 to N6", "chain of one", &mut w.core(Some(0)), rows);
}

#[test]
fn proposals_that_are_not_rightful_are_refused() {
    let w = World::new(4);
    let (me, other) = (w.backup(0..2, 0), w.backup(0..2, 1));
    let proposed = Statement::Proposal {
        hash: block(1),
        proof: NO_PROOF,
    };
    let by = |who, view, statement| Message::Proposal {
        statement: w.signed(who, view, statement),
        proof: None,
    };
    let mut forged = w.signed(w.primary(0), 0, proposed);
    forged.signature = w.signed(other, 0, proposed).signature;
    let proof = w.new_view(1, (0..3).map(|i| (i, None)).collect());
    let with_proof = Statement::Proposal {
        hash: block(1),
        proof: proof.digest(),
    };
    let superfluous = Message::Proposal {
        statement: w.signed(w.primary(0), 0, with_proof),
        proof: Some(proof.clone()),
    };
    let offends = |view, statement| {
        let statement = w.signed(w.primary(view), view, statement);
        vec![unjustified(&w, statement, None)]
    };
    let prepare = Statement::Prepare {
        hash: block(1),
        proof: NO_PROOF,
    };
    for (what, message, reported, rejection) in [
        (
            "not the primary",
            by(other, 0, proposed),
            vec![],
            Rejection::NotPrimary,
        ),
        (
            "primary of another view",
            by(w.primary(1), 0, proposed),
            vec![],
            Rejection::NotPrimary,
        ),
        (
            "another's signature",
            Message::Proposal {
                statement: forged,
                proof: None,
            },
            vec![],
            Rejection::BadSignature,
        ),
        (
            "a vote as proposal",
            by(w.primary(0), 0, prepare),
            vec![],
            Rejection::WrongStatement,
        ),
        (
            "a proof in view 0",
            superfluous,
            offends(0, with_proof),
            Rejection::Unjustified,
        ),
        (
            "a digest without proof",
            by(w.primary(0), 0, with_proof),
            offends(0, with_proof),
            Rejection::Unjustified,
        ),
        (
            "no proof in view 1",
            by(w.primary(1), 1, proposed),
            offends(1, proposed),
            Rejection::Unjustified,
        ),
    ] {
        let mut core = w.core(Some(me));
        run(
            "N1",
            what,
            &mut core,
            [(
                from_peer(message),
                all([reported, vec![Output::Reject(rejection)]]),
            )],
        );
        // None of these makes the replica deaf to the right one.
        let right = from_peer(w.proposal(0, block(2), None));
        run(
            "N1",
            what,
            &mut core,
            [(right, vec![TIMER, validate(block(2))])],
        );
    }
}

#[test]
fn nothing_is_said_for_a_block_that_is_not_valid() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let others = (0..4).filter(|i| *i != me);
    let mut core = w.core(Some(me));
    core.step(from_peer(w.proposal(0, block(1), None)));
    run(
        "N3",
        "invalid",
        &mut core,
        [
            (verdict(block(2), true), vec![]),
            (verdict(block(1), false), vec![]),
            (verdict(block(1), true), vec![]),
        ],
    );
    // Nor does a quorum of the others make it lock or commit.
    for other in others {
        let vote = w.vote(Prepare, other, 0, block(1), NO_PROOF);
        run(
            "N4",
            "prepared by others",
            &mut core,
            [(from_peer(vote), vec![])],
        );
    }
}

#[test]
fn prepares_for_another_block_or_proof_do_not_count() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let mut core = w.core(Some(me));
    core.step(from_peer(w.proposal(0, block(1), None)));
    core.step(verdict(block(1), true));
    let [a, b] = [w.primary(0), w.backup(0..1, 1)];
    run(
        "N4",
        "two of three",
        &mut core,
        [
            (from_peer(w.vote(Prepare, a, 0, block(1), block(7))), vec![]),
            (from_peer(w.vote(Prepare, b, 0, block(1), NO_PROOF)), vec![]),
        ],
    );
}

#[test]
fn a_quorum_of_commit_decides_in_any_view_and_without_the_block() {
    let w = World::new(4);
    for view in [0, 3] {
        let mut core = w.core(Some(0));
        let vote = |who| from_peer(w.vote(Commit, who, view, block(1), NO_PROOF));
        let certificate = w.certificate(Commit, view, block(1), NO_PROOF, [1, 2, 3]);
        run(
            "N6",
            "commits only",
            &mut core,
            [
                (vote(1), vec![]),
                (vote(2), vec![]),
                (
                    from_peer(w.vote(Commit, 0, 1, block(1), NO_PROOF)),
                    core_hears_itself(&w),
                ),
                (vote(3), vec![Output::Finalise(certificate)]),
            ],
        );
    }
}

fn core_hears_itself(w: &World) -> Vec<Output> {
    let statement = w.signed(0, 1, Commit.statement(block(1), NO_PROOF));
    vec![Output::Persist(hansa_pbft_core::Record::Heard(statement))]
}

#[test]
fn commits_of_different_views_do_not_add_up() {
    let w = World::new(4);
    let mut core = w.core(None);
    for (who, view) in [(0, 0), (1, 0), (2, 1), (3, 1)] {
        let vote = w.vote(Commit, who, view, block(1), NO_PROOF);
        run("N6", "two and two", &mut core, [(from_peer(vote), vec![])]);
    }
}

#[test]
fn a_commit_certificate_decides_if_it_verifies() {
    let w = World::new(4);
    let good = w.certificate(Commit, 2, block(1), NO_PROOF, [0, 2, 3]);
    let thin = w.certificate(Commit, 2, block(1), NO_PROOF, [0, 2]);
    let prepared = w.certificate(Prepare, 2, block(1), NO_PROOF, [0, 2, 3]);
    let mut other = good.clone();
    other.hash = block(2);
    let bad = |error| vec![Output::Reject(Rejection::BadCertificate(error))];
    let rows = [
        (
            from_peer(Message::Decided(thin)),
            bad(CertificateError::NoQuorum {
                weight: 2,
                quorum: 3,
            }),
        ),
        (
            from_peer(Message::Decided(prepared)),
            bad(CertificateError::WrongKind),
        ),
        (
            from_peer(Message::Decided(other)),
            bad(CertificateError::BadSignature(0)),
        ),
        (
            from_peer(Message::Decided(good.clone())),
            vec![Output::Finalise(good)],
        ),
    ];
    run("N7", "decided", &mut w.core(None), rows);
}

#[test]
fn a_follower_finalises_and_says_nothing() {
    let w = World::new(4);
    let mut core = Core::new(w.crypto);
    let entered = Output::EnteredView {
        height: 1,
        view: 0,
        primary: w.primary(0),
    };
    run(
        "N6",
        "follower",
        &mut core,
        [
            (w.start(None, vec![]), vec![entered]),
            (Input::Work, vec![]),
            (from_peer(w.proposal(0, block(1), None)), vec![]),
            (Input::Timeout { height: 1, view: 0 }, vec![]),
            (Input::Resend, vec![]),
        ],
    );
    assert_eq!(core.round_state().unwrap().proposal, Some(block(1)));
    for who in 0..2 {
        assert_eq!(
            core.step(from_peer(w.vote(Commit, who, 0, block(1), NO_PROOF))),
            []
        );
    }
    let last = core.step(from_peer(w.vote(Commit, 2, 0, block(1), NO_PROOF)));
    assert!(matches!(last[..], [Output::Finalise(_)]));
    assert!(core.round_state().unwrap().decided);
}

#[test]
fn weights_count_and_not_heads() {
    // T = 3, quorum 7 of 10.
    let w = World {
        set: crate::common::weighted(&[4, 3, 1, 1, 1]),
        ..World::new(1)
    };
    let vote = |who| from_peer(w.vote(Commit, who, 0, block(1), NO_PROOF));
    let certificate = w.certificate(Commit, 0, block(1), NO_PROOF, [0, 2, 3, 4]);
    run(
        "N6",
        "weights",
        &mut w.core(None),
        [
            (vote(2), vec![]),
            (vote(3), vec![]),
            (vote(4), vec![]),
            (vote(0), vec![Output::Finalise(certificate)]),
        ],
    );
}

#[test]
fn work_starts_the_timer_once() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    run(
        "T1",
        "work",
        &mut w.core(Some(me)),
        [
            (Input::Work, vec![TIMER]),
            (Input::Work, vec![]),
            (
                from_peer(w.proposal(0, block(1), None)),
                vec![validate(block(1))],
            ),
        ],
    );
}
