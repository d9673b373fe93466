// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What calls without a sender are checked for before they enter a pool or a block: cheap things
//! first, then what costs much.
//!
//! | order | checked | costs |
//! | --- | --- | --- |
//! | 1 | source: the own node, or a block | nothing |
//! | 2 | sizes, done before, window, room in this block and of the route's rate | some reads |
//! | 3 | the route is trusted, the header known, the reserve sufficient | some reads |
//! | 4 | the proof, or the certificates | hashes of all nodes, or signatures |
//!
//! A pool knows only the state of the last block. So there, and only there, something may be ahead of
//! what comes before it, with a tag that makes it wait; and a delivery may name a header that is on
//! its way itself. In a block all is checked.

use crate::{
    types::{Headers, Packets, Results, Route, StoredHeader},
    BlockItems, Books, Clients, Config, Error, InboundLanes, OwnId, Pallet, Routes, StoredHeaders,
    WeightInfo, LOG_TARGET,
};
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    traits::Get,
    weights::Weight,
};
use hansa_interchain_primitives::{
    claims,
    lane::{nonces, proves_timeout, LANES},
    packet::Passage,
    traits::SystemPackets,
    Balance, ChainId, Height, LaneId, Misbehaviour, Nonce, Payload, ProofError, StorageProof,
};
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionLongevity, TransactionPriority, TransactionSource,
    ValidTransactionBuilder,
};

/// For how many blocks a call is taken for valid without being looked at again.
const LONGEVITY: TransactionLongevity = 32;

/// Before all that pays a fee, behind what convicts liars.
const PRIORITY: TransactionPriority = TransactionPriority::MAX / 2;

pub(crate) fn valid(prefix: &'static str) -> ValidTransactionBuilder {
    ValidTransaction::with_tag_prefix(prefix)
        .priority(PRIORITY)
        .longevity(LONGEVITY)
        // Other nodes take nothing of this from outside.
        .propagate(false)
}

const PACKET: &str = "hansa/interchain/packet";
const RESULT: &str = "hansa/interchain/result";
const HEADER: &str = "hansa/interchain/header";

fn tag(prefix: &'static str, of: impl codec::Encode) -> alloc::vec::Vec<u8> {
    // As the builder makes them.
    codec::Encode::encode(&(prefix, of))
}

pub(crate) fn in_block(source: &TransactionSource) -> Result<bool, InvalidTransaction> {
    match source {
        TransactionSource::InBlock => Ok(true),
        TransactionSource::Local => Ok(false),
        // From anywhere else it would be work for nothing that anybody could ask for.
        TransactionSource::External => Err(InvalidTransaction::Call),
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn authorize_update(
        source: TransactionSource,
        peer: &ChainId,
        headers: &Headers,
    ) -> TransactionValidityWithRefund {
        let in_block = in_block(&source)?;
        let route = Routes::<T>::get(peer)
            .ok_or(Error::<T>::NoRoute)
            .map_err(invalid)?;
        let now = Self::now();
        let room =
            route
                .headers
                .has_room(1, now, T::HeadersPerSecond::get(), T::HeaderBurst::get());
        ensure!(room || !in_block, invalid(Error::<T>::TooFast));
        Self::check_block(headers.len() as u32).map_err(invalid)?;
        let client = Clients::<T>::get(peer)
            .ok_or(Error::<T>::NoRoute)
            .map_err(invalid)?;
        let last = headers.last().map_or(0, |header| header.certificate.height);
        ensure!(
            last > client.latest.height,
            invalid(Error::<T>::AlreadyDone)
        );
        let update = Self::learn(*peer, headers, in_block, true).map_err(invalid)?;
        // Once is enough to suspend the route.
        ensure!(
            !route.suspended || Self::refused_set(*peer, &update).is_none(),
            invalid(Error::<T>::AlreadyDone)
        );
        let validity = valid(HEADER).and_provides((*peer, last)).build()?;
        Ok((validity, Weight::zero()))
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn authorize_delivery(
        source: TransactionSource,
        peer: &ChainId,
        lane: &LaneId,
        first: &Nonce,
        packets: &Packets,
        height: &Height,
        proof: &StorageProof,
    ) -> TransactionValidityWithRefund {
        let in_block = in_block(&source)?;
        let (peer, lane, first) = (*peer, *lane, *first);
        let route = Self::check_delivery(peer, lane, first, packets, in_block).map_err(invalid)?;
        let header = Self::header_for_proof(peer, *height, in_block).map_err(invalid)?;
        if let Some(header) = &header {
            let place = Passage {
                source: route.chain,
                destination: Self::own(),
                lane,
                nonce: first,
            };
            claims::verify_packets(&header.state_root, &place, packets, proof)
                .map_err(|error| bad_proof::<T>(peer, error))?;
        }
        let mut validity = valid(PACKET);
        for nonce in nonces(first, packets.len()) {
            validity = validity.and_provides((peer, lane, nonce));
        }
        let expected = InboundLanes::<T>::get((peer, lane)).next;
        if let Some(before) = first.checked_sub(1).filter(|_| first > expected) {
            validity = validity.and_requires((peer, lane, before));
        }
        let mut validity = validity.build()?;
        if header.is_none() {
            validity.requires.push(tag(HEADER, (peer, *height)));
        }
        Ok((validity, Weight::zero()))
    }

    /// All that can be said of a delivery but for its proof. Returns the route.
    pub(crate) fn check_delivery(
        peer: ChainId,
        lane: LaneId,
        first: Nonce,
        packets: &Packets,
        in_block: bool,
    ) -> Result<Route, Error<T>> {
        let count = packets.len() as u32;
        Self::check_batch(count)?;
        ensure!(lane < LANES, Error::<T>::NoLane);
        let end = InboundLanes::<T>::get((peer, lane));
        let ahead = first.checked_sub(end.next).ok_or(Error::<T>::AlreadyDone)?;
        let most = match in_block {
            true => 0,
            false => u64::from(T::Window::get()),
        };
        ensure!(ahead <= most, Error::<T>::Ahead);
        let kept = end.kept().saturating_add(u64::from(count));
        ensure!(kept <= u64::from(T::Window::get()), Error::<T>::LaneFull);
        let route = Self::route_that_sends(peer)?;
        let rate = route.reputation.share_of(T::PacketsPerSecond::get());
        let burst = route.reputation.share_of(T::PacketBurst::get());
        // In the own pool it may wait until there is.
        let room = route.packets.has_room(count, Self::now(), rate, burst);
        ensure!(room || !in_block, Error::<T>::TooFast);
        Self::check_block(count)?;
        let mut due: Balance = 0;
        for packet in packets {
            due = due.saturating_add(Self::charge_of(peer, route.hub, packet)?);
        }
        let theirs = Books::<T>::get(peer).theirs;
        ensure!(due <= theirs, Error::<T>::TheirReserveTooLow);
        Ok(route)
    }

    pub(crate) fn check_block(items: u32) -> Result<(), Error<T>> {
        let all = BlockItems::<T>::get().saturating_add(items);
        ensure!(all <= T::MaxBlockItems::get(), Error::<T>::BlockFull);
        Ok(())
    }

    /// The header under which something is proven; none in a pool if it is not known yet.
    fn header_for_proof(
        peer: ChainId,
        height: Height,
        in_block: bool,
    ) -> Result<Option<StoredHeader>, Error<T>> {
        let client = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        client
            .check(Self::now())
            .map_err(|_| Error::<T>::NotTrusted)?;
        let header = StoredHeaders::<T>::get(peer, height);
        let comes = !in_block && height > client.latest.height;
        ensure!(header.is_some() || comes, Error::<T>::UnknownHeader);
        Ok(header)
    }

    /// The header under which something is proven, which must be known.
    pub(crate) fn known_header(peer: ChainId, height: Height) -> Result<StoredHeader, Error<T>> {
        Self::header_for_proof(peer, height, true)?.ok_or(Error::<T>::UnknownHeader)
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn authorize_acknowledgement(
        source: TransactionSource,
        peer: &ChainId,
        lane: &LaneId,
        first: &Nonce,
        results: &Results,
        height: &Height,
        proof: &StorageProof,
    ) -> TransactionValidityWithRefund {
        in_block(&source)?;
        let (peer, lane, first) = (*peer, *lane, *first);
        Self::check_results(peer, lane, first, results).map_err(invalid)?;
        Self::check_block(results.len() as u32).map_err(invalid)?;
        let header = Self::known_header(peer, *height).map_err(invalid)?;
        let own = OwnId::<T>::get();
        claims::verify_results(&header.state_root, own, lane, first, results, proof)
            .map_err(|error| bad_proof::<T>(peer, error))?;
        let mut validity = valid(RESULT);
        for nonce in nonces(first, results.len()) {
            validity = validity.and_provides((peer, lane, nonce));
        }
        Ok((validity.build()?, Weight::zero()))
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn authorize_timeout(
        source: TransactionSource,
        peer: &ChainId,
        lane: &LaneId,
        first: &Nonce,
        count: &u32,
        height: &Height,
        proof: &StorageProof,
    ) -> TransactionValidityWithRefund {
        in_block(&source)?;
        let (peer, lane, first) = (*peer, *lane, *first);
        let latest = Self::check_timeouts(peer, lane, first, *count).map_err(invalid)?;
        Self::check_block(*count).map_err(invalid)?;
        let header = Self::known_header(peer, *height).map_err(invalid)?;
        ensure!(header.timestamp >= latest, invalid(Error::<T>::NotTimedOut));
        let end = claims::read_inbound(&header.state_root, OwnId::<T>::get(), lane, proof)
            .map_err(|error| bad_proof::<T>(peer, error))?;
        // The first is the lowest: what proves it proves those above.
        ensure!(
            proves_timeout(latest, header.timestamp, first, end.next),
            invalid(Error::<T>::NotTimedOut)
        );
        let mut validity = valid("hansa/interchain/timeout");
        for nonce in nonces(first, *count as usize) {
            validity = validity.and_provides((peer, lane, nonce));
        }
        Ok((validity.build()?, Weight::zero()))
    }

    pub(crate) fn authorize_pruning(
        source: TransactionSource,
        peer: &ChainId,
        lane: &LaneId,
        acknowledged: &Nonce,
        height: &Height,
        proof: &StorageProof,
    ) -> TransactionValidityWithRefund {
        in_block(&source)?;
        let (peer, lane) = (*peer, *lane);
        let mut end = InboundLanes::<T>::get((peer, lane));
        let pruned = end
            .prune(*acknowledged, T::MaxBatch::get())
            .map_err(|error| invalid(Self::lane_error(error)))?;
        let count = pruned.end.saturating_sub(pruned.start) as u32;
        Self::check_block(count).map_err(invalid)?;
        let header = Self::known_header(peer, *height).map_err(invalid)?;
        let other = claims::read_outbound(&header.state_root, OwnId::<T>::get(), lane, proof)
            .map_err(|error| bad_proof::<T>(peer, error))?;
        ensure!(
            other.acknowledged == *acknowledged,
            invalid(Error::<T>::BadProof)
        );
        let validity = valid("hansa/interchain/pruning")
            .and_provides((peer, lane, *acknowledged))
            .build()?;
        Ok((validity, Weight::zero()))
    }

    pub(crate) fn authorize_misbehaviour(
        source: TransactionSource,
        peer: &ChainId,
        misbehaviour: &Misbehaviour,
    ) -> TransactionValidityWithRefund {
        in_block(&source)?;
        Self::judge(*peer, misbehaviour).map_err(invalid)?;
        let validity = valid("hansa/interchain/freeze")
            .priority(TransactionPriority::MAX)
            .and_provides(*peer)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// What a delivery costs.
    pub(crate) fn weight_of_delivery(packets: &Packets) -> Weight {
        let system = packets.iter().filter_map(|packet| match &packet.payload {
            Payload::System(bytes) => Some(T::SystemPackets::max_weight(bytes.len() as u32)),
            _ => None,
        });
        let own = <T as Config>::WeightInfo::deliver(packets.len() as u32);
        system.fold(own, |sum, weight| sum.saturating_add(weight))
    }

    /// What checking a proof costs.
    pub(crate) fn weight_of_proof(proof: &StorageProof) -> Weight {
        <T as Config>::WeightInfo::authorize_proof(proof.len())
    }

    /// What learning of headers costs, once they are verified.
    pub(crate) fn weight_of_update() -> Weight {
        <T as Config>::WeightInfo::update_client()
    }

    /// What verifying headers costs.
    pub(crate) fn weight_of_authorize_update(headers: &Headers) -> Weight {
        headers.iter().fold(Weight::zero(), |sum, header| {
            let signatures = header.certificate.signatures.len() as u32;
            sum.saturating_add(<T as Config>::WeightInfo::authorize_header(signatures))
        })
    }

    /// What verifying two certificates costs.
    pub(crate) fn weight_of_authorize_misbehaviour(misbehaviour: &Misbehaviour) -> Weight {
        let count = |certificate: &hansa_pbft_primitives::Certificate| {
            let signatures = certificate.signatures.len() as u32;
            <T as Config>::WeightInfo::authorize_header(signatures)
        };
        count(&misbehaviour.first).saturating_add(count(&misbehaviour.second))
    }
}

pub(crate) fn bad_proof<T: Config>(peer: ChainId, error: ProofError) -> InvalidTransaction {
    log::debug!(target: LOG_TARGET, "a proof of {peer:x} is refused: {error}");
    invalid(Error::<T>::BadProof)
}

/// What the pool and a block's author are told of a call that is refused.
pub(crate) fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::AlreadyDone => InvalidTransaction::Stale,
        Error::Ahead | Error::UnknownHeader | Error::NotTimedOut => InvalidTransaction::Future,
        // Not in this block, but it is as good in the next.
        Error::BlockFull | Error::TooFast | Error::LaneFull => {
            InvalidTransaction::ExhaustsResources
        }
        Error::TheirReserveTooLow => InvalidTransaction::Payment,
        _ => InvalidTransaction::BadProof,
    }
}
