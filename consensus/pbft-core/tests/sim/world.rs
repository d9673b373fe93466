// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Time, network, disks and the nodes' drivers.

use crate::{
    auditor::Auditor,
    common::{set, weighted, FakeCrypto, World},
    node::{Node, Role},
    rng::Rng,
};
use codec::Encode;
use hansa_pbft_core::{Core, Input, Output};
use hansa_pbft_primitives::{Hash, Height, Message, Timing, View};
use std::collections::{BTreeMap, BTreeSet};

/// When the network heals.
const HEAL_AT_MS: u64 = 15_000;
/// How long after that every node must have decided [`HEIGHTS_AFTER`] heights more.
const LIVENESS_MS: u64 = 90_000;
/// How many heights more.
const HEIGHTS_AFTER: Height = 5;
/// The longest delay of a message in the good phase.
const GOOD_DELAY_MS: u64 = 50;
/// How long one partition lasts.
const PARTITION_MS: u64 = 2_000;

const TIMING: Timing = Timing {
    min_interval_ms: 50,
    idle_interval_ms: 300,
    view_timeout_ms: 600,
    view_timeout_step_ms: 300,
    view_timeout_cap_ms: 4_000,
    silent_timeout_ms: 250,
    resend_interval_ms: 200,
    max_clock_drift_ms: 0,
};

/// What goes wrong in the bad phase.
#[derive(Clone, Copy)]
pub struct Faults {
    /// How many messages of a thousand are lost.
    pub loss_permille: u64,
    /// How many come twice.
    pub duplicates_permille: u64,
    /// The longest delay.
    pub delay_ms: u64,
    /// How many periods of a thousand have a partition.
    pub partitions_permille: u64,
    /// How many steps of a thousand end in a crash.
    pub crashes_permille: u64,
    /// How many blocks of a thousand are bad.
    pub bad_blocks_permille: u64,
}

impl Faults {
    /// A network without fault.
    pub const NONE: Self = Self {
        loss_permille: 0,
        duplicates_permille: 0,
        delay_ms: GOOD_DELAY_MS,
        partitions_permille: 0,
        crashes_permille: 0,
        bad_blocks_permille: 0,
    };

    /// A bad network.
    pub const LOSSY: Self = Self {
        loss_permille: 200,
        duplicates_permille: 100,
        delay_ms: 400,
        partitions_permille: 300,
        crashes_permille: 0,
        bad_blocks_permille: 50,
    };
}

/// A kind of run.
#[derive(Clone)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// Number of authorities.
    pub nodes: u8,
    /// Their weights; 1 each if none are given.
    pub weights: Option<Vec<u64>>,
    /// How many of them never run.
    pub dead: usize,
    /// How many of them are kept silent by their drivers.
    pub muted: usize,
    /// How many nodes follow besides.
    pub followers: usize,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: "",
            nodes: 4,
            weights: None,
            dead: 0,
            muted: 0,
            followers: 0,
            faults: Faults::LOSSY,
        }
    }
}

/// How a run went.
pub struct Summary {
    /// The highest view that a correct replica asked for.
    pub highest_view: View,
    /// When which node decided which height, in which view.
    pub trace: Vec<(u64, usize, Height, View)>,
}

enum Event {
    /// A message arrives.
    Deliver {
        to: usize,
        from: usize,
        message: Message,
    },
    /// What the driver of a node was waiting for, in that life of it.
    Driver {
        to: usize,
        life: u64,
        input: DriverInput,
    },
    /// A node starts (again).
    Boot { to: usize },
}

#[expect(clippy::large_enum_variant, reason = "one at a time")]
enum DriverInput {
    StartHeight,
    Input(Input),
    Resend,
}

/// A run.
pub struct Simulation {
    world: World,
    faults: Faults,
    seed: u64,
    rng: Rng,
    now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    scheduled: u64,
    nodes: Vec<Node>,
    bad_blocks: BTreeSet<Hash>,
    blocks_built: u64,
    auditor: Auditor,
    trace: Vec<(u64, usize, Height, View)>,
}

impl Simulation {
    /// The run of `scenario` with `seed`.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let n = usize::from(scenario.nodes);
        let mut nodes: Vec<_> = (0..n).map(|i| Node::new(Role::Correct(i as u16))).collect();
        let roles = [(Role::Dead, scenario.dead), (Role::Muted, scenario.muted)];
        for role in roles
            .into_iter()
            .flat_map(|(role, count)| vec![role; count])
        {
            let correct: Vec<_> = (0..n).filter(|i| nodes[*i].local().is_some()).collect();
            let chosen = correct[rng.below(correct.len() as u64) as usize];
            nodes[chosen].role = role;
        }
        nodes.extend((0..scenario.followers).map(|_| Node::new(Role::Follower)));
        let set = scenario
            .weights
            .as_ref()
            .map_or_else(|| set(scenario.nodes), |w| weighted(w));
        let mut simulation = Self {
            world: World {
                crypto: FakeCrypto,
                set,
                height: 0,
            },
            faults: scenario.faults,
            seed,
            rng,
            now: 0,
            queue: BTreeMap::new(),
            scheduled: 0,
            nodes,
            bad_blocks: BTreeSet::new(),
            blocks_built: 0,
            auditor: Auditor::default(),
            trace: Vec::new(),
        };
        for to in simulation.running() {
            let delay = simulation.rng.below(100);
            simulation.schedule(delay, Event::Boot { to });
        }
        simulation
    }

    /// Run to the end; panics if something is wrong.
    pub fn run(mut self) -> Summary {
        let mut target = Height::MAX;
        while let Some(((at, _), event)) = self.queue.pop_first() {
            self.now = at;
            if self.is_good() && target == Height::MAX {
                let highest = self.nodes.iter().map(Node::height).max().unwrap_or(0);
                target = highest + HEIGHTS_AFTER;
            }
            self.happen(event);
            if self
                .running()
                .into_iter()
                .all(|i| self.nodes[i].height() >= target)
            {
                break;
            }
            assert!(
                self.now < HEAL_AT_MS + LIVENESS_MS,
                "seed {}: not all reached height {target}: {:?}",
                self.seed,
                self.states(),
            );
        }
        Summary {
            highest_view: self.auditor.highest_view,
            trace: self.trace,
        }
    }

    fn states(&self) -> Vec<(Height, Option<View>)> {
        let view = |node: &Node| Some(node.core.as_ref()?.round_state()?.view);
        self.nodes
            .iter()
            .map(|node| (node.height(), view(node)))
            .collect()
    }

    fn running(&self) -> Vec<usize> {
        (0..self.nodes.len())
            .filter(|i| self.nodes[*i].role != Role::Dead)
            .collect()
    }

    fn is_good(&self) -> bool {
        self.now >= HEAL_AT_MS
    }

    fn faults(&self) -> Faults {
        if self.is_good() {
            Faults::NONE
        } else {
            self.faults
        }
    }

    fn schedule(&mut self, delay_ms: u64, event: Event) {
        self.scheduled += 1;
        self.queue
            .insert((self.now + delay_ms, self.scheduled), event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Boot { to } => {
                self.nodes[to].life += 1;
                self.nodes[to].core = Some(Core::new(FakeCrypto));
                self.driver(to, 0, DriverInput::StartHeight);
                let first = self.rng.below(u64::from(TIMING.resend_interval_ms));
                self.driver(to, first, DriverInput::Resend);
            }
            Event::Deliver { to, from, message } => self.deliver(to, from, message),
            Event::Driver { to, life, input } => {
                if self.nodes[to].life == life && self.nodes[to].core.is_some() {
                    match input {
                        DriverInput::StartHeight => self.start_height(to),
                        DriverInput::Input(input) => self.step(to, input),
                        DriverInput::Resend => {
                            self.step(to, Input::Resend);
                            let interval = u64::from(TIMING.resend_interval_ms);
                            self.driver(to, interval, DriverInput::Resend);
                        }
                    }
                }
            }
        }
    }

    /// Let the driver of `to` do something later, if it still lives.
    fn driver(&mut self, to: usize, delay_ms: u64, input: DriverInput) {
        let life = self.nodes[to].life;
        self.schedule(delay_ms, Event::Driver { to, life, input });
    }

    fn start_height(&mut self, to: usize) {
        let node = &self.nodes[to];
        let world = World {
            height: node.height(),
            ..self.world.clone()
        };
        let start = world.start(node.local(), node.log.clone());
        self.step(to, start);
        let idle = u64::from(TIMING.idle_interval_ms);
        let wait = self.rng.below(idle);
        self.driver(to, wait, DriverInput::Input(Input::Work));
    }

    /// A peer that is behind is given the certificate that it lacks; one that is ahead is asked.
    fn deliver(&mut self, to: usize, from: usize, message: Message) {
        if self.nodes[to].core.is_none() {
            return;
        }
        let (here, there) = (self.nodes[to].height(), message.height());
        if let Some(certificate) = self.nodes[to].certificate(there).cloned() {
            if !matches!(message, Message::Decided(_)) {
                self.send(to, from, Message::Decided(certificate));
            }
        } else if there > here {
            if let Some(certificate) = self.nodes[from].certificate(here).cloned() {
                self.send(from, to, Message::Decided(certificate));
            }
        }
        self.step(to, Input::Message(message));
    }

    fn send(&mut self, from: usize, to: usize, message: Message) {
        let faults = self.faults();
        if from != to && (self.is_cut(from, to) || self.rng.chance(faults.loss_permille)) {
            return;
        }
        let copies = 1 + u64::from(self.rng.chance(faults.duplicates_permille));
        for _ in 0..copies {
            let delay = 1 + self.rng.below(faults.delay_ms);
            self.schedule(
                delay,
                Event::Deliver {
                    to,
                    from,
                    message: message.clone(),
                },
            );
        }
    }

    /// Whether a partition stands between the two now.
    fn is_cut(&self, a: usize, b: usize) -> bool {
        let period = self.now / PARTITION_MS;
        let mut rng = Rng::new(self.seed.wrapping_mul(0x1_0000_01b3) ^ period);
        let (there, sides) = (rng.chance(self.faults().partitions_permille), rng.number());
        there && (sides >> a) & 1 != (sides >> b) & 1
    }

    fn step(&mut self, to: usize, input: Input) {
        let Some(core) = self.nodes[to].core.as_mut() else {
            return;
        };
        let outputs = core.step(input);
        let crash = self.rng.chance(self.faults().crashes_permille);
        let done = if crash {
            self.rng.below(outputs.len() as u64 + 1) as usize
        } else {
            outputs.len()
        };
        for output in outputs.into_iter().take(done) {
            self.carry_out(to, output);
        }
        if crash {
            self.nodes[to].core = None;
            let down = 50 + self.rng.below(1_500);
            self.schedule(down, Event::Boot { to });
        }
    }

    fn carry_out(&mut self, at: usize, output: Output) {
        match output {
            Output::Persist(record) => self.nodes[at].log.push(record),
            Output::Send(message) => {
                self.auditor.heard(self.seed, &message);
                for to in self.running().into_iter().filter(|to| *to != at) {
                    self.send(at, to, message.clone());
                }
            }
            Output::Build { height, view } => {
                let delay = u64::from(TIMING.min_interval_ms) + self.rng.below(30);
                self.blocks_built += 1;
                let name = (at as u64, height, view, self.blocks_built);
                let hash: Hash = sp_crypto_hashing::blake2_256(&name.encode()).into();
                if self.rng.chance(self.faults().bad_blocks_permille) {
                    self.bad_blocks.insert(hash);
                }
                let built = Input::Built { height, view, hash };
                self.driver(at, delay, DriverInput::Input(built));
            }
            Output::Validate {
                height, view, hash, ..
            } => {
                let delay = 5 + self.rng.below(30);
                let valid = !self.bad_blocks.contains(&hash);
                let verdict = Input::Validated {
                    height,
                    view,
                    hash,
                    valid,
                };
                self.driver(at, delay, DriverInput::Input(verdict));
            }
            Output::StartTimer {
                height,
                view,
                silent,
            } => {
                let delay = if silent {
                    TIMING.silent_timeout_ms
                } else {
                    TIMING.timeout_ms(view)
                };
                let fired = Input::Timeout { height, view };
                self.driver(at, u64::from(delay), DriverInput::Input(fired));
            }
            Output::Finalise(certificate) => {
                self.auditor.decided(self.seed, &certificate);
                assert_eq!(certificate.height, self.nodes[at].height());
                self.trace
                    .push((self.now, at, certificate.height, certificate.view));
                self.nodes[at].chain.push(certificate);
                self.nodes[at].log.clear();
                let import = 1 + self.rng.below(10);
                self.driver(at, import, DriverInput::StartHeight);
            }
            Output::EnteredView { .. } => {}
            Output::Report(_) | Output::Fork { .. } => {
                panic!("seed {}: {at} convicts a correct replica", self.seed)
            }
            Output::Reject(rejection) => {
                panic!(
                    "seed {}: {at} blames a correct replica: {rejection}",
                    self.seed
                )
            }
        }
    }
}
