// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A node's clock, and its database.

use crate::{
    block::{FinalBlock, Parent},
    crypto::GENESIS,
    rng::Rng,
    shared::MS,
};
use hansa_pbft_primitives::Height;

/// All clocks begin about here, in milliseconds since 1970.
pub(crate) const BEGIN_MS: u64 = 1_600_000_000_000;

/// A clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    /// By how much it is off, in milliseconds.
    pub offset_ms: i64,
    /// How many of its milliseconds a thousand true ones are.
    pub rate: u64,
}

impl Clock {
    /// What it shows.
    pub fn now_ms(&self, now_us: u64) -> u64 {
        let ran = (now_us / MS).saturating_mul(self.rate) / 1_000;
        (BEGIN_MS + ran).saturating_add_signed(self.offset_ms)
    }

    /// How long `ms` by this clock is, in true microseconds.
    pub fn delay_us(&self, ms: u64) -> u64 {
        ms.saturating_mul(MS).saturating_mul(1_000) / self.rate.max(1)
    }
}

/// The final blocks, from height 1; the database does not sync its writes.
#[derive(Default, Debug)]
pub(crate) struct Database {
    pub chain: Vec<FinalBlock>,
    flushed: usize,
    /// The highest height that was ever final here, for a client to see.
    pub shown: Height,
}

impl Database {
    pub fn best(&self) -> Height {
        self.chain.len() as Height
    }

    pub fn get(&self, height: Height) -> Option<&FinalBlock> {
        self.chain.get((height as usize).checked_sub(1)?)
    }

    /// Up to which height a power cut cannot harm it.
    pub fn flushed(&self) -> Height {
        self.flushed as Height
    }

    pub fn parent(&self) -> Parent {
        match self.chain.last() {
            Some(last) => Parent {
                hash: last.hash,
                height: last.block.height,
                timestamp_ms: Some(last.block.timestamp_ms),
            },
            None => Parent {
                hash: GENESIS,
                height: 0,
                timestamp_ms: None,
            },
        }
    }

    pub fn push(&mut self, block: FinalBlock, flush: bool) {
        self.chain.push(block);
        self.shown = self.shown.max(self.best());
        if flush {
            self.flushed = self.chain.len();
        }
    }

    /// An older copy is put in its place.
    pub fn go_back(&mut self, blocks: usize) {
        self.chain.truncate(blocks);
        self.flushed = self.chain.len();
    }

    /// A power cut takes some of what was not flushed.
    pub fn lose_power(&mut self, rng: &mut Rng) {
        let unsure = self.chain.len().saturating_sub(self.flushed);
        self.chain.truncate(self.flushed + rng.index(unsure + 1));
        self.flushed = self.chain.len();
    }
}
