// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a genesis must not say.

use alloc::{format, string::String};

/// Refuse session keys of other names in a genesis: unlike the rest of it, they would go unnoticed.
///
/// `names` are those of the runtime's session keys.
pub fn check_session_keys(genesis: &[u8], names: &[&str]) -> Result<(), String> {
    // What is no JSON, or has another form, is refused when the genesis is built.
    let genesis: serde_json::Value = serde_json::from_slice(genesis).unwrap_or_default();
    for list in ["keys", "nonAuthorityKeys"] {
        let validators = genesis["session"][list].as_array().into_iter().flatten();
        for (i, validator) in validators.enumerate() {
            let keys = validator[2].as_object().into_iter().flatten();
            if let Some((name, _)) = keys
                .into_iter()
                .find(|(name, _)| !names.contains(&name.as_str()))
            {
                return Err(format!(
                    "session.{list}[{i}][2]: unknown field `{name}`, expected `{}`",
                    names.join("`, `")
                ));
            }
        }
    }
    Ok(())
}
