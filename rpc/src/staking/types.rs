// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of the answers. Amounts are in the smallest unit, as strings of digits; times are
//! seconds of service time.

use hansa_primitives::{AccountId, Balance};
use hansa_staking_primitives::{
    ElectedNode, LedgerView, RewardView, Seconds, StakeView, UnlockView,
};
use serde::{Deserialize, Serialize};

/// All that an account has staked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// The service time now, which `unlocksAt` is to be compared with.
    pub now: Seconds,
    /// The account's own bond, if it has one.
    pub own: Option<Stake>,
    /// Its delegations.
    pub delegations: Vec<Stake>,
}

/// What an account has behind one node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stake {
    /// The node; the account itself for its own bond.
    pub node: AccountId,
    /// The shares of the node's pool; 0 for an own bond.
    #[serde(with = "crate::digits")]
    pub shares: Balance,
    /// What the stake is worth now.
    #[serde(with = "crate::digits")]
    pub active: Balance,
    /// What is on its way out.
    pub unlocking: Vec<Unlock>,
}

/// Funds that are on their way out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unlock {
    /// How much, if nothing of it is slashed meanwhile.
    #[serde(with = "crate::digits")]
    pub amount: Balance,
    /// From when on it can be withdrawn; later, if the set that it stood behind decides for longer, or
    /// a slash waits.
    pub unlocks_at: Seconds,
    /// Whether it can be withdrawn now.
    pub withdrawable: bool,
}

/// What a node can expect to earn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reward {
    /// What was earned in sessions that are over and is not paid out yet.
    #[serde(with = "crate::digits")]
    pub unpaid: Balance,
    /// The reward of the session under way, if it ended now.
    #[serde(with = "crate::digits")]
    pub session: Balance,
    /// The commission, in billionths.
    pub commission: u32,
    /// What the whole set can earn in a year.
    #[serde(with = "crate::digits")]
    pub set_per_year: Balance,
}

/// A member of a set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The node's account.
    pub node: AccountId,
    /// Its weight in votes.
    #[serde(with = "crate::digits")]
    pub weight: u64,
    /// Its stake now.
    #[serde(with = "crate::digits")]
    pub stake: Balance,
}

impl From<LedgerView<AccountId>> for Ledger {
    fn from(view: LedgerView<AccountId>) -> Self {
        Self {
            now: view.now,
            own: view.own.map(Stake::from),
            delegations: view.delegations.into_iter().map(Stake::from).collect(),
        }
    }
}

impl From<StakeView<AccountId>> for Stake {
    fn from(view: StakeView<AccountId>) -> Self {
        Self {
            node: view.node,
            shares: view.shares,
            active: view.active,
            unlocking: view.unlocking.into_iter().map(Unlock::from).collect(),
        }
    }
}

impl From<UnlockView> for Unlock {
    fn from(view: UnlockView) -> Self {
        Self {
            amount: view.amount,
            unlocks_at: view.unlocks_at,
            withdrawable: view.withdrawable,
        }
    }
}

impl From<RewardView> for Reward {
    fn from(view: RewardView) -> Self {
        Self {
            unpaid: view.unpaid,
            session: view.session,
            commission: view.commission.deconstruct(),
            set_per_year: view.set_per_year,
        }
    }
}

/// The members of a set.
pub(super) fn members(set: Vec<ElectedNode<AccountId>>) -> Vec<Member> {
    set.into_iter()
        .map(|member| Member {
            node: member.node,
            weight: member.weight,
            stake: member.stake,
        })
        .collect()
}
