// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains that talk to each other without a relay: types, light client, proofs and rules, the same
//! in runtime, node and clients. The protocol as a whole is in `docs/interchain.md`.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`address`] | chain ids and chain addresses, parsed and printed |
//! | [`packet`] | what goes from chain to chain, its commitment, and its result |
//! | [`keys`] | where a chain's state has what the other chain asks proofs of |
//! | [`proof`] | storage proofs of exactly the keys that are asked for |
//! | [`claims`] | what is claimed of the other chain's state, and its verification |
//! | [`header`] | a header with the certificate that makes it final |
//! | [`client`] | the light client: updates, hand-overs, expiry, misbehaviour |
//! | [`recovery`] | what a hub records in place of a hand-over, as a light client reads it |
//! | [`lane`] | the ordered streams of packets: what may be sent, taken, settled, pruned |
//! | [`rate`] | exchange rates, and both amounts of a transfer |
//! | [`route`] | how a route begins |
//! | [`book`] | correspondent accounts: what each chain has with the other |
//! | [`audit`] | whether the books of two chains agree |
//! | [`price`] | what sending costs while a lane is congested |
//! | [`throttle`] | how many packets a route may bring, and how its reputation changes that |
//! | [`api`] | the runtime API, and what it answers with |
//! | [`traits`] | what the pallet asks of others, and offers to them |
//!
//! All functions are total: they neither panic nor overflow, whatever they are given. All times are
//! milliseconds since 1970, as blocks say them; amounts are in the smallest unit of a chain's token.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod address;
pub mod api;
pub mod audit;
pub mod book;
pub mod claims;
pub mod client;
pub mod header;
pub mod keys;
pub mod lane;
pub mod packet;
pub mod price;
pub mod proof;
pub mod rate;
pub mod recovery;
pub mod route;
pub mod throttle;
pub mod traits;

pub use address::{AccountBytes, AddressError, ChainAddress, ChainId, LOCAL};
pub use book::{Book, BookError};
pub use client::{ClientError, ClientState, Misbehaviour, PastSet, TrustedHeader};
pub use hansa_primitives::{Balance, Hash, Moment};
pub use header::{HeaderError, SignedHeader};
pub use lane::{
    InboundLane, LaneError, LaneId, Nonce, OutboundLane, Settlement, CALL_LANE, LANES, SYSTEM_LANE,
    TRANSFER_LANE,
};
pub use packet::{Amounts, Entry, Outcome, Packet, PacketResult, Passage, Payload, Refusal, NEVER};
pub use proof::{ProofError, StorageProof};
pub use rate::{Rate, RateError};
pub use recovery::{Record, Recovered, RecoveryView};
pub use throttle::{Reputation, Throttle};

/// A block number of any chain.
pub type Height = hansa_pbft_primitives::Height;

/// The version of the protocol: part of what packets commit to, so that chains that speak different
/// versions take nothing from each other.
pub const PROTOCOL_VERSION: u8 = 1;
