// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_sudo`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_sudo`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_sudo::WeightInfo for WeightInfo<T> {
    /// Storage: `Sudo::Key` (r:1 w:1)
    /// Proof: `Sudo::Key` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    fn set_key() -> Weight {
        // Proof: 98 bytes measured. Least time: 9_263 ns.
        Weight::from_parts(10_125_000, 1517)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Sudo::Key` (r:1 w:0)
    /// Proof: `Sudo::Key` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    fn sudo() -> Weight {
        // Proof: 98 bytes measured. Least time: 10_035 ns.
        Weight::from_parts(10_986_000, 1517)
            .saturating_add(T::DbWeight::get().reads(1))
    }
    /// Storage: `Sudo::Key` (r:1 w:0)
    /// Proof: `Sudo::Key` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    fn sudo_as() -> Weight {
        // Proof: 98 bytes measured. Least time: 9_945 ns.
        Weight::from_parts(11_036_000, 1517)
            .saturating_add(T::DbWeight::get().reads(1))
    }
    /// Storage: `Sudo::Key` (r:1 w:1)
    /// Proof: `Sudo::Key` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    fn remove_key() -> Weight {
        // Proof: 98 bytes measured. Least time: 8_352 ns.
        Weight::from_parts(9_324_000, 1517)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Sudo::Key` (r:1 w:0)
    /// Proof: `Sudo::Key` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    fn check_only_sudo_account() -> Weight {
        // Proof: 98 bytes measured. Least time: 4_877 ns.
        Weight::from_parts(5_378_000, 1517)
            .saturating_add(T::DbWeight::get().reads(1))
    }
}
