// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What ties the pallet to the session pallet: it says when a session ends, plans the validators
//! in authority mode, and turns the validators of each session into an authority set.

use crate::{
    service_time, ChangeQueued, Config, CurrentSet, CurrentTiming, DecidingSet, Event, Listed,
    OutgoingSet, Pallet, Participation, Recovering, Seed, ServiceTime, SessionLength,
    SessionParticipation, SessionStart, LOG_TARGET,
};
use alloc::vec::Vec;
use frame_support::{
    traits::{EstimateNextSessionRotation, Get, OneSessionHandler, ValidatorRegistration},
    weights::Weight,
    BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use hansa_pbft_primitives::{
    Authority, AuthorityId, AuthoritySet, AuthoritySetError, ConsensusLog, EpochGate, NextSeed,
    SetId, VotingWeight,
};
use pallet_session::{historical, SessionManager, ShouldEndSession};
use sp_runtime::{traits::Convert, BoundToRuntimeAppPublic, Permill, SaturatedConversion};
use sp_staking::SessionIndex;

/// The identification of validators on a chain where nothing is to be known of them but the
/// account.
pub struct NoIdentification;

impl<ValidatorId> Convert<ValidatorId, Option<()>> for NoIdentification {
    fn convert(_: ValidatorId) -> Option<()> {
        Some(())
    }
}

/// Ends a session by service time. The block's own timestamp is not set yet, so it is the parent's
/// that counts.
impl<T: Config> ShouldEndSession<BlockNumberFor<T>> for Pallet<T> {
    fn should_end_session(_: BlockNumberFor<T>) -> bool {
        ChangeQueued::<T>::get() || Self::next_session_start_ms().is_some()
    }
}

/// Estimates. Blocks come as they are needed, so a session's length in blocks is bounded only from
/// above, and its end cannot be foretold as a block number.
impl<T: Config> EstimateNextSessionRotation<BlockNumberFor<T>> for Pallet<T> {
    fn average_session_length() -> BlockNumberFor<T> {
        let interval_ms = u64::from(CurrentTiming::<T>::get().min_interval_ms).max(1);
        (SessionLength::<T>::get() / interval_ms).saturated_into()
    }

    fn estimate_current_session_progress(_: BlockNumberFor<T>) -> (Option<Permill>, Weight) {
        let passed = ServiceTime::<T>::get().saturating_sub(SessionStart::<T>::get());
        let progress = Permill::from_rational(passed, SessionLength::<T>::get().max(1));
        (Some(progress), T::DbWeight::get().reads(3))
    }

    fn estimate_next_session_rotation(_: BlockNumberFor<T>) -> (Option<BlockNumberFor<T>>, Weight) {
        (None, Weight::zero())
    }
}

/// Authority mode: the validators are those that are listed and have keys.
impl<T: Config> SessionManager<T::AccountId> for Pallet<T> {
    fn new_session(_: SessionIndex) -> Option<Vec<T::AccountId>> {
        let planned: Vec<_> = Listed::<T>::get()
            .into_iter()
            .filter(pallet_session::Pallet::<T>::is_registered)
            .collect();
        let changed = !planned.is_empty() && planned != pallet_session::Pallet::<T>::validators();
        changed.then_some(planned)
    }

    fn start_session(_: SessionIndex) {}

    fn end_session(_: SessionIndex) {}
}

impl<T: Config> historical::SessionManager<T::AccountId, ()> for Pallet<T> {
    fn new_session(index: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        let validators = <Self as SessionManager<_>>::new_session(index)?;
        Some(
            validators
                .into_iter()
                .map(|account| (account, ()))
                .collect(),
        )
    }

    fn start_session(_: SessionIndex) {}

    fn end_session(_: SessionIndex) {}
}

impl<T: Config> BoundToRuntimeAppPublic for Pallet<T> {
    type Public = AuthorityId;
}

impl<T: Config> OneSessionHandler<T::AccountId> for Pallet<T> {
    type Key = AuthorityId;

    fn on_genesis_session<'a, I>(validators: I)
    where
        I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
        T::AccountId: 'a,
    {
        // A genesis that cannot run must not be built; the SDK hands the message on.
        let first = match Self::make_set(0, validators) {
            Ok(first) => first,
            // The SDK builds a default genesis, too; see `check_genesis`.
            Err(AuthoritySetError::Empty) => return,
            Err(error) => panic!("session.keys: {error}"),
        };
        Listed::<T>::put(&first.accounts);
        Seed::<T>::put(T::NextSeed::next_seed(&[0; 32], 0));
        Self::begin_session(first.accounts.len());
        Self::note_session(0, &first);
        CurrentSet::<T>::put(first);
        // The session manager was asked before the list was there, and left the choice to the
        // session pallet. Asked again, it answers with what is in force anyway, and a historical
        // one notes the root by which keys of the first two sessions can be proven later.
        for session in [0, 1] {
            let _ = <T as pallet_session::Config>::SessionManager::new_session_genesis(session);
        }
    }

    fn on_new_session<'a, I>(_changed: bool, validators: I, queued: I)
    where
        I: Iterator<Item = (&'a T::AccountId, AuthorityId)> + 'a,
        T::AccountId: 'a,
    {
        if let Some(start) = Self::next_session_start_ms() {
            SessionStart::<T>::put(start);
        }
        let session = pallet_session::Pallet::<T>::current_index();
        Seed::<T>::mutate(|seed| *seed = T::NextSeed::next_seed(seed, session));

        let validators: Vec<_> = validators.collect();
        let change_queued = T::PromptChanges::get() && Self::differs(&validators, queued);
        ChangeQueued::<T>::put(change_queued);

        let current = CurrentSet::<T>::get();
        let made = Self::make_set(current.set.id, validators.into_iter());
        let members = match (made, Recovering::<T>::get()) {
            (Ok(next), Some(id)) => Self::replace_set(current, next, id),
            (Ok(next), None) if next != current => Self::change_set(current, next),
            (Ok(_), None) => current.accounts.len(),
            (Err(error), _) => {
                log::error!(
                    target: LOG_TARGET,
                    "the validators of session {session} are no valid set ({error}); the old set stays"
                );
                Self::deposit_event(Event::SetRefused {
                    reason: error.into(),
                });
                current.accounts.len()
            }
        };
        Self::begin_session(members);
        Self::note_session(session, &CurrentSet::<T>::get());
    }

    // Whoever is disabled in a session still votes in it: a set that shrinks without a change of
    // the set would have another quorum than the one that light clients know.
    fn on_disabled(_: u32) {}
}

impl<T: Config> Pallet<T> {
    /// Check that the genesis that was built can run. A runtime's `build_state` should ask.
    pub fn check_genesis() -> Result<(), &'static str> {
        if CurrentSet::<T>::get().set.is_empty() {
            return Err("session.keys: a chain needs at least one validator");
        }
        Ok(())
    }

    /// Where the next session begins, in service time, if the current one is over and may end.
    fn next_session_start_ms() -> Option<u64> {
        service_time::next_session_start_ms(
            SessionStart::<T>::get(),
            SessionLength::<T>::get(),
            ServiceTime::<T>::get(),
            service_time::step_cap_ms(&CurrentTiming::<T>::get()),
        )
        .filter(|_| T::EpochGate::session_may_end())
    }

    /// Whether the set that is queued has other members, keys or weights than this one.
    fn differs<'a>(
        validators: &[(&'a T::AccountId, AuthorityId)],
        queued: impl Iterator<Item = (&'a T::AccountId, AuthorityId)>,
    ) -> bool
    where
        T::AccountId: 'a,
    {
        let now = validators.iter().map(|(account, key)| {
            (
                *account,
                key.clone(),
                T::VotingWeight::voting_weight(account),
            )
        });
        let then =
            queued.map(|(account, key)| (account, key, T::VotingWeight::planned_weight(account)));
        !then.eq(now)
    }

    /// Make a set with id `id` of validators and keys.
    fn make_set<'a>(
        id: SetId,
        validators: impl Iterator<Item = (&'a T::AccountId, AuthorityId)>,
    ) -> Result<DecidingSet<T::AccountId>, AuthoritySetError>
    where
        T::AccountId: 'a,
    {
        let (accounts, authorities): (Vec<_>, Vec<_>) = validators
            .map(|(account, key)| {
                let weight = T::VotingWeight::voting_weight(account);
                (account.clone(), Authority { key, weight })
            })
            .unzip();
        let set = AuthoritySet::new(id, authorities)?;
        let accounts = BoundedVec::try_from(accounts).map_err(|_| AuthoritySetError::TooMany)?;
        Ok(DecidingSet { set, accounts })
    }

    /// Let `next` decide from the next block on, and tell the engine and light clients. Returns
    /// the number of its authorities.
    fn change_set(
        current: DecidingSet<T::AccountId>,
        mut next: DecidingSet<T::AccountId>,
    ) -> usize {
        next.set.id = current.set.id.saturating_add(1);
        let digest = ConsensusLog::SetChange(next.set.clone()).to_digest_item();
        frame_system::Pallet::<T>::deposit_log(digest);
        let members = next.accounts.len();
        Self::deposit_event(Event::SetChanged {
            id: next.set.id,
            authorities: members as u32,
        });
        OutgoingSet::<T>::put(current);
        CurrentSet::<T>::put(next);
        members
    }

    /// Begin to count anew who does what.
    fn begin_session(members: usize) {
        let zeros = alloc::vec![Participation::default(); members];
        SessionParticipation::<T>::put(BoundedVec::truncate_from(zeros));
    }
}
