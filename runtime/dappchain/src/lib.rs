// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The standard runtime of DappChains: sidechains for one application each. It is what `hansa-runtime-kit` makes, and nothing
//! beside.
//!
//! Its nodes are those that the hub allocates to it; or, if its genesis names no hub, those whom the admin lists.

#![cfg_attr(not(feature = "std"), no_std)]
// The macros that put a runtime together nest deeply, write qualified paths, and document nothing.
#![recursion_limit = "512"]
#![allow(unused_qualifications, missing_docs)]

pub use hansa_runtime_kit::presets as genesis_presets;
use hansa_runtime_kit::{alloc::borrow::Cow, sdk::*};
use sp_version::RuntimeVersion;

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

hansa_runtime_kit::dappchain_runtime! {
    migrations: (),
    foreign_calls: frame_support::traits::Nothing,
    pallets: {},
    apis: {},
    benchmarks: {},
}
