// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What staking asks: whose a Commit is, and that a session end early.

use crate::{ChangeQueued, Config, CurrentSet, Pallet, SessionRecords};
use frame_system::pallet_prelude::BlockNumberFor;
use hansa_pbft_primitives::{EndSession, SignedStatement, SigningContext, Statement, VerifyCommit};
use sp_runtime::traits::Zero;

/// Of the set that decides now, and of the blocks that it has decided in this session. As the
/// block's hash is known, the Commit needs no certificate beside it; in which view it was said does
/// not matter.
impl<T: Config> VerifyCommit<T::AccountId> for Pallet<T> {
    fn commit_signer(commit: &SignedStatement) -> Option<T::AccountId> {
        let Statement::Commit { hash, .. } = commit.statement else {
            return None;
        };
        let session = pallet_session::Pallet::<T>::current_index();
        let first = SessionRecords::<T>::get(session)?.first_height;
        let height = BlockNumberFor::<T>::from(commit.height);
        let decided = commit.height >= first
            && height < frame_system::Pallet::<T>::block_number()
            && frame_system::Pallet::<T>::block_hash(height) == hash;
        let accounts = CurrentSet::<T>::get().accounts;
        decided
            .then(|| accounts.get(usize::from(commit.authority)).cloned())
            .flatten()
    }

    fn verify_commit(commit: &SignedStatement) -> bool {
        let set = CurrentSet::<T>::get().set;
        let context = SigningContext {
            genesis: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
            set_id: set.id,
        };
        commit.verify(&context, &set)
    }
}

impl<T: Config> EndSession for Pallet<T> {
    fn end_session() {
        ChangeQueued::<T>::put(true);
    }
}
