// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The services of a node: the parts of the SDK and of Hansa, put together for our block type. It knows no runtime but by its
//! [API](runtime_api), so that it is not compiled again when one changes.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`node`] | the node of a process: its own chain, and the DappChains of a hub |
//! | [`full`] | a running node of one chain: what follows, pool, RPC and the engine |
//! | [`parts`] | what subcommands need as well: client, database, keystore, block import |
//! | [`database`] | opening the database of the right chain, or saying why not |
//! | [`network`] | the network, with the engine's own protocols |
//! | [`beacon`] | commitments and reveals for the randomness beacon |
//! | [`mod@pool`] | the way into the node pool |
//! | [`interchain`] | the node in the network between chains |
//! | [`introductions`] | nodes of one chain find each other by that network |
//! | [`dappchain`] | the DappChains of a hub's node, in its process |
//! | [`runtime_api`] | what runtimes are asked |
//! | [`spec`] | what a chain spec in memory says beside what the SDK's own does |
//! | [`recovery`] | the hub's records of recoveries, for the engine |
//! | [`chain_commands`] | the SDK's commands on a chain's database |
//! | [`revert`] | taking back final blocks |
//! | [`resume_voting`] | ending the silence when too many vote logs are gone |

#![forbid(unsafe_code)]

pub mod beacon;
pub mod chain_commands;
pub mod dappchain;
pub mod database;
pub mod full;
pub mod interchain;
pub mod introductions;
pub mod network;
pub mod node;
pub mod parts;
pub mod pool;
pub mod recovery;
pub mod resume_voting;
pub mod revert;
pub mod runtime_api;
pub mod spec;

pub use full::{Interchain, Options};
pub use parts::{
    new_parts, vote_log_dir, Compose, FullBackend, FullClient, FullEngine, FullPool, Parts,
};

/// Many threads that each hold memory for a moment fragment the C library's arenas: see
/// `docs/adr/0013-many-chains-in-one-process.md`. It also serves RocksDB, by the names of C.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
