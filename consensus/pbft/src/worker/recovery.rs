// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Beginning the height under way anew, under the set that a record puts in place.
//!
//! Whatever the former set said, built or executed at that height is over: the state machine begins
//! with an empty tally, blocks under execution are dropped when they come back, and of the vote log
//! no record of the former set is restored. A block that the former set has decided, but that is not
//! in the database yet, is dropped as well: nobody has seen it as final here.

use super::{Worker, WorkerError};
use crate::{block::PbftClient, LOG_TARGET};
use hansa_pbft_primitives::Hash;
use hansa_primitives::Block;
use log::warn;
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::Error as ConsensusError;

impl<C, B, P, I> Worker<C, B, P, I>
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    /// A record came, of whichever height.
    pub(super) async fn on_recovery(&mut self) -> Result<(), WorkerError> {
        if !self.is_taken_over() {
            return Ok(());
        }
        // What was decided under it before the node stopped could not be brought back without it.
        self.import_logged().await?;
        self.begin_at_head()
    }

    /// Whether a record puts another set in place at the height under way than that which the round
    /// goes by.
    pub(super) fn is_taken_over(&self) -> bool {
        self.round.as_ref().is_some_and(|round| {
            (self.states.recovery_above(round.parent.hash()))
                .is_some_and(|recovery| recovery.set.id > round.state.set.id)
        })
    }

    /// Whether the set of the height under way has taken the place of another at this very height.
    pub(super) fn takes_over(&self) -> bool {
        let round = self.round.as_ref();
        round.is_some_and(|round| round.state.recovery.is_some())
    }

    /// A height begins: say so if another set has taken it over.
    pub(super) fn tell_recovery(&self) {
        let Some((round, recovery)) = self
            .round
            .as_ref()
            .and_then(|round| Some((round, round.state.recovery.as_ref()?)))
        else {
            return;
        };
        warn!(
            target: LOG_TARGET,
            "🛟 The set before has lost its quorum at height {}: above block {:?} set {} of {} \
             authorities decides from now on, by the record of whoever assigns the sets",
            round.height,
            recovery.parent,
            recovery.set.id,
            recovery.set.len()
        );
    }
}
