// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The beacon keys of the authorities, as the session pallet hands them over.

use crate::{AuthorKeys, Config, Pallet, LOG_TARGET};
use alloc::vec::Vec;
use frame_support::{traits::OneSessionHandler, BoundedVec};
use hansa_beacon_primitives::{BeaconId, NextSet};
use sp_runtime::BoundToRuntimeAppPublic;

impl<T: Config> BoundToRuntimeAppPublic for Pallet<T> {
    type Public = BeaconId;
}

/// The keys stand in the order of the validators, which is that of the consensus pallet's set, and take
/// effect with it: from the next block on.
impl<T: Config> OneSessionHandler<T::AccountId> for Pallet<T> {
    type Key = BeaconId;

    fn on_genesis_session<'a, I>(validators: I)
    where
        I: Iterator<Item = (&'a T::AccountId, BeaconId)> + 'a,
        T::AccountId: 'a,
    {
        put_keys::<T>(validators);
    }

    fn on_new_session<'a, I>(_changed: bool, validators: I, _queued: I)
    where
        I: Iterator<Item = (&'a T::AccountId, BeaconId)> + 'a,
        T::AccountId: 'a,
    {
        put_keys::<T>(validators);
    }

    // As in the consensus pallet: whoever is disabled still makes blocks.
    fn on_disabled(_: u32) {}
}

/// Validators that the consensus pallet has refused decide nothing: then the keys stay those of the
/// old set, or its authors would be asked for outputs of others' keys.
fn put_keys<'a, T: Config>(validators: impl Iterator<Item = (&'a T::AccountId, BeaconId)> + 'a)
where
    T::AccountId: 'a,
{
    let (accounts, keys): (Vec<_>, Vec<_>) = validators
        .map(|(account, key)| (account.clone(), key))
        .unzip();
    if !T::NextSet::is_next_set(&accounts) {
        log::warn!(
            target: LOG_TARGET,
            "{} validators are not the set that decides; the keys of the old one stay",
            accounts.len()
        );
        return;
    }
    // The consensus pallet takes no more than fit.
    AuthorKeys::<T>::put(BoundedVec::truncate_from(keys));
}
