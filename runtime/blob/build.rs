// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Builds the wasm of the runtime whose folder is in `HANSA_RUNTIME`.

fn main() {
    #[cfg(feature = "build")]
    build();
}

/// Names the folder of the runtime, as an absolute path.
#[cfg(feature = "build")]
const RUNTIME: &str = "HANSA_RUNTIME";

#[cfg(feature = "build")]
fn build() {
    println!("cargo:rerun-if-env-changed={RUNTIME}");
    let folder = std::env::var_os(RUNTIME).map(std::path::PathBuf::from);
    let manifest = folder.map(|folder| folder.join("Cargo.toml"));
    let Some(manifest) = manifest.filter(|path| path.is_absolute()) else {
        println!("cargo:error={RUNTIME} must be the absolute path of a runtime's folder; use scripts/build-runtime.sh");
        return;
    };
    match substrate_wasm_builder::WasmBuilder::new().with_project(&manifest) {
        Ok(builder) => builder.import_memory().export_heap_base().build(),
        Err(_) => println!("cargo:error=there is no {}", manifest.display()),
    }
}
