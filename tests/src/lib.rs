// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! End-to-end tests of Hansa: real processes, real clients, only loopback.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`byzantine`] | a validator that lies among three that do not |
//! | [`binary`] | where the node's binary is |
//! | [`process`] | child processes that never outlive the test, and their logs |
//! | [`ports`] | ports that are free |
//! | [`node`] | one node: its flags, start, stop, restart |
//! | [`network`] | several validators, each under the test's control; and `hansa network up` |
//! | [`rpc`] | JSON-RPC: plain calls, heads, and bytes that are no JSON-RPC at all |
//! | [`client`] | what tests do through `subxt`: transfers, batches, balances |
//! | [`spec`] | chain specs that differ a little from those of the repository |
//! | [`wasm`] | a runtime of the next version |
//! | [`load`] | clients that send transfers while nodes come and go |
//! | [`finality`] | what clients saw final, and that it is never undone |
//! | [`auditor`] | everything that authorities have said, and whether any two of it conflict |
//! | [`interchain`] | two chains with a route between them, and the auditor who reads both |
//! | [`dappchains`] | a hub whose nodes are in the pool, and DappChains that live |
//! | [`disk`] | databases and vote logs: copied, removed, damaged |
//! | [`netns`] | hosts in network namespaces, with a bad network between them |
//! | [`metrics`] | what nodes export to Prometheus |
//! | [`mod@wait`] | waiting, with a deadline |
//!
//! No test asserts speed: every wait has a deadline that a slow, busy machine meets, and ends as
//! soon as what it waits for is there. What nodes logged is printed when they stop; the test
//! harness shows it for tests that failed.

pub mod auditor;
pub mod binary;
pub mod byzantine;
pub mod client;
pub mod dappchains;
pub mod disk;
pub mod finality;
pub mod interchain;
pub mod load;
pub mod metrics;
pub mod netns;
pub mod network;
pub mod node;
pub mod ports;
pub mod process;
pub mod rpc;
pub mod spec;
pub mod wait;
pub mod wasm;

pub use network::{Launcher, Network};
pub use node::{Node, NodeConfig};
pub use wait::{wait_for, wait_for_some};
