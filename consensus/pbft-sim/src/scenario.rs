// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a run is made of, as data. The list of scenarios is in [`catalogue`](crate::catalogue).

use crate::byzantine::Kind;
use hansa_pbft_primitives::Timing;

/// The intervals of the simulated chain: short, so that a run has many heights.
pub const TIMING: Timing = Timing {
    min_interval_ms: 50,
    idle_interval_ms: 300,
    view_timeout_ms: 600,
    view_timeout_step_ms: 300,
    view_timeout_cap_ms: 4_000,
    silent_timeout_ms: 250,
    resend_interval_ms: 200,
    max_clock_drift_ms: 500,
};

/// The longest delay of a message once the network is good, in milliseconds.
pub const GOOD_DELAY_MS: u64 = 50;

/// What the network does in the safety phase. Permilles are chances of a thousand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NetworkFaults {
    /// How many messages are lost.
    pub loss_permille: u64,
    /// How many come twice.
    pub duplicates_permille: u64,
    /// The longest delay of a message, in milliseconds. Delays are independent, so messages
    /// overtake each other.
    pub delay_ms: u64,
    /// How many periods have a partition into two parts.
    pub partitions_permille: u64,
    /// How many partitions cut one direction only.
    pub asymmetric_permille: u64,
    /// Whether what byzantine nodes send and hear is never lost or cut off.
    pub liars_reach_all: bool,
}

impl NetworkFaults {
    /// A good network.
    pub const NONE: Self = Self {
        loss_permille: 0,
        duplicates_permille: 0,
        delay_ms: GOOD_DELAY_MS,
        partitions_permille: 0,
        asymmetric_permille: 0,
        liars_reach_all: false,
    };

    /// A bad one.
    pub const LOSSY: Self = Self {
        loss_permille: 200,
        duplicates_permille: 100,
        delay_ms: 400,
        partitions_permille: 300,
        asymmetric_permille: 300,
        liars_reach_all: false,
    };
}

/// What happens to nodes and their disks in the safety phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeFaults {
    /// How many steps end in a crash, at any of the disk's operations or any of the messages that
    /// are to be sent.
    pub crashes_permille: u64,
    /// How many crashes take the machine down and not just the process, so that what was not
    /// synced is lost or torn, and the database is back where it was flushed.
    pub power_cuts_permille: u64,
    /// How many steps find the disk failing: an error, after which the node stops.
    pub disk_errors_permille: u64,
    /// How many blocks that correct nodes build are bad.
    pub bad_blocks_permille: u64,
    /// Once in the run, all nodes lose power at one instant.
    pub blackout: bool,
    /// What is done to the log of one node, again and again, while it is down.
    pub log_damage: Option<LogDamage>,
}

impl NodeFaults {
    /// Nothing happens.
    pub const NONE: Self = Self {
        crashes_permille: 0,
        power_cuts_permille: 0,
        disk_errors_permille: 0,
        bad_blocks_permille: 0,
        blackout: false,
        log_damage: None,
    };

    /// Crashes of all sorts.
    pub const CRASHES: Self = Self {
        crashes_permille: 20,
        power_cuts_permille: 500,
        disk_errors_permille: 3,
        bad_blocks_permille: 30,
        blackout: false,
        log_damage: None,
    };
}

/// What can happen to a log besides that of which it is itself in command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogDamage {
    /// The file is deleted.
    Delete,
    /// Its end is cut off, at any byte.
    Truncate,
    /// A bit is flipped.
    FlipBit,
    /// An older copy is put in its place.
    OldCopy,
    /// An older copy of both the log and the database is put in their place.
    Snapshot,
    /// Both log and database are deleted.
    Wipe,
}

/// How the clocks go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clocks {
    /// By how much a clock may be off, either way, in milliseconds.
    pub offset_ms: u64,
    /// By how many thousandths a clock, and with it all timers, may be faster or slower.
    pub rate_permille: u64,
    /// By how much the clock of one node is ahead, in milliseconds, besides: beyond the drift that
    /// is allowed, so that the others refuse its blocks.
    pub one_ahead_ms: u64,
}

impl Clocks {
    /// All clocks are right.
    pub const EXACT: Self = Self {
        offset_ms: 0,
        rate_permille: 0,
        one_ahead_ms: 0,
    };

    /// Clocks as they are.
    pub const SKEWED: Self = Self {
        offset_ms: 100,
        rate_permille: 50,
        one_ahead_ms: 0,
    };
}

/// How the set of authorities changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sessions {
    /// How many heights a session has.
    pub heights: u32,
    /// How many nodes there are besides the authorities of the first session. In each session as
    /// many nodes as have a weight are authorities, in turn.
    pub spare: usize,
}

/// The set loses its quorum for good, and a record puts another one in its place.
///
/// Once lost, a third of the chain's authorities and more are stopped, at a moment at which some
/// node that stays has all that is final, and none of those that go has committed to more: what the
/// challenge before a record sees to. The record names those that stay and the spare nodes. It comes
/// to each node at another time, and a node that starts again must be told anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovery {
    /// How many authorities stop for good.
    pub lost: usize,
    /// How many more stop, and come back when all others of the old set have the record: without it,
    /// until the network is good.
    pub late: usize,
    /// How many nodes there are besides, for the new set.
    pub spare: usize,
    /// Whether these start only when the others have stopped.
    pub spares_are_new: bool,
    /// When the authorities stop, in milliseconds, or soon after.
    pub lost_at_ms: u64,
    /// How long after that the record is made, in milliseconds.
    pub made_after_ms: u64,
    /// How long it takes at most to be told of it, in milliseconds.
    pub told_within_ms: u64,
    /// Whether the set of the record has no quorum either, and a second record of the same head
    /// follows when some have heard of the first.
    pub twice: bool,
}

/// A fault of the node around the state machine, put in on purpose: a run must find it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sabotage {
    /// Messages are sent before what they rest on is durable.
    SendBeforePersist,
    /// What was appended to the log is written but never synced.
    NoSync,
    /// At start the records of the log are not given back to the state machine.
    ForgetRecords,
    /// At start the decided blocks of the log are not brought back into the database.
    NoReplay,
    /// Decided blocks go into the database only, not into the log.
    NoDecisionInLog,
    /// A log that is new or damaged is taken for complete.
    NoSilence,
    /// A node signs at once when it has started, without having heard of the others.
    NoStartGate,
    /// Proposals are taken for valid without being executed.
    NoExecution,
    /// Prepared certificates are not written to the log.
    NoLockInLog,
    /// That another set has taken over is not written to the log.
    NoSetInLog,
}

/// What must be true of a run besides safety.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// Once the network is good, all correct nodes decide `heights` more within `within_ms`.
    Progress {
        /// How many heights.
        heights: u32,
        /// In what simulated time, in milliseconds.
        within_ms: u64,
    },
    /// As `Progress`, and no view change at all.
    NoViewChange {
        /// How many heights.
        heights: u32,
        /// In what simulated time, in milliseconds.
        within_ms: u64,
    },
    /// Too many are faulty: there may be a fork, but each leaves evidence against authorities of
    /// more weight than may be faulty. Progress is not asked for.
    EvidenceOfForks,
}

impl Expect {
    /// What is usual.
    pub const USUAL: Self = Self::Progress {
        heights: 5,
        within_ms: 90_000,
    };
}

/// A kind of run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, as the command line takes it.
    pub name: &'static str,
    /// The weights of the authorities, one node each.
    pub weights: &'static [u64],
    /// How the set changes; it does not if there are none.
    pub sessions: Option<Sessions>,
    /// How it is lost and replaced; it is not if nothing is said.
    pub recovery: Option<Recovery>,
    /// The byzantine nodes: which authorities they are depends on the seed.
    pub byzantine: &'static [Kind],
    /// How many authorities never run.
    pub dead: usize,
    /// How many authorities have no key at hand, and follow.
    pub muted: usize,
    /// How many nodes follow besides.
    pub followers: usize,
    /// What the network does.
    pub network: NetworkFaults,
    /// What happens to nodes.
    pub nodes: NodeFaults,
    /// How the clocks go.
    pub clocks: Clocks,
    /// The intervals and timeouts.
    pub timing: Timing,
    /// How long the safety phase is, in milliseconds.
    pub heal_at_ms: u64,
    /// What is asked for besides safety.
    pub expect: Expect,
    /// A fault put in on purpose.
    pub sabotage: Option<Sabotage>,
}

impl Scenario {
    /// Four authorities of weight 1 on a bad network.
    pub const BASE: Self = Self {
        name: "base",
        weights: &[1; 4],
        sessions: None,
        recovery: None,
        byzantine: &[],
        dead: 0,
        muted: 0,
        followers: 0,
        network: NetworkFaults::LOSSY,
        nodes: NodeFaults::NONE,
        clocks: Clocks::EXACT,
        timing: TIMING,
        heal_at_ms: 15_000,
        expect: Expect::USUAL,
        sabotage: None,
    };

    /// The same with a fault put in on purpose.
    pub fn with(&self, sabotage: Sabotage) -> Self {
        Self {
            sabotage: Some(sabotage),
            ..self.clone()
        }
    }
}
