// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The odds of a fair draw.

/// The probability that at least `wanted` of `drawn` nodes are bad, if `bad` of `nodes` are:
/// hypergeometric.
pub fn at_least(nodes: usize, bad: usize, drawn: usize, wanted: usize) -> f64 {
    (wanted..=drawn.min(bad))
        .filter(|hits| drawn - hits <= nodes - bad)
        .map(|hits| {
            (ln_choose(bad, hits) + ln_choose(nodes - bad, drawn - hits) - ln_choose(nodes, drawn))
                .exp()
        })
        .sum()
}

/// The logarithm of the number of ways to choose `k` of `n`.
fn ln_choose(n: usize, k: usize) -> f64 {
    (0..k.min(n))
        .map(|i| ((n - i) as f64 / (i + 1) as f64).ln())
        .sum()
}

/// How much the best of `choices` independent normal values is above the mean, in standard deviations.
pub fn best_of(choices: f64) -> f64 {
    if choices <= 1.0 {
        return 0.0;
    }
    // The expectation of a maximum, as the integral of 1 - F^n - F^n mirrored; midpoint rule.
    let step = 0.001;
    (0..12_000)
        .map(|i| (f64::from(i) + 0.5) * step)
        .map(|x| {
            let above = upper_tail(x);
            let all_below = |tail: f64| (choices * (-tail).ln_1p()).exp();
            1.0 - all_below(above) - (choices * above.ln()).exp()
        })
        .sum::<f64>()
        * step
}

/// The probability that a normal value is above `x`, at least 0: Abramowitz and Stegun 26.2.17 up to 5,
/// and the asymptotic expansion beyond, where that formula loses its relative precision.
fn upper_tail(x: f64) -> f64 {
    let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x > 5.0 {
        let square = x * x;
        return density / x * (1.0 - 1.0 / square + 3.0 / square.powi(2) - 15.0 / square.powi(3));
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * x);
    let coefficients = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let polynomial = coefficients.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    density * polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fair_odds_are_hypergeometric() {
        // Of 4 nodes 2 bad, 2 drawn: both bad in one of six ways.
        assert!((at_least(4, 2, 2, 2) - 1.0 / 6.0).abs() < 1e-12);
        assert!((at_least(100, 25, 10, 0) - 1.0).abs() < 1e-9);
        assert_eq!(at_least(100, 3, 10, 4), 0.0);
        assert!((at_least(4, 3, 2, 1) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_best_of_many_is_known_from_tables() {
        for (choices, expected) in [(1.0, 0.0), (2.0, 0.5642), (10.0, 1.5388), (100.0, 2.5076)] {
            let found = best_of(choices);
            assert!((found - expected).abs() < 2e-3, "{choices}: {found}");
        }
    }
}
