// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! For how long a chain may stand still before the hub does something about it. A chain spec may say so.

use crate::Seconds;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How many times [`StallPeriods::stall_seconds`] old the last header of a chain may be for its members to be held, and its
/// light client to be kept trusted, at most. With the time for which that is trusted then, that is not more than stakes are
/// within reach, or it is so much less ([`StallPeriods::helped_for`]): those who decide can be held to what they sign.
pub const HELD_FOR: u32 = 6;

/// Which part of [`StallPeriods::stall_seconds`] a chain shows nothing before headers are asked for, and its light client is kept
/// trusted. That is sooner than its members are held: a chain that lives and reports seldom shows one before.
pub const ASK_PART: u32 = 16;

/// How long a chain may stand still, in seconds of service time. Less than some epochs is for tests only.
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StallPeriods {
    /// How old the last head of the chain that was proven must be before the roll is called. Longer than the longest time between
    /// two headers that a chain shows (a third of what its headers are trusted for), or chains that are quiet would seem to
    /// stand still. At least [`ASK_PART`]: its parts count, too.
    pub stall_seconds: Seconds,
    /// For how long after that nodes may answer, at least 1. Nothing is recorded before that is over.
    pub challenge_seconds: Seconds,
}

impl StallPeriods {
    /// Whether no period is nothing, nor a part of it that counts.
    pub fn are_sound(&self) -> bool {
        self.stall_seconds >= ASK_PART && self.challenge_seconds > 0
    }

    /// How old the last header of a chain may be for its members to be held, and its light client to be kept trusted, in
    /// seconds. `reach` is how old it may be at most: those who decide must be in reach for as long as they are believed.
    pub fn helped_for(&self, reach: Seconds) -> Seconds {
        self.stall_seconds.saturating_mul(HELD_FOR).min(reach)
    }

    /// How old it may be for a set to be recorded above it: that one then has the time of a stall, before nobody is helped any
    /// more, to decide a block.
    pub fn recorded_for(&self, reach: Seconds) -> Seconds {
        self.helped_for(reach).saturating_sub(self.stall_seconds)
    }

    /// Whether there is any time in which a set can be recorded.
    pub fn can_help(&self, reach: Seconds) -> bool {
        self.stall_seconds.saturating_add(self.challenge_seconds) < self.recorded_for(reach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_period_may_be_nothing() {
        for (stall_seconds, challenge_seconds, sound) in [
            (ASK_PART, 1, true),
            (ASK_PART - 1, 1, false),
            (ASK_PART, 0, false),
        ] {
            let periods = StallPeriods {
                stall_seconds,
                challenge_seconds,
            };
            assert_eq!(periods.are_sound(), sound, "{periods:?}");
        }
    }

    #[test]
    fn how_long_a_chain_is_helped() {
        // How long it may stand still, and what is in reach; for how long it is helped, and a set recorded.
        for (stall_seconds, reach, helped, recorded) in [
            (100, 1_000, 600, 500),
            (100, 600, 600, 500),
            (100, 350, 350, 250),
            (100, 90, 90, 0),
            (100, 0, 0, 0),
            (u32::MAX, u32::MAX, u32::MAX, 0),
        ] {
            let periods = StallPeriods {
                stall_seconds,
                challenge_seconds: 10,
            };
            assert_eq!(periods.helped_for(reach), helped);
            assert_eq!(periods.recorded_for(reach), recorded);
            assert_eq!(periods.can_help(reach), recorded > 110);
        }
    }
}
