// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node's part in the randomness beacon of a chain, if the chain has one.

use super::{FullClient, FullPool};
use hansa_beacon_worker::{chain::ClientChain, metrics::Metrics, run, worker::Worker};
use hansa_primitives::{Block, BlockNumber};
use sc_network_sync::SyncingService;
use sc_service::TaskManager;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus::SyncOracle;
use sp_keystore::KeystorePtr;
use std::sync::Arc;
use tokio::sync::watch;

/// What the worker is made of.
pub struct BeaconParts {
    /// The chain's client.
    pub client: Arc<FullClient>,
    /// The node's pool, where commitments and reveals go.
    pub pool: Arc<FullPool>,
    /// Where the beacon keys are.
    pub keystore: KeystorePtr,
    /// The number of the last final block.
    pub head: watch::Receiver<BlockNumber>,
    /// Tells whether the node is far behind.
    pub sync: Arc<SyncingService<Block>>,
    /// Where to count.
    pub metrics: Metrics,
}

/// Commit and reveal for the beacon keys in the keystore, for as long as the node runs. Also on a node
/// that does not validate: it may be in the pool.
pub fn spawn(parts: BeaconParts, task_manager: &TaskManager) {
    let BeaconParts {
        client,
        pool,
        keystore,
        head,
        sync,
        metrics,
    } = parts;
    let chain = ClientChain::new(client, OffchainTransactionPoolFactory::new(pool));
    let worker = Worker::new(chain, keystore, metrics);
    let is_syncing = move || sync.is_major_syncing();
    task_manager.spawn_handle().spawn_blocking(
        "beacon-worker",
        Some("beacon"),
        run(worker, head, is_syncing),
    );
}
