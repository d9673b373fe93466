// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Nodes that leave the pool.

use crate::{mock::*, Event, Tallies};
use hansa_beacon_primitives::{CommittedIds, Leaving};

fn leave(account: AccountId) {
    leave_pool(account);
    Beacons::on_leave(&account);
}

#[test]
fn leaving_in_the_commit_part_is_free() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        commit(2).unwrap();
        leave(1);
        assert_eq!(held(1), 0);
        assert_eq!(
            events().last(),
            Some(&Event::Withdrawn {
                epoch: 0,
                account: 1
            })
        );
        to_reveal();
        assert!(reveal(1).is_err(), "there is nothing to reveal");
        reveal(2).unwrap();
        assert_eq!(Tallies::<Test>::get(0).withheld(), 0);
        to_next_epoch();
        to_next_epoch();
        block();
        assert_eq!(total(1), FUNDS);
    });
}

#[test]
fn leaving_once_the_beacon_can_be_known_costs_what_withholding_costs() {
    ExtBuilder::default().run(|| {
        for account in [1, 2, 3] {
            commit(account).unwrap();
        }
        to_reveal();
        reveal(1).unwrap();
        reveal(3).unwrap();
        let tree = crate::RevealGroups::<Test>::get((0, 0, 0));
        // One has revealed, one has not.
        leave(1);
        leave(2);
        leave(2);
        assert_eq!(
            crate::RevealGroups::<Test>::get((0, 0, 0)),
            tree,
            "its id stays in"
        );
        assert_eq!(Tallies::<Test>::get(0).withheld(), 2);
        assert_eq!(Beacons::id_of(0, &1), None, "it has no place in the draw");
        assert!(reveal(2).is_err());
        to_next_epoch();
        to_next_epoch();
        block();
        // Two cost three bonds, in equal shares.
        assert_eq!(total(1), FUNDS - BOND * 3 / 2);
        assert_eq!(total(2), FUNDS - BOND * 3 / 2);
        assert_eq!(total(3), FUNDS);
        assert_eq!([held(1), held(2), held(3)], [0; 3]);
    });
}

#[test]
fn it_costs_until_the_draw_is_over() {
    ExtBuilder::default().run(|| {
        whole_epoch(&[1, 2], &[1, 2]);
        DrawOpen::set(Some(0));
        leave(1);
        assert_eq!(
            events().last(),
            Some(&Event::Forfeited {
                epoch: 0,
                account: 1
            })
        );
        assert_eq!(Beacons::id_of(0, &1), None);
        DrawOpen::set(None);
        leave(2);
        assert!(Beacons::id_of(0, &2).is_some());
        to_next_epoch();
        block();
        assert_eq!(total(1), FUNDS - BOND);
        assert_eq!(total(2), FUNDS);
    });
}

#[test]
fn who_has_not_committed_leaves_for_free() {
    ExtBuilder::default().run(|| {
        leave(1);
        to_reveal();
        leave(2);
        to_next_epoch();
        leave(3);
        assert_eq!([total(1), total(2), total(3)], [FUNDS; 3]);
    });
}
