// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The hub's runtime as a whole, block by block, as its nodes execute it. One program: of eight, each would have compiled
//! what the runtime is made of once more.

mod beacon;
mod blocks;
mod common;
mod genesis;
mod interchain;
mod offences;
mod pool;
mod sessions;
mod staking;
