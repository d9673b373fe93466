// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_scheduler`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_scheduler`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_scheduler::WeightInfo for WeightInfo<T> {
    /// Storage: `Scheduler::IncompleteSince` (r:1 w:1)
    /// Proof: `Scheduler::IncompleteSince` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    fn service_agendas_base() -> Weight {
        // Proof: 31 bytes measured. Least time: 5_268 ns.
        Weight::from_parts(5_869_000, 1489)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Scheduler::Agenda` (r:1 w:1)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// `s` is from 0 to 50.
    fn service_agenda_base(s: u32, ) -> Weight {
        // Proof: 78 + s * 177 bytes measured. Least time: 3_846 ns.
        Weight::from_parts(5_786_319, 13928)
            // Standard error: 688.
            .saturating_add(Weight::from_parts(503_027, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn service_task_base() -> Weight {
        // Proof: 0 bytes measured. Least time: 2_905 ns.
        Weight::from_parts(3_335_000, 0)
    }
    /// Storage: `Preimage::PreimageFor` (r:1 w:1)
    /// Proof: `Preimage::PreimageFor` (`max_values`: None, `max_size`: Some(4194344), added: 4196819, mode: `Measured`)
    /// Storage: `Preimage::StatusFor` (r:1 w:0)
    /// Proof: `Preimage::StatusFor` (`max_values`: None, `max_size`: Some(91), added: 2566, mode: `MaxEncodedLen`)
    /// Storage: `Preimage::RequestStatusFor` (r:1 w:1)
    /// Proof: `Preimage::RequestStatusFor` (`max_values`: None, `max_size`: Some(91), added: 2566, mode: `MaxEncodedLen`)
    /// `s` is from 128 to 4194304.
    fn service_task_fetched(s: u32, ) -> Weight {
        // Proof: 141 + s * 1 bytes measured. Least time: 18_137 ns.
        Weight::from_parts(18_818_000, 3604)
            // Standard error: 41.
            .saturating_add(Weight::from_parts(1_789, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
            .saturating_add(Weight::from_parts(0, 1).saturating_mul(s.into()))
    }
    /// Storage: `Scheduler::Lookup` (r:0 w:1)
    /// Proof: `Scheduler::Lookup` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    fn service_task_named() -> Weight {
        // Proof: 0 bytes measured. Least time: 4_447 ns.
        Weight::from_parts(5_098_000, 0)
            .saturating_add(T::DbWeight::get().writes(1))
    }
    fn service_task_periodic() -> Weight {
        // Proof: 0 bytes measured. Least time: 2_875 ns.
        Weight::from_parts(3_405_000, 0)
    }
    fn execute_dispatch_signed() -> Weight {
        // Proof: 0 bytes measured. Least time: 2_293 ns.
        Weight::from_parts(2_684_000, 0)
    }
    fn execute_dispatch_unsigned() -> Weight {
        // Proof: 0 bytes measured. Least time: 2_263 ns.
        Weight::from_parts(2_644_000, 0)
    }
    /// Storage: `Pbft::ServiceTime` (r:1 w:0)
    /// Proof: `Pbft::ServiceTime` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Agenda` (r:1 w:1)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// `s` is from 0 to 49.
    fn schedule(s: u32, ) -> Weight {
        // Proof: 78 + s * 177 bytes measured. Least time: 10_947 ns.
        Weight::from_parts(13_403_446, 13928)
            // Standard error: 1_806.
            .saturating_add(Weight::from_parts(602_368, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Scheduler::Agenda` (r:1 w:1)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Retries` (r:0 w:1)
    /// Proof: `Scheduler::Retries` (`max_values`: None, `max_size`: Some(30), added: 2505, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Lookup` (r:0 w:1)
    /// Proof: `Scheduler::Lookup` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    /// `s` is from 1 to 50.
    fn cancel(s: u32, ) -> Weight {
        // Proof: 78 + s * 177 bytes measured. Least time: 16_314 ns.
        Weight::from_parts(15_333_146, 13928)
            // Standard error: 1_413.
            .saturating_add(Weight::from_parts(867_015, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    /// Storage: `Scheduler::Lookup` (r:1 w:1)
    /// Proof: `Scheduler::Lookup` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::ServiceTime` (r:1 w:0)
    /// Proof: `Pbft::ServiceTime` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Agenda` (r:1 w:1)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// `s` is from 0 to 49.
    fn schedule_named(s: u32, ) -> Weight {
        // Proof: 192 + s * 187 bytes measured. Least time: 14_321 ns.
        Weight::from_parts(17_968_123, 13928)
            // Standard error: 1_423.
            .saturating_add(Weight::from_parts(623_708, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Scheduler::Lookup` (r:1 w:1)
    /// Proof: `Scheduler::Lookup` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Agenda` (r:1 w:1)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Retries` (r:0 w:1)
    /// Proof: `Scheduler::Retries` (`max_values`: None, `max_size`: Some(30), added: 2505, mode: `MaxEncodedLen`)
    /// `s` is from 1 to 50.
    fn cancel_named(s: u32, ) -> Weight {
        // Proof: 263 + s * 186 bytes measured. Least time: 18_648 ns.
        Weight::from_parts(18_313_443, 13928)
            // Standard error: 1_305.
            .saturating_add(Weight::from_parts(898_778, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(3))
    }
    /// Storage: `Scheduler::Agenda` (r:1 w:1)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Retries` (r:0 w:1)
    /// Proof: `Scheduler::Retries` (`max_values`: None, `max_size`: Some(30), added: 2505, mode: `MaxEncodedLen`)
    /// `s` is from 1 to 50.
    fn schedule_retry(s: u32, ) -> Weight {
        // Proof: 118 bytes measured. Least time: 9_644 ns.
        Weight::from_parts(10_233_347, 13928)
            // Standard error: 314.
            .saturating_add(Weight::from_parts(43_422, 0).saturating_mul(s.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Scheduler::Agenda` (r:1 w:0)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Retries` (r:0 w:1)
    /// Proof: `Scheduler::Retries` (`max_values`: None, `max_size`: Some(30), added: 2505, mode: `MaxEncodedLen`)
    fn set_retry() -> Weight {
        // Proof: 8928 bytes measured. Least time: 29_504 ns.
        Weight::from_parts(35_883_000, 13928)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Scheduler::Lookup` (r:1 w:0)
    /// Proof: `Scheduler::Lookup` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Agenda` (r:1 w:0)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Retries` (r:0 w:1)
    /// Proof: `Scheduler::Retries` (`max_values`: None, `max_size`: Some(30), added: 2505, mode: `MaxEncodedLen`)
    fn set_retry_named() -> Weight {
        // Proof: 9606 bytes measured. Least time: 35_613 ns.
        Weight::from_parts(42_233_000, 13928)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Scheduler::Agenda` (r:1 w:0)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Retries` (r:0 w:1)
    /// Proof: `Scheduler::Retries` (`max_values`: None, `max_size`: Some(30), added: 2505, mode: `MaxEncodedLen`)
    fn cancel_retry() -> Weight {
        // Proof: 8940 bytes measured. Least time: 27_792 ns.
        Weight::from_parts(32_067_000, 13928)
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Scheduler::Lookup` (r:1 w:0)
    /// Proof: `Scheduler::Lookup` (`max_values`: None, `max_size`: Some(48), added: 2523, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Agenda` (r:1 w:0)
    /// Proof: `Scheduler::Agenda` (`max_values`: None, `max_size`: Some(10463), added: 12938, mode: `MaxEncodedLen`)
    /// Storage: `Scheduler::Retries` (r:0 w:1)
    /// Proof: `Scheduler::Retries` (`max_values`: None, `max_size`: Some(30), added: 2505, mode: `MaxEncodedLen`)
    fn cancel_retry_named() -> Weight {
        // Proof: 9618 bytes measured. Least time: 33_920 ns.
        Weight::from_parts(38_647_000, 13928)
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
}
