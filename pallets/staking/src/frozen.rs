// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Elections on a chain with a beacon: held when all that is drawn by the next beacon is frozen, and in
//! force when that beacon is. In between nobody joins, and no weight follows a stake.
//!
//! Who does not stand for election any more when the set is planned is left out: it was convicted, was
//! silent, or left, which costs it what [`Leaving`](hansa_beacon_primitives::Leaving) charges. The rest
//! keep their weights, but for the cap.

use crate::{
    election::without,
    types::{Elected, Frozen, Member, Members},
    ActiveSet, Config, Elects, Error, Event, FrozenSet, LastElection, Pallet, PlannedSet,
    WeightInfo,
};
use alloc::vec::Vec;
use frame_election_provider_support::SortedListProvider;
use frame_support::{
    ensure,
    traits::{Get, ValidatorRegistration},
    weights::Weight,
    BoundedVec,
};
use hansa_beacon_primitives::{Beacon, EpochIndex, OnBeacon, OnFreeze};
use hansa_staking_primitives::PurgeKeys;
use sp_runtime::DispatchResult;
use sp_staking::SessionIndex;

impl<T: Config> OnFreeze for Pallet<T> {
    fn on_freeze(_: EpochIndex) -> Weight {
        if !T::FrozenElections::get() || !Elects::<T>::get() {
            return T::DbWeight::get().reads(1);
        }
        let (candidates, members) = Self::elect_now();
        let mut frozen = Frozen {
            election: LastElection::<T>::get(),
            candidates,
            members: members.unwrap_or_default(),
            due: false,
        };
        if !frozen.members.is_empty() {
            // What is staked from now on is counted by the next election, and what leaves was by this.
            frozen.election = Self::next_election();
            LastElection::<T>::put(frozen.election);
            Self::deposit_event(Event::SetFrozen {
                election: frozen.election,
                members: frozen.members.len() as u32,
            });
        }
        FrozenSet::<T>::put(frozen);
        T::WeightInfo::new_session(T::ElectionWindow::get())
    }
}

/// The session that was waited for is planned when the session pallet asks next, in this very block.
impl<T: Config> OnBeacon for Pallet<T> {
    fn on_beacon(_: EpochIndex, _: &Beacon) -> Weight {
        FrozenSet::<T>::mutate(|frozen| {
            if let Some(frozen) = frozen {
                frozen.due = true;
            }
        });
        T::DbWeight::get().reads_writes(1, 1)
    }
}

impl<T: Config> Pallet<T> {
    /// The set to plan for `session` where elections are frozen; none if the one in force stays.
    pub(crate) fn set_of_freeze(session: SessionIndex) -> Option<Elected<T::AccountId>> {
        if !Elects::<T>::get() {
            return None;
        }
        let Some(frozen) = FrozenSet::<T>::get().filter(|frozen| frozen.due) else {
            return Self::set_without_leavers(session);
        };
        FrozenSet::<T>::kill();
        let left = Self::still_standing(&frozen.members);
        if left.is_none() {
            Self::deposit_event(Event::ElectionFailed {
                session,
                candidates: frozen.candidates,
            });
        }
        Some(Elected {
            election: frozen.election,
            session,
            members: left?,
        })
    }

    /// A session has ended early, for an offender, or is the short one after a change: the set in force
    /// without who does not stand any more, under the number of its election, by which who stays is liable
    /// as before. None if all stand, or too few do.
    fn set_without_leavers(session: SessionIndex) -> Option<Elected<T::AccountId>> {
        let active = ActiveSet::<T>::get();
        let standing = active.members.iter().filter(|m| Self::stands(&m.node));
        let candidates = standing.count() as u32;
        if candidates as usize == active.members.len() {
            return None;
        }
        let left = Self::still_standing(&active.members);
        if left.is_none() {
            Self::deposit_event(Event::ElectionFailed {
                session,
                candidates,
            });
        }
        Some(Elected {
            election: active.election,
            session,
            members: left?,
        })
    }

    /// What is left of a set; none if that is too few.
    fn still_standing(members: &Members<T::AccountId>) -> Option<Members<T::AccountId>> {
        let members: Vec<_> = members
            .iter()
            .map(|member| (member.node.clone(), member.weight))
            .collect();
        let left = without(members, T::MinValidators::get(), |node| !Self::stands(node))?;
        let members = left
            .into_iter()
            .map(|(node, weight)| Member { node, weight })
            .collect();
        Some(BoundedVec::truncate_from(members))
    }

    /// Whether a node that was elected can still be in a set.
    fn stands(node: &T::AccountId) -> bool {
        T::Candidates::contains(node) && T::SessionKeys::is_registered(node)
    }

    /// Remove session keys, unless the node could be in a set with them: the session pallet would drop
    /// it from the set without asking, and without its paying for it.
    pub(crate) fn do_purge_keys(who: &T::AccountId) -> DispatchResult {
        let in_set = |set: Option<Members<T::AccountId>>| {
            set.is_some_and(|members| members.iter().any(|member| member.node == *who))
        };
        ensure!(
            !T::Candidates::contains(who)
                && !in_set(Some(ActiveSet::<T>::get().members))
                && !in_set(PlannedSet::<T>::get().map(|set| set.members))
                && !in_set(FrozenSet::<T>::get().map(|set| set.members)),
            Error::<T>::KeysInUse
        );
        T::PurgeKeys::purge_keys(who)
    }
}
