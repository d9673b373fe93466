// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_node_allocation`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on
//! reference hardware the numbers are estimates on the safe side of what a machine measured that did other things, too: 30 µs
//! for a call, 110 µs for one that puts a deposit on hold, 100 µs for the table
//! of a thousand chains or the roster of a large chain, 20 µs for a node that is ranked, placed or
//! swept, 60 µs for a signature that is verified.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// The weights that the pallet needs; `n` is the number of nodes that are worked on. Those of the hooks of
/// other pallets come on top.
pub trait WeightInfo {
    /// `join`.
    fn join() -> Weight;
    /// What authorises `join_by_key`.
    fn authorize_join() -> Weight;
    /// `leave`.
    fn leave() -> Weight;
    /// `confirm`.
    fn confirm() -> Weight;
    /// What authorises `confirm`.
    fn authorize_confirm() -> Weight;
    /// A block without any work on draw or sweep.
    fn on_initialize() -> Weight;
    /// The beacon's freeze.
    fn on_freeze() -> Weight;
    /// A new beacon.
    fn on_beacon() -> Weight;
    /// A block that ranks `n` nodes.
    fn rank(n: u32) -> Weight;
    /// A block that places `n` nodes, each on another chain.
    fn place(n: u32) -> Weight;
    /// A block that sweeps `c` chains with `n` members.
    fn sweep(c: u32, n: u32) -> Weight;
    /// A chain that is closed, with `n` members.
    fn close(n: u32) -> Weight;
    /// `set_draw_delay`.
    fn set_draw_delay() -> Weight;
    /// A node that reveals its id.
    fn on_reveal() -> Weight;
    /// A report on a node's blocks.
    fn on_authored() -> Weight;
    /// `answer`.
    fn answer() -> Weight;
    /// What authorises `answer`.
    fn authorize_answer() -> Weight;
    /// The roll of a chain that is closed, by which `n` members go.
    fn close_roll(n: u32) -> Weight;
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

macro_rules! weights {
    ($db:expr) => {
        fn join() -> Weight {
            estimate($db, 110_000_000, 8, 5)
        }
        fn authorize_join() -> Weight {
            estimate($db, 130_000_000, 9, 0)
        }
        fn leave() -> Weight {
            estimate($db, 230_000_000, 12, 10)
        }
        fn confirm() -> Weight {
            estimate($db, 430_000_000, 12, 8)
        }
        fn authorize_confirm() -> Weight {
            estimate($db, 190_000_000, 6, 0)
        }
        fn on_initialize() -> Weight {
            estimate($db, 10_000_000, 4, 1)
        }
        fn on_freeze() -> Weight {
            estimate($db, 200_000_000, 4, 4)
        }
        fn on_beacon() -> Weight {
            estimate($db, 100_000_000, 4, 5)
        }
        fn rank(n: u32) -> Weight {
            estimate($db, 20_000_000, 4, 1).saturating_add(per(n, estimate($db, 20_000_000, 6, 1)))
        }
        fn place(n: u32) -> Weight {
            // Each on a chain of its own, whose roster and table entry are written.
            estimate($db, 300_000_000, 5, 5)
                .saturating_add(per(n, estimate($db, 220_000_000, 4, 3)))
        }
        fn sweep(c: u32, n: u32) -> Weight {
            estimate($db, 400_000_000, 6, 3)
                .saturating_add(per(c, estimate($db, 200_000_000, 1, 1)))
                .saturating_add(per(n, estimate($db, 40_000_000, 5, 4)))
        }
        fn close(n: u32) -> Weight {
            estimate($db, 200_000_000, 2, 2).saturating_add(per(n, estimate($db, 30_000_000, 4, 4)))
        }
        fn set_draw_delay() -> Weight {
            estimate($db, 30_000_000, 1, 2)
        }
        fn on_reveal() -> Weight {
            estimate($db, 20_000_000, 1, 1)
        }
        fn on_authored() -> Weight {
            estimate($db, 200_000_000, 3, 3)
        }
        fn answer() -> Weight {
            estimate($db, 60_000_000, 1, 1)
        }
        fn authorize_answer() -> Weight {
            estimate($db, 220_000_000, 4, 0)
        }
        fn close_roll(n: u32) -> Weight {
            // With that the others are held, or not any more.
            estimate($db, 500_000_000, 4, 3).saturating_add(per(n, estimate($db, 40_000_000, 5, 4)))
        }
    };
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    weights!(T::DbWeight::get());
}

/// The weights of tests.
impl WeightInfo for () {
    weights!(RocksDbWeight::get());
}

/// A time in picoseconds, with 10 KB of proof for each item read.
fn estimate(db: RuntimeDbWeight, ref_time: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(ref_time, reads.saturating_mul(10_000))
        .saturating_add(db.reads_writes(reads, writes))
}

fn per(n: u32, each: Weight) -> Weight {
    each.saturating_mul(n.into())
}
