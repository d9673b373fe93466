// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The binary `hansa`: the commands, with the runtimes and a version.

use hansa_commands::{built::Built, command};

fn main() -> std::process::ExitCode {
    command::main(Built {
        version: env!("SUBSTRATE_CLI_IMPL_VERSION"),
        hub: hansa_hub_wasm::WASM_BINARY,
        dappchain: hansa_dappchain_wasm::WASM_BINARY,
    })
}
