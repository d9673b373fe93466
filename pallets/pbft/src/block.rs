// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Author, view and time of the block under execution.

use crate::{
    service_time, BlockInfo, Config, CurrentBlock, CurrentTiming, DecidingSet, LastTimestamp,
    Pallet, ServiceTime, SessionParticipation,
};
use codec::DecodeAll;
use frame_support::traits::{FindAuthor, OnTimestampSet};
use hansa_pbft_primitives::{PreDigest, PBFT_ENGINE_ID};
use sp_runtime::ConsensusEngineId;

impl<T: Config> Pallet<T> {
    /// Note author and view of the block that begins, which `deciding` decides.
    pub(crate) fn note_block(deciding: DecidingSet<T::AccountId>) {
        let Some(digest) = PreDigest::find(&frame_system::Pallet::<T>::digest()) else {
            return;
        };
        let Some(account) = deciding.accounts.get(usize::from(digest.author)).cloned() else {
            return;
        };
        CurrentBlock::<T>::put(BlockInfo {
            view: digest.view,
            author: digest.author,
            account,
            timestamp_ms: digest.timestamp_ms,
        });
        SessionParticipation::<T>::mutate(|all| {
            if let Some(one) = all.get_mut(usize::from(digest.author)) {
                one.authored = one.authored.saturating_add(1);
            }
        });
    }
}

/// Holds the timestamp against the header's, and lets the service time run.
impl<T: Config> OnTimestampSet<u64> for Pallet<T> {
    fn on_timestamp_set(now_ms: u64) {
        match CurrentBlock::<T>::get() {
            Some(block) => assert_eq!(
                block.timestamp_ms, now_ms,
                "the timestamp must be the one in the pre-runtime digest"
            ),
            // Benchmarks set the time without a header.
            None if cfg!(feature = "runtime-benchmarks") => {}
            None => panic!(
                "the header must have one pre-runtime digest of pBFT, which names an authority"
            ),
        }
        if let Some(last_ms) = LastTimestamp::<T>::get() {
            let step = service_time::step_ms(last_ms, now_ms, &CurrentTiming::<T>::get());
            ServiceTime::<T>::mutate(|time| *time = time.saturating_add(step));
        }
        LastTimestamp::<T>::put(now_ms);
    }
}

/// The author by the pre-runtime digest, in the set that decides the block.
impl<T: Config> FindAuthor<T::AccountId> for Pallet<T> {
    fn find_author<'a, I>(digests: I) -> Option<T::AccountId>
    where
        I: 'a + IntoIterator<Item = (ConsensusEngineId, &'a [u8])>,
    {
        let mut bytes = digests
            .into_iter()
            .find_map(|(id, bytes)| (id == PBFT_ENGINE_ID).then_some(bytes))?;
        let digest = PreDigest::decode_all(&mut bytes).ok()?;
        Self::deciding_set()
            .accounts
            .get(usize::from(digest.author))
            .cloned()
    }
}
