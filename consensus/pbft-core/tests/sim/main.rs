// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Deterministic simulation: several replicas of the production state machine over a network that
//! loses, duplicates, delays and reorders, with crashes in the middle of a step. A seed reproduces
//! a run. An auditor collects all statements that correct replicas make.
//!
//! Each run has a bad phase, in which only safety is asked for, and then a good one: the network
//! heals, and every replica must decide a number of heights more in bounded time.

#[path = "../common/mod.rs"]
mod common;

mod auditor;
mod node;
mod rng;
mod world;

use world::{Faults, Scenario, Simulation};

/// Seeds per scenario; `SEEDS` in the environment overrides it.
const SEEDS: u64 = 200;

fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("SEEDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(SEEDS);
    0..count
}

fn run_all(scenario: Scenario) {
    let mut top = 0;
    for seed in seeds() {
        let summary = Simulation::new(&scenario, seed).run();
        top = top.max(summary.highest_view);
    }
    println!(
        "{}: {} seeds, highest view {top}",
        scenario.name,
        seeds().end
    );
}

#[test]
fn one_replica_alone() {
    run_all(Scenario {
        name: "one",
        nodes: 1,
        ..Scenario::default()
    });
}

#[test]
fn four_replicas_and_a_good_network() {
    let scenario = Scenario {
        name: "four, good",
        faults: Faults::NONE,
        ..Scenario::default()
    };
    for seed in seeds() {
        let summary = Simulation::new(&scenario, seed).run();
        assert_eq!(
            summary.highest_view, 0,
            "seed {seed}: no view change is called for"
        );
    }
}

#[test]
fn four_replicas_loss_duplication_reordering() {
    run_all(Scenario {
        name: "four, lossy",
        ..Scenario::default()
    });
}

#[test]
fn seven_replicas_loss_duplication_reordering() {
    run_all(Scenario {
        name: "seven, lossy",
        nodes: 7,
        ..Scenario::default()
    });
}

#[test]
fn four_replicas_with_crashes() {
    let faults = Faults {
        crashes_permille: 20,
        ..Faults::LOSSY
    };
    run_all(Scenario {
        name: "four, crashes",
        faults,
        ..Scenario::default()
    });
}

#[test]
fn seven_replicas_with_crashes_and_weights() {
    let faults = Faults {
        crashes_permille: 20,
        ..Faults::LOSSY
    };
    let weights = Some(vec![10, 7, 7, 5, 3, 2, 1]);
    run_all(Scenario {
        name: "seven, weighted",
        nodes: 7,
        weights,
        faults,
        ..Scenario::default()
    });
}

#[test]
fn a_dead_replica_of_four_does_not_stop_the_others() {
    run_all(Scenario {
        name: "four, one dead",
        dead: 1,
        ..Scenario::default()
    });
}

#[test]
fn two_dead_replicas_of_seven_do_not_stop_the_others() {
    run_all(Scenario {
        name: "seven, two dead",
        nodes: 7,
        dead: 2,
        ..Scenario::default()
    });
}

#[test]
fn a_follower_and_a_silent_validator_finalise_too() {
    run_all(Scenario {
        name: "four, follower",
        followers: 1,
        muted: 1,
        ..Scenario::default()
    });
}

#[test]
fn a_seed_reproduces_a_run() {
    let faults = Faults {
        crashes_permille: 20,
        ..Faults::LOSSY
    };
    let scenario = Scenario {
        name: "again",
        faults,
        ..Scenario::default()
    };
    let trace = |seed| Simulation::new(&scenario, seed).run().trace;
    assert_eq!(trace(11), trace(11));
    assert_ne!(trace(11), trace(12));
}
