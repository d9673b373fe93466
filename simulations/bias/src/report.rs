// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What is printed.

use crate::{
    odds::{at_least, best_of},
    strategy::{Outcome, Strategy},
    Options, Trials,
};
use hansa_beacon_primitives::penalty::charge;

/// A bond in the units in which the penalty is counted here, so that nothing is lost to rounding.
const BOND_UNITS: u128 = 1_000_000;

/// Budgets for which the outlook is printed: how many beacons a coalition can try.
const OUTLOOK: [u32; 4] = [10, 20, 30, 40];

/// Print what is simulated.
pub fn print_head(options: &Options) {
    println!(
        "{} nodes of equal weight, {} blocks a session, {} sessions simulated, seed {}",
        options.nodes, options.heights, options.trials, options.seed
    );
    println!(
        "at most {} reveals withheld, all combinations tried",
        options.withheld
    );
}

/// What the withheld reveals of an outcome cost, in bonds.
fn bonds(options: &Options, outcome: &Outcome) -> f64 {
    let held = BOND_UNITS * u128::from(options.max_bonds);
    let each = charge(BOND_UNITS, outcome.withheld, held);
    (each * u128::from(outcome.withheld)) as f64 / BOND_UNITS as f64
}

/// The outcome of each trial for which the coalition hopes most, if others are no better.
fn choose<'a>(
    trials: &'a Trials,
    strategy: Strategy,
    hope: impl Fn(&Outcome) -> f64 + 'a,
) -> impl Iterator<Item = &'a Outcome> + 'a {
    trials.iter().filter_map(move |trial| {
        let (_, outcomes) = trial.iter().find(|(of, _)| *of == strategy)?;
        outcomes
            .iter()
            .reduce(|best, other| match hope(other) > hope(best) {
                true => other,
                false => best,
            })
    })
}

/// Mean and standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, (variance / n).sqrt())
}

/// Print what the coalition gains in slots of primaries.
pub fn print_slots(options: &Options, percent: u16, trials: &Trials) {
    let coalition = usize::from(options.nodes) * usize::from(percent) / 100;
    let fair = f64::from(options.heights) * coalition as f64 / f64::from(options.nodes);
    println!("\nCoalition of {percent} %: {coalition} nodes; {fair:.1} slots are its fair share of a session");
    println!(
        "  {:<22} {:>5} {:>9} {:>7} {:>9} {:>7} {:>6} {:>10} {:>8}",
        "it withholds", "bond", "slots", "+/-", "gain", "reveals", "blocks", "net slots", "net"
    );
    let honest: Vec<_> = choose(trials, Strategy::Honest, |_| 0.0)
        .map(|outcome| f64::from(outcome.real.slots))
        .collect();
    for strategy in Strategy::ALL {
        // What was simulated in the very sessions of the honest row is held against that row, which takes
        // the luck of the draw out of the difference.
        let base = match strategy.is_cheap() {
            true => mean(&honest).0,
            false => fair,
        };
        for bond in &options.bonds {
            let by_reveals = matches!(strategy, Strategy::Reveals | Strategy::RevealsWithoutMixing);
            // What a bond costs matters only to who forfeits some.
            if !by_reveals && Some(bond) != options.bonds.first() {
                continue;
            }
            let price = |o: &Outcome| bond * bonds(options, o) + f64::from(o.lost);
            let chosen: Vec<_> = choose(trials, strategy, |o| f64::from(o.hoped.slots) - price(o))
                .cloned()
                .collect();
            let of = |f: &dyn Fn(&Outcome) -> f64| mean(&chosen.iter().map(f).collect::<Vec<_>>());
            let (slots, error) = of(&|o| f64::from(o.real.slots));
            let (net, _) = of(&|o| f64::from(o.real.slots) - price(o));
            println!(
                "  {:<22} {:>5} {:>9.1} {:>7.1} {:>8.1}% {:>7.2} {:>6.2} {:>+10.1} {:>+7.1}%",
                strategy.name(),
                if by_reveals {
                    bond.to_string()
                } else {
                    "-".into()
                },
                slots,
                error,
                100.0 * (slots - base) / fair,
                of(&|o| f64::from(o.withheld)).0,
                of(&|o| f64::from(o.lost)).0,
                net - base,
                100.0 * (net - base) / fair,
            );
        }
    }
    print_outlook(options, coalition, fair);
}

/// Print what withholding reveals would gain at most without the mixing, if it could try more beacons
/// than are tried here: slots are very nearly normal.
fn print_outlook(options: &Options, coalition: usize, fair: f64) {
    let share = coalition as f64 / f64::from(options.nodes);
    let deviation = (fair * (1.0 - share)).sqrt();
    let gains: Vec<_> = OUTLOOK
        .iter()
        .map(|bits| {
            let gain = deviation * best_of(f64::from(*bits).exp2());
            format!("2^{bits}: +{:.0} %", 100.0 * gain / fair)
        })
        .collect();
    println!(
        "  reveals, no mixing, by the number of beacons tried: {}",
        gains.join(", ")
    );
}

/// Print the odds that the coalition gets more than `T`, or a quorum, of the first chain that is drawn.
pub fn print_draws(options: &Options, percent: u16, trials: &Trials) {
    let nodes = usize::from(options.nodes);
    let coalition = nodes * usize::from(percent) / 100;
    println!("  draws: the odds of more than T of a chain's nodes, and of a quorum");
    print!("  {:<22}", "it withholds");
    for size in &options.chains {
        print!(" {:>16}", format!("{size} nodes"));
    }
    println!();
    let bounds = |size: usize| {
        let faults = (size - 1) / 3;
        (faults + 1, size - faults)
    };
    print!("  {:<22}", "fair odds");
    for size in &options.chains {
        let (stop, quorum) = bounds(*size);
        let odds = |wanted| at_least(nodes, coalition, *size, wanted);
        print!(" {:>16}", odds_pair(odds(stop), odds(quorum)));
    }
    println!();
    for strategy in Strategy::ALL {
        print!("  {:<22}", strategy.name());
        for (chain, size) in options.chains.iter().enumerate() {
            let places = |o: &Outcome| o.hoped.places.get(chain).copied().unwrap_or(0);
            let (stop, quorum) = bounds(*size);
            let share = |wanted: usize| {
                // It withholds as little as it can.
                let hope = |o: &Outcome| match places(o) >= wanted {
                    true => 1.0 - 0.001 * f64::from(o.withheld + o.lost),
                    false => -0.001 * f64::from(o.withheld + o.lost),
                };
                let hits: Vec<_> = choose(trials, strategy, hope)
                    .map(|o| o.real.places.get(chain).copied().unwrap_or(0) >= wanted)
                    .map(|hit| if hit { 1.0 } else { 0.0 })
                    .collect();
                mean(&hits).0
            };
            print!(" {:>16}", odds_pair(share(stop), share(quorum)));
        }
        println!();
    }
}

fn odds_pair(stop: f64, quorum: f64) -> String {
    // Sums of logarithms may end a little below 0.
    let percent = |odds: f64| 100.0 * odds.max(0.0);
    format!("{:.1}% {:.2}%", percent(stop), percent(quorum))
}
