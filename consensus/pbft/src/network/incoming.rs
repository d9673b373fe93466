// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What comes from peers, as the worker sees it.

use super::{
    hello::{self, HelloInfo},
    inbox::{Popped, Session},
    limits::{MAX_DROPS_PER_POLL, PROPOSAL_BYTES_PER_CHECK},
    reputation::Misbehaviour,
    shared::Shared,
    wire::{self, DecodeError, Hello, VoteProtocolMessage},
};
use crate::types::ProposedBlock;
use futures::Stream;
use hansa_pbft_primitives::Message;
use sc_network_types::PeerId;
use std::{
    pin::Pin,
    sync::{atomic::Ordering, Arc},
    task::{Context, Poll},
};

/// An event with the peer that it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// The peer.
    pub peer: PeerId,
    /// The event.
    pub event: PeerEvent,
}

/// What a peer did.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart at once, never kept in numbers"
)]
pub enum PeerEvent {
    /// It is connected on the vote protocol. It may be told what is current.
    Connected,
    /// It showed who it is, for the first time on this connection or anew.
    Hello(HelloInfo),
    /// A message other than a proposal. Nothing of it is checked but that it decodes.
    Message(Message),
    /// A proposal, and its block unless it came before or is to be had on request.
    Proposal {
        /// A [`Message::Proposal`].
        message: Message,
        /// The block that it names: its hash and height fit, nothing else is checked.
        block: Option<ProposedBlock>,
    },
    /// It is connected no more.
    Disconnected,
}

/// The stream of what comes from peers. It ends when the network does.
pub struct PbftIncoming {
    pub(super) shared: Arc<Shared>,
}

impl Stream for PbftIncoming {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.shared.waker.register(context.waker());
        for _ in 0..MAX_DROPS_PER_POLL {
            let Some(popped) = self.shared.pop() else {
                let is_closed = self.shared.is_closed.load(Ordering::SeqCst);
                return if is_closed {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                };
            };
            if let Some(incoming) = self.take(popped) {
                return Poll::Ready(Some(incoming));
            }
        }
        // Only rubbish so far: let others run.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl PbftIncoming {
    fn take(&self, popped: Popped) -> Option<Incoming> {
        let (peer, event) = match popped {
            Popped::Connected(peer) => (peer, PeerEvent::Connected),
            Popped::Disconnected(peer) => (peer, PeerEvent::Disconnected),
            Popped::Vote {
                peer,
                session,
                bytes,
                greeted,
            } => (peer, self.take_vote(peer, session, &bytes, greeted)?),
            Popped::Proposal { peer, bytes } => (peer, self.take_proposal(peer, &bytes)?),
        };
        Some(Incoming { peer, event })
    }

    fn take_vote(
        &self,
        peer: PeerId,
        session: Session,
        bytes: &[u8],
        greeted: bool,
    ) -> Option<PeerEvent> {
        match wire::decode_vote(bytes) {
            Ok(VoteProtocolMessage::Hello(hello)) => self.take_hello(peer, session, &hello),
            Ok(VoteProtocolMessage::Pbft(message)) if greeted => {
                self.count(&message);
                let checks = wire::signatures(&message);
                let allowed = self.shared.may_check(peer, checks, true);
                allowed.then_some(PeerEvent::Message(message))
            }
            Ok(VoteProtocolMessage::Pbft(_)) => {
                // Its Hello may have been lost; it will say it again.
                self.shared.dropped("no_hello");
                None
            }
            Err(error) => {
                self.refuse(peer, error);
                None
            }
        }
    }

    fn take_hello(&self, peer: PeerId, session: Session, hello: &Hello) -> Option<PeerEvent> {
        if !self.shared.may_greet(&peer) {
            self.shared.dropped("hello_rate");
            return None;
        }
        match hello::verify(hello, self.shared.genesis, &peer, &*self.shared.crypto) {
            Ok(info) => {
                let is_news = self.shared.greeted(peer, session, &info);
                is_news.then_some(PeerEvent::Hello(info))
            }
            Err(error) => {
                log::debug!(target: super::LOG_TARGET, "hello of {peer} refused: {error}");
                self.shared.report(peer, Misbehaviour::BadHello);
                None
            }
        }
    }

    fn take_proposal(&self, peer: PeerId, bytes: &[u8]) -> Option<PeerEvent> {
        // A large one costs something to decode, too.
        let decoding = u32::try_from(bytes.len() / PROPOSAL_BYTES_PER_CHECK).unwrap_or(u32::MAX);
        if !self.shared.may_check(peer, decoding, false) {
            return None;
        }
        match wire::decode_proposal(bytes) {
            Ok(proposal) => {
                self.count(&proposal.message);
                let (message, block) = (proposal.message, proposal.block);
                let allowed = self
                    .shared
                    .may_check(peer, wire::signatures(&message), false);
                allowed.then_some(PeerEvent::Proposal { message, block })
            }
            Err(error) => {
                self.refuse(peer, error);
                None
            }
        }
    }

    fn refuse(&self, peer: PeerId, error: DecodeError) {
        log::debug!(target: super::LOG_TARGET, "message of {peer} refused: {error}");
        let what = match error {
            DecodeError::WrongBlock => Misbehaviour::WrongBlock,
            _ => Misbehaviour::Malformed,
        };
        self.shared.report(peer, what);
    }

    fn count(&self, message: &Message) {
        wire::log_in_full("in", message);
        let label = wire::kind(message);
        self.shared
            .metrics
            .messages_received
            .with_label_values(&[label])
            .inc();
    }
}
