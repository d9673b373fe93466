// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What all nodes of a run know of the chain: who decides which height.

use crate::{
    crypto::{key, FakeCrypto, GENESIS},
    Scenario,
};
use codec::Encode;
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{
    primary::primary, Authority, AuthorityIndex, AuthoritySet, Height, SetId, SignedStatement,
    SigningContext, Timing, View,
};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

/// Who decides a height.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Terms {
    /// The set.
    pub set: Arc<AuthoritySet>,
    /// The same set, if it decides its first height by a record that puts it in the place of another:
    /// the block must bring that.
    pub record: Option<SetId>,
}

impl Terms {
    /// What ties signatures to the chain and the set.
    pub fn context(&self) -> SigningContext {
        SigningContext {
            genesis: GENESIS,
            set_id: self.set.id,
        }
    }
}

/// A record that another set decides above a height.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    /// The height of the last block of the set before.
    pub head: Height,
    /// The set that takes its place.
    pub set: Arc<AuthoritySet>,
    /// When it was made, by true time in milliseconds since 1970.
    pub made_ms: u64,
}

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
    /// The records that are made, all above one head: each takes the place of the one before.
    records: Vec<Record>,
}

impl Spec {
    /// The chain of `scenario` with `seed`.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self {
            timing: scenario.timing,
            seed: sp_crypto_hashing::blake2_256(&(b"draw", seed).encode()),
            weights: scenario.weights.to_vec(),
            session_heights: scenario.sessions.map_or(Height::MAX, |s| s.heights.max(1)),
            candidates: scenario.weights.len()
                + scenario.sessions.map_or(0, |s| s.spare)
                + scenario.recovery.map_or(0, |r| r.spare),
            sets: RefCell::default(),
            records: Vec::new(),
        }
    }

    /// How many nodes are authorities in one session or another.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// How many nodes are authorities of the first session.
    pub fn founders(&self) -> usize {
        self.weights.len()
    }

    /// The set that the chain itself has for `height`. In each session as many candidates as there
    /// are weights are in it, beginning with another one.
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

    /// Put a set of `members`, of weight 1 each, in place above `head`, which is the same if there is a
    /// record already.
    pub fn recover(&mut self, head: Height, members: &[usize], made_ms: u64) {
        let list = members.iter().map(|node| Authority {
            key: key(*node),
            weight: 1,
        });
        let before = self.terms(head.saturating_add(1), self.records()).set.id;
        let id = before.saturating_add(1);
        let set = Arc::new(AuthoritySet::new(id, list.collect()).unwrap_or_default());
        self.records.push(Record { head, set, made_ms });
    }

    /// How many records are made.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// The id of the set of the last record, if one is made.
    pub fn recorded_set(&self) -> Option<SetId> {
        self.records.last().map(|record| record.set.id)
    }

    /// When the record of this set was made, if it has one, by true time in milliseconds since
    /// 1970.
    pub fn made_ms(&self, set: SetId) -> Option<u64> {
        let mut records = self.records.iter();
        let record = records.find(|record| record.set.id == set)?;
        Some(record.made_ms)
    }

    /// Who decides `height` for a node that was told of the first `known` records, of which only the
    /// last counts.
    pub fn terms(&self, height: Height, known: usize) -> Terms {
        let last = known.checked_sub(1);
        let record = last.and_then(|last| self.records.get(last));
        match record.filter(|record| height > record.head) {
            Some(record) => Terms {
                set: record.set.clone(),
                record: (record.head.checked_add(1) == Some(height)).then_some(record.set.id),
            },
            None => Terms {
                set: self.set(height),
                record: None,
            },
        }
    }

    /// All terms under which nodes may take `height` to be decided, the oldest first.
    pub fn all_terms(&self, height: Height) -> Vec<Terms> {
        let known = 0..=self.records();
        let mut all: Vec<_> = known.map(|known| self.terms(height, known)).collect();
        all.dedup();
        all
    }

    /// The terms of `height` with the set of this id.
    pub fn terms_of_set(&self, height: Height, set: SetId) -> Option<Terms> {
        let all = self.all_terms(height);
        all.into_iter().find(|terms| terms.set.id == set)
    }

    /// The terms under which `signed` was signed, if its signature is good.
    pub fn terms_of(&self, signed: &SignedStatement) -> Option<Terms> {
        let all = self.all_terms(signed.height);
        all.into_iter().find(|terms| {
            signed.verify_with(&terms.context(), &terms.set, |key, payload, signature| {
                FakeCrypto.verify(key, payload, signature)
            })
        })
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
