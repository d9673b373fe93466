// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Beginning the height under way anew, under the set that a record puts in place.
//!
//! Whatever the former set said, built or executed at that height is over: the state machine begins
//! with an empty tally, blocks under execution are dropped when they come back, and of the vote log
//! no record of the former set is restored. A block that the former set has decided, but that is not
//! in the database yet, is dropped as well: nobody has seen it as final here.
//!
//! Where the head is old, and this node does not know whether there is a record above it, the node is silent, and imports
//! nothing of its log: who comes back with a quorum of a set that was replaced meanwhile would decide another block than the new
//! set. That is looked at before each input, as a machine may sleep, or lose its hub, at any height.

use super::{round::Round, unix_ms, voting::Mandate, Worker, WorkerError};
use crate::{authorities::HeightState, block::PbftClient, recoveries::TakeOver, LOG_TARGET};
use hansa_pbft_primitives::{Certificate, Hash, Height};
use hansa_primitives::Block;
use log::{error, warn};
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_network_types::PeerId;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::Error as ConsensusError;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// For how long a node is silent before it says that, and why: most that start are not for longer than their hub needs to
/// begin.
const UNSURE_IN_SILENCE: Duration = Duration::from_secs(30);

/// How often a peer is excused at a height: it says the same again at each resend interval until it hears of the record.
const MAX_EXCUSES: u32 = 64;

/// Of how many peers that is counted. If there are more, it begins anew.
const MAX_EXCUSED: usize = 1_024;

/// This node is silent, as there may be a record of which it has not heard.
pub(crate) struct Unsure {
    since: Instant,
    /// Whether it would be an authority otherwise.
    in_set: bool,
    /// Whether the operator was told.
    is_told: bool,
}

impl Unsure {
    fn new(now: Instant) -> Self {
        Self {
            since: now,
            in_set: false,
            is_told: false,
        }
    }

    /// Whether the operator is to be told now; once.
    fn is_to_be_told(&mut self, now: Instant) -> bool {
        let lasts = now.saturating_duration_since(self.since) >= UNSURE_IN_SILENCE;
        let is_due = lasts && self.in_set && !self.is_told;
        self.is_told |= is_due;
        is_due
    }
}

/// How often what peers said of the height under way was refused in good faith.
#[derive(Default)]
pub(crate) struct Excuses(HashMap<PeerId, u32>);

impl Excuses {
    /// Whether `peer` is excused once more.
    fn take(&mut self, peer: PeerId) -> bool {
        if self.0.len() >= MAX_EXCUSED && !self.0.contains_key(&peer) {
            self.0.clear();
        }
        let taken = self.0.entry(peer).or_default();
        if *taken >= MAX_EXCUSES {
            return false;
        }
        *taken = taken.saturating_add(1);
        true
    }
}

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
        self.begin_with_log().await
    }

    /// Go on where this node was silent, and bring back what was left in its log, if it knows now that there is no record of which
    /// it has not heard.
    pub(super) async fn resume(&mut self) -> Result<(), WorkerError> {
        if !self.is_sure_again() {
            return Ok(());
        }
        self.begin_with_log().await
    }

    /// Begin the height above the head, once all is imported that was decided before the node stopped: under the set of a record that
    /// could not be brought back without the record.
    async fn begin_with_log(&mut self) -> Result<(), WorkerError> {
        self.import_logged().await?;
        self.begin_at_head()
    }

    /// Begin the height under way anew, and say nothing there, if this node may sign, and there may be a record now of which it
    /// has not heard.
    pub(super) fn fall_silent(&mut self) -> Result<(), WorkerError> {
        let may_sign = |round: &&Round| round.local.is_some() && round.decided.is_none();
        let round = self.round.as_ref().filter(may_sign);
        if round.is_some_and(|round| self.may_lack_record(round.parent_ms)) {
            self.begin_at_head()?;
        }
        Ok(())
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

    /// Whether something was left as there might be a record, and needs not be any more.
    fn is_sure_again(&self) -> bool {
        // The block that was decided may be on its way: the height after it is looked at.
        let is_sure =
            |round: &Round| round.decided.is_none() && !self.may_lack_record(round.parent_ms);
        (self.log_due || self.unsure.is_some()) && self.round.as_ref().is_some_and(is_sure)
    }

    /// Whether there may be a record of which this node has not heard, above a block that was made at `made_ms`.
    pub(super) fn may_lack_record(&self, made_ms: Option<u64>) -> bool {
        self.states.recoveries().may_lack_one(made_ms, unix_ms())
    }

    /// Whether what `peer` says of `height` is refused in good faith: another set has taken that over, or the height under
    /// way, of which the peer has not heard yet, or this node. So often, and no more.
    pub(super) fn is_excused(&mut self, peer: &PeerId, height: Height) -> bool {
        let has_reason = self.has_excuse(peer, height);
        let round = self.round.as_mut().filter(|_| has_reason);
        round.is_some_and(|round| round.excuses.take(*peer))
    }

    fn has_excuse(&self, peer: &PeerId, height: Height) -> bool {
        let Some(round) = self.round.as_ref() else {
            return false;
        };
        let recoveries = self.states.recoveries();
        let is_taken_over = height == round.height && round.state.recovery.is_some();
        if is_taken_over || recoveries.begin_at(height) {
            return true;
        }
        let (height, set) = (round.height, round.state.set.id);
        recoveries.are_awaited()
            && (self.network.hello_of(peer)).is_some_and(|hello| hello.has_later_set(height, set))
    }

    /// What this node may do at `height` above a parent with timestamp `parent_ms`: see
    /// [`Voting::mandate`](super::voting::Voting::mandate). Under a set that a record puts in place it may do nothing if the
    /// chain's runtime knows nothing of records; nor above an old head while it is not known whether there is a record.
    pub(super) fn mandate(
        &mut self,
        height: Height,
        state: &HeightState,
        parent_ms: Option<u64>,
        parent_certificate: Option<&Certificate>,
    ) -> Result<Mandate, WorkerError> {
        if self.may_lack_record(parent_ms) {
            // What is imported meanwhile goes to the right log.
            let in_set = self.voting.open(height, &state.set)?.is_some();
            let unsure = self
                .unsure
                .get_or_insert_with(|| Unsure::new(Instant::now()));
            unsure.in_set = in_set;
            return Ok(Mandate::held_back(in_set));
        }
        self.unsure = None;
        if let Some(recovery) = &state.recovery {
            if !self.states.takes_records(recovery.parent)? {
                tell_unsupported(height, recovery);
                return Ok(Mandate::default());
            }
            tell_recovery(height, recovery);
        }
        Ok(self
            .voting
            .mandate(height, state, parent_ms, parent_certificate)?)
    }

    /// Say why this node is silent, if it is for long.
    pub(super) fn tell_if_unsure(&mut self, now: Instant) {
        let (Some(round), Some(unsure)) = (self.round.as_ref(), self.unsure.as_mut()) else {
            return;
        };
        if unsure.is_to_be_told(now) {
            tell_unsure(round.height, round.parent_ms);
        }
    }
}

/// Whether the record by which a height is decided under `state` is the one that is known, and a later time is known
/// now at which there was no such record yet.
fn is_timed_now(state: &HeightState, known: &TakeOver) -> bool {
    state.recovery.as_ref().is_some_and(|recovery| {
        recovery.record == known.record && recovery.made_after_ms < known.made_after_ms
    })
}

/// It is not known which set decides a height above a parent with timestamp `parent_ms`.
fn tell_unsure(height: Height, parent_ms: Option<u64>) {
    let why = match parent_ms {
        Some(_) => "the block before is old",
        None => "this chain has no block yet, and nobody knows for how long",
    };
    warn!(
        target: LOG_TARGET,
        "🛟 Height {height}: {why}, and the hub may have recorded another set in place of this one meanwhile. This \
         node signs nothing here until it has the hub's blocks of the last ten minutes, or a young block of this chain"
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
    use crate::{
        metrics::VotingState,
        test_support::{height_state, take_over},
    };
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

    #[test]
    fn a_silent_authority_says_so_once_and_only_if_it_lasts() {
        let began = Instant::now();
        for in_set in [true, false] {
            let mut unsure = Unsure::new(began);
            unsure.in_set = in_set;
            let early = UNSURE_IN_SILENCE - Duration::from_millis(1);
            for (after, expected) in [
                (Duration::ZERO, false),
                (early, false),
                (UNSURE_IN_SILENCE, in_set),
                (2 * UNSURE_IN_SILENCE, false),
            ] {
                assert_eq!(unsure.is_to_be_told(began + after), expected, "{after:?}");
            }
        }
        // One that is in the set only now was silent as long.
        let mut unsure = Unsure::new(began);
        assert!(!unsure.is_to_be_told(began + UNSURE_IN_SILENCE));
        unsure.in_set = true;
        assert!(unsure.is_to_be_told(began + UNSURE_IN_SILENCE));
    }

    #[test]
    fn an_authority_that_is_held_back_says_nothing_and_is_shown_as_one_that_starts() {
        for (in_set, expected) in [
            (true, VotingState::Starting),
            (false, VotingState::NotInSet),
        ] {
            let mandate = Mandate::held_back(in_set);
            assert_eq!(mandate.voting_state(), expected);
            assert_eq!((mandate.local, mandate.key), (None, None));
        }
    }

    #[test]
    fn each_peer_is_excused_so_often() {
        let mut excuses = Excuses::default();
        let (loud, other) = (PeerId::random(), PeerId::random());
        for _ in 0..MAX_EXCUSES {
            assert!(excuses.take(loud));
        }
        assert!(!excuses.take(loud));
        assert!(excuses.take(other));
        // Those that come and go take no more room.
        for _ in 2..MAX_EXCUSED {
            assert!(excuses.take(PeerId::random()));
        }
        assert!(!excuses.take(loud));
        assert_eq!(excuses.0.len(), MAX_EXCUSED);
        assert!(excuses.take(PeerId::random()));
        assert_eq!(excuses.0.len(), 1);
    }
}
