// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! New-view proofs: what a primary may propose, and the lies that do not pass.

use crate::fixture::{block, certificate, change, proof, set, signed, CONTEXT, HEIGHT, PROOF};
use hansa_pbft_primitives::{
    Certificate, CertificateError as Error, Hash, NewViewProof, Prepared, SigningContext,
    Statement, VoteKind,
};
use VoteKind::{Commit, Prepare};

const VIEW: u32 = 4;

fn verify(proof: &NewViewProof) -> Result<Option<Prepared>, Error> {
    proof.verify(HEIGHT, VIEW, &CONTEXT, &set(&[1; 4]))
}

fn prepared(view: u32, hash: Hash) -> Certificate {
    certificate(Prepare, view, hash, &set(&[1; 4]), &[0, 1, 2])
}

#[test]
fn a_quorum_that_prepared_nothing_leaves_the_primary_free() {
    for signers in [&[0, 1, 2][..], &[1, 2, 3], &[0, 1, 2, 3]] {
        let free = proof(
            signers.iter().map(|s| change(*s, VIEW, None)).collect(),
            None,
        );
        assert_eq!(verify(&free), Ok(None));
        assert_eq!(free.signers(), signers);
    }
}

#[test]
fn the_highest_prepared_block_is_forced() {
    let (low, high) = (prepared(1, block(1)), prepared(3, block(3)));
    let changes = vec![
        change(0, VIEW, Some(&low)),
        change(1, VIEW, Some(&high)),
        change(3, VIEW, None),
    ];
    let forced = Ok(Some(Prepared {
        view: 3,
        hash: block(3),
    }));
    assert_eq!(verify(&proof(changes, Some(&high))), forced);
}

#[test]
fn a_prepared_block_cannot_be_hidden_or_replaced() {
    let (low, high) = (prepared(1, block(1)), prepared(3, block(3)));
    let twin = prepared(3, block(4));
    let changes = vec![
        change(0, VIEW, Some(&low)),
        change(1, VIEW, Some(&high)),
        change(3, VIEW, None),
    ];
    for (what, shown) in [
        ("stripped", None),
        ("a lower one", Some(&low)),
        ("another block of the view", Some(&twin)),
    ] {
        let lie = proof(changes.clone(), shown);
        assert_eq!(verify(&lie), Err(Error::PreparedMismatch), "{what}");
    }
    // Saying in another's name that it prepared nothing breaks its signature.
    let mut stripped = changes;
    stripped[0].statement = Statement::ViewChange { prepared: None };
    stripped[1].statement = Statement::ViewChange { prepared: None };
    assert_eq!(verify(&proof(stripped, None)), Err(Error::BadSignature(0)));
    // Nor can one be put forward that nobody names.
    let none = (0..3).map(|s| change(s, VIEW, None)).collect();
    assert_eq!(
        verify(&proof(none, Some(&low))),
        Err(Error::PreparedMismatch)
    );
}

#[test]
fn a_foreign_or_forged_certificate_does_not_do() {
    let set = set(&[1; 4]);
    let with = |shown: &Certificate| {
        verify(&proof(
            vec![
                change(0, VIEW, Some(shown)),
                change(1, VIEW, None),
                change(2, VIEW, None),
            ],
            Some(shown),
        ))
    };
    let good = prepared(3, block(3));
    assert!(with(&good).is_ok());
    let other_height = Certificate {
        height: HEIGHT - 1,
        ..good.clone()
    };
    assert_eq!(with(&other_height), Err(Error::WrongPlace));
    let of_this_view = prepared(VIEW, block(3));
    assert_eq!(with(&of_this_view), Err(Error::WrongPlace));
    let later = prepared(VIEW + 1, block(3));
    assert_eq!(with(&later), Err(Error::WrongPlace));
    let commits = certificate(Commit, 3, block(3), &set, &[0, 1, 2]);
    assert_eq!(with(&commits), Err(Error::WrongKind));
    let thin = certificate(Prepare, 3, block(3), &set, &[0, 1]);
    assert_eq!(
        with(&thin),
        Err(Error::NoQuorum {
            weight: 2,
            quorum: 3
        })
    );
    let forged = Certificate {
        hash: block(9),
        ..good
    };
    assert_eq!(with(&forged), Err(Error::BadSignature(0)));
}

#[test]
fn view_changes_are_a_quorum_of_different_signers_for_this_very_place() {
    let three = || {
        vec![
            change(0, VIEW, None),
            change(1, VIEW, None),
            change(2, VIEW, None),
        ]
    };
    let alter = |f: &dyn Fn(&mut Vec<_>)| {
        let mut changes = three();
        f(&mut changes);
        verify(&proof(changes, None))
    };
    assert_eq!(alter(&|_| ()), Ok(None));
    assert_eq!(
        alter(&|c| c.truncate(2)),
        Err(Error::NoQuorum {
            weight: 2,
            quorum: 3
        })
    );
    assert_eq!(
        alter(&|c| c.clear()),
        Err(Error::NoQuorum {
            weight: 0,
            quorum: 3
        })
    );
    assert_eq!(alter(&|c| c[2] = c[1].clone()), Err(Error::DuplicateSigner));
    assert_eq!(alter(&|c| c[2].authority = 4), Err(Error::UnknownSigner));
    assert_eq!(alter(&|c| c[2].authority = 3), Err(Error::BadSignature(3)));
    assert_eq!(
        alter(&|c| c[2] = change(2, VIEW + 1, None)),
        Err(Error::WrongPlace)
    );
    assert_eq!(alter(&|c| c[2].height = HEIGHT + 1), Err(Error::WrongPlace));
    let vote = signed(2, VIEW, Prepare.statement(block(1), PROOF));
    assert_eq!(alter(&|c| c[2] = vote.clone()), Err(Error::NotAViewChange));
}

#[test]
fn a_proof_speaks_of_one_chain_set_height_and_view() {
    let good = proof((0..3).map(|s| change(s, VIEW, None)).collect(), None);
    let set = set(&[1; 4]);
    let genesis = SigningContext {
        genesis: block(9),
        ..CONTEXT
    };
    let set_id = SigningContext {
        set_id: CONTEXT.set_id + 1,
        ..CONTEXT
    };
    for context in [genesis, set_id] {
        assert_eq!(
            good.verify(HEIGHT, VIEW, &context, &set),
            Err(Error::BadSignature(0))
        );
    }
    assert_eq!(
        good.verify(HEIGHT, VIEW + 1, &CONTEXT, &set),
        Err(Error::WrongPlace)
    );
    assert_eq!(
        good.verify(HEIGHT + 1, VIEW, &CONTEXT, &set),
        Err(Error::WrongPlace)
    );
}

#[test]
fn the_digest_covers_the_whole_proof() {
    let shown = prepared(3, block(3));
    let changes: Vec<_> = (0..3).map(|s| change(s, VIEW, Some(&shown))).collect();
    let whole = proof(changes.clone(), Some(&shown));
    assert_eq!(whole.digest(), whole.clone().digest());
    assert_ne!(whole.digest(), proof(changes.clone(), None).digest());
    assert_ne!(
        whole.digest(),
        proof(changes[1..].to_vec(), Some(&shown)).digest()
    );
}
