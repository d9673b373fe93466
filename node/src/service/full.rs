// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A running node of one chain.

use super::{new_parts, vote_log_dir, FullBackend, FullBlockImport, FullClient, FullPool, Parts};
use futures::{FutureExt, StreamExt};
use hansa_consensus_pbft::{
    authorities::ConsensusStates,
    block::{
        announce::AwaitOwnImport,
        import::{ImportedBlock, PbftLink},
    },
    metrics::Metrics,
    network::{pbft_network_config, PbftNetworkParts, SdkNetwork},
    start_pbft, PbftParams, SharedRoundState,
};
use hansa_primitives::{Block, Hash};
use hansa_rpc::FullDeps;
use sc_client_api::Backend;
use sc_network::{
    config::FullNetworkConfiguration,
    service::{traits::NetworkService, NotificationMetrics},
    NetworkBackend,
};
use sc_network_sync::{SyncEventStream, SyncingService};
use sc_offchain::{OffchainWorkerOptions, OffchainWorkers};
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::{
    build_network, spawn_tasks, BuildNetworkParams, Configuration, Error, KeystoreContainer,
    SpawnTasksParams, TaskManager,
};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sc_utils::mpsc::TracingUnboundedReceiver;
use sp_blockchain::HeaderBackend;
use std::{path::PathBuf, sync::Arc, time::Duration};
use substrate_prometheus_endpoint::Registry;

/// Start the node of one chain on the network backend `N`.
pub async fn new_full<N>(mut config: Configuration) -> Result<TaskManager, Error>
where
    N: NetworkBackend<Block, Hash>,
{
    let parts = new_parts(&mut config)?;
    let Parts {
        client,
        backend,
        mut task_manager,
        keystore,
        pool,
        import_queue,
        block_import,
        link,
        states,
        mut telemetry,
    } = parts;
    let registry = config.prometheus_registry().cloned();
    let metrics = N::register_notification_metrics(registry.as_ref());
    let mut net_config =
        FullNetworkConfiguration::<Block, Hash, N>::new(&config.network, registry.clone());
    let network_parts = config
        .role
        .is_authority()
        .then(|| add_pbft_protocols(&config, &client, &mut net_config, metrics.clone()));
    let announcements = announce_validator(&config, &client, &states, &link)?;
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _) =
        build_network(BuildNetworkParams {
            config: &config,
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
    if config.offchain_worker.enabled {
        spawn_offchain_workers(
            &config,
            &task_manager,
            &client,
            &backend,
            &keystore,
            &pool,
            network.clone(),
        )?;
    }
    let round_state = SharedRoundState::default();
    let consensus = ConsensusParts {
        client: client.clone(),
        backend: backend.clone(),
        pool: pool.clone(),
        keystore: keystore.keystore(),
        block_import,
        states,
        network: network.clone(),
        sync_service: sync_service.clone(),
        round_state: round_state.clone(),
        vote_log_dir: vote_log_dir(&config),
        registry,
    };
    let PbftLink { imported, justifications, .. } = link;
    let rpc_builder = {
        let (client, pool) = (client.clone(), pool.clone());
        move |subscription_executor: SubscriptionTaskExecutor| {
            hansa_rpc::create_full(FullDeps {
                client: client.clone(),
                pool: pool.clone(),
                round_state: round_state.clone(),
                justifications: justifications.clone(),
                subscription_executor,
            })
            .map_err(|e| Error::Application(e.into()))
        }
    };
    // It puts the keys of --alice and the like into the keystore, which consensus needs.
    spawn_tasks(SpawnTasksParams {
        config,
        task_manager: &mut task_manager,
        client,
        backend,
        keystore: keystore.keystore(),
        transaction_pool: pool,
        rpc_builder: Box::new(rpc_builder),
        network,
        system_rpc_tx,
        tx_handler_controller,
        sync_service,
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;
    match network_parts {
        Some(network_parts) => start_consensus(&task_manager, consensus, network_parts, imported)?,
        None => take_no_notice(&task_manager, imported),
    }
    Ok(task_manager)
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

fn spawn_offchain_workers(
    config: &Configuration,
    task_manager: &TaskManager,
    client: &Arc<FullClient>,
    backend: &Arc<FullBackend>,
    keystore: &KeystoreContainer,
    pool: &Arc<FullPool>,
    network: Arc<dyn NetworkService>,
) -> Result<(), Error> {
    let workers = OffchainWorkers::new(OffchainWorkerOptions {
        runtime_api_provider: client.clone(),
        keystore: Some(keystore.keystore()),
        offchain_db: backend.offchain_storage(),
        transaction_pool: Some(OffchainTransactionPoolFactory::new(pool.clone())),
        network_provider: Arc::new(network),
        is_validator: config.role.is_authority(),
        enable_http_requests: true,
        custom_extensions: |_| Vec::new(),
    })?;
    let spawner = task_manager.spawn_handle();
    task_manager.spawn_handle().spawn(
        "offchain-workers-runner",
        Some("offchain-worker"),
        workers.run(client.clone(), spawner).boxed(),
    );
    Ok(())
}

/// Drain what the import tells the engine, on a node that does not run it.
fn take_no_notice(
    task_manager: &TaskManager,
    imported: TracingUnboundedReceiver<ImportedBlock>,
) {
    task_manager.spawn_handle().spawn("pbft-imported", Some("pbft"), async move {
        imported.for_each(|_| std::future::ready(())).await
    });
}

/// What consensus needs of a node.
struct ConsensusParts {
    client: Arc<FullClient>,
    backend: Arc<FullBackend>,
    pool: Arc<FullPool>,
    keystore: sp_keystore::KeystorePtr,
    block_import: FullBlockImport,
    states: Arc<ConsensusStates<FullClient>>,
    network: Arc<dyn NetworkService>,
    sync_service: Arc<SyncingService<Block>>,
    round_state: SharedRoundState,
    vote_log_dir: PathBuf,
    registry: Option<Registry>,
}

/// Start the engine of a validator. Followers have none: blocks come to them with their certificates.
fn start_consensus(
    task_manager: &TaskManager,
    parts: ConsensusParts,
    network_parts: PbftNetworkParts,
    imported: TracingUnboundedReceiver<ImportedBlock>,
) -> Result<(), Error> {
    let sync_events = parts.sync_service.event_stream("pbft");
    start_pbft(
        PbftParams {
            client: parts.client,
            backend: parts.backend,
            states: parts.states,
            pool: parts.pool,
            keystore: parts.keystore,
            import: parts.block_import,
            imported,
            network_parts,
            network: Arc::new(SdkNetwork(parts.network)),
            sync_events,
            vote_log_dir: parts.vote_log_dir,
            round_state: parts.round_state,
            metrics: Metrics::register(parts.registry.as_ref())?,
        },
        &task_manager.spawn_handle(),
        &task_manager.spawn_essential_handle(),
    );
    Ok(())
}
