// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What must hold of the pallet's storage between blocks.

use crate::{
    ChainSets, Chains, Config, Pallet, Recoveries, RecoveryHashes, SetAccounts, Sets, Stalls,
    Unopened, Watched, MAX_OUTSTANDING,
};
use frame_support::{ensure, traits::Get};
use hansa_dappchain_primitives::{ChainId, MAX_SET, MIN_NODES};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check the invariants:
    ///
    /// 1. A chain's numbers are in order: the oldest set, that in force, and the next one.
    /// 2. The set in force is remembered, with the id that it has, and those ordered since, without one. Of those
    ///    before it, it is known since when they decide no more, and what id they had.
    /// 3. No more sets are outstanding or remembered than may be.
    /// 4. A set has at least four members, and as many as fit.
    /// 5. Nothing is stored of chains that were never live.
    /// 6. Only chains are watched that live, and only such stand still, at the head that was seen. Rounds count from when the
    ///    roll is closed.
    /// 7. The last record of a chain is of a set that came into force by it, and its hash is kept.
    /// 8. No period is nothing.
    /// 9. The accounts are known of the sets that decide or may come to, of each member, and of no others.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        for (chain, record) in Chains::<T>::iter() {
            Self::check_chain(chain, &record)?;
        }
        for (chain, ordinal, set) in Sets::<T>::iter() {
            let record = Chains::<T>::get(chain).ok_or("5: a set of no chain")?;
            ensure!(
                (record.first..record.next).contains(&ordinal),
                "1: a set has a number that no set has"
            );
            ensure!(
                (MIN_NODES..=MAX_SET).contains(&set.members),
                "4: a set has too few members, or too many"
            );
            let (decided, over) = (set.set_id.is_some(), set.until.is_some());
            let expected = (ordinal <= record.in_force, ordinal < record.in_force);
            ensure!(
                (decided, over) == expected,
                "2: a set decides at another time than its number says"
            );
            let accounts = SetAccounts::<T>::get(chain, ordinal).map(|all| all.len() as u32);
            ensure!(
                accounts == (!over).then_some(set.members),
                "9: the accounts of a set are not known, or of one that decides no more"
            );
        }
        ensure!(
            SetAccounts::<T>::iter_keys()
                .all(|(chain, ordinal)| Sets::<T>::contains_key(chain, ordinal)),
            "9: the accounts of no set"
        );
        ensure!(
            Unopened::<T>::iter_keys().all(Chains::<T>::contains_key),
            "5: a route to no chain"
        );
        Self::check_stalls()
    }

    fn check_chain(chain: ChainId, record: &ChainSets) -> Result<(), TryRuntimeError> {
        ensure!(
            record.in_force < record.next && record.first <= record.next,
            "1: a chain's numbers are in disorder"
        );
        if record.ended_at.is_some() {
            return Ok(());
        }
        ensure!(
            record.first <= record.in_force,
            "1: a chain's numbers are in disorder"
        );
        ensure!(
            (record.in_force..record.next).all(|ordinal| Sets::<T>::contains_key(chain, ordinal)),
            "2: a set that may decide is forgotten"
        );
        ensure!(
            record.outstanding() <= MAX_OUTSTANDING,
            "3: too many sets are outstanding"
        );
        ensure!(
            record.next.saturating_sub(record.first) <= T::MaxSets::get(),
            "3: too many sets are remembered"
        );
        Ok(())
    }

    /// Invariants 6 to 8.
    fn check_stalls() -> Result<(), TryRuntimeError> {
        for (chain, seen) in Watched::<T>::iter() {
            ensure!(
                seen.made <= seen.since,
                "6: a chain has less time than its head is old"
            );
            let lives = Chains::<T>::get(chain).is_some_and(|record| record.ended_at.is_none());
            ensure!(lives, "6: a chain is watched that does not live");
        }
        for (chain, stall) in Stalls::<T>::iter() {
            let seen =
                Watched::<T>::get(chain).ok_or("6: a stall of a chain that is not watched")?;
            ensure!(seen.head == stall.head, "6: a stall at another head");
            ensure!(
                stall.opened_at <= stall.challenge_ends_at && seen.since <= Self::now(),
                "6: a stall, or a head, of a time to come"
            );
            ensure!(
                stall.roll_closed || stall.rounds == 0,
                "6: rounds count though the roll is not closed"
            );
        }
        for (chain, recovery) in Recoveries::<T>::iter() {
            let record = Chains::<T>::get(chain).ok_or("7: a record of no chain")?;
            ensure!(
                (recovery.chain, recovery.genesis) == (chain, record.genesis)
                    && recovery.next.ordinal <= record.in_force,
                "7: a record of another chain, or of a set that was never in force"
            );
            ensure!(
                RecoveryHashes::<T>::get((chain, recovery.set_id)) == Some(recovery.hash()),
                "7: the hash of a record is missing"
            );
            let set = Sets::<T>::get(chain, recovery.next.ordinal);
            ensure!(
                set.is_none_or(|set| set.set_id == Some(recovery.set_id)),
                "7: a record of a set with another id"
            );
        }
        let sound = Self::stall_periods().is_none_or(|periods| periods.are_sound());
        ensure!(sound, "8: a period of nothing");
        Ok(())
    }
}
