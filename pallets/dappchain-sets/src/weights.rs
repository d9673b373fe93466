// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_dappchain_sets`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on reference hardware the
//! numbers are estimates on the safe side: 60 µs for a call, 60 µs for a signature that is verified, 5 µs and three reads for
//! a member that is looked at, 20 µs and four reads and writes for one whose blocks are credited, 20 µs and a read for one that
//! is looked for among those who are there.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};

/// The weights that the pallet needs.
pub trait WeightInfo {
    /// `report_offence` in a set of `n` members.
    fn report_offence(n: u32) -> Weight;
    /// What authorises it, for two statements.
    fn authorize_report_of_statements(n: u32) -> Weight;
    /// What authorises it, for a proposal with its proofs.
    fn authorize_report_of_proposal(n: u32) -> Weight;
    /// A chain of `n` members that is looked at, and gets another set.
    fn look_at(n: u32) -> Weight;
    /// A set of `n` members that is recorded for a chain that stands still, beside what it takes to look at it.
    fn recover(n: u32) -> Weight;
    /// A report of the blocks of `n` nodes, with all that it is told to.
    fn take_report(n: u32) -> Weight;
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

const MICROSECOND: u64 = 1_000_000;

fn report_offence(db: RuntimeDbWeight, n: u32) -> Weight {
    Weight::from_parts(60 * MICROSECOND, 0)
        .saturating_add(Weight::from_parts(MICROSECOND, 0).saturating_mul(n.into()))
        .saturating_add(db.reads_writes(12, 12))
}

fn statements(db: RuntimeDbWeight, n: u32) -> Weight {
    Weight::from_parts(180 * MICROSECOND, 0)
        .saturating_add(Weight::from_parts(MICROSECOND, 0).saturating_mul(n.into()))
        .saturating_add(db.reads(2))
}

fn proposal(db: RuntimeDbWeight, n: u32) -> Weight {
    Weight::from_parts(180 * MICROSECOND, 0)
        .saturating_add(Weight::from_parts(130 * MICROSECOND, 0).saturating_mul(n.into()))
        .saturating_add(db.reads(2))
}

fn look_at(db: RuntimeDbWeight, n: u32) -> Weight {
    Weight::from_parts(400 * MICROSECOND, 0)
        .saturating_add(Weight::from_parts(5 * MICROSECOND, 0).saturating_mul(n.into()))
        // Client, route, head, stall, roll and roster are those of a chain that is watched. Its members may be held, which
        // changes the table of all chains; how many of the set in force are left is looked at, too.
        .saturating_add(db.reads_writes(26, 24))
        .saturating_add(db.reads(3).saturating_mul(n.into()))
}

fn recover(db: RuntimeDbWeight, n: u32) -> Weight {
    // The sets that were ordered and are passed over, at most 16, with their accounts, and a set that is forgotten by the
    // light client. The answers to the roll, who decides, the accounts of the sets that were ordered, the keys of the members,
    // and where this chain stands, are read.
    Weight::from_parts(150 * MICROSECOND, 0)
        .saturating_add(Weight::from_parts(20 * MICROSECOND, 0).saturating_mul(n.into()))
        .saturating_add(db.reads_writes(33, 47))
        .saturating_add(db.reads(1).saturating_mul(n.into()))
}

fn take_report(db: RuntimeDbWeight, n: u32) -> Weight {
    Weight::from_parts(60 * MICROSECOND, 0)
        .saturating_add(Weight::from_parts(20 * MICROSECOND, 0).saturating_mul(n.into()))
        .saturating_add(db.reads_writes(2, 2))
        .saturating_add(db.reads_writes(5, 4).saturating_mul(n.into()))
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn report_offence(n: u32) -> Weight {
        report_offence(T::DbWeight::get(), n)
    }
    fn authorize_report_of_statements(n: u32) -> Weight {
        statements(T::DbWeight::get(), n)
    }
    fn authorize_report_of_proposal(n: u32) -> Weight {
        proposal(T::DbWeight::get(), n)
    }
    fn look_at(n: u32) -> Weight {
        look_at(T::DbWeight::get(), n)
    }
    fn recover(n: u32) -> Weight {
        recover(T::DbWeight::get(), n)
    }
    fn take_report(n: u32) -> Weight {
        take_report(T::DbWeight::get(), n)
    }
}

impl WeightInfo for () {
    fn report_offence(n: u32) -> Weight {
        report_offence(RocksDbWeight::get(), n)
    }
    fn authorize_report_of_statements(n: u32) -> Weight {
        statements(RocksDbWeight::get(), n)
    }
    fn authorize_report_of_proposal(n: u32) -> Weight {
        proposal(RocksDbWeight::get(), n)
    }
    fn look_at(n: u32) -> Weight {
        look_at(RocksDbWeight::get(), n)
    }
    fn recover(n: u32) -> Weight {
        recover(RocksDbWeight::get(), n)
    }
    fn take_report(n: u32) -> Weight {
        take_report(RocksDbWeight::get(), n)
    }
}
