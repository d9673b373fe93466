// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Storage proofs: exactly the keys that are asked for, and nothing else.

use crate::fixture::{prove, state};
use codec::{Decode, DecodeAll, Encode};
use hansa_interchain_primitives::{
    claims, keys,
    packet::{ChainRef, Passage},
    Amounts, Hash, InboundLane, OutboundLane, Outcome, Packet, PacketResult, Payload, ProofError,
    StorageProof, TRANSFER_LANE,
};
use proptest::prelude::*;

const A: ChainRef = ChainRef {
    id: 0xa,
    genesis: Hash::repeat_byte(0xa),
};
const B: ChainRef = ChainRef {
    id: 0xb,
    genesis: Hash::repeat_byte(0xb),
};

fn passage(nonce: u64) -> Passage {
    Passage {
        source: A,
        destination: B,
        lane: TRANSFER_LANE,
        nonce,
    }
}

fn packet(amount: u128) -> Packet {
    Packet {
        sender: vec![1; 32].try_into().unwrap(),
        timeout: 1_000,
        payload: Payload::Transfer {
            to: vec![2; 32].try_into().unwrap(),
            amounts: Amounts {
                source: amount,
                destination: amount,
            },
        },
    }
}

fn result(nonce: u64) -> PacketResult {
    PacketResult {
        commitment: packet(nonce.into()).commitment(&passage(nonce)),
        outcome: Outcome::Delivered,
        charged: 1,
        moved: Amounts {
            source: nonce.into(),
            destination: nonce.into(),
        },
    }
}

/// A state with packets 0..600 to B, and much that is none of B's business.
fn items() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut items: Vec<_> = (0u32..200)
        .map(|i| {
            (
                sp_crypto_hashing::blake2_256(&i.encode()).to_vec(),
                vec![i as u8; 40],
            )
        })
        .collect();
    for nonce in 0..600 {
        let commitment = packet(nonce.into()).commitment(&passage(nonce));
        items.push((
            keys::commitment(B.id, TRANSFER_LANE, nonce),
            commitment.encode(),
        ));
        items.push((
            keys::result(A.id, TRANSFER_LANE, nonce),
            result(nonce).encode(),
        ));
    }
    let inbound = InboundLane { next: 7, pruned: 3 };
    items.push((keys::inbound_lane(A.id, TRANSFER_LANE), inbound.encode()));
    let outbound = OutboundLane {
        next: 9,
        acknowledged: 5,
    };
    items.push((keys::outbound_lane(B.id, TRANSFER_LANE), outbound.encode()));
    // Records of C that two sets took, and of D.
    for (chain, set) in [(C, 3u64), (C, 7), (D, 3)] {
        let hash = record_hash(chain, set);
        items.push((keys::recovery_hash(chain, set), hash.encode()));
    }
    items.push((keys::renewal(C), (7u64, AT).encode()));
    items.push((keys::renewal(D), (3u64, AT).encode()));
    items
}

/// Chains that lost their quorum.
const C: u32 = 0xc;
const D: u32 = 0xd;
/// When the last records of them were made.
const AT: u64 = 1_700_000_000_000;

fn record_hash(chain: u32, set: u64) -> Hash {
    sp_crypto_hashing::blake2_256(&(chain, set).encode()).into()
}

fn raw(proof: &StorageProof) -> Vec<Vec<u8>> {
    proof.nodes().map(|n| n.to_vec()).collect()
}

#[test]
fn packets_results_and_ends_of_lanes_are_proven() {
    let (root, state) = state(&items());
    for (first, count) in [(0u64, 1usize), (5, 3), (250, 16), (512, 64)] {
        let packets: Vec<_> = (first..).take(count).map(|n| packet(n.into())).collect();
        let proof = prove(
            &state,
            &claims::packet_keys(B.id, TRANSFER_LANE, first, count),
        );
        assert_eq!(
            claims::verify_packets(&root, &passage(first), &packets, &proof),
            Ok(())
        );
        let results: Vec<_> = (first..).take(count).map(result).collect();
        let proof = prove(
            &state,
            &claims::result_keys(A.id, TRANSFER_LANE, first, count),
        );
        let verified = claims::verify_results(&root, A.id, TRANSFER_LANE, first, &results, &proof);
        assert_eq!(verified, Ok(()), "{first} {count} {}", proof.len());
    }
    let proof = prove(&state, &[keys::inbound_lane(A.id, TRANSFER_LANE)]);
    let inbound = claims::read_inbound(&root, A.id, TRANSFER_LANE, &proof);
    assert_eq!(inbound, Ok(InboundLane { next: 7, pruned: 3 }));
    let proof = prove(&state, &[keys::outbound_lane(B.id, TRANSFER_LANE)]);
    let outbound = claims::read_outbound(&root, B.id, TRANSFER_LANE, &proof);
    assert_eq!(
        outbound,
        Ok(OutboundLane {
            next: 9,
            acknowledged: 5
        })
    );
    // A lane that was never used: absence is proven, and means the beginning.
    let proof = prove(&state, &[keys::inbound_lane(0xc, TRANSFER_LANE)]);
    let inbound = claims::read_inbound(&root, 0xc, TRANSFER_LANE, &proof);
    assert_eq!(inbound, Ok(InboundLane::default()));
    // Of another lane it proves nothing that is not so.
    let other = claims::read_inbound(&root, A.id, TRANSFER_LANE, &proof);
    assert_ne!(other, Ok(InboundLane::default()));
}

#[test]
fn a_proof_with_extra_missing_duplicate_reordered_or_unrelated_nodes_is_refused() {
    let (root, state) = state(&items());
    let wanted = claims::packet_keys(B.id, TRANSFER_LANE, 5, 2);
    let packets = [packet(5), packet(6)];
    let verify = |nodes: Vec<Vec<u8>>| {
        let proof = StorageProof::from_raw(nodes).unwrap();
        claims::verify_packets(&root, &passage(5), &packets, &proof)
    };
    let good = raw(&prove(&state, &wanted));
    assert_eq!(verify(good.clone()), Ok(()));
    // A key more than is asked for.
    let mut more = wanted.clone();
    more.push(keys::result(A.id, TRANSFER_LANE, 1));
    assert_eq!(verify(raw(&prove(&state, &more))), Err(ProofError::Unused));
    // Each node is needed.
    for i in 0..good.len() {
        let mut fewer = good.clone();
        fewer.remove(i);
        let error = verify(fewer).unwrap_err();
        assert!(
            matches!(error, ProofError::Root | ProofError::Incomplete),
            "{error}"
        );
    }
    // Each stands there once, in its place.
    for i in 0..good.len() {
        let mut twice = good.clone();
        twice.insert(i, good[i].clone());
        assert_eq!(verify(twice), Err(ProofError::NodeOrder));
    }
    for i in 1..good.len() {
        let mut swapped = good.clone();
        swapped.swap(i - 1, i);
        assert_eq!(verify(swapped), Err(ProofError::NodeOrder));
    }
    // Other nodes: garbage, an empty one, the null node.
    for node in [vec![], vec![0], vec![0xff; 100], b"unrelated".to_vec()] {
        let mut unrelated = good.clone();
        unrelated.push(node);
        unrelated.sort();
        assert_eq!(verify(unrelated), Err(ProofError::Unused));
    }
    // The proof of other keys only.
    let other = prove(&state, &claims::packet_keys(B.id, TRANSFER_LANE, 300, 2));
    assert!(verify(raw(&other)).is_err());
    assert_eq!(verify(vec![]), Err(ProofError::Root));
}

#[test]
fn value_bound_to_another_packet_lane_chain_or_genesis_is_refused() {
    let (root, state) = state(&items());
    let proof = prove(&state, &claims::packet_keys(B.id, TRANSFER_LANE, 5, 1));
    let verify = |place: Passage, packet| claims::verify_packets(&root, &place, &[packet], &proof);
    assert_eq!(verify(passage(5), packet(5)), Ok(()));
    assert_eq!(verify(passage(5), packet(6)), Err(ProofError::Value));
    let forged = Hash::repeat_byte(0xf);
    for place in [
        Passage {
            source: ChainRef { id: 0xf, ..A },
            ..passage(5)
        },
        Passage {
            source: ChainRef {
                genesis: forged,
                ..A
            },
            ..passage(5)
        },
        Passage {
            destination: ChainRef {
                genesis: forged,
                ..B
            },
            ..passage(5)
        },
    ] {
        assert_eq!(verify(place, packet(5)), Err(ProofError::Value));
    }
    for place in [
        Passage {
            destination: ChainRef { id: 0xf, ..B },
            ..passage(5)
        },
        Passage {
            lane: 2,
            ..passage(5)
        },
        Passage {
            nonce: 6,
            ..passage(5)
        },
        Passage {
            nonce: 600,
            ..passage(5)
        },
        Passage {
            nonce: u64::MAX,
            ..passage(5)
        },
    ] {
        assert!(verify(place, packet(5)).is_err());
    }
    assert_eq!(
        claims::verify_packets(&Hash::repeat_byte(1), &passage(5), &[packet(5)], &proof),
        Err(ProofError::Root)
    );
}

#[test]
fn one_of_several_that_is_another_is_refused_wherever_it_stands() {
    let (root, state) = state(&items());
    let (first, count) = (5u64, 4usize);
    let sent: Vec<_> = (first..).take(count).map(|n| packet(n.into())).collect();
    let settled: Vec<_> = (first..).take(count).map(result).collect();
    let of_packets = prove(
        &state,
        &claims::packet_keys(B.id, TRANSFER_LANE, first, count),
    );
    let of_results = prove(
        &state,
        &claims::result_keys(A.id, TRANSFER_LANE, first, count),
    );
    for at in 0..count {
        let mut packets = sent.clone();
        packets[at] = packet(999);
        let verified = claims::verify_packets(&root, &passage(first), &packets, &of_packets);
        assert_eq!(verified, Err(ProofError::Value), "packet {at}");
        let mut results = settled.clone();
        results[at].charged = 2;
        let verified =
            claims::verify_results(&root, A.id, TRANSFER_LANE, first, &results, &of_results);
        assert_eq!(verified, Err(ProofError::Value), "result {at}");
    }
}

#[test]
fn out_of_range_and_empty_requests_are_refused() {
    let (root, state) = state(&items());
    let proof = prove(&state, &claims::packet_keys(B.id, TRANSFER_LANE, 0, 1));
    let none = claims::verify_packets(&root, &passage(0), &[], &proof);
    assert_eq!(none, Err(ProofError::KeyCount));
    let many = vec![packet(0); 65];
    let many = claims::verify_packets(&root, &passage(0), &many, &proof);
    assert_eq!(many, Err(ProofError::KeyCount));
    // Nonces beyond the last number there is.
    let over = vec![packet(0); 2];
    let over = claims::verify_packets(&root, &passage(u64::MAX), &over, &proof);
    assert!(over.is_err());
    let twice = keys::commitment(B.id, TRANSFER_LANE, 0);
    assert_eq!(
        proof.read(&root, &[twice.clone(), twice]),
        Err(ProofError::KeyOrder)
    );
}

#[test]
fn a_forged_result_is_refused() {
    let (root, state) = state(&items());
    let proof = prove(&state, &claims::result_keys(A.id, TRANSFER_LANE, 5, 1));
    let verify = |result| claims::verify_results(&root, A.id, TRANSFER_LANE, 5, &[result], &proof);
    assert_eq!(verify(result(5)), Ok(()));
    let forged: &[fn(&mut PacketResult)] = &[
        |r| r.outcome = Outcome::Expired,
        |r| r.charged = 0,
        |r| r.moved.source = 6,
        |r| r.commitment = Hash::zero(),
    ];
    for forge in forged {
        let mut bad = result(5);
        forge(&mut bad);
        assert_eq!(verify(bad), Err(ProofError::Value));
    }
}

#[test]
fn the_last_record_of_a_chain_is_proven_with_its_time() {
    let (root, state) = state(&items());
    let proof = prove(&state, &claims::recovery_keys(C, 7));
    let verify =
        |chain, set, hash: Hash, at| claims::verify_recovery(&root, chain, set, &hash, at, &proof);
    assert_eq!(verify(C, 7, record_hash(C, 7), AT), Ok(()));
    // Of another record, or of another time, it proves nothing.
    assert_eq!(verify(C, 7, record_hash(C, 3), AT), Err(ProofError::Value));
    for at in [AT - 1, AT + 1, 0] {
        let verified = verify(C, 7, record_hash(C, 7), at);
        assert_eq!(verified, Err(ProofError::Value), "{at}");
    }
    assert!(verify(C, 3, record_hash(C, 3), AT).is_err());
    assert!(verify(D, 3, record_hash(D, 3), AT).is_err());
    let other =
        claims::verify_recovery(&Hash::repeat_byte(1), C, 7, &record_hash(C, 7), AT, &proof);
    assert_eq!(other, Err(ProofError::Root));
}

#[test]
fn a_record_that_is_not_the_last_one_of_its_chain_is_not_proven() {
    let (root, state) = state(&items());
    let proof = prove(&state, &claims::recovery_keys(C, 3));
    let verified = claims::verify_recovery(&root, C, 3, &record_hash(C, 3), AT, &proof);
    assert_eq!(verified, Err(ProofError::Value));
    // Half of the keys is not enough, nor is a key too many.
    for keys in [vec![keys::recovery_hash(C, 7)], vec![keys::renewal(C)], {
        let mut keys = claims::recovery_keys(C, 7);
        keys.push(keys::recovery_hash(C, 3));
        keys.sort();
        keys
    }] {
        let proof = prove(&state, &keys);
        let verified = claims::verify_recovery(&root, C, 7, &record_hash(C, 7), AT, &proof);
        assert!(verified.is_err(), "{verified:?}");
    }
}

#[test]
fn oversized_proofs_do_not_decode() {
    let nodes = |count: usize, len: usize| vec![vec![0u8; len]; count].encode();
    assert!(StorageProof::decode_all(&mut &nodes(256, 1_024)[..]).is_ok());
    assert!(StorageProof::decode(&mut &nodes(257, 1)[..]).is_err());
    assert!(StorageProof::decode(&mut &nodes(1, 1_025)[..]).is_err());
    // A length that promises more than there is costs nothing.
    assert!(StorageProof::decode(&mut &codec::Compact(u32::MAX).encode()[..]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever state and keys: a proof of them is read back, with what is there and what is not; and
    /// no altered byte goes unnoticed.
    #[test]
    fn proofs_of_any_state(
        mut items in prop::collection::btree_map(
            prop::collection::vec(any::<u8>(), 1..4), prop::collection::vec(any::<u8>(), 1..80), 1..60),
        asked in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..4), 1..8),
        (node, byte) in any::<(usize, usize)>(),
        flip in 1u8..,
    ) {
        if let Some(key) = asked.iter().next() {
            items.insert(key.clone(), vec![7; 50]);
        }
        let list: Vec<_> = items.clone().into_iter().collect();
        let (root, state) = state(&list);
        let keys: Vec<_> = asked.into_iter().collect();
        let proof = prove(&state, &keys);
        let values: Vec<_> = keys.iter().map(|k| items.get(k).cloned()).collect();
        prop_assert_eq!(proof.read(&root, &keys), Ok(values));
        let mut nodes = raw(&proof);
        let node = node % nodes.len();
        let at = byte % nodes[node].len();
        nodes[node][at] ^= flip;
        let altered = StorageProof::new(nodes).unwrap();
        prop_assert!(altered.read(&root, &keys).is_err());
    }
}
