// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a transaction carries beside its call.

use frame_metadata_hash_extension::CheckMetadataHash;
use frame_system::{
    AuthorizeCall, CheckGenesis, CheckMortality, CheckNonZeroSender, CheckNonce, CheckSpecVersion,
    CheckTxVersion, CheckWeight, WeightReclaim,
};
use pallet_transaction_payment::{
    ChargeTransactionPayment, Config as PaymentConfig, OnChargeTransaction,
};
use sp_runtime::generic::Era;

/// What a transaction carries beside its call, and how that is checked.
///
/// Calls that authorise themselves come first, as all that follows depends on the origin.
pub type TxExtension<Runtime> = (
    AuthorizeCall<Runtime>,
    CheckNonZeroSender<Runtime>,
    CheckSpecVersion<Runtime>,
    CheckTxVersion<Runtime>,
    CheckGenesis<Runtime>,
    CheckMortality<Runtime>,
    CheckNonce<Runtime>,
    CheckWeight<Runtime>,
    ChargeTransactionPayment<Runtime>,
    CheckMetadataHash<Runtime>,
    WeightReclaim<Runtime>,
);

/// What a call carries that authorises itself: there is no sender, so no nonce, no tip and no mortality.
pub fn authorized<Runtime>() -> TxExtension<Runtime>
where
    Runtime: frame_system::Config<Nonce = hansa_primitives::Nonce> + PaymentConfig + Send + Sync,
    <Runtime as PaymentConfig>::OnChargeTransaction:
        OnChargeTransaction<Runtime, Balance = hansa_primitives::Balance>,
    Runtime::RuntimeCall: frame_support::sp_runtime::traits::Dispatchable<
        Info = frame_support::dispatch::DispatchInfo,
        PostInfo = frame_support::dispatch::PostDispatchInfo,
    >,
{
    (
        AuthorizeCall::new(),
        CheckNonZeroSender::new(),
        CheckSpecVersion::new(),
        CheckTxVersion::new(),
        CheckGenesis::new(),
        CheckMortality::from(Era::Immortal),
        CheckNonce::from(0),
        CheckWeight::new(),
        ChargeTransactionPayment::from(0),
        CheckMetadataHash::new(false),
        WeightReclaim::new(),
    )
}
