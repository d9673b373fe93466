// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Keys and signatures that cost next to nothing.

use codec::Encode;
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{AuthorityId, AuthoritySignature, Hash};
use sp_core::ed25519;

/// The genesis hash of the simulated chain.
pub const GENESIS: Hash = Hash::repeat_byte(0xee);

/// Signatures that are a hash of key and payload. Anyone could make them; the simulation lets a
/// byzantine node sign with keys of its own only.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FakeCrypto;

impl Crypto for FakeCrypto {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        Some(signature(key, payload))
    }

    fn verify(&self, key: &AuthorityId, payload: &[u8], signed: &AuthoritySignature) -> bool {
        *signed == signature(key, payload)
    }
}

/// The signature of `key` over `payload`.
pub(crate) fn signature(key: &AuthorityId, payload: &[u8]) -> AuthoritySignature {
    let tag = sp_crypto_hashing::blake2_512(&(key, payload).encode());
    ed25519::Signature::from_raw(tag).into()
}

/// The key of node `node`.
pub fn key(node: usize) -> AuthorityId {
    ed25519::Public::from_raw(sp_crypto_hashing::blake2_256(
        &(b"key", node as u64).encode(),
    ))
    .into()
}
