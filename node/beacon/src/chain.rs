// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker asks of a chain, and the real one.

use hansa_beacon_primitives::{
    api::BeaconApi, BeaconId, BeaconSignature, Digest, Duty, EpochIndex, EpochInfo, OwnId,
};
use hansa_local_chain::{Head, LocalChain};
use hansa_primitives::{AccountId, Block, BlockNumber, Hash};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::{Error, HeaderBackend};

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

impl<C> BeaconChain for LocalChain<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: BeaconApi<Block, AccountId>>,
{
    fn genesis(&self) -> Hash {
        self.genesis()
    }

    fn head(&self) -> Head {
        self.head()
    }

    fn hash(&self, height: BlockNumber) -> Result<Option<Hash>, Error> {
        self.hash(height)
    }

    fn epoch(&self, at: Hash) -> Result<Option<EpochInfo>, Error> {
        let api = self.api();
        if !api.has_api::<dyn BeaconApi<Block, AccountId>>(at)? {
            return Ok(None);
        }
        Ok(Some(api.epoch(at)?))
    }

    fn duty(&self, at: Hash, key: &BeaconId) -> Result<Option<Duty<AccountId>>, Error> {
        Ok(self.api().duty(at, key.clone())?)
    }

    fn submit_commit(
        &self,
        at: Hash,
        epoch: EpochIndex,
        account: &AccountId,
        commitment: Digest,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let api = self.submitting_api(at);
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
        let api = self.submitting_api(at);
        let taken = api.submit_reveal(at, epoch, account.clone(), id)?;
        Ok(taken.is_some())
    }
}
