// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who is drawn was there in each of the epochs before.

use crate::{mock::*, presence::MAX_DRAW_DELAY, DrawDelay, Error, Event};
use frame_support::{assert_noop, assert_ok};
use hansa_allocation_primitives::{Allocation, NodePlace, Serving};
use proptest::prelude::*;
use sp_runtime::{BuildStorage, DispatchError};
use std::collections::BTreeSet;

fn set_delay(epochs: u32) {
    assert_ok!(NodePool::set_draw_delay(RuntimeOrigin::root(), epochs));
}

/// The first epoch by whose ids a node is drawn, as it is told.
fn told(account: AccountId) -> u32 {
    match NodePool::node_status(account).map(|status| status.place) {
        Some(NodePlace::Waiting { from_epoch }) => from_epoch,
        other => panic!("it does not wait: {other:?}"),
    }
}

/// Epochs until the node has a chain; the one by whose ids it was drawn.
fn drawn_in(account: AccountId) -> u32 {
    for _ in 0..20 {
        epoch();
        if NodePool::chain_of(&account).is_some() {
            return Epoch::get() - 1;
        }
    }
    panic!("{account} is never drawn");
}

#[test]
fn who_comes_waits_for_the_delay() {
    ExtBuilder.run(|| {
        epoch();
        set_delay(3);
        open(1, 4);
        join_veterans([1]);
        assert_eq!(told(1), 4);
        assert_eq!(drawn_in(1), 4);
        // After the freeze it is one epoch later.
        freeze();
        join_veterans([2]);
        assert_eq!(told(2), 9);
        beacon();
        work();
        assert_eq!(drawn_in(2), 9);
    });
}

#[test]
fn who_was_there_from_the_first_epoch_on_does_not_wait() {
    ExtBuilder.run(|| {
        set_delay(4);
        open(1, 7);
        join_veterans([1, 2]);
        assert_eq!((told(1), told(2)), (0, 0));
        set_absent([2]);
        epoch();
        assert_eq!(accounts(1), [1]);
        set_absent([]);
        assert_eq!(told(2), 5);
        assert_eq!(drawn_in(2), 5);
    });
}

#[test]
fn who_is_absent_once_waits_again() {
    ExtBuilder.run(|| {
        set_delay(2);
        join_veterans([1, 2]);
        for _ in 0..4 {
            epoch();
        }
        assert_eq!((told(1), told(2)), (0, 0));
        set_absent([2]);
        epoch();
        set_absent([]);
        open(1, 7);
        assert_eq!((told(1), told(2)), (0, 7));
        epoch();
        assert_eq!(accounts(1), [1]);
        assert_eq!(drawn_in(2), 7);
    });
}

#[test]
fn who_served_and_went_on_committing_does_not_wait() {
    ExtBuilder.run(|| {
        live_chain(4);
        set_delay(5);
        set_absent([3]);
        for _ in 0..6 {
            epoch();
        }
        set_absent([]);
        assert_ok!(NodePool::close(1));
        open(2, 7);
        epoch();
        let drawn: BTreeSet<_> = accounts(2).into_iter().collect();
        assert_eq!(drawn, BTreeSet::from([1, 2, 4]));
        // 3 did not commit while it served.
        let since = Epoch::get() - 1;
        assert_eq!(told(3), since + 5);
        assert_eq!(drawn_in(3), since + 5);
    });
}

#[test]
fn who_leaves_and_comes_back_waits() {
    ExtBuilder.run(|| {
        set_delay(2);
        join_veterans([1, 2]);
        epoch();
        assert_ok!(NodePool::leave(RuntimeOrigin::signed(1)));
        join([1]);
        open(1, 7);
        epoch();
        assert_eq!(accounts(1), [2]);
        assert_eq!(drawn_in(1), 3);
    });
}

#[test]
fn a_delay_that_is_set_after_the_freeze_is_for_the_next_draw() {
    ExtBuilder.run(|| {
        epoch();
        open(1, 7);
        join_veterans([1, 2]);
        freeze();
        set_delay(3);
        beacon();
        work();
        assert_eq!(accounts(1).len(), 2, "it was none at the freeze");
        join_veterans([3]);
        freeze();
        set_delay(0);
        beacon();
        work();
        assert_eq!(accounts(1).len(), 2, "it was three at the freeze");
        epoch();
        assert_eq!(accounts(1).len(), 3);
    });
}

#[test]
fn only_the_admin_sets_the_delay_and_within_bounds() {
    ExtBuilder.run(|| {
        let set = NodePool::set_draw_delay;
        assert_noop!(set(RuntimeOrigin::signed(1), 1), DispatchError::BadOrigin);
        let too_long = MAX_DRAW_DELAY + 1;
        assert_noop!(
            set(RuntimeOrigin::root(), too_long),
            Error::<Test>::DelayTooLong
        );
        set_delay(MAX_DRAW_DELAY);
        assert_eq!(DrawDelay::<Test>::get(), MAX_DRAW_DELAY);
        let event = Event::DrawDelaySet {
            epochs: MAX_DRAW_DELAY,
        };
        assert!(events().contains(&event));
    });
}

/// What a genesis with this delay has; none if it cannot be built.
fn genesis(draw_delay: Option<u32>) -> Option<u32> {
    let build = || {
        let pool = crate::GenesisConfig::<Test> {
            draw_delay,
            ..Default::default()
        };
        let mut ext: sp_io::TestExternalities = pool.build_storage().ok()?.into();
        Some(ext.execute_with(DrawDelay::<Test>::get))
    };
    std::panic::catch_unwind(build).ok().flatten()
}

#[test]
fn a_genesis_names_the_delay_or_has_the_runtimes() {
    assert_eq!(genesis(None), Some(0));
    assert_eq!(genesis(Some(7)), Some(7));
    assert_eq!(genesis(Some(MAX_DRAW_DELAY)), Some(MAX_DRAW_DELAY));
    assert_eq!(genesis(Some(MAX_DRAW_DELAY + 1)), None);
}

/// What happens in an epoch.
#[derive(Clone, Debug)]
struct Scene {
    join: Vec<AccountId>,
    leave: Vec<AccountId>,
    absent: BTreeSet<AccountId>,
    /// The chain ends, and another begins: its members are free.
    end: bool,
    /// These come after the freeze.
    late: Vec<AccountId>,
    /// These leave after the freeze.
    gone: Vec<AccountId>,
}

fn scene() -> impl Strategy<Value = Scene> {
    let some = |most: usize| prop::collection::vec(1u64..16, 0..most);
    let absent = prop::collection::btree_set(1u64..16, 0..4);
    (
        some(5),
        some(2),
        absent,
        prop::bool::weighted(0.2),
        some(2),
        some(2),
    )
        .prop_map(|(join, leave, absent, end, late, gone)| Scene {
            join,
            leave,
            absent,
            end,
            late,
            gone,
        })
}

/// Who of these comes into the pool, or leaves it, as far as it may.
fn come(accounts: &[AccountId]) {
    for account in accounts {
        if NodePool::join(RuntimeOrigin::signed(*account)).is_ok() {
            NodePool::note_veteran(account);
        }
    }
}

/// See [`come`]. Who has left has been present in no epoch.
fn go(accounts: &[AccountId], present: &mut BTreeSet<(AccountId, u32)>) {
    for account in accounts {
        let _ = NodePool::leave(RuntimeOrigin::signed(*account));
        if !NodePool::is_pooled(account) {
            present.retain(|(who, _)| who != account);
        }
    }
}

fn waiting() -> BTreeSet<AccountId> {
    (1..16)
        .filter(|who| NodePool::is_pooled(who) && NodePool::chain_of(who).is_none())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// With places for all, those who waited at the freeze, still do, and were present in the epoch and in
    /// all of the last `delay` are drawn, and nobody else is.
    #[test]
    fn who_was_present_is_drawn_and_nobody_else(
        delay in 0u32..5,
        scenes in prop::collection::vec(scene(), 1..24),
    ) {
        ExtBuilder.run(|| {
            set_delay(delay);
            let mut chain = 1;
            open(chain, 40);
            let mut present = BTreeSet::new();
            for scene in scenes {
                let now = Epoch::get();
                come(&scene.join);
                go(&scene.leave, &mut present);
                if scene.end {
                    assert_ok!(NodePool::close(chain));
                    chain += 1;
                    open(chain, 40);
                }
                let pooled = (1..16).filter(NodePool::is_pooled);
                present.extend(pooled.filter(|who| !scene.absent.contains(who)).map(|who| (who, now)));
                set_absent(scene.absent.clone());
                let candidates = waiting();
                freeze();
                go(&scene.gone, &mut present);
                come(&scene.late);
                beacon();
                work();
                let drawn: BTreeSet<_> = candidates.difference(&waiting())
                    .copied().filter(NodePool::is_pooled).collect();
                let first = now.saturating_sub(delay);
                let expected: BTreeSet<_> = candidates.into_iter()
                    .filter(|who| (first..=now).all(|epoch| present.contains(&(*who, epoch))))
                    .collect();
                assert_eq!(drawn, expected, "in epoch {now}");
                assert_eq!(NodePool::member_count(chain) as usize,
                    (1..16).filter(|who| NodePool::chain_of(who).is_some()).count());
            }
        });
    }
}
