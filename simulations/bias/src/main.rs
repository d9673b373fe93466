// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Measures what a coalition gains by steering the beacon: `docs/beacon.md` explains the figures.
//!
//! Everything that decides runs in the code that the chain runs: the tree of reveals, the chain of
//! outputs, the beacon, the seed, the primaries, the ranks of a draw, and the penalty. Only ids and VRF
//! outputs are stand-ins, hashes of a seed: to whoever does not have the key, a VRF output is nothing
//! else. The same seed prints the same figures.

mod odds;
mod report;
mod score;
mod strategy;
mod world;

use clap::Parser;
use score::Score;
use strategy::{Outcome, Strategy};
use world::World;

/// What is simulated.
#[derive(Parser, Clone, Debug)]
#[command(about, long_about = None)]
pub struct Options {
    /// How many nodes there are; each is an authority of equal weight and commits.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(4..=1_000))]
    nodes: u16,

    /// The coalitions, in percent of the nodes.
    #[arg(long, value_delimiter = ',', default_value = "10,25,33",
          value_parser = clap::value_parser!(u16).range(1..=99))]
    coalitions: Vec<u16>,

    /// Blocks of a session; half of them are in the commit part, a fifth in the reveal part.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    heights: u32,

    /// How many reveals the coalition withholds at most: all combinations of so many are tried.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=4))]
    withheld: u32,

    /// What a bond costs, in what a block is worth to its author.
    #[arg(long, value_delimiter = ',', default_value = "0,1,10")]
    bonds: Vec<f64>,

    /// The most that a withheld reveal costs, in bonds.
    #[arg(long, default_value_t = 8)]
    max_bonds: u32,

    /// The sizes of chains that nodes are drawn for.
    #[arg(long, value_delimiter = ',', default_value = "4,7,10,22,40")]
    chains: Vec<usize>,

    /// How many sessions are simulated for each coalition; where few choices are to be looked at, twenty
    /// times as many.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    trials: u32,

    /// The seed of all that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How many more sessions are simulated where few choices are to be looked at.
const CHEAP_FACTOR: u32 = 20;

/// What each strategy could choose among in each trial.
type Trials = Vec<Vec<(Strategy, Vec<Outcome>)>>;

fn main() {
    let options = Options::parse();
    let largest = usize::from(options.nodes);
    if options
        .chains
        .iter()
        .any(|size| *size < 4 || *size > largest)
    {
        eprintln!("--chains: sizes are from 4 to the number of nodes, {largest}");
        std::process::exit(2);
    }
    if options
        .bonds
        .iter()
        .any(|bond| !bond.is_finite() || *bond < 0.0)
    {
        eprintln!("--bonds: what a bond costs is a number from 0 on");
        std::process::exit(2);
    }
    report::print_head(&options);
    for percent in &options.coalitions {
        let trials = simulate(&options, *percent);
        report::print_slots(&options, *percent, &trials);
        report::print_draws(&options, *percent, &trials);
    }
}

/// Simulate all trials of a coalition, on all cores, in the order of their numbers.
fn simulate(options: &Options, percent: u16) -> Trials {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let mut trials: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                scope.spawn(move || {
                    (worker as u32..options.trials.saturating_mul(CHEAP_FACTOR))
                        .step_by(threads)
                        .map(|trial| (trial, simulate_one(options, percent, trial)))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("the simulation does not panic"))
            .collect()
    });
    trials.sort_by_key(|(trial, _)| *trial);
    trials.into_iter().map(|(_, outcomes)| outcomes).collect()
}

fn simulate_one(options: &Options, percent: u16, trial: u32) -> Vec<(Strategy, Vec<Outcome>)> {
    let world = World::new(options, percent, trial);
    Strategy::ALL
        .iter()
        .filter(|strategy| trial < options.trials || strategy.is_cheap())
        .map(|strategy| (*strategy, strategy.outcomes(&world, options)))
        .collect()
}
