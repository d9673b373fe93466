// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The odds of a fair draw: hypergeometric.

/// The probability that at least `wanted` of `drawn` nodes are bad, if `bad` of `nodes` are.
pub fn at_least(nodes: u32, bad: u32, drawn: u32, wanted: u32) -> f64 {
    (wanted..=drawn.min(bad))
        .filter(|hits| drawn - hits <= nodes - bad)
        .map(|hits| {
            let ways = ln_choose(bad, hits) + ln_choose(nodes - bad, drawn - hits);
            (ways - ln_choose(nodes, drawn)).exp()
        })
        .sum()
}

/// The most bad nodes that a chain of `drawn` gets with at least this probability.
pub fn worst(nodes: u32, bad: u32, drawn: u32, probability: f64) -> u32 {
    (0..=drawn)
        .rev()
        .find(|hits| at_least(nodes, bad, drawn, *hits) >= probability)
        .unwrap_or(0)
}

/// The logarithm of the number of ways to choose `k` of `n`.
fn ln_choose(n: u32, k: u32) -> f64 {
    (0..k)
        .map(|i| (f64::from(n - i) / f64::from(i + 1)).ln())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_that_can_be_counted() {
        // Of 4 nodes 2 bad, 2 drawn: both bad in one of six ways, none in one.
        assert!((at_least(4, 2, 2, 2) - 1.0 / 6.0).abs() < 1e-12);
        assert!((at_least(4, 2, 2, 1) - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(at_least(100, 3, 10, 4), 0.0);
        assert_eq!(worst(4, 2, 2, 0.1), 2);
        assert_eq!(worst(4, 2, 2, 0.2), 1);
    }
}
