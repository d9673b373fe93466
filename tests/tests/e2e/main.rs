// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! All end-to-end tests, one module a topic, in one program so that it is linked once. Run one topic
//! with `cargo test --release -p hansa-e2e --test e2e dev_chain::`.

mod alone;
mod bad_flags;
mod bad_rpc;
mod bad_specs;
mod beacon;
mod commands;
mod custom_chain;
mod dappchains;
mod demo;
mod dev_chain;
mod durability;
mod errors;
mod four_validators;
mod halted_chain;
mod interchain;
mod javascript;
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
