// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node's binary.

fn main() -> std::process::ExitCode {
    hansa_node::command::main()
}
