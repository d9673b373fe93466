// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The roll of a chain that stands still: whoever is in its set is to answer.
//!
//! A chain of which more than `T` is gone makes no blocks, so nothing shows who of its set is there. Each says so itself, to
//! the hub, with its node's beacon key. Who calls the roll, until when it is answered and when it is closed, is for
//! [`RollCall`]'s caller to say; here it is only known who was asked and who has answered. Whoever was asked and has not
//! answered when the roll is closed loses its place, for nothing: it goes back to the pool, where it is not drawn before it is
//! present again. `T` does not count: the chain stands still anyway. Who has answered is known until the roll is ended,
//! members or not.
//!
//! Meanwhile, and from before the roll is called, the chain is held ([`Hold`]): nobody is released. It stays so when the roll
//! is ended, until the caller says that it does not.
//!
//! An answer proves that the node's key is at work, not that the node does its work on the chain. Who answers and does
//! not work goes when its turn is over.

use crate::{
    roster::{Hold, Seat},
    types::Roll,
    Call, Config, CurrentEpoch, Error, Event, Nodes, Pallet, Rolls, Rosters, WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    weights::Weight,
};
use frame_system::offchain::{CreateAuthorizedTransaction, SubmitTransaction};
use hansa_allocation_primitives::{
    confirm::answer_payload, BeaconId, BeaconSignature, ChainId, NodeKeys, OwedAnswer, Phase,
    RollCall, Seconds,
};
use sp_runtime::{
    traits::BlockNumberProvider,
    transaction_validity::{InvalidTransaction, TransactionLongevity, TransactionPriority},
    DispatchResult, RuntimeAppPublic,
};

/// For how many blocks an answer that is in no block yet is taken for valid without being looked at again.
const LONGEVITY: TransactionLongevity = 64;

/// How many go at most when a roll is closed; the others the next time that it is asked for. Half a block's time would be too
/// much for a large chain.
pub const GONE_AT_ONCE: u32 = 100;

/// Answers come where confirmations do: there is one of a node and roll, and who is late with it loses its place.
const PRIORITY: TransactionPriority = TransactionPriority::MAX / 4;

impl<T: Config> RollCall<T::AccountId> for Pallet<T> {
    fn is_live(chain: ChainId) -> bool {
        Rosters::<T>::get(chain).is_some_and(|roster| roster.phase == Phase::Live)
    }

    fn hold(chain: ChainId, held: bool) {
        let Some(roster) = Rosters::<T>::get(chain).filter(|roster| roster.phase == Phase::Live)
        else {
            return;
        };
        if held == (roster.hold != Hold::None) {
            return;
        }
        Self::set_hold(chain, if held { Hold::Early } else { Hold::None });
    }

    fn call_roll(chain: ChainId, since: Seconds, until: Seconds) {
        if !Self::is_live(chain) {
            return;
        }
        Rolls::<T>::insert(chain, Roll::new(since, until));
        Self::set_hold(chain, Hold::All);
        Self::deposit_event(Event::RollCalled {
            chain,
            since,
            until,
        });
    }

    fn close_roll(chain: ChainId) -> (bool, Weight) {
        let Some(mut roll) = Rolls::<T>::get(chain).filter(|roll| !roll.closed) else {
            return (true, T::WeightInfo::close_roll(0));
        };
        let is_there =
            |seat: &Seat<T::AccountId>| !roll.asks(seat) || roll.has_answered(&seat.account);
        let gone = Self::edit(chain, |roster| roster.remove_absent(GONE_AT_ONCE, is_there));
        let gone = gone.unwrap_or_default();
        let absent = gone.len() as u32;
        let mut weight = T::WeightInfo::close_roll(absent);
        for gone in gone {
            weight.saturating_accrue(Self::let_go(chain, gone));
        }
        roll.absent = roll.absent.saturating_add(absent);
        roll.closed = absent < GONE_AT_ONCE;
        let (closed, absent) = (roll.closed, roll.absent);
        Rolls::<T>::insert(chain, roll);
        if closed {
            Self::set_hold(chain, Hold::Fit);
            Self::deposit_event(Event::RollClosed { chain, absent });
        }
        (closed, weight)
    }

    fn there(chain: ChainId) -> Vec<T::AccountId> {
        let (Some(roll), Some(roster)) = (Rolls::<T>::get(chain), Rosters::<T>::get(chain)) else {
            return Vec::new();
        };
        let came_since = |seat: &Seat<T::AccountId>| {
            seat.phase.is_active() && !roll.asks(seat) && !roll.has_answered(&seat.account)
        };
        let seats = roster.seats.into_iter().filter(came_since);
        let mut there: Vec<_> = seats.map(|seat| seat.account).collect();
        there.extend(roll.answered);
        there
    }

    fn end_roll(chain: ChainId) {
        let roll = Rolls::<T>::take(chain);
        // Who stays by the roll stays without it: whether it is released is for [`Self::hold`] to say.
        if Rosters::<T>::get(chain).is_some_and(|roster| roster.hold.by_roll()) {
            Self::set_hold(chain, Hold::Early);
        }
        if roll.is_some_and(|roll| !roll.closed) {
            Self::deposit_event(Event::RollCancelled { chain });
        }
    }
}

impl<T: Config> Pallet<T> {
    fn set_hold(chain: ChainId, hold: Hold) {
        let epoch = CurrentEpoch::<T>::get();
        Self::edit(chain, |roster| roster.set_hold(hold, epoch));
    }

    /// Whether an answer may enter the pool, or stand in a block. All that can fail in the call is looked at here: a call
    /// without a fee must not fail in a block.
    pub(crate) fn authorize_answer(
        chain: ChainId,
        account: &T::AccountId,
        signature: &BeaconSignature,
    ) -> TransactionValidityWithRefund {
        let since = Self::check_answer(chain, account, signature).map_err(invalid)?;
        let validity = ValidTransaction::with_tag_prefix("hansa/allocation/answer")
            .priority(PRIORITY)
            .longevity(LONGEVITY)
            .and_provides((chain, account, since))
            .propagate(true)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// Check an answer, what is cheap first; returns when the roll was called.
    pub(crate) fn check_answer(
        chain: ChainId,
        account: &T::AccountId,
        signature: &BeaconSignature,
    ) -> Result<Seconds, Error<T>> {
        let since = Self::asked_since(chain, account)?;
        let key = T::Keys::key_of(account).ok_or(Error::<T>::NoKey)?;
        let payload = answer_payload(&Self::genesis(), chain, account, since);
        ensure!(key.verify(&payload, signature), Error::<T>::BadSignature);
        Ok(since)
    }

    /// When the roll was called that the node of `account` has to answer. Fails if it has to answer none, or it is too late.
    fn asked_since(chain: ChainId, account: &T::AccountId) -> Result<Seconds, Error<T>> {
        let roll = Rolls::<T>::get(chain).ok_or(Error::<T>::NothingToAnswer)?;
        ensure!(
            roll.is_open(T::ServiceClock::current_block_number()),
            Error::<T>::RollIsOver
        );
        let roster = Rosters::<T>::get(chain).ok_or(Error::<T>::NothingToAnswer)?;
        let seat = roster.seat(account).ok_or(Error::<T>::NothingToAnswer)?;
        ensure!(
            roll.asks(seat) && !roll.has_answered(account),
            Error::<T>::NothingToAnswer
        );
        Ok(roll.since)
    }

    pub(crate) fn do_answer(chain: ChainId, account: T::AccountId) -> DispatchResult {
        let mut roll = Rolls::<T>::get(chain).ok_or(Error::<T>::NothingToAnswer)?;
        ensure!(roll.answer(account.clone()), Error::<T>::NothingToAnswer);
        Rolls::<T>::insert(chain, roll);
        Self::deposit_event(Event::Answered {
            node: account,
            chain,
        });
        Ok(())
    }

    /// The answer that the node with a beacon key owes.
    pub fn roll_call(key: &BeaconId) -> Option<OwedAnswer<T::AccountId>> {
        let account = T::Keys::account_of(key)?;
        let chain = Nodes::<T>::get(&account)?.chain?;
        let since = Self::asked_since(chain, &account).ok()?;
        Some(OwedAnswer {
            account,
            chain,
            since,
        })
    }

    /// For the runtime API: put an answer into the pool of the node that asks.
    pub fn submit_answer(
        chain: ChainId,
        account: T::AccountId,
        signature: BeaconSignature,
    ) -> Option<()>
    where
        T: CreateAuthorizedTransaction<Call<T>>,
    {
        let call = Call::answer {
            chain,
            account,
            signature,
        };
        let transaction = T::create_authorized_transaction(call.into());
        SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).ok()
    }
}

/// What the pool and a block's author are told of an answer that is refused.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::NothingToAnswer | Error::RollIsOver => InvalidTransaction::Stale,
        Error::NoKey | Error::BadSignature => InvalidTransaction::BadProof,
        _ => InvalidTransaction::Call,
    }
}
