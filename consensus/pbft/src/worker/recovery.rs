// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Beginning the height under way anew, under the set that a record puts in place.
//!
//! Whatever the former set said, built or executed at that height is over: the state machine begins
//! with an empty tally, blocks under execution are dropped when they come back, and of the vote log
//! no record of the former set is restored. A block that the former set has decided, but that is not
//! in the database yet, is dropped as well: nobody has seen it as final here.
//!
//! Where the head is old, and it is not known yet whether there is a record above it, the node is silent, and imports nothing
//! of its log: who comes back with a quorum of a set that was replaced meanwhile would decide another block than the new set.

use super::{unix_ms, voting::Mandate, Worker, WorkerError};
use crate::{authorities::HeightState, block::PbftClient, recoveries::TakeOver, LOG_TARGET};
use hansa_pbft_primitives::{Certificate, Hash, Height, PreDigest};
use hansa_primitives::{Block, Header};
use log::{error, warn};
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_network_types::PeerId;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::Error as ConsensusError;

impl<C, B, P, I> Worker<C, B, P, I>
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    /// A record came, of whichever height, or it is known now that there is no other.
    pub(super) async fn on_recovery(&mut self) -> Result<(), WorkerError> {
        if !self.is_taken_over() && !self.is_sure_now() {
            return Ok(());
        }
        // What was decided under it before the node stopped could not be brought back without it.
        self.import_logged().await?;
        self.begin_at_head()
    }

    /// Whether the height under way must begin anew for what is known of records now: another set than that
    /// which the round goes by is put in place, or it is known now when that of the round was made, of which a
    /// silent node may learn that it may sign.
    pub(super) fn is_taken_over(&self) -> bool {
        let Some(round) = self.round.as_ref() else {
            return false;
        };
        let Some(known) = self.states.recovery_above(round.parent.hash()) else {
            return false;
        };
        let is_silent = round.local.is_none() && round.decided.is_none();
        known.set.id > round.state.set.id || (is_silent && is_timed_now(&round.state, &known))
    }

    /// Whether this node was silent at the height under way as there might be a record, and needs not be any more.
    fn is_sure_now(&self) -> bool {
        let round = self.round.as_ref();
        self.is_unsure
            && round.is_some_and(|round| {
                round.decided.is_none() && !self.may_lack_record(&round.parent)
            })
    }

    /// Whether there may be a record above `parent` of which this node has not heard.
    pub(super) fn may_lack_record(&self, parent: &Header) -> bool {
        let made_ms = PreDigest::find(&parent.digest).map(|pre| pre.timestamp_ms);
        self.states.recoveries().may_lack_one(made_ms, unix_ms())
    }

    /// Whether what `peer` says of `height` is refused in good faith: another set has taken that over, or the height under
    /// way, of which the peer has not heard yet, or this node.
    pub(super) fn is_excused(&self, peer: &PeerId, height: Height) -> bool {
        let Some(round) = self.round.as_ref() else {
            return false;
        };
        let recoveries = self.states.recoveries();
        if round.state.recovery.is_some() || recoveries.begin_at(height) {
            return true;
        }
        let (height, set) = (round.height, round.state.set.id);
        recoveries.are_awaited()
            && (self.network.hello_of(peer)).is_some_and(|hello| hello.has_later_set(height, set))
    }

    /// What this node may do at `height` above `parent`: see [`Voting::mandate`](super::voting::Voting::mandate). Under
    /// a set that a record puts in place it may do nothing if the chain's runtime knows nothing of records; nor above an old
    /// head before it is known whether there is a record.
    pub(super) fn mandate(
        &mut self,
        height: Height,
        state: &HeightState,
        parent: &Header,
        parent_certificate: Option<&Certificate>,
    ) -> Result<Mandate, WorkerError> {
        if self.may_lack_record(parent) {
            if !std::mem::replace(&mut self.is_unsure, true) {
                tell_unsure(height);
            }
            // What is imported meanwhile goes to the right log.
            self.voting.open(height, &state.set)?;
            return Ok(Mandate::default());
        }
        self.is_unsure = false;
        if let Some(recovery) = &state.recovery {
            if !self.states.takes_records(recovery.parent)? {
                tell_unsupported(height, recovery);
                return Ok(Mandate::default());
            }
            tell_recovery(height, recovery);
        }
        let parent_ms = PreDigest::find(&parent.digest).map(|pre| pre.timestamp_ms);
        Ok(self
            .voting
            .mandate(height, state, parent_ms, parent_certificate)?)
    }
}

/// Whether the record by which a height is decided under `state` is the one that is known, and a later time is known
/// now at which there was no such record yet.
fn is_timed_now(state: &HeightState, known: &TakeOver) -> bool {
    state.recovery.as_ref().is_some_and(|recovery| {
        recovery.record == known.record && recovery.made_after_ms < known.made_after_ms
    })
}

/// A height begins, and it is not known yet under which set.
fn tell_unsure(height: Height) {
    warn!(
        target: LOG_TARGET,
        "🛟 Height {height}: the block before is more than an hour old, and the hub may have recorded \
         another set in place of this one meanwhile. This node signs nothing here until it has the hub's \
         blocks of the last ten minutes, or a young block of this chain"
    );
}

/// A height begins under the set of a record.
fn tell_recovery(height: Height, recovery: &TakeOver) {
    warn!(
        target: LOG_TARGET,
        "🛟 The set before has lost its quorum at height {height}: above block {:?} set {} of {} \
         authorities decides from now on, by the record of whoever assigns the sets",
        recovery.parent,
        recovery.set.id,
        recovery.set.len()
    );
}

/// It cannot.
fn tell_unsupported(height: Height, recovery: &TakeOver) {
    error!(
        target: LOG_TARGET,
        "🛟 The set before has lost its quorum at height {height}, and set {} is recorded in its place \
         above block {:?}. But the chain's runtime is older than such records: it would execute the \
         block under the set before. So this node builds nothing and votes for nothing, and nothing is \
         signed under the set before any more either. The chain cannot be recovered by a record, and \
         does not go on by itself: its owner needs the hub's governance",
        recovery.set.id,
        recovery.parent
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{height_state, take_over};
    use std::sync::Arc;

    #[test]
    fn the_time_of_a_record_is_news_once() {
        let timed = |set_id, made_after_ms| TakeOver {
            made_after_ms,
            ..take_over(3, set_id)
        };
        for (of_round, known, expected) in [
            (None, timed(9, Some(5)), false),
            (Some(timed(9, None)), timed(9, None), false),
            (Some(timed(9, None)), timed(9, Some(5)), true),
            (Some(timed(9, Some(5))), timed(9, Some(5)), false),
            (Some(timed(8, None)), timed(9, Some(5)), false),
        ] {
            let state = match &of_round {
                Some(recovery) => height_state(4).under(Arc::new(recovery.clone())),
                None => height_state(4),
            };
            assert_eq!(
                is_timed_now(&state, &known),
                expected,
                "{of_round:?}, {known:?}"
            );
        }
    }
}
