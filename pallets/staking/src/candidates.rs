// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who stands for election, and the list that sorts them by stake.

use crate::{Config, Error, Event, Ledgers, Nodes, Pallet, Registered, LOG_TARGET};
use frame_election_provider_support::{ScoreProvider, SortedListProvider};
use frame_support::{
    dispatch::DispatchClass,
    ensure,
    traits::{
        fungible::Balanced,
        tokens::{Fortitude, Precision, Preservation},
        Get, ValidatorRegistration,
    },
};
use hansa_beacon_primitives::Leaving;
use hansa_staking_primitives::{Balance, NodeStake};
use sp_runtime::{DispatchResult, Perbill};

/// Why a node does not stand for election any more.
#[frame_support::stored]
#[derive(Copy)]
pub enum ChillReason {
    /// Its operator wants it so.
    #[codec(index = 0)]
    Operator,
    /// It has no session keys.
    #[codec(index = 1)]
    NoKeys,
    /// It was missing from the certificates of too many different authors.
    #[codec(index = 2)]
    Silent,
    /// It is convicted of an offence.
    #[codec(index = 3)]
    Offence,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn do_validate(who: T::AccountId, commission: Perbill) -> DispatchResult {
        let bond = Self::own_stake_of(&who);
        ensure!(bond > 0, Error::<T>::NotBonded);
        ensure!(bond >= T::MinBond::get(), Error::<T>::TooLittle);
        ensure!(T::SessionKeys::is_registered(&who), Error::<T>::NoKeys);
        let mut node = Nodes::<T>::get(&who);
        ensure!(node.pending == 0, Error::<T>::SlashPending);
        Self::register(&who)?;
        // What was earned until now is shared as it was promised until now.
        Self::settle(&who, &mut node);
        node.commission = commission;
        Self::put_node(&who, node);
        if T::Candidates::contains(&who) {
            Self::update_stake(&who);
        } else {
            Self::add_candidate(who.clone());
        }
        Self::deposit_event(Event::Validating {
            node: who,
            commission,
        });
        Ok(())
    }

    /// Put a node on the list.
    pub(crate) fn add_candidate(node: T::AccountId) {
        let stake = Self::total_stake_of(&node);
        if let Err(error) = T::Candidates::on_insert(node, stake) {
            log::error!(target: LOG_TARGET, "a candidate is not on the list: {error:?}");
        }
    }

    /// Take the registration fee of a node that has not paid it, for the author of the block.
    fn register(who: &T::AccountId) -> DispatchResult {
        if Registered::<T>::contains_key(who) {
            return Ok(());
        }
        let fee = T::RegistrationFee::get();
        let credit = T::Currency::withdraw(
            who,
            fee,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )?;
        Self::pay_author(credit);
        Registered::<T>::insert(who, ());
        Self::deposit_event(Event::Registered {
            node: who.clone(),
            fee,
        });
        Ok(())
    }

    /// Take a node off the list. Returns whether it was on it.
    pub(crate) fn chill_node(node: &T::AccountId, reason: ChillReason) -> bool {
        let was_on = T::Candidates::contains(node);
        if was_on {
            if let Err(error) = T::Candidates::on_remove(node) {
                log::error!(target: LOG_TARGET, "a candidate stays on the list: {error:?}");
            }
            Self::deposit_event(Event::Chilled {
                node: node.clone(),
                reason,
            });
            frame_system::Pallet::<T>::register_extra_weight_unchecked(
                T::Leaving::on_leave(node),
                DispatchClass::Mandatory,
            );
        }
        was_on
    }

    /// Tell the list what stands behind a node now.
    pub(crate) fn update_stake(node: &T::AccountId) {
        if T::Candidates::contains(node) {
            let stake = Self::total_stake_of(node);
            if let Err(error) = T::Candidates::on_update(node, stake) {
                log::error!(target: LOG_TARGET, "a candidate is not sorted anew: {error:?}");
            }
        }
    }

    /// What an operator has at stake itself.
    pub(crate) fn own_stake_of(node: &T::AccountId) -> Balance {
        Ledgers::<T>::get(node).map_or(0, |ledger| ledger.active.total())
    }

    /// What an election counts: the operator's bond and its pool.
    pub(crate) fn total_stake_of(node: &T::AccountId) -> Balance {
        let pool = Nodes::<T>::get(node).pool.balance;
        Self::own_stake_of(node).saturating_add(pool)
    }

    /// Whether a node stands for election.
    pub(crate) fn is_candidate_node(node: &T::AccountId) -> bool {
        T::Candidates::contains(node)
    }
}

/// For the list: candidates only have a score.
impl<T: Config> ScoreProvider<T::AccountId> for Pallet<T> {
    type Score = Balance;

    fn score(who: &T::AccountId) -> Option<Balance> {
        T::Candidates::contains(who).then(|| Self::total_stake_of(who))
    }

    #[cfg(any(feature = "runtime-benchmarks", feature = "std"))]
    fn set_score_of(who: &T::AccountId, score: Balance) {
        let mut ledger = Ledgers::<T>::get(who).unwrap_or_default();
        ledger.active = crate::liability::Parts::of(0, score);
        Ledgers::<T>::insert(who, ledger);
    }
}

impl<T: Config> NodeStake<T::AccountId> for Pallet<T> {
    fn own_stake(node: &T::AccountId) -> Balance {
        Self::own_stake_of(node)
    }

    fn total_stake(node: &T::AccountId) -> Balance {
        Self::total_stake_of(node)
    }

    fn is_candidate(node: &T::AccountId) -> bool {
        Self::is_candidate_node(node)
    }
}
