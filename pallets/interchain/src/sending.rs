// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Packets leave: their value goes on hold, a commitment to them into the state.

use crate::{
    types::{OutboundPacket, Route},
    Clients, Commitments, Config, Error, Event, HoldReason, Outbound, OutboundLanes, OwnId, Pallet,
    Routes,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_support::{
    ensure,
    traits::{
        fungible::{Balanced, Mutate, MutateHold},
        tokens::{Fortitude, Precision, Preservation},
        ConstU32, Get, OnUnbalanced,
    },
    BoundedVec,
};
use hansa_interchain_primitives::{
    address::AccountBytes,
    book::{BookError, Claim},
    lane::lane_of,
    packet::{Passage, MAX_CALL_BYTES},
    price::price,
    traits::SendSystemPacket,
    Amounts, Balance, ChainAddress, ChainId, LaneError, Moment, Nonce, Packet, Payload, NEVER,
};
use sp_runtime::{traits::Zero, DispatchError, DispatchResult, Weight};

impl<T: Config> Pallet<T> {
    pub(crate) fn lane_error(error: LaneError) -> Error<T> {
        match error {
            LaneError::Full => Error::<T>::LaneFull,
            LaneError::Stale => Error::<T>::AlreadyDone,
            LaneError::Ahead => Error::<T>::Ahead,
            LaneError::Unknown => Error::<T>::NoPacket,
        }
    }

    pub(crate) fn book_error(error: BookError) -> Error<T> {
        match error {
            BookError::OursTooLow => Error::<T>::OurReserveTooLow,
            BookError::TheirsTooLow => Error::<T>::TheirReserveTooLow,
            BookError::Limit => Error::<T>::OverLimit,
            BookError::Overflow => Error::<T>::BadAmount,
        }
    }

    /// The route to `peer`, if it takes packets.
    pub(crate) fn route_that_sends(peer: ChainId) -> Result<Route, Error<T>> {
        let route = Routes::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        ensure!(!route.suspended, Error::<T>::Suspended);
        let client = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        client
            .check(Self::now())
            .map_err(|_| Error::<T>::NotTrusted)?;
        Ok(route)
    }

    /// An account of this chain as other chains know it.
    pub(crate) fn account_bytes(account: &T::AccountId) -> Result<AccountBytes, Error<T>> {
        AccountBytes::try_from(account.encode()).map_err(|_| Error::<T>::BadAccount)
    }

    /// An account of this chain, of the bytes by which other chains know it.
    pub(crate) fn account_of_bytes(bytes: &[u8]) -> Option<T::AccountId> {
        let mut rest = bytes;
        let account = T::AccountId::decode(&mut rest).ok()?;
        rest.is_empty().then_some(account)
    }

    pub(crate) fn do_transfer(
        who: T::AccountId,
        to: ChainAddress,
        amount: Balance,
    ) -> DispatchResult {
        if to.is_local(OwnId::<T>::get()) {
            let to = Self::account_of_bytes(&to.account).ok_or(Error::<T>::BadAddress)?;
            T::Currency::transfer(&who, &to, amount, Preservation::Expendable)?;
            return Ok(());
        }
        ensure!(!to.account.is_empty(), Error::<T>::BadAddress);
        let amounts = Self::amounts(to.chain, amount)?;
        let payload = Payload::Transfer {
            to: to.account,
            amounts,
        };
        Self::send_of_account(who, to.chain, payload)
    }

    pub(crate) fn do_send_call(
        who: T::AccountId,
        peer: ChainId,
        call: BoundedVec<u8, ConstU32<MAX_CALL_BYTES>>,
        weight: Weight,
        payment: Balance,
    ) -> DispatchResult {
        ensure!(!call.is_empty(), Error::<T>::Empty);
        let payment = Self::amounts(peer, payment)?;
        let payload = Payload::Call {
            call,
            weight,
            payment,
        };
        Self::send_of_account(who, peer, payload)
    }

    /// `amount` in both tokens, by the rate of now.
    pub(crate) fn amounts(peer: ChainId, source: Balance) -> Result<Amounts, Error<T>> {
        let rate = Self::terms(peer, Self::now())?.rate;
        let destination = rate
            .convert(source, OwnId::<T>::get(), peer)
            .map_err(|_| Error::<T>::BadAmount)?;
        ensure!(!destination.is_zero(), Error::<T>::BadAmount);
        Ok(Amounts {
            source,
            destination,
        })
    }

    /// Send what an account wants to send: it pays the price, and its value goes on hold.
    fn send_of_account(who: T::AccountId, peer: ChainId, payload: Payload) -> DispatchResult {
        let packet = Packet {
            sender: Self::account_bytes(&who)?,
            timeout: Self::now().saturating_add(T::Timeout::get()),
            payload,
        };
        let fee = Self::price_of(peer, &packet);
        let amount = packet.payload.amounts().source;
        let credit = T::Currency::withdraw(
            &who,
            fee,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )?;
        T::Fees::on_unbalanced(credit);
        if !amount.is_zero() {
            T::Currency::hold(&HoldReason::InFlight.into(), &who, amount)?;
        }
        Self::send(peer, packet, Some(who))?;
        Ok(())
    }

    /// Send what the chain itself has to say. Nobody pays for it.
    pub(crate) fn send_of_chain(
        peer: ChainId,
        payload: Payload,
        timeout: Moment,
    ) -> Result<Nonce, DispatchError> {
        let packet = Packet {
            sender: AccountBytes::default(),
            timeout,
            payload,
        };
        Self::send(peer, packet, None)
    }

    /// What sending a packet costs now.
    pub(crate) fn price_of(peer: ChainId, packet: &Packet) -> Balance {
        let lane = OutboundLanes::<T>::get((peer, packet.lane()));
        price(
            T::PacketPrice::get(),
            T::BytePrice::get(),
            packet.encoded_size() as u32,
            lane.unsettled(),
            T::Window::get(),
        )
    }

    fn send(
        peer: ChainId,
        packet: Packet,
        sender: Option<T::AccountId>,
    ) -> Result<Nonce, DispatchError> {
        let route = Self::route_that_sends(peer)?;
        let (own, now, lane) = (Self::own(), Self::now(), packet.lane());
        let nonce = OutboundLanes::<T>::try_mutate((peer, lane), |end| end.send(T::Window::get()))
            .map_err(Self::lane_error)?;
        let amounts = packet.payload.amounts();
        let charge = match sender {
            Some(_) => Self::terms(peer, now)?.charge(peer, own.id),
            // What the chains say to each other must not wait for money.
            None => 0,
        };
        let claim = Claim { amounts, charge };
        let limit = Self::outer_limit(peer);
        crate::Books::<T>::try_mutate(peer, |book| book.send(&claim, limit))
            .map_err(Self::book_error)?;
        let passage = Passage {
            source: own,
            destination: route.chain,
            lane,
            nonce,
        };
        Commitments::<T>::insert((peer, lane, nonce), packet.commitment(&passage));
        Self::deposit_event(Event::PacketSent {
            peer,
            lane,
            nonce,
            sender: sender.clone(),
            amount: amounts.source,
        });
        let outbound = OutboundPacket {
            packet,
            sender,
            claim,
            refunded: false,
            sent_at: now,
        };
        Outbound::<T>::insert((peer, lane, nonce), outbound);
        Ok(nonce)
    }
}

impl<T: Config> SendSystemPacket for Pallet<T> {
    fn send(to: ChainId, packet: Vec<u8>) -> Option<Nonce> {
        let payload = Payload::System(packet.try_into().ok()?);
        debug_assert_eq!(lane_of(&payload), hansa_interchain_primitives::SYSTEM_LANE);
        // All or nothing: the caller may go on if it fails.
        frame_support::storage::with_storage_layer(|| Self::send_of_chain(to, payload, NEVER)).ok()
    }
}
