// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod admin;
mod genesis;
mod recovery;
mod reports;
mod sets;
