// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The sets of other chains, kept in the node's database. A chain remembers those that decide no more by
//! hash; who wants to show that one of them signed two blocks must have the set itself.
//!
//! What is kept is no authority: it is used only if it has the hash that the chain remembers. So it does not
//! matter what stands here, nor if the database loses it.

use crate::{chain::ChainError, limits::MAX_KEPT_SETS};
use codec::{DecodeAll, Encode};
use hansa_interchain_primitives::packet::ChainRef;
use hansa_pbft_primitives::{AuthoritySet, SetId};
use sc_client_api::AuxStore;
use std::sync::Arc;

const KEPT: &[u8] = b"hansa/interchain/set/";

/// The sets of other chains: the last [`MAX_KEPT_SETS`] of each, as each takes the place of an older one.
pub struct PastSets<C> {
    client: Arc<C>,
}

impl<C: AuxStore> PastSets<C> {
    /// What is kept in the database of `client`.
    pub fn new(client: Arc<C>) -> Self {
        Self { client }
    }

    /// Keep a set.
    pub fn keep(&self, peer: &ChainRef, set: &AuthoritySet) -> Result<(), ChainError> {
        let (key, value) = (key(peer, set.id), set.encode());
        self.client
            .insert_aux(&[(&key[..], &value[..])], &[])
            .map_err(unreadable)
    }

    /// The set that was kept under this id; none if there is none.
    pub fn get(&self, peer: &ChainRef, id: SetId) -> Result<Option<AuthoritySet>, ChainError> {
        let bytes = self.client.get_aux(&key(peer, id)).map_err(unreadable)?;
        let set = bytes.and_then(|bytes| AuthoritySet::decode_all(&mut &bytes[..]).ok());
        Ok(set.filter(|set| set.id == id))
    }
}

fn key(peer: &ChainRef, id: SetId) -> Vec<u8> {
    let mut key = KEPT.to_vec();
    peer.encode_to(&mut key);
    id.checked_rem(MAX_KEPT_SETS)
        .unwrap_or_default()
        .encode_to(&mut key);
    key
}

fn unreadable(error: impl ToString) -> ChainError {
    ChainError::Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{client::Client, mock::make_set};
    use hansa_interchain_primitives::Hash;

    #[test]
    fn the_last_sets_of_each_chain_are_kept() {
        let chain = |id| ChainRef {
            id,
            genesis: Hash::repeat_byte(7),
        };
        let database = Arc::new(Client::default());
        let sets = PastSets::new(database.clone());
        let (first, other) = (make_set(3, 1), make_set(3, 9));
        sets.keep(&chain(1), &first).unwrap();
        sets.keep(&chain(2), &other).unwrap();
        assert_eq!(sets.get(&chain(1), 3), Ok(Some(first)));
        assert_eq!(sets.get(&chain(2), 3), Ok(Some(other.clone())));
        assert_eq!(sets.get(&chain(1), 4), Ok(None));
        // However many there are.
        for id in 4..3 * MAX_KEPT_SETS {
            sets.keep(&chain(1), &make_set(id, 1)).unwrap();
        }
        assert_eq!(sets.get(&chain(1), 3), Ok(None), "it is another one");
        let last = 3 * MAX_KEPT_SETS - 1;
        assert_eq!(sets.get(&chain(1), last), Ok(Some(make_set(last, 1))));
        assert_eq!(sets.get(&chain(2), 3), Ok(Some(other)));
        assert_eq!(database.items() as u64, MAX_KEPT_SETS + 1);
    }
}
