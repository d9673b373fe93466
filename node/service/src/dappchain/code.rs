// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The codes of DappChains: in the hub's state, as preimages.
//!
//! The hub keeps a code for as long as a chain uses it (an invariant of its registry), and refuses a chain whose code it does not have. So the bytes come
//! to a node from other nodes of the hub, with the state that they are a part of: by blocks, by state sync, checked against
//! the state root and here against their own hash, and of no more than the preimage pallet takes. A protocol for codes would be a
//! second way to the same bytes.

use crate::FullClient;
use codec::Decode;
use hansa_primitives::{Hash, Hashing};
use sc_client_api::{HeaderBackend, StorageKey, StorageProvider};
use sp_runtime::traits::Hash as _;
use std::sync::Arc;

/// The name of the hub's preimage pallet, and of the item in which the bytes are.
const PALLET: &str = "Preimage";
const ITEM: &str = "PreimageFor";

/// Where codes are found.
pub struct Codes {
    hub: Arc<FullClient>,
    /// The standard runtime of this binary: it need not be read from the state.
    standard: &'static [u8],
}

impl Codes {
    /// The codes that the hub of `hub` has, and `standard`.
    pub fn new(hub: Arc<FullClient>, standard: &'static [u8]) -> Self {
        Self { hub, standard }
    }

    /// Whether the code with this hash is the standard runtime of this binary.
    pub fn is_standard(&self, hash: &Hash) -> bool {
        Hashing::hash(self.standard) == *hash
    }

    /// The code with this hash. The error says why there is none here.
    pub fn get(&self, hash: &Hash) -> Result<Vec<u8>, String> {
        if self.is_standard(hash) {
            return Ok(self.standard.to_vec());
        }
        let at = self.hub.info().finalized_hash;
        let prefix = StorageKey(prefix(hash));
        let unread = |error| format!("the hub's state cannot be read: {error}");
        // The key goes on with the length, which nobody has to know.
        let key = self
            .hub
            .storage_keys(at, Some(&prefix), None)
            .map_err(unread)?
            .next()
            .ok_or_else(|| format!("the hub has no code with hash {hash:?}"))?;
        let value = self
            .hub
            .storage(at, &key)
            .map_err(unread)?
            .ok_or_else(|| format!("the hub has no code with hash {hash:?} any more"))?;
        checked(&value.0, hash)
    }
}

/// The code that is stored as `value`, if it has this hash.
pub fn checked(value: &[u8], hash: &Hash) -> Result<Vec<u8>, String> {
    let code = Vec::<u8>::decode(&mut &value[..])
        .map_err(|error| format!("the hub's state is malformed: {error}"))?;
    match Hashing::hash(&code) {
        found if found == *hash => Ok(code),
        found => Err(format!(
            "the hub's state has a code with hash {found:?} where that of {hash:?} should be"
        )),
    }
}

/// Where the preimage of `hash` begins. The map's hasher keeps its keys as they are.
fn prefix(hash: &Hash) -> Vec<u8> {
    let mut key = sp_crypto_hashing::twox_128(PALLET.as_bytes()).to_vec();
    key.extend(sp_crypto_hashing::twox_128(ITEM.as_bytes()));
    key.extend(hash.as_bytes());
    key
}
