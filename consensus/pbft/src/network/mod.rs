// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The engine's own protocols.
//!
//! | protocol | sort | what goes over it |
//! | --- | --- | --- |
//! | `/{genesis}[/{fork id}]/pbft/votes/1` | notifications, 64 KiB | Hello, votes, view-changes, certificates |
//! | `/{genesis}[/{fork id}]/pbft/proposals/1` | notifications, 5.5 MiB | proposals with their blocks, so that these do not delay votes |
//! | `/{genesis}[/{fork id}]/pbft/block/1` | request and response | proposed blocks that a replica misses |
//!
//! **Who is connected.** As with GRANDPA the protocols have no slots of their own; they are opened
//! with all peers with which the node syncs. Beyond that an authority of the current set stays
//! reserved at the peer id at which it was seen last, also if sync drops it.
//!
//! **Who is who.** The first message on the vote protocol is a signed Hello ([`wire::Hello`]): it
//! ties the peer id to a session key. A follower's is anonymous. Messages before a good Hello are
//! dropped, proposals wait for it.
//!
//! **Who gets what.** A message goes straight to every connected peer that holds a key of the
//! current set; there is no relaying, so an authority must be connected with enough others to make
//! a quorum. With four validators the peers that sync finds are all there are. A large set needs
//! as many peer slots as it has members, and their addresses (from authority discovery).
//! Followers get no votes: they finalise with the block and the justification that sync brings.
//! While no more than [`limits::SMALL_NETWORK_PEERS`] are connected, messages also go to peers that
//! run as authorities but hold no key of the current set: one that has just been elected, or whose
//! Hello with a new key is still on its way, so misses nothing.
//!
//! **How much.** Every queue is bounded ([`limits`]), per peer and over all, and emptied in turn
//! (`inbox.rs`). What a peer's messages cost to check is bounded over time: each authority has an
//! allowance of its own, all others share one, so nobody can keep a node busy with bad signatures.
//! A block goes over a connection once; said again, a proposal goes without it. To a peer from
//! which nothing comes only so much is sent. Only synchronous sends are used: mixing both sorts
//! loses the order. The SDK tells nobody if one is lost; what is current is said again.
//!
//! ```text
//!  votes ─┐                        ┌─ PbftIncoming ──> worker
//!         ├─ PbftNetwork::run ──> inbox
//!  proposals ┘        │            └─ per-peer queues, fair turns
//!  sync events ───────┘
//!  worker ── PbftNetworkHandle ──> per-peer sinks; requests for blocks
//!  others' requests ── PbftBlockServer::run ──> BlockProvider
//! ```
//!
//! **Two backends.** Nothing here depends on which one the node runs. Of a `NotificationService`
//! only `next_event` and `message_sink` are used: `clone`, `open_substream` and `close_substream`
//! panic with litep2p, whose peer set moreover runs only inside `next_event`; so the future of each
//! is polled to its end and never dropped half-way. The handshake is left to the SDK (the role),
//! because libp2p silently swallows any other of a peer whose role it does not know.

mod backend;
mod block_request;
mod handle;
mod hello;
mod inbox;
mod incoming;
pub mod limits;
mod names;
mod rate;
mod reputation;
mod shared;
#[cfg(test)]
mod tests;
pub mod wire;

pub use backend::{PeerNetwork, ResponseSender, SdkNetwork};
pub use block_request::{BlockProvider, BlockRequestError, PbftBlockServer};
pub use handle::PbftNetworkHandle;
pub use hello::{HelloError, HelloInfo};
pub use incoming::{Incoming, PbftIncoming, PeerEvent};
pub use names::ProtocolNames;
pub use rate::{CatchUpLimiter, TokenBucket};
pub use reputation::Misbehaviour;

use crate::metrics::Metrics;
use futures::{future, FutureExt, Stream, StreamExt};
use futures_timer::Delay;
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::Hash;
use hansa_primitives::Block;
use limits::{
    BLOCK_REQUEST_QUEUE, BLOCK_REQUEST_TIMEOUT, HELLO_REPEAT_INTERVAL, MAX_BLOCK_REQUEST_BYTES,
    MAX_BLOCK_RESPONSE_BYTES, MAX_PROPOSAL_BYTES, MAX_VOTE_BYTES,
};
use sc_network::{
    config::{NonReservedPeerMode, SetConfig},
    peer_store::PeerStoreProvider,
    request_responses::IncomingRequest,
    service::{
        traits::{NotificationEvent, NotificationService},
        NotificationMetrics,
    },
    NetworkBackend,
};
use sc_network_sync::SyncEvent;
use shared::{Shared, Sink, State};
use std::{pin::Pin, sync::Arc};

/// The target of log lines.
pub(crate) const LOG_TARGET: &str = "pbft-net";

/// What goes into the node's `FullNetworkConfiguration`.
pub struct PbftNetworkConfig<N: NetworkBackend<Block, Hash>> {
    /// The vote protocol, for `add_notification_protocol`.
    pub votes: N::NotificationProtocolConfig,
    /// The proposal protocol, for `add_notification_protocol`.
    pub proposals: N::NotificationProtocolConfig,
    /// The block protocol, for `add_request_response_protocol`.
    pub block: N::RequestResponseProtocolConfig,
}

/// The engine's ends of the protocols, until the network is built.
pub struct PbftNetworkParts {
    genesis: Hash,
    names: ProtocolNames,
    votes: Box<dyn NotificationService>,
    proposals: Box<dyn NotificationService>,
    requests: async_channel::Receiver<IncomingRequest>,
}

/// The network's task, and the ends that the worker holds.
pub struct PbftNetwork {
    /// For sending.
    pub handle: PbftNetworkHandle,
    /// What comes.
    pub incoming: PbftIncoming,
    /// To be spawned; ends with the network.
    pub task: Pin<Box<dyn future::Future<Output = ()> + Send>>,
    /// To be spawned where blocking is allowed: [`PbftBlockServer::run`].
    pub server: PbftBlockServer,
}

/// Configure the protocols of the chain `genesis` for a backend.
pub fn pbft_network_config<N: NetworkBackend<Block, Hash>>(
    genesis: Hash,
    fork_id: Option<&str>,
    metrics: NotificationMetrics,
    peer_store: Arc<dyn PeerStoreProvider>,
) -> (PbftNetworkConfig<N>, PbftNetworkParts) {
    let names = ProtocolNames::new(genesis, fork_id);
    let notifications = |name: &sc_network::types::ProtocolName, max_bytes: usize| {
        let set = SetConfig {
            in_peers: 0,
            out_peers: 0,
            reserved_nodes: Vec::new(),
            non_reserved_mode: NonReservedPeerMode::Deny,
        };
        let (metrics, store) = (metrics.clone(), peer_store.clone());
        N::notification_config(
            name.clone(),
            vec![],
            max_bytes as u64,
            None,
            set,
            metrics,
            store,
        )
    };
    let (votes_config, votes) = notifications(&names.votes, MAX_VOTE_BYTES);
    let (proposals_config, proposals) = notifications(&names.proposals, MAX_PROPOSAL_BYTES);
    let (tx, requests) = async_channel::bounded(BLOCK_REQUEST_QUEUE);
    let block = N::request_response_config(
        names.block.clone(),
        vec![],
        MAX_BLOCK_REQUEST_BYTES,
        MAX_BLOCK_RESPONSE_BYTES,
        BLOCK_REQUEST_TIMEOUT,
        Some(tx),
    );
    let config = PbftNetworkConfig {
        votes: votes_config,
        proposals: proposals_config,
        block,
    };
    (
        config,
        PbftNetworkParts {
            genesis,
            names,
            votes,
            proposals,
            requests,
        },
    )
}

impl PbftNetworkParts {
    /// Put the parts together once the network is built. `sync_events` is the event stream of the
    /// syncing service; `local` is what the node says of itself until the worker knows better.
    pub fn start(
        self,
        network: Arc<dyn PeerNetwork>,
        sync_events: Pin<Box<dyn Stream<Item = SyncEvent> + Send>>,
        crypto: Arc<dyn Crypto + Send + Sync>,
        provider: Arc<dyn BlockProvider>,
        local: HelloInfo,
        metrics: Metrics,
    ) -> PbftNetwork {
        let shared = Arc::new(Shared {
            genesis: self.genesis,
            names: self.names,
            network,
            crypto,
            metrics,
            state: parking_lot::Mutex::new(State::default()),
            waker: Default::default(),
            is_closed: Default::default(),
        });
        shared.set_local(local, false);
        let server = PbftBlockServer::new(self.requests, provider, shared.clone());
        let task = run(shared.clone(), self.votes, self.proposals, sync_events).boxed();
        PbftNetwork {
            handle: PbftNetworkHandle {
                shared: shared.clone(),
            },
            incoming: PbftIncoming { shared },
            task,
            server,
        }
    }
}

/// Move everything that comes from the network into the inbox; end when any source ends.
async fn run(
    shared: Arc<Shared>,
    votes: Box<dyn NotificationService>,
    proposals: Box<dyn NotificationService>,
    sync_events: Pin<Box<dyn Stream<Item = SyncEvent> + Send>>,
) {
    let loops = [
        drain(shared.clone(), votes, true).boxed(),
        drain(shared.clone(), proposals, false).boxed(),
        follow_sync(shared.clone(), sync_events).boxed(),
        repeat_hello(shared.clone()).boxed(),
    ];
    let (_, ended, _) = future::select_all(loops).await;
    log::debug!(target: LOG_TARGET, "the network has ended (source {ended})");
    shared.close();
}

async fn drain(shared: Arc<Shared>, mut service: Box<dyn NotificationService>, is_votes: bool) {
    while let Some(event) = service.next_event().await {
        match event {
            NotificationEvent::ValidateInboundSubstream {
                peer,
                handshake,
                result_tx,
            } => {
                // The other side may be gone already.
                let _ = result_tx.send(shared.validate(peer, handshake));
            }
            NotificationEvent::NotificationStreamOpened {
                peer, handshake, ..
            } => {
                let sink: Option<Sink> = service.message_sink(&peer).map(Into::into);
                shared.opened(peer, handshake, sink, is_votes);
            }
            NotificationEvent::NotificationStreamClosed { peer } => shared.closed(peer, is_votes),
            NotificationEvent::NotificationReceived { peer, notification } => {
                shared.received(peer, notification, is_votes);
            }
        }
    }
}

async fn follow_sync(
    shared: Arc<Shared>,
    mut events: Pin<Box<dyn Stream<Item = SyncEvent> + Send>>,
) {
    while let Some(event) = events.next().await {
        match event {
            SyncEvent::PeerConnected { peer_id, roles } if roles.is_full() => {
                shared.sync_connected(peer_id);
            }
            SyncEvent::PeerConnected { .. } => {}
            SyncEvent::PeerDisconnected(peer) => shared.sync_disconnected(peer),
        }
    }
}

async fn repeat_hello(shared: Arc<Shared>) {
    loop {
        Delay::new(HELLO_REPEAT_INTERVAL).await;
        shared.say_hello();
    }
}
