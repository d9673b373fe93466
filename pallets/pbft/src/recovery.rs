// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A set in place of one that lost its quorum: the session ends, and the next one begins with the block whose header brings
//! the record.

use crate::{Config, CurrentSet, DecidingSet, Event, Pallet, ParentSet, Recovering, LOG_TARGET};
use alloc::vec::Vec;
use hansa_pbft_primitives::{
    recovery::{find_recovery, has_recovery},
    Height, SetId, TakeRecovery,
};
use pallet_session::{QueuedChanged, QueuedKeys, SessionManager};
use sp_runtime::Digest;

impl<T: Config> Pallet<T> {
    /// Take the record in the header of the block that begins, if there is one: its set decides this very
    /// block. Returns whether there is one.
    ///
    /// # Panics
    ///
    /// The block is not valid if the record is not good, or there are two.
    pub(crate) fn recover(digest: &Digest) -> bool {
        if !has_recovery(digest) {
            return false;
        }
        let taken = find_recovery(digest).and_then(|record| Self::take_record(&record));
        assert!(
            taken.is_some(),
            "a record of a recovery in the header must be good, and the only one"
        );
        true
    }

    /// Begin the session of the set of a record. If none is returned, the state is not to be used any more.
    fn take_record(record: &[u8]) -> Option<()> {
        let before = CurrentSet::<T>::get().set.id;
        let parent = frame_system::Pallet::<T>::parent_hash();
        let parent_height = Self::height().checked_sub(1)?;
        let recovered = T::Recovery::take_recovery(record, parent_height, parent, before)?;
        if recovered.set.id <= before {
            return None;
        }

        Recovering::<T>::put(recovered.set.id);
        Self::plan_anew();
        pallet_session::Pallet::<T>::rotate_session();
        Recovering::<T>::kill();

        // Nodes and light clients have the set from the record: here it is the same, or the block is not valid.
        let now = CurrentSet::<T>::get();
        let same = now.set == recovered.set && now.accounts.as_slice() == recovered.accounts;
        if !same {
            log::error!(target: LOG_TARGET, "the session's validators are not the set that was recovered");
        }
        same.then_some(())
    }

    /// Ask anew who is in the next session, which begins now, and drop what was queued for it.
    fn plan_anew() {
        let next = pallet_session::Pallet::<T>::current_index().saturating_add(1);
        let planned = <T as pallet_session::Config>::SessionManager::new_session(next)
            .unwrap_or_else(pallet_session::Pallet::<T>::validators);
        let queued: Vec<_> = planned
            .into_iter()
            .filter_map(|account| {
                let keys = pallet_session::Pallet::<T>::load_keys(&account)?;
                Some((account, keys))
            })
            .collect();
        QueuedKeys::<T>::put(queued);
        QueuedChanged::<T>::put(true);
    }

    /// Let `next` decide the block under execution, with the id that the record gives it. Nodes and light clients know
    /// that from the record, so the header hands over to nobody. Returns the number of its authorities.
    pub(crate) fn replace_set(
        current: DecidingSet<T::AccountId>,
        mut next: DecidingSet<T::AccountId>,
        id: SetId,
    ) -> usize {
        next.set.id = id;
        let members = next.accounts.len();
        Self::deposit_event(Event::SetRecovered {
            id: next.set.id,
            authorities: members as u32,
        });
        // If the parent handed over, the set that decided it stands there already.
        if !ParentSet::<T>::exists() {
            ParentSet::<T>::put(current);
        }
        CurrentSet::<T>::put(next);
        members
    }

    /// The first height that a session decides which begins now.
    pub(crate) fn first_height() -> Height {
        let height = Self::height();
        if Recovering::<T>::exists() {
            return height;
        }
        height.saturating_add(1)
    }
}
