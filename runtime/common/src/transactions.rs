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
    Runtime::RuntimeCall: sp_runtime::traits::Dispatchable<
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

/// Lets the runtime `Runtime` of the calling crate make transactions: those that carry their own proof.
#[macro_export]
macro_rules! impl_transactions {
    () => {
        impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
        where
            RuntimeCall: From<C>,
        {
            type RuntimeCall = RuntimeCall;
            type Extrinsic = UncheckedExtrinsic;
        }

        impl<C> frame_system::offchain::CreateTransaction<C> for Runtime
        where
            RuntimeCall: From<C>,
        {
            type Extension = TxExtension;

            fn create_transaction(call: RuntimeCall, extension: TxExtension) -> UncheckedExtrinsic {
                UncheckedExtrinsic::new_transaction(call, extension)
            }
        }

        impl<C> frame_system::offchain::CreateAuthorizedTransaction<C> for Runtime
        where
            RuntimeCall: From<C>,
        {
            fn create_extension() -> TxExtension {
                $crate::transactions::authorized()
            }
        }
    };
}
