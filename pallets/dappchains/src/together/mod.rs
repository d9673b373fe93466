// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The registry with the true allocation: lives of chains, and random walks.

mod invariants;
mod lives;
mod mock;
mod walks;
