// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What is printed.

use crate::{
    measure::{OfSize, Run},
    odds::{at_least, worst},
    world::Strategy,
    Options, COALITION_LOAD, TARGET_SIZE,
};
use hansa_allocation_primitives::{tolerated, MIN_NODES};
use hansa_pallet_dappchains::cost::{deployment_stake, Curve};

/// The stake for a node at 100 %, in hundredths, so that nothing is lost to rounding.
const UNIT: u128 = 100;
/// How many chains a flood has.
const FLOODS: [u32; 6] = [1, 5, 10, 25, 50, 100];
/// The part of a stake that is lost if the chain is cancelled, in percent.
const GONE_FEE_PERCENT: f64 = 5.0;

/// Print what is simulated.
pub fn print_head(options: &Options) {
    println!(
        "{} nodes, {} epochs a row, turns of {} epochs, chains of {:?} nodes that live {} epochs, seed {}",
        options.nodes, options.epochs, options.term, options.sizes, options.life, options.seed
    );
    println!(
        "of a hundred, an epoch: {} nodes leave, {} make their first block on the hub; of a hundred that \
         join {} do not confirm",
        options.churn, options.hub_authors, options.late
    );
}

/// Mean, 95th percentile and maximum.
fn summary(values: &[u32]) -> (f64, u32, u32) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let mean = sorted.iter().map(|v| f64::from(*v)).sum::<f64>() / (sorted.len() as f64).max(1.0);
    let at = (sorted.len() * 95 / 100).min(sorted.len().saturating_sub(1));
    let late = sorted.get(at).copied().unwrap_or(0);
    (mean, late, sorted.last().copied().unwrap_or(0))
}

/// Print how many epochs chains wait to go live.
pub fn print_waits(options: &Options, runs: &[Run]) {
    println!("\nEpochs from registration to live: mean, 95th percentile, most");
    print!("  {:>14}", "size");
    for load in &options.loads {
        print!(" {:>18}", format!("load {load} %"));
    }
    println!();
    for size in &options.sizes {
        print!("  {size:>14}");
        for run in runs {
            let waits = run.sizes.get(size).map_or(&[][..], |of| &of.waits[..]);
            let (mean, late, most) = summary(waits);
            print!(" {:>18}", format!("{mean:.1} {late} {most}"));
        }
        println!();
    }
    print!("  {:>14}", "still wait");
    for run in runs {
        let (count, oldest) = run.pending;
        print!(" {:>18}", format!("{count}, oldest {oldest}"));
    }
    println!();
}

/// Print how nodes are spread over chains.
pub fn print_spread(options: &Options, runs: &[Run]) {
    println!("\nSpread: what live chains have of their need, and who waits");
    println!(
        "  {:>6} {:>6} {:>8} {:>10} {:>12} {:>14}",
        "load", "live", "waiting", "filled", "least filled", "sets short"
    );
    for (load, run) in options.loads.iter().zip(runs) {
        println!(
            "  {:>5}% {:>6.1} {:>8.1} {:>9.2}% {:>11.2}% {:>13.3}%",
            load,
            run.live,
            run.waiting,
            run.filled.0 * 100.0,
            run.filled.1 * 100.0,
            run.short * 100.0
        );
    }
}

fn part(count: u64, of: u64) -> f64 {
    count as f64 / (of as f64).max(1.0)
}

/// Print what share of a chain's set a coalition gets.
pub fn print_shares(options: &Options, runs: &[Run]) {
    println!(
        "\nShare of a chain's set that a coalition gets (load {COALITION_LOAD} %): mean, worst, and the \
         worst to expect of as many fair draws"
    );
    print!("  {:>6}", "size");
    for percent in &options.coalitions {
        print!(" {:>18}", format!("{percent} % of nodes"));
    }
    println!();
    for size in &options.sizes {
        print!("  {size:>6}");
        for (percent, run) in options.coalitions.iter().zip(runs) {
            let of = run.sizes.get(size).cloned().unwrap_or_default();
            let mean = of.share_sum / (of.sets as f64).max(1.0);
            let expected = expected_worst(options, *percent, *size, &of);
            let text = format!(
                "{:.1} {:.0} {:.0}",
                mean * 100.0,
                of.share_max * 100.0,
                expected * 100.0
            );
            print!(" {text:>18}");
        }
        println!();
    }
}

/// The share that as many independent sets would reach once: a chain's set is another one after a turn.
fn expected_worst(options: &Options, percent: u32, size: u32, of: &OfSize) -> f64 {
    let bad = options.nodes * percent / 100;
    let independent = (of.sets as f64 / f64::from(options.term)).max(1.0);
    f64::from(worst(options.nodes, bad, size, 1.0 / independent)) / f64::from(size)
}

/// The odds that a fair draw of a chain gives a coalition more than `T`, and a quorum.
pub fn fair(options: &Options, percent: u32, size: u32) -> (f64, f64) {
    let bad = options.nodes * percent / 100;
    let t = tolerated(size);
    (
        at_least(options.nodes, bad, size, t + 1),
        at_least(options.nodes, bad, size, size - t),
    )
}

/// The part of a size's sets in which the coalition had more than `T`.
pub fn above(run: &Run, size: u32) -> f64 {
    run.sizes
        .get(&size)
        .map_or(0.0, |of| part(of.above_t, of.sets))
}

/// Print how often a coalition can halt a chain, or decide alone.
pub fn print_capture(options: &Options, runs: &[Run]) {
    println!(
        "\nHow often a coalition has more than T of a set (it can halt the chain), in percent of sets: \
         simulated, hypergeometric; and of chains that ever were so in their lives"
    );
    print_grid(options, runs, |percent, size, run| {
        let of = run.sizes.get(&size).cloned().unwrap_or_default();
        let (expected, _) = fair(options, percent, size);
        format!(
            "{:.2} {:.2} {:.0}",
            part(of.above_t, of.sets) * 100.0,
            expected * 100.0,
            part(of.chains_above_t, of.chains) * 100.0
        )
    });
    println!("\nA quorum (it decides alone), in percent of sets: simulated, hypergeometric");
    print_grid(options, runs, |percent, size, run| {
        let of = run.sizes.get(&size).cloned().unwrap_or_default();
        let (_, expected) = fair(options, percent, size);
        let simulated = part(of.quorums, of.sets) * 100.0;
        format!("{simulated:.3} {:.3}", expected * 100.0)
    });
}

fn print_grid(options: &Options, runs: &[Run], cell: impl Fn(u32, u32, &Run) -> String) {
    print!("  {:>6}", "size");
    for percent in &options.coalitions {
        print!(" {:>18}", format!("{percent} % of nodes"));
    }
    println!();
    for size in &options.sizes {
        print!("  {size:>6}");
        for (percent, run) in options.coalitions.iter().zip(runs) {
            print!(" {:>18}", cell(*percent, *size, run));
        }
        println!();
    }
}

/// Print what a coalition reaches that is after one chain.
pub fn print_aims(options: &Options, aims: &[(u32, Strategy)], runs: &[Run]) {
    println!(
        "\nA coalition after one chain of {TARGET_SIZE} (load {COALITION_LOAD} %): its share of it, how \
         often it is above T, and the deposits that it loses in an epoch"
    );
    println!(
        "  {:>10} {:>8} {:>9} {:>9} {:>9} {:>9}",
        "coalition", "it", "share", "above T", "fair", "deposits"
    );
    for ((percent, how), run) in aims.iter().zip(runs) {
        let name = match how {
            Strategy::Plain => "plays on",
            Strategy::Patient => "foresees",
            Strategy::Restless => "returns",
            Strategy::Picky => "refuses",
        };
        let (expected, _) = fair(options, *percent, TARGET_SIZE);
        println!(
            "  {percent:>9}% {name:>8} {:>8.1}% {:>8.2}% {:>8.2}% {:>9.2}",
            run.target.0 * 100.0,
            run.target.1 * 100.0,
            expected * 100.0,
            run.fees
        );
    }
}

/// The stakes of a flood of so many smallest chains, in units: by one account, or by one each.
fn flood_cost(chains: u32, one_account: bool, curve: &Curve) -> f64 {
    let stake = |i: u32| {
        let nth = if one_account { i + 1 } else { 1 };
        let open = u64::from(i) * u64::from(MIN_NODES);
        deployment_stake(MIN_NODES, UNIT, nth, open, curve).unwrap_or(u128::MAX)
    };
    (0..chains).map(stake).sum::<u128>() as f64 / UNIT as f64
}

/// Print what a flood costs.
pub fn print_flood(options: &Options) {
    let places = options.free_places;
    println!(
        "\nFlooding the hub with chains of {MIN_NODES}: stakes, in stakes for one node at 100 %; {places} \
         places are free, {places} more cost four times as much"
    );
    println!(
        "  {:>6} {:>13} {:>15} {:>18} {:>20} {:>18}",
        "chains",
        "one account",
        "many accounts",
        "without the curve",
        "the next honest pays",
        "lost if cancelled"
    );
    let curve = Curve {
        free_places: places,
        scale_places: places,
    };
    let flat = Curve {
        free_places: u32::MAX,
        scale_places: places,
    };
    for chains in FLOODS {
        let many = flood_cost(chains, false, &curve);
        let open = u64::from(chains) * u64::from(MIN_NODES);
        println!(
            "  {chains:>6} {:>13.0} {many:>15.0} {:>18.0} {:>19} % {:>18.1}",
            flood_cost(chains, true, &curve),
            flood_cost(chains, false, &flat),
            curve.percent(open),
            many * GONE_FEE_PERCENT / 100.0
        );
    }
}

/// Print how long honest chains wait in a flood.
pub fn print_flood_waits(floods: &[u32], waits: &[(f64, u32, usize)]) {
    println!(
        "\nHonest chains that went live within 100 epochs of a flood of chains of {MIN_NODES} that fill, at a \
         load of 80 %: epochs waited"
    );
    println!(
        "  {:>6} {:>8} {:>6} {:>8}",
        "flood", "mean", "most", "chains"
    );
    for (flood, (mean, most, chains)) in floods.iter().zip(waits) {
        println!("  {flood:>6} {mean:>8.2} {most:>6} {chains:>8}");
    }
}
