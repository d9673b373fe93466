// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The calls that are made. Their arguments are in the order, and as compact, as their pallets declare them; `tests/calls.rs` compares
//! each with the runtimes' own.

use super::Call;
use codec::{Compact, Encode};
use hansa_allocation_primitives::Term;
use hansa_dappchain_primitives::{PatchBytes, PropertiesBytes, RuntimeSource, MAX_NAME_BYTES};
use hansa_interchain_primitives::{
    route::{Entries, NewRoute},
    ChainAddress, ChainId,
};
use hansa_primitives::{AccountId, Address, Balance};
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

const INTERCHAIN: &str = "Interchain";

/// `Sudo::sudo`.
pub fn sudo(call: Call) -> Call {
    Call::with_call("Sudo", "sudo", call)
}

/// `Utility::batch_all`: all of them, or none.
pub fn batch_all(calls: Vec<Call>) -> Call {
    Call::with_calls("Utility", "batch_all", calls)
}

/// `Balances::transfer_keep_alive`.
pub fn transfer_keep_alive(to: &AccountId, amount: Balance) -> Call {
    let to = Address::Id(to.clone());
    let arguments = (to, Compact(amount));
    Call::new(
        "Balances",
        "transfer_keep_alive",
        &["dest", "value"],
        &arguments,
    )
}

/// `Preimage::note_preimage`.
pub fn note_preimage(bytes: &[u8]) -> Call {
    Call::new("Preimage", "note_preimage", &["bytes"], bytes)
}

/// `Interchain::open_route`.
pub fn open_route(route: &NewRoute) -> Call {
    Call::new(INTERCHAIN, "open_route", &["route"], route)
}

/// `Interchain::set_entries`.
pub fn set_entries(peer: ChainId, entries: &Entries) -> Call {
    Call::new(
        INTERCHAIN,
        "set_entries",
        &["peer", "entries"],
        &(peer, entries),
    )
}

/// `Interchain::top_up`.
pub fn top_up(peer: ChainId, amount: Balance) -> Call {
    Call::new(
        INTERCHAIN,
        "top_up",
        &["peer", "amount"],
        &(peer, Compact(amount)),
    )
}

/// `Interchain::transfer`, to an account of another chain.
pub fn transfer(to: &ChainAddress, amount: Balance) -> Call {
    Call::new(
        INTERCHAIN,
        "transfer",
        &["to", "amount"],
        &(to, Compact(amount)),
    )
}

/// What is registered of a DappChain: the arguments of `DappChains::register`.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub struct Registration {
    /// Its name.
    pub name: BoundedVec<u8, ConstU32<MAX_NAME_BYTES>>,
    /// How many nodes it needs.
    pub nodes: u32,
    /// What it runs.
    pub runtime: RuntimeSource,
    /// What its genesis has other than the runtime's default.
    pub patch: PatchBytes,
    /// What wallets show of it.
    pub properties: PropertiesBytes,
    /// How long a node's turn is; none takes the default.
    pub term: Option<Term>,
    /// The most that may be staked for it.
    #[codec(compact)]
    pub max_stake: Balance,
}

/// `DappChains::register`.
pub fn register(registration: &Registration) -> Call {
    let fields = &[
        "name",
        "nodes",
        "runtime",
        "patch",
        "properties",
        "term",
        "max_stake",
    ];
    Call::new("DappChains", "register", fields, registration)
}
