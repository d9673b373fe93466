// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Conservation: whatever happens in whatever order, an auditor who reads both chains finds that
//! nothing was made and nothing was lost.

use super::world::*;
use crate::{mock::*, Call};
use hansa_interchain_primitives::{rate::Terms, traits::SendSystemPacket, Balance, Rate, LANES};
use proptest::prelude::*;

/// What can happen on or between the chains.
#[derive(Clone, Debug)]
enum Step {
    Transfer {
        from_a: bool,
        to: AccountId,
        amount: Balance,
    },
    SendCall {
        from_a: bool,
        payment: Balance,
    },
    System {
        from_a: bool,
        byte: u8,
    },
    TopUp {
        at_a: bool,
        amount: Balance,
    },
    Carry {
        to_a: bool,
        parts: u8,
    },
    TimeOut {
        at_a: bool,
        lane: u8,
    },
    HandOver {
        a: bool,
        seed: u8,
    },
    Wait {
        ms: u64,
    },
    Limit {
        at_a: bool,
        limit: Balance,
    },
}

fn steps() -> impl Strategy<Value = Step> {
    let amount = prop_oneof![1..30u128, 100..20_000u128, 20_000..400_000u128];
    let to = prop_oneof![Just(BOB), Just(CAROL)];
    prop_oneof![
        6 => (any::<bool>(), to, amount.clone())
            .prop_map(|(from_a, to, amount)| Step::Transfer { from_a, to, amount }),
        1 => (any::<bool>(), 1..2_000u128)
            .prop_map(|(from_a, payment)| Step::SendCall { from_a, payment }),
        1 => (any::<bool>(), 0..3u8).prop_map(|(from_a, byte)| Step::System { from_a, byte }),
        1 => (any::<bool>(), amount).prop_map(|(at_a, amount)| Step::TopUp { at_a, amount }),
        8 => (any::<bool>(), any::<u8>()).prop_map(|(to_a, parts)| Step::Carry { to_a, parts }),
        2 => (any::<bool>(), 0..LANES).prop_map(|(at_a, lane)| Step::TimeOut { at_a, lane }),
        1 => (any::<bool>(), any::<u8>()).prop_map(|(a, seed)| Step::HandOver { a, seed }),
        2 => (0..TIMEOUT_MS).prop_map(|ms| Step::Wait { ms }),
        1 => (any::<bool>(), 50_000..LIMIT).prop_map(|(at_a, limit)| Step::Limit { at_a, limit }),
    ]
}

/// Carry some of what can be carried; what does not hold any more is refused, and that is all.
fn carry_some(from: &Chain, to: &mut Chain, parts: u8) {
    to.now = to.now.max(from.now);
    let calls = cargo(from, to);
    to.block(|| {
        for (i, call) in calls.into_iter().enumerate() {
            let header = matches!(call, Call::update_client { .. });
            if header || parts & (1 << (i % 8)) != 0 {
                let _ = submit(call);
            }
        }
    });
}

fn take(world: &mut World, step: Step) {
    let World { a, b } = world;
    let side = |at_a| if at_a { (A, B) } else { (B, A) };
    match step {
        Step::Transfer { from_a, to, amount } => {
            let chain = if from_a { a } else { b };
            let _ = chain.signed(ALICE, transfer(side(from_a).1, to, amount));
        }
        Step::SendCall { from_a, payment } => {
            let chain = if from_a { a } else { b };
            let call = frame_system::Call::<Test>::remark_with_event { remark: vec![1] };
            let call = codec::Encode::encode(&RuntimeCall::System(call))
                .try_into()
                .unwrap();
            let weight = sp_runtime::Weight::from_parts(500_000_000, 10_000);
            let peer = side(from_a).1;
            let _ = chain.signed(
                BOB,
                Call::send_call {
                    peer,
                    call,
                    weight,
                    payment,
                },
            );
        }
        Step::System { from_a, byte } => {
            let chain = if from_a { a } else { b };
            let peer = side(from_a).1;
            let _ = chain.block(|| <Interchain as SendSystemPacket>::send(peer, vec![byte]));
        }
        Step::TopUp { at_a, amount } => {
            let chain = if at_a { a } else { b };
            let _ = chain.signed(
                BOB,
                Call::top_up {
                    peer: side(at_a).1,
                    amount,
                },
            );
        }
        Step::Carry { to_a: true, parts } => carry_some(b, a, parts),
        Step::Carry { to_a: false, parts } => carry_some(a, b, parts),
        Step::TimeOut { at_a, lane } => {
            let (at, of) = if at_a { (a, b) } else { (b, a) };
            at.now = at.now.max(of.now);
            let first = at.side(of.id).outbound[usize::from(lane)].acknowledged;
            let mut calls = update(of, at);
            calls.extend((first..first + 3).map(|n| timeout(of, at.id, lane, n, 1)));
            at.block(|| {
                calls.into_iter().for_each(|call| {
                    let _ = submit(call);
                })
            });
        }
        Step::HandOver { a: true, seed } => a.hand_over(seed),
        Step::HandOver { a: false, seed } => b.hand_over(seed),
        Step::Wait { ms } => world.wait(ms),
        Step::Limit { at_a, limit } => {
            let chain = if at_a { a } else { b };
            chain
                .root(Call::set_limit {
                    peer: side(at_a).1,
                    limit,
                })
                .unwrap();
        }
    }
}

fn issuance(chain: &mut Chain) -> Balance {
    chain.read(Balances::total_issuance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_is_made_and_nothing_is_lost(
        list in prop::collection::vec(steps(), 1..50),
        low in 1u64..4, high in 1u64..4,
    ) {
        let rate = Rate { low, high };
        let mut world = World::with_terms(Terms { rate, ..PAR });
        let all = (issuance(&mut world.a), issuance(&mut world.b));
        for step in list {
            take(&mut world, step.clone());
            world.audit();
            prop_assert_eq!((issuance(&mut world.a), issuance(&mut world.b)), all, "{:?}", step);
        }
        // Whatever state that is, it comes to rest, with all value somewhere for good. A reserve that was
        // used up must be topped up for it, as the talk of pallets is charged, too.
        for _ in 0..6 {
            carry_some(&world.a, &mut world.b, u8::MAX);
            carry_some(&world.b, &mut world.a, u8::MAX);
        }
        for (chain, peer) in [(&mut world.a, B), (&mut world.b, A)] {
            chain.root(Call::set_limit { peer, limit: 4 * LIMIT }).unwrap();
            chain.signed(TREASURY, Call::top_up { peer, amount: 100 }).unwrap();
        }
        world.settle();
        for (chain, peer) in [(&mut world.a, B), (&mut world.b, A)] {
            let book = chain.book(peer);
            prop_assert_eq!((book.escrow, book.committed), (0, 0));
            prop_assert_eq!(chain.balance_of_reserves(), book.theirs);
        }
        let (a, b) = (world.a.book(B), world.b.book(A));
        prop_assert_eq!((a.ours, b.ours), (b.theirs, a.theirs));
    }
}
