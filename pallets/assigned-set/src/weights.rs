// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_assigned_set`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on reference hardware the
//! numbers are estimates on the safe side: 60 µs for a packet or a call, 2 µs for a member that is checked and stored.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// The weights that the pallet needs.
pub trait WeightInfo {
    /// `administer`, without the call.
    fn administer() -> Weight;
    /// A set of `n` members that is taken.
    fn take_set(n: u32) -> Weight;
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

const MICROSECOND: u64 = 1_000_000;

fn administer(db: RuntimeDbWeight) -> Weight {
    Weight::from_parts(60 * MICROSECOND, 0).saturating_add(db.reads(1))
}

fn take_set(db: RuntimeDbWeight, n: u32) -> Weight {
    Weight::from_parts(60 * MICROSECOND, 0)
        .saturating_add(Weight::from_parts(2 * MICROSECOND, 0).saturating_mul(n.into()))
        .saturating_add(db.reads_writes(2, 2))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn administer() -> Weight {
        administer(T::DbWeight::get())
    }
    fn take_set(n: u32) -> Weight {
        take_set(T::DbWeight::get(), n)
    }
}

impl WeightInfo for () {
    fn administer() -> Weight {
        administer(RocksDbWeight::get())
    }
    fn take_set(n: u32) -> Weight {
        take_set(RocksDbWeight::get(), n)
    }
}
