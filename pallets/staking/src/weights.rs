// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_staking`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on
//! reference hardware the numbers are estimates on the safe side: 60 µs for a call, 2 µs for a
//! member of the set or a candidate, 60 µs for a signature, and reads and writes counted at the
//! worst case, those of the sorted list (10 reads, 8 writes) included. Only the session's end and
//! what reads a certificate depend on a number, that of the members; nothing depends on how many
//! nodes or delegators there are.

#![allow(unused_parens)]

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// The weights that the pallet needs; `n` is the number of members or candidates.
pub trait WeightInfo {
    /// `on_initialize` when no slash is due.
    fn on_initialize_without_slash() -> Weight;
    /// What `on_initialize` needs more to apply a slash.
    fn on_initialize_with_slash() -> Weight;
    /// What a conviction costs.
    fn on_offence() -> Weight;
    /// The election among `n` candidates.
    fn new_session(n: u32) -> Weight;
    /// The end of a session of a set of `n`.
    fn end_session(n: u32) -> Weight;
    /// What a certificate of a set of `n` costs.
    fn on_certificate(n: u32) -> Weight;
    /// `bond`.
    fn bond() -> Weight;
    /// `bond_extra`.
    fn bond_extra() -> Weight;
    /// `unbond`.
    fn unbond() -> Weight;
    /// `rebond`.
    fn rebond() -> Weight;
    /// `withdraw_unbonded`.
    fn withdraw_unbonded() -> Weight;
    /// `validate`.
    fn validate() -> Weight;
    /// `chill`.
    fn chill() -> Weight;
    /// `purge_keys`.
    fn purge_keys() -> Weight;
    /// `delegate`.
    fn delegate() -> Weight;
    /// `undelegate`.
    fn undelegate() -> Weight;
    /// `withdraw_undelegated`.
    fn withdraw_undelegated() -> Weight;
    /// `payout`.
    fn payout() -> Weight;
    /// `apply_slashes`.
    fn apply_slashes() -> Weight;
    /// `add_commit`.
    fn add_commit(n: u32) -> Weight;
    /// What authorises `add_commit`.
    fn authorize_add_commit(n: u32) -> Weight;
    /// `cancel_slash`.
    fn cancel_slash() -> Weight;
    /// `enable_elections`.
    fn enable_elections() -> Weight;
}

/// The weights of a runtime.
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn on_initialize_without_slash() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(17, 1))
    }
    fn on_initialize_with_slash() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(22, 20))
    }
    fn on_offence() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(20, 16))
    }
    fn new_session(n: u32) -> Weight {
        estimate(60_000_000, n)
            .saturating_add(T::DbWeight::get().reads_writes(12, 8))
            // A node of the list and its bag, its keys; and to take it off if it has none.
            .saturating_add(
                T::DbWeight::get()
                    .reads_writes(4, 2)
                    .saturating_mul(n.into()),
            )
    }
    fn end_session(n: u32) -> Weight {
        estimate(60_000_000, n)
            .saturating_add(T::DbWeight::get().reads_writes(24, 24))
            // Its reward, and what it has seen; and to take it off the list if it was silent.
            .saturating_add(
                T::DbWeight::get()
                    .reads_writes(8, 8)
                    .saturating_mul(n.into()),
            )
    }
    fn on_certificate(n: u32) -> Weight {
        estimate(60_000_000, n).saturating_add(T::DbWeight::get().reads_writes(8, 5))
    }
    fn bond() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(6, 4))
    }
    fn bond_extra() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(22, 18))
    }
    fn unbond() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(22, 18))
    }
    fn rebond() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(22, 18))
    }
    fn withdraw_unbonded() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(42, 5))
    }
    fn validate() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(24, 20))
    }
    fn chill() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(12, 10))
    }
    fn purge_keys() -> Weight {
        // The sets, the list, the keys, their owners, the deposit and the account.
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(11, 6))
    }
    fn delegate() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(26, 22))
    }
    fn undelegate() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(26, 22))
    }
    fn withdraw_undelegated() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(60, 18))
    }
    fn payout() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(20, 16))
    }
    fn apply_slashes() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(10, 8))
    }
    fn add_commit(n: u32) -> Weight {
        estimate(60_000_000, n).saturating_add(T::DbWeight::get().reads_writes(12, 5))
    }
    fn authorize_add_commit(n: u32) -> Weight {
        estimate(120_000_000, n).saturating_add(T::DbWeight::get().reads(12))
    }
    fn cancel_slash() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(5, 4))
    }
    fn enable_elections() -> Weight {
        estimate(60_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(1, 1))
    }
}

/// For tests.
impl WeightInfo for () {
    fn on_initialize_without_slash() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(17, 1))
    }
    fn on_initialize_with_slash() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(22, 20))
    }
    fn on_offence() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(20, 16))
    }
    fn new_session(n: u32) -> Weight {
        estimate(60_000_000, n)
            .saturating_add(RocksDbWeight::get().reads_writes(12, 8))
            // A node of the list and its bag, its keys; and to take it off if it has none.
            .saturating_add(
                RocksDbWeight::get()
                    .reads_writes(4, 2)
                    .saturating_mul(n.into()),
            )
    }
    fn end_session(n: u32) -> Weight {
        estimate(60_000_000, n)
            .saturating_add(RocksDbWeight::get().reads_writes(24, 24))
            // Its reward, and what it has seen; and to take it off the list if it was silent.
            .saturating_add(
                RocksDbWeight::get()
                    .reads_writes(8, 8)
                    .saturating_mul(n.into()),
            )
    }
    fn on_certificate(n: u32) -> Weight {
        estimate(60_000_000, n).saturating_add(RocksDbWeight::get().reads_writes(8, 5))
    }
    fn bond() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(6, 4))
    }
    fn bond_extra() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(22, 18))
    }
    fn unbond() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(22, 18))
    }
    fn rebond() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(22, 18))
    }
    fn withdraw_unbonded() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(42, 5))
    }
    fn validate() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(24, 20))
    }
    fn chill() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(12, 10))
    }
    fn purge_keys() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(11, 6))
    }
    fn delegate() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(26, 22))
    }
    fn undelegate() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(26, 22))
    }
    fn withdraw_undelegated() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(60, 18))
    }
    fn payout() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(20, 16))
    }
    fn apply_slashes() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(10, 8))
    }
    fn add_commit(n: u32) -> Weight {
        estimate(60_000_000, n).saturating_add(RocksDbWeight::get().reads_writes(12, 5))
    }
    fn authorize_add_commit(n: u32) -> Weight {
        estimate(120_000_000, n).saturating_add(RocksDbWeight::get().reads(12))
    }
    fn cancel_slash() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(5, 4))
    }
    fn enable_elections() -> Weight {
        estimate(60_000_000, 0).saturating_add(RocksDbWeight::get().reads_writes(1, 1))
    }
}

/// `base` picoseconds, and 2 µs and 128 bytes of proof for each of `n`.
fn estimate(base: u64, n: u32) -> Weight {
    let n = u64::from(n);
    Weight::from_parts(
        base.saturating_add(n.saturating_mul(2_000_000)),
        n.saturating_mul(128).saturating_add(8_192),
    )
}
