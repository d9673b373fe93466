// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The invariants of the pallet's storage, as they hold between blocks.

use crate::{
    liability, ActiveSet, Config, FrozenSet, HoldReason, LastElection, Ledgers, Nodes,
    OffendingWeight, Pallet, PendingSlashes, PlannedSet, Positions, RecentShares, SessionTallies,
    SlashQueue, Slashes,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::Encode;
use frame_election_provider_support::SortedListProvider;
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use hansa_staking_primitives::Balance;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check all invariants.
    ///
    /// 1. What is on hold in an operator's account for its bond is its bond: what is at stake and
    ///    what is on its way out, to the unit.
    /// 2. What is on hold in the pallet's account for delegations is all pools and all that is on
    ///    its way out of them, to the unit.
    /// 3. What is on hold there for rewards is what nodes have earned and was not shared out, to
    ///    the unit.
    /// 4. What is on its way out of a node's pool is what its delegators have on their way out.
    /// 5. A node's delegators have no more shares, once all slashes are applied, than its pool has
    ///    given out: in all, and of each election that is counted.
    /// 6. Nothing that is stored is nothing: no empty bond, position or entry; parts are in order.
    /// 7. The list sorts by what stands behind each candidate now, and each has the least bond.
    /// 8. Slashes that wait are those that the queue, their nodes and their sessions count.
    /// 9. The members of a set are in the order of their accounts, each with a weight, and each is
    ///    tallied. No election has a higher number than the last one, and none is due between blocks.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_bonds()?;
        Self::check_pot()?;
        Self::check_positions()?;
        Self::check_candidates()?;
        Self::check_slashes()?;
        Self::check_sets()
    }

    fn check_bonds() -> Result<(), TryRuntimeError> {
        for (who, ledger) in Ledgers::<T>::iter() {
            let bond = ledger
                .active
                .total()
                .saturating_add(ledger.unlocking.total());
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::Bond.into(), &who) == bond,
                "1: a bond is not what is on hold"
            );
            ensure!(bond > 0, "6: a bond is empty");
            ensure!(
                ledger.active.is_sound() && ledger.unlocking.is_sound(),
                "6: a bond has empty or unordered parts"
            );
        }
        Ok(())
    }

    fn check_pot() -> Result<(), TryRuntimeError> {
        let (mut delegated, mut earned): (Balance, Balance) = (0, 0);
        for (_, node) in Nodes::<T>::iter() {
            delegated = delegated
                .saturating_add(node.pool.balance)
                .saturating_add(node.unlocking);
            earned = earned.saturating_add(node.earned);
        }
        let held = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), &Self::pot());
        ensure!(
            held(HoldReason::Delegation) == delegated,
            "2: the delegations are not what is on hold"
        );
        ensure!(
            held(HoldReason::Reward) == earned,
            "3: the rewards are not what is on hold"
        );
        Ok(())
    }

    fn check_positions() -> Result<(), TryRuntimeError> {
        // By node: what is on its way out, and shares by the election from which on they count.
        let mut unlocking = BTreeMap::<_, Balance>::new();
        let mut shares = BTreeMap::<_, BTreeMap<_, Balance>>::new();
        for (_, who, mut position) in Positions::<T>::iter() {
            ensure!(!position.is_empty(), "6: a position is empty");
            ensure!(
                position.shares.is_sound() && position.unlocking.is_sound(),
                "6: a position has empty or unordered parts"
            );
            let sum = unlocking.entry(who.clone()).or_default();
            *sum = sum.saturating_add(position.unlocking.total());
            let log = Slashes::<T>::get(&who);
            let new = log
                .get(position.slashes as usize..)
                .ok_or("5: a position had more slashes than there were")?;
            let _ = liability::catch_up(&mut position.shares, &mut position.unlocking, new);
            let by_election = shares.entry(who).or_default();
            for part in position.shares.iter() {
                let sum = by_election.entry(part.since).or_default();
                *sum = sum.saturating_add(part.amount);
            }
        }
        for (who, node) in Nodes::<T>::iter() {
            ensure!(
                node.unlocking == unlocking.remove(&who).unwrap_or_default(),
                "4: what is on its way out of a pool is not what its delegators have"
            );
            let mut left = shares.remove(&who).unwrap_or_default();
            let mut older = node.pool.shares;
            for part in RecentShares::<T>::get(&who) {
                ensure!(part.amount > 0, "6: no shares are counted");
                older = older
                    .checked_sub(part.amount)
                    .ok_or("5: more shares are counted than there are")?;
                let given = left.remove(&part.since).unwrap_or_default();
                ensure!(given <= part.amount, "5: too many shares of an election");
            }
            let given = left
                .values()
                .fold(0, |sum: Balance, amount| sum.saturating_add(*amount));
            ensure!(given <= older, "5: too many shares of before");
        }
        // Of a pool that was slashed to nothing there may be positions that do not know it yet.
        ensure!(
            unlocking.values().all(|sum| *sum == 0) && shares.values().all(BTreeMap::is_empty),
            "4: a position is behind no node"
        );
        Ok(())
    }

    fn check_candidates() -> Result<(), TryRuntimeError> {
        for node in T::Candidates::iter() {
            ensure!(
                T::Candidates::get_score(&node).ok() == Some(Self::total_stake_of(&node)),
                "7: a candidate is not sorted by its stake"
            );
            ensure!(
                Self::own_stake_of(&node) >= T::MinBond::get(),
                "7: a candidate has not the least bond"
            );
        }
        Ok(())
    }

    fn check_slashes() -> Result<(), TryRuntimeError> {
        let (first, next) = SlashQueue::<T>::get();
        let mut by_node = BTreeMap::<_, u32>::new();
        let mut by_scope = BTreeMap::<Vec<u8>, u32>::new();
        for (slash, pending) in PendingSlashes::<T>::iter() {
            ensure!(
                slash >= first && slash < next,
                "8: a slash is not in the queue"
            );
            let since = Nodes::<T>::get(&pending.node).pending_since;
            ensure!(
                since <= pending.election,
                "8: a node forgets too early what a slash needs"
            );
            for count in [
                by_node.entry(pending.node).or_default(),
                by_scope.entry(pending.scope.encode()).or_default(),
            ] {
                *count = count.saturating_add(1);
            }
        }
        for (who, node) in Nodes::<T>::iter() {
            ensure!(
                node.pending == by_node.remove(&who).unwrap_or_default(),
                "8: a node does not count its slashes"
            );
        }
        for (scope, offending) in OffendingWeight::<T>::iter() {
            ensure!(
                offending.pending == by_scope.remove(&scope.encode()).unwrap_or_default(),
                "8: a set does not count its slashes"
            );
        }
        ensure!(
            by_node.is_empty() && by_scope.is_empty(),
            "8: a slash is of nobody"
        );
        Ok(())
    }

    fn check_sets() -> Result<(), TryRuntimeError> {
        let active = ActiveSet::<T>::get();
        ensure!(
            SessionTallies::<T>::get().members.len() == active.members.len(),
            "9: the members are not tallied"
        );
        let planned = PlannedSet::<T>::get().map(|set| (set.election, set.members));
        let frozen = FrozenSet::<T>::get();
        ensure!(
            !frozen.as_ref().is_some_and(|frozen| frozen.due),
            "9: a frozen set is due, and was not planned"
        );
        let frozen = frozen.map(|set| (set.election, set.members));
        let active = Some((active.election, active.members));
        for (election, members) in [active, planned, frozen].into_iter().flatten() {
            ensure!(
                election <= LastElection::<T>::get(),
                "9: an election has a number that was not given yet"
            );
            ensure!(
                members
                    .windows(2)
                    .all(|pair| matches!(pair, [a, b] if a.node < b.node)),
                "9: the members are not in order"
            );
            ensure!(
                members.iter().all(|member| member.weight > 0),
                "9: a member has no weight"
            );
        }
        Ok(())
    }
}
