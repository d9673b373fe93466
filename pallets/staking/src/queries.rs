// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! For the runtime API: what wallets show.

use crate::{
    inflation::YEAR,
    liability::{self, Chunks},
    types::{Members, Position},
    ActiveSet, Config, Elects, FrozenSet, Ledgers, Nodes, Pallet, Positions, RewardedUntil,
    SessionTallies, Slashes,
};
use alloc::vec::Vec;
use frame_support::traits::{fungible::Inspect, Get};
use hansa_staking_primitives::{ElectedNode, LedgerView, RewardView, StakeView, UnlockView};

impl<T: Config> Pallet<T> {
    /// All that `account` has staked. Walks over its delegations: for the runtime API only.
    pub fn ledger(account: T::AccountId) -> LedgerView<T::AccountId> {
        let own = Ledgers::<T>::get(&account).map(|ledger| StakeView {
            node: account.clone(),
            shares: 0,
            active: ledger.active.total(),
            unlocking: Self::unlock_views(&account, &ledger.unlocking),
        });
        let delegations = Positions::<T>::iter_prefix(&account)
            .map(|(node, position)| Self::stake_view(node, position))
            .collect();
        LedgerView {
            now: Self::now(),
            own,
            delegations,
        }
    }

    fn stake_view(node: T::AccountId, mut position: Position) -> StakeView<T::AccountId> {
        let log = Slashes::<T>::get(&node);
        let new = log.get(position.slashes as usize..).unwrap_or_default();
        let _ = liability::catch_up(&mut position.shares, &mut position.unlocking, new);
        let mut state = Nodes::<T>::get(&node);
        let unpaid = Self::pool_part(&node, &state);
        let _ = state.pool.reward(unpaid);
        let shares = position.shares.total();
        StakeView {
            shares,
            active: state.pool.worth(shares),
            unlocking: Self::unlock_views(&node, &position.unlocking),
            node,
        }
    }

    fn unlock_views(node: &T::AccountId, unlocking: &Chunks) -> Vec<UnlockView> {
        let (now, waits) = (Self::now(), Nodes::<T>::get(node).pending > 0);
        unlocking
            .iter()
            .map(|chunk| UnlockView {
                amount: chunk.amount,
                unlocks_at: chunk.unlocks_at,
                withdrawable: !waits && Self::is_free(chunk, now),
            })
            .collect()
    }

    /// What `node` can expect to earn.
    pub fn expected_reward(node: T::AccountId) -> RewardView {
        let now = Self::now();
        let (active, tallies) = (ActiveSet::<T>::get(), SessionTallies::<T>::get());
        let rewards = Self::session_rewards(&active, &tallies, RewardedUntil::<T>::get(), now);
        let session = active
            .position(&node)
            .and_then(|at| rewards.get(at).copied())
            .unwrap_or(0);
        let state = Nodes::<T>::get(&node);
        let schedule = T::Inflation::get();
        RewardView {
            unpaid: state.earned,
            session,
            commission: state.commission,
            set_per_year: schedule.between(
                now,
                now.saturating_add(YEAR),
                T::Currency::total_issuance(),
            ),
        }
    }

    /// Whether the chain elects its validators, rather than runs by proof of authority.
    pub fn elects() -> bool {
        Elects::<T>::get()
    }

    /// The set that staking elected for the session under way.
    pub fn current_set() -> Vec<ElectedNode<T::AccountId>> {
        Self::elected_nodes(ActiveSet::<T>::get().members)
    }

    /// The set that is elected for the next epoch; if there is none yet, the one that would be now.
    pub fn next_set() -> Vec<ElectedNode<T::AccountId>> {
        let frozen = FrozenSet::<T>::get().map(|frozen| frozen.members);
        let elected = frozen.filter(|members| !members.is_empty());
        Self::elected_nodes(elected.unwrap_or_else(Self::preview_set))
    }

    fn elected_nodes(members: Members<T::AccountId>) -> Vec<ElectedNode<T::AccountId>> {
        members
            .into_iter()
            .map(|member| ElectedNode {
                stake: Self::total_stake_of(&member.node),
                weight: member.weight,
                node: member.node,
            })
            .collect()
    }
}
