// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of `hansa_pallet_interchain`.
//!
//! In the form that `frame-omni-bencher` writes, which replaces this file. Until it has run on
//! reference hardware the numbers are estimates on the safe side: 60 µs for a call, 60 µs for a
//! signature, 10 µs for a node of a proof, 1 ms for reading a set of the largest size, and reads and
//! writes counted at the worst case.

use core::marker::PhantomData;
use frame_support::{
    traits::Get,
    weights::{constants::RocksDbWeight, Weight},
};

/// The weights that the pallet needs; `n` is the number of packets, results, nodes or signatures.
pub trait WeightInfo {
    /// `transfer`.
    fn transfer() -> Weight;
    /// `send_call`.
    fn send_call() -> Weight;
    /// `top_up`.
    fn top_up() -> Weight;
    /// `open_route`.
    fn open_route() -> Weight;
    /// `reopen_route`.
    fn reopen_route() -> Weight;
    /// `suspend_route`.
    fn suspend_route() -> Weight;
    /// `set_limit`.
    fn set_limit() -> Weight;
    /// `set_entries`.
    fn set_entries() -> Weight;
    /// `propose_terms`.
    fn propose_terms() -> Weight;
    /// `accept_terms`.
    fn accept_terms() -> Weight;
    /// `update_client`, once it is authorised.
    fn update_client() -> Weight;
    /// `deliver` of `n` packets, once it is authorised.
    fn deliver(n: u32) -> Weight;
    /// `acknowledge` of `n` results, once it is authorised.
    fn acknowledge(n: u32) -> Weight;
    /// `time_out` of `n` packets, once it is authorised.
    fn time_out(n: u32) -> Weight;
    /// `prune` of `n` results, once it is authorised.
    fn prune(n: u32) -> Weight;
    /// `report_misbehaviour`, once it is authorised.
    fn report_misbehaviour() -> Weight;
    /// `recover_client`, once it is authorised.
    fn recover_client() -> Weight;
    /// What is checked of a call with a proof of `n` nodes.
    fn authorize_proof(n: u32) -> Weight;
    /// What is checked of a header, or a certificate, with `n` signatures.
    fn authorize_header(n: u32) -> Weight;
    /// What a call of a foreign account costs beside itself.
    fn execute_call() -> Weight;
}

/// A microsecond of the reference machine.
const MICRO: u64 = 1_000_000;
/// What a call costs.
const CALL: u64 = 60 * MICRO;
/// What a signature costs.
const SIGNATURE: u64 = 60 * MICRO;
/// What a node of a proof costs.
const NODE: u64 = 10 * MICRO;
/// What reading, hashing or writing a set of the largest size costs.
const SET: u64 = 1_000 * MICRO;
/// How many packets a batch is thought to have.
const BATCH: u64 = 16;
/// What an entry of the largest packet costs to hash and to write.
const PACKET: u64 = 100 * MICRO;

/// Estimates, with the runtime's costs of reads and writes.
pub struct SubstrateWeight<T>(PhantomData<T>);

/// Estimates with `RocksDbWeight`.
impl WeightInfo for () {
    fn transfer() -> Weight {
        send::<RocksDbWeight>()
    }
    fn send_call() -> Weight {
        send::<RocksDbWeight>()
    }
    fn top_up() -> Weight {
        send::<RocksDbWeight>()
    }
    fn open_route() -> Weight {
        route::<RocksDbWeight>()
    }
    fn reopen_route() -> Weight {
        route::<RocksDbWeight>()
    }
    fn suspend_route() -> Weight {
        plain::<RocksDbWeight>()
    }
    fn set_limit() -> Weight {
        plain::<RocksDbWeight>()
    }
    fn set_entries() -> Weight {
        plain::<RocksDbWeight>()
    }
    fn propose_terms() -> Weight {
        send::<RocksDbWeight>()
    }
    fn accept_terms() -> Weight {
        send::<RocksDbWeight>()
    }
    fn update_client() -> Weight {
        update::<RocksDbWeight>()
    }
    fn deliver(n: u32) -> Weight {
        each::<RocksDbWeight>(n, 12, 10, PACKET)
    }
    fn acknowledge(n: u32) -> Weight {
        each::<RocksDbWeight>(n, 8, 8, CALL)
    }
    fn time_out(n: u32) -> Weight {
        each::<RocksDbWeight>(n, 4, 4, CALL)
    }
    fn prune(n: u32) -> Weight {
        each::<RocksDbWeight>(n, 2, 2, CALL)
    }
    fn report_misbehaviour() -> Weight {
        plain::<RocksDbWeight>()
    }
    fn recover_client() -> Weight {
        recover::<RocksDbWeight>()
    }
    fn authorize_proof(n: u32) -> Weight {
        proof::<RocksDbWeight>(n)
    }
    fn authorize_header(n: u32) -> Weight {
        header::<RocksDbWeight>(n)
    }
    fn execute_call() -> Weight {
        plain::<RocksDbWeight>()
    }
}

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
    fn transfer() -> Weight {
        send::<T::DbWeight>()
    }
    fn send_call() -> Weight {
        send::<T::DbWeight>()
    }
    fn top_up() -> Weight {
        send::<T::DbWeight>()
    }
    fn open_route() -> Weight {
        route::<T::DbWeight>()
    }
    fn reopen_route() -> Weight {
        route::<T::DbWeight>()
    }
    fn suspend_route() -> Weight {
        plain::<T::DbWeight>()
    }
    fn set_limit() -> Weight {
        plain::<T::DbWeight>()
    }
    fn set_entries() -> Weight {
        plain::<T::DbWeight>()
    }
    fn propose_terms() -> Weight {
        send::<T::DbWeight>()
    }
    fn accept_terms() -> Weight {
        send::<T::DbWeight>()
    }
    fn update_client() -> Weight {
        update::<T::DbWeight>()
    }
    fn deliver(n: u32) -> Weight {
        each::<T::DbWeight>(n, 12, 10, PACKET)
    }
    fn acknowledge(n: u32) -> Weight {
        each::<T::DbWeight>(n, 8, 8, CALL)
    }
    fn time_out(n: u32) -> Weight {
        each::<T::DbWeight>(n, 4, 4, CALL)
    }
    fn prune(n: u32) -> Weight {
        each::<T::DbWeight>(n, 2, 2, CALL)
    }
    fn report_misbehaviour() -> Weight {
        plain::<T::DbWeight>()
    }
    fn recover_client() -> Weight {
        recover::<T::DbWeight>()
    }
    fn authorize_proof(n: u32) -> Weight {
        proof::<T::DbWeight>(n)
    }
    fn authorize_header(n: u32) -> Weight {
        header::<T::DbWeight>(n)
    }
    fn execute_call() -> Weight {
        plain::<T::DbWeight>()
    }
}

type Db = frame_support::weights::RuntimeDbWeight;

fn cost<D: Get<Db>>(time: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(time, 0).saturating_add(D::get().reads_writes(reads, writes))
}

fn plain<D: Get<Db>>() -> Weight {
    cost::<D>(CALL, 4, 3)
}

fn send<D: Get<Db>>() -> Weight {
    cost::<D>(CALL.saturating_mul(2), 14, 10)
}

/// Sets that are forgotten when a route is reopened are not counted one by one: governance does it.
fn route<D: Get<Db>>() -> Weight {
    cost::<D>(SET.saturating_mul(10), 200, 1_200)
}

/// With what others do when a chain hands over (`HandOvers`): sets that were passed over are
/// forgotten, and the chain's members are looked through.
fn update<D: Get<Db>>() -> Weight {
    cost::<D>(SET.saturating_mul(8), 64, 64)
}

/// A record, its set and the set before are read, hashed and written.
fn recover<D: Get<Db>>() -> Weight {
    cost::<D>(SET.saturating_mul(4), 12, 12)
}

fn each<D: Get<Db>>(n: u32, reads: u64, writes: u64, time: u64) -> Weight {
    let n = u64::from(n);
    let one = cost::<D>(time.saturating_add(CALL), reads, writes);
    cost::<D>(CALL, 8, 4).saturating_add(one.saturating_mul(n))
}

fn proof<D: Get<Db>>(n: u32) -> Weight {
    // The packets of a batch are read and hashed, too.
    let packets = PACKET.saturating_mul(BATCH);
    let nodes = NODE.saturating_mul(u64::from(n));
    cost::<D>(packets.saturating_add(nodes), 80, 0)
}

fn header<D: Get<Db>>(n: u32) -> Weight {
    let signatures = SIGNATURE.saturating_mul(u64::from(n));
    cost::<D>(SET.saturating_mul(2).saturating_add(signatures), 8, 0)
}
