// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Turns, replacements, confirmations.

use crate::{
    mock::*,
    roster::{ABSENT_ROUNDS, ROUND_BLOCKS},
    Rosters,
};
use frame_support::assert_ok;
use hansa_allocation_primitives::{
    Allocation, AuthoredBlocks, Departure, MemberPhase, OnShort, Phase, Serving, Term,
};
use sp_runtime::transaction_validity::InvalidTransaction;

/// Let the turns of all who serve now be over.
fn end_turns() {
    Now::set(Now::get() + TERM.seconds);
}

#[test]
fn no_more_than_t_depart_in_an_epoch_and_only_when_replaced() {
    ExtBuilder.run(|| {
        live_chain(7);
        end_turns();
        join_veterans(20..=29);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing).len(), 2, "T of 7");
        assert_eq!(accounts(1).len(), 7, "nobody has gone");
        take_told();
        epoch();
        let joining = in_phase(1, MemberPhase::Joining);
        assert_eq!(joining.len(), 2);
        let departing = in_phase(1, MemberPhase::Departing);
        confirm(1, joining[0]);
        assert_eq!(
            take_told(),
            [Told::Joined(1, joining[0], Some(departing[0]))]
        );
        assert_eq!(NodePool::chain_of(&departing[0]), None);
        confirm(1, joining[1]);
        assert_eq!(NodePool::active_count(1), 7);
        assert_eq!(
            Rosters::<Test>::get(1).map(|roster| roster.departures.gone),
            Some(2)
        );
    });
}

#[test]
fn the_turn_ends_by_blocks_too() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks - 1);
        epoch();
        assert!(in_phase(1, MemberPhase::Departing).is_empty());
        NodePool::on_authored(1, &3, 1);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing), [3]);
    });
}

/// A chain of four whose turns do not end.
fn chain_without_turns() {
    let term = Term {
        blocks: 1_000_000,
        seconds: 1_000 * TERM.seconds,
    };
    NodePool::open(1, 4, term).expect("the chain is good");
    join_veterans(1..=4);
    epoch();
    go_live(1);
}

/// So many rounds in which 3 makes no block.
fn rounds(rounds: u32) {
    for _ in 0..rounds {
        for member in [1, 2, 4] {
            NodePool::on_authored(1, &member, 11);
        }
        epoch();
    }
}

#[test]
fn who_makes_no_block_while_the_others_make_many_is_replaced() {
    ExtBuilder.run(|| {
        chain_without_turns();
        rounds(ABSENT_ROUNDS - 1);
        // One block is enough; and too few of the others are no round.
        NodePool::on_authored(1, &3, 1);
        rounds(1);
        rounds(ABSENT_ROUNDS - 1);
        NodePool::on_authored(1, &2, 4 * ROUND_BLOCKS - 1);
        epoch();
        assert!(in_phase(1, MemberPhase::Departing).is_empty());
        NodePool::on_authored(1, &2, 1);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing), [3]);
        // It serves on until somebody comes.
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing), [3]);
        join_veterans([10]);
        epoch();
        take_told();
        confirm(1, 10);
        assert_eq!(take_told(), [Told::Joined(1, 10, Some(3))]);
    });
}

#[test]
fn who_joins_is_not_absent_before_it_serves() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        NodePool::on_authored(1, &3, 4 * ROUND_BLOCKS);
        epoch();
        confirm(1, 10);
        let seat = Rosters::<Test>::get(1).and_then(|roster| roster.seat(&10).cloned());
        assert_eq!(
            seat.map(|seat| (seat.idle_rounds, seat.blocks)),
            Some((0, 0))
        );
    });
}

#[test]
fn who_returns_is_drawn_again() {
    ExtBuilder.run(|| {
        live_chain(4);
        join_veterans([10]);
        NodePool::on_authored(1, &3, TERM.blocks);
        epoch();
        epoch();
        confirm(1, 10);
        assert_eq!(NodePool::chain_of(&3), None);
        open(2, 4);
        epoch();
        assert_eq!(NodePool::chain_of(&3), Some(2));
    });
}

#[test]
fn who_does_not_confirm_pays_and_is_out() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Joining), [10]);
        epoch();
        assert!(!NodePool::is_pooled(&10));
        assert_eq!(total(10), FUNDS - DEPOSIT);
        assert_eq!(in_phase(1, MemberPhase::Departing), [3], "it serves on");
    });
}

#[test]
fn a_confirmation_is_for_its_chain_head_and_key() {
    ExtBuilder.run(|| {
        live_chain(4);
        NodePool::on_authored(1, &3, TERM.blocks);
        join_veterans([10]);
        epoch();
        assert_eq!(
            apply(confirm_call(1, 10)),
            Err(InvalidTransaction::Stale.into())
        );
        epoch();
        let good = confirm_call(1, 10);
        HeadKnown::set(false);
        assert_eq!(apply(good.clone()), Err(InvalidTransaction::Future.into()));
        HeadKnown::set(true);
        let crate::Call::confirm {
            chain,
            account,
            head,
            ..
        } = good.clone()
        else {
            panic!("it is a confirmation");
        };
        let crate::Call::confirm { signature, .. } = confirm_call(1, 11) else {
            panic!("it is a confirmation");
        };
        let forged = crate::Call::confirm {
            chain,
            account,
            head,
            signature,
        };
        assert_eq!(apply(forged), Err(InvalidTransaction::BadProof.into()));
        assert_ok!(apply(good.clone()));
        assert_eq!(
            apply(good),
            Err(InvalidTransaction::Stale.into()),
            "it is good once"
        );
    });
}

#[test]
fn the_unfit_go_first() {
    ExtBuilder.run(|| {
        live_chain(4);
        end_turns();
        set_unfit(4);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing), [4]);
    });
}

#[test]
fn who_becomes_unfit_takes_the_mark_of_one_whose_turn_is_over() {
    ExtBuilder.run(|| {
        live_chain(4);
        end_turns();
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing), [accounts(1)[0]]);
        let unfit = accounts(1)[2];
        set_unfit(unfit);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing), [unfit]);
    });
}

#[test]
fn who_is_unfit_goes_in_the_next_epoch_replaced_or_not() {
    ExtBuilder.run(|| {
        live_chain(7);
        for unfit in [2, 3, 4] {
            set_unfit(unfit);
        }
        take_told();
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing).len(), 2, "T of 7");
        assert_eq!(take_told(), []);
        // One is drawn for them: it is waited for. The other one goes.
        join_veterans([20]);
        epoch();
        let gone: Vec<_> = take_told();
        assert!(matches!(gone[..], [Told::Left(1, 2..=4, Departure::Unfit)]));
        assert_eq!(NodePool::active_count(1), 6);
        confirm(1, 20);
        assert_eq!(NodePool::active_count(1), 7, "it makes up for who went");
        epoch();
        epoch();
        assert_eq!(NodePool::active_count(1), 5);
        for unfit in [2, 3, 4] {
            assert_eq!(NodePool::chain_of(&unfit), None);
        }
    });
}

#[test]
fn a_live_chain_that_lacks_nodes_is_refilled_first() {
    ExtBuilder.run(|| {
        live_chain(4);
        open(2, 4);
        assert_ok!(NodePool::set_need(1, 6));
        join_veterans(10..=12);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Joining).len(), 2);
        assert_eq!(NodePool::member_count(2), 1);
    });
}

#[test]
fn a_chain_that_stays_short_shrinks_or_is_wound_up() {
    ExtBuilder.run(|| {
        live_chain(4);
        assert_ok!(NodePool::set_need(1, 6));
        epoch();
        take_told();
        epoch();
        assert_eq!(take_told(), [Told::Short(1, 4, 6, 2)]);
        Answer::set(OnShort::Shrink(3));
        epoch();
        assert_eq!(
            NodePool::slot(1).map(|slot| slot.need),
            Some(4),
            "four at least"
        );
        assert_ok!(NodePool::set_need(1, 6));
        Answer::set(OnShort::WindUp);
        epoch();
        epoch();
        assert_eq!(
            NodePool::slot(1).map(|slot| slot.phase),
            Some(Phase::Retiring)
        );
    });
}

#[test]
fn a_chain_that_needs_fewer_lets_the_last_go_within_t() {
    ExtBuilder.run(|| {
        live_chain(10);
        take_told();
        assert_ok!(NodePool::set_need(1, 5));
        epoch();
        assert_eq!(NodePool::active_count(1), 7, "T of 10");
        assert!(take_told()
            .iter()
            .all(|told| matches!(told, Told::Left(1, _, Departure::NotNeeded))));
        epoch();
        assert_eq!(NodePool::active_count(1), 5, "T of 7");
    });
}

#[test]
fn a_new_node_goes_to_a_live_chain_only() {
    ExtBuilder.run(|| {
        live_chain(4);
        open(2, 4);
        NodePool::on_authored(1, &3, TERM.blocks);
        epoch();
        join([50, 51]);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Joining).len(), 1);
        assert_eq!(NodePool::member_count(2), 0);
    });
}
