// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Building, executing, fetching and importing blocks, on other threads.

use super::{
    evidence::{Progress, Report},
    round::{Production, Question, Round, MAX_HELD},
    unix_ms, Worker, WorkerError,
};
use crate::{
    block::{
        builder::{BuildError, BuildLimits, BuildRequest, Built},
        checks::{check_clock, ViewRule},
        executor::ProposalRules,
        import::ImportOutcome,
        BlockError, HeldBlock, PbftClient,
    },
    network::BlockRequestError,
    types::ProposedBlock,
    LOG_TARGET,
};
use futures::FutureExt;
use hansa_pbft_core::Input;
use hansa_pbft_primitives::{Certificate, Hash, Height, PreDigest, SetId, View};
use hansa_primitives::Block;
use log::{debug, warn};
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_runtime::traits::{Block as BlockT, Header as HeaderT};
use std::{future::Future, io, time::Instant};

/// The bits of an extrinsic's first byte that tell its type; none is set in an inherent.
const EXTRINSIC_TYPE_MASK: u8 = 0b1100_0000;

/// How long the pool may take to process a parent before it is looked at as it is.
const POOL_PATIENCE: std::time::Duration = std::time::Duration::from_millis(250);

/// Something that ran on another thread is finished.
pub(crate) enum TaskDone {
    /// A block was built.
    Built {
        height: Height,
        view: View,
        result: Result<Built, BuildError>,
    },
    /// A proposal was executed.
    Executed {
        height: Height,
        hash: Hash,
        result: Result<HeldBlock, BlockError>,
    },
    /// A block came from a peer, or did not.
    Fetched {
        height: Height,
        hash: Hash,
        result: Result<ProposedBlock, BlockRequestError>,
    },
    /// The decided block was imported, or not.
    Imported {
        height: Height,
        hash: Hash,
        result: Result<ImportOutcome, ConsensusError>,
    },
    /// The pool has processed the parent of `height`.
    PoolCurrent { height: Height },
    /// Reports of offences were tried.
    Reported { reports: Vec<(Report, Progress)> },
    /// The database was made durable up to a height, or was not.
    DatabaseSynced { result: io::Result<Height> },
    /// A thread of ours panicked or was cancelled.
    Lost { what: &'static str },
}

impl<C, B, P, I> Worker<C, B, P, I>
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    /// A task is finished that was begun in a round of `set`.
    pub(super) fn on_task_done(&mut self, set: SetId, done: TaskDone) -> Result<(), WorkerError> {
        let height = match &done {
            TaskDone::Built { height, .. }
            | TaskDone::Executed { height, .. }
            | TaskDone::Fetched { height, .. }
            | TaskDone::Imported { height, .. }
            | TaskDone::PoolCurrent { height } => *height,
            TaskDone::Lost { what } => return Err(WorkerError::Stopped(what)),
            TaskDone::Reported { .. } => return self.on_reported(done),
            TaskDone::DatabaseSynced { result } => {
                self.on_database_synced(result);
                return Ok(());
            }
        };
        // Of a height that is over: sync was faster. Or it began anew under another set, for which
        // nothing counts that was built or executed before.
        if self
            .round
            .as_ref()
            .is_none_or(|round| round.height != height || round.state.set.id != set)
        {
            return Ok(());
        }
        match done {
            TaskDone::Built { view, result, .. } => self.on_built(view, result),
            TaskDone::Executed { hash, result, .. } => self.on_executed(hash, result),
            TaskDone::Fetched { hash, result, .. } => self.on_fetched(hash, result),
            TaskDone::Imported { hash, result, .. } => self.on_import_done(hash, result),
            TaskDone::PoolCurrent { .. } => {
                self.work.pool_updated(&self.pool, Instant::now());
                Ok(())
            }
            TaskDone::Reported { .. } | TaskDone::DatabaseSynced { .. } | TaskDone::Lost { .. } => {
                Ok(())
            }
        }
    }

    /// Run `work` on a thread where it may block.
    pub(super) fn spawn<F>(&mut self, what: &'static str, work: F)
    where
        F: FnOnce() -> TaskDone + Send + 'static,
    {
        let task = tokio::task::spawn_blocking(work);
        self.await_beside(async move { task.await.unwrap_or(TaskDone::Lost { what }) });
    }

    /// Wait for `future` beside the loop.
    pub(super) fn await_beside(&mut self, future: impl Future<Output = TaskDone> + Send + 'static) {
        let round = self.round.as_ref();
        let set = round.map_or(SetId::MIN, |round| round.state.set.id);
        self.tasks.push(future.map(move |done| (set, done)).boxed());
    }

    /// Ask the pool to tell when it has processed the parent.
    pub(super) fn watch_pool(&mut self, height: Height, parent: Hash) {
        let pool = self.pool.clone();
        self.await_beside(async move {
            // What it offers is looked at in the worker.
            drop(pool.ready_at_with_timeout(parent, POOL_PATIENCE).await);
            TaskDone::PoolCurrent { height }
        });
    }

    // --- Building ---

    /// When to begin to build for `view`.
    pub(super) fn build_at_ms(&self, round: &Round, view: View) -> u64 {
        let lead_ms = self.lead.lead_ms(round.state.timing.min_interval_ms);
        round
            .pace
            .build_at_ms(self.work.pending(), view > 0, lead_ms)
    }

    /// Build or propose if the time has come.
    pub(super) fn drive_production(&mut self, now_ms: u64) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_ref() else {
            return Ok(());
        };
        let height = round.height;
        match round.production {
            Production::Asked { view } if now_ms >= self.build_at_ms(round, view) => {
                self.build(view, now_ms);
                Ok(())
            }
            Production::Waiting { view, hash, due_ms } if now_ms >= due_ms => {
                if let Some(round) = self.round.as_mut() {
                    round.production = Production::NotAsked;
                }
                self.step(Input::Built { height, view, hash })
            }
            _ => Ok(()),
        }
    }

    fn build(&mut self, view: View, now_ms: u64) {
        let Some(round) = self.round.as_mut() else {
            return;
        };
        let Some(author) = round.local else { return };
        round.production = Production::Building { view };
        let (height, parent, state) = (round.height, round.parent.clone(), round.state.clone());
        let parent_certificate = round.parent_certificate.clone();
        let timestamp_ms = round.pace.timestamp_ms(now_ms);
        let (builder, pool) = (self.builder.clone(), self.pool.clone());
        let handle = tokio::runtime::Handle::current();
        self.spawn("the block builder", move || {
            let request = BuildRequest {
                parent: &parent,
                parent_certificate,
                state: &state,
                view,
                author,
                timestamp_ms,
                limits: BuildLimits::default(),
            };
            let result = handle.block_on(builder.build(&*pool, request));
            TaskDone::Built {
                height,
                view,
                result,
            }
        });
    }

    fn on_built(
        &mut self,
        view: View,
        result: Result<Built, BuildError>,
    ) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        if round.production != (Production::Building { view }) {
            return Ok(());
        }
        let built = match result {
            Ok(built) => built,
            Err(error) => {
                // The others change the view when their timers fire.
                warn!(target: LOG_TARGET, "Cannot build block #{}: {error}", round.height);
                round.production = Production::NotAsked;
                return Ok(());
            }
        };
        let took = built.held.executed_in;
        self.metrics.proposals_built.inc();
        self.metrics.build_seconds.observe(took.as_secs_f64());
        self.lead
            .observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        debug!(
            target: LOG_TARGET,
            "🧱 Built #{} {:?} in {took:?}: {} transactions, {} bytes, ended by {:?}",
            round.height, built.held.hash, built.transactions, built.bytes, built.end
        );
        if built.transactions == 0 {
            self.work.empty_proposal(&self.pool);
        }
        let (hash, due_ms) = (built.held.hash, built.held.pre_digest.timestamp_ms);
        round.first_seen.entry(hash).or_insert_with(Instant::now);
        round.held.insert(hash, built.held);
        round.production = Production::Waiting { view, hash, due_ms };
        self.drive_production(unix_ms())
    }

    // --- Executing ---

    /// Answer `question` about `hash`, now or when the block is there and executed.
    pub(super) fn validate(
        &mut self,
        height: Height,
        hash: Hash,
        question: Question,
    ) -> Option<Input> {
        let round = self.round.as_mut().filter(|round| round.height == height)?;
        let answer = |valid| Input::Validated {
            height,
            view: question.view,
            hash,
            valid,
        };
        if round.bad.contains(&hash) {
            return Some(answer(false));
        }
        if let Some(block) = round.block(&hash) {
            if let Err(reason) = check_placement(round, block, question) {
                self.metrics
                    .proposals_refused
                    .with_label_values(&["placement"])
                    .inc();
                warn!(target: LOG_TARGET, "Proposal #{height} {hash:?} refused: {reason}");
                return Some(answer(false));
            }
        }
        if round.held.contains_key(&hash) {
            return Some(answer(true));
        }
        if let Some(questions) = round.executing.get_mut(&hash) {
            questions.push(question);
        } else if round.proposed.contains_key(&hash) {
            round.executing.insert(hash, vec![question]);
            self.execute(hash);
        } else {
            round
                .missing
                .entry(hash)
                .or_default()
                .questions
                .push(question);
            self.fetch_missing();
        }
        None
    }

    /// Execute a proposed block. Where its view and its clock allow it is checked for each
    /// question apart: what execution says holds for all of them.
    fn execute(&mut self, hash: Hash) {
        let Some(round) = self.round.as_mut() else {
            return;
        };
        let Some(proposal) = round.proposed.get(&hash).cloned() else {
            return;
        };
        let (height, parent, state) = (round.height, round.parent.clone(), round.state.clone());
        let known = round.parent_certificate.clone();
        if !has_transactions(&proposal) {
            self.work.empty_proposal(&self.pool);
        }
        let executor = self.executor.clone();
        self.spawn("block execution", move || {
            let rules = ProposalRules {
                view: ViewRule::UpTo(View::MAX),
                now_ms: None,
                known_certificate: known.as_ref(),
            };
            let result = executor.execute(&parent, proposal, &state, &rules);
            TaskDone::Executed {
                height,
                hash,
                result,
            }
        });
    }

    fn on_executed(
        &mut self,
        hash: Hash,
        result: Result<HeldBlock, BlockError>,
    ) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        let height = round.height;
        let questions = round.executing.remove(&hash).unwrap_or_default();
        let proposal = round.proposed.remove(&hash);
        let decided = round.decided.as_ref().is_some_and(|c| c.hash == hash);
        match result {
            Ok(held) => {
                self.metrics
                    .execute_seconds
                    .observe(held.executed_in.as_secs_f64());
                if round.held.len() >= MAX_HELD && !decided {
                    // The oldest that is not asked for any more gives way: any that is held can be
                    // executed again.
                    if let Some(old) = round.held.keys().next().copied() {
                        round.held.remove(&old);
                    }
                }
                round.held.insert(hash, held);
            }
            Err(error) => {
                warn!(target: LOG_TARGET, "Proposal #{height} {hash:?} refused: {error}");
                self.metrics
                    .proposals_refused
                    .with_label_values(&["invalid"])
                    .inc();
                if error.blames_author() {
                    round.bad.insert(hash);
                }
                if decided {
                    self.look_below(proposal)?;
                    return Err(WorkerError::InvalidDecision {
                        hash,
                        reason: error.to_string(),
                    });
                }
                for question in questions {
                    let view = question.view;
                    self.step(Input::Validated {
                        height,
                        view,
                        hash,
                        valid: false,
                    })?;
                }
                return Ok(());
            }
        }
        if decided {
            return self.import_decided();
        }
        self.answer(height, hash, questions)
    }

    // --- Fetching ---

    /// Ask for what is missing, unless a request is under way. Called when something is found
    /// missing, and at each resend interval.
    pub(super) fn fetch_missing(&mut self) {
        let Some(round) = self.round.as_mut() else {
            return;
        };
        let height = round.height;
        let decided = round.decided.as_ref().map(|c| c.hash).filter(|hash| {
            round.block(hash).is_none() && !round.importing && !round.executing.contains_key(hash)
        });
        if let Some(hash) = decided {
            round.missing.entry(hash).or_default();
        }
        let wanted: Vec<Hash> = round
            .missing
            .iter_mut()
            .filter_map(|(hash, missing)| {
                (!std::mem::replace(&mut missing.asked, true)).then_some(*hash)
            })
            .collect();
        for hash in wanted {
            debug!(target: LOG_TARGET, "Asking peers for block #{height} {hash:?}");
            let request = self.network.request_block(hash, height, None);
            self.await_beside(async move {
                TaskDone::Fetched {
                    height,
                    hash,
                    result: request.await,
                }
            });
        }
    }

    fn on_fetched(
        &mut self,
        hash: Hash,
        result: Result<ProposedBlock, BlockRequestError>,
    ) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        match result {
            Ok(block) => {
                round.propose(block);
                self.on_block_came(hash)
            }
            Err(error) => {
                let height = round.height;
                debug!(target: LOG_TARGET, "Block #{height} {hash:?} was not to be had: {error}");
                if let Some(missing) = round.missing.get_mut(&hash) {
                    missing.asked = false;
                }
                Ok(())
            }
        }
    }

    /// A block is at hand that may have been missing.
    pub(super) fn on_block_came(&mut self, hash: Hash) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        let Some(missing) = round.missing.remove(&hash) else {
            return Ok(());
        };
        let height = round.height;
        if round.decided.as_ref().is_some_and(|c| c.hash == hash) {
            return self.import_decided();
        }
        self.answer(height, hash, missing.questions)
    }

    /// Answer what can be answered of `questions`.
    fn answer(
        &mut self,
        height: Height,
        hash: Hash,
        questions: Vec<Question>,
    ) -> Result<(), WorkerError> {
        for question in questions {
            if let Some(answer) = self.validate(height, hash, question) {
                self.step(answer)?;
            }
        }
        Ok(())
    }

    // --- Importing ---

    /// The height is decided.
    pub(super) fn on_decided(&mut self, certificate: Certificate) -> Result<(), WorkerError> {
        let Some(round) = self
            .round
            .as_mut()
            .filter(|r| r.height == certificate.height)
        else {
            return Ok(());
        };
        if round.decided.is_some() {
            return Ok(());
        }
        self.monitor.decided(&certificate);
        if let Some(seen) = round.first_seen.get(&certificate.hash) {
            self.metrics
                .finality_seconds
                .observe(seen.elapsed().as_secs_f64());
        }
        round.timer = None;
        round.production = Production::NotAsked;
        round.decided = Some(certificate);
        self.import_decided()
    }

    /// Bring the decided block into the database, once it is executed.
    pub(super) fn import_decided(&mut self) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        let Some(certificate) = round.decided.clone().filter(|_| !round.importing) else {
            return Ok(());
        };
        let (height, hash) = (round.height, certificate.hash);
        if round.bad.contains(&hash) {
            let reason = "it was refused as a proposal".into();
            return Err(WorkerError::InvalidDecision { hash, reason });
        }
        let Some(held) = round.held.remove(&hash) else {
            if !round.executing.contains_key(&hash) {
                if round.proposed.contains_key(&hash) {
                    round.executing.insert(hash, Vec::new());
                    self.execute(hash);
                } else {
                    self.fetch_missing();
                }
            }
            return Ok(());
        };
        round.importing = true;
        // Durable before the database says that it is final.
        self.voting
            .decided(&certificate, &round.state.set, &held.block)?;
        let own = round.local == Some(held.pre_digest.author);
        let origin = if own {
            BlockOrigin::Own
        } else {
            BlockOrigin::ConsensusBroadcast
        };
        let (import, handle) = (self.import.clone(), tokio::runtime::Handle::current());
        let metrics = self.metrics.clone();
        self.spawn("block import", move || {
            let started = Instant::now();
            let result = handle.block_on(import.import_held(held, certificate, origin));
            metrics
                .import_seconds
                .observe(started.elapsed().as_secs_f64());
            TaskDone::Imported {
                height,
                hash,
                result,
            }
        });
        Ok(())
    }

    fn on_import_done(
        &mut self,
        hash: Hash,
        result: Result<ImportOutcome, ConsensusError>,
    ) -> Result<(), WorkerError> {
        let Some(round) = self.round.as_mut() else {
            return Ok(());
        };
        round.importing = false;
        match result {
            // The next height begins when the import tells of the block.
            Ok(_) => Ok(()),
            // The set before has decided it, and a record came while it was imported.
            Err(_) if self.is_taken_over() => self.begin_at_head(),
            Err(error) => Err(WorkerError::Import {
                hash,
                reason: error.to_string(),
            }),
        }
    }
}

/// Whether the block may be the answer to `question`: header in the right view, and if it is fresh
/// not ahead of the clock.
fn check_placement(round: &Round, block: &ProposedBlock, question: Question) -> Result<(), String> {
    let Some(pre) = PreDigest::find(block.block.header().digest()) else {
        return Err("the header names no view".into());
    };
    let rule = ViewRule::of_proposal(question.view, question.reproposal);
    if !rule.admits(pre.view) {
        return Err(format!("the header names view {}, not {rule:?}", pre.view));
    }
    if question.reproposal {
        return Ok(());
    }
    check_clock(&pre, unix_ms(), &round.state.timing).map_err(|error| error.to_string())
}

/// Whether there is anything but inherents in a block.
fn has_transactions(block: &ProposedBlock) -> bool {
    let bare = |blob: &[u8]| {
        blob.first()
            .is_none_or(|byte| byte & EXTRINSIC_TYPE_MASK == 0)
    };
    block
        .block
        .extrinsics()
        .iter()
        .any(|extrinsic| !bare(extrinsic.inner()))
}
