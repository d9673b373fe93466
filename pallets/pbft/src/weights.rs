// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_pbft`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on
//! reference hardware the numbers are estimates on the safe side: sizes are those of a set of
//! `n` authorities (72 bytes each with its account), at 1 µs for decoding, checking and encoding
//! an authority, 30 µs for a call, and 60 µs for a signature that is verified.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// The weights that the pallet needs; `n` is the number of authorities.
pub trait WeightInfo {
    /// `on_initialize` and `on_finalize` together.
    fn on_initialize_and_finalize(n: u32) -> Weight;
    /// `note_parent_certificate`.
    fn note_parent_certificate(n: u32) -> Weight;
    /// `add_authority`.
    fn add_authority(n: u32) -> Weight;
    /// `remove_authority`.
    fn remove_authority(n: u32) -> Weight;
    /// `set_timing`.
    fn set_timing() -> Weight;
    /// `set_session_length`.
    fn set_session_length() -> Weight;
    /// `set_admin`.
    fn set_admin() -> Weight;
    /// `report_offence`.
    fn report_offence(n: u32) -> Weight;
    /// What authorises `report_offence` of two statements.
    fn authorize_report_of_statements(n: u32) -> Weight;
    /// What authorises `report_offence` of a proposal with a proof that all authorities signed.
    fn authorize_report_of_proposal(n: u32) -> Weight;
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn on_initialize_and_finalize(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(T::DbWeight::get().reads_writes(5, 2))
    }
    fn note_parent_certificate(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(T::DbWeight::get().reads_writes(6, 2))
    }
    fn add_authority(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(T::DbWeight::get().reads_writes(3, 1))
    }
    fn remove_authority(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(T::DbWeight::get().reads_writes(2, 1))
    }
    fn set_timing() -> Weight {
        estimate(30_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn set_session_length() -> Weight {
        estimate(30_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn set_admin() -> Weight {
        estimate(30_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
    fn report_offence(n: u32) -> Weight {
        estimate(50_000_000, n).saturating_add(T::DbWeight::get().reads_writes(16, 3))
    }
    fn authorize_report_of_statements(n: u32) -> Weight {
        signatures(2)
            .saturating_add(estimate(50_000_000, n))
            .saturating_add(T::DbWeight::get().reads(15))
    }
    fn authorize_report_of_proposal(n: u32) -> Weight {
        // A view-change and a Prepare of each, and the proposal.
        signatures(n.saturating_mul(2).saturating_add(1))
            .saturating_add(estimate(50_000_000, n))
            .saturating_add(T::DbWeight::get().reads(15))
    }
}

/// The weights of tests.
impl WeightInfo for () {
    fn on_initialize_and_finalize(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(RocksDbWeight::get().reads_writes(5, 2))
    }
    fn note_parent_certificate(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(RocksDbWeight::get().reads_writes(6, 2))
    }
    fn add_authority(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(RocksDbWeight::get().reads_writes(3, 1))
    }
    fn remove_authority(n: u32) -> Weight {
        estimate(30_000_000, n).saturating_add(RocksDbWeight::get().reads_writes(2, 1))
    }
    fn set_timing() -> Weight {
        estimate(30_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(1, 1))
    }
    fn set_session_length() -> Weight {
        estimate(30_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(1, 1))
    }
    fn set_admin() -> Weight {
        estimate(30_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(1, 1))
    }
    fn report_offence(n: u32) -> Weight {
        estimate(50_000_000, n).saturating_add(RocksDbWeight::get().reads_writes(16, 3))
    }
    fn authorize_report_of_statements(n: u32) -> Weight {
        signatures(2)
            .saturating_add(estimate(50_000_000, n))
            .saturating_add(RocksDbWeight::get().reads(15))
    }
    fn authorize_report_of_proposal(n: u32) -> Weight {
        // A view-change and a Prepare of each, and the proposal.
        signatures(n.saturating_mul(2).saturating_add(1))
            .saturating_add(estimate(50_000_000, n))
            .saturating_add(RocksDbWeight::get().reads(15))
    }
}

/// 60 µs for each of `s` signatures.
fn signatures(s: u32) -> Weight {
    Weight::from_parts(60_000_000, 0).saturating_mul(u64::from(s))
}

/// `base` picoseconds and a microsecond for each of `n` authorities; 72 bytes of proof for each.
fn estimate(base: u64, n: u32) -> Weight {
    Weight::from_parts(base, 4_000)
        .saturating_add(Weight::from_parts(1_000_000, 72).saturating_mul(u64::from(n)))
}
