// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The standard runtime of DappChains as a whole, block by block, as its nodes execute it.

mod common;
mod genesis;
mod recovery;
mod sets;
