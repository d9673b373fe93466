// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a transaction costs. Who gets it is the runtime's to say.
//!
//! A second of execution on reference hardware costs a token, and so does a megabyte. While blocks
//! are fuller than [`TargetFullness`] the price of execution rises block by block, else it falls
//! back; it never falls below that. (An adaptive chain makes no empty blocks to average over, so
//! emptiness says nothing about demand.)

use crate::currency::MICRO;
use frame_support::{
    parameter_types,
    weights::{ConstantMultiplier, IdentityFee},
};
use hansa_primitives::Balance;
use pallet_transaction_payment::{Multiplier, TargetedFeeAdjustment};
use sp_runtime::{FixedPointNumber, Perquintill};

/// What execution costs: a picosecond the smallest unit of the token, a second a token.
pub type WeightToFee = IdentityFee<Balance>;

/// What length costs.
pub type LengthToFee = ConstantMultiplier<Balance, FeePerByte>;

parameter_types! {
    /// What a byte of a transaction costs: a megabyte costs a token.
    pub const FeePerByte: Balance = MICRO;
    /// How full blocks may be, of what transactions may fill, before prices rise.
    pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
    /// How fast prices rise: doubled after about 1,900 full blocks in a row, six minutes of them.
    pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(1, 2_000);
    /// The lowest price, as a multiple of the base price.
    pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_integer(1);
    /// The highest price, as a multiple of the base price.
    pub MaximumMultiplier: Multiplier = Multiplier::saturating_from_integer(1_000);
}

/// How the price of execution follows demand.
pub type FeeAdjustment<Runtime> = TargetedFeeAdjustment<
    Runtime,
    TargetFullness,
    AdjustmentVariable,
    MinimumMultiplier,
    MaximumMultiplier,
>;
