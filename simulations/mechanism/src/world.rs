// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A network of nodes and chains, epoch by epoch.
//!
//! Who goes where decides the code that the hub runs: ranks, draw, and the members of a chain with their
//! marks, replacements and departures. Around it is chance: nodes come and go, chains are registered and
//! retired, some do not confirm.

use crate::Options;
use hansa_allocation_primitives::{tolerated, Departure, MemberPhase, Phase, Term};
use hansa_beacon_primitives::draw::rank;
use hansa_pallet_dappchains::cost::Curve;
use hansa_pallet_node_allocation::{
    draw::{freeze, Draw, Kind, Slot, Turns},
    presence::{required_since, Presence},
    roster::{Now, Roster},
};
use rand::{rngs::StdRng, Rng, RngCore, SeedableRng};
use std::collections::BTreeMap;

/// For how many epochs a node may take to confirm.
const CONFIRM_EPOCHS: u32 = 1;
/// For how many epochs in a row a chain may be short.
const SHORT_EPOCHS: u32 = 3;
/// A deployer does not register while the load makes it so many times as dear, in hundredths.
const DEAREST_PERCENT: u128 = 400;
/// The chain that the coalition is after.
pub const TARGET: u32 = 1;

/// What a coalition does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// What all do.
    Plain,
    /// Its nodes do not commit in an epoch in which they would be drawn for other chains only, and come
    /// back in time for when the target's turns end. That costs nothing.
    Patient,
    /// Likewise, but they come back at once, for when it opens unforeseen.
    Restless,
    /// Its nodes take no place but one of the target's: they give up any other, and pay for it.
    Picky,
}

/// A node.
struct Node {
    bad: bool,
    veteran: bool,
    chain: Option<u32>,
    /// The first epoch whose freeze is after it came, or was free again.
    from: u32,
    /// In which epochs it was present.
    presence: Presence,
    leaving: bool,
}

/// A chain.
pub struct Chain {
    /// Its members.
    pub roster: Roster<u32>,
    /// When it was registered.
    pub registered: u32,
    /// When it went live.
    pub live_since: Option<u32>,
    /// Whether it is one of a flood.
    pub flood: bool,
}

/// The network.
pub struct World {
    options: Options,
    random: StdRng,
    /// The epoch under way.
    pub epoch: u32,
    nodes: BTreeMap<u32, Node>,
    next_node: u32,
    /// All chains that have not ended.
    pub chains: BTreeMap<u32, Chain>,
    next_chain: u32,
    turns: Turns,
    strategy: Strategy,
    load: f64,
    /// Deposits that the coalition has paid.
    pub fees: u32,
    /// Of each chain that went live in this epoch its size and how long that took.
    pub went_live: Vec<(u32, u32)>,
}

impl World {
    /// A network of which the coalition has `bad` nodes. Chains need `load` of all nodes together, if all
    /// that would be registered are.
    pub fn new(options: &Options, load: f64, bad: u32, strategy: Strategy, target: u32) -> Self {
        let mut world = Self {
            random: StdRng::seed_from_u64(options.seed ^ (u64::from(bad) << 32) ^ load.to_bits()),
            options: options.clone(),
            epoch: 0,
            nodes: BTreeMap::new(),
            next_node: 0,
            chains: BTreeMap::new(),
            next_chain: TARGET,
            turns: Turns::default(),
            strategy,
            load,
            fees: 0,
            went_live: Vec::new(),
        };
        for node in 0..options.nodes {
            world.join(node < bad, 0);
        }
        world.register(target, false);
        world
    }

    fn now(&self) -> Now {
        Now {
            epoch: self.epoch,
            seconds: self.epoch,
            confirm_epochs: CONFIRM_EPOCHS,
        }
    }

    fn chance(&mut self, per_cent: f64) -> bool {
        self.random.gen_bool((per_cent / 100.0).clamp(0.0, 1.0))
    }

    fn join(&mut self, bad: bool, from: u32) {
        let veteran = self.epoch == 0 && self.next_node.is_multiple_of(2);
        let node = Node {
            bad,
            veteran,
            chain: None,
            from,
            presence: Presence::new(from),
            leaving: false,
        };
        self.nodes.insert(self.next_node, node);
        self.next_node += 1;
    }

    /// Register a chain.
    pub fn register(&mut self, need: u32, flood: bool) {
        let term = Term {
            blocks: u32::MAX,
            seconds: if self.options.turns_by_lot {
                u32::MAX
            } else {
                self.options.term
            },
        };
        let chain = Chain {
            roster: Roster::new(need, term),
            registered: self.epoch,
            live_since: None,
            flood,
        };
        self.chains.insert(self.next_chain, chain);
        self.next_chain += 1;
    }

    /// How many places of pending chains are open.
    pub fn open_places(&self) -> u64 {
        let pending = self.chains.values().map(|chain| &chain.roster);
        pending
            .filter(|roster| roster.phase == Phase::Pending)
            .map(|roster| u64::from(roster.need - roster.members_total()))
            .sum()
    }

    /// How many of a chain's set are the coalition's, and how many it has.
    pub fn share(&self, chain: &Chain) -> (u32, u32) {
        let active = chain.roster.seats.iter().filter(|s| s.phase.is_active());
        let bad = active.filter(|seat| self.nodes.get(&seat.account).is_some_and(|n| n.bad));
        (bad.count() as u32, chain.roster.active())
    }

    /// How many nodes wait.
    pub fn waiting(&self) -> u32 {
        let waiting = self.nodes.values().filter(|node| node.chain.is_none());
        waiting.count() as u32
    }

    /// Go through an epoch.
    pub fn step(&mut self) {
        self.went_live.clear();
        self.come_and_go();
        self.draw();
        self.confirm();
        if self.options.turns_by_lot {
            self.end_turns();
        }
        self.sweep();
        self.epoch += 1;
    }

    fn come_and_go(&mut self) {
        // Chains: the target stays.
        let ended: Vec<_> = self
            .chains
            .keys()
            .copied()
            .filter(|c| *c != TARGET)
            .collect();
        let (life, churn) = (f64::from(self.options.life), self.options.churn);
        for chain in ended {
            let live = self.chains[&chain].live_since.is_some();
            if live && self.chance(100.0 / life) {
                self.close(chain);
            }
        }
        let sizes = self.options.sizes.clone();
        let mean = f64::from(sizes.iter().sum::<u32>()) / sizes.len() as f64;
        let rate = self.load * f64::from(self.options.nodes) / (mean * life);
        let mut due = rate.floor() as u32;
        due += u32::from(self.chance((rate - rate.floor()) * 100.0));
        // A new network is filled up by more registrations at a time.
        if self.epoch < 20 {
            due += (rate * life / 20.0) as u32;
        }
        for _ in 0..due {
            let need = sizes[self.random.gen_range(0..sizes.len())];
            if self.curve().percent(self.open_places()) <= DEAREST_PERCENT {
                self.register(need, false);
            }
        }
        // Nodes: who leaves is followed by another one of the same side.
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            if self.chance(churn) {
                self.leave(id);
            }
        }
        // Some new nodes make a block of the hub.
        let hub = self.options.hub_authors;
        for id in self.nodes.keys().copied().collect::<Vec<_>>() {
            if self.chance(hub) {
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.veteran = true;
                }
            }
        }
    }

    /// The price over open places.
    pub fn curve(&self) -> Curve {
        Curve {
            free_places: self.options.free_places,
            scale_places: self.options.free_places,
        }
    }

    /// The chains of a flood end.
    pub fn end_flood(&mut self) {
        let flood = self.chains.iter().filter(|(_, chain)| chain.flood);
        for chain in flood.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.close(chain);
        }
    }

    fn close(&mut self, chain: u32) {
        let Some(closed) = self.chains.remove(&chain) else {
            return;
        };
        for seat in closed.roster.seats {
            self.free(seat.account);
        }
    }

    /// A node's operator wants to leave: at once, or once it is replaced.
    fn leave(&mut self, id: u32) {
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        node.leaving = true;
        let Some(chain) = node.chain else {
            self.free(id);
            return;
        };
        if let Some(chain) = self.chains.get_mut(&chain) {
            if let Some(seat) = chain.roster.seat_mut(&id) {
                seat.leaving = true;
            }
        }
    }

    /// A node is no member any more.
    fn free(&mut self, id: u32) {
        let next = self.epoch + 1;
        let Some(node) = self.nodes.get_mut(&id) else {
            return;
        };
        node.chain = None;
        node.from = next;
        if node.leaving {
            let bad = node.bad;
            self.nodes.remove(&id);
            self.join(bad, next);
        }
    }

    fn draw(&mut self) {
        let mut slots: Vec<Slot> = self
            .chains
            .iter()
            .map(|(id, c)| c.roster.slot(*id))
            .collect();
        self.commit(&slots);
        freeze(&mut slots);
        let first = required_since(self.epoch, self.options.delay);
        let mut beacon = [0; 32];
        self.random.fill_bytes(&mut beacon);
        let mut ranked: Vec<_> = self
            .nodes
            .iter()
            .filter(|(_, node)| node.chain.is_none() && node.from <= self.epoch)
            .filter(|(_, node)| node.presence.covers(first, self.epoch))
            .map(|(id, node)| (rank(&beacon, id, &[0; 32]), *id, node.veteran))
            .collect();
        ranked.sort_unstable();
        let now = self.now();
        let mut turns = self.turns;
        let mut draw = Draw::new(&mut slots, &mut turns);
        for (_, id, veteran) in ranked {
            let kind = if veteran { Kind::Veteran } else { Kind::New };
            let Some((to, _)) = draw.place(kind) else {
                continue;
            };
            let admitted = self
                .chains
                .get_mut(&to)
                .is_some_and(|c| c.roster.admit(id, kind, &now));
            if let (true, Some(node)) = (admitted, self.nodes.get_mut(&id)) {
                node.chain = Some(to);
            }
        }
        self.turns = turns;
        if self.strategy == Strategy::Picky {
            self.give_up_others();
        }
    }

    /// All nodes commit and reveal, but for those of a coalition that chooses its epochs.
    fn commit(&mut self, slots: &[Slot]) {
        let (epoch, first) = (self.epoch, required_since(self.epoch, self.options.delay));
        let begins = match self.strategy {
            Strategy::Plain | Strategy::Picky => true,
            Strategy::Patient => self.target_opens(epoch + self.options.delay),
            Strategy::Restless => true,
        };
        let chooses = matches!(self.strategy, Strategy::Patient | Strategy::Restless);
        let wanted = slots.iter().any(|s| s.chain == TARGET && s.open() > 0);
        let harmless = slots.iter().all(|s| s.open() == 0);
        for node in self.nodes.values_mut() {
            let mut commits = true;
            if chooses && node.bad && node.chain.is_none() {
                let goes_on = node.presence.next == epoch && node.presence.since < epoch;
                let mut then = node.presence;
                then.note(epoch);
                commits = if node.from <= epoch && then.covers(first, epoch) {
                    // It would be drawn.
                    wanted || harmless
                } else {
                    goes_on || begins
                };
            }
            if commits {
                node.presence.note(epoch);
            }
        }
    }

    /// Whether the target is foreseen to have an open place in the draw of `epoch`: as long as all goes by
    /// turns, at most `T` at a time.
    fn target_opens(&self, epoch: u32) -> bool {
        let Some(target) = self.chains.get(&TARGET) else {
            return true;
        };
        if target.roster.phase != Phase::Live {
            return true;
        }
        let (now, term) = (self.epoch, self.options.term);
        let seats = target.roster.seats.iter();
        let mut due: Vec<_> = seats
            .filter(|seat| seat.cause.is_none())
            .map(|seat| seat.serving_since.unwrap_or(now).saturating_add(term))
            .collect();
        due.sort_unstable();
        let at_once = tolerated(target.roster.active()).max(1);
        let mut openings = BTreeMap::<u32, u32>::new();
        for due in due {
            // Marked when it is due, open in the draw after; who takes the place has a turn from then on.
            let mut opens = due.max(now).saturating_add(1);
            while openings.get(&opens).is_some_and(|count| *count >= at_once) {
                opens += 1;
            }
            *openings.entry(opens).or_default() += 1;
        }
        let turn = term.saturating_add(1);
        let mut opens = openings.keys();
        opens.any(|opens| *opens <= epoch && (epoch - opens).is_multiple_of(turn))
    }

    /// The coalition's nodes give up the places that they do not want, and come back under other names.
    fn give_up_others(&mut self) {
        let bad = self.nodes.iter().filter(|(_, node)| node.bad);
        let elsewhere: Vec<_> = bad
            .filter_map(|(id, node)| Some((*id, node.chain.filter(|c| *c != TARGET)?)))
            .collect();
        for (id, at) in elsewhere {
            let Some(chain) = self.chains.get_mut(&at) else {
                continue;
            };
            let served = chain
                .roster
                .seat(&id)
                .is_none_or(|seat| seat.phase.is_active());
            if served || chain.roster.phase == Phase::Forming {
                continue;
            }
            chain.roster.remove(&id);
            self.fees += 1;
            if let Some(node) = self.nodes.get_mut(&id) {
                node.leaving = true;
            }
            self.free(id);
        }
    }

    /// Pending chains with all their nodes go live; who joins confirms, mostly.
    fn confirm(&mut self) {
        let now = self.now();
        let late = self.options.late;
        for id in self.chains.keys().copied().collect::<Vec<_>>() {
            let Some(mut chain) = self.chains.remove(&id) else {
                continue;
            };
            let complete = chain.roster.members_total() >= chain.roster.need;
            if chain.roster.phase == Phase::Pending && complete {
                chain.roster.go_live(&now);
                chain.live_since = Some(self.epoch);
                if !chain.flood && id != TARGET {
                    let waited = self.epoch - chain.registered;
                    self.went_live.push((chain.roster.need, waited));
                }
            }
            let joining = chain.roster.seats.iter();
            let joining = joining.filter(|seat| seat.phase == MemberPhase::Joining);
            for account in joining.map(|seat| seat.account).collect::<Vec<_>>() {
                if self.chance(late) {
                    continue;
                }
                if let Some(Some((seat, _))) = chain.roster.confirm(&account, &now) {
                    self.free(seat.account);
                }
            }
            for seat in chain
                .roster
                .seats
                .iter()
                .filter(|seat| seat.phase.is_active())
            {
                if let Some(node) = self.nodes.get_mut(&seat.account) {
                    node.veteran = true;
                }
            }
            self.chains.insert(id, chain);
        }
    }

    /// Each turn ends in this epoch with the same probability.
    fn end_turns(&mut self) {
        let probability = 1.0 / f64::from(self.options.term);
        for chain in self.chains.values_mut() {
            for seat in chain.roster.seats.iter_mut() {
                if seat.phase.is_active() && self.random.gen_bool(probability) {
                    seat.blocks = u32::MAX;
                }
            }
        }
    }

    fn sweep(&mut self) {
        let now = self.now();
        for id in self.chains.keys().copied().collect::<Vec<_>>() {
            let Some(chain) = self.chains.get_mut(&id) else {
                continue;
            };
            let gone = chain.roster.sweep(&now, |_| true);
            let short = chain.roster.phase == Phase::Live
                && chain.roster.short_epochs >= SHORT_EPOCHS
                && chain.roster.members_total() == chain.roster.active();
            let active = chain.roster.active();
            if short && active >= hansa_allocation_primitives::MIN_NODES {
                chain.roster.need = active;
                chain.roster.short_epochs = 0;
            }
            for (seat, cause) in gone {
                if let (Departure::Unconfirmed, Some(node)) =
                    (cause, self.nodes.get_mut(&seat.account))
                {
                    node.leaving = true;
                }
                self.free(seat.account);
            }
            if short && active < hansa_allocation_primitives::MIN_NODES {
                self.close(id);
            }
        }
    }
}
