// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who decides blocks: those whom staking elects, if the genesis names the first of them; else, in
//! authority mode, those whom the admin lists. The genesis settles it once and for all.

use crate::{AccountId, Authorship, Candidates, Pbft, Runtime, RuntimeCall, Staking};
use alloc::vec::Vec;
use frame_election_provider_support::SortedListProvider;
use frame_support::traits::Contains;
use hansa_pallet_pbft::Call as PbftCall;
use hansa_pbft_primitives::{Conviction, OnOffence};
use hansa_staking_primitives::BlockAuthor;
use pallet_session::{historical, SessionManager};
use sp_staking::SessionIndex;

/// Plans the validators of each session, and lays offences to them.
pub struct Validators;

impl SessionManager<AccountId> for Validators {
    fn new_session(session: SessionIndex) -> Option<Vec<AccountId>> {
        if Staking::decides() {
            <Staking as SessionManager<_>>::new_session(session)
        } else {
            <Pbft as SessionManager<_>>::new_session(session)
        }
    }

    // Without candidates staking elects nobody.
    fn new_session_genesis(session: SessionIndex) -> Option<Vec<AccountId>> {
        <Staking as SessionManager<_>>::new_session_genesis(session)
            .or_else(|| <Pbft as SessionManager<_>>::new_session_genesis(session))
    }

    fn start_session(session: SessionIndex) {
        <Staking as SessionManager<_>>::start_session(session);
    }

    fn end_session(session: SessionIndex) {
        <Staking as SessionManager<_>>::end_session(session);
    }
}

/// Of a validator nothing is to be known but the account.
impl historical::SessionManager<AccountId, ()> for Validators {
    fn new_session(session: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        <Self as SessionManager<_>>::new_session(session).map(identified)
    }

    fn new_session_genesis(session: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        <Self as SessionManager<_>>::new_session_genesis(session).map(identified)
    }

    fn start_session(session: SessionIndex) {
        <Self as SessionManager<_>>::start_session(session);
    }

    fn end_session(session: SessionIndex) {
        <Self as SessionManager<_>>::end_session(session);
    }
}

fn identified(accounts: Vec<AccountId>) -> Vec<(AccountId, ())> {
    accounts.into_iter().map(|account| (account, ())).collect()
}

impl Validators {
    /// Check that the first candidates of staking, if the genesis names any, decide.
    pub fn check_genesis() -> Result<(), &'static str> {
        if Candidates::count() > 0 && !Staking::decides() {
            return Err("staking.validators: too few of them have session keys to decide blocks");
        }
        Ok(())
    }
}

impl OnOffence<AccountId> for Validators {
    fn on_offence(conviction: &Conviction<AccountId>) {
        if Staking::decides() {
            Staking::on_offence(conviction);
        } else {
            Pbft::on_offence(conviction);
        }
    }
}

impl BlockAuthor<AccountId> for Validators {
    fn block_author() -> Option<AccountId> {
        Authorship::author()
    }
}

/// Refuses calls that would have no effect: those of staking in authority mode, and those that change
/// the list of authority mode where staking decides.
pub struct CallsInForce;

impl Contains<RuntimeCall> for CallsInForce {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::Staking(_) => Staking::decides(),
            RuntimeCall::Pbft(
                PbftCall::<Runtime>::add_authority { .. }
                | PbftCall::<Runtime>::remove_authority { .. },
            ) => !Staking::decides(),
            _ => true,
        }
    }
}
