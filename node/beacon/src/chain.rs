// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker asks of a chain, and the real one.

use hansa_beacon_primitives::{
    api::BeaconApi, BeaconId, BeaconSignature, Digest, Duty, EpochIndex, EpochInfo, OwnId,
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

/// A chain that may have a beacon. Blocks are named by their hashes.
pub trait BeaconChain: Send + Sync {
    /// The hash of the genesis block.
    fn genesis(&self) -> Hash;

    /// The last final block.
    fn head(&self) -> Head;

    /// The final block of this height; none if there is none.
    fn hash(&self, height: BlockNumber) -> Result<Option<Hash>, Error>;

    /// The epoch at this block; none if its runtime has no beacon.
    fn epoch(&self, at: Hash) -> Result<Option<EpochInfo>, Error>;

    /// What the node with `key` has to do. To be asked only where there is an epoch.
    fn duty(&self, at: Hash, key: &BeaconId) -> Result<Option<Duty<AccountId>>, Error>;

    /// Put a commitment into the own pool; false if the pool does not take it.
    fn submit_commit(
        &self,
        at: Hash,
        epoch: EpochIndex,
        account: &AccountId,
        commitment: Digest,
        signature: BeaconSignature,
    ) -> Result<bool, Error>;

    /// Put a reveal into the own pool; false if the pool does not take it.
    fn submit_reveal(
        &self,
        at: Hash,
        epoch: EpochIndex,
        account: &AccountId,
        id: OwnId,
    ) -> Result<bool, Error>;
}

/// The chain of a client.
pub struct ClientChain<C> {
    client: Arc<C>,
    pool: OffchainTransactionPoolFactory<Block>,
    genesis: Hash,
}

impl<C: HeaderBackend<Block>> ClientChain<C> {
    /// The chain of `client`, with the node's own pool.
    pub fn new(client: Arc<C>, pool: OffchainTransactionPoolFactory<Block>) -> Self {
        let genesis = client.info().genesis_hash;
        Self {
            client,
            pool,
            genesis,
        }
    }
}

impl<C> BeaconChain for ClientChain<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: BeaconApi<Block, AccountId>>,
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

    fn hash(&self, height: BlockNumber) -> Result<Option<Hash>, Error> {
        self.client.hash(height)
    }

    fn epoch(&self, at: Hash) -> Result<Option<EpochInfo>, Error> {
        let api = self.client.runtime_api();
        if !api.has_api::<dyn BeaconApi<Block, AccountId>>(at)? {
            return Ok(None);
        }
        Ok(Some(api.epoch(at)?))
    }

    fn duty(&self, at: Hash, key: &BeaconId) -> Result<Option<Duty<AccountId>>, Error> {
        Ok(self.client.runtime_api().duty(at, key.clone())?)
    }

    fn submit_commit(
        &self,
        at: Hash,
        epoch: EpochIndex,
        account: &AccountId,
        commitment: Digest,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let mut api = self.client.runtime_api();
        api.register_extension(self.pool.offchain_transaction_pool(at));
        let taken = api.submit_commit(at, epoch, account.clone(), commitment, signature)?;
        Ok(taken.is_some())
    }

    fn submit_reveal(
        &self,
        at: Hash,
        epoch: EpochIndex,
        account: &AccountId,
        id: OwnId,
    ) -> Result<bool, Error> {
        let mut api = self.client.runtime_api();
        api.register_extension(self.pool.offchain_transaction_pool(at));
        let taken = api.submit_reveal(at, epoch, account.clone(), id)?;
        Ok(taken.is_some())
    }
}
