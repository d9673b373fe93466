// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A minute of simulation, and that it finds what it is there to find.

use hansa_pbft_sim::{run, scenario, scenarios, Breach, NodeFaults, Sabotage, Scenario, Summary};
use std::time::Instant;

/// Seeds per scenario; `SEEDS` in the environment overrides it.
const SEEDS: u64 = 200;

/// Scenarios in which so many lie that some runs fork.
const FORKING: [&str; 4] = [
    "two-equivocators",
    "two-certificate-liars",
    "two-twins",
    "three-equivocators-of-seven",
];

/// How many seeds may pass until a fault put in on purpose is found.
const SABOTAGE_SEEDS: u64 = 300;

fn named(name: &str) -> Scenario {
    scenario(name).unwrap_or_else(|| panic!("there is a scenario {name}"))
}

fn good(scenario: &Scenario, seed: u64) -> Summary {
    run(scenario, seed).unwrap_or_else(|violation| panic!("{violation}"))
}

#[test]
fn every_scenario_holds() {
    let seeds = std::env::var("SEEDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(SEEDS);
    let (begin, mut runs) = (Instant::now(), 0);
    let mut violations = Vec::new();
    for scenario in scenarios() {
        let mut total = Summary::default();
        for seed in 0..seeds {
            match run(&scenario, seed) {
                Ok(summary) => total.add(&summary),
                Err(violation) => violations.push(violation.to_string()),
            }
        }
        if FORKING.contains(&scenario.name) {
            let forks = total.forks;
            assert!(forks > 0, "{}: none of {seeds} runs forked", scenario.name);
        }
        runs += seeds;
    }
    let speed = runs as f64 / begin.elapsed().as_secs_f64();
    println!("{runs} runs, {speed:.0} scenarios per second");
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn a_seed_reproduces_a_run() {
    for name in ["blackout", "three-liars-of-ten", "sessions"] {
        let scenario = named(name);
        assert_eq!(good(&scenario, 11), good(&scenario, 11), "{name}");
        let (one, other) = (good(&scenario, 11), good(&scenario, 12));
        assert_ne!(one.trace, other.trace, "{name}");
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = scenarios().iter().map(|s| s.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// What happens in the runs at all: a fault that never strikes tests nothing.
#[test]
fn faults_strike() {
    let mut total = Summary::default();
    for name in ["crashes", "blackout", "log-deleted", "log-bit-flipped"] {
        for seed in 0..40 {
            total.add(&good(&named(name), seed));
        }
    }
    assert!(total.crashes > 100, "{total:?}");
    assert!(total.torn_logs > 10, "{total:?}");
    assert!(total.damaged_logs > 10, "{total:?}");
    assert!(total.replayed_blocks > 10, "{total:?}");
    assert!(total.silent_heights > 10, "{total:?}");
}

/// A set that lost its quorum is replaced in the runs, by nodes that voted under the old one and by
/// others, and some of them start again before they are told.
#[test]
fn sets_are_replaced() {
    for name in [
        "recovery",
        "recovery-of-four",
        "recovery-twice",
        "recovery-new-nodes",
    ] {
        let mut total = Summary::default();
        for seed in 0..40 {
            let summary = good(&named(name), seed);
            assert!(summary.taken_over > 0, "{name}, seed {seed}: {summary:?}");
            total.add(&summary);
        }
        let crashes = named(name).nodes.crashes_permille > 0;
        assert_eq!(total.superseded > 0, crashes, "{name}: {total:?}");
    }
}

/// Faults of what is around the state machine: the simulation finds each, as one of these breaches.
#[test]
fn faults_put_in_on_purpose_are_found() {
    let crashes = Scenario {
        nodes: NodeFaults {
            power_cuts_permille: 1_000,
            ..NodeFaults::CRASHES
        },
        ..named("crashes")
    };
    let table: &[(Sabotage, &Scenario, &[Breach])] = &[
        (
            Sabotage::SendBeforePersist,
            &crashes,
            &[Breach::SentBeforePersist],
        ),
        (Sabotage::NoSync, &crashes, &[Breach::SentBeforePersist]),
        (
            Sabotage::ForgetRecords,
            &crashes,
            &[
                Breach::Equivocation,
                Breach::BelowView,
                Breach::ForgottenLock,
            ],
        ),
        (Sabotage::NoReplay, &crashes, &[Breach::Undone]),
        (Sabotage::NoDecisionInLog, &crashes, &[Breach::Undone]),
        (
            Sabotage::NoSilence,
            &named("log-deleted"),
            &[
                Breach::Equivocation,
                Breach::BelowView,
                Breach::ForgottenLock,
            ],
        ),
        (
            Sabotage::NoStartGate,
            &named("wiped"),
            &[
                Breach::Equivocation,
                Breach::BelowView,
                Breach::ForgottenLock,
            ],
        ),
        (Sabotage::NoExecution, &crashes, &[Breach::InvalidFinal]),
        (
            Sabotage::NoLockInLog,
            &crashes,
            // Without what it was locked on a node falls silent at that height.
            &[Breach::ForgottenLock, Breach::NoProgress],
        ),
        (
            Sabotage::NoSetInLog,
            &named("recovery-of-four"),
            // What it said under the old set it takes for its own word under the new one.
            &[Breach::OlderSet, Breach::NoProgress],
        ),
    ];
    for (sabotage, scenario, expected) in table {
        let scenario = scenario.with(*sabotage);
        let found = (0..SABOTAGE_SEEDS).find_map(|seed| run(&scenario, seed).err());
        let Some(found) = found else {
            panic!("{sabotage:?} is not found in {SABOTAGE_SEEDS} runs");
        };
        println!("{sabotage:?}: seed {}, {:?}", found.seed, found.breach);
        assert!(expected.contains(&found.breach), "{sabotage:?}: {found}");
    }
}
