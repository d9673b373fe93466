// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What others ask the registry of DappChains: pallets by traits, so that none names another's
//! `Config`; the node, deployers and dashboards by a runtime API.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`spec`] | what a deployer registers, and the record that is frozen when the nodes are complete |
//! | [`genesis`] | what a founder signs to confirm the genesis |
//! | [`packet`] | what hub and chain tell each other about the chain's sets |
//! | [`recovery`] | what the hub records of a chain that lost its quorum |
//! | [`stalls`] | for how long a chain may stand still |
//! | [`route`] | how the route between the two begins |
//! | [`traits`] | what the registry asks of other pallets, and they of it |
//! | [`api`] | the runtime API, and what it answers with |
//!
//! An id is the hub's counter of registrations, so a lower one is an older registration. It is never used
//! twice, and never 0, which stands for the local chain.
//!
//! All amounts are in the smallest unit of the hub's token, all times in seconds of the hub's service
//! time.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod api;
pub mod genesis;
pub mod packet;
pub mod recovery;
pub mod route;
pub mod spec;
pub mod stalls;
pub mod traits;

pub use api::{
    BallotView, ChainPage, ChainView, GenesisRecord, Quote, SeatView, SetsView, StallView,
};
pub use hansa_allocation_primitives::{tolerated, ChainId, Head, Seconds, MIN_NODES};
pub use hansa_primitives::{Balance, Hash};
pub use packet::{AssignedNode, ChainPacket, HubPacket, NextSet, SetOrdinal};
pub use recovery::Recovery;
pub use spec::{
    ChainState, Founder, FounderKeys, HubCheckpoint, PatchBytes, PropertiesBytes, RuntimeSource,
    GENESIS_FORMAT,
};
pub use stalls::StallPeriods;
pub use traits::{ChainLives, CheckpointOf, InstallKeys, KeysOf, OwnNodes, SessionBlocks};

/// The version of a standard runtime.
pub type RuntimeVersionId = u32;

/// The number of a ballot on the hard limit: 1 first.
pub type BallotIndex = u32;

/// The most nodes that a chain may ever have, whatever its owners vote: lists of founders, and what is
/// paid to them in one block, are bounded by it.
pub const MAX_NODES: u32 = 256;

/// The most members of a chain's set: as many as it needs, and a third more who come before others go.
pub const MAX_SET: u32 = MAX_NODES * 4 / 3 + 1;

/// The most bytes of a name.
pub const MAX_NAME_BYTES: u32 = 32;

/// The most bytes of a genesis patch.
pub const MAX_PATCH_BYTES: u32 = 64 * 1024;

/// The most bytes of a chain's properties.
pub const MAX_PROPERTIES_BYTES: u32 = 1024;

/// The most chains on a page of a list.
pub const MAX_PAGE: u32 = 100;

/// How many of `nodes` make a quorum: all but `T`. On a DappChain every node weighs 1.
pub fn quorum(nodes: u32) -> u32 {
    nodes.saturating_sub(tolerated(nodes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quorums_share_more_than_the_faulty() {
        for nodes in 0..=MAX_NODES {
            assert!(quorum(nodes) <= nodes);
            if nodes > 0 {
                assert!(2 * quorum(nodes) - nodes > tolerated(nodes), "{nodes}");
            }
        }
        assert_eq!((tolerated(MIN_NODES), quorum(MIN_NODES)), (1, 3));
    }
}
