// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Results: refusals undo exactly, forgeries do nothing, prunings free what is not needed.

use super::world::*;
use crate::{mock::*, Call, Event};
use frame_support::assert_ok;
use hansa_interchain_primitives::{
    traits::SendSystemPacket, Amounts, Outcome, PacketResult, Refusal, SYSTEM_LANE, TRANSFER_LANE,
};
use sp_runtime::transaction_validity::InvalidTransaction;

fn refusals(chain: &mut Chain) -> Vec<Refusal> {
    let events = chain.events().into_iter();
    events
        .filter_map(|event| match event {
            Event::PacketTaken {
                outcome: Outcome::Refused(refusal),
                ..
            } => Some(refusal),
            _ => None,
        })
        .collect()
}

#[test]
fn a_refused_transfer_comes_back_exactly() {
    let mut world = World::new();
    let free = world.a.free(ALICE);
    // Less than an account needs to exist, an account that is none, one that nobody can spend from.
    let reserve = world.a.read(Interchain::reserve_account);
    let none = hansa_interchain_primitives::ChainAddress::new(B, vec![1; 3]).unwrap();
    assert_ok!(world.a.signed(ALICE, transfer(B, CAROL, ED - 1)));
    assert_ok!(world.a.signed(
        ALICE,
        Call::transfer {
            to: none,
            amount: 70
        }
    ));
    assert_ok!(world.a.signed(ALICE, transfer(B, reserve, 70)));
    world.carry_to_b();
    assert_eq!(refusals(&mut world.b), [Refusal::Recipient; 3]);
    assert_eq!(world.b.free(CAROL), 0);
    // Refused ones are charged, too.
    assert_eq!(world.b.book(A).theirs, RESERVE - 3 * CHARGE);
    world.settle();
    assert_eq!(world.a.free(ALICE), free - 3 * PACKET_PRICE);
    assert_eq!(world.a.book(B).theirs, RESERVE);
    // And it works with as much as it takes.
    assert_ok!(world.a.signed(ALICE, transfer(B, CAROL, ED)));
    world.settle();
    assert_eq!(world.b.free(CAROL), ED);
}

#[test]
fn forged_results_are_refused() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 1_000));
    world.carry_to_b();
    tell(&world.b, &mut world.a);
    let result = world.b.side(A).results[&(TRANSFER_LANE, 0)];
    let bad = refused(InvalidTransaction::BadProof);
    let forgeries: &[fn(&mut PacketResult)] = &[
        |r| r.outcome = Outcome::Expired,
        |r| r.outcome = Outcome::Refused(Refusal::Rate),
        |r| r.charged = 0,
        |r| r.moved = Amounts::default(),
        |r| r.commitment = Default::default(),
    ];
    for forge in forgeries {
        let mut forged = result;
        forge(&mut forged);
        let call = acknowledgement(&world.b, A, TRANSFER_LANE, 0, vec![forged]);
        assert_eq!(world.a.submit(call), bad);
    }
    // Of another lane, of a packet that is none, of none at all.
    let call = acknowledgement(&world.b, A, SYSTEM_LANE, 0, vec![result]);
    assert_eq!(world.a.submit(call), refused(InvalidTransaction::Stale));
    let call = acknowledgement(&world.b, A, TRANSFER_LANE, 1, vec![result]);
    assert_eq!(world.a.submit(call), bad);
    let call = acknowledgement(&world.b, A, TRANSFER_LANE, 0, vec![result, result]);
    assert_eq!(world.a.submit(call), bad);
    let good = acknowledgement(&world.b, A, TRANSFER_LANE, 0, vec![result]);
    assert_ok!(world.a.submit(good.clone()));
    assert_eq!(world.a.submit(good), refused(InvalidTransaction::Stale));
    world.settle();
}

#[test]
fn results_are_settled_in_their_order() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 1_000));
    assert_ok!(world.a.transfer(B, 2_000));
    world.carry_to_b();
    tell(&world.b, &mut world.a);
    let second = world.b.side(A).results[&(TRANSFER_LANE, 1)];
    let call = acknowledgement(&world.b, A, TRANSFER_LANE, 1, vec![second]);
    assert_eq!(world.a.submit(call), refused(InvalidTransaction::Future));
    world.settle();
}

#[test]
fn results_are_pruned_only_when_they_are_settled() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 1_000));
    world.carry_to_b();
    // A has not settled it.
    let early = pruning(&world.a, B, TRANSFER_LANE, 1);
    assert_eq!(world.b.submit(early), refused(InvalidTransaction::BadProof));
    world.carry_to_a();
    tell(&world.a, &mut world.b);
    let far = pruning(&world.a, B, TRANSFER_LANE, 2);
    assert_eq!(world.b.submit(far), refused(InvalidTransaction::BadProof));
    let right = pruning(&world.a, B, TRANSFER_LANE, 1);
    assert_ok!(world.b.submit(right.clone()));
    assert_eq!(world.b.submit(right), refused(InvalidTransaction::Stale));
    assert!(world.b.side(A).results.is_empty());
    world.audit();
}

#[test]
fn pallets_talk_to_pallets() {
    let mut world = World::new();
    let send = |chain: &mut Chain, to, bytes: Vec<u8>| {
        chain.block(|| <Interchain as SendSystemPacket>::send(to, bytes))
    };
    assert_eq!(send(&mut world.a, B, vec![1, 2]), Some(1));
    // Refused, and what was written until then is undone.
    assert_eq!(send(&mut world.a, B, vec![0, 2]), Some(2));
    assert_eq!(send(&mut world.a, 0xc, vec![1]), None);
    assert_eq!(send(&mut world.a, B, vec![1; 48 * 1024 + 1]), None);
    world.carry_to_b();
    assert_eq!(heard(), [(A, vec![1, 2])]);
    assert_eq!(refusals(&mut world.b), [Refusal::System]);
    let written = world
        .b
        .read(|| frame_support::storage::unhashed::get::<Vec<u8>>(b"heard"));
    assert_eq!(written, Some(vec![1, 2]));
    world.settle();
}
