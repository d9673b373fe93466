// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which header hands over to which set, and which brings a record of the hub in place of a hand-over: an index beside the
//! blocks, filled from their headers.
//!
//! A hand-over is to the set with the next id, so the id is the key. A record may leave ids out, so those that are there are
//! one list. The index is no authority: what it names is looked at again, and if the database loses it, it is filled again.

use crate::{
    chain::ChainError,
    limits::{MAX_KEPT_RECORDS, SCAN_STEP, SCAN_STEPS},
};
use codec::{Decode, Encode};
use hansa_dappchain_primitives::Recovery;
use hansa_interchain_primitives::Height;
use hansa_pbft_primitives::{recovery::find_recovery, ConsensusLog, SetId};
use hansa_primitives::{AccountId, Block, Header};
use sc_client_api::AuxStore;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Header as _;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

const HAND_OVER: &[u8] = b"hansa/interchain/hand-over/";
const RECORDS: &[u8] = b"hansa/interchain/records";
const SCANNED: &[u8] = b"hansa/interchain/scanned";

/// The index of a chain's hand-overs.
pub struct HandOvers<C> {
    client: Arc<C>,
    /// Up to which height headers were looked at; none before the database was asked.
    scanned: Mutex<Option<Height>>,
}

/// What headers say of sets: which, and at which height.
#[derive(Default)]
struct Found {
    hand_overs: Vec<(SetId, Height)>,
    records: Vec<(SetId, Height)>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.hand_overs.is_empty() && self.records.is_empty()
    }
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
        let is_there = self.is_there(set, height, hands_over_to)?;
        Ok(is_there.then_some(height))
    }

    /// The height of the final header that brings a record by which a set later than `set` came to decide, the first of
    /// such sets; none if there is none.
    pub fn find_recovery_after(&self, set: SetId) -> Result<Option<Height>, ChainError> {
        self.catch_up()?;
        for (later, height) in self.records()?.into_iter().filter(|(id, _)| *id > set) {
            if self.is_there(later, height, recovers_to)? {
                return Ok(Some(height));
            }
        }
        Ok(None)
    }

    /// Whether the header at a height names a set. After a revert the index may name what is not there any more.
    fn is_there(
        &self,
        set: SetId,
        height: Height,
        names: fn(&Header) -> Option<SetId>,
    ) -> Result<bool, ChainError> {
        let named = self.header(height)?.and_then(|header| names(&header));
        Ok(named == Some(set))
    }

    /// The records that were found, by the ids of their sets, in ascending order.
    fn records(&self) -> Result<Vec<(SetId, Height)>, ChainError> {
        Ok(self.read(RECORDS)?.unwrap_or_default())
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

    fn scan(&self, after: Height, to: Height) -> Result<Found, ChainError> {
        let mut found = Found::default();
        for height in after.saturating_add(1)..=to {
            let Some(header) = self.header(height)? else {
                continue;
            };
            let (hand_over, record) = (hands_over_to(&header), recovers_to(&header));
            found.hand_overs.extend(hand_over.map(|set| (set, height)));
            found.records.extend(record.map(|set| (set, height)));
        }
        Ok(found)
    }

    fn header(&self, height: Height) -> Result<Option<Header>, ChainError> {
        let Some(hash) = self.client.hash(height).map_err(unreadable)? else {
            return Ok(None);
        };
        self.client.header(hash).map_err(unreadable)
    }

    fn read<T: Decode>(&self, key: &[u8]) -> Result<Option<T>, ChainError> {
        let bytes = self.client.get_aux(key).map_err(unreadable)?;
        Ok(bytes.and_then(|bytes| T::decode(&mut &bytes[..]).ok()))
    }

    fn write(&self, found: &Found, scanned: Height) -> Result<(), ChainError> {
        let hand_overs = found.hand_overs.iter();
        let mut entries: Vec<_> = hand_overs
            .map(|(set, height)| (key(*set), height.encode()))
            .collect();
        if !found.records.is_empty() {
            let mut records: BTreeSet<_> = self.records()?.into_iter().collect();
            records.extend(&found.records);
            while records.len() > MAX_KEPT_RECORDS {
                records.pop_first();
            }
            let records: Vec<_> = records.into_iter().collect();
            entries.push((RECORDS.to_vec(), records.encode()));
        }
        entries.push((SCANNED.to_vec(), scanned.encode()));
        let entries: Vec<_> = entries.iter().map(|(k, v)| (&k[..], &v[..])).collect();
        self.client.insert_aux(&entries, &[]).map_err(unreadable)
    }
}

/// The id of the set that a header hands over to.
fn hands_over_to(header: &Header) -> Option<SetId> {
    ConsensusLog::find_set_change(header.digest()).map(|set| set.id)
}

/// The id of the set that the record names which a header brings.
fn recovers_to(header: &Header) -> Option<SetId> {
    let record = find_recovery(header.digest())?;
    Recovery::<AccountId>::read(&record).map(|record| record.set_id)
}

fn key(set: SetId) -> Vec<u8> {
    let mut key = HAND_OVER.to_vec();
    set.encode_to(&mut key);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{
        client::Client,
        mock::{lock, make_set, two_chains},
    };
    use hansa_pbft_primitives::recovery::recovery_item;

    #[test]
    fn hand_overs_and_records_are_found_by_the_sets_before_and_after() {
        let client = Arc::new(Client::default());
        let change = |id| ConsensusLog::SetChange(make_set(id, 7)).to_digest_item();
        let (chain, _) = two_chains();
        client.block(Vec::new());
        let first = client.block(vec![change(1)]);
        let index = HandOvers::new(client.clone());
        assert_eq!(index.find(1), Ok(Some(first)));
        assert_eq!(
            (index.find(2), index.find_recovery_after(1)),
            (Ok(None), Ok(None))
        );
        // A record of set 3, as there was another before of the same head, and its first block hands over itself.
        lock(&chain).set = make_set(1, 7);
        lock(&chain).lose_quorum(60);
        let record = lock(&chain).lose_quorum(70);
        let second = client.block(vec![recovery_item(&record), change(4)]);
        client.block(vec![recovery_item(&[1, 2, 3])]);
        assert_eq!(index.find_recovery_after(1), Ok(Some(second)));
        // And another one, much later.
        lock(&chain).set = make_set(8, 7);
        let record = lock(&chain).lose_quorum(80);
        let third = client.block(vec![recovery_item(&record)]);
        // Those that are found are so after a start, too.
        for index in [index, HandOvers::new(client)] {
            for (known, next) in [
                (0, Some(second)),
                (1, Some(second)),
                (2, Some(second)),
                (3, Some(third)),
                (8, Some(third)),
                (9, None),
            ] {
                assert_eq!(index.find_recovery_after(known), Ok(next), "{known}");
            }
            assert_eq!(
                (index.find(2), index.find(3), index.find(4)),
                (Ok(None), Ok(None), Ok(Some(second)))
            );
        }
    }
}
