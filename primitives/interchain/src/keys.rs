// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Where in a chain's state stands what the other chain asks proofs of.
//!
//! These keys are part of the protocol: the verifier computes them, and a proof is of exactly these
//! keys. A runtime must name the pallet [`PALLET`]; the pallet checks when it is built that its
//! storage is at these keys.
//!
//! | item | key after the pallet's and the item's prefix | value |
//! | --- | --- | --- |
//! | [`COMMITMENTS`] | destination, lane, nonce | commitment to the packet |
//! | [`OUTBOUND_LANES`] | destination, lane | [`OutboundLane`](crate::OutboundLane) |
//! | [`RESULTS`] | source, lane, nonce | [`PacketResult`](crate::PacketResult) |
//! | [`INBOUND_LANES`] | source, lane | [`InboundLane`](crate::InboundLane) |
//! | [`RENEWALS`] | chain | id of the set that the hub recorded last, and when, in milliseconds |
//!
//! A hub has in pallet [`SETS_PALLET`] what other chains take in place of a hand-over:
//!
//! | item | key after the pallet's and the item's prefix | value |
//! | --- | --- | --- |
//! | [`RECOVERY_HASHES`] | chain, id of its new set | hash of the record of that set |
//!
//! Chain ids, lanes and nonces stand in the key as they are, in SCALE, so that a key has one meaning,
//! and that the keys of neighbouring nonces share most of the proof. What a sender can choose is not
//! in any key: nobody can make the paths of others longer.

use crate::{ChainId, LaneId, Nonce};
use alloc::vec::Vec;
use codec::Encode;
use hansa_pbft_primitives::SetId;
use sp_crypto_hashing::twox_128;

/// The name of the pallet in every runtime.
pub const PALLET: &str = "Interchain";
/// Commitments to packets that were sent.
pub const COMMITMENTS: &str = "Commitments";
/// The sending ends of lanes.
pub const OUTBOUND_LANES: &str = "OutboundLanes";
/// The results of packets that were taken.
pub const RESULTS: &str = "Results";
/// The receiving ends of lanes.
pub const INBOUND_LANES: &str = "InboundLanes";
/// With which set, and when, the light client of a chain went on last by a record.
pub const RENEWALS: &str = "Renewals";

/// The name of the pallet in a hub's runtime that assigns the sets of its chains.
pub const SETS_PALLET: &str = "DappChainSets";
/// The hashes of records of sets that decide in place of one that lost its quorum.
pub const RECOVERY_HASHES: &str = "RecoveryHashes";

/// The key of the commitment to a packet, in the state of the chain that sent it to `destination`.
pub fn commitment(destination: ChainId, lane: LaneId, nonce: Nonce) -> Vec<u8> {
    key(PALLET, COMMITMENTS, &(destination, lane, nonce))
}

/// The key of the sending end of a lane to `destination`, in the state of the chain that sends.
pub fn outbound_lane(destination: ChainId, lane: LaneId) -> Vec<u8> {
    key(PALLET, OUTBOUND_LANES, &(destination, lane))
}

/// The key of the result of a packet, in the state of the chain that took it from `source`.
pub fn result(source: ChainId, lane: LaneId, nonce: Nonce) -> Vec<u8> {
    key(PALLET, RESULTS, &(source, lane, nonce))
}

/// The key of the receiving end of a lane from `source`, in the state of the chain that receives.
pub fn inbound_lane(source: ChainId, lane: LaneId) -> Vec<u8> {
    key(PALLET, INBOUND_LANES, &(source, lane))
}

/// The key of when, and with which set, the light client of `chain` went on last by a record, in the state of the hub
/// that made it.
pub fn renewal(chain: ChainId) -> Vec<u8> {
    key(PALLET, RENEWALS, &chain)
}

/// The key of the hash of the record by which the set with this id came to decide on `chain`, in the state of the hub that
/// assigns its sets.
pub fn recovery_hash(chain: ChainId, set: SetId) -> Vec<u8> {
    key(SETS_PALLET, RECOVERY_HASHES, &(chain, set))
}

fn key(pallet: &str, item: &str, place: &impl Encode) -> Vec<u8> {
    let mut key = twox_128(pallet.as_bytes()).to_vec();
    key.extend(twox_128(item.as_bytes()));
    place.encode_to(&mut key);
    key
}
