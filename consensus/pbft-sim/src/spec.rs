// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What all nodes of a run know of the chain: who decides which height.

use crate::{
    crypto::{key, GENESIS},
    Scenario,
};
use codec::Encode;
use hansa_pbft_primitives::{
    primary::primary, Authority, AuthorityIndex, AuthoritySet, Height, SigningContext, Timing, View,
};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

/// The chain of a run.
#[derive(Debug)]
pub(crate) struct Spec {
    /// The intervals and timeouts.
    pub timing: Timing,
    /// The seed of the primary's draw.
    pub seed: [u8; 32],
    weights: Vec<u64>,
    session_heights: Height,
    candidates: usize,
    sets: RefCell<BTreeMap<u64, Arc<AuthoritySet>>>,
}

impl Spec {
    /// The chain of `scenario` with `seed`.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self {
            timing: scenario.timing,
            seed: sp_crypto_hashing::blake2_256(&(b"draw", seed).encode()),
            weights: scenario.weights.to_vec(),
            session_heights: scenario.sessions.map_or(Height::MAX, |s| s.heights.max(1)),
            candidates: scenario.weights.len() + scenario.sessions.map_or(0, |s| s.spare),
            sets: RefCell::default(),
        }
    }

    /// How many nodes are authorities in one session or another.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// The set that decides `height`. In each session as many candidates as there are weights are
    /// in it, beginning with another one.
    pub fn set(&self, height: Height) -> Arc<AuthoritySet> {
        let session = u64::from(height.saturating_sub(1) / self.session_heights);
        let make = || {
            let list = self
                .weights
                .iter()
                .enumerate()
                .map(|(i, weight)| Authority {
                    key: key((session as usize + i) % self.candidates),
                    weight: *weight,
                })
                .collect();
            // Weights are above 0 and keys differ, so there is a set.
            Arc::new(AuthoritySet::new(session, list).unwrap_or_default())
        };
        self.sets
            .borrow_mut()
            .entry(session)
            .or_insert_with(make)
            .clone()
    }

    /// What ties signatures of `height` to the chain and its set.
    pub fn context(&self, height: Height) -> SigningContext {
        SigningContext {
            genesis: GENESIS,
            set_id: self.set(height).id,
        }
    }

    /// The primary of (`height`, `view`).
    pub fn primary(&self, height: Height, view: View) -> Option<AuthorityIndex> {
        primary(&self.set(height), &self.seed, height, view)
    }
}
