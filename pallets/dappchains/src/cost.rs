// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What it costs to deploy a chain.
//!
//! ```text
//! stake = nodes · unit · max(k², load)
//! load  = ((scale + over) / scale)²        over = open places - free places, at least 0
//! ```
//!
//! `k` is one more than the chains of the deployer that are pending or ever went live. `load` looks
//! at the places that are open in all pending chains, whoever registered them: an account that is
//! fresh has `k = 1`, but finds the places that its owner's other accounts left open.
//!
//! The product is exact; only the whole is rounded, up, to a unit of the token.

use hansa_dappchain_primitives::Balance;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// The curve over open places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Curve {
    /// How many places may be open in pending chains before anybody pays more, in places.
    pub free_places: u32,
    /// By how many more the price per place is four times as high, in places. 0 counts as 1.
    pub scale_places: u32,
}

/// By what the price is multiplied: a ratio, never below 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ratio {
    /// At most 2^66.
    num: u128,
    /// From 1 to 2^64.
    den: u128,
}

impl Curve {
    /// The square of a ratio of which both sides are below 2^33, so that nothing overflows: places
    /// beyond 2^32 count as so many.
    fn ratio(&self, open_places: u64) -> Ratio {
        let scale = u128::from(self.scale_places.max(1));
        let over = open_places.saturating_sub(self.free_places.into());
        let side = scale.saturating_add(over.min(u32::MAX.into()).into());
        Ratio {
            num: side.saturating_mul(side),
            den: scale.saturating_mul(scale),
        }
    }

    /// The multiplier for so many open places in hundredths, rounded down, as a quote shows it.
    pub fn percent(&self, open_places: u64) -> u128 {
        percent(self.ratio(open_places))
    }
}

/// k² of the deployer's `nth` chain, in hundredths.
pub fn own_percent(nth: u32) -> u128 {
    percent(own_ratio(nth))
}

fn own_ratio(nth: u32) -> Ratio {
    let k = u128::from(nth.max(1));
    Ratio {
        num: k.saturating_mul(k),
        den: 1,
    }
}

fn percent(ratio: Ratio) -> u128 {
    ratio
        .num
        .saturating_mul(100)
        .checked_div(ratio.den)
        .unwrap_or(u128::MAX)
}

/// The stake for a chain of `nodes`, the deployer's `nth` (1 for the first), while `open_places` are
/// open in pending chains. None if no balance is that high.
pub fn deployment_stake(
    nodes: u32,
    unit: Balance,
    nth: u32,
    open_places: u64,
    curve: &Curve,
) -> Option<Balance> {
    let (own, load) = (own_ratio(nth), curve.ratio(open_places));
    // own / 1 against load: 2^64 · 2^64 at most, less than all 128 bits as k is below 2^32.
    let larger = if own.num.saturating_mul(load.den) >= load.num {
        own
    } else {
        load
    };
    let base = unit.checked_mul(nodes.into())?;
    multiply_by_rational_with_rounding(base, larger.num, larger.den, Rounding::Up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CURVE: Curve = Curve {
        free_places: 40,
        scale_places: 40,
    };

    #[test]
    fn examples() {
        // nodes, nth, open places: stake in units. The same table is in docs/dappchains.md.
        for (nodes, nth, open, stake) in [
            (4, 1, 0, 400),
            (10, 1, 0, 1_000),
            (10, 2, 0, 4_000),
            (10, 3, 0, 9_000),
            (10, 4, 0, 16_000),
            // As many places as are free cost nobody more.
            (10, 1, 40, 1_000),
            // One more: (41/40)² = 1.050625.
            (10, 1, 41, 1_051),
            (10, 1, 60, 2_250),
            (10, 1, 80, 4_000),
            // The larger of the two counts, not their product.
            (10, 2, 80, 4_000),
            (10, 2, 120, 9_000),
            (10, 4, 120, 16_000),
        ] {
            assert_eq!(
                deployment_stake(nodes, 100, nth, open, &CURVE),
                Some(stake),
                "{nodes} nodes, chain {nth}, {open} places open"
            );
        }
    }

    #[test]
    fn percents_are_those_of_the_design() {
        let percents: Vec<_> = (1..=4).map(own_percent).collect();
        assert_eq!(percents, [100, 400, 900, 1_600]);
        assert_eq!(CURVE.percent(0), 100);
        assert_eq!(CURVE.percent(80), 400);
    }

    #[test]
    fn a_stake_beyond_all_numbers_is_none() {
        assert_eq!(deployment_stake(4, Balance::MAX, 1, 0, &CURVE), None);
        assert_eq!(deployment_stake(1, Balance::MAX, 2, 0, &CURVE), None);
        assert_eq!(
            deployment_stake(1, Balance::MAX, 1, 0, &CURVE),
            Some(Balance::MAX)
        );
    }

    proptest! {
        #[test]
        fn it_never_falls(
            nodes in 4u32..1_000, unit in 1u128..1 << 60, nth in 1u32..1_000, open in 0u64..1_000_000,
            free in any::<u32>(), scale in any::<u32>(),
        ) {
            let curve = Curve { free_places: free, scale_places: scale };
            let stake = |nodes, nth, open| deployment_stake(nodes, unit, nth, open, &curve);
            let here = stake(nodes, nth, open).unwrap();
            prop_assert!(here >= unit * u128::from(nodes) * u128::from(nth) * u128::from(nth));
            prop_assert!(stake(nodes + 1, nth, open).unwrap() >= here);
            prop_assert!(stake(nodes, nth + 1, open).unwrap() >= here);
            prop_assert!(stake(nodes, nth, open + 1).unwrap() >= here);
        }

        #[test]
        fn it_is_exact(
            nodes in 4u32..1_000, unit in 1u128..1 << 30, nth in 1u32..1_000, open in 0u64..10_000,
            free in 0u32..1_000, scale in 1u32..1_000,
        ) {
            let curve = Curve { free_places: free, scale_places: scale };
            let stake = deployment_stake(nodes, unit, nth, open, &curve).unwrap();
            let side = u128::from(scale) + u128::from(open.saturating_sub(free.into()));
            let (num, den) = (side * side, u128::from(scale) * u128::from(scale));
            let base = unit * u128::from(nodes);
            let exact = (base * u128::from(nth) * u128::from(nth)).max((base * num).div_ceil(den));
            prop_assert_eq!(stake, exact);
        }

        #[test]
        fn nothing_overflows(
            nodes in any::<u32>(), unit in any::<u128>(), nth in any::<u32>(), open in any::<u64>(),
            free in any::<u32>(), scale in any::<u32>(),
        ) {
            let curve = Curve { free_places: free, scale_places: scale };
            let _ = deployment_stake(nodes, unit, nth, open, &curve);
            prop_assert!(curve.percent(open) >= 100);
        }

        /// Fresh accounts: the places that they leave open make each chain dearer than the last.
        #[test]
        fn fresh_accounts_do_not_evade(chains in 2u64..200, nodes in 4u32..100) {
            let unit = 1_000_000;
            let cost = |i: u64| {
                deployment_stake(nodes, unit, 1, i * u64::from(nodes), &CURVE).unwrap()
            };
            let last = cost(chains - 1);
            prop_assert!((0..chains).map(cost).sum::<u128>() >= last);
            let over = ((chains - 1) * u64::from(nodes)).saturating_sub(40);
            // Beyond the free places the price grows as the square of what is open.
            prop_assert!(last >= unit * u128::from(nodes) * u128::from(over).pow(2) / 1_600);
        }
    }
}
