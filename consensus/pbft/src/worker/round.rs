// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker holds of the height under way.

use super::{pacing::Pace, recovery::Excuses};
use crate::{authorities::HeightState, block::HeldBlock, types::ProposedBlock};
use hansa_pbft_primitives::{AuthorityIndex, Certificate, Hash, Height, View};
use hansa_primitives::Header;
use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

/// How many proposed blocks of a height are kept before they are executed: one a view is honest.
pub(crate) const MAX_PROPOSED: usize = 16;

/// How many executed blocks of a height are held. Each keeps its changes in memory.
pub(crate) const MAX_HELD: usize = 8;

/// Where the own proposal stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Production {
    /// The state machine did not ask for a block.
    NotAsked,
    /// It did; the time has not come.
    Asked {
        /// The view to build for.
        view: View,
    },
    /// The block is being built.
    Building {
        /// The view it is built for.
        view: View,
    },
    /// It is built and waits until it is due.
    Waiting {
        /// The view it was built for.
        view: View,
        /// The block.
        hash: Hash,
        /// Its timestamp.
        due_ms: u64,
    },
}

/// A running timer of the state machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ViewTimer {
    pub view: View,
    pub fires_at: Instant,
}

/// The height under way.
pub(crate) struct Round {
    pub height: Height,
    pub parent: Header,
    /// When the parent was made, in milliseconds since 1970; none of genesis.
    pub parent_ms: Option<u64>,
    /// The certificate that made the parent final; none for genesis.
    pub parent_certificate: Option<Certificate>,
    pub state: HeightState,
    pub local: Option<AuthorityIndex>,
    /// Whether the node signs nothing here only because it has just started.
    pub gated: bool,
    /// When this height began for the node.
    pub began: Instant,
    pub pace: Pace,
    pub production: Production,
    /// Whether the state machine was told that a block is owed.
    pub work_told: bool,
    pub timer: Option<ViewTimer>,
    /// Proposed blocks by hash, not yet executed.
    pub proposed: HashMap<Hash, ProposedBlock>,
    /// Executed blocks by hash.
    pub held: HashMap<Hash, HeldBlock>,
    /// Blocks that are being executed, and the questions of the state machine that the result
    /// answers.
    pub executing: HashMap<Hash, Vec<Question>>,
    /// Blocks that peers are asked for.
    pub missing: HashMap<Hash, Missing>,
    /// Blocks that were executed and found bad.
    pub bad: HashSet<Hash>,
    /// When a proposal was first seen, for the time to finality.
    pub first_seen: HashMap<Hash, Instant>,
    /// The certificate that decided the height.
    pub decided: Option<Certificate>,
    /// Whether the decided block is on its way into the database.
    pub importing: bool,
    /// What peers said here that was refused in good faith.
    pub excuses: Excuses,
}

/// A question of the state machine: is this block valid as the proposal of this view?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Question {
    pub view: View,
    pub reproposal: bool,
}

/// A block that is not at hand.
#[derive(Default, Debug)]
pub(crate) struct Missing {
    /// The questions that wait for it.
    pub questions: Vec<Question>,
    /// Whether a request is under way.
    pub asked: bool,
}

impl Round {
    /// The block with `hash`, executed or not.
    pub fn block(&self, hash: &Hash) -> Option<&ProposedBlock> {
        self.held
            .get(hash)
            .map(|held| &held.block)
            .or_else(|| self.proposed.get(hash))
    }

    /// Whether the block with `hash` was asked for, or is here already.
    pub fn wants(&self, hash: &Hash) -> bool {
        self.missing.contains_key(hash) || self.block(hash).is_some()
    }

    /// Keep a proposed block, if there is room. What does not fit is asked for when it is needed.
    pub fn propose(&mut self, block: ProposedBlock) {
        let hash = block.hash();
        if self.block(&hash).is_some() || self.bad.contains(&hash) {
            return;
        }
        // There always is room for what was asked for.
        if self.proposed.len() >= MAX_PROPOSED && !self.missing.contains_key(&hash) {
            return;
        }
        self.first_seen.entry(hash).or_insert_with(Instant::now);
        self.proposed.insert(hash, block);
    }

    /// Forget a block that came with a proposal which counts for nothing, unless it is needed.
    pub fn withdraw(&mut self, hash: &Hash) {
        let is_decided = self.decided.as_ref().is_some_and(|c| c.hash == *hash);
        if is_decided || self.missing.contains_key(hash) || self.executing.contains_key(hash) {
            return;
        }
        if self.proposed.remove(hash).is_some() {
            self.first_seen.remove(hash);
        }
    }
}
