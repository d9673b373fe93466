// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Light clients: headers, hand-overs, misbehaviour.

use crate::{
    types::Headers, ClientSets, Clients, Config, Error, Event, Pallet, PastSetRing, PastSets,
    Renewals, Routes, LOG_TARGET,
};
use frame_support::{ensure, traits::Get};
use hansa_interchain_primitives::{
    client::{self, set_hash, Clock, Update},
    header::HeaderError,
    traits::{ClientHead, HandOvers, LightClients},
    ChainId, ClientError, Hash, Height, Misbehaviour, Moment, PastSet,
};
use hansa_pbft_primitives::{statement::verify_signature, AuthoritySet, SetId};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
    /// What headers teach the light client of `peer`. Signatures are verified only if `verify` says
    /// so: a call that was authorised on this very state need not be verified again.
    pub(crate) fn learn(
        peer: ChainId,
        headers: &Headers,
        drift: bool,
        verify: bool,
    ) -> Result<Update, Error<T>> {
        let state = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        let set = ClientSets::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        let clock = Clock {
            now: Self::now(),
            drift: drift.then(T::MaxClockDrift::get),
        };
        client::update(&state, &set, headers, clock, |key, payload, signature| {
            !verify || verify_signature(key, payload, signature)
        })
        .map_err(|error| {
            log::debug!(target: LOG_TARGET, "headers of {peer:x} are refused: {error}");
            match error {
                ClientError::Frozen | ClientError::Expired => Error::<T>::NotTrusted,
                ClientError::Stale { .. } => Error::<T>::AlreadyDone,
                ClientError::Empty => Error::<T>::Empty,
                ClientError::Header(HeaderError::Certificate(_)) => Error::<T>::BadProof,
                _ => Error::<T>::BadHeader,
            }
        })
    }

    pub(crate) fn do_update(peer: ChainId, headers: &Headers) -> Result<(), Error<T>> {
        let update = Self::learn(peer, headers, true, false)?;
        Routes::<T>::try_mutate(peer, |route| {
            let route = route.as_mut().ok_or(Error::<T>::NoRoute)?;
            route
                .headers
                .spend(1, Self::now(), T::HeadersPerSecond::get());
            Ok::<_, Error<T>>(())
        })?;
        Self::use_block(headers.len() as u32)?;
        if let Some(refused) = Self::refused_set(peer, &update) {
            Routes::<T>::mutate(peer, |route| {
                if let Some(route) = route.as_mut() {
                    route.suspended = true;
                }
            });
            Self::deposit_event(Event::HandOverRefused { peer, set: refused });
            return Ok(());
        }
        for past in &update.past {
            Self::remember_set(peer, past);
        }
        Clients::<T>::insert(peer, update.state);
        for set in &update.handed_over {
            T::HandOvers::on_hand_over(peer, set);
        }
        if let Some(set) = update.set {
            Self::deposit_event(Event::SetKnown { peer, set: set.id });
            ClientSets::<T>::insert(peer, set);
        }
        for header in &update.headers {
            Self::store_header(peer, header);
        }
        let height = update.state.latest.height;
        Self::deposit_event(Event::HeaderKnown { peer, height });
        Ok(())
    }

    /// The id of the first set to which the chain may not hand over, but does.
    pub(crate) fn refused_set(peer: ChainId, update: &Update) -> Option<SetId> {
        let mut sets = update.handed_over.iter();
        sets.find(|set| !T::HandOvers::may_hand_over(peer, set))
            .map(|set| set.id)
    }

    /// Remember a set that decides no more, in place of the oldest one.
    fn remember_set(peer: ChainId, past: &PastSet) {
        PastSetRing::<T>::mutate(peer, |ring| {
            if ring.is_full() {
                let oldest = ring.remove(0);
                PastSets::<T>::remove(peer, oldest);
            }
            if ring.try_push(past.id).is_ok() {
                PastSets::<T>::insert(peer, past.id, past);
            }
        });
    }

    pub(crate) fn judge(peer: ChainId, misbehaviour: &Misbehaviour) -> Result<(), Error<T>> {
        let state = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        ensure!(!state.frozen, Error::<T>::AlreadyDone);
        let current = ClientSets::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        let past = PastSets::<T>::get(peer, misbehaviour.set.id);
        let verified = misbehaviour.verify(
            &state,
            &set_hash(&current),
            past.as_ref(),
            Self::now(),
            verify_signature,
        );
        verified.map_err(|error| {
            log::debug!(target: LOG_TARGET, "no misbehaviour of {peer:x}: {error}");
            Error::<T>::NoMisbehaviour
        })
    }

    /// Believe nothing of `peer` any more.
    pub(crate) fn do_freeze(peer: ChainId) -> Result<(), Error<T>> {
        Clients::<T>::try_mutate(peer, |client| {
            client.as_mut().ok_or(Error::<T>::NoRoute)?.frozen = true;
            Ok::<_, Error<T>>(())
        })?;
        Self::deposit_event(Event::RouteFrozen { peer });
        Ok(())
    }
}

impl<T: Config> LightClients for Pallet<T> {
    fn head(of: ChainId) -> Option<ClientHead> {
        let client = Clients::<T>::get(of)?;
        let route = Routes::<T>::get(of)?;
        Some(ClientHead {
            height: client.latest.height,
            hash: client.latest.hash,
            timestamp: client.latest.timestamp,
            set_id: client.set_id,
            held: client.frozen || route.suspended,
        })
    }

    fn deciding_set(of: ChainId) -> Option<AuthoritySet> {
        ClientSets::<T>::get(of)
    }

    fn recover(of: ChainId, head: (Height, Hash), set: AuthoritySet) -> DispatchResult {
        let (now, id) = (Self::now(), set.id);
        Self::do_recover(of, head, set, now)?;
        // Whoever takes the record from this chain can prove when it was made.
        Renewals::<T>::insert(of, (id, now));
        Ok(())
    }

    fn keep_trusted(of: ChainId) {
        let now = Self::now();
        Clients::<T>::mutate(of, |client| {
            if let Some(client) = client {
                client.renewed = now;
            }
        });
    }
}

impl<T: Config> Pallet<T> {
    /// What the light client of `peer` becomes with a set that was recorded, at `at`, in place of the one that decides.
    pub(crate) fn learn_recovery(
        peer: ChainId,
        head: (Height, Hash),
        next: AuthoritySet,
        at: Moment,
    ) -> Result<Update, Error<T>> {
        let state = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        let set = ClientSets::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        client::recover(&state, &set, head, next, at).map_err(|error| {
            log::debug!(target: LOG_TARGET, "{peer:x} does not recover: {error}");
            match error {
                ClientError::Frozen => Error::<T>::NotTrusted,
                ClientError::OtherHead => Error::<T>::UnknownHeader,
                _ => Error::<T>::BadSet,
            }
        })
    }

    /// Let the light client of `peer` go on with a set that was recorded, at `at`, in place of the one that decides.
    pub(crate) fn do_recover(
        peer: ChainId,
        head: (Height, Hash),
        next: AuthoritySet,
        at: Moment,
    ) -> Result<(), Error<T>> {
        let update = Self::learn_recovery(peer, head, next, at)?;
        for past in &update.past {
            Self::remember_set(peer, past);
        }
        let (set, height) = (update.state.set_id, update.state.latest.height);
        Clients::<T>::insert(peer, update.state);
        if let Some(next) = update.set {
            ClientSets::<T>::insert(peer, next);
        }
        Self::deposit_event(Event::ClientRecovered { peer, set, height });
        Ok(())
    }
}
