// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What wallets rely on: several calls at once, accounts of several, and stand-ins.

/// Configures utility, multisig and proxy for the runtime `Runtime` of the calling crate: the same deposits, limits and delays on
/// all chains. `proxies` is what stand-ins may do.
#[macro_export]
macro_rules! impl_wallets {
    (
        proxies: $proxies:ty,
        utility_weights: $utility:ty,
        multisig_weights: $multisig:ty,
        proxy_weights: $proxy:ty $(,)?
    ) => {
        impl pallet_utility::Config for Runtime {
            type RuntimeEvent = RuntimeEvent;
            type RuntimeCall = RuntimeCall;
            type PalletsOrigin = OriginCaller;
            type WeightInfo = $utility;
        }

        impl pallet_multisig::Config for Runtime {
            type RuntimeEvent = RuntimeEvent;
            type RuntimeCall = RuntimeCall;
            type Currency = Balances;
            // One item: key 32 + 32 bytes, value 4 + 4 + 16 + 32.
            type DepositBase =
                frame_support::traits::ConstU128<{ $crate::currency::deposit(1, 120) }>;
            // An account more.
            type DepositFactor =
                frame_support::traits::ConstU128<{ $crate::currency::deposit(0, 32) }>;
            type MaxSignatories = frame_support::traits::ConstU32<100>;
            type WeightInfo = $multisig;
            // Only names the block in which an operation began: no delay is counted.
            type BlockNumberProvider = System;
        }

        impl pallet_proxy::Config for Runtime {
            type RuntimeEvent = RuntimeEvent;
            type RuntimeCall = RuntimeCall;
            type Currency = Balances;
            type ProxyType = $proxies;
            // One item: key 32 bytes, value 16.
            type ProxyDepositBase =
                frame_support::traits::ConstU128<{ $crate::currency::deposit(1, 48) }>;
            // A proxy more: account 32, type 1, delay 4 bytes.
            type ProxyDepositFactor =
                frame_support::traits::ConstU128<{ $crate::currency::deposit(0, 37) }>;
            type MaxProxies = frame_support::traits::ConstU32<32>;
            type WeightInfo = $proxy;
            type MaxPending = frame_support::traits::ConstU32<32>;
            type CallHasher = sp_runtime::traits::BlakeTwo256;
            type AnnouncementDepositBase =
                frame_support::traits::ConstU128<{ $crate::currency::deposit(1, 48) }>;
            // An announcement more: account 32, hash 32, time 4 bytes.
            type AnnouncementDepositFactor =
                frame_support::traits::ConstU128<{ $crate::currency::deposit(0, 68) }>;
            // Delays are seconds of service time, as no number of blocks is a time on these chains.
            type BlockNumberProvider = hansa_pallet_pbft::ServiceSeconds<Runtime>;
        }
    };
}
