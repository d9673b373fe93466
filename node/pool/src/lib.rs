// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A node's part in the node pool of a hub: it comes into the pool by itself if it was told to
//! (`--join-pool`), and tells its operator where it is. `docs/allocation.md` has the rules.
//!
//! At each final block the worker asks the runtime what the nodes of the beacon keys in the keystore are to
//! the pool ([`own_node`](hansa_allocation_primitives::api::AllocationApi::own_node)). It signs
//! the wish to join with that key: no account's key lies on the node. It stores nothing, and takes nobody
//! out of the pool: that is the operator's transaction.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`chain`] | what the worker asks of a chain, and the real one |
//! | [`state`] | where a node is, in words |
//! | [`metrics`] | what it counts |
//! | [`worker`] | what is done at each final block |

#![forbid(unsafe_code)]

pub mod chain;
pub mod metrics;
pub mod state;
#[cfg(test)]
mod tests;
pub mod worker;

use chain::PoolChain;
use hansa_local_chain::{at_each_head, Head};
use hansa_primitives::BlockNumber;
use tokio::sync::watch;
use worker::Worker;

/// The target of log lines.
pub(crate) const LOG_TARGET: &str = "pool";

/// Look at each new final block, until `head`, the number of the last final block, can change no more.
/// `is_syncing` tells whether the node is far behind: then what it sees is long past, and it waits.
///
/// Blocks the thread for the runtime's calls: to be run where that is allowed.
pub async fn run<C: PoolChain>(
    mut worker: Worker<C>,
    head: watch::Receiver<BlockNumber>,
    is_syncing: impl Fn() -> bool,
) {
    let look = || {
        if !is_syncing() {
            let Head { height, hash } = worker.chain().head();
            worker.on_final(height, hash);
        }
    };
    at_each_head(head, look).await;
}
