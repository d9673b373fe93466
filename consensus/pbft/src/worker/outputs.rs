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
    /// Carry out `outputs`, which follow from an input that `peer` may have sent. Returns inputs
    /// that are at hand at once.
    ///
    /// All records of one step are made durable together, before anything is sent: one fdatasync
    /// a step. That the log then says more than was sent is harmless; the other way round is not.
    pub(super) fn carry_out(
        &mut self,
        peer: Option<PeerId>,
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
                        self.metrics.view_changes.inc();
                        info!(
                            target: LOG_TARGET,
                            "🔁 Height {height}: view {view}, authority {primary} is its primary"
                        );
                    }
                }
                Output::Reject(rejection) => {
                    if let Some(peer) = peer {
                        debug!(target: LOG_TARGET, "Message of {peer} refused: {rejection}");
                        self.network.report(peer, Misbehaviour::RefusedMessage);
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
        self.voting
            .persist(round.height, records, |hash| round.block(hash))?;
        Ok(())
    }

    fn send(&mut self, message: &Message) {
        let Message::Proposal { statement, .. } = message else {
            self.network.broadcast(message);
            return;
        };
        let block = statement
            .statement
            .block()
            .and_then(|hash| self.round.as_ref().and_then(|round| round.block(&hash)));
        match block {
            Some(block) => {
                self.network.broadcast_proposal(message, block);
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
        let Some(round) = self.round.as_mut().filter(|round| round.height == height) else {
            return;
        };
        let timing = &round.state.timing;
        let timeout_ms = if silent && view == 0 {
            timing.silent_timeout_ms
        } else {
            timing.timeout_ms(view)
        };
        let fires_at = Instant::now() + Duration::from_millis(u64::from(timeout_ms));
        round.timer = Some(ViewTimer { view, fires_at });
    }
}
