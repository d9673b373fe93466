// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Joining and leaving.

use crate::{mock::*, Error, Nodes, Veterans};
use frame_support::{assert_noop, assert_ok, traits::fungible::Mutate};
use hansa_allocation_primitives::{Allocation, Departure, NodePlace, Phase, Serving};
use hansa_beacon_primitives::{OnFreeze, Pool};

fn leave(account: AccountId) -> sp_runtime::DispatchResult {
    NodePool::leave(RuntimeOrigin::signed(account))
}

#[test]
fn joining_needs_key_stake_and_deposit() {
    ExtBuilder.run(|| {
        let join = |account| NodePool::join(RuntimeOrigin::signed(account));
        assert_noop!(join(KEYLESS), Error::<Test>::NoKey);
        set_unfit(2);
        assert_noop!(join(2), Error::<Test>::MayNotServe);
        Balances::set_balance(&3, DEPOSIT / 2);
        assert_noop!(join(3), Error::<Test>::DepositTooHigh);
        assert_ok!(join(1));
        assert_noop!(join(1), Error::<Test>::AlreadyPooled);
        assert!(NodePool::is_pooled(&1));
        assert_eq!(
            NodePool::key_of(&1).and_then(|key| NodePool::account_of(&key)),
            Some(1)
        );
        assert_eq!(
            NodePool::key_of(&4),
            None,
            "it has a key, and is not in the pool"
        );
    });
}

#[test]
fn the_pool_has_a_limit() {
    ExtBuilder.run(|| {
        join(1..=250);
        let result = NodePool::join(RuntimeOrigin::signed(251));
        assert_noop!(result, Error::<Test>::PoolFull);
    });
}

#[test]
fn who_waits_leaves_for_free_and_the_beacon_is_told() {
    ExtBuilder.run(|| {
        join([1]);
        assert_ok!(leave(1));
        assert_eq!(take_told(), [Told::LeftPool(1)]);
        assert_eq!((total(1), Nodes::<Test>::get(1)), (FUNDS, None));
        assert_noop!(leave(1), Error::<Test>::NotPooled);
    });
}

#[test]
fn who_gives_up_a_drawn_place_loses_the_deposit() {
    ExtBuilder.run(|| {
        open(1, 7);
        join_veterans(1..=3);
        epoch();
        take_told();
        assert_ok!(leave(2));
        assert_eq!(total(2), FUNDS - DEPOSIT);
        assert_eq!(Fees::get(), DEPOSIT);
        let told = [Told::LeftPool(2), Told::Left(1, 2, Departure::Left)];
        assert_eq!(take_told(), told);
        assert_eq!(NodePool::member_count(1), 2);
    });
}

#[test]
fn who_comes_after_the_freeze_waits_for_the_next_draw() {
    ExtBuilder.run(|| {
        open(1, 4);
        join_veterans(1..=2);
        NodePool::on_freeze(0);
        join_veterans([3]);
        let place = NodePool::node_status(3).map(|status| status.place);
        assert_eq!(place, Some(NodePlace::Waiting { from_epoch: 1 }));
        epoch();
        assert_eq!(accounts(1).len(), 2);
        epoch();
        assert_eq!(accounts(1).len(), 3);
    });
}

#[test]
fn who_authors_a_block_is_a_veteran_from_the_next_freeze_on() {
    ExtBuilder.run(|| {
        join([1]);
        freeze();
        Author::set(Some(1));
        block();
        Author::set(None);
        assert_eq!(Veterans::<Test>::get(1), Some(1));
        open(1, 4);
        // It is new in this draw, and no chain was there at the freeze.
        beacon();
        work();
        assert_eq!(NodePool::chain_of(&1), None);
        epoch();
        assert_eq!(NodePool::chain_of(&1), Some(1));
        assert_eq!(NodePool::slot(1).map(|slot| slot.new_nodes), Some(0));
    });
}

#[test]
fn a_veteran_that_comes_back_is_a_veteran() {
    ExtBuilder.run(|| {
        join_veterans([1]);
        assert_ok!(leave(1));
        join([1]);
        assert_eq!(
            NodePool::node_status(1).map(|status| status.veteran),
            Some(true)
        );
    });
}

#[test]
fn who_serves_leaves_when_it_is_replaced() {
    ExtBuilder.run(|| {
        live_chain(4);
        assert_ok!(leave(2));
        assert_noop!(leave(2), Error::<Test>::AlreadyLeaving);
        join_veterans([10]);
        epoch();
        assert!(accounts(1).contains(&2));
        epoch();
        assert!(accounts(1).contains(&10) && accounts(1).contains(&2));
        confirm(1, 10);
        assert!(!accounts(1).contains(&2) && !NodePool::is_pooled(&2));
        assert_eq!(total(2), FUNDS, "it costs nothing");
    });
}

#[test]
fn a_founder_of_a_forming_chain_stays_until_it_is_replaced() {
    ExtBuilder.run(|| {
        open(1, 4);
        join_veterans(1..=4);
        epoch();
        assert_ok!(NodePool::set_phase(1, Phase::Forming));
        assert_ok!(leave(1));
        assert_eq!(accounts(1).len(), 4);
        assert_ok!(NodePool::close(1));
        assert!(!NodePool::is_pooled(&1) && NodePool::is_pooled(&2));
        assert_eq!(total(1), FUNDS);
    });
}
