// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Nodes confirm that they are ready to serve.

use crate::{Call, Config, Error, Event, Pallet, Rosters};
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    weights::Weight,
};
use frame_system::{
    offchain::{CreateAuthorizedTransaction, SubmitTransaction},
    pallet_prelude::BlockNumberFor,
};
use hansa_allocation_primitives::{
    confirm::confirm_payload, BeaconSignature, ChainEvents, ChainHeads, ChainId, Head, MemberPhase,
    NodeKeys, Seconds,
};
use sp_core::H256;
use sp_runtime::{
    traits::Zero,
    transaction_validity::{InvalidTransaction, TransactionLongevity, TransactionPriority},
    DispatchResult, RuntimeAppPublic,
};

/// For how many blocks a confirmation that is in no block yet is taken for valid without being looked at
/// again.
const LONGEVITY: TransactionLongevity = 64;

/// Confirmations come before all transactions that pay: there is one of a node and turn, and who is
/// late with it pays. What the beacon needs comes before them.
const PRIORITY: TransactionPriority = TransactionPriority::MAX / 4;

impl<T: Config> Pallet<T> {
    /// The hash of the genesis block.
    pub(crate) fn genesis() -> H256 {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
    }

    /// Whether a confirmation may enter the pool, or stand in a block. All that can fail in the call is
    /// looked at here: a call without a fee must not fail in a block.
    pub(crate) fn authorize_confirm(
        chain: ChainId,
        account: &T::AccountId,
        head: &Head,
        signature: &BeaconSignature,
    ) -> TransactionValidityWithRefund {
        let since = Self::check_confirm(chain, account, head, signature).map_err(invalid)?;
        let validity = ValidTransaction::with_tag_prefix("hansa/allocation/confirm")
            .priority(PRIORITY)
            .longevity(LONGEVITY)
            .and_provides((chain, account, since))
            .propagate(true)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// Check a confirmation, what is cheap first; returns since when the node is a member.
    fn check_confirm(
        chain: ChainId,
        account: &T::AccountId,
        head: &Head,
        signature: &BeaconSignature,
    ) -> Result<Seconds, Error<T>> {
        let since = Self::joining_since(chain, account).ok_or(Error::<T>::NothingToConfirm)?;
        let key = T::Keys::key_of(account).ok_or(Error::<T>::NoKey)?;
        ensure!(
            T::Heads::is_recent_final(chain, head),
            Error::<T>::UnknownHead
        );
        let payload = confirm_payload(&Self::genesis(), chain, account, since, head);
        ensure!(key.verify(&payload, signature), Error::<T>::BadSignature);
        Ok(since)
    }

    /// Since when the node is a member of the chain that has to confirm; none if it is not.
    pub(crate) fn joining_since(chain: ChainId, account: &T::AccountId) -> Option<Seconds> {
        let roster = Rosters::<T>::get(chain)?;
        let seat = roster.seat(account)?;
        (seat.phase == MemberPhase::Joining).then_some(seat.since)
    }

    pub(crate) fn do_confirm(chain: ChainId, account: T::AccountId) -> DispatchResult {
        let now = Self::now();
        let replaced = Self::edit(chain, |roster| roster.confirm(&account, &now))
            .flatten()
            .ok_or(Error::<T>::NothingToConfirm)?;
        Self::deposit_event(Event::Confirmed {
            node: account.clone(),
            chain,
        });
        let left = replaced.map(|gone| {
            let left = (gone.0.account.clone(), gone.1);
            Self::free(chain, gone, false);
            left
        });
        let left = left.as_ref().map(|(left, cause)| (left, *cause));
        T::Chains::on_joined(chain, &account, left);
        Ok(())
    }

    /// For the runtime API: put a confirmation into the pool of the node that asks.
    pub fn submit_confirm(
        chain: ChainId,
        account: T::AccountId,
        head: Head,
        signature: BeaconSignature,
    ) -> Option<()>
    where
        T: CreateAuthorizedTransaction<Call<T>>,
    {
        let call = Call::confirm {
            chain,
            account,
            head,
            signature,
        };
        let transaction = T::create_authorized_transaction(call.into());
        SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).ok()
    }
}

/// What the pool and a block's author are told of a confirmation that is refused.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::NothingToConfirm => InvalidTransaction::Stale,
        // The hub may only not know of it yet.
        Error::UnknownHead => InvalidTransaction::Future,
        Error::NoKey | Error::BadSignature => InvalidTransaction::BadProof,
        _ => InvalidTransaction::Call,
    }
}
