// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker does with the network. Nothing here waits, [`request_block`] apart.
//!
//! [`request_block`]: PbftNetworkHandle::request_block

use super::{
    block_request::{self, BlockRequestError},
    hello::HelloInfo,
    limits::{MAX_BLOCK_REQUEST_PEERS, MAX_PROPOSAL_BYTES, MAX_VOTE_BYTES},
    reputation::Misbehaviour,
    shared::{Shared, Sink},
    wire,
};
use crate::types::ProposedBlock;
use hansa_pbft_primitives::{AuthorityId, AuthoritySet, Certificate, Hash, Height, Message};
use sc_network_types::PeerId;
use sp_runtime::traits::{BlakeTwo256, Hash as HashT};
use std::{future::Future, sync::Arc, time::Instant};

/// The worker's handle of the network; clones are handles of the same.
#[derive(Clone)]
pub struct PbftNetworkHandle {
    pub(super) shared: Arc<Shared>,
}

impl PbftNetworkHandle {
    /// Set who decides: the authorities to whom broadcasts go, who are heard first, and who stay
    /// connected.
    pub fn set_authorities(&self, set: &AuthoritySet) {
        let keys = set.authorities().iter().map(|a| a.key.clone()).collect();
        self.shared.set_authorities(keys);
    }

    /// Set what the local node says of itself to new peers, and to all if its key changed, or if `by_record`: its height
    /// begins under a set that a record puts in place.
    pub fn set_local(&self, info: HelloInfo, by_record: bool) {
        self.shared.set_local(info, by_record);
    }

    /// Send `message` to all authorities of the current set (and see [the module](super) on small
    /// networks); the number of peers to whom it went. A proposal goes without its block.
    pub fn broadcast(&self, message: &Message) -> usize {
        let recipients = self.shared.state.lock().recipients();
        self.send_to_all(&recipients, message)
    }

    /// Send `message` to one peer; false if it is not connected.
    pub fn send_to(&self, peer: PeerId, message: &Message) -> bool {
        self.send_to_all(&[peer], message) == 1
    }

    /// Send a proposal with its block to all to whom votes go. Said again, it goes without the block
    /// to those to whom this block went before on the same connection: what they miss they ask for.
    pub fn broadcast_proposal(&self, message: &Message, block: &ProposedBlock) -> usize {
        let recipients = self.shared.state.lock().recipients();
        self.send_proposal(&recipients, message, Some(block))
    }

    /// As [`broadcast_proposal`](Self::broadcast_proposal), to one peer.
    pub fn send_proposal_to(&self, peer: PeerId, message: &Message, block: &ProposedBlock) -> bool {
        self.send_proposal(&[peer], message, Some(block)) == 1
    }

    /// Help a peer that is behind: tell it what decided `height`. At most once per height and
    /// peer in [`CATCH_UP_INTERVAL`](super::limits::CATCH_UP_INTERVAL), and only then `find` looks
    /// for the certificate; false if none went.
    pub fn send_decided(
        &self,
        peer: PeerId,
        height: Height,
        find: impl FnOnce() -> Option<Certificate>,
    ) -> bool {
        let mut state = self.shared.state.lock();
        let Some(entry) = state.peers.get_mut(&peer) else {
            return false;
        };
        let allowed = entry.catch_up.allow(height, Instant::now());
        drop(state);
        allowed && find().is_some_and(|found| self.send_to(peer, &Message::Decided(found)))
    }

    /// Penalise a peer.
    pub fn report(&self, peer: PeerId, what: Misbehaviour) {
        self.shared.report(peer, what);
    }

    /// Whether broadcasts go to `peer`.
    pub fn is_recipient(&self, peer: &PeerId) -> bool {
        self.shared.state.lock().recipients().contains(peer)
    }

    /// The connected peers that hold a key of the current set.
    pub fn authority_peers(&self) -> Vec<(PeerId, AuthorityId)> {
        let state = self.shared.state.lock();
        let key = |peer: &PeerId| Some((*peer, state.authority_of(peer)?.clone()));
        state.peers.keys().filter_map(key).collect()
    }

    /// What `peer` showed to be; none if it has not, or is not connected.
    pub fn hello_of(&self, peer: &PeerId) -> Option<HelloInfo> {
        self.shared.state.lock().peers.get(peer)?.hello.clone()
    }

    /// All connected peers, with what they showed to be.
    pub fn peers(&self) -> Vec<(PeerId, Option<HelloInfo>)> {
        let state = self.shared.state.lock();
        state
            .peers
            .iter()
            .map(|(id, peer)| (*id, peer.hello.clone()))
            .collect()
    }

    /// Ask for a block: first `prefer` (who announced it), then authorities, then others. The
    /// answer's hash and height are those asked for; nothing else is checked.
    pub fn request_block(
        &self,
        hash: Hash,
        height: Height,
        prefer: Option<PeerId>,
    ) -> impl Future<Output = Result<ProposedBlock, BlockRequestError>> + Send + 'static {
        let candidates = self.candidates(hash, prefer);
        block_request::request(self.shared.clone(), candidates, height, hash)
    }

    fn candidates(&self, hash: Hash, prefer: Option<PeerId>) -> Vec<PeerId> {
        let state = self.shared.state.lock();
        let mut peers: Vec<(bool, Hash, PeerId)> = state
            .peers
            .keys()
            .filter(|peer| Some(**peer) != prefer)
            .map(|peer| {
                // An order of its own for each node and block spreads the load.
                let local = self.shared.network.local_peer_id();
                let seed = [hash.as_bytes(), &peer.to_bytes(), &local.to_bytes()].concat();
                let order = BlakeTwo256::hash(&seed);
                (state.authority_of(peer).is_none(), order, *peer)
            })
            .collect();
        peers.sort_unstable();
        let others = peers.into_iter().map(|(_, _, peer)| peer);
        prefer
            .into_iter()
            .chain(others)
            .take(MAX_BLOCK_REQUEST_PEERS)
            .collect()
    }

    fn send_to_all(&self, peers: &[PeerId], message: &Message) -> usize {
        if matches!(message, Message::Proposal { .. }) {
            return self.send_proposal(peers, message, None);
        }
        let bytes = wire::encode_vote(message);
        if bytes.len() > MAX_VOTE_BYTES {
            return self.too_large(message, bytes.len());
        }
        let mut state = self.shared.state.lock();
        let sinks: Vec<Sink> = peers
            .iter()
            .filter_map(|peer| state.vote_sink(peer))
            .collect();
        drop(state);
        for _ in sinks.len()..peers.len() {
            self.shared.dropped("unsent");
        }
        self.count_sent(message, sinks.len());
        for sink in &sinks {
            self.shared.count_sent(true, bytes.len());
            sink.send_sync_notification(bytes.clone());
        }
        sinks.len()
    }

    fn send_proposal(
        &self,
        peers: &[PeerId],
        message: &Message,
        block: Option<&ProposedBlock>,
    ) -> usize {
        let bare = wire::encode_proposal(message, None);
        let whole = block.map_or_else(|| bare.clone(), |b| wire::encode_proposal(message, Some(b)));
        if whole.len() > MAX_PROPOSAL_BYTES {
            return self.too_large(message, whole.len());
        }
        let mut state = self.shared.state.lock();
        let sinks: Vec<(Sink, bool)> = peers
            .iter()
            .filter_map(|peer| match block {
                Some(block) => state.proposal_sink(peer, block.hash(), whole.len()),
                None => state.proposal_sink(peer, Hash::zero(), usize::MAX),
            })
            .collect();
        drop(state);
        self.count_sent(message, sinks.len());
        for (sink, with_block) in &sinks {
            let bytes = if *with_block { &whole } else { &bare };
            self.shared.count_sent(false, bytes.len());
            sink.send_sync_notification(bytes.clone());
        }
        sinks.len()
    }

    fn too_large(&self, message: &Message, bytes: usize) -> usize {
        let kind = wire::kind(message);
        log::error!(target: super::LOG_TARGET, "a {kind} of {bytes} bytes is too large to send");
        self.shared.dropped("own_too_large");
        0
    }

    fn count_sent(&self, message: &Message, peers: usize) {
        wire::log_in_full("out", message);
        let label = wire::kind(message);
        self.shared
            .metrics
            .messages_sent
            .with_label_values(&[label])
            .inc_by(peers as u64);
    }
}
