// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What wallets ask about staking.

mod types;

pub use types::{Ledger, Member, Reward, Stake, Unlock};

use crate::hub::{block_of, Error};
use hansa_primitives::{AccountId, Block, Hash};
use hansa_staking_primitives::api::StakingApi as StakingRuntimeApi;
use jsonrpsee::{core::RpcResult, proc_macros::rpc};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use std::sync::Arc;

/// Methods about staking. All take the hash of a block last, and ask the last final one without it.
#[rpc(client, server)]
pub trait StakingApi {
    /// All that an account has staked, and when it unlocks.
    #[method(name = "staking_ledger")]
    fn ledger(&self, account: AccountId, at: Option<Hash>) -> RpcResult<Ledger>;

    /// What a node can expect to earn.
    #[method(name = "staking_expectedReward")]
    fn expected_reward(&self, node: AccountId, at: Option<Hash>) -> RpcResult<Reward>;

    /// The set that staking elected for the session under way; empty in authority mode.
    #[method(name = "staking_currentSet")]
    fn current_set(&self, at: Option<Hash>) -> RpcResult<Vec<Member>>;

    /// The set that is elected for the next session; until it is, the one that would be elected now.
    #[method(name = "staking_nextSet")]
    fn next_set(&self, at: Option<Hash>) -> RpcResult<Vec<Member>>;
}

/// Serves [`StakingApiServer`].
pub struct Staking<C> {
    client: Arc<C>,
}

impl<C> Staking<C> {
    /// A server of the chain of `client`.
    pub fn new(client: Arc<C>) -> Self {
        Self { client }
    }
}

impl<C> Staking<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: StakingRuntimeApi<Block, AccountId>>,
{
    fn block(&self, at: Option<Hash>) -> Result<Hash, Error> {
        block_of(&*self.client, at, |api, at| {
            api.has_api::<dyn StakingRuntimeApi<Block, AccountId>>(at)
        })
    }
}

impl<C> StakingApiServer for Staking<C>
where
    C: HeaderBackend<Block>
        + ProvideRuntimeApi<Block, Api: StakingRuntimeApi<Block, AccountId>>
        + Send
        + Sync
        + 'static,
{
    fn ledger(&self, account: AccountId, at: Option<Hash>) -> RpcResult<Ledger> {
        let at = self.block(at)?;
        let ledger = self.client.runtime_api().ledger(at, account);
        Ok(ledger.map_err(Error::from)?.into())
    }

    fn expected_reward(&self, node: AccountId, at: Option<Hash>) -> RpcResult<Reward> {
        let at = self.block(at)?;
        let reward = self.client.runtime_api().expected_reward(at, node);
        Ok(reward.map_err(Error::from)?.into())
    }

    fn current_set(&self, at: Option<Hash>) -> RpcResult<Vec<Member>> {
        let at = self.block(at)?;
        let set = self.client.runtime_api().current_set(at);
        Ok(types::members(set.map_err(Error::from)?))
    }

    fn next_set(&self, at: Option<Hash>) -> RpcResult<Vec<Member>> {
        let at = self.block(at)?;
        let set = self.client.runtime_api().next_set(at);
        Ok(types::members(set.map_err(Error::from)?))
    }
}
