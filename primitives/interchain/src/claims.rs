// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What is claimed of the other chain's state, and how it is verified. Runtime and node use the same
//! functions; which keys a proof needs, the functions in `*_keys` tell who makes it.
//!
//! Keys of a lane are asked for in ascending order of their bytes; as nonces stand in them in
//! little-endian order, that is not always the order of the nonces.

use crate::{
    keys, lane::nonces, proof::ProofError, ChainId, Hash, InboundLane, LaneId, Moment, Nonce,
    OutboundLane, Packet, PacketResult, Passage, StorageProof,
};
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{DecodeAll, Encode};
use hansa_pbft_primitives::SetId;

/// The keys that prove the packets with `count` nonces from `first` on, at the source.
pub fn packet_keys(destination: ChainId, lane: LaneId, first: Nonce, count: usize) -> Vec<Vec<u8>> {
    let mut keys: Vec<_> = nonces(first, count)
        .map(|nonce| keys::commitment(destination, lane, nonce))
        .collect();
    keys.sort();
    keys
}

/// The keys that prove the results of `count` packets from `first` on, at their destination.
pub fn result_keys(source: ChainId, lane: LaneId, first: Nonce, count: usize) -> Vec<Vec<u8>> {
    let mut keys: Vec<_> = nonces(first, count)
        .map(|nonce| keys::result(source, lane, nonce))
        .collect();
    keys.sort();
    keys
}

/// The keys that prove the record by which the set with this id came to decide on `chain`, at the hub that made it.
pub fn recovery_keys(chain: ChainId, set: SetId) -> Vec<Vec<u8>> {
    let mut keys = alloc::vec![keys::recovery_hash(chain, set), keys::renewal(chain)];
    keys.sort();
    keys
}

/// Verify that a hub, in the state with root `root`, has made the record with this hash, by which the set with id `set` came
/// to decide on `chain`, that it was made at `at`, in milliseconds, and that it is the last one of that chain.
pub fn verify_recovery(
    root: &Hash,
    chain: ChainId,
    set: SetId,
    hash: &Hash,
    at: Moment,
    proof: &StorageProof,
) -> Result<(), ProofError> {
    let claimed = [
        (keys::recovery_hash(chain, set), hash.encode()),
        (keys::renewal(chain), (set, at).encode()),
    ];
    let count = claimed.len();
    check(root, claimed.into_iter(), count, proof)
}

/// Verify that the source, in the state with root `root`, has sent these packets, of which `first` is
/// the place of the first one.
pub fn verify_packets(
    root: &Hash,
    first: &Passage,
    packets: &[Packet],
    proof: &StorageProof,
) -> Result<(), ProofError> {
    let claimed = nonces(first.nonce, packets.len())
        .zip(packets)
        .map(|(nonce, packet)| {
            let passage = Passage { nonce, ..*first };
            let key = keys::commitment(first.destination.id, first.lane, nonce);
            (key, packet.commitment(&passage).encode())
        });
    check(root, claimed, packets.len(), proof)
}

/// Verify that the destination, in the state with root `root`, has these results of packets from
/// `source`, from nonce `first` on.
pub fn verify_results(
    root: &Hash,
    source: ChainId,
    lane: LaneId,
    first: Nonce,
    results: &[PacketResult],
    proof: &StorageProof,
) -> Result<(), ProofError> {
    let claimed = nonces(first, results.len())
        .zip(results)
        .map(|(nonce, result)| (keys::result(source, lane, nonce), result.encode()));
    check(root, claimed, results.len(), proof)
}

/// The receiving end of a lane from `source`, as the state with root `root` has it. A lane that it
/// does not have was never used: nothing was taken.
pub fn read_inbound(
    root: &Hash,
    source: ChainId,
    lane: LaneId,
    proof: &StorageProof,
) -> Result<InboundLane, ProofError> {
    read(root, keys::inbound_lane(source, lane), proof)
}

/// The sending end of a lane to `destination`, as the state with root `root` has it.
pub fn read_outbound(
    root: &Hash,
    destination: ChainId,
    lane: LaneId,
    proof: &StorageProof,
) -> Result<OutboundLane, ProofError> {
    read(root, keys::outbound_lane(destination, lane), proof)
}

fn read<T: Default + DecodeAll>(
    root: &Hash,
    key: Vec<u8>,
    proof: &StorageProof,
) -> Result<T, ProofError> {
    match proof.read(root, &[key])?.pop().flatten() {
        Some(bytes) => T::decode_all(&mut &bytes[..]).map_err(|_| ProofError::Value),
        None => Ok(T::default()),
    }
}

fn check(
    root: &Hash,
    claimed: impl Iterator<Item = (Vec<u8>, Vec<u8>)>,
    count: usize,
    proof: &StorageProof,
) -> Result<(), ProofError> {
    // Sorted by key. Nonces that run over the end of their numbers would be fewer.
    let claimed: BTreeMap<_, _> = claimed.collect();
    if claimed.len() != count {
        return Err(ProofError::KeyCount);
    }
    let claimed: Vec<_> = claimed.into_iter().collect();
    proof.check(root, &claimed)
}
