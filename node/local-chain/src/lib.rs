// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain as the workers of a node see it: the node's own client and transaction pool.
//!
//! What one worker asks of a chain is a trait of its own crate, so that its tests need no client; [`LocalChain`] is what all
//! of them are implemented for.

#![forbid(unsafe_code)]

use hansa_primitives::{Block, BlockNumber, Hash, Header};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiExt, ApiRef, ProvideRuntimeApi};
use sp_blockchain::{Error, HeaderBackend};
use std::sync::Arc;
use tokio::sync::watch;

/// A final block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Its number.
    pub height: BlockNumber,
    /// Its hash.
    pub hash: Hash,
}

/// The chain of a client, with the node's own pool of transactions.
pub struct LocalChain<C> {
    client: Arc<C>,
    pool: OffchainTransactionPoolFactory<Block>,
    genesis: Hash,
}

impl<C: HeaderBackend<Block>> LocalChain<C> {
    /// The chain of `client`, with `pool`.
    pub fn new(client: Arc<C>, pool: OffchainTransactionPoolFactory<Block>) -> Self {
        let genesis = client.info().genesis_hash;
        Self {
            client,
            pool,
            genesis,
        }
    }

    /// The hash of the genesis block.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// The last final block.
    pub fn head(&self) -> Head {
        let info = self.client.info();
        Head {
            height: info.finalized_number,
            hash: info.finalized_hash,
        }
    }

    /// The hash of the final block of this height; none if there is none.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn hash(&self, height: BlockNumber) -> Result<Option<Hash>, Error> {
        self.client.hash(height)
    }

    /// The header of the block with this hash; none if it is not known.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn header(&self, hash: Hash) -> Result<Option<Header>, Error> {
        self.client.header(hash)
    }
}

impl<C: ProvideRuntimeApi<Block>> LocalChain<C> {
    /// The runtime, for questions.
    pub fn api(&self) -> ApiRef<'_, C::Api> {
        self.client.runtime_api()
    }

    /// The runtime, for calls that put extrinsics into the node's pool, as valid at the block `at`.
    pub fn submitting_api(&self, at: Hash) -> ApiRef<'_, C::Api> {
        let mut api = self.client.runtime_api();
        api.register_extension(self.pool.offchain_transaction_pool(at));
        api
    }
}

/// Call `look` now and after each change of `head`, the number of the last final block, until it can change no more.
/// Several blocks that became final meanwhile are one change: the last one matters.
///
/// Blocks the thread for as long as `look` does: to be run where that is allowed.
pub async fn at_each_head(mut head: watch::Receiver<BlockNumber>, mut look: impl FnMut()) {
    loop {
        head.borrow_and_update();
        look();
        if head.changed().await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn it_looks_at_once_at_each_change_and_ends_with_the_sender() {
        let (sender, head) = watch::channel(0);
        let looks = Arc::new(AtomicU32::new(0));
        let seen = looks.clone();
        let task = tokio::spawn(at_each_head(head, move || {
            seen.fetch_add(1, Ordering::Relaxed);
        }));
        for number in 1..=3 {
            while looks.load(Ordering::Relaxed) < number {
                tokio::task::yield_now().await;
            }
            // Two in a row are one change.
            sender.send_replace(10 * number);
            sender.send_replace(10 * number + 1);
        }
        while looks.load(Ordering::Relaxed) < 4 {
            tokio::task::yield_now().await;
        }
        drop(sender);
        task.await.unwrap();
        assert_eq!(looks.load(Ordering::Relaxed), 4);
    }
}
