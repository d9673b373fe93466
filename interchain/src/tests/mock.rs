// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Nodes that run a chain that does nothing but talk to another one.

pub use super::world::*;
use crate::{
    chain::{Chain, ChainError, Head, RouteState},
    courier::Courier,
    host::{Handle, Host, Keypair, Multiaddr},
    metrics::Metrics,
    serve,
};
use hansa_interchain_primitives::{
    api::{
        ClientView, LaneView, PacketView, Parameters, ProofOf, RouteStatus, RouteView, Submission,
    },
    claims, keys,
    lane::LANES,
    packet::ChainRef,
    rate::{Agreement, Terms},
    Book, ChainId, Hash, Height, LaneId, Nonce, PacketResult, PastSet, Rate, RecoveryView,
    SignedHeader, StorageProof,
};
use hansa_pbft_primitives::{AuthoritySet, SetId};
use sp_state_machine::prove_read;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// A chain as one of its nodes sees it.
pub struct Node {
    pub world: Shared,
    /// The node's place among the chain's nodes; they author in turns.
    pub index: u32,
    pub nodes: u32,
    pub pool: Mutex<Vec<Submission>>,
    /// Sets of the other chain that it keeps.
    pub kept: Mutex<BTreeMap<SetId, AuthoritySet>>,
}

impl Chain for Node {
    fn chain(&self) -> Result<Option<ChainRef>, ChainError> {
        Ok(Some(lock(&self.world).own))
    }

    fn is_syncing(&self) -> bool {
        false
    }

    fn head(&self) -> Head {
        let world = lock(&self.world);
        let block = world.blocks.last().unwrap();
        Head {
            height: block.header.number,
            hash: block.header.hash(),
        }
    }

    fn hash(&self, height: Height) -> Result<Option<Hash>, ChainError> {
        let world = lock(&self.world);
        let block = (height as usize)
            .checked_sub(1)
            .and_then(|i| world.blocks.get(i));
        Ok(block.map(|block| block.header.hash()))
    }

    fn parameters(&self, _: Hash) -> Result<Parameters, ChainError> {
        Ok(PARAMETERS)
    }

    fn routes(&self, _: Hash) -> Result<Vec<ChainId>, ChainError> {
        let world = lock(&self.world);
        let hub = world.state.hub.iter().map(|hub| hub.chain.id);
        Ok([world.peer.id].into_iter().chain(hub).collect())
    }

    fn route(&self, at: Hash, peer: ChainId) -> Result<Option<RouteState>, ChainError> {
        let world = lock(&self.world);
        let state = &world.at(at)?.state;
        if let Some(hub) = state.hub.as_ref().filter(|hub| hub.chain.id == peer) {
            return Ok(Some(hub_route(hub)));
        }
        if peer != world.peer.id {
            return Ok(None);
        }
        let client = state.client.unwrap();
        let lanes = (0..LANES).map(|lane| LaneView {
            lane,
            outbound: state.outbound[lane as usize],
            inbound: state.inbound[lane as usize],
        });
        let view = RouteView {
            status: match state.frozen {
                true => RouteStatus::Frozen,
                false if client.is_expired(wall_clock()) => RouteStatus::Expired,
                false => RouteStatus::Open,
            },
            header_due: state.header_due,
            entries: state.entries.clone(),
            lanes: lanes.collect(),
            ..view_of(world.peer)
        };
        Ok(Some(RouteState {
            view,
            client: ClientView {
                state: client,
                set: state.client_set.clone().unwrap(),
                headers: state.headers.clone(),
            },
        }))
    }

    fn packets(
        &self,
        at: Hash,
        _: ChainId,
        lane: LaneId,
        from: Nonce,
        limit: u32,
    ) -> Result<Vec<PacketView>, ChainError> {
        let world = lock(&self.world);
        let sent = world
            .at(at)?
            .state
            .sent
            .range((lane, from)..=(lane, Nonce::MAX));
        Ok(sent
            .take(limit as usize)
            .map(|(_, view)| view.clone())
            .collect())
    }

    fn results(
        &self,
        at: Hash,
        _: ChainId,
        lane: LaneId,
        from: Nonce,
        limit: u32,
    ) -> Result<Vec<(Nonce, PacketResult)>, ChainError> {
        let world = lock(&self.world);
        let kept = world
            .at(at)?
            .state
            .results
            .range((lane, from)..=(lane, Nonce::MAX));
        Ok(kept
            .take(limit as usize)
            .map(|((_, nonce), result)| (*nonce, *result))
            .collect())
    }

    fn prove(
        &self,
        at: Hash,
        peer: ChainId,
        lane: LaneId,
        of: ProofOf,
    ) -> Result<Option<StorageProof>, ChainError> {
        let world = lock(&self.world);
        let keys = match of {
            ProofOf::Packets { first, count } => {
                claims::packet_keys(peer, lane, first, count as usize)
            }
            ProofOf::Results { first, count } => {
                claims::result_keys(peer, lane, first, count as usize)
            }
            ProofOf::Inbound => vec![keys::inbound_lane(peer, lane)],
            ProofOf::Outbound => vec![keys::outbound_lane(peer, lane)],
            ProofOf::Recovery { chain, set } => claims::recovery_keys(chain, set),
        };
        let proof = prove_read(world.at(at)?.backend.clone(), keys).unwrap();
        Ok(StorageProof::new(proof.into_iter_nodes()))
    }

    fn signed_header(&self, height: Height) -> Result<Option<SignedHeader>, ChainError> {
        let world = lock(&self.world);
        let block = (height as usize)
            .checked_sub(1)
            .and_then(|i| world.blocks.get(i));
        Ok(block.map(|block| block.signed.clone()))
    }

    fn hand_over_to(&self, set: SetId) -> Result<Option<Height>, ChainError> {
        Ok(lock(&self.world).hand_overs.get(&set).copied())
    }

    fn recovered_after(&self, set: SetId) -> Result<Option<Height>, ChainError> {
        let world = lock(&self.world);
        let mut later = world.recoveries.range(set + 1..);
        Ok(later.next().map(|(_, height)| *height))
    }

    fn recovery(&self, at: Hash, chain: ChainId) -> Result<Option<RecoveryView>, ChainError> {
        let mut world = lock(&self.world);
        world.asked_for_records += 1;
        let record = world.at(at)?.state.record.clone();
        Ok(record.filter(|(of, _)| *of == chain).map(|(_, view)| view))
    }

    fn past_sets(&self, at: Hash, _: ChainId) -> Result<Vec<PastSet>, ChainError> {
        Ok(lock(&self.world).at(at)?.state.past.clone())
    }

    fn keep_set(&self, _: &ChainRef, set: &AuthoritySet) -> Result<(), ChainError> {
        self.kept.lock().unwrap().insert(set.id, set.clone());
        Ok(())
    }

    fn kept_set(&self, _: &ChainRef, id: SetId) -> Result<Option<AuthoritySet>, ChainError> {
        Ok(self.kept.lock().unwrap().get(&id).cloned())
    }

    fn rank(&self, at: Head) -> u32 {
        (self.index + self.nodes - at.height % self.nodes) % self.nodes
    }

    fn submit(&self, submission: Submission) -> Result<(), ChainError> {
        let world = lock(&self.world);
        let height = match &submission {
            Submission::Acknowledge { height, .. }
            | Submission::TimeOut { height, .. }
            | Submission::Prune { height, .. } => Some(*height),
            _ => None,
        };
        // As the runtime does: only deliveries may be ahead of their header.
        let of_hub = match &submission {
            Submission::RecoverClient { height, .. } => Some(*height),
            _ => None,
        };
        if height.is_some_and(|height| world.root(height).is_none())
            || of_hub.is_some_and(|height| world.hub_root(height).is_none())
        {
            return Err(ChainError::NotTaken("the header is not known".into()));
        }
        let mut pool = self.pool.lock().unwrap();
        if pool.contains(&submission) {
            return Err(ChainError::InPool);
        }
        pool.push(submission);
        Ok(())
    }
}

/// A route to a chain with which there is nothing.
fn view_of(chain: ChainRef) -> RouteView {
    RouteView {
        chain,
        hub: false,
        status: RouteStatus::Open,
        header_due: false,
        entries: Vec::new(),
        book: Book::default(),
        agreement: Agreement::new(Terms {
            rate: Rate::PAR,
            low_charge: 0,
            high_charge: 0,
        }),
        reputation: Default::default(),
        lanes: Vec::new(),
    }
}

fn hub_route(hub: &HubClient) -> RouteState {
    RouteState {
        view: RouteView {
            hub: true,
            ..view_of(hub.chain)
        },
        client: ClientView {
            state: hub.state,
            set: hub.set.clone(),
            headers: hub.headers.clone(),
        },
    }
}

/// A node that runs.
pub struct Running {
    pub node: Arc<Node>,
    pub host: Handle,
    pub head: watch::Sender<Height>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Start node `index` of `nodes` of a chain.
    pub async fn start(world: &Shared, index: u32, nodes: u32, entries: &[Multiaddr]) -> Self {
        let keypair = Keypair::generate_ed25519();
        let listen = ["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        let (host, handle) = Host::new(&keypair, &listen, entries).unwrap();
        let node = Arc::new(Node {
            world: world.clone(),
            index,
            nodes,
            pool: Mutex::default(),
            kept: Mutex::default(),
        });
        let own = lock(world).own;
        let (head, changes) = watch::channel(lock(world).height());
        let mut tasks = vec![tokio::spawn(host.run())];
        let questions = handle.serve(own).await;
        tasks.push(tokio::spawn(serve::run(
            node.clone(),
            own,
            questions.proofs,
        )));
        let courier = Courier::new(node.clone(), own, handle.clone(), Metrics::default());
        tasks.push(tokio::spawn(courier.run(changes, questions.news)));
        Self {
            node,
            host: handle,
            head,
            tasks,
        }
    }

    /// Where the node is reached.
    pub async fn address(&self) -> Multiaddr {
        address_of(&self.host).await
    }

    /// Make the next block of the chain, of this node's pool. Others' pools forget what is in it.
    pub fn author(&self) {
        let submissions = std::mem::take(&mut *self.node.pool.lock().unwrap());
        lock(&self.node.world).block(submissions);
    }

    /// Stop it, as if the process ended.
    pub fn stop(self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Where a host listens.
pub async fn address_of(host: &Handle) -> Multiaddr {
    loop {
        if let Some(address) = host.listeners().await.pop() {
            return address.with_p2p(host.id()).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Let the nodes of a chain make blocks in turns, the `i`th being `i` modulo their number, until `done`.
pub async fn run_until(chains: &[&[Running]], done: impl Fn() -> bool) {
    let until = tokio::time::Instant::now() + PATIENCE;
    while !done() {
        assert!(
            tokio::time::Instant::now() < until,
            "it does not come to that"
        );
        for nodes in chains {
            let Some(first) = nodes.first() else { continue };
            let height = lock(&first.node.world).height() + 1;
            nodes[height as usize % nodes.len()].author();
            for node in nodes.iter() {
                node.head.send_replace(height);
            }
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// Whether all that was sent both ways is settled and pruned.
pub fn at_rest(a: &Shared, b: &Shared) -> bool {
    let (a, b) = (lock(a).state.clone(), lock(b).state.clone());
    let rests = |from: &State, to: &State| {
        (0..LANES as usize).all(|lane| {
            let (out, inb) = (from.outbound[lane], to.inbound[lane]);
            out.next == out.acknowledged && inb.next == out.next && inb.pruned == inb.next
        })
    };
    rests(&a, &b) && rests(&b, &a)
}
