// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What deployers and dashboards ask about DappChains.

mod types;

pub use types::{BallotInfo, DappChainInfo, DappChainPage, GenesisInfo, QuoteInfo, SeatInfo};

use crate::hub::{block_of, ChainRef, Error};
use hansa_dappchain_primitives::api::DappChainsApi as DappChainsRuntimeApi;
use hansa_primitives::{AccountId, Block, Hash};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use std::sync::Arc;

/// Methods about DappChains. Each answers for the block `at`, the best one if that is left out.
#[rpc(client, server)]
pub trait DappChainsApi {
    /// What it would cost an account to register a chain of so many nodes.
    #[method(name = "dappChains_quote")]
    fn quote(&self, deployer: AccountId, nodes: u32, at: Option<Hash>) -> RpcResult<QuoteInfo>;

    /// A chain, by its id or its name.
    #[method(name = "dappChains_get")]
    fn get(&self, chain: ChainRef, at: Option<Hash>) -> RpcResult<DappChainInfo>;

    /// The chains with ids from `from` on, at most 100; `next` is where the next page begins.
    #[method(name = "dappChains_list")]
    fn list(&self, from: u32, limit: u32, at: Option<Hash>) -> RpcResult<DappChainPage>;

    /// What the genesis of a chain is made of; null before its nodes are complete.
    #[method(name = "dappChains_genesis")]
    fn genesis(&self, chain: ChainRef, at: Option<Hash>) -> RpcResult<Option<GenesisInfo>>;

    /// What a node is still to be paid for having founded a chain; null if nothing.
    #[method(name = "dappChains_seat")]
    fn seat(
        &self,
        chain: ChainRef,
        node: AccountId,
        at: Option<Hash>,
    ) -> RpcResult<Option<SeatInfo>>;

    /// The most nodes that a chain may ask for.
    #[method(name = "dappChains_hardLimit")]
    fn hard_limit(&self, at: Option<Hash>) -> RpcResult<u32>;

    /// The ballot on that limit; null if none is under way.
    #[method(name = "dappChains_ballot")]
    fn ballot(&self, at: Option<Hash>) -> RpcResult<Option<BallotInfo>>;
}

/// Serves [`DappChainsApiServer`].
pub struct DappChains<C> {
    client: Arc<C>,
}

impl<C> DappChains<C> {
    /// A server of the chain of `client`.
    pub fn new(client: Arc<C>) -> Self {
        Self { client }
    }
}

impl<C> DappChains<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block>,
    C::Api: DappChainsRuntimeApi<Block, AccountId> + ApiExt<Block>,
{
    fn block(&self, at: Option<Hash>) -> Result<Hash, Error> {
        block_of(&*self.client, at, |api, at| {
            api.has_api::<dyn DappChainsRuntimeApi<Block, AccountId>>(at)
        })
    }

    /// The id of a chain that is named in one way or the other.
    fn id_of(&self, chain: &ChainRef, at: Hash) -> Result<u32, Error> {
        match chain {
            ChainRef::Id(id) => Ok(*id),
            ChainRef::Name(name) => self
                .client
                .runtime_api()
                .chain_by_name(at, name.clone().into_bytes())?
                .ok_or_else(|| Error::UnknownChain(chain.clone())),
        }
    }
}

impl<C> DappChainsApiServer for DappChains<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    C::Api: DappChainsRuntimeApi<Block, AccountId> + ApiExt<Block>,
{
    fn quote(&self, deployer: AccountId, nodes: u32, at: Option<Hash>) -> RpcResult<QuoteInfo> {
        let at = self.block(at)?;
        let api = self.client.runtime_api();
        match api.quote(at, deployer, nodes).map_err(Error::from)? {
            Some(quote) => Ok(quote.into()),
            None => {
                let most = api.hard_limit(at).map_err(Error::from)?;
                Err(Error::BadNodes { nodes, most }.into())
            }
        }
    }

    fn get(&self, chain: ChainRef, at: Option<Hash>) -> RpcResult<DappChainInfo> {
        let at = self.block(at)?;
        let id = self.id_of(&chain, at)?;
        let view = self.client.runtime_api().chain(at, id);
        let view = view.map_err(Error::from)?;
        Ok(view.ok_or(Error::UnknownChain(chain))?.into())
    }

    fn list(&self, from: u32, limit: u32, at: Option<Hash>) -> RpcResult<DappChainPage> {
        let at = self.block(at)?;
        let page = self.client.runtime_api().chains(at, from, limit);
        Ok(page.map_err(Error::from)?.into())
    }

    fn genesis(&self, chain: ChainRef, at: Option<Hash>) -> RpcResult<Option<GenesisInfo>> {
        let at = self.block(at)?;
        let id = self.id_of(&chain, at)?;
        let record = self.client.runtime_api().genesis_record(at, id);
        Ok(record.map_err(Error::from)?.map(Into::into))
    }

    fn seat(
        &self,
        chain: ChainRef,
        node: AccountId,
        at: Option<Hash>,
    ) -> RpcResult<Option<SeatInfo>> {
        let at = self.block(at)?;
        let id = self.id_of(&chain, at)?;
        let seat = self.client.runtime_api().seat(at, id, node);
        Ok(seat.map_err(Error::from)?.map(Into::into))
    }

    fn hard_limit(&self, at: Option<Hash>) -> RpcResult<u32> {
        let at = self.block(at)?;
        let limit = self.client.runtime_api().hard_limit(at);
        Ok(limit.map_err(Error::from)?)
    }

    fn ballot(&self, at: Option<Hash>) -> RpcResult<Option<BallotInfo>> {
        let at = self.block(at)?;
        let ballot = self.client.runtime_api().ballot(at);
        Ok(ballot.map_err(Error::from)?.map(Into::into))
    }
}
