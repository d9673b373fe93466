// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What Hansa's runtimes share.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`currency`] | the token's units, the existential deposit, deposits for storage |
//! | [`limits`] | how much fits a block |
//! | [`fees`] | what a transaction costs, and who gets it |
//! | [`genesis`] | what a genesis must not say |
//! | [`transactions`] | what a transaction carries beside its call |
//! | [`wallets`] | several calls at once, accounts of several, stand-ins |
//! | [`interchain`] | the bounds of what other chains may bring and do |
//! | [`hub`] | what others have to know of the hub |

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod currency;
pub mod fees;
pub mod genesis;
pub mod hub;
pub mod interchain;
pub mod limits;
pub mod transactions;
pub mod wallets;

/// Weights of the database that nodes use by default.
pub use frame_support::weights::constants::RocksDbWeight as DbWeight;
