// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A run: who is who, and what happens in which order.

use crate::{
    byzantine::{make, Kind},
    crypto::{key, FakeCrypto},
    disk::Crash,
    node::Node,
    rng::Rng,
    shared::{Costs, Event, Halt, Shared, MS},
    Breach, Expect, Scenario, Summary, Violation,
};
use hansa_pbft_core::Core;
use hansa_pbft_primitives::Height;

/// How often faulty nodes are drawn anew until their weight is as it should be.
const DRAWS: u32 = 1_000;

/// How long a run with too many faulty nodes goes on once the network is good, in milliseconds.
const OVERRUN_MS: u64 = 10_000;

/// The longest time that a node is down, in milliseconds.
const DOWN_MS: u64 = 1_500;

/// Purposes of generators.
const ROLES: u64 = 1;
const MANNERS: u64 = 2;

/// A run.
pub(crate) struct World {
    pub shared: Shared,
    pub nodes: Vec<Node>,
    /// Those that do not run at all.
    pub(crate) dead: Vec<usize>,
    /// Those that stop for good when the set loses its quorum, and those that come back late.
    pub(crate) lost: Vec<usize>,
    pub(crate) late: Vec<usize>,
    /// The height that all must reach, once the network is good.
    target: Option<Height>,
}

impl World {
    /// The run of `scenario` with `seed`, before anything happened.
    pub fn new(
        scenario: &Scenario,
        seed: u64,
        costs: Costs,
        make_core: fn() -> Core<FakeCrypto>,
    ) -> Self {
        let mut shared = Shared::new(scenario, seed, costs);
        let mut rng = shared.rng.fork(ROLES);
        let candidates = shared.spec.candidates();
        let mut nodes: Vec<_> = (0..candidates)
            .map(|id| Node::new(id, Some(key(id)), make_core))
            .collect();
        shared.auditor.overrun = scenario.expect == Expect::EvidenceOfForks;
        let manners = shared.rng.fork(MANNERS);
        // Which half of the nodes each is in: liars agree on it.
        let mut conspiracy = rng.number();
        let faulty = draw_faulty(scenario, &mut rng);
        let (liars, others) = faulty.split_at(scenario.byzantine.len().min(faulty.len()));
        for (id, kind) in liars.iter().zip(scenario.byzantine) {
            if *kind == Kind::Twin {
                // The one in the first half, its twin in the other; both have the same manners.
                conspiracy &= !(1 << (*id % 64));
                conspiracy |= 1 << (nodes.len() % 64);
            }
            let liar = |node: usize| make(*kind, node, manners.fork(*id as u64), conspiracy);
            nodes[*id].fault = Some(liar(*id));
            nodes[*id].faulty = true;
            shared.auditor.is_faulty(*id);
            if *kind == Kind::Twin {
                let twin = nodes.len();
                let mut node = Node::new(twin, Some(key(*id)), make_core);
                node.fault = Some(liar(twin));
                node.faulty = true;
                shared.auditor.is_faulty(twin);
                nodes.push(node);
            }
        }
        let (dead, muted) = others.split_at(scenario.dead.min(others.len()));
        for id in muted {
            nodes[*id].key = None;
        }
        for _ in 0..scenario.followers {
            nodes.push(Node::new(nodes.len(), None, make_core));
        }
        let mut world = Self {
            dead: dead.to_vec(),
            lost: Vec::new(),
            late: Vec::new(),
            shared,
            nodes,
            target: None,
        };
        world.set_up(&mut rng, candidates);
        world
    }

    /// Clocks, victims, and the first events.
    fn set_up(&mut self, rng: &mut Rng, candidates: usize) {
        let scenario = self.shared.scenario.clone();
        self.shared.nodes = self.nodes.len();
        let clocks = scenario.clocks;
        for node in &mut self.nodes {
            node.clock.offset_ms = rng.around(clocks.offset_ms);
            node.clock.rate = 1_000u64.saturating_add_signed(rng.around(clocks.rate_permille));
        }
        let correct: Vec<_> = (0..candidates)
            .filter(|i| !self.nodes[*i].faulty && self.nodes[*i].key.is_some())
            .filter(|i| !self.dead.contains(i))
            .collect();
        if !correct.is_empty() {
            let chosen = &mut self.nodes[correct[rng.index(correct.len())]];
            chosen.victim = true;
            chosen.clock.offset_ms += clocks.one_ahead_ms as i64;
        }
        self.set_up_recovery();
        for node in self.starting() {
            let delay = rng.below(100);
            self.shared.schedule(delay * MS, Event::Boot { node });
        }
        if scenario.nodes.blackout {
            let third = scenario.heal_at_ms / 3;
            let at = third + rng.below(third);
            self.shared.schedule(at * MS, Event::Blackout);
        }
    }

    /// The nodes that run, up or down.
    pub(crate) fn running(&self) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|i| !self.dead.contains(i))
            .collect()
    }

    /// Those that start with the run.
    fn starting(&self) -> Vec<usize> {
        let new = self
            .shared
            .scenario
            .recovery
            .is_some_and(|r| r.spares_are_new);
        let is_spare = |node: &usize| self.spares().contains(node);
        let running = self.running().into_iter();
        running.filter(|node| !(new && is_spare(node))).collect()
    }

    /// Run to the end.
    pub fn run(mut self) -> Result<Summary, Violation> {
        while let Some(event) = self.shared.next() {
            if let Err((breach, detail)) = self.happen(event) {
                return Err(self.violation(breach, detail));
            }
            if self.is_over() {
                return self.finish();
            }
            if self.is_late() {
                let (target, states) = (self.target, self.states());
                let logs = &self.shared.summary;
                let detail = format!(
                    "not all reached {target:?}: {states:?}; {} torn and {} damaged logs, {} by a \
                     crash alone",
                    logs.torn_logs, logs.damaged_logs, logs.false_damage
                );
                return Err(self.violation(Breach::NoProgress, detail));
            }
        }
        Err(self.violation(Breach::NoProgress, "nothing happens any more".into()))
    }

    fn violation(&self, breach: Breach, detail: String) -> Violation {
        Violation {
            scenario: self.shared.scenario.name,
            seed: self.shared.seed,
            at_ms: self.shared.now_us / MS,
            breach,
            detail,
        }
    }

    /// How many heights must follow once the network is good, and in what time.
    fn progress(&self) -> Option<(Height, u64)> {
        match self.shared.scenario.expect {
            Expect::Progress { heights, within_ms }
            | Expect::NoViewChange { heights, within_ms } => Some((heights, within_ms)),
            Expect::EvidenceOfForks => None,
        }
    }

    fn is_over(&mut self) -> bool {
        if !self.shared.is_good() {
            return self.shared.auditor.fork.is_some();
        }
        let Some((heights, _)) = self.progress() else {
            let end_ms = self.shared.scenario.heal_at_ms + OVERRUN_MS;
            return self.shared.auditor.fork.is_some() || self.shared.now_us >= end_ms * MS;
        };
        let Some(target) = self.target else {
            for node in &self.nodes {
                node.disk.clear_trouble();
            }
            let highest = self.nodes.iter().map(Node::height).max().unwrap_or(0);
            self.target = Some(highest.saturating_add(heights));
            return false;
        };
        self.running()
            .into_iter()
            .filter(|i| !self.nodes[*i].faulty)
            .all(|i| self.nodes[i].height() >= target)
    }

    fn is_late(&self) -> bool {
        self.progress().is_some_and(|(_, within_ms)| {
            let end_ms = self.shared.scenario.heal_at_ms.saturating_add(within_ms);
            self.shared.now_us >= end_ms.saturating_mul(MS)
        })
    }

    /// (height, view, whether it may speak) of each node, for a person to read.
    fn states(&self) -> Vec<String> {
        let state = |node: &Node| {
            let running = node.running.as_ref();
            let view = running.and_then(|r| r.core.round_state()).map(|s| s.view);
            let local = running.and_then(|r| r.round.local);
            let from = running.and_then(|r| r.log.as_ref()?.signing_from());
            format!(
                "node {}{}: height {}, view {view:?}, authority {local:?}, signs from {from:?}",
                node.id,
                if node.faulty { " (faulty)" } else { "" },
                node.height()
            )
        };
        self.nodes.iter().map(state).collect()
    }

    fn finish(mut self) -> Result<Summary, Violation> {
        for node in self.nodes.iter().filter(|node| !node.faulty) {
            let log = node.running.as_ref().and_then(|r| r.log.as_ref());
            let Some(log) = log.filter(|_| !node.log_is_damaged) else {
                continue;
            };
            let checked = self
                .shared
                .auditor
                .check_log(&self.shared.spec, node.id, log);
            if let Err(Halt::Breach(breach, detail)) = checked {
                return Err(self.violation(breach, detail));
            }
        }
        let highest_view = self.shared.auditor.highest_view;
        let quiet = matches!(self.shared.scenario.expect, Expect::NoViewChange { .. });
        if quiet && highest_view > 0 {
            let detail = format!("view {highest_view} though nothing was wrong");
            return Err(self.violation(Breach::ViewChange, detail));
        }
        let summary = &mut self.shared.summary;
        summary.highest_view = highest_view;
        summary.forks = u64::from(self.shared.auditor.fork.is_some());
        summary.convictions = self.shared.auditor.convictions();
        summary.simulated_ms = self.shared.now_us / MS;
        summary.heights = self
            .nodes
            .iter()
            .map(|node| node.database.best())
            .max()
            .unwrap_or(0);
        Ok(self.shared.summary)
    }

    fn happen(&mut self, event: Event) -> Result<(), (Breach, String)> {
        let (id, done) = match event {
            Event::Boot { node } => {
                if self.nodes[node].running.is_some() || self.dead.contains(&node) {
                    return Ok(());
                }
                (node, self.nodes[node].boot(&mut self.shared))
            }
            Event::Wake { node, life, wake } => {
                let there = &mut self.nodes[node];
                if there.life != life || there.running.is_none() {
                    return Ok(());
                }
                (node, there.on_wake(&mut self.shared, wake))
            }
            Event::Deliver { to, from, packet } => {
                let node = &mut self.nodes[to];
                let cost = packet
                    .signatures()
                    .saturating_mul(self.shared.costs.verify_us);
                let begin = node.busy_until_us.max(self.shared.now_us);
                node.busy_until_us = begin.saturating_add(cost);
                let wait = node.busy_until_us.saturating_sub(self.shared.now_us);
                if wait > 0 && node.running.is_some() {
                    let event = Event::Checked { to, from, packet };
                    self.shared.schedule(wait, event);
                    return Ok(());
                }
                (to, node.on_packet(&mut self.shared, from, &packet))
            }
            Event::Checked { to, from, packet } => {
                let node = &mut self.nodes[to];
                (to, node.on_packet(&mut self.shared, from, &packet))
            }
            Event::Blackout => {
                for id in self.running() {
                    self.crash(id, Crash::Power);
                }
                return Ok(());
            }
            Event::Lose => {
                self.lose();
                return Ok(());
            }
            Event::Record => {
                self.make_record();
                return Ok(());
            }
            Event::Return => {
                self.return_late();
                return Ok(());
            }
        };
        match done {
            Ok(()) => Ok(()),
            Err(Halt::Breach(breach, detail)) if !self.nodes[id].faulty => Err((breach, detail)),
            // What happens to the faulty is no matter.
            Err(Halt::Breach(..) | Halt::Down) => {
                let power = self.shared.node_faults().power_cuts_permille;
                let crash = if self.shared.rng.chance(power) {
                    Crash::Power
                } else {
                    Crash::Process
                };
                self.crash(id, crash);
                Ok(())
            }
        }
    }

    fn crash(&mut self, id: usize, crash: Crash) {
        if self.nodes[id].running.is_none() && crash == Crash::Process && self.nodes[id].life == 0 {
            return;
        }
        self.nodes[id].crash(&mut self.shared, crash);
        let down_ms = 50 + self.shared.rng.below(DOWN_MS);
        self.shared.schedule(down_ms * MS, Event::Boot { node: id });
    }
}

/// Which authorities of the first session are faulty, dead or muted: a draw in which their weight is
/// at most what may be faulty, or more than that and less than a quorum if the scenario is about
/// that.
fn draw_faulty(scenario: &Scenario, rng: &mut Rng) -> Vec<usize> {
    let weights = scenario.weights;
    let count = scenario.byzantine.len() + scenario.dead + scenario.muted;
    let total: u64 = weights.iter().sum();
    let faults = total.saturating_sub(1) / 3;
    let overrun = scenario.expect == Expect::EvidenceOfForks;
    let mut drawn = Vec::new();
    for _ in 0..DRAWS {
        let mut left: Vec<_> = (0..weights.len()).collect();
        drawn = (0..count.min(weights.len()))
            .map(|_| left.remove(rng.index(left.len())))
            .collect();
        let weight: u64 = drawn.iter().map(|i| weights[*i]).sum();
        let fits = if overrun {
            weight > faults && weight < total - faults
        } else {
            weight <= faults
        };
        if fits {
            break;
        }
    }
    drawn
}
