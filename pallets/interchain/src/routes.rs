// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Routes: opened and reopened by governance; limits, suspension, terms; closed when the other chain's life is over.

use crate::{
    types::{Entries, NewRoute, Route, StoredHeader},
    Agreements, Books, ClientSets, Clients, Closed, Commitments, Config, Error, Event, HeaderRing,
    InboundLanes, Outbound, OutboundLanes, OwnId, Pallet, PastSetRing, PastSets, Renewals, Results,
    Routes, StoredHeaders, WeightInfo, LOG_TARGET,
};
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::Preservation,
        Get, PalletInfoAccess, Time,
    },
    weights::Weight,
};
use frame_system::pallet_prelude::BlockNumberFor;
use hansa_interchain_primitives::{
    keys,
    lane::{LaneId, LANES},
    packet::ChainRef,
    proof::MAX_KEYS,
    rate::Agreement,
    rate::Terms,
    traits::{CloseRoute, Closing, OpenRoute, ReserveLimits},
    Balance, Book, ChainId, ClientState, Entry, Moment, Payload, Reputation, Throttle,
    TrustedHeader, LOCAL, NEVER,
};
use hansa_pbft_primitives::AuthoritySet;
use sp_runtime::{
    traits::{AccountIdConversion, Zero},
    DispatchError, DispatchResult,
};

/// How many packets, results, sets and headers a step of closing a route removes at most: some 1 ms of work.
pub(crate) const CLOSED_AT_ONCE: u32 = 32;

/// What a step of closing a route reads and writes beside what it removes: route, book, agreement, client and set, the ring
/// of headers and the last of them, that of sets, the last record, both ends of three lanes, the account of reserves and
/// the mark.
const CLOSING_ACCESSES: u64 = 19;

/// What it takes to remove one thing at most: a packet with its commitment, whose value goes back to its sender: packet,
/// commitment, end of the lane, book, account, holds.
const REMOVAL_ACCESSES: u64 = 6;

/// The time of a step, and of each thing that it removes, beside that of the database, in picoseconds.
const CLOSING_TIME: u64 = 60_000_000;

impl<T: Config> Pallet<T> {
    /// This chain.
    pub fn own() -> ChainRef {
        ChainRef {
            id: OwnId::<T>::get(),
            genesis: frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero()),
        }
    }

    /// The time of the block.
    pub(crate) fn now() -> Moment {
        T::Clock::now()
    }

    /// The account that has the reserves of other chains.
    pub fn reserve_account() -> T::AccountId {
        T::PalletId::get().into_account_truncating()
    }

    /// Make the account of reserves, if it is not there, with the existential deposit that it needs
    /// beside them.
    pub(crate) fn endow_account() -> Result<(), DispatchError> {
        let account = Self::reserve_account();
        let least = T::Currency::minimum_balance();
        let missing = least.saturating_sub(T::Currency::total_balance(&account));
        if !missing.is_zero() {
            T::Currency::mint_into(&account, missing)?;
        }
        Ok(())
    }

    /// What the two limits of another chain allow.
    pub(crate) fn outer_limit(peer: ChainId) -> Balance {
        T::ReserveLimits::limit(peer)
    }

    /// The terms with another chain, as they are now.
    pub(crate) fn terms(peer: ChainId, now: Moment) -> Result<Terms, Error<T>> {
        let agreement = Agreements::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        Ok(agreement.at(now))
    }

    pub(crate) fn do_open_route(new: NewRoute) -> DispatchResult {
        let peer = new.chain.id;
        let own = OwnId::<T>::get();
        ensure!(own != LOCAL, Error::<T>::NoOwnId);
        ensure!(peer != LOCAL && peer != own, Error::<T>::BadChainId);
        ensure!(!Routes::<T>::contains_key(peer), Error::<T>::RouteExists);
        ensure!(!Closed::<T>::contains_key(peer), Error::<T>::BadChainId);
        ensure!(
            Routes::<T>::count() < T::MaxRoutes::get(),
            Error::<T>::TooManyRoutes
        );
        ensure!(new.terms.rate.check().is_ok(), Error::<T>::BadTerms);
        let account = Self::reserve_account();
        ensure!(
            T::Currency::total_balance(&account) >= T::Currency::minimum_balance(),
            Error::<T>::NoReserveAccount
        );
        let trusting = new.trusting_period;
        ensure!(
            trusting > T::Timeout::get() && trusting <= T::TrustingPeriod::get(),
            Error::<T>::BadTrustingPeriod
        );
        Self::begin_client(new.chain, &new.header, new.set, trusting)?;
        Routes::<T>::insert(
            peer,
            Route {
                chain: new.chain,
                suspended: false,
                hub: new.hub,
                entries: new.entries,
                packets: Throttle::default(),
                headers: Throttle::default(),
                reputation: Reputation::default(),
            },
        );
        Books::<T>::insert(
            peer,
            Book {
                limit: new.limit,
                ..Book::default()
            },
        );
        Agreements::<T>::insert(peer, Agreement::new(new.terms));
        Self::deposit_event(Event::RouteOpened { peer });
        Ok(())
    }

    /// Let the light client of a chain begin with this header and set.
    fn begin_client(
        chain: ChainRef,
        header: &TrustedHeader,
        set: AuthoritySet,
        trusting: Moment,
    ) -> DispatchResult {
        // What was decoded may be empty, or have a member twice.
        let set = AuthoritySet::new(set.id, set.authorities().to_vec())
            .map_err(|_| Error::<T>::BadSet)?;
        let state = ClientState::new(chain.genesis, *header, set.id, trusting);
        ensure!(!state.is_expired(Self::now()), Error::<T>::BadHeader);
        let peer = chain.id;
        // Of what was believed before, nothing may be proven any more.
        for height in HeaderRing::<T>::take(peer) {
            StoredHeaders::<T>::remove(peer, height);
        }
        for id in PastSetRing::<T>::take(peer) {
            PastSets::<T>::remove(peer, id);
        }
        Clients::<T>::insert(peer, state);
        ClientSets::<T>::insert(peer, set);
        Self::store_header(peer, header);
        Ok(())
    }

    /// Keep a header, in place of the oldest one.
    pub(crate) fn store_header(peer: ChainId, header: &TrustedHeader) {
        HeaderRing::<T>::mutate(peer, |ring| {
            if ring.is_full() {
                let oldest = ring.remove(0);
                StoredHeaders::<T>::remove(peer, oldest);
            }
            if ring.try_push(header.height).is_ok() {
                StoredHeaders::<T>::insert(peer, header.height, StoredHeader::from(header));
            }
        });
    }

    pub(crate) fn do_reopen_route(
        peer: ChainId,
        header: TrustedHeader,
        set: AuthoritySet,
    ) -> DispatchResult {
        let route = Routes::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        let client = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        Self::begin_client(route.chain, &header, set, client.trusting_period)?;
        Self::deposit_event(Event::RouteReopened { peer });
        Ok(())
    }

    /// Let the light client of the hub begin anew with a later header, as far as it knows of nothing that contradicts it.
    fn do_renew_hub(new: NewRoute) -> DispatchResult {
        let (peer, header) = (new.chain.id, new.header);
        let route = Routes::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        ensure!(route.hub && route.chain == new.chain, Error::<T>::NotOurHub);
        let client = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        // Which of two hubs is right is not for either to say.
        ensure!(!client.frozen, Error::<T>::NotTrusted);
        let latest = client.latest;
        ensure!(header.height > latest.height, Error::<T>::AlreadyDone);
        ensure!(
            header.timestamp > latest.timestamp && new.set.id >= client.set_id,
            Error::<T>::BadHeader
        );
        let known = ClientSets::<T>::get(peer).filter(|known| known.id == new.set.id);
        ensure!(
            known.is_none_or(|known| known == new.set),
            Error::<T>::BadSet
        );
        Self::begin_client(route.chain, &header, new.set, client.trusting_period)?;
        Self::deposit_event(Event::HubRenewed {
            hub: peer,
            height: header.height,
        });
        Ok(())
    }

    pub(crate) fn do_suspend(peer: ChainId, suspended: bool) -> DispatchResult {
        Routes::<T>::try_mutate(peer, |route| {
            let route = route.as_mut().ok_or(Error::<T>::NoRoute)?;
            route.suspended = suspended;
            Ok::<_, Error<T>>(())
        })?;
        Self::deposit_event(Event::RouteSuspended { peer, suspended });
        Ok(())
    }

    pub(crate) fn do_set_limit(peer: ChainId, limit: Balance) -> DispatchResult {
        ensure!(Routes::<T>::contains_key(peer), Error::<T>::NoRoute);
        Books::<T>::mutate(peer, |book| book.limit = limit);
        Self::deposit_event(Event::LimitChanged { peer, limit });
        Ok(())
    }

    pub(crate) fn do_set_entries(peer: ChainId, entries: Entries) -> DispatchResult {
        Routes::<T>::try_mutate(peer, |route| {
            route.as_mut().ok_or(Error::<T>::NoRoute)?.entries = entries;
            Ok(())
        })
    }

    pub(crate) fn do_top_up(who: T::AccountId, peer: ChainId, amount: Balance) -> DispatchResult {
        ensure!(amount >= T::MinTopUp::get(), Error::<T>::TopUpTooSmall);
        Self::route_that_sends(peer)?;
        let limit = Self::outer_limit(peer);
        Books::<T>::try_mutate(peer, |book| book.top_up(amount, limit))
            .map_err(Self::book_error)?;
        let account = Self::reserve_account();
        T::Currency::transfer(&who, &account, amount, Preservation::Preserve)?;
        Self::send_of_chain(peer, Payload::Book(Entry::ToppedUp { amount }), NEVER)?;
        Self::deposit_event(Event::ReserveToppedUp { peer, who, amount });
        Ok(())
    }

    pub(crate) fn do_propose_terms(peer: ChainId, terms: Terms, from: Moment) -> DispatchResult {
        Self::check_terms(&terms, from)?;
        Agreements::<T>::try_mutate(peer, |agreement| {
            agreement.as_mut().ok_or(Error::<T>::NoRoute)?.proposed = Some((terms, from));
            Ok::<_, Error<T>>(())
        })?;
        Self::send_of_chain(peer, Payload::Book(Entry::Propose { terms, from }), NEVER)?;
        Self::deposit_event(Event::TermsProposed {
            peer,
            terms,
            from,
            by_us: true,
        });
        Ok(())
    }

    pub(crate) fn do_accept_terms(peer: ChainId, terms: Terms, from: Moment) -> DispatchResult {
        Self::check_terms(&terms, from)?;
        Agreements::<T>::try_mutate(peer, |agreement| {
            let agreement = agreement.as_mut().ok_or(Error::<T>::NoRoute)?;
            ensure!(
                agreement.offered == Some((terms, from)),
                Error::<T>::NotProposed
            );
            agreement.agree(terms, from, Self::now());
            Ok::<_, Error<T>>(())
        })?;
        Self::send_of_chain(peer, Payload::Book(Entry::Accept { terms, from }), NEVER)?;
        Self::deposit_event(Event::TermsAgreed { peer, terms, from });
        Ok(())
    }

    fn check_terms(terms: &Terms, from: Moment) -> Result<(), Error<T>> {
        ensure!(terms.rate.check().is_ok(), Error::<T>::BadTerms);
        let least = Self::now().saturating_add(T::TermsNotice::get());
        ensure!(from >= least, Error::<T>::NoticeTooShort);
        Ok(())
    }

    /// Check that the constants fit each other, and that the storage is where the protocol says.
    pub(crate) fn check_config() {
        assert!(
            T::TermsNotice::get() > T::Timeout::get(),
            "terms must be agreed on for longer before they hold than packets have to be taken"
        );
        assert!(
            T::Timeout::get() < T::TrustingPeriod::get(),
            "packets must time out while headers are trusted"
        );
        assert!(
            (1..=MAX_KEYS).contains(&T::MaxBatch::get()) && T::MaxBatch::get() <= T::Window::get(),
            "a batch is of 1 to 64 items, and of no more than the window"
        );
        assert!(T::MaxStoredHeaders::get() > 0 && T::MaxPastSets::get() > 0);
        assert!(
            T::MaxBlockItems::get() >= T::MaxBatch::get(),
            "a batch must fit a block"
        );
        assert!(
            T::PacketBurst::get() / 8 >= T::MaxBatch::get(),
            "a batch must fit the burst"
        );
        assert_eq!(
            <Self as PalletInfoAccess>::name(),
            keys::PALLET,
            "the name is protocol"
        );
        for (peer, lane, nonce) in [(1u32, 0u8, 0u64), (u32::MAX, LANES, u64::MAX)] {
            let same = crate::Commitments::<T>::hashed_key_for((peer, lane, nonce))
                == keys::commitment(peer, lane, nonce)
                && crate::Results::<T>::hashed_key_for((peer, lane, nonce))
                    == keys::result(peer, lane, nonce)
                && crate::OutboundLanes::<T>::hashed_key_for((peer, lane))
                    == keys::outbound_lane(peer, lane)
                && crate::InboundLanes::<T>::hashed_key_for((peer, lane))
                    == keys::inbound_lane(peer, lane);
            assert!(same, "the keys are protocol");
            assert_eq!(
                Renewals::<T>::hashed_key_for(peer),
                keys::renewal(peer),
                "the keys are protocol"
            );
        }
        let _ = <T as Config>::WeightInfo::transfer();
    }
}

impl<T: Config> OpenRoute for Pallet<T> {
    fn open_route(route: NewRoute) -> DispatchResult {
        with_storage_layer(|| Self::do_open_route(route))
    }

    fn has_route(peer: ChainId) -> bool {
        Routes::<T>::contains_key(peer)
    }

    fn renew_hub(route: NewRoute) -> bool {
        let hub = route.chain.id;
        let renewed = with_storage_layer(|| Self::do_renew_hub(route));
        if let Err(error) = &renewed {
            log::info!(target: LOG_TARGET, "the light client of hub {hub:x} stays: {error:?}");
        }
        renewed.is_ok()
    }
}

impl<T: Config> CloseRoute for Pallet<T> {
    fn close_route(peer: ChainId, whatever_is_left: bool) -> (Closing, Weight) {
        let done = with_storage_layer(|| Self::close_some(peer, whatever_is_left));
        let (closing, removed) = done.unwrap_or_else(|error| {
            log::error!(target: LOG_TARGET, "the route to {peer:x} cannot be closed: {error:?}");
            (Closing::Waits, CLOSED_AT_ONCE)
        });
        (closing, Self::weight_of_closing(removed))
    }
}

/// Closing. In each step the storage keeps all its invariants: what is removed is what comes first.
impl<T: Config> Pallet<T> {
    fn weight_of_closing(removed: u32) -> Weight {
        let removed = u64::from(removed);
        let accesses = CLOSING_ACCESSES.saturating_add(REMOVAL_ACCESSES.saturating_mul(removed));
        let time = CLOSING_TIME.saturating_mul(removed.saturating_add(1));
        Weight::from_parts(time, 0)
            .saturating_add(T::DbWeight::get().reads_writes(accesses, accesses))
    }

    /// Whether neither chain has anything with the other. Less than an account can have is nothing: nobody could be paid it.
    fn is_home(peer: ChainId) -> bool {
        let book = Books::<T>::get(peer);
        book.escrow.is_zero() && book.theirs < T::Currency::minimum_balance()
    }

    /// Returns how many things were removed, too.
    fn close_some(peer: ChainId, whatever_is_left: bool) -> Result<(Closing, u32), DispatchError> {
        let Some(route) = Routes::<T>::get(peer) else {
            return Ok((Closing::Done, 0));
        };
        if !whatever_is_left && !Self::is_home(peer) {
            return Ok((Closing::Waits, 0));
        }
        if !route.suspended {
            Self::do_suspend(peer, true)?;
        }
        let mut room = CLOSED_AT_ONCE;
        for lane in 0..LANES {
            Self::give_back(peer, lane, &mut room)?;
            Self::drop_results(peer, lane, &mut room);
        }
        Self::drop_past(peer, &mut room);
        let removed = CLOSED_AT_ONCE.saturating_sub(room);
        if room == 0 {
            return Ok((Closing::GoesOn, removed));
        }
        Self::finish_closing(peer)?;
        Ok((Closing::Done, removed))
    }

    /// Nothing will be proven of packets in flight any more: what they are worth goes back.
    fn give_back(peer: ChainId, lane: LaneId, room: &mut u32) -> DispatchResult {
        let mut end = OutboundLanes::<T>::get((peer, lane));
        while *room > 0 && end.unsettled() > 0 {
            *room = room.saturating_sub(1);
            let nonce = end.acknowledged;
            end.settle(nonce).map_err(Self::lane_error)?;
            Commitments::<T>::remove((peer, lane, nonce));
            let packet = Outbound::<T>::take((peer, lane, nonce)).ok_or(Error::<T>::NoPacket)?;
            Self::pay_back(&packet)?;
            Books::<T>::mutate(peer, |book| book.undone(&packet.claim, 0));
            let amount = packet.claim.amounts.source;
            if !amount.is_zero() {
                let outcome = None;
                Self::deposit_event(Event::PacketRefunded {
                    peer,
                    lane,
                    nonce,
                    amount,
                    outcome,
                });
            }
        }
        OutboundLanes::<T>::insert((peer, lane), end);
        Ok(())
    }

    fn drop_results(peer: ChainId, lane: LaneId, room: &mut u32) {
        let mut end = InboundLanes::<T>::get((peer, lane));
        while *room > 0 && end.kept() > 0 {
            *room = room.saturating_sub(1);
            Results::<T>::remove((peer, lane, end.pruned));
            end.pruned = end.pruned.saturating_add(1);
        }
        InboundLanes::<T>::insert((peer, lane), end);
    }

    /// Forget sets that decide no more, and all headers but the last.
    fn drop_past(peer: ChainId, room: &mut u32) {
        PastSetRing::<T>::mutate(peer, |ring| {
            while *room > 0 && !ring.is_empty() {
                *room = room.saturating_sub(1);
                PastSets::<T>::remove(peer, ring.remove(0));
            }
        });
        HeaderRing::<T>::mutate(peer, |ring| {
            while *room > 0 && ring.len() > 1 {
                *room = room.saturating_sub(1);
                StoredHeaders::<T>::remove(peer, ring.remove(0));
            }
        });
    }

    /// The last step: the lanes are empty, and what is left has a fixed size.
    fn finish_closing(peer: ChainId) -> DispatchResult {
        let burnt = Books::<T>::take(peer).theirs;
        if !burnt.is_zero() {
            // A credit that nobody takes is burnt.
            drop(Self::withdraw(burnt)?);
        }
        for lane in 0..LANES {
            OutboundLanes::<T>::remove((peer, lane));
            InboundLanes::<T>::remove((peer, lane));
        }
        for height in HeaderRing::<T>::take(peer) {
            StoredHeaders::<T>::remove(peer, height);
        }
        PastSetRing::<T>::remove(peer);
        Renewals::<T>::remove(peer);
        ClientSets::<T>::remove(peer);
        Clients::<T>::remove(peer);
        Agreements::<T>::remove(peer);
        Routes::<T>::remove(peer);
        Closed::<T>::insert(peer, ());
        Self::deposit_event(Event::RouteClosed { peer, burnt });
        Ok(())
    }
}
