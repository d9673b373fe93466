// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Whether a chain spec of the long form names good records of recoveries.

use super::short::{field_error, FieldError};
use hansa_service::spec::recoveries::LongExtensions;

/// Check what a chain spec of the long form says of recoveries.
pub(super) fn check(text: &str) -> Result<LongExtensions, FieldError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(field_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain_spec::{load_file, read_text, SpecFile};
    use hansa_dappchain_primitives::{AssignedNode, FounderKeys, Head, NextSet, Recovery};
    use hansa_pbft_primitives::AuthorityId;
    use hansa_primitives::{AccountId, Hash};
    use hansa_service::spec::recoveries::of_spec;
    use serde_json::json;
    use sp_core::{bytes::to_hex, ed25519};
    use std::io::Write;

    /// A record above a block at `height`.
    fn record(height: u32) -> Recovery<AccountId> {
        let member = |node: u8| AssignedNode {
            node: AccountId::new([node; 32]),
            keys: FounderKeys {
                pbft: AuthorityId::from(ed25519::Public::from_raw([node; 32])),
                beacon: None,
            },
        };
        let members: Vec<_> = (1..=4).map(member).collect();
        Recovery {
            chain: 7,
            genesis: Hash::repeat_byte(1),
            head: Head {
                height,
                hash: Hash::repeat_byte(2),
            },
            set_id: 3,
            next: NextSet {
                ordinal: 5,
                seed: [6; 32],
                members: members.try_into().unwrap(),
            },
            hub: None,
        }
    }

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
            next: NextSet {
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
