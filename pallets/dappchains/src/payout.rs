// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the founders of a chain get of its deployment stake, and when.
//!
//! Shares are cut off one after the other at `⌊stake · (weights up to here) / (all weights)⌋`: each
//! is within a unit of its exact part, and together they are the stake to the unit.

use alloc::vec::Vec;
use hansa_dappchain_primitives::{Balance, Seconds};
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// How a stake is divided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Division {
    /// In proportion to the time that each founder waited for the chain, but no more than this, in
    /// seconds. If nobody waited, evenly.
    ByWait(Seconds),
    /// Evenly.
    Evenly,
}

/// What counts of a founder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait {
    /// How long it waited for the chain, in seconds.
    pub waited: Seconds,
    /// Whether it is the deployer's own: then it gets nothing.
    pub own: bool,
}

/// The share of each founder, in their order. They sum up to `stake`, or to 0 if all founders are the
/// deployer's own.
pub fn shares(stake: Balance, division: Division, founders: &[Wait]) -> Vec<Balance> {
    let by_wait = |founder: &Wait| match division {
        Division::ByWait(cap) => founder.waited.min(cap),
        Division::Evenly => 1,
    };
    let evenly = |_: &Wait| 1;
    if total(founders, by_wait) > 0 {
        cut(stake, founders, by_wait)
    } else {
        cut(stake, founders, evenly)
    }
}

fn weight(founder: &Wait, of: impl Fn(&Wait) -> Seconds) -> u128 {
    if founder.own {
        0
    } else {
        of(founder).into()
    }
}

fn total(founders: &[Wait], of: impl Fn(&Wait) -> Seconds) -> u128 {
    founders
        .iter()
        .fold(0, |sum: u128, f| sum.saturating_add(weight(f, &of)))
}

fn cut(stake: Balance, founders: &[Wait], of: impl Fn(&Wait) -> Seconds) -> Vec<Balance> {
    let all = total(founders, &of);
    let (mut up_to_here, mut given) = (0u128, 0);
    let mut shares = Vec::with_capacity(founders.len());
    for founder in founders {
        up_to_here = up_to_here.saturating_add(weight(founder, &of));
        let end = part(stake, up_to_here, all);
        shares.push(end.saturating_sub(given));
        given = end;
    }
    shares
}

/// What of a share is vested `elapsed` seconds after the chain went live, if it takes `turn` seconds.
pub fn vested(share: Balance, elapsed: Seconds, turn: Seconds) -> Balance {
    if elapsed >= turn {
        share
    } else {
        part(share, elapsed.into(), turn.into())
    }
}

/// `⌊amount · num / den⌋`, for `num` of at most `den`; nothing if `den` is 0.
fn part(amount: Balance, num: u128, den: u128) -> Balance {
    multiply_by_rational_with_rounding(amount, num, den, Rounding::Down).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn waits(waited: &[Seconds]) -> Vec<Wait> {
        waited
            .iter()
            .map(|waited| Wait {
                waited: *waited,
                own: false,
            })
            .collect()
    }

    #[test]
    fn examples() {
        let by_wait = Division::ByWait(100);
        // Stake, waits, shares.
        for (stake, waited, expected) in [
            (1_000, &[10, 20, 30, 40][..], &[100, 200, 300, 400][..]),
            // Longer than the cap counts as the cap.
            (1_000, &[100, 100, 100, 9_999], &[250, 250, 250, 250]),
            // Nothing is lost: the rest falls where the cut does.
            (10, &[1, 1, 1], &[3, 3, 4]),
            (2, &[1, 1, 1, 1], &[0, 1, 0, 1]),
            // Nobody waited: evenly.
            (12, &[0, 0, 0, 0], &[3, 3, 3, 3]),
            (12, &[0, 0, 0, 1], &[0, 0, 0, 12]),
        ] {
            assert_eq!(shares(stake, by_wait, &waits(waited)), expected);
        }
        assert_eq!(
            shares(8, Division::Evenly, &waits(&[0, 7, 90, 1])),
            [2, 2, 2, 2]
        );
    }

    #[test]
    fn own_nodes_get_nothing() {
        let mut founders = waits(&[50, 50, 50, 50]);
        founders[1].own = true;
        assert_eq!(shares(9, Division::ByWait(100), &founders), [3, 0, 3, 3]);
        // Nor if only they waited.
        let mut founders = waits(&[0, 50, 0]);
        founders[1].own = true;
        assert_eq!(shares(9, Division::ByWait(100), &founders), [4, 0, 5]);
        for founder in &mut founders {
            founder.own = true;
        }
        assert_eq!(shares(9, Division::ByWait(100), &founders), [0, 0, 0]);
    }

    #[test]
    fn nobody_gets_nothing() {
        assert!(shares(9, Division::Evenly, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn shares_are_exact(
            stake in any::<u128>(),
            founders in proptest::collection::vec((any::<u32>(), any::<bool>()), 1..256),
            cap in any::<u32>(), even in any::<bool>(),
        ) {
            let division = if even { Division::Evenly } else { Division::ByWait(cap) };
            let founders: Vec<_> =
                founders.into_iter().map(|(waited, own)| Wait { waited, own }).collect();
            let shares = shares(stake, division, &founders);
            let all_own = founders.iter().all(|founder| founder.own);
            prop_assert_eq!(shares.len(), founders.len());
            prop_assert_eq!(shares.iter().sum::<u128>(), if all_own { 0 } else { stake });
            for (founder, share) in founders.iter().zip(&shares) {
                prop_assert!(!founder.own || *share == 0);
            }
        }

        #[test]
        fn a_share_is_within_a_unit_of_its_part(
            stake in 0u128..1 << 60,
            waited in proptest::collection::vec(1u32..1_000, 1..100),
        ) {
            let shares = shares(stake, Division::ByWait(1_000), &waits(&waited));
            let all: u128 = waited.iter().map(|w| u128::from(*w)).sum();
            for (waited, share) in waited.iter().zip(shares) {
                let exact = stake * u128::from(*waited) / all;
                prop_assert!(share.abs_diff(exact) <= 1);
            }
        }

        #[test]
        fn vesting_grows_to_the_whole(share in any::<u128>(), turn in any::<u32>(), t in any::<u32>()) {
            prop_assert!(vested(share, t, turn) <= vested(share, t.saturating_add(1), turn));
            prop_assert!(vested(share, t, turn) <= share);
            prop_assert_eq!(vested(share, turn, turn), share);
            prop_assert_eq!(vested(share, 0, turn.max(1)), 0);
        }
    }
}
