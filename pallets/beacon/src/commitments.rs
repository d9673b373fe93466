// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Commitments, reveals, and nodes that leave.

use crate::{
    BalanceOf, Call, Commitment, CommitmentState, Commitments, Config, CurrentEpoch, EpochState,
    Error, Event, HoldReason, Pallet, Places, RevealGroups, Tallies, WeightInfo, LOG_TARGET,
};
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    traits::{
        fungible::{InspectHold, MutateHold},
        tokens::Precision,
        Get,
    },
    weights::Weight,
};
use frame_system::{
    offchain::{CreateAuthorizedTransaction, SubmitTransaction},
    pallet_prelude::BlockNumberFor,
};
use hansa_beacon_primitives::{
    commitment::{commit_payload, commitment},
    tree::{leaf, set_leaf, Group, Groups},
    BeaconId, BeaconSignature, Digest, Draws, EpochIndex, Leaving, OnReveal, OwnId, Phase, Pool,
};
use hansa_pbft_primitives::Hash;
use sp_runtime::{
    traits::{Saturating, Zero},
    transaction_validity::{InvalidTransaction, TransactionLongevity, TransactionPriority},
    DispatchError, DispatchResult, RuntimeAppPublic,
};

/// For how many blocks a commitment or a reveal that is in no block yet is taken for valid without
/// being looked at again.
const LONGEVITY: TransactionLongevity = 64;

/// Reveals and commitments come before all transactions that pay: there are two of a node and epoch,
/// and what is left out biases the beacon and costs its sender.
const PRIORITY: TransactionPriority = TransactionPriority::MAX / 2;

/// The tree of reveals of an epoch.
pub(crate) struct StoredGroups<T> {
    epoch: EpochIndex,
    _config: core::marker::PhantomData<T>,
}

impl<T> StoredGroups<T> {
    pub(crate) fn new(epoch: EpochIndex) -> Self {
        Self {
            epoch,
            _config: core::marker::PhantomData,
        }
    }
}

impl<T: Config> Groups for StoredGroups<T> {
    fn get(&self, level: u8, index: u32) -> Group {
        RevealGroups::<T>::get((self.epoch, level, index)).unwrap_or_default()
    }

    fn set(&mut self, level: u8, index: u32, group: Group) {
        RevealGroups::<T>::insert((self.epoch, level, index), group);
    }
}

impl<T: Config> Pallet<T> {
    /// What is held for a commitment.
    pub(crate) fn bonds() -> BalanceOf<T> {
        T::Bond::get().saturating_mul(T::MaxBonds::get().into())
    }

    /// The hash of the genesis block.
    pub(crate) fn genesis() -> Hash {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
    }

    /// Whether a commitment may enter the pool, or stand in a block. All that can fail in the call is
    /// looked at here: a call without a fee must not fail in a block.
    pub(crate) fn authorize_commit(
        epoch: EpochIndex,
        account: &T::AccountId,
        commitment: &Digest,
        signature: &BeaconSignature,
    ) -> TransactionValidityWithRefund {
        let key = Self::check_commit(epoch, account).map_err(invalid)?;
        let payload = commit_payload(&Self::genesis(), epoch, account, commitment);
        if !key.verify(&payload, signature) {
            return Err(invalid(Error::<T>::BadSignature).into());
        }
        valid("hansa/beacon/commit", epoch, account)
    }

    /// Whether a reveal may enter the pool, or stand in a block.
    pub(crate) fn authorize_reveal(
        epoch: EpochIndex,
        account: &T::AccountId,
        id: &OwnId,
    ) -> TransactionValidityWithRefund {
        Self::check_reveal(epoch, account, id).map_err(invalid)?;
        valid("hansa/beacon/reveal", epoch, account)
    }

    /// Check all of a commitment but its signature; returns the key that must have signed.
    fn check_commit(epoch: EpochIndex, account: &T::AccountId) -> Result<BeaconId, Error<T>> {
        let state = CurrentEpoch::<T>::get();
        check_epoch(epoch, &state)?;
        ensure!(state.phase == Phase::Commit, Error::<T>::NotCommitPart);
        ensure!(
            !Commitments::<T>::contains_key(epoch, account),
            Error::<T>::AlreadyCommitted
        );
        ensure!(
            Tallies::<T>::get(epoch).places < T::MaxCommitments::get(),
            Error::<T>::TooManyCommitments
        );
        let key = T::Pool::key_of(account).ok_or(Error::<T>::NotPooled)?;
        let reason = HoldReason::Commitment.into();
        ensure!(
            T::Currency::can_hold(&reason, account, Self::bonds()),
            Error::<T>::BondTooHigh
        );
        Ok(key)
    }

    /// Whether the account's node may commit in `epoch` now.
    pub(crate) fn may_commit(epoch: EpochIndex, account: &T::AccountId) -> bool {
        Self::check_commit(epoch, account).is_ok()
    }

    /// Check a reveal; returns the commitment that it opens.
    fn check_reveal(
        epoch: EpochIndex,
        account: &T::AccountId,
        id: &OwnId,
    ) -> Result<Commitment<BalanceOf<T>>, Error<T>> {
        let state = CurrentEpoch::<T>::get();
        check_epoch(epoch, &state)?;
        match state.phase {
            Phase::Commit => return Err(Error::<T>::RevealTooEarly),
            Phase::Reveal => {}
            Phase::Mix => return Err(Error::<T>::RevealTooLate),
        }
        let open = Commitments::<T>::get(epoch, account)
            .filter(|commitment| commitment.state == CommitmentState::Open)
            .ok_or(Error::<T>::NothingToReveal)?;
        ensure!(
            open.hash == commitment(&Self::genesis(), epoch, account, id),
            Error::<T>::WrongId
        );
        Ok(open)
    }

    /// Take a commitment. Its signature is verified already.
    pub(crate) fn do_commit(
        epoch: EpochIndex,
        account: T::AccountId,
        hash: Digest,
    ) -> DispatchResult {
        let key = Self::check_commit(epoch, &account)?;
        let held = Self::bonds();
        T::Currency::hold(&HoldReason::Commitment.into(), &account, held)?;
        let place = Tallies::<T>::mutate(epoch, |tally| {
            let place = tally.places;
            tally.places = place.saturating_add(1);
            place
        });
        let commitment = Commitment {
            hash,
            key,
            place,
            held,
            state: CommitmentState::Open,
        };
        Places::<T>::insert(epoch, place, &account);
        Commitments::<T>::insert(epoch, &account, commitment);
        Self::deposit_event(Event::Committed { epoch, account });
        Ok(())
    }

    /// Take a reveal.
    pub(crate) fn do_reveal(epoch: EpochIndex, account: T::AccountId, id: OwnId) -> DispatchResult {
        let mut commitment = Self::check_reveal(epoch, &account, &id)?;
        let mut groups = StoredGroups::<T>::new(epoch);
        let fits = set_leaf(&mut groups, commitment.place, leaf(&account, &id));
        // Places are below `MaxCommitments`, which the tree's capacity bounds.
        ensure!(fits, DispatchError::Corruption);
        commitment.state = CommitmentState::Revealed(id);
        Commitments::<T>::insert(epoch, &account, commitment);
        Tallies::<T>::mutate(epoch, |tally| {
            tally.revealed = tally.revealed.saturating_add(1);
            tally.kept = tally.kept.saturating_add(1);
        });
        T::OnReveal::on_reveal(epoch, &account);
        Self::deposit_event(Event::Revealed { epoch, account, id });
        Ok(())
    }

    /// Take back a commitment whose node leaves in the commit part. Nothing can be known of the next
    /// beacon yet, so it is free; but the node cannot commit again in this epoch.
    fn withdraw(epoch: EpochIndex, account: &T::AccountId) {
        let Some(mut commitment) = Commitments::<T>::get(epoch, account)
            .filter(|commitment| commitment.state == CommitmentState::Open)
        else {
            return;
        };
        Self::release(account, commitment.held);
        commitment.held = Zero::zero();
        commitment.state = CommitmentState::Withdrawn;
        Commitments::<T>::insert(epoch, account, commitment);
        Tallies::<T>::mutate(epoch, |tally| {
            tally.withdrawn = tally.withdrawn.saturating_add(1);
        });
        let account = account.clone();
        Self::deposit_event(Event::Withdrawn { epoch, account });
    }

    /// Treat as withheld the commitment of a node that leaves when the next beacon can be known. An id
    /// that it revealed stays in the tree: to take it out again would be one more choice.
    fn forfeit(epoch: EpochIndex, account: &T::AccountId) {
        let Some(mut commitment) = Commitments::<T>::get(epoch, account) else {
            return;
        };
        match commitment.state {
            CommitmentState::Open => {}
            CommitmentState::Revealed(_) => Tallies::<T>::mutate(epoch, |tally| {
                tally.kept = tally.kept.saturating_sub(1);
            }),
            CommitmentState::Withdrawn | CommitmentState::Forfeited => return,
        }
        commitment.state = CommitmentState::Forfeited;
        Commitments::<T>::insert(epoch, account, commitment);
        let account = account.clone();
        Self::deposit_event(Event::Forfeited { epoch, account });
    }

    /// Release what was held for a commitment.
    pub(crate) fn release(account: &T::AccountId, held: BalanceOf<T>) {
        let reason = HoldReason::Commitment.into();
        if let Err(error) = T::Currency::release(&reason, account, held, Precision::BestEffort) {
            log::error!(target: LOG_TARGET, "bonds of {account:?} stay on hold: {error:?}");
        }
    }

    /// For the runtime API: put a commitment into the pool of the node that asks.
    pub fn submit_commit(
        epoch: EpochIndex,
        account: T::AccountId,
        commitment: Digest,
        signature: BeaconSignature,
    ) -> Option<()>
    where
        T: CreateAuthorizedTransaction<Call<T>>,
    {
        Self::submit(Call::commit {
            epoch,
            account,
            commitment,
            signature,
        })
    }

    /// For the runtime API: put a reveal into the pool of the node that asks.
    pub fn submit_reveal(epoch: EpochIndex, account: T::AccountId, id: OwnId) -> Option<()>
    where
        T: CreateAuthorizedTransaction<Call<T>>,
    {
        Self::submit(Call::reveal { epoch, account, id })
    }

    fn submit(call: Call<T>) -> Option<()>
    where
        T: CreateAuthorizedTransaction<Call<T>>,
    {
        let transaction = T::create_authorized_transaction(call.into());
        SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).ok()
    }
}

impl<T: Config> Leaving<T::AccountId> for Pallet<T> {
    fn on_leave(account: &T::AccountId) -> Weight {
        let EpochState { index, phase, .. } = CurrentEpoch::<T>::get();
        match phase {
            Phase::Commit => Self::withdraw(index, account),
            Phase::Reveal | Phase::Mix => Self::forfeit(index, account),
        }
        if let Some(last) = index.checked_sub(1) {
            if T::Draws::is_open(last) {
                Self::forfeit(last, account);
            }
        }
        T::WeightInfo::on_leave()
    }
}

/// The call must be for the epoch under way.
fn check_epoch<T>(epoch: EpochIndex, state: &EpochState) -> Result<(), Error<T>> {
    ensure!(epoch >= state.index, Error::<T>::EpochOver);
    ensure!(epoch <= state.index, Error::<T>::EpochAhead);
    Ok(())
}

/// What the pool is told of a good call: there can be one of a kind, epoch and account.
fn valid<AccountId: codec::Encode>(
    tag: &'static str,
    epoch: EpochIndex,
    account: &AccountId,
) -> TransactionValidityWithRefund {
    let validity = ValidTransaction::with_tag_prefix(tag)
        .priority(PRIORITY)
        .longevity(LONGEVITY)
        .and_provides((epoch, account))
        .propagate(true)
        .build()?;
    Ok((validity, Weight::zero()))
}

/// What the pool and a block's author are told of a call that is refused.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::EpochAhead | Error::RevealTooEarly => InvalidTransaction::Future,
        Error::EpochOver
        | Error::NotCommitPart
        | Error::RevealTooLate
        | Error::AlreadyCommitted
        | Error::NothingToReveal => InvalidTransaction::Stale,
        Error::BondTooHigh => InvalidTransaction::Payment,
        Error::TooManyCommitments => InvalidTransaction::ExhaustsResources,
        Error::BadSignature | Error::WrongId | Error::NotPooled => InvalidTransaction::BadProof,
        Error::__Ignore(..) => InvalidTransaction::Call,
    }
}
