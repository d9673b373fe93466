// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `frame_system_extensions`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `frame_system_extensions`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> frame_system::ExtensionsWeightInfo for WeightInfo<T> {
    fn check_genesis() -> Weight {
        // Proof: 0 bytes measured. Least time: 1_933 ns.
        Weight::from_parts(2_423_000, 0)
    }
    fn check_mortality_mortal_transaction() -> Weight {
        // Proof: 0 bytes measured. Least time: 3_996 ns.
        Weight::from_parts(4_556_000, 0)
    }
    fn check_mortality_immortal_transaction() -> Weight {
        // Proof: 0 bytes measured. Least time: 3_996 ns.
        Weight::from_parts(4_407_000, 0)
    }
    fn check_non_zero_sender() -> Weight {
        // Proof: 0 bytes measured. Least time: 591 ns.
        Weight::from_parts(721_000, 0)
    }
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    fn check_nonce() -> Weight {
        // Proof: 101 bytes measured. Least time: 7_841 ns.
        Weight::from_parts(8_502_000, 3593)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn check_spec_version() -> Weight {
        // Proof: 0 bytes measured. Least time: 441 ns.
        Weight::from_parts(541_000, 0)
    }
    fn check_tx_version() -> Weight {
        // Proof: 0 bytes measured. Least time: 431 ns.
        Weight::from_parts(541_000, 0)
    }
    fn check_weight() -> Weight {
        // Proof: 0 bytes measured. Least time: 3_886 ns.
        Weight::from_parts(4_306_000, 0)
    }
    fn weight_reclaim() -> Weight {
        // Proof: 0 bytes measured. Least time: 2_143 ns.
        Weight::from_parts(2_433_000, 0)
    }
}
