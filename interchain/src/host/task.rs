// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The task that owns the swarm.

use super::{
    behaviour::{swarm, Behaviour, BehaviourEvent, KADEMLIA},
    finding::{Search, SoughtChain},
    peers::{Offence, Peers},
    Command, Handle, Inbound, RequestError,
};
use crate::{
    limits::{
        FIND_INTERVAL_MIN, HELLO_INTERVAL, MAX_COMMANDS, MAX_INBOUND, MAX_OUTBOUND,
        MAX_PEER_ADDRESSES,
    },
    message::{Addresses, Reason, Request, Response, Served},
    LOG_TARGET,
};
use futures::{future::BoxFuture, stream::FuturesUnordered, FutureExt, StreamExt};
use hansa_interchain_primitives::packet::ChainRef;
use libp2p::{
    identify,
    identity::Keypair,
    kad,
    request_response::{
        self, InboundFailure, Message, OutboundFailure, OutboundRequestId, ResponseChannel,
    },
    swarm::SwarmEvent,
    Multiaddr, PeerId, Swarm,
};
use log::{debug, info, warn};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// How often the host looks what is due.
const TICK: Duration = Duration::from_millis(500);

/// A chain that is served.
pub(super) struct ServedChain {
    news: mpsc::Sender<Inbound>,
    proofs: mpsc::Sender<Inbound>,
    /// Where this node is in the chain's own network.
    at: Addresses,
}

/// Whose question it is that is on its way.
enum Outbound {
    Hello,
    Of(oneshot::Sender<Result<Response, RequestError>>),
}

type Answer = (ResponseChannel<Response>, Option<Response>);

/// The node in the network between chains.
pub struct Host {
    pub(super) swarm: Swarm<Behaviour>,
    commands: mpsc::Receiver<Command>,
    /// Nodes that may know others, and when to try them next.
    pub(super) bootnodes: Vec<Multiaddr>,
    pub(super) next_boot: Instant,
    pub(super) boot_interval: Duration,
    pub(super) served: BTreeMap<ChainRef, ServedChain>,
    pub(super) sought: BTreeMap<ChainRef, SoughtChain>,
    pub(super) peers: Peers,
    outbound: HashMap<OutboundRequestId, (PeerId, Outbound)>,
    answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    pub(super) searches: HashMap<kad::QueryId, Search>,
    began: Instant,
    pardoned_until: u64,
    next_hello: Instant,
    /// Whether nodes became known since others were told what is served here.
    pub(super) has_new_nodes: bool,
    pub(super) next_provide: Instant,
}

impl Host {
    /// A host with this key, which listens at `listen`. Addresses in `bootnodes` are of nodes that may
    /// know others.
    pub fn new(
        keypair: &Keypair,
        listen: &[Multiaddr],
        bootnodes: &[Multiaddr],
    ) -> Result<(Self, Handle), io::Error> {
        let mut swarm = swarm(keypair)?;
        listen_at(&mut swarm, listen)?;
        let (sender, commands) = mpsc::channel(MAX_COMMANDS);
        let now = Instant::now();
        let handle = Handle {
            id: *swarm.local_peer_id(),
            commands: sender,
        };
        let host = Self {
            swarm,
            commands,
            bootnodes: bootnodes.to_vec(),
            next_boot: now,
            boot_interval: FIND_INTERVAL_MIN,
            served: BTreeMap::new(),
            sought: BTreeMap::new(),
            peers: Peers::default(),
            outbound: HashMap::new(),
            answers: FuturesUnordered::new(),
            searches: HashMap::new(),
            began: now,
            pardoned_until: 0,
            next_hello: now,
            has_new_nodes: false,
            next_provide: now,
        };
        Ok((host, handle))
    }

    /// Run until all handles are gone.
    pub async fn run(mut self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => return,
                },
                event = self.swarm.select_next_some() => self.event(event),
                Some((channel, answer)) = self.answers.next(), if !self.answers.is_empty() => {
                    let answer = answer.unwrap_or(Response::Refused(Reason::Busy));
                    // If the asker has gone, nobody needs it.
                    let _ = self.swarm.behaviour_mut().exchange.send_response(channel, answer);
                }
                _ = ticks.tick() => self.tick(),
            }
        }
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Serve {
                chain,
                news,
                proofs,
            } => {
                let at = Addresses::default();
                self.serve(chain, ServedChain { news, proofs, at });
            }
            Command::Reachable { chain, at } => {
                if let Some(served) = self.served.get_mut(&chain) {
                    served.at = at;
                }
            }
            Command::Seek { chain, addresses } => self.seek(chain, addresses),
            Command::Request {
                peer,
                request,
                reply,
            } => {
                if self.outbound.len() >= MAX_OUTBOUND {
                    let _ = reply.send(Err(RequestError::Busy));
                    return;
                }
                self.send(peer, request, Outbound::Of(reply));
            }
            Command::Peers { chain, reply } => {
                let _ = reply.send(self.peers.of_chain(&chain, self.now()));
            }
            Command::InTurn { chain, turn, reply } => {
                let _ = reply.send(self.peers.in_turn(&chain, turn, self.now()));
            }
            Command::Report { peer, offence } => match offence {
                Some(offence) => self.note(peer, offence),
                None => self.peers.helped(&peer, self.now()),
            },
            Command::Listeners { reply } => {
                let _ = reply.send(self.swarm.listeners().cloned().collect());
            }
            Command::Connections { reply } => {
                let _ = reply.send(self.swarm.connected_peers().count());
            }
        }
    }

    fn serve(&mut self, chain: ChainRef, served: ServedChain) {
        self.served.insert(chain, served);
        self.provide(&chain);
        for peer in self.peers.all_connected() {
            self.hello(peer);
        }
    }

    fn serves(&self) -> Served {
        Served::truncate_from(self.served.keys().copied().collect())
    }

    fn hello(&mut self, peer: PeerId) {
        if self.outbound.len() < MAX_OUTBOUND {
            let serves = self.serves();
            self.send(peer, Request::Hello { serves }, Outbound::Hello);
        }
    }

    fn send(&mut self, peer: PeerId, request: Request, of: Outbound) {
        let exchange = &mut self.swarm.behaviour_mut().exchange;
        let id = exchange.send_request(&peer, request);
        self.outbound.insert(id, (peer, of));
    }

    fn note(&mut self, peer: PeerId, offence: Offence) {
        let now = self.now();
        let Some(ban) = self.peers.note(peer, offence, now) else {
            return;
        };
        info!(target: LOG_TARGET, "Node {peer} is shunned for {} s ({offence:?})", ban.as_secs());
        self.swarm.behaviour_mut().blocked.block_peer(peer);
    }

    fn event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id,
                num_established,
                ..
            } => {
                self.peers.connected(peer_id, self.now());
                if num_established.get() == 1 {
                    self.hello(peer_id);
                }
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                ..
            } => {
                self.peers.disconnected(&peer_id);
                self.seek_soon();
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                let id = self.swarm.local_peer_id();
                info!(target: LOG_TARGET, "Other chains reach this node at {address}/p2p/{id}");
            }
            SwarmEvent::ListenerError { error, .. } => {
                warn!(target: LOG_TARGET, "Cannot take a connection: {error}");
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                debug!(target: LOG_TARGET, "Cannot reach {peer_id:?}: {error}");
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.identified(event),
            SwarmEvent::Behaviour(BehaviourEvent::Kademlia(event)) => self.found(event),
            SwarmEvent::Behaviour(BehaviourEvent::Exchange(event)) => self.exchange(event),
            _ => {}
        }
    }

    fn identified(&mut self, event: identify::Event) {
        let identify::Event::Received { peer_id, info, .. } = event else {
            return;
        };
        let kademlia = &mut self.swarm.behaviour_mut().kademlia;
        if info.protocols.iter().any(|p| p.as_ref() == KADEMLIA) {
            for address in info.listen_addrs.into_iter().take(MAX_PEER_ADDRESSES) {
                kademlia.add_address(&peer_id, address);
            }
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        if now >= self.next_hello {
            self.next_hello = now + HELLO_INTERVAL;
            for peer in self.peers.all_connected() {
                self.hello(peer);
            }
        }
        let now_ms = self.now();
        for peer in self.peers.pardoned(self.pardoned_until, now_ms) {
            self.swarm.behaviour_mut().blocked.unblock_peer(peer);
        }
        self.pardoned_until = now_ms;
        self.find(now);
    }

    fn exchange(&mut self, event: request_response::Event<Request, Response>) {
        match event {
            request_response::Event::Message { peer, message } => match message {
                Message::Request {
                    request, channel, ..
                } => self.asked(peer, request, channel),
                Message::Response {
                    request_id,
                    response,
                } => self.answered(peer, request_id, response),
            },
            request_response::Event::OutboundFailure {
                peer,
                request_id,
                error,
            } => self.not_answered(peer, request_id, &error),
            request_response::Event::InboundFailure { peer, error, .. } => {
                if matches!(&error, InboundFailure::Io(e) if is_malformed(e)) {
                    self.note(peer, Offence::Lie);
                }
                debug!(target: LOG_TARGET, "A question of {peer} failed: {error}");
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn asked(&mut self, peer: PeerId, request: Request, channel: ResponseChannel<Response>) {
        let now = self.now();
        if let Some(response) = self.answer_now(peer, &request, now) {
            let exchange = &mut self.swarm.behaviour_mut().exchange;
            let _ = exchange.send_response(channel, response);
            return;
        }
        let (reply, answer) = oneshot::channel();
        let queue = request.chain().and_then(|chain| {
            let served = self.served.get(&chain)?;
            Some(match &request {
                Request::Offer { .. } | Request::Forward { .. } => &served.news,
                _ => &served.proofs,
            })
        });
        let inbound = Inbound {
            peer,
            request,
            reply,
        };
        // If the queue is full, the reply is dropped, which tells the asker that the node is busy.
        let _ = queue.map(|queue| queue.try_send(inbound));
        let answer = async move { (channel, answer.await.ok()) };
        self.answers.push(answer.boxed());
    }

    /// What can be answered without asking anybody; none if the question is for a chain.
    fn answer_now(&mut self, peer: PeerId, request: &Request, now: u64) -> Option<Response> {
        let room = self.answers.len() < MAX_INBOUND;
        if !room || !self.peers.may_ask(peer, request.units(), now) {
            return Some(Response::Refused(Reason::Busy));
        }
        match request {
            Request::Hello { serves } => {
                self.peers.serves(peer, serves.clone(), now);
                let serves = self.serves();
                Some(Response::Hello { serves })
            }
            Request::Where { chain } => {
                let served = self.served.get(chain);
                let refused = Response::Refused(Reason::NotServed);
                Some(served.map_or(refused, |served| Response::At(served.at.clone())))
            }
            other => {
                let served = other.chain().is_some_and(|c| self.served.contains_key(&c));
                (!served).then_some(Response::Refused(Reason::NotServed))
            }
        }
    }

    fn answered(&mut self, peer: PeerId, id: OutboundRequestId, response: Response) {
        // Whether a proof is of use is for the courier to say.
        if matches!(response, Response::Noted | Response::Standing(_)) {
            self.peers.answered(&peer);
        }
        match self.outbound.remove(&id) {
            Some((_, Outbound::Of(reply))) => {
                let _ = reply.send(Ok(response));
            }
            Some((_, Outbound::Hello)) => match response {
                Response::Hello { serves } => {
                    let now = self.now();
                    self.peers.serves(peer, serves, now);
                }
                Response::Refused(_) => {}
                _ => self.note(peer, Offence::Lie),
            },
            None => {}
        }
    }

    fn not_answered(&mut self, peer: PeerId, id: OutboundRequestId, error: &OutboundFailure) {
        debug!(target: LOG_TARGET, "{peer} did not answer: {error}");
        let error = match error {
            OutboundFailure::Timeout => RequestError::Timeout,
            OutboundFailure::Io(e) if is_malformed(e) => RequestError::Malformed,
            _ => RequestError::Unreachable,
        };
        let asked = self.outbound.remove(&id).map(|(_, asked)| asked);
        // Who waits no longer has said so already.
        let is_told = matches!(&asked, Some(Outbound::Of(reply)) if reply.is_closed());
        match error {
            RequestError::Timeout if !is_told => self.note(peer, Offence::Stall),
            RequestError::Malformed => self.note(peer, Offence::Lie),
            _ => {}
        }
        if let Some(Outbound::Of(reply)) = asked {
            let _ = reply.send(Err(error));
        }
    }
}

/// Listen at all of these. A machine need not have all kinds of addresses, but one it must.
fn listen_at(swarm: &mut Swarm<Behaviour>, addresses: &[Multiaddr]) -> Result<(), io::Error> {
    let mut last_error = None;
    let mut listens = addresses.is_empty();
    for address in addresses {
        match swarm.listen_on(address.clone()) {
            Ok(_) => listens = true,
            Err(error) => {
                debug!(target: LOG_TARGET, "Cannot listen at {address}: {error}");
                last_error = Some(format!("cannot listen at {address}: {error}"));
            }
        }
    }
    match last_error.filter(|_| !listens) {
        Some(error) => Err(io::Error::other(error)),
        None => Ok(()),
    }
}

fn is_malformed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}
