// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the genesis or the admin may set: periods, and the number of validators.

use crate::{Config, CurrentPeriods, Error, Event, Pallet, ValidatorCount};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use hansa_staking_primitives::Seconds;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// How long things take, in seconds of service time.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    /// How long funds are on their way out.
    #[serde(rename = "unbondingSeconds")]
    pub unbonding: Seconds,
    /// For how long light clients trust a set that decides no more.
    #[serde(rename = "trustingSeconds")]
    pub trusting: Seconds,
    /// How long a slash waits, so that the admin can cancel it.
    #[serde(rename = "slashDeferSeconds")]
    pub slash_defer: Seconds,
}

impl Periods {
    /// Whether funds are on their way out for longer than light clients trust and a slash waits,
    /// together. Evidence should not be taken for longer than what is left then, or some of it
    /// finds nothing.
    pub fn are_sound(&self) -> bool {
        u64::from(self.unbonding) > u64::from(self.trusting).saturating_add(self.slash_defer.into())
    }
}

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
