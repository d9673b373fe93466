// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The first stakes, and whether the constants of the runtime fit each other.

use crate::{
    liability::Parts,
    types::{Ledger, MAX_RECENT},
    Config, CurrentPeriods, Elects, GenesisConfig, Ledgers, Nodes, OldestSession, Pallet,
    Registered, ValidatorCount,
};
use alloc::vec::Vec;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use hansa_pbft_primitives::MAX_AUTHORITIES;
use hansa_staking_primitives::Balance;
use serde::{Deserialize, Serialize};
use sp_runtime::Perbill;

/// A candidate from the chain's first block on. Its session keys are in the session pallet's
/// genesis, its funds in the balances pallet's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisValidator<AccountId> {
    /// The node's account.
    pub account: AccountId,
    /// Its bond, in the smallest unit.
    pub bond: Balance,
    /// What it takes of rewards before the rest is shared, in billionths.
    #[serde(default)]
    pub commission: Perbill,
}

impl<T: Config> Pallet<T> {
    /// Bond the first candidates, and endow the pallet's account, so that it exists. The error
    /// names the field.
    pub(crate) fn build_genesis(genesis: &GenesisConfig<T>) -> Result<(), &'static str> {
        Self::set_parameters(genesis)?;
        Self::endow_pot()?;
        Elects::<T>::put(!genesis.validators.is_empty());
        for validator in &genesis.validators {
            let who = &validator.account;
            if validator.bond < T::MinBond::get() {
                return Err("validators.bond is below the smallest bond");
            }
            if Ledgers::<T>::contains_key(who) {
                return Err("validators.account stands in the list twice");
            }
            Self::hold_bond(who, validator.bond)
                .map_err(|_| "validators.bond is more than the account has, with what keeps it")?;
            let ledger = Ledger {
                active: Parts::of(0, validator.bond),
                ..Ledger::default()
            };
            Ledgers::<T>::insert(who, ledger);
            Nodes::<T>::mutate(who, |node| node.commission = validator.commission);
            Registered::<T>::insert(who, ());
            Self::add_candidate(who.clone());
        }
        Ok(())
    }

    fn set_parameters(genesis: &GenesisConfig<T>) -> Result<(), &'static str> {
        if let Some(periods) = genesis.periods {
            if !periods.are_sound() {
                return Err("periods: unbondingSeconds must exceed trustingSeconds and \
                     slashDeferSeconds together");
            }
            CurrentPeriods::<T>::put(periods);
        }
        if let Some(count) = genesis.validator_count {
            if !Self::is_valid_count(count) {
                return Err("validatorCount is below the smallest or above the largest set");
            }
            ValidatorCount::<T>::put(count);
        }
        Ok(())
    }

    /// Give the pallet's account what keeps it alive, if it has not got it. A chain that gets
    /// staking by an upgrade does so in its migration.
    pub fn endow_pot() -> Result<(), &'static str> {
        let (pot, least) = (Self::pot(), T::Currency::minimum_balance());
        if T::Currency::balance(&pot) < least {
            T::Currency::mint_into(&pot, least)
                .map_err(|_| "the pallet's account cannot be endowed")?;
        }
        Ok(())
    }

    /// What must hold of the runtime's constants.
    pub(crate) fn check_config() {
        assert!(
            T::MinValidators::get() >= 1,
            "a set has at least one member"
        );
        assert!(
            T::MinValidators::get() <= T::MaxValidators::get()
                && T::MaxValidators::get() <= T::ElectionWindow::get(),
            "an election must look at as many candidates as fit, or more"
        );
        assert!(
            T::MaxValidators::get() <= MAX_AUTHORITIES,
            "the set must fit the consensus"
        );
        assert!(
            T::EvidenceSessions::get().saturating_add(2) < MAX_RECENT,
            "shares must be told apart for as long as evidence is taken"
        );
        assert!(
            T::DefaultPeriods::get().are_sound(),
            "funds must be on their way out longer than a slash waits and light clients trust"
        );
        assert!(
            T::ChillShare::get() >= Perbill::from_rational(1u32, 3u32),
            "a third of the authors must not be able to chill others"
        );
        assert!(
            T::MinBond::get() > 0 && T::MinDelegation::get() > 0 && T::CommitWindow::get() > 0,
            "a bond, a delegation and the window for Commits must not be nothing"
        );
    }

    /// The oldest session of which an offence would be slashed; none before the first election.
    pub fn oldest_session() -> Option<u32> {
        OldestSession::<T>::get()
    }
}

/// The genesis validators of a list of accounts that all bond the same.
pub fn equal_validators<AccountId>(
    accounts: Vec<AccountId>,
    bond: Balance,
) -> Vec<GenesisValidator<AccountId>> {
    accounts
        .into_iter()
        .map(|account| GenesisValidator {
            account,
            bond,
            commission: Perbill::zero(),
        })
        .collect()
}
