// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What others ask staking: pallets by traits, so that none names another's `Config`; wallets and
//! the node by a runtime API.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`traits`] | what staking tells other pallets, and what it asks of them |
//! | [`periods`] | how long things take |
//! | [`api`] | the runtime API, and what it answers with |
//!
//! All amounts are in the smallest unit of the token, all times in seconds of service time.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod api;
pub mod periods;
pub mod traits;

pub use api::{ElectedNode, LedgerView, RewardView, StakeView, UnlockView};
pub use hansa_primitives::Balance;
pub use periods::Periods;
pub use traits::{BlockAuthor, NodeStake, PurgeKeys};

/// A time or a period, in seconds of service time: how long the chain has run, not what the clock
/// says. 32 bits last for 136 years.
pub type Seconds = u32;

/// The number of an election: 0 for the set of the genesis, then one more with each set that is
/// elected. An election that fails has no number.
pub type ElectionIndex = u32;
