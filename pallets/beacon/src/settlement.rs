// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The settlement of past epochs: bonds are released or charged, and what was stored is removed, a
//! few commitments a block.

use crate::{
    epochs::SETTLED_AFTER_EPOCHS, BalanceOf, Commitment, CommitmentState, Commitments, Config,
    CurrentEpoch, Cursor, Event, HoldReason, Pallet, Places, RevealGroups, Settlement, Tallies,
    Tally,
};
use frame_support::traits::{fungible::BalancedHold, Get, OnUnbalanced};
use hansa_beacon_primitives::{penalty::charge, tree::groups_ending_at, EpochIndex};
use sp_runtime::{
    traits::{Saturating, Zero},
    SaturatedConversion,
};

impl<T: Config> Pallet<T> {
    /// Settle at most `limit` commitments of past epochs, the oldest first; returns how many.
    pub(crate) fn settle(limit: u32) -> u32 {
        let current = CurrentEpoch::<T>::get().index;
        let mut cursor = Settlement::<T>::get();
        if !is_due(cursor.epoch, current) {
            return 0;
        }
        let mut settled = 0u32;
        let tally = Tallies::<T>::get(cursor.epoch);
        while settled < limit && cursor.place < tally.places {
            Self::settle_place(cursor, &tally);
            cursor.place = cursor.place.saturating_add(1);
            settled = settled.saturating_add(1);
        }
        if cursor.place >= tally.places {
            Tallies::<T>::remove(cursor.epoch);
            cursor = Cursor {
                epoch: cursor.epoch.saturating_add(1),
                place: 0,
            };
        }
        Settlement::<T>::put(cursor);
        settled
    }

    /// Settle the commitment at a place, and remove all that is stored of it.
    fn settle_place(Cursor { epoch, place }: Cursor, tally: &Tally) {
        for (level, index) in groups_ending_at(place, tally.places) {
            RevealGroups::<T>::remove((epoch, level, index));
        }
        let Some(account) = Places::<T>::take(epoch, place) else {
            return;
        };
        let Some(Commitment { held, state, .. }) = Commitments::<T>::take(epoch, &account) else {
            return;
        };
        match state {
            CommitmentState::Withdrawn => {}
            CommitmentState::Revealed(_) => Self::release(&account, held),
            CommitmentState::Open | CommitmentState::Forfeited => {
                Self::charge_withheld(epoch, account, held, tally.withheld());
            }
        }
    }

    /// Take what a withheld reveal costs, and release the rest of what was held.
    fn charge_withheld(
        epoch: EpochIndex,
        account: T::AccountId,
        held: BalanceOf<T>,
        withheld: u32,
    ) {
        let due = charge(
            T::Bond::get().saturated_into(),
            withheld,
            held.saturated_into(),
        );
        let due: BalanceOf<T> = due.saturated_into();
        let (credit, missing) = T::Currency::slash(&HoldReason::Commitment.into(), &account, due);
        T::OnForfeit::on_unbalanced(credit);
        let rest = held.saturating_sub(due);
        if !rest.is_zero() {
            Self::release(&account, rest);
        }
        Self::deposit_event(Event::Charged {
            epoch,
            account,
            amount: due.saturating_sub(missing),
        });
    }
}

/// Whether an epoch can be settled.
fn is_due(epoch: EpochIndex, current: EpochIndex) -> bool {
    epoch.saturating_add(SETTLED_AFTER_EPOCHS) <= current
}
