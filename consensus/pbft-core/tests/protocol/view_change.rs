// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Rules V1 to V5, N1 in views above 0, T2: the view change.

use crate::{
    common::{block, World},
    table::{all, from_peer, lock, run, say, unjustified},
};
use hansa_pbft_core::{Core, Input, Output, Rejection};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, Certificate, CertificateError, Message, NewViewProof,
    Prepared, View, VoteKind,
};
use VoteKind::{Commit, Prepare};

fn timer(view: View) -> Output {
    Output::StartTimer {
        height: 1,
        view,
        silent: false,
    }
}

fn entered(w: &World, view: View) -> Output {
    Output::EnteredView {
        height: 1,
        view,
        primary: w.primary(view),
    }
}

fn fired(view: View) -> Input {
    Input::Timeout { height: 1, view }
}

fn others(me: AuthorityIndex) -> Vec<AuthorityIndex> {
    (0..4).filter(|i| *i != me).collect()
}

/// The machine of `me`, which timed out of view 0.
fn in_view_one(w: &World, me: AuthorityIndex) -> Core<crate::common::FakeCrypto> {
    let mut core = w.core(Some(me));
    core.step(Input::Work);
    core.step(fired(0));
    core
}

/// A proof for `view` in which the first of `signers` shows `certificate`.
fn proof_of(
    w: &World,
    view: View,
    signers: &[AuthorityIndex],
    certificate: Option<&Certificate>,
) -> NewViewProof {
    let changes = signers
        .iter()
        .enumerate()
        .map(|(i, s)| (*s, certificate.filter(|_| i == 0).cloned()));
    w.new_view(view, changes.collect())
}

#[test]
fn the_timer_changes_the_view_and_only_that_of_the_current_one() {
    let w = World::new(4);
    let me = w.backup(0..1, 0);
    let o = others(me);
    let mine = w.change(me, 1, None);
    run(
        "T2, V1, V4",
        "timeout",
        &mut w.core(Some(me)),
        [
            (fired(0), vec![]),
            (Input::Work, vec![timer(0)]),
            (fired(1), vec![]),
            (Input::Timeout { height: 2, view: 0 }, vec![]),
            (fired(0), all([say(mine.clone()), vec![entered(&w, 1)]])),
            (fired(0), vec![]),
            // No timer in view 1 before a quorum asks for it: it would run away.
            (fired(1), vec![]),
            (Input::Work, vec![]),
            (Input::Resend, vec![Output::Send(mine)]),
            (from_peer(w.change(o[0], 1, None)), vec![]),
            // One in a higher view asks for this one, too.
            (from_peer(w.change(o[1], 2, None)), vec![timer(1)]),
            (
                fired(1),
                all([say(w.change(me, 2, None)), vec![entered(&w, 2)]]),
            ),
        ],
    );
}

#[test]
fn more_than_t_weight_is_joined_at_the_greatest_view_that_it_vouches_for() {
    let w = World::new(7);
    let me = w.backup(0..6, 0);
    let o: Vec<_> = (0..7).filter(|i| *i != me).collect();
    run(
        "V3",
        "join",
        &mut w.core(Some(me)),
        [
            (from_peer(w.change(o[0], 900, None)), vec![]),
            (from_peer(w.change(o[1], 5, None)), vec![]),
            (
                from_peer(w.change(o[2], 3, None)),
                all([say(w.change(me, 3, None)), vec![entered(&w, 3)]]),
            ),
            // Of each the highest counts.
            (
                from_peer(w.change(o[2], 8, None)),
                all([say(w.change(me, 5, None)), vec![entered(&w, 5)]]),
            ),
            (from_peer(w.change(o[2], 4, None)), vec![]),
        ],
    );
}

#[test]
fn the_primary_opens_a_view_with_a_fresh_block_if_none_is_prepared() {
    let w = World::new(4);
    let me = w.primary(1);
    let o = others(me);
    let proof = {
        let mut signers = vec![me, o[0], o[1]];
        signers.sort();
        proof_of(&w, 1, &signers, None)
    };
    let digest = proof.digest();
    run(
        "V5, N2",
        "fresh block",
        &mut in_view_one(&w, me),
        [
            (from_peer(w.change(o[0], 1, None)), vec![]),
            (
                from_peer(w.change(o[1], 1, None)),
                vec![timer(1), Output::Build { height: 1, view: 1 }],
            ),
            (from_peer(w.change(o[2], 1, None)), vec![]),
            (
                Input::Built {
                    height: 1,
                    view: 1,
                    hash: block(5),
                },
                all([
                    say(w.proposal(1, block(5), Some(proof))),
                    say(w.vote(Prepare, me, 1, block(5), digest)),
                ]),
            ),
        ],
    );
}

#[test]
fn a_view_is_not_opened_with_view_changes_to_other_views() {
    let w = World::new(4);
    let me = w.primary(1);
    let o = others(me);
    run(
        "V5",
        "spread",
        &mut in_view_one(&w, me),
        [
            (from_peer(w.change(o[0], 1, None)), vec![]),
            (from_peer(w.change(o[1], 2, None)), vec![timer(1)]),
        ],
    );
}

#[test]
fn the_primary_proposes_the_very_block_of_the_highest_certificate_once_it_holds_it() {
    let w = World::new(4);
    let me = w.primary(3);
    let o = others(me);
    let low = w.certificate(Prepare, 0, block(1), NO_PROOF, [0, 1, 2]);
    let high = w.certificate(Prepare, 2, block(2), block(8), [1, 2, 3]);
    let mut changes = vec![
        (me, None),
        (o[0], Some(low.clone())),
        (o[1], Some(high.clone())),
    ];
    changes.sort_by_key(|(who, _)| *who);
    let proof = w.new_view(3, changes);
    let digest = proof.digest();
    let again = Output::Validate {
        height: 1,
        view: 3,
        hash: block(2),
        reproposal: true,
    };
    let verdict = |hash| Input::Validated {
        height: 1,
        view: 3,
        hash,
        valid: true,
    };
    run(
        "V5, N2",
        "re-proposal",
        &mut w.core(Some(me)),
        [
            (from_peer(w.change(o[0], 3, Some(low))), vec![]),
            (
                from_peer(w.change(o[1], 3, Some(high))),
                all([
                    say(w.change(me, 3, None)),
                    vec![entered(&w, 3), timer(3), again],
                ]),
            ),
            (
                Input::Built {
                    height: 1,
                    view: 3,
                    hash: block(5),
                },
                vec![],
            ),
            (verdict(block(1)), vec![]),
            (
                verdict(block(2)),
                all([
                    say(w.proposal(3, block(2), Some(proof))),
                    say(w.vote(Prepare, me, 3, block(2), digest)),
                ]),
            ),
        ],
    );
}

#[test]
fn a_locked_replica_shows_its_certificate_and_follows_a_proven_proposal() {
    let w = World::new(4);
    let me = w.backup(0..2, 0);
    let o = others(me);
    let mut core = w.core(Some(me));
    core.step(from_peer(w.proposal(0, block(1), None)));
    core.step(Input::Validated {
        height: 1,
        view: 0,
        hash: block(1),
        valid: true,
    });
    core.step(from_peer(w.vote(Prepare, o[0], 0, block(1), NO_PROOF)));
    core.step(from_peer(w.vote(Prepare, o[1], 0, block(1), NO_PROOF)));
    let mut signers = vec![me, o[0], o[1]];
    signers.sort();
    let mine = w.certificate(Prepare, 0, block(1), NO_PROOF, signers.clone());
    let all_locked = signers.iter().map(|i| (*i, Some(mine.clone())));
    let proof = w.new_view(1, all_locked.collect());
    let digest = proof.digest();
    let vote = |kind, who| w.vote(kind, who, 1, block(1), digest);
    run(
        "V1, N1 to N4",
        "locked",
        &mut core,
        [
            (
                fired(0),
                all([say(w.change(me, 1, Some(mine))), vec![entered(&w, 1)]]),
            ),
            // Nothing is said in view 0 any more, but its votes may still decide.
            (
                from_peer(w.vote(Commit, o[0], 0, block(1), NO_PROOF)),
                vec![],
            ),
            (
                from_peer(w.proposal(1, block(1), Some(proof))),
                vec![
                    timer(1),
                    Output::Validate {
                        height: 1,
                        view: 1,
                        hash: block(1),
                        reproposal: true,
                    },
                ],
            ),
            (
                Input::Validated {
                    height: 1,
                    view: 1,
                    hash: block(1),
                    valid: true,
                },
                say(vote(Prepare, me)),
            ),
            (from_peer(vote(Prepare, o[0])), vec![]),
            (
                from_peer(vote(Prepare, o[1])),
                all([
                    lock(w.certificate(Prepare, 1, block(1), digest, signers)),
                    say(vote(Commit, me)),
                ]),
            ),
        ],
    );
}

#[test]
fn a_proven_proposal_takes_a_replica_along() {
    let w = World::new(4);
    let me = w.backup(2..3, 0);
    let proof = proof_of(&w, 2, &others(me), None);
    run(
        "N1, V1",
        "higher view",
        &mut w.core(Some(me)),
        [(
            from_peer(w.proposal(2, block(3), Some(proof))),
            all([
                say(w.change(me, 2, None)),
                vec![
                    entered(&w, 2),
                    timer(2),
                    Output::Validate {
                        height: 1,
                        view: 2,
                        hash: block(3),
                        reproposal: false,
                    },
                ],
            ]),
        )],
    );
}

#[test]
fn proposals_that_their_proof_does_not_justify_are_refused() {
    let w = World::new(4);
    let me = w.backup(2..3, 0);
    let o = others(me);
    let low = w.certificate(Prepare, 0, block(1), NO_PROOF, [0, 1, 2]);
    let high = w.certificate(Prepare, 1, block(2), block(8), [0, 1, 2]);
    let shown = w.new_view(
        2,
        vec![(o[0], Some(low.clone())), (o[1], Some(high)), (o[2], None)],
    );
    let stripped = NewViewProof {
        prepared: None,
        ..shown.clone()
    };
    let lower = NewViewProof {
        prepared: Some(low),
        ..shown.clone()
    };
    let thin = proof_of(&w, 2, &o[..2], None);
    let other_view = proof_of(&w, 3, &o, None);
    for (what, block_proposed, proof) in [
        ("hides the certificate", block(9), stripped),
        ("shows a lower certificate", block(1), lower),
        ("another block than the certificate's", block(9), shown),
        ("too few view-changes", block(9), thin),
        ("view-changes to another view", block(9), other_view),
    ] {
        let mut core = w.core(Some(me));
        let proposal = w.proposal(2, block_proposed, Some(proof.clone()));
        let Message::Proposal { statement, .. } = &proposal else {
            unreachable!()
        };
        let refused = vec![
            unjustified(&w, statement.clone(), Some(proof)),
            Output::Reject(Rejection::Unjustified),
        ];
        run("N1", what, &mut core, [(from_peer(proposal), refused)]);
        assert_eq!(core.round_state().unwrap().view, 0, "{what}");
    }
}

#[test]
fn a_proposal_with_another_proof_attached_does_not_displace_the_right_one() {
    let w = World::new(4);
    let me = w.backup(1..2, 0);
    let right = w.proposal(1, block(3), Some(proof_of(&w, 1, &others(me), None)));
    let Message::Proposal { statement, .. } = right.clone() else {
        unreachable!()
    };
    let mut core = w.core(Some(me));
    for proof in [None, Some(proof_of(&w, 1, &others(me)[..2], None))] {
        let garbled = Message::Proposal {
            statement: statement.clone(),
            proof,
        };
        let refused = vec![Output::Reject(Rejection::Unjustified)];
        run("N1", "garbled", &mut core, [(from_peer(garbled), refused)]);
    }
    assert_eq!(
        core.step(from_peer(right)).len(),
        5,
        "the right one is accepted"
    );
}

#[test]
fn view_changes_whose_certificate_is_not_the_one_they_name_are_refused() {
    let w = World::new(4);
    let good = w.certificate(Prepare, 1, block(1), block(8), [0, 1, 2]);
    let named = Some(good.prepared());
    let commit = w.certificate(Commit, 1, block(1), block(8), [0, 1, 2]);
    let thin = w.certificate(Prepare, 1, block(1), block(8), [0, 1]);
    let elsewhere = World {
        height: 2,
        ..w.clone()
    };
    let foreign = elsewhere.certificate(Prepare, 1, block(1), block(8), [0, 1, 2]);
    let forged = Certificate {
        proof: block(7),
        ..good.clone()
    };
    let mismatch = Rejection::CertificateMismatch;
    let bad = Rejection::BadCertificate;
    for (what, view, prepared, shown, rejection) in [
        ("stripped", 2, named, None, mismatch),
        (
            "explicit none beside a certificate",
            2,
            None,
            Some(good.clone()),
            mismatch,
        ),
        (
            "another block",
            2,
            Some(Prepared {
                view: 1,
                hash: block(2),
            }),
            Some(good.clone()),
            mismatch,
        ),
        (
            "another view",
            2,
            Some(Prepared {
                view: 0,
                hash: block(1),
            }),
            Some(good.clone()),
            mismatch,
        ),
        ("of the view itself", 1, named, Some(good.clone()), mismatch),
        ("of commits", 2, named, Some(commit), mismatch),
        ("of another height", 2, named, Some(foreign), mismatch),
        (
            "no quorum",
            2,
            named,
            Some(thin),
            bad(CertificateError::NoQuorum {
                weight: 2,
                quorum: 3,
            }),
        ),
        (
            "forged",
            2,
            named,
            Some(forged),
            bad(CertificateError::BadSignature(0)),
        ),
        ("to view 0", 0, None, None, Rejection::WrongStatement),
    ] {
        let mut core = w.core(None);
        let message = w.claim(3, view, prepared, shown);
        run(
            "V2",
            what,
            &mut core,
            [(from_peer(message), vec![Output::Reject(rejection)])],
        );
        assert_eq!(core.round_state().unwrap().view_changes, [], "{what}");
    }
    let mut core = w.core(None);
    run(
        "V2",
        "good",
        &mut core,
        [(from_peer(w.change(3, 2, Some(good))), vec![])],
    );
    assert_eq!(core.round_state().unwrap().view_changes, [(3, 2)]);
}
