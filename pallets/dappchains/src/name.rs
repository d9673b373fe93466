// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Which names a chain may have.
//!
//! A name is typed, read aloud and compared by people, so it has few kinds of characters: `a` to `z`,
//! `0` to `9`, and `-` between them. It begins with a letter. One that could be read as a chain id (hex
//! digits only) or as an address (hex digits, `x`, hex digits) is refused.

use hansa_dappchain_primitives::MAX_NAME_BYTES;

/// The least bytes of a name.
pub const MIN_NAME_BYTES: u32 = 3;

/// Names that would mislead.
const RESERVED: [&[u8]; 5] = [b"hansa", b"hub", b"local", b"dev", b"poa"];

/// Why a name is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameError {
    /// It has fewer or more bytes than allowed.
    Length,
    /// It has a character that is not allowed, or not there.
    Character,
    /// It could be read as a chain id or an address.
    LooksLikeId,
    /// It is kept for something else.
    Reserved,
}

/// Check a name.
pub fn check(name: &[u8]) -> Result<(), NameError> {
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    if !(MIN_NAME_BYTES..=MAX_NAME_BYTES).contains(&length) {
        return Err(NameError::Length);
    }
    let mut last = b'-';
    for (at, byte) in name.iter().enumerate() {
        match byte {
            b'a'..=b'z' => {}
            b'0'..=b'9' if at > 0 => {}
            b'-' if last != b'-' => {}
            _ => return Err(NameError::Character),
        }
        last = *byte;
    }
    if last == b'-' {
        return Err(NameError::Character);
    }
    if name.split(|byte| *byte == b'x').take(3).count() <= 2
        && name.iter().all(|byte| is_hex(*byte) || *byte == b'x')
    {
        return Err(NameError::LooksLikeId);
    }
    if RESERVED.contains(&name) {
        return Err(NameError::Reserved);
    }
    Ok(())
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn examples() {
        use NameError::*;
        for (name, expected) in [
            ("exchange", Ok(())),
            ("kv-2", Ok(())),
            ("a-b-c", Ok(())),
            ("hanseatic", Ok(())),
            ("an-address-x", Ok(())),
            ("axbxc", Ok(())),
            ("ab", Err(Length)),
            ("", Err(Length)),
            ("a23456789012345678901234567890123", Err(Length)),
            ("Shop", Err(Character)),
            ("shop_1", Err(Character)),
            ("shop 1", Err(Character)),
            ("1shop", Err(Character)),
            ("-shop", Err(Character)),
            ("shop-", Err(Character)),
            ("sh--op", Err(Character)),
            ("schöner", Err(Character)),
            ("face", Err(LooksLikeId)),
            ("e2e4", Err(LooksLikeId)),
            ("e2e4x63ea", Err(LooksLikeId)),
            ("abcx", Err(LooksLikeId)),
            ("hub", Err(Reserved)),
            ("hansa", Err(Reserved)),
        ] {
            assert_eq!(check(name.as_bytes()), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_is_plain(name in proptest::collection::vec(any::<u8>(), 0..40)) {
            if check(&name).is_ok() {
                let text = core::str::from_utf8(&name).unwrap();
                prop_assert!(text.starts_with(|c: char| c.is_ascii_lowercase()));
                prop_assert!(!text.ends_with('-') && !text.contains("--"));
                prop_assert!(u32::from_str_radix(text, 16).is_err());
            }
        }

        #[test]
        fn words_pass(name in "[g-w][a-z]{2,20}(-[a-z0-9]{1,4}){0,2}") {
            let passes = check(name.as_bytes());
            prop_assert!(passes == Ok(()) || passes == Err(NameError::Reserved));
        }
    }
}
