// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod bonding;
mod delegation;
mod election;
mod frozen;
mod offences;
mod properties;
mod rewards;
mod scale;
mod signing;
mod with_consensus;
