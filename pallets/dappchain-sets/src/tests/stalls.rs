// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains that stand still, from the last head to the record and after it.

use crate::{
    mock::*, stalls::ASK_PART, Chains, Event, GenesisConfig, Recoveries, RecoveryHashes, Round,
    SetAccounts, Sets, StallEnd, StallPeriods, Stalls, Watched,
};
use frame_support::traits::BuildGenesisConfig;
use hansa_allocation_primitives::MemberPhase;
use hansa_beacon_primitives::OnBeacon;
use hansa_dappchain_primitives::{ChainLives, Recovery};
use hansa_interchain_primitives::traits::HandOvers;

/// A chain whose founders have decided ten blocks, as the hub knows, and then show nothing for so long that it stands
/// still. Its roll is called.
pub(super) fn stalled(test: impl FnOnce()) {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        assert_eq!(epoch(), []);
        block_after(PERIODS.stall_seconds);
        assert_eq!(
            epoch(),
            [Event::Stalled {
                chain: CHAIN,
                height: 10,
                challenge_ends_at: Now::get() + PERIODS.challenge_seconds,
            }]
        );
        test();
    });
}

/// The same, and nodes 3 and 4 have not answered when the roll is closed.
pub(super) fn rolled(test: impl FnOnce()) {
    stalled(|| {
        Silent::set(vec![3, 4]);
        block_after(PERIODS.challenge_seconds);
        assert_eq!(epoch(), []);
        assert!(DappChainSets::stall_of(CHAIN).is_some_and(|stall| stall.roll_closed));
        test();
    });
}

pub(super) fn ended(why: StallEnd) -> [Event<Test>; 1] {
    [Event::StallEnded { chain: CHAIN, why }]
}

pub(super) fn recovery() -> Option<Recovery<AccountId>> {
    DappChainSets::recovery(CHAIN)
}

#[test]
fn a_chain_stands_still_when_no_other_head_comes_for_long_and_not_before() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        block_after(PERIODS.stall_seconds - 1);
        assert_eq!(epoch(), []);
        block_after(1);
        prove(11, set(0, &[1, 2, 3, 4]));
        assert_eq!(epoch(), []);
        let asked = PERIODS.stall_seconds / ASK_PART;
        block_after(asked - 1);
        assert!(!DappChainSets::wants_header(CHAIN));
        block_after(PERIODS.stall_seconds - asked);
        assert_eq!(epoch(), []);
        assert!(DappChainSets::wants_header(CHAIN), "it may have more");
        assert!(Called::get().is_empty() && DappChainSets::stall_of(CHAIN).is_none());
        block_after(1);
        let now = Now::get();
        assert!(matches!(epoch()[..], [Event::Stalled { height: 11, .. }]));
        assert!(DappChainSets::wants_header(CHAIN));
        assert_eq!(Called::get(), [(CHAIN, now)].into());
        assert!(Held::get().contains(&CHAIN));
        let stall = DappChainSets::stall_of(CHAIN).expect("it stands still");
        assert_eq!((stall.head, stall.opened_at), (head(11), now));
        assert_eq!(
            (stall.challenge_ends_at, stall.roll_closed),
            (now + PERIODS.challenge_seconds, false)
        );
        // It is said once.
        assert_eq!(epoch(), []);
    });
}

#[test]
fn another_block_of_the_same_height_is_another_head() {
    stalled(|| {
        let mut other = Known::get();
        other.get_mut(&CHAIN).expect("it is known").0.hash = GENESIS;
        Known::set(other);
        assert_eq!(epoch(), ended(StallEnd::NewHead));
    });
}

#[test]
fn a_later_head_ends_the_stall_and_the_roll_at_any_time() {
    stalled(|| {
        Silent::set(vec![3, 4]);
        block_after(PERIODS.challenge_seconds);
        prove(11, set(0, &[1, 2, 3, 4]));
        assert_eq!(epoch(), ended(StallEnd::NewHead));
        assert!(Called::get().is_empty());
        assert_eq!(Rosters::get()[&CHAIN].len(), 4, "nobody has gone");
    });
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        prove(11, set(0, &[1, 2, 3, 4]));
        let said = epoch();
        assert_eq!(said[..1], ended(StallEnd::NewHead));
        assert_eq!(recovery(), None);
        // It is sent its set as always.
        assert_eq!(sent(), [(1, vec![1, 2, 5, 6])]);
        assert!(!DappChainSets::may_hand_over(CHAIN, &set(1, &[1, 2])));
        assert!(hand_over(1, &[1, 2, 5, 6]));
    });
}

#[test]
fn who_does_not_answer_goes_and_with_four_again_another_set_is_recorded() {
    rolled(|| {
        assert_eq!(
            Rosters::get()[&CHAIN],
            [(1, MemberPhase::Serving), (2, MemberPhase::Serving)]
        );
        let few = Event::TooFewNodes {
            chain: CHAIN,
            nodes: 2,
        };
        assert_eq!(epoch(), [few]);
        let members = vec![
            (1, MemberPhase::Serving),
            (2, MemberPhase::Serving),
            (5, MemberPhase::Serving),
            (6, MemberPhase::Joining),
        ];
        Rosters::mutate(|all| all.insert(CHAIN, members));
        assert!(matches!(epoch()[..], [Event::TooFewNodes { nodes: 3, .. }]));
        serve(CHAIN, &[1, 2, 5, 6]);
        let now = Now::get();
        let recovered = Event::Recovered {
            chain: CHAIN,
            ordinal: 1,
            set: 1,
            height: 10,
            members: 4,
        };
        assert_eq!(epoch(), [recovered]);
        let record = recovery().expect("it is recorded");
        assert_eq!((record.chain, record.genesis), (CHAIN, GENESIS));
        assert_eq!((record.head, record.set_id), (head(10), 1));
        assert_eq!(
            (record.next.ordinal, record.next.seed),
            (1, EpochSeed::get())
        );
        assert_eq!(record.next.members.to_vec(), nodes(&[1, 2, 5, 6]));
        assert!(record.hub.is_some(), "the chain hears where the hub stands");
        assert_eq!(DappChainSets::recovery_hash(CHAIN, 1), Some(record.hash()));
        assert_eq!(DappChainSets::recovery_hash(CHAIN, 2), None);
        // The hub follows it, and nothing is sent.
        assert_eq!(Known::get()[&CHAIN].1, set(1, &[1, 2, 5, 6]));
        assert_eq!(sent(), []);
        let view = DappChainSets::sets_of(CHAIN).expect("it is live");
        assert_eq!((view.in_force, view.set_id, view.latest), (1, Some(1), 1));
        assert_eq!(view.limit, (1 + 2 + 5 + 6) * 50);
        let old = Sets::<Test>::get(CHAIN, 0).expect("it is remembered");
        assert_eq!((old.set_id, old.until), (Some(0), Some(now)));
        assert_eq!(DappChainSets::stall_of(CHAIN), None);
        assert!(Answered::get().is_empty());
        assert!(Held::get().contains(&CHAIN), "it has made no block yet");
        assert_eq!(epoch(), []);
    });
}

#[test]
fn nothing_is_recorded_before_the_roll_of_a_large_chain_is_closed() {
    stalled(|| {
        Closes::set(false);
        Silent::set(vec![3, 4]);
        serve(CHAIN, &[1, 2, 5, 6]);
        block_after(PERIODS.challenge_seconds);
        for _ in 0..3 {
            assert_eq!(epoch(), []);
            assert!(DappChainSets::stall_of(CHAIN).is_some_and(|stall| !stall.roll_closed));
        }
        Closes::set(true);
        assert_eq!(epoch(), []);
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
    });
}

#[test]
fn a_block_looks_at_no_chain_after_one_that_stands_still() {
    with_chain(|| {
        go_live(7, &[1, 2, 3, 4]);
        go_live(8, &[1, 2, 3, 4]);
        ChainsPerBlock::set(10);
        prove(10, set(0, &[1, 2, 3, 4]));
        epoch();
        block_after(PERIODS.stall_seconds);
        serve(7, &[1, 2, 3, 5]);
        serve(8, &[1, 2, 3, 5]);
        DappChainSets::on_beacon(1, &Default::default());
        let mut blocks = Vec::new();
        while Round::<Test>::exists() {
            block_after(0);
            blocks.push(events());
        }
        let stalled = blocks.iter().position(|said| {
            said.iter()
                .any(|event| matches!(event, Event::Stalled { .. }))
        });
        let stalled = stalled.expect("it stands still");
        assert!(matches!(
            blocks[stalled].last(),
            Some(Event::Stalled { .. })
        ));
        assert!(blocks.len() > 1);
        // All are looked at, once.
        let said: usize = blocks.iter().map(Vec::len).sum();
        assert_eq!((said, Sent::get().len()), (3, 2));
    });
}

#[test]
fn hand_overs_go_on_from_the_set_that_was_recorded() {
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        epoch();
        serve(CHAIN, &[1, 2, 5, 7]);
        epoch();
        assert_eq!(sent(), [(2, vec![1, 2, 5, 7])]);
        assert!(!hand_over(2, &[1, 2, 5, 6]));
        assert!(hand_over(2, &[1, 2, 5, 7]));
        let ordinals = [0, 1, 2].map(|id| DappChainSets::ordinal_of(CHAIN, id));
        assert_eq!(ordinals, [Some(0), Some(1), Some(2)]);
    });
}

#[test]
fn sets_that_were_on_their_way_are_passed_over_and_none_is_ordered_meanwhile() {
    with_chain(|| {
        prove(10, set(0, &[1, 2, 3, 4]));
        for fourth in [5, 6] {
            serve(CHAIN, &[1, 2, 3, fourth]);
            epoch();
        }
        assert_eq!(sent().len(), 2);
        block_after(PERIODS.stall_seconds);
        serve(CHAIN, &[1, 2, 3, 7]);
        assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
        Silent::set(vec![3]);
        block_after(PERIODS.challenge_seconds);
        epoch();
        // 4 decides still, as far as is known, and is no member: two of four are no quorum.
        serve(CHAIN, &[1, 2, 7, 8]);
        assert!(matches!(
            epoch()[..],
            [Event::Recovered {
                ordinal: 3,
                set: 1,
                ..
            }]
        ));
        assert_eq!(sent().len(), 2);
        let kept: Vec<_> = (0..4)
            .map(|ordinal| Sets::<Test>::contains_key(CHAIN, ordinal))
            .collect();
        assert_eq!(kept, [true, false, false, true]);
        for fourth in [5, 6] {
            assert!(!DappChainSets::may_hand_over(
                CHAIN,
                &set(2, &[1, 2, 3, fourth])
            ));
        }
        serve(CHAIN, &[1, 2, 7, 9]);
        epoch();
        assert_eq!(sent().last(), Some(&(4, vec![1, 2, 7, 9])));
    });
}

#[test]
fn a_second_recovery_stands_beside_the_first() {
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        epoch();
        let first = recovery().expect("it is recorded");
        // No block comes: the new set has its time, too.
        block_after(PERIODS.stall_seconds - 1);
        assert_eq!(epoch(), []);
        block_after(1);
        assert!(matches!(epoch()[..], [Event::Stalled { height: 10, .. }]));
        Silent::set(vec![5, 6]);
        block_after(PERIODS.challenge_seconds);
        epoch();
        serve(CHAIN, &[1, 2, 7, 8]);
        epoch();
        let second = recovery().expect("it is recorded");
        assert_eq!((second.set_id, second.next.ordinal), (2, 2));
        assert_eq!(second.head, head(10));
        let hashes = [1, 2].map(|set| DappChainSets::recovery_hash(CHAIN, set));
        assert_eq!(hashes, [Some(first.hash()), Some(second.hash())]);
        // A third one, above another head.
        prove(20, set(2, &[1, 2, 7, 8]));
        epoch();
        block_after(PERIODS.stall_seconds);
        epoch();
        Silent::set(vec![7, 8]);
        block_after(PERIODS.challenge_seconds);
        epoch();
        serve(CHAIN, &[1, 2, 3, 4]);
        epoch();
        let third = recovery().expect("it is recorded");
        assert_eq!((third.set_id, third.head), (3, head(20)));
        // Sets are forgotten as always, and their records' hashes are not.
        block_after(KEEP);
        epoch();
        assert_eq!(
            Chains::<Test>::get(CHAIN).map(|record| record.first),
            Some(3)
        );
        assert_eq!(Forgotten::get(), [(CHAIN, 0), (CHAIN, 1), (CHAIN, 2)]);
        assert_eq!(RecoveryHashes::<Test>::iter().count(), 3);
    });
}

#[test]
fn a_chain_of_which_nothing_is_believed_waits_for_governance() {
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        hold(true);
        assert_eq!(epoch()[..1], ended(StallEnd::Held));
        assert_eq!(recovery(), None);
        block_after(PERIODS.stall_seconds);
        assert_eq!(epoch(), []);
        assert!(!Watched::<Test>::contains_key(CHAIN));
        // It has its time anew when governance has spoken.
        hold(false);
        assert_eq!(epoch(), []);
        block_after(PERIODS.stall_seconds);
        assert!(matches!(epoch()[..], [Event::Stalled { .. }]));
        hold(true);
        epoch();
        assert!(Called::get().is_empty());
    });
}

#[test]
fn a_chain_that_retires_or_has_ended_does_not_stand_still() {
    stalled(|| {
        Retiring::set(vec![CHAIN]);
        assert_eq!(epoch(), ended(StallEnd::Ended));
        block_after(PERIODS.stall_seconds);
        assert_eq!(epoch(), []);
    });
    rolled(|| {
        System::reset_events();
        DappChainSets::on_ended(CHAIN);
        assert_eq!(events(), ended(StallEnd::Ended));
        serve(CHAIN, &[1, 2, 5, 6]);
        assert_eq!(epoch(), []);
        assert_eq!(recovery(), None);
    });
}

#[test]
fn the_record_of_a_chain_that_has_ended_goes_with_its_sets_and_the_hash_stays() {
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        epoch();
        DappChainSets::on_ended(CHAIN);
        assert!(Recoveries::<Test>::contains_key(CHAIN));
        block_after(KEEP);
        epoch();
        assert!(!Chains::<Test>::contains_key(CHAIN));
        assert!(!Recoveries::<Test>::contains_key(CHAIN));
        assert!(DappChainSets::recovery_hash(CHAIN, 1).is_some());
    });
}

#[test]
fn a_chain_whose_route_is_not_open_is_not_watched() {
    ExtBuilder.run(|| {
        Opens::set(false);
        go_live(CHAIN, &[1, 2, 3, 4]);
        for _ in 0..3 {
            block_after(PERIODS.stall_seconds);
            assert_eq!(epoch(), []);
        }
        assert!(!Watched::<Test>::contains_key(CHAIN));
    });
}

#[test]
fn what_the_light_client_does_not_take_is_tried_again() {
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        Recovers::set(false);
        let before = Chains::<Test>::get(CHAIN);
        assert_eq!(epoch(), [Event::NotRecovered { chain: CHAIN }]);
        assert_eq!(
            Chains::<Test>::get(CHAIN).map(|r| r.next),
            before.map(|r| r.next)
        );
        assert_eq!(recovery(), None);
        // A key that is there twice makes no set.
        Recovers::set(true);
        OtherKeys::mutate(|keys| keys.insert(6, 5));
        assert_eq!(epoch(), [Event::NotRecovered { chain: CHAIN }]);
        OtherKeys::take();
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
        assert!(!Stalls::<Test>::contains_key(CHAIN));
    });
}

#[test]
fn no_more_sets_are_remembered_than_may_be_for_a_record_either() {
    rolled(|| {
        serve(CHAIN, &[1, 2, 5, 6]);
        Chains::<Test>::mutate(CHAIN, |record| {
            let record = record.as_mut().expect("it is live");
            for ordinal in 1..MAX_SETS {
                let mut past = Sets::<Test>::get(CHAIN, 0).expect("it is remembered");
                (past.set_id, past.until) = (Some(u64::from(ordinal)), None);
                Sets::<Test>::insert(CHAIN, ordinal, past);
                Sets::<Test>::mutate(CHAIN, ordinal - 1, |set| {
                    set.as_mut().expect("it is remembered").until = Some(Now::get());
                });
            }
            (record.in_force, record.next) = (MAX_SETS - 1, MAX_SETS);
            let founders = SetAccounts::<Test>::take(CHAIN, 0).expect("it was in force");
            SetAccounts::<Test>::insert(CHAIN, MAX_SETS - 1, founders);
        });
        assert_eq!(epoch(), [Event::TooManySets { chain: CHAIN }]);
        block_after(KEEP);
        // Or its head would be too old.
        prove_late(11, set(0, &[1, 2, 3, 4]), PERIODS.stall_seconds);
        assert!(matches!(epoch()[..], [Event::Recovered { .. }]));
    });
}

#[test]
fn the_genesis_may_say_how_long_a_chain_may_stand_still() {
    ExtBuilder.run(|| {
        assert_eq!(DappChainSets::stall_periods(), Some(PERIODS));
        let short = StallPeriods {
            stall_seconds: ASK_PART,
            challenge_seconds: 4 * ASK_PART - 1,
        };
        GenesisConfig::<Test> {
            stall_periods: Some(short),
            ..Default::default()
        }
        .build();
        assert_eq!(DappChainSets::stall_periods(), Some(short));
    });
}

/// A genesis with these periods is built.
fn build(stall_seconds: u32, challenge_seconds: u32) {
    ExtBuilder.run(|| {
        GenesisConfig::<Test> {
            stall_periods: Some(StallPeriods {
                stall_seconds,
                challenge_seconds,
            }),
            ..Default::default()
        }
        .build();
    });
}

#[test]
#[should_panic(expected = "stallSeconds must be at least 16")]
fn a_period_a_part_of_which_is_nothing_is_refused() {
    build(ASK_PART - 1, 2);
}

#[test]
#[should_panic(expected = "challengeSeconds at least 1")]
fn a_challenge_of_no_time_is_refused() {
    build(200, 0);
}

#[test]
#[should_panic(expected = "leave no time to record a set")]
fn a_challenge_that_is_over_when_nobody_is_helped_any_more_is_refused() {
    build(ASK_PART, 4 * ASK_PART);
}

#[test]
#[should_panic(expected = "leave no time to record a set")]
fn periods_that_stakes_do_not_outlast_are_refused() {
    build(KEEP / 2, 1);
}
