// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the chains in a node's process share. Nothing here is generic over a chain, and it stands apart from the services,
//! which are: so its tests compile without them.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`executor`] | what executes runtimes, and keeps them compiled |
//! | [`sandbox`] | the first run of a deployer's own runtime, in a process of its own |
//! | [`panics`] | a panic in a service ends that service alone |
//! | [`metrics`] | the metrics of services at the endpoint of the process |
//! | [`ports`] | probing ports before anything is started |

#![forbid(unsafe_code)]

pub mod executor;
pub mod metrics;
pub mod panics;
pub mod ports;
pub mod sandbox;
