// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_dappchains`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on
//! reference hardware the numbers are estimates on the safe side (docs/BENCHMARKS.md): 30 to 200 µs for a call, 100 µs for one that
//! looks at all founders of a chain, 60 µs for a signature that is verified, 10 µs and four reads and
//! writes for each founder that is seated or paid, and let go by the allocation, 10 ns for a byte that is checked and stored.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};
use hansa_dappchain_primitives::MAX_NODES;

/// The weights that the pallet needs.
pub trait WeightInfo {
    /// `register`; `b` is the number of bytes of patch and properties.
    fn register(b: u32) -> Weight;
    /// `cancel`.
    fn cancel() -> Weight;
    /// `retire`.
    fn retire() -> Weight;
    /// `offer_ownership`.
    fn offer_ownership() -> Weight;
    /// `accept_ownership`.
    fn accept_ownership() -> Weight;
    /// `confirm_genesis`, if the chain goes live by it, with as many founders as there can be.
    fn confirm_genesis() -> Weight;
    /// What authorises `confirm_genesis`.
    fn authorize_confirm_genesis() -> Weight;
    /// `claim`.
    fn claim() -> Weight;
    /// `propose_limit`.
    fn propose_limit() -> Weight;
    /// `vote`.
    fn vote() -> Weight;
    /// `add_standard_runtime`.
    fn add_standard_runtime() -> Weight;
    /// `on_initialize` in a block in which a ballot ends, without the chains that are due.
    fn on_initialize() -> Weight;
    /// A chain whose state ends by itself, with as many founders as there can be.
    fn handle_due() -> Weight;
    /// A chain whose nodes are complete, as many as there can be.
    fn on_complete() -> Weight;
    /// A node that comes, perhaps for another one.
    fn on_joined() -> Weight;
    /// A node that goes.
    fn on_left() -> Weight;
    /// A chain that stays short of nodes.
    fn on_short() -> Weight;
    /// A report of blocks.
    fn on_authored() -> Weight;
}

/// What it takes to note the first set of a chain and to open its route: 5 µs and three reads for each founder, whose
/// stakes are added up.
fn first_set(db: RuntimeDbWeight) -> Weight {
    let founders = u64::from(MAX_NODES);
    Weight::from_parts(100_000_000, 60_000)
        .saturating_add(Weight::from_parts(5_000_000, 400).saturating_mul(founders))
        .saturating_add(db.reads_writes(3, 3).saturating_mul(4))
        .saturating_add(db.reads(3).saturating_mul(founders))
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn register(b: u32) -> Weight {
        base(T::DbWeight::get(), 170_000_000, 30_000, 12, 10)
            .saturating_add(estimate(10_000, 1).saturating_mul(u64::from(b)))
    }
    fn cancel() -> Weight {
        all_founders(T::DbWeight::get())
    }
    fn retire() -> Weight {
        base(T::DbWeight::get(), 120_000_000, 12_000, 5, 5)
    }
    fn offer_ownership() -> Weight {
        base(T::DbWeight::get(), 30_000_000, 4_000, 1, 1)
    }
    fn accept_ownership() -> Weight {
        base(T::DbWeight::get(), 140_000_000, 12_000, 5, 5)
    }
    fn confirm_genesis() -> Weight {
        all_founders(T::DbWeight::get()).saturating_add(first_set(T::DbWeight::get()))
    }
    fn authorize_confirm_genesis() -> Weight {
        base(T::DbWeight::get(), 160_000_000, 60_000, 4, 0)
    }
    fn claim() -> Weight {
        base(T::DbWeight::get(), 140_000_000, 12_000, 6, 5)
    }
    fn propose_limit() -> Weight {
        base(T::DbWeight::get(), 80_000_000, 10_000, 7, 2)
    }
    fn vote() -> Weight {
        base(T::DbWeight::get(), 80_000_000, 10_000, 5, 3)
    }
    fn add_standard_runtime() -> Weight {
        base(T::DbWeight::get(), 40_000_000, 10_000, 3, 3)
    }
    fn on_initialize() -> Weight {
        base(T::DbWeight::get(), 50_000_000, 6_000, 4, 2)
    }
    fn handle_due() -> Weight {
        all_founders(T::DbWeight::get())
    }
    fn on_complete() -> Weight {
        frozen_founders(T::DbWeight::get())
    }
    fn on_joined() -> Weight {
        base(T::DbWeight::get(), 200_000_000, 30_000, 9, 7)
    }
    fn on_left() -> Weight {
        base(T::DbWeight::get(), 180_000_000, 30_000, 8, 6)
    }
    fn on_short() -> Weight {
        base(T::DbWeight::get(), 130_000_000, 12_000, 5, 4)
    }
    fn on_authored() -> Weight {
        base(T::DbWeight::get(), 30_000_000, 8_000, 4, 2)
    }
}

/// The weights of tests.
impl WeightInfo for () {
    fn register(b: u32) -> Weight {
        base(RocksDbWeight::get(), 170_000_000, 30_000, 12, 10)
            .saturating_add(estimate(10_000, 1).saturating_mul(u64::from(b)))
    }
    fn cancel() -> Weight {
        all_founders(RocksDbWeight::get())
    }
    fn retire() -> Weight {
        base(RocksDbWeight::get(), 120_000_000, 12_000, 5, 5)
    }
    fn offer_ownership() -> Weight {
        base(RocksDbWeight::get(), 30_000_000, 4_000, 1, 1)
    }
    fn accept_ownership() -> Weight {
        base(RocksDbWeight::get(), 140_000_000, 12_000, 5, 5)
    }
    fn confirm_genesis() -> Weight {
        all_founders(RocksDbWeight::get()).saturating_add(first_set(RocksDbWeight::get()))
    }
    fn authorize_confirm_genesis() -> Weight {
        base(RocksDbWeight::get(), 160_000_000, 60_000, 4, 0)
    }
    fn claim() -> Weight {
        base(RocksDbWeight::get(), 140_000_000, 12_000, 6, 5)
    }
    fn propose_limit() -> Weight {
        base(RocksDbWeight::get(), 80_000_000, 10_000, 7, 2)
    }
    fn vote() -> Weight {
        base(RocksDbWeight::get(), 80_000_000, 10_000, 5, 3)
    }
    fn add_standard_runtime() -> Weight {
        base(RocksDbWeight::get(), 40_000_000, 10_000, 3, 3)
    }
    fn on_initialize() -> Weight {
        base(RocksDbWeight::get(), 50_000_000, 6_000, 4, 2)
    }
    fn handle_due() -> Weight {
        all_founders(RocksDbWeight::get())
    }
    fn on_complete() -> Weight {
        frozen_founders(RocksDbWeight::get())
    }
    fn on_joined() -> Weight {
        base(RocksDbWeight::get(), 200_000_000, 30_000, 9, 7)
    }
    fn on_left() -> Weight {
        base(RocksDbWeight::get(), 180_000_000, 30_000, 8, 6)
    }
    fn on_short() -> Weight {
        base(RocksDbWeight::get(), 130_000_000, 12_000, 5, 4)
    }
    fn on_authored() -> Weight {
        base(RocksDbWeight::get(), 30_000_000, 8_000, 4, 2)
    }
}

/// A call or hook with its reads and writes.
fn base(db: RuntimeDbWeight, ref_time: u64, proof_size: u64, reads: u64, writes: u64) -> Weight {
    estimate(ref_time, proof_size).saturating_add(db.reads_writes(reads, writes))
}

/// What looks at all founders of a chain.
fn all_founders(db: RuntimeDbWeight) -> Weight {
    let each = estimate(10_000_000, 2_000).saturating_add(db.reads_writes(4, 4));
    base(db, 100_000_000, 120_000, 16, 14).saturating_add(each.saturating_mul(u64::from(MAX_NODES)))
}

/// What reads the keys of all founders of a chain, and writes them into one record.
fn frozen_founders(db: RuntimeDbWeight) -> Weight {
    let each = estimate(10_000_000, 2_000).saturating_add(db.reads(1));
    base(db, 200_000_000, 120_000, 8, 8).saturating_add(each.saturating_mul(u64::from(MAX_NODES)))
}

/// A time in picoseconds and a proof size in bytes.
fn estimate(ref_time: u64, proof_size: u64) -> Weight {
    Weight::from_parts(ref_time, proof_size)
}
