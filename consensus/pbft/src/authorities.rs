// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Under which set, seed and timing a height is decided: read from the chain's state, and cached;
//! or, above the head of a recovery, from its record.

use crate::{
    block::randomness::{AuthorOutputs, OutputTerms},
    justification::{check_place, find},
    recoveries::{takes_records, Recoveries, RecoveryError, TakeOver, Verdict},
    worker::unix_ms,
    LOG_TARGET,
};
use hansa_pbft_primitives::{
    primary::primary,
    recovery::{find_recovery, has_recovery},
    AuthorityIndex, AuthoritySet, Certificate, ConsensusLog, ConsensusState, Hash, Height, PbftApi,
    PreDigest, SigningContext, Timing, View, VoteKind,
};
use hansa_primitives::{Block, Header};
use log::{debug, error};
use parking_lot::Mutex;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_runtime::{traits::Header as HeaderT, Justifications};
use std::{collections::VecDeque, sync::Arc};

/// How many heights are cached. The driver asks for the current one and the one before; sync and
/// RPC for some near the head.
const CACHED_STATES: usize = 16;

/// A client that knows headers and what the runtime says of the consensus: all that checking and
/// importing need.
pub trait ConsensusClient:
    HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: PbftApi<Block>> + 'static
{
}

impl<T> ConsensusClient for T where
    T: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: PbftApi<Block>> + 'static
{
}

/// Why it is not known under what a height is decided.
#[derive(Debug, thiserror::Error)]
pub enum ConsensusStateError {
    /// The runtime could not be asked, most often because the state of the block is pruned.
    #[error("cannot read the consensus state after block {block}: {source}")]
    Runtime {
        /// The block whose state was read.
        block: Hash,
        /// What went wrong.
        source: ApiError,
    },
    /// The runtime names no authority at all.
    #[error("the runtime names no authorities after block {0}")]
    NoAuthorities(Hash),
    /// The block is the first of a recovered set, which its state does not name any more, and the
    /// record is not known here.
    #[error("the record of the recovery that block {0} brings is not known here")]
    UnknownRecovery(Hash),
}

/// Under what one height is decided. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeightState {
    /// Chain and set, for signatures.
    pub context: SigningContext,
    /// The set that decides.
    pub set: Arc<AuthoritySet>,
    /// The seed of the proposer schedule.
    pub seed: [u8; 32],
    /// Intervals and timeouts.
    pub timing: Timing,
    /// The record that put the set in place, if one did at this very height.
    pub recovery: Option<Arc<TakeOver>>,
}

impl HeightState {
    /// What the chain with this genesis block says of its next height.
    pub fn new(genesis: Hash, state: ConsensusState) -> Self {
        let ConsensusState { set, seed, timing } = state;
        let context = SigningContext {
            genesis,
            set_id: set.id,
        };
        Self {
            context,
            set: Arc::new(set),
            seed,
            timing,
            recovery: None,
        }
    }

    /// The same height once the record `recovery` has put another set in place.
    pub fn under(mut self, recovery: Arc<TakeOver>) -> Self {
        self.context.set_id = recovery.set.id;
        self.set = recovery.set.clone();
        self.seed = recovery.seed;
        self.recovery = Some(recovery);
        self
    }

    /// The primary of (`height`, `view`), if the set is not empty.
    pub fn primary(&self, height: Height, view: View) -> Option<AuthorityIndex> {
        primary(&self.set, &self.seed, height, view)
    }
}

/// A bounded map that forgets what was not asked for longest. Linear search: it is small.
#[derive(Debug, Default)]
struct RecentStates(VecDeque<(Hash, HeightState)>);

impl RecentStates {
    fn get(&mut self, block: &Hash) -> Option<HeightState> {
        let at = self.0.iter().position(|(hash, _)| hash == block)?;
        let entry = self.0.remove(at)?;
        let state = entry.1.clone();
        self.0.push_front(entry);
        Some(state)
    }

    /// Insert `state`, sharing the set with an entry that has the same.
    fn insert(&mut self, block: Hash, mut state: HeightState) -> HeightState {
        if let Some((_, same)) = self.0.iter().find(|(_, known)| known.set == state.set) {
            state.set = same.set.clone();
        }
        self.0.retain(|(hash, _)| *hash != block);
        self.0.push_front((block, state.clone()));
        self.0.truncate(CACHED_STATES);
        state
    }
}

/// Reads under what heights are decided, and what headers must carry besides.
pub struct ConsensusStates<C> {
    client: Arc<C>,
    genesis: Hash,
    recent: Mutex<RecentStates>,
    outputs: Arc<dyn AuthorOutputs>,
    recoveries: Recoveries,
}

impl<C: ConsensusClient> ConsensusStates<C> {
    /// A reader of the chain of `client`, whose blocks' authors add what `outputs` says.
    pub fn new(client: Arc<C>, outputs: Arc<dyn AuthorOutputs>) -> Self {
        let genesis = client.info().genesis_hash;
        Self {
            client,
            genesis,
            recent: Mutex::default(),
            outputs,
            recoveries: Recoveries::default(),
        }
    }

    /// The same, by the records in `recoveries`. Those that do not fit the chain are forgotten.
    pub fn with_recoveries(mut self, recoveries: Recoveries) -> Self {
        for takeover in recoveries.all() {
            if let Err(error) = self.check_fits(&takeover) {
                error!(target: LOG_TARGET, "🛟 {error}");
                recoveries.forget(&takeover.parent);
            }
        }
        self.recoveries = recoveries;
        self
    }

    /// The records of the chain.
    pub fn recoveries(&self) -> &Recoveries {
        &self.recoveries
    }

    /// Take a record. Whether it says something new; an error if it makes no sense, or if this chain
    /// has another block in the place of its head, or above that one that does not bring the record.
    pub fn announce(&self, takeover: TakeOver) -> Result<bool, RecoveryError> {
        self.check_fits(&takeover)?;
        self.recoveries.announce(takeover)
    }

    /// Check a record against the final blocks, as far as they are known here.
    fn check_fits(&self, takeover: &TakeOver) -> Result<(), RecoveryError> {
        let (height, recorded) = (takeover.height, takeover.parent);
        let hash_of = |height: Height| self.client.hash(height).ok().flatten();
        if let Some(own) = hash_of(height).filter(|own| *own != recorded) {
            return Err(RecoveryError::OtherHead {
                height,
                recorded,
                own,
            });
        }
        let Some(own) = hash_of(height.saturating_add(1)) else {
            return Ok(());
        };
        let header = self.client.header(own).ok().flatten();
        let brings =
            |header: Header| find_recovery(header.digest()) == Some(takeover.record.clone());
        if header.is_none_or(brings) {
            return Ok(());
        }
        Err(RecoveryError::Passed { height, own })
    }

    /// Look at the record that a complete `header` brings, if it is another one than is known: a good one is announced.
    ///
    /// Whether it is open whether the record is good, and the block would be the next one, above an old head, and is decided
    /// by that set, as the certificate among the `justifications` says. Then it waits, and nobody is blamed for it. Any other
    /// header is to be checked by what is known now.
    pub fn is_record_open(&self, header: &Header, justifications: Option<&Justifications>) -> bool {
        let Some(record) = find_recovery(header.digest()) else {
            return false;
        };
        let parent = *header.parent_hash();
        let known = self.recoveries.for_child_of(&parent);
        if known.is_some_and(|known| known.record == record) {
            return false;
        }
        let parent_header = self.client.header(parent).ok().flatten();
        let pre_digest = parent_header.and_then(|header| PreDigest::find(header.digest()));
        let made_ms = pre_digest.map(|pre_digest| pre_digest.timestamp_ms);
        match self.recoveries.judge(header, &record, made_ms, unix_ms()) {
            Verdict::Good(takeover) => {
                if let Err(error) = self.announce(takeover) {
                    debug!(target: LOG_TARGET, "A record that a header brings is not taken: {error}");
                }
                false
            }
            Verdict::Open(takeover)
                if parent == self.client.info().finalized_hash
                    && self.is_decided_by(&takeover, header, justifications) =>
            {
                self.recoveries.wait(header, record);
                true
            }
            Verdict::Open(_) | Verdict::Bad => false,
        }
    }

    /// Whether the certificate of the block of `header` is one of the set of `takeover`.
    fn is_decided_by(
        &self,
        takeover: &TakeOver,
        header: &Header,
        justifications: Option<&Justifications>,
    ) -> bool {
        let context = SigningContext {
            genesis: self.genesis,
            set_id: takeover.set.id,
        };
        let is_verified = |certificate: Certificate| {
            let (hash, height) = (header.hash(), *header.number());
            check_place(&certificate, hash, height, None).is_ok()
                && certificate
                    .verify(VoteKind::Commit, &context, &takeover.set)
                    .is_ok()
        };
        find(justifications).is_ok_and(is_verified)
    }

    /// With what the output of `author` is made in the child of `parent`; none if there must be none.
    pub fn output_terms(
        &self,
        parent: Hash,
        author: AuthorityIndex,
    ) -> Result<Option<OutputTerms>, ConsensusStateError> {
        self.outputs.terms(parent, author)
    }

    /// The hash of the genesis block.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// Under what the child of `parent` is decided: by the record of a recovery above it, if there is
    /// one, else by the state of `parent`. A record comes when it comes: what was said of the same
    /// parent before may be over.
    pub fn for_child_of(&self, parent: Hash) -> Result<HeightState, ConsensusStateError> {
        let state = self.by_state_of(parent)?;
        let recovery = self.recoveries.for_child_of(&parent);
        // A set hands over to a later one only.
        let recovery = recovery.filter(|recovery| recovery.set.id > state.set.id);
        Ok(match recovery {
            Some(recovery) => state.under(recovery),
            None => state,
        })
    }

    /// The record by which the child of `parent` is decided, if it is by one.
    pub fn recovery_above(&self, parent: Hash) -> Option<Arc<TakeOver>> {
        self.recoveries.for_child_of(&parent)?;
        self.for_child_of(parent).ok()?.recovery
    }

    /// Whether the runtime that executes the child of `parent` takes records. An older one does not
    /// refuse a block that brings one, but executes it under the set before.
    pub fn takes_records(&self, parent: Hash) -> Result<bool, ConsensusStateError> {
        let version = self
            .client
            .runtime_api()
            .api_version::<dyn PbftApi<Block>>(parent);
        let version = version.map_err(|source| ConsensusStateError::Runtime {
            block: parent,
            source,
        })?;
        Ok(takes_records(version))
    }

    /// What the state of `parent` says of its child.
    fn by_state_of(&self, parent: Hash) -> Result<HeightState, ConsensusStateError> {
        if let Some(state) = self.recent.lock().get(&parent) {
            return Ok(state);
        }
        // Not under the lock: the runtime call takes its time, and doing it twice harms nobody.
        let state = self
            .client
            .runtime_api()
            .consensus_state(parent)
            .map_err(|source| ConsensusStateError::Runtime {
                block: parent,
                source,
            })?;
        if state.set.is_empty() {
            return Err(ConsensusStateError::NoAuthorities(parent));
        }
        Ok(self
            .recent
            .lock()
            .insert(parent, HeightState::new(self.genesis, state)))
    }

    /// The signing context and the set that decided `header`'s block, which is final.
    ///
    /// They stand in the state of its parent. Where that state is not at hand (the first block
    /// after a warp sync), they are those of its child, unless the header hands over. Those of a
    /// block that brings the record of a recovery stand in the record, or are those of its child.
    pub fn that_decided(
        &self,
        header: &Header,
    ) -> Result<(SigningContext, Arc<AuthoritySet>), ConsensusStateError> {
        let parent = *header.parent_hash();
        let hands_over = ConsensusLog::find_set_change(header.digest()).is_some();
        if has_recovery(header.digest()) {
            return self.that_was_recovered(header, hands_over);
        }
        let state = match self.by_state_of(parent) {
            Err(ConsensusStateError::Runtime { .. }) if !hands_over => {
                self.by_state_of(header.hash())?
            }
            other => other?,
        };
        Ok((state.context, state.set))
    }

    /// As [`that_decided`](Self::that_decided), of a block that brings a record.
    fn that_was_recovered(
        &self,
        header: &Header,
        hands_over: bool,
    ) -> Result<(SigningContext, Arc<AuthoritySet>), ConsensusStateError> {
        let record = find_recovery(header.digest());
        let known = self.recoveries.for_child_of(header.parent_hash());
        if let Some(known) = known.filter(|known| Some(&known.record) == record.as_ref()) {
            let (genesis, set_id) = (self.genesis, known.set.id);
            return Ok((SigningContext { genesis, set_id }, known.set.clone()));
        }
        if hands_over {
            return Err(ConsensusStateError::UnknownRecovery(header.hash()));
        }
        let state = self.by_state_of(header.hash())?;
        Ok((state.context, state.set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::height_state;

    #[test]
    fn the_cache_is_bounded_and_forgets_the_oldest_use() {
        let mut recent = RecentStates::default();
        let hash = |i: usize| Hash::from_low_u64_be(i as u64);
        for i in 0..CACHED_STATES {
            recent.insert(hash(i), height_state(4));
        }
        assert!(recent.get(&hash(0)).is_some(), "asking makes it recent");
        recent.insert(hash(CACHED_STATES), height_state(4));
        assert_eq!(recent.0.len(), CACHED_STATES);
        assert!(recent.get(&hash(0)).is_some());
        assert!(recent.get(&hash(1)).is_none());
    }

    #[test]
    fn equal_sets_are_shared() {
        let mut recent = RecentStates::default();
        let first = recent.insert(Hash::zero(), height_state(4));
        let second = recent.insert(Hash::repeat_byte(1), height_state(4));
        let other = recent.insert(Hash::repeat_byte(2), height_state(5));
        assert!(Arc::ptr_eq(&first.set, &second.set));
        assert!(!Arc::ptr_eq(&first.set, &other.set));
    }
}
