// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What must hold of the pallet's storage between blocks.

use crate::{is_name, AccountId, BalanceOf, Config, HoldReason, Names, Pallet};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::{traits::Zero, Saturating, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Check the invariants:
    ///
    /// 1. Each name that somebody has is one.
    /// 2. On hold for names are, in each owner's account, the deposits of its names, to the unit.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut deposits = BTreeMap::<AccountId<T>, BalanceOf<T>>::new();
        for (name, entry) in Names::<T>::iter() {
            ensure!(is_name(&name), "1: a name that is none");
            let all = deposits.entry(entry.owner).or_insert_with(Zero::zero);
            *all = all.saturating_add(entry.deposit);
        }
        for (owner, deposits) in deposits {
            let held = T::Currency::balance_on_hold(&HoldReason::Name.into(), &owner);
            ensure!(held == deposits, "2: other deposits than names");
        }
        Ok(())
    }
}
