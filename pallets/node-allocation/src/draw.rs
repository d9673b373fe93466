// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The draw: which chain each node goes to. A pure function; `docs/allocation.md` has worked examples.
//!
//! It is given the chains in the order of their registration, as they were at the freeze, and the nodes
//! one by one in the order of their ranks. For each node it names a chain, or none. It may be stopped
//! after any node and taken up again: all that it knows is in [`Slot`]s and [`Turns`].
//!
//! ## Places
//!
//! A chain that needs `need` nodes and has `nodes`, of which `departing` go as soon as they are replaced,
//! *lacks* `need - nodes` and has `need + departing - nodes` *open* places. Only pending and live chains
//! with open places take part.
//!
//! ## Which chain
//!
//! The first of these that there is:
//!
//! 1. **Short**: the oldest live chain that lacks nodes.
//! 2. **Begun**: the pending chain that the draw began to fill, until it lacks none; then the oldest
//!    other one that has some of its nodes.
//! 3. **Below the mean**: the oldest chain that had less of its need, at the freeze, than all chains
//!    together had of theirs, and that still lacks nodes.
//! 4. **Turn**: the chain whose turn it is; the next one is the next in the order of registration, and
//!    after the last comes the first. The turn is remembered across draws.
//!
//! A veteran goes to any of them. A new node goes to a live chain; its turn is another one than the
//! veterans', so that new nodes do not use up turns of chains that they cannot go to. Only while no chain
//! is live, it goes to pending ones, as long as these have no more than `T` of their need in new nodes.
//!
//! The mean is that of the freeze, all through the draw: it is what a chain had when nobody knew who would
//! be drawn. Replacements of nodes that depart are no lack: they are given by turn.

use alloc::vec::Vec;
use hansa_allocation_primitives::{tolerated, ChainId, Phase};

/// A chain in the draw.
#[frame_support::stored]
#[derive(Copy)]
pub struct Slot {
    /// Its id; slots stand in ascending order of it.
    pub chain: ChainId,
    /// What it may be given.
    pub phase: Phase,
    /// How many nodes it needs.
    pub need: u32,
    /// How many it has, those that join and those that depart included.
    pub nodes: u32,
    /// How many of them go as soon as they are replaced.
    pub departing: u32,
    /// How many of them were new when they were drawn.
    pub new_nodes: u32,
    /// Whether it had less of its need than the mean, when [`freeze`] looked.
    pub below_mean: bool,
}

impl Slot {
    /// How many nodes it lacks.
    pub fn missing(&self) -> u32 {
        self.need.saturating_sub(self.nodes)
    }

    /// How many nodes could be drawn for it.
    pub fn open(&self) -> u32 {
        match self.phase {
            Phase::Pending => self.missing(),
            Phase::Live => self
                .need
                .saturating_add(self.departing)
                .saturating_sub(self.nodes),
            Phase::Forming | Phase::Retiring => 0,
        }
    }

    fn is_short(&self) -> bool {
        self.phase == Phase::Live && self.missing() > 0
    }
}

/// What the draw remembers from one epoch to the next.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Turns {
    /// It is the turn of the first chain with this id or a higher one, for veterans.
    pub veteran: ChainId,
    /// Likewise for new nodes.
    pub new: ChainId,
    /// The pending chain that is being filled.
    pub begun: Option<ChainId>,
}

/// What a node is in the draw.
#[frame_support::stored]
#[derive(Copy)]
pub enum Kind {
    /// It has not authored a block on any chain.
    #[codec(index = 0)]
    New,
    /// It has.
    #[codec(index = 1)]
    Veteran,
}

/// Why a node was given to a chain: see the [module](self).
#[frame_support::stored]
#[derive(Copy)]
pub enum Reason {
    /// The oldest live chain that lacked nodes.
    #[codec(index = 0)]
    Short,
    /// The pending chain that was begun.
    #[codec(index = 1)]
    Begun,
    /// The oldest chain with less than the mean.
    #[codec(index = 2)]
    BelowMean,
    /// The chain whose turn it was.
    #[codec(index = 3)]
    Turn,
}

/// What all chains have and need together; those that are retiring do not count.
pub fn mean(slots: &[Slot]) -> (u32, u32) {
    slots
        .iter()
        .filter(|slot| slot.phase != Phase::Retiring)
        .fold((0u32, 0u32), |(nodes, need), slot| {
            (
                nodes.saturating_add(slot.nodes),
                need.saturating_add(slot.need),
            )
        })
}

/// Whether `nodes / need` is less than the mean.
pub fn is_below(nodes: u32, need: u32, mean: (u32, u32)) -> bool {
    u64::from(nodes).saturating_mul(u64::from(mean.1))
        < u64::from(need).saturating_mul(u64::from(mean.0))
}

/// Note which chains have less of their need than the mean: once, before a draw.
pub fn freeze(slots: &mut [Slot]) {
    let mean = mean(slots);
    for slot in slots {
        slot.below_mean = is_below(slot.nodes, slot.need, mean);
    }
}

/// A draw, or a part of one.
pub struct Draw<'a> {
    slots: &'a mut [Slot],
    turns: &'a mut Turns,
    /// Whether any chain is live.
    any_live: bool,
    /// Before this position no live chain lacks nodes.
    short_from: usize,
    /// Before this position no chain below the mean takes a new node, or a veteran.
    below_from: PerKind<usize>,
    /// Whether no chain has an open place for a new node, or a veteran. Places only become fewer.
    over: PerKind<bool>,
}

/// Something for each [`Kind`].
#[derive(Clone, Copy, Default)]
struct PerKind<T> {
    new: T,
    veteran: T,
}

impl<T: Copy> PerKind<T> {
    fn of(&self, kind: Kind) -> T {
        match kind {
            Kind::New => self.new,
            Kind::Veteran => self.veteran,
        }
    }

    fn set(&mut self, kind: Kind, value: T) {
        match kind {
            Kind::New => self.new = value,
            Kind::Veteran => self.veteran = value,
        }
    }
}

impl<'a> Draw<'a> {
    /// Begin a draw, or take it up again where it stopped. `slots` are in ascending order of their
    /// chains, and were [frozen](freeze) once.
    pub fn new(slots: &'a mut [Slot], turns: &'a mut Turns) -> Self {
        let any_live = slots.iter().any(|slot| slot.phase == Phase::Live);
        Self {
            slots,
            turns,
            any_live,
            short_from: 0,
            below_from: PerKind::default(),
            over: PerKind::default(),
        }
    }

    /// Give the next node in the order of ranks a chain; none if no chain has a place for it.
    ///
    /// Takes O(chains) at worst, O(1) amortised over a draw while chains are filled one by one.
    pub fn place(&mut self, kind: Kind) -> Option<(ChainId, Reason)> {
        if self.over.of(kind) {
            return None;
        }
        let begun = self.begun_at();
        let Some((at, reason)) = self.choose(kind, begun) else {
            self.over.set(kind, true);
            return None;
        };
        let slot = self.slots.get_mut(at)?;
        slot.nodes = slot.nodes.saturating_add(1);
        if kind == Kind::New {
            slot.new_nodes = slot.new_nodes.saturating_add(1);
        }
        let chain = slot.chain;
        if slot.phase == Phase::Pending {
            let unfinished = slot.missing() > 0;
            // A new node may go elsewhere while the begun chain has its share of new ones; the veterans go
            // on filling that one.
            let begun_elsewhere = begun.is_some_and(|begun| begun != at);
            if !begun_elsewhere {
                self.turns.begun = unfinished.then_some(chain);
            }
        }
        if reason == Reason::Turn {
            let next = chain.wrapping_add(1);
            match kind {
                Kind::New => self.turns.new = next,
                Kind::Veteran => self.turns.veteran = next,
            }
        }
        Some((chain, reason))
    }

    /// Whether no node of either kind can be placed any more.
    pub fn is_over(&self) -> bool {
        self.slots.iter().all(|slot| slot.open() == 0)
    }

    /// Whether a pending chain has all its nodes now.
    pub fn is_complete(&self, chain: ChainId) -> bool {
        let found = self.slots.binary_search_by_key(&chain, |slot| slot.chain);
        let slot = found.ok().and_then(|at| self.slots.get(at));
        slot.is_some_and(|slot| slot.phase == Phase::Pending && slot.missing() == 0)
    }

    fn choose(&mut self, kind: Kind, begun: Option<usize>) -> Option<(usize, Reason)> {
        if let Some(at) = self.first_from(self.short_from, Slot::is_short) {
            self.short_from = at;
            return Some((at, Reason::Short));
        }
        self.short_from = self.slots.len();
        if let Some(at) = begun.filter(|at| self.takes_at(*at, kind)) {
            return Some((at, Reason::Begun));
        }
        let takes = self.takes(kind);
        let below = |slot: &Slot| slot.below_mean && slot.missing() > 0 && takes(slot);
        if let Some(at) = self.first_from(self.below_from.of(kind), below) {
            self.below_from.set(kind, at);
            return Some((at, Reason::BelowMean));
        }
        self.below_from.set(kind, self.slots.len());
        self.by_turn(kind).map(|at| (at, Reason::Turn))
    }

    fn by_turn(&self, kind: Kind) -> Option<usize> {
        let turn = match kind {
            Kind::New => self.turns.new,
            Kind::Veteran => self.turns.veteran,
        };
        let start = self.slots.partition_point(|slot| slot.chain < turn);
        self.first_from(start, self.takes(kind))
            .or_else(|| self.first_from(0, self.takes(kind)))
    }

    /// Where the chain that is being filled is: the one that is remembered, if it still lacks nodes,
    /// else the oldest that has some. Chains get such without being begun when founders go, and
    /// when new nodes come while no chain is live.
    fn begun_at(&self) -> Option<usize> {
        let unfinished = |slot: &Slot| slot.phase == Phase::Pending && slot.missing() > 0;
        let remembered = self.turns.begun.and_then(|begun| {
            self.slots
                .binary_search_by_key(&begun, |slot| slot.chain)
                .ok()
                .filter(|at| self.slots.get(*at).is_some_and(unfinished))
        });
        remembered.or_else(|| self.first_from(0, |slot| unfinished(slot) && slot.nodes > 0))
    }

    /// The rule for a node of this kind.
    fn takes(&self, kind: Kind) -> impl Fn(&Slot) -> bool {
        let any_live = self.any_live;
        move |slot| {
            let fits = match (kind, slot.phase) {
                (Kind::Veteran, _) | (Kind::New, Phase::Live) => true,
                (Kind::New, _) => !any_live && slot.new_nodes < tolerated(slot.need),
            };
            fits && slot.open() > 0
        }
    }

    fn takes_at(&self, at: usize, kind: Kind) -> bool {
        self.slots.get(at).is_some_and(self.takes(kind))
    }

    fn first_from(&self, start: usize, is: impl Fn(&Slot) -> bool) -> Option<usize> {
        let found = self.slots.iter().skip(start).position(is)?;
        found.checked_add(start)
    }
}

/// A whole draw in one go, for simulations and tests: the chain of each node, in the same order.
pub fn draw(
    slots: &mut [Slot],
    turns: &mut Turns,
    nodes: impl IntoIterator<Item = Kind>,
) -> Vec<Option<(ChainId, Reason)>> {
    freeze(slots);
    let mut draw = Draw::new(slots, turns);
    nodes.into_iter().map(|kind| draw.place(kind)).collect()
}
