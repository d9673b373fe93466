// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The standard runtime of DappChains: sidechains for one application each.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`configs`] | how each pallet is configured, and why |
//! | [`governance`] | who may do what: the admin, foreign accounts, and what is left to the hub |
//! | [`sets`] | where the nodes of the set get their keys, and what they made |
//! | [`genesis_presets`] | the genesis of chains that stand alone |
//! | `apis` | what node and clients ask the runtime |
//!
//! Its nodes are those that the hub allocates to it; or, if its genesis names no hub, those whom the admin lists.

#![cfg_attr(not(feature = "std"), no_std)]
// The macros that put a runtime together nest deeply, write qualified paths, and document nothing.
#![recursion_limit = "512"]
#![allow(unused_qualifications, missing_docs)]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

pub mod apis;
pub mod configs;
pub mod genesis_presets;
pub mod governance;
pub mod sets;

use alloc::{borrow::Cow, vec::Vec};
use hansa_primitives::{AccountId, Address, Balance, Header, Nonce, Signature};
use sp_runtime::{generic, impl_opaque_keys};
use sp_version::RuntimeVersion;

pub use apis::RUNTIME_API_VERSIONS;

impl_opaque_keys! {
    /// The keys with which a node signs.
    pub struct SessionKeys {
        /// Votes, proposals and seals of pBFT.
        pub pbft: Pbft,
    }
}

impl SessionKeys {
    /// The names of the keys, as a genesis writes them.
    pub const FIELDS: &[&str] = &["pbft"];
}

/// The version of the runtime. `spec_version` goes up with every change of what it does,
/// `transaction_version` when calls or extensions change their encoding.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("hansa-dappchain"),
    impl_name: Cow::Borrowed("hansa-dappchain"),
    authoring_version: 1,
    spec_version: 1_000_001,
    impl_version: 1,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

/// What a transaction carries beside its call: the same as on the hub.
pub type TxExtension = hansa_runtime_common::transactions::TxExtension<Runtime>;

/// An extrinsic as it comes from outside.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// What a sender signs.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;

/// A block. It is encoded as a `hansa_primitives::Block`.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;

/// Executes blocks and transactions.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

/// What an upgrade to this version does to the state, all in its first block. None so far.
pub type Migrations = ();

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Runtime>;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp::Pallet<Runtime>;

    // The order of the indices is that of the genesis and of hooks.
    #[runtime::pallet_index(2)]
    pub type Balances = pallet_balances::Pallet<Runtime>;
    #[runtime::pallet_index(3)]
    pub type TransactionPayment = pallet_transaction_payment::Pallet<Runtime>;

    // Author and view are looked up in the set that decides the block, so before the session ends.
    #[runtime::pallet_index(4)]
    pub type Pbft = hansa_pallet_pbft::Pallet<Runtime>;
    #[runtime::pallet_index(5)]
    pub type Authorship = pallet_authorship::Pallet<Runtime>;

    // Its account of reserves is made of what the balances pallet has; other chains know it by this name.
    #[runtime::pallet_index(6)]
    pub type Interchain = hansa_pallet_interchain::Pallet<Runtime>;
    #[runtime::pallet_index(7)]
    pub type MessageQueue = pallet_message_queue::Pallet<Runtime>;
    // Its genesis opens the route to the hub, and it plans the sessions.
    #[runtime::pallet_index(8)]
    pub type AssignedSet = hansa_pallet_assigned_set::Pallet<Runtime>;
    #[runtime::pallet_index(9)]
    pub type Session = pallet_session::Pallet<Runtime>;
    #[runtime::pallet_index(10)]
    pub type Historical = pallet_session::historical::Pallet<Runtime>;

    #[runtime::pallet_index(20)]
    pub type Utility = pallet_utility::Pallet<Runtime>;
    #[runtime::pallet_index(21)]
    pub type Multisig = pallet_multisig::Pallet<Runtime>;
    #[runtime::pallet_index(22)]
    pub type Proxy = pallet_proxy::Pallet<Runtime>;
    #[runtime::pallet_index(30)]
    pub type Assets = pallet_assets::Pallet<Runtime>;
}

#[cfg(feature = "runtime-benchmarks")]
mod benches {
    frame_benchmarking::define_benchmarks!(
        [frame_benchmarking, BaselineBench::<Runtime>]
        [frame_system, SystemBench::<Runtime>]
        [frame_system_extensions, SystemExtensionsBench::<Runtime>]
        [hansa_pallet_assigned_set, AssignedSet]
        [hansa_pallet_interchain, Interchain]
        [hansa_pallet_pbft, Pbft]
        [pallet_assets, Assets]
        [pallet_balances, Balances]
        [pallet_message_queue, MessageQueue]
        [pallet_multisig, Multisig]
        [pallet_proxy, Proxy]
        [pallet_timestamp, Timestamp]
        [pallet_transaction_payment, TransactionPayment]
        [pallet_utility, Utility]
    );
}
