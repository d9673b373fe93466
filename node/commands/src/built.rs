// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is built into the binary, and not into this crate, so that a change of a runtime, or a commit, does not have it compiled again.

use std::sync::OnceLock;

/// What a binary has in it.
#[derive(Clone, Copy, Debug)]
pub struct Built {
    /// The version that the node shows of itself.
    pub version: &'static str,
    /// The hub's runtime; none if the build left it out.
    pub hub: Option<&'static [u8]>,
    /// The standard runtime of DappChains; likewise.
    pub dappchain: Option<&'static [u8]>,
}

/// Nothing, as in a binary that has not said anything.
const NOTHING: Built = Built {
    version: "unknown",
    hub: None,
    dappchain: None,
};

static BUILT: OnceLock<Built> = OnceLock::new();

/// Say what the binary has in it. The first word counts.
pub fn install(built: Built) {
    let _ = BUILT.set(built);
}

#[cfg(not(test))]
fn built() -> Built {
    *BUILT.get().unwrap_or(&NOTHING)
}

#[cfg(test)]
fn built() -> Built {
    Built {
        hub: hansa_hub_wasm::WASM_BINARY,
        dappchain: hansa_dappchain_wasm::WASM_BINARY,
        ..*BUILT.get().unwrap_or(&NOTHING)
    }
}

/// The version that the node shows of itself.
pub fn version() -> &'static str {
    built().version
}

/// The hub's runtime.
pub fn hub_code() -> Option<&'static [u8]> {
    built().hub
}

/// The standard runtime of DappChains.
pub fn dappchain_code() -> Option<&'static [u8]> {
    built().dappchain
}
