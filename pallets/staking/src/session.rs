// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What ties the pallet to the session pallet: the election of each session's set, what is booked
//! at a session's end, and the weights of the votes.

use crate::{
    election::{elect, keep_steady, Candidate},
    types::{Elected, Member, Members, Scope},
    ActiveSet, ChillReason, Config, Elects, Event, InForceSince, LastElection, OffendingWeight,
    OldestInForce, OldestSession, Pallet, PlannedSet, RewardedUntil, SeenBy, SessionElections,
    SessionTallies, ValidatorCount, WeightInfo,
};
use alloc::vec::Vec;
use core::marker::PhantomData;
use frame_election_provider_support::SortedListProvider;
use frame_support::{
    dispatch::DispatchClass,
    traits::{Get, ValidatorRegistration},
    BoundedVec,
};
use hansa_pbft_primitives::{VotingWeight, Weight};
use hansa_staking_primitives::{ElectionIndex, Seconds};
use pallet_session::{historical, SessionManager};
use sp_staking::SessionIndex;

/// How many records of old sessions and elections are removed at most when a session begins: more
/// than one only after a period was shortened, or sessions were.
const MAX_RECORDS_PRUNED: u32 = 8;

/// How many elections in a row whose sets never came into force are told apart from such as are long
/// ago: that many epochs in each of which a set is elected and then lost.
const MAX_SETS_SKIPPED: u32 = 64;

impl<T: Config> SessionManager<T::AccountId> for Pallet<T> {
    fn new_session(session: SessionIndex) -> Option<Vec<T::AccountId>> {
        frame_system::Pallet::<T>::register_extra_weight_unchecked(
            T::WeightInfo::new_session(T::ElectionWindow::get()),
            DispatchClass::Mandatory,
        );
        let planned = if T::FrozenElections::get() {
            Self::set_of_freeze(session)
        } else {
            Self::set_of_now(session)
        }?;
        Self::deposit_event(Event::SetElected {
            election: planned.election,
            session,
            members: planned.members.len() as u32,
        });
        let accounts = accounts(&planned.members);
        PlannedSet::<T>::put(planned);
        Some(accounts)
    }

    // The set of the genesis decides both of the first two sessions, and its election has number 0,
    // however often the session pallet and the consensus pallet ask.
    fn new_session_genesis(session: SessionIndex) -> Option<Vec<T::AccountId>> {
        let members = Self::elect_set(session)?;
        let accounts = accounts(&members);
        Self::reset_tallies(members.len());
        ActiveSet::<T>::put(Elected {
            election: 0,
            session: 0,
            members,
        });
        InForceSince::<T>::insert(0, Self::now());
        Some(accounts)
    }

    fn end_session(session: SessionIndex) {
        let active = ActiveSet::<T>::get();
        frame_system::Pallet::<T>::register_extra_weight_unchecked(
            T::WeightInfo::end_session(active.members.len() as u32),
            DispatchClass::Mandatory,
        );
        let tallies = SessionTallies::<T>::get();
        Self::reward_session(session, &active, &tallies);
        Self::chill_silent(&active, &tallies);
        let reported = active.members.iter().zip(&tallies.members);
        for (member, _) in reported.filter(|(_, tally)| tally.reported) {
            SeenBy::<T>::remove(&member.node);
        }
        Self::reset_tallies(active.members.len());
    }

    fn start_session(session: SessionIndex) {
        let active = ActiveSet::<T>::get();
        match PlannedSet::<T>::take() {
            Some(planned) if planned.session <= session => {
                if active.members.is_empty() {
                    // Before the first set that is elected nobody was to be rewarded.
                    RewardedUntil::<T>::put(Self::now());
                }
                Self::put_in_force(active.election, planned, session);
            }
            // It is for a later session.
            Some(planned) => {
                PlannedSet::<T>::put(planned);
                Self::note_session(session, &active);
            }
            None => Self::note_session(session, &active),
        }
    }
}

impl<T: Config> historical::SessionManager<T::AccountId, ()> for Pallet<T> {
    fn new_session(session: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        <Self as SessionManager<_>>::new_session(session).map(identified)
    }

    fn new_session_genesis(session: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        <Self as SessionManager<_>>::new_session_genesis(session).map(identified)
    }

    fn start_session(session: SessionIndex) {
        <Self as SessionManager<_>>::start_session(session);
    }

    fn end_session(session: SessionIndex) {
        <Self as SessionManager<_>>::end_session(session);
    }
}

/// By the election of the set that is in force. Whoever it did not elect, as all of a set that
/// another session manager named, weighs 1.
impl<T: Config> VotingWeight<T::AccountId> for Pallet<T> {
    fn voting_weight(account: &T::AccountId) -> Weight {
        let active = ActiveSet::<T>::get();
        active.position(account).map_or(1, |at| active.weight(at))
    }

    fn planned_weight(account: &T::AccountId) -> Weight {
        let planned = PlannedSet::<T>::get();
        let weight = planned.and_then(|set| Some(set.weight(set.position(account)?)));
        weight.unwrap_or_else(|| Self::voting_weight(account))
    }
}

/// Sets by stake if the chain elects them, else those that `Other` names: so one runtime serves chains
/// by proof of stake and by proof of authority, as the genesis says.
pub struct ByStakeOr<T, Other>(PhantomData<(T, Other)>);

impl<T: Config, Other: SessionManager<T::AccountId>> SessionManager<T::AccountId>
    for ByStakeOr<T, Other>
{
    fn new_session(session: SessionIndex) -> Option<Vec<T::AccountId>> {
        if Elects::<T>::get() {
            <Pallet<T> as SessionManager<_>>::new_session(session)
        } else {
            Other::new_session(session)
        }
    }

    fn new_session_genesis(session: SessionIndex) -> Option<Vec<T::AccountId>> {
        if Elects::<T>::get() {
            <Pallet<T> as SessionManager<_>>::new_session_genesis(session)
        } else {
            Other::new_session_genesis(session)
        }
    }

    fn end_session(session: SessionIndex) {
        <Pallet<T> as SessionManager<_>>::end_session(session);
        Other::end_session(session);
    }

    fn start_session(session: SessionIndex) {
        <Pallet<T> as SessionManager<_>>::start_session(session);
        Other::start_session(session);
    }
}

impl<T: Config, Other: SessionManager<T::AccountId>> historical::SessionManager<T::AccountId, ()>
    for ByStakeOr<T, Other>
{
    fn new_session(session: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        <Self as SessionManager<_>>::new_session(session).map(identified)
    }

    fn new_session_genesis(session: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        <Self as SessionManager<_>>::new_session_genesis(session).map(identified)
    }

    fn start_session(session: SessionIndex) {
        <Self as SessionManager<_>>::start_session(session);
    }

    fn end_session(session: SessionIndex) {
        <Self as SessionManager<_>>::end_session(session);
    }
}

fn identified<AccountId>(accounts: Vec<AccountId>) -> Vec<(AccountId, ())> {
    accounts.into_iter().map(|account| (account, ())).collect()
}

fn accounts<AccountId: Clone>(members: &Members<AccountId>) -> Vec<AccountId> {
    members.iter().map(|member| member.node.clone()).collect()
}

impl<T: Config> Pallet<T> {
    /// Elect a set for `session` now, and give the election its number.
    fn set_of_now(session: SessionIndex) -> Option<Elected<T::AccountId>> {
        let members = Self::elect_set(session)?;
        let election = Self::next_election();
        LastElection::<T>::put(election);
        Some(Elected {
            election,
            session,
            members,
        })
    }

    /// Elect a set for `session`.
    fn elect_set(session: SessionIndex) -> Option<Members<T::AccountId>> {
        if !Elects::<T>::get() {
            return None;
        }
        let (candidates, elected) = Self::elect_now();
        if elected.is_none() {
            Self::deposit_event(Event::ElectionFailed {
                session,
                candidates,
            });
        }
        elected
    }

    /// The number of candidates, up to as many as fit, and whom they elect. Candidates that have lost
    /// their keys leave the list.
    pub(crate) fn elect_now() -> (u32, Option<Members<T::AccountId>>) {
        let (candidates, without_keys) = Self::top_candidates();
        for node in &without_keys {
            Self::chill_node(node, ChillReason::NoKeys);
        }
        let seats = ValidatorCount::<T>::get();
        let count = (candidates.len() as u32).min(seats);
        let elected = elect(candidates, seats, T::MinValidators::get());
        (count, elected.map(Self::to_members))
    }

    /// The set that would be elected now, without electing it.
    pub(crate) fn preview_set() -> Members<T::AccountId> {
        let (candidates, _) = Self::top_candidates();
        elect(
            candidates,
            ValidatorCount::<T>::get(),
            T::MinValidators::get(),
        )
        .map(Self::to_members)
        .unwrap_or_default()
    }

    /// The candidates at the top of the list that have keys, and those that have none.
    fn top_candidates() -> (Vec<Candidate<T::AccountId>>, Vec<T::AccountId>) {
        let window = T::ElectionWindow::get() as usize;
        let (with_keys, without): (Vec<_>, Vec<_>) = T::Candidates::iter()
            .take(window)
            .partition(T::SessionKeys::is_registered);
        let candidates = with_keys
            .into_iter()
            .map(|node| Candidate {
                stake: T::Candidates::get_score(&node).unwrap_or(0),
                node,
            })
            .collect();
        (candidates, without)
    }

    /// The members of a set that was elected, with the weights that are in force if they hardly
    /// change.
    fn to_members(elected: Vec<(T::AccountId, Weight)>) -> Members<T::AccountId> {
        let in_force: Vec<_> = ActiveSet::<T>::get()
            .members
            .into_iter()
            .map(|member| (member.node, member.weight))
            .collect();
        let members = keep_steady(&in_force, elected, T::WeightTolerance::get())
            .into_iter()
            .map(|(node, weight)| Member { node, weight })
            .collect();
        BoundedVec::truncate_from(members)
    }

    /// Put a set in force after that of election `last`.
    ///
    /// An election between them whose set never came into force (too few of it were left) counts as if
    /// it had: what counts is when the set before it ended. A set that only lost members keeps its number,
    /// and the time.
    fn put_in_force(last: ElectionIndex, planned: Elected<T::AccountId>, session: SessionIndex) {
        let now = Self::now();
        let first = planned.election.saturating_sub(MAX_SETS_SKIPPED).max(last);
        for election in first.saturating_add(1)..=planned.election {
            InForceSince::<T>::insert(election, now);
        }
        Self::reset_tallies(planned.members.len());
        Self::note_session(session, &planned);
        ActiveSet::<T>::put(planned);
        OldestInForce::<T>::mutate(|oldest| {
            for _ in 0..MAX_RECORDS_PRUNED {
                let Some(trusted_until) = Self::trusted_until(*oldest) else {
                    // The number of an election whose set never came into force, or the first.
                    if *oldest >= LastElection::<T>::get() {
                        break;
                    }
                    *oldest = oldest.saturating_add(1);
                    continue;
                };
                if trusted_until >= now {
                    break;
                }
                InForceSince::<T>::remove(*oldest);
                *oldest = oldest.saturating_add(1);
            }
        });
    }

    /// Up to when the set before that of `election` is trusted.
    fn trusted_until(election: ElectionIndex) -> Option<Seconds> {
        InForceSince::<T>::get(election).map(|since| since.saturating_add(Self::periods().trusting))
    }

    /// Note whose election's set decides in `session`, and forget what is too old for evidence.
    fn note_session(session: SessionIndex, active: &Elected<T::AccountId>) {
        if !active.members.is_empty() {
            SessionElections::<T>::insert(session, active.election);
            if !OldestSession::<T>::exists() {
                OldestSession::<T>::put(session);
            }
        }
        let kept_from = session.saturating_sub(T::EvidenceSessions::get());
        OldestSession::<T>::mutate(|oldest| {
            let Some(oldest) = oldest else { return };
            for _ in 0..MAX_RECORDS_PRUNED {
                if *oldest >= kept_from {
                    break;
                }
                SessionElections::<T>::remove(*oldest);
                let done = |offending: crate::types::Offending| offending.pending == 0;
                if OffendingWeight::<T>::get(Scope::Session(*oldest)).is_some_and(done) {
                    OffendingWeight::<T>::remove(Scope::Session(*oldest));
                }
                *oldest = oldest.saturating_add(1);
            }
        });
    }

    /// The oldest election of which an offence can still be reported.
    pub(crate) fn oldest_election() -> ElectionIndex {
        OldestSession::<T>::get()
            .and_then(SessionElections::<T>::get)
            .unwrap_or(0)
    }

    /// The oldest election for which a node can still be slashed.
    pub(crate) fn oldest_election_of(node: &crate::types::Node) -> ElectionIndex {
        let oldest = Self::oldest_election();
        if node.pending == 0 {
            oldest
        } else {
            oldest.min(node.pending_since)
        }
    }
}
