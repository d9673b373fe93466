// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Prints where the wasm is that was built with it.

/// What the wasm builder writes, of which the path is used.
#[allow(dead_code, missing_docs)]
mod wasm {
    include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
}

fn main() {
    if let Some(path) = wasm::WASM_BINARY_PATH {
        println!("{path}");
    }
}
