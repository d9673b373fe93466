// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Delegations: shares, what they are worth, and how they come back.

use crate::{mock::*, Error, Event, HoldReason, Nodes};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};

fn pot_holds() -> u128 {
    Balances::balance_on_hold(&HoldReason::Delegation.into(), &Staking::pot())
}

#[test]
fn a_delegation_is_shares_of_the_pool() {
    ExtBuilder::default().run(|| {
        let delegate = |who, node, amount| Staking::delegate(signed(who), node, amount);
        assert_noop!(delegate(10, 5, 1_000), Error::<Test>::NotCandidate);
        assert_noop!(delegate(1, 1, 1_000), Error::<Test>::OwnNode);
        assert_noop!(delegate(10, 1, 99), Error::<Test>::TooLittle);
        assert!(delegate(10, 1, ENDOWMENT).is_err(), "the account must live");
        assert_ok!(delegate(10, 1, 1_000));
        assert_ok!(delegate(11, 1, 2_000));
        assert_ok!(delegate(10, 1, 500));
        assert_eq!(pot_holds(), 3_500);
        assert_eq!(free(10), ENDOWMENT - 1_500);
        assert_eq!((worth(10, 1), worth(11, 1)), (1_500, 2_000));
        assert_eq!(
            events()[0],
            Event::Delegated {
                delegator: 10,
                node: 1,
                amount: 1_000,
                shares: 1_000
            }
        );
    });
}

#[test]
fn a_reward_raises_what_a_share_is_worth_and_later_shares_cost_more() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 1, 40_000));
        Nodes::<Test>::mutate(1, |node| node.earned = 8_001);
        mint_reward(8_001);
        // Half of it is the pool's, as it has as much as the operator; the odd unit is not.
        let operator = free(1);
        assert_ok!(Staking::delegate(signed(11), 1, 44_000));
        assert_eq!(free(1), operator + 4_001);
        assert_eq!(worth(10, 1), 44_000);
        assert_eq!(position(11, 1).shares.total(), 40_000);
        assert_noop!(Staking::payout(signed(9), 1), Error::<Test>::NothingEarned);
    });
}

#[test]
fn what_leaves_a_pool_is_back_after_the_period_and_not_before() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 1, 1_000));
        let undelegate = |shares| Staking::undelegate(signed(10), 1, shares);
        assert_noop!(undelegate(0), Error::<Test>::NotEnough);
        assert_noop!(undelegate(1_001), Error::<Test>::NotEnough);
        assert_noop!(undelegate(901), Error::<Test>::TooLittle);
        assert_noop!(
            Staking::undelegate(signed(10), 2, 1),
            Error::<Test>::NoDelegation
        );
        assert_ok!(undelegate(400));
        assert_ok!(undelegate(600));
        assert_eq!((node(1).pool.balance, node(1).unlocking), (0, 1_000));
        session();
        session();
        block_after(799);
        let withdraw = || Staking::withdraw_undelegated(signed(10), 1);
        assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
        block_after(1);
        assert_ok!(withdraw());
        assert_eq!((free(10), pot_holds()), (ENDOWMENT, 0));
        assert_noop!(withdraw(), Error::<Test>::NoDelegation);
    });
}

#[test]
fn what_backed_a_set_stays_while_it_decides() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 1, 1_000));
        rotate();
        rotate();
        MinValidators::set(5);
        assert_ok!(Staking::undelegate(signed(10), 1, 1_000));
        for _ in 0..15 {
            session();
        }
        let withdraw = || Staking::withdraw_undelegated(signed(10), 1);
        assert_noop!(withdraw(), Error::<Test>::NothingToWithdraw);
        let view = Staking::ledger(10).delegations[0].unlocking[0];
        assert!(view.unlocks_at < now() && !view.withdrawable);
        MinValidators::set(2);
        rotate();
        rotate();
        block_after(300);
        assert_ok!(withdraw());
    });
}

#[test]
fn a_rest_that_is_worth_nothing_can_be_given_up() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 1, 1_000));
        rotate();
        rotate();
        convict_of(1, 2, 100, 100);
        session();
        session();
        assert_eq!((worth(10, 1), slashed()), (0, 40_000 + 1_000));
        assert_ok!(Staking::apply_slashes(signed(9), 10, 1));
        assert_noop!(
            Staking::apply_slashes(signed(9), 10, 1),
            Error::<Test>::NoDelegation
        );
    });
}

#[test]
fn the_api_shows_what_an_account_has() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(1), 2, 1_000));
        assert_ok!(Staking::delegate(signed(1), 3, 2_000));
        assert_ok!(Staking::undelegate(signed(1), 3, 500));
        assert_ok!(Staking::unbond(signed(1), 7_000));
        let view = Staking::ledger(1);
        let own = view.own.unwrap();
        assert_eq!((own.active, own.unlocking[0].amount), (33_000, 7_000));
        assert_eq!(own.unlocking[0].unlocks_at, 1_000);
        let mut delegations = view.delegations;
        delegations.sort_by_key(|view| view.node);
        assert_eq!((delegations[0].node, delegations[0].active), (2, 1_000));
        assert_eq!((delegations[1].node, delegations[1].active), (3, 1_500));
        assert_eq!(delegations[1].unlocking[0].amount, 500);
        assert_eq!(Staking::ledger(20).own, None);
    });
}
