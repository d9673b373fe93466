// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Builds the runtime's wasm.

use std::{env, path::PathBuf};
use substrate_wasm_builder::WasmBuilder;

fn main() {
    // An absolute path: the builder calls cargo from another folder.
    let mut manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    manifest.pop();
    manifest.push("Cargo.toml");
    match WasmBuilder::new().with_project(manifest) {
        Ok(builder) => {
            let builder = builder.import_memory().export_heap_base();
            // Symbol and decimals are those of `hansa_runtime_common::currency`.
            #[cfg(feature = "metadata-hash")]
            let builder = builder.enable_metadata_hash("HANSA", 12);
            builder.build();
        }
        Err(_) => println!("cargo:error=there is no runtime in the folder above"),
    }
}
