// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Elections that are held when the inputs of the next beacon are frozen: what is fixed then, and what
//! happens to who leaves before the set is in force.

use crate::{
    mock::*, ActiveSet, Elects, Error, Event, FrozenSet, InForceSince, LastElection, PlannedSet,
};
use frame_support::{assert_noop, assert_ok};
use hansa_beacon_primitives::{OnBeacon, OnFreeze};
use hansa_pbft_primitives::VotingWeight;
use sp_runtime::Perbill;

fn run(test: impl FnOnce()) {
    ExtBuilder::default().run(|| {
        FrozenElections::set(true);
        test();
    });
}

/// Freeze what the next beacon draws by, as the beacon does.
fn freeze() {
    Staking::on_freeze(0);
}

/// Make a block in which an epoch begins, and so ends the session.
fn turn() {
    Staking::on_beacon(1, &[1; 32]);
    rotate();
}

fn join(account: AccountId, bond: u128) {
    assert_ok!(Staking::bond(signed(account), bond));
    assert_ok!(Staking::validate(signed(account), Perbill::zero()));
}

fn planned() -> Vec<AccountId> {
    let set = PlannedSet::<Test>::get().expect("a set is planned");
    set.members.iter().map(|member| member.node).collect()
}

#[test]
fn the_set_and_its_weights_are_those_of_the_freeze() {
    run(|| {
        join(5, 15_000);
        freeze();
        assert_eq!(
            events(),
            [
                Event::Bonded {
                    node: 5,
                    amount: 15_000
                },
                Event::Registered { node: 5, fee: 500 },
                Event::Validating {
                    node: 5,
                    commission: Perbill::zero()
                },
                Event::SetFrozen {
                    election: 1,
                    members: 4
                },
            ]
        );
        // Who comes later, and what is staked later, waits for the next.
        join(6, 900_000);
        assert_ok!(Staking::bond_extra(signed(3), 500_000));
        assert_ok!(Staking::unbond(signed(1), 30_000));
        let next: Vec<_> = Staking::next_set().iter().map(|node| node.node).collect();
        assert_eq!(next, [1, 2, 3, 5]);
        turn();
        assert_eq!(planned(), [1, 2, 3, 5]);
        assert_eq!(members(), [1, 2, 3, 4]);
        // What the consensus compares to see whether the change must be prompt.
        assert_eq!(Staking::voting_weight(&3), 200_000);
        let of_three = Staking::planned_weight(&3);
        rotate();
        // Of 40, 30, 20 and 15: the first is cut to `T` of what results.
        let expected = [(1, 309_523), (2, 285_714), (3, 190_476), (5, 142_857)];
        assert_eq!(set(), expected);
        assert_eq!(set()[2], (3, of_three));
        assert_eq!(FrozenSet::<Test>::get(), None);
        freeze();
        turn();
        rotate();
        assert!(members().contains(&6));
    });
}

#[test]
fn what_is_staked_after_the_freeze_is_not_of_that_election() {
    run(|| {
        freeze();
        assert_eq!(LastElection::<Test>::get(), 1);
        assert_ok!(Staking::bond_extra(signed(1), 1_000));
        assert_eq!(ledger(1).active.iter().map(|p| p.since).max(), Some(2));
        // What leaves now was counted: it is liable for what the set does that is not in force yet.
        assert_ok!(Staking::unbond(signed(2), 1_000));
        assert_eq!(ledger(2).unlocking.iter().map(|c| c.until).max(), Some(1));
        turn();
        rotate();
        assert_eq!(ActiveSet::<Test>::get().election, 1);
    });
}

#[test]
fn a_session_that_ends_before_the_epoch_does_not_take_the_frozen_set() {
    run(|| {
        join(5, 15_000);
        freeze();
        rotate();
        assert_eq!(PlannedSet::<Test>::get(), None);
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
        turn();
        rotate();
        assert_eq!(members(), [1, 2, 3, 5]);
        let before = LastElection::<Test>::get();
        rotate();
        rotate();
        assert_eq!(
            (members(), LastElection::<Test>::get()),
            (vec![1, 2, 3, 5], before)
        );
    });
}

#[test]
fn who_is_chilled_after_the_freeze_is_left_out_and_told_of() {
    run(|| {
        join(5, 15_000);
        freeze();
        assert_ok!(Staking::chill(signed(3)));
        assert_eq!(take_left(), [3]);
        turn();
        assert_eq!(planned(), [1, 2, 5]);
        rotate();
        assert_eq!(members(), [1, 2, 5]);
        assert_ok!(Staking::validate(signed(3), Perbill::zero()));
        assert!(take_left().is_empty());
    });
}

#[test]
fn an_offender_leaves_at_once_and_is_not_in_the_frozen_set() {
    run(|| {
        join(5, 15_000);
        freeze();
        let election = ActiveSet::<Test>::get().election;
        convict(2, 0);
        assert_eq!(take_left(), [2]);
        // The conviction ends the session, and the next, as the set has changed.
        block_after(0);
        assert_eq!(planned(), [1, 3, 4]);
        rotate();
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(
            ActiveSet::<Test>::get().election,
            election,
            "counted by the same"
        );
        turn();
        rotate();
        assert_eq!(members(), [1, 3, 5]);
        assert_eq!(ActiveSet::<Test>::get().election, election + 1);
    });
}

#[test]
fn what_is_left_is_capped_anew() {
    run(|| {
        MaxValidators::set(5);
        join(5, 15_000);
        freeze();
        assert_ok!(Staking::chill(signed(2)));
        turn();
        rotate();
        let total: u64 = set().iter().map(|(_, weight)| weight).sum();
        assert_eq!(members(), [1, 3, 4, 5]);
        assert!(
            set().iter().all(|(_, weight)| 3 * weight < total),
            "{:?}",
            set()
        );
    });
}

#[test]
fn too_few_that_are_left_leave_the_old_set() {
    run(|| {
        MinValidators::set(4);
        join(5, 15_000);
        freeze();
        assert_ok!(Staking::chill(signed(1)));
        turn();
        assert_eq!(
            events().last(),
            Some(&Event::ElectionFailed {
                session: 2,
                candidates: 4
            })
        );
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
        assert_eq!(ActiveSet::<Test>::get().election, 0);
        // The number is gone; what it would have ended is ended by the next.
        assert_ok!(Staking::unbond(signed(2), 1_000));
        assert_eq!(ledger(2).unlocking.iter().map(|c| c.until).max(), Some(1));
        block_after(50);
        freeze();
        turn();
        rotate();
        assert_eq!(ActiveSet::<Test>::get().election, 2);
        assert_eq!(members(), [2, 3, 4, 5]);
        assert_eq!(InForceSince::<Test>::get(1), Some(now()));
        assert_eq!(InForceSince::<Test>::get(2), Some(now()));
    });
}

#[test]
fn an_election_that_fails_at_the_freeze_is_told_of_at_the_end() {
    run(|| {
        for account in [1, 2, 3] {
            assert_ok!(Staking::chill(signed(account)));
        }
        freeze();
        assert_eq!(LastElection::<Test>::get(), 0);
        turn();
        assert_eq!(
            events(),
            [Event::ElectionFailed {
                session: 2,
                candidates: 1
            }]
        );
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
    });
}

#[test]
fn keys_of_who_is_elected_stay() {
    run(|| {
        join(5, 15_000);
        freeze();
        let refused = || Error::<Test>::KeysInUse;
        for account in [1, 4, 5] {
            assert_noop!(Staking::purge_keys(signed(account)), refused());
        }
        assert_ok!(Staking::purge_keys(signed(6)));
        assert_ok!(Staking::chill(signed(5)));
        assert_ok!(Staking::chill(signed(4)));
        for account in [4, 5] {
            assert_noop!(Staking::purge_keys(signed(account)), refused());
        }
        turn();
        rotate();
        assert_eq!(members(), [1, 2, 3]);
        for account in [4, 5] {
            assert_ok!(Staking::purge_keys(signed(account)));
        }
        // Should keys be lost nonetheless, the member is left out.
        freeze();
        pallet_session::NextKeys::<Test>::remove(2);
        turn();
        assert_eq!(planned(), [1, 3]);
    });
}

#[test]
fn elections_begin_with_the_first_freeze_after_they_are_enabled() {
    ExtBuilder::default().validators(&[]).run(|| {
        FrozenElections::set(true);
        for account in [5, 6] {
            join(account, 10_000);
        }
        freeze();
        assert_eq!(FrozenSet::<Test>::get(), None);
        Elects::<Test>::put(true);
        turn();
        assert_eq!(PlannedSet::<Test>::get(), None);
        freeze();
        turn();
        rotate();
        assert_eq!(members(), [5, 6]);
        assert_eq!(ActiveSet::<Test>::get().election, 1);
    });
}
