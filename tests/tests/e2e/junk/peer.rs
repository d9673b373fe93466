// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A peer that is connected as any other is, and sends what it is told to.

use anyhow::{anyhow, Context, Result};
use codec::Encode;
use hansa_consensus_pbft::network::{
    wire::{Hello, VoteProtocolMessage},
    ProtocolNames,
};
use hansa_e2e::{wait_for, Node};
use hansa_pbft_primitives::{AuthorityPair, Hash, Height, SetId};
use hansa_primitives::Block;
use sc_network::{
    config::{
        FullNetworkConfiguration, MultiaddrWithPeerId, NetworkConfiguration, NonReservedPeerMode,
        NotificationHandshake, Params, ProtocolId, Role, SetConfig,
    },
    peer_store::PeerStoreProvider,
    service::{
        traits::{
            MessageSink, NetworkService, NotificationEvent, NotificationService, ValidationResult,
        },
        NotificationMetrics,
    },
    types::ProtocolName,
    IfDisconnected, NetworkBackend, NetworkWorker, RequestFailure,
};
use sc_network_common::{role::Roles, sync::message::BlockAnnouncesHandshake};
use sc_network_types::PeerId;
use sp_core::Pair;
use std::{
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex,
    },
    time::Duration,
};

type Backend = NetworkWorker<Block, Hash>;

/// The largest message that this peer sends: far above what the node takes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// How long an answer to a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The connection on one protocol.
#[derive(Default)]
pub struct Link {
    sink: Mutex<Option<Arc<dyn MessageSink>>>,
    closed: AtomicU64,
}

impl Link {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.sink.lock().is_ok_and(|sink| sink.is_some())
    }

    /// How often the node closed it.
    pub fn times_closed(&self) -> u64 {
        self.closed.load(Ordering::SeqCst)
    }

    /// Send, as soon as the line takes it; an error if it is closed.
    pub async fn send(&self, bytes: Vec<u8>) -> Result<()> {
        let sink = self.sink.lock().map_err(|_| anyhow!("poisoned"))?.clone();
        let sink = sink.context("the node has closed the connection")?;
        Ok(sink.send_async_notification(bytes).await?)
    }

    fn set(&self, sink: Option<Arc<dyn MessageSink>>) {
        if let Ok(mut place) = self.sink.lock() {
            *place = sink;
        }
    }
}

/// A peer of one node.
pub struct Peer {
    /// The vote protocol.
    pub votes: Arc<Link>,
    /// The proposal protocol.
    pub proposals: Arc<Link>,
    sync: Arc<Link>,
    service: Arc<dyn NetworkService>,
    names: ProtocolNames,
    genesis: Hash,
    target: PeerId,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Peer {
    /// Connect to `node`, on all protocols of the engine.
    pub async fn connect(node: &Node) -> Result<Self> {
        let genesis = node.rpc().await?.genesis().await?;
        let target: MultiaddrWithPeerId = node.config.address().parse()?;
        let names = ProtocolNames::new(genesis, None);
        let mut network = NetworkConfiguration::new_local();
        network.client_version = "junk".into();
        let mut config = FullNetworkConfiguration::<Block, Hash, Backend>::new(&network, None);
        let set = SetConfig {
            in_peers: 0,
            out_peers: 0,
            reserved_nodes: vec![target.clone()],
            non_reserved_mode: NonReservedPeerMode::Deny,
        };
        let store = config.peer_store_handle();
        let (votes_config, votes) = notifications(names.votes.clone(), None, &set, &store);
        let (proposals_config, proposals) =
            notifications(names.proposals.clone(), None, &set, &store);
        config.add_notification_protocol(votes_config);
        config.add_notification_protocol(proposals_config);
        config.add_request_response_protocol(Backend::request_response_config(
            names.block.clone(),
            vec![],
            MAX_BYTES,
            MAX_BYTES,
            REQUEST_TIMEOUT,
            None,
        ));
        let hello = BlockAnnouncesHandshake::<Block>::build(Roles::AUTHORITY, 0, genesis, genesis);
        let name = format!("/{genesis:?}/block-announces/1").replace("0x", "");
        let handshake = Some(NotificationHandshake::from_bytes(hello.encode()));
        let (sync_config, sync) = notifications(name.into(), handshake, &set, &store);
        let peer_store = config.take_peer_store();
        let worker = Backend::new(Params {
            role: Role::Authority,
            executor: Box::new(|task| drop(tokio::spawn(task))),
            network_config: config,
            protocol_id: ProtocolId::from("junk"),
            genesis_hash: genesis,
            fork_id: None,
            metrics_registry: None,
            block_announce_config: sync_config,
            ipfs_config: None,
            notification_metrics: NotificationMetrics::new(None),
        })?;
        let service = NetworkBackend::<Block, Hash>::network_service(&worker);
        let mut peer = Self {
            votes: Arc::default(),
            proposals: Arc::default(),
            sync: Arc::default(),
            service,
            names,
            genesis,
            target: target.peer_id,
            tasks: vec![tokio::spawn(worker.run()), tokio::spawn(peer_store.run())],
        };
        for (link, protocol) in [
            (&peer.votes, votes),
            (&peer.proposals, proposals),
            (&peer.sync, sync),
        ] {
            peer.tasks
                .push(tokio::spawn(follow(link.clone(), protocol)));
        }
        wait_for("the peer to be connected", || async {
            Ok(peer.votes.is_open() && peer.proposals.is_open())
        })
        .await?;
        Ok(peer)
    }

    /// Connect, and say a follower's Hello.
    pub async fn greet(node: &Node) -> Result<Self> {
        let peer = Self::connect(node).await?;
        peer.votes.send(peer.hello(0, 1, None)).await?;
        Ok(peer)
    }

    /// The Hello of this peer, as the holder of `pair` or as a follower.
    pub fn hello(&self, set_id: SetId, height: Height, pair: Option<&AuthorityPair>) -> Vec<u8> {
        const DOMAIN: &[u8] = b"hansa/pbft/hello/1";
        let authority = pair.map(|pair| {
            let (key, id) = (pair.public(), self.service.local_peer_id().to_bytes());
            let payload = (DOMAIN, self.genesis, id, set_id, height, &key).encode();
            (key, pair.sign(&payload))
        });
        VoteProtocolMessage::Hello(Hello {
            genesis: self.genesis,
            set_id,
            height,
            authority,
        })
        .encode()
    }

    /// The hash of the chain's genesis block.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// Send a request for a block, or whatever the bytes are.
    pub async fn request(&self, bytes: Vec<u8>) -> Result<Vec<u8>, RequestFailure> {
        let name = self.names.block.clone();
        let (answer, _) = self
            .service
            .request(
                self.target,
                name,
                bytes,
                None,
                IfDisconnected::ImmediateError,
            )
            .await?;
        Ok(answer)
    }

    /// Wait until the node has closed all connections with this peer.
    pub async fn wait_shut_out(&self) -> Result<()> {
        wait_for("the node to shut the peer out", || async {
            let links = [&self.votes, &self.proposals, &self.sync];
            Ok(links.iter().all(|link| link.times_closed() > 0))
        })
        .await
    }

    /// Whether the node still talks with this peer.
    pub fn is_connected(&self) -> bool {
        self.votes.is_open()
    }
}

fn notifications(
    name: ProtocolName,
    handshake: Option<NotificationHandshake>,
    set: &SetConfig,
    store: &Arc<dyn PeerStoreProvider>,
) -> (
    <Backend as NetworkBackend<Block, Hash>>::NotificationProtocolConfig,
    Box<dyn NotificationService>,
) {
    let metrics = NotificationMetrics::new(None);
    Backend::notification_config(
        name,
        vec![],
        MAX_BYTES,
        handshake,
        set.clone(),
        metrics,
        store.clone(),
    )
}

/// Accept what comes, and note what is open.
async fn follow(link: Arc<Link>, mut protocol: Box<dyn NotificationService>) {
    while let Some(event) = protocol.next_event().await {
        match event {
            NotificationEvent::ValidateInboundSubstream { result_tx, .. } => {
                let _ = result_tx.send(ValidationResult::Accept);
            }
            NotificationEvent::NotificationStreamOpened { peer, .. } => {
                link.set(protocol.message_sink(&peer).map(Into::into));
            }
            NotificationEvent::NotificationStreamClosed { .. } => {
                link.set(None);
                link.closed.fetch_add(1, Ordering::SeqCst);
            }
            NotificationEvent::NotificationReceived { .. } => {}
        }
    }
}
