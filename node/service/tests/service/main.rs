// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What of the services can be tried without one. Beside the crate, not in it: a crate is compiled once more for the tests that
//! are in it, with all of the SDK's generics.

mod codes;
mod database;
mod recovery;
