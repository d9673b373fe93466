// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! All end-to-end tests, one module a topic, in one program, so that what they share is compiled once. `make test-e2e
//! ARGS=dev_chain::` runs one topic. Three are apart, and larger: liars ([`byzantine`]), [`faults`] and [`junk`]. The last two have
//! tight clocks, so `make` runs them one test after another.

mod alone;
mod bad_flags;
mod bad_rpc;
mod bad_specs;
mod beacon;
mod byzantine;
mod commands;
mod custom_chain;
mod dappchains;
mod demo;
mod dev_chain;
mod durability;
mod errors;
mod faults;
mod four_validators;
mod halted_chain;
mod interchain;
mod javascript;
mod junk;
mod matrix;
mod network_up;
mod observability;
mod pbft_rpc;
mod pool;
mod rotation;
mod rpc_docs;
mod staking;
mod upgrade;
mod validator_changes;
