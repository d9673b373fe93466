// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What node and RPC ask: the functions behind the runtime API.

use crate::{
    Agreements, Books, Call, ClientSets, Clients, Config, HeaderRing, InboundLanes, Outbound,
    OutboundLanes, OwnId, Pallet, PastSetRing, PastSets, Renewals, Results, Routes, StoredHeaders,
};
use alloc::vec::Vec;
use frame_support::traits::Get;
use hansa_interchain_primitives::{
    api::{
        ClientView, LaneView, PacketState, PacketView, Parameters, ProofOf, RouteStatus, RouteView,
        Submission, TransferQuote,
    },
    claims, keys,
    packet::ChainRef,
    proof::MAX_KEYS,
    recovery::{Recoveries, RecoveryView},
    traits::HandOvers,
    Balance, ChainAddress, ChainId, LaneId, Nonce, Packet, PacketResult, PastSet, Payload,
    TrustedHeader, LANES,
};

/// The most packets or results that one question is answered with.
const MAX_ANSWERS: u32 = 1_024;

impl<T: Config> Pallet<T> {
    /// The chains to which there is a route, by id.
    pub fn routes() -> Vec<ChainId> {
        let mut ids: Vec<_> = Routes::<T>::iter_keys().collect();
        ids.sort();
        ids
    }

    /// The route to a chain.
    pub fn route(peer: ChainId) -> Option<RouteView> {
        let route = Routes::<T>::get(peer)?;
        let client = Clients::<T>::get(peer)?;
        let agreement = Agreements::<T>::get(peer)?;
        let (book, now) = (Books::<T>::get(peer), Self::now());
        let charge = agreement.at(now).charge(peer, OwnId::<T>::get());
        let status = if client.frozen {
            RouteStatus::Frozen
        } else if client.is_expired(now) {
            RouteStatus::Expired
        } else if route.suspended {
            RouteStatus::Suspended
        } else if book.spendable() <= charge {
            RouteStatus::ReserveEmpty
        } else {
            RouteStatus::Open
        };
        let lanes = (0..LANES).map(|lane| LaneView {
            lane,
            outbound: OutboundLanes::<T>::get((peer, lane)),
            inbound: InboundLanes::<T>::get((peer, lane)),
        });
        Some(RouteView {
            chain: route.chain,
            hub: route.hub,
            status,
            header_due: client.is_update_due(now) || T::HandOvers::wants_header(peer),
            entries: route.entries.into_iter().map(Into::into).collect(),
            book,
            agreement,
            reputation: route.reputation,
            lanes: lanes.collect(),
        })
    }

    /// What is known of a chain's consensus.
    pub fn client(peer: ChainId) -> Option<ClientView> {
        let headers = HeaderRing::<T>::get(peer).into_iter().filter_map(|height| {
            let stored = StoredHeaders::<T>::get(peer, height)?;
            Some(TrustedHeader {
                height,
                hash: stored.hash,
                state_root: stored.state_root,
                timestamp: stored.timestamp,
            })
        });
        Some(ClientView {
            state: Clients::<T>::get(peer)?,
            set: ClientSets::<T>::get(peer)?,
            headers: headers.collect(),
        })
    }

    /// The sets of a chain that decide no more and can still be held to what they signed, by id; at most
    /// [`Config::MaxPastSets`].
    pub fn past_sets(peer: ChainId) -> Vec<PastSet> {
        let Some(client) = Clients::<T>::get(peer) else {
            return Vec::new();
        };
        let now = Self::now();
        PastSetRing::<T>::get(peer)
            .into_iter()
            .filter_map(|id| PastSets::<T>::get(peer, id))
            .filter(|past| !past.is_over(client.trusting_period, now))
            .collect()
    }

    /// The last record that this chain, a hub, has made of a chain that lost its quorum.
    pub fn recovery_of(chain: ChainId) -> Option<RecoveryView> {
        let (set, at) = Renewals::<T>::get(chain)?;
        let record = T::Recoveries::last(chain)?.try_into().ok()?;
        Some(RecoveryView { record, set, at })
    }

    /// Packets to `peer` without a result, at most `limit` from `from` on.
    pub fn packets(peer: ChainId, lane: LaneId, from: Nonce, limit: u32) -> Vec<PacketView> {
        let end = OutboundLanes::<T>::get((peer, lane));
        let now = Self::now();
        (from.max(end.acknowledged)..end.next)
            .take(limit.min(MAX_ANSWERS) as usize)
            .filter_map(|nonce| {
                let sent = Outbound::<T>::get((peer, lane, nonce))?;
                let state = match sent.refunded {
                    true => PacketState::TimedOut,
                    false => PacketState::Pending,
                };
                Some(PacketView {
                    lane,
                    nonce,
                    packet: sent.packet,
                    state,
                    sent_at: sent.sent_at,
                    age: now.saturating_sub(sent.sent_at),
                })
            })
            .collect()
    }

    /// Results of packets of `peer` that are kept, at most `limit` from `from` on.
    pub fn results(
        peer: ChainId,
        lane: LaneId,
        from: Nonce,
        limit: u32,
    ) -> Vec<(Nonce, PacketResult)> {
        let end = InboundLanes::<T>::get((peer, lane));
        (from.max(end.pruned)..end.next)
            .take(limit.min(MAX_ANSWERS) as usize)
            .filter_map(|nonce| Some((nonce, Results::<T>::get((peer, lane, nonce))?)))
            .collect()
    }

    /// What a transfer of `amount` to `peer` would come to now.
    pub fn quote(peer: ChainId, amount: Balance) -> Option<TransferQuote> {
        let own = OwnId::<T>::get();
        let amounts = Self::amounts(peer, amount).ok()?;
        let terms = Self::terms(peer, Self::now()).ok()?;
        let book = Books::<T>::get(peer);
        let spendable = book.spendable().saturating_sub(terms.charge(peer, own));
        let covered = terms
            .rate
            .convert(spendable, peer, own)
            .unwrap_or(Balance::MAX);
        // An account of this chain is as long as that of the reserves.
        let account = Self::account_bytes(&Self::reserve_account()).ok()?;
        let packet = Packet {
            sender: account.clone(),
            timeout: Self::now(),
            payload: Payload::Transfer {
                to: account,
                amounts,
            },
        };
        Some(TransferQuote {
            destination: amounts.destination,
            price: Self::price_of(peer, &packet),
            most: covered.min(book.room(Self::outer_limit(peer))),
        })
    }

    /// The keys of this chain's state that prove something to `peer`.
    pub fn proof_keys(peer: ChainId, lane: LaneId, of: ProofOf) -> Vec<Vec<u8>> {
        let most = MAX_KEYS.min(T::MaxBatch::get());
        match of {
            ProofOf::Packets { first, count } => {
                claims::packet_keys(peer, lane, first, count.min(most) as usize)
            }
            ProofOf::Results { first, count } => {
                claims::result_keys(peer, lane, first, count.min(most) as usize)
            }
            ProofOf::Inbound => alloc::vec![keys::inbound_lane(peer, lane)],
            ProofOf::Outbound => alloc::vec![keys::outbound_lane(peer, lane)],
            ProofOf::Recovery { chain, set } => claims::recovery_keys(chain, set),
        }
    }

    /// The bounds of what other chains may bring.
    pub fn parameters() -> Parameters {
        Parameters {
            window: T::Window::get(),
            max_batch: T::MaxBatch::get(),
            max_block_items: T::MaxBlockItems::get(),
            packets_per_second: T::PacketsPerSecond::get(),
            headers_per_second: T::HeadersPerSecond::get(),
            max_stored_headers: T::MaxStoredHeaders::get(),
            timeout: T::Timeout::get(),
            trusting_period: T::TrustingPeriod::get(),
            max_clock_drift: T::MaxClockDrift::get(),
        }
    }

    /// The call that a node wants to submit.
    pub fn call_of(submission: Submission) -> Call<T> {
        match submission {
            Submission::UpdateClient { peer, headers } => Call::update_client { peer, headers },
            Submission::Deliver {
                peer,
                lane,
                first,
                packets,
                height,
                proof,
            } => Call::deliver {
                peer,
                lane,
                first,
                packets,
                height,
                proof,
            },
            Submission::Acknowledge {
                peer,
                lane,
                first,
                results,
                height,
                proof,
            } => Call::acknowledge {
                peer,
                lane,
                first,
                results,
                height,
                proof,
            },
            Submission::TimeOut {
                peer,
                lane,
                first,
                count,
                height,
                proof,
            } => Call::time_out {
                peer,
                lane,
                first,
                count,
                height,
                proof,
            },
            Submission::Prune {
                peer,
                lane,
                acknowledged,
                height,
                proof,
            } => Call::prune {
                peer,
                lane,
                acknowledged,
                height,
                proof,
            },
            Submission::Misbehaviour { peer, misbehaviour } => {
                Call::report_misbehaviour { peer, misbehaviour }
            }
            Submission::RecoverClient {
                peer,
                record,
                hub,
                at,
                height,
                proof,
            } => Call::recover_client {
                peer,
                record,
                hub,
                at,
                height,
                proof,
            },
        }
    }

    /// The account that a chain address names here.
    pub fn account_of(address: &ChainAddress) -> Option<T::AccountId> {
        if address.is_local(OwnId::<T>::get()) {
            return Self::account_of_bytes(&address.account);
        }
        let chain: ChainRef = Routes::<T>::get(address.chain)?.chain;
        Self::derived_account(&chain, &address.account)
    }

    /// The chain address of an account of this chain; none if its encoding is too long for one.
    pub fn address_of(account: &T::AccountId) -> Option<ChainAddress> {
        let account = Self::account_bytes(account).ok()?;
        Some(ChainAddress {
            chain: OwnId::<T>::get(),
            account,
        })
    }
}
