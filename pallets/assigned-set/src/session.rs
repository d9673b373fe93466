// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What ties the pallet to the session pallet: the sets of sessions, and their seeds.

use crate::{Config, Event, Hub, Pallet, Seed, Waiting, LOG_TARGET};
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_support::storage::with_storage_layer;
use hansa_dappchain_primitives::{InstallKeys, NextSet, SessionBlocks};
use hansa_pbft_primitives::{ChainedSeed, NextSeed};
use pallet_session::{historical, SessionManager};
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _},
    DispatchResult,
};
use sp_staking::SessionIndex;

/// Separates seeds from other hashes.
const SEED_DOMAIN: &[u8] = b"hansa/assigned-set/seed/1";

impl<T: Config> SessionManager<T::AccountId> for Pallet<T> {
    fn new_session(session: SessionIndex) -> Option<Vec<T::AccountId>> {
        if Hub::<T>::get().is_none() {
            return T::Alone::new_session(session);
        }
        let next = Waiting::<T>::take()?;
        let ordinal = next.ordinal;
        let accounts: Vec<_> = next.members.iter().map(|m| m.node.clone()).collect();
        match with_storage_layer(|| Self::plan(next)) {
            Ok(()) => {
                Self::deposit_event(Event::SetPlanned { ordinal });
                Some(accounts)
            }
            Err(error) => {
                log::error!(target: LOG_TARGET, "set {ordinal} of the hub is dropped: {error:?}");
                Self::deposit_event(Event::SetDropped { ordinal });
                None
            }
        }
    }

    fn start_session(session: SessionIndex) {
        if Hub::<T>::get().is_none() {
            T::Alone::start_session(session);
        }
    }

    fn end_session(session: SessionIndex) {
        if Hub::<T>::get().is_none() {
            T::Alone::end_session(session);
        } else {
            Self::report(session, T::Blocks::authored().into_iter());
        }
    }
}

impl<T: Config> historical::SessionManager<T::AccountId, ()> for Pallet<T> {
    fn new_session(index: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        let accounts = <Self as SessionManager<_>>::new_session(index)?;
        Some(accounts.into_iter().map(|account| (account, ())).collect())
    }

    fn start_session(index: SessionIndex) {
        <Self as SessionManager<_>>::start_session(index)
    }

    fn end_session(index: SessionIndex) {
        <Self as SessionManager<_>>::end_session(index)
    }
}

impl<T: Config> Pallet<T> {
    /// Give the members of a set their keys. All keys that the set before them had from the hub are taken away first, and all
    /// that they have themselves, as a key belongs to one account at a time, and may have been another's.
    fn plan(next: NextSet<T::AccountId>) -> DispatchResult {
        for (account, _) in pallet_session::Pallet::<T>::queued_keys() {
            T::InstallKeys::remove(&account);
        }
        for member in &next.members {
            T::InstallKeys::remove(&member.node);
        }
        for member in &next.members {
            T::InstallKeys::install(&member.node, &member.keys)?;
        }
        Seed::<T>::put(next.seed);
        Ok(())
    }

    /// Whether a hub orders the chain's sets.
    pub fn has_hub() -> bool {
        Hub::<T>::exists()
    }
}

/// The seed of the schedule of primaries: of the hub's randomness that came with the set, and of the last seed. On a
/// chain without a hub of the last seed alone.
pub struct HubSeed<T>(PhantomData<T>);

impl<T: Config> NextSeed for HubSeed<T> {
    fn next_seed(last: &[u8; 32], session: u32) -> [u8; 32] {
        let next = ChainedSeed::next_seed(last, session);
        match Seed::<T>::get() {
            Some(seed) => BlakeTwo256::hash_of(&(SEED_DOMAIN, seed, next)).0,
            None => next,
        }
    }
}
