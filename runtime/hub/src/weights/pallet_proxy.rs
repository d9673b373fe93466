// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_proxy`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_proxy`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_proxy::WeightInfo for WeightInfo<T> {
    /// Storage: `Proxy::Proxies` (r:1 w:0)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// `p` is from 1 to 31.
    fn proxy(p: u32, ) -> Weight {
        // Proof: 90 + p * 37 bytes measured. Least time: 12_588 ns.
        Weight::from_parts(13_922_885, 4706)
            // Standard error: 1_678.
            .saturating_add(Weight::from_parts(76_793, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(1))
    }
    /// Storage: `Proxy::Proxies` (r:1 w:0)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::ServiceTime` (r:1 w:0)
    /// Proof: `Pbft::ServiceTime` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Proxy::Announcements` (r:1 w:1)
    /// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// `a` is from 0 to 31.
    /// `p` is from 1 to 31.
    fn proxy_announced(a: u32, p: u32, ) -> Weight {
        // Proof: 417 + a * 68 + p * 37 bytes measured. Least time: 38_467 ns.
        Weight::from_parts(41_910_300, 5698)
            // Standard error: 12_958.
            .saturating_add(Weight::from_parts(337_727, 0).saturating_mul(a.into()))
            // Standard error: 13_471.
            .saturating_add(Weight::from_parts(97_764, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Proxy::Announcements` (r:1 w:1)
    /// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// `a` is from 0 to 31.
    /// `p` is from 1 to 31.
    fn remove_announcement(a: u32, p: u32, ) -> Weight {
        // Proof: 332 + a * 68 bytes measured. Least time: 26_660 ns.
        Weight::from_parts(27_693_586, 5698)
            // Standard error: 6_853.
            .saturating_add(Weight::from_parts(301_998, 0).saturating_mul(a.into()))
            // Standard error: 7_124.
            .saturating_add(Weight::from_parts(79_486, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Proxy::Announcements` (r:1 w:1)
    /// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// `a` is from 0 to 31.
    /// `p` is from 1 to 31.
    fn reject_announcement(a: u32, p: u32, ) -> Weight {
        // Proof: 332 + a * 68 bytes measured. Least time: 26_640 ns.
        Weight::from_parts(30_031_237, 5698)
            // Standard error: 7_185.
            .saturating_add(Weight::from_parts(226_808, 0).saturating_mul(a.into()))
            // Standard error: 7_470.
            .saturating_add(Weight::from_parts(34_527, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Proxy::Proxies` (r:1 w:0)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// Storage: `Pbft::ServiceTime` (r:1 w:0)
    /// Proof: `Pbft::ServiceTime` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Proxy::Announcements` (r:1 w:1)
    /// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// `a` is from 0 to 31.
    /// `p` is from 1 to 31.
    fn announce(a: u32, p: u32, ) -> Weight {
        // Proof: 349 + a * 68 + p * 37 bytes measured. Least time: 35_533 ns.
        Weight::from_parts(36_833_816, 5698)
            // Standard error: 8_173.
            .saturating_add(Weight::from_parts(298_235, 0).saturating_mul(a.into()))
            // Standard error: 8_497.
            .saturating_add(Weight::from_parts(63_355, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(4))
            .saturating_add(T::DbWeight::get().writes(2))
    }
    /// Storage: `Proxy::Proxies` (r:1 w:1)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// `p` is from 1 to 31.
    fn add_proxy(p: u32, ) -> Weight {
        // Proof: 90 + p * 37 bytes measured. Least time: 24_056 ns.
        Weight::from_parts(25_737_836, 4706)
            // Standard error: 2_044.
            .saturating_add(Weight::from_parts(82_761, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Proxy::Proxies` (r:1 w:1)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// `p` is from 1 to 31.
    fn remove_proxy(p: u32, ) -> Weight {
        // Proof: 90 + p * 37 bytes measured. Least time: 23_865 ns.
        Weight::from_parts(25_929_731, 4706)
            // Standard error: 2_386.
            .saturating_add(Weight::from_parts(98_939, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Proxy::Proxies` (r:1 w:1)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// `p` is from 1 to 31.
    fn remove_proxies(p: u32, ) -> Weight {
        // Proof: 90 + p * 37 bytes measured. Least time: 23_305 ns.
        Weight::from_parts(23_773_784, 4706)
            // Standard error: 1_946.
            .saturating_add(Weight::from_parts(1_787_279, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Pbft::ServiceTime` (r:1 w:0)
    /// Proof: `Pbft::ServiceTime` (`max_values`: Some(1), `max_size`: Some(8), added: 503, mode: `MaxEncodedLen`)
    /// Storage: `Proxy::Proxies` (r:1 w:1)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// `p` is from 1 to 31.
    fn create_pure(p: u32, ) -> Weight {
        // Proof: 102 bytes measured. Least time: 27_601 ns.
        Weight::from_parts(30_011_822, 4706)
            // Standard error: 3_100.
            .saturating_add(Weight::from_parts(87_842, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(2))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Proxy::Proxies` (r:1 w:1)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// `p` is from 0 to 30.
    fn kill_pure(p: u32, ) -> Weight {
        // Proof: 127 + p * 37 bytes measured. Least time: 25_118 ns.
        Weight::from_parts(27_012_630, 4706)
            // Standard error: 2_063.
            .saturating_add(Weight::from_parts(86_263, 0).saturating_mul(p.into()))
            .saturating_add(T::DbWeight::get().reads(1))
            .saturating_add(T::DbWeight::get().writes(1))
    }
    /// Storage: `Proxy::Proxies` (r:1 w:1)
    /// Proof: `Proxy::Proxies` (`max_values`: None, `max_size`: Some(1241), added: 3716, mode: `MaxEncodedLen`)
    /// Storage: `System::Account` (r:1 w:1)
    /// Proof: `System::Account` (`max_values`: None, `max_size`: Some(128), added: 2603, mode: `MaxEncodedLen`)
    /// Storage: `Proxy::Announcements` (r:1 w:1)
    /// Proof: `Proxy::Announcements` (`max_values`: None, `max_size`: Some(2233), added: 4708, mode: `MaxEncodedLen`)
    fn poke_deposit() -> Weight {
        // Proof: 416 bytes measured. Least time: 45_848 ns.
        Weight::from_parts(49_183_000, 5698)
            .saturating_add(T::DbWeight::get().reads(3))
            .saturating_add(T::DbWeight::get().writes(3))
    }
}
