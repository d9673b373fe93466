// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the head of a chain says, by its own time, and whose members are held.

use super::stalls::{ended, recovery, rolled, stalled};
use crate::{
    mock::*,
    stalls::{ASK_PART, HELD_FOR, HOLD_PART, MAX_SPARED},
    Event, StallEnd, Stalls, Watched,
};
use hansa_interchain_primitives::traits::HandOvers;

/// Since when the chain has shown nothing later.
fn since() -> u32 {
    Watched::<Test>::get(CHAIN).expect("it is watched").since
}

#[test]
fn what_counts_is_the_own_time_of_a_header() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        let first = Now::get();
        assert_eq!(since(), first);
        block_after(PERIODS.stall_seconds - 50);
        prove_late(11, set(0, &[1, 2, 3, 4]), 90);
        epoch();
        assert_eq!(since(), Now::get() - 90);
        // It has stood since then, and not since it was shown.
        block_after(PERIODS.stall_seconds - 91);
        assert_eq!(epoch(), []);
        block_after(1);
        assert!(matches!(epoch()[..], [Event::Stalled { height: 11, .. }]));
    });
}

#[test]
fn a_header_does_not_shorten_the_time_and_none_is_of_a_time_to_come() {
    with_chain(|| {
        prove_late(9, set(0, &[1, 2, 3, 4]), 1_000);
        // The first one: the route was opened late, perhaps.
        assert_eq!(epoch(), []);
        let first = Now::get();
        assert_eq!(since(), first);
        block_after(10);
        prove_late(10, set(0, &[1, 2, 3, 4]), 1_000);
        assert_eq!(epoch(), []);
        assert_eq!(since(), first);
        prove(11, set(0, &[1, 2, 3, 4]));
        Known::mutate(|all| {
            let (head, _) = all.get_mut(&CHAIN).expect("it is known");
            head.timestamp += 10_000;
        });
        epoch();
        assert_eq!(since(), Now::get());
    });
}

#[test]
fn an_old_header_moves_the_head_and_the_stall_goes_on() {
    stalled(|| {
        Silent::set(vec![3, 4]);
        let before = DappChainSets::stall_of(CHAIN).expect("it stands still");
        block_after(PERIODS.challenge_seconds - 1);
        prove_late(11, set(0, &[1, 2, 3, 4]), PERIODS.stall_seconds);
        assert_eq!(epoch(), []);
        let stall = DappChainSets::stall_of(CHAIN).expect("it stands still");
        assert_eq!((before.head, stall.head), (head(10), head(11)));
        // Neither the roll nor the challenge begins anew.
        assert_eq!(
            (stall.opened_at, stall.challenge_ends_at),
            (before.opened_at, before.challenge_ends_at)
        );
        assert_eq!(Called::get(), [(CHAIN, before.opened_at)].into());
        block_after(1);
        prove_late(12, set(0, &[1, 2, 3, 4]), PERIODS.stall_seconds);
        assert_eq!(epoch(), []);
        assert!(DappChainSets::stall_of(CHAIN).is_some_and(|stall| stall.roll_closed));
        // Nor is the record put off by one; it is made above the last.
        serve(CHAIN, &[1, 2, 5, 6]);
        prove_late(13, set(0, &[1, 2, 3, 4]), PERIODS.stall_seconds);
        assert!(matches!(epoch()[..], [Event::Recovered { height: 13, .. }]));
        assert_eq!(recovery().map(|record| record.head), Some(head(13)));
    });
}

/// It decided on after the roll was called, and shows that when it is as old as a stall.
#[test]
fn a_header_of_the_stall_itself_may_be_old() {
    stalled(|| {
        Closes::set(false);
        Silent::set(vec![3, 4]);
        block_after(PERIODS.stall_seconds + PERIODS.challenge_seconds);
        let opened_at = DappChainSets::stall_of(CHAIN).map(|stall| stall.opened_at);
        prove_late(11, set(0, &[1, 2, 3, 4]), PERIODS.stall_seconds);
        assert_eq!(epoch(), []);
        assert!(Some(since()) > opened_at);
        assert_eq!(
            DappChainSets::stall_of(CHAIN).map(|stall| stall.opened_at),
            opened_at
        );
        prove_late(12, set(0, &[1, 2, 3, 4]), PERIODS.stall_seconds - 1);
        assert_eq!(epoch(), ended(StallEnd::NewHead));
    });
}

#[test]
fn an_old_header_may_hand_over() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        block_after(PERIODS.stall_seconds);
        assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
        Silent::set(vec![2, 3]);
        block_after(PERIODS.challenge_seconds);
        epoch();
        // Of the set before two of four are there; of the one that decides, two, too.
        assert!(hand_over(1, &[1, 2, 3, 5]));
        prove_late(11, set(1, &[1, 2, 3, 5]), PERIODS.stall_seconds);
        serve(CHAIN, &[1, 5, 6, 7]);
        let recovered = Event::Recovered {
            chain: CHAIN,
            ordinal: 2,
            set: 2,
            height: 11,
            members: 4,
        };
        assert_eq!(epoch(), [recovered]);
    });
}

#[test]
fn a_quorum_of_the_set_that_a_late_header_hands_over_to_is_spared() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        serve(CHAIN, &[1, 5, 6, 7]);
        epoch();
        block_after(PERIODS.stall_seconds);
        epoch();
        Silent::set(vec![6, 7]);
        block_after(PERIODS.challenge_seconds);
        assert_eq!(epoch(), []);
        assert!(hand_over(1, &[1, 5, 6, 7]));
        prove_late(11, set(1, &[1, 5, 6, 7]), PERIODS.stall_seconds);
        serve(CHAIN, &[1, 5, 6, 7]);
        assert_eq!(epoch(), ended(StallEnd::Quorum));
        let seen = Watched::<Test>::get(CHAIN).expect("it is watched");
        assert_eq!(seen.spared, 0, "they have its keys");
    });
}

/// All that are in a set that was only ordered answer, and of the set before nobody is left: the chain may have handed over just
/// when its headers ceased to come through.
#[test]
fn a_quorum_of_a_set_to_which_it_may_have_handed_over_is_spared_but_not_for_ever() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        for nodes in [[1, 5, 6, 7], [5, 6, 7, 8], [8, 9, 10, 11]] {
            serve(CHAIN, &nodes);
            epoch();
        }
        assert_eq!(sent().len(), 3);
        // Neither the first of them nor the last.
        serve(CHAIN, &[5, 6, 8, 9]);
        let stall = || {
            block_after(PERIODS.stall_seconds);
            assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
            block_after(PERIODS.challenge_seconds);
        };
        for spared in 1..=MAX_SPARED {
            stall();
            assert_eq!(epoch(), ended(StallEnd::Quorum));
            let seen = Watched::<Test>::get(CHAIN).expect("it is watched");
            assert_eq!((seen.spared, recovery()), (spared, None));
        }
        // It had its time.
        stall();
        assert_eq!(epoch(), []);
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
    });
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        serve(CHAIN, &[5, 6, 7, 8]);
        epoch();
        block_after(PERIODS.stall_seconds);
        epoch();
        // Two of four are no quorum of it.
        Silent::set(vec![7, 8]);
        block_after(PERIODS.challenge_seconds);
        assert_eq!(epoch(), []);
        serve(CHAIN, &[5, 6, 9, 10]);
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
    });
}

#[test]
fn who_is_left_of_the_set_that_decides_is_held_until_a_hand_over_is_shown() {
    with_chain(|| {
        let held = || Held::get().contains(&CHAIN);
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        // Nobody has gone.
        OtherKeys::mutate(|keys| keys.insert(4, 14));
        epoch();
        assert_eq!(sent().len(), 1);
        assert!(!held() && !DappChainSets::wants_header(CHAIN));
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        assert!(held() && DappChainSets::wants_header(CHAIN));
        // One that hands over to nobody is not enough, and the next is asked for after a while.
        block_after(10);
        prove(11, set(0, &[1, 2, 3, 4]));
        epoch();
        assert!(held() && !DappChainSets::wants_header(CHAIN));
        block_after(10);
        assert!(DappChainSets::wants_header(CHAIN));
        assert!(hand_over(1, &[1, 2, 3, 5]));
        assert!(!held(), "at once");
        prove(12, set(1, &[1, 2, 3, 5]));
        assert!(!DappChainSets::wants_header(CHAIN));
        epoch();
        assert!(!held());
    });
}

#[test]
fn nobody_is_held_where_stakes_are_not_kept_for_longer_than_headers_are_trusted() {
    with_chain(|| {
        KeepFor::set(TRUSTING);
        prove(10, set(0, &[1, 2, 3, 4]));
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        assert!(Held::get().is_empty());
    });
}

#[test]
fn a_chain_that_does_not_hand_over_holds_nobody_for_long_nor_one_that_cannot() {
    with_chain(|| {
        let held = || Held::get().contains(&CHAIN);
        prove(10, set(0, &[1, 2, 3, 4]));
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        assert!(held());
        block_after(PERIODS.stall_seconds / HOLD_PART - 1);
        prove(11, set(0, &[1, 2, 3, 4]));
        epoch();
        assert!(held());
        block_after(1);
        prove(12, set(0, &[1, 2, 3, 4]));
        epoch();
        assert!(!held() && !DappChainSets::wants_header(CHAIN));
    });
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        serve(CHAIN, &[1, 2, 3]);
        assert!(matches!(epoch()[..], [Event::TooFewNodes { .. }]));
        assert!(Held::get().is_empty());
    });
}

/// Service time stands while the hub does, and the clock of headers does not.
#[test]
fn what_a_chain_has_can_be_shown_when_the_hub_has_stood_still() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        let asked = PERIODS.stall_seconds / ASK_PART;
        let older = |seconds: u64| {
            Known::mutate(|all| {
                let (head, _) = all.get_mut(&CHAIN).expect("it is known");
                head.timestamp -= seconds * 1_000;
            });
        };
        older(u64::from(asked) - 1);
        epoch();
        assert!(Kept::get().is_empty());
        older(1_000_000);
        epoch();
        assert_eq!(Kept::get(), [(CHAIN, Now::get())].into());
        assert!(Held::get().is_empty() && DappChainSets::stall_of(CHAIN).is_none());
    });
}

#[test]
fn members_are_held_long_before_a_stall_and_until_the_chain_moves() {
    with_chain(|| {
        let held = || Held::get().contains(&CHAIN);
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        let asked = PERIODS.stall_seconds / ASK_PART;
        block_after(asked - 1);
        assert!(!DappChainSets::wants_header(CHAIN));
        epoch();
        assert!(Kept::get().is_empty());
        block_after(1);
        assert!(
            DappChainSets::wants_header(CHAIN),
            "asked before it is held"
        );
        block_after(PERIODS.stall_seconds / HOLD_PART - asked - 1);
        epoch();
        assert!(!held());
        assert_eq!(Kept::get(), [(CHAIN, Now::get())].into());
        block_after(1);
        epoch();
        assert!(held() && DappChainSets::wants_header(CHAIN));
        assert_eq!(Kept::get(), [(CHAIN, Now::get())].into());
        // A header that is as old does not release them.
        prove_late(11, set(0, &[1, 2, 3, 4]), PERIODS.stall_seconds / HOLD_PART);
        epoch();
        assert!(held());
        prove(12, set(0, &[1, 2, 3, 4]));
        assert!(!DappChainSets::wants_header(CHAIN), "at once");
        epoch();
        assert!(!held());
        block_after(PERIODS.stall_seconds);
        epoch();
        assert!(held());
        hold(true);
        epoch();
        assert!(!held(), "governance has to say first what is right");
    });
}

/// A chain that decides, and whose headers do not come through, needs each of its members until it has handed over.
#[test]
fn while_the_head_is_old_members_are_held_whatever_becomes_of_stalls() {
    stalled(|| {
        let held = || Held::get().contains(&CHAIN);
        for _ in 0..2 {
            block_after(PERIODS.challenge_seconds);
            assert_eq!(epoch(), ended(StallEnd::Quorum));
            assert!(held());
            block_after(1);
            epoch();
            assert!(held() && DappChainSets::wants_header(CHAIN));
            assert_eq!(Kept::get()[&CHAIN], Now::get(), "it can be shown");
            block_after(PERIODS.stall_seconds);
            assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
            assert!(held());
        }
        // Nor are those free who were recorded, before they have decided anything.
        Silent::set(vec![3, 4]);
        block_after(PERIODS.challenge_seconds);
        epoch();
        serve(CHAIN, &[1, 2, 5, 6]);
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
        block_after(1);
        epoch();
        assert!(held());
        prove(11, set(1, &[1, 2, 5, 6]));
        epoch();
        assert!(!held());
    });
}

#[test]
fn above_a_head_that_is_too_old_no_set_is_recorded_and_nobody_is_held() {
    rolled(|| {
        let made = Watched::<Test>::get(CHAIN).expect("it is watched").made;
        let left = |times: u32| made + times * PERIODS.stall_seconds - Now::get();
        block_after(left(HELD_FOR - 1));
        assert!(matches!(epoch()[..], [Event::TooFewNodes { .. }]));
        serve(CHAIN, &[1, 2, 5, 6]);
        block_after(1);
        let said = epoch();
        assert_eq!(said[..1], ended(StallEnd::GivenUp));
        assert!(Called::get().is_empty());
        // It is a chain as any other one, but that it can show what it has.
        assert_eq!(sent(), [(1, vec![1, 2, 5, 6])]);
        block_after(left(HELD_FOR));
        assert_eq!(epoch(), []);
        assert!(Held::get().contains(&CHAIN));
        let kept = Kept::get();
        assert_eq!(kept[&CHAIN], Now::get());
        block_after(1);
        assert_eq!(epoch(), []);
        assert!(Held::get().is_empty());
        for _ in 0..2 {
            block_after(PERIODS.stall_seconds);
            assert_eq!(epoch(), []);
        }
        assert_eq!((recovery(), Kept::get()), (None, kept));
        assert!(!Stalls::<Test>::contains_key(CHAIN));
        // Above another one it is helped.
        prove(11, set(0, &[1, 2, 3, 4]));
        epoch();
        block_after(PERIODS.stall_seconds);
        assert!(matches!(epoch()[..], [Event::Stalled { height: 11, .. }]));
    });
}

/// Staking's periods may change meanwhile.
#[test]
fn a_chain_is_helped_no_longer_than_those_who_decide_can_be_held_to_it() {
    rolled(|| {
        let made = Watched::<Test>::get(CHAIN).expect("it is watched").made;
        let (helped, recorded) = (500, 500 - PERIODS.stall_seconds);
        KeepFor::set(TRUSTING + helped);
        let left = |age: u32| made + age - Now::get();
        block_after(left(recorded));
        assert!(matches!(epoch()[..], [Event::TooFewNodes { .. }]));
        serve(CHAIN, &[1, 2, 5, 6]);
        block_after(1);
        assert_eq!(epoch()[..1], ended(StallEnd::GivenUp));
        assert_eq!(recovery(), None);
        block_after(left(helped));
        epoch();
        assert!(Held::get().contains(&CHAIN));
        block_after(1);
        epoch();
        assert!(Held::get().is_empty());
    });
}

#[test]
fn an_old_header_does_not_let_a_quorum_be_spared_more_often() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        let decides = set(0, &[1, 2, 3, 4]);
        OtherKeys::mutate(|keys| keys.extend([(3, 13), (4, 14)]));
        let stall = || {
            block_after(PERIODS.stall_seconds);
            assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
            block_after(PERIODS.challenge_seconds);
        };
        for spared in 1..=MAX_SPARED {
            stall();
            assert_eq!(epoch(), ended(StallEnd::Quorum));
            prove_late(10 + spared, decides.clone(), PERIODS.stall_seconds);
            epoch();
            let seen = Watched::<Test>::get(CHAIN).expect("it is watched");
            assert_eq!((seen.head, seen.spared), (head(10 + spared), spared));
        }
        stall();
        assert_eq!(epoch(), []);
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
    });
}
