// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a chain spec in memory says beside what the SDK's own does.

pub mod built_in;
pub mod recoveries;
