// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A whole runtime, of the standard pallets and some more.

/// Makes the runtime of a DappChain in the root of the calling crate: all standard pallets, their configuration, the runtime
/// APIs, and whatever is given beside. There, too, is `VERSION`, a `RuntimeVersion` whose `apis` are `RUNTIME_API_VERSIONS`.
///
/// | field | what it is |
/// | --- | --- |
/// | `migrations` | what an upgrade to this version does to the state, all in its first block; `()` if nothing |
/// | `foreign_calls` | `Contains<RuntimeCall>`: the calls of own pallets that accounts of other chains may make from there; `Nothing` if none |
/// | `pallets` | own pallets, as `#[frame_support::runtime]` wants them, with indices from 100 on: those below are the standard's |
/// | `apis` | own runtime APIs: `impl some_crate::Api<Block> for Runtime { … }` |
/// | `benchmarks` | `[pallet_crate, Pallet]` of each of them |
///
/// The calling crate brings all names into scope with `use hansa_runtime_kit::sdk::*;`, depends on `frame-support`, `frame-system` and `sp-api`
/// by itself, whose macros look for them in its manifest, and has the features `std`, `runtime-benchmarks`
/// and `try-runtime`, which switch on the same here.
///
/// Names of pallets and the session keys `{ pbft }` are what a hub's record relies on. A runtime that should lack a standard
/// pallet, or configure one otherwise, is made of the parts: what this macro does can be read below and done by hand.
#[macro_export]
macro_rules! dappchain_runtime {
    (
        migrations: $migrations:ty,
        foreign_calls: $foreign:ty,
        pallets: { $($pallets:tt)* },
        apis: { $($apis:tt)* },
        benchmarks: { $($benchmarks:tt)* } $(,)?
    ) => {
        use hansa_primitives::{AccountId, Address, Balance, Header, Nonce, Signature};
        // Some of the SDK's macros take it for granted.
        #[allow(unused_imports)]
        use $crate::alloc::vec::Vec;

        sp_runtime::impl_opaque_keys! {
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

        /// What a transaction carries beside its call: the same as on the hub.
        pub type TxExtension = hansa_runtime_common::transactions::TxExtension<Runtime>;

        /// An extrinsic as it comes from outside.
        pub type UncheckedExtrinsic =
            sp_runtime::generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

        /// What a sender signs.
        pub type SignedPayload = sp_runtime::generic::SignedPayload<RuntimeCall, TxExtension>;

        /// A block. It is encoded as a `hansa_primitives::Block`.
        pub type Block = sp_runtime::generic::Block<Header, UncheckedExtrinsic>;

        /// Executes blocks and transactions.
        pub type Executive = frame_executive::Executive<
            Runtime,
            Block,
            frame_system::ChainContext<Runtime>,
            Runtime,
            AllPalletsWithSystem,
        >;

        /// What an upgrade to this version does to the state, all in its first block.
        pub type Migrations = $migrations;

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

            $($pallets)*
        }

        #[cfg(feature = "runtime-benchmarks")]
        mod benches {
            use super::Runtime;

            impl $crate::sdk::frame_benchmarking::baseline::Config for Runtime {}
            impl $crate::sdk::frame_system_benchmarking::Config for Runtime {}
            impl $crate::sdk::pallet_transaction_payment::BenchmarkConfig for Runtime {}

            $crate::sdk::frame_benchmarking::define_benchmarks!(
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
                $($benchmarks)*
            );
        }

        $crate::impl_sets!();
        $crate::impl_governance! { foreign_calls: $foreign }
        $crate::impl_configs!();
        $crate::impl_apis! { $($apis)* }

        pub use apis::RUNTIME_API_VERSIONS;
    };
}
