// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The runtime API of staking: what a wallet shows.

use crate::{Balance, Seconds};
use alloc::vec::Vec;
use codec::{Codec, Decode, Encode};
use scale_info::TypeInfo;
use sp_arithmetic::Perbill;

/// Funds that are on their way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct UnlockView {
    /// How much, if nothing of it is slashed meanwhile.
    pub amount: Balance,
    /// The service time from which on it can be withdrawn, as far as it is known: it is later if
    /// the set that these funds stood behind decides for longer, or a slash is pending.
    pub unlocks_at: Seconds,
    /// Whether it can be withdrawn now.
    pub withdrawable: bool,
}

/// What an account has behind one node.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct StakeView<AccountId> {
    /// The node; the account itself for its own bond.
    pub node: AccountId,
    /// The shares of the node's pool; 0 for an own bond, which is no part of the pool.
    pub shares: Balance,
    /// What the stake is worth now.
    pub active: Balance,
    /// What is on its way out.
    pub unlocking: Vec<UnlockView>,
}

/// All that an account has staked.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct LedgerView<AccountId> {
    /// The service time now, which `unlocks_at` is to be compared with.
    pub now: Seconds,
    /// The account's own bond, if it has one.
    pub own: Option<StakeView<AccountId>>,
    /// Its delegations.
    pub delegations: Vec<StakeView<AccountId>>,
}

/// What a node can expect to earn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct RewardView {
    /// What was earned in sessions that are over and is not paid out yet.
    pub unpaid: Balance,
    /// The reward of the session under way for what the node has signed so far, if the session
    /// ended now; 0 if the node is not in the set.
    pub session: Balance,
    /// The commission that the operator takes before the rest is shared.
    pub commission: Perbill,
    /// What the whole set can earn in a year at the current rate of inflation.
    pub set_per_year: Balance,
}

/// A member of a set.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ElectedNode<AccountId> {
    /// The node's account.
    pub node: AccountId,
    /// Its weight in votes.
    pub weight: u64,
    /// Its stake now.
    pub stake: Balance,
}

sp_api::decl_runtime_apis! {
    /// What wallets and the node ask a runtime about staking.
    pub trait StakingApi<AccountId>
    where
        AccountId: Codec,
    {
        /// All that `account` has staked, with the times at which it unlocks.
        fn ledger(account: AccountId) -> LedgerView<AccountId>;

        /// What `node` can expect to earn.
        fn expected_reward(node: AccountId) -> RewardView;

        /// The set that staking elected for the session under way; empty while the session's set
        /// was not elected.
        fn current_set() -> Vec<ElectedNode<AccountId>>;

        /// The set that is elected for the next session; until it is, the one that would be elected
        /// now.
        fn next_set() -> Vec<ElectedNode<AccountId>>;
    }
}
