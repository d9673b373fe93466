// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `pallet_bags_list`, as measured in the runtime. `make weights` writes this file anew.
//!
//! frame-omni-bencher with frame-benchmarking-cli 64.0.0, 2026-11-21, on AMD EPYC;
//! 10 steps, 10 repetitions, compiled wasm, maps of 1000000 values for the size
//! of proofs.

#![cfg_attr(rustfmt, rustfmt_skip)]
#![allow(unused_imports, unused_parens)]

use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Weights of `pallet_bags_list`.
pub struct WeightInfo<T>(PhantomData<T>);
impl<T: frame_system::Config> pallet_bags_list::WeightInfo for WeightInfo<T> {
    /// Storage: `Candidates::Lock` (r:1 w:0)
    /// Proof: `Candidates::Lock` (`max_values`: Some(1), `max_size`: Some(0), added: 495, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::PendingRebag` (r:1 w:1)
    /// Proof: `Candidates::PendingRebag` (`max_values`: None, `max_size`: Some(40), added: 2515, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListNodes` (r:4 w:4)
    /// Proof: `Candidates::ListNodes` (`max_values`: None, `max_size`: Some(170), added: 2645, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Nodes` (r:1 w:0)
    /// Proof: `Staking::Nodes` (`max_values`: None, `max_size`: Some(124), added: 2599, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Ledgers` (r:1 w:0)
    /// Proof: `Staking::Ledgers` (`max_values`: None, `max_size`: Some(1266), added: 3741, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListBags` (r:1 w:1)
    /// Proof: `Candidates::ListBags` (`max_values`: None, `max_size`: Some(90), added: 2565, mode: `MaxEncodedLen`)
    fn rebag_non_terminal() -> Weight {
        // Proof: 947 bytes measured. Least time: 61_902 ns.
        Weight::from_parts(76_594_000, 11570)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    /// Storage: `Candidates::Lock` (r:1 w:0)
    /// Proof: `Candidates::Lock` (`max_values`: Some(1), `max_size`: Some(0), added: 495, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::PendingRebag` (r:1 w:1)
    /// Proof: `Candidates::PendingRebag` (`max_values`: None, `max_size`: Some(40), added: 2515, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListNodes` (r:3 w:3)
    /// Proof: `Candidates::ListNodes` (`max_values`: None, `max_size`: Some(170), added: 2645, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Nodes` (r:1 w:0)
    /// Proof: `Staking::Nodes` (`max_values`: None, `max_size`: Some(124), added: 2599, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Ledgers` (r:1 w:0)
    /// Proof: `Staking::Ledgers` (`max_values`: None, `max_size`: Some(1266), added: 3741, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListBags` (r:2 w:2)
    /// Proof: `Candidates::ListBags` (`max_values`: None, `max_size`: Some(90), added: 2565, mode: `MaxEncodedLen`)
    fn rebag_terminal() -> Weight {
        // Proof: 833 bytes measured. Least time: 59_809 ns.
        Weight::from_parts(85_337_000, 8925)
            .saturating_add(T::DbWeight::get().reads(9))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    /// Storage: `Candidates::Lock` (r:1 w:0)
    /// Proof: `Candidates::Lock` (`max_values`: Some(1), `max_size`: Some(0), added: 495, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListNodes` (r:4 w:4)
    /// Proof: `Candidates::ListNodes` (`max_values`: None, `max_size`: Some(170), added: 2645, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Nodes` (r:2 w:0)
    /// Proof: `Staking::Nodes` (`max_values`: None, `max_size`: Some(124), added: 2599, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Ledgers` (r:2 w:0)
    /// Proof: `Staking::Ledgers` (`max_values`: None, `max_size`: Some(1266), added: 3741, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::CounterForListNodes` (r:1 w:1)
    /// Proof: `Candidates::CounterForListNodes` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListBags` (r:1 w:1)
    /// Proof: `Candidates::ListBags` (`max_values`: None, `max_size`: Some(90), added: 2565, mode: `MaxEncodedLen`)
    fn put_in_front_of() -> Weight {
        // Proof: 1058 bytes measured. Least time: 67_660 ns.
        Weight::from_parts(76_043_000, 11570)
            .saturating_add(T::DbWeight::get().reads(11))
            .saturating_add(T::DbWeight::get().writes(6))
    }
    /// Storage: `Candidates::Lock` (r:1 w:0)
    /// Proof: `Candidates::Lock` (`max_values`: Some(1), `max_size`: Some(0), added: 495, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::PendingRebag` (r:1 w:1)
    /// Proof: `Candidates::PendingRebag` (`max_values`: None, `max_size`: Some(40), added: 2515, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::CounterForPendingRebag` (r:1 w:1)
    /// Proof: `Candidates::CounterForPendingRebag` (`max_values`: Some(1), `max_size`: Some(4), added: 499, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListNodes` (r:4 w:4)
    /// Proof: `Candidates::ListNodes` (`max_values`: None, `max_size`: Some(170), added: 2645, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Nodes` (r:1 w:0)
    /// Proof: `Staking::Nodes` (`max_values`: None, `max_size`: Some(124), added: 2599, mode: `MaxEncodedLen`)
    /// Storage: `Staking::Ledgers` (r:1 w:0)
    /// Proof: `Staking::Ledgers` (`max_values`: None, `max_size`: Some(1266), added: 3741, mode: `MaxEncodedLen`)
    /// Storage: `Candidates::ListBags` (r:1 w:1)
    /// Proof: `Candidates::ListBags` (`max_values`: None, `max_size`: Some(90), added: 2565, mode: `MaxEncodedLen`)
    fn on_idle_rebag() -> Weight {
        // Proof: 1034 bytes measured. Least time: 61_451 ns.
        Weight::from_parts(66_519_000, 11570)
            .saturating_add(T::DbWeight::get().reads(10))
            .saturating_add(T::DbWeight::get().writes(7))
    }
}
