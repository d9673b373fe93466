// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What withheld reveals cost.
//!
//! The `k`-th withheld reveal of an epoch costs `k` bonds: `m` of them cost 1 + 2 + … + `m` together.
//! They are counted over all nodes, since whoever steers the beacon does so with many accounts, of which
//! nothing shows that they are one's. They share the sum equally, `(m + 1) / 2` bonds each: so no order
//! among them, which a coalition would arrange to its liking, decides who pays how much.

/// What each of `withheld` withheld reveals of an epoch costs, rounded up, but no more than `held`.
///
/// `bond` and `held` are amounts of the chain's token.
pub fn charge(bond: u128, withheld: u32, held: u128) -> u128 {
    let halves = u128::from(withheld).saturating_add(1);
    let doubled = bond.saturating_mul(halves);
    doubled.div_ceil(2).min(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_costs_a_bond_and_two_cost_three() {
        assert_eq!(charge(10, 1, 1_000), 10);
        assert_eq!(charge(10, 2, 1_000), 15);
        assert_eq!(charge(10, 3, 1_000), 20);
        assert_eq!(charge(10, 1_000, 80), 80, "no more than is held");
        assert_eq!(charge(1, 2, 1_000), 2, "rounded against who withholds");
    }

    proptest! {
        #[test]
        fn all_together_pay_the_sum(bond in 0u128..1u128 << 90, withheld in 1u32..40_000) {
            let each = charge(bond, withheld, u128::MAX);
            let m = u128::from(withheld);
            let sum = bond * (m * (m + 1) / 2);
            prop_assert!(each * m >= sum && each * m < sum + m);
        }

        #[test]
        fn it_never_exceeds_what_is_held(bond: u128, withheld: u32, held: u128) {
            prop_assert!(charge(bond, withheld, held) <= held);
        }

        #[test]
        fn one_more_costs_each_more(bond in 1u128..1u128 << 90, withheld in 1u32..40_000) {
            let held = u128::MAX;
            prop_assert!(charge(bond, withheld + 1, held) >= charge(bond, withheld, held));
        }
    }
}
