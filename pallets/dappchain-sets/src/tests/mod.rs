// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod heads;
mod lives;
mod offences;
mod orders;
mod properties;
mod records;
mod reports;
mod stalls;
