// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What becomes of packets that were sent, and of results that are not needed any more.

use crate::{
    types::{OutboundPacket, Results as ResultList},
    Books, Commitments, Config, Error, Event, HoldReason, InboundLanes, Outbound, OutboundLanes,
    Pallet, Results,
};
use frame_support::{
    ensure,
    traits::{
        fungible::MutateHold,
        tokens::{Fortitude, Precision, Restriction},
        Get,
    },
};
use hansa_interchain_primitives::{
    lane::{nonces, settle},
    Balance, ChainId, LaneId, Nonce, Outcome, PacketResult, Settlement,
};
use sp_runtime::traits::Zero;

impl<T: Config> Pallet<T> {
    /// Check that these are results of the next packets that wait for one.
    pub(crate) fn check_results(
        peer: ChainId,
        lane: LaneId,
        first: Nonce,
        results: &ResultList,
    ) -> Result<(), Error<T>> {
        Self::check_batch(results.len() as u32)?;
        let mut end = OutboundLanes::<T>::get((peer, lane));
        for (nonce, result) in nonces(first, results.len()).zip(results) {
            end.settle(nonce).map_err(Self::lane_error)?;
            ensure!(
                Commitments::<T>::get((peer, lane, nonce)) == Some(result.commitment),
                Error::<T>::NoPacket
            );
        }
        Ok(())
    }

    pub(crate) fn do_acknowledge(
        peer: ChainId,
        lane: LaneId,
        first: Nonce,
        results: &ResultList,
    ) -> Result<(), Error<T>> {
        Self::check_results(peer, lane, first, results)?;
        Self::use_block(results.len() as u32)?;
        for (nonce, result) in nonces(first, results.len()).zip(results) {
            OutboundLanes::<T>::try_mutate((peer, lane), |end| end.settle(nonce))
                .map_err(Self::lane_error)?;
            Commitments::<T>::remove((peer, lane, nonce));
            let packet = Outbound::<T>::take((peer, lane, nonce)).ok_or(Error::<T>::NoPacket)?;
            Self::settle_one(peer, lane, nonce, &packet, result)?;
        }
        Ok(())
    }

    fn settle_one(
        peer: ChainId,
        lane: LaneId,
        nonce: Nonce,
        packet: &OutboundPacket<T::AccountId>,
        result: &PacketResult,
    ) -> Result<(), Error<T>> {
        let (claim, charged) = (&packet.claim, result.charged);
        match settle(packet.refunded, &result.outcome) {
            Settlement::Pay => {
                Self::pay_out(packet)?;
                Books::<T>::mutate(peer, |book| book.paid(claim, charged));
                Self::deposit_event(Event::PacketDelivered { peer, lane, nonce });
            }
            Settlement::Refund => {
                Self::pay_back(packet)?;
                Books::<T>::mutate(peer, |book| book.undone(claim, charged));
                let amount = claim.amounts.source;
                let outcome = Some(result.outcome);
                Self::deposit_event(Event::PacketRefunded {
                    peer,
                    lane,
                    nonce,
                    amount,
                    outcome,
                });
            }
            Settlement::Done => {
                Books::<T>::mutate(peer, |book| book.undone(claim, charged));
            }
            Settlement::Contradiction => {
                // What it claims to have paid out of our reserve, it has; but nothing more.
                let lost = match result.outcome {
                    Outcome::Delivered => result.moved.destination,
                    Outcome::Refused(_) | Outcome::Expired => Zero::zero(),
                };
                Books::<T>::mutate(peer, |book| {
                    book.undone(claim, charged.saturating_add(lost))
                });
                Self::do_freeze(peer)?;
            }
        }
        Ok(())
    }

    /// The value of a packet becomes the other chain's reserve.
    fn pay_out(packet: &OutboundPacket<T::AccountId>) -> Result<(), Error<T>> {
        Self::from_hold(packet, |who, amount| {
            T::Currency::transfer_on_hold(
                &HoldReason::InFlight.into(),
                who,
                &Self::reserve_account(),
                amount,
                Precision::Exact,
                Restriction::Free,
                Fortitude::Force,
            )
        })
    }

    /// The value of a packet goes back to its sender.
    pub(crate) fn pay_back(packet: &OutboundPacket<T::AccountId>) -> Result<(), Error<T>> {
        Self::from_hold(packet, |who, amount| {
            T::Currency::release(&HoldReason::InFlight.into(), who, amount, Precision::Exact)
        })
    }

    fn from_hold(
        packet: &OutboundPacket<T::AccountId>,
        movement: impl FnOnce(&T::AccountId, Balance) -> Result<Balance, sp_runtime::DispatchError>,
    ) -> Result<(), Error<T>> {
        let amount = packet.claim.amounts.source;
        match &packet.sender {
            Some(who) if !amount.is_zero() => {
                movement(who, amount).map_err(|_| Error::<T>::BadAmount)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Check that these packets are there and were not refunded. Returns the latest of their timeouts.
    pub(crate) fn check_timeouts(
        peer: ChainId,
        lane: LaneId,
        first: Nonce,
        count: u32,
    ) -> Result<u64, Error<T>> {
        Self::check_batch(count)?;
        let mut latest = 0;
        for nonce in nonces(first, count as usize) {
            let packet = Outbound::<T>::get((peer, lane, nonce)).ok_or(Error::<T>::NoPacket)?;
            ensure!(!packet.refunded, Error::<T>::AlreadyDone);
            latest = packet.packet.timeout.max(latest);
        }
        Ok(latest)
    }

    pub(crate) fn do_time_out(
        peer: ChainId,
        lane: LaneId,
        first: Nonce,
        count: u32,
    ) -> Result<(), Error<T>> {
        Self::check_timeouts(peer, lane, first, count)?;
        Self::use_block(count)?;
        for nonce in nonces(first, count as usize) {
            Outbound::<T>::try_mutate((peer, lane, nonce), |packet| {
                let packet = packet.as_mut().ok_or(Error::<T>::NoPacket)?;
                Self::pay_back(packet)?;
                let amount = packet.claim.amounts.source;
                packet.refunded = true;
                packet.claim = Books::<T>::mutate(peer, |book| book.timed_out(&packet.claim));
                let outcome = None;
                Self::deposit_event(Event::PacketRefunded {
                    peer,
                    lane,
                    nonce,
                    amount,
                    outcome,
                });
                Ok::<_, Error<T>>(())
            })?;
        }
        Ok(())
    }

    pub(crate) fn do_prune(
        peer: ChainId,
        lane: LaneId,
        acknowledged: Nonce,
    ) -> Result<(), Error<T>> {
        let range = InboundLanes::<T>::try_mutate((peer, lane), |end| {
            end.prune(acknowledged, T::MaxBatch::get())
        })
        .map_err(Self::lane_error)?;
        let from = range.end;
        Self::use_block(range.end.saturating_sub(range.start) as u32)?;
        for nonce in range {
            let Some(result) = Results::<T>::take((peer, lane, nonce)) else {
                continue;
            };
            if result.outcome == Outcome::Delivered {
                Books::<T>::mutate(peer, |book| book.booked(result.moved.source));
            }
        }
        Self::deposit_event(Event::ResultsPruned { peer, lane, from });
        Ok(())
    }

    /// Check that a call is of neither nothing nor more than a batch.
    pub(crate) fn check_batch(count: u32) -> Result<(), Error<T>> {
        ensure!(count > 0, Error::<T>::Empty);
        ensure!(count <= T::MaxBatch::get(), Error::<T>::TooLarge);
        Ok(())
    }
}
