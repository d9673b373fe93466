// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the genesis or the admin may set: periods, and the number of validators.

use crate::{Config, CurrentPeriods, Error, Event, Pallet, ValidatorCount};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
pub use hansa_staking_primitives::Periods;

impl<T: Config> Pallet<T> {
    /// The periods in force.
    pub fn periods() -> Periods {
        CurrentPeriods::<T>::get()
    }

    pub(crate) fn do_set_periods(periods: Periods) -> DispatchResult {
        ensure!(periods.are_sound(), Error::<T>::UnsoundPeriods);
        CurrentPeriods::<T>::put(periods);
        Self::deposit_event(Event::PeriodsSet { periods });
        Ok(())
    }

    /// Whether so many validators may be asked for.
    pub(crate) fn is_valid_count(count: u32) -> bool {
        (T::MinValidators::get()..=T::MaxValidators::get()).contains(&count)
    }

    pub(crate) fn do_set_validator_count(count: u32) -> DispatchResult {
        ensure!(
            Self::is_valid_count(count),
            Error::<T>::ValidatorCountOutOfRange
        );
        ValidatorCount::<T>::put(count);
        Self::deposit_event(Event::ValidatorCountSet { count });
        Ok(())
    }
}
