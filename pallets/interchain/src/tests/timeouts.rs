// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Packets that come too late, and packets that do not come.

use super::world::*;
use crate::{mock::*, Event};
use frame_support::assert_ok;
use hansa_interchain_primitives::{Outcome, TRANSFER_LANE};
use sp_runtime::transaction_validity::InvalidTransaction;

#[test]
fn a_refund_needs_the_time_to_be_over_in_a_header() {
    let mut world = World::new();
    let free = world.a.free(ALICE);
    assert_ok!(world.a.transfer(B, 1_000));
    world.b.block(|| {});
    tell(&world.b, &mut world.a);
    let early = timeout(&world.b, A, TRANSFER_LANE, 0, 1);
    assert_eq!(world.a.submit(early), refused(InvalidTransaction::Future));
    world.wait(TIMEOUT_MS);
    tell(&world.b, &mut world.a);
    let proof = timeout(&world.b, A, TRANSFER_LANE, 0, 1);
    assert_ok!(world.a.submit(proof.clone()));
    assert_eq!(world.a.free(ALICE), free - PACKET_PRICE);
    // Once.
    assert_eq!(world.a.submit(proof), refused(InvalidTransaction::Stale));
    let missing = timeout(&world.b, A, TRANSFER_LANE, 1, 1);
    assert_eq!(
        world.a.submit(missing),
        refused(InvalidTransaction::BadProof)
    );
    world.audit();
}

#[test]
fn delivery_after_timeout_is_a_no_op_and_the_lane_goes_on() {
    let mut world = World::new();
    let (free, bob) = (world.a.free(ALICE), world.b.free(BOB));
    assert_ok!(world.a.transfer(B, 1_000));
    world.wait(TIMEOUT_MS);
    tell(&world.b, &mut world.a);
    let proof = timeout(&world.b, A, TRANSFER_LANE, 0, 1);
    assert_ok!(world.a.submit(proof));
    assert_ok!(world.a.transfer(B, 50));
    // The late one is taken, charged, and does nothing; the next one arrives.
    world.carry_to_b();
    let taken = |nonce, outcome| Event::PacketTaken {
        peer: A,
        lane: TRANSFER_LANE,
        nonce,
        outcome,
    };
    let events = world.b.events();
    assert!(events.contains(&taken(0, Outcome::Expired)));
    assert!(events.contains(&taken(1, Outcome::Delivered)));
    assert_eq!(world.b.free(BOB), bob + 50);
    assert_eq!(world.b.book(A).theirs, RESERVE - 50 - 2 * CHARGE);
    world.settle();
    assert_eq!(world.a.free(ALICE), free - 50 - 2 * PACKET_PRICE);
}

#[test]
fn without_a_refund_the_result_of_a_late_packet_refunds() {
    let mut world = World::new();
    let free = world.a.free(ALICE);
    assert_ok!(world.a.transfer(B, 1_000));
    world.wait(TIMEOUT_MS);
    world.settle();
    assert_eq!(world.a.free(ALICE), free - PACKET_PRICE);
    assert_eq!(world.a.book(B).ours, RESERVE - CHARGE);
}

#[test]
fn timeout_after_delivery_is_refused() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 1_000));
    world.carry_to_b();
    world.wait(TIMEOUT_MS);
    tell(&world.b, &mut world.a);
    let proof = timeout(&world.b, A, TRANSFER_LANE, 0, 1);
    assert_eq!(world.a.submit(proof), refused(InvalidTransaction::Future));
    world.settle();
    assert_eq!(world.a.book(B).theirs, RESERVE + 1_000);
}

/// A header of before the delivery proves that it was not taken, but not that its time was over.
#[test]
fn an_old_header_does_not_refund_what_was_delivered_in_time() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 1_000));
    world.b.block(|| {});
    tell(&world.b, &mut world.a);
    let old = timeout(&world.b, A, TRANSFER_LANE, 0, 1);
    world.carry_to_b();
    world.wait(TIMEOUT_MS);
    assert_eq!(world.a.submit(old), refused(InvalidTransaction::Future));
    world.settle();
}

#[test]
fn a_chain_that_halts_for_longer_than_the_timeout_takes_the_late_ones_as_no_ops() {
    let mut world = World::new();
    let free = world.a.free(ALICE);
    for _ in 0..3 {
        assert_ok!(world.a.transfer(B, 1_000));
    }
    // B stands still; A's users wait, as there is no header past the timeout.
    world.a.now += 3 * TIMEOUT_MS;
    world.a.block(|| {});
    let proof = timeout(&world.b, A, TRANSFER_LANE, 0, 3);
    assert_eq!(world.a.submit(proof), refused(InvalidTransaction::Future));
    // It goes on, with the time of then, and the first that it says refunds.
    world.b.now = world.a.now;
    world.b.block(|| {});
    tell(&world.b, &mut world.a);
    let proof = timeout(&world.b, A, TRANSFER_LANE, 0, 3);
    assert_ok!(world.a.submit(proof));
    assert!(world.a.free(ALICE) + 60 >= free);
    assert_eq!(world.a.book(B).escrow, 0);
    world.settle();
    assert_ok!(world.a.transfer(B, 5));
    world.settle();
}

/// A chain that delivers what it has proven to be over has lied: the route freezes.
#[test]
fn a_result_that_contradicts_a_proven_timeout_freezes() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 1_000));
    world.wait(TIMEOUT_MS);
    tell(&world.b, &mut world.a);
    let proof = timeout(&world.b, A, TRANSFER_LANE, 0, 1);
    assert_ok!(world.a.submit(proof));
    tell(&world.a, &mut world.b);
    // B turns its clock back.
    world.b.block(|| {
        Timestamp::set_timestamp(START_MS);
        crate::Clients::<Test>::mutate(A, |client| {
            client.as_mut().unwrap().latest.timestamp = START_MS;
        });
    });
    let calls = cargo(&world.a, &mut world.b);
    world.b.block(|| {
        Timestamp::set_timestamp(START_MS + 1);
        for call in calls {
            let _ = submit(call);
        }
    });
    assert_eq!(
        world.b.side(A).results[&(TRANSFER_LANE, 0)].outcome,
        Outcome::Delivered
    );
    world.carry_to_a();
    assert!(world.a.events().contains(&Event::RouteFrozen { peer: B }));
    assert!(world.a.transfer(B, 1).is_err());
}
