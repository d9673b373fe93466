// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The invariants of the pallet's storage, as they hold between blocks.

use crate::{
    Agreements, BlockItems, Books, ClientSets, Clients, Closed, Commitments, Config, HeaderRing,
    HoldReason, InboundLanes, Outbound, OutboundLanes, OwnId, Pallet, PastSetRing, PastSets,
    Renewals, Results, Routes, StoredHeaders,
};
use alloc::collections::BTreeMap;
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, InspectHold},
        Get,
    },
};
use hansa_interchain_primitives::{packet::Passage, Balance, ChainId, PastSet, LANES, LOCAL};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check all invariants.
    ///
    /// 1. Only a chain with an id has routes, and none to itself. Each has a light client with the
    ///    set that it names, and terms; nothing is there of other chains.
    /// 2. The ends of each lane are in order, and within the window.
    /// 3. There is a packet, and the commitment to that very packet, for each nonce without a
    ///    result, and no other.
    /// 4. There is a result for each nonce that was taken and not pruned, and no other.
    /// 5. What a book has committed and in escrow is what its packets in flight claim.
    /// 6. Each sender has on hold what its packets in flight are worth, and nobody else has anything.
    /// 7. The account of reserves has what all other chains have together, and the existential
    ///    deposit. With 6: issuance = free + holds + escrow + reserves.
    /// 8. The headers that are stored are those of the ring, in ascending order, not above the latest.
    /// 9. The sets that are remembered are those of the ring, in ascending order. Each decided from where the one before
    ///    it ended, up to where the one began that decides.
    /// 10. Nothing is left of the block that was executed.
    /// 11. There is no route to a chain to which it was closed.
    /// 12. Records were made of chains with a route, and none in the future.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_routes()?;
        let mut held = BTreeMap::<T::AccountId, Balance>::new();
        let mut reserves: Balance = 0;
        for peer in Routes::<T>::iter_keys() {
            Self::check_lanes(peer)?;
            reserves = reserves.saturating_add(Books::<T>::get(peer).theirs);
            Self::check_book(peer, &mut held)?;
            Self::check_client(peer)?;
        }
        for (who, amount) in &held {
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::InFlight.into(), who) == *amount,
                "6: a sender has not on hold what is in flight"
            );
        }
        for account in frame_system::Account::<T>::iter_keys() {
            let on_hold = T::Currency::balance_on_hold(&HoldReason::InFlight.into(), &account);
            ensure!(
                on_hold == held.get(&account).copied().unwrap_or_default(),
                "6: somebody has something on hold for nothing"
            );
        }
        if OwnId::<T>::get() != LOCAL {
            let account = T::Currency::balance(&Self::reserve_account());
            ensure!(
                account >= reserves.saturating_add(T::Currency::minimum_balance()),
                "7: the reserves are not there"
            );
        }
        ensure!(
            !BlockItems::<T>::exists(),
            "10: something is left of a block"
        );
        ensure!(
            Closed::<T>::iter_keys().all(|peer| !Routes::<T>::contains_key(peer)),
            "11: a route that was closed is there"
        );
        let now = Self::now();
        ensure!(
            Renewals::<T>::iter()
                .all(|(peer, (_, at))| Routes::<T>::contains_key(peer) && at <= now),
            "12: a record of a chain without a route, or of a time to come"
        );
        Ok(())
    }

    fn check_routes() -> Result<(), TryRuntimeError> {
        let own = OwnId::<T>::get();
        for (peer, route) in Routes::<T>::iter() {
            ensure!(
                own != LOCAL && peer != own && peer != LOCAL,
                "1: a route to nowhere"
            );
            ensure!(route.chain.id == peer, "1: a route to another chain");
            ensure!(
                Agreements::<T>::contains_key(peer),
                "1: a route without terms"
            );
            let client = Clients::<T>::get(peer).ok_or("1: a route without a client")?;
            let set = ClientSets::<T>::get(peer).ok_or("1: a client without a set")?;
            ensure!(
                client.set_id == set.id && client.genesis == route.chain.genesis,
                "1: a client of another chain or set"
            );
        }
        let known = |peer: ChainId| Routes::<T>::contains_key(peer);
        ensure!(
            Books::<T>::iter_keys().all(known)
                && Agreements::<T>::iter_keys().all(known)
                && Clients::<T>::iter_keys().all(known)
                && ClientSets::<T>::iter_keys().all(known),
            "1: something is known of a chain without a route"
        );
        ensure!(
            OutboundLanes::<T>::iter_keys().all(|(peer, lane)| known(peer) && lane < LANES)
                && InboundLanes::<T>::iter_keys().all(|(peer, lane)| known(peer) && lane < LANES),
            "1: a lane without a route"
        );
        Ok(())
    }

    fn check_lanes(peer: ChainId) -> Result<(), TryRuntimeError> {
        let window = u64::from(T::Window::get());
        let route = Routes::<T>::get(peer).ok_or("1: no route")?;
        for lane in 0..LANES {
            let (out, inb) = (
                OutboundLanes::<T>::get((peer, lane)),
                InboundLanes::<T>::get((peer, lane)),
            );
            ensure!(
                out.acknowledged <= out.next && inb.pruned <= inb.next,
                "2: the ends of a lane are not in order"
            );
            ensure!(
                out.unsettled() <= window && inb.kept() <= window,
                "2: a lane is fuller than its window"
            );
            for nonce in out.acknowledged..out.next {
                let packet = Outbound::<T>::get((peer, lane, nonce));
                let packet = packet.ok_or("3: a packet is missing")?.packet;
                let passage = Passage {
                    source: Self::own(),
                    destination: route.chain,
                    lane,
                    nonce,
                };
                ensure!(
                    Commitments::<T>::get((peer, lane, nonce)) == Some(packet.commitment(&passage)),
                    "3: the commitment is not to the packet"
                );
            }
            let count = |n: usize, expected: u64| n as u64 == expected;
            ensure!(
                count(
                    Outbound::<T>::iter_prefix((peer, lane)).count(),
                    out.unsettled()
                ) && count(
                    Commitments::<T>::iter_prefix((peer, lane)).count(),
                    out.unsettled()
                ),
                "3: there are other packets or commitments"
            );
            ensure!(
                (inb.pruned..inb.next).all(|n| Results::<T>::contains_key((peer, lane, n)))
                    && count(Results::<T>::iter_prefix((peer, lane)).count(), inb.kept()),
                "4: the results are not those of the packets that were taken"
            );
        }
        Ok(())
    }

    fn check_book(
        peer: ChainId,
        held: &mut BTreeMap<T::AccountId, Balance>,
    ) -> Result<(), TryRuntimeError> {
        let (mut committed, mut escrow): (Balance, Balance) = (0, 0);
        for (_, packet) in Outbound::<T>::iter_prefix((peer,)) {
            let value = packet.claim.amounts.source;
            ensure!(
                value == 0 || !packet.refunded,
                "5: a packet that was refunded has value"
            );
            committed = committed.saturating_add(packet.claim.committed());
            escrow = escrow.saturating_add(value);
            if let Some(sender) = packet.sender {
                let sum = held.entry(sender).or_default();
                *sum = sum.saturating_add(value);
            }
        }
        let book = Books::<T>::get(peer);
        ensure!(
            (book.committed, book.escrow) == (committed, escrow),
            "5: the book is not that of the packets in flight"
        );
        Ok(())
    }

    fn check_client(peer: ChainId) -> Result<(), TryRuntimeError> {
        let client = Clients::<T>::get(peer).ok_or("1: no client")?;
        let ring = HeaderRing::<T>::get(peer);
        ensure!(
            ring.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
                && ring.last() == Some(&client.latest.height),
            "8: the headers are not in order"
        );
        ensure!(
            ring.iter()
                .all(|height| StoredHeaders::<T>::contains_key(peer, height))
                && StoredHeaders::<T>::iter_prefix(peer).count() == ring.len(),
            "8: the headers are not those of the ring"
        );
        let ids = PastSetRing::<T>::get(peer);
        ensure!(
            PastSets::<T>::iter_prefix(peer).count() == ids.len(),
            "9: a set is missing, or one too many is there"
        );
        let mut next: Option<PastSet> = None;
        for id in ids.into_iter().rev() {
            let past = PastSets::<T>::get(peer, id).ok_or("9: a set is missing")?;
            let (later, since) = next.map_or((client.set_id, client.set_since), |next| {
                (next.id, next.first)
            });
            ensure!(
                past.id == id && id < later && past.last.saturating_add(1) == since,
                "9: a set is followed by one that does not follow it"
            );
            next = Some(past);
        }
        Ok(())
    }
}
