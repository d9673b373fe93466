// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The runtime API: what the node and the RPC ask.

use crate::{
    client::{PastSet, TrustedHeader, MAX_HEADERS},
    packet::ChainRef,
    proof::MAX_KEYS,
    rate::Agreement,
    recovery::{Record, RecoveryView},
    Balance, Book, ChainAddress, ChainId, ClientState, Height, InboundLane, LaneId, Misbehaviour,
    Moment, Nonce, OutboundLane, Packet, PacketResult, Reputation, SignedHeader, StorageProof,
};
use alloc::{boxed::Box, vec::Vec};
use codec::{Codec, Decode, DecodeWithMemTracking, Encode};
use hansa_pbft_primitives::{AuthoritySet, SetId};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The headers of an update.
pub type Headers = BoundedVec<SignedHeader, ConstU32<MAX_HEADERS>>;

/// The packets of a delivery.
pub type Packets = BoundedVec<Packet, ConstU32<MAX_KEYS>>;

/// The results of an acknowledgement.
pub type Results = BoundedVec<PacketResult, ConstU32<MAX_KEYS>>;

/// A call without a sender, as a node makes it of what another chain's node proved to it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Submission {
    /// Tell the light client of a chain of headers.
    #[codec(index = 0)]
    UpdateClient {
        /// The chain.
        peer: ChainId,
        /// Its headers, in ascending order; all but the last hand over.
        headers: Headers,
    },
    /// Take packets that a chain sent.
    #[codec(index = 1)]
    Deliver {
        /// The chain.
        peer: ChainId,
        /// Their lane.
        lane: LaneId,
        /// The position of the first one.
        first: Nonce,
        /// They.
        packets: Packets,
        /// The chain's header under which they are proven.
        height: Height,
        /// The proof of their commitments.
        proof: StorageProof,
    },
    /// Settle packets that were sent to a chain.
    #[codec(index = 2)]
    Acknowledge {
        /// The chain.
        peer: ChainId,
        /// Their lane.
        lane: LaneId,
        /// The position of the first one.
        first: Nonce,
        /// What came of them.
        results: Results,
        /// The chain's header under which that is proven.
        height: Height,
        /// The proof of the results.
        proof: StorageProof,
    },
    /// Refund packets that were not taken in time.
    #[codec(index = 3)]
    TimeOut {
        /// The chain that did not take them.
        peer: ChainId,
        /// Their lane.
        lane: LaneId,
        /// The position of the first one.
        first: Nonce,
        /// How many.
        count: u32,
        /// The chain's header under which that is proven.
        height: Height,
        /// The proof of the receiving end of the lane.
        proof: StorageProof,
    },
    /// Forget results that a chain has settled.
    #[codec(index = 4)]
    Prune {
        /// The chain.
        peer: ChainId,
        /// The lane.
        lane: LaneId,
        /// All below are settled.
        acknowledged: Nonce,
        /// The chain's header under which that is proven.
        height: Height,
        /// The proof of the sending end of the lane.
        proof: StorageProof,
    },
    /// Convict a chain of contradicting itself.
    #[codec(index = 5)]
    Misbehaviour {
        /// The chain.
        peer: ChainId,
        /// The contradiction.
        misbehaviour: Box<Misbehaviour>,
    },
    /// Let the light client of a chain that lost its quorum go on by a record of the hub.
    #[codec(index = 6)]
    RecoverClient {
        /// The chain.
        peer: ChainId,
        /// The record.
        record: Record,
        /// The hub.
        hub: ChainId,
        /// When the hub made it.
        at: Moment,
        /// The hub's header under which that is proven.
        height: Height,
        /// The proof of the record.
        proof: StorageProof,
    },
}

/// What bounds a node's work for other chains. The same for all routes of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Parameters {
    /// The most packets of a lane without a settled result, and the most results that are kept.
    pub window: u32,
    /// The most packets, results or prunings of one call.
    pub max_batch: u32,
    /// The most packets, results, prunings and headers in one block, of all routes together.
    pub max_block_items: u32,
    /// How many packets a route of good reputation may bring in a second.
    pub packets_per_second: u32,
    /// How many updates of its light client a route may bring in a second.
    pub headers_per_second: u32,
    /// The most headers of a chain that proofs may name.
    pub max_stored_headers: u32,
    /// How long a packet of an account has to be taken, in milliseconds.
    pub timeout: Moment,
    /// The longest that headers of any chain are trusted, in milliseconds; a client says for how long those
    /// of its own.
    pub trusting_period: Moment,
    /// By how much another chain's clock may be ahead, in milliseconds.
    pub max_clock_drift: Moment,
}

/// Why a route takes no packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum RouteStatus {
    /// It takes packets.
    #[codec(index = 0)]
    Open,
    /// Governance, or a hand-over to a set that nobody ordered, has suspended it.
    #[codec(index = 1)]
    Suspended,
    /// The other chain has contradicted itself.
    #[codec(index = 2)]
    Frozen,
    /// Nothing was heard of the other chain for longer than the trusting period.
    #[codec(index = 3)]
    Expired,
    /// Our reserve with the other chain is used up, or in flight; the chain must be topped up there.
    #[codec(index = 4)]
    ReserveEmpty,
}

/// A lane of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct LaneView {
    /// Its number.
    pub lane: LaneId,
    /// The end that sends.
    pub outbound: OutboundLane,
    /// The end that takes.
    pub inbound: InboundLane,
}

/// A route.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct RouteView {
    /// The other chain.
    pub chain: ChainRef,
    /// Whether it is this chain's hub.
    pub hub: bool,
    /// Whether it takes packets.
    pub status: RouteStatus,
    /// Whether a header of the other chain is due, packets or not.
    pub header_due: bool,
    /// Addresses at which nodes of the other chain may be found.
    pub entries: Vec<Vec<u8>>,
    /// The accounts.
    pub book: Book,
    /// The terms.
    pub agreement: Agreement,
    /// What the other chain has sent so far.
    pub reputation: Reputation,
    /// The lanes.
    pub lanes: Vec<LaneView>,
}

/// The state of a packet that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum PacketState {
    /// No result is known.
    #[codec(index = 0)]
    Pending,
    /// Its value went back, and the other chain has not taken it yet.
    #[codec(index = 1)]
    TimedOut,
}

/// A packet that was sent and whose result is not known.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct PacketView {
    /// Its lane.
    pub lane: LaneId,
    /// Its position.
    pub nonce: Nonce,
    /// The packet.
    pub packet: Packet,
    /// Its state.
    pub state: PacketState,
    /// The time of the block in which it was sent.
    pub sent_at: Moment,
    /// How old it is, in milliseconds, by the time of this block.
    pub age: Moment,
}

/// What a transfer would come to now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct TransferQuote {
    /// What the recipient would get, in the token of the other chain.
    pub destination: Balance,
    /// What sending costs, beside the amount and the fee of the transaction.
    pub price: Balance,
    /// The most that can be sent now: what reserve, limit and rate leave.
    pub most: Balance,
}

/// What the light client of another chain knows.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ClientView {
    /// Its state.
    pub state: ClientState,
    /// The set that decides the other chain's next height.
    pub set: AuthoritySet,
    /// The headers that deliveries may name, from the lowest on.
    pub headers: Vec<TrustedHeader>,
}

/// What a proof can be of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum ProofOf {
    /// Packets that this chain sent to the other one.
    #[codec(index = 0)]
    Packets {
        /// The first.
        first: Nonce,
        /// How many.
        count: u32,
    },
    /// The results of packets that this chain took of the other one.
    #[codec(index = 1)]
    Results {
        /// The first.
        first: Nonce,
        /// How many.
        count: u32,
    },
    /// The receiving end of a lane: that a packet was not taken.
    #[codec(index = 2)]
    Inbound,
    /// The sending end of a lane: which results are settled.
    #[codec(index = 3)]
    Outbound,
    /// The last record of a chain that lost its quorum, which this chain, a hub, has made. Of no lane.
    #[codec(index = 4)]
    Recovery {
        /// The chain.
        chain: ChainId,
        /// The id of the set that the record names. In a question, of the first that will do: a later one will, too.
        set: SetId,
    },
}

/// From which version of [`InterchainApi`] on a runtime knows records of chains that lost their quorum.
pub const RECOVERY_API_VERSION: u32 = 2;

sp_api::decl_runtime_apis! {
    /// What node and RPC ask a runtime about other chains.
    ///
    /// Version 2 ([`RECOVERY_API_VERSION`]): records of chains that lost their quorum.
    #[api_version(2)]
    pub trait InterchainApi<AccountId>
    where
        AccountId: Codec,
    {
        /// This chain.
        fn chain() -> ChainRef;

        /// The bounds of what other chains may bring.
        fn parameters() -> Parameters;

        /// The chains to which there is a route, by id.
        fn routes() -> Vec<ChainId>;

        /// The route to a chain.
        fn route(peer: ChainId) -> Option<RouteView>;

        /// What is known of a chain's consensus.
        fn client(peer: ChainId) -> Option<ClientView>;

        /// The sets of a chain that decide no more and can still be held to what they signed, by id.
        fn past_sets(peer: ChainId) -> Vec<PastSet>;

        /// The last record that this chain, a hub, has made of a chain that lost its quorum; none if it made none.
        fn recovery_of(chain: ChainId) -> Option<RecoveryView>;

        /// Packets to `peer` without a result, at most `limit` from `from` on.
        fn packets(peer: ChainId, lane: LaneId, from: Nonce, limit: u32) -> Vec<PacketView>;

        /// Results of packets of `peer` that are kept, at most `limit` from `from` on.
        fn results(peer: ChainId, lane: LaneId, from: Nonce, limit: u32) -> Vec<(Nonce, PacketResult)>;

        /// What a transfer of `amount` to `peer` would come to now; none if there is no route, or the
        /// amount is nothing in the other token, or too much for it.
        fn quote(peer: ChainId, amount: Balance) -> Option<TransferQuote>;

        /// The keys of this chain's state that prove something to `peer`, in the order of the proof.
        fn proof_keys(peer: ChainId, lane: LaneId, of: ProofOf) -> Vec<Vec<u8>>;

        /// The extrinsic of a call without a sender. A node puts it into its own pool, as a local one, and is
        /// told by the pool what is wrong with it.
        fn extrinsic(submission: Submission) -> Block::Extrinsic;

        /// The account that a chain address names here: the account itself, or the one from which the
        /// calls of a foreign account are executed.
        fn account_of(address: ChainAddress) -> Option<AccountId>;

        /// The chain address of an account of this chain, for use on others.
        fn address_of(account: AccountId) -> Option<ChainAddress>;
    }
}
