// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The simulation finds each of the bugs that are seeded into the state machine, within a bounded
//! number of seeds, and nothing without them. Built with the feature `seeded-bugs` only: see
//! `make bugs`.

// Not `required-features`: cargo would refuse `--test '*'` without them.
#![cfg(feature = "seeded-bugs")]

use hansa_pbft_core::bugs::{with, Bug};
use hansa_pbft_sim::{run, scenario, Scenario, Violation};
use std::sync::{
    atomic::{AtomicUsize, Ordering},
    Mutex,
};

/// Within how many seeds of each of its scenarios a bug must be found.
const MAX_SEEDS: u64 = 100;

/// Where each bug is looked for, in this order, seed by seed.
fn haunts(bug: Bug) -> &'static [&'static str] {
    match bug {
        // Any network that is bad enough for view changes will do.
        Bug::QuorumMinusOne
        | Bug::ForgottenLock
        | Bug::CommitWithoutPrepared
        | Bug::CommitInOldView
        | Bug::ReproposalIgnored
        | Bug::ViewsTogether
        | Bug::RepeatedVote
        | Bug::HigherViewNotJoined
        | Bug::ViewChangeNotResent
        | Bug::FalseEvidence => &["lossy"],
        // Locks of different views must come together.
        Bug::LowerCertificate => &["lossy", "lossy-seven"],
        // Someone must go down.
        Bug::SendBeforePersist | Bug::LockNotRestored | Bug::OwnNotRestored => &["crashes"],
        Bug::TimerNotRestarted => &["one-dead", "two-dead-of-seven"],
        Bug::StaleSetId => &["sessions"],
        // Someone must lie.
        Bug::VoteWithoutExecution => &["crashes", "bad-proposer"],
        Bug::PrepareTwice | Bug::HashesTogether => &["equivocator", "twin"],
        Bug::StrippedCertificate => &["certificate-liar"],
        Bug::ReproposalUnchecked => &["two-liars-of-seven"],
        Bug::RepeatedSigner | Bug::ProofUnchecked | Bug::WrongPrimary => &["wrong-view"],
        Bug::DecidedUnchecked => &["flooder"],
    }
}

fn scenarios(bug: Bug) -> Vec<Scenario> {
    let find = |name: &&str| scenario(name).expect("a scenario of the catalogue");
    haunts(bug).iter().map(find).collect()
}

/// The first run that fails with `bug`.
fn find(bug: Bug) -> Option<Box<Violation>> {
    let scenarios = scenarios(bug);
    let mut runs = (0..MAX_SEEDS).flat_map(|seed| scenarios.iter().map(move |s| (s, seed)));
    runs.find_map(|(scenario, seed)| with(bug, || run(scenario, seed)).err())
}

/// Call `f` with each bug, on all cores.
fn for_each_bug(f: impl Fn(Bug) + Sync) {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(bug) = Bug::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    f(*bug);
                }
            });
        }
    });
}

#[test]
fn the_simulation_finds_each_seeded_bug_and_nothing_without() {
    let missed = Mutex::new(Vec::new());
    for_each_bug(|bug| {
        let Some(violation) = find(bug) else {
            println!("{bug:?}: not found");
            missed.lock().expect("no thread panicked").push(bug);
            return;
        };
        let Violation {
            scenario: name,
            seed,
            at_ms,
            breach,
            ..
        } = *violation;
        println!("{bug:?}: {breach:?} in {name}, seed {seed}, after {at_ms} ms");
        if std::env::var_os("DETAILS").is_some() {
            println!(
                "  {}",
                violation.detail.chars().take(600).collect::<String>()
            );
        }
        // It is the bug that was found, and no fault of the simulation.
        let scenario = scenario(name).expect("a scenario of the catalogue");
        if let Err(violation) = run(&scenario, seed) {
            panic!("without a bug: {violation}");
        }
    });
    let missed = missed.into_inner().expect("no thread panicked");
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn a_bug_is_on_in_its_thread_and_for_its_time_only() {
    let lossy = scenario("lossy").expect("a scenario of the catalogue");
    let fails = || (0..3).any(|seed| run(&lossy, seed).is_err());
    assert!(with(Bug::QuorumMinusOne, fails));
    assert!(!fails());
    with(Bug::QuorumMinusOne, || {
        let elsewhere = std::thread::scope(|scope| scope.spawn(fails).join());
        assert!(!elsewhere.expect("no panic"));
    });
}
