// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node's part in the node pool of a chain, if the chain is a hub.

use crate::full::FullNode;
use hansa_local_chain::LocalChain;
use hansa_pool_worker::{metrics::Metrics, run, worker::Worker};
use sc_service::TaskManager;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus::SyncOracle;

/// Follow the nodes of the beacon keys in the keystore, for as long as this one runs. They come into the pool by
/// themselves if it `joins`.
pub fn spawn(node: &FullNode, metrics: Metrics, joins: bool, task_manager: &TaskManager) {
    let pool = OffchainTransactionPoolFactory::new(node.pool.clone());
    let chain = LocalChain::new(node.client.clone(), pool);
    let worker = Worker::new(chain, node.keystore.clone(), metrics, joins);
    let sync = node.sync.clone();
    let is_syncing = move || sync.is_major_syncing();
    task_manager.spawn_handle().spawn_blocking(
        "pool-worker",
        Some("pool"),
        run(worker, node.head.clone(), is_syncing),
    );
}
