// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A model of one height of Hansa's pBFT for [Stateright](stateright), which walks through every
//! order of events within small bounds. Its replicas are no copy of the protocol: they run
//! [`hansa_pbft_core::Core`], the machine of the node.

pub mod adversary;
pub mod delivery;
pub mod evidence;
pub mod model;
pub mod node;
pub mod world;

pub use delivery::Delivery;
pub use model::{Bounds, PbftModel, State};
