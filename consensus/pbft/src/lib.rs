// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The driver of pBFT: everything that the state machine of [`hansa_pbft_core`] has not. Time, keys,
//! blocks, disk and network.
//!
//! ```text
//!               peers                         transaction pool      keystore
//!                 │                                  │                 │
//!   ┌─────────────┴───────────┐   ┌──────────────────┴─────────────────┴───┐
//!   │ network                 │   │ block: checks, executor, builder       │
//!   │ votes, proposals, bodies│   │ a proposal is executed, not imported   │
//!   └─────────────┬───────────┘   └──────────────────┬─────────────────────┘
//!                 │      ┌───────────────────────────┴──┐    ┌──────────────────────┐
//!                 └──────┤ worker                       ├────┤ hansa-pbft-core      │
//!                        │ inputs in, outputs carried out│    │ the protocol, pure   │
//!                        └──┬───────────────────────┬───┘    └──────────────────────┘
//!                  ┌────────┴───────┐      ┌────────┴──────────┐
//!                  │ vote log       │      │ block::import     │◄── sync: import queue,
//!                  │ before it says │      │ final or not at all│    block::verifier
//!                  └────────────────┘      └───────────────────┘
//! ```
//!
//! A proposal is executed by every validator and stays in memory. The commit certificate imports it
//! as final, with the certificate as its justification, from the changes that building or executing
//! left. So nothing runs twice, best always equals finalised, and the database never holds a block
//! that is not final.
//!
//! A service wires it in this order: [`block::import::block_import`] around the client;
//! [`block::verifier::import_queue`] for sync; [`network::pbft_network_config`] before and
//! [`network::PbftNetworkParts`] after the network is built; [`start_pbft`] for a validator. A
//! follower needs the first two only: blocks come with their certificates.
//!
//! Which set decides stands in the chain itself, but for one case: above a head at which a set has
//! lost its quorum for good, another one decides by a record that whoever assigns the sets has made.
//! The service tells it to [`ConsensusStates::announce`], at any time; see [`recoveries`].

pub mod accusation;
pub mod authorities;
pub mod block;
pub mod crypto;
mod database_sync;
pub mod justification;
pub mod metrics;
mod monitor;
pub mod network;
pub mod recoveries;
#[cfg(test)]
mod test_support;
pub mod transport;
pub mod types;
pub mod vote_log;
mod worker;

use accusation::Accuse;
use authorities::ConsensusStates;
use block::{
    builder::Builder,
    executor::Executor,
    import::{ImportedBlock, PbftBlockImport},
    PbftClient,
};
use crypto::KeystoreCrypto;
use database_sync::DatabaseSync;
use futures::{Stream, StreamExt};
use hansa_pbft_core::{Core, RoundState};
use hansa_pbft_primitives::Hash;
use hansa_primitives::Block;
use metrics::Metrics;
use network::{HelloInfo, PbftNetworkParts, PeerNetwork};
use parking_lot::RwLock;
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_keystore::LocalKeystore;
use sc_network_sync::SyncEvent;
use sc_transaction_pool_api::{
    LocalTransactionPool, OffchainTransactionPoolFactory, TransactionPool,
};
use sc_utils::mpsc::{tracing_unbounded, TracingUnboundedReceiver};
use sp_consensus::Error as ConsensusError;
use sp_core::traits::{SpawnEssentialNamed, SpawnNamed};
use std::{path::PathBuf, pin::Pin, sync::Arc};
use transport::Connect;
use worker::{Worker, WorkerParts};

pub use worker::WorkerError;

// The bugs are there for one test of the simulation; nothing that runs may have them.
const _: () = assert!(
    !hansa_pbft_core::SEEDED_BUGS,
    "the feature `seeded-bugs` of hansa-pbft-core is on: build the node without it"
);

/// The target of log lines.
pub(crate) const LOG_TARGET: &str = "pbft";

/// From this many certificates of a fork that the worker did not take note of, the channel warns.
const CONFLICTS_WARNING: usize = 1_000;

/// The group under which the engine's tasks stand in metrics.
const TASK_GROUP: Option<&str> = Some("pbft");

/// What the state machine is at: written by the worker, read by RPC. None before it began, and on a
/// node that does not run the engine.
pub type SharedRoundState = Arc<RwLock<Option<RoundState>>>;

/// What the engine of a validator is made of.
pub struct PbftParams<C, B, P, I> {
    /// The chain's client.
    pub client: Arc<C>,
    /// Its database.
    pub backend: Arc<B>,
    /// Under what heights are decided.
    pub states: Arc<ConsensusStates<C>>,
    /// The transaction pool.
    pub pool: Arc<P>,
    /// Where the session keys are.
    pub keystore: Arc<LocalKeystore>,
    /// The import that is shared with sync.
    pub import: PbftBlockImport<I, C>,
    /// What it imports.
    pub imported: TracingUnboundedReceiver<ImportedBlock>,
    /// The protocols that were configured before the network was built.
    pub network_parts: PbftNetworkParts,
    /// The network.
    pub network: Arc<dyn PeerNetwork>,
    /// What stands between the engine and the network.
    pub connect: Connect,
    /// Events of the syncing service.
    pub sync_events: Pin<Box<dyn Stream<Item = SyncEvent> + Send>>,
    /// The directory of the vote log, one per chain.
    pub vote_log_dir: PathBuf,
    /// The directory of the chain's database; none if it is in memory.
    pub database_dir: Option<PathBuf>,
    /// Where to show the state of the round.
    pub round_state: SharedRoundState,
    /// Where to count.
    pub metrics: Metrics,
    /// Who judges offences on this chain beside the chain itself, if anybody does.
    pub accuse: Option<Accuse>,
}

/// Start the engine of a validator. If it cannot go on, for instance because its vote log cannot be
/// written, the node ends: it must not look alive when it cannot vote.
pub fn start_pbft<C, B, P, I>(
    params: PbftParams<C, B, P, I>,
    spawner: &(impl SpawnNamed + ?Sized),
    essential: &(impl SpawnEssentialNamed + ?Sized),
) where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + LocalTransactionPool<Block = Block> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    let crypto = KeystoreCrypto::new(params.keystore);
    let genesis = params.states.genesis();
    let report_pool = params.pool.clone();
    let (conflict_sink, conflicts) = tracing_unbounded("mpsc_pbft_conflicts", CONFLICTS_WARNING);
    let parts = WorkerParts {
        executor: Executor::new(params.client.clone(), params.backend, params.states.clone()),
        builder: Builder::new(params.client.clone(), params.states.clone(), crypto.clone()),
        core: Core::new(crypto.clone()),
        voting: worker::voting::Voting::new(
            params.vote_log_dir,
            genesis,
            crypto.clone(),
            params.metrics.clone(),
        ),
        database: DatabaseSync::new(params.database_dir),
        client: params.client,
        states: params.states,
        pool: params.pool,
        import: params.import,
        imported: params.imported,
        shared: params.round_state,
        metrics: params.metrics.clone(),
        report_pool: OffchainTransactionPoolFactory::new(report_pool),
        accuse: params.accuse,
        conflicts,
    };
    parts.import.set_conflict_sink(conflict_sink);
    let log = Arc::new(parts.voting.log());
    let network = params.network_parts.start(
        params.network,
        params.sync_events.fuse().boxed(),
        Arc::new(crypto),
        log,
        HelloInfo::default(),
        params.metrics,
    );
    let (outbox, inbox) = (params.connect)(network.handle.clone(), network.incoming);
    let worker = Worker::new(parts, network.handle, outbox, inbox);
    spawner.spawn("pbft-network", TASK_GROUP, network.task);
    spawner.spawn_blocking(
        "pbft-block-server",
        TASK_GROUP,
        Box::pin(network.server.run()),
    );
    essential.spawn_essential_blocking(
        "pbft-worker",
        TASK_GROUP,
        Box::pin(worker::run_to_end(worker)),
    );
}
