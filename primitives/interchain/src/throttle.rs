// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How much a route may bring: an allowance that fills with time, and a reputation that shrinks it.

use crate::{Moment, Outcome, Refusal};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The unit of allowances: a packet is so many.
const UNIT: u64 = 1_000;

/// The best score of a reputation.
pub const BEST: u16 = 1_000;

/// The least part of its rate that a route keeps, whatever it did, as one of so many parts: it must be
/// able to mend its reputation.
const LEAST_SHARE: u64 = 8;

/// An allowance: fills by a rate up to a burst, and is used up by packets.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Throttle {
    /// What was used and has not come back yet, in thousandths.
    used: u64,
    /// When that was.
    at: Moment,
}

impl Throttle {
    /// What is used at `now`, if `per_second` come back in a second.
    fn used_at(&self, now: Moment, per_second: u32) -> u64 {
        // A packet a second is a unit of a thousand in 1,000 ms.
        let back = now
            .saturating_sub(self.at)
            .saturating_mul(u64::from(per_second));
        self.used.saturating_sub(back)
    }

    /// Whether `count` more fit at `now`.
    pub fn has_room(&self, count: u32, now: Moment, per_second: u32, burst: u32) -> bool {
        let needed = u64::from(count).saturating_mul(UNIT);
        let all = u64::from(burst).saturating_mul(UNIT);
        self.used_at(now, per_second).saturating_add(needed) <= all
    }

    /// Use `count` at `now`.
    pub fn spend(&mut self, count: u32, now: Moment, per_second: u32) {
        let needed = u64::from(count).saturating_mul(UNIT);
        self.used = self.used_at(now, per_second).saturating_add(needed);
        self.at = self.at.max(now);
    }
}

/// What is known of a chain by what it sent.
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
)]
pub struct Reputation {
    /// Packets that were delivered.
    pub delivered: u64,
    /// Packets that were refused, though they were well formed.
    pub refused: u64,
    /// Packets that came too late.
    pub expired: u64,
    /// Packets that no honest chain sends: malformed, or in the wrong lane.
    pub invalid: u64,
    /// From 0 to [`BEST`]: what the last packets were, the latest most.
    pub score: u16,
}

impl Default for Reputation {
    fn default() -> Self {
        Self {
            delivered: 0,
            refused: 0,
            expired: 0,
            invalid: 0,
            score: BEST,
        }
    }
}

impl Reputation {
    /// Note what became of a packet. A packet that expired says nothing of the chain that sent it: its
    /// nodes, ours or the network were slow.
    pub fn note(&mut self, outcome: &Outcome) {
        let (count, weight, good) = match outcome {
            Outcome::Delivered => (&mut self.delivered, 64, true),
            Outcome::Expired => {
                self.expired = self.expired.saturating_add(1);
                return;
            }
            Outcome::Refused(Refusal::Malformed | Refusal::Lane) => (&mut self.invalid, 4, false),
            // Anybody can send what is refused; so it counts little.
            Outcome::Refused(_) => (&mut self.refused, 64, false),
        };
        *count = count.saturating_add(1);
        let score = self.score.min(BEST);
        self.score = match good {
            true => score.saturating_add(BEST.saturating_sub(score).div_ceil(weight)),
            false => score.saturating_sub(score.div_ceil(weight)),
        };
    }

    /// The part of `rate` that a chain with this reputation may use: from an eighth to all of it, one
    /// at least if there is any.
    pub fn share_of(&self, rate: u32) -> u32 {
        let (rate, score) = (u64::from(rate), u64::from(self.score.min(BEST)));
        let least = rate.div_ceil(LEAST_SHARE);
        let share = rate.saturating_mul(score) / u64::from(BEST);
        u32::try_from(share.max(least)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn allowances_are_used_and_come_back() {
        let mut throttle = Throttle::default();
        assert!(throttle.has_room(5, 0, 10, 5));
        assert!(!throttle.has_room(6, 0, 10, 5));
        throttle.spend(5, 0, 10);
        assert!(!throttle.has_room(1, 99, 10, 5));
        assert!(throttle.has_room(1, 100, 10, 5));
        assert!(throttle.has_room(5, 500, 10, 5));
        assert!(!throttle.has_room(6, u64::MAX, 10, 5));
        // Nothing comes back at rate zero, or if time goes back.
        assert!(!throttle.has_room(1, u64::MAX, 0, 5));
        throttle.spend(5, 1_000, 10);
        assert!(!throttle.has_room(1, 0, 10, 5));
    }

    #[test]
    fn reputation_is_lost_and_mended() {
        let mut reputation = Reputation::default();
        assert_eq!(reputation.share_of(100), 100);
        for _ in 0..100 {
            reputation.note(&Outcome::Refused(Refusal::Malformed));
        }
        assert_eq!((reputation.score, reputation.invalid), (0, 100));
        assert_eq!(reputation.share_of(100), 13);
        assert_eq!(reputation.share_of(1), 1);
        assert_eq!(reputation.share_of(0), 0);
        reputation.note(&Outcome::Expired);
        assert_eq!((reputation.score, reputation.expired), (0, 1));
        for _ in 0..1_000 {
            reputation.note(&Outcome::Delivered);
        }
        assert_eq!((reputation.score, reputation.delivered), (BEST, 1_000));
    }

    proptest! {
        /// Whatever is asked when, what is let through in a time is bounded by burst and rate.
        #[test]
        fn no_more_than_burst_and_rate(
            asks in prop::collection::vec((0u64..500, 1u32..4), 1..100),
            per_second in 1u32..20,
            burst in 1u32..10,
        ) {
            let (mut throttle, mut now, mut passed) = (Throttle::default(), 0u64, 0u64);
            for (step, count) in asks {
                now += step;
                if throttle.has_room(count, now, per_second, burst) {
                    throttle.spend(count, now, per_second);
                    passed += u64::from(count);
                }
                prop_assert!(passed * 1_000 <= u64::from(burst) * 1_000 + now * u64::from(per_second));
            }
        }
    }
}
