// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A running node of one chain.

use crate::{
    beacon,
    interchain::{self, InterchainOptions},
    network, new_parts, pool, recovery, vote_log_dir, Compose, FullBackend, FullClient, FullPool,
    Parts,
};
use futures::{FutureExt, StreamExt};
use hansa_consensus_pbft::{
    accusation::Accuse,
    authorities::ConsensusStates,
    block::import::{ImportedBlock, PbftLink},
    justification::PbftJustificationStream,
    metrics::Metrics,
    network::SdkNetwork,
    recoveries::Recoveries,
    start_pbft, transport, PbftParams, SharedRoundState,
};
use hansa_interchain::host::Handle;
use hansa_primitives::{Block, BlockNumber, Hash};
use hansa_process::executor;
use hansa_rpc::FullDeps;
use hansa_supervisor::status::SharedStatus;
use jsonrpsee::RpcModule;
use sc_client_api::Backend;
use sc_keystore::LocalKeystore;
use sc_network::{
    config::NetworkBackendType, service::traits::NetworkService, Litep2pNetworkBackend,
    NetworkBackend, NetworkSyncForkRequest, NetworkWorker,
};
use sc_network_sync::{SyncEventStream, SyncingService};
use sc_offchain::{OffchainWorkerOptions, OffchainWorkers};
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::{
    config::PrometheusConfig, spawn_tasks, Configuration, Error, KeystoreContainer, MetricsService,
    SpawnTasksParams, TaskManager,
};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sc_utils::mpsc::TracingUnboundedReceiver;
use sp_keystore::KeystorePtr;
use std::{path::PathBuf, sync::Arc};
use substrate_prometheus_endpoint::{PrometheusError, Registry};
use tokio::sync::watch;

/// What the operator wants of a node beside what the SDK's configuration says.
#[derive(Clone, Default)]
pub struct Options {
    /// Whether the node comes into the node pool by itself.
    pub join_pool: bool,
    /// How to talk to nodes of other chains.
    pub interchain: Interchain,
    /// The DappChains of the process, to be told over RPC.
    pub dappchains: SharedStatus,
    /// Where compiled runtimes are kept; in the base path, if left out.
    pub wasm_cache: Option<PathBuf>,
    /// Who is told of offences on the chain, if they are judged elsewhere, too.
    pub accuse: Option<Accuse>,
    /// The records that put other sets in place, as far as they are known; they may be told of more.
    pub recoveries: Recoveries,
    /// Whether another service of the process serves this one's metrics, from its own endpoint.
    pub shares_endpoint: bool,
}

/// How a node talks to nodes of other chains.
#[derive(Clone, Default)]
pub enum Interchain {
    /// It does not.
    #[default]
    Off,
    /// By a host of its own, which is the process's.
    Start(InterchainOptions),
    /// By the host of the process.
    Share(Handle),
}

/// A node that runs.
pub struct FullNode {
    /// Reads, executes and imports.
    pub client: Arc<FullClient>,
    /// The database.
    pub backend: Arc<FullBackend>,
    /// The pool of transactions.
    pub pool: Arc<FullPool>,
    /// The keys of this node.
    pub keystore: Arc<LocalKeystore>,
    /// Under which set each height is decided.
    pub states: Arc<ConsensusStates<FullClient>>,
    /// Fetches blocks.
    pub sync: Arc<SyncingService<Block>>,
    /// The chain's own network.
    pub network: Arc<dyn NetworkService>,
    /// The number of the last final block.
    pub head: watch::Receiver<BlockNumber>,
    /// The network between chains, if the node is in it.
    pub host: Option<Handle>,
}

impl FullNode {
    /// Take the bytes of a record by which another set decides above a head of this chain, which the
    /// caller vouches for: the hub's state has it, and is final. `made_after_ms` is a time at which
    /// there was no such record yet, in milliseconds since 1970, if one is known. Whether it was new;
    /// the error says why it is not taken.
    pub fn announce_recovery(
        &self,
        record: &[u8],
        made_after_ms: Option<u64>,
    ) -> Result<bool, String> {
        let takeover = recovery::read(record, self.states.genesis(), made_after_ms)
            .map_err(|error| error.to_string())?;
        let is_news = self.states.announce(takeover);
        self.fetch_waiting();
        is_news.map_err(|error| error.to_string())
    }

    /// All records that the hub had at `hub_ms` are announced; see [`Recoveries::set_current`].
    pub fn set_current(&self, hub_ms: u64) {
        self.states.recoveries().set_current(hub_ms);
        self.fetch_waiting();
    }

    /// Fetch the block that came when nobody could tell whether its record is good, if it is known now that it is: sync has it as
    /// done with.
    fn fetch_waiting(&self) {
        if let Some((hash, height)) = self.states.recoveries().take_waiting() {
            self.sync.set_sync_fork_request(Vec::new(), hash, height);
        }
    }
}

/// Start the node of one chain on the network backend `N`, with a last look at the engine's parts before a
/// validator's engine starts.
async fn new_full<N>(
    mut config: Configuration,
    options: Options,
    compose: Option<Compose>,
) -> Result<(FullNode, TaskManager), Error>
where
    N: NetworkBackend<Block, Hash>,
{
    let executor = executor::of_node(&config, options.wasm_cache.as_deref());
    let parts = new_parts(&mut config, executor, options.recoveries.clone())?;
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
    let host = match &options.interchain {
        Interchain::Off => None,
        Interchain::Start(options) => {
            Some(interchain::start_host(&mut config, options, &task_manager)?)
        }
        Interchain::Share(host) => Some(host.clone()),
    };
    let pool = new_pool(&config, &task_manager, &client);
    if config.role.is_authority() {
        parts.block_import.await_decided_log();
    }
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
    let rpc_builder = rpc_builder(RpcParts {
        client: client.clone(),
        pool: pool.clone(),
        keystore: keystore.keystore(),
        join_pool: options.join_pool,
        dappchains: options.dappchains.clone(),
        recoveries: states.recoveries().clone(),
        round_state: round_state.clone(),
        justifications,
    });
    let metrics = Metrics::register(config.prometheus_registry())?;
    let workers = WorkerMetrics::register(config.prometheus_registry())?;
    let node = FullNode {
        client: client.clone(),
        backend: backend.clone(),
        pool: pool.clone(),
        keystore: keystore.local_keystore(),
        states: states.clone(),
        sync: network.sync.clone(),
        network: network.service.clone(),
        head,
        host,
    };
    let vote_log_dir = vote_log_dir(&config);
    let database_dir = config.database.path().map(Into::into);
    if options.shares_endpoint {
        spawn_metrics(&mut config, &task_manager, &node)?;
    }
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
    beacon::spawn(&node, workers.beacon, &task_manager);
    pool::spawn(&node, workers.pool, options.join_pool, &task_manager);
    interchain::spawn(&node, workers.interchain, &task_manager);
    let Some(network_parts) = network.engine else {
        // A follower runs no engine: blocks come to it with their certificates.
        take_no_notice(&task_manager, imported);
        return Ok((node, task_manager));
    };
    let mut engine = PbftParams {
        client,
        backend,
        states,
        pool,
        keystore: keystore.local_keystore(),
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
        accuse: options.accuse,
    };
    if let Some(compose) = compose {
        compose(&mut engine);
    }
    start_pbft(
        engine,
        &task_manager.spawn_handle(),
        &task_manager.spawn_essential_handle(),
    );
    Ok((node, task_manager))
}

/// Start the node of one chain on the network that its configuration names.
pub async fn new_on_its_network(
    config: Configuration,
    options: Options,
    compose: Option<Compose>,
) -> Result<(FullNode, TaskManager), Error> {
    match config.network.network_backend {
        NetworkBackendType::Libp2p => {
            new_full::<NetworkWorker<Block, Hash>>(config, options, compose).await
        }
        NetworkBackendType::Litep2p => {
            new_full::<Litep2pNetworkBackend>(config, options, compose).await
        }
    }
}

/// The metrics of what runs beside the engine.
struct WorkerMetrics {
    beacon: hansa_beacon_worker::metrics::Metrics,
    pool: hansa_pool_worker::metrics::Metrics,
    interchain: hansa_interchain::metrics::Metrics,
}

impl WorkerMetrics {
    fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        Ok(Self {
            beacon: hansa_beacon_worker::metrics::Metrics::register(registry)?,
            pool: hansa_pool_worker::metrics::Metrics::register(registry)?,
            interchain: hansa_interchain::metrics::Metrics::register(registry)?,
        })
    }
}

/// Keep the SDK's metrics of the chain, and take the registry from the configuration: given one, the SDK's service
/// would serve it at a port, which is another service's. It then has no metrics of its RPC.
fn spawn_metrics(
    config: &mut Configuration,
    task_manager: &TaskManager,
    node: &FullNode,
) -> Result<(), PrometheusError> {
    let Some(PrometheusConfig { registry, .. }) = config.prometheus_config.take() else {
        return Ok(());
    };
    // Of telemetry the SDK's service takes care.
    let metrics = MetricsService::with_prometheus(
        None,
        &registry,
        config.role,
        &config.network.node_name,
        &config.impl_version,
    )?;
    let FullNode {
        client,
        pool,
        network,
        sync,
        ..
    } = node;
    let (network, sync) = (network.clone(), sync.clone());
    let updates = metrics.run(client.clone(), pool.clone(), network, sync);
    let spawner = task_manager.spawn_handle();
    spawner.spawn("metrics-of-chain", Some("metrics"), updates);
    Ok(())
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

/// What they need.
struct RpcParts {
    client: Arc<FullClient>,
    pool: Arc<FullPool>,
    keystore: KeystorePtr,
    join_pool: bool,
    dappchains: SharedStatus,
    recoveries: Recoveries,
    round_state: SharedRoundState,
    justifications: PbftJustificationStream,
}

fn rpc_builder(parts: RpcParts) -> RpcBuilder {
    Box::new(move |subscription_executor| {
        hansa_rpc::create_full(FullDeps {
            client: parts.client.clone(),
            pool: parts.pool.clone(),
            keystore: parts.keystore.clone(),
            join_pool: parts.join_pool,
            dappchains: parts.dappchains.clone(),
            recoveries: parts.recoveries.clone(),
            round_state: parts.round_state.clone(),
            justifications: parts.justifications.clone(),
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
