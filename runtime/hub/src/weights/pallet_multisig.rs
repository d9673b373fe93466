// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_multisig`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_multisig`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_multisig::WeightInfo for WeightInfo<T> {
    /// `z` is from 0 to 10000.
    fn as_multi_threshold_1(z: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 37_846 ns.
        Weight::from_parts(52_092_464, 0)
            // Standard error: 83.
            .saturating_add(Weight::from_parts(7_373, 0).saturating_mul(z.into()))
    }
    /// Storage: `Multisig::Multisigs` (r:1 w:1)
    /// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
    /// `s` is from 2 to 100.
    /// `z` is from 0 to 10000.
    fn as_multi_create(s: u32, z: u32, ) -> Weight {
        // Proof: 6 bytes measured. Least time: 59_489 ns.
        Weight::from_parts(32_964_100, 6811)
            // Standard error: 3_198.
            .saturating_add(Weight::from_parts(338_406, 0).saturating_mul(s.into()))
            // Standard error: 31.
            .saturating_add(Weight::from_parts(7_107, 0).saturating_mul(z.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Multisig::Multisigs` (r:1 w:1)
    /// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
    /// `s` is from 3 to 100.
    /// `z` is from 0 to 10000.
    fn as_multi_approve(s: u32, z: u32, ) -> Weight {
        // Proof: 211 bytes measured. Least time: 45_788 ns.
        Weight::from_parts(16_103_407, 6811)
            // Standard error: 3_935.
            .saturating_add(Weight::from_parts(365_909, 0).saturating_mul(s.into()))
            // Standard error: 38.
            .saturating_add(Weight::from_parts(7_425, 0).saturating_mul(z.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Multisig::Multisigs` (r:1 w:1)
    /// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// `s` is from 2 to 100.
    /// `z` is from 0 to 10000.
    fn as_multi_complete(s: u32, z: u32, ) -> Weight {
        // Proof: 317 + s * 33 bytes measured. Least time: 77_715 ns.
        Weight::from_parts(37_927_359, 6811)
            // Standard error: 10_944.
            .saturating_add(Weight::from_parts(603_671, 0).saturating_mul(s.into()))
            // Standard error: 107.
            .saturating_add(Weight::from_parts(8_008, 0).saturating_mul(z.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Multisig::Multisigs` (r:1 w:1)
    /// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
    /// `s` is from 2 to 100.
    fn approve_as_multi_create(s: u32, ) -> Weight {
        // Proof: 6 bytes measured. Least time: 29_614 ns.
        Weight::from_parts(32_908_247, 6811)
            // Standard error: 3_870.
            .saturating_add(Weight::from_parts(407_720, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Multisig::Multisigs` (r:1 w:1)
    /// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
    /// `s` is from 2 to 100.
    fn approve_as_multi_approve(s: u32, ) -> Weight {
        // Proof: 211 bytes measured. Least time: 16_114 ns.
        Weight::from_parts(17_412_942, 6811)
            // Standard error: 1_046.
            .saturating_add(Weight::from_parts(320_232, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Multisig::Multisigs` (r:1 w:1)
    /// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
    /// `s` is from 2 to 100.
    fn cancel_as_multi(s: u32, ) -> Weight {
        // Proof: 211 bytes measured. Least time: 28_733 ns.
        Weight::from_parts(30_619_894, 6811)
            // Standard error: 847.
            .saturating_add(Weight::from_parts(302_143, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Multisig::Multisigs` (r:1 w:1)
    /// Proof: `Multisig::Multisigs` (`max_values`: None, `max_size`: Some(3346), added: 5821, mode: `MaxEncodedLen`)
    /// `s` is from 2 to 100.
    fn poke_deposit(s: u32, ) -> Weight {
        // Proof: 211 bytes measured. Least time: 26_930 ns.
        Weight::from_parts(28_726_166, 6811)
            // Standard error: 548.
            .saturating_add(Weight::from_parts(292_656, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}
