// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The protocols that the host speaks, and the transport under them.

use crate::{
    limits::{
        IDLE_CONNECTION_TIMEOUT, MAX_ESTABLISHED, MAX_ESTABLISHED_INCOMING,
        MAX_ESTABLISHED_PER_PEER, MAX_PENDING_INCOMING, MAX_PENDING_OUTGOING, MAX_STREAMS,
        REQUEST_TIMEOUT,
    },
    message::PROTOCOL,
    wire::Codec,
};
use codec::Encode;
use hansa_interchain_primitives::packet::ChainRef;
use libp2p::{
    allow_block_list::{self, BlockedPeers},
    connection_limits::{self, ConnectionLimits},
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade},
    dns, identify,
    identity::Keypair,
    kad::{self, store::MemoryStore, store::MemoryStoreConfig},
    noise,
    request_response::{self, ProtocolSupport},
    swarm::{self, NetworkBehaviour},
    tcp, yamux, PeerId, StreamProtocol, Swarm, Transport,
};
use std::{io, time::Duration};

/// The name and version of the protocol by which chains are found.
pub const KADEMLIA: &str = "/hansa/interchain/kad/1";

/// The domain of the keys under which nodes say which chain they serve.
const CHAIN_KEY_DOMAIN: &[u8] = b"hansa/interchain/serves";

/// How long a connection may take to be established.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long it is kept that a node serves a chain, if it does not say it again.
const PROVIDER_TTL: Duration = Duration::from_secs(3 * 3_600);

/// How often a node says again what it serves.
const PROVIDER_INTERVAL: Duration = Duration::from_secs(3_600);

/// How long a search may take.
const QUERY_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a message by which chains are found.
const MAX_KADEMLIA_BYTES: usize = 64 * 1024;

/// How many nodes are remembered under a key, and of how many keys; a chain has one, and one for each part.
const MAX_PROVIDERS_PER_KEY: usize = 32;
const MAX_PROVIDED_KEYS: usize = 4_096;

/// The domain of the keys under which nodes of a part of a chain say that they serve it.
const PART_KEY_DOMAIN: &[u8] = b"hansa/interchain/serves/part";

/// The parts that the nodes of a chain are divided into, by their ids. A node that is asked names
/// [`MAX_NAMED`] providers of a key at most; with this many parts, those of a chain of two hundred are all named.
pub const CHAIN_PARTS: u8 = 32;

/// How many providers of a key a node names at most: what Kademlia calls its replication factor.
pub const MAX_NAMED: usize = kad::K_VALUE.get();

/// What the host speaks.
#[derive(NetworkBehaviour)]
pub struct Behaviour {
    limits: connection_limits::Behaviour,
    pub blocked: allow_block_list::Behaviour<BlockedPeers>,
    pub identify: identify::Behaviour,
    pub kademlia: kad::Behaviour<MemoryStore>,
    pub exchange: request_response::Behaviour<Codec>,
}

impl Behaviour {
    fn new(keypair: &Keypair) -> Self {
        let id = keypair.public().to_peer_id();
        let limits = ConnectionLimits::default()
            .with_max_pending_incoming(Some(MAX_PENDING_INCOMING))
            .with_max_pending_outgoing(Some(MAX_PENDING_OUTGOING))
            .with_max_established_incoming(Some(MAX_ESTABLISHED_INCOMING))
            .with_max_established(Some(MAX_ESTABLISHED))
            .with_max_established_per_peer(Some(MAX_ESTABLISHED_PER_PEER));
        let identify = identify::Config::new(PROTOCOL.into(), keypair.public())
            .with_agent_version(concat!("hansa/", env!("CARGO_PKG_VERSION")).into());
        let exchange = request_response::Config::default()
            .with_request_timeout(REQUEST_TIMEOUT)
            .with_max_concurrent_streams(MAX_STREAMS);
        let protocol = StreamProtocol::new(PROTOCOL);
        Self {
            limits: connection_limits::Behaviour::new(limits),
            blocked: allow_block_list::Behaviour::default(),
            identify: identify::Behaviour::new(identify),
            kademlia: kademlia(id),
            exchange: request_response::Behaviour::with_codec(
                Codec::default(),
                [(protocol, ProtocolSupport::Full)],
                exchange,
            ),
        }
    }
}

fn kademlia(id: PeerId) -> kad::Behaviour<MemoryStore> {
    let store = MemoryStoreConfig {
        // Nothing but who serves what is kept.
        max_records: 0,
        max_value_bytes: 0,
        max_providers_per_key: MAX_PROVIDERS_PER_KEY,
        max_provided_keys: MAX_PROVIDED_KEYS,
    };
    let mut config = kad::Config::new(StreamProtocol::new(KADEMLIA));
    config
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_provider_record_ttl(Some(PROVIDER_TTL))
        .set_provider_publication_interval(Some(PROVIDER_INTERVAL))
        .set_query_timeout(QUERY_TIMEOUT)
        .set_max_packet_size(MAX_KADEMLIA_BYTES);
    let mut kademlia = kad::Behaviour::with_config(id, MemoryStore::with_config(id, store), config);
    kademlia.set_mode(Some(kad::Mode::Server));
    kademlia
}

/// The key under which nodes say that they serve a chain.
pub fn chain_key(chain: &ChainRef) -> kad::RecordKey {
    let bytes = (CHAIN_KEY_DOMAIN, chain).encode();
    kad::RecordKey::new(&sp_crypto_hashing::blake2_256(&bytes))
}

/// The key under which the nodes of a part of a chain say that they serve it, for the chain's own nodes: they
/// look for all of each other, where others need a few.
pub fn part_key(chain: &ChainRef, part: u8) -> kad::RecordKey {
    let bytes = (PART_KEY_DOMAIN, chain, part).encode();
    kad::RecordKey::new(&sp_crypto_hashing::blake2_256(&bytes))
}

/// The part that a node is in, of whatever chain.
pub fn part_of(peer: &PeerId) -> u8 {
    let [first, ..] = sp_crypto_hashing::blake2_256(&peer.to_bytes());
    first.checked_rem(CHAIN_PARTS).unwrap_or_default()
}

/// TCP with names, encrypted and multiplexed.
fn transport(keypair: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, io::Error> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let noise = noise::Config::new(keypair).map_err(io::Error::other)?;
    let upgraded = |base: Boxed<_>| {
        base.upgrade(upgrade::Version::V1Lazy)
            .authenticate(noise)
            .multiplex(yamux::Config::default())
            .timeout(CONNECT_TIMEOUT)
            .boxed()
    };
    let base = match dns::tokio::Transport::system(tcp()) {
        Ok(names) => box_stream(names),
        // A machine without a resolver can still dial numbers.
        Err(error) => {
            log::warn!(target: crate::LOG_TARGET, "Names of nodes cannot be resolved: {error}");
            box_stream(tcp())
        }
    };
    Ok(upgraded(base))
}

fn box_stream<T>(transport: T) -> Boxed<tcp::tokio::TcpStream>
where
    T: Transport<Output = tcp::tokio::TcpStream> + Send + Unpin + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
    T::Error: Send + Sync + 'static,
{
    transport.boxed()
}

/// A swarm that neither listens nor dials yet.
pub fn swarm(keypair: &Keypair) -> Result<Swarm<Behaviour>, io::Error> {
    let config =
        swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE_CONNECTION_TIMEOUT);
    Ok(Swarm::new(
        transport(keypair)?,
        Behaviour::new(keypair),
        keypair.public().to_peer_id(),
        config,
    ))
}
