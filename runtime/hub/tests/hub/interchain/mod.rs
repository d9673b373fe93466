// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Two hubs with a route between them: what goes from one to the other, with real proofs and certificates,
//! and what other chains may do here.

mod pair;

use crate::common::*;
use codec::{Encode, MaxEncodedLen};
use frame_support::traits::{fungible::Inspect, Contains, Get, Hooks};
use frame_system::Call as SystemCall;
use hansa_interchain_primitives::{
    api::{runtime_decl_for_interchain_api::InterchainApi, RouteStatus},
    ChainId, LaneId, Outcome, Refusal, TrustedHeader, CALL_LANE, TRANSFER_LANE,
};
use hansa_pallet_interchain::{
    types::{CallOutcome, NewRoute, QueuedCall},
    Call, Event,
};
use hansa_primitives::{AccountId, Balance};
use hansa_runtime_common::currency::UNIT;
use hansa_runtime_hub::{
    genesis_presets::{LOCAL, POA, STAKE},
    interchain::{ForeignCalls, MAX_CALL, TRUSTING_PERIOD},
    Balances, Interchain, Pbft, Runtime, RuntimeCall, RuntimeEvent, System, UncheckedExtrinsic,
};
use pair::*;
use sp_keyring::Sr25519Keyring::{Alice, Charlie};
use sp_runtime::{
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
    DispatchError, Weight,
};

/// What the pallet said in the last block.
fn events(chain: &mut Chain) -> Vec<Event<Runtime>> {
    chain.state(|| {
        let events = System::events().into_iter();
        events
            .filter_map(|record| match record.event {
                RuntimeEvent::Interchain(event) => Some(event),
                _ => None,
            })
            .collect()
    })
}

/// What became of a packet in the last block.
fn outcome(chain: &mut Chain, in_lane: LaneId) -> Option<Outcome> {
    events(chain).into_iter().find_map(|event| match event {
        Event::PacketTaken { lane, outcome, .. } if lane == in_lane => Some(outcome),
        _ => None,
    })
}

fn remark() -> RuntimeCall {
    SystemCall::<Runtime>::remark_with_event { remark: vec![7] }.into()
}

/// A call on another chain, with this weight and its price.
fn remote(peer: ChainId, call: &RuntimeCall, weight: Weight) -> Call<Runtime> {
    Call::send_call {
        peer,
        call: call.encode().try_into().expect("it is short"),
        weight,
        payment: Balance::from(weight.ref_time()).max(1),
    }
}

#[test]
fn a_transfer_is_delivered_paid_and_settled_once() {
    let mut pair = Two::new();
    let carol = AccountId::new([0xca; 32]);
    let amount = 5 * UNIT;
    let before = pair.a.state(|| (free(Alice), Balances::total_issuance()));
    let quote = pair.a.state(|| Runtime::quote(B, amount)).expect("a route");
    assert_eq!(quote.destination, amount);
    let transfer = Call::<Runtime>::transfer {
        to: address(B, &carol),
        amount,
    };
    send(&mut pair.a, Alice, transfer);
    pair.audit();
    let packets = pair.a.state(|| Runtime::packets(B, TRANSFER_LANE, 0, 10));
    assert_eq!(packets.len(), 1);
    assert!(pair.a.state(|| free(Alice)) <= before.0 - amount - quote.price);
    assert!(pair.a.state(|| Balances::total_issuance() <= before.1));

    pair.carry_to_b();
    assert_eq!(
        outcome(&mut pair.b, TRANSFER_LANE),
        Some(Outcome::Delivered)
    );
    assert_eq!(pair.b.state(|| free_of(&carol)), amount);
    pair.carry_to_a();
    assert!(events(&mut pair.a).iter().any(|event| matches!(
        event,
        Event::PacketDelivered {
            peer: B,
            lane: TRANSFER_LANE,
            nonce: 0
        }
    )));
    pair.settle();
    assert_eq!(pair.b.state(|| free_of(&carol)), amount);
    // What B has paid, it has with A now; the charge was paid of what A has with B.
    let (a, b) = (side(&mut pair.a, B).book, side(&mut pair.b, A).book);
    assert_eq!(a.theirs, RESERVE + amount);
    assert_eq!(b.ours, RESERVE + amount);
    assert_eq!(b.theirs, RESERVE - amount - CHARGE);
    assert_eq!(a.ours, RESERVE - amount - CHARGE);
}

#[test]
fn a_transfer_that_is_refused_comes_back_whole() {
    let mut pair = Two::new();
    // Below the existential deposit of an account that does not exist.
    let nobody = AccountId::new([0xee; 32]);
    let transfer = Call::<Runtime>::transfer {
        to: address(B, &nobody),
        amount: 5,
    };
    send(&mut pair.a, Charlie, transfer);
    let sent = pair
        .a
        .state(|| Balances::total_balance(&Charlie.to_account_id()));
    pair.carry_to_b();
    let refused = Outcome::Refused(Refusal::Recipient);
    assert_eq!(outcome(&mut pair.b, TRANSFER_LANE), Some(refused));
    pair.carry_to_a();
    assert!(events(&mut pair.a)
        .iter()
        .any(|event| matches!(event, Event::PacketRefunded { amount: 5, .. })));
    pair.settle();
    // The value was its own all the time.
    let after = pair
        .a
        .state(|| Balances::total_balance(&Charlie.to_account_id()));
    assert_eq!(after, sent);
    assert_eq!(pair.a.state(|| free(Charlie)), after);
}

#[test]
fn a_call_is_executed_from_the_derived_account_in_the_block_that_takes_it() {
    let mut pair = Two::new();
    let foreign = address(A, &Alice.to_account_id());
    let derived = pair
        .b
        .state(|| Runtime::account_of(foreign))
        .expect("there is a route");
    let send_home = Call::<Runtime>::transfer {
        to: address(B, &derived),
        amount: 10 * UNIT,
    };
    send(&mut pair.a, Alice, send_home);
    let carol = AccountId::new([0xca; 32]);
    let pay = pallet_balances::Call::<Runtime>::transfer_keep_alive {
        dest: carol.clone().into(),
        value: 3 * UNIT,
    };
    let batch: RuntimeCall = pallet_utility::Call::<Runtime>::batch_all {
        calls: vec![remark(), pay.into()],
    }
    .into();
    pair.settle();
    // The heaviest that may be: the queue must have room for it.
    send(&mut pair.a, Alice, remote(B, &batch, MAX_CALL));
    pair.carry_to_b();
    assert_eq!(outcome(&mut pair.b, CALL_LANE), Some(Outcome::Delivered));
    let executed = events(&mut pair.b)
        .into_iter()
        .find_map(|event| match event {
            Event::CallExecuted {
                account, outcome, ..
            } => Some((account, outcome)),
            _ => None,
        });
    assert_eq!(executed, Some((derived, CallOutcome::Succeeded)));
    assert_eq!(pair.b.state(|| free_of(&carol)), 3 * UNIT);
    pair.settle();
}

#[test]
fn calls_that_foreign_accounts_may_not_make_are_refused_and_refunded() {
    let mut pair = Two::new();
    let enough = Weight::from_parts(20_000_000_000, 1_000_000);
    let sudo = pallet_sudo::Call::<Runtime>::remove_key {};
    let refusals = [
        (remote(B, &sudo.into(), enough), Refusal::Filtered),
        (
            remote(
                B,
                &remark(),
                MAX_CALL.saturating_add(Weight::from_parts(1, 0)),
            ),
            Refusal::Weight,
        ),
        (
            remote(B, &remark(), Weight::from_parts(1, 0)),
            Refusal::Weight,
        ),
    ];
    for (call, refusal) in refusals {
        send(&mut pair.a, Alice, call);
        pair.carry_to_b();
        let expected = Some(Outcome::Refused(refusal));
        assert_eq!(outcome(&mut pair.b, CALL_LANE), expected);
        pair.settle();
    }
    let held = pair
        .a
        .state(|| Balances::total_balance(&Alice.to_account_id()) - free(Alice));
    assert_eq!(held, 0);
}

#[test]
fn what_foreign_accounts_may_do_is_listed() {
    let alice = Alice.to_account_id();
    let pay: RuntimeCall = pallet_balances::Call::<Runtime>::transfer_all {
        dest: alice.clone().into(),
        keep_alive: false,
    }
    .into();
    let home: RuntimeCall = Call::<Runtime>::transfer {
        to: address(A, &alice),
        amount: 1,
    }
    .into();
    let batch = |calls| RuntimeCall::from(pallet_utility::Call::<Runtime>::batch { calls });
    for call in [
        remark(),
        pay.clone(),
        home.clone(),
        batch(vec![remark(), pay.clone(), home]),
    ] {
        assert!(ForeignCalls::contains(&call), "{call:?}");
    }
    let sudo: RuntimeCall = pallet_sudo::Call::<Runtime>::sudo {
        call: Box::new(remark()),
    }
    .into();
    let bond: RuntimeCall = hansa_pallet_staking::Call::<Runtime>::bond { amount: 1 }.into();
    let force: RuntimeCall = pallet_balances::Call::<Runtime>::burn {
        value: 1,
        keep_alive: true,
    }
    .into();
    let proxy: RuntimeCall = pallet_proxy::Call::<Runtime>::proxy {
        real: alice.into(),
        force_proxy_type: None,
        call: Box::new(remark()),
    }
    .into();
    let suspend: RuntimeCall = Call::<Runtime>::suspend_route {
        peer: B,
        suspended: true,
    }
    .into();
    let again = remote(A, &remark(), Weight::zero()).into();
    for call in [
        sudo.clone(),
        bond,
        force,
        proxy,
        suspend,
        again,
        batch(vec![remark(), sudo]),
        batch(vec![batch(vec![remark()])]),
    ] {
        assert!(!ForeignCalls::contains(&call), "{call:?}");
    }
}

#[test]
fn only_the_own_node_puts_calls_without_a_sender_into_a_pool() {
    let mut pair = Two::new();
    pair.a.block(200, Vec::new);
    let cargo = cargo(&mut pair.a, &mut pair.b).remove(0);
    let validate = |chain: &mut Chain, source| {
        let (cargo, parent) = (cargo.clone(), chain.head.hash());
        chain.state(|| {
            let call: UncheckedExtrinsic = Runtime::extrinsic(cargo);
            hansa_runtime_hub::Executive::validate_transaction(source, call, parent)
        })
    };
    let valid = validate(&mut pair.b, TransactionSource::Local).expect("it is good");
    assert!(!valid.propagate);
    let refused = validate(&mut pair.b, TransactionSource::External);
    let expected = TransactionValidityError::Invalid(InvalidTransaction::Call);
    assert_eq!(refused, Err(expected));
}

#[test]
fn the_bounds_fit_each_other() {
    let mut chain = Chain::new(LOCAL);
    chain.state(|| {
        Interchain::integrity_test();
        // The largest call fits a page of the queue.
        type Longest = pallet_message_queue::MaxMessageLenOf<Runtime>;
        let call = QueuedCall::<AccountId>::max_encoded_len();
        assert!(call as u32 <= Longest::get());
        // The largest batch with the largest proof fits an extrinsic.
        use hansa_pallet_interchain::weights::WeightInfo as _;
        type Weights = <Runtime as hansa_pallet_interchain::Config>::WeightInfo;
        let batch = Runtime::parameters().max_batch;
        let delivery = Weights::deliver(batch).saturating_add(Weights::authorize_proof(
            hansa_interchain_primitives::proof::MAX_NODES,
        ));
        let limits = <Runtime as frame_system::Config>::BlockWeights::get();
        let normal = limits.get(frame_support::dispatch::DispatchClass::Normal);
        assert!(normal
            .max_extrinsic
            .is_some_and(|most| delivery.all_lt(most)));
        // And so does an update of the most headers with the largest sets.
        let header = Weights::authorize_header(hansa_pbft_primitives::MAX_AUTHORITIES);
        let update = Weights::update_client().saturating_add(header.saturating_mul(4));
        assert!(normal.max_extrinsic.is_some_and(|most| update.all_lt(most)));
    });
}

#[test]
fn a_chain_has_an_id_or_talks_to_nobody() {
    let mut chain = Chain::new(POA);
    assert_eq!(chain.state(Runtime::chain).id, 0xb0a);
    let mut genesis = genesis_json(LOCAL);
    genesis["interchain"]["chainId"] = serde_json::json!(0);
    let mut nobody = Chain::with_genesis(&genesis);
    nobody.try_state();
    let mut peer = Chain::new(STAKE);
    peer.block(200, Vec::new);
    let route = NewRoute {
        chain: peer.state(Runtime::chain),
        header: TrustedHeader {
            height: peer.head.number,
            hash: peer.head.hash(),
            state_root: *peer.head.state_root(),
            timestamp: peer.now_ms,
        },
        set: peer.state(Pbft::deciding_set).set,
        trusting_period: TRUSTING_PERIOD,
        terms: TERMS,
        limit: 0,
        hub: false,
        entries: Default::default(),
    };
    let refused = nobody.state(|| {
        let route = Box::new(route);
        Interchain::open_route(frame_system::RawOrigin::Root.into(), route)
    });
    let expected: DispatchError = hansa_pallet_interchain::Error::<Runtime>::NoOwnId.into();
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_route_says_how_it_is() {
    let mut pair = Two::new();
    let status = |chain: &mut Chain, peer| chain.state(|| Runtime::route(peer).map(|r| r.status));
    assert_eq!(status(&mut pair.a, B), Some(RouteStatus::Open));
    assert_eq!(pair.a.state(Runtime::routes), [B]);
    let view = pair.a.state(|| Runtime::client(B)).expect("a route");
    assert_eq!(view.state.genesis, pair.b.genesis);
    // Nothing is heard for longer than the other chain is trusted.
    pair.a.block(TRUSTING_PERIOD + 1_000, Vec::new);
    assert_eq!(status(&mut pair.a, B), Some(RouteStatus::Expired));
}
