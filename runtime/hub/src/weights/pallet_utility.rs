// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_utility`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_utility`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_utility::WeightInfo for WeightInfo<T> {
    /// `c` is from 0 to 1000.
    fn batch(c: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 4_867 ns.
        Weight::from_parts(5_198_000, 0)
            // Standard error: 1_633.
            .saturating_add(Weight::from_parts(3_116_169, 0).saturating_mul(c.into()))
    }
    fn as_derivative() -> Weight {
        // Proof: 0 bytes measured. Least time: 4_447 ns.
        Weight::from_parts(4_997_000, 0)
    }
    /// `c` is from 0 to 1000.
    fn batch_all(c: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 4_857 ns.
        Weight::from_parts(3_535_447, 0)
            // Standard error: 1_409.
            .saturating_add(Weight::from_parts(3_369_979, 0).saturating_mul(c.into()))
    }
    fn dispatch_as() -> Weight {
        // Proof: 0 bytes measured. Least time: 6_639 ns.
        Weight::from_parts(7_361_000, 0)
    }
    /// `c` is from 0 to 1000.
    fn force_batch(c: u32, ) -> Weight {
        // Proof: 0 bytes measured. Least time: 4_927 ns.
        Weight::from_parts(5_228_000, 0)
            // Standard error: 1_251.
            .saturating_add(Weight::from_parts(3_042_678, 0).saturating_mul(c.into()))
    }
    fn dispatch_as_fallible() -> Weight {
        // Proof: 0 bytes measured. Least time: 6_559 ns.
        Weight::from_parts(7_551_000, 0)
    }
    fn if_else() -> Weight {
        // Proof: 0 bytes measured. Least time: 8_292 ns.
        Weight::from_parts(9_193_000, 0)
    }
}
