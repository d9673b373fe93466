// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The state that the network's task, the worker's handle and the worker's stream share. One lock,
//! held briefly: nothing is decoded, verified or waited for under it.

use super::{
    backend::PeerNetwork,
    hello::{self, HelloInfo},
    inbox::{Inbox, Popped, Session},
    limits::{
        CHECKS_BURST, CHECKS_REFILL_INTERVAL, HELLO_BURST, HELLO_REFILL_INTERVAL, MAX_PEERS,
        MAX_PROPOSAL_BYTES, MAX_UNHEARD_PROPOSAL_BYTES, MAX_UNHEARD_VOTES, MAX_VOTE_BYTES,
        SENT_BLOCKS_REMEMBERED, SMALL_NETWORK_PEERS, STRANGERS_CHECKS_BURST,
        STRANGERS_CHECKS_REFILL_INTERVAL,
    },
    names::ProtocolNames,
    rate::{CatchUpLimiter, TokenBucket},
    reputation::Misbehaviour,
    wire::VoteProtocolMessage,
};
use crate::metrics::Metrics;
use codec::Encode;
use futures::task::AtomicWaker;
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{AuthorityId, Hash};
use parking_lot::Mutex;
use sc_network::service::traits::{MessageSink, ValidationResult};
use sc_network_common::role::ObservedRole;
use sc_network_types::PeerId;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::Instant,
};

/// Where messages to one peer on one protocol go in.
pub(super) type Sink = Arc<dyn MessageSink>;

/// A connected peer.
pub(super) struct Peer {
    role: ObservedRole,
    session: Session,
    votes: Option<Sink>,
    proposals: Option<Sink>,
    /// What it showed to be on this connection.
    pub hello: Option<HelloInfo>,
    hellos: TokenBucket,
    /// Blocks that went to it whole on this connection.
    sent_blocks: VecDeque<Hash>,
    /// Bytes of blocks that went to it since it was heard last.
    unheard_bytes: usize,
    /// Messages of the vote protocol that went to it since it was heard last.
    unheard_votes: usize,
    pub catch_up: CatchUpLimiter,
}

impl Peer {
    fn new(role: ObservedRole, session: Session) -> Self {
        Self {
            role,
            session,
            votes: None,
            proposals: None,
            hello: None,
            hellos: TokenBucket::new(HELLO_BURST, HELLO_REFILL_INTERVAL, Instant::now()),
            sent_blocks: VecDeque::new(),
            unheard_bytes: 0,
            unheard_votes: 0,
            catch_up: CatchUpLimiter::default(),
        }
    }

    /// Whether a block may go to it whole; if so, it counts as sent.
    fn takes_whole_block(&mut self, hash: Hash, bytes: usize) -> bool {
        let unheard = self.unheard_bytes.saturating_add(bytes);
        if self.sent_blocks.contains(&hash) || unheard > MAX_UNHEARD_PROPOSAL_BYTES {
            return false;
        }
        if self.sent_blocks.len() >= SENT_BLOCKS_REMEMBERED {
            self.sent_blocks.pop_front();
        }
        self.sent_blocks.push_back(hash);
        self.unheard_bytes = unheard;
        true
    }
}

/// How many signature checks the messages of all those together may ask for that hold no key of
/// the current set.
struct StrangersChecks(TokenBucket);

impl Default for StrangersChecks {
    fn default() -> Self {
        let refill = STRANGERS_CHECKS_REFILL_INTERVAL;
        Self(TokenBucket::new(
            STRANGERS_CHECKS_BURST,
            refill,
            Instant::now(),
        ))
    }
}

/// What is behind the lock.
#[derive(Default)]
pub(super) struct State {
    pub peers: HashMap<PeerId, Peer>,
    pub inbox: Inbox,
    /// What the local node says of itself …
    local: HelloInfo,
    /// … as it goes over the wire.
    local_hello: Vec<u8>,
    /// The keys of the current set.
    authorities: HashSet<AuthorityId>,
    /// Peers with which the node syncs.
    sync_peers: HashSet<PeerId>,
    /// Where authorities of the current set were seen last: they stay reserved when sync drops
    /// them, so that replicas find each other again.
    homes: HashMap<AuthorityId, PeerId>,
    reserved: HashSet<PeerId>,
    next_session: Session,
    /// How many signature checks each authority's messages may ask for: by key, so that a new
    /// connection brings no new allowance.
    checks: HashMap<AuthorityId, TokenBucket>,
    strangers_checks: StrangersChecks,
}

impl State {
    pub fn authority_of(&self, peer: &PeerId) -> Option<&AuthorityId> {
        let key = self.peers.get(peer)?.hello.as_ref()?.authority.as_ref()?;
        self.authorities.contains(key).then_some(key)
    }

    /// To whom a broadcast goes: to all who hold a key of the current set, and in a small network
    /// to all who have the role of an authority, so that one whose key is new misses nothing.
    fn is_recipient(&self, peer: &PeerId, state: &Peer) -> bool {
        self.authority_of(peer).is_some()
            || (self.peers.len() <= SMALL_NETWORK_PEERS && state.role == ObservedRole::Authority)
    }

    pub fn recipients(&self) -> Vec<PeerId> {
        let peers = self
            .peers
            .iter()
            .filter(|(id, peer)| self.is_recipient(id, peer));
        peers.map(|(id, _)| *id).collect()
    }

    /// Where a message of the vote protocol goes; none if the peer is not connected, or is not
    /// heard any more.
    pub fn vote_sink(&mut self, peer: &PeerId) -> Option<Sink> {
        let peer = self.peers.get_mut(peer)?;
        let sink = peer.votes.clone()?;
        let unheard = peer.unheard_votes.saturating_add(1);
        (unheard <= MAX_UNHEARD_VOTES).then(|| {
            peer.unheard_votes = unheard;
            sink
        })
    }

    /// Whether the messages of `peer` may ask for `count` more signature checks now.
    fn may_check(&mut self, peer: &PeerId, count: u32, now: Instant) -> bool {
        let Some(key) = self.authority_of(peer).cloned() else {
            return self.strangers_checks.0.take_many(count, now);
        };
        self.checks
            .entry(key)
            .or_insert_with(|| TokenBucket::new(CHECKS_BURST, CHECKS_REFILL_INTERVAL, now))
            .take_many(count, now)
    }

    /// The sink for a proposal, and whether the block goes with it.
    pub fn proposal_sink(
        &mut self,
        peer: &PeerId,
        hash: Hash,
        bytes: usize,
    ) -> Option<(Sink, bool)> {
        let peer = self.peers.get_mut(peer)?;
        let sink = peer.proposals.clone()?;
        Some((sink, peer.takes_whole_block(hash, bytes)))
    }
}

/// What all parts of the network share.
pub(super) struct Shared {
    pub genesis: Hash,
    pub names: ProtocolNames,
    pub network: Arc<dyn PeerNetwork>,
    pub crypto: Arc<dyn Crypto + Send + Sync>,
    pub metrics: Metrics,
    pub state: Mutex<State>,
    pub waker: AtomicWaker,
    pub is_closed: AtomicBool,
}

impl Shared {
    /// Penalise `peer`.
    pub fn report(&self, peer: PeerId, what: Misbehaviour) {
        self.metrics
            .messages_dropped
            .with_label_values(&[what.label()])
            .inc();
        self.network.report(peer, what.change());
    }

    pub fn dropped(&self, reason: &str) {
        self.metrics
            .messages_dropped
            .with_label_values(&[reason])
            .inc();
    }

    /// The network is gone: the worker's stream ends.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.waker.wake();
    }

    /// Whether an inbound substream of `peer` is welcome.
    pub fn validate(&self, peer: PeerId, handshake: Vec<u8>) -> ValidationResult {
        let state = self.state.lock();
        let has_room = state.peers.contains_key(&peer) || state.peers.len() < MAX_PEERS;
        drop(state);
        match self.network.role(peer, handshake) {
            Some(role) if has_room && !role.is_light() => ValidationResult::Accept,
            _ => ValidationResult::Reject,
        }
    }

    /// A substream was opened. On that of votes the Hello is the first thing to go out: only then
    /// does anyone else get hold of the sink.
    pub fn opened(&self, peer: PeerId, handshake: Vec<u8>, sink: Option<Sink>, is_votes: bool) {
        let Some((role, sink)) = self.network.role(peer, handshake).zip(sink) else {
            return;
        };
        let mut state = self.state.lock();
        let is_known = state.peers.contains_key(&peer);
        if (!is_known && state.peers.len() >= MAX_PEERS) || !state.inbox.has_room_for(&peer) {
            return;
        }
        state.next_session = state.next_session.wrapping_add(1);
        let session = state.next_session;
        let hello = state.local_hello.clone();
        let entry = state
            .peers
            .entry(peer)
            .or_insert_with(|| Peer::new(role, session));
        entry.role = role;
        if is_votes {
            self.count_sent(true, hello.len());
            sink.send_sync_notification(hello);
            (entry.votes, entry.session, entry.hello) = (Some(sink), session, None);
            entry.unheard_votes = 0;
            state.inbox.connected(peer, session);
        } else {
            entry.proposals = Some(sink);
            entry.sent_blocks.clear();
            entry.unheard_bytes = 0;
        }
        self.update_gauges(&state);
        drop(state);
        self.waker.wake();
    }

    /// A substream was closed.
    pub fn closed(&self, peer: PeerId, is_votes: bool) {
        let mut state = self.state.lock();
        let Some(entry) = state.peers.get_mut(&peer) else {
            return;
        };
        if is_votes {
            entry.hello = None;
            if entry.votes.take().is_some() {
                state.inbox.disconnected(peer);
            }
        } else {
            entry.proposals = None;
        }
        if state
            .peers
            .get(&peer)
            .is_some_and(|p| p.votes.is_none() && p.proposals.is_none())
        {
            state.peers.remove(&peer);
            state.inbox.gone(peer);
        }
        self.update_gauges(&state);
        drop(state);
        self.waker.wake();
    }

    /// A notification came.
    pub fn received(&self, peer: PeerId, bytes: Vec<u8>, is_votes: bool) {
        self.count_received(is_votes, bytes.len());
        let limit = if is_votes {
            MAX_VOTE_BYTES
        } else {
            MAX_PROPOSAL_BYTES
        };
        if bytes.len() > limit {
            return self.report(peer, Misbehaviour::Malformed);
        }
        let mut state = self.state.lock();
        let Some(entry) = state.peers.get_mut(&peer) else {
            return;
        };
        (entry.unheard_bytes, entry.unheard_votes) = (0, 0);
        let is_taken = if is_votes {
            state.inbox.push_vote(peer, bytes)
        } else {
            state.inbox.push_proposal(peer, bytes)
        };
        drop(state);
        self.waker.wake();
        if !is_taken {
            self.report(peer, flood(is_votes));
        }
    }

    pub fn pop(&self) -> Option<Popped> {
        self.state.lock().inbox.pop()
    }

    /// Whether a message of `peer` may be looked at that asks for `checks` signature checks at
    /// most. If not, it counts as part of a flood, of votes or of proposals.
    pub fn may_check(&self, peer: PeerId, checks: u32, is_votes: bool) -> bool {
        let allowed = self.state.lock().may_check(&peer, checks, Instant::now());
        if !allowed {
            self.report(peer, flood(is_votes));
        }
        allowed
    }

    /// Whether `peer` holds a key of the current set.
    pub fn is_authority(&self, peer: &PeerId) -> bool {
        self.state.lock().authority_of(peer).is_some()
    }

    /// Whether `peer` may say a Hello now.
    pub fn may_greet(&self, peer: &PeerId) -> bool {
        let mut state = self.state.lock();
        state
            .peers
            .get_mut(peer)
            .is_some_and(|p| p.hellos.take(Instant::now()))
    }

    /// A good Hello came on `session`; false if it says nothing new.
    pub fn greeted(&self, peer: PeerId, session: Session, info: &HelloInfo) -> bool {
        let mut state = self.state.lock();
        state.inbox.greeted(peer, session);
        let Some(entry) = state.peers.get_mut(&peer).filter(|p| p.session == session) else {
            return true;
        };
        let is_news = entry.hello.as_ref() != Some(info);
        entry.hello = Some(info.clone());
        if let Some(key) = state.authority_of(&peer).cloned() {
            state.inbox.set_authority(&peer, true);
            state.homes.insert(key, peer);
        } else {
            state.inbox.set_authority(&peer, false);
        }
        self.update_reserved(&mut state);
        self.update_gauges(&state);
        is_news
    }

    /// Set what the local node says of itself, and say it to all if its key changed, or if its height begins
    /// `by_record` of another set: peers that have not heard of that refuse what it says then.
    pub fn set_local(&self, info: HelloInfo, by_record: bool) {
        let local = self.network.local_peer_id();
        let hello = hello::make(self.genesis, &local, &info, &*self.crypto);
        let bytes = VoteProtocolMessage::Hello(hello).encode();
        let mut state = self.state.lock();
        let local = &state.local;
        let is_news = local.authority != info.authority || (by_record && *local != info);
        (state.local, state.local_hello) = (info, bytes);
        drop(state);
        if is_news {
            self.say_hello();
        }
    }

    /// Say the Hello to all.
    pub fn say_hello(&self) {
        // Under the lock, so that no older Hello follows a newer one.
        let state = self.state.lock();
        for sink in state.peers.values().filter_map(|peer| peer.votes.as_ref()) {
            self.count_sent(true, state.local_hello.len());
            sink.send_sync_notification(state.local_hello.clone());
        }
    }

    /// Set the keys of the current set.
    pub fn set_authorities(&self, keys: HashSet<AuthorityId>) {
        let mut state = self.state.lock();
        if state.authorities == keys {
            return;
        }
        state.homes.retain(|key, _| keys.contains(key));
        state.checks.retain(|key, _| keys.contains(key));
        state.authorities = keys;
        let peers: Vec<PeerId> = state.peers.keys().copied().collect();
        for peer in peers {
            let key = state.authority_of(&peer).cloned();
            state.inbox.set_authority(&peer, key.is_some());
            if let Some(key) = key {
                state.homes.entry(key).or_insert(peer);
            }
        }
        self.update_reserved(&mut state);
        self.update_gauges(&state);
    }

    pub fn sync_connected(&self, peer: PeerId) {
        let mut state = self.state.lock();
        state.sync_peers.insert(peer);
        self.update_reserved(&mut state);
    }

    pub fn sync_disconnected(&self, peer: PeerId) {
        let mut state = self.state.lock();
        state.sync_peers.remove(&peer);
        self.update_reserved(&mut state);
    }

    /// Reserved are the peers with which the node syncs and the authorities of the current set
    /// wherever they were seen last.
    fn update_reserved(&self, state: &mut State) {
        let wanted: HashSet<PeerId> = state
            .sync_peers
            .iter()
            .chain(state.homes.values())
            .copied()
            .collect();
        for protocol in [&self.names.votes, &self.names.proposals] {
            for peer in wanted.difference(&state.reserved) {
                self.network.reserve(protocol, *peer);
            }
            for peer in state.reserved.difference(&wanted) {
                self.network.release(protocol, *peer);
            }
        }
        state.reserved = wanted;
    }

    fn update_gauges(&self, state: &State) {
        let authorities = state
            .peers
            .keys()
            .filter(|p| state.authority_of(p).is_some())
            .count();
        self.metrics.peers.set(state.peers.len() as u64);
        self.metrics.authority_peers.set(authorities as u64);
    }

    pub fn count_sent(&self, is_votes: bool, bytes: usize) {
        self.metrics
            .sent_bytes
            .with_label_values(&[label(is_votes)])
            .inc_by(bytes as u64);
    }

    fn count_received(&self, is_votes: bool, bytes: usize) {
        self.metrics
            .received_bytes
            .with_label_values(&[label(is_votes)])
            .inc_by(bytes as u64);
    }
}

fn label(is_votes: bool) -> &'static str {
    if is_votes {
        "votes"
    } else {
        "proposals"
    }
}

fn flood(is_votes: bool) -> Misbehaviour {
    if is_votes {
        Misbehaviour::Flood
    } else {
        Misbehaviour::ProposalFlood
    }
}
