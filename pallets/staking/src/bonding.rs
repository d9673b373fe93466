// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The bonds of operators.

use crate::{
    liability::Parts,
    types::{Chunk, Ledger, Node},
    ActiveSet, Config, Error, Event, HoldReason, InForceSince, LastElection, Ledgers, Nodes,
    Pallet,
};
use frame_support::{
    ensure,
    traits::{fungible::MutateHold, tokens::Precision, Get},
};
use hansa_allocation_primitives::Serving;
use hansa_staking_primitives::{Balance, ElectionIndex, Seconds};
use sp_runtime::{traits::BlockNumberProvider, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The service time.
    pub(crate) fn now() -> Seconds {
        T::ServiceClock::current_block_number()
    }

    /// The first election that counts what is staked now.
    pub(crate) fn next_election() -> ElectionIndex {
        LastElection::<T>::get().saturating_add(1)
    }

    pub(crate) fn do_bond(who: T::AccountId, amount: Balance) -> DispatchResult {
        ensure!(!Ledgers::<T>::contains_key(&who), Error::<T>::AlreadyBonded);
        ensure!(amount >= T::MinBond::get(), Error::<T>::TooLittle);
        let ledger = Ledger {
            active: Parts::of(Self::next_election(), amount),
            ..Ledger::default()
        };
        Self::hold_bond(&who, amount)?;
        Ledgers::<T>::insert(&who, ledger);
        Self::deposit_event(Event::Bonded { node: who, amount });
        Ok(())
    }

    pub(crate) fn do_bond_extra(who: T::AccountId, amount: Balance) -> DispatchResult {
        let mut ledger = Self::ledger_of(&who)?;
        let mut node = Nodes::<T>::get(&who);
        Self::settle(&who, &mut node);
        ensure!(amount > 0, Error::<T>::TooLittle);
        ledger.active.merge(Self::oldest_election_of(&node));
        ledger
            .active
            .add(Self::next_election(), amount)
            .map_err(|_| Error::<T>::TooManyParts)?;
        Self::ensure_least_bond(&ledger)?;
        Self::hold_bond(&who, amount)?;
        Self::put_bond(&who, ledger, node);
        Self::deposit_event(Event::Bonded { node: who, amount });
        Ok(())
    }

    pub(crate) fn do_unbond(who: T::AccountId, amount: Balance) -> DispatchResult {
        let mut ledger = Self::ledger_of(&who)?;
        let mut node = Nodes::<T>::get(&who);
        Self::settle(&who, &mut node);
        ensure!(
            amount > 0 && amount <= ledger.active.total(),
            Error::<T>::NotEnough
        );
        let (until, unlocks_at) = (LastElection::<T>::get(), Self::unlock_time());
        ledger.active.merge(Self::oldest_election_of(&node));
        for part in ledger.active.take(amount) {
            ledger
                .unlocking
                .add(part, until, unlocks_at)
                .map_err(|_| Error::<T>::TooManyParts)?;
        }
        Self::ensure_least_bond(&ledger)?;
        ensure!(
            T::Serving::chain_of(&who).is_none(),
            Error::<T>::ServesChain
        );
        if Self::is_candidate_node(&who) {
            ensure!(!ledger.active.is_empty(), Error::<T>::ChillFirst);
        }
        Self::put_bond(&who, ledger, node);
        Self::deposit_event(Event::Unbonded {
            node: who,
            amount,
            unlocks_at,
        });
        Ok(())
    }

    pub(crate) fn do_rebond(who: T::AccountId, amount: Balance) -> DispatchResult {
        let mut ledger = Self::ledger_of(&who)?;
        let mut node = Nodes::<T>::get(&who);
        Self::settle(&who, &mut node);
        ensure!(
            amount > 0 && amount <= ledger.unlocking.total(),
            Error::<T>::NotEnough
        );
        ledger.active.merge(Self::oldest_election_of(&node));
        for part in ledger.unlocking.take_back(amount) {
            // As if it had never left: what it was liable for, it still is.
            ledger
                .active
                .add(part.since, part.amount)
                .map_err(|_| Error::<T>::TooManyParts)?;
        }
        Self::ensure_least_bond(&ledger)?;
        Self::put_bond(&who, ledger, node);
        Self::deposit_event(Event::Rebonded { node: who, amount });
        Ok(())
    }

    pub(crate) fn do_withdraw_unbonded(who: T::AccountId) -> DispatchResult {
        let mut ledger = Self::ledger_of(&who)?;
        ensure!(Nodes::<T>::get(&who).pending == 0, Error::<T>::SlashPending);
        let now = Self::now();
        let amount = ledger.unlocking.withdraw(|chunk| Self::is_free(chunk, now));
        ensure!(amount > 0, Error::<T>::NothingToWithdraw);
        T::Currency::release(&HoldReason::Bond.into(), &who, amount, Precision::Exact)?;
        Self::put_ledger(&who, ledger);
        Self::deposit_event(Event::Withdrawn {
            account: who.clone(),
            node: who,
            amount,
        });
        Ok(())
    }

    /// Put `amount` of the operator's free funds on hold.
    pub(crate) fn hold_bond(who: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::hold(&HoldReason::Bond.into(), who, amount)
    }

    fn ledger_of(who: &T::AccountId) -> Result<Ledger, DispatchError> {
        Ok(Ledgers::<T>::get(who).ok_or(Error::<T>::NotBonded)?)
    }

    /// All of a bond, or at least the least.
    fn ensure_least_bond(ledger: &Ledger) -> DispatchResult {
        ensure!(
            ledger.active.is_empty() || ledger.active.total() >= T::MinBond::get(),
            Error::<T>::TooLittle
        );
        Ok(())
    }

    /// Store a bond that has changed, and the node that was settled, and sort the node anew.
    fn put_bond(who: &T::AccountId, ledger: Ledger, node: Node) {
        Self::put_ledger(who, ledger);
        Self::put_node(who, node);
        Self::update_stake(who);
    }

    pub(crate) fn put_ledger(who: &T::AccountId, ledger: Ledger) {
        if ledger.active.is_empty() && ledger.unlocking.is_empty() {
            Ledgers::<T>::remove(who);
        } else {
            Ledgers::<T>::insert(who, ledger);
        }
    }

    pub(crate) fn put_node(who: &T::AccountId, node: Node) {
        if node == Node::default() {
            Nodes::<T>::remove(who);
        } else {
            Nodes::<T>::insert(who, node);
        }
    }

    /// When funds that leave now unlock.
    pub(crate) fn unlock_time() -> Seconds {
        Self::now().saturating_add(Self::periods().unbonding)
    }

    /// Whether funds can be withdrawn now, unless a slash waits.
    pub(crate) fn is_free(chunk: &Chunk, now: Seconds) -> bool {
        chunk.unlocks_at <= now && Self::is_out(chunk.until, now)
    }

    /// Whether the set of `election`, and so all earlier ones, have decided their last block the
    /// trusting period ago.
    fn is_out(election: ElectionIndex, now: Seconds) -> bool {
        let active = ActiveSet::<T>::get();
        if active.members.is_empty() {
            return true;
        }
        // The next set put an end to it. If since when is forgotten, that is long ago.
        let since = InForceSince::<T>::get(election.saturating_add(1)).unwrap_or_default();
        active.election > election && since.saturating_add(Self::periods().trusting) <= now
    }
}
