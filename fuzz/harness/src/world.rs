// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A set of four, and signatures that cost next to nothing.

use codec::Encode;
use hansa_pbft_core::{Crypto, HeightConfig};
use hansa_pbft_primitives::{
    Authority, AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature, Certificate, Hash,
    Height, SignedStatement, SigningContext, Statement, View, VoteKind,
};
use sp_core::{crypto::UncheckedFrom, ed25519};
use std::sync::Arc;

/// The number of authorities.
pub const N: u16 = 4;

/// The genesis hash of the chain.
pub const GENESIS: Hash = Hash::repeat_byte(0xee);

/// The seed of the proposer schedule.
pub const SEED: [u8; 32] = [7; 32];

/// A signature is a hash of key and payload: a fuzzer is there to find faults of the protocol, not
/// of ed25519. It cannot make one by itself, as it knows no hash function.
#[derive(Clone, Copy, Debug, Default)]
pub struct HashCrypto;

impl Crypto for HashCrypto {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        let tag = sp_crypto_hashing::blake2_512(&(key, payload).encode());
        Some(ed25519::Signature::from_raw(tag).into())
    }

    fn verify(&self, key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool {
        self.sign(key, payload).as_ref() == Some(signature)
    }
}

/// The set.
pub fn set() -> Arc<AuthoritySet> {
    let authority = |i: u16| Authority {
        key: ed25519::Public::unchecked_from([i as u8 + 1; 32]).into(),
        weight: 1,
    };
    Arc::new(AuthoritySet::new(0, (0..N).map(authority).collect()).expect("four different keys"))
}

/// Chain and set of all signatures.
pub fn context() -> SigningContext {
    SigningContext {
        genesis: GENESIS,
        set_id: 0,
    }
}

/// What a replica needs to know of `height`.
pub fn config(set: &Arc<AuthoritySet>, height: Height, local: AuthorityIndex) -> HeightConfig {
    HeightConfig {
        height,
        context: context(),
        set: set.clone(),
        seed: SEED,
        local: Some(local),
    }
}

/// `authority` says `statement`.
pub fn signed(
    set: &AuthoritySet,
    authority: AuthorityIndex,
    height: Height,
    view: View,
    statement: Statement,
) -> SignedStatement {
    let payload = context().payload(height, view, &statement);
    let key = &set.get(authority).expect("a member").key;
    let signature = HashCrypto.sign(key, &payload).expect("it always signs");
    SignedStatement {
        height,
        view,
        statement,
        authority,
        signature,
    }
}

/// Whether a signature is good.
pub fn verify(key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool {
    HashCrypto.verify(key, payload, signature)
}

/// The certificate of `signers`, whether they are a quorum or not.
pub fn certificate(
    set: &AuthoritySet,
    kind: VoteKind,
    (height, view): (Height, View),
    (hash, proof): (Hash, Hash),
    signers: impl IntoIterator<Item = AuthorityIndex>,
) -> Certificate {
    let votes = signers.into_iter().map(|i| {
        let vote = signed(set, i, height, view, kind.statement(hash, proof));
        (i, vote.signature)
    });
    Certificate::new(kind, height, view, hash, proof, set, votes)
}

/// The block that `author` builds for (`height`, `view`).
pub fn fresh_block(author: AuthorityIndex, height: Height, view: View) -> Hash {
    sp_crypto_hashing::blake2_256(&("block", author, height, view).encode()).into()
}
