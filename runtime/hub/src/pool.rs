// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The node pool and the registry of DappChains in the hub: what they ask of staking, session keys and
//! consensus.

use crate::{
    validators::stands, AccountId, Interchain, Pbft, Runtime, Session, SessionKeys, Staking, System,
};
use frame_support::traits::Get;
use hansa_allocation_primitives::{ChainHeads, Head, NodeKeys, NodeStanding};
use hansa_beacon_primitives::{BeaconId, KEY_TYPE};
use hansa_dappchain_primitives::{ChainId, CheckpointOf, FounderKeys, HubCheckpoint, KeysOf};
use hansa_pallet_interchain::{HeaderRing, StoredHeaders};
use hansa_pallet_pbft::{LastTimestamp, Seed};
pub use hansa_runtime_common::hub::TRUSTED_FOR;
use hansa_staking_primitives::Seconds;

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

/// Where the light clients of new chains begin, and go on after a recovery.
pub struct HubHead;

impl CheckpointOf for HubHead {
    /// The parent of the block under execution, which is final and whose hash is that of its sealed header,
    /// and the set that decides this block. Before the block's own time is set, the last one is the parent's.
    fn checkpoint() -> HubCheckpoint {
        let own = Interchain::own();
        HubCheckpoint {
            chain: own.id,
            genesis: own.genesis,
            height: System::block_number().saturating_sub(1),
            header: System::parent_hash(),
            timestamp: LastTimestamp::<Runtime>::get().unwrap_or_default(),
            set: Pbft::deciding_set().set,
        }
    }
}

/// What the light clients of the routes to chains have proven of their heads.
///
/// A head that a node has caught up with is not behind what the hub knows, and is no other block of a height that it
/// knows. The last header but one is early enough: another may have arrived since the node signed. What is above the
/// headers that the hub knows is the node's signed word: headers come with packets, blocks between them do not. A chain
/// whose route is not open yet has shown nothing.
///
/// How old a head is does not matter: of a chain that stands still the last that was proven is as good after days as on the
/// first, so that who was drawn in place of those who are gone can confirm.
pub struct ProvenHeads;

impl ChainHeads for ProvenHeads {
    fn is_recent_final(chain: ChainId, head: &Head) -> bool {
        let known = HeaderRing::<Runtime>::get(chain);
        let earliest = known.iter().rev().nth(1).or(known.last()).copied();
        let is_recent = earliest.is_none_or(|earliest| head.height >= earliest);
        let proven = StoredHeaders::<Runtime>::get(chain, head.height);
        is_recent && proven.is_none_or(|proven| proven.hash == head.hash)
    }
}

/// The seed of the hub's own schedule in this session, which the beacon makes: nobody knew it when the sets of chains
/// were drawn by it.
pub struct EpochSeed;

impl Get<[u8; 32]> for EpochSeed {
    fn get() -> [u8; 32] {
        Seed::<Runtime>::get()
    }
}

/// How long stakes are within reach, as staking has it now.
pub struct UnbondingPeriod;

impl Get<Seconds> for UnbondingPeriod {
    fn get() -> Seconds {
        Staking::periods().unbonding
    }
}
