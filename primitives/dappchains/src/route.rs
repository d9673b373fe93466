// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How the route between the hub and a DappChain begins, on both sides.
//!
//! The hub opens it when the chain goes live, by what the founders confirmed. The chain has it from its
//! genesis on: the hub is older, so its genesis can stand in the chain's. Both begin with the same
//! terms, as routes must, and change them by agreement.
//!
//! Of the first header of each side the other knows height, hash and time, not the state's root: on chain it is not
//! known. It stands as zero, which is the root of no state, so nothing is ever proven under that header. The first
//! update brings a header with a root.

use crate::{
    packet::{authorities, AssignedNode},
    ChainId, HubCheckpoint,
};
use alloc::vec::Vec;
use codec::{DecodeLimit, Encode};
use hansa_interchain_primitives::{
    packet::ChainRef,
    rate::{Rate, Terms},
    route::{Entries, NewRoute},
    Balance, Hash, Moment, TrustedHeader,
};
use hansa_pbft_primitives::AuthoritySetError;
use serde::{Deserialize, Serialize};

/// How deep the types of a route may nest.
const MAX_DEPTH: u32 = 8;

/// The terms on which a hub and its DappChain begin: one for one, and no charges, as neither has a
/// reserve yet.
pub const FIRST_TERMS: Terms = Terms {
    rate: Rate::PAR,
    low_charge: 0,
    high_charge: 0,
};

/// For how long each side trusts the other's headers, in milliseconds: five days, as hubs trust any chain. Headers are due
/// every third of it. The nodes of a DappChain are within reach for as long as staking's unbonding takes, and the hub's
/// validators, too.
pub const TRUSTING_PERIOD: Moment = 5 * 24 * 60 * 60 * 1_000;

/// The route to a chain, as the hub opens it. `at` is the time of the hub's checkpoint in the chain's record:
/// before the chain's first block, and not so long ago that the light client would begin expired.
pub fn to_chain<AccountId>(
    chain: ChainId,
    genesis: Hash,
    founders: &[AssignedNode<AccountId>],
    at: Moment,
) -> Result<NewRoute, AuthoritySetError> {
    Ok(NewRoute {
        chain: ChainRef { id: chain, genesis },
        header: first_header(0, genesis, at),
        set: authorities(founders)?,
        trusting_period: TRUSTING_PERIOD,
        terms: FIRST_TERMS,
        // What the chain's stake is worth is asked each time.
        limit: Balance::MAX,
        hub: false,
        entries: Entries::default(),
    })
}

/// The route to the hub, as a chain has it from its genesis on.
pub fn to_hub(hub: &HubCheckpoint) -> NewRoute {
    NewRoute {
        chain: ChainRef {
            id: hub.chain,
            genesis: hub.genesis,
        },
        header: first_header(hub.height, hub.header, hub.timestamp),
        set: hub.set.clone(),
        trusting_period: TRUSTING_PERIOD,
        terms: FIRST_TERMS,
        limit: Balance::MAX,
        hub: true,
        entries: Entries::default(),
    }
}

fn first_header(height: u32, hash: Hash, timestamp: Moment) -> TrustedHeader {
    TrustedHeader {
        height,
        hash,
        state_root: Hash::zero(),
        timestamp,
    }
}

/// A route as a genesis has it: SCALE in hex. Nobody writes it by hand: it follows from the hub's record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HubRoute(#[serde(with = "sp_core::bytes")] Vec<u8>);

impl HubRoute {
    /// Write a route.
    pub fn new(route: &NewRoute) -> Self {
        Self(route.encode())
    }

    /// Read it; none if it is malformed.
    pub fn read(&self) -> Option<NewRoute> {
        NewRoute::decode_all_with_depth_limit(MAX_DEPTH, &mut &self.0[..]).ok()
    }
}
