// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Delegations: shares of a node's pool, and what is on its way out of it.

use crate::{
    pool::{self, PoolError},
    types::{Node, Position},
    Config, Error, Event, HoldReason, LastElection, Nodes, Pallet, Positions, RecentShares,
    Slashes,
};
use frame_support::{
    ensure,
    traits::{
        fungible::{hold::Balanced, MutateHold},
        tokens::{Fortitude, Precision, Preservation, Restriction},
        Get, OnUnbalanced,
    },
};
use hansa_staking_primitives::Balance;
use sp_runtime::{traits::AccountIdConversion, DispatchError, DispatchResult};

impl<T: Config> From<PoolError> for Error<T> {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::TooLittle => Self::TooLittle,
            PoolError::Worthless => Self::PoolWorthless,
            PoolError::NotEnough => Self::NotEnough,
            PoolError::Overflow => Self::Overflow,
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The pallet's account: it has all delegations, and what is earned and not shared out.
    pub fn pot() -> T::AccountId {
        T::PalletId::get().into_account_truncating()
    }

    pub(crate) fn do_delegate(
        who: T::AccountId,
        target: T::AccountId,
        amount: Balance,
    ) -> DispatchResult {
        ensure!(who != target, Error::<T>::OwnNode);
        ensure!(amount >= T::MinDelegation::get(), Error::<T>::TooLittle);
        let mut node = Nodes::<T>::get(&target);
        // Who comes now pays for nothing that was before; while a slash waits, that cannot be
        // counted for ever.
        ensure!(node.pending == 0, Error::<T>::SlashPending);
        ensure!(Self::is_candidate_node(&target), Error::<T>::NotCandidate);
        Self::settle(&target, &mut node);
        let mut position = Positions::<T>::get(&who, &target).unwrap_or_else(|| Position {
            slashes: Slashes::<T>::decode_len(&target).unwrap_or(0) as u32,
            ..Position::default()
        });
        Self::catch_up(&who, &target, &mut node, &mut position);

        let election = Self::next_election();
        let oldest = Self::oldest_election_of(&node);
        let shares = node.pool.deposit(amount).map_err(Error::<T>::from)?;
        position.shares.merge(oldest);
        position
            .shares
            .add(election, shares)
            .map_err(|_| Error::<T>::TooManyParts)?;
        RecentShares::<T>::try_mutate(&target, |recent| {
            pool::prune_recent(recent, oldest);
            pool::note_recent(recent, election, shares)
        })
        .map_err(|_| Error::<T>::TooManyParts)?;
        T::Currency::transfer_and_hold(
            &HoldReason::Delegation.into(),
            &who,
            &Self::pot(),
            amount,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )?;
        Self::put_position(&who, &target, position);
        Self::put_node(&target, node);
        Self::update_stake(&target);
        Self::deposit_event(Event::Delegated {
            delegator: who,
            node: target,
            amount,
            shares,
        });
        Ok(())
    }

    pub(crate) fn do_undelegate(
        who: T::AccountId,
        target: T::AccountId,
        shares: Balance,
    ) -> DispatchResult {
        let (mut node, mut position) = Self::touch(&who, &target)?;
        ensure!(
            shares > 0 && shares <= position.shares.total(),
            Error::<T>::NotEnough
        );
        let (until, unlocks_at) = (LastElection::<T>::get(), Self::unlock_time());
        let oldest = Self::oldest_election_of(&node);
        position.shares.merge(oldest);
        let mut recent = RecentShares::<T>::get(&target);
        pool::prune_recent(&mut recent, oldest);
        let mut amount: Balance = 0;
        for mut part in position.shares.take(shares) {
            pool::forget_recent(&mut recent, part.since, part.amount);
            part.amount = node.pool.withdraw(part.amount).map_err(Error::<T>::from)?;
            amount = amount.saturating_add(part.amount);
            position
                .unlocking
                .add(part, until, unlocks_at)
                .map_err(|_| Error::<T>::TooManyParts)?;
        }
        let left = position.shares.total();
        ensure!(
            left == 0 || node.pool.worth(left) >= T::MinDelegation::get(),
            Error::<T>::TooLittle
        );
        node.unlocking = node
            .unlocking
            .checked_add(amount)
            .ok_or(Error::<T>::Overflow)?;
        if recent.is_empty() {
            RecentShares::<T>::remove(&target);
        } else {
            RecentShares::<T>::insert(&target, recent);
        }
        Self::put_position(&who, &target, position);
        Self::put_node(&target, node);
        Self::update_stake(&target);
        Self::deposit_event(Event::Undelegated {
            delegator: who,
            node: target,
            amount,
            shares,
            unlocks_at,
        });
        Ok(())
    }

    pub(crate) fn do_withdraw_undelegated(
        who: T::AccountId,
        target: T::AccountId,
    ) -> DispatchResult {
        let (mut node, mut position) = Self::touch(&who, &target)?;
        ensure!(node.pending == 0, Error::<T>::SlashPending);
        let now = Self::now();
        let amount = position
            .unlocking
            .withdraw(|chunk| Self::is_free(chunk, now));
        ensure!(amount > 0, Error::<T>::NothingToWithdraw);
        node.unlocking = node.unlocking.saturating_sub(amount);
        T::Currency::transfer_on_hold(
            &HoldReason::Delegation.into(),
            &Self::pot(),
            &who,
            amount,
            Precision::Exact,
            Restriction::Free,
            Fortitude::Polite,
        )?;
        Self::put_position(&who, &target, position);
        Self::put_node(&target, node);
        Self::update_stake(&target);
        Self::deposit_event(Event::Withdrawn {
            account: who,
            node: target,
            amount,
        });
        Ok(())
    }

    pub(crate) fn do_apply_slashes(who: &T::AccountId, target: &T::AccountId) -> DispatchResult {
        let mut position = Positions::<T>::get(who, target).ok_or(Error::<T>::NoDelegation)?;
        let mut node = Nodes::<T>::get(target);
        let applied = position.slashes;
        Self::catch_up(who, target, &mut node, &mut position);
        ensure!(position.slashes > applied, Error::<T>::NothingToApply);
        Self::put_position(who, target, position);
        Self::put_node(target, node);
        Ok(())
    }

    /// A delegation and its node, with all rewards and slashes that were due.
    fn touch(who: &T::AccountId, target: &T::AccountId) -> Result<(Node, Position), DispatchError> {
        let mut position = Positions::<T>::get(who, target).ok_or(Error::<T>::NoDelegation)?;
        let mut node = Nodes::<T>::get(target);
        Self::settle(target, &mut node);
        Self::catch_up(who, target, &mut node, &mut position);
        Ok((node, position))
    }

    /// Apply to a delegation the slashes of its node that it has not had yet.
    fn catch_up(
        who: &T::AccountId,
        target: &T::AccountId,
        node: &mut Node,
        position: &mut Position,
    ) {
        let log = Slashes::<T>::get(target);
        let new = log.get(position.slashes as usize..).unwrap_or_default();
        if new.is_empty() {
            return;
        }
        let taken = crate::liability::catch_up(&mut position.shares, &mut position.unlocking, new);
        position.slashes = log.len() as u32;
        if taken > 0 {
            node.unlocking = node.unlocking.saturating_sub(taken);
            Self::slash_pot(taken);
            Self::deposit_event(Event::DelegatorSlashed {
                delegator: who.clone(),
                node: target.clone(),
                amount: taken,
            });
        }
    }

    /// Take `amount` of the delegations.
    pub(crate) fn slash_pot(amount: Balance) {
        let reason = HoldReason::Delegation.into();
        let (credit, _) = T::Currency::slash(&reason, &Self::pot(), amount);
        T::Slashed::on_unbalanced(credit);
    }

    fn put_position(who: &T::AccountId, target: &T::AccountId, position: Position) {
        if position.is_empty() {
            Positions::<T>::remove(who, target);
        } else {
            Positions::<T>::insert(who, target, position);
        }
    }
}
