// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! One of four validators lies, each test in another way. What it says is refused, or survived; the
//! chain goes on, all others have the same blocks, and where the lie is an offence, the liar is soon
//! no validator any more.

mod dappchains;
mod proposals;
mod stakes;
mod transactions;
mod view_changes;
mod votes;
