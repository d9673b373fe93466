// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How a run went.

use hansa_pbft_primitives::{Hash, Height, View};

/// How a run went.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// A hash over everything that was sent and imported, and when: equal for equal runs.
    pub trace: u64,
    /// How long it was, in simulated milliseconds.
    pub simulated_ms: u64,
    /// How many heights were decided.
    pub heights: Height,
    /// The highest view that a correct authority asked for.
    pub highest_view: View,
    /// Which height was decided in which view: (milliseconds, node, height, view).
    pub decisions: Vec<(u64, usize, Height, View)>,
    /// Packets sent, once for each receiver.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Syncs of logs.
    pub syncs: u64,
    /// How often a node went down.
    pub crashes: u64,
    /// How many logs were found with a torn end.
    pub torn_logs: u64,
    /// How many logs were found damaged.
    pub damaged_logs: u64,
    /// How many of these a crash alone had left so.
    pub false_damage: u64,
    /// How often a log was harmed on purpose.
    pub logs_harmed: u64,
    /// How many decided blocks came back from a log.
    pub replayed_blocks: u64,
    /// How many heights a validator was silent, for its log might lack something.
    pub silent_heights: u64,
    /// How often a node began a height anew under the set of a record.
    pub taken_over: u64,
    /// How often a node was silent, since its log said that a later set has taken over.
    pub superseded: u64,
    /// How many forks there were.
    pub forks: u64,
    /// How many authorities there is evidence against, at the heights of the run.
    pub convictions: u64,
    /// When which block was built, in microseconds.
    pub(crate) built: Vec<(Hash, u64)>,
    /// When a node knew that which block is final, in microseconds.
    pub(crate) decided: Vec<(Hash, u64)>,
}

impl Summary {
    /// Add what was counted in another run.
    pub fn add(&mut self, other: &Self) {
        self.simulated_ms += other.simulated_ms;
        self.heights += other.heights;
        self.highest_view = self.highest_view.max(other.highest_view);
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.syncs += other.syncs;
        self.crashes += other.crashes;
        self.torn_logs += other.torn_logs;
        self.damaged_logs += other.damaged_logs;
        self.false_damage += other.false_damage;
        self.logs_harmed += other.logs_harmed;
        self.replayed_blocks += other.replayed_blocks;
        self.silent_heights += other.silent_heights;
        self.taken_over += other.taken_over;
        self.superseded += other.superseded;
        self.forks += other.forks;
        self.convictions += other.convictions;
    }
}
