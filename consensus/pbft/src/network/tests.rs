// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The network against a scripted one.

use super::{
    inbox::{Inbox, Popped},
    limits::*,
    wire::*,
    *,
};
use crate::types::ProposedBlock;
use codec::Encode;
use futures::{channel::mpsc, executor::block_on, future::poll_immediate};
use hansa_pbft_primitives::{
    statement::{verify_signature, NO_PROOF},
    Authority, AuthorityId, AuthorityPair, AuthoritySet, AuthoritySignature, Certificate,
    ConsensusLog, Height, Message, NewViewProof, SignedStatement, SignerBitmap, Statement, VoteKind, MAX_AUTHORITIES,
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
    let list = (0..n).map(|i| Authority { key: pair(i).public(), weight: 1 }).collect();
    AuthoritySet::new(0, list).unwrap()
}

/// Has the keys of the first ten authorities.
struct Keys;

impl Crypto for Keys {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        (0..10).map(pair).find(|p| p.public() == *key).map(|p| p.sign(payload))
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
    SignedStatement { height, view: 0, statement, authority: 0, signature }
}

fn block(height: Height, body_bytes: usize) -> ProposedBlock {
    let root = Hash::zero();
    let header = Header::new(height, root, root, root, Default::default());
    let extrinsics = vec![OpaqueExtrinsic::from_blob(vec![5; body_bytes])];
    ProposedBlock { block: Block { header, extrinsics }, parent_certificate: None }
}

fn proposal(block: &ProposedBlock) -> Message {
    let statement = Statement::Proposal { hash: block.hash(), proof: NO_PROOF };
    Message::Proposal { statement: signed(block.height(), statement), proof: None }
}

/// What was sent, by protocol and peer.
type Sent = Arc<Mutex<Vec<(bool, PeerId, Vec<u8>)>>>;

struct MockSink(bool, PeerId, Sent);

#[async_trait::async_trait]
impl MessageSink for MockSink {
    fn send_sync_notification(&self, notification: Vec<u8>) {
        self.2.lock().push((self.0, self.1, notification));
    }

    async fn send_async_notification(
        &self,
        _: Vec<u8>,
    ) -> Result<(), sc_network::error::Error> {
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
            (tx, Box::new(MockService { is_votes, name, events, sent }))
        };
        let (votes, votes_service) = service(true, &names.votes);
        let (proposals, proposals_service) = service(false, &names.proposals);
        let (sync, sync_events) = mpsc::unbounded();
        let (_, requests) = async_channel::bounded(1);
        let network = Arc::new(MockNetwork { local: Some(PeerId::random()), ..Default::default() });
        let parts = PbftNetworkParts {
            genesis: GENESIS,
            names,
            votes: votes_service,
            proposals: proposals_service,
            requests,
        };
        let local = HelloInfo { set_id: 0, height: 1, authority: Some(pair(index).public()) };
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
        Self { votes, proposals, sync, sent, network, pbft }
    }

    fn id(&self) -> PeerId {
        self.network.local_peer_id()
    }

    /// Let the network's task take everything, then the worker.
    fn events(&mut self) -> Vec<(PeerId, PeerEvent)> {
        assert!(block_on(poll_immediate(&mut self.pbft.task)).is_none(), "it goes on");
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
            events.unbounded_send(NotificationEvent::NotificationStreamClosed { peer }).unwrap();
        }
    }

    fn receive(&self, peer: PeerId, is_votes: bool, notification: Vec<u8>) {
        let events = if is_votes { &self.votes } else { &self.proposals };
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
    let info = HelloInfo { set_id: 0, height: 1, authority };
    VoteProtocolMessage::Hello(hello::make(GENESIS, &peer, &info, &Keys))
}

#[test]
fn names_tell_chains_apart() {
    let names = ProtocolNames::new(GENESIS, Some("fork"));
    assert_eq!(&*names.votes, format!("/{}/fork/pbft/votes/1", "aa".repeat(32)));
    let names = ProtocolNames::new(GENESIS, None);
    assert_eq!(&*names.proposals, format!("/{}/pbft/proposals/1", "aa".repeat(32)));
    assert_eq!(&*names.block, format!("/{}/pbft/block/1", "aa".repeat(32)));
}

#[test]
fn encodings_without_copies_are_those_of_the_types() {
    let (message, held) = (vote(3), block(3, 10));
    assert_eq!(encode_vote(&message), VoteProtocolMessage::Pbft(message.clone()).encode());
    for block in [None, Some(held.clone())] {
        let bytes = encode_proposal(&message, block.as_ref());
        assert_eq!(bytes, ProposalProtocolMessage { message: message.clone(), block }.encode());
    }
    assert_eq!(encode_block_response(None), BlockResponse::Unknown.encode());
    let response = BlockResponse::Block(held.clone());
    assert_eq!(encode_block_response(Some(held.encode())), response.encode());
}

#[test]
fn the_largest_messages_fit_and_nothing_larger_is_decoded() {
    let largest = MAX_AUTHORITIES as usize;
    let signature = pair(0).sign(b"whatever");
    let certificate = Certificate {
        kind: VoteKind::Prepare,
        height: 1,
        view: 0,
        hash: Hash::zero(),
        proof: NO_PROOF,
        signers: SignerBitmap::new(largest, 0..MAX_AUTHORITIES as u16),
        signatures: vec![signature; largest].try_into().unwrap(),
    };
    let prepared = Some(certificate.prepared());
    let statement = signed(1, Statement::ViewChange { prepared });
    let message = Message::ViewChange {
        statement: statement.clone(),
        certificate: Some(certificate.clone()),
    };
    // Even with the signatures of all, though a quorum's are enough.
    assert!(encode_vote(&message).len() <= MAX_VOTE_BYTES, "{}", encode_vote(&message).len());
    assert!(decode_vote(&encode_vote(&message)).is_ok());

    let mut held = block(1, MAX_BLOCK_BODY_BYTES);
    held.parent_certificate = Some(certificate.clone());
    let view_changes = vec![statement; largest].try_into().unwrap();
    let proof = Some(NewViewProof { view_changes, prepared: Some(certificate) });
    let next = (0..MAX_AUTHORITIES)
        .map(|i| Authority { key: pair_of(i).public(), weight: 1 })
        .collect();
    let next = AuthoritySet::new(1, next).unwrap();
    held.block.header.digest.push(ConsensusLog::SetChange(next).to_digest_item());
    let Message::Proposal { statement, .. } = proposal(&held) else { panic!("it is one") };
    let bytes = encode_proposal(&Message::Proposal { statement, proof }, Some(&held));
    assert!(bytes.len() <= MAX_PROPOSAL_BYTES, "{}", bytes.len());
    assert!(decode_proposal(&bytes).is_ok());

    let good = encode_vote(&vote(1));
    assert!(decode_vote(&good).is_ok());
    let mut long = good.clone();
    long.push(0);
    assert_eq!(decode_vote(&long), Err(DecodeError::Malformed), "left-over bytes");
    assert_eq!(decode_vote(&good[..good.len() - 1]), Err(DecodeError::Malformed));
    assert_eq!(decode_vote(&vec![0; MAX_VOTE_BYTES + 1]), Err(DecodeError::TooLarge));
    let foreign = VoteProtocolMessage::Pbft(proposal(&block(1, 1))).encode();
    assert_eq!(decode_vote(&foreign), Err(DecodeError::WrongProtocol));
    assert_eq!(
        decode_proposal(&encode_proposal(&vote(1), None)),
        Err(DecodeError::WrongProtocol)
    );
    let other = encode_proposal(&proposal(&block(1, 1)), Some(&block(2, 1)));
    assert_eq!(decode_proposal(&other), Err(DecodeError::WrongBlock));
}

#[test]
fn a_block_of_nothing_but_empty_transactions_does_not_blow_up_memory() {
    let mut bomb = block(1, 1);
    bomb.block.extrinsics = vec![OpaqueExtrinsic::from_blob(Vec::new()); 2_000_000];
    let bytes = encode_proposal(&proposal(&bomb), Some(&bomb));
    assert!(bytes.len() < MAX_PROPOSAL_BYTES);
    assert_eq!(decode_proposal(&bytes), Err(DecodeError::Malformed));
    let full = block(1, MAX_BLOCK_BODY_BYTES);
    assert!(decode_proposal(&encode_proposal(&proposal(&full), Some(&full))).is_ok());
}

#[test]
fn a_hello_is_bound_to_peer_chain_key_and_content() {
    let (peer, other) = (PeerId::random(), PeerId::random());
    let info = HelloInfo { set_id: 4, height: 9, authority: Some(pair(2).public()) };
    let hello = hello::make(GENESIS, &peer, &info, &Keys);
    let verify = |hello: &Hello, genesis, peer| hello::verify(hello, genesis, peer, &Keys);
    assert_eq!(verify(&hello, GENESIS, &peer), Ok(info.clone()));
    assert_eq!(verify(&hello, GENESIS, &other), Err(HelloError::BadSignature));
    assert_eq!(verify(&hello, Hash::zero(), &peer), Err(HelloError::WrongGenesis));
    let signature = hello.authority.clone().unwrap().1;
    for changed in [
        Hello { set_id: 5, ..hello.clone() },
        Hello { height: 8, ..hello.clone() },
        Hello { authority: Some((pair(3).public(), signature)), ..hello.clone() },
    ] {
        assert_eq!(verify(&changed, GENESIS, &peer), Err(HelloError::BadSignature));
    }
    // A key that the keystore does not have makes the Hello of a follower.
    let foreign = HelloInfo { authority: Some(pair(77).public()), ..info.clone() };
    assert_eq!(hello::make(GENESIS, &peer, &foreign, &Keys).authority, None);
}

#[test]
fn hello_comes_first_both_ways() {
    let mut node = Node::new(0);
    let peer = PeerId::random();
    node.open(peer, Roles::AUTHORITY);
    node.receive(peer, true, encode_vote(&vote(1)));
    assert_eq!(node.events(), [(peer, PeerEvent::Connected)], "a vote without a Hello is dropped");
    let sent = node.take_sent();
    assert_eq!(sent, [(true, peer, hello_of(node.id(), Some(0)).encode())]);

    node.greet(peer, Some(1));
    node.receive(peer, true, encode_vote(&vote(2)));
    let authority = Some(pair(1).public());
    let info = HelloInfo { set_id: 0, height: 1, authority: authority.clone() };
    let expected =
        [(peer, PeerEvent::Hello(info)), (peer, PeerEvent::Message(vote(2)))];
    assert_eq!(node.events(), expected);
    assert_eq!(node.pbft.handle.authority_peers(), [(peer, authority.unwrap())]);
    node.greet(peer, Some(1));
    assert!(node.events().is_empty(), "said again it is no news");
    node.close(peer);
    assert_eq!(node.events(), [(peer, PeerEvent::Disconnected)]);
    assert!(node.pbft.handle.peers().is_empty());

    // A new connection begins anew.
    node.open(peer, Roles::AUTHORITY);
    node.receive(peer, true, encode_vote(&vote(3)));
    assert_eq!(node.events(), [(peer, PeerEvent::Connected)]);
    assert_eq!(node.reports(), 0);
}

#[test]
fn a_stolen_hello_is_refused_and_costs() {
    let mut node = Node::new(0);
    let thief = PeerId::random();
    node.open(thief, Roles::AUTHORITY);
    node.receive(thief, true, hello_of(PeerId::random(), Some(1)).encode());
    assert_eq!(node.events(), [(thief, PeerEvent::Connected)]);
    assert_eq!(node.network.reports.lock()[..], [(thief, Misbehaviour::BadHello.change())]);
    assert!(node.pbft.handle.authority_peers().is_empty());
}

#[test]
fn proposals_wait_for_the_hello() {
    let mut node = Node::new(0);
    let (peer, held) = (PeerId::random(), block(1, 100));
    node.open(peer, Roles::AUTHORITY);
    node.receive(peer, false, encode_proposal(&proposal(&held), Some(&held)));
    assert_eq!(node.events(), [(peer, PeerEvent::Connected)]);
    node.greet(peer, Some(1));
    let events = node.events();
    let message = proposal(&held);
    assert!(matches!(events[0].1, PeerEvent::Hello(_)));
    assert_eq!(events[1..], [(peer, PeerEvent::Proposal { message, block: Some(held) })]);
}

#[test]
fn malformed_and_oversized_messages_cost_and_nothing_else_happens() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    for (is_votes, bytes) in [
        (true, vec![9, 9, 9]),
        (true, vec![]),
        (true, vec![1; MAX_VOTE_BYTES + 1]),
        (false, vec![0; 10]),
        (false, vec![0; MAX_PROPOSAL_BYTES + 1]),
    ] {
        node.receive(peer, is_votes, bytes);
        assert!(node.events().is_empty());
        assert_eq!(node.reports(), 1);
    }
}

#[test]
fn substreams_are_accepted_by_role() {
    let node = Node::new(0);
    let validate = |handshake: &[u8]| {
        node.pbft.handle.shared.validate(PeerId::random(), handshake.to_vec())
    };
    assert_eq!(validate(&[4]), ValidationResult::Accept);
    assert_eq!(validate(&[1]), ValidationResult::Accept);
    assert_eq!(validate(&[2]), ValidationResult::Reject, "light");
    assert_eq!(validate(&[]), ValidationResult::Reject, "unknown");
}

#[test]
fn votes_go_to_authorities_and_not_to_followers() {
    let mut node = Node::new(0);
    let authority = node.peer(Roles::AUTHORITY, Some(1));
    let newcomer = node.peer(Roles::AUTHORITY, Some(8));
    let follower = node.peer(Roles::FULL, None);
    node.take_sent();
    assert_eq!(node.pbft.handle.broadcast(&vote(1)), 2, "a small network");
    let peers: HashSet<_> = node.take_sent().into_iter().map(|(_, peer, _)| peer).collect();
    assert_eq!(peers, [authority, newcomer].into());
    assert!(node.pbft.handle.send_to(follower, &vote(1)), "directly, to anyone");

    for _ in 0..SMALL_NETWORK_PEERS {
        node.peer(Roles::FULL, None);
    }
    node.take_sent();
    assert_eq!(node.pbft.handle.broadcast(&vote(1)), 1, "a large network");
    assert_eq!(node.take_sent()[0].1, authority);
    node.pbft.handle.set_authorities(&set(9));
    assert_eq!(node.pbft.handle.broadcast(&vote(1)), 2, "the newcomer is in the set");
}

#[test]
fn a_block_goes_over_a_connection_once() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    node.take_sent();
    let held = block(1, 1_000);
    let (whole, bare) = (
        encode_proposal(&proposal(&held), Some(&held)),
        encode_proposal(&proposal(&held), None),
    );
    let handle = node.pbft.handle.clone();
    let send = |node: &mut Node| {
        assert_eq!(handle.broadcast_proposal(&proposal(&held), &held), 1);
        node.take_sent().pop().unwrap().2
    };
    assert_eq!(send(&mut node), whole);
    assert_eq!(send(&mut node), bare);
    node.close(peer);
    node.open(peer, Roles::AUTHORITY);
    node.greet(peer, Some(1));
    node.events();
    assert_eq!(send(&mut node), whole, "a new connection");
}

#[test]
fn a_peer_that_is_not_heard_gets_a_bounded_amount_of_blocks() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    node.take_sent();
    let send = |node: &Node, heights: std::ops::Range<Height>| {
        for height in heights {
            let held = block(height, MAX_BLOCK_BODY_BYTES / 2);
            node.pbft.handle.broadcast_proposal(&proposal(&held), &held);
        }
        node.take_sent().iter().fold(0, |sum, (_, _, bytes)| sum + bytes.len())
    };
    let bytes = send(&node, 1..30);
    assert!(bytes > MAX_UNHEARD_PROPOSAL_BYTES / 2 && bytes < MAX_UNHEARD_PROPOSAL_BYTES + 9_999);
    node.receive(peer, true, encode_vote(&vote(1)));
    node.events();
    assert!(send(&node, 30..31) > MAX_BLOCK_BODY_BYTES / 2, "it is alive");
}

#[test]
fn a_new_key_is_said_to_all() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::FULL, None);
    node.take_sent();
    let mut info = HelloInfo { set_id: 0, height: 2, authority: Some(pair(0).public()) };
    node.pbft.handle.set_local(info.clone());
    assert!(node.take_sent().is_empty(), "the height alone is no news");
    info.authority = Some(pair(5).public());
    node.pbft.handle.set_local(info.clone());
    let hello = hello::make(GENESIS, &node.id(), &info, &Keys);
    assert_eq!(node.take_sent(), [(true, peer, VoteProtocolMessage::Hello(hello).encode())]);
}

#[test]
fn catch_up_help_is_limited() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    let certificate = Certificate {
        kind: VoteKind::Commit,
        height: 3,
        view: 0,
        hash: Hash::zero(),
        proof: NO_PROOF,
        signers: SignerBitmap::new(4, [0]),
        signatures: Default::default(),
    };
    assert!(node.pbft.handle.send_decided(peer, &certificate));
    assert!(!node.pbft.handle.send_decided(peer, &certificate));
    assert!(!node.pbft.handle.send_decided(PeerId::random(), &certificate));
}

#[test]
fn reserved_are_sync_peers_and_authorities_wherever_they_were_seen() {
    let mut node = Node::new(0);
    let authority = node.peer(Roles::AUTHORITY, Some(1));
    let follower = node.peer(Roles::FULL, None);
    let reserved = |node: &Node| -> HashSet<PeerId> {
        let reserved = node.network.reserved.lock();
        let names = ProtocolNames::new(GENESIS, None);
        let of = |name: &ProtocolName| -> HashSet<PeerId> {
            reserved.iter().filter(|(n, _)| n == name).map(|(_, peer)| *peer).collect()
        };
        assert_eq!(of(&names.votes), of(&names.proposals));
        of(&names.votes)
    };
    for peer_id in [authority, follower] {
        let roles = Roles::FULL;
        node.sync.unbounded_send(SyncEvent::PeerConnected { peer_id, roles }).unwrap();
    }
    node.events();
    assert_eq!(reserved(&node), [authority, follower].into());
    for peer in [authority, follower] {
        node.sync.unbounded_send(SyncEvent::PeerDisconnected(peer)).unwrap();
        node.close(peer);
    }
    node.events();
    assert_eq!(reserved(&node), [authority].into(), "an authority is kept");
    node.pbft.handle.set_authorities(&set(1));
    assert!(reserved(&node).is_empty(), "until it leaves the set");
}

#[test]
fn a_block_is_asked_of_several_peers_and_checked() {
    let mut node = Node::new(0);
    let liar = node.peer(Roles::AUTHORITY, Some(1));
    let empty = node.peer(Roles::AUTHORITY, Some(2));
    let silent = node.peer(Roles::AUTHORITY, Some(3));
    let holder = node.peer(Roles::FULL, None);
    let held = block(5, 50);
    let answers = [
        (liar, BlockResponse::Block(block(6, 50)).encode()),
        (empty, BlockResponse::Unknown.encode()),
        (holder, BlockResponse::Block(held.clone()).encode()),
    ];
    node.network.answers.lock().extend(answers);
    let request = node.pbft.handle.request_block(held.hash(), 5, Some(empty));
    assert_eq!(block_on(request), Ok(held.clone()));
    assert_eq!(node.network.asked.lock()[0], empty, "who announced it is asked first");
    assert_eq!(node.network.asked.lock()[3], holder, "a follower is asked last");
    assert!(node.network.asked.lock().contains(&silent));
    assert_eq!(node.network.reports.lock()[..], [(liar, Misbehaviour::WrongBlock.change())]);

    let mut alone = Node::new(0);
    let request = alone.pbft.handle.request_block(held.hash(), 5, None);
    assert_eq!(block_on(request), Err(BlockRequestError::NoPeers));
    let peer = alone.peer(Roles::AUTHORITY, Some(1));
    alone.network.answers.lock().insert(peer, BlockResponse::Unknown.encode());
    let request = alone.pbft.handle.request_block(held.hash(), 5, None);
    assert_eq!(block_on(request), Err(BlockRequestError::NotFound(1)));
}

#[test]
fn the_stream_ends_with_the_network() {
    let mut node = Node::new(0);
    node.events();
    node.votes.close_channel();
    block_on(&mut node.pbft.task);
    assert_eq!(block_on(node.pbft.incoming.next()), None);
}

#[test]
fn a_flood_by_one_peer_starves_nobody_and_is_bounded() {
    let mut node = Node::new(0);
    let honest = node.peer(Roles::AUTHORITY, Some(1));
    let flooder = node.peer(Roles::AUTHORITY, Some(2));
    for height in 0..100_000 {
        node.receive(flooder, true, encode_vote(&vote(height)));
    }
    node.receive(honest, true, encode_vote(&vote(7)));
    let events = node.events();
    let at = events.iter().position(|(peer, _)| *peer == honest).unwrap();
    assert!(at < 4, "the honest peer's vote came as number {at}");
    assert_eq!(events.len(), MAX_QUEUED_VOTES_PER_PEER + 1);
    assert!(node.network.reports.lock().iter().all(|(peer, _)| *peer == flooder));
    assert!(node.reports() > 90_000);
}

#[test]
fn made_up_peers_do_not_crowd_out_authorities_nor_the_other_way_round() {
    let mut inbox = Inbox::default();
    let connect = |inbox: &mut Inbox, is_authority| {
        let peer = PeerId::random();
        inbox.connected(peer, 1);
        while inbox.pop().is_some() {}
        inbox.greeted(peer, 1);
        inbox.set_authority(&peer, is_authority);
        peer
    };
    let authorities: HashSet<_> = (0..3).map(|_| connect(&mut inbox, true)).collect();
    let others: Vec<_> = (0..500).map(|_| connect(&mut inbox, false)).collect();
    for peer in others.iter().chain(&authorities) {
        for _ in 0..100 {
            assert!(inbox.push_vote(*peer, vec![0]));
        }
    }
    let mut first = Vec::new();
    for _ in 0..100 {
        match inbox.pop() {
            Some(Popped::Vote { peer, .. }) => first.push(authorities.contains(&peer)),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(first.iter().filter(|is_authority| **is_authority).count(), 75);
}

#[test]
fn proposals_are_bounded_per_peer_and_overall() {
    let mut inbox = Inbox::default();
    let peers: Vec<_> = (0..100).map(|_| PeerId::random()).collect();
    for peer in &peers {
        inbox.connected(*peer, 1);
    }
    while inbox.pop().is_some() {}
    for peer in &peers {
        inbox.greeted(*peer, 1);
        assert!(inbox.push_proposal(*peer, vec![1; 10]));
        assert!(inbox.push_proposal(*peer, vec![2; MAX_PROPOSAL_BYTES / 2]));
        assert!(!inbox.push_proposal(*peer, vec![3; MAX_PROPOSAL_BYTES / 2]), "one too many");
    }
    assert!(inbox.queued_proposal_bytes() <= MAX_QUEUED_PROPOSAL_BYTES);
    let small = PeerId::random();
    inbox.connected(small, 1);
    assert!(inbox.push_proposal(small, vec![4; 10]), "others give way");
    let mut seen = HashMap::<PeerId, usize>::new();
    while let Some(popped) = inbox.pop() {
        match popped {
            Popped::Connected(peer) => inbox.greeted(peer, 1),
            Popped::Proposal { peer, bytes } => {
                assert_ne!(bytes[0], 1, "the oldest was dropped");
                *seen.entry(peer).or_default() += 1;
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(seen.get(&small), Some(&1));
    assert_eq!(inbox.queued_proposal_bytes(), 0);
}

#[test]
fn a_flapping_peer_fills_nothing() {
    let mut inbox = Inbox::default();
    for round in 0..10_000u64 {
        let peer = PeerId::random();
        if !inbox.has_room_for(&peer) {
            break;
        }
        inbox.connected(peer, round);
        inbox.disconnected(peer);
        inbox.gone(peer);
    }
    assert!(inbox.len() <= 2 * MAX_PEERS);
    while inbox.pop().is_some() {}
    assert_eq!(inbox.len(), 0, "who has left is forgotten");

    let peer = PeerId::random();
    for session in 0..10_000 {
        inbox.connected(peer, session);
        inbox.disconnected(peer);
    }
    let events = std::iter::from_fn(|| inbox.pop()).collect::<Vec<_>>();
    assert!(events.len() <= MAX_QUEUED_CONNECTION_EVENTS_PER_PEER + 2);
    assert_eq!(events.last(), Some(&Popped::Disconnected(peer)));
}

#[test]
fn timeouts_leave_room_for_a_second_peer() {
    assert!(BLOCK_REQUEST_HEDGE_DELAY * 4 < BLOCK_REQUEST_TIMEOUT);
    assert!(BLOCK_REQUEST_HEDGE_DELAY > Duration::from_millis(100));
}
