// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The token.

use hansa_primitives::Balance;

/// The token's symbol.
pub const SYMBOL: &str = "HANSA";

/// How many decimals the token has.
pub const DECIMALS: u8 = 12;

/// The prefix of addresses in SS58 (the generic one).
pub const SS58_PREFIX: u8 = 42;

/// A token, in its smallest unit.
pub const UNIT: Balance = 1_000_000_000_000;

/// A thousandth of a token.
pub const MILLI: Balance = UNIT / 1_000;

/// A millionth of a token.
pub const MICRO: Balance = MILLI / 1_000;

/// The least that an account holds; with less it does not exist.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI;

/// What is held for an item in storage, whatever its size.
const DEPOSIT_PER_ITEM: Balance = 100 * MILLI;

/// What is held for a byte in storage.
const DEPOSIT_PER_BYTE: Balance = 100 * MICRO;

/// What is held for `items` in storage that have `bytes` together.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
    (items as Balance * DEPOSIT_PER_ITEM).saturating_add(bytes as Balance * DEPOSIT_PER_BYTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deposits_grow_with_items_and_bytes() {
        assert_eq!(deposit(0, 0), 0);
        assert_eq!(deposit(1, 0), UNIT / 10);
        assert_eq!(deposit(2, 10_000), UNIT / 5 + UNIT);
        assert!(deposit(u32::MAX, u32::MAX) > deposit(u32::MAX, 0));
    }
}
