// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What subcommands need as well as a running node: client, database, keystore, block import.

use crate::{database, recovery, runtime_api::RuntimeApi, spec::recoveries};
use futures::future::BoxFuture;
use hansa_consensus_pbft::{
    authorities::ConsensusStates,
    block::{
        import::{block_import, PbftBlockImport, PbftLink},
        randomness::BeaconOutputs,
        verifier::import_queue,
    },
    recoveries::{Recoveries, RecoveryError},
    PbftParams,
};
use hansa_dappchain_primitives::Recovery;
use hansa_primitives::{AccountId, Block};
use hansa_process::executor::Executor;
use sc_consensus::BasicQueue;
use sc_network::config::SyncMode;
use sc_service::{
    Configuration, Error, KeystoreContainer, PruningMode, SpawnTaskHandle, TFullClient, TaskManager,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sp_core::traits::SpawnEssentialNamed;
use std::{path::PathBuf, sync::Arc};
use substrate_prometheus_endpoint::Registry;

/// How many telemetry messages may wait.
const TELEMETRY_BUFFER: usize = 16;

/// The folder of the vote logs, in a chain's folder.
const VOTE_LOG_DIR: &str = "votes";

/// The client of a chain.
pub type FullClient = TFullClient<Block, RuntimeApi, Executor>;

/// The database of a chain.
pub type FullBackend = sc_client_db::Backend<Block>;

/// The transaction pool of a chain.
pub type FullPool = TransactionPoolHandle<Block, FullClient>;

/// The block import of a chain.
pub type FullBlockImport = PbftBlockImport<Arc<FullClient>, FullClient>;

/// The engine of a chain's validator, before it starts.
pub type FullEngine = PbftParams<FullClient, FullBackend, FullPool, Arc<FullClient>>;

/// A last look at the engine's parts before it starts.
pub type Compose = Arc<dyn Fn(&mut FullEngine) + Send + Sync>;

/// The parts of a chain that subcommands need as well as a running node.
pub struct Parts {
    /// Reads, executes and imports.
    pub client: Arc<FullClient>,
    /// The database.
    pub backend: Arc<FullBackend>,
    /// Where tasks are spawned.
    pub task_manager: TaskManager,
    /// The keys of this node.
    pub keystore: KeystoreContainer,
    /// Imports blocks as final.
    pub block_import: FullBlockImport,
    /// What the import tells others.
    pub link: PbftLink,
    /// Under which set each height is decided.
    pub states: Arc<ConsensusStates<FullClient>>,
    /// The connection to telemetry servers.
    pub telemetry: Option<Telemetry>,
}

impl Parts {
    /// Make the queue that verifies and imports the blocks which sync brings. If it ends, the node
    /// does.
    pub fn import_queue(&self, registry: Option<&Registry>) -> BasicQueue<Block> {
        self.queue(&self.task_manager.spawn_essential_handle(), registry)
    }

    /// As [`import_queue`](Self::import_queue), for a command, which ends after its last block.
    pub fn import_queue_of_command(&self) -> BasicQueue<Block> {
        self.queue(&MayEnd(self.task_manager.spawn_handle()), None)
    }

    fn queue(
        &self,
        spawner: &impl SpawnEssentialNamed,
        registry: Option<&Registry>,
    ) -> BasicQueue<Block> {
        import_queue(
            self.client.clone(),
            self.states.clone(),
            Box::new(self.block_import.clone()),
            Some(Box::new(self.block_import.clone())),
            spawner,
            registry,
        )
    }
}

/// Spawns what the SDK calls essential, as a task whose end is no failure.
#[derive(Clone)]
struct MayEnd(SpawnTaskHandle);

impl SpawnEssentialNamed for MayEnd {
    fn spawn_essential(
        &self,
        name: &'static str,
        group: Option<&'static str>,
        future: BoxFuture<'static, ()>,
    ) {
        self.0.spawn(name, group, future);
    }

    fn spawn_essential_blocking(
        &self,
        name: &'static str,
        group: Option<&'static str>,
        future: BoxFuture<'static, ()>,
    ) {
        self.0.spawn_blocking(name, group, future);
    }
}

/// Where the vote logs of a chain are.
pub fn vote_log_dir(config: &Configuration) -> PathBuf {
    config.data_path.join(VOTE_LOG_DIR)
}

/// Open a chain's database and make the parts around it. Which sets have taken the place of others is
/// in `known`, which may be told of more at any time, and in the chain spec.
pub fn new_parts(
    config: &mut Configuration,
    executor: Executor,
    known: Recoveries,
) -> Result<Parts, Error> {
    // Opening the database resolves the spec's genesis.
    let of_spec = recoveries::of_spec(&*config.chain_spec);
    fit_to_final_imports(config)?;
    let telemetry = open_telemetry(config)?;
    let handle = telemetry.as_ref().map(|(_, telemetry)| telemetry.handle());
    let (client, backend, keystore, task_manager) = database::open(config, handle, executor)?;
    let client = Arc::new(client);
    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager
            .spawn_handle()
            .spawn("telemetry", None, worker.run());
        telemetry
    });
    let outputs = Arc::new(BeaconOutputs::new(client.clone()));
    let states = ConsensusStates::new(client.clone(), outputs).with_recoveries(known);
    announce_all(&states, &of_spec)?;
    let states = Arc::new(states);
    let (block_import, link) = block_import(client.clone(), client.clone(), states.clone());
    Ok(Parts {
        client,
        backend,
        task_manager,
        keystore,
        block_import,
        link,
        states,
        telemetry,
    })
}

/// Take the records that the chain spec names. One that is not of this chain is an error of whoever
/// wrote the spec; what does not fit the blocks that are here is told, and left out.
fn announce_all(
    states: &ConsensusStates<FullClient>,
    records: &[Recovery<AccountId>],
) -> Result<(), Error> {
    for (i, record) in records.iter().enumerate() {
        let refused = |error: &dyn std::fmt::Display| {
            Error::Other(format!("chain spec: recoveries[{i}]: {error}"))
        };
        let takeover =
            recovery::take_over(record, states.genesis(), None).map_err(|e| refused(&e))?;
        match states.announce(takeover) {
            Ok(_) => {}
            Err(error @ (RecoveryError::Passed { .. } | RecoveryError::OtherHead { .. })) => {
                log::error!("🛟 {error}");
            }
            Err(error) => return Err(refused(&error)),
        }
    }
    Ok(())
}

/// Settings of the SDK that do not fit a chain on which every block is final when it is imported.
fn fit_to_final_imports(config: &mut Configuration) -> Result<(), Error> {
    if !matches!(config.network.sync_mode, SyncMode::Full) {
        // Who decides a block stands in its parent's state, which the others do not download.
        return Err(Error::Other(
            "of the ways to sync only `--sync full` is supported".into(),
        ));
    }
    if config.state_pruning == Some(PruningMode::ArchiveCanonical) {
        // The SDK canonicalises a block when a later one is made final apart from its import, which
        // here never happens: states would pile up in memory. Without forks both archives hold the
        // same.
        config.state_pruning = Some(PruningMode::ArchiveAll);
    }
    Ok(())
}

fn open_telemetry(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, Error> {
    let endpoints = config
        .telemetry_endpoints
        .clone()
        .filter(|endpoints| !endpoints.is_empty());
    let Some(endpoints) = endpoints else {
        return Ok(None);
    };
    let worker = TelemetryWorker::new(TELEMETRY_BUFFER)?;
    let telemetry = worker.handle().new_telemetry(endpoints);
    Ok(Some((worker, telemetry)))
}
