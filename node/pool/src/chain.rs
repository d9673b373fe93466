// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker asks of a chain, and the real one.

use hansa_allocation_primitives::{
    api::AllocationApi, BeaconId, BeaconSignature, ChainId, EpochIndex, OwnNode, Phase,
};
use hansa_local_chain::{Head, LocalChain};
use hansa_primitives::{AccountId, Block, Hash};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::{Error, HeaderBackend};

/// A chain that may be a hub. Blocks are named by their hashes.
pub trait PoolChain: Send + Sync {
    /// The hash of the genesis block.
    fn genesis(&self) -> Hash;

    /// The last final block.
    fn head(&self) -> Head;

    /// Whether the runtime at this block has a node pool.
    fn has_pool(&self, at: Hash) -> Result<bool, Error>;

    /// What the node with `key` is to the pool; none if no account has registered the key.
    fn own_node(&self, at: Hash, key: &BeaconId) -> Result<Option<OwnNode<AccountId>>, Error>;

    /// The phase of a DappChain; none if there is no such chain.
    fn phase(&self, at: Hash, chain: ChainId) -> Result<Option<Phase>, Error>;

    /// Put a wish to join into the own pool of transactions; false if that does not take it.
    fn submit_join(
        &self,
        at: Hash,
        account: &AccountId,
        epoch: EpochIndex,
        signature: BeaconSignature,
    ) -> Result<bool, Error>;
}

impl<C> PoolChain for LocalChain<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: AllocationApi<Block, AccountId>>,
{
    fn genesis(&self) -> Hash {
        self.genesis()
    }

    fn head(&self) -> Head {
        self.head()
    }

    fn has_pool(&self, at: Hash) -> Result<bool, Error> {
        let api = self.api();
        let version = api.api_version::<dyn AllocationApi<Block, AccountId>>(at)?;
        Ok(version.is_some())
    }

    fn own_node(&self, at: Hash, key: &BeaconId) -> Result<Option<OwnNode<AccountId>>, Error> {
        Ok(self.api().own_node(at, key.clone())?)
    }

    fn phase(&self, at: Hash, chain: ChainId) -> Result<Option<Phase>, Error> {
        let status = self.api().chain_status(at, chain)?;
        Ok(status.map(|status| status.phase))
    }

    fn submit_join(
        &self,
        at: Hash,
        account: &AccountId,
        epoch: EpochIndex,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let api = self.submitting_api(at);
        Ok(api
            .submit_join(at, account.clone(), epoch, signature)?
            .is_some())
    }
}
