// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a name may be: a function without storage, so that it is tested by itself.

use frame_support::{traits::ConstU32, BoundedVec};

/// The fewest bytes that a name has.
pub const MIN_NAME: usize = 3;

/// The most bytes that a name has.
pub const MAX_NAME: u32 = 32;

/// A name.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;

/// Whether these bytes are a name: [`MIN_NAME`] to [`MAX_NAME`] of `a`-`z`, `0`-`9`, and single `-` between them.
pub fn is_name(bytes: &[u8]) -> bool {
    let is_part = |part: &[u8]| {
        !part.is_empty() && part.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'))
    };
    (MIN_NAME..=MAX_NAME as usize).contains(&bytes.len())
        && bytes.split(|b| *b == b'-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn letters_digits_and_single_hyphens_between_them() {
        for good in ["abc", "a-b", "0x0", "the-end-2", &"a".repeat(32)] {
            assert!(is_name(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "ab",
            "-ab",
            "ab-",
            "a--b",
            "Abc",
            "a b",
            "ä-ö",
            &"a".repeat(33),
        ] {
            assert!(!is_name(bad.as_bytes()), "{bad}");
        }
    }
}
