// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What staking tells other pallets, and what it asks of them.

use crate::Balance;
use sp_runtime::{DispatchError, DispatchResult};

/// What other pallets ask about the stake of a node.
pub trait NodeStake<AccountId> {
    /// What the node's operator has bonded, without what is unbonding.
    fn own_stake(node: &AccountId) -> Balance;

    /// The operator's bond and all delegations: what an election counts.
    fn total_stake(node: &AccountId) -> Balance;

    /// Whether the node stands for election.
    fn is_candidate(node: &AccountId) -> bool;
}

/// Nobody has any stake.
impl<AccountId> NodeStake<AccountId> for () {
    fn own_stake(_: &AccountId) -> Balance {
        0
    }

    fn total_stake(_: &AccountId) -> Balance {
        0
    }

    fn is_candidate(_: &AccountId) -> bool {
        false
    }
}

/// Removes session keys.
pub trait PurgeKeys<AccountId> {
    /// Remove the session keys of `account`. Fails if it has none.
    fn purge_keys(account: &AccountId) -> DispatchResult;
}

/// There are none.
impl<AccountId> PurgeKeys<AccountId> for () {
    fn purge_keys(_: &AccountId) -> DispatchResult {
        Err(DispatchError::Unavailable)
    }
}

/// Who made the block under execution.
pub trait BlockAuthor<AccountId> {
    /// The author's account; none between blocks, and in a block of which it is not known.
    fn block_author() -> Option<AccountId>;
}

impl<AccountId> BlockAuthor<AccountId> for () {
    fn block_author() -> Option<AccountId> {
        None
    }
}
