// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_pbft`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 4 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `hansa_pallet_pbft`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> hansa_pallet_pbft::WeightInfo for WeightInfo<T> {
    /// Storage: `Pbft::CurrentSet` (r:1 w:0)
    /// Proof: `Pbft::CurrentSet` (`max_values`: Some(1), `max_size`: Some(72012), added: 72507, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::SessionParticipation` (r:1 w:1)
    /// Proof: `Pbft::SessionParticipation` (`max_values`: Some(1), `max_size`: Some(8002), added: 8497, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::OutgoingSet` (r:1 w:0)
    /// Proof: `Pbft::OutgoingSet` (`max_values`: Some(1), `max_size`: Some(72012), added: 72507, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::ParentSet` (r:1 w:0)
    /// Proof: `Pbft::ParentSet` (`max_values`: Some(1), `max_size`: Some(72012), added: 72507, mode: `MaxEncodedLen`)
    /// `n` is from 1 to 1000.
    fn on_initialize_and_finalize(n: u32, ) -> Weight {
        // Proof: 13 + n * 80 bytes measured. Least time: 8_322 ns.
        Weight::from_parts(9_052_317, 73497)
            // Standard error: 229.
            .saturating_add(Weight::from_parts(48_838, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Pbft::ParentSet` (r:1 w:0)
    /// Proof: `Pbft::ParentSet` (`max_values`: Some(1), `max_size`: Some(72012), added: 72507, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::OutgoingSet` (r:1 w:0)
    /// Proof: `Pbft::OutgoingSet` (`max_values`: Some(1), `max_size`: Some(72012), added: 72507, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::CurrentSet` (r:1 w:0)
    /// Proof: `Pbft::CurrentSet` (`max_values`: Some(1), `max_size`: Some(72012), added: 72507, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::SessionParticipation` (r:1 w:1)
    /// Proof: `Pbft::SessionParticipation` (`max_values`: Some(1), `max_size`: Some(8002), added: 8497, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Certificates` (r:0 w:1)
    /// Proof: `Staking::Certificates` (`max_values`: None, `max_size`: Some(175), added: 2650, mode: `MaxEncodedLen`)
    /// `n` is from 1 to 1000.
    fn note_parent_certificate(n: u32, ) -> Weight {
        // Proof: 13 + n * 80 bytes measured. Least time: 13_340 ns.
        Weight::from_parts(15_456_092, 73497)
            // Standard error: 303.
            .saturating_add(Weight::from_parts(56_686, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Session::NextKeys` (r:1 w:0)
    /// Proof: `Session::NextKeys` (`max_values`: None, `max_size`: None, mode: `Measured`)
    /// Storage: `Pbft::Listed` (r:1 w:1)
    /// Proof: `Pbft::Listed` (`max_values`: Some(1), `max_size`: Some(32002), added: 32497, mode: `MaxEncodedLen`)
    /// `n` is from 2 to 1000.
    fn add_authority(n: u32, ) -> Weight {
        // Proof: 217 + n * 32 bytes measured. Least time: 13_991 ns.
        Weight::from_parts(16_637_011, 33487)
            // Standard error: 162.
            .saturating_add(Weight::from_parts(29_041, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
            .saturating_add(Weight::from_parts(0, 32).saturating_mul(n.into()))
    }
    /// Storage: `Pbft::Listed` (r:1 w:1)
    /// Proof: `Pbft::Listed` (`max_values`: Some(1), `max_size`: Some(32002), added: 32497, mode: `MaxEncodedLen`)
    /// `n` is from 2 to 1000.
    fn remove_authority(n: u32, ) -> Weight {
        // Proof: 0 + n * 32 bytes measured. Least time: 7_220 ns.
        Weight::from_parts(9_712_554, 33487)
            // Standard error: 151.
            .saturating_add(Weight::from_parts(24_105, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Pbft::CurrentTiming` (r:0 w:1)
    /// Proof: `Pbft::CurrentTiming` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    fn set_timing() -> Weight {
        // Proof: 0 bytes measured. Least time: 5_098 ns.
        Weight::from_parts(6_220_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Pbft::SessionLength` (r:0 w:1)
    /// Proof: `Pbft::SessionLength` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    fn set_session_length() -> Weight {
        // Proof: 0 bytes measured. Least time: 4_857 ns.
        Weight::from_parts(5_759_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Pbft::Admin` (r:0 w:1)
    /// Proof: `Pbft::Admin` (`max_values`: Some(1), `max_size`: Some(32), added: 527, mode: `MaxEncodedLen`)
    fn set_admin() -> Weight {
        // Proof: 0 bytes measured. Least time: 5_037 ns.
        Weight::from_parts(5_909_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Session::CurrentIndex` (r:1 w:0)
    /// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
    /// Storage: `Pbft::OldestSession` (r:1 w:0)
    /// Proof: `Pbft::OldestSession` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::SessionRecords` (r:1 w:0)
    /// Proof: `Pbft::SessionRecords` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::Convicted` (r:1 w:1)
    /// Proof: `Pbft::Convicted` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::Listed` (r:1 w:1)
    /// Proof: `Pbft::Listed` (`max_values`: Some(1), `max_size`: Some(32002), added: 32497, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListNodes` (r:1 w:0)
    /// Proof: `Candidates::ListNodes` (`max_values`: None, `max_size`: Some(170), added: 2645, mode: `MaxEncodedLen`)
    /// Storage: `Staking::ActiveSet` (r:1 w:0)
    /// Proof: `Staking::ActiveSet` (`max_values`: Some(1), `max_size`: Some(40010), added: 40505, mode: `MaxEncodedLen`)
    /// Storage: `Staking::PlannedSet` (r:1 w:0)
    /// Proof: `Staking::PlannedSet` (`max_values`: Some(1), `max_size`: Some(40010), added: 40505, mode: `MaxEncodedLen`)
    /// Storage: `Staking::SessionElections` (r:1 w:0)
    /// Proof: `Staking::SessionElections` (`max_values`: None, `max_size`: Some(16), added: 2491, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::ChangeQueued` (r:0 w:1)
    /// Proof: `Pbft::ChangeQueued` (`max_values`: Some(1), `max_size`: Some(1), added: 496, mode: `MaxEncodedLen`)
    /// `n` is from 2 to 1000.
    fn report_offence(n: u32, ) -> Weight {
        // Proof: 319 + n * 32 bytes measured. Least time: 54_461 ns.
        Weight::from_parts(61_928_671, 41495)
            // Standard error: 12_001.
            .saturating_add(Weight::from_parts(217_191, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(3))
            .saturating_add(Weight::from_parts(0, 32).saturating_mul(n.into()))
    }
    /// Storage: `Session::CurrentIndex` (r:1 w:0)
    /// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
    /// Storage: `Pbft::OldestSession` (r:1 w:0)
    /// Proof: `Pbft::OldestSession` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::SessionRecords` (r:1 w:0)
    /// Proof: `Pbft::SessionRecords` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::Convicted` (r:1 w:0)
    /// Proof: `Pbft::Convicted` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
    /// Storage: `System::BlockHash` (r:1 w:0)
    /// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    /// `n` is from 2 to 1000.
    fn authorize_report_of_statements(n: u32, ) -> Weight {
        // Proof: 367 bytes measured. Least time: 105_256 ns.
        Weight::from_parts(102_763_765, 3604)
            // Standard error: 11_113.
            .saturating_add(Weight::from_parts(156_173, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
    }
    /// Storage: `Session::CurrentIndex` (r:1 w:0)
    /// Proof: `Session::CurrentIndex` (`max_values`: Some(1), `max_size`: None, mode: `Measured`)
    /// Storage: `Pbft::OldestSession` (r:1 w:0)
    /// Proof: `Pbft::OldestSession` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::SessionRecords` (r:1 w:0)
    /// Proof: `Pbft::SessionRecords` (`max_values`: None, `max_size`: Some(56), added: 2531, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::Convicted` (r:1 w:0)
    /// Proof: `Pbft::Convicted` (`max_values`: None, `max_size`: Some(139), added: 2614, mode: `MaxEncodedLen`)
    /// Storage: `System::BlockHash` (r:1 w:0)
    /// Proof: `System::BlockHash` (`max_values`: None, `max_size`: Some(44), added: 2519, mode: `MaxEncodedLen`)
    /// `n` is from 2 to 1000.
    fn authorize_report_of_proposal(n: u32, ) -> Weight {
        // Proof: 367 bytes measured. Least time: 229_140 ns.
        Weight::from_parts(948_110_722, 3604)
            // Standard error: 5_210_066.
            .saturating_add(Weight::from_parts(86_770_631, 0).saturating_mul(n.into()))
            .saturating_add(T::DbWeight::get().reads(5))
    }
}
