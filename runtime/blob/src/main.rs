// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Prints where the wasm is that was built with it.

include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

fn main() {
    if let Some(path) = WASM_BINARY_PATH {
        println!("{path}");
    }
}
