// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a chain spec of the long form says of recoveries: the field `recoveries`, a list of records in
//! hex, as the hub has made them. So a node follows a DappChain that was recovered without following
//! its hub. A node that runs the chain for the hub is told by that.

use super::short::{field_error, FieldError};
use hansa_dappchain_primitives::Recovery;
use hansa_primitives::AccountId;
use sc_chain_spec::{get_extension, GetExtension};
use sc_service::ChainSpec;
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use sp_core::bytes::{from_hex, to_hex};
use std::any::{Any, TypeId};

/// What a chain spec of the long form has beside the SDK's fields.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LongExtensions {
    /// The recoveries of the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recoveries: Vec<SpecRecovery>,
}

/// The SDK asks for its own extensions by their types; there are none.
impl GetExtension for LongExtensions {
    fn get_any(&self, _: TypeId) -> &dyn Any {
        self
    }

    fn get_any_mut(&mut self, _: TypeId) -> &mut dyn Any {
        self
    }
}

/// A record of a recovery: its bytes in hex.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpecRecovery(pub Recovery<AccountId>);

impl<'de> Deserialize<'de> for SpecRecovery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = from_hex(&text)
            .map_err(|error| D::Error::custom(format!("is not hex (0x…): {error}")))?;
        let record = Recovery::read(&bytes).ok_or_else(|| {
            D::Error::custom("is not the record of a recovery, as the hub has it")
        })?;
        match record.set() {
            Ok(_) => Ok(Self(record)),
            Err(error) => Err(D::Error::custom(format!("names no good set: {error}"))),
        }
    }
}

impl Serialize for SpecRecovery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0.to_bytes(), false))
    }
}

/// Check what a chain spec of the long form says of recoveries.
pub(super) fn check(text: &str) -> Result<LongExtensions, FieldError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(field_error)
}

/// The recoveries that a spec of whatever form names, in its order.
pub fn of_spec(spec: &dyn ChainSpec) -> Vec<Recovery<AccountId>> {
    let long = get_extension::<LongExtensions>(spec.extensions());
    let list = long
        .map(|long| long.recoveries.iter())
        .into_iter()
        .flatten();
    list.map(|recovery| recovery.0.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain_spec::{load_file, read_text, SpecFile},
        recovery::tests::record,
    };
    use serde_json::json;
    use std::io::Write;

    /// A spec of the long form with these recoveries.
    fn long(recoveries: serde_json::Value) -> String {
        json!({
            "name": "Followed",
            "id": "followed",
            "bootNodes": [],
            "genesis": { "raw": { "top": {}, "childrenDefault": {} } },
            "recoveries": recoveries,
        })
        .to_string()
    }

    fn hex(record: &Recovery<AccountId>) -> String {
        to_hex(&record.to_bytes(), false)
    }

    #[test]
    fn records_are_read_from_a_long_spec_and_written_again() {
        let (first, second) = (record(7), record(9));
        let text = long(json!([hex(&first), hex(&second)]));
        assert!(matches!(read_text(&text), Ok(SpecFile::Long)));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let spec = load_file(file.path()).unwrap();
        assert_eq!(of_spec(&*spec), [first.clone(), second.clone()]);
        let written = spec.as_json(false).unwrap();
        assert_eq!(check(&written).unwrap().recoveries.len(), 2);
        assert!(written.contains(&hex(&second)));
    }

    #[test]
    fn a_spec_without_them_has_none() {
        let text = long(json!([]));
        assert_eq!(check(&text).unwrap(), LongExtensions::default());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        assert!(of_spec(&*load_file(file.path()).unwrap()).is_empty());
        let without = json!({ "name": "x", "id": "x", "genesis": { "raw": {} } }).to_string();
        assert!(matches!(read_text(&without), Ok(SpecFile::Long)));
        let written = serde_json::to_string(&LongExtensions::default()).unwrap();
        assert_eq!(written, "{}");
    }

    #[test]
    fn an_entry_that_is_none_is_named() {
        let good = hex(&record(7));
        let nobody = Recovery {
            next: hansa_dappchain_primitives::NextSet {
                members: Default::default(),
                ..record(7).next
            },
            ..record(7)
        };
        let longer = format!("{good}00");
        for (entries, path, message) in [
            (json!(7), "recoveries: ", "sequence"),
            (json!([7]), "recoveries[0]: ", "string"),
            (json!([good, "0x"]), "recoveries[1]: ", "not the record"),
            (json!([good, "0xzz"]), "recoveries[1]: ", "is not hex"),
            (
                json!([good, good, longer]),
                "recoveries[2]: ",
                "not the record",
            ),
            (
                json!([hex(&nobody)]),
                "recoveries[0]: ",
                "names no good set",
            ),
        ] {
            let error = read_text(&long(entries)).err().unwrap();
            assert!(
                error.starts_with(path),
                "expected {path:?} first in: {error}"
            );
            assert!(error.contains(message), "expected {message:?} in: {error}");
        }
    }
}
