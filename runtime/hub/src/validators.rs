// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who decides blocks: those whom staking elects, if the genesis names the first of them, or the admin
//! has enabled elections since; until then, in authority mode, those whom the admin lists.

use crate::{AccountId, Authorship, Runtime, RuntimeCall, RuntimeOrigin, Session, Staking};
use frame_support::{dispatch::DispatchResult, traits::Contains};
use hansa_pallet_pbft::Call as PbftCall;
use hansa_staking_primitives::{BlockAuthor, NodeStake, PurgeKeys};
use pallet_session::Call as SessionCall;

/// Check that the first candidates of staking, if the genesis names any, decide.
pub fn check_genesis() -> Result<(), &'static str> {
    if Staking::elects() && Staking::current_set().is_empty() {
        return Err("staking.validators: fewer than a set needs have session keys");
    }
    Ok(())
}

/// Whether a node stands for election, and so has bonded what an operator must. In authority mode nobody
/// does.
pub fn stands(account: &AccountId) -> bool {
    Staking::elects() && <Staking as NodeStake<AccountId>>::is_candidate(account)
}

/// The author of the block under execution.
pub struct CurrentAuthor;

impl BlockAuthor<AccountId> for CurrentAuthor {
    fn block_author() -> Option<AccountId> {
        Authorship::author()
    }
}

/// Removes session keys, as the owner does.
pub struct KeysOfSession;

impl PurgeKeys<AccountId> for KeysOfSession {
    fn purge_keys(account: &AccountId) -> DispatchResult {
        Session::purge_keys(RuntimeOrigin::signed(account.clone()))
    }
}

/// Refuses calls that would have no effect: those that change the list of authority mode where
/// staking elects. And the session pallet's `purge_keys`, which would take a member out of a set that is
/// elected, without asking: staking's `purge_keys` does the same for everybody else.
pub struct CallsInForce;

impl Contains<RuntimeCall> for CallsInForce {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::Pbft(
                PbftCall::<Runtime>::add_authority { .. }
                | PbftCall::<Runtime>::remove_authority { .. },
            ) => !Staking::elects(),
            RuntimeCall::Session(SessionCall::<Runtime>::purge_keys {}) => false,
            _ => true,
        }
    }
}
