// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The network against a scripted one: what the tests share.

mod block_server;
mod inbox;
mod limits;
mod peers;
mod wire;

use super::{limits::*, wire::*, *};
use crate::types::ProposedBlock;
use codec::Encode;
use futures::{channel::mpsc, executor::block_on, future::poll_immediate};
use hansa_pbft_primitives::{
    statement::{verify_signature, NO_PROOF},
    Authority, AuthorityId, AuthorityPair, AuthoritySet, AuthoritySignature, Certificate,
    ConsensusLog, Height, Message, NewViewProof, SignedStatement, SignerBitmap, Statement,
    VoteKind, MAX_AUTHORITIES,
};
use hansa_primitives::Header;
use parking_lot::Mutex;
use sc_network::{
    service::traits::{Direction, MessageSink, ValidationResult},
    types::ProtocolName,
    ReputationChange,
};
use sc_network_common::role::{ObservedRole, Roles};
use sc_network_types::PeerId;
use sp_core::Pair;
use sp_runtime::{traits::Header as HeaderT, OpaqueExtrinsic};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

const GENESIS: Hash = Hash::repeat_byte(0xaa);

fn pair(index: u8) -> AuthorityPair {
    AuthorityPair::from_seed(&[index + 1; 32])
}

fn pair_of(index: u32) -> AuthorityPair {
    let mut seed = [9; 32];
    seed[..4].copy_from_slice(&index.to_le_bytes());
    AuthorityPair::from_seed(&seed)
}

fn set(n: u8) -> AuthoritySet {
    let list = (0..n)
        .map(|i| Authority {
            key: pair(i).public(),
            weight: 1,
        })
        .collect();
    AuthoritySet::new(0, list).unwrap()
}

/// Has the keys of the first ten authorities.
struct Keys;

impl Crypto for Keys {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        (0..10)
            .map(pair)
            .find(|p| p.public() == *key)
            .map(|p| p.sign(payload))
    }

    fn verify(&self, key: &AuthorityId, payload: &[u8], sig: &AuthoritySignature) -> bool {
        verify_signature(key, payload, sig)
    }
}

fn vote(height: Height) -> Message {
    let statement = VoteKind::Prepare.statement(Hash::repeat_byte(1), NO_PROOF);
    Message::Vote(signed(height, statement))
}

fn signed(height: Height, statement: Statement) -> SignedStatement {
    let signature = pair(0).sign(b"whatever");
    SignedStatement {
        height,
        view: 0,
        statement,
        authority: 0,
        signature,
    }
}

fn block(height: Height, body_bytes: usize) -> ProposedBlock {
    let root = Hash::zero();
    let header = Header::new(height, root, root, root, Default::default());
    let extrinsics = vec![OpaqueExtrinsic::from_blob(vec![5; body_bytes])];
    ProposedBlock {
        block: Block { header, extrinsics },
        parent_certificate: None,
    }
}

fn proposal(block: &ProposedBlock) -> Message {
    let statement = Statement::Proposal {
        hash: block.hash(),
        proof: NO_PROOF,
    };
    Message::Proposal {
        statement: signed(block.height(), statement),
        proof: None,
    }
}

/// What was sent, by protocol and peer.
type Sent = Arc<Mutex<Vec<(bool, PeerId, Vec<u8>)>>>;

struct MockSink(bool, PeerId, Sent);

#[async_trait::async_trait]
impl MessageSink for MockSink {
    fn send_sync_notification(&self, notification: Vec<u8>) {
        self.2.lock().push((self.0, self.1, notification));
    }

    async fn send_async_notification(&self, _: Vec<u8>) -> Result<(), sc_network::error::Error> {
        panic!("asynchronous sends lose the order")
    }
}

/// One protocol: events come from a channel, what is sent is noted.
#[derive(Debug)]
struct MockService {
    is_votes: bool,
    name: ProtocolName,
    events: mpsc::UnboundedReceiver<NotificationEvent>,
    sent: Sent,
}

#[async_trait::async_trait]
impl NotificationService for MockService {
    async fn open_substream(&mut self, _: PeerId) -> Result<(), ()> {
        panic!("not supported by either backend")
    }

    async fn close_substream(&mut self, _: PeerId) -> Result<(), ()> {
        panic!("not supported by either backend")
    }

    fn send_sync_notification(&mut self, peer: &PeerId, notification: Vec<u8>) {
        self.sent.lock().push((self.is_votes, *peer, notification));
    }

    async fn send_async_notification(
        &mut self,
        _: &PeerId,
        _: Vec<u8>,
    ) -> Result<(), sc_network::error::Error> {
        panic!("asynchronous sends lose the order")
    }

    async fn set_handshake(&mut self, _: Vec<u8>) -> Result<(), ()> {
        Ok(())
    }

    fn try_set_handshake(&mut self, _: Vec<u8>) -> Result<(), ()> {
        Ok(())
    }

    async fn next_event(&mut self) -> Option<NotificationEvent> {
        self.events.next().await
    }

    fn clone(&mut self) -> Result<Box<dyn NotificationService>, ()> {
        panic!("not supported by litep2p")
    }

    fn protocol(&self) -> &ProtocolName {
        &self.name
    }

    fn message_sink(&self, peer: &PeerId) -> Option<Box<dyn MessageSink>> {
        Some(Box::new(MockSink(self.is_votes, *peer, self.sent.clone())))
    }
}

#[derive(Default)]
struct MockNetwork {
    local: Option<PeerId>,
    reserved: Mutex<HashSet<(ProtocolName, PeerId)>>,
    reports: Mutex<Vec<(PeerId, ReputationChange)>>,
    /// What peers answer to requests for blocks; those that are not here never do.
    answers: Mutex<HashMap<PeerId, Vec<u8>>>,
    asked: Mutex<Vec<PeerId>>,
    silent: Mutex<Vec<ResponseSender>>,
}

impl PeerNetwork for MockNetwork {
    fn local_peer_id(&self) -> PeerId {
        self.local.unwrap()
    }

    fn reserve(&self, protocol: &ProtocolName, peer: PeerId) {
        self.reserved.lock().insert((protocol.clone(), peer));
    }

    fn release(&self, protocol: &ProtocolName, peer: PeerId) {
        self.reserved.lock().remove(&(protocol.clone(), peer));
    }

    fn report(&self, peer: PeerId, change: ReputationChange) {
        self.reports.lock().push((peer, change));
    }

    fn role(&self, _: PeerId, handshake: Vec<u8>) -> Option<ObservedRole> {
        match handshake[..] {
            [1] => Some(ObservedRole::Full),
            [2] => Some(ObservedRole::Light),
            [4] => Some(ObservedRole::Authority),
            _ => None,
        }
    }

    fn request(&self, peer: PeerId, name: ProtocolName, _: Vec<u8>, tx: ResponseSender) {
        self.asked.lock().push(peer);
        match self.answers.lock().get(&peer) {
            Some(answer) => drop(tx.send(Ok((answer.clone(), name)))),
            None => self.silent.lock().push(tx),
        }
    }
}

struct NoBlocks;

impl BlockProvider for NoBlocks {
    fn encoded_block(&self, _: Height, _: Hash) -> Option<Vec<u8>> {
        None
    }
}

/// A node with everything around it scripted.
struct Node {
    votes: mpsc::UnboundedSender<NotificationEvent>,
    proposals: mpsc::UnboundedSender<NotificationEvent>,
    sync: mpsc::UnboundedSender<SyncEvent>,
    sent: Sent,
    network: Arc<MockNetwork>,
    pbft: PbftNetwork,
}

impl Node {
    /// Authority `index` of a set of four.
    fn new(index: u8) -> Self {
        let sent = Sent::default();
        let names = ProtocolNames::new(GENESIS, None);
        let service = |is_votes, name: &ProtocolName| {
            let (tx, events) = mpsc::unbounded();
            let (name, sent) = (name.clone(), sent.clone());
            (
                tx,
                Box::new(MockService {
                    is_votes,
                    name,
                    events,
                    sent,
                }),
            )
        };
        let (votes, votes_service) = service(true, &names.votes);
        let (proposals, proposals_service) = service(false, &names.proposals);
        let (sync, sync_events) = mpsc::unbounded();
        let (_, requests) = async_channel::bounded(1);
        let network = Arc::new(MockNetwork {
            local: Some(PeerId::random()),
            ..Default::default()
        });
        let parts = PbftNetworkParts {
            genesis: GENESIS,
            names,
            votes: votes_service,
            proposals: proposals_service,
            requests,
        };
        let local = HelloInfo {
            set_id: 0,
            height: 1,
            authority: Some(pair(index).public()),
        };
        let metrics = Metrics::register(None).unwrap();
        let pbft = parts.start(
            network.clone(),
            sync_events.boxed(),
            Arc::new(Keys),
            Arc::new(NoBlocks),
            local,
            metrics,
        );
        pbft.handle.set_authorities(&set(4));
        Self {
            votes,
            proposals,
            sync,
            sent,
            network,
            pbft,
        }
    }

    fn id(&self) -> PeerId {
        self.network.local_peer_id()
    }

    /// Let the network's task take everything, then the worker.
    fn events(&mut self) -> Vec<(PeerId, PeerEvent)> {
        assert!(
            block_on(poll_immediate(&mut self.pbft.task)).is_none(),
            "it goes on"
        );
        let mut events = Vec::new();
        while let Some(Some(i)) = block_on(poll_immediate(self.pbft.incoming.next())) {
            events.push((i.peer, i.event));
        }
        events
    }

    fn open(&self, peer: PeerId, role: Roles) {
        for events in [&self.votes, &self.proposals] {
            let event = NotificationEvent::NotificationStreamOpened {
                peer,
                direction: Direction::Inbound,
                handshake: role.encode(),
                negotiated_fallback: None,
            };
            events.unbounded_send(event).unwrap();
        }
    }

    fn close(&self, peer: PeerId) {
        for events in [&self.votes, &self.proposals] {
            events
                .unbounded_send(NotificationEvent::NotificationStreamClosed { peer })
                .unwrap();
        }
    }

    fn receive(&self, peer: PeerId, is_votes: bool, notification: Vec<u8>) {
        let events = if is_votes {
            &self.votes
        } else {
            &self.proposals
        };
        let event = NotificationEvent::NotificationReceived { peer, notification };
        events.unbounded_send(event).unwrap();
    }

    /// `peer` says the Hello of authority `index`.
    fn greet(&self, peer: PeerId, index: Option<u8>) {
        self.receive(peer, true, hello_of(peer, index).encode());
    }

    /// A peer that is connected and has said its Hello.
    fn peer(&mut self, role: Roles, index: Option<u8>) -> PeerId {
        let peer = PeerId::random();
        self.open(peer, role);
        self.greet(peer, index);
        self.events();
        peer
    }

    fn take_sent(&self) -> Vec<(bool, PeerId, Vec<u8>)> {
        std::mem::take(&mut *self.sent.lock())
    }

    fn reports(&self) -> usize {
        std::mem::take(&mut *self.network.reports.lock()).len()
    }
}

fn hello_of(peer: PeerId, index: Option<u8>) -> VoteProtocolMessage {
    let authority = index.map(|i| pair(i).public());
    let info = HelloInfo {
        set_id: 0,
        height: 1,
        authority,
    };
    VoteProtocolMessage::Hello(hello::make(GENESIS, &peer, &info, &Keys))
}
