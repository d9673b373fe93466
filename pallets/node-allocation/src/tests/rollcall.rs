// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The roll of a chain that stands still: who is asked, what an answer is, and who goes.

use crate::{
    mock::*,
    rollcall::GONE_AT_ONCE,
    roster::{Hold, Seat},
    Call, Count, Error, Event, Nodes, Rolls, Rosters,
};
use frame_support::{
    assert_ok,
    dispatch::{GetDispatchInfo, Pays},
};
use hansa_allocation_primitives::{
    confirm::answer_payload, Allocation, AuthoredBlocks, Departure, MemberPhase, OnShort,
    OwedAnswer, Phase, RollCall, Serving,
};
use sp_core::{Pair, H256};
use sp_runtime::transaction_validity::InvalidTransaction;

/// Call the roll of chain 1, some time after what was before. Returns when.
fn call_roll() -> u32 {
    Now::set(Now::get() + 10);
    let since = Now::get();
    NodePool::call_roll(1, since, since + ANSWER_SECONDS);
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
        let until = since + ANSWER_SECONDS;
        assert!(events().contains(&Event::RollCalled {
            chain: 1,
            since,
            until
        }));
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
        assert_eq!(NodePool::there(1), [7]);
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
        assert_eq!(owes(10), None);
        assert!(owes(3).is_some(), "it is held");
        refused(answer_call(1, 10, since), InvalidTransaction::Stale);
        answer(1);
        let mut there = NodePool::there(1);
        there.sort_unstable();
        assert_eq!(there, [1, 10], "who came since is not asked");
        assert_eq!(close_roll(), 3);
        assert_eq!(NodePool::there(1).len(), 2);
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
    });
}

#[test]
fn an_answer_is_taken_until_the_time_is_over_and_not_until_the_roll_is_closed() {
    ExtBuilder.run(|| {
        live_chain(4);
        let since = call_roll();
        Now::set(since + ANSWER_SECONDS - 1);
        answer(1);
        assert!(owes(2).is_some());
        Now::set(since + ANSWER_SECONDS);
        assert_eq!(owes(2), None, "it would be in vain");
        refused(answer_call(1, 2, since), InvalidTransaction::Stale);
        let late = NodePool::check_answer(1, &2, &pair(2).sign(b"anything"));
        assert!(matches!(late, Err(Error::RollIsOver)));
        assert_eq!(close_roll(), 3);
        let closed = NodePool::check_answer(1, &2, &pair(2).sign(b"anything"));
        assert!(matches!(closed, Err(Error::RollIsOver)));
        assert_eq!(NodePool::there(1), [1]);
        NodePool::end_roll(1);
        assert!(NodePool::there(1).is_empty());
    });
}

/// A chain of seven that seems to stand still.
fn held(test: impl FnOnce()) {
    ExtBuilder.run(|| {
        live_chain(7);
        NodePool::hold(1, true);
        test();
    });
}

fn hold() -> Hold {
    Rosters::<Test>::get(1).expect("it is there").hold
}

#[test]
fn of_a_chain_that_is_held_nobody_is_marked_or_released() {
    held(|| {
        Now::set(Now::get() + TERM.seconds);
        set_unfit(5);
        assert_ok!(NodePool::leave(RuntimeOrigin::signed(6)));
        take_told();
        for _ in 0..4 {
            epoch();
        }
        assert_eq!((accounts(1).len(), take_told()), (7, vec![]));
        assert!(in_phase(1, MemberPhase::Departing).is_empty());
        NodePool::hold(1, false);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing).len(), 2, "T of 7");
    });
    ExtBuilder.run(|| {
        live_chain(7);
        Now::set(Now::get() + TERM.seconds);
        join_veterans(20..=29);
        epoch();
        epoch();
        let joining = in_phase(1, MemberPhase::Joining);
        let departing = in_phase(1, MemberPhase::Departing);
        assert_eq!((joining.len(), departing.len()), (2, 2));
        NodePool::hold(1, true);
        assert_ok!(NodePool::set_need(1, 5));
        joining.iter().for_each(|account| confirm(1, *account));
        epoch();
        assert_eq!(NodePool::active_count(1), 9, "they serve with the others");
        assert_eq!(in_phase(1, MemberPhase::Departing), departing);
        NodePool::hold(1, false);
        epoch();
        assert_eq!(NodePool::active_count(1), 7, "T of 9");
    });
}

#[test]
fn a_chain_that_is_held_is_not_short_for_any_time() {
    held(|| {
        Answer::set(OnShort::WindUp);
        call_roll();
        answer(1);
        close_roll();
        take_told();
        for _ in 0..5 {
            epoch();
        }
        assert_eq!(take_told(), []);
        assert!(NodePool::is_live(1));
        // It has all of its time when it is not held any more.
        NodePool::end_roll(1);
        NodePool::hold(1, false);
        epoch();
        assert!(NodePool::is_live(1));
        epoch();
        assert!(!NodePool::is_live(1));
    });
}

#[test]
fn before_the_roll_the_epochs_in_which_a_chain_was_short_still_count() {
    ExtBuilder.run(|| {
        live_chain(7);
        Answer::set(OnShort::WindUp);
        call_roll();
        [1, 2, 3, 4, 5].into_iter().for_each(answer);
        assert_eq!(close_roll(), 2);
        set_absent([6, 7]);
        NodePool::end_roll(1);
        NodePool::hold(1, false);
        let short = || Rosters::<Test>::get(1).expect("it is there").short_epochs;
        epoch();
        assert_eq!(short(), 1);
        NodePool::hold(1, true);
        for _ in 0..3 {
            epoch();
            assert_eq!(short(), 1);
        }
        assert!(NodePool::is_live(1));
        NodePool::hold(1, false);
        epoch();
        assert!(!NodePool::is_live(1));
    });
    // Nobody is asked what is to become of it meanwhile, however long it was short before.
    ExtBuilder.run(|| {
        live_chain(4);
        Answer::set(OnShort::WindUp);
        NodePool::hold(1, true);
        assert_ok!(NodePool::set_need(1, 5));
        NodePool::edit(1, |roster| roster.short_epochs = 100);
        epoch();
        assert!(NodePool::is_live(1));
        NodePool::hold(1, false);
        epoch();
        assert!(!NodePool::is_live(1));
    });
}

#[test]
fn who_joins_a_chain_that_stands_still_and_is_late_pays_nothing() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        epoch();
        call_roll();
        set_absent([10]);
        epoch();
        assert!(in_phase(1, MemberPhase::Joining).is_empty());
        assert!(NodePool::is_pooled(&10) && NodePool::chain_of(&10).is_none());
        assert_eq!((total(10), Fees::get()), (FUNDS, 0));
        let held = Nodes::<Test>::get(10).map(|node| node.deposit);
        assert_eq!(held, Some(DEPOSIT));
    });
    // Before the roll is called the chain only seems to stand still.
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        epoch();
        NodePool::hold(1, true);
        epoch();
        assert!(in_phase(1, MemberPhase::Joining).is_empty());
        assert!(!NodePool::is_pooled(&10));
        assert_eq!(total(10), FUNDS - DEPOSIT);
    });
    // Who gives its place up pays as ever: nobody may choose among draws.
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        epoch();
        call_roll();
        assert_ok!(NodePool::leave(RuntimeOrigin::signed(10)));
        assert_eq!(total(10), FUNDS - DEPOSIT);
    });
}

#[test]
fn who_joins_has_its_time_anew_when_the_roll_is_ended() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        call_roll();
        // It is drawn, and the epoch goes by in which it would have to confirm.
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Joining), [10]);
        freeze();
        beacon();
        NodePool::end_roll(1);
        work();
        assert_eq!(in_phase(1, MemberPhase::Joining), [10]);
        epoch();
        assert!(!NodePool::is_pooled(&10), "it is late as any other");
    });
}

#[test]
fn when_the_roll_is_closed_who_may_not_serve_goes_and_its_answer_is_known() {
    ExtBuilder.run(|| {
        live_chain(7);
        assert_eq!(hold(), Hold::None);
        call_roll();
        assert_eq!(hold(), Hold::All);
        [1, 2, 3, 4, 5, 6].into_iter().for_each(answer);
        for unfit in [1, 2, 3] {
            set_unfit(unfit);
        }
        epoch();
        assert_eq!(NodePool::active_count(1), 7);
        assert_eq!(close_roll(), 1);
        assert_eq!(hold(), Hold::Fit);
        take_told();
        epoch();
        let gone = [1, 2, 3].map(|node| Told::Left(1, node, Departure::Unfit));
        let mut told = take_told();
        told.sort_by_key(|told| format!("{told:?}"));
        assert_eq!(told, gone, "T of 6 is 1");
        assert_eq!(NodePool::there(1), [1, 2, 3, 4, 5, 6]);
        // Its end frees nobody.
        NodePool::end_roll(1);
        assert_eq!((hold(), NodePool::there(1).len()), (Hold::Early, 0));
        set_unfit(4);
        epoch();
        // Who was silent was drawn again, and is late.
        let told = vec![Told::LeftPool(7)];
        assert_eq!((NodePool::active_count(1), take_told()), (3, told));
        NodePool::hold(1, false);
        assert_eq!(hold(), Hold::None);
        assert!(!events().contains(&Event::RollCancelled { chain: 1 }));
    });
}

#[test]
fn nobody_goes_if_the_roll_is_ended_or_none_was_called() {
    ExtBuilder.run(|| {
        live_chain(4);
        assert_eq!(close_roll(), 0);
        let since = call_roll();
        NodePool::end_roll(1);
        assert!(events().contains(&Event::RollCancelled { chain: 1 }));
        refused(answer_call(1, 1, since), InvalidTransaction::Stale);
        assert_eq!(owes(1), None);
        assert_eq!(close_roll(), 0);
        NodePool::end_roll(1);
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
            NodePool::hold(chain, true);
            NodePool::call_roll(chain, Now::get(), Now::get() + ANSWER_SECONDS);
        }
        assert_eq!(Rolls::<Test>::iter().count(), 0);
        let held = Rosters::<Test>::iter_values().filter(|roster| roster.hold != Hold::None);
        assert_eq!(held.count(), 0);
        assert!(NodePool::is_live(1));
        call_roll();
        assert_ok!(NodePool::set_phase(1, Phase::Retiring));
        assert!(!NodePool::is_live(1) && !Rolls::<Test>::contains_key(1));
        assert_eq!(hold(), Hold::None);
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
