// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What is on hold, and who gets it.

use crate::{Config, Error, Event, HoldReason, Pallet, Seat, Seats, LOG_TARGET};
use frame_support::{
    ensure,
    traits::{
        fungible::{hold::Balanced, InspectHold, MutateHold},
        tokens::{Fortitude, Precision, Restriction},
        OnUnbalanced,
    },
};
use hansa_dappchain_primitives::{Balance, ChainId};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// Hold stake and deposit.
    pub(crate) fn hold_for_chain(
        who: &T::AccountId,
        stake: Balance,
        deposit: Balance,
    ) -> DispatchResult {
        let (for_stake, for_spec) = (HoldReason::Stake.into(), HoldReason::Spec.into());
        ensure!(
            T::Currency::can_hold(&for_stake, who, stake.saturating_add(deposit)),
            Error::<T>::CannotPay
        );
        let cannot = |_: DispatchError| Error::<T>::CannotPay;
        T::Currency::hold(&for_stake, who, stake).map_err(cannot)?;
        T::Currency::hold(&for_spec, who, deposit).map_err(cannot)?;
        Ok(())
    }

    pub(crate) fn release_stake(who: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::release(&HoldReason::Stake.into(), who, amount, Precision::Exact)?;
        Ok(())
    }

    pub(crate) fn release_deposit(who: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::release(&HoldReason::Spec.into(), who, amount, Precision::Exact)?;
        Ok(())
    }

    /// Take so much of a stake, for whoever gets what is for nobody.
    pub(crate) fn forfeit(payer: &T::AccountId, amount: Balance) {
        let (credit, missing) = T::Currency::slash(&HoldReason::Stake.into(), payer, amount);
        if missing > 0 {
            log::error!(target: LOG_TARGET, "{missing} of a stake of {payer:?} are not on hold");
        }
        T::OnForfeit::on_unbalanced(credit);
    }

    pub(crate) fn hand_over_stake(
        from: &T::AccountId,
        to: &T::AccountId,
        amount: Balance,
    ) -> DispatchResult {
        Self::hand_over(HoldReason::Stake, from, to, amount)
    }

    pub(crate) fn hand_over_deposit(
        from: &T::AccountId,
        to: &T::AccountId,
        amount: Balance,
    ) -> DispatchResult {
        Self::hand_over(HoldReason::Spec, from, to, amount)
    }

    /// What is on hold in one account is on hold in another.
    fn hand_over(
        reason: HoldReason,
        from: &T::AccountId,
        to: &T::AccountId,
        amount: Balance,
    ) -> DispatchResult {
        if from == to || amount == 0 {
            return Ok(());
        }
        T::Currency::transfer_on_hold(
            &reason.into(),
            from,
            to,
            amount,
            Precision::Exact,
            Restriction::OnHold,
            Fortitude::Polite,
        )?;
        Ok(())
    }

    /// Pay a node `amount` of its seat, out of the stake on hold. The caller has made sure that so much
    /// is vested. A freeze on the payer's account does not keep it from what it owes.
    pub(crate) fn pay_seat(
        chain: ChainId,
        payer: &T::AccountId,
        node: &T::AccountId,
        amount: Balance,
    ) -> DispatchResult {
        T::Currency::transfer_on_hold(
            &HoldReason::Stake.into(),
            payer,
            node,
            amount,
            Precision::Exact,
            Restriction::Free,
            Fortitude::Force,
        )?;
        Self::deposit_event(Event::FounderPaid {
            chain,
            node: node.clone(),
            amount,
        });
        Ok(())
    }

    /// Store a seat; one that is paid out is forgotten.
    pub(crate) fn put_seat(chain: ChainId, node: &T::AccountId, seat: Seat) {
        if seat.rest() == 0 {
            Seats::<T>::remove(chain, node);
        } else {
            Seats::<T>::insert(chain, node, seat);
        }
    }
}
