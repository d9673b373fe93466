// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the binary `hansa` does: command line, chain specs, local networks, registering a DappChain. It knows the runtimes by their
//! metadata alone.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`cli`], [`command`] | flags and subcommands, and what they do |
//! | [`built`] | what is built into the binary |
//! | [`chain_spec`] | chain specs in the short form and in the SDK's |
//! | [`deploy`] | `hansa dappchain`: registering one |
//! | [`network_up`] | `hansa network up`: a local network of processes |
//! | [`transactions`] | transactions by the metadata of the chain |
//! | [`key`] | `hansa key` |

#![forbid(unsafe_code)]

pub mod built;
pub mod chain_spec;
pub mod cli;
pub mod command;
pub mod deploy;
pub mod key;
pub mod network_up;
pub mod transactions;
