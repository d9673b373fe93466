// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The runtime of the hub chain.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`configs`] | how each pallet is configured, and why |
//! | [`genesis_presets`] | the genesis of the built-in chains |
//! | [`validators`] | who decides: by stake, or as the admin says |
//! | [`beacon`] | what the beacon asks of the consensus, of staking and of the session keys |
//! | [`interchain`] | what other chains may bring and do |
//! | [`pool`] | what node pool and registry ask of them |
//! | `apis` | what node and clients ask the runtime |
//!
//! The genesis settles whether the validators are elected by stake, or are those whom the admin lists.

#![cfg_attr(not(feature = "std"), no_std)]
// The macros that put a runtime together nest deeply, write qualified paths, and document nothing.
#![recursion_limit = "512"]
#![allow(unused_qualifications, missing_docs)]

extern crate alloc;

pub mod apis;
pub mod beacon;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarks;
pub mod configs;
pub mod genesis_presets;
pub mod interchain;
pub mod pool;
pub mod validators;
pub mod weights;

use alloc::{borrow::Cow, vec::Vec};
use hansa_primitives::{AccountId, Address, Balance, Header, Nonce, Signature};
use sp_runtime::{generic, impl_opaque_keys};
use sp_version::RuntimeVersion;

pub use apis::RUNTIME_API_VERSIONS;

impl_opaque_keys! {
    /// The keys with which a validator signs.
    pub struct SessionKeys {
        /// Votes, proposals and seals of pBFT.
        pub pbft: Pbft,
        /// Commitments to the beacon, and the outputs that authors add to it. After pBFT's, which settles
        /// whether a set is taken.
        pub beacon: Beacon,
    }
}

impl SessionKeys {
    /// The names of the keys, as a genesis writes them.
    pub const FIELDS: &[&str] = &["pbft", "beacon"];
}

/// The version of the runtime. `spec_version` goes up with every change of what it does (it begins at
/// a number that stands nowhere else in the code, so that tests can make the next version of it),
/// `transaction_version` when calls or extensions change their encoding.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("hansa-hub"),
    impl_name: Cow::Borrowed("hansa-hub"),
    authoring_version: 1,
    spec_version: 1_000_001,
    impl_version: 1,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

/// What a transaction carries beside its call.
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
    // The genesis bonds what the balances pallet has made, and elects the session pallet's first set.
    #[runtime::pallet_index(6)]
    pub type Staking = hansa_pallet_staking::Pallet<Runtime>;
    #[runtime::pallet_index(7)]
    pub type Candidates = pallet_bags_list::Pallet<Runtime>;
    // It asks the consensus for the author, and says whether the session may end; its genesis has the first
    // seed.
    #[runtime::pallet_index(8)]
    pub type Beacon = hansa_pallet_beacon::Pallet<Runtime>;
    #[runtime::pallet_index(9)]
    pub type Session = pallet_session::Pallet<Runtime>;
    #[runtime::pallet_index(10)]
    pub type Historical = pallet_session::historical::Pallet<Runtime>;

    // The beacon tells the pool of freeze and beacon, and the pool the registry of nodes: in this order all
    // of it is done in one block.
    #[runtime::pallet_index(11)]
    pub type NodePool = hansa_pallet_node_allocation::Pallet<Runtime>;
    #[runtime::pallet_index(12)]
    pub type DappChains = hansa_pallet_dappchains::Pallet<Runtime>;
    // Other chains know it by this name.
    #[runtime::pallet_index(13)]
    pub type Interchain = hansa_pallet_interchain::Pallet<Runtime>;
    #[runtime::pallet_index(14)]
    pub type MessageQueue = pallet_message_queue::Pallet<Runtime>;

    // At the beginning of an epoch it takes the allocation as the pool has settled it, and sends sets to chains.
    #[runtime::pallet_index(15)]
    pub type DappChainSets = hansa_pallet_dappchain_sets::Pallet<Runtime>;

    #[runtime::pallet_index(20)]
    pub type Utility = pallet_utility::Pallet<Runtime>;
    #[runtime::pallet_index(21)]
    pub type Multisig = pallet_multisig::Pallet<Runtime>;
    #[runtime::pallet_index(22)]
    pub type Proxy = pallet_proxy::Pallet<Runtime>;
    #[runtime::pallet_index(23)]
    pub type Preimage = pallet_preimage::Pallet<Runtime>;
    #[runtime::pallet_index(24)]
    pub type Scheduler = pallet_scheduler::Pallet<Runtime>;

    // For development: without a key in the genesis nobody can call it.
    #[runtime::pallet_index(255)]
    pub type Sudo = pallet_sudo::Pallet<Runtime>;
}

#[cfg(feature = "runtime-benchmarks")]
mod benches {
    use super::Runtime;

    impl frame_benchmarking::baseline::Config for Runtime {}
    impl frame_system_benchmarking::Config for Runtime {}
    impl pallet_transaction_payment::BenchmarkConfig for Runtime {}

    frame_benchmarking::define_benchmarks!(
        [frame_benchmarking, BaselineBench::<Runtime>]
        [frame_system, SystemBench::<Runtime>]
        [frame_system_extensions, SystemExtensionsBench::<Runtime>]
        [pallet_balances, Balances]
        [pallet_message_queue, MessageQueue]
        [pallet_multisig, Multisig]
        [hansa_pallet_beacon, Beacon]
        [hansa_pallet_dappchain_sets, DappChainSets]
        [hansa_pallet_dappchains, DappChains]
        [hansa_pallet_interchain, Interchain]
        [hansa_pallet_node_allocation, NodePool]
        [hansa_pallet_pbft, Pbft]
        [hansa_pallet_staking, Staking]
        [pallet_bags_list, Candidates]
        [pallet_preimage, Preimage]
        [pallet_proxy, Proxy]
        [pallet_scheduler, Scheduler]
        [pallet_sudo, Sudo]
        [pallet_timestamp, Timestamp]
        [pallet_transaction_payment, TransactionPayment]
        [pallet_utility, Utility]
    );
}
