// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The set that the hub records in place of one that lost its quorum.

use crate::{Config, Event, Hub, LastOrdinal, Pallet, Waiting, LOG_TARGET};
use frame_support::traits::Get;
use hansa_dappchain_primitives::{route, AssignedNode, Hash, InstallKeys, Recovery};
use hansa_interchain_primitives::traits::OpenRoute;
use hansa_pbft_primitives::{AuthoritySet, Height, RecoveredSet, SetId, TakeRecovery, KEY_TYPE};
use sp_core::ByteArray;

/// Above which block a record must be, and after which set its own comes.
struct Place {
    height: Height,
    block: Hash,
    before: SetId,
}

impl<T: Config> TakeRecovery<T::AccountId> for Pallet<T> {
    fn take_recovery(
        record: &[u8],
        height: Height,
        parent: Hash,
        before: SetId,
    ) -> Option<RecoveredSet<T::AccountId>> {
        let place = Place {
            height,
            block: parent,
            before,
        };
        match Self::take_record(record, &place) {
            Ok(recovered) => Some(recovered),
            Err(reason) => {
                log::error!(target: LOG_TARGET, "the record in the header is refused: {reason}");
                None
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Take a record: its set waits, in place of any other, and is planned when the session pallet asks next. The error
    /// says what is wrong with it; then nothing has changed.
    fn take_record(
        record: &[u8],
        place: &Place,
    ) -> Result<RecoveredSet<T::AccountId>, &'static str> {
        let record = Recovery::<T::AccountId>::read(record).ok_or("it is malformed")?;
        let set = Self::check_record(&record, place)?;
        if let Some(hub) = &record.hub {
            // Nothing is wrong if not: the route may know as much, or be frozen, which is for the admin to say.
            let renewed = T::Routes::renew_hub(route::to_hub(hub));
            log::debug!(target: LOG_TARGET, "the light client of the hub begins anew: {renewed}");
        }
        let next = record.next;
        next.members.iter().for_each(Self::free_key);
        let accounts = next.members.iter().map(|m| m.node.clone()).collect();
        let (ordinal, members) = (next.ordinal, next.members.len() as u32);
        LastOrdinal::<T>::put(ordinal);
        Waiting::<T>::put(next);
        Self::deposit_event(Event::SetTaken { ordinal, members });
        Ok(RecoveredSet { set, accounts })
    }

    /// Check that a record is of this chain, of this place in it, and later than all that the hub has ordered.
    fn check_record(
        record: &Recovery<T::AccountId>,
        place: &Place,
    ) -> Result<AuthoritySet, &'static str> {
        let own = T::Own::get();
        if Hub::<T>::get().is_none() {
            return Err("nobody orders the sets of this chain");
        }
        if (record.chain, record.genesis) != (own.id, own.genesis) {
            return Err("it is of another chain");
        }
        if (record.head.height, record.head.hash) != (place.height, place.block) {
            return Err("it is of another head");
        }
        // It need not be the next one: the hub may have recorded others above this head that decided nothing.
        if record.set_id <= place.before {
            return Err("its set is not a later one");
        }
        if record.next.ordinal <= LastOrdinal::<T>::get() {
            return Err("the hub has ordered a later set");
        }
        record.next.check().map_err(|_| "its members make no set")?;
        record.set().map_err(|_| "its members make no set")
    }

    /// Take a member's key away from any other account that has it. Another set would be dropped for that; but if this one were
    /// refused the chain would stand still for ever.
    fn free_key(member: &AssignedNode<T::AccountId>) {
        let key = member.keys.pbft.as_slice();
        if let Some(owner) = pallet_session::Pallet::<T>::key_owner(KEY_TYPE, key) {
            T::InstallKeys::remove(&owner);
        }
    }
}
