// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The worker: gives the state machine its inputs and carries out what it says.
//!
//! | file | what is in it |
//! | --- | --- |
//! | this one | the loop: network, pool, imports, timers, finished tasks |
//! | [`alarm`] | when it looks at the clock again |
//! | [`height`] | beginning a height; replaying decided blocks at start |
//! | [`recovery`] | beginning a height anew under the set of a record |
//! | [`outputs`] | carrying out the outputs of the state machine |
//! | [`blocks`] | building, executing, fetching and importing blocks |
//! | [`evidence`] | reporting offences; forks |
//! | [`pacing`] | when a block is due |
//! | [`presence`] | which authorities were connected and are gone |
//! | [`work`] | whether there are transactions for which a block is owed |
//! | [`voting`] | whether this node may sign, and the vote log |
//! | [`standby`] | the vote logs of this node's other keys |
//! | [`round`] | what is held of the height under way |
//!
//! One task owns all of it, so there is no lock and no order of locks. What takes long (building,
//! executing, importing) runs on other threads and comes back as a [`TaskDone`].

mod alarm;
mod blocks;
pub(crate) mod evidence;
mod height;
mod outputs;
mod pacing;
mod presence;
mod recovery;
mod round;
mod standby;
pub(crate) mod voting;
mod work;

use crate::{
    accusation::Accuse,
    authorities::ConsensusStates,
    block::{
        builder::Builder,
        executor::Executor,
        import::{ImportedBlock, PbftBlockImport},
        PbftClient,
    },
    crypto::KeystoreCrypto,
    database_sync::DatabaseSync,
    metrics::Metrics,
    monitor::Monitor,
    network::{Incoming, PbftNetworkHandle, PeerEvent},
    transport::{Inbox, Outbox},
    types::ProposedBlock,
    vote_log::VoteLogError,
    SharedRoundState, LOG_TARGET,
};
use alarm::Alarm;
use blocks::TaskDone;
use evidence::Reports;
use futures::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use hansa_pbft_core::{Core, Input};
use hansa_pbft_primitives::{Certificate, Hash, Height, Message, SetId};
use hansa_primitives::Block;
use log::{debug, error, warn};
use pacing::BuildLead;
use presence::Presence;
use recovery::Unsure;
use round::{Production, Round};
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_network_types::PeerId;
use sc_transaction_pool_api::{OffchainTransactionPoolFactory, TransactionPool};
use sc_utils::mpsc::TracingUnboundedReceiver;
use sp_consensus::Error as ConsensusError;
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::watch;
use voting::Voting;
use work::Work;

/// How long the worker sleeps when nothing is due, so that a clock that was set is noticed.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// How soon what is current is said again after a peer said who it is.
const RESEND_TO_NEWCOMERS_AFTER: Duration = Duration::from_millis(50);

/// Why the worker cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The vote log does not work: nothing may be signed without it.
    #[error(transparent)]
    VoteLog(#[from] VoteLogError),
    /// The database does not give what it must have.
    #[error("the database failed: {0}")]
    Database(#[from] sp_blockchain::Error),
    /// The state of the head cannot be read.
    #[error(transparent)]
    State(#[from] crate::authorities::ConsensusStateError),
    /// The head of the chain has no header.
    #[error("the database has no header of its best block {0:?}")]
    NoHeader(Hash),
    /// A quorum made a block final that this node finds invalid.
    #[error(
        "a quorum made block {hash:?} final, which this node finds invalid ({reason}): this binary \
         and the network do not agree on the rules; update it"
    )]
    InvalidDecision {
        /// The block.
        hash: Hash,
        /// What is wrong with it.
        reason: String,
    },
    /// A final block could not be brought into the database.
    #[error("block {hash:?} is final and cannot be imported: {reason}")]
    Import {
        /// The block.
        hash: Hash,
        /// What went wrong.
        reason: String,
    },
    /// A part that the worker cannot do without is gone.
    #[error("{0} has stopped")]
    Stopped(&'static str),
}

/// What a worker is made of, but for the network.
pub(crate) struct WorkerParts<C, B, P, I> {
    pub client: Arc<C>,
    pub states: Arc<ConsensusStates<C>>,
    pub executor: Executor<C, B>,
    pub builder: Builder<C>,
    pub import: PbftBlockImport<I, C>,
    pub imported: TracingUnboundedReceiver<ImportedBlock>,
    pub pool: Arc<P>,
    pub core: Core<KeystoreCrypto>,
    pub voting: Voting,
    pub database: DatabaseSync,
    pub shared: SharedRoundState,
    pub metrics: Metrics,
    /// Where reports of offences go.
    pub report_pool: OffchainTransactionPoolFactory<Block>,
    /// Where they are told beside that.
    pub accuse: Option<Accuse>,
    /// Certificates for other blocks than those that are final.
    pub conflicts: TracingUnboundedReceiver<Certificate>,
}

/// The worker of one chain.
pub(crate) struct Worker<C, B, P, I> {
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
    executor: Executor<C, B>,
    builder: Builder<C>,
    import: PbftBlockImport<I, C>,
    imported: TracingUnboundedReceiver<ImportedBlock>,
    pool: Arc<P>,
    network: PbftNetworkHandle,
    outbox: Arc<dyn Outbox>,
    inbox: Inbox,
    core: Core<KeystoreCrypto>,
    voting: Voting,
    database: DatabaseSync,
    shared: SharedRoundState,
    metrics: Metrics,
    monitor: Monitor,
    presence: Presence,
    reports: Reports,
    conflicts: TracingUnboundedReceiver<Certificate>,
    round: Option<Round>,
    work: Work,
    lead: BuildLead,
    /// Each with the set of the round that it was begun in.
    tasks: FuturesUnordered<BoxFuture<'static, (SetId, TaskDone)>>,
    /// Changes when a record comes that puts another set in place, and when the hub is heard again.
    recoveries: watch::Receiver<u64>,
    /// This node is silent at the height under way, as there may be a record of which it has not heard.
    unsure: Option<Unsure>,
    /// Whether for the same reason decided blocks were left in the vote log that the database may lack.
    log_due: bool,
    resend_at: Instant,
}

impl<C, B, P, I> Worker<C, B, P, I>
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    /// A worker that is about to begin.
    pub fn new(
        parts: WorkerParts<C, B, P, I>,
        network: PbftNetworkHandle,
        outbox: Arc<dyn Outbox>,
        inbox: Inbox,
    ) -> Self {
        Self {
            client: parts.client,
            recoveries: parts.states.recoveries().subscribe(),
            unsure: None,
            log_due: false,
            states: parts.states,
            executor: parts.executor,
            builder: parts.builder,
            import: parts.import,
            imported: parts.imported,
            pool: parts.pool,
            network,
            outbox,
            inbox,
            core: parts.core,
            voting: parts.voting,
            database: parts.database,
            shared: parts.shared,
            monitor: Monitor::new(parts.metrics.clone()),
            presence: Presence::default(),
            metrics: parts.metrics,
            reports: Reports::new(parts.report_pool, parts.accuse),
            conflicts: parts.conflicts,
            round: None,
            work: Work::default(),
            lead: BuildLead::default(),
            tasks: FuturesUnordered::new(),
            resend_at: Instant::now(),
        }
    }

    /// Run until the node stops, or until something fails without which nothing may be signed.
    pub async fn run(mut self) -> Result<(), WorkerError> {
        let mut transactions = self.pool.import_notification_stream();
        let mut alarm = Alarm::default();
        self.replay_decided().await?;
        self.begin_at_head()?;
        loop {
            let wake = self.next_wake();
            tokio::select! {
                imported = self.imported.next() => {
                    self.on_imported(imported.ok_or(WorkerError::Stopped("block import"))?)?;
                }
                Some((set, done)) = self.tasks.next() => self.on_task_done(set, done)?,
                Ok(()) = self.recoveries.changed() => self.on_recovery().await?,
                Some(conflict) = self.conflicts.next() => self.on_old_certificate(None, conflict)?,
                incoming = self.inbox.next() => {
                    self.on_incoming(incoming.ok_or(WorkerError::Stopped("the pBFT network"))?)?;
                }
                Some(hash) = transactions.next() => self.work.transaction_ready(&hash),
                () = alarm.until(wake) => {}
            }
            self.resume().await?;
            self.tick()?;
            self.publish();
        }
    }

    /// Put `input` in and carry out all that follows.
    fn step(&mut self, input: Input) -> Result<(), WorkerError> {
        self.step_from(None, input)
    }

    /// As [`step`](Self::step), for a message of `peer`.
    fn step_from(&mut self, peer: Option<PeerId>, input: Input) -> Result<(), WorkerError> {
        let said_at = match &input {
            Input::Message(message) => Some(message.height()),
            _ => None,
        };
        let said = peer.zip(said_at);
        // A machine may have slept since the last input, and its hub with it. What begins a height was looked at just now.
        if !matches!(input, Input::Start { .. }) {
            self.fall_silent()?;
        }
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.monitor.input(&input);
            let outputs = self.core.step(input);
            self.watch();
            inputs.extend(self.carry_out(said, outputs)?);
        }
        Ok(())
    }

    /// Show the state machine to the monitor, before its outputs take their time.
    fn watch(&mut self) {
        let work_told = self.round.as_ref().is_some_and(|round| round.work_told);
        self.monitor
            .observe(self.core.round_state(), work_told, Instant::now());
    }

    /// Whatever is due by the clock.
    fn tick(&mut self) -> Result<(), WorkerError> {
        let (now, now_ms) = (Instant::now(), unix_ms());
        self.monitor.report_stall(now);
        self.fall_silent()?;
        self.tell_if_unsure(now);
        self.try_start_gate()?;
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        let owed = self.work.pending() && now_ms >= round.pace.due_ms;
        if !round.work_told && (owed || now_ms >= round.pace.idle_ms) {
            round.work_told = true;
            self.step(Input::Work)?;
        }
        self.drive_production(now_ms)?;
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        let height = round.height;
        if let Some(timer) = round.timer.filter(|timer| timer.fires_at <= now) {
            round.timer = None;
            self.metrics.timeouts.inc();
            debug!(target: LOG_TARGET, "⏰ Height {height}: the timer of view {} fired", timer.view);
            self.step(Input::Timeout {
                height,
                view: timer.view,
            })?;
        }
        if self.resend_at <= now {
            self.resend_at = now + self.resend_interval();
            self.step(Input::Resend)?;
            self.fetch_missing();
        }
        Ok(())
    }

    /// When something is due next.
    fn next_wake(&self) -> Instant {
        let (now, now_ms) = (Instant::now(), unix_ms());
        let mut wake = (now + MAX_SLEEP).min(self.resend_at);
        let Some(round) = self.round.as_ref() else {
            return wake;
        };
        let mut at_ms = |ms: u64| {
            wake = wake.min(now + Duration::from_millis(ms.saturating_sub(now_ms)));
        };
        if !round.work_told {
            at_ms(if self.work.pending() {
                round.pace.due_ms
            } else {
                round.pace.idle_ms
            });
        }
        match round.production {
            Production::Asked { view } => at_ms(self.build_at_ms(round, view)),
            Production::Waiting { due_ms, .. } => at_ms(due_ms),
            Production::NotAsked | Production::Building { .. } => {}
        }
        if let Some(timer) = round.timer {
            wake = wake.min(timer.fires_at);
        }
        wake
    }

    fn resend_interval(&self) -> Duration {
        let timing = self
            .round
            .as_ref()
            .map(|round| round.state.timing)
            .unwrap_or_default();
        Duration::from_millis(u64::from(timing.resend_interval_ms))
    }

    fn on_incoming(&mut self, incoming: Incoming) -> Result<(), WorkerError> {
        let Incoming { peer, event } = incoming;
        match &event {
            PeerEvent::Message(message) | PeerEvent::Proposal { message, .. } => {
                self.monitor.heard(&peer, message);
            }
            PeerEvent::Hello(info) => {
                self.monitor.greeted(peer, info.authority.clone());
                self.presence.greeted(peer, info.authority.clone());
            }
            PeerEvent::Disconnected => {
                self.monitor.disconnected(&peer);
                self.presence.disconnected(&peer);
                self.hurry_if_primary_is_gone();
            }
            PeerEvent::Connected => {}
        }
        match event {
            PeerEvent::Message(message) => self.on_message(peer, message),
            PeerEvent::Proposal { message, block } => self.on_proposal(peer, message, block),
            // A peer that just came has none of what was said at this height. Soon, not at once:
            // peers that come and go all the time must not keep us talking.
            PeerEvent::Hello(info) => {
                if let Some(key) = info.authority {
                    self.voting.hear_claim(key, info.height);
                }
                if self.network.is_recipient(&peer) {
                    let soon = Instant::now() + RESEND_TO_NEWCOMERS_AFTER;
                    self.resend_at = self.resend_at.min(soon);
                }
                Ok(())
            }
            PeerEvent::Connected | PeerEvent::Disconnected => Ok(()),
        }
    }

    fn on_message(&mut self, peer: PeerId, message: Message) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_ref() else {
            return Ok(());
        };
        if message.height() < round.height {
            return self.on_old_message(peer, message);
        }
        self.step_from(Some(peer), Input::Message(message))
    }

    fn on_proposal(
        &mut self,
        peer: PeerId,
        message: Message,
        block: Option<ProposedBlock>,
    ) -> Result<(), WorkerError> {
        self.metrics.proposals_received.inc();
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        let height = message.height();
        match block {
            Some(block) if height == round.height => {
                let hash = block.hash();
                let is_wanted = round.wants(&hash);
                round.propose(block);
                if is_wanted {
                    self.on_block_came(hash)?;
                    return self.on_message(peer, message);
                }
                self.on_message(peer, message)?;
                self.drop_unless_proposed(hash);
                Ok(())
            }
            // The peer is a message ahead of us; the state machine keeps the message.
            Some(block) => {
                self.keep_early(block);
                self.on_message(peer, message)
            }
            None => self.on_message(peer, message),
        }
    }

    /// Keep the block with `hash` only if the primary of a view signed a proposal of it. Others must
    /// not take up its place: anyone can say a proposal with a block.
    pub(super) fn drop_unless_proposed(&mut self, hash: Hash) {
        if self.core.has_proposal(&hash) {
            return;
        }
        if let Some(round) = self.round.as_mut() {
            round.withdraw(&hash);
        }
    }

    /// A message of a height that is over: it may convict somebody, and whoever says more than what
    /// decided the height still is there.
    fn on_old_message(&mut self, peer: PeerId, message: Message) -> Result<(), WorkerError> {
        if let Message::Decided(certificate) = message {
            return self.on_old_certificate(Some(peer), certificate);
        }
        let height = message.height();
        self.step_from(Some(peer), Input::Message(message))?;
        if self.is_left_behind_at(height) {
            self.network
                .send_decided(peer, height, || self.certificate_of(height));
        }
        Ok(())
    }

    /// Whether who says something of `height`, which is over, seems to be left behind there.
    ///
    /// In each height a third of the votes come after the quorum, from peers that are about to decide
    /// as well: to help them all would cost the square of the set in certificates. Who needs help says
    /// what it said again after the resend interval.
    fn is_left_behind_at(&self, height: Height) -> bool {
        let Some(round) = self.round.as_ref() else {
            return false;
        };
        height.saturating_add(1) < round.height
            || round.began.elapsed() >= self.resend_interval() / 2
    }

    /// Show the state of the round to RPC and metrics.
    fn publish(&mut self) {
        let state = self.core.round_state();
        if let Some(state) = state.as_ref() {
            self.metrics.height.set(u64::from(state.height));
            self.metrics.view.set(u64::from(state.view));
            self.metrics.set_id.set(state.set.id);
        }
        *self.shared.write() = state;
    }
}

/// Milliseconds since 1970 by the local clock; 0 if it is set before that.
pub(crate) fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

/// Run `worker`; if it fails, say why and end, which ends the node: it must not go on unable to
/// vote as if nothing were wrong.
pub(crate) async fn run_to_end<C, B, P, I>(worker: Worker<C, B, P, I>)
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    match worker.run().await {
        Ok(()) => warn!(target: LOG_TARGET, "The pBFT engine has stopped"),
        Err(error) => error!(target: LOG_TARGET, "The pBFT engine stops: {error}"),
    }
}
