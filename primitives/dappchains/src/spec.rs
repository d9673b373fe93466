// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a deployer registers, and the record that is frozen when a chain's nodes are complete.

use crate::{ChainId, RuntimeVersionId, Seconds, MAX_PATCH_BYTES, MAX_PROPERTIES_BYTES};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hansa_beacon_primitives::BeaconId;
use hansa_pbft_primitives::{AuthorityId, AuthoritySet, Hash, Height};
use hansa_primitives::Moment;
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

/// The version of the rule by which a genesis follows from a frozen record. It is part of the record,
/// so that a chain's genesis can be made again years later.
///
/// 2: the record has the hub's genesis, set and time, and who owned the chain, so that the genesis opens the
/// route to the hub.
pub const GENESIS_FORMAT: u16 = 2;

/// JSON text that is merged into the genesis of the chain's runtime.
pub type PatchBytes = BoundedVec<u8, ConstU32<MAX_PATCH_BYTES>>;

/// JSON text for wallets: token symbol, decimals and the like. The hub does not read it.
pub type PropertiesBytes = BoundedVec<u8, ConstU32<MAX_PROPERTIES_BYTES>>;

/// What a chain runs.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum RuntimeSource {
    /// The standard DappChain runtime of this version.
    #[codec(index = 0)]
    Standard(RuntimeVersionId),
    /// A code of the deployer's own, stored on the hub under this hash.
    #[codec(index = 1)]
    Stored(Hash),
}

/// The state of a chain.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ChainState {
    /// It waits for nodes.
    #[codec(index = 0)]
    Pending,
    /// Its nodes are complete, its record is frozen; they build the genesis.
    #[codec(index = 1)]
    Forming,
    /// A quorum of its founders confirmed one genesis: it makes blocks.
    #[codec(index = 2)]
    Live,
    /// It has been live, and has fewer nodes than it needs.
    #[codec(index = 3)]
    Degraded,
    /// It ends when its notice is over.
    #[codec(index = 4)]
    Retiring,
    /// It has ended.
    #[codec(index = 5)]
    Retired,
}

impl ChainState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Forming,
        Self::Live,
        Self::Degraded,
        Self::Retiring,
        Self::Retired,
    ];

    /// Whether the chain waits for its first nodes, and its deployer can have the stake back.
    pub fn is_unborn(self) -> bool {
        matches!(self, Self::Pending | Self::Forming)
    }

    /// Whether nodes run the chain.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Live | Self::Degraded | Self::Retiring)
    }
}

/// The keys of a founder, with which it is in the chain's first set.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct FounderKeys {
    /// Signs statements and seals, and confirms the genesis.
    pub pbft: AuthorityId,
    /// Makes VRF outputs; none if the node has no such key.
    pub beacon: Option<BeaconId>,
}

/// A node of a chain's first set.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Founder<AccountId> {
    /// The node's account.
    pub node: AccountId,
    /// Its keys, as of the freeze. None if it had none: then nobody can build the genesis, and the node
    /// is drawn anew at once.
    pub keys: Option<FounderKeys>,
    /// Since when it has waited for this chain.
    pub since: Seconds,
}

/// Where the hub stands. A new chain's light client begins there, and that of a chain that lost its quorum goes on from there
/// ([`Recovery`](crate::Recovery)).
#[derive(
    Clone,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct HubCheckpoint {
    /// The hub's id between chains.
    pub chain: ChainId,
    /// The hash of the hub's genesis block.
    pub genesis: Hash,
    /// The height of the hub's block before the one that froze, or made, the record.
    pub height: Height,
    /// The hash of its sealed header.
    pub header: Hash,
    /// Its time, in milliseconds since 1970.
    pub timestamp: Moment,
    /// The set that decides the next height.
    pub set: AuthoritySet,
}
