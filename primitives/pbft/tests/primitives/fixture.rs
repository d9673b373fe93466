// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A set of authorities with real keys, and what they sign.

use hansa_pbft_primitives::{
    Authority, AuthorityIndex, AuthorityPair, AuthoritySet, AuthoritySignature, Certificate, Hash,
    Height, NewViewProof, SignedStatement, SigningContext, Statement, View, VoteKind, Weight,
};
use sp_core::Pair;

/// The height that is decided.
pub const HEIGHT: Height = 7;
/// What ties all signatures to the chain and the set.
pub const CONTEXT: SigningContext = SigningContext {
    genesis: Hash::repeat_byte(0xee),
    set_id: 3,
};
/// The digest that votes name.
pub const PROOF: Hash = Hash::repeat_byte(0xdd);

/// The pair of authority `i`.
pub fn pair(i: AuthorityIndex) -> AuthorityPair {
    AuthorityPair::from_seed(&[i as u8; 32])
}

/// A set with these weights.
pub fn set(weights: &[Weight]) -> AuthoritySet {
    let list = weights
        .iter()
        .enumerate()
        .map(|(i, weight)| Authority {
            key: pair(i as u16).public(),
            weight: *weight,
        })
        .collect();
    AuthoritySet::new(CONTEXT.set_id, list).unwrap()
}

/// Block number `i`.
pub fn block(i: u8) -> Hash {
    Hash::repeat_byte(i)
}

/// `who` signs `statement`.
pub fn signed(who: AuthorityIndex, view: View, statement: Statement) -> SignedStatement {
    let signature = pair(who).sign(&CONTEXT.payload(HEIGHT, view, &statement));
    SignedStatement {
        height: HEIGHT,
        view,
        statement,
        authority: who,
        signature,
    }
}

/// The signature of `who` under a vote.
pub fn vote(
    kind: VoteKind,
    who: AuthorityIndex,
    view: View,
    hash: Hash,
) -> (AuthorityIndex, AuthoritySignature) {
    (
        who,
        signed(who, view, kind.statement(hash, PROOF)).signature,
    )
}

/// A certificate of `signers`.
pub fn certificate(
    kind: VoteKind,
    view: View,
    hash: Hash,
    set: &AuthoritySet,
    signers: &[AuthorityIndex],
) -> Certificate {
    let votes = signers.iter().map(|who| vote(kind, *who, view, hash));
    Certificate::new(kind, HEIGHT, view, hash, PROOF, set, votes)
}

/// `who` changes to `view` and says that what `certificate` shows is prepared.
pub fn change(
    who: AuthorityIndex,
    view: View,
    certificate: Option<&Certificate>,
) -> SignedStatement {
    signed(
        who,
        view,
        Statement::ViewChange {
            prepared: certificate.map(Certificate::prepared),
        },
    )
}

/// A proof of these view-changes that shows `prepared`.
pub fn proof(changes: Vec<SignedStatement>, prepared: Option<&Certificate>) -> NewViewProof {
    NewViewProof {
        view_changes: changes.try_into().unwrap(),
        prepared: prepared.cloned(),
    }
}
