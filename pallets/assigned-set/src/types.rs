// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use alloc::vec::Vec;
use codec::{DecodeLimit, Encode};
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_dappchain_primitives::MAX_SET;
use hansa_interchain_primitives::route::NewRoute;
use serde::{Deserialize, Serialize};

/// How many nodes may have made blocks that are not reported: those of two sets that have nobody in common.
pub const MAX_UNREPORTED: u32 = 2 * MAX_SET;

/// How deep the types of a route may nest.
const MAX_DEPTH: u32 = 8;

/// How many blocks each node made, in the order of accounts, each once.
pub type Made<AccountId> = BoundedVec<(AccountId, u32), ConstU32<MAX_UNREPORTED>>;

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
