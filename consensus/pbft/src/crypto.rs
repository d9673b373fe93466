// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Signing with the node's keystore.

use crate::{
    block::randomness::{make_output, OutputKeyError, OutputTerms},
    LOG_TARGET,
};
use hansa_beacon_primitives::BlockVrf;
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{
    statement::verify_signature, AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature,
    Hash, Height, KEY_TYPE,
};
use log::error;
use sp_application_crypto::ByteArray;
use sp_keystore::KeystorePtr;

/// Signs with the session keys in the keystore.
#[derive(Clone)]
pub struct KeystoreCrypto {
    keystore: KeystorePtr,
}

impl KeystoreCrypto {
    /// Sign with the keys in `keystore`.
    pub fn new(keystore: KeystorePtr) -> Self {
        Self { keystore }
    }

    /// The first authority of `set` whose key the keystore has.
    pub fn local_authority(&self, set: &AuthoritySet) -> Option<(AuthorityIndex, AuthorityId)> {
        set.authorities()
            .iter()
            .enumerate()
            .find_map(|(index, authority)| {
                let key = (authority.key.to_raw_vec(), KEY_TYPE);
                self.keystore
                    .has_keys(&[key])
                    .then(|| (index as AuthorityIndex, authority.key.clone()))
            })
    }

    /// Whether the keystore has the secret key of `key`.
    pub fn holds(&self, key: &AuthorityId) -> bool {
        self.keystore.has_keys(&[(key.to_raw_vec(), KEY_TYPE)])
    }

    /// An author's output for the beacon, in the block at `height`.
    pub fn output(
        &self,
        terms: &OutputTerms,
        genesis: &Hash,
        height: Height,
    ) -> Result<BlockVrf, OutputKeyError> {
        make_output(&*self.keystore, terms, genesis, height)
    }

    /// The keys of the keystore that can be an authority's.
    pub fn keys(&self) -> Vec<AuthorityId> {
        let mut keys = self.keystore.ed25519_public_keys(KEY_TYPE);
        // The keystore has no order of its own; the same answer every time is what matters.
        keys.sort();
        keys.into_iter().map(Into::into).collect()
    }
}

impl Crypto for KeystoreCrypto {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        match self.keystore.ed25519_sign(KEY_TYPE, key.as_ref(), payload) {
            Ok(signature) => signature.map(Into::into),
            Err(error) => {
                error!(target: LOG_TARGET, "The keystore cannot sign with {key}: {error}");
                None
            }
        }
    }

    fn verify(&self, key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool {
        verify_signature(key, payload, signature)
    }
}
