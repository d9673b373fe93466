// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime of one's own: that of DappChains, and names. `docs/guides/custom-chain.md` puts it on a chain.

#![cfg_attr(not(feature = "std"), no_std)]
// The macros that put a runtime together nest deeply, write qualified paths, and document nothing.
#![recursion_limit = "512"]
#![allow(unused_qualifications, missing_docs)]

use frame_support::traits::{ConstU128, Contains};
use hansa_runtime_common::currency::deposit;
use hansa_runtime_kit::{alloc::borrow::Cow, sdk::*};
use sp_version::RuntimeVersion;

/// Whose runtime this is, and which version of it. `spec_version` goes up with every change of what it does,
/// `transaction_version` when calls or extensions change their encoding.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("names"),
    impl_name: Cow::Borrowed("names"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 1,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

hansa_runtime_kit::dappchain_runtime! {
    migrations: (),
    foreign_calls: NamesFromAbroad,
    pallets: {
        #[runtime::pallet_index(100)]
        pub type Names = pallet_names::Pallet<Runtime>;
    },
    apis: {},
    benchmarks: { [pallet_names, Names] },
}

impl pallet_names::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    // An item: the name and its hash, the owner, the deposit.
    type DepositBase = ConstU128<{ deposit(1, 96) }>;
    type DepositPerByte = ConstU128<{ deposit(0, 1) }>;
    type WeightInfo = pallet_names::weights::SubstrateWeight<Runtime>;
}

/// Accounts of other chains may have names, too, and do with them whatever accounts of this chain may.
pub struct NamesFromAbroad;

impl Contains<RuntimeCall> for NamesFromAbroad {
    fn contains(call: &RuntimeCall) -> bool {
        matches!(call, RuntimeCall::Names(_))
    }
}
