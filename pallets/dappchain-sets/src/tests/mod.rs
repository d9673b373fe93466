// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod lives;
mod offences;
mod orders;
mod properties;
mod reports;
mod stalls;
