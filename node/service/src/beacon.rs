// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node's part in the randomness beacon of a chain, if the chain has one.

use crate::full::FullNode;
use hansa_beacon_worker::{metrics::Metrics, run, worker::Worker};
use hansa_local_chain::LocalChain;
use sc_service::TaskManager;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus::SyncOracle;

/// Commit and reveal for the beacon keys in the keystore, for as long as the node runs. Also on a node
/// that does not validate: it may be in the pool.
pub fn spawn(node: &FullNode, metrics: Metrics, task_manager: &TaskManager) {
    let pool = OffchainTransactionPoolFactory::new(node.pool.clone());
    let chain = LocalChain::new(node.client.clone(), pool);
    let worker = Worker::new(chain, node.keystore.clone(), metrics);
    let sync = node.sync.clone();
    let is_syncing = move || sync.is_major_syncing();
    task_manager.spawn_handle().spawn_blocking(
        "beacon-worker",
        Some("beacon"),
        run(worker, node.head.clone(), is_syncing),
    );
}
