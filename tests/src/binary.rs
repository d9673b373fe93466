// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Where the node's binary is, and where the repository is.

use std::path::{Path, PathBuf};

/// The node's binary: `HANSA_BIN` if it is set, else the one that was built into the same target
/// folder as this test.
///
/// # Panics
///
/// If there is no such file; the message says how to build it.
pub fn hansa() -> PathBuf {
    let found = std::env::var_os("HANSA_BIN")
        .map(PathBuf::from)
        .or_else(beside_the_test);
    match found {
        Some(path) if path.is_file() => path,
        other => panic!(
            "the node's binary is not at {other:?}: build it with `cargo build --release -p \
             hansa-node`, or set HANSA_BIN"
        ),
    }
}

/// The validator that lies, built by the same command into the same folder as the node.
///
/// # Panics
///
/// As [`hansa`].
pub fn byzantine() -> PathBuf {
    let path = hansa().with_file_name("hansa-byzantine");
    assert!(
        path.is_file(),
        "no validator that lies at {path:?}: build it with `cargo build --release --workspace \
         --bins`"
    );
    path
}

/// Where nodes of all tests keep compiled runtimes: to compile one takes all cores for seconds.
pub fn wasm_cache() -> PathBuf {
    hansa().with_file_name("wasm-cache")
}

/// `target/release/hansa`, seen from `target/release/deps/<test>` or from `target/release/<bin>`.
fn beside_the_test() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let folders = test.ancestors().skip(1).take(2);
    let mut candidates = folders.map(|folder| folder.join("hansa"));
    candidates.find(|candidate| candidate.is_file())
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A chain spec of the repository.
pub fn chain_spec(name: &str) -> PathBuf {
    repository().join("chain-specs").join(name)
}
