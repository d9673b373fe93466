// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Simulates the pool, the draw and the price of DappChains over thousands of epochs:
//! `docs/allocation.md` explains the figures.
//!
//! Everything that decides runs in the code that the hub runs: ranks, the draw, the members of chains with
//! their turns, marks and departures, and the price. The same seed prints the same figures.

mod measure;
mod odds;
mod plot;
mod report;
mod world;

use clap::Parser;
use hansa_pallet_node_allocation::presence::MAX_DRAW_DELAY;
use measure::{flood_wait, run};
use std::path::PathBuf;
use world::Strategy;

/// What is simulated.
#[derive(Parser, Clone, Debug)]
#[command(about, long_about = None)]
pub struct Options {
    /// How many nodes the pool has; who leaves is followed by another.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(50..=10_000))]
    nodes: u32,

    /// How many epochs are simulated for each row, after the first tenth, which is not counted.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    epochs: u32,

    /// The sizes of chains, as often the one as the other.
    #[arg(long, value_delimiter = ',', default_value = "4,7,10,16,22,31,40",
          value_parser = clap::value_parser!(u32).range(4..=256))]
    sizes: Vec<u32>,

    /// What the chains that are wanted need together, in percent of all nodes.
    #[arg(long, value_delimiter = ',', default_value = "50,80,95,120",
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    loads: Vec<u32>,

    /// Coalitions, in percent of the nodes.
    #[arg(long, value_delimiter = ',', default_value = "10,20,25,33,40",
          value_parser = clap::value_parser!(u32).range(1..=60))]
    coalitions: Vec<u32>,

    /// A turn, in epochs.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..))]
    term: u32,

    /// How many epochs a chain lives, on average.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..))]
    life: u32,

    /// How many of a hundred nodes leave in an epoch.
    #[arg(long, default_value_t = 0.3)]
    churn: f64,

    /// How many of a hundred nodes that join a chain do not confirm in time.
    #[arg(long, default_value_t = 2.0)]
    late: f64,

    /// How many of a hundred nodes make their first block on the hub in an epoch.
    #[arg(long, default_value_t = 5.0)]
    hub_authors: f64,

    /// In how many epochs before a draw a node must have been there to be drawn.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_DRAW_DELAY)))]
    delay: u32,

    /// Turns end by lot, each in one of as many epochs as it would last, so that nobody foresees when. The
    /// hub has no such rule: this is to see what one would change.
    #[arg(long)]
    turns_by_lot: bool,

    /// How many places may be open before deployers pay more, and by how many more they pay four times
    /// as much.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    free_places: u32,

    /// The seed of all that is random.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Where the plot is written; none is if it is left out.
    #[arg(long)]
    plot: Option<PathBuf>,
}

/// The load at which coalitions are measured, in percent.
const COALITION_LOAD: u32 = 80;
/// The size of the chain that a coalition is after.
const TARGET_SIZE: u32 = 10;

fn main() {
    let options = Options::parse();
    let shares = [options.churn, options.late, options.hub_authors];
    if shares.iter().any(|share| !(0.0..=100.0).contains(share)) {
        eprintln!("--churn, --late and --hub-authors: so many of a hundred, from 0 to 100");
        std::process::exit(2);
    }
    report::print_head(&options);

    let loads: Vec<_> = parallel(&options.loads, |load| {
        run(&options, *load, 0, Strategy::Plain)
    });
    report::print_waits(&options, &loads);
    report::print_spread(&options, &loads);

    let coalitions: Vec<_> = parallel(&options.coalitions, |percent| {
        run(&options, COALITION_LOAD, *percent, Strategy::Plain)
    });
    report::print_shares(&options, &coalitions);
    report::print_capture(&options, &coalitions);

    let aims: Vec<_> = options
        .coalitions
        .iter()
        .flat_map(|percent| {
            [
                Strategy::Plain,
                Strategy::Patient,
                Strategy::Restless,
                Strategy::Picky,
            ]
            .map(|how| (*percent, how))
        })
        .collect();
    let aimed: Vec<_> = parallel(&aims, |(percent, how)| {
        run(&options, COALITION_LOAD, *percent, *how)
    });
    report::print_aims(&options, &aims, &aimed);

    report::print_flood(&options);
    let floods = [0, 25, 50, 100];
    let waits = parallel(&floods, |chains| flood_wait(&options, *chains));
    report::print_flood_waits(&floods, &waits);

    if let Some(path) = &options.plot {
        if let Err(error) = std::fs::write(path, plot::draw(&options, &loads, &coalitions)) {
            eprintln!("--plot: {} cannot be written: {error}", path.display());
            std::process::exit(1);
        }
        println!("\nplot: {}", path.display());
    }
}

/// Do something for each, on all cores; the results in the same order.
fn parallel<I: Sync, R: Send>(items: &[I], what: impl Fn(&I) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let mut results: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let what = &what;
                scope.spawn(move || {
                    let mine = items.iter().enumerate().skip(worker).step_by(threads);
                    mine.map(|(i, item)| (i, what(item))).collect::<Vec<_>>()
                })
            })
            .collect();
        let done = workers.into_iter().map(|worker| worker.join());
        done.flat_map(|result| result.expect("the simulation does not panic"))
            .collect()
    });
    results.sort_by_key(|(i, _)| *i);
    results.into_iter().map(|(_, result)| result).collect()
}
