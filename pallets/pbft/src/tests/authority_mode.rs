// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The admin's calls, and when they take effect.

use crate::{mock::*, Error, Event, Listed};
use frame_support::{assert_noop, assert_ok};
use hansa_pbft_primitives::{ConsensusLog, MAX_AUTHORITIES};
use sp_runtime::{BoundedVec, DispatchError};

fn add(account: AccountId) {
    Draft::default().make_with(|| {
        assert_ok!(Pbft::add_authority(RuntimeOrigin::root(), account));
    });
}

fn remove(account: AccountId) {
    Draft::default().make_with(|| {
        assert_ok!(Pbft::remove_authority(RuntimeOrigin::root(), account));
    });
}

/// The end of the session and the block after it, to which the queued session is cut.
fn end_session_and_hand_over() {
    end_session();
    block();
}

#[test]
fn an_added_authority_decides_from_the_end_of_the_session_on() {
    ExtBuilder::default().run(|| {
        add(5);
        assert_eq!(events(), [Event::AuthorityAdded { account: 5 }]);
        assert_eq!(members(), [1, 2, 3, 4], "not in this session");

        let header = end_session();
        assert_eq!(
            ConsensusLog::find_set_change(&header.digest),
            None,
            "only queued"
        );
        let header = block();
        let set = ConsensusLog::find_set_change(&header.digest).expect("the set changes");
        assert_eq!(set, Pbft::consensus_state().set);
        assert_eq!((set.id, set.len()), (1, 5));
        assert_eq!(members(), [1, 2, 3, 4, 5]);
        assert_eq!(
            events(),
            [Event::SetChanged {
                id: 1,
                authorities: 5
            }]
        );
        assert_eq!(Session::validators(), members());
    });
}

#[test]
fn a_removed_authority_leaves_at_the_end_of_the_session() {
    ExtBuilder::default().run(|| {
        remove(2);
        assert_eq!(events(), [Event::AuthorityRemoved { account: 2 }]);
        end_session_and_hand_over();
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(Pbft::consensus_state().set.quorum(), 3);
    });
}

/// Without prompt changes the session pallet's own delay of a whole session holds.
#[test]
fn a_change_waits_for_a_session_more_where_it_is_not_prompt() {
    ExtBuilder::default().run(|| {
        PromptChanges::set(false);
        add(5);
        end_session_and_hand_over();
        assert_eq!(members(), [1, 2, 3, 4]);
        end_session();
        assert_eq!(members(), [1, 2, 3, 4, 5]);
    });
}

#[test]
fn sessions_keep_their_length_beside_a_prompt_change() {
    ExtBuilder::default().run(|| {
        add(5);
        end_session_and_hand_over();
        let from = System::block_number();
        end_session();
        // The cut session took a block, of a second, out of the next one's ten.
        assert_eq!(System::block_number() - from, 9);
        let from = System::block_number();
        end_session();
        assert_eq!(
            System::block_number() - from,
            10,
            "no more cut sessions follow"
        );
    });
}

#[test]
fn only_the_admin_may_change_anything() {
    ExtBuilder::default().run(|| {
        let origin = || RuntimeOrigin::signed(1);
        assert_noop!(Pbft::add_authority(origin(), 5), DispatchError::BadOrigin);
        assert_noop!(
            Pbft::remove_authority(origin(), 1),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Pbft::set_timing(origin(), Default::default()),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Pbft::set_session_length(origin(), 5_000),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Pbft::add_authority(RuntimeOrigin::none(), 5),
            DispatchError::BadOrigin
        );
    });
}

/// A chain without root: the operators' multisig account, say, is the admin.
#[test]
fn an_account_can_be_the_admin() {
    ExtBuilder::default().run(|| {
        assert_ok!(Pbft::set_admin(RuntimeOrigin::root(), Some(9)));
        assert_ok!(Pbft::add_authority(RuntimeOrigin::signed(9), 5));
        assert_noop!(
            Pbft::add_authority(RuntimeOrigin::signed(8), 6),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Pbft::set_admin(RuntimeOrigin::signed(8), Some(8)),
            DispatchError::BadOrigin
        );
        assert_ok!(Pbft::set_admin(RuntimeOrigin::signed(9), Some(8)));
        assert_noop!(
            Pbft::add_authority(RuntimeOrigin::signed(9), 6),
            DispatchError::BadOrigin
        );
        assert_ok!(Pbft::add_authority(RuntimeOrigin::signed(8), 6));
        assert_ok!(Pbft::set_admin(RuntimeOrigin::root(), None));
        assert_noop!(
            Pbft::remove_authority(RuntimeOrigin::signed(8), 6),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn bad_changes_are_refused() {
    ExtBuilder::default().run(|| {
        let root = RuntimeOrigin::root;
        assert_noop!(
            Pbft::add_authority(root(), 1),
            Error::<Test>::AlreadyAuthority
        );
        assert_noop!(Pbft::add_authority(root(), 77), Error::<Test>::NoKeys);
        assert_noop!(
            Pbft::remove_authority(root(), 5),
            Error::<Test>::NotAuthority
        );
        for account in 1..4 {
            assert_ok!(Pbft::remove_authority(root(), account));
        }
        assert_noop!(
            Pbft::remove_authority(root(), 4),
            Error::<Test>::LastAuthority
        );
        end_session_and_hand_over();
        assert_eq!(members(), [4]);
    });
}

#[test]
fn there_is_a_bound() {
    ExtBuilder::default().run(|| {
        let before = Listed::<Test>::get();
        let full = (100..100 + u64::from(MAX_AUTHORITIES)).collect::<Vec<_>>();
        Listed::<Test>::put(BoundedVec::truncate_from(full));
        assert_noop!(
            Pbft::add_authority(RuntimeOrigin::root(), 5),
            Error::<Test>::TooManyAuthorities
        );
        Listed::<Test>::put(before);
    });
}

#[test]
fn an_authority_without_keys_is_left_out_until_it_has_some() {
    ExtBuilder::default().run(|| {
        Draft::default().make_with(|| {
            assert_ok!(Session::purge_keys(RuntimeOrigin::signed(2)));
        });
        end_session_and_hand_over();
        assert_eq!(members(), [1, 3, 4]);
        assert_eq!(
            Listed::<Test>::get().into_inner(),
            [1, 2, 3, 4],
            "it stays listed"
        );
        pallet_session::NextKeys::<Test>::insert(2, MockKeys { pbft: key(22) });
        end_session_and_hand_over();
        assert_eq!(members(), [1, 2, 3, 4]);
        let set = Pbft::consensus_state().set;
        assert_eq!(set.get(1).map(|a| a.key.clone()), Some(key(22)));
    });
}

/// If nobody has keys any more the set that has them goes on.
#[test]
fn the_set_never_becomes_empty() {
    ExtBuilder::default().validators(&[1]).run(|| {
        Draft::default().make_with(|| {
            assert_ok!(Session::purge_keys(RuntimeOrigin::signed(1)));
        });
        end_session_and_hand_over();
        end_session();
        assert_eq!(members(), [1]);
        assert_eq!(Pbft::consensus_state().set.id, 0);
        assert!(events().iter().any(|e| matches!(
            e,
            Event::SetRefused {
                reason: crate::SetRefusal::Empty
            }
        )));
    });
}
