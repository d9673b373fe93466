// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Weights of the pallets, as measured in this runtime by `make weights`, which writes the files here.

pub mod frame_system;
pub mod frame_system_extensions;
pub mod hansa_pallet_beacon;
pub mod hansa_pallet_pbft;
pub mod hansa_pallet_staking;
pub mod pallet_bags_list;
pub mod pallet_balances;
pub mod pallet_multisig;
pub mod pallet_preimage;
pub mod pallet_proxy;
pub mod pallet_scheduler;
pub mod pallet_sudo;
pub mod pallet_timestamp;
pub mod pallet_transaction_payment;
pub mod pallet_utility;
