// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who is in the next set, and how much its vote weighs.

use alloc::vec::Vec;
use hansa_pbft_primitives::Weight;
use hansa_staking_primitives::Balance;
use sp_arithmetic::Perbill;

/// What the weights of a set add up to before they are capped, but for rounding: a millionth of the
/// stake of the set is a unit of weight, whatever the issuance.
pub const TOTAL_WEIGHT: Weight = 1_000_000;

/// The smallest set in which one may fail, and so the smallest in which weights are capped.
pub const CAPPED_FROM: usize = 4;

/// A candidate with its stake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate<AccountId> {
    /// The node.
    pub node: AccountId,
    /// All that stands behind it.
    pub stake: Balance,
}

/// Elect at most `seats` of `candidates`: the highest stakes; of equal ones, who stands first in
/// the list. None if these are fewer than `least`, or than one. The result is in the order of the
/// accounts, so that the set does not change when only ranks do.
pub fn elect<AccountId: Ord>(
    candidates: Vec<Candidate<AccountId>>,
    seats: u32,
    least: u32,
) -> Option<Vec<(AccountId, Weight)>> {
    let mut elected = candidates;
    elected.retain(|candidate| candidate.stake > 0);
    elected.sort_by_key(|candidate| core::cmp::Reverse(candidate.stake));
    elected.truncate(seats as usize);
    if elected.len() < (least as usize).max(1) {
        return None;
    }
    let stakes: Vec<_> = elected.iter().map(|candidate| candidate.stake).collect();
    let weights = weights(&stakes);
    let mut members: Vec<_> = elected
        .into_iter()
        .map(|candidate| candidate.node)
        .zip(weights)
        .collect();
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Some(members)
}

/// The weights of these stakes, which are in descending order: in proportion, each at least 1, and
/// from four members on none above `T`.
pub fn weights(stakes: &[Balance]) -> Vec<Weight> {
    let total = stakes
        .iter()
        .fold(0u128, |sum, stake| sum.saturating_add(*stake));
    let in_proportion = |stake: &Balance| {
        let weight = crate::pool::mul_div_floor(*stake, TOTAL_WEIGHT.into(), total).unwrap_or(0);
        Weight::try_from(weight).unwrap_or(TOTAL_WEIGHT).max(1)
    };
    let weights: Vec<_> = stakes.iter().map(in_proportion).collect();
    match cap(&weights) {
        Some(cap) => weights.into_iter().map(|weight| weight.min(cap)).collect(),
        None => weights,
    }
}

/// Keep the weights that are in force, if the members are the same and none of the weights has changed
/// by more than the part `tolerance` of itself. Otherwise the new ones. Both are in the order of the
/// accounts.
///
/// Rewards shift weights a little in every session. Without this each session would have another
/// set, of which every light client needs to be told.
pub fn keep_steady<AccountId: PartialEq>(
    old: &[(AccountId, Weight)],
    new: Vec<(AccountId, Weight)>,
    tolerance: Perbill,
) -> Vec<(AccountId, Weight)> {
    let steady = old.len() == new.len()
        && old.iter().zip(&new).all(|((a, before), (b, now))| {
            a == b && before.abs_diff(*now) <= tolerance.mul_floor(*before)
        });
    if !steady {
        return new;
    }
    let weights = old.iter().map(|(_, weight)| *weight);
    new.into_iter()
        .zip(weights)
        .map(|((node, _), weight)| (node, weight))
        .collect()
}

/// What is left of a set without those whom `leaves` names: as they stand, with their weights, which are
/// cut once more if one of them has become too heavy for what is left. None if these are fewer than
/// `least`, or than one.
pub fn without<AccountId>(
    members: Vec<(AccountId, Weight)>,
    least: u32,
    leaves: impl Fn(&AccountId) -> bool,
) -> Option<Vec<(AccountId, Weight)>> {
    let all = members.len();
    let mut left = members;
    left.retain(|(node, _)| !leaves(node));
    if left.len() < (least as usize).max(1) {
        return None;
    }
    if left.len() < all {
        let mut weights: Vec<_> = left.iter().map(|(_, weight)| *weight).collect();
        weights.sort_by(|a, b| b.cmp(a));
        if let Some(cap) = cap(&weights) {
            for (_, weight) in &mut left {
                *weight = (*weight).min(cap);
            }
        }
    }
    Some(left)
}

/// The highest weight `c` with which none of `weights`, cut to `c`, is above the `T` that then
/// results; none if nothing needs to be cut, or there are fewer than four. The weights are in
/// descending order and at least 1.
///
/// With `W(c) = Σ min(w, c)` that is the highest `c` with `3c <= W(c) - 1`, a fixpoint since `W`
/// depends on `c`. At most three can be cut: what four weigh alike, no cap lowers. If the first `k`
/// are, `W(c) = k·c + rest(k)`, so `c = (rest(k) - 1) / (3 - k)`, and `k` is right if the next
/// weight is not above that. With three equal heaviest and anything beside them, each is at most T.
pub fn cap(weights: &[Weight]) -> Option<Weight> {
    if weights.len() < CAPPED_FROM {
        return None;
    }
    let total = weights
        .iter()
        .fold(0u64, |sum, weight| sum.saturating_add(*weight));
    let [first, second, third, ..] = weights else {
        return None;
    };
    if *first <= total.saturating_sub(1) / 3 {
        return None;
    }
    let rest = total.saturating_sub(*first);
    let one = rest.saturating_sub(1) / 2;
    if one >= *second {
        return Some(one);
    }
    let two = rest.saturating_sub(*second).saturating_sub(1);
    Some(two.clamp(*third, *second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(weights: &[Weight], c: Weight) -> bool {
        let total: Weight = weights.iter().map(|w| *w.min(&c)).sum();
        3 * c < total
    }

    /// The definition, tried out.
    fn cap_by_trial(weights: &[Weight]) -> Option<Weight> {
        let first = weights[0];
        if holds(weights, first) {
            return None;
        }
        (1..first).rev().find(|c| holds(weights, *c))
    }

    fn candidate(node: u64, stake: Balance) -> Candidate<u64> {
        Candidate { node, stake }
    }

    #[test]
    fn the_highest_stakes_are_elected_in_the_order_of_accounts() {
        let list = [(1, 10), (2, 40), (3, 30), (4, 0), (5, 40)];
        let list: Vec<_> = list.map(|(n, s)| candidate(n, s)).into();
        let elected = |seats, least| {
            elect(list.clone(), seats, least)
                .map(|members| members.into_iter().map(|(n, _)| n).collect::<Vec<_>>())
        };
        assert_eq!(elected(3, 1), Some(vec![2, 3, 5]));
        assert_eq!(elected(1, 1), Some(vec![2]), "of equals the first");
        assert_eq!(elected(9, 4), Some(vec![1, 2, 3, 5]), "none without stake");
        assert_eq!(elected(9, 5), None);
        assert_eq!(elect(Vec::<Candidate<u64>>::new(), 9, 0), None);
    }

    #[test]
    fn weights_follow_stakes_and_stop_at_a_third() {
        for (stakes, expected) in [
            (&[7][..], &[1_000_000][..]),
            (&[5, 3, 2], &[500_000, 300_000, 200_000]),
            (&[4, 3, 2, 1], &[299_999, 299_999, 200_000, 100_000]),
            (&[1, 1, 1, 1], &[250_000; 4]),
            (&[u128::MAX, 1, 1, 1], &[1, 1, 1, 1]),
            (&[10, 10, 10, 1], &[322_580, 322_580, 322_580, 32_258]),
        ] {
            assert_eq!(weights(stakes), expected, "{stakes:?}");
        }
    }

    #[test]
    fn weights_stay_as_long_as_they_hardly_change() {
        let old = vec![(1, 1_000), (2, 500)];
        let next = |new: &[(u64, Weight)], percent| {
            keep_steady(&old, new.to_vec(), Perbill::from_percent(percent))
        };
        assert_eq!(next(&[(1, 1_010), (2, 495)], 1), old);
        for changed in [
            &[(1, 1_011), (2, 500)][..],
            &[(1, 1_000), (2, 494)],
            &[(1, 1_000), (3, 500)],
            &[(1, 1_000)],
            &[(1, 1_000), (2, 500), (3, 1)],
        ] {
            assert_eq!(next(changed, 1), changed);
        }
        assert_eq!(next(&[(1, 1_001), (2, 500)], 0), [(1, 1_001), (2, 500)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn the_cap_is_the_highest_that_holds(mut list in prop::collection::vec(1u64..200, 4..9)) {
            list.sort_by(|a, b| b.cmp(a));
            prop_assert_eq!(cap(&list), cap_by_trial(&list), "{:?}", list);
        }

        #[test]
        fn what_is_left_is_a_sound_set(
            weights in prop::collection::vec(1u64..1_000, 1..30),
            leave in prop::collection::vec(any::<bool>(), 30),
            least in 0u32..6,
        ) {
            let set: Vec<_> = weights.iter().copied().enumerate().collect();
            let staying: Vec<_> = set.iter().filter(|(i, _)| !leave[*i]).copied().collect();
            match without(set.clone(), least, |i| leave[*i]) {
                None => prop_assert!(staying.len() < (least as usize).max(1)),
                Some(left) => {
                    prop_assert!(left.len() >= (least as usize).max(1));
                    prop_assert_eq!(left.len(), staying.len());
                    for ((node, weight), (stays, before)) in left.iter().zip(&staying) {
                        prop_assert_eq!(node, stays);
                        prop_assert!(*weight >= 1 && weight <= before);
                    }
                    let total: u64 = left.iter().map(|(_, weight)| weight).sum();
                    if left.len() == set.len() {
                        prop_assert_eq!(&left, &set);
                    } else if left.len() >= CAPPED_FROM {
                        prop_assert!(left.iter().all(|(_, weight)| *weight <= (total - 1) / 3));
                    }
                }
            }
        }

        #[test]
        fn no_weight_is_above_t(mut stakes in prop::collection::vec(1u128.., 1..50)) {
            stakes.sort_by(|a, b| b.cmp(a));
            let weights = weights(&stakes);
            let total: u64 = weights.iter().sum();
            prop_assert!(weights.iter().all(|w| *w >= 1));
            prop_assert!(weights.windows(2).all(|w| w[0] >= w[1]));
            if stakes.len() >= CAPPED_FROM {
                prop_assert!(weights[0] <= (total - 1) / 3);
            }
        }
    }
}
