// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Chain specs that differ a little from those of the repository.

use crate::{binary, process};
use anyhow::{ensure, Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A chain spec of the repository, as JSON.
pub fn read(name: &str) -> Result<Value> {
    let path = binary::chain_spec(name);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

/// Write a spec into `folder` under a `name`, and return the path.
pub fn write(folder: &Path, name: &str, spec: &Value) -> Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, serde_json::to_string_pretty(spec)?)?;
    Ok(path)
}

/// Write a copy of a spec of the repository into `folder`, with the values at these JSON pointers
/// replaced.
pub fn edited(folder: &Path, name: &str, edits: &[(&str, Value)]) -> Result<PathBuf> {
    write(folder, name, &edit(name, edits)?)
}

/// A spec of the repository with the values at these JSON pointers replaced.
pub fn edit(name: &str, edits: &[(&str, Value)]) -> Result<Value> {
    let mut spec = read(name)?;
    for (pointer, value) in edits {
        let place = spec.pointer_mut(pointer);
        *place.with_context(|| format!("{name} has nothing at {pointer}"))? = value.clone();
    }
    Ok(spec)
}

/// The state's key of a runtime's code.
const CODE_KEY: &str = "0x3a636f6465";

/// Write a raw spec into `folder` whose runtime is what `change` makes of that of another raw spec.
pub fn with_code(
    folder: &Path,
    raw: &Path,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>>,
) -> Result<PathBuf> {
    let mut spec: Value = serde_json::from_str(&std::fs::read_to_string(raw)?)?;
    let place = spec.pointer_mut(&format!("/genesis/raw/top/{CODE_KEY}"));
    let place = place.context("the raw spec has no code")?;
    let code = change(&crate::rpc::bytes_of(place)?)?;
    *place = crate::rpc::hex(&code).into();
    write(folder, "other-code.json", &spec)
}

/// Export a spec in its raw form into `folder`. A node that starts from it need not run the runtime
/// to find out its genesis, which saves each of several nodes seconds.
pub fn raw(folder: &Path, spec: &Path) -> Result<PathBuf> {
    let path = folder.join("raw-spec.json");
    let (from, to) = (spec.display().to_string(), path.display().to_string());
    let output = process::run_on_chain(&[
        "export-chain-spec",
        "--raw",
        "--chain",
        &from,
        "--output",
        &to,
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cannot export {from}: {said}");
    Ok(path)
}
