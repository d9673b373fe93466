// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Runs the services of DappChains in the process of a hub's node, as the hub says: starts those of which this
//! node is a member, starts again those that fail, stops those that it was released from once they have handed
//! over, and removes what it left long ago. It also says to the hub what members owe it.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`plan`] | which services are to be started, stopped and forgotten: pure |
//! | [`store`] | what outlives the process |
//! | [`duties`] | what a member owes the hub: the genesis, that it has caught up, that it is there |
//! | [`hub`] | what is asked of the hub, and the real one |
//! | [`launcher`] | what is asked of whoever can run a service |
//! | [`records`] | what the hub says of records by which chains go on |
//! | [`witness`] | offences on chains, which the hub is told of |
//! | [`supervisor`] | the loop: the hub's final blocks, and what becomes of services; chains that stand still |
//! | [`status`] | what is told of it to operators |

#![forbid(unsafe_code)]

pub mod duties;
pub mod hub;
pub mod launcher;
pub mod plan;
pub mod records;
pub mod status;
pub mod store;
pub mod supervisor;
#[cfg(test)]
mod tests;
pub mod witness;
#[cfg(test)]
mod witness_tests;

pub use supervisor::{Settings, Supervisor};

/// The target of log lines.
pub(crate) const LOG_TARGET: &str = "dappchains";
