// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Nodes of one chain find each other by the network between chains.
//!
//! A DappChain has no boot nodes: which nodes run it changes with every epoch. But each of them says in the network
//! between chains which chains it serves. Whoever serves the same chain is asked for its addresses in the chain's own
//! network, which tries them. What a node says of another one is not believed: the addresses must end in the id under which
//! it is known here.

use futures_timer::Delay;
use hansa_interchain::{
    host::{Handle, PeerId},
    message::{Addresses, Request, Response},
};
use hansa_interchain_primitives::packet::ChainRef;
use log::debug;
use sc_network::{
    config::MultiaddrWithPeerId, multiaddr::Protocol, service::traits::NetworkService,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// How often nodes of the chain are looked for while there are none.
const LONELY_INTERVAL: Duration = Duration::from_secs(2);

/// How often otherwise.
const INTERVAL: Duration = Duration::from_secs(30);

/// To how many nodes of its chain a node is introduced: more than are in any set.
const MAX_INTRODUCED: usize = 300;

/// Introduce this node to those that serve `own`, for as long as both networks run.
pub async fn run(own: ChainRef, host: Handle, network: Arc<dyn NetworkService>) {
    let mut known = BTreeSet::new();
    loop {
        host.reachable(own, addresses(&*network)).await;
        host.seek(own, Vec::new()).await;
        for peer in host.peers(own).await {
            if known.len() < MAX_INTRODUCED && !known.contains(&peer) {
                meet(&host, &*network, own, peer, &mut known).await;
            }
        }
        let pause = match known.is_empty() {
            true => LONELY_INTERVAL,
            false => INTERVAL,
        };
        Delay::new(pause).await;
    }
}

/// Where this node is in the chain's own network.
fn addresses(network: &dyn NetworkService) -> Addresses {
    let own = network.local_peer_id();
    let all = network
        .external_addresses()
        .into_iter()
        .chain(network.listen_addresses());
    let mut addresses = Addresses::default();
    for address in all {
        let id = Protocol::P2p(own.into());
        let has_id = address.iter().any(|part| matches!(part, Protocol::P2p(_)));
        let address = match has_id {
            true => address,
            false => address.with(id),
        };
        if let Ok(text) = address.to_string().into_bytes().try_into() {
            if !addresses.contains(&text) && addresses.try_push(text).is_err() {
                break;
            }
        }
    }
    addresses
}

async fn meet(
    host: &Handle,
    network: &dyn NetworkService,
    own: ChainRef,
    peer: PeerId,
    known: &mut BTreeSet<PeerId>,
) {
    let Ok(Response::At(addresses)) = host.request(peer, Request::Where { chain: own }).await
    else {
        return;
    };
    for address in addresses {
        let address = String::from_utf8(address.into()).ok();
        let Some(address) = address.and_then(|text| of_peer(&text, &peer)) else {
            continue;
        };
        debug!("Node {peer} of chain {:x} is at {address}", own.id);
        let id = address.peer_id;
        network.add_known_address(id, address.multiaddr.clone());
        if network.add_reserved_peer(address).is_ok() {
            known.insert(peer);
        }
    }
}

/// An address, if it is one of this peer.
fn of_peer(text: &str, peer: &PeerId) -> Option<MultiaddrWithPeerId> {
    let address: MultiaddrWithPeerId = text.parse().ok()?;
    (address.peer_id.to_bytes() == peer.to_bytes()).then_some(address)
}
