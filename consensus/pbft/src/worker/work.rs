// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Whether there are transactions for which a block is owed.
//!
//! A transaction that was ready and that an accepted block without any transaction left out stops
//! counting for a while: one that no primary can include must not change views, or make blocks,
//! for ever.

use hansa_primitives::Hash;
use sc_transaction_pool_api::{InPoolTransaction, TransactionPool};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

/// For how long a transaction that was left out does not count.
pub(crate) const LEFT_OUT_FOR: Duration = Duration::from_secs(30);

/// How many transactions are remembered as left out, and looked at for it.
pub(crate) const MAX_LEFT_OUT: usize = 8_192;

/// What is known of the work for the height under way.
#[derive(Default)]
pub(crate) struct Work {
    left_out: HashMap<Hash, Instant>,
    /// Whether the pool has seen the parent of the height under way: before, it still offers what
    /// the parent included.
    pool_is_current: bool,
    /// Ready when the proposal under way came, if that proposal has no transaction.
    ready_before: HashSet<Hash>,
    pending: bool,
}

impl Work {
    /// A new height began.
    pub fn new_height(&mut self) {
        self.pool_is_current = false;
        self.pending = false;
    }

    /// Whether there is a transaction that counts.
    pub fn pending(&self) -> bool {
        self.pending
    }

    /// The pool has taken note of the parent: look at what it offers.
    pub fn pool_updated<P>(&mut self, pool: &Arc<P>, now: Instant)
    where
        P: TransactionPool<Hash = Hash> + ?Sized,
    {
        self.pool_is_current = true;
        self.left_out
            .retain(|_, since| now.duration_since(*since) < LEFT_OUT_FOR);
        let room = MAX_LEFT_OUT.saturating_sub(self.left_out.len());
        for hash in std::mem::take(&mut self.ready_before)
            .into_iter()
            .take(room)
        {
            if pool.ready_transaction(&hash).is_some() {
                self.left_out.entry(hash).or_insert(now);
            }
        }
        self.pending = pool
            .ready()
            .any(|tx| !self.left_out.contains_key(tx.hash()));
    }

    /// A transaction became ready.
    pub fn transaction_ready(&mut self, hash: &Hash) {
        // Before the pool is current it is counted by `pool_updated`.
        self.pending |= self.pool_is_current && !self.left_out.contains_key(hash);
    }

    /// A proposal without any transaction was accepted: what is ready now was left out.
    pub fn empty_proposal<P>(&mut self, pool: &Arc<P>)
    where
        P: TransactionPool<Hash = Hash> + ?Sized,
    {
        if self.pool_is_current {
            self.ready_before = pool
                .ready()
                .take(MAX_LEFT_OUT)
                .map(|tx| *tx.hash())
                .collect();
        }
    }
}
