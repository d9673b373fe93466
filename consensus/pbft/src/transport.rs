// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What stands between the engine and its network.
//!
//! In a node nothing does ([`direct`]). Whoever composes an engine may put something there: tests of
//! faults do, with validators that say other things than the engine does, or are deaf to some.

use crate::{
    network::{Incoming, PbftIncoming, PbftNetworkHandle},
    types::ProposedBlock,
};
use futures::{Stream, StreamExt};
use hansa_pbft_primitives::Message;
use std::{pin::Pin, sync::Arc};

/// Takes the statements of the local authority, durable already, to the other authorities.
pub trait Outbox: Send + Sync {
    /// Send `message`, which is no proposal, to all authorities of the current set.
    fn broadcast(&self, message: &Message);

    /// Send a proposal with its block to all authorities of the current set.
    fn broadcast_proposal(&self, message: &Message, block: &ProposedBlock);
}

impl Outbox for PbftNetworkHandle {
    fn broadcast(&self, message: &Message) {
        PbftNetworkHandle::broadcast(self, message);
    }

    fn broadcast_proposal(&self, message: &Message, block: &ProposedBlock) {
        PbftNetworkHandle::broadcast_proposal(self, message, block);
    }
}

/// What comes from peers. It ends when the network does.
pub type Inbox = Pin<Box<dyn Stream<Item = Incoming> + Send>>;

/// Connects an engine with the two ends of its network, once these are there.
pub type Connect =
    Box<dyn FnOnce(PbftNetworkHandle, PbftIncoming) -> (Arc<dyn Outbox>, Inbox) + Send>;

/// The connection of a node: nothing is between the engine and the network.
pub fn direct() -> Connect {
    Box::new(|network, incoming| (Arc::new(network), incoming.boxed()))
}
