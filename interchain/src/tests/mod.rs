// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Two chains with real states, proofs and certificates, and nodes of both with real hosts on
//! loopback. What the runtime does at a delivery is done by the same functions of the primitives.

mod carry;
pub(crate) mod client;
mod crowd;
mod forks;
mod hub;
mod liars;
pub(crate) mod mock;
mod recoveries;
mod routes;
mod wire;
mod witness;
mod world;
