// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A node's part in the randomness beacon: it commits to a random id in each epoch, and reveals it.
//! `docs/beacon.md` describes the protocol.
//!
//! At each final block the worker asks the runtime what the keys in the node's keystore have to do
//! ([`BeaconApi::duty`](hansa_beacon_primitives::api::BeaconApi::duty)), and puts the call for it into
//! the node's own pool. It stores nothing: the id follows from key, epoch and beacon
//! ([`own_id`](hansa_beacon_primitives::commitment::own_id)), so a node that restarts between the two,
//! or whose keys were moved to another machine, reveals what it committed to.
//!
//! Whatever fails is logged, counted and tried again at the next final block.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`chain`] | what the worker asks of a chain, and the real one |
//! | [`duties`] | ids, commitments and signatures from the keystore |
//! | [`metrics`] | what it counts |
//! | [`worker`] | what is done at each final block |

#![forbid(unsafe_code)]

pub mod chain;
pub mod duties;
pub mod metrics;
#[cfg(test)]
mod tests;
pub mod worker;

use chain::BeaconChain;
use hansa_local_chain::{at_each_head, Head};
use hansa_primitives::BlockNumber;
use tokio::sync::watch;
use worker::Worker;

/// The target of log lines.
pub(crate) const LOG_TARGET: &str = "beacon";

/// Do a node's duties at each new final block, until `head`, the number of the last final block, can
/// change no more. `is_syncing` tells whether the node is far behind.
///
/// Blocks the thread for the runtime's calls: to be run where that is allowed.
pub async fn run<C: BeaconChain>(
    mut worker: Worker<C>,
    head: watch::Receiver<BlockNumber>,
    is_syncing: impl Fn() -> bool,
) {
    let look = || {
        let Head { height, hash } = worker.chain().head();
        worker.on_final(height, hash, is_syncing());
    };
    at_each_head(head, look).await;
}
