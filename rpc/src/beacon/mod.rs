// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What clients ask about the randomness beacon. Thin over the runtime API, at the last final block.

mod error;
mod server;
mod types;

pub use error::{Error, BASE_ERROR, INTERNAL, NO_BEACON};
pub use server::Beacon;
pub use types::{BeaconDuty, BeaconEpoch, DutyName, PhaseName};

use hansa_beacon_primitives::BeaconId;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};

/// Methods about the beacon.
#[rpc(client, server)]
pub trait BeaconApi {
    /// The epoch under way.
    #[method(name = "beacon_epoch")]
    fn epoch(&self) -> RpcResult<BeaconEpoch>;

    /// What the node with this beacon key owes the beacon now: nothing is null.
    #[method(name = "beacon_duty")]
    fn duty(&self, key: BeaconId) -> RpcResult<Option<BeaconDuty>>;
}
