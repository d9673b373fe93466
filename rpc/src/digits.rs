// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Numbers of more than 53 bits as strings of digits, because many clients cannot hold them as
//! numbers. For `#[serde(with = "crate::digits")]`.

use serde::{de::Error as _, Deserialize, Deserializer, Serializer};
use std::{fmt::Display, str::FromStr};

/// Write a number.
pub fn serialize<T: Display, S: Serializer>(number: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Read a number.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}
