// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_beacon`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on
//! reference hardware the numbers are estimates on the safe side: 30 µs for a call, 40 µs for a
//! commitment that is settled, 60 µs for a signature that is verified, 10 µs for a level of the tree of
//! reveals.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// The weights that the pallet needs; `n` is the number of commitments that are settled.
pub trait WeightInfo {
    /// `on_initialize` and `on_finalize` together, in a block that ends a part of an epoch; without
    /// the hooks of other pallets.
    fn on_initialize(n: u32) -> Weight;
    /// `commit`.
    fn commit() -> Weight;
    /// `reveal`.
    fn reveal() -> Weight;
    /// What authorises `commit`.
    fn authorize_commit() -> Weight;
    /// What authorises `reveal`.
    fn authorize_reveal() -> Weight;
    /// A node that leaves the pool.
    fn on_leave() -> Weight;
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn on_initialize(n: u32) -> Weight {
        on_initialize(T::DbWeight::get(), n)
    }
    fn commit() -> Weight {
        estimate(30_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(8, 5))
    }
    fn reveal() -> Weight {
        estimate(60_000_000, 16_000).saturating_add(T::DbWeight::get().reads_writes(7, 5))
    }
    fn authorize_commit() -> Weight {
        estimate(90_000_000, 12_000).saturating_add(T::DbWeight::get().reads(8))
    }
    fn authorize_reveal() -> Weight {
        estimate(30_000_000, 8_000).saturating_add(T::DbWeight::get().reads(3))
    }
    fn on_leave() -> Weight {
        estimate(40_000_000, 12_000).saturating_add(T::DbWeight::get().reads_writes(6, 6))
    }
}

/// The weights of tests.
impl WeightInfo for () {
    fn on_initialize(n: u32) -> Weight {
        on_initialize(RocksDbWeight::get(), n)
    }
    fn commit() -> Weight {
        estimate(30_000_000, 12_000).saturating_add(RocksDbWeight::get().reads_writes(8, 5))
    }
    fn reveal() -> Weight {
        estimate(60_000_000, 16_000).saturating_add(RocksDbWeight::get().reads_writes(7, 5))
    }
    fn authorize_commit() -> Weight {
        estimate(90_000_000, 12_000).saturating_add(RocksDbWeight::get().reads(8))
    }
    fn authorize_reveal() -> Weight {
        estimate(30_000_000, 8_000).saturating_add(RocksDbWeight::get().reads(3))
    }
    fn on_leave() -> Weight {
        estimate(40_000_000, 12_000).saturating_add(RocksDbWeight::get().reads_writes(6, 6))
    }
}

/// The author is looked up in a set of a thousand, 72 KiB.
fn on_initialize(db: RuntimeDbWeight, n: u32) -> Weight {
    estimate(100_000_000, 100_000)
        .saturating_add(db.reads_writes(10, 4))
        .saturating_add(
            estimate(40_000_000, 10_000)
                .saturating_add(db.reads_writes(4, 5))
                .saturating_mul(u64::from(n)),
        )
}

/// A time in picoseconds and a proof size in bytes.
fn estimate(ref_time: u64, proof_size: u64) -> Weight {
    Weight::from_parts(ref_time, proof_size)
}
