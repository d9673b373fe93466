// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Signing with the node's keystore.

use crate::{
    block::randomness::{make_output, OutputKeyError, OutputTerms},
    LOG_TARGET,
};
use hansa_beacon_primitives::{BeaconPair, BlockVrf};
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{
    statement::verify_signature, AuthorityId, AuthorityIndex, AuthorityPair, AuthoritySet,
    AuthoritySignature, Hash, Height, KEY_TYPE,
};
use log::error;
use parking_lot::Mutex;
use sc_keystore::{Error, LocalKeystore};
use sp_application_crypto::{AppCrypto, AppPair, ByteArray, Pair};
use sp_keystore::Keystore;
use std::sync::Arc;

/// The last secret key that was used of a kind.
///
/// The SDK's keystore keeps phrases, and derives the key anew for every signature (BIP 39: 2,048 rounds of PBKDF2), which
/// takes milliseconds, where to sign takes microseconds. A validator would do that several times a block.
struct LastKey<P>(Mutex<Option<P>>);

impl<P: AppPair + Clone> LastKey<P> {
    fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The secret key of `public`; none if it is not in `keystore`, be it that it was until now.
    fn get(
        &self,
        keystore: &LocalKeystore,
        public: &<P as AppCrypto>::Public,
    ) -> Result<Option<P>, Error> {
        let mut last = self.0.lock();
        // If it cannot be read, the keystore says below why.
        let has_key = keystore.has_keys(&[(public.to_raw_vec(), P::ID)]);
        *last = match last.take() {
            Some(pair) if has_key && pair.public() == *public => Some(pair),
            _ => keystore.key_pair(public)?,
        };
        Ok(last.clone())
    }
}

/// Signs with the session keys in the keystore.
#[derive(Clone)]
pub struct KeystoreCrypto {
    keystore: Arc<LocalKeystore>,
    authority: Arc<LastKey<AuthorityPair>>,
    beacon: Arc<LastKey<BeaconPair>>,
}

impl KeystoreCrypto {
    /// Sign with the keys in `keystore`.
    pub fn new(keystore: Arc<LocalKeystore>) -> Self {
        Self {
            keystore,
            authority: Arc::new(LastKey::new()),
            beacon: Arc::new(LastKey::new()),
        }
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
        let key = terms.key.clone();
        match self.beacon.get(&self.keystore, &key) {
            Ok(Some(pair)) => Ok(make_output(&pair, &terms.beacon, genesis, height)),
            Ok(None) => Err(OutputKeyError::NoKey(key)),
            Err(source) => Err(OutputKeyError::Keystore { key, source }),
        }
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
        match self.authority.get(&self.keystore, key) {
            Ok(pair) => pair.map(|pair| pair.sign(payload)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn new_key(keystore: &LocalKeystore) -> AuthorityId {
        let made = keystore.ed25519_generate_new(KEY_TYPE, None);
        made.unwrap().into()
    }

    #[test]
    fn each_key_signs_for_itself_until_it_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let keystore = Arc::new(LocalKeystore::open(dir.path(), None).unwrap());
        let crypto = KeystoreCrypto::new(keystore.clone());
        let (first, second) = (new_key(&keystore), new_key(&keystore));
        for key in [&first, &second, &first, &first] {
            let signature = crypto.sign(key, b"vote").unwrap();
            assert!(crypto.verify(key, b"vote", &signature));
        }
        // Operators take a key away from a node that runs, to use it on another.
        for file in std::fs::read_dir(dir.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        assert_eq!(crypto.sign(&first, b"vote"), None);
        assert_eq!(crypto.sign(&second, b"vote"), None);
    }
}
