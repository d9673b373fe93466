// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Signed transactions of the runtimes that are built in.

use codec::Encode;
use hansa_primitives::{AccountId, Hash};
use sp_core::{sr25519, Pair};
use sp_runtime::{generic::Era, MultiSignature};

/// Defines a function that signs for one runtime: the extensions are the same, their types are not.
macro_rules! signing {
    ($(#[$doc:meta])* $sign:ident, $runtime:ident) => {
        $(#[$doc])*
        pub fn $sign(
            signer: &sr25519::Pair,
            nonce: u32,
            genesis: Hash,
            call: $runtime::RuntimeCall,
        ) -> $runtime::UncheckedExtrinsic {
            let extension: $runtime::TxExtension = (
                frame_system::AuthorizeCall::new(),
                frame_system::CheckNonZeroSender::new(),
                frame_system::CheckSpecVersion::new(),
                frame_system::CheckTxVersion::new(),
                frame_system::CheckGenesis::new(),
                frame_system::CheckMortality::from(Era::Immortal),
                frame_system::CheckNonce::from(nonce),
                frame_system::CheckWeight::new(),
                pallet_transaction_payment::ChargeTransactionPayment::from(0),
                frame_metadata_hash_extension::CheckMetadataHash::new(false),
                frame_system::WeightReclaim::new(),
            );
            // What is signed and not sent, as the chain knows it itself.
            let implicit = (
                (),
                (),
                $runtime::VERSION.spec_version,
                $runtime::VERSION.transaction_version,
                genesis,
                genesis,
                (),
                (),
                (),
                None,
                (),
            );
            let payload =
                $runtime::SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
            let signature = payload.using_encoded(|bytes| signer.sign(bytes));
            let account = AccountId::from(signer.public());
            $runtime::UncheckedExtrinsic::new_signed(
                call,
                account.into(),
                MultiSignature::Sr25519(signature),
                extension,
            )
        }
    };
}

signing! {
    /// A transaction of the hub's runtime that is built in, valid for ever.
    sign_for_hub, hansa_runtime_hub
}

signing! {
    /// A transaction of the DappChain runtime that is built in, valid for ever.
    sign_for_dappchain, hansa_runtime_dappchain
}
