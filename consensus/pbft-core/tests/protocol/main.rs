// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The rules of the state machine, one by one: tables of inputs and the outputs that they must
//! have, and properties. Runs of many replicas are in `hansa-pbft-sim`.

#[path = "../common/mod.rs"]
mod common;

mod bounds;
mod evidence;
mod forks;
mod late_evidence;
mod normal_case;
mod properties;
mod real_keys;
mod restart;
mod table;
mod view_change;
