// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How pallets talk about the allocation of nodes to DappChains, so that none names another's `Config`,
//! and what clients ask of it. `docs/allocation.md` has the rules.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`types`] | chains, members and nodes, as the allocation sees them |
//! | [`traits`] | what the registry tells the allocation, it tells the registry, and both ask of others |
//! | [`confirm`] | what a node signs: that it would join, that it is ready to serve, that it is there |
//! | [`api`] | the runtime API |
//!
//! ## Who keeps what
//!
//! The **registry** keeps what a chain is: name, owner, code, stake, state. The **allocation** keeps who
//! serves: the pool, each chain's members, the turn that goes round. Of a chain it knows only its id, its
//! need, its phase and its term of service, which the registry tells it
//! ([`Allocation`]). The order of ids is the order of registration.
//!
//! Times are in seconds of service time.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod api;
pub mod confirm;
pub mod traits;
pub mod types;

pub use api::{
    Admission, ChainStatus, DrawStage, DrawStatus, NodePlace, NodeStatus, OwedAnswer, OwnNode,
};
pub use hansa_beacon_primitives::{BeaconId, BeaconSignature, EpochIndex};
pub use hansa_staking_primitives::Seconds;
pub use traits::{
    Allocation, AuthoredBlocks, ChainEvents, ChainHeads, NodeKeys, NodeStanding, OnShort, RollCall,
    Serving, TrustSigned,
};
pub use types::{
    AllocationError, ChainId, Departure, Head, Member, MemberPhase, Phase, Term, MAX_DRAW_DELAY,
    MIN_NODES,
};

/// With `nodes` of equal weight so many may fail: `T` of the design.
pub fn tolerated(nodes: u32) -> u32 {
    nodes.saturating_sub(1) / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_tolerate_one() {
        let tolerated: Vec<_> = [0, 1, 3, 4, 6, 7, 10, 1_000].map(tolerated).into();
        assert_eq!(tolerated, [0, 0, 0, 1, 1, 2, 3, 333]);
    }
}
