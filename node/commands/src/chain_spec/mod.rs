// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Chain specs: where they come from, and in which of two forms they are written.
//!
//! | form | how it is told | what it is |
//! | --- | --- | --- |
//! | short | a field `runtime` names a built-in runtime | a file that a person edits; see [`short`] |
//! | long | `genesis` holds `raw` or `runtimeGenesis` | the SDK's own, with code, and recoveries |
//!
//! The genesis of a short spec depends on the runtime that is built into the binary.
//! `export-chain-spec --raw` makes a long one of it that does not.

mod dappchain;
pub mod dev;
pub mod genesis;
#[cfg(test)]
mod mutations;
mod recoveries;
pub mod short;
#[cfg(test)]
mod tests;
mod value;

pub use value::{Account, Amount, BeaconKey, Entropy, PbftKey, SpecChainId, UniqueMap};

use hansa_service::spec::recoveries::LongExtensions;
use sc_service::{ChainSpec, GenericChainSpec};
use serde::{de::IgnoredAny, Deserialize};
use short::ShortSpec;
use std::{collections::BTreeMap, path::Path};

/// The largest chain spec that is read, in bytes: far more than any state that a chain starts with.
const MAX_SPEC_BYTES: u64 = 1 << 30;

/// The chain specs that are part of the binary, by the name that `--chain` takes.
const EMBEDDED: [(&str, &str); 5] = [
    ("dev", include_str!("../../../../chain-specs/dev.json")),
    ("local", include_str!("../../../../chain-specs/local.json")),
    (
        "dappchain",
        include_str!("../../../../chain-specs/dappchain.json"),
    ),
    ("poa", include_str!("../../../../chain-specs/poa.json")),
    ("stake", include_str!("../../../../chain-specs/stake.json")),
];

/// The text of an embedded chain spec.
pub fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, text)| *text)
}

/// The chain spec that `--chain` names: an embedded one, or a file.
pub fn load(chain: &str) -> Result<Box<dyn ChainSpec>, String> {
    match (chain, embedded(chain)) {
        ("", _) => Err(format!(
            "no chain is named: use --dev for a chain of one, or --chain with {} or a file",
            EMBEDDED.map(|(name, _)| name).join(", ")
        )),
        (_, Some(text)) => from_short(text).map_err(|e| format!("chain spec `{chain}`: {e}")),
        (_, None) => load_file(Path::new(chain)).map_err(|e| format!("chain spec {chain}: {e}")),
    }
}

fn load_file(path: &Path) -> Result<Box<dyn ChainSpec>, String> {
    match read_file(path)? {
        SpecFile::Short(spec) => genesis::to_chain_spec(&spec),
        // The SDK reads the state from the file once more, when it is needed.
        SpecFile::Long => GenericChainSpec::<LongExtensions>::from_json_file(path.to_owned())
            .map(|spec| Box::new(spec) as Box<dyn ChainSpec>),
    }
}

/// A chain spec file, by its form.
#[derive(Debug)]
pub enum SpecFile {
    /// The short form, checked.
    Short(Box<ShortSpec>),
    /// The SDK's form. Nothing but the form has been checked, and what it says of recoveries.
    Long,
}

/// Read a chain spec file, and check it if it is of the short form.
pub fn read_file(path: &Path) -> Result<SpecFile, String> {
    let size = std::fs::metadata(path).map_err(|e| cannot_read(&e))?.len();
    if size > MAX_SPEC_BYTES {
        return Err(format!(
            "the file has {size} bytes, more than {MAX_SPEC_BYTES}"
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|e| cannot_read(&e))?;
    read_text(&text)
}

fn cannot_read(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            let names = EMBEDDED.map(|(name, _)| name).join(", ");
            format!("there is no such file (and it is none of the built-in chains: {names})")
        }
        std::io::ErrorKind::InvalidData => "the file is not text (UTF-8)".into(),
        _ => format!("the file cannot be read: {error}"),
    }
}

/// What tells the forms from each other.
#[derive(Deserialize)]
struct Form {
    runtime: Option<IgnoredAny>,
    genesis: Option<serde_json::Value>,
}

fn read_text(text: &str) -> Result<SpecFile, String> {
    // First the syntax of the whole file: an object, with no more than it should have at the end.
    serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text)
        .map_err(|e| one_line(&format!("not a JSON object: {e}")))?;
    let form: Form = serde_json::from_str(text).map_err(|e| one_line(&e.to_string()))?;
    let long = form.genesis.as_ref().is_some_and(|g| {
        ["raw", "runtimeGenesis", "stateRootHash"]
            .iter()
            .any(|key| g.get(key).is_some())
    });
    match (form.runtime.is_some(), long) {
        (true, true) => Err(
            "runtime: names a built-in runtime, but genesis holds code as well: \
                             leave one of them out"
                .into(),
        ),
        (false, true) => recoveries::check(text)
            .map(|_| SpecFile::Long)
            .map_err(|e| one_line(&e.to_string())),
        (false, false) if form.genesis.is_some() => {
            Err("runtime: is missing (name a built-in runtime, as in \"runtime\": \"hub\")".into())
        }
        _ => ShortSpec::parse(text)
            .map(|spec| SpecFile::Short(Box::new(spec)))
            .map_err(|e| one_line(&e.to_string())),
    }
}

/// `message` with what would break or disguise the line that it is shown in escaped: it may quote
/// the file.
fn one_line(message: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        _ => c.escape_debug().to_string(),
    };
    message.chars().map(escaped).collect()
}

fn from_short(text: &str) -> Result<Box<dyn ChainSpec>, String> {
    genesis::to_chain_spec(&ShortSpec::parse(text).map_err(|e| e.to_string())?)
}
