// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Reserves, limits, windows, rates: what a chain may do to another one, and how much of it.

use super::world::*;
use crate::{mock::*, Call, Error};
use frame_support::{assert_noop, assert_ok};
use hansa_interchain_primitives::{
    api::RouteStatus, traits::SendSystemPacket, Outcome, Refusal, SYSTEM_LANE, TRANSFER_LANE,
};
use sp_runtime::transaction_validity::InvalidTransaction;

#[test]
fn a_reserve_cannot_be_used_before_its_success_is_proven() {
    let mut world = World::new();
    // A sends much: B's reserve at A will grow by it. But B may not spend it yet.
    for _ in 0..3 {
        assert_ok!(world.a.transfer(B, 30_000));
    }
    world.carry_to_b();
    let over = RESERVE + 10_000;
    let fails = |chain: &mut Chain| chain.transfer(A, over).unwrap_err();
    assert_eq!(fails(&mut world.b), Error::<Test>::OurReserveTooLow.into());
    world.carry_to_a();
    assert_eq!(fails(&mut world.b), Error::<Test>::OurReserveTooLow.into());
    world.carry_to_b();
    assert_ok!(world.b.transfer(A, over));
    world.settle();
}

#[test]
fn a_reserve_drained_by_concurrent_packets_refuses_what_it_does_not_cover() {
    let mut world = World::new();
    let free = world.a.free(ALICE);
    // The own book stops it …
    assert_ok!(world.a.transfer(B, 60_000));
    assert_noop_transfer(&mut world.a, 50_000, Error::<Test>::OurReserveTooLow);
    // … and a chain whose book does not say so is stopped by the other's.
    world
        .a
        .block(|| crate::Books::<Test>::mutate(B, |book| book.ours += 50_000));
    assert_ok!(world.a.transfer(B, 50_000));
    tell(&world.a, &mut world.b);
    let (first, packets) = waiting(&mut world.a, &mut world.b, TRANSFER_LANE);
    let call = delivery(&world.a, B, TRANSFER_LANE, first, packets);
    assert_ok!(world.b.submit(call));
    let results = world.b.side(A).results;
    assert_eq!(results[&(TRANSFER_LANE, 0)].outcome, Outcome::Delivered);
    assert_eq!(
        results[&(TRANSFER_LANE, 1)].outcome,
        Outcome::Refused(Refusal::Reserve)
    );
    carry(&world.b, &mut world.a);
    assert_eq!(world.a.free(ALICE), free - 60_000 - 2 * PACKET_PRICE);
}

fn assert_noop_transfer(chain: &mut Chain, amount: u128, error: Error<Test>) {
    chain.read(|| {
        let call = RuntimeCall::Interchain(transfer(B, BOB, amount));
        assert_noop!(dispatch(call, RuntimeOrigin::signed(ALICE)), error);
    });
}

#[test]
fn an_empty_reserve_suspends_until_it_is_topped_up() {
    let mut world = World::bare(PAR);
    assert_eq!(
        world.a.transfer(B, 10),
        Err(Error::<Test>::OurReserveTooLow.into())
    );
    let status = world.a.read(|| Interchain::route(B).unwrap().status);
    assert_eq!(status, RouteStatus::ReserveEmpty);
    // A chain that sends all the same is not served, nor is its pallets' talk; the lane waits.
    world
        .a
        .block(|| crate::Books::<Test>::mutate(B, |book| book.ours = 1_000));
    assert_ok!(world.a.transfer(B, 10));
    world
        .a
        .block(|| <Interchain as SendSystemPacket>::send(B, vec![1]).unwrap());
    tell(&world.a, &mut world.b);
    for lane in [TRANSFER_LANE, SYSTEM_LANE] {
        let (first, packets) = waiting(&mut world.a, &mut world.b, lane);
        let call = delivery(&world.a, B, lane, first, packets);
        assert_eq!(world.b.submit(call), refused(InvalidTransaction::Payment));
    }
    // The hub's are served.
    world
        .b
        .block(|| crate::Routes::<Test>::mutate(A, |r| r.as_mut().unwrap().hub = true));
    let (first, packets) = waiting(&mut world.a, &mut world.b, SYSTEM_LANE);
    let call = delivery(&world.a, B, SYSTEM_LANE, first, packets);
    assert_ok!(world.b.submit(call));
    assert_eq!(heard(), [(A, vec![1])]);
    // Topped up, it goes on.
    world
        .a
        .block(|| crate::Books::<Test>::mutate(B, |book| book.ours = 0));
    assert_ok!(world.b.signed(
        BOB,
        Call::top_up {
            peer: A,
            amount: 1_000
        }
    ));
    world.settle();
    assert_ok!(world.a.transfer(B, 20));
    world.settle();
    assert_eq!(world.b.free(BOB), RICHES - 1_000 + 30);
}

#[test]
fn the_limit_bounds_what_another_chain_may_have() {
    let mut world = World::new();
    assert_ok!(world.a.root(Call::set_limit {
        peer: B,
        limit: RESERVE + 1_000
    }));
    assert_ok!(world.a.transfer(B, 600));
    assert_noop_transfer(&mut world.a, 401, Error::<Test>::OverLimit);
    let top_up = Call::top_up {
        peer: B,
        amount: 401,
    };
    assert_eq!(
        world.a.signed(BOB, top_up),
        Err(Error::<Test>::OverLimit.into())
    );
    assert_ok!(world.a.transfer(B, 400));
    world.settle();
    assert_noop_transfer(&mut world.a, 1, Error::<Test>::OverLimit);
    // What comes back makes room.
    assert_ok!(world.b.transfer(A, 500));
    world.settle();
    assert_ok!(world.a.transfer(B, 500));
    let small = Call::top_up {
        peer: B,
        amount: 99,
    };
    assert_eq!(
        world.a.signed(BOB, small),
        Err(Error::<Test>::TopUpTooSmall.into())
    );
}

#[test]
fn two_full_lanes_do_not_deadlock() {
    let mut world = World::new();
    for _ in 0..3 {
        for chain in [&mut world.a, &mut world.b] {
            let peer = if chain.id == A { B } else { A };
            let mut sent = 0;
            while chain.transfer(peer, 1).is_ok() {
                sent += 1;
            }
            assert_eq!(sent, WINDOW);
            let full = chain.transfer(peer, 1);
            assert_eq!(full, Err(Error::<Test>::LaneFull.into()));
        }
        // Both take a whole window before either settles anything.
        deliver_transfers(&mut world.a, &mut world.b).unwrap();
        deliver_transfers(&mut world.b, &mut world.a).unwrap();
        assert_eq!(world.a.side(B).results.len() as u32, WINDOW);
        world.settle();
    }
}

/// Results that nobody prunes stop the lane, and only it.
#[test]
fn results_are_kept_within_the_window() {
    let mut world = World::new();
    let mut delivered = 0;
    for _ in 0..WINDOW {
        assert_ok!(world.a.transfer(B, 1));
        deliver_transfers(&mut world.a, &mut world.b).unwrap();
        delivered += 1;
        let (result, nonce) = {
            let side = world.b.side(A);
            let nonce = delivered - 1;
            (side.results[&(TRANSFER_LANE, nonce)], nonce)
        };
        tell(&world.b, &mut world.a);
        let call = acknowledgement(&world.b, A, TRANSFER_LANE, nonce, vec![result]);
        assert_ok!(world.a.submit(call));
    }
    assert_ok!(world.a.transfer(B, 1));
    let full = deliver_transfers(&mut world.a, &mut world.b);
    assert_eq!(full, refused(InvalidTransaction::ExhaustsResources));
    world.settle();
}

#[test]
fn a_peer_cannot_fill_blocks_with_free_deliveries() {
    let mut world = World::new();
    MaxBlockItems::set(10);
    for _ in 0..WINDOW {
        assert_ok!(world.a.transfer(B, 1));
        assert_ok!(world.a.signed(
            ALICE,
            Call::send_call {
                peer: B,
                call: vec![1].try_into().unwrap(),
                weight: Default::default(),
                payment: 1,
            }
        ));
    }
    tell(&world.a, &mut world.b);
    let (first, packets) = waiting(&mut world.a, &mut world.b, TRANSFER_LANE);
    let transfers = delivery(&world.a, B, TRANSFER_LANE, first, packets);
    let (first, packets) = waiting(
        &mut world.a,
        &mut world.b,
        hansa_interchain_primitives::CALL_LANE,
    );
    let calls = delivery(
        &world.a,
        B,
        hansa_interchain_primitives::CALL_LANE,
        first,
        packets,
    );
    // Eight fit a block of ten; the other eight come in the next.
    world.b.block(|| {
        assert_ok!(submit(transfers));
        assert_eq!(
            submit(calls.clone()),
            refused(InvalidTransaction::ExhaustsResources)
        );
    });
    assert_ok!(world.b.submit(calls));
    // All of them were malformed: what the route may bring shrinks, never to nothing.
    let reputation = world
        .b
        .read(|| crate::Routes::<Test>::get(A).unwrap().reputation);
    assert_eq!((reputation.delivered, reputation.invalid), (9, 8));
    assert!(reputation.score < 200);
    assert_eq!(reputation.share_of(80), 10);
    MaxBlockItems::set(100);
    world.settle();
}

#[test]
fn a_route_brings_no_more_than_its_rate() {
    let mut world = World::new();
    PacketBurst::set(8);
    world.wait(10_000);
    for _ in 0..WINDOW {
        assert_ok!(world.a.transfer(B, 1));
    }
    tell(&world.a, &mut world.b);
    let (first, mut packets) = waiting(&mut world.a, &mut world.b, TRANSFER_LANE);
    let rest = packets.split_off(5);
    let some = delivery(&world.a, B, TRANSFER_LANE, first, packets.clone());
    let others = delivery(&world.a, B, TRANSFER_LANE, first + 5, rest);
    assert_ok!(world.b.block(|| submit(some)));
    world.b.read(|| {
        crate::Routes::<Test>::mutate(A, |route| {
            let now = Timestamp::get();
            route.as_mut().unwrap().packets.spend(7, now + 1_000, 80);
        })
    });
    let fast = world.b.submit(others.clone());
    assert_eq!(fast, refused(InvalidTransaction::ExhaustsResources));
    assert_ok!(world.b.submit(others));
    world.settle();
}

#[test]
fn congestion_raises_the_price() {
    let mut world = World::new();
    let mut last = 0;
    for i in 0..WINDOW {
        let free = world.a.free(ALICE);
        assert_ok!(world.a.transfer(B, 1));
        let price = free - world.a.free(ALICE) - 1;
        if i <= WINDOW / 2 {
            assert_eq!(price, PACKET_PRICE);
        } else {
            assert!(price > last, "{price} {last}");
        }
        last = price;
    }
    world.settle();
    let free = world.a.free(ALICE);
    assert_ok!(world.a.transfer(B, 1));
    assert_eq!(free - world.a.free(ALICE) - 1, PACKET_PRICE);
}

#[test]
fn header_updates_are_rationed() {
    let mut world = World::new();
    let mut taken = 0;
    for _ in 0..60 {
        world.a.now -= 999;
        world.a.block(|| {});
        world.b.now = world.b.now.max(world.a.now) - 999;
        let call = update(&world.a, &mut world.b).remove(0);
        match world.b.submit(call) {
            Ok(()) => taken += 1,
            Err(refusal) => {
                assert_eq!(Err(refusal), refused(InvalidTransaction::ExhaustsResources));
            }
        }
    }
    assert!((15..25).contains(&taken), "{taken}");
}
