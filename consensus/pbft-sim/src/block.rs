// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Blocks of the simulated chain, and what makes one valid.

use crate::spec::Terms;
use codec::{Decode, Encode};
use hansa_pbft_primitives::{
    primary::primary, AuthorityIndex, Certificate, Hash, Height, SetId, Timing, View,
};
use hansa_vote_log::LoggedBlock;

/// A block. What a real one has in its header's digest stands in it plainly.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct SimBlock {
    /// The parent.
    pub parent: Hash,
    /// The number.
    pub height: Height,
    /// The view that the header names.
    pub view: View,
    /// The author.
    pub author: AuthorityIndex,
    /// The author's clock.
    pub timestamp_ms: u64,
    /// The set that took over by the record that the header brings, if it brings one.
    pub record: Option<SetId>,
    /// Makes blocks differ.
    pub salt: u64,
    /// Whether execution succeeds.
    pub executes: bool,
    /// So that blocks are of different sizes.
    pub body: Vec<u8>,
}

impl LoggedBlock for SimBlock {
    fn hash(&self) -> Hash {
        sp_crypto_hashing::blake2_256(&self.encode()).into()
    }

    fn height(&self) -> Height {
        self.height
    }
}

/// A block with the certificate that made it final.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinalBlock {
    /// The block.
    pub block: SimBlock,
    /// Its hash.
    pub hash: Hash,
    /// Its commit certificate.
    pub certificate: Certificate,
}

/// What a block is built on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parent {
    /// Its hash.
    pub hash: Hash,
    /// Its height.
    pub height: Height,
    /// Its timestamp; none of genesis.
    pub timestamp_ms: Option<u64>,
}

impl SimBlock {
    /// Whether every replica with this parent and these terms finds the block valid.
    pub(crate) fn is_valid(
        &self,
        parent: &Parent,
        terms: &Terms,
        seed: &[u8; 32],
        timing: &Timing,
    ) -> bool {
        let min_interval_ms = u64::from(timing.min_interval_ms);
        let due_ms = parent
            .timestamp_ms
            .map_or(0, |ms| ms.saturating_add(min_interval_ms));
        self.executes
            && self.parent == parent.hash
            && Some(self.height) == parent.height.checked_add(1)
            && self.timestamp_ms >= due_ms
            && self.record == terms.record
            && primary(&terms.set, seed, self.height, self.view) == Some(self.author)
    }

    /// Whether it may be the block of a proposal in `view`, as the replica's clock shows `now_ms`.
    pub fn fits(&self, view: View, reproposal: bool, now_ms: u64, timing: &Timing) -> bool {
        if reproposal {
            return self.view < view;
        }
        let latest = now_ms.saturating_add(u64::from(timing.max_clock_drift_ms));
        self.view == view && self.timestamp_ms <= latest
    }
}
