// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The server of the methods about the beacon.

use super::{BeaconApiServer, BeaconDuty, BeaconEpoch, Error};
use hansa_beacon_primitives::{api::BeaconApi as BeaconRuntimeApi, BeaconId};
use hansa_primitives::{AccountId, Block, Hash};
use jsonrpsee::core::RpcResult;
use sp_api::{ApiExt, ApiRef, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use std::sync::Arc;

/// Serves [`BeaconApiServer`].
pub struct Beacon<C> {
    client: Arc<C>,
}

impl<C> Beacon<C>
where
    C: ProvideRuntimeApi<Block, Api: BeaconRuntimeApi<Block, AccountId>>,
{
    /// A server of the chain of `client`.
    pub fn new(client: Arc<C>) -> Self {
        Self { client }
    }

    /// The runtime at a block, if it has a beacon.
    fn api(&self, at: Hash) -> Result<ApiRef<'_, C::Api>, Error> {
        let api = self.client.runtime_api();
        if api.has_api::<dyn BeaconRuntimeApi<Block, AccountId>>(at)? {
            Ok(api)
        } else {
            Err(Error::NoBeacon)
        }
    }
}

impl<C> BeaconApiServer for Beacon<C>
where
    C: HeaderBackend<Block>
        + ProvideRuntimeApi<Block, Api: BeaconRuntimeApi<Block, AccountId>>
        + Send
        + Sync
        + 'static,
{
    fn epoch(&self) -> RpcResult<BeaconEpoch> {
        let info = self.client.info();
        let at = info.finalized_hash;
        let epoch = self.api(at)?.epoch(at).map_err(Error::from)?;
        Ok(BeaconEpoch::new(info.finalized_number, epoch))
    }

    fn duty(&self, key: BeaconId) -> RpcResult<Option<BeaconDuty>> {
        let at = self.client.info().finalized_hash;
        let duty = self.api(at)?.duty(at, key).map_err(Error::from)?;
        Ok(duty.map(Into::into))
    }
}
