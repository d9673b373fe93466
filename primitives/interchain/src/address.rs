// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chain ids and chain addresses.
//!
//! A chain address is `<chain id>x<account>`: the chain id in lower-case hex without leading zeros,
//! the account's bytes in lower-case hex. So `0x…` is an account of the local chain, and an address
//! has one spelling.

use alloc::{string::String, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::{fmt, str::FromStr};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The number of a chain.
pub type ChainId = u32;

/// The chain id that stands for the chain itself. No chain has it as its own.
pub const LOCAL: ChainId = 0;

/// The most bytes that an account has on any chain.
pub const MAX_ACCOUNT_BYTES: u32 = 64;

/// The most hex digits of a chain id.
const MAX_ID_DIGITS: usize = 8;

/// The most characters of a chain address.
pub const MAX_ADDRESS_CHARS: usize = MAX_ID_DIGITS + 1 + 2 * MAX_ACCOUNT_BYTES as usize;

/// The bytes of an account on some chain, as that chain encodes it.
pub type AccountBytes = BoundedVec<u8, ConstU32<MAX_ACCOUNT_BYTES>>;

/// Why a text is no chain address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// There is no `x`.
    #[error(
        "a chain address is written <chain id>x<account>, in lower-case hex; there is no \"x\""
    )]
    NoSeparator,
    /// Nothing stands before the `x`.
    #[error("the chain id is missing; 0 stands for the local chain")]
    NoChainId,
    /// The chain id has more than eight digits.
    #[error("the chain id is longer than 8 hex digits")]
    ChainIdTooLong,
    /// The chain id begins with a zero.
    #[error("the chain id has a leading zero")]
    LeadingZero,
    /// A character is no lower-case hex digit.
    #[error("character {0} is no lower-case hex digit")]
    NotHex(u32),
    /// Nothing stands after the `x`.
    #[error("the account is missing")]
    NoAccount,
    /// The account has half a byte too much.
    #[error("the account has an odd number of hex digits")]
    OddAccount,
    /// The account has more than [`MAX_ACCOUNT_BYTES`].
    #[error("the account is longer than {MAX_ACCOUNT_BYTES} bytes")]
    AccountTooLong,
}

/// An account on a chain.
#[derive(
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct ChainAddress {
    /// The chain; [`LOCAL`] for the chain on which the address is used.
    pub chain: ChainId,
    /// The account on it.
    pub account: AccountBytes,
}

impl ChainAddress {
    /// The address of `account` on `chain`; none if the account is empty or too long.
    pub fn new(chain: ChainId, account: Vec<u8>) -> Option<Self> {
        let account = AccountBytes::try_from(account).ok()?;
        (!account.is_empty()).then_some(Self { chain, account })
    }

    /// Whether the account is on the chain with id `own`.
    pub fn is_local(&self, own: ChainId) -> bool {
        self.chain == LOCAL || self.chain == own
    }
}

impl fmt::Display for ChainAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}x", self.chain)?;
        self.account
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ChainAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (id, account) = text.split_once('x').ok_or(AddressError::NoSeparator)?;
        let chain = parse_id(id)?;
        let offset = id.len().saturating_add(1);
        if account.is_empty() {
            return Err(AddressError::NoAccount);
        }
        if account.len() > 2 * MAX_ACCOUNT_BYTES as usize {
            return Err(AddressError::AccountTooLong);
        }
        let digits = account
            .bytes()
            .enumerate()
            .map(|(i, c)| digit(c).ok_or(AddressError::NotHex(offset.saturating_add(i) as u32)))
            .collect::<Result<Vec<u8>, _>>()?;
        let bytes = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Ok((high << 4) | low),
                _ => Err(AddressError::OddAccount),
            })
            .collect::<Result<Vec<u8>, _>>()?;
        let account = bytes.try_into().map_err(|_| AddressError::AccountTooLong)?;
        Ok(Self { chain, account })
    }
}

/// Parse a chain id: lower-case hex without leading zeros.
pub fn parse_id(text: &str) -> Result<ChainId, AddressError> {
    if text.is_empty() {
        return Err(AddressError::NoChainId);
    }
    if text.len() > MAX_ID_DIGITS {
        return Err(AddressError::ChainIdTooLong);
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(AddressError::LeadingZero);
    }
    text.bytes().enumerate().try_fold(0, |id: ChainId, (i, c)| {
        let digit = digit(c).ok_or(AddressError::NotHex(i as u32))?;
        Ok((id << 4) | ChainId::from(digit))
    })
}

/// The value of a lower-case hex digit.
fn digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c.saturating_sub(b'0')),
        b'a'..=b'f' => Some(c.saturating_sub(b'a').saturating_add(10)),
        _ => None,
    }
}

impl serde::Serialize for ChainAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for ChainAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_and_written() {
        let cases: &[(&str, ChainId, &[u8])] = &[
            ("0x63ea", 0, &[0x63, 0xea]),
            ("e2e4x63ea", 0xe2e4, &[0x63, 0xea]),
            ("ffffffffx00", u32::MAX, &[0]),
            ("1xff", 1, &[0xff]),
        ];
        for (text, chain, account) in cases {
            let address = ChainAddress::new(*chain, account.to_vec()).unwrap();
            assert_eq!(text.parse(), Ok(address.clone()));
            assert_eq!(address.to_string(), *text);
        }
        assert!(ChainAddress::new(1, alloc::vec![]).is_none());
        assert!(ChainAddress::new(1, alloc::vec![0; 65]).is_none());
        let longest = ChainAddress::new(u32::MAX, alloc::vec![0xff; 64]).unwrap();
        assert_eq!(longest.to_string().len(), MAX_ADDRESS_CHARS);
    }

    #[test]
    fn what_is_no_address_says_why() {
        use AddressError::*;
        let long = "1x".to_string() + &"00".repeat(65);
        for (text, error) in [
            ("", NoSeparator),
            ("63ea", NoSeparator),
            ("x63ea", NoChainId),
            ("123456789x63", ChainIdTooLong),
            ("00x63", LeadingZero),
            ("01x63", LeadingZero),
            ("Ax63", NotHex(0)),
            ("1g3x63", NotHex(1)),
            ("1x", NoAccount),
            ("1x6", OddAccount),
            ("1x6G", NotHex(3)),
            ("1x6x", NotHex(3)),
            (" 1x63", NotHex(0)),
            ("1x63\n", NotHex(4)),
            ("1xé0", NotHex(2)),
            (&long, AccountTooLong),
        ] {
            assert_eq!(text.parse::<ChainAddress>(), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(chain: ChainId, account in prop::collection::vec(any::<u8>(), 1..=64)) {
            let address = ChainAddress::new(chain, account).unwrap();
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }

        #[test]
        fn an_address_has_one_spelling(text in "[0-9a-fxA-G]{0,12}|.{0,20}") {
            if let Ok(address) = text.parse::<ChainAddress>() {
                prop_assert_eq!(address.to_string(), text);
            }
        }
    }
}
