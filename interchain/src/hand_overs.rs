// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which header hands over to which set: an index beside the blocks, filled from their headers.
//!
//! The set's id is counted up by one with each hand-over, so the id is the key. The index is no
//! authority: what it names is looked at again, and if the database loses it, it is filled again.

use crate::{
    chain::ChainError,
    limits::{SCAN_STEP, SCAN_STEPS},
};
use codec::{Decode, Encode};
use hansa_interchain_primitives::Height;
use hansa_pbft_primitives::{ConsensusLog, SetId};
use hansa_primitives::Block;
use sc_client_api::AuxStore;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Header as _;
use std::sync::{Arc, Mutex, PoisonError};

const HAND_OVER: &[u8] = b"hansa/interchain/hand-over/";
const SCANNED: &[u8] = b"hansa/interchain/scanned";

/// The index of a chain's hand-overs.
pub struct HandOvers<C> {
    client: Arc<C>,
    /// Up to which height headers were looked at; none before the database was asked.
    scanned: Mutex<Option<Height>>,
}

fn unreadable(error: impl ToString) -> ChainError {
    ChainError::Unreadable(error.to_string())
}

impl<C: HeaderBackend<Block> + AuxStore> HandOvers<C> {
    /// The index of the chain of `client`.
    pub fn new(client: Arc<C>) -> Self {
        Self {
            client,
            scanned: Mutex::new(None),
        }
    }

    /// The height of the final header that hands over to `set`; none if there is none.
    pub fn find(&self, set: SetId) -> Result<Option<Height>, ChainError> {
        self.catch_up()?;
        let Some(height) = self.read::<Height>(&key(set))? else {
            return Ok(None);
        };
        // After a revert the index may name what is not there any more.
        Ok((self.hands_over_to(height)? == Some(set)).then_some(height))
    }

    /// Look at the headers that became final since the last time; an error if there are too many to do
    /// that at once.
    pub fn catch_up(&self) -> Result<(), ChainError> {
        let head = self.client.info().finalized_number;
        let mut scanned = self.scanned.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = match *scanned {
            Some(done) => done,
            None => self.read(SCANNED)?.unwrap_or(0),
        }
        .min(head);
        for _ in 0..SCAN_STEPS {
            let end = done.saturating_add(SCAN_STEP).min(head);
            let found = self.scan(done, end)?;
            // Not at each block: after a start a few are looked at again.
            if !found.is_empty() || end.saturating_sub(done) == SCAN_STEP {
                self.write(&found, end)?;
            }
            done = end;
            *scanned = Some(done);
            if done == head {
                return Ok(());
            }
        }
        Err(ChainError::Scanning(done))
    }

    fn scan(&self, after: Height, to: Height) -> Result<Vec<(SetId, Height)>, ChainError> {
        let mut found = Vec::new();
        for height in after.saturating_add(1)..=to {
            if let Some(set) = self.hands_over_to(height)? {
                found.push((set, height));
            }
        }
        Ok(found)
    }

    fn hands_over_to(&self, height: Height) -> Result<Option<SetId>, ChainError> {
        let Some(hash) = self.client.hash(height).map_err(unreadable)? else {
            return Ok(None);
        };
        let header = self.client.header(hash).map_err(unreadable)?;
        let set = header.and_then(|header| ConsensusLog::find_set_change(header.digest()));
        Ok(set.map(|set| set.id))
    }

    fn read<T: Decode>(&self, key: &[u8]) -> Result<Option<T>, ChainError> {
        let bytes = self.client.get_aux(key).map_err(unreadable)?;
        Ok(bytes.and_then(|bytes| T::decode(&mut &bytes[..]).ok()))
    }

    fn write(&self, found: &[(SetId, Height)], scanned: Height) -> Result<(), ChainError> {
        let mut entries: Vec<_> = found
            .iter()
            .map(|(set, height)| (key(*set), height.encode()))
            .collect();
        entries.push((SCANNED.to_vec(), scanned.encode()));
        let entries: Vec<_> = entries.iter().map(|(k, v)| (&k[..], &v[..])).collect();
        self.client.insert_aux(&entries, &[]).map_err(unreadable)
    }
}

fn key(set: SetId) -> Vec<u8> {
    let mut key = HAND_OVER.to_vec();
    set.encode_to(&mut key);
    key
}
