// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Carrying out what the state machine says.

use super::{
    round::{Production, Question, ViewTimer},
    Worker, WorkerError,
};
use crate::{block::PbftClient, network::Misbehaviour, LOG_TARGET};
use hansa_pbft_core::{Input, Output, Record};
use hansa_pbft_primitives::{Hash, Height, Message, View};
use hansa_primitives::Block;
use log::{debug, info};
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_network_types::PeerId;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::Error as ConsensusError;
use std::time::{Duration, Instant};

impl<C, B, P, I> Worker<C, B, P, I>
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    /// Carry out `outputs`, which may follow from what a peer has `said` of a height. Returns inputs
    /// that are at hand at once.
    ///
    /// All records of one step are made durable together, before anything is sent: one fdatasync
    /// a step. That the log then says more than was sent is harmless; the other way round is not.
    pub(super) fn carry_out(
        &mut self,
        said: Option<(PeerId, Height)>,
        outputs: Vec<Output>,
    ) -> Result<Vec<Input>, WorkerError> {
        let (records, outputs): (Vec<_>, Vec<_>) = outputs
            .into_iter()
            .partition(|output| matches!(output, Output::Persist(_)));
        self.persist(records)?;
        let mut inputs = Vec::new();
        for output in outputs {
            match output {
                // Done above.
                Output::Persist(_) => {}
                Output::Send(message) => self.send(&message),
                Output::Build { height, view } => self.on_build_asked(height, view),
                Output::Validate {
                    height,
                    view,
                    hash,
                    reproposal,
                } => {
                    inputs.extend(self.validate(height, hash, Question { view, reproposal }));
                }
                Output::StartTimer {
                    height,
                    view,
                    silent,
                } => {
                    self.start_timer(height, view, silent);
                }
                Output::Finalise(certificate) => self.on_decided(certificate)?,
                Output::EnteredView {
                    height,
                    view,
                    primary,
                } => {
                    if view > 0 {
                        self.monitor.entered_view();
                        info!(
                            target: LOG_TARGET,
                            "🔁 Height {height}: view {view}, authority {primary} is its primary"
                        );
                    }
                }
                Output::Report(evidence) => self.on_evidence(evidence),
                Output::Fork { first, second } => self.on_fork(first, second),
                Output::Reject(rejection) => {
                    if let Some((peer, height)) = said {
                        debug!(target: LOG_TARGET, "Message of {peer} refused: {rejection}");
                        if !self.is_excused(&peer, height) {
                            self.network.report(peer, Misbehaviour::RefusedMessage);
                        }
                    }
                }
            }
        }
        Ok(inputs)
    }

    fn persist(&mut self, outputs: Vec<Output>) -> Result<(), WorkerError> {
        let records: Vec<Record> = outputs
            .into_iter()
            .filter_map(|output| match output {
                Output::Persist(record) => Some(record),
                _ => None,
            })
            .collect();
        let Some(round) = self.round.as_ref().filter(|_| !records.is_empty()) else {
            return Ok(());
        };
        if records
            .iter()
            .any(|record| matches!(record, Record::Heard(_)))
        {
            self.monitor.own_vote_heard();
        }
        self.voting
            .persist(round.height, records, |hash| round.block(hash))?;
        Ok(())
    }

    fn send(&mut self, message: &Message) {
        let Message::Proposal { statement, .. } = message else {
            self.outbox.broadcast(message);
            return;
        };
        let block = statement
            .statement
            .block()
            .and_then(|hash| self.round.as_ref().and_then(|round| round.block(&hash)));
        match block {
            Some(block) => {
                self.outbox.broadcast_proposal(message, block);
            }
            None => debug!(
                target: LOG_TARGET,
                "The block of the proposal at height {} is not at hand", statement.height
            ),
        }
    }

    fn on_build_asked(&mut self, height: Height, view: View) {
        if let Some(round) = self.round.as_mut().filter(|round| round.height == height) {
            // A block that is being built for an earlier view is of no use any more.
            round.production = Production::Asked { view };
        }
    }

    fn start_timer(&mut self, height: Height, view: View, silent: bool) {
        let is_gone = self.primary_is_gone();
        let Some(round) = self.round.as_mut().filter(|round| round.height == height) else {
            return;
        };
        let timing = &round.state.timing;
        let timeout_ms = if view == 0 && (silent || is_gone) {
            timing.silent_timeout_ms
        } else {
            timing.timeout_ms(view)
        };
        let fires_at = Instant::now() + Duration::from_millis(u64::from(timeout_ms));
        round.timer = Some(ViewTimer { view, fires_at });
    }
    /// Whether a proposal of view 0 is awaited from a primary that was connected and is gone.
    fn primary_is_gone(&self) -> bool {
        let awaited = self
            .core
            .round_state()
            .filter(|state| state.view == 0 && state.proposal.is_none());
        awaited
            .and_then(|state| Some(state.set.get(state.primary?)?.key.clone()))
            .is_some_and(|key| self.presence.is_gone(&key))
    }

    /// If the primary whose proposal is awaited has just gone, wait no longer for it than for one
    /// that was silent lately.
    pub(super) fn hurry_if_primary_is_gone(&mut self) {
        if !self.primary_is_gone() {
            return;
        }
        let Some(round) = self.round.as_mut() else {
            return;
        };
        let left = Duration::from_millis(u64::from(round.state.timing.silent_timeout_ms));
        if let Some(timer) = round.timer.as_mut().filter(|timer| timer.view == 0) {
            timer.fires_at = timer.fires_at.min(Instant::now() + left);
        }
    }
}
