// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! When sets change, and what else changes with a session.

use crate::{
    mock::*, ChangeQueued, Event, OutgoingSet, ParentSet, Seed, ServiceTime, SessionStart,
};
use frame_support::{assert_ok, traits::OneSessionHandler};
use hansa_pbft_primitives::{ConsensusLog, SignerBitmap};

/// Hand these validators over, as the session pallet does.
fn hand_over(validators: &[(AccountId, u64)]) {
    let keys: Vec<_> = validators
        .iter()
        .map(|(account, k)| (*account, key(*k)))
        .collect();
    let iter = || {
        keys.iter()
            .map(|(account, key)| (account, key.clone()))
            .collect::<Vec<_>>()
    };
    Pbft::on_new_session(true, iter().into_iter(), iter().into_iter());
}

#[test]
fn the_same_validators_keep_the_set() {
    ExtBuilder::default().run(|| {
        for _ in 0..3 {
            let header = end_session();
            assert_eq!(ConsensusLog::find_set_change(&header.digest), None);
            assert_eq!(Pbft::consensus_state().set.id, 0);
            assert_eq!(events(), []);
        }
    });
}

#[test]
fn keys_weights_accounts_and_order_make_another_set() {
    let same = [(1, 1), (2, 2), (3, 3), (4, 4)];
    for (what, list, changes) in [
        ("nothing", same, false),
        ("a key", [(1, 1), (2, 22), (3, 3), (4, 4)], true),
        ("an account", [(1, 1), (7, 2), (3, 3), (4, 4)], true),
        ("the order", [(2, 2), (1, 1), (3, 3), (4, 4)], true),
    ] {
        ExtBuilder::default().run(|| {
            Draft::default().make_with(|| hand_over(&list));
            assert_eq!(Pbft::consensus_state().set.id, u64::from(changes), "{what}");
            assert_eq!(members(), list.map(|(account, _)| account), "{what}");
        });
    }
    ExtBuilder::default().run(|| {
        set_weight(3, 2);
        Draft::default().make_with(|| hand_over(&same));
        assert_eq!(Pbft::consensus_state().set.total_weight(), 5);
        assert_eq!(Pbft::consensus_state().set.id, 1);
    });
}

#[test]
fn an_invalid_set_is_refused_and_the_old_one_stays() {
    ExtBuilder::default().run(|| {
        for list in [&[][..], &[(1, 1), (2, 1)], &[(5, 5)]] {
            set_weight(5, 0);
            Draft::default().make_with(|| hand_over(list));
            assert!(
                matches!(events()[..], [Event::SetRefused { .. }]),
                "{list:?}"
            );
            assert_eq!(members(), [1, 2, 3, 4]);
            assert_eq!(Pbft::consensus_state().set.id, 0);
        }
    });
}

/// The certificate in block h is of the set that decided h - 1.
#[test]
fn certificates_are_held_against_the_set_that_signed() {
    ExtBuilder::default().run(|| {
        Draft::default().make_with(|| {
            for account in [1, 2, 3] {
                assert_ok!(Pbft::remove_authority(RuntimeOrigin::root(), account));
            }
        });
        end_session();
        take_reports();

        // Block h hands over. It is decided by the four, as its parent was.
        let handing_over = Draft {
            signers: Some(vec![0, 1, 2]),
            ..Default::default()
        };
        handing_over.begin();
        assert_eq!(members(), [4]);
        assert_eq!(OutgoingSet::<Test>::get().map(|s| s.set.len()), Some(4));
        assert_eq!(
            (Pbft::parent_set().set.len(), Pbft::deciding_set().set.len()),
            (4, 4)
        );
        handing_over.inherents();
        end();

        // Block h + 1 is decided by the one, and reports what the four signed.
        assert_eq!(ParentSet::<Test>::get().map(|s| s.set.len()), Some(4));
        let next = Draft {
            signers: Some(vec![1, 2, 3]),
            ..Default::default()
        };
        next.begin();
        assert_eq!(
            (Pbft::parent_set().set.len(), Pbft::deciding_set().set.len()),
            (4, 1)
        );
        next.inherents();
        end();

        // Block h + 2 reports what the one signed.
        assert_eq!(ParentSet::<Test>::get(), None);
        assert_eq!(Pbft::parent_set().set.len(), 1);
        Draft {
            signers: Some(vec![0]),
            ..Default::default()
        }
        .make();

        let four = |signed: [bool; 4]| [1, 2, 3, 4].into_iter().zip(signed).collect::<Vec<_>>();
        assert_eq!(
            take_reports(),
            [
                (Some(1), four([true, true, true, false])),
                (Some(4), four([false, true, true, true])),
                (Some(4), vec![(4, true)]),
            ]
        );
    });
}

/// Two blocks in a row that hand over: none of three sets is mistaken for another.
#[test]
fn sets_that_follow_each_other_at_once_are_kept_apart() {
    ExtBuilder::default().run(|| {
        block();
        Draft::default().make_with(|| hand_over(&[(1, 1), (2, 2), (3, 3)]));
        let draft = Draft {
            signers: Some(vec![0, 1, 2, 3]),
            ..Default::default()
        };
        draft.begin();
        hand_over(&[(1, 1)]);
        assert_eq!(Pbft::parent_set().set.len(), 4);
        assert_eq!(Pbft::deciding_set().set.len(), 3);
        draft.inherents();
        end();
        assert_eq!(Pbft::parent_set().set.len(), 3);
        assert_eq!(
            SignerBitmap::new(3, [0, 1, 2]).check_quorum(&Pbft::parent_set().set),
            Ok(())
        );
        Draft::default().make();
        assert_eq!(Pbft::parent_set().set.len(), 1);
        assert_eq!(Pbft::consensus_state().set.id, 2);
    });
}

#[test]
fn each_session_has_its_seed() {
    ExtBuilder::default().run(|| {
        let mut seeds = std::collections::BTreeSet::from([Seed::<Test>::get()]);
        for _ in 0..5 {
            block();
            assert!(
                seeds.contains(&Seed::<Test>::get()),
                "it stays within a session"
            );
            end_session();
            assert!(seeds.insert(Seed::<Test>::get()), "a seed came twice");
        }
    });
}

#[test]
fn changed_keys_are_prompt_too() {
    ExtBuilder::default().run(|| {
        Draft::default()
            .make_with(|| pallet_session::NextKeys::<Test>::insert(3, MockKeys { pbft: key(33) }));
        end_session();
        assert!(ChangeQueued::<Test>::get());
        let header = block();
        assert!(!ChangeQueued::<Test>::get());
        let set = ConsensusLog::find_set_change(&header.digest).expect("the set changes");
        assert_eq!(set.get(2).map(|a| a.key.clone()), Some(key(33)));
        let session = Session::current_index();
        block();
        assert_eq!(
            Session::current_index(),
            session,
            "one cut session is enough"
        );
    });
}

#[test]
fn weights_alone_are_prompt_too() {
    ExtBuilder::default().run(|| {
        block();
        plan_weight(2, 3);
        end_session();
        assert!(ChangeQueued::<Test>::get());
        assert_eq!(Pbft::consensus_state().set.total_weight(), 4);
        set_weight(2, 3);
        let header = block();
        assert!(!ChangeQueued::<Test>::get());
        let set = ConsensusLog::find_set_change(&header.digest).expect("the set changes");
        assert_eq!(set.total_weight(), 6);
    });
}

#[test]
fn a_session_ends_by_time_only_when_the_gate_opens() {
    ExtBuilder::default().run(|| {
        GateOpen::set(false);
        for _ in 0..2 * SESSION_MS / 1_000 {
            block();
        }
        assert_eq!(Session::current_index(), 0);
        let began = SessionStart::<Test>::get();
        GateOpen::set(true);
        let now = ServiceTime::<Test>::get();
        block();
        assert_eq!(Session::current_index(), 1);
        // It was held back for longer than a step, so the next one has its whole time.
        assert_eq!((began, SessionStart::<Test>::get()), (0, now));
    });
}

/// What must not wait, such as an offender's leaving, does not; and it does not move the time at which
/// the next session by time begins.
#[test]
fn the_gate_does_not_hold_back_early_ends() {
    ExtBuilder::default().run(|| {
        GateOpen::set(false);
        for _ in 0..2 * SESSION_MS / 1_000 {
            block();
        }
        ChangeQueued::<Test>::put(true);
        block();
        assert_eq!(Session::current_index(), 1);
        assert_eq!(SessionStart::<Test>::get(), 0);
        block();
        assert_eq!(Session::current_index(), 1);
        GateOpen::set(true);
        block();
        assert_eq!(Session::current_index(), 2);
    });
}
