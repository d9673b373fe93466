// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node in the network between chains: one host for the process, a courier for its chain.

use crate::{full::FullNode, introductions};
use hansa_interchain::{
    chain::Chain,
    client::ClientChain,
    courier::Courier,
    host::{self, Handle, Host, Multiaddr},
    metrics::Metrics,
    serve,
};
use hansa_interchain_primitives::packet::ChainRef;
use hansa_primitives::BlockNumber;
use log::{info, warn};
use sc_network::config::{NodeKeyConfig, Secret};
use sc_network::service::traits::NetworkService;
use sc_service::{Configuration, Error, SpawnTaskHandle, TaskManager};
use sp_consensus::SyncOracle;
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

/// Carry packets for the chain, for as long as the node runs, if it is in the network between chains. Also on a node
/// that does not validate: it steps in for others.
pub fn spawn(node: &FullNode, metrics: Metrics, task_manager: &TaskManager) {
    let Some(host) = node.host.clone() else {
        return;
    };
    let sync = node.sync.clone();
    let chain = Arc::new(ClientChain::new(
        node.client.clone(),
        node.pool.clone(),
        node.states.clone(),
        node.keystore.clone(),
        move || sync.is_major_syncing(),
    ));
    let spawner = task_manager.spawn_handle();
    let network = node.network.clone();
    let courier = run(
        chain,
        host,
        network,
        node.head.clone(),
        metrics,
        spawner.clone(),
    );
    spawner.spawn_blocking("interchain-courier", TASK_GROUP, courier);
}

async fn run(
    chain: Arc<impl Chain + 'static>,
    host: Handle,
    network: Arc<dyn NetworkService>,
    mut head: watch::Receiver<BlockNumber>,
    metrics: Metrics,
    spawner: SpawnTaskHandle,
) {
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
    spawner.spawn(
        "interchain-introductions",
        TASK_GROUP,
        introductions::run(own, host.clone(), network),
    );
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
