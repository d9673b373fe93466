// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What is measured.

use crate::{
    world::{Strategy, World, TARGET},
    Options, TARGET_SIZE,
};
use hansa_allocation_primitives::{tolerated, Phase};
use std::collections::BTreeMap;

/// What was seen of chains of one size.
#[derive(Clone, Default)]
pub struct OfSize {
    /// How many epochs each waited until it was live.
    pub waits: Vec<u32>,
    /// How many live sets were looked at, one for each chain and epoch.
    pub sets: u64,
    /// In how many of them the coalition had more than `T`.
    pub above_t: u64,
    /// In how many it had a quorum.
    pub quorums: u64,
    /// How many chains went live.
    pub chains: u64,
    /// In how many of these the coalition ever had more than `T`.
    pub chains_above_t: u64,
    /// The sum of its shares.
    pub share_sum: f64,
    /// Its largest share.
    pub share_max: f64,
}

/// What was seen in a run.
#[derive(Clone, Default)]
pub struct Run {
    /// By the size that chains were registered with.
    pub sizes: BTreeMap<u32, OfSize>,
    /// The chains that waited at the end, and how many epochs the oldest had.
    pub pending: (u32, u32),
    /// How many live chains there were, on average.
    pub live: f64,
    /// How many nodes waited, on average.
    pub waiting: f64,
    /// What live chains had of their need: mean, and the mean of the least of each epoch.
    pub filled: (f64, f64),
    /// In what part of all live chains and epochs a node was lacking.
    pub short: f64,
    /// Of the target, what part of it the coalition had: mean, and in what part of the epochs more than
    /// `T`.
    pub target: (f64, f64),
    /// Deposits that the coalition lost in an epoch, on average.
    pub fees: f64,
}

/// Simulate.
pub fn run(options: &Options, load: u32, percent: u32, strategy: Strategy) -> Run {
    let bad = options.nodes * percent / 100;
    let load = f64::from(load) / 100.0;
    let mut world = World::new(options, load, bad, strategy, TARGET_SIZE);
    let warm_up = options.epochs / 10;
    for _ in 0..warm_up {
        world.step();
    }
    let fees_before = world.fees;
    let mut run = Run::default();
    // Of each chain its size, and whether the coalition ever had more than T.
    let mut lives = BTreeMap::<u32, (u32, bool)>::new();
    let (mut filled, mut least, mut short, mut sets) = (0.0, 0.0, 0u64, 0u64);
    let (mut target_share, mut target_above) = (0.0, 0u64);
    for _ in 0..options.epochs {
        world.step();
        for (size, waited) in &world.went_live {
            run.sizes.entry(*size).or_default().waits.push(*waited);
        }
        run.waiting += f64::from(world.waiting());
        let mut lowest: f64 = 1.0;
        for (id, chain) in &world.chains {
            if chain.roster.phase != Phase::Live {
                continue;
            }
            let (bad, active) = world.share(chain);
            let share = f64::from(bad) / f64::from(active.max(1));
            if *id == TARGET {
                target_share += share;
                target_above += u64::from(bad > tolerated(active));
                continue;
            }
            sets += 1;
            run.live += 1.0;
            let part = f64::from(active) / f64::from(chain.roster.need);
            filled += part;
            lowest = lowest.min(part);
            short += u64::from(active < chain.roster.need);
            let of = run.sizes.entry(chain.roster.need).or_default();
            of.sets += 1;
            of.share_sum += share;
            of.share_max = of.share_max.max(share);
            of.above_t += u64::from(bad > tolerated(active));
            of.quorums += u64::from(active > 0 && bad >= active - tolerated(active));
            let life = lives.entry(*id).or_insert((chain.roster.need, false));
            life.1 |= bad > tolerated(active);
        }
        least += lowest;
    }
    for (size, above) in lives.values() {
        let of = run.sizes.entry(*size).or_default();
        of.chains += 1;
        of.chains_above_t += u64::from(*above);
    }
    let epochs = f64::from(options.epochs);
    run.waiting /= epochs;
    run.live /= epochs;
    run.filled = (filled / (sets as f64).max(1.0), least / epochs);
    run.short = short as f64 / (sets as f64).max(1.0);
    run.target = (target_share / epochs, target_above as f64 / epochs);
    run.fees = f64::from(world.fees - fees_before) / epochs;
    let unborn = world.chains.values().filter(|c| c.live_since.is_none());
    run.pending = unborn.fold((0, 0), |(count, oldest), chain| {
        (count + 1, oldest.max(world.epoch - chain.registered))
    });
    run
}

/// How often a flood is simulated.
const FLOODS: u32 = 20;

/// Mean and worst wait of the honest chains that were registered within a hundred epochs of a flood of so
/// many chains of four nodes, and how many these were: the price keeps others away.
pub fn flood_wait(options: &Options, flood: u32) -> (f64, u32, usize) {
    let mut world = World::new(options, 0.8, 0, Strategy::Plain, TARGET_SIZE);
    let mut waits = Vec::new();
    for _ in 0..FLOODS {
        for _ in 0..100 {
            world.step();
        }
        for _ in 0..flood {
            world.register(4, true);
        }
        let since = world.epoch;
        for _ in 0..100 {
            world.step();
            waits.extend(
                world.went_live.iter().filter_map(|(_, waited)| {
                    (world.epoch - 1 - waited >= since).then_some(*waited)
                }),
            );
        }
        // The flood ends: who floods cancels, or retires.
        world.end_flood();
    }
    let mean = waits.iter().map(|w| f64::from(*w)).sum::<f64>() / (waits.len() as f64).max(1.0);
    (mean, waits.iter().copied().max().unwrap_or(0), waits.len())
}
