// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The Hansa node: command line, chain specs, and the service of one chain.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`cli`], [`command`] | flags and subcommands, and what they do |
//! | [`chain_spec`] | chain specs in the short form and in the SDK's |
//! | [`executor`] | what executes runtimes, and keeps them compiled |
//! | [`service`] | a chain's client, network, pool, RPC and consensus put together |
//! | [`dappchain`] | the DappChains of a hub's node, in its process |
//! | [`deploy`] | `hansa dappchain`: registering one |
//! | [`network_up`] | `hansa network up`: a local network of processes |
//! | [`recovery`] | the hub's records of recoveries, for the engine |
//! | [`revert`] | taking back final blocks |
//! | [`resume_voting`] | ending the silence when too many vote logs are gone |
//! | [`key`] | `hansa key` |
//! | [`ports`] | probing ports before anything is started |

#![forbid(unsafe_code)]

pub mod chain_spec;
pub mod cli;
pub mod command;
pub mod dappchain;
pub mod deploy;
pub mod executor;
pub mod key;
pub mod network_up;
pub mod ports;
pub mod recovery;
pub mod resume_voting;
pub mod revert;
pub mod service;

/// Many threads that each hold memory for a moment fragment the C library's arenas: see
/// `docs/adr/0013-many-chains-in-one-process.md`. It also serves RocksDB, by the names of C.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
