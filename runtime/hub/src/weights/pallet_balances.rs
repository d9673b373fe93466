// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_balances`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_balances`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_balances::WeightInfo for WeightInfo<T> {
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn transfer_allow_death() -> Weight {
        // Proof: 0 bytes measured. Least time: 57_856 ns.
        Weight::from_parts(60_360_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn transfer_keep_alive() -> Weight {
        // Proof: 0 bytes measured. Least time: 45_768 ns.
        Weight::from_parts(47_991_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn force_set_balance_creating() -> Weight {
        // Proof: 39 bytes measured. Least time: 21_953 ns.
        Weight::from_parts(23_445_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn force_set_balance_killing() -> Weight {
        // Proof: 174 bytes measured. Least time: 22_283 ns.
        Weight::from_parts(24_897_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `System::Account` (r:2 w:2)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn force_transfer() -> Weight {
        // Proof: 103 bytes measured. Least time: 59_889 ns.
        Weight::from_parts(63_314_000, 6196)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn transfer_all() -> Weight {
        // Proof: 0 bytes measured. Least time: 57_165 ns.
        Weight::from_parts(59_689_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn force_unreserve() -> Weight {
        // Proof: 174 bytes measured. Least time: 18_758 ns.
        Weight::from_parts(22_714_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `System::Account` (r:1000 w:1000)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// `u` is from 1 to 1000.
    fn upgrade_accounts(u: u32, ) -> Weight {
        // Proof: 0 + u * 85 bytes measured. Least time: 18_858 ns.
        Weight::from_parts(19_338_000, 990)
            // Standard error: 85_032.
            .saturating_add(Weight::from_parts(17_906_972, 0).saturating_mul(u.into()))
            .saturating_add(T::DbWeight::get().reads((1_u64).saturating_mul(u.into())))
            .saturating_add(T::DbWeight::get().writes((1_u64).saturating_mul(u.into())))
            .saturating_add(Weight::from_parts(0, 2603).saturating_mul(u.into()))
    }
    fn force_adjust_total_issuance() -> Weight {
        // Proof: 0 bytes measured. Least time: 5_908 ns.
        Weight::from_parts(6_620_000, 0)
    }
    fn burn_allow_death() -> Weight {
        // Proof: 0 bytes measured. Least time: 35_292 ns.
        Weight::from_parts(37_486_000, 0)
    }
    fn burn_keep_alive() -> Weight {
        // Proof: 0 bytes measured. Least time: 23_365 ns.
        Weight::from_parts(25_659_000, 0)
    }
}
