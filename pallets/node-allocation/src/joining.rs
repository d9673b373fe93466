// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Nodes come into the pool by the word of their keys, and ask whether they can.
//!
//! The beacon key lies on the node, and the account's does not. So all that the key can do is what costs
//! little if it is stolen: put a node into the pool that has the stake, the deposit and was not in it before.
//! Whoever left, or was put out for not taking up a place, comes back by its operator's word only: else a
//! node that cannot serve would lose deposit after deposit, and an old word could be shown again.

use crate::{Call, Config, CurrentEpoch, Error, Left, Nodes, Pallet};
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    weights::Weight,
};
use frame_system::offchain::{CreateAuthorizedTransaction, SubmitTransaction};
use hansa_allocation_primitives::{
    confirm::join_payload, Admission, BeaconId, BeaconSignature, EpochIndex, NodeKeys, OwnNode,
};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionLongevity, TransactionPriority},
    RuntimeAppPublic,
};

/// For how many blocks a wish to join that is in no block yet is taken for valid without being looked at
/// again.
const LONGEVITY: TransactionLongevity = 64;

/// Wishes to join come after confirmations, and before all transactions that pay: there is one of a node.
const PRIORITY: TransactionPriority = TransactionPriority::MAX / 8;

impl<T: Config> Pallet<T> {
    /// Whether a wish to join may enter the pool of transactions, or stand in a block. All that can fail in
    /// the call is looked at here: a call without a fee must not fail in a block.
    pub(crate) fn authorize_join(
        account: &T::AccountId,
        epoch: EpochIndex,
        signature: &BeaconSignature,
    ) -> TransactionValidityWithRefund {
        Self::check_join_by_key(account, epoch, signature).map_err(invalid)?;
        let validity = ValidTransaction::with_tag_prefix("hansa/allocation/join")
            .priority(PRIORITY)
            .longevity(LONGEVITY)
            .and_provides(account)
            .propagate(true)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// Check a wish to join, what is cheap first.
    fn check_join_by_key(
        account: &T::AccountId,
        epoch: EpochIndex,
        signature: &BeaconSignature,
    ) -> Result<(), Error<T>> {
        ensure!(epoch == CurrentEpoch::<T>::get(), Error::<T>::WrongEpoch);
        ensure!(!Left::<T>::contains_key(account), Error::<T>::LeftBefore);
        let key = Self::check_join(account)?;
        let payload = join_payload(&Self::genesis(), account, epoch);
        ensure!(key.verify(&payload, signature), Error::<T>::BadSignature);
        Ok(())
    }

    /// What the node with this beacon key is to the pool.
    pub fn own_node(key: &BeaconId) -> Option<OwnNode<T::AccountId>> {
        let account = T::Keys::account_of(key)?;
        let admission = if Nodes::<T>::contains_key(&account) {
            Admission::Pooled(Self::node_status(account.clone())?)
        } else if Left::<T>::contains_key(&account) {
            Admission::LeftBefore
        } else {
            match Self::check_join(&account) {
                Ok(_) => Admission::Open {
                    epoch: CurrentEpoch::<T>::get(),
                },
                Err(Error::DepositTooHigh) => Admission::NoDeposit,
                Err(Error::PoolFull) => Admission::PoolFull,
                Err(_) => Admission::MayNotServe,
            }
        };
        Some(OwnNode { account, admission })
    }

    /// For the runtime API: put a wish to join into the pool of the node that asks.
    pub fn submit_join(
        account: T::AccountId,
        epoch: EpochIndex,
        signature: BeaconSignature,
    ) -> Option<()>
    where
        T: CreateAuthorizedTransaction<Call<T>>,
    {
        let call = Call::join_by_key {
            account,
            epoch,
            signature,
        };
        let transaction = T::create_authorized_transaction(call.into());
        SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).ok()
    }
}

/// What the pool and a block's author are told of a wish that is refused.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::AlreadyPooled | Error::LeftBefore | Error::WrongEpoch => InvalidTransaction::Stale,
        Error::DepositTooHigh => InvalidTransaction::Payment,
        Error::NoKey | Error::BadSignature => InvalidTransaction::BadProof,
        _ => InvalidTransaction::Call,
    }
}
