// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What must hold of the pallet's storage between blocks.

use crate::{
    commitments::StoredGroups, epochs::SETTLED_AFTER_EPOCHS, BalanceOf, Commitment,
    CommitmentState, Commitments, Config, CurrentEpoch, EpochTurned, HoldReason, Pallet, Places,
    RevealGroups, Settlement, Tallies, Tally,
};
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use hansa_beacon_primitives::{
    tree::{leaf, root, set_leaf, Group, Groups, ARITY},
    EpochIndex, Phase,
};
use sp_runtime::{
    traits::{Saturating, Zero},
    TryRuntimeError,
};

/// A tree that is built again.
#[derive(Default)]
struct Rebuilt(BTreeMap<(u8, u32), Group>);

impl Groups for Rebuilt {
    fn get(&self, level: u8, index: u32) -> Group {
        self.0.get(&(level, index)).copied().unwrap_or_default()
    }

    fn set(&mut self, level: u8, index: u32, group: Group) {
        self.0.insert((level, index), group);
    }
}

impl<T: Config> Pallet<T> {
    /// Check the invariants:
    ///
    /// 1. No epoch begins between blocks.
    /// 2. The epoch that is being settled is not the current one nor in the future; nothing is stored
    ///    of those before it, of more than three, or of any to come.
    /// 3. Each place that is not settled has an account, and the account a commitment that names the
    ///    place; and there are no others.
    /// 4. The tally counts the states of the commitments; there are no more than are allowed.
    /// 5. Only what is revealed in the reveal part is revealed: none is of the current epoch while it
    ///    is in the commit part, and none is withdrawn with something held.
    /// 6. The tree of reveals of an epoch that is not being settled is that of the reveals.
    /// 7. What is on hold of each account is what its commitments say.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(
            !EpochTurned::<T>::exists(),
            "1: an epoch begins between blocks"
        );
        let current = CurrentEpoch::<T>::get();
        let oldest = Settlement::<T>::get().epoch;
        ensure!(
            oldest <= current.index && oldest.saturating_add(SETTLED_AFTER_EPOCHS) >= current.index,
            "2: too many epochs are not settled"
        );
        let kept = oldest..=current.index;
        ensure!(
            Tallies::<T>::iter_keys().all(|epoch| kept.contains(&epoch))
                && Commitments::<T>::iter_keys().all(|(epoch, _)| kept.contains(&epoch))
                && Places::<T>::iter_keys().all(|(epoch, _)| kept.contains(&epoch))
                && RevealGroups::<T>::iter_keys().all(|(epoch, _, _)| kept.contains(&epoch)),
            "2: something is stored of an epoch that is settled or to come"
        );
        let mut held = BTreeMap::<T::AccountId, BalanceOf<T>>::new();
        for epoch in kept {
            Self::check_epoch(epoch, &mut held)?;
        }
        let reason = HoldReason::Commitment.into();
        for (account, held) in held {
            ensure!(
                T::Currency::balance_on_hold(&reason, &account) == held,
                "7: another amount is on hold than the commitments say"
            );
        }
        Ok(())
    }

    fn check_epoch(
        epoch: EpochIndex,
        held: &mut BTreeMap<T::AccountId, BalanceOf<T>>,
    ) -> Result<(), TryRuntimeError> {
        let cursor = Settlement::<T>::get();
        let settled = if epoch == cursor.epoch {
            cursor.place
        } else {
            0
        };
        let tally = Tallies::<T>::get(epoch);
        ensure!(
            tally.places <= T::MaxCommitments::get() && settled <= tally.places,
            "4: there are more commitments than are allowed"
        );
        let places: BTreeSet<_> = Places::<T>::iter_key_prefix(epoch).collect();
        ensure!(
            places.iter().copied().eq(settled..tally.places),
            "3: places are missing, or there are too many"
        );
        ensure!(
            Commitments::<T>::iter_key_prefix(epoch).count() == places.len(),
            "3: there is a commitment without a place"
        );
        let mut commitments = alloc::vec::Vec::new();
        for place in places {
            let account = Places::<T>::get(epoch, place).ok_or("3: a place has no account")?;
            let commitment =
                Commitments::<T>::get(epoch, &account).ok_or("3: a place has no commitment")?;
            ensure!(
                commitment.place == place,
                "3: a commitment names another place"
            );
            let sum = held.entry(account.clone()).or_insert_with(Zero::zero);
            *sum = sum.saturating_add(commitment.held);
            commitments.push((account, commitment));
        }
        Self::check_states(epoch, &tally, settled, &commitments)
    }

    fn check_states(
        epoch: EpochIndex,
        tally: &Tally,
        settled: u32,
        commitments: &[(T::AccountId, Commitment<BalanceOf<T>>)],
    ) -> Result<(), TryRuntimeError> {
        let current = CurrentEpoch::<T>::get();
        let mut counted = Tally {
            places: tally.places,
            ..Default::default()
        };
        let mut rebuilt = Rebuilt::default();
        for (account, commitment) in commitments {
            match commitment.state {
                CommitmentState::Open | CommitmentState::Forfeited => {}
                CommitmentState::Revealed(id) => {
                    counted.kept = counted.kept.saturating_add(1);
                    set_leaf(&mut rebuilt, commitment.place, leaf(account, &id));
                }
                CommitmentState::Withdrawn => {
                    counted.withdrawn = counted.withdrawn.saturating_add(1);
                    ensure!(
                        commitment.held.is_zero(),
                        "5: something is held for a commitment that was withdrawn"
                    );
                }
            }
        }
        if epoch == current.index && current.phase == Phase::Commit {
            ensure!(
                tally.revealed == 0 && tally.kept == 0,
                "5: something is revealed in the commit part"
            );
        }
        if settled > 0 {
            return Ok(());
        }
        ensure!(
            counted.kept == tally.kept
                && counted.withdrawn == tally.withdrawn
                && tally.kept <= tally.revealed
                && tally.revealed <= tally.places,
            "4: the tally does not count the commitments"
        );
        // An id whose node has left since stays in the tree, and is known no more.
        if tally.kept == tally.revealed {
            ensure!(
                root(&rebuilt) == root(&StoredGroups::<T>::new(epoch)),
                "6: the tree of reveals is another one"
            );
        }
        let groups = RevealGroups::<T>::iter_key_prefix((epoch,)).count() as u32;
        ensure!(
            groups <= tally.revealed.saturating_mul(3)
                && tally.revealed <= groups.saturating_mul(ARITY),
            "6: the tree has another number of groups than the reveals need"
        );
        Ok(())
    }
}
