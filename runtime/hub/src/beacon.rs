// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the beacon asks of the consensus, of staking and of the session keys.

use crate::{pool::RegisteredKeys, validators::stands, AccountId, Pbft, Runtime, System};
use hansa_allocation_primitives::NodeKeys;
use hansa_beacon_primitives::{
    Author, BeaconId, BlockAuthor, BlockVrf, Clock, EpochClock, NextSet, Pool,
};
use hansa_pallet_pbft::{CurrentSet, ServiceTime, SessionLength, SessionStart};

/// The consensus, as the beacon sees it.
pub struct Consensus;

impl EpochClock for Consensus {
    fn clock() -> Clock {
        Clock {
            now_ms: ServiceTime::<Runtime>::get(),
            start_ms: SessionStart::<Runtime>::get(),
            length_ms: SessionLength::<Runtime>::get(),
        }
    }
}

impl BlockAuthor for Consensus {
    /// An output that is malformed or stands there twice counts as none: then the block is invalid, as its
    /// author has a key.
    fn block_author() -> Option<Author> {
        let index = Pbft::current_block()?.author;
        let set = Pbft::deciding_set().set;
        let vrf = BlockVrf::find(&System::digest()).ok().flatten();
        Some(Author {
            index,
            weight: set.weight(index),
            total_weight: set.total_weight(),
            set_id: set.id,
            vrf: vrf.map(|vrf| vrf.pre_output),
        })
    }
}

impl NextSet<AccountId> for Consensus {
    fn is_next_set(accounts: &[AccountId]) -> bool {
        CurrentSet::<Runtime>::get().accounts.as_slice() == accounts
    }
}

/// Who may commit: who stands for election and has session keys, in the node pool or not. All nodes that
/// may be drawn are among them (`docs/allocation.md`). In authority mode nobody is: nobody commits, and
/// beacons are made of authors' outputs alone.
pub struct CandidatePool;

impl Pool<AccountId> for CandidatePool {
    fn key_of(account: &AccountId) -> Option<BeaconId> {
        if !stands(account) {
            return None;
        }
        RegisteredKeys::key_of(account)
    }

    fn account_of(key: &BeaconId) -> Option<AccountId> {
        RegisteredKeys::account_of(key).filter(stands)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn put(account: &AccountId, key: &BeaconId) {
        crate::benchmarks::put_into_pool(account, key);
    }
}
