// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The node pool and the registry of DappChains in the hub: what they ask of staking, session keys and
//! consensus.

use crate::{validators::stands, AccountId, Pbft, Session, SessionKeys, System};
use hansa_allocation_primitives::{NodeKeys, NodeStanding};
use hansa_beacon_primitives::{BeaconId, KEY_TYPE};
use hansa_dappchain_primitives::{CheckpointOf, FounderKeys, HubCheckpoint, KeysOf};
use hansa_primitives::Hashing;
use sp_runtime::traits::Hash as _;

/// Who may serve: who stands for election, and so has bonded what an operator must. Who is convicted or
/// chilled does not stand any more. In authority mode nobody stands, and the pool is empty.
pub struct Bonded;

impl NodeStanding<AccountId> for Bonded {
    fn may_serve(account: &AccountId) -> bool {
        stands(account)
    }
}

/// The session keys, of nodes that are in no set, too.
pub struct RegisteredKeys;

impl RegisteredKeys {
    fn of(account: &AccountId) -> Option<SessionKeys> {
        Session::load_keys(account)
    }
}

impl NodeKeys<AccountId> for RegisteredKeys {
    fn key_of(account: &AccountId) -> Option<BeaconId> {
        Self::of(account).map(|keys| keys.beacon)
    }

    fn account_of(key: &BeaconId) -> Option<AccountId> {
        Session::key_owner(KEY_TYPE, key.as_ref())
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_key(account: &AccountId, key: &BeaconId) {
        crate::benchmarks::put_into_pool(account, key);
    }
}

impl KeysOf<AccountId> for RegisteredKeys {
    fn keys_of(account: &AccountId) -> Option<FounderKeys> {
        Self::of(account).map(|keys| FounderKeys {
            pbft: keys.pbft,
            beacon: Some(keys.beacon),
        })
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn put_keys(account: &AccountId, keys: FounderKeys) {
        crate::benchmarks::set_session_keys(account, keys);
    }
}

/// Where the light clients of new chains begin.
pub struct HubHead;

impl CheckpointOf for HubHead {
    /// The parent of the block under execution, which is final and whose hash is that of its sealed header,
    /// and the set that decides this block.
    fn checkpoint() -> HubCheckpoint {
        let set = Pbft::deciding_set().set;
        HubCheckpoint {
            height: System::block_number().saturating_sub(1),
            header: System::parent_hash(),
            set_id: set.id,
            set: Hashing::hash_of(&set),
        }
    }
}
