// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What an operator asks a node about itself: where it is in the node pool.

mod types;

pub use types::{OwnNodeInfo, PoolInfo};

use crate::hub::{block_of, Error};
use hansa_allocation_primitives::{api::AllocationApi as AllocationRuntimeApi, BeaconId};
use hansa_beacon_primitives::KEY_TYPE;
use hansa_primitives::{AccountId, Block};
use jsonrpsee::{core::RpcResult, proc_macros::rpc, Extensions};
use sc_rpc_api::check_if_safe;
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_keystore::KeystorePtr;
use std::sync::Arc;

/// Methods about the node that is asked. They tell whose node it is, so they are answered only where unsafe methods
/// are.
#[rpc(server)]
pub trait PoolApi {
    /// Where this node is, at the last final block.
    #[method(name = "hansa_pool", with_extensions)]
    fn pool(&self) -> RpcResult<PoolInfo>;
}

/// Serves [`PoolApiServer`].
pub struct Pool<C> {
    client: Arc<C>,
    keystore: KeystorePtr,
    joins: bool,
}

impl<C> Pool<C> {
    /// A server of the chain of `client`, of the node whose keys are in `keystore`; `joins` tells whether it
    /// comes into the pool by itself.
    pub fn new(client: Arc<C>, keystore: KeystorePtr, joins: bool) -> Self {
        Self {
            client,
            keystore,
            joins,
        }
    }
}

impl<C> PoolApiServer for Pool<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    C::Api: AllocationRuntimeApi<Block, AccountId> + ApiExt<Block>,
{
    fn pool(&self, extensions: &Extensions) -> RpcResult<PoolInfo> {
        check_if_safe(extensions)?;
        let at = block_of(&*self.client, None, |api, at| {
            let version = api.api_version::<dyn AllocationRuntimeApi<Block, AccountId>>(at);
            version.map(|version| version.is_some())
        })?;
        let api = self.client.runtime_api();
        let mut nodes = Vec::new();
        for key in self.keystore.sr25519_public_keys(KEY_TYPE) {
            let key = BeaconId::from(key);
            let own = api.own_node(at, key.clone()).map_err(Error::from)?;
            nodes.push(OwnNodeInfo::new(key, own));
        }
        Ok(PoolInfo {
            join_pool: self.joins,
            nodes,
        })
    }
}
