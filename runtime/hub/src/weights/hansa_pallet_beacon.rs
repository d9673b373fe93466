// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_beacon`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 4 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `hansa_pallet_beacon`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> hansa_pallet_beacon::WeightInfo for WeightInfo<T> {
    /// Storage: `Beacon::CurrentEpoch` (r:1 w:1)
    /// Proof: `Beacon::CurrentEpoch` (`max_values`: Some(1), `max_size`: Some(228), added: 723, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::ServiceTime` (r:1 w:0)
    /// Proof: `Pbft::ServiceTime` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::SessionStart` (r:1 w:0)
    /// Proof: `Pbft::SessionStart` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::SessionLength` (r:1 w:0)
    /// Proof: `Pbft::SessionLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Settlement` (r:1 w:1)
    /// Proof: `Beacon::Settlement` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Tallies` (r:1 w:1)
    /// Proof: `Beacon::Tallies` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Places` (r:256 w:256)
    /// Proof: `Beacon::Places` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Commitments` (r:256 w:256)
    /// Proof: `Beacon::Commitments` (`max_values`: None, `max_size`: Some(177), added: 2652, mode: `MaxEncodedLen`)
    /// Storage: `Balances::Holds` (r:256 w:256)
    /// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:256 w:256)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::RevealGroups` (r:0 w:10)
    /// Proof: `Beacon::RevealGroups` (`max_values`: None, `max_size`: Some(1057), added: 3532, mode: `MaxEncodedLen`)
    /// `n` is from 0 to 256.
    fn on_initialize(n: u32, ) -> Weight {
        // Proof: 125 + n * 348 bytes measured. Least time: 11_727 ns.
        Weight::from_parts(12_007_000, 3493)
            // Standard error: 156_355.
            .saturating_add(Weight::from_parts(38_458_793, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(6))
            .saturating_add(T::DbWeight::get().reads((4_u64).saturating_mul(n.into())))
            .saturating_add(T::DbWeight::get().writes(4))
            .saturating_add(T::DbWeight::get().writes((4_u64).saturating_mul(n.into())))
            .saturating_add(Weight::from_parts(0, 2652).saturating_mul(n.into()))
    }
    /// Storage: `Beacon::CurrentEpoch` (r:1 w:0)
    /// Proof: `Beacon::CurrentEpoch` (`max_values`: Some(1), `max_size`: Some(228), added: 723, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Commitments` (r:1 w:1)
    /// Proof: `Beacon::Commitments` (`max_values`: None, `max_size`: Some(177), added: 2652, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Tallies` (r:1 w:1)
    /// Proof: `Beacon::Tallies` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Elects` (r:1 w:0)
    /// Proof: `Staking::Elects` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListNodes` (r:1 w:0)
    /// Proof: `Candidates::ListNodes` (`max_values`: None, `max_size`: Some(170), added: 2645, mode: `MaxEncodedLen`)
    /// Storage: `Session::NextKeys` (r:1 w:0)
    /// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// Storage: `Balances::Holds` (r:1 w:1)
    /// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Places` (r:0 w:1)
    /// Proof: `Beacon::Places` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    fn commit() -> Weight {
        // Proof: 734 bytes measured. Least time: 93_489 ns.
        Weight::from_parts(100_840_000, 4199)
            .saturating_add(T::DbWeight::get().reads(8))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    /// Storage: `Beacon::CurrentEpoch` (r:1 w:0)
    /// Proof: `Beacon::CurrentEpoch` (`max_values`: Some(1), `max_size`: Some(228), added: 723, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Commitments` (r:1 w:1)
    /// Proof: `Beacon::Commitments` (`max_values`: None, `max_size`: Some(177), added: 2652, mode: `MaxEncodedLen`)
    /// Storage: `System::BlockHash` (r:1 w:0)
    /// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::RevealGroups` (r:3 w:3)
    /// Proof: `Beacon::RevealGroups` (`max_values`: None, `max_size`: Some(1057), added: 3532, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Tallies` (r:1 w:1)
    /// Proof: `Beacon::Tallies` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    fn reveal() -> Weight {
        // Proof: 334 bytes measured. Least time: 83_875 ns.
        Weight::from_parts(89_243_000, 11586)
            .saturating_add(T::DbWeight::get().reads(7))
            .saturating_add(T::DbWeight::get().writes(5))
    }
    /// Storage: `Beacon::CurrentEpoch` (r:1 w:0)
    /// Proof: `Beacon::CurrentEpoch` (`max_values`: Some(1), `max_size`: Some(228), added: 723, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Commitments` (r:1 w:0)
    /// Proof: `Beacon::Commitments` (`max_values`: None, `max_size`: Some(177), added: 2652, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Tallies` (r:1 w:0)
    /// Proof: `Beacon::Tallies` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Elects` (r:1 w:0)
    /// Proof: `Staking::Elects` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListNodes` (r:1 w:0)
    /// Proof: `Candidates::ListNodes` (`max_values`: None, `max_size`: Some(170), added: 2645, mode: `MaxEncodedLen`)
    /// Storage: `Session::NextKeys` (r:1 w:0)
    /// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
    /// Storage: `System::Account` (r:1 w:0)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// Storage: `Balances::Holds` (r:1 w:0)
    /// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    /// Storage: `System::BlockHash` (r:1 w:0)
    /// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    fn authorize_commit() -> Weight {
        // Proof: 788 bytes measured. Least time: 79_588 ns.
        Weight::from_parts(84_816_000, 4253)
            .saturating_add(T::DbWeight::get().reads(9))
    }
    /// Storage: `Beacon::CurrentEpoch` (r:1 w:0)
    /// Proof: `Beacon::CurrentEpoch` (`max_values`: Some(1), `max_size`: Some(228), added: 723, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Commitments` (r:1 w:0)
    /// Proof: `Beacon::Commitments` (`max_values`: None, `max_size`: Some(177), added: 2652, mode: `MaxEncodedLen`)
    /// Storage: `System::BlockHash` (r:1 w:0)
    /// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    fn authorize_reveal() -> Weight {
        // Proof: 320 bytes measured. Least time: 13_029 ns.
        Weight::from_parts(14_241_000, 3642)
            .saturating_add(T::DbWeight::get().reads(3))
    }
    /// Storage: `Beacon::CurrentEpoch` (r:1 w:0)
    /// Proof: `Beacon::CurrentEpoch` (`max_values`: Some(1), `max_size`: Some(228), added: 723, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Commitments` (r:1 w:1)
    /// Proof: `Beacon::Commitments` (`max_values`: None, `max_size`: Some(177), added: 2652, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// Storage: `Balances::Holds` (r:1 w:1)
    /// Proof: `Balances::Holds` (`max_values`: None, `max_size`: Some(157), added: 2632, mode: `MaxEncodedLen`)
    /// Storage: `Beacon::Tallies` (r:1 w:1)
    /// Proof: `Beacon::Tallies` (`max_values`: None, `max_size`: Some(28), added: 2503, mode: `MaxEncodedLen`)
    fn on_leave() -> Weight {
        // Proof: 475 bytes measured. Least time: 54_902 ns.
        Weight::from_parts(58_387_000, 3642)
            .saturating_add(T::DbWeight::get().reads(5))
            .saturating_add(T::DbWeight::get().writes(4))
    }
}
