// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The values of which a short chain spec is made, each with an error that says what it should be.

use hansa_beacon_primitives::BeaconId;
use hansa_interchain_primitives::{address::parse_id, ChainId, LOCAL};
use hansa_pbft_primitives::AuthorityId;
use hansa_primitives::{AccountId, Balance, Hash};
use serde::{
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
    Deserialize, Deserializer, Serialize, Serializer,
};
use serde_json::Value;
use sp_core::crypto::Ss58Codec;
use std::{fmt, marker::PhantomData};

/// The number of bytes of an account or a key.
const KEY_BYTES: usize = 32;

/// An amount in the smallest unit of the token.
///
/// In JSON a number, or a string of digits for those that many programs cannot hold as a number;
/// underscores may separate the digits of a string.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amount(pub Balance);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.replace('_', ""),
            other => {
                return Err(D::Error::custom(format!(
                    "an amount is a whole number or a string of digits, not {}",
                    kind_of(&other)
                )))
            }
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(D::Error::custom(format!(
                "`{digits}` is not an amount: write a whole number of the smallest unit"
            )));
        }
        digits.parse().map(Self).map_err(|_| {
            D::Error::custom(format!(
                "`{digits}` is too large for an amount (at most 2^128 - 1)"
            ))
        })
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

/// An account: an SS58 address or 32 bytes in hex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Account(pub AccountId);

impl Account {
    /// Read an account as it stands in a chain spec.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(bytes) = hex_bytes(text) {
            return bytes.map(|b| Self(AccountId::new(b)));
        }
        AccountId::from_ss58check(text).map(Self).map_err(|e| {
            format!("`{text}` is not an account (SS58 address or 32 bytes in hex): {e:?}")
        })
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_ss58check())
    }
}

/// The public part of a validator's pBFT key (ed25519): an SS58 address or 32 bytes in hex.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PbftKey(pub AuthorityId);

impl PbftKey {
    /// Read a key as it stands in a chain spec.
    fn parse(text: &str) -> Result<Self, String> {
        let key = match hex_bytes(text) {
            Some(bytes) => sp_core::ed25519::Public::from_raw(bytes?),
            None => sp_core::ed25519::Public::from_ss58check(text).map_err(|e| {
                format!("`{text}` is not an ed25519 key (SS58 address or 32 bytes in hex): {e:?}")
            })?,
        };
        Ok(Self(key.into()))
    }
}

impl<'de> Deserialize<'de> for PbftKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for PbftKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_ss58check())
    }
}

/// The public part of a validator's beacon key (sr25519): an SS58 address or 32 bytes in hex.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BeaconKey(pub BeaconId);

impl BeaconKey {
    /// Read a key as it stands in a chain spec.
    fn parse(text: &str) -> Result<Self, String> {
        let key = match hex_bytes(text) {
            Some(bytes) => sp_core::sr25519::Public::from_raw(bytes?),
            None => sp_core::sr25519::Public::from_ss58check(text).map_err(|e| {
                format!("`{text}` is not an sr25519 key (SS58 address or 32 bytes in hex): {e:?}")
            })?,
        };
        Ok(Self(key.into()))
    }
}

impl<'de> Deserialize<'de> for BeaconKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for BeaconKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_ss58check())
    }
}

/// What the first beacon of a chain is made of: 32 bytes in hex.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entropy(pub Hash);

impl<'de> Deserialize<'de> for Entropy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let not_hex = || Err(format!("`{text}` is not {KEY_BYTES} bytes in hex (0x…)"));
        let bytes = hex_bytes(&text).unwrap_or_else(not_hex);
        bytes.map(|b| Self(b.into())).map_err(D::Error::custom)
    }
}

impl Serialize for Entropy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The id of a chain among others: lower-case hex without leading zeros, as in addresses. Not 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpecChainId(pub ChainId);

impl<'de> Deserialize<'de> for SpecChainId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::String(text) = Value::deserialize(deserializer)? else {
            return Err(D::Error::custom(
                "a chain id is a string of up to 8 digits in lower-case hex, as in \"e2e4\"",
            ));
        };
        match parse_id(&text) {
            Ok(LOCAL) => Err(D::Error::custom(
                "0 stands for the local chain in addresses: no chain has it as its own",
            )),
            Ok(id) => Ok(Self(id)),
            Err(error) => Err(D::Error::custom(format!(
                "`{text}` is no chain id: {error}"
            ))),
        }
    }
}

impl Serialize for SpecChainId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{:x}", self.0))
    }
}

/// The 32 bytes of `0x…`; none if `text` does not begin so.
fn hex_bytes(text: &str) -> Option<Result<[u8; KEY_BYTES], String>> {
    let digits = text.strip_prefix("0x")?;
    let bytes = (digits.len() == 2 * KEY_BYTES && digits.is_ascii())
        .then(|| {
            let mut bytes = [0u8; KEY_BYTES];
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok()?;
            }
            Some(bytes)
        })
        .flatten();
    Some(bytes.ok_or_else(|| format!("`{text}` is not {KEY_BYTES} bytes in hex")))
}

/// A JSON object whose keys are data, in the order of the file. A key that stands there twice is
/// refused, where an ordinary map would silently keep the last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UniqueMap<V>(pub Vec<(Account, V)>);

impl<V> Default for UniqueMap<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: DeserializeOwned> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueMapVisitor(PhantomData))
    }
}

impl<V: Serialize> Serialize for UniqueMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(k, v)| (k, v)))
    }
}

struct UniqueMapVisitor<V>(PhantomData<V>);

impl<'de, V: DeserializeOwned> Visitor<'de> for UniqueMapVisitor<V> {
    type Value = UniqueMap<V>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with an account for each key")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: Vec<(Account, V)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(key) = map.next_key::<Account>()? {
            if !seen.insert(key.clone()) {
                let address = key.0.to_ss58check();
                return Err(A::Error::custom(format!(
                    "account {address} stands here twice"
                )));
            }
            entries.push((key, map.next_value()?));
        }
        Ok(UniqueMap(entries))
    }
}

/// What a JSON value is, for messages.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
