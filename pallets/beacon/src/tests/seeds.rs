// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The seeds of proposer schedules, and the primaries that are drawn by them.

use crate::mock::*;
use hansa_beacon_primitives::output::session_seed;
use hansa_pbft_primitives::{
    primary::primary, Authority, AuthorityPair, AuthoritySet, NextSeed, Weight,
};
use sp_core::Pair;
use std::collections::BTreeSet;

fn set(weights: &[Weight]) -> AuthoritySet {
    let authority = |(i, weight): (usize, &Weight)| Authority {
        key: AuthorityPair::from_seed(&[i as u8; 32]).public(),
        weight: *weight,
    };
    AuthoritySet::new(0, weights.iter().enumerate().map(authority).collect()).unwrap()
}

/// The seeds of as many epochs, each fed by three nodes.
fn seeds(epochs: u32) -> Vec<[u8; 32]> {
    (0..epochs)
        .map(|session| {
            let nodes = [1, 2, 3].map(|n| u64::from(session % 50) * 3 + n);
            whole_epoch(&nodes, &nodes);
            let seed = Beacons::next_seed(&[0; 32], session);
            assert_eq!(seed, session_seed(&Beacons::beacon(), session));
            seed
        })
        .collect()
}

/// The chi-square statistic of counts against weights.
fn chi_square(weights: &[Weight], counts: &[f64]) -> f64 {
    let total: f64 = counts.iter().sum();
    let weight: f64 = weights.iter().map(|w| *w as f64).sum();
    weights
        .iter()
        .zip(counts)
        .map(|(w, n)| {
            let expected = total * *w as f64 / weight;
            (n - expected).powi(2) / expected
        })
        .sum()
}

#[test]
fn each_epoch_has_a_seed_of_its_own() {
    ExtBuilder::default().run(|| {
        let seeds = seeds(12);
        assert_eq!(seeds.iter().collect::<BTreeSet<_>>().len(), 12);
    });
}

#[test]
fn sessions_within_an_epoch_have_seeds_of_their_own() {
    ExtBuilder::default().run(|| {
        let of = |session| Beacons::next_seed(&[0; 32], session);
        assert_ne!(of(1), of(2));
    });
}

/// With a fixed entropy everything here is fixed: the beacons, the schedules, the statistic.
#[test]
fn shares_of_primaries_match_weights_over_many_epochs() {
    ExtBuilder::default().run(|| {
        // Seven degrees of freedom: above 24.32 with probability 0.001.
        let weights = [1u64, 2, 3, 5, 8, 13, 21, 27];
        let set = set(&weights);
        let mut firsts = [0f64; 8];
        let mut seconds_after_last = [0f64; 8];
        let mut height = 1;
        for seed in seeds(20) {
            for _ in 0..1_500 {
                let first = usize::from(primary(&set, &seed, height, 0).unwrap());
                firsts[first] += 1.0;
                if first == 7 {
                    let second = primary(&set, &seed, height, 1).unwrap();
                    seconds_after_last[usize::from(second)] += 1.0;
                }
                height += 1;
            }
        }
        let chi = chi_square(&weights, &firsts);
        assert!(chi < 24.32, "view 0: chi-square {chi}, counts {firsts:?}");
        // In view 1 the others are drawn by their weights among each other. Six degrees of freedom:
        // above 22.46 with probability 0.001.
        assert_eq!(seconds_after_last[7], 0.0);
        let chi = chi_square(&weights[..7], &seconds_after_last[..7]);
        assert!(
            chi < 22.46,
            "view 1: chi-square {chi}, counts {seconds_after_last:?}"
        );
    });
}
