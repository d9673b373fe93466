// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What others ask: the runtime API and other pallets.

use crate::{
    BlockInfo, Config, CurrentBlock, CurrentSet, CurrentTiming, DecidingSet, OutgoingSet, Pallet,
    ParentSet, Seed, SessionParticipation,
};
use alloc::vec::Vec;
use hansa_pbft_primitives::{primary::primary, AuthorityId, ConsensusState, Height, View};

impl<T: Config> Pallet<T> {
    /// The set that decides the block under execution; between blocks, the next block.
    pub fn deciding_set() -> DecidingSet<T::AccountId> {
        OutgoingSet::<T>::get().unwrap_or_else(CurrentSet::<T>::get)
    }

    /// The set that decided the parent of the block under execution; between blocks, the last
    /// block.
    pub fn parent_set() -> DecidingSet<T::AccountId> {
        ParentSet::<T>::get().unwrap_or_else(Self::deciding_set)
    }

    /// For the runtime API: set, seed and timing under which the next block is decided.
    pub fn consensus_state() -> ConsensusState {
        ConsensusState {
            set: CurrentSet::<T>::get().set,
            seed: Seed::<T>::get(),
            timing: CurrentTiming::<T>::get(),
        }
    }

    /// For the runtime API: the primary of (`height`, `view`) under the current set and seed.
    pub fn primary(height: Height, view: View) -> Option<AuthorityId> {
        let set = CurrentSet::<T>::get().set;
        let index = primary(&set, &Seed::<T>::get(), height, view)?;
        set.get(index).map(|authority| authority.key.clone())
    }

    /// How many blocks each member of the set that decides the block under execution has made in its session, that
    /// block included. While a session ends, before the next one begins, those of the one that ends.
    pub fn authored() -> Vec<(T::AccountId, u32)> {
        let done = SessionParticipation::<T>::get();
        let accounts = CurrentSet::<T>::get().accounts;
        let authored = done.into_iter().map(|one| one.authored);
        accounts.into_iter().zip(authored).collect()
    }

    /// The author and the view of the block under execution, if its header names a valid author.
    pub fn current_block() -> Option<BlockInfo<T::AccountId>> {
        CurrentBlock::<T>::get()
    }
}
