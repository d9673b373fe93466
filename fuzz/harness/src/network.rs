// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Those parts of the engine's network that need nothing of the SDK's. The crate that they stand in
//! would bring the whole SDK with it.

#[path = "../../../consensus/pbft/src/network/limits.rs"]
pub mod limits;
#[path = "../../../consensus/pbft/src/network/wire.rs"]
pub mod wire;
