// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How useful a node proved lately, so that who helps is asked before who refuses or stalls.
//!
//! A few points, up for what was of use and down for what was not, that go back to none with time: nobody
//! lives on what was long ago, and nobody is passed over for ever. It says whom to ask first and nothing else;
//! who must not be asked at all is shunned, which is another matter.

use super::Offence;

/// The most points, and the fewest.
const MOST: i32 = 8;
const FEWEST: i32 = -16;

/// After how long a point is lost, or a missing one given back, in milliseconds.
pub(super) const FADES_AFTER_MS: u64 = 30_000;

/// How useful a node was lately.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Merit {
    points: i32,
    at: u64,
}

impl Merit {
    /// The points at a time, in milliseconds of a clock that does not go back.
    pub fn at(&self, now: u64) -> i32 {
        let faded = now.saturating_sub(self.at) / FADES_AFTER_MS;
        let faded = i32::try_from(faded).unwrap_or(i32::MAX);
        match self.points > 0 {
            true => self.points.saturating_sub(faded).max(0),
            false => self.points.saturating_add(faded).min(0),
        }
    }

    /// It brought what was asked for.
    pub fn helped(&mut self, now: u64) {
        self.add(1, now);
    }

    /// It did not.
    pub fn failed(&mut self, how: Offence, now: u64) {
        let points = match how {
            Offence::Refusal => 2,
            Offence::Stall => 4,
            Offence::Lie => 16,
        };
        self.add(-points, now);
    }

    fn add(&mut self, points: i32, now: u64) {
        let points = self.at(now).saturating_add(points);
        // The part of a period that has passed is given away.
        *self = Self {
            points: points.clamp(FEWEST, MOST),
            at: now,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merit_is_bounded_and_fades() {
        let mut merit = Merit::default();
        for _ in 0..100 {
            merit.helped(0);
        }
        assert_eq!(merit.at(0), MOST);
        assert_eq!(merit.at(FADES_AFTER_MS - 1), MOST);
        assert_eq!(merit.at(3 * FADES_AFTER_MS), MOST - 3);
        assert_eq!(merit.at(u64::MAX), 0);
        for _ in 0..100 {
            merit.failed(Offence::Stall, 10);
        }
        assert_eq!(merit.at(10), FEWEST);
        assert_eq!(merit.at(10 + 3 * FADES_AFTER_MS), FEWEST + 3);
        assert_eq!(merit.at(u64::MAX), 0);
    }

    #[test]
    fn a_refusal_costs_less_than_a_stall_and_that_less_than_a_lie() {
        let after = |how| {
            let mut merit = Merit::default();
            merit.failed(how, 0);
            merit.at(0)
        };
        assert!(after(Offence::Refusal) < 0);
        assert!(after(Offence::Stall) < after(Offence::Refusal));
        assert!(after(Offence::Lie) < after(Offence::Stall));
    }
}
