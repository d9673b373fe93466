// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Time, the network, and what else nodes have in common.

use crate::{
    auditor::Auditor, packet::Packet, rng::Rng, spec::Spec, Breach, NetworkFaults, NodeFaults,
    Scenario, Summary,
};
use hansa_pbft_primitives::{Hash, Height, SetId, View};
use std::{
    collections::BTreeMap,
    rc::Rc,
    time::{Duration, Instant},
};

/// Microseconds in a millisecond: simulated time is in microseconds.
pub(crate) const MS: u64 = 1_000;

/// How long one partition lasts, in milliseconds.
const PARTITION_MS: u64 = 2_000;

/// Why a node does not go on.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It is down.
    Down,
    /// It has done, or seen, what must never be.
    Breach(Breach, String),
}

/// What happens at a time.
#[derive(Debug)]
pub(crate) enum Event {
    /// A packet arrives.
    Deliver {
        to: usize,
        from: usize,
        packet: Rc<Packet>,
    },
    /// Its signatures are checked.
    Checked {
        to: usize,
        from: usize,
        packet: Rc<Packet>,
    },
    /// What a node was waiting for, in that life of it.
    Wake { node: usize, life: u64, wake: Wake },
    /// A node starts.
    Boot { node: usize },
    /// All nodes lose power.
    Blackout,
    /// The set loses its quorum for good.
    Lose,
    /// The record of another set is made.
    Record,
    /// Those of the old set come back that were to be late.
    Return,
}

/// What the driver of a node waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// A transaction came, or the idle interval is over.
    Work(Height),
    /// A block is built.
    Built { height: Height, view: View },
    /// The timer of a view fires, of a height under this set.
    Timer {
        height: Height,
        view: View,
        set: SetId,
    },
    /// The node is told of the record.
    Told,
    /// The resend interval is over.
    Resend,
    /// A block is executed.
    Executed { height: Height, hash: Hash },
    /// The decided block is in the database.
    Imported(Height),
}

/// What things cost, in microseconds; drawn anew each time up to `…_spread_us` more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Costs {
    /// Building or executing a block.
    pub execute_us: u64,
    pub execute_spread_us: u64,
    /// Importing a final block.
    pub import_us: u64,
    pub import_spread_us: u64,
    /// One sync of the log. What a step sends waits for it.
    pub sync_us: u64,
    /// Checking one signature; a node does one thing at a time.
    pub verify_us: u64,
    /// The least time that a message takes.
    pub link_us: u64,
    /// The size of a block's body in bytes.
    pub body_bytes: u64,
    /// Up to which size the body varies.
    pub body_spread_bytes: u64,
}

impl Costs {
    /// What they cost in scenarios.
    pub const USUAL: Self = Self {
        execute_us: 5 * MS,
        execute_spread_us: 30 * MS,
        import_us: MS,
        import_spread_us: 10 * MS,
        sync_us: 0,
        verify_us: 0,
        link_us: MS,
        body_bytes: 0,
        body_spread_bytes: 600,
    };
}

/// What nodes have in common.
pub(crate) struct Shared {
    pub scenario: Scenario,
    pub spec: Spec,
    pub costs: Costs,
    pub seed: u64,
    pub now_us: u64,
    pub rng: Rng,
    pub auditor: Auditor,
    pub summary: Summary,
    /// How many nodes there are.
    pub nodes: usize,
    queue: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
    begin: Instant,
}

impl Shared {
    /// Before anything happened.
    pub fn new(scenario: &Scenario, seed: u64, costs: Costs) -> Self {
        Self {
            spec: Spec::new(scenario, seed),
            auditor: Auditor::default(),
            summary: Summary::default(),
            scenario: scenario.clone(),
            costs,
            seed,
            now_us: 0,
            rng: Rng::new(seed),
            nodes: 0,
            queue: BTreeMap::new(),
            scheduled: 0,
            begin: Instant::now(),
        }
    }

    /// The next event; time goes on to it.
    pub fn next(&mut self) -> Option<Event> {
        let ((at, _), event) = self.queue.pop_first()?;
        self.now_us = at;
        Some(event)
    }

    /// Let `event` happen after `delay_us`.
    pub fn schedule(&mut self, delay_us: u64, event: Event) {
        self.scheduled += 1;
        let at = self.now_us.saturating_add(delay_us);
        self.queue.insert((at, self.scheduled), event);
    }

    /// Now, for what goes by the system's clock: only differences matter.
    pub fn instant(&self) -> Instant {
        self.begin + Duration::from_micros(self.now_us)
    }

    /// Whether the safety phase is over.
    pub fn is_good(&self) -> bool {
        self.now_us >= self.scenario.heal_at_ms.saturating_mul(MS)
    }

    /// What the network does now.
    pub fn network(&self) -> NetworkFaults {
        if self.is_good() && !self.auditor.blind {
            NetworkFaults::NONE
        } else {
            self.scenario.network
        }
    }

    /// What happens to nodes now.
    pub fn node_faults(&self) -> NodeFaults {
        if self.is_good() {
            NodeFaults::NONE
        } else {
            self.scenario.nodes
        }
    }

    /// `least` and a part of `spread` more.
    pub fn cost(&mut self, least: u64, spread: u64) -> u64 {
        least + self.rng.below(spread.max(1))
    }

    /// Send to all other nodes, after `wait_us`.
    pub fn broadcast(&mut self, from: usize, wait_us: u64, packet: Packet) {
        let packet = self.count(packet, self.nodes.saturating_sub(1) as u64);
        for to in (0..self.nodes).filter(|to| *to != from) {
            self.transmit(from, to, wait_us, &packet);
        }
    }

    /// Send to one node.
    pub fn send(&mut self, from: usize, to: usize, packet: Packet) {
        let packet = self.count(packet, 1);
        self.transmit(from, to, 0, &packet);
    }

    fn count(&mut self, packet: Packet, receivers: u64) -> Rc<Packet> {
        let bytes = packet.bytes();
        self.summary.messages += receivers;
        self.summary.bytes += receivers * bytes.len() as u64;
        self.note(&bytes);
        Rc::new(packet)
    }

    /// Take `bytes` into the hash of the run.
    pub fn note(&mut self, bytes: &[u8]) {
        let mut hash = self.summary.trace ^ self.now_us;
        for byte in bytes {
            // FNV-1a.
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self.summary.trace = hash;
    }

    fn transmit(&mut self, from: usize, to: usize, wait_us: u64, packet: &Rc<Packet>) {
        let faults = self.network();
        let is_lost = self.is_cut(from, to) || self.rng.chance(faults.loss_permille);
        let reaches = faults.liars_reach_all
            && (self.auditor.knows_faulty(from) || self.auditor.knows_faulty(to));
        if is_lost && !reaches {
            return;
        }
        let copies = 1 + u64::from(self.rng.chance(faults.duplicates_permille));
        for _ in 0..copies {
            let delay = self.cost(self.costs.link_us, faults.delay_ms.saturating_mul(MS));
            let packet = packet.clone();
            self.schedule(wait_us + delay, Event::Deliver { to, from, packet });
        }
    }

    /// Whether a partition keeps what `from` sends from `to` now.
    fn is_cut(&self, from: usize, to: usize) -> bool {
        let faults = self.network();
        let period = self.now_us / (PARTITION_MS * MS);
        let mut rng = Rng::new(self.seed.wrapping_mul(0x1_0000_01b3) ^ period);
        let (there, sides) = (rng.chance(faults.partitions_permille), rng.number());
        let one_way = rng.chance(faults.asymmetric_permille);
        let side = |node: usize| (sides >> (node % 64)) & 1;
        there && side(from) != side(to) && !(one_way && side(from) == 0)
    }
}
