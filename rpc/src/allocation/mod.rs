// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What clients ask about the node pool and the draw.

mod types;

pub use types::{ChainInfo, DrawInfo, MemberInfo, NodeInfo, PlaceInfo};

use crate::hub::{block_of, ChainRef, Error};
use hansa_allocation_primitives::api::AllocationApi as AllocationRuntimeApi;
use hansa_primitives::{AccountId, Block, Hash};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use std::sync::Arc;

/// Methods about the node pool. Each answers for the block `at`, the best one if that is left out.
#[rpc(client, server)]
pub trait AllocationApi {
    /// The pool in numbers, and how far the draw is.
    #[method(name = "allocation_status")]
    fn status(&self, at: Option<Hash>) -> RpcResult<DrawInfo>;

    /// Where a node is, since when, and what comes next; null if it is not in the pool.
    #[method(name = "allocation_node")]
    fn node(&self, account: AccountId, at: Option<Hash>) -> RpcResult<Option<NodeInfo>>;

    /// A chain as the draw sees it: nodes, need, mean, place in the turn.
    #[method(name = "allocation_chain")]
    fn chain(&self, chain: u32, at: Option<Hash>) -> RpcResult<ChainInfo>;

    /// The chains with ids from `from` on, at most 100.
    #[method(name = "allocation_chains")]
    fn chains(&self, from: u32, limit: u32, at: Option<Hash>) -> RpcResult<Vec<ChainInfo>>;

    /// The members of a chain in the order in which they came, from the `from`th on, at most 100.
    #[method(name = "allocation_members")]
    fn members(
        &self,
        chain: u32,
        from: u32,
        limit: u32,
        at: Option<Hash>,
    ) -> RpcResult<Vec<MemberInfo>>;
}

/// Serves [`AllocationApiServer`].
pub struct Allocation<C> {
    client: Arc<C>,
}

impl<C> Allocation<C> {
    /// A server of the chain of `client`.
    pub fn new(client: Arc<C>) -> Self {
        Self { client }
    }
}

impl<C> Allocation<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block>,
    C::Api: AllocationRuntimeApi<Block, AccountId> + ApiExt<Block>,
{
    fn block(&self, at: Option<Hash>) -> Result<Hash, Error> {
        block_of(&*self.client, at, |api, at| {
            let version = api.api_version::<dyn AllocationRuntimeApi<Block, AccountId>>(at);
            version.map(|version| version.is_some())
        })
    }

    fn find_chain(&self, chain: u32, at: Hash) -> Result<ChainInfo, Error> {
        let found = self.client.runtime_api().chain_status(at, chain)?;
        found
            .map(Into::into)
            .ok_or(Error::UnknownChain(ChainRef::Id(chain)))
    }
}

impl<C> AllocationApiServer for Allocation<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    C::Api: AllocationRuntimeApi<Block, AccountId> + ApiExt<Block>,
{
    fn status(&self, at: Option<Hash>) -> RpcResult<DrawInfo> {
        let at = self.block(at)?;
        let status = self.client.runtime_api().draw_status(at);
        Ok(status.map_err(Error::from)?.into())
    }

    fn node(&self, account: AccountId, at: Option<Hash>) -> RpcResult<Option<NodeInfo>> {
        let at = self.block(at)?;
        let status = self.client.runtime_api().node_status(at, account);
        Ok(status.map_err(Error::from)?.map(Into::into))
    }

    fn chain(&self, chain: u32, at: Option<Hash>) -> RpcResult<ChainInfo> {
        let at = self.block(at)?;
        Ok(self.find_chain(chain, at)?)
    }

    fn chains(&self, from: u32, limit: u32, at: Option<Hash>) -> RpcResult<Vec<ChainInfo>> {
        let at = self.block(at)?;
        let chains = self.client.runtime_api().chains(at, from, limit);
        let chains = chains.map_err(Error::from)?.into_iter();
        Ok(chains.map(Into::into).collect())
    }

    fn members(
        &self,
        chain: u32,
        from: u32,
        limit: u32,
        at: Option<Hash>,
    ) -> RpcResult<Vec<MemberInfo>> {
        let at = self.block(at)?;
        self.find_chain(chain, at)?;
        let members = self.client.runtime_api().members(at, chain, from, limit);
        let members = members.map_err(Error::from)?.into_iter();
        Ok(members.map(Into::into).collect())
    }
}
