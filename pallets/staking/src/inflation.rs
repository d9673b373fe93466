// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How much new money there is for those who decide blocks.
//!
//! The rate falls from year to year by a constant factor, down to a floor:
//!
//! ```text
//! rate(year) = max(floor, first · (1 - decay)^year)
//! reward     = issuance · rate(year of the session's begin) · length of the session / year
//! ```
//!
//! Years are years of service time: a chain that stands still makes no money.

use crate::pool::mul_div_floor;
use hansa_staking_primitives::{Balance, Seconds};
use sp_arithmetic::{traits::Saturating, PerThing, Perbill};

/// A year: 365.25 days.
pub const YEAR: Seconds = 31_557_600;

/// After so many years the rate is the floor, whatever the decay: the rate is no longer computed.
pub const MAX_YEARS: u32 = 128;

/// The rate of inflation over the years.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct InflationSchedule {
    /// What is made in the first year, as a part of all there is.
    pub first: Perbill,
    /// By which part of itself the rate falls each year.
    pub decay: Perbill,
    /// What the rate does not fall below.
    pub floor: Perbill,
}

impl InflationSchedule {
    /// The yearly rate at the service time `now`.
    pub fn rate(&self, now: Seconds) -> Perbill {
        let years = now / YEAR;
        if years >= MAX_YEARS {
            return self.floor;
        }
        let factor = self.decay.left_from_one().saturating_pow(years as usize);
        (self.first * factor).max(self.floor)
    }

    /// What is made from `from` to `to`, of an issuance of `issuance`: rounded down.
    pub fn between(&self, from: Seconds, to: Seconds, issuance: Balance) -> Balance {
        let rate = self.rate(from);
        let yearly = rate.mul_floor(issuance);
        let elapsed = to.saturating_sub(from);
        mul_div_floor(yearly, elapsed.into(), YEAR.into()).unwrap_or(0)
    }
}

/// What a member of weight `weight` in a set of weight `total` gets of `reward` for standing in
/// `signed` of `certificates`: rounded down. What is not signed is not paid to anybody, so nobody
/// gains by keeping others out.
pub fn signing_reward(
    reward: Balance,
    weight: u64,
    total: u64,
    signed: u32,
    certificates: u32,
) -> Balance {
    let by_weight = mul_div_floor(reward, weight.into(), total.into()).unwrap_or(0);
    let signed = signed.min(certificates);
    mul_div_floor(by_weight, signed.into(), certificates.into()).unwrap_or(0)
}
