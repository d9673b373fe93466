// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is fuzzed. Each target is a function that takes any bytes and panics if something is wrong:
//!
//! | target | what it does with the bytes | what must hold |
//! | --- | --- | --- |
//! | `sequence` | plays four authorities, some of them its own | no contradiction, no fork, no correct one convicted, bounded memory |
//! | `messages` | decodes what comes over the wire | bounded; what decodes has one encoding |
//! | `certificates` | verifies certificates, proofs of new views, evidence | no panic; a quorum of good signatures or nothing |
//! | `headers` | reads digests, seals, hand-overs, inherents, the consensus state | no panic; what decodes has one encoding |
//! | `interchain` | reads and verifies what comes from other chains | no panic; only what a quorum signed, only what is in the state |
//! | `interchain_messages` | decodes what nodes say to each other between chains | bounded; what decodes has one encoding |
//! | `vote_log` | opens a log that was cut or altered | no panic, and a second opening finds what the first left |
//!
//! `fuzz_targets/` in the folder above has a program for each, which cargo-fuzz builds with coverage
//! (`make fuzz`). `tests/replay.rs` runs each on the corpus that is kept in the repository, so that
//! what was found once stays found.

#[path = "../../../interchain/src/limits.rs"]
pub mod limits;
#[path = "../../../interchain/src/message.rs"]
pub mod message;
#[path = "../../../consensus/pbft/src/types.rs"]
pub mod types;

pub mod certificates;
pub mod headers;
pub mod input;
pub mod interchain;
pub mod interchain_messages;
pub mod messages;
pub mod network;
pub mod seeds;
pub mod sequence;
pub mod vote_log;
pub mod world;

/// A target: any bytes in, a panic if something is wrong.
pub type Target = fn(&[u8]);

/// All targets by name, which is also that of their program and of their folder in the corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("certificates", certificates::run),
    ("headers", headers::run),
    ("interchain", interchain::run),
    ("interchain_messages", interchain_messages::run),
    ("messages", messages::run),
    ("sequence", sequence::run),
    ("vote_log", vote_log::run),
];
