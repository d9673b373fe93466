// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic: two chains with real states, real proofs and real certificates.

mod calls;
mod carry;
mod clients;
mod closing;
mod conservation;
mod equivocation;
mod limits;
mod recoveries;
mod restarts;
mod results;
mod routes;
mod steps;
mod terms;
mod timeouts;
mod world;
