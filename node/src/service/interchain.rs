// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node in the network between chains: one host for the process, a courier for its chain.

use super::{FullClient, FullPool};
use hansa_consensus_pbft::authorities::ConsensusStates;
use hansa_interchain::{
    chain::Chain,
    client::ClientChain,
    courier::Courier,
    host::{self, Handle, Host, Multiaddr},
    metrics::Metrics,
    serve,
};
use hansa_interchain_primitives::packet::ChainRef;
use hansa_primitives::{Block, BlockNumber};
use log::{info, warn};
use sc_network::config::{NodeKeyConfig, Secret};
use sc_network_sync::SyncingService;
use sc_service::{Configuration, Error, SpawnTaskHandle, TaskManager};
use sp_consensus::SyncOracle;
use sp_keystore::KeystorePtr;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};
use tokio::sync::watch;

/// The group under which the tasks stand in metrics.
const TASK_GROUP: Option<&str> = Some("interchain");

/// How to talk to nodes of other chains.
#[derive(Clone, Debug)]
pub struct InterchainOptions {
    /// The TCP port on which they are listened to.
    pub port: u16,
    /// Nodes that may know others.
    pub bootnodes: Vec<Multiaddr>,
}

/// What a courier is made of.
pub struct InterchainParts {
    /// The chain's client.
    pub client: Arc<FullClient>,
    /// The node's pool, where what is proven goes.
    pub pool: Arc<FullPool>,
    /// Who decides the chain's blocks.
    pub states: Arc<ConsensusStates<FullClient>>,
    /// Where the session keys are.
    pub keystore: KeystorePtr,
    /// Tells whether the node is far behind.
    pub sync: Arc<SyncingService<Block>>,
    /// The number of the last final block.
    pub head: watch::Receiver<BlockNumber>,
    /// Where to count.
    pub metrics: Metrics,
}

/// Start the host, under the node's network key.
pub fn start_host(
    config: &mut Configuration,
    options: &InterchainOptions,
    task_manager: &TaskManager,
) -> Result<Handle, Error> {
    let key = config.network.node_key.clone().into_keypair()?;
    // A key that is made anew each time it is asked for is the same from now on.
    config.network.node_key = NodeKeyConfig::Ed25519(Secret::Input(key.secret()));
    // The secret key, then the public one.
    let secret = key.to_bytes().first_chunk::<32>().copied();
    let keypair = secret
        .and_then(host::keypair)
        .ok_or_else(|| Error::Other("the node's network key is no key".into()))?;
    let everywhere: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let listen = everywhere.map(|ip| Multiaddr::from(ip).with(host::tcp_port(options.port)));
    let (host, handle) = Host::new(&keypair, &listen, &options.bootnodes)
        .map_err(|error| Error::Other(format!("the network between chains: {error}")))?;
    task_manager
        .spawn_handle()
        .spawn("interchain-host", TASK_GROUP, host.run());
    Ok(handle)
}

/// Carry packets for the chain, for as long as the node runs. Also on a node that does not validate: it
/// steps in for others.
pub fn spawn(parts: InterchainParts, host: Handle, task_manager: &TaskManager) {
    let spawner = task_manager.spawn_handle();
    let courier = run(parts, host, spawner.clone());
    spawner.spawn_blocking("interchain-courier", TASK_GROUP, courier);
}

async fn run(parts: InterchainParts, host: Handle, spawner: SpawnTaskHandle) {
    let InterchainParts {
        client,
        pool,
        states,
        keystore,
        sync,
        mut head,
        metrics,
    } = parts;
    let chain = Arc::new(ClientChain::new(
        client,
        pool,
        states,
        keystore,
        move || sync.is_major_syncing(),
    ));
    let Some(own) = own_chain(&*chain, &mut head).await else {
        return;
    };
    info!(
        "Packets between chain {:x} and others are carried by {}",
        own.id,
        host.id()
    );
    let questions = host.serve(own).await;
    let server = serve::run(chain.clone(), own, questions.proofs);
    spawner.spawn_blocking("interchain-server", TASK_GROUP, server);
    Courier::new(chain, own, host, metrics)
        .run(head, questions.news)
        .await;
}

/// Which chain it is, as soon as its runtime says so: one that has no interchain protocol may be upgraded.
/// None if the node ends.
async fn own_chain(
    chain: &impl Chain,
    head: &mut watch::Receiver<BlockNumber>,
) -> Option<ChainRef> {
    let mut said = false;
    loop {
        match chain.chain() {
            Ok(Some(own)) => return Some(own),
            Ok(None) if !said => {
                said = true;
                info!("The chain's runtime does not talk to other chains: no packets are carried");
            }
            Ok(None) => {}
            Err(error) => warn!("It is not known which chain this is for others: {error}"),
        }
        head.changed().await.ok()?;
    }
}
