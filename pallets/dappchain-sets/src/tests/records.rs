// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Of which chains that stand still a set is recorded, and of which members.

use super::stalls::{ended, recovery, rolled, stalled};
use crate::{
    mock::*,
    stalls::{least_members, FULL_ROUNDS, MAX_SPARED},
    Event, SetAccounts, StallEnd, Watched,
};

/// Of a chain whose headers do not come through nothing must be recorded: it may be far above its head.
#[test]
fn while_a_quorum_is_there_no_other_set_is_recorded() {
    stalled(|| {
        Silent::set(vec![4]);
        block_after(PERIODS.challenge_seconds);
        assert_eq!(epoch(), ended(StallEnd::Quorum));
        assert_eq!(Rosters::get()[&CHAIN].len(), 4, "nobody has gone");
        // The chain is sent its set as always, with the round after.
        serve(CHAIN, &[1, 2, 3, 5]);
        assert_eq!((recovery(), Known::get()[&CHAIN].0.set_id), (None, 0));
        block_after(PERIODS.stall_seconds - 1);
        epoch();
        assert_eq!(sent(), [(1, vec![1, 2, 3, 5])]);
        // If it still stands still, there is another roll.
        block_after(1);
        assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
        Silent::set(vec![2, 3]);
        block_after(PERIODS.challenge_seconds);
        epoch();
        serve(CHAIN, &[1, 5, 6, 7]);
        assert!(matches!(
            epoch()[..],
            [Event::Recovered {
                ordinal: 2,
                set: 1,
                ..
            }]
        ));
    });
}

/// A chain that shows nothing stands still, and its roll is called. Returns what is said when the challenge is over, or when the
/// roll is closed.
fn another_roll() -> Vec<Event<Test>> {
    block_after(PERIODS.stall_seconds);
    assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
    block_after(PERIODS.challenge_seconds);
    let said = epoch();
    if said.is_empty() {
        return epoch();
    }
    said
}

/// The old keys are where the node is, as a rule.
#[test]
fn who_has_other_keys_by_now_is_counted_but_not_for_ever() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        OtherKeys::mutate(|keys| keys.extend([(3, 13), (4, 14)]));
        for spared in 1..=MAX_SPARED {
            assert_eq!(another_roll(), ended(StallEnd::Quorum));
            let seen = Watched::<Test>::get(CHAIN).expect("it is watched");
            assert_eq!((seen.spared, seen.since), (spared, Now::get()));
            assert_eq!(recovery(), None);
        }
        // It had its time. What is recorded are the keys of now.
        assert!(matches!(another_roll()[..], [Event::Recovered { .. }]));
        assert_eq!(
            recovery().map(|record| record.next.members.to_vec()),
            Some(nodes(&[1, 2, 3, 4]))
        );
    });
}

#[test]
fn a_chain_that_has_moved_is_spared_again() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        OtherKeys::mutate(|keys| keys.extend([(3, 13), (4, 14)]));
        for height in 11..14 {
            assert_eq!(another_roll(), ended(StallEnd::Quorum));
            prove(height, set(0, &[1, 2, 3, 4]));
            epoch();
            let seen = Watched::<Test>::get(CHAIN).expect("it is watched");
            assert_eq!((seen.head, seen.spared), (head(height), 0));
        }
    });
}

/// Whose keys decide is spared as often as it takes: the chain may be far above what the hub knows.
#[test]
fn a_quorum_that_has_its_keys_is_always_spared() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        for _ in 0..=MAX_SPARED {
            Silent::set(vec![4]);
            assert_eq!(another_roll(), ended(StallEnd::Quorum));
        }
    });
}

#[test]
fn who_has_answered_and_is_released_since_is_counted_and_who_came_since() {
    rolled(|| {
        assert_eq!(Answered::get()[&CHAIN], [1, 2]);
        serve(CHAIN, &[5, 6, 7, 8]);
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
    });
    // Who has come into the set since is as good as one that answers: it is in the set that decides, or it is not.
    stalled(|| {
        Silent::set(vec![3, 4]);
        block_after(PERIODS.challenge_seconds);
        epoch();
        serve(CHAIN, &[3, 5, 6, 7]);
        assert_eq!(epoch(), ended(StallEnd::Quorum));
    });
}

#[test]
fn of_a_set_that_was_never_ordered_nobody_is_known_but_by_keys() {
    stalled(|| {
        // Governance has let the route go on with another one.
        prove_late(10, set(0, &[1, 2, 13, 14]), PERIODS.stall_seconds);
        OtherKeys::mutate(|keys| keys.extend([(2, 22)]));
        block_after(PERIODS.challenge_seconds);
        epoch();
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
    });
}

#[test]
fn the_accounts_of_sets_are_kept_as_long_as_they_may_decide() {
    let kept = || {
        let mut kept: Vec<_> = SetAccounts::<Test>::iter_prefix(CHAIN)
            .map(|(ordinal, accounts)| (ordinal, accounts.to_vec()))
            .collect();
        kept.sort_unstable();
        kept
    };
    with_chain(|| {
        assert_eq!(kept(), [(0, vec![1, 2, 3, 4])]);
        for fourth in [5, 6, 7] {
            serve(CHAIN, &[1, 2, 3, fourth]);
            epoch();
        }
        assert_eq!(kept().len(), 4);
        assert!(hand_over(1, &[1, 2, 3, 6]));
        assert_eq!(kept(), [(2, vec![1, 2, 3, 6]), (3, vec![1, 2, 3, 7])]);
    });
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        epoch();
        assert_eq!(kept(), [(1, vec![1, 2, 5, 6])]);
    });
}

#[test]
fn how_many_members_are_enough() {
    // What the chain needs, in which round, and how many are enough.
    for (need, rounds, least) in [
        (4, 1, 4),
        (4, FULL_ROUNDS + 1, 4),
        (0, 1, 4),
        (5, FULL_ROUNDS + 1, 4),
        (7, FULL_ROUNDS, 7),
        (7, FULL_ROUNDS + 1, 5),
        (100, 1, 100),
        (100, FULL_ROUNDS, 100),
        (100, FULL_ROUNDS + 1, 67),
        (100, u32::MAX, 67),
        (256, FULL_ROUNDS + 1, 171),
    ] {
        assert_eq!(least_members(need, rounds), least, "{need} in {rounds}");
    }
}

#[test]
fn a_record_waits_for_all_that_the_chain_needs_and_then_for_two_thirds() {
    let few = |nodes| {
        [Event::TooFewNodes {
            chain: CHAIN,
            nodes,
        }]
    };
    rolled(|| {
        Need::set(7);
        serve(CHAIN, &[1, 2, 5, 6, 7, 8]);
        for _ in 0..FULL_ROUNDS {
            assert_eq!(epoch(), few(6));
        }
        serve(CHAIN, &[1, 2, 5, 6]);
        assert_eq!(epoch(), few(4));
        serve(CHAIN, &[1, 2, 5, 6, 7]);
        assert!(matches!(epoch()[..], [Event::Recovered { members: 5, .. }]));
    });
    rolled(|| {
        Need::set(7);
        serve(CHAIN, &[1, 2, 5, 6, 7, 8, 9]);
        assert!(matches!(epoch()[..], [Event::Recovered { members: 7, .. }]));
    });
}
