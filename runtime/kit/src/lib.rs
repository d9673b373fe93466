// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What runtimes of DappChains are made of: the standard one, and those of who adds a pallet of their own.
//!
//! A runtime is one file: [`dappchain_runtime!`] with the own pallets, and their configuration. Nothing of the standard is copied, so
//! nothing of it has to be kept up to date. `docs/guides/custom-chain.md` shows how.
//!
//! | module | what is in it |
//! | --- | --- |
//! | `compose` | the whole runtime ([`dappchain_runtime!`]) |
//! | [`configs`] | how each pallet is configured, and why ([`impl_configs!`]) |
//! | `governance` | who may do what: the admin, foreign accounts, and what is left to the hub ([`impl_governance!`]) |
//! | `sets` | where the nodes of the set get their keys, and what they made ([`impl_sets!`]) |
//! | `apis` | what node and clients ask the runtime ([`impl_apis!`]) |
//! | [`presets`] | the genesis of chains that stand alone |
//! | [`sdk`] | the crates that the macros name |

#![cfg_attr(not(feature = "std"), no_std)]

#[doc(hidden)]
pub extern crate alloc;
#[doc(hidden)]
pub use codec;

mod apis;
mod compose;
pub mod configs;
mod governance;
pub mod presets;
mod sets;

/// The crates of which a DappChain's runtime is made, by the names that the macros have for them.
pub mod sdk {
    #[cfg(feature = "try-runtime")]
    pub use frame_try_runtime;
    #[cfg(feature = "runtime-benchmarks")]
    pub use {frame_benchmarking, frame_system_benchmarking, sp_storage};
    pub use {
        frame_executive, frame_support, frame_system, frame_system_rpc_runtime_api,
        hansa_dappchain_primitives, hansa_interchain_primitives, hansa_pallet_assigned_set,
        hansa_pallet_interchain, hansa_pallet_pbft, hansa_pbft_primitives, hansa_primitives,
        hansa_runtime_common, pallet_assets, pallet_authorship, pallet_balances,
        pallet_message_queue, pallet_multisig, pallet_proxy, pallet_session, pallet_timestamp,
        pallet_transaction_payment, pallet_transaction_payment_rpc_runtime_api, pallet_utility,
        sp_api, sp_block_builder, sp_core, sp_genesis_builder, sp_inherents, sp_offchain,
        sp_runtime, sp_session, sp_transaction_pool, sp_version,
    };
}
