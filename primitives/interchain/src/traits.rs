// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the interchain pallet asks of other pallets, and offers to them, so that none names another's
//! `Config`.

use crate::{route::NewRoute, Balance, ChainId, Hash, Height, Moment, Nonce};
use alloc::vec::Vec;
use hansa_pbft_primitives::{AuthoritySet, SetId};
use sp_runtime::DispatchResult;
use sp_weights::Weight;

/// Takes the packets that pallets of other chains send to those of this one.
pub trait SystemPackets {
    /// Take a packet of chain `from`. Returns what that has cost, or an error if the packet is
    /// refused; what it did until then is undone.
    fn take(from: ChainId, packet: &[u8]) -> Result<Weight, SystemPacketRefused>;

    /// The most that [`take`](Self::take) costs of a packet of so many bytes.
    fn max_weight(bytes: u32) -> Weight;
}

/// A system packet that nobody here takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SystemPacketRefused;

impl SystemPackets for () {
    fn take(_: ChainId, _: &[u8]) -> Result<Weight, SystemPacketRefused> {
        Err(SystemPacketRefused)
    }

    fn max_weight(_: u32) -> Weight {
        Weight::zero()
    }
}

/// Sends packets of pallets to those of other chains.
pub trait SendSystemPacket {
    /// Send `packet` to chain `to`. It never times out. Returns its nonce in the lane of system
    /// packets; none if there is no route, the route takes no packets, or the packet is too large.
    fn send(to: ChainId, packet: Vec<u8>) -> Option<Nonce>;
}

impl SendSystemPacket for () {
    fn send(_: ChainId, _: Vec<u8>) -> Option<Nonce> {
        None
    }
}

/// Knows more of the sets of other chains than their own hand-overs say.
pub trait HandOvers {
    /// Whether chain `of` may hand over to `set`. The hub says no to a set of a DappChain that it did
    /// not order; the route is then suspended.
    fn may_hand_over(of: ChainId, set: &AuthoritySet) -> bool;

    /// Chain `of` has handed over to `set`, which was allowed. Told of each set, in their order.
    fn on_hand_over(of: ChainId, set: &AuthoritySet);

    /// Whether a header of chain `of` is wanted before one is due: it seems to stand still, or its members wait for a hand-over.
    fn wants_header(of: ChainId) -> bool {
        let _ = of;
        false
    }
}

impl HandOvers for () {
    fn may_hand_over(_: ChainId, _: &AuthoritySet) -> bool {
        true
    }

    fn on_hand_over(_: ChainId, _: &AuthoritySet) {}
}

/// What the light client of another chain knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientHead {
    /// The number of the highest block that was proven.
    pub height: Height,
    /// Its hash.
    pub hash: Hash,
    /// Its own time, in milliseconds: later than that of the block that was proven before, and not ahead of this chain's clock
    /// by more than the drift that is allowed.
    pub timestamp: Moment,
    /// The id of the set that decides the next one.
    pub set_id: SetId,
    /// Whether governance has to say first what is right: the chain has contradicted itself, or the route to it is
    /// suspended.
    pub held: bool,
}

/// The light clients of other chains, for those who assign their sets.
pub trait LightClients {
    /// What the light client of chain `of` knows; none if there is no route to it.
    fn head(of: ChainId) -> Option<ClientHead>;

    /// The set that decides the next height of chain `of`.
    fn deciding_set(of: ChainId) -> Option<AuthoritySet>;

    /// From the height above `head` on `set` decides on chain `of`, in place of one that lost its quorum. Its id is later
    /// than that of the set before. Fails if that is not the highest head that is known, or nothing is believed of
    /// the chain; nothing is changed then.
    fn recover(of: ChainId, head: (Height, Hash), set: AuthoritySet) -> DispatchResult;

    /// The light client of chain `of` is trusted as if a header of now had come, expired or not, so that later ones can be
    /// proven: the chain seems to stand still, and its set can still be held to what it signs. A client that is frozen stays
    /// frozen. Nothing happens if there is no route.
    fn keep_trusted(of: ChainId);
}

/// Opens routes, for those who know of another chain by other ways than governance.
pub trait OpenRoute {
    /// Open a route. Fails if there is one, or there can be no more.
    fn open_route(route: NewRoute) -> DispatchResult;

    /// Whether there is a route to `peer`.
    fn has_route(peer: ChainId) -> bool;

    /// Let the light client of the hub begin anew with header and set of `route`, expired or not: somebody vouches for them
    /// whom this chain believes. All else of the route stays, also that it is suspended. Returns whether it does. It does not,
    /// and nothing is changed, if that chain is not the hub, its light client is frozen, or knows as much already.
    fn renew_hub(route: NewRoute) -> bool {
        let _ = route;
        false
    }
}

impl OpenRoute for () {
    fn open_route(_: NewRoute) -> DispatchResult {
        Err(sp_runtime::DispatchError::Unavailable)
    }

    fn has_route(_: ChainId) -> bool {
        false
    }
}

/// What came of a step to close a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// One of the two chains has value with the other still, and is to get it first: nothing was done.
    Waits,
    /// A part is done. Another step is to be taken.
    GoesOn,
    /// There is no route any more.
    Done,
}

/// Closes routes to chains whose life is over.
pub trait CloseRoute {
    /// Take a bounded step to close the route to `peer`. Unless `whatever_is_left`, nothing is done before all value has
    /// come home. Returns what came of it, and the weight of it.
    fn close_route(peer: ChainId, whatever_is_left: bool) -> (Closing, Weight);
}

impl CloseRoute for () {
    fn close_route(_: ChainId, _: bool) -> (Closing, Weight) {
        (Closing::Done, Weight::zero())
    }
}

/// Says how far other chains may be trusted.
pub trait ReserveLimits {
    /// The most that chain `of` may have with this one, beside the route's own limit. For a DappChain
    /// a fraction of what its set can be slashed.
    fn limit(of: ChainId) -> Balance;
}

impl ReserveLimits for () {
    fn limit(_: ChainId) -> Balance {
        Balance::MAX
    }
}
