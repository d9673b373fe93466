// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Deterministic simulation of Hansa's pBFT: 1 to 100 nodes of the production state machine
//! ([`hansa_pbft_core`]) with the production vote log ([`hansa_vote_log`]), over a network that
//! loses, duplicates, delays, reorders and parts, on disks that lose, tear and fail, with nodes
//! that crash in the middle of a step, that have wrong clocks, and that lie.
//!
//! ```text
//!   Scenario (data) + seed ──► World: one queue of events, one generator
//!                                │
//!         ┌──────────────────────┼───────────────────────┐
//!      Node: Core + VoteLog   Shared: time, network    Auditor: hears all, knows what
//!      on a MemDisk, driven   costs, faults            may not be
//!      as the worker does        │                       │
//!         │                      ▼                       ▼
//!      Byzantine: a liar      Summary, hash of the run  Violation
//!      that speaks instead
//! ```
//!
//! A run has a safety phase, in which anything may go wrong that the [`Scenario`] says, and then a
//! liveness phase: network and disks are good, and every correct node must decide some heights more
//! in bounded simulated time. A seed reproduces a run byte for byte: nothing depends on time, on
//! addresses, or on the order of a hash map.
//!
//! What the auditor asks for:
//!
//! - no two blocks are final at one height, and what a client saw final is never undone (nodes with
//!   a whole log);
//! - no correct authority says, or has in its log, two different things of one kind for the same
//!   height and view, or anything below a view that it gave up; none forgets what it is locked on;
//! - where a record puts another set in place, the same for each set; and once an authority has said
//!   something under the new set, it says nothing under the old one at that height any more;
//! - nothing is sent that is not durable in the log, and a log loses nothing that was sent;
//! - what is final is valid;
//! - no correct node is blamed, and none is convicted by anything that anyone sends
//!   ([`Offence::between`](hansa_pbft_primitives::Offence::between), tried on all pairs);
//! - where more weight lies than may, every fork leaves evidence against more than `T` weight, in
//!   what correct nodes have seen.
//!
//! Signatures are hashes: they cost next to nothing, and a liar is only given its own key.

#![forbid(unsafe_code)]

mod auditor;
mod block;
mod blocks;
pub mod byzantine;
pub mod catalogue;
mod crypto;
mod database;
mod disk;
pub mod latency;
mod lifecycle;
mod node;
mod packet;
mod recovery;
mod rng;
pub mod scenario;
mod shared;
mod spec;
mod summary;
mod violation;
mod world;

pub use block::SimBlock;
pub use crypto::FakeCrypto;
pub use disk::MemDisk;
pub use scenario::{
    Clocks, Expect, LogDamage, NetworkFaults, NodeFaults, Recovery, Sabotage, Scenario, Sessions,
};
pub use summary::Summary;
pub use violation::{Breach, Violation};

use hansa_pbft_core::Core;
use shared::Costs;
use world::World;

/// All scenarios.
pub fn scenarios() -> Vec<Scenario> {
    catalogue::SCENARIOS.to_vec()
}

/// The scenario of this name.
pub fn scenario(name: &str) -> Option<Scenario> {
    scenarios().into_iter().find(|s| s.name == name)
}

/// Run `scenario` with `seed`.
///
/// It runs in this thread from beginning to end, so that a switch of the thread (of the state
/// machine's seeded bugs) holds for all of it and nothing else.
pub fn run(scenario: &Scenario, seed: u64) -> Result<Summary, Box<Violation>> {
    run_with(scenario, seed, || Core::new(FakeCrypto))
}

/// As [`run`], with state machines made in another way.
pub fn run_with(
    scenario: &Scenario,
    seed: u64,
    make_core: fn() -> Core<FakeCrypto>,
) -> Result<Summary, Box<Violation>> {
    World::new(scenario, seed, Costs::USUAL, make_core)
        .run()
        .map_err(Box::new)
}
