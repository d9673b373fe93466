// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node's part in the node pool of a chain, if the chain is a hub.

use super::{FullClient, FullPool};
use hansa_pool_worker::{chain::ClientChain, metrics::Metrics, run, worker::Worker};
use hansa_primitives::{Block, BlockNumber};
use sc_network_sync::SyncingService;
use sc_service::TaskManager;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus::SyncOracle;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use tokio::sync::watch;

/// What the worker is made of.
pub struct PoolParts {
    /// The chain's client.
    pub client: Arc<FullClient>,
    /// The node's pool of transactions, where wishes to join go.
    pub pool: Arc<FullPool>,
    /// Where the beacon keys are.
    pub keystore: KeystorePtr,
    /// The number of the last final block.
    pub head: watch::Receiver<BlockNumber>,
    /// Tells whether the node is far behind.
    pub sync: Arc<SyncingService<Block>>,
    /// Where to count.
    pub metrics: Metrics,
    /// Whether the node comes into the pool by itself.
    pub joins: bool,
}

/// Follow the nodes of the beacon keys in the keystore, for as long as this one runs.
pub fn spawn(parts: PoolParts, task_manager: &TaskManager) {
    let PoolParts {
        client,
        pool,
        keystore,
        head,
        sync,
        metrics,
        joins,
    } = parts;
    let chain = ClientChain::new(client, OffchainTransactionPoolFactory::new(pool));
    let worker = Worker::new(chain, keystore, metrics, joins);
    let is_syncing = move || sync.is_major_syncing();
    task_manager.spawn_handle().spawn_blocking(
        "pool-worker",
        Some("pool"),
        run(worker, head, is_syncing),
    );
}
