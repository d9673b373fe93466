// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Finding nodes by the chain that they serve, and being found.
//!
//! Each node says under a key of the chain that it serves it. Of another chain a few nodes are enough, and one search
//! names as many. Of the own chain all are wanted, as all are to be handed what comes; so each also says so under a
//! key of its part of the chain, and who was named as many as can be searches all parts.

use super::{
    behaviour::{chain_key, part_key, part_of, Behaviour, CHAIN_PARTS, MAX_NAMED},
    task::Host,
};
use crate::{
    limits::{
        ENOUGH_OWN_PEERS, ENOUGH_PEERS, FIND_INTERVAL_MAX, FIND_INTERVAL_MIN, MAX_ADDRESSES,
        MAX_DIALS, PROVIDE_INTERVAL,
    },
    LOG_TARGET,
};
use hansa_interchain_primitives::packet::ChainRef;
use libp2p::{
    kad::{self, store::RecordStore},
    multiaddr::Protocol,
    swarm::{
        dial_opts::{DialOpts, PeerCondition},
        DialError,
    },
    Multiaddr, PeerId, Swarm,
};
use log::{debug, warn};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

/// A chain whose nodes are looked for.
pub(super) struct SoughtChain {
    addresses: Vec<Multiaddr>,
    /// When to look next.
    at: Instant,
    /// How long to wait after that.
    interval: Duration,
}

/// Nodes of a chain are asked for.
pub(super) struct Search {
    chain: ChainRef,
    /// Whether those of one part are.
    of_part: bool,
    named: HashSet<PeerId>,
}

impl Host {
    /// Do what is due for finding nodes and being found.
    pub(super) fn find(&mut self, now: Instant) {
        if self.has_new_nodes && now >= self.next_provide {
            // Who was not known then was not told.
            (self.has_new_nodes, self.next_provide) = (false, now + PROVIDE_INTERVAL);
            let chains: Vec<_> = self.served.keys().copied().collect();
            chains.iter().for_each(|chain| self.provide(chain));
        }
        self.boot(now);
        let due: Vec<_> = self
            .sought
            .iter_mut()
            .filter(|(_, sought)| now >= sought.at)
            .map(|(chain, sought)| {
                sought.at = now + sought.interval;
                sought.interval = sought.interval.saturating_mul(2).min(FIND_INTERVAL_MAX);
                (*chain, sought.addresses.clone())
            })
            .collect();
        for (chain, addresses) in due {
            self.look_for(chain, &addresses);
        }
    }

    /// Keep connections to nodes of a chain, of which some may be at `addresses`.
    pub(super) fn seek(&mut self, chain: ChainRef, mut addresses: Vec<Multiaddr>) {
        addresses.truncate(MAX_ADDRESSES);
        let now = Instant::now();
        let sought = self.sought.entry(chain).or_insert_with(|| SoughtChain {
            addresses: Vec::new(),
            at: now,
            interval: FIND_INTERVAL_MIN,
        });
        if sought.addresses != addresses {
            sought.addresses = addresses;
            sought.at = now;
            sought.interval = FIND_INTERVAL_MIN;
        }
    }

    /// Tell the nodes that others would ask that a chain is served here.
    pub(super) fn provide(&mut self, chain: &ChainRef) {
        let part = part_of(self.swarm.local_peer_id());
        for key in [chain_key(chain), part_key(chain, part)] {
            if let Err(error) = self.swarm.behaviour_mut().kademlia.start_providing(key) {
                warn!(target: LOG_TARGET, "Others cannot be told that chain {:x} is served here: {error}", chain.id);
            }
        }
    }

    pub(super) fn found(&mut self, event: kad::Event) {
        match event {
            kad::Event::RoutingUpdated {
                is_new_peer: true, ..
            } => self.has_new_nodes = true,
            kad::Event::InboundRequest {
                request:
                    kad::InboundRequest::AddProvider {
                        record: Some(record),
                    },
            } => {
                // The store is bounded; what does not fit is not kept.
                let _ = self
                    .swarm
                    .behaviour_mut()
                    .kademlia
                    .store_mut()
                    .add_provider(record);
            }
            kad::Event::OutboundQueryProgressed {
                id, result, step, ..
            } => {
                let providers = match result {
                    kad::QueryResult::GetProviders(Ok(kad::GetProvidersOk::FoundProviders {
                        providers,
                        ..
                    })) => providers,
                    _ => HashSet::new(),
                };
                if let Some(search) = self.searches.get_mut(&id) {
                    search.named.extend(providers.iter().take(MAX_NAMED));
                    self.dial_providers(providers);
                }
                if step.last {
                    self.searched(&id);
                }
            }
            _ => {}
        }
    }

    /// A search has ended. If as many were named as can be, there may be more: of the own chain they are all
    /// looked for, part by part.
    fn searched(&mut self, id: &kad::QueryId) {
        let Some(search) = self.searches.remove(id) else {
            return;
        };
        let is_crowded = search.named.len() >= MAX_NAMED;
        if search.of_part || !is_crowded || !self.served.contains_key(&search.chain) {
            return;
        }
        for part in 0..CHAIN_PARTS {
            self.search(search.chain, part_key(&search.chain, part), true);
        }
    }

    fn search(&mut self, chain: ChainRef, key: kad::RecordKey, of_part: bool) {
        let id = self.swarm.behaviour_mut().kademlia.get_providers(key);
        let named = HashSet::new();
        let search = Search {
            chain,
            of_part,
            named,
        };
        self.searches.insert(id, search);
    }

    fn dial_providers(&mut self, providers: HashSet<PeerId>) {
        let (own, now) = (*self.swarm.local_peer_id(), self.now());
        for peer in providers.into_iter().take(MAX_DIALS) {
            if peer != own && !self.peers.is_banned(&peer, now) {
                let options = DialOpts::peer_id(peer)
                    .condition(PeerCondition::DisconnectedAndNotDialing)
                    .build();
                let _ = self.swarm.dial(options);
            }
        }
    }

    /// A peer is lost: look for others of its chains soon.
    pub(super) fn seek_soon(&mut self) {
        let now = Instant::now();
        for sought in self.sought.values_mut() {
            sought.interval = FIND_INTERVAL_MIN;
            sought.at = sought.at.min(now + FIND_INTERVAL_MIN);
        }
    }

    /// While there are few connections, try the nodes that may know others: they may not have been there the last time.
    fn boot(&mut self, now: Instant) {
        if now < self.next_boot || self.swarm.connected_peers().count() >= ENOUGH_PEERS {
            return;
        }
        if self.swarm.connected_peers().next().is_none() {
            self.boot_interval = FIND_INTERVAL_MIN;
        }
        self.next_boot = now + self.boot_interval;
        self.boot_interval = self.boot_interval.saturating_mul(2).min(FIND_INTERVAL_MAX);
        for address in &self.bootnodes {
            dial(&mut self.swarm, address);
        }
    }

    fn look_for(&mut self, chain: ChainRef, addresses: &[Multiaddr]) {
        let enough = match self.served.contains_key(&chain) {
            true => ENOUGH_OWN_PEERS,
            false => ENOUGH_PEERS,
        };
        if self.peers.of_chain(&chain, self.now()).len() >= enough {
            return;
        }
        for address in addresses {
            dial(&mut self.swarm, address);
        }
        if !self.searches.values().any(|search| search.chain == chain) {
            self.search(chain, chain_key(&chain), false);
        }
    }
}

/// Dial an address, unless the node that it names is connected.
fn dial(swarm: &mut Swarm<Behaviour>, address: &Multiaddr) {
    let mut bare = address.clone();
    let result = match bare.pop() {
        Some(Protocol::P2p(peer)) if peer == *swarm.local_peer_id() => return,
        Some(Protocol::P2p(peer)) => {
            let options = DialOpts::peer_id(peer)
                .addresses(vec![bare])
                .condition(PeerCondition::DisconnectedAndNotDialing);
            swarm.dial(options.build())
        }
        // Without an id nobody can say who is connected already.
        _ if swarm.connected_peers().next().is_some() => return,
        _ => swarm.dial(address.clone()),
    };
    match result {
        // Most are connected already.
        Ok(()) | Err(DialError::DialPeerConditionFalse(_)) => {}
        Err(error) => {
            debug!(target: LOG_TARGET, "Node at {address} is not dialled: {error}");
        }
    }
}
