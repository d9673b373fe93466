// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Calls of foreign accounts.

use super::world::*;
use crate::{mock::*, types::CallOutcome, Call, Event};
use codec::Encode;
use frame_support::{assert_ok, dispatch::GetDispatchInfo, weights::WeightToFee};
use hansa_interchain_primitives::{Balance, Outcome, Refusal};
use sp_runtime::Weight;

fn remark() -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::remark_with_event {
        remark: vec![1, 2, 3],
    })
}

fn pay(to: AccountId, value: Balance) -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive { dest: to, value })
}

/// Alice of A has `call` executed on B.
fn send(world: &mut World, call: Vec<u8>, weight: Weight, payment: Balance) {
    let call = call.try_into().unwrap();
    assert_ok!(world.a.signed(
        ALICE,
        Call::send_call {
            peer: B,
            call,
            weight,
            payment
        }
    ));
    world.carry_to_b();
}

fn send_paid(world: &mut World, call: RuntimeCall) {
    let weight = call.get_dispatch_info().call_weight;
    let payment = Price::weight_to_fee(&weight).max(1);
    send(world, call.encode(), weight, payment);
}

fn outcome(world: &mut World) -> Outcome {
    let results = world.b.side(A).results;
    results.last_key_value().unwrap().1.outcome
}

fn executed(world: &mut World) -> CallOutcome {
    world.b.block(|| {});
    let events = world.b.events();
    let found = events.into_iter().find_map(|event| match event {
        Event::CallExecuted {
            peer: A, outcome, ..
        } => Some(outcome),
        _ => None,
    });
    found.expect("a call was executed")
}

fn alices_account(world: &mut World) -> AccountId {
    world
        .b
        .read(|| Interchain::account_of(&address(A, ALICE)).unwrap())
}

#[test]
fn a_call_is_executed_from_the_derived_account() {
    let mut world = World::new();
    let account = alices_account(&mut world);
    assert!(account != ALICE);
    assert_ok!(world
        .b
        .block(|| dispatch(pay(account, 5_000), RuntimeOrigin::signed(BOB))));
    let carol = world.b.free(CAROL);
    let reserve = world.b.book(A).theirs;
    send_paid(&mut world, pay(CAROL, 700));
    assert_eq!(outcome(&mut world), Outcome::Delivered);
    assert!(world.b.book(A).theirs < reserve - CHARGE);
    assert_eq!(executed(&mut world), CallOutcome::Succeeded);
    assert_eq!(
        (world.b.free(CAROL), world.b.free(account)),
        (carol + 700, 4_300)
    );
    world.settle();
}

#[test]
fn accounts_of_other_chains_and_other_accounts_derive_others() {
    let mut world = World::new();
    let one = alices_account(&mut world);
    world.b.read(|| {
        let bob = Interchain::account_of(&address(A, BOB)).unwrap();
        assert!(bob != one);
        assert_eq!(Interchain::account_of(&address(0, BOB)), Some(BOB));
        assert_eq!(Interchain::account_of(&address(B, BOB)), Some(BOB));
        assert_eq!(Interchain::account_of(&address(0xc, BOB)), None);
        assert_eq!(Interchain::address_of(&BOB), Some(address(B, BOB)));
    });
}

#[test]
fn a_call_that_fails_is_paid_for_and_changes_nothing() {
    let mut world = World::new();
    let free = world.a.free(ALICE);
    send_paid(&mut world, pay(CAROL, 700));
    assert_eq!(outcome(&mut world), Outcome::Delivered);
    assert!(matches!(executed(&mut world), CallOutcome::Failed(_)));
    assert_eq!(world.b.free(CAROL), 0);
    world.settle();
    assert!(world.a.free(ALICE) < free - PACKET_PRICE);
    // The queue goes on.
    send_paid(&mut world, remark());
    assert_eq!(executed(&mut world), CallOutcome::Succeeded);
}

#[test]
fn calls_that_are_filtered_malformed_or_out_of_weight_are_refused_and_cost_the_charge_only() {
    let mut world = World::new();
    let free = world.a.free(ALICE);
    let need = remark().get_dispatch_info().call_weight;
    let price = Price::weight_to_fee(&need);
    let filtered = RuntimeCall::System(frame_system::Call::set_code { code: vec![1] });
    let much = Weight::from_parts(u64::MAX, u64::MAX);
    for (call, weight, payment, refusal) in [
        (filtered.encode(), need, price, Refusal::Filtered),
        (vec![99, 99], need, price, Refusal::Malformed),
        (
            [remark().encode(), vec![0]].concat(),
            need,
            price,
            Refusal::Malformed,
        ),
        (
            remark().encode(),
            need.saturating_sub(Weight::from_parts(1, 0)),
            price,
            Refusal::Weight,
        ),
        (remark().encode(), need, price - 1, Refusal::Weight),
        (remark().encode(), much, 50_000, Refusal::Weight),
    ] {
        send(&mut world, call, weight, payment);
        assert_eq!(outcome(&mut world), Outcome::Refused(refusal));
        world.settle();
    }
    assert_eq!(world.a.free(ALICE), free - 6 * PACKET_PRICE);
    assert_eq!(world.b.book(A).theirs, RESERVE - 6 * CHARGE);
    send(&mut world, remark().encode(), need, price);
    assert_eq!(outcome(&mut world), Outcome::Delivered);
}

#[test]
fn oversized_and_deeply_nested_input_is_refused() {
    use codec::DecodeAll;
    let mut world = World::new();
    // More than a packet holds does not even decode as a call of ours.
    let of = |len: usize| {
        (
            1u8,
            B,
            vec![0u8; len],
            Weight::zero(),
            codec::Compact(1u128),
        )
            .encode()
    };
    assert!(Call::<Test>::decode_all(&mut &of(4 * 1024)[..]).is_ok());
    assert!(Call::<Test>::decode_all(&mut &of(4 * 1024 + 1)[..]).is_err());
    // A remark that says it is longer than it is.
    let mut lie = remark().encode();
    let at = lie.len() - 4;
    lie.splice(at.., codec::Compact(u32::MAX).encode());
    let need = remark().get_dispatch_info().call_weight;
    send(&mut world, lie, need, 50_000);
    assert_eq!(outcome(&mut world), Outcome::Refused(Refusal::Malformed));
    world.settle();
    // Calls in calls in calls: a few levels are none of our business, 300 are refused.
    let nested = |levels: usize| {
        let batch = [
            RuntimeCall::Utility(pallet_utility::Call::batch { calls: vec![] }).encode()[0],
            0,
            4,
        ];
        [batch.repeat(levels), remark().encode()].concat()
    };
    let weight = Weight::from_parts(20_000_000_000, 1_000_000);
    send(&mut world, nested(3), weight, 20_000);
    assert_eq!(outcome(&mut world), Outcome::Delivered);
    world.settle();
    send(&mut world, nested(300), weight, 20_000);
    assert_eq!(outcome(&mut world), Outcome::Refused(Refusal::Malformed));
}

#[test]
fn only_so_many_calls_wait() {
    let mut world = World::new();
    let need = remark().get_dispatch_info().call_weight;
    let price = Price::weight_to_fee(&need);
    for _ in 0..6 {
        let call = remark().encode().try_into().unwrap();
        let call = Call::send_call {
            peer: B,
            call,
            weight: need,
            payment: price,
        };
        assert_ok!(world.a.signed(ALICE, call));
    }
    world.carry_to_b();
    let outcomes: Vec<_> = world
        .b
        .side(A)
        .results
        .values()
        .map(|r| r.outcome)
        .collect();
    let (done, busy) = (Outcome::Delivered, Outcome::Refused(Refusal::Busy));
    assert_eq!(outcomes, [done, done, done, done, busy, busy]);
    assert_eq!(executed(&mut world), CallOutcome::Succeeded);
    world.settle();
}
