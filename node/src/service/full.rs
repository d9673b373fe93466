// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A running node of one chain.

use super::{
    beacon::{self, BeaconParts},
    interchain::{self, InterchainOptions, InterchainParts},
    network, new_parts, vote_log_dir, FullBackend, FullClient, FullEngine, FullPool, Parts,
};
use futures::{FutureExt, StreamExt};
use hansa_consensus_pbft::{
    block::import::{ImportedBlock, PbftLink},
    justification::PbftJustificationStream,
    metrics::Metrics,
    network::SdkNetwork,
    start_pbft, transport, PbftParams, SharedRoundState,
};
use hansa_primitives::{Block, Hash};
use hansa_rpc::FullDeps;
use jsonrpsee::RpcModule;
use sc_client_api::Backend;
use sc_network::{service::traits::NetworkService, NetworkBackend};
use sc_network_sync::SyncEventStream;
use sc_offchain::{OffchainWorkerOptions, OffchainWorkers};
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::{
    spawn_tasks, Configuration, Error, KeystoreContainer, SpawnTasksParams, TaskManager,
};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sc_utils::mpsc::TracingUnboundedReceiver;
use std::sync::Arc;

/// Start the node of one chain on the network backend `N`.
pub async fn new_full<N>(
    config: Configuration,
    interchain: Option<InterchainOptions>,
) -> Result<TaskManager, Error>
where
    N: NetworkBackend<Block, Hash>,
{
    new_full_with::<N>(config, interchain, |_| ()).await
}

/// As [`new_full`], with a last look at the engine's parts before a validator's engine starts.
pub async fn new_full_with<N>(
    mut config: Configuration,
    interchain: Option<InterchainOptions>,
    compose: impl FnOnce(&mut FullEngine),
) -> Result<TaskManager, Error>
where
    N: NetworkBackend<Block, Hash>,
{
    let parts = new_parts(&mut config)?;
    let queue = parts.import_queue(config.prometheus_registry());
    let Parts {
        client,
        backend,
        mut task_manager,
        keystore,
        states,
        link,
        ..
    } = parts;
    let mut telemetry = parts.telemetry;
    let host = interchain
        .map(|options| interchain::start_host(&mut config, &options, &task_manager))
        .transpose()?;
    let pool = new_pool(&config, &task_manager, &client);
    let network = network::start::<N>(
        &config,
        &task_manager,
        &client,
        &pool,
        queue,
        &states,
        &link,
    )?;
    if config.offchain_worker.enabled {
        let service = network.service.clone();
        spawn_offchain_workers(
            &config,
            &task_manager,
            &client,
            &backend,
            &keystore,
            &pool,
            service,
        )?;
    }
    let PbftLink {
        imported,
        justifications,
        head,
    } = link;
    let round_state = SharedRoundState::default();
    let rpc_builder = rpc_builder(&client, &pool, round_state.clone(), justifications);
    let metrics = Metrics::register(config.prometheus_registry())?;
    let beacon = BeaconParts {
        client: client.clone(),
        pool: pool.clone(),
        keystore: keystore.keystore(),
        head,
        sync: network.sync.clone(),
        metrics: hansa_beacon_worker::metrics::Metrics::register(config.prometheus_registry())?,
    };
    let interchain_metrics =
        hansa_interchain::metrics::Metrics::register(config.prometheus_registry())?;
    let interchain_head = beacon.head.clone();
    let vote_log_dir = vote_log_dir(&config);
    let database_dir = config.database.path().map(Into::into);
    // It puts the keys of --alice and the like into the keystore, which engine and beacon need.
    spawn_tasks(SpawnTasksParams {
        config,
        task_manager: &mut task_manager,
        client: client.clone(),
        backend: backend.clone(),
        keystore: keystore.keystore(),
        transaction_pool: pool.clone(),
        rpc_builder,
        network: network.service.clone(),
        system_rpc_tx: network.system_rpc,
        tx_handler_controller: network.transactions,
        sync_service: network.sync.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;
    beacon::spawn(beacon, &task_manager);
    if let Some(host) = host {
        let parts = InterchainParts {
            client: client.clone(),
            pool: pool.clone(),
            states: states.clone(),
            keystore: keystore.keystore(),
            sync: network.sync.clone(),
            head: interchain_head,
            metrics: interchain_metrics,
        };
        interchain::spawn(parts, host, &task_manager);
    }
    let Some(network_parts) = network.engine else {
        // A follower runs no engine: blocks come to it with their certificates.
        take_no_notice(&task_manager, imported);
        return Ok(task_manager);
    };
    let mut engine = PbftParams {
        client,
        backend,
        states,
        pool,
        keystore: keystore.keystore(),
        import: parts.block_import,
        imported,
        network_parts,
        network: Arc::new(SdkNetwork(network.service)),
        connect: transport::direct(),
        sync_events: network.sync.event_stream("pbft"),
        vote_log_dir,
        database_dir,
        round_state,
        metrics,
    };
    compose(&mut engine);
    start_pbft(
        engine,
        &task_manager.spawn_handle(),
        &task_manager.spawn_essential_handle(),
    );
    Ok(task_manager)
}

fn new_pool(
    config: &Configuration,
    task_manager: &TaskManager,
    client: &Arc<FullClient>,
) -> Arc<FullPool> {
    let essential = task_manager.spawn_essential_handle();
    let is_validator = config.role.is_authority().into();
    let pool = sc_transaction_pool::Builder::new(essential, client.clone(), is_validator)
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build();
    Arc::new(pool)
}

/// Makes our own RPC methods, as often as the SDK asks for them.
type RpcBuilder = Box<dyn Fn(SubscriptionTaskExecutor) -> Result<RpcModule<()>, Error>>;

fn rpc_builder(
    client: &Arc<FullClient>,
    pool: &Arc<FullPool>,
    round_state: SharedRoundState,
    justifications: PbftJustificationStream,
) -> RpcBuilder {
    let (client, pool) = (client.clone(), pool.clone());
    Box::new(move |subscription_executor| {
        hansa_rpc::create_full(FullDeps {
            client: client.clone(),
            pool: pool.clone(),
            round_state: round_state.clone(),
            justifications: justifications.clone(),
            subscription_executor,
        })
        .map_err(|e| Error::Application(e.into()))
    })
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
fn take_no_notice(task_manager: &TaskManager, imported: TracingUnboundedReceiver<ImportedBlock>) {
    task_manager
        .spawn_handle()
        .spawn("pbft-imported", Some("pbft"), async move {
            imported.for_each(|_| std::future::ready(())).await
        });
}
