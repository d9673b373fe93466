// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who decides blocks: those whom staking elects, if the genesis names the first of them, or the admin
//! has enabled elections since; until then, in authority mode, those whom the admin lists.

use crate::{AccountId, Authorship, Runtime, RuntimeCall, Staking};
use frame_support::traits::Contains;
use hansa_pallet_pbft::Call as PbftCall;
use hansa_staking_primitives::BlockAuthor;

/// Check that the first candidates of staking, if the genesis names any, decide.
pub fn check_genesis() -> Result<(), &'static str> {
    if Staking::elects() && Staking::current_set().is_empty() {
        return Err("staking.validators: fewer than a set needs have session keys");
    }
    Ok(())
}

/// The author of the block under execution.
pub struct CurrentAuthor;

impl BlockAuthor<AccountId> for CurrentAuthor {
    fn block_author() -> Option<AccountId> {
        Authorship::author()
    }
}

/// Refuses calls that would have no effect: those that change the list of authority mode where
/// staking elects.
pub struct CallsInForce;

impl Contains<RuntimeCall> for CallsInForce {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::Pbft(
                PbftCall::<Runtime>::add_authority { .. }
                | PbftCall::<Runtime>::remove_authority { .. },
            ) => !Staking::elects(),
            _ => true,
        }
    }
}
