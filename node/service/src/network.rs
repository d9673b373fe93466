// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The network of a chain: the SDK's protocols and the engine's.

use crate::{FullClient, FullPool};
use hansa_consensus_pbft::{
    authorities::ConsensusStates,
    block::{announce::AwaitOwnImport, import::PbftLink},
    network::{pbft_network_config, PbftNetworkParts},
};
use hansa_primitives::{Block, Hash};
use sc_consensus::BasicQueue;
use sc_network::{
    config::FullNetworkConfiguration,
    service::{traits::NetworkService, NotificationMetrics},
    NetworkBackend,
};
use sc_network_sync::SyncingService;
use sc_network_transactions::TransactionsHandlerController;
use sc_service::{build_network, BuildNetworkParams, Configuration, Error, TaskManager};
use sc_utils::mpsc::TracingUnboundedSender;
use sp_blockchain::HeaderBackend;
use std::{sync::Arc, time::Duration};

/// A network that runs.
pub struct Network {
    /// The service.
    pub service: Arc<dyn NetworkService>,
    /// Where the RPC methods about the network ask.
    pub system_rpc: TracingUnboundedSender<sc_rpc::system::Request<Block>>,
    /// Where new transactions are announced.
    pub transactions: TransactionsHandlerController<Hash>,
    /// Fetches blocks.
    pub sync: Arc<SyncingService<Block>>,
    /// The engine's ends of its protocols; none on a node that does not run it.
    pub engine: Option<PbftNetworkParts>,
}

/// Start the network of a chain on the backend `N`.
pub fn start<N>(
    config: &Configuration,
    task_manager: &TaskManager,
    client: &Arc<FullClient>,
    pool: &Arc<FullPool>,
    import_queue: BasicQueue<Block>,
    states: &ConsensusStates<FullClient>,
    link: &PbftLink,
) -> Result<Network, Error>
where
    N: NetworkBackend<Block, Hash>,
{
    let registry = config.prometheus_registry();
    let metrics = N::register_notification_metrics(registry);
    let mut net_config =
        FullNetworkConfiguration::<Block, Hash, N>::new(&config.network, registry.cloned());
    let engine = config
        .role
        .is_authority()
        .then(|| add_pbft_protocols(config, client, &mut net_config, metrics.clone()));
    let announcements = announce_validator(config, client, states, link)?;
    let (service, system_rpc, transactions, sync, _) = build_network(BuildNetworkParams {
        config,
        net_config,
        client: client.clone(),
        transaction_pool: pool.clone(),
        spawn_handle: task_manager.spawn_handle(),
        spawn_essential_handle: task_manager.spawn_essential_handle(),
        import_queue,
        block_announce_validator_builder: Some(Box::new(|_| Box::new(announcements))),
        warp_sync_config: None,
        block_relay: None,
        metrics,
        gap_sync_body_policy: None,
    })?;
    Ok(Network {
        service,
        system_rpc,
        transactions,
        sync,
        engine,
    })
}

/// Add the engine's own protocols.
fn add_pbft_protocols<N>(
    config: &Configuration,
    client: &FullClient,
    net_config: &mut FullNetworkConfiguration<Block, Hash, N>,
    metrics: NotificationMetrics,
) -> PbftNetworkParts
where
    N: NetworkBackend<Block, Hash>,
{
    let (protocols, parts) = pbft_network_config::<N>(
        client.info().genesis_hash,
        config.chain_spec.fork_id(),
        metrics,
        net_config.peer_store_handle(),
    );
    net_config.add_notification_protocol(protocols.votes);
    net_config.add_notification_protocol(protocols.proposals);
    net_config.add_request_response_protocol(protocols.block);
    parts
}

/// A validator that hears of a block which it is about to import itself waits for that, for one
/// block time at most, instead of downloading the block.
fn announce_validator(
    config: &Configuration,
    client: &FullClient,
    states: &ConsensusStates<FullClient>,
    link: &PbftLink,
) -> Result<AwaitOwnImport, Error> {
    let wait = if config.role.is_authority() {
        let state = states
            .for_child_of(client.info().best_hash)
            .map_err(|e| Error::Other(e.to_string()))?;
        Duration::from_millis(state.timing.min_interval_ms.into())
    } else {
        Duration::ZERO
    };
    Ok(AwaitOwnImport::new(link.head.clone(), wait))
}
