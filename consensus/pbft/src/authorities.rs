// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Under which set, seed and timing a height is decided: read from the chain's state, and cached.

use crate::block::randomness::{AuthorOutputs, OutputTerms};
use hansa_pbft_primitives::{
    primary::primary, AuthorityIndex, AuthoritySet, ConsensusLog, ConsensusState, Hash, Height,
    PbftApi, SigningContext, Timing, View,
};
use hansa_primitives::{Block, Header};
use parking_lot::Mutex;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Header as HeaderT;
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
        }
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
        }
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

    /// Under what the child of `parent` is decided.
    pub fn for_child_of(&self, parent: Hash) -> Result<HeightState, ConsensusStateError> {
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

    /// The signing context and the set that decided `header`'s block.
    ///
    /// They stand in the state of its parent. Where that state is not at hand (the first block
    /// after a warp sync), they are those of its child, unless the header hands over.
    pub fn that_decided(
        &self,
        header: &Header,
    ) -> Result<(SigningContext, Arc<AuthoritySet>), ConsensusStateError> {
        let state = match self.for_child_of(*header.parent_hash()) {
            Err(ConsensusStateError::Runtime { .. })
                if ConsensusLog::find_set_change(header.digest()).is_none() =>
            {
                self.for_child_of(header.hash())?
            }
            other => other?,
        };
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
