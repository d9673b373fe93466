// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The beacon keys of the authorities, as the session pallet hands them over.

use crate::{AuthorKeys, Config, Pallet};
use alloc::vec::Vec;
use frame_support::{traits::OneSessionHandler, BoundedVec};
use hansa_beacon_primitives::BeaconId;
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
        put_keys::<T>(validators.map(|(_, key)| key).collect());
    }

    fn on_new_session<'a, I>(_changed: bool, validators: I, _queued: I)
    where
        I: Iterator<Item = (&'a T::AccountId, BeaconId)> + 'a,
        T::AccountId: 'a,
    {
        put_keys::<T>(validators.map(|(_, key)| key).collect());
    }

    // As in the consensus pallet: whoever is disabled still makes blocks.
    fn on_disabled(_: u32) {}
}

/// A set of more authorities than are allowed is refused by the consensus pallet.
fn put_keys<T: Config>(keys: Vec<BeaconId>) {
    AuthorKeys::<T>::put(BoundedVec::truncate_from(keys));
}
