// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The ballot on the hard limit, as arithmetic.
//!
//! A live chain's vote weighs the blocks that it made in the last full period before the ballot began.
//! The chains of one deployer together weigh no more than a part of what all chains made.

use hansa_dappchain_primitives::{MAX_NODES, MIN_NODES};
use sp_runtime::Perbill;

/// How many periods are counted apart: the one under way, the one before, and one more, so that a
/// ballot that outlasts a period's end still finds the blocks that it counts by.
const PERIODS: usize = 3;

/// The blocks of a chain, or of all chains, by period.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Activity {
    /// The latest period in which blocks were counted.
    period: u32,
    /// The blocks of that period, of the one before, and of the one before that.
    blocks: [u64; PERIODS],
}

impl Activity {
    /// Count `blocks` more, in `period`. Periods do not go back; if they did, it would count for the
    /// latest.
    pub fn add(&mut self, period: u32, blocks: u32) {
        self.advance(period);
        if let Some(current) = self.blocks.first_mut() {
            *current = current.saturating_add(blocks.into());
        }
    }

    /// The blocks of `period`; 0 if it is too long ago to be known.
    pub fn of(&self, period: u32) -> u64 {
        self.period
            .checked_sub(period)
            .and_then(|ago| self.blocks.get(usize::try_from(ago).ok()?).copied())
            .unwrap_or(0)
    }

    fn advance(&mut self, period: u32) {
        let steps = period.saturating_sub(self.period);
        for _ in 0..steps.min(PERIODS as u32) {
            self.blocks.rotate_right(1);
            if let Some(current) = self.blocks.first_mut() {
                *current = 0;
            }
        }
        self.period = self.period.max(period);
    }
}

/// Whether a limit may be proposed: within the bounds for all chains, another than now, and no further
/// from it than `step` of it (one at least).
pub fn may_propose(now: u32, proposed: u32, step: Perbill) -> bool {
    let furthest = step.mul_floor(now).max(1);
    (MIN_NODES..=MAX_NODES).contains(&proposed)
        && proposed != now
        && proposed.abs_diff(now) <= furthest
}

/// What a vote of `weight` counts, if the chains of its deployer have cast `cast` already and `total` is
/// what all chains weigh.
pub fn counted(weight: u64, cast: u64, total: u64, cap: Perbill) -> u64 {
    let most = cap.mul_floor(total);
    weight.min(most.saturating_sub(cast))
}

/// Whether the limit is changed: more for it than against it, and enough cast.
pub fn passes(ayes: u64, nays: u64, total: u64, turnout: Perbill) -> bool {
    ayes > nays && ayes.saturating_add(nays) >= turnout.mul_ceil(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TENTH: Perbill = Perbill::from_percent(10);

    #[test]
    fn periods_are_forgotten_in_turn() {
        let mut activity = Activity::default();
        activity.add(5, 7);
        activity.add(5, 1);
        assert_eq!([4, 5, 6].map(|p| activity.of(p)), [0, 8, 0]);
        activity.add(6, 2);
        activity.add(7, 3);
        assert_eq!([4, 5, 6, 7, 8].map(|p| activity.of(p)), [0, 8, 2, 3, 0]);
        activity.add(8, 4);
        assert_eq!([5, 6, 7, 8].map(|p| activity.of(p)), [0, 2, 3, 4]);
        activity.add(u32::MAX, 5);
        assert_eq!([7, 8, u32::MAX].map(|p| activity.of(p)), [0, 0, 5]);
    }

    #[test]
    fn steps_are_bounded() {
        for (now, proposed, may) in [
            (100, 110, true),
            (100, 111, false),
            (100, 90, true),
            (100, 89, false),
            (100, 100, false),
            (5, 6, true),
            (5, 4, true),
            (4, 3, false),
            (MAX_NODES, MAX_NODES + 1, false),
            (0, MIN_NODES, false),
        ] {
            assert_eq!(
                may_propose(now, proposed, TENTH),
                may,
                "{now} to {proposed}"
            );
        }
    }

    #[test]
    fn a_deployer_is_capped() {
        assert_eq!(counted(50, 0, 1_000, TENTH), 50);
        assert_eq!(counted(500, 0, 1_000, TENTH), 100);
        assert_eq!(counted(80, 50, 1_000, TENTH), 50);
        assert_eq!(counted(80, 100, 1_000, TENTH), 0);
    }

    #[test]
    fn it_takes_a_majority_and_a_turnout() {
        let fifth = Perbill::from_percent(20);
        assert!(passes(150, 50, 1_000, fifth));
        assert!(!passes(150, 49, 1_000, fifth));
        assert!(!passes(100, 100, 1_000, fifth));
        assert!(!passes(0, 0, 0, fifth));
    }

    proptest! {
        #[test]
        fn no_order_of_votes_gets_over_the_cap(
            weights in proptest::collection::vec(any::<u64>(), 0..20), total in any::<u64>(),
        ) {
            let mut cast = 0;
            for weight in weights {
                cast += counted(weight, cast, total, TENTH);
            }
            prop_assert!(cast <= TENTH.mul_floor(total));
        }

        #[test]
        fn blocks_are_counted_once(adds in proptest::collection::vec((0u32..8, 0u32..100), 0..40)) {
            let mut adds = adds;
            adds.sort_by_key(|(period, _)| *period);
            let mut activity = Activity::default();
            for (period, blocks) in &adds {
                activity.add(*period, *blocks);
            }
            let last = adds.last().map_or(0, |(period, _)| *period);
            for period in last.saturating_sub(2)..=last {
                let sum: u64 = adds.iter().filter(|a| a.0 == period).map(|a| u64::from(a.1)).sum();
                prop_assert_eq!(activity.of(period), sum);
            }
        }
    }
}
