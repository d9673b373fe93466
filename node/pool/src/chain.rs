// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker asks of a chain, and the real one.

use hansa_allocation_primitives::{
    api::AllocationApi, BeaconId, BeaconSignature, ChainId, EpochIndex, OwnNode, Phase,
};
use hansa_primitives::{AccountId, Block, BlockNumber, Hash};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::{Error, HeaderBackend};
use std::sync::Arc;

/// A final block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Its number.
    pub height: BlockNumber,
    /// Its hash.
    pub hash: Hash,
}

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

/// The chain of a client.
pub struct ClientChain<C> {
    client: Arc<C>,
    pool: OffchainTransactionPoolFactory<Block>,
    genesis: Hash,
}

impl<C: HeaderBackend<Block>> ClientChain<C> {
    /// The chain of `client`, with the node's own pool of transactions.
    pub fn new(client: Arc<C>, pool: OffchainTransactionPoolFactory<Block>) -> Self {
        let genesis = client.info().genesis_hash;
        Self {
            client,
            pool,
            genesis,
        }
    }
}

impl<C> PoolChain for ClientChain<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: AllocationApi<Block, AccountId>>,
{
    fn genesis(&self) -> Hash {
        self.genesis
    }

    fn head(&self) -> Head {
        let info = self.client.info();
        Head {
            height: info.finalized_number,
            hash: info.finalized_hash,
        }
    }

    fn has_pool(&self, at: Hash) -> Result<bool, Error> {
        let api = self.client.runtime_api();
        Ok(api.has_api::<dyn AllocationApi<Block, AccountId>>(at)?)
    }

    fn own_node(&self, at: Hash, key: &BeaconId) -> Result<Option<OwnNode<AccountId>>, Error> {
        Ok(self.client.runtime_api().own_node(at, key.clone())?)
    }

    fn phase(&self, at: Hash, chain: ChainId) -> Result<Option<Phase>, Error> {
        let status = self.client.runtime_api().chain_status(at, chain)?;
        Ok(status.map(|status| status.phase))
    }

    fn submit_join(
        &self,
        at: Hash,
        account: &AccountId,
        epoch: EpochIndex,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let mut api = self.client.runtime_api();
        api.register_extension(self.pool.offchain_transaction_pool(at));
        Ok(api
            .submit_join(at, account.clone(), epoch, signature)?
            .is_some())
    }
}
