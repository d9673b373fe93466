// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `frame_system`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `frame_system`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> frame_system::WeightInfo for WeightInfo<T> {
    /// `b` is from 0 to 3932160.
    fn remark(b: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 2_143 ns.
        Weight::from_parts(32_160_373, 0)
            // Standard error: 1.
            .saturating_add(Weight::from_parts(392, 0).saturating_mul(b.into()))
    }
    /// `b` is from 0 to 3932160.
    fn remark_with_event(b: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 5_469 ns.
        Weight::from_parts(5_718_000, 0)
            // Standard error: 2.
            .saturating_add(Weight::from_parts(1_859, 0).saturating_mul(b.into()))
    }
    /// Storage: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
    /// Proof: UNKNOWN KEY `0x3a686561707061676573` (r:0 w:1)
    fn set_heap_pages() -> Weight {
        // Proof: 0 bytes measured. Least time: 4_066 ns.
        Weight::from_parts(4_597_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
    /// Proof: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
    fn set_code() -> Weight {
        // Proof: 0 bytes measured. Least time: 141_326_634 ns.
        Weight::from_parts(152_140_676_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Skipped::Metadata` (r:0 w:0)
    /// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
    /// `i` is from 0 to 1000.
    fn set_storage(i: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 2_093 ns.
        Weight::from_parts(2_324_000, 0)
            // Standard error: 1_687.
            .saturating_add(Weight::from_parts(935_003, 0).saturating_mul(i.into()))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
    }
    /// Storage: `Skipped::Metadata` (r:0 w:0)
    /// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
    /// `i` is from 0 to 1000.
    fn kill_storage(i: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 2_173 ns.
        Weight::from_parts(2_333_000, 0)
            // Standard error: 1_084.
            .saturating_add(Weight::from_parts(652_719, 0).saturating_mul(i.into()))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(i.into())))
    }
    /// Storage: `Skipped::Metadata` (r:0 w:0)
    /// Proof: `Skipped::Metadata` (`max_values`: None, `max_size`: None, mode: `Measured`)
    /// `p` is from 0 to 1000.
    fn kill_prefix(p: u32, ) -> Weight {
        // Proof: 38 + p * 69 bytes measured. Least time: 4_036 ns.
        Weight::from_parts(4_506_000, 56)
            // Standard error: 3_080.
            .saturating_add(Weight::from_parts(1_360_888, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(p.into())))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(p.into())))
            .saturating_add(Weight::from_parts(0, 70).saturating_mul(p.into()))
    }
    /// Storage: `System::AuthorizedUpgrade` (r:0 w:1)
    /// Proof: `System::AuthorizedUpgrade` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
    fn authorize_upgrade() -> Weight {
        // Proof: 0 bytes measured. Least time: 12_839 ns.
        Weight::from_parts(30_825_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `System::AuthorizedUpgrade` (r:1 w:1)
    /// Proof: `System::AuthorizedUpgrade` (`max_values`: Some(1), `max_size`: Some(33), added: 528, mode: `MaxEncodedLen`)
    /// Storage: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
    /// Proof: UNKNOWN KEY `0x3a636f6465` (r:0 w:1)
    fn apply_authorized_upgrade() -> Weight {
        // Proof: 22 bytes measured. Least time: 139_980_945 ns.
        Weight::from_parts(153_558_131_000, 1518)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(2))
    }
}
