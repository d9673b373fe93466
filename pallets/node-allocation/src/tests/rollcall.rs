// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The roll of a chain that stands still: who is asked, what an answer is, and who goes.

use crate::{
    mock::*, rollcall::GONE_AT_ONCE, roster::Seat, Call, Count, Event, Nodes, Rolls, Rosters,
};
use frame_support::{
    assert_ok,
    dispatch::{GetDispatchInfo, Pays},
};
use hansa_allocation_primitives::{
    confirm::answer_payload, Allocation, AuthoredBlocks, Departure, MemberPhase, OwedAnswer, Phase,
    RollCall, Serving,
};
use sp_core::{Pair, H256};
use sp_runtime::transaction_validity::InvalidTransaction;

/// Call the roll of chain 1, some time after what was before. Returns when.
fn call_roll() -> u32 {
    Now::set(Now::get() + 10);
    let since = Now::get();
    NodePool::call_roll(1, since);
    since
}

fn owes(account: AccountId) -> Option<OwedAnswer<AccountId>> {
    NodePool::roll_call(&pair(account).public())
}

fn answer(account: AccountId) {
    let owed = owes(account).expect("it owes an answer");
    assert_ok!(apply(answer_call(owed.chain, account, owed.since)));
}

/// Close the roll; returns how many have gone.
fn close_roll() -> u32 {
    let before = NodePool::active_count(1);
    let (closed, weight) = NodePool::close_roll(1);
    assert!(closed && weight.ref_time() > 0);
    before - NodePool::active_count(1)
}

fn refused(call: Call<Test>, reason: InvalidTransaction) {
    assert_eq!(apply(call), Err(reason.into()));
}

#[test]
fn who_does_not_answer_goes_at_once_whatever_t_says() {
    ExtBuilder.run(|| {
        live_chain(7);
        let members = accounts(1);
        let (there, absent) = members.split_at(3);
        let since = call_roll();
        assert!(events().contains(&Event::RollCalled { chain: 1, since }));
        for account in there {
            answer(*account);
            assert_eq!(owes(*account), None);
        }
        take_told();
        assert_eq!(close_roll(), 4, "T of 7 is 2");
        assert_eq!(accounts(1), there);
        let left = |account: &AccountId| Told::Left(1, *account, Departure::Absent);
        assert_eq!(take_told(), absent.iter().map(left).collect::<Vec<_>>());
        // They wait in the pool, and have lost nothing.
        for account in absent {
            assert!(NodePool::is_pooled(account) && NodePool::chain_of(account).is_none());
            assert_eq!((total(*account), owes(*account)), (FUNDS, None));
        }
        assert!(events().contains(&Event::RollClosed {
            chain: 1,
            absent: 4
        }));
        // Their places are open, for those who are there.
        set_absent(absent.iter().copied());
        join_veterans(20..=25);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Joining).len(), 4);
        assert!(in_phase(1, MemberPhase::Joining)
            .iter()
            .all(|account| *account >= 20));
    });
}

#[test]
fn of_a_large_chain_some_go_at_a_time() {
    ExtBuilder.run(|| {
        // As large as the mock allows; the roster can have more.
        live_chain(75);
        let since = call_roll();
        let mut roster = Rosters::<Test>::get(1).expect("it is there");
        let is_there = |seat: &Seat<AccountId>| seat.account == 7;
        assert_eq!(roster.remove_absent(50, is_there).len(), 50);
        assert_eq!(roster.active(), 25);
        assert_eq!(roster.remove_absent(50, is_there).len(), 24);
        assert_eq!(roster.remove_absent(50, is_there).len(), 0);
        assert_eq!(roster.departures.gone, 0);
        // More than that are not taken at once: the roll stays open.
        let more = (100..130).map(|account| {
            let mut seat = Rosters::<Test>::get(1).expect("it is there").seats[0].clone();
            seat.account = account;
            seat
        });
        NodePool::edit(1, |roster| {
            more.for_each(|seat| roster.seats.try_push(seat).expect("there is room"));
        });
        for account in 100..130 {
            join([account]);
            Nodes::<Test>::mutate(account, |node| {
                node.as_mut().expect("it is in the pool").chain = Some(1);
            });
            Count::<Test>::mutate(|count| count.waiting -= 1);
        }
        answer(7);
        let (closed, _) = NodePool::close_roll(1);
        assert!(!closed);
        assert_eq!(NodePool::active_count(1), 105 - GONE_AT_ONCE);
        assert_eq!(
            Rolls::<Test>::get(1).map(|roll| (roll.since, roll.absent)),
            Some((since, GONE_AT_ONCE))
        );
        assert_eq!(close_roll(), 4);
        assert_eq!(accounts(1), [7]);
        assert!(events().contains(&Event::RollClosed {
            chain: 1,
            absent: 104
        }));
    });
}

#[test]
fn others_may_go_within_what_is_left_of_t() {
    ExtBuilder.run(|| {
        live_chain(7);
        Now::set(Now::get() + TERM.seconds);
        join_veterans(20..=29);
        epoch();
        epoch();
        let joining = in_phase(1, MemberPhase::Joining);
        confirm(1, joining[0]);
        let departures = || Rosters::<Test>::get(1).expect("it is there").departures;
        assert_eq!((departures().of, departures().gone), (7, 1));
        call_roll();
        let serving = accounts(1).into_iter().filter(|a| owes(*a).is_some());
        serving.take(4).for_each(answer);
        close_roll();
        assert_eq!(NodePool::active_count(1), 4);
        assert_eq!((departures().of, departures().gone), (4, 1));
        call_roll();
        close_roll();
        assert_eq!((departures().of, departures().gone), (0, 0));
        assert_eq!(NodePool::active_count(1), 0, "who confirmed was asked now");
    });
}

#[test]
fn an_answer_is_for_its_roll_chain_account_and_key_and_good_once() {
    ExtBuilder.run(|| {
        live_chain(4);
        let info = answer_call(1, 1, 0).get_dispatch_info();
        assert_eq!(info.pays_fee, Pays::No);
        refused(answer_call(1, 1, Now::get()), InvalidTransaction::Stale);
        let since = call_roll();
        let owed = OwedAnswer {
            account: 1,
            chain: 1,
            since,
        };
        assert_eq!(owes(1), Some(owed));
        let signed_by = |signer, genesis: &H256, chain, account: AccountId, since| {
            let payload = answer_payload(genesis, chain, &account, since);
            Call::answer {
                chain: 1,
                account: 1,
                signature: pair(signer).sign(&payload),
            }
        };
        let genesis = NodePool::genesis();
        for bad in [
            signed_by(2, &genesis, 1, 1, since),
            signed_by(1, &H256::repeat_byte(9), 1, 1, since),
            signed_by(1, &genesis, 2, 1, since),
            signed_by(1, &genesis, 1, 2, since),
            signed_by(1, &genesis, 1, 1, since - 1),
        ] {
            refused(bad, InvalidTransaction::BadProof);
        }
        // Of no member, and of another chain.
        refused(answer_call(1, 9, since), InvalidTransaction::Stale);
        refused(answer_call(2, 1, since), InvalidTransaction::Stale);
        answer(1);
        assert!(events().contains(&Event::Answered { node: 1, chain: 1 }));
        refused(answer_call(1, 1, since), InvalidTransaction::Stale);
        close_roll();
        refused(answer_call(1, 2, since), InvalidTransaction::Stale);
        // The next roll asks again.
        let again = call_roll();
        refused(answer_call(1, 1, since), InvalidTransaction::BadProof);
        assert_ok!(apply(answer_call(1, 1, again)));
        assert_eq!(close_roll(), 0);
        assert_eq!(accounts(1), [1]);
    });
}

#[test]
fn who_was_not_in_the_set_then_is_not_asked() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Joining), [10]);
        let since = call_roll();
        assert_eq!((owes(10), owes(20)), (None, None));
        refused(answer_call(1, 10, since), InvalidTransaction::Stale);
        // Who departs is asked as others are.
        assert!(owes(3).is_some());
        confirm(1, 10);
        assert_eq!((owes(10), owes(3)), (None, None), "3 has gone for 10");
        refused(answer_call(1, 10, since), InvalidTransaction::Stale);
        answer(1);
        assert_eq!(close_roll(), 2);
        let mut left = accounts(1);
        left.sort_unstable();
        assert_eq!(left, [1, 10]);
    });
}

#[test]
fn who_joins_stays() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        epoch();
        call_roll();
        [1, 2, 3, 4].into_iter().for_each(answer);
        assert_eq!(close_roll(), 0);
        assert_eq!(in_phase(1, MemberPhase::Joining), [10]);
        assert_eq!(in_phase(1, MemberPhase::Departing), [3]);
        call_roll();
        assert_eq!(close_roll(), 4);
        assert_eq!(accounts(1), [10]);
        confirm(1, 10);
        assert_eq!(NodePool::active_count(1), 1);
    });
}

#[test]
fn who_left_meanwhile_goes_out_of_the_pool_with_its_deposit() {
    ExtBuilder.run(|| {
        live_chain(4);
        call_roll();
        assert_ok!(NodePool::leave(RuntimeOrigin::signed(3)));
        [1, 2, 4].into_iter().for_each(answer);
        assert_eq!(close_roll(), 1);
        assert_eq!(
            (Nodes::<Test>::get(3), total(3), Fees::get()),
            (None, FUNDS, 0)
        );
        assert_eq!(Balances::free_balance(3), FUNDS);
        // One that has answered and gone is nobody's concern.
        join_veterans([10]);
        epoch();
        confirm(1, 10);
        call_roll();
        [1, 2, 4, 10].into_iter().for_each(answer);
        set_unfit(4);
        epoch();
        epoch();
        assert_eq!(NodePool::chain_of(&4), None);
        assert_eq!(close_roll(), 0);
        assert_eq!(NodePool::active_count(1), 3);
    });
}

#[test]
fn nobody_goes_if_the_roll_is_cancelled_or_none_was_called() {
    ExtBuilder.run(|| {
        live_chain(4);
        assert_eq!(close_roll(), 0);
        let since = call_roll();
        NodePool::cancel_roll(1);
        assert!(events().contains(&Event::RollCancelled { chain: 1 }));
        refused(answer_call(1, 1, since), InvalidTransaction::Stale);
        assert_eq!(owes(1), None);
        assert_eq!(close_roll(), 0);
        NodePool::cancel_roll(1);
        assert_eq!(accounts(1).len(), 4);
        let cancelled = |event: &Event<Test>| *event == Event::RollCancelled { chain: 1 };
        assert_eq!(events().into_iter().filter(cancelled).count(), 1);
    });
}

#[test]
fn only_live_chains_have_rolls() {
    ExtBuilder.run(|| {
        live_chain(4);
        open(2, 4);
        for chain in [2, 3] {
            assert!(!NodePool::is_live(chain));
            NodePool::call_roll(chain, Now::get());
        }
        assert_eq!(Rolls::<Test>::iter().count(), 0);
        assert!(NodePool::is_live(1));
        call_roll();
        assert_ok!(NodePool::set_phase(1, Phase::Retiring));
        assert!(!NodePool::is_live(1) && !Rolls::<Test>::contains_key(1));
        assert_eq!(close_roll(), 0);
        assert_eq!(accounts(1).len(), 4);
    });
    ExtBuilder.run(|| {
        live_chain(4);
        call_roll();
        assert_ok!(NodePool::close(1));
        assert!(!Rolls::<Test>::contains_key(1));
        assert_eq!(owes(1), None);
    });
}
