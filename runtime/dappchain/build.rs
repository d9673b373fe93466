// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Builds the runtime's wasm.

fn main() {
    #[cfg(feature = "std")]
    build();
}

#[cfg(all(feature = "std", not(feature = "metadata-hash")))]
fn build() {
    substrate_wasm_builder::WasmBuilder::build_using_defaults();
}

// Symbol and decimals are those of `hansa_runtime_common::currency`.
#[cfg(all(feature = "std", feature = "metadata-hash"))]
fn build() {
    substrate_wasm_builder::WasmBuilder::init_with_defaults()
        .enable_metadata_hash("HANSA", 12)
        .build();
}
