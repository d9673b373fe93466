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
        block_after(PERIODS.challenge_seconds);
        epoch();
        assert!(hand_over(1, &[1, 5, 6, 7]));
        prove_late(11, set(1, &[1, 5, 6, 7]), PERIODS.stall_seconds);
        assert_eq!(epoch(), ended(StallEnd::Quorum));
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
        block_after(1);
        assert!(
            DappChainSets::wants_header(CHAIN),
            "asked before it is held"
        );
        block_after(PERIODS.stall_seconds / HOLD_PART - asked - 1);
        epoch();
        assert!(!held() && Kept::get().is_empty());
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
        let limit = made + HELD_FOR * PERIODS.stall_seconds;
        block_after(limit - Now::get());
        assert!(matches!(epoch()[..], [Event::TooFewNodes { .. }]));
        assert!(Held::get().contains(&CHAIN));
        serve(CHAIN, &[1, 2, 5, 6]);
        let kept = Kept::get();
        block_after(1);
        let said = epoch();
        assert_eq!(said[..1], ended(StallEnd::GivenUp));
        assert!(Held::get().is_empty() && Called::get().is_empty());
        // It is a chain as any other one.
        assert_eq!(sent(), [(1, vec![1, 2, 5, 6])]);
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
