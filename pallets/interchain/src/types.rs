// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet keeps.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
pub use hansa_interchain_primitives::{
    api::{Headers, Packets, Results},
    route::{Entries, NewRoute, MAX_ENTRIES, MAX_ENTRY_BYTES},
};
use hansa_interchain_primitives::{
    book::Claim,
    packet::{ChainRef, MAX_CALL_BYTES},
    ChainId, Hash, Moment, Nonce, Packet, Reputation, Throttle, TrustedHeader,
};
use scale_info::TypeInfo;
use sp_runtime::Weight;

/// What a chain knows of another one, its consensus and its accounts apart.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Route {
    /// The other chain.
    pub chain: ChainRef,
    /// Whether the route takes and brings no packets.
    pub suspended: bool,
    /// Whether the other chain is our hub, whose system packets are free.
    pub hub: bool,
    /// Where its nodes may be found.
    pub entries: Entries,
    /// How many packets it has brought lately.
    pub packets: Throttle,
    /// How many headers.
    pub headers: Throttle,
    /// What its packets were.
    pub reputation: Reputation,
}

/// A packet that was sent and whose result is not settled.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct OutboundPacket<AccountId> {
    /// The packet.
    pub packet: Packet,
    /// In whose account its value is on hold; none if the chain itself sent it.
    pub sender: Option<AccountId>,
    /// What it claims of the book.
    pub claim: Claim,
    /// Whether its value went back on a timeout.
    pub refunded: bool,
    /// The time of the block in which it was sent.
    pub sent_at: Moment,
}

/// What is kept of a header of another chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct StoredHeader {
    /// The block's hash.
    pub hash: Hash,
    /// The root of its state.
    pub state_root: Hash,
    /// Its time.
    pub timestamp: Moment,
}

impl From<&TrustedHeader> for StoredHeader {
    fn from(header: &TrustedHeader) -> Self {
        Self {
            hash: header.hash,
            state_root: header.state_root,
            timestamp: header.timestamp,
        }
    }
}

/// A call of a foreign account that is paid for and waits in the queue.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct QueuedCall<AccountId> {
    /// From where it came.
    pub peer: ChainId,
    /// As which packet.
    pub nonce: Nonce,
    /// The account that executes it.
    pub account: AccountId,
    /// The weight that is paid for.
    pub weight: Weight,
    /// The call.
    pub call: BoundedVec<u8, ConstU32<MAX_CALL_BYTES>>,
}

/// What came of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum CallOutcome {
    /// It was executed and succeeded.
    Succeeded,
    /// It was executed and failed.
    Failed(sp_runtime::DispatchError),
    /// It was not executed: since it was queued, the runtime has changed, and it is not understood,
    /// not allowed, or heavier than what is paid for.
    Dropped,
}
