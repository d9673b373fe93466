// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who proposes: a weighted draw without replacement over the views of a height.

use crate::{AuthorityIndex, AuthoritySet, Height, View, Weight};
use alloc::vec::Vec;
use codec::Encode;

/// Separates the draw from other uses of the seed.
const DRAW_DOMAIN: &[u8] = b"hansa/pbft/primary/1";

/// The primary of (`height`, `view`); none if the set is empty.
///
/// View 0 is drawn from all authorities with probability in proportion to weight, view 1 likewise
/// from the others, and so on; after all have had their turn the order begins anew. So a height has
/// an honest primary after as many views as there are faulty authorities at most.
///
/// Each draw reduces 128 bits of `BLAKE2b(domain, seed, height, draw)` modulo the weight that is
/// left (below 2^64): the bias is below 2^-64. Time is O(n · (view mod n)).
pub fn primary(
    set: &AuthoritySet,
    seed: &[u8; 32],
    height: Height,
    view: View,
) -> Option<AuthorityIndex> {
    let turns = u32::try_from(set.len()).ok()?;
    let turn = view.checked_rem(turns)?;
    let mut left: Vec<(AuthorityIndex, Weight)> = set
        .authorities()
        .iter()
        .enumerate()
        .map(|(i, a)| (i as AuthorityIndex, a.weight))
        .collect();
    let mut total = set.total_weight();
    let mut drawn = None;
    for draw in 0..=turn {
        let at = pick(&left, draw_number(seed, height, draw), total)?;
        let (index, weight) = left.remove(at);
        total = total.saturating_sub(weight);
        drawn = Some(index);
    }
    drawn
}

/// A number of 128 bits for draw number `draw` of `height`.
fn draw_number(seed: &[u8; 32], height: Height, draw: u32) -> u128 {
    let hash = sp_crypto_hashing::blake2_128(&(DRAW_DOMAIN, seed, height, draw).encode());
    u128::from_le_bytes(hash)
}

/// The position in `left` at which the running sum of weights passes `number` modulo `total`.
fn pick(left: &[(AuthorityIndex, Weight)], number: u128, total: Weight) -> Option<usize> {
    let mut point = number.checked_rem(u128::from(total))?;
    for (at, (_, weight)) in left.iter().enumerate() {
        match point.checked_sub(u128::from(*weight)) {
            Some(rest) => point = rest,
            None => return Some(at),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, AuthorityPair};
    use sp_core::Pair;

    fn set(weights: &[Weight]) -> AuthoritySet {
        let list = weights
            .iter()
            .enumerate()
            .map(|(i, w)| Authority {
                key: AuthorityPair::from_seed(&[i as u8; 32]).public(),
                weight: *w,
            })
            .collect();
        AuthoritySet::new(0, list).unwrap()
    }

    #[test]
    fn every_authority_has_its_turn_once_before_any_has_it_twice() {
        let set = set(&[5, 1, 3, 2, 100]);
        for height in 0..50 {
            let mut order: Vec<_> = (0..5)
                .map(|v| primary(&set, &[7; 32], height, v).unwrap())
                .collect();
            assert_eq!(
                primary(&set, &[7; 32], height, 5),
                Some(order[0]),
                "it begins anew"
            );
            order.sort();
            assert_eq!(order, [0, 1, 2, 3, 4]);
        }
    }

    #[test]
    fn shares_of_view_zero_match_weights() {
        // Chi-square with 3 degrees of freedom: above 16.27 with probability 0.001.
        let weights = [1u64, 2, 3, 4];
        let set = set(&weights);
        let heights = 20_000u32;
        let mut counts = [0f64; 4];
        for height in 0..heights {
            counts[usize::from(primary(&set, &[42; 32], height, 0).unwrap())] += 1.0;
        }
        let chi: f64 = weights
            .iter()
            .zip(counts)
            .map(|(w, n)| {
                let expected = f64::from(heights) * *w as f64 / 10.0;
                (n - expected).powi(2) / expected
            })
            .sum();
        assert!(chi < 16.27, "chi-square {chi}, counts {counts:?}");
    }

    #[test]
    fn seed_and_height_change_the_order() {
        let set = set(&[1; 16]);
        let order = |seed: u8, height| -> Vec<_> {
            (0..16)
                .map(|v| primary(&set, &[seed; 32], height, v).unwrap())
                .collect()
        };
        assert_ne!(order(1, 1), order(2, 1));
        assert_ne!(order(1, 1), order(1, 2));
        assert_eq!(order(1, 1), order(1, 1));
    }
}
