// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What sending costs: more, the fuller the lane.

use crate::Balance;

/// By how much the price is multiplied, at most, when a lane is full.
pub const MAX_FACTOR: u32 = 16;

/// The price of a packet of `bytes` in a lane of which `unsettled` of `window` places are taken.
///
/// Up to half full it is `base + bytes * per_byte`. From there on a surcharge grows with the square of
/// how much of the other half is taken, up to [`MAX_FACTOR`] times the price; so a lane that is
/// flooded gets expensive before it is full, and cheap again by itself when results come.
pub fn price(base: Balance, per_byte: Balance, bytes: u32, unsettled: u64, window: u32) -> Balance {
    let plain = base.saturating_add(per_byte.saturating_mul(bytes.into()));
    let window = u64::from(window.max(1));
    let half = window / 2;
    let over = u128::from(unsettled.min(window).saturating_sub(half));
    let room = u128::from(window.saturating_sub(half).max(1));
    let growth = plain
        .saturating_mul(u128::from(MAX_FACTOR.saturating_sub(1)))
        .saturating_mul(over.saturating_mul(over))
        / room.saturating_mul(room);
    plain.saturating_add(growth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices() {
        for (unsettled, factor_percent) in [
            (0, 100),
            (50, 100),
            (60, 160),
            (75, 475),
            (100, 1_600),
            (200, 1_600),
        ] {
            assert_eq!(
                price(90, 1, 10, unsettled, 100),
                factor_percent,
                "{unsettled}"
            );
        }
        assert_eq!(price(10, 0, 0, 1, 1), 160);
        assert_eq!(price(10, 0, 0, 0, 0), 10);
        assert_eq!(price(u128::MAX, 1, 1, 100, 100), u128::MAX);
    }

    proptest! {
        #[test]
        fn prices_rise_with_what_is_in_flight(base in 0..1u128 << 90, bytes: u32, window: u32, a: u64, b: u64) {
            let (less, more) = (a.min(b), a.max(b));
            let low = price(base, 3, bytes, less, window);
            let high = price(base, 3, bytes, more, window);
            prop_assert!(low <= high);
            prop_assert!(low >= base);
        }
    }
}
