// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What withheld reveals cost, and how past epochs are cleaned up.

use crate::{mock::*, Commitments, Event, Places, RevealGroups, Settlement, Tallies};
use hansa_beacon_primitives::CommittedIds;

fn settle_epoch_0() {
    to_next_epoch();
    for _ in 0..60 {
        block();
    }
}

#[test]
fn the_kth_withheld_reveal_costs_k_bonds() {
    for withheld in 1..=5u64 {
        ExtBuilder::default().run(|| {
            let all: Vec<_> = (1..=10).collect();
            whole_epoch(&all, &all[withheld as usize..]);
            settle_epoch_0();
            let each = (BOND * (withheld + 1)).div_ceil(2);
            for account in 1..=10 {
                let paid = if account <= withheld { each } else { 0 };
                assert_eq!(total(account), FUNDS - paid, "account {account}");
                assert_eq!(held(account), 0);
            }
            assert_eq!(Forfeited::get(), each * withheld);
            assert_eq!(each * withheld, BOND * withheld * (withheld + 1) / 2);
        });
    }
}

#[test]
fn no_more_is_taken_than_is_held() {
    ExtBuilder::default().run(|| {
        let all: Vec<_> = (1..=40).collect();
        whole_epoch(&all, &[]);
        settle_epoch_0();
        for account in all {
            assert_eq!(total(account), FUNDS - BOND * u64::from(MAX_BONDS));
            assert_eq!(held(account), 0);
        }
    });
}

#[test]
fn who_withholds_has_no_id_in_the_draw() {
    ExtBuilder::default().run(|| {
        whole_epoch(&[1, 2], &[2]);
        assert_eq!(Beacons::places(0), 2);
        assert_eq!(Beacons::id_at(0, 0), None);
        assert_eq!(Beacons::id_at(0, 1).map(|(account, _)| account), Some(2));
    });
}

#[test]
fn ids_are_kept_for_the_draw_of_the_next_epoch_and_then_removed() {
    ExtBuilder::default().run(|| {
        SettlementsPerBlock::set(10);
        whole_epoch(&[1, 2, 3], &[1, 2]);
        to_reveal();
        assert!(Beacons::id_of(0, &1).is_some());
        assert_eq!(
            held(3),
            BOND * u64::from(MAX_BONDS),
            "settled an epoch later"
        );
        to_next_epoch();
        assert!(events().contains(&Event::Charged {
            epoch: 0,
            account: 3,
            amount: BOND
        }));
        assert_eq!(Beacons::id_of(0, &1), None);
        assert_eq!(Commitments::<Test>::iter().count(), 0);
        assert_eq!(Places::<Test>::iter().count(), 0);
        assert_eq!(RevealGroups::<Test>::iter().count(), 0);
        assert_eq!(Tallies::<Test>::iter().count(), 0);
    });
}

#[test]
fn a_block_settles_a_few_at_a_time() {
    ExtBuilder::default().run(|| {
        let all: Vec<_> = (1..=70).collect();
        whole_epoch(&all, &all[10..]);
        to_next_epoch();
        let mut left = Places::<Test>::iter_prefix(0).count();
        assert_eq!(left, 66);
        while left > 0 {
            block();
            let now = Places::<Test>::iter_prefix(0).count();
            assert_eq!(left - now, left.min(4));
            left = now;
        }
        assert_eq!(RevealGroups::<Test>::iter_key_prefix((0,)).count(), 0);
        assert_eq!(Settlement::<Test>::get().epoch, 1);
    });
}

#[test]
fn an_epoch_waits_until_the_one_before_the_last_is_settled() {
    ExtBuilder::default().run(|| {
        SettlementsPerBlock::set(1);
        let all: Vec<_> = (1..=40).collect();
        whole_epoch(&all, &all);
        to_next_epoch();
        assert_eq!(epoch(), 2);
        let before = System::block_number();
        to_next_epoch();
        assert!(
            System::block_number() - before >= 39,
            "it took as long as the settlement"
        );
        assert_eq!(
            Settlement::<Test>::get().epoch,
            2,
            "and the empty epoch 1 goes with the turn"
        );
    });
}

/// More commitments than one group of the second level has leaves.
#[test]
fn many_nodes_are_no_other_case() {
    ExtBuilder::default().run(|| {
        use frame_support::traits::fungible::Mutate;
        use sp_core::Pair;
        MaxCommitments::set(1_100);
        SettlementsPerBlock::set(200);
        let all: Vec<AccountId> = (1..=1_100).collect();
        for account in ACCOUNTS + 1..=1_100 {
            Balances::set_balance(&account, FUNDS);
            set_key(account, pair(account).public());
        }
        whole_epoch(&all, &all[3..]);
        assert_eq!(RevealGroups::<Test>::iter_key_prefix((0, 0)).count(), 35);
        assert_eq!(RevealGroups::<Test>::iter_key_prefix((0, 1)).count(), 2);
        to_next_epoch();
        for _ in 0..5 {
            block();
        }
        assert_eq!(RevealGroups::<Test>::iter().count(), 0);
        assert_eq!(Commitments::<Test>::iter().count(), 0);
        let paid: Vec<_> = [1, 2, 3, 4].map(|account| FUNDS - total(account)).into();
        assert_eq!(paid, [2 * BOND, 2 * BOND, 2 * BOND, 0]);
    });
}
