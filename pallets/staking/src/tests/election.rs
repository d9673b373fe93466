// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Elections at the session's end, the weights that follow, and what stays when there is none.

use crate::{mock::*, ActiveSet, ChillReason, Event, LastElection, PlannedSet};
use frame_support::assert_ok;
use hansa_pbft_primitives::VotingWeight;
use sp_runtime::Perbill;

fn join(account: AccountId, bond: u128) {
    assert_ok!(Staking::bond(signed(account), bond));
    assert_ok!(Staking::validate(signed(account), Perbill::zero()));
}

#[test]
fn genesis_elects_the_first_set() {
    ExtBuilder::default().run(|| {
        let weights = [(1, 299_999), (2, 299_999), (3, 200_000), (4, 100_000)];
        assert_eq!(set(), weights);
        assert_eq!(LastElection::<Test>::get(), 0);
        rotate();
        assert_eq!(set(), weights);
        assert_eq!(ActiveSet::<Test>::get().election, 0);
        assert_eq!(PlannedSet::<Test>::get().map(|set| set.election), Some(1));
        rotate();
        assert_eq!(set(), weights);
        assert_eq!(ActiveSet::<Test>::get().election, 1);
    });
}

#[test]
fn a_chain_without_stakes_takes_the_session_pallets_set() {
    ExtBuilder::default().validators(&[]).run(|| {
        assert!(members().is_empty());
        assert_eq!(Staking::voting_weight(&5), 1);
        rotate();
        rotate();
        assert!(ActiveSet::<Test>::get().members.is_empty());
    });
}

#[test]
fn a_fifth_joins_and_the_lowest_drops_out() {
    ExtBuilder::default().run(|| {
        join(5, 15_000);
        rotate();
        assert_eq!(
            events().last(),
            Some(&Event::SetElected {
                election: 1,
                session: 2,
                members: 4
            })
        );
        assert_eq!(members(), [1, 2, 3, 4]);
        rotate();
        assert_eq!(members(), [1, 2, 3, 5]);
        // It is as good as its stake: the other one adds.
        assert_ok!(Staking::bond_extra(signed(4), 6_000));
        rotate();
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
    });
}

#[test]
fn the_edge_of_the_set_is_exact_within_a_bag() {
    ExtBuilder::default().run(|| {
        // All in the bag of 8,001 to 16,000, the highest last.
        for (account, bond) in [(5, 10_001), (6, 10_003), (7, 10_002)] {
            join(account, bond);
        }
        rotate();
        rotate();
        assert_eq!(members(), [1, 2, 3, 6]);
    });
}

#[test]
fn delegations_count() {
    ExtBuilder::default().run(|| {
        join(5, 5_000);
        assert_ok!(Staking::delegate(signed(10), 5, 5_001));
        rotate();
        rotate();
        assert_eq!(members(), [1, 2, 3, 5]);
        let shares = position(10, 5).shares.total();
        assert_ok!(Staking::undelegate(signed(10), 5, shares));
        rotate();
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
    });
}

#[test]
fn weights_are_those_of_the_set_in_force_not_of_the_one_planned() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::bond_extra(signed(4), 90_000));
        rotate();
        assert_eq!(set()[3], (4, 100_000));
        assert_ok!(Staking::unbond(signed(1), 30_000));
        rotate();
        // 40, 30, 20 and 100 of 190: the last is cut to what two thirds of the rest allow.
        let total: u64 = set().iter().map(|(_, weight)| weight).sum();
        assert_eq!(set()[3].1, (total - 1) / 3);
        assert_eq!(set()[0].1, 210_526);
        rotate();
        assert_eq!(set()[0].1, 62_500);
    });
}

#[test]
fn a_little_more_stake_does_not_change_the_set() {
    ExtBuilder::default().run(|| {
        let before = set();
        WeightTolerance::set(Perbill::from_percent(1));
        assert_ok!(Staking::delegate(signed(10), 4, 100));
        rotate();
        rotate();
        assert_eq!(set(), before);
        // It adds up: what counts is the change since the weights came into force.
        assert_ok!(Staking::delegate(signed(10), 4, 100));
        rotate();
        rotate();
        assert_eq!(set()[3], (4, 101_796));
    });
}

#[test]
fn too_few_candidates_leave_the_old_set() {
    ExtBuilder::default().run(|| {
        for account in [1, 2, 3] {
            assert_ok!(Staking::chill(signed(account)));
        }
        for session in 2..5 {
            rotate();
            assert_eq!(
                events(),
                [Event::ElectionFailed {
                    session,
                    candidates: 1
                }]
            );
            assert_eq!(members(), [1, 2, 3, 4]);
        }
        assert_eq!(LastElection::<Test>::get(), 0);
        assert_eq!(set()[0].1, 299_999);
        assert_ok!(Staking::chill(signed(4)));
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
    });
}

#[test]
fn candidates_without_keys_leave_the_list() {
    ExtBuilder::default().run(|| {
        join(5, 50_000);
        assert_ok!(Session::purge_keys(signed(5)));
        rotate();
        assert!(events().contains(&Event::Chilled {
            node: 5,
            reason: ChillReason::NoKeys
        }));
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
    });
}

#[test]
fn the_api_shows_current_and_next_set() {
    ExtBuilder::default().run(|| {
        join(5, 60_000);
        let nodes = |set: Vec<hansa_staking_primitives::ElectedNode<u64>>| {
            set.iter().map(|node| node.node).collect::<Vec<_>>()
        };
        assert_eq!(nodes(Staking::current_set()), [1, 2, 3, 4]);
        assert_eq!(nodes(Staking::next_set()), [1, 2, 3, 5]);
        assert_eq!(Staking::next_set()[3].stake, 60_000);
    });
}
