// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The six steps, end to end, and what a proof must be.

use super::world::*;
use crate::{mock::*, Call, Event};
use frame_support::{assert_noop, assert_ok};
use hansa_interchain_primitives::{
    claims, keys, Amounts, Hash, Outcome, Packet, Payload, StorageProof, CALL_LANE, TRANSFER_LANE,
};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionSource};

#[test]
fn value_goes_from_chain_to_chain_and_is_settled_by_its_result() {
    let mut world = World::new();
    let (free, bob) = (world.a.free(ALICE), world.b.free(BOB));
    // 1. The value goes on hold, a commitment into the state.
    assert_ok!(world.a.transfer(B, 1_000));
    assert_eq!(world.a.free(ALICE), free - 1_000 - PACKET_PRICE);
    assert_eq!(world.a.book(B).escrow, 1_000);
    // 2. to 6. Header, proof, rules, delivery.
    world.carry_to_b();
    assert_eq!(world.b.free(BOB), bob + 1_000);
    assert_eq!(world.b.book(A).theirs, RESERVE - 1_000 - CHARGE);
    let taken = Event::PacketTaken {
        peer: A,
        lane: TRANSFER_LANE,
        nonce: 0,
        outcome: Outcome::Delivered,
    };
    assert!(world.b.events().contains(&taken));
    // Only now, by its proven result, does it become B's reserve.
    assert_eq!(world.a.book(B).theirs, RESERVE);
    world.carry_to_a();
    let (theirs, ours) = (world.a.book(B).theirs, world.a.book(B).ours);
    assert_eq!((theirs, ours), (RESERVE + 1_000, RESERVE - 1_000 - CHARGE));
    assert!(world.a.events().contains(&Event::PacketDelivered {
        peer: B,
        lane: TRANSFER_LANE,
        nonce: 0
    }));
    assert_eq!(world.a.balance_of_reserves(), RESERVE + 1_000);
    // And B may use it only once it knows.
    assert_eq!(world.b.book(A).ours, RESERVE);
    world.settle();
    assert_eq!(world.b.book(A).ours, RESERVE + 1_000);
    assert_eq!(world.b.balance_of_reserves(), RESERVE - 1_000 - CHARGE);
}

#[test]
fn value_of_another_rate_is_converted_by_it() {
    let rate = hansa_interchain_primitives::Rate { low: 2, high: 3 };
    let mut world = World::with_terms(hansa_interchain_primitives::rate::Terms { rate, ..PAR });
    let (bob_a, bob_b) = (world.a.free(BOB), world.b.free(BOB));
    assert_ok!(world.a.transfer(B, 1_000));
    assert_ok!(world.b.transfer(A, 300));
    world.settle();
    assert_eq!(
        (world.a.free(BOB), world.b.free(BOB)),
        (bob_a + 200, bob_b + 1_500)
    );
}

#[test]
fn a_quote_says_what_a_transfer_comes_to() {
    let rate = hansa_interchain_primitives::Rate { low: 2, high: 3 };
    let mut world = World::with_terms(hansa_interchain_primitives::rate::Terms { rate, ..PAR });
    let quote = |world: &mut World, amount| world.a.read(|| Interchain::quote(B, amount));
    assert_eq!(quote(&mut world, 0), None);
    assert_eq!(world.a.read(|| Interchain::quote(0xc, 1)), None);
    let said = quote(&mut world, 1_000).unwrap();
    assert_eq!((said.destination, said.price), (1_500, PACKET_PRICE));
    // The reserve is worth (100,000 - 5) * 2 / 3.
    assert_eq!(said.most, 66_663);
    assert!(world.a.transfer(B, said.most + 2).is_err());
    assert_ok!(world.a.transfer(B, said.most));
    world.settle();
    let limit = world.a.book(B).theirs + 7;
    assert_ok!(world.a.root(Call::set_limit { peer: B, limit }));
    assert_ok!(world.b.signed(
        BOB,
        Call::top_up {
            peer: A,
            amount: 10_000
        }
    ));
    world.settle();
    assert_eq!(quote(&mut world, 1).unwrap().most, 7);
}

#[test]
fn an_amount_for_an_address_of_this_chain_goes_at_once() {
    let mut world = World::new();
    for chain in [0, A] {
        let bob = world.a.free(BOB);
        assert_ok!(world.a.transfer(chain, 10));
        assert_eq!(world.a.free(BOB), bob + 10);
    }
    assert!(world.a.transfer(0xc, 10).is_err());
    assert!(world.a.transfer(B, 0).is_err());
}

/// A delivery of one transfer of A, that B has not taken; B knows the header.
fn one_transfer(world: &mut World) -> (Packet, StorageProof) {
    assert_ok!(world.a.transfer(B, 1_000));
    tell(&world.a, &mut world.b);
    let (first, packets) = waiting(&mut world.a, &mut world.b, TRANSFER_LANE);
    assert_eq!((first, packets.len()), (0, 1));
    let proof = world.a.prove(claims::packet_keys(B, TRANSFER_LANE, 0, 1));
    (packets[0].clone(), proof)
}

fn deliver(
    world: &World,
    lane: u8,
    first: u64,
    packet: &Packet,
    proof: StorageProof,
) -> Call<Test> {
    let packets = vec![packet.clone()].try_into().unwrap();
    Call::deliver {
        peer: A,
        lane,
        first,
        packets,
        height: world.a.height(),
        proof,
    }
}

#[test]
fn replayed_delivery() {
    let mut world = World::new();
    let (packet, proof) = one_transfer(&mut world);
    let bob = world.b.free(BOB);
    let call = deliver(&world, TRANSFER_LANE, 0, &packet, proof);
    assert_ok!(world.b.submit(call.clone()));
    for _ in 0..2 {
        assert_eq!(
            world.b.submit(call.clone()),
            refused(InvalidTransaction::Stale)
        );
    }
    // Nor within one block.
    assert_ok!(world.a.transfer(B, 1));
    tell(&world.a, &mut world.b);
    let (first, packets) = waiting(&mut world.a, &mut world.b, TRANSFER_LANE);
    let call = delivery(&world.a, B, TRANSFER_LANE, first, packets);
    world.b.block(|| {
        assert_ok!(submit(call.clone()));
        assert_eq!(submit(call), refused(InvalidTransaction::Stale));
    });
    assert_eq!(world.b.free(BOB), bob + 1_001);
    world.settle();
}

#[test]
fn value_bound_to_another_packet_is_refused() {
    let mut world = World::new();
    let (packet, proof) = one_transfer(&mut world);
    let more = Packet {
        payload: Payload::Transfer {
            to: address(B, BOB).account,
            amounts: Amounts {
                source: 1_000,
                destination: 100_000,
            },
        },
        ..packet.clone()
    };
    let thief = Packet {
        payload: Payload::Transfer {
            to: address(B, CAROL).account,
            amounts: Amounts {
                source: 1_000,
                destination: 1_000,
            },
        },
        ..packet.clone()
    };
    let later = Packet {
        timeout: packet.timeout + 1,
        ..packet.clone()
    };
    let other = Packet {
        sender: address(A, BOB).account,
        ..packet.clone()
    };
    for forged in [more, thief, later, other] {
        let call = deliver(&world, TRANSFER_LANE, 0, &forged, proof.clone());
        assert_eq!(world.b.submit(call), refused(InvalidTransaction::BadProof));
    }
    let call = deliver(&world, TRANSFER_LANE, 0, &packet, proof);
    assert_ok!(world.b.submit(call));
}

#[test]
fn proof_of_another_lane_chain_or_genesis_is_refused() {
    let mut world = World::new();
    let (packet, proof) = one_transfer(&mut world);
    let bad = refused(InvalidTransaction::BadProof);
    // Another lane; one that is none.
    let call = deliver(&world, CALL_LANE, 0, &packet, proof.clone());
    assert_eq!(world.b.submit(call), bad);
    let call = deliver(&world, 3, 0, &packet, proof.clone());
    assert_eq!(world.b.submit(call), bad);
    // Another position.
    let call = deliver(&world, TRANSFER_LANE, 1, &packet, proof.clone());
    assert_eq!(world.b.submit(call), refused(InvalidTransaction::Future));
    // A chain with another id, and one with A's id and another genesis: both know A's header, and
    // neither is the one that the packet is for.
    for id in [0xc, B] {
        let mut other = Chain::with_genesis(id, Hash::repeat_byte(0x77));
        other.now = world.a.now;
        assert_ok!(other.root(route_to(&world.a, PAR)));
        let call = deliver(&world, TRANSFER_LANE, 0, &packet, proof.clone());
        // It has no reserve, either; with one, the proof is what stops it.
        assert_eq!(
            other.submit(call.clone()),
            refused(InvalidTransaction::Payment)
        );
        assert_ok!(other.signed(
            BOB,
            Call::top_up {
                peer: A,
                amount: RESERVE
            }
        ));
        assert_eq!(other.submit(call), bad);
    }
    // Nobody delivers in the name of a chain without a route.
    let call = Call::deliver {
        peer: 0xd,
        lane: TRANSFER_LANE,
        first: 0,
        packets: vec![packet].try_into().unwrap(),
        height: world.a.height(),
        proof,
    };
    assert_eq!(world.b.submit(call), bad);
}

#[test]
fn proof_with_extra_missing_duplicate_reordered_or_unrelated_keys_is_refused() {
    let mut world = World::new();
    let (packet, proof) = one_transfer(&mut world);
    let good: Vec<Vec<u8>> = proof.nodes().map(|n| n.to_vec()).collect();
    let mut keys = claims::packet_keys(B, TRANSFER_LANE, 0, 1);
    keys.push(keys::outbound_lane(B, TRANSFER_LANE));
    let extra = world.a.prove(keys);
    let missing = StorageProof::from_raw(good[1..].to_vec()).unwrap();
    let mut twice = good.clone();
    twice.insert(1, good[0].clone());
    let duplicate = StorageProof::from_raw(twice).unwrap();
    let reordered = StorageProof::from_raw(good.iter().rev().cloned().collect()).unwrap();
    let unrelated = world.a.prove(vec![keys::inbound_lane(B, CALL_LANE)]);
    for bad in [
        extra,
        missing,
        duplicate,
        reordered,
        unrelated,
        StorageProof::default(),
    ] {
        let call = deliver(&world, TRANSFER_LANE, 0, &packet, bad);
        assert_eq!(world.b.submit(call), refused(InvalidTransaction::BadProof));
    }
    let call = deliver(&world, TRANSFER_LANE, 0, &packet, proof);
    assert_ok!(world.b.submit(call));
}

#[test]
fn out_of_range_positions_batches_and_headers_are_refused() {
    let mut world = World::new();
    let (packet, proof) = one_transfer(&mut world);
    let bad = refused(InvalidTransaction::BadProof);
    let call = |first, packets: Vec<Packet>, height| Call::deliver {
        peer: A,
        lane: TRANSFER_LANE,
        first,
        packets: packets.try_into().unwrap(),
        height,
        proof: proof.clone(),
    };
    let height = world.a.height();
    assert_eq!(world.b.submit(call(0, vec![], height)), bad);
    let many = vec![packet.clone(); BATCH as usize + 1];
    assert_eq!(world.b.submit(call(0, many, height)), bad);
    for first in [WINDOW as u64 + 1, u64::MAX - 1, u64::MAX] {
        let far = call(first, vec![packet.clone(); 2], height);
        assert_eq!(world.b.submit(far), refused(InvalidTransaction::Future));
    }
    for height in [0, height - 1, height + 1, u32::MAX] {
        let unknown = call(0, vec![packet.clone()], height);
        assert_eq!(world.b.submit(unknown), refused(InvalidTransaction::Future));
    }
    assert_ok!(world.b.submit(call(0, vec![packet], height)));
}

#[test]
fn only_the_own_node_puts_deliveries_into_its_pool() {
    let mut world = World::new();
    let (packet, proof) = one_transfer(&mut world);
    let call = deliver(&world, TRANSFER_LANE, 0, &packet, proof.clone());
    let ask = |call: &Call<Test>, source| authorize(call, source);
    world.b.read(|| {
        let outside = ask(&call, TransactionSource::External);
        assert_eq!(outside, Err(Refused::Invalid(InvalidTransaction::Call)));
        let valid = ask(&call, TransactionSource::Local).unwrap();
        assert!(!valid.propagate);
        assert_eq!((valid.provides.len(), valid.requires.len()), (1, 0));
    });
    // In a pool a packet may wait for the one before it, and for a header that is on its way.
    assert_ok!(world.a.transfer(B, 10));
    let (_, packets) = waiting(&mut world.a, &mut world.b, TRANSFER_LANE);
    let ahead = delivery(&world.a, B, TRANSFER_LANE, 1, packets[1..].to_vec());
    let header = update(&world.a, &mut world.b).remove(0);
    world.b.read(|| {
        let first = ask(&call, TransactionSource::Local).unwrap();
        let second = ask(&ahead, TransactionSource::Local).unwrap();
        let header = ask(&header, TransactionSource::Local).unwrap();
        assert_eq!(second.requires, [first.provides, header.provides].concat());
        // In a block it may not.
        let in_block = ask(&ahead, TransactionSource::InBlock);
        assert_eq!(in_block, Err(Refused::Invalid(InvalidTransaction::Future)));
    });
    world.b.block(|| {
        for call in [call, header, ahead] {
            assert_ok!(submit(call));
        }
    });
    // No sender can dispatch them.
    let call = deliver(&world, TRANSFER_LANE, 2, &packet, proof);
    world.b.read(|| {
        for origin in [
            RuntimeOrigin::signed(ALICE),
            RuntimeOrigin::none(),
            RuntimeOrigin::root(),
        ] {
            assert_noop!(
                dispatch(RuntimeCall::Interchain(call.clone()), origin),
                sp_runtime::DispatchError::BadOrigin
            );
        }
    });
    world.settle();
}
