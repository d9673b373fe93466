// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Packets of other chains are taken, each once and in its order: delivered, refused or expired.

use crate::{
    types::{Packets, QueuedCall},
    Agreements, BlockItems, Books, Config, Error, Event, InboundLanes, OwnId, Pallet, Results,
    Routes,
};
use codec::{DecodeLimit, Encode};
use frame_support::{
    dispatch::GetDispatchInfo,
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Balanced, Mutate},
        tokens::{Fortitude, Precision, Preservation},
        Contains, EnqueueMessage, Get, OnUnbalanced, QueueFootprintQuery,
    },
    weights::WeightToFee,
    BoundedSlice, MAX_EXTRINSIC_DEPTH,
};
use hansa_interchain_primitives::{
    address::AccountBytes,
    lane::{is_expired, nonces},
    packet::{self, ChainRef, Passage},
    traits::SystemPackets,
    Amounts, Balance, ChainId, Entry, LaneId, Nonce, Outcome, Packet, PacketResult, Payload,
    Refusal,
};
use sp_runtime::{traits::TrailingZeroInput, DispatchError, Weight};

/// Why a packet is refused, while storage is being changed for it.
enum Stop {
    /// For this reason.
    Refused(Refusal),
    /// Storage cannot be nested any deeper.
    Dispatch,
}

impl From<DispatchError> for Stop {
    fn from(_: DispatchError) -> Self {
        Self::Dispatch
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Where a packet of another chain stands.
struct Place {
    peer: ChainRef,
    own: ChainRef,
    lane: LaneId,
    nonce: Nonce,
}

impl<T: Config> Pallet<T> {
    /// Count what is in this block of other chains.
    pub(crate) fn use_block(items: u32) -> Result<(), Error<T>> {
        BlockItems::<T>::try_mutate(|used| {
            let all = used.saturating_add(items);
            ensure!(all <= T::MaxBlockItems::get(), Error::<T>::BlockFull);
            *used = all;
            Ok(())
        })
    }

    /// What is charged to the reserve of `peer` for a packet.
    pub(crate) fn charge_of(
        peer: ChainId,
        hub: bool,
        packet: &Packet,
    ) -> Result<Balance, Error<T>> {
        match &packet.payload {
            // Without these an empty reserve could not be filled.
            Payload::Book(_) => Ok(0),
            Payload::System(_) if hub => Ok(0),
            _ => Ok(Self::terms(peer, Self::now())?.charge(OwnId::<T>::get(), peer)),
        }
    }

    pub(crate) fn do_deliver(
        peer: ChainId,
        lane: LaneId,
        first: Nonce,
        packets: Packets,
    ) -> Result<(), Error<T>> {
        let route = Self::check_delivery(peer, lane, first, &packets, true)?;
        let count = packets.len() as u32;
        Self::use_block(count)?;
        Routes::<T>::mutate(peer, |route| {
            if let Some(route) = route.as_mut() {
                let rate = route.reputation.share_of(T::PacketsPerSecond::get());
                route.packets.spend(count, Self::now(), rate);
            }
        });
        let own = Self::own();
        for (nonce, packet) in nonces(first, packets.len()).zip(packets) {
            let place = Place {
                peer: route.chain,
                own,
                lane,
                nonce,
            };
            let charge = Self::charge_of(peer, route.hub, &packet)?;
            Self::take(&place, packet, charge)?;
        }
        Ok(())
    }

    /// Take one packet.
    fn take(place: &Place, packet: Packet, charge: Balance) -> Result<(), Error<T>> {
        let (peer, lane, nonce) = (place.peer.id, place.lane, place.nonce);
        InboundLanes::<T>::try_mutate((peer, lane), |end| end.take(nonce, T::Window::get()))
            .map_err(Self::lane_error)?;
        Self::charge(peer, charge)?;
        let passage = Passage {
            source: place.peer,
            destination: place.own,
            lane,
            nonce,
        };
        let commitment = packet.commitment(&passage);
        let amounts = packet.payload.amounts();
        let outcome = if is_expired(packet.timeout, Self::now()) {
            Outcome::Expired
        } else {
            match with_storage_layer(|| Self::execute(place, packet)) {
                Ok(()) => Outcome::Delivered,
                Err(Stop::Refused(refusal)) => Outcome::Refused(refusal),
                Err(Stop::Dispatch) => Outcome::Refused(Refusal::Busy),
            }
        };
        let moved = match outcome {
            Outcome::Delivered => amounts,
            Outcome::Refused(_) | Outcome::Expired => Amounts::default(),
        };
        let result = PacketResult {
            commitment,
            outcome,
            charged: charge,
            moved,
        };
        Results::<T>::insert((peer, lane, nonce), result);
        Routes::<T>::mutate(peer, |route| {
            if let Some(route) = route.as_mut() {
                route.reputation.note(&outcome);
            }
        });
        Self::deposit_event(Event::PacketTaken {
            peer,
            lane,
            nonce,
            outcome,
        });
        Ok(())
    }

    /// Take `charge` out of the reserve of `peer`, for whoever gets fees.
    fn charge(peer: ChainId, charge: Balance) -> Result<(), Error<T>> {
        if charge == 0 {
            return Ok(());
        }
        Books::<T>::try_mutate(peer, |book| book.take(charge)).map_err(Self::book_error)?;
        let credit = Self::withdraw(charge).map_err(|_| Error::<T>::TheirReserveTooLow)?;
        T::Fees::on_unbalanced(credit);
        Ok(())
    }

    pub(crate) fn withdraw(amount: Balance) -> Result<crate::CreditOf<T>, DispatchError> {
        T::Currency::withdraw(
            &Self::reserve_account(),
            amount,
            Precision::Exact,
            Preservation::Preserve,
            Fortitude::Polite,
        )
    }

    /// Do what a packet is for. What it has done is undone if this fails.
    fn execute(place: &Place, packet: Packet) -> Result<(), Stop> {
        if packet.lane() != place.lane {
            return Err(Refusal::Lane.into());
        }
        let peer = place.peer.id;
        match packet.payload {
            Payload::Transfer { to, amounts } => Self::pay(place, &to, &amounts),
            Payload::Call {
                call,
                weight,
                payment,
            } => {
                let account =
                    Self::derived_account(&place.peer, &packet.sender).ok_or(Refusal::Malformed)?;
                let queued = QueuedCall {
                    peer,
                    nonce: place.nonce,
                    account,
                    weight,
                    call,
                };
                Self::enqueue(place, queued, &payment)
            }
            Payload::System(bytes) => match T::SystemPackets::take(peer, &bytes) {
                Ok(_) => Ok(()),
                Err(_) => Err(Refusal::System.into()),
            },
            Payload::Book(entry) => Self::enter(peer, entry),
        }
    }

    /// Check the amounts against the rate, and take what is to be paid out of the reserve.
    fn debit(place: &Place, amounts: &Amounts) -> Result<(), Stop> {
        let (peer, own) = (place.peer.id, place.own.id);
        let terms = Self::terms(peer, Self::now()).map_err(|_| Refusal::Rate)?;
        terms
            .rate
            .allows(amounts, peer, own, T::RateTolerance::get())
            .map_err(|_| Refusal::Rate)?;
        Books::<T>::try_mutate(peer, |book| book.take(amounts.destination))
            .map_err(|_| Refusal::Reserve)?;
        Ok(())
    }

    fn pay(place: &Place, to: &AccountBytes, amounts: &Amounts) -> Result<(), Stop> {
        let to = Self::account_of_bytes(to).ok_or(Refusal::Recipient)?;
        // What is paid to the reserves' own account would be nobody's.
        if to == Self::reserve_account() {
            return Err(Refusal::Recipient.into());
        }
        Self::debit(place, amounts)?;
        let from = Self::reserve_account();
        T::Currency::transfer(&from, &to, amounts.destination, Preservation::Preserve)
            .map_err(|_| Refusal::Recipient)?;
        Ok(())
    }

    /// The account from which the calls of a foreign account are executed.
    pub fn derived_account(chain: &ChainRef, account: &AccountBytes) -> Option<T::AccountId> {
        let hash = packet::derived_account(chain, account);
        codec::Decode::decode(&mut TrailingZeroInput::new(hash.as_ref())).ok()
    }

    fn enqueue(
        place: &Place,
        queued: QueuedCall<T::AccountId>,
        payment: &Amounts,
    ) -> Result<(), Stop> {
        let peer = place.peer.id;
        Self::read_call(&queued)?;
        let footprint = T::CallQueue::footprint(peer).storage.count;
        if footprint >= u64::from(T::MaxQueuedCalls::get()) {
            return Err(Refusal::Busy.into());
        }
        if payment.destination < T::WeightPrice::weight_to_fee(&queued.weight) {
            return Err(Refusal::Weight.into());
        }
        Self::debit(place, payment)?;
        let credit = Self::withdraw(payment.destination).map_err(|_| Refusal::Reserve)?;
        T::Fees::on_unbalanced(credit);
        let bytes = queued.encode();
        let message = BoundedSlice::try_from(&bytes[..]).map_err(|_| Refusal::Malformed)?;
        T::CallQueue::enqueue_message(message, peer);
        Ok(())
    }

    /// Read a call that may be executed for what was paid.
    pub(crate) fn read_call(
        queued: &QueuedCall<T::AccountId>,
    ) -> Result<<T as Config>::RuntimeCall, Refusal> {
        let call = <T as Config>::RuntimeCall::decode_all_with_depth_limit(
            MAX_EXTRINSIC_DEPTH,
            &mut &queued.call[..],
        )
        .map_err(|_| Refusal::Malformed)?;
        if !T::CallFilter::contains(&call) {
            return Err(Refusal::Filtered);
        }
        let needed: Weight = call.get_dispatch_info().call_weight;
        let paid = queued.weight;
        if paid.any_gt(T::MaxCallWeight::get()) || needed.any_gt(paid) {
            return Err(Refusal::Weight);
        }
        Ok(call)
    }

    /// Note what another chain says of the accounts.
    fn enter(peer: ChainId, entry: Entry) -> Result<(), Stop> {
        match entry {
            Entry::ToppedUp { amount } => {
                Books::<T>::mutate(peer, |book| book.booked(amount));
            }
            Entry::Propose { terms, from } => {
                terms.rate.check().map_err(|_| Refusal::System)?;
                Agreements::<T>::mutate(peer, |agreement| {
                    if let Some(agreement) = agreement.as_mut() {
                        agreement.offered = Some((terms, from));
                    }
                });
                Self::deposit_event(Event::TermsProposed {
                    peer,
                    terms,
                    from,
                    by_us: false,
                });
            }
            Entry::Accept { terms, from } => {
                Agreements::<T>::try_mutate(peer, |agreement| {
                    let agreement = agreement.as_mut().ok_or(Refusal::System)?;
                    if agreement.proposed != Some((terms, from)) {
                        return Err(Refusal::System);
                    }
                    agreement.agree(terms, from, Self::now());
                    Ok(())
                })?;
                Self::deposit_event(Event::TermsAgreed { peer, terms, from });
            }
        }
        Ok(())
    }
}
