// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The network between chains: how packets get from the nodes of one chain to those of another.
//!
//! ```text
//!   chain A's node                                            chain B's node
//!   ┌─────────┐ final   ┌─────────┐ Offer                     ┌─────────┐
//!   │  Chain  ├────────►│ courier ├──────────────────────────►│ courier │
//!   │         │◄────────┤ serve   │◄────────────── Prove ─────┤  verify │ submit ┌───────┐
//!   └─────────┘ proofs  └─────────┘ headers, packets, proofs ►│         ├───────►│ pool  │
//!                                                             └────┬────┘        └───────┘
//!                                                          Forward │ to B's other nodes, into their pools
//! ```
//!
//! Back come the results the same way: B's author offers, A's node asks. Nothing that is said is believed:
//! what goes into a pool was verified by the light client and the proofs that the runtime uses.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`message`] | what nodes say to each other |
//! | [`wire`] | how that is written, with all bounds |
//! | [`host`] | the node in the network: peers, limits, who serves which chain |
//! | [`chain`] | what is asked of a chain that the node runs |
//! | [`client`] | the real one, over the SDK's client |
//! | [`hand_overs`] | an index of the headers that hand over |
//! | [`past_sets`] | the sets of other chains, for when they decide no more |
//! | [`route`] | what to do for a route: decisions only |
//! | [`verify`] | checking what others show |
//! | [`witness`] | noticing that a chain contradicts itself |
//! | [`serve`] | answering what others ask |
//! | [`courier`] | the task that brings all of this together |
//! | [`limits`] | all bounds and times |
//! | [`metrics`] | what is counted |

#![forbid(unsafe_code)]

pub mod chain;
pub mod client;
pub mod courier;
pub mod hand_overs;
pub mod host;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod past_sets;
pub mod route;
pub mod serve;
#[cfg(test)]
mod tests;
pub mod verify;
pub mod wire;
pub mod witness;

/// The target of log lines.
pub(crate) const LOG_TARGET: &str = "interchain";
