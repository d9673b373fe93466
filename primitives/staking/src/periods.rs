// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How long things take in staking. A chain spec may say so.

use crate::Seconds;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

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
    serde::Serialize,
    serde::Deserialize,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unbonding_outlasts_trust_and_a_slash_that_waits() {
        for (unbonding, trusting, slash_defer, sound) in [
            (10, 5, 4, true),
            (10, 6, 4, false),
            (1, 0, 0, true),
            (0, 0, 0, false),
            (Seconds::MAX, Seconds::MAX, Seconds::MAX, false),
        ] {
            let periods = Periods {
                unbonding,
                trusting,
                slash_defer,
            };
            assert_eq!(periods.are_sound(), sound, "{periods:?}");
        }
    }
}
