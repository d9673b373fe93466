// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Routes: opened and reopened by governance; limits, suspension, terms.

use crate::{
    types::{Entries, NewRoute, Route, StoredHeader},
    Agreements, Books, ClientSets, Clients, Config, Error, Event, HeaderRing, OldestPastSet, OwnId,
    Pallet, PastSets, Routes, StoredHeaders, WeightInfo,
};
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::Preservation,
        Get, PalletInfoAccess, Time,
    },
};
use frame_system::pallet_prelude::BlockNumberFor;
use hansa_interchain_primitives::{
    keys,
    lane::LANES,
    packet::ChainRef,
    proof::MAX_KEYS,
    rate::Agreement,
    rate::Terms,
    traits::{OpenRoute, ReserveLimits},
    Balance, Book, ChainId, ClientState, Entry, Moment, Payload, Reputation, Throttle,
    TrustedHeader, LOCAL, NEVER,
};
use hansa_pbft_primitives::AuthoritySet;
use sp_runtime::{
    traits::{AccountIdConversion, Zero},
    DispatchError, DispatchResult,
};

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
        let last = Clients::<T>::get(peer).map_or(0, |client| client.set_id);
        for id in OldestPastSet::<T>::get(peer)..last {
            PastSets::<T>::remove(peer, id);
        }
        OldestPastSet::<T>::insert(peer, set.id);
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
        }
        let _ = <T as Config>::WeightInfo::transfer();
    }
}

impl<T: Config> OpenRoute for Pallet<T> {
    fn open_route(route: NewRoute) -> DispatchResult {
        frame_support::storage::with_storage_layer(|| Self::do_open_route(route))
    }

    fn has_route(peer: ChainId) -> bool {
        Routes::<T>::contains_key(peer)
    }
}
