// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the engine needs of the node's network service; small, so that tests can stand in for it.

use futures::channel::oneshot;
use sc_network::{
    service::traits::NetworkService, types::ProtocolName, IfDisconnected, Multiaddr,
    ReputationChange, RequestFailure,
};
use sc_network_common::role::ObservedRole;
use sc_network_types::{multiaddr::Protocol, PeerId};
use std::{collections::HashSet, sync::Arc};

/// The channel on which the answer to a request comes.
pub type ResponseSender = oneshot::Sender<Result<(Vec<u8>, ProtocolName), RequestFailure>>;

/// The part of the network service that the engine uses.
pub trait PeerNetwork: Send + Sync {
    /// The local peer's id.
    fn local_peer_id(&self) -> PeerId;

    /// Hold a connection with `peer` on `protocol`.
    fn reserve(&self, protocol: &ProtocolName, peer: PeerId);

    /// Hold it no more.
    fn release(&self, protocol: &ProtocolName, peer: PeerId);

    /// Change the reputation of `peer`.
    fn report(&self, peer: PeerId, change: ReputationChange);

    /// The role that `peer` has, by its handshake or by what is known of it.
    fn role(&self, peer: PeerId, handshake: Vec<u8>) -> Option<ObservedRole>;

    /// Send a request to a connected peer.
    fn request(&self, peer: PeerId, protocol: ProtocolName, request: Vec<u8>, tx: ResponseSender);
}

/// The node's network service, of either backend.
pub struct SdkNetwork(pub Arc<dyn NetworkService>);

impl PeerNetwork for SdkNetwork {
    fn local_peer_id(&self) -> PeerId {
        self.0.local_peer_id()
    }

    fn reserve(&self, protocol: &ProtocolName, peer: PeerId) {
        let address: Multiaddr = std::iter::once(Protocol::P2p(peer.into())).collect();
        let addresses: HashSet<_> = [address].into();
        if let Err(error) = self
            .0
            .add_peers_to_reserved_set(protocol.clone(), addresses)
        {
            log::warn!(target: super::LOG_TARGET, "cannot reserve {peer} on {protocol}: {error}");
        }
    }

    fn release(&self, protocol: &ProtocolName, peer: PeerId) {
        if let Err(error) = self
            .0
            .remove_peers_from_reserved_set(protocol.clone(), vec![peer])
        {
            log::warn!(target: super::LOG_TARGET, "cannot release {peer} on {protocol}: {error}");
        }
    }

    fn report(&self, peer: PeerId, change: ReputationChange) {
        self.0.report_peer(peer, change);
    }

    fn role(&self, peer: PeerId, handshake: Vec<u8>) -> Option<ObservedRole> {
        self.0.peer_role(peer, handshake)
    }

    fn request(&self, peer: PeerId, protocol: ProtocolName, request: Vec<u8>, tx: ResponseSender) {
        // A peer that is not connected is no use in the time that there is.
        let connect = IfDisconnected::ImmediateError;
        self.0
            .start_request(peer, protocol, request, None, tx, connect);
    }
}
