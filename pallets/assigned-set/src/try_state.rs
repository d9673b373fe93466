// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What must hold of the pallet's storage between blocks.

use crate::{Config, Hub, LastOrdinal, Pallet, Unreported, Waiting};
use frame_support::ensure;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check the invariants:
    ///
    /// 1. A chain without a hub has no sets of one, and nothing to report.
    /// 2. The set that waits is the one that was taken last, and is a set.
    /// 3. What is to be reported is in the order of accounts, and none of it is nothing.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let (waiting, last) = (Waiting::<T>::get(), LastOrdinal::<T>::get());
        let unreported = Unreported::<T>::get();
        if Hub::<T>::get().is_none() {
            ensure!(
                waiting.is_none() && last == 0 && unreported.is_empty(),
                "1: a chain without a hub has what only a hub gives"
            );
        }
        if let Some(next) = waiting {
            ensure!(
                next.ordinal == last && next.check().is_ok(),
                "2: the set that waits is not the last, or no set"
            );
        }
        let in_order = unreported.windows(2).all(|pair| match pair {
            [a, b] => a.0 < b.0,
            _ => true,
        });
        ensure!(
            in_order && unreported.iter().all(|(_, blocks)| *blocks > 0),
            "3: what is to be reported is in disorder"
        );
        Ok(())
    }
}
