// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What waits for the worker: bounded queues per peer, emptied in turn.
//!
//! * Each peer has its own queues, so a flood fills only the sender's. There is a limit over all
//!   peers as well; at it, the peer that has most waiting loses, so those that have little never do.
//! * Peers that wait take turns, one message a turn. Those that hold a key of the current set have
//!   [`AUTHORITY_TURNS`] - 1 of [`AUTHORITY_TURNS`] turns, so made-up peers, however many, cannot
//!   crowd them out, and they cannot shut out a validator that is about to join.
//! * Messages wait as bytes and are decoded in the peer's turn, so that a flood costs no more than
//!   its copying.
//! * A peer's proposals wait until its Hello was found good.

use super::limits::{
    AUTHORITY_TURNS, MAX_PEERS, MAX_QUEUED_CONNECTION_EVENTS_PER_PEER,
    MAX_QUEUED_PROPOSALS_PER_PEER, MAX_QUEUED_PROPOSAL_BYTES, MAX_QUEUED_PROPOSAL_BYTES_PER_PEER,
    MAX_QUEUED_VOTES_PER_PEER, MAX_QUEUED_VOTE_BYTES, MAX_QUEUED_VOTE_BYTES_PER_PEER,
    QUEUED_MESSAGE_OVERHEAD_BYTES,
};
use sc_network_types::PeerId;
use std::collections::{HashMap, VecDeque};

/// Identifies a connection among all that there ever were.
pub(super) type Session = u64;

/// One thing that waits in a peer's main queue.
#[derive(Debug)]
enum Item {
    Connected(Session),
    Vote(Vec<u8>),
    Disconnected,
}

/// One peer's turn.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Popped {
    /// The vote substream was opened.
    Connected(PeerId),
    /// It was closed.
    Disconnected(PeerId),
    /// A message of the vote protocol.
    Vote {
        peer: PeerId,
        session: Session,
        bytes: Vec<u8>,
        /// Whether a good Hello came before it on this connection.
        greeted: bool,
    },
    /// A message of the proposal protocol, of a peer that said a good Hello.
    Proposal { peer: PeerId, bytes: Vec<u8> },
}

/// A peer's queues.
#[derive(Default, Debug)]
struct PeerQueue {
    main: VecDeque<Item>,
    votes: usize,
    vote_bytes: usize,
    proposals: VecDeque<Vec<u8>>,
    /// The connection of which the worker was told last.
    session: Session,
    /// Whether a good Hello was delivered on it.
    greeted: bool,
    is_authority: bool,
    scheduled: bool,
    /// Both substreams are closed: forget the peer when all is delivered.
    gone: bool,
}

impl PeerQueue {
    fn is_deliverable(&self) -> bool {
        !self.main.is_empty() || (self.greeted && !self.proposals.is_empty())
    }

    fn proposal_bytes(&self) -> usize {
        self.proposals
            .iter()
            .fold(0, |sum, p| sum.saturating_add(p.len()))
    }

    fn has_too_many_proposals(&self) -> bool {
        self.proposals.len() > MAX_QUEUED_PROPOSALS_PER_PEER
            || self.proposal_bytes() > MAX_QUEUED_PROPOSAL_BYTES_PER_PEER
    }

    fn connection_events(&self) -> usize {
        self.main.len().saturating_sub(self.votes)
    }

    /// The proposals go before the news that the peer has left.
    fn proposal_is_next(&self) -> bool {
        self.greeted
            && !self.proposals.is_empty()
            && matches!(self.main.front(), None | Some(Item::Disconnected))
    }
}

/// All queues.
#[derive(Default, Debug)]
pub(super) struct Inbox {
    peers: HashMap<PeerId, PeerQueue>,
    authorities: VecDeque<PeerId>,
    others: VecDeque<PeerId>,
    turn: u32,
    vote_bytes: usize,
    proposal_bytes: usize,
}

impl Inbox {
    /// Whether a new peer finds room.
    pub fn has_room_for(&self, peer: &PeerId) -> bool {
        // Twice: peers that have left wait until the worker has taken what they said.
        self.peers.contains_key(peer) || self.peers.len() < MAX_PEERS.saturating_mul(2)
    }

    /// The vote substream of `peer` was opened.
    pub fn connected(&mut self, peer: PeerId, session: Session) {
        let queue = self.peers.entry(peer).or_default();
        queue.gone = false;
        queue.main.push_back(Item::Connected(session));
        self.schedule(peer);
    }

    /// The vote substream of `peer` was closed.
    pub fn disconnected(&mut self, peer: PeerId) {
        let Some(queue) = self.peers.get_mut(&peer) else {
            return;
        };
        if queue.connection_events() >= MAX_QUEUED_CONNECTION_EVENTS_PER_PEER {
            queue.main.clear();
            self.vote_bytes = self.vote_bytes.saturating_sub(queue.vote_bytes);
            (queue.votes, queue.vote_bytes) = (0, 0);
        }
        queue.main.push_back(Item::Disconnected);
        self.schedule(peer);
    }

    /// No substream of `peer` is left.
    pub fn gone(&mut self, peer: PeerId) {
        if let Some(queue) = self.peers.get_mut(&peer) {
            queue.gone = true;
        }
        self.forget_if_done(&peer);
    }

    /// A message of the vote protocol came; false if it was dropped.
    #[must_use]
    pub fn push_vote(&mut self, peer: PeerId, bytes: Vec<u8>) -> bool {
        let Some(queue) = self.peers.get_mut(&peer) else {
            return false;
        };
        let size = counted(&bytes);
        let vote_bytes = queue.vote_bytes.saturating_add(size);
        if queue.votes >= MAX_QUEUED_VOTES_PER_PEER || vote_bytes > MAX_QUEUED_VOTE_BYTES_PER_PEER {
            return false;
        }
        queue.votes = queue.votes.saturating_add(1);
        queue.vote_bytes = vote_bytes;
        queue.main.push_back(Item::Vote(bytes));
        self.vote_bytes = self.vote_bytes.saturating_add(size);
        let mut is_taken = true;
        while self.vote_bytes > MAX_QUEUED_VOTE_BYTES {
            let most = self.peers.iter().max_by_key(|(_, queue)| queue.vote_bytes);
            let Some(most) = most.map(|(peer, _)| *peer) else {
                break;
            };
            if !self.drop_newest_vote(&most) {
                break;
            }
            is_taken &= most != peer;
        }
        self.schedule(peer);
        is_taken
    }

    /// Drop the newest waiting vote of `peer`; false if none waits.
    fn drop_newest_vote(&mut self, peer: &PeerId) -> bool {
        let Some(queue) = self.peers.get_mut(peer) else {
            return false;
        };
        let is_vote = |item: &Item| matches!(item, Item::Vote(_));
        let newest = queue.main.iter().rposition(is_vote);
        let Some(Item::Vote(bytes)) = newest.and_then(|at| queue.main.remove(at)) else {
            return false;
        };
        queue.votes = queue.votes.saturating_sub(1);
        queue.vote_bytes = queue.vote_bytes.saturating_sub(counted(&bytes));
        self.vote_bytes = self.vote_bytes.saturating_sub(counted(&bytes));
        true
    }

    /// A message of the proposal protocol came; false if it or an older one was dropped.
    #[must_use]
    pub fn push_proposal(&mut self, peer: PeerId, bytes: Vec<u8>) -> bool {
        if !self.has_room_for(&peer) {
            return false;
        }
        let queue = self.peers.entry(peer).or_default();
        self.proposal_bytes = self.proposal_bytes.saturating_add(bytes.len());
        queue.proposals.push_back(bytes);
        let is_over = queue.has_too_many_proposals();
        while self
            .peers
            .get(&peer)
            .is_some_and(PeerQueue::has_too_many_proposals)
        {
            self.drop_oldest_proposal(&peer);
        }
        while self.proposal_bytes > MAX_QUEUED_PROPOSAL_BYTES {
            let most = self
                .peers
                .iter()
                .max_by_key(|(_, queue)| queue.proposal_bytes());
            let Some(most) = most.map(|(peer, _)| *peer) else {
                break;
            };
            self.drop_oldest_proposal(&most);
        }
        self.schedule(peer);
        !is_over
    }

    fn drop_oldest_proposal(&mut self, peer: &PeerId) {
        if let Some(bytes) = self
            .peers
            .get_mut(peer)
            .and_then(|q| q.proposals.pop_front())
        {
            self.proposal_bytes = self.proposal_bytes.saturating_sub(bytes.len());
        }
    }

    /// A good Hello was delivered on `session`.
    pub fn greeted(&mut self, peer: PeerId, session: Session) {
        if let Some(queue) = self.peers.get_mut(&peer).filter(|q| q.session == session) {
            queue.greeted = true;
            self.schedule(peer);
        }
    }

    /// Whether `peer` holds a key of the current set, as far as is known.
    pub fn set_authority(&mut self, peer: &PeerId, is_authority: bool) {
        if let Some(queue) = self.peers.get_mut(peer) {
            queue.is_authority = is_authority;
        }
    }

    /// The next peer's turn.
    pub fn pop(&mut self) -> Option<Popped> {
        loop {
            let peer = self.next_peer()?;
            let Some(queue) = self.peers.get_mut(&peer) else {
                continue;
            };
            queue.scheduled = false;
            let popped = if queue.proposal_is_next() {
                queue.proposals.pop_front().map(|bytes| {
                    self.proposal_bytes = self.proposal_bytes.saturating_sub(bytes.len());
                    Popped::Proposal { peer, bytes }
                })
            } else {
                let before = queue.vote_bytes;
                let popped = queue
                    .main
                    .pop_front()
                    .map(|item| deliver(queue, peer, item));
                let delivered = before.saturating_sub(queue.vote_bytes);
                self.vote_bytes = self.vote_bytes.saturating_sub(delivered);
                popped
            };
            self.schedule(peer);
            self.forget_if_done(&peer);
            if popped.is_some() {
                return popped;
            }
        }
    }

    fn next_peer(&mut self) -> Option<PeerId> {
        self.turn = self.turn.wrapping_add(1);
        let (first, second) = match self.turn % AUTHORITY_TURNS {
            0 => (&mut self.others, &mut self.authorities),
            _ => (&mut self.authorities, &mut self.others),
        };
        first.pop_front().or_else(|| second.pop_front())
    }

    fn schedule(&mut self, peer: PeerId) {
        let Some(queue) = self.peers.get_mut(&peer) else {
            return;
        };
        if !queue.scheduled && queue.is_deliverable() {
            queue.scheduled = true;
            let list = if queue.is_authority {
                &mut self.authorities
            } else {
                &mut self.others
            };
            list.push_back(peer);
        }
    }

    fn forget_if_done(&mut self, peer: &PeerId) {
        if self
            .peers
            .get(peer)
            .is_some_and(|q| q.gone && !q.is_deliverable())
        {
            if let Some(queue) = self.peers.remove(peer) {
                self.proposal_bytes = self.proposal_bytes.saturating_sub(queue.proposal_bytes());
                self.vote_bytes = self.vote_bytes.saturating_sub(queue.vote_bytes);
            }
        }
    }

    #[cfg(test)]
    pub fn queued_vote_bytes(&self) -> usize {
        self.vote_bytes
    }

    #[cfg(test)]
    pub fn queued_proposal_bytes(&self) -> usize {
        self.proposal_bytes
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.peers.len()
    }
}

/// What a waiting message is counted as.
fn counted(bytes: &[u8]) -> usize {
    bytes.len().saturating_add(QUEUED_MESSAGE_OVERHEAD_BYTES)
}

fn deliver(queue: &mut PeerQueue, peer: PeerId, item: Item) -> Popped {
    match item {
        Item::Connected(session) => {
            (queue.session, queue.greeted) = (session, false);
            Popped::Connected(peer)
        }
        Item::Disconnected => {
            queue.greeted = false;
            Popped::Disconnected(peer)
        }
        Item::Vote(bytes) => {
            queue.votes = queue.votes.saturating_sub(1);
            queue.vote_bytes = queue.vote_bytes.saturating_sub(counted(&bytes));
            Popped::Vote {
                peer,
                session: queue.session,
                bytes,
                greeted: queue.greeted,
            }
        }
    }
}
