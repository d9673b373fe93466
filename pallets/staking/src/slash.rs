// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How much an offence costs.

use hansa_pbft_primitives::Weight;
use sp_arithmetic::{traits::Saturating, Perbill};

/// The part of its stake that each offender loses, when those who offended in one session weigh
/// `offending` of a set of `total`:
///
/// ```text
/// max(least, min(1, 3 · offending / total)²)
/// ```
///
/// One alone, who most likely ran a key twice, loses little: a hundredth of the weight costs 0.09 %.
/// A third, which could have hurt the chain, loses everything.
pub fn fraction(offending: Weight, total: Weight, least: Perbill) -> Perbill {
    if total == 0 {
        return least;
    }
    let share = u128::from(offending).saturating_mul(3);
    let base = Perbill::from_rational(share.min(total.into()), u128::from(total));
    base.saturating_mul(base).max(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_alone_loses_little_and_a_third_everything() {
        let least = Perbill::zero();
        assert_eq!(fraction(0, 100, least), Perbill::zero());
        assert_eq!(fraction(1, 100, least), Perbill::from_parts(900_000));
        assert_eq!(fraction(10, 100, least), Perbill::from_percent(9));
        assert_eq!(fraction(33, 99, least), Perbill::one());
        assert_eq!(fraction(100, 100, least), Perbill::one());
        assert_eq!(fraction(u64::MAX, u64::MAX, least), Perbill::one());
        assert_eq!(
            fraction(1, 1_000, Perbill::from_percent(1)),
            Perbill::from_percent(1)
        );
        assert_eq!(fraction(0, 0, least), least);
    }

    proptest! {
        #[test]
        fn more_offenders_never_lose_less(total in 1u64.., a in any::<u64>(), b in any::<u64>()) {
            let (low, high) = (a.min(b) % total, a.max(b) % total);
            let (low, high) = (low.min(high), low.max(high));
            let least = Perbill::zero();
            prop_assert!(fraction(low, total, least) <= fraction(high, total, least));
        }
    }
}
