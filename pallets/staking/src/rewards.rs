// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Rewards: booked for the set at a session's end, shared out later.

use crate::{
    inflation::signing_reward,
    pool::mul_div_floor,
    types::{Elected, Node, Tallies},
    Config, Error, Event, HoldReason, Nodes, Pallet, RewardedUntil, SessionTallies, LOG_TARGET,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{hold::Balanced, Inspect, Mutate, MutateHold},
        tokens::{Fortitude, Precision, Restriction},
        Get, OnUnbalanced,
    },
};
use hansa_staking_primitives::{Balance, Seconds};
use sp_runtime::{DispatchError, DispatchResult};
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
    /// Book the reward of a session that ends, in which `active` decided.
    ///
    /// A session without a certificate has nobody to reward; its time counts for the next.
    pub(crate) fn reward_session(
        session: SessionIndex,
        active: &Elected<T::AccountId>,
        tallies: &Tallies,
    ) {
        if tallies.certificates == 0 {
            return;
        }
        let now = Self::now();
        let from = RewardedUntil::<T>::mutate(|until| core::mem::replace(until, now));
        let rewards = Self::session_rewards(active, tallies, from, now);
        let total = rewards
            .iter()
            .fold(0, |sum: Balance, amount| sum.saturating_add(*amount));
        if total == 0 {
            return;
        }
        if let Err(error) = Self::mint_rewards(total) {
            log::error!(target: LOG_TARGET, "session {session} has no reward: {error:?}");
            return;
        }
        for (member, amount) in active.members.iter().zip(rewards) {
            if amount > 0 {
                Nodes::<T>::mutate(&member.node, |node| {
                    node.earned = node.earned.saturating_add(amount);
                });
            }
        }
        Self::deposit_event(Event::SessionRewarded {
            session,
            amount: total,
            certificates: tallies.certificates,
        });
    }

    /// What each member has earned, in the order of the set.
    pub(crate) fn session_rewards(
        active: &Elected<T::AccountId>,
        tallies: &Tallies,
        from: Seconds,
        to: Seconds,
    ) -> Vec<Balance> {
        let issuance = T::Currency::total_issuance();
        let reward = T::Inflation::get().between(from, to, issuance);
        let total = active.total_weight();
        let certificates = tallies.certificates;
        active
            .members
            .iter()
            .zip(&tallies.members)
            .map(|(member, tally)| {
                signing_reward(reward, member.weight, total, tally.signed, certificates)
            })
            .collect()
    }

    /// Make new money, on hold in the pallet's account.
    fn mint_rewards(amount: Balance) -> DispatchResult {
        with_storage_layer(|| {
            let pot = Self::pot();
            T::Currency::mint_into(&pot, amount)?;
            T::Currency::hold(&HoldReason::Reward.into(), &pot, amount)
        })
    }

    pub(crate) fn do_payout(who: &T::AccountId) -> DispatchResult {
        let mut node = Nodes::<T>::get(who);
        ensure!(node.earned > 0, Error::<T>::NothingEarned);
        Self::settle(who, &mut node);
        Self::put_node(who, node);
        Self::update_stake(who);
        Ok(())
    }

    /// Share out what a node has earned. Must come before any change of its bond, its pool or its
    /// commission, so that who comes later has no part in it. If it fails, the reward waits.
    pub(crate) fn settle(who: &T::AccountId, node: &mut Node) {
        if node.earned == 0 {
            return;
        }
        match with_storage_layer(|| Self::try_settle(who, node.clone())) {
            Ok(settled) => *node = settled,
            Err(error) => {
                log::error!(target: LOG_TARGET, "a reward cannot be shared out: {error:?}");
            }
        }
    }

    fn try_settle(who: &T::AccountId, mut node: Node) -> Result<Node, DispatchError> {
        let earned = core::mem::take(&mut node.earned);
        let for_pool = pool_part(&node, Self::own_stake_of(who), earned);
        let for_operator = earned.saturating_sub(for_pool);
        node.pool.reward(for_pool).map_err(Error::<T>::from)?;
        let (pot, reason) = (Self::pot(), HoldReason::Reward.into());
        if for_pool > 0 {
            T::Currency::release(&reason, &pot, for_pool, Precision::Exact)?;
            T::Currency::hold(&HoldReason::Delegation.into(), &pot, for_pool)?;
        }
        let paid = with_storage_layer(|| {
            T::Currency::transfer_on_hold(
                &reason,
                &pot,
                who,
                for_operator,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Polite,
            )
        });
        if let Err(error) = paid {
            // An operator whose account is gone, and would not be there with this: delegators must
            // not wait for it.
            log::debug!(target: LOG_TARGET, "an operator cannot be paid: {error:?}");
            let (credit, _) = T::Currency::slash(&reason, &pot, for_operator);
            T::Remainder::on_unbalanced(credit);
        }
        Self::deposit_event(Event::PaidOut {
            node: who.clone(),
            operator: for_operator,
            pool: for_pool,
        });
        Ok(node)
    }

    /// What of the reward that waits is the pool's.
    pub(crate) fn pool_part(who: &T::AccountId, node: &Node) -> Balance {
        pool_part(node, Self::own_stake_of(who), node.earned)
    }

    /// Begin to count anew, for a set of `members`.
    pub(crate) fn reset_tallies(members: usize) {
        let zeros = alloc::vec![Default::default(); members];
        SessionTallies::<T>::put(Tallies {
            members: frame_support::BoundedVec::truncate_from(zeros),
            ..Tallies::default()
        });
    }
}

/// What of a reward is the pool's: after the commission, in proportion to the stakes, rounded down.
fn pool_part(node: &Node, own: Balance, earned: Balance) -> Balance {
    if node.pool.shares == 0 {
        return 0;
    }
    let commission = node.commission.mul_ceil(earned);
    let shared = earned.saturating_sub(commission);
    let stake = own.saturating_add(node.pool.balance);
    mul_div_floor(shared, node.pool.balance, stake).unwrap_or(0)
}
