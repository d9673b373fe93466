// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_names`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on reference hardware the
//! numbers are estimates on the safe side: 60 µs for a call, and its reads and writes.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// The weights that the pallet needs.
pub trait WeightInfo {
    /// `claim`
    fn claim() -> Weight;
    /// `set_record`
    fn set_record() -> Weight;
    /// `give`
    fn give() -> Weight;
    /// `release`
    fn release() -> Weight;
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

const MICROSECOND: u64 = 1_000_000;

/// A call that looks at a name and at the holds of so many accounts.
fn call(db: RuntimeDbWeight, accounts: u64) -> Weight {
    // Of an account its record, and its holds.
    let items = accounts.saturating_mul(2).saturating_add(1);
    Weight::from_parts(60 * MICROSECOND, 0).saturating_add(db.reads_writes(items, items))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn claim() -> Weight {
        call(T::DbWeight::get(), 1)
    }
    fn set_record() -> Weight {
        call(T::DbWeight::get(), 1)
    }
    fn give() -> Weight {
        call(T::DbWeight::get(), 2)
    }
    fn release() -> Weight {
        call(T::DbWeight::get(), 1)
    }
}

impl WeightInfo for () {
    fn claim() -> Weight {
        call(RocksDbWeight::get(), 1)
    }
    fn set_record() -> Weight {
        call(RocksDbWeight::get(), 1)
    }
    fn give() -> Weight {
        call(RocksDbWeight::get(), 2)
    }
    fn release() -> Weight {
        call(RocksDbWeight::get(), 1)
    }
}
