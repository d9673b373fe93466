// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node in the network between chains: one per process, for whatever number of chains it runs.
//!
//! It knows nothing of packets. It finds nodes by the chain that they serve, keeps connections to some of
//! them, carries questions and answers, and bounds what others may ask. [`Host`] is the task that owns
//! the swarm; [`Handle`] is how others talk to it, over bounded channels.

mod behaviour;
mod finding;
mod merit;
mod peers;
mod task;

pub use peers::Offence;
pub use task::Host;

use crate::message::{Addresses, Request, Response};
use hansa_interchain_primitives::packet::ChainRef;
pub use libp2p::{identity::Keypair, Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot};

/// The key of a node, of its secret bytes; none if they are no key.
pub fn keypair(mut secret: [u8; 32]) -> Option<Keypair> {
    Keypair::ed25519_from_bytes(&mut secret).ok()
}

/// Why a question was not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RequestError {
    /// The peer cannot be reached, or the connection was lost.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// The peer did not answer in time.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The peer answered with what is no message.
    #[error("the peer answered with what is no message")]
    Malformed,
    /// Too many questions of this node are on their way.
    #[error("too many questions are on their way")]
    Busy,
    /// The host has ended.
    #[error("the host has ended")]
    Ended,
}

/// A question of another node about a chain that this one serves.
#[derive(Debug)]
pub struct Inbound {
    /// Who asks.
    pub peer: PeerId,
    /// What.
    pub request: Request,
    /// Where the answer goes. If it is dropped, the peer is told that the node is busy.
    pub reply: oneshot::Sender<Response>,
}

/// What others ask of a chain, in two queues, so that who is answering proofs hears of offers.
#[derive(Debug)]
pub struct Questions {
    /// [`Request::Offer`] and [`Request::Forward`].
    pub news: mpsc::Receiver<Inbound>,
    /// [`Request::Ask`] and [`Request::Prove`].
    pub proofs: mpsc::Receiver<Inbound>,
}

/// What the host is told.
#[derive(Debug)]
enum Command {
    Serve {
        chain: ChainRef,
        news: mpsc::Sender<Inbound>,
        proofs: mpsc::Sender<Inbound>,
    },
    Reachable {
        chain: ChainRef,
        at: Addresses,
    },
    Seek {
        chain: ChainRef,
        addresses: Vec<Multiaddr>,
    },
    Request {
        peer: PeerId,
        request: Request,
        reply: oneshot::Sender<Result<Response, RequestError>>,
    },
    Peers {
        chain: ChainRef,
        reply: oneshot::Sender<Vec<PeerId>>,
    },
    InTurn {
        chain: ChainRef,
        turn: usize,
        reply: oneshot::Sender<Vec<PeerId>>,
    },
    Report {
        peer: PeerId,
        offence: Option<Offence>,
    },
    Listeners {
        reply: oneshot::Sender<Vec<Multiaddr>>,
    },
    Connections {
        reply: oneshot::Sender<usize>,
    },
}

/// How a host is talked to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    id: PeerId,
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// The own id.
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// Serve a chain: tell others so, and get their questions.
    pub async fn serve(&self, chain: ChainRef) -> Questions {
        let (news_sender, news) = mpsc::channel(crate::limits::MAX_INBOUND_WAITING);
        let (proofs_sender, proofs) = mpsc::channel(crate::limits::MAX_INBOUND_WAITING);
        self.tell(Command::Serve {
            chain,
            news: news_sender,
            proofs: proofs_sender,
        })
        .await;
        Questions { news, proofs }
    }

    /// Tell nodes of a chain that is served here where this one is in the chain's own network.
    pub async fn reachable(&self, chain: ChainRef, at: Addresses) {
        self.tell(Command::Reachable { chain, at }).await;
    }

    /// Keep connections to nodes that serve `chain`, of which some may be at `addresses`.
    pub async fn seek(&self, chain: ChainRef, addresses: Vec<Multiaddr>) {
        self.tell(Command::Seek { chain, addresses }).await;
    }

    /// Ask a peer.
    pub async fn request(&self, peer: PeerId, request: Request) -> Result<Response, RequestError> {
        let command = |reply| Command::Request {
            peer,
            request,
            reply,
        };
        self.ask(command).await.unwrap_or(Err(RequestError::Ended))
    }

    /// The connected peers that say that they serve `chain`.
    pub async fn peers(&self, chain: ChainRef) -> Vec<PeerId> {
        let command = |reply| Command::Peers { chain, reply };
        self.ask(command).await.unwrap_or_default()
    }

    /// The same in the order in which to ask them: who was of use first, another one each turn.
    pub async fn in_turn(&self, chain: ChainRef, turn: usize) -> Vec<PeerId> {
        let command = |reply| Command::InTurn { chain, turn, reply };
        self.ask(command).await.unwrap_or_default()
    }

    /// A peer did something wrong, or nothing of use.
    pub async fn report(&self, peer: PeerId, offence: Offence) {
        let offence = Some(offence);
        self.tell(Command::Report { peer, offence }).await;
    }

    /// A peer was of use.
    pub async fn praise(&self, peer: PeerId) {
        self.tell(Command::Report {
            peer,
            offence: None,
        })
        .await;
    }

    /// Where the host listens.
    pub async fn listeners(&self) -> Vec<Multiaddr> {
        let command = |reply| Command::Listeners { reply };
        self.ask(command).await.unwrap_or_default()
    }

    /// How many nodes it is connected to.
    pub async fn connections(&self) -> usize {
        let command = |reply| Command::Connections { reply };
        self.ask(command).await.unwrap_or_default()
    }

    async fn tell(&self, command: Command) {
        // If the host has ended, so does the node.
        let _ = self.commands.send(command).await;
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply)).await;
        answer.await.ok()
    }
}

/// The part of an address that names a TCP port.
pub fn tcp_port(port: u16) -> libp2p::multiaddr::Protocol<'static> {
    libp2p::multiaddr::Protocol::Tcp(port)
}
