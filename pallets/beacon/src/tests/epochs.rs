// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! When the parts of an epoch end, and what comes of it.

use crate::{mock::*, CurrentEpoch, Event};
use hansa_beacon_primitives::{
    epoch::MIXING_BLOCKS,
    next_beacon,
    output::first_beacon,
    tree::{leaf, root, set_leaf, MemoryGroups},
    vrf::fold,
    Author, Inputs, Phase,
};
use hansa_pbft_primitives::{EpochGate, Hash};

#[test]
fn the_first_beacon_is_the_chain_specs() {
    let entropy = Hash::repeat_byte(3);
    ExtBuilder { entropy }.run(|| {
        assert_eq!(Beacons::beacon(), first_beacon(&entropy.0));
    });
}

#[test]
fn parts_end_by_time_and_hooks_are_told() {
    ExtBuilder::default().run(|| {
        take_told();
        to_reveal();
        // Half of twelve seconds: the parent of this block is six seconds after the first.
        assert_eq!(NowMs::get() - 1_000, SESSION_MS / 2);
        assert_eq!(take_told(), [Told::Freeze(0, Phase::Reveal)]);
        assert_eq!(
            events(),
            [Event::Frozen {
                epoch: 0,
                committed: 0
            }]
        );
        assert!(Beacons::is_frozen());
        to_mix();
        assert_eq!(NowMs::get() - 1_000, SESSION_MS * 3 / 4);
        assert_eq!(
            events(),
            [Event::Closed {
                epoch: 0,
                revealed: 0
            }]
        );
        assert!(Beacons::is_frozen());
        to_next_epoch();
        assert_eq!(NowMs::get() - 1_000, SESSION_MS);
        assert_eq!(take_told(), [Told::Beacon(1, Beacons::beacon())]);
        assert!(!Beacons::is_frozen());
    });
}

#[test]
fn a_session_may_end_only_in_the_block_in_which_an_epoch_begins() {
    ExtBuilder::default().run(|| {
        for _ in 0..50 {
            let before = epoch();
            block();
            assert_eq!(Beacons::session_may_end(), epoch() > before);
        }
        assert!(epoch() >= 4);
    });
}

#[test]
fn each_part_waits_for_authors_of_more_than_t() {
    ExtBuilder::default().run(|| {
        for _ in 0..40 {
            block_by(0);
        }
        assert_eq!(phase(), Phase::Commit, "one of four is T, not more");
        block_by(1);
        block_by(0);
        assert_eq!(phase(), Phase::Reveal);
        for _ in 0..40 {
            block_by(2);
        }
        assert_eq!(phase(), Phase::Reveal);
        block_by(3);
        block_by(3);
        assert_eq!(phase(), Phase::Mix);
        block_by(1);
        block_by(1);
        assert_eq!(epoch(), 0);
        block_by(2);
        block_by(2);
        assert_eq!(epoch(), 1);
    });
}

#[test]
fn the_mixing_can_do_with_many_blocks_of_few_authors() {
    ExtBuilder::default().run(|| {
        to_mix();
        for _ in 0..MIXING_BLOCKS {
            block_by(1);
            assert_eq!(epoch(), 0);
        }
        block_by(1);
        assert_eq!(epoch(), 1);
    });
}

#[test]
fn the_mixing_gathers_no_more_outputs_than_it_needs() {
    ExtBuilder::default().run(|| {
        to_mix();
        let blocks = || CurrentEpoch::<Test>::get().blocks;
        let before = blocks();
        block_by(3);
        block_by(3);
        assert_eq!(blocks(), before + 2);
        block_by(2);
        assert_eq!(blocks(), before + 3, "two authors are enough");
        // The session goes on.
        NowMs::set(StartMs::get());
        for author in [0, 1, 2, 3] {
            block_by(author);
            assert_eq!((blocks(), phase()), (before + 3, Phase::Mix));
        }
    });
}

#[test]
fn without_mixing_the_beacon_follows_the_reveals() {
    ExtBuilder::default().run(|| {
        RevealEndPercent::set(100);
        whole_epoch(&[1, 2], &[1, 2]);
        assert_eq!(NowMs::get() - 1_000, SESSION_MS);
        assert_eq!(epoch(), 1);
        whole_epoch(&[1, 2], &[1, 2]);
        assert_eq!(epoch(), 2);
    });
}

#[test]
fn blocks_without_an_author_end_nothing() {
    ExtBuilder::default().run(|| {
        for _ in 0..30 {
            block_with(None);
        }
        assert_eq!(epoch(), 0);
    });
}

#[test]
fn the_block_that_begins_a_part_does_not_count_for_it() {
    ExtBuilder::default().run(|| {
        to_reveal();
        assert_eq!(CurrentEpoch::<Test>::get().authors.weight(), 0);
        block();
        assert_eq!(CurrentEpoch::<Test>::get().authors.weight(), 1);
    });
}

#[test]
fn the_beacon_is_made_of_reveals_and_of_outputs_before_and_after_them() {
    ExtBuilder::default().run(|| {
        let last = Beacons::beacon();
        let (one, two) = (id(1), id(2));
        for account in [1, 2, 3] {
            commit(account).unwrap();
        }
        to_reveal();
        let frozen_at = System::block_number();
        // In another order than they were committed; the third is withheld.
        reveal(2).unwrap();
        reveal(1).unwrap();
        to_mix();
        let closed_at = System::block_number();
        to_next_epoch();
        // The outputs of two authors are enough.
        let mixed_at = closed_at + 2;

        let mut outputs = [0; 32];
        for height in (1..=frozen_at).chain(closed_at + 1..=mixed_at) {
            let author = ((height - 1) % 4) as u16;
            outputs = fold(&outputs, height, author, &output(author));
        }
        let mut groups = MemoryGroups::default();
        set_leaf(&mut groups, 0, leaf(&1u64, &one));
        set_leaf(&mut groups, 1, leaf(&2u64, &two));
        let beacon = next_beacon(&Inputs {
            epoch: 0,
            last,
            reveals: root(&groups),
            revealed: 2,
            outputs,
            blocks: frozen_at + mixed_at - closed_at,
        });
        assert_eq!(Beacons::beacon(), beacon);
        assert!(events().contains(&Event::NewBeacon {
            epoch: 1,
            beacon,
            revealed: 2
        }));
    });
}

#[test]
fn a_block_without_output_adds_none() {
    ExtBuilder::default().run(|| {
        let before = CurrentEpoch::<Test>::get();
        block_with(Some(Author {
            index: 1,
            weight: 1,
            total_weight: 4,
            set_id: 0,
            vrf: None,
        }));
        let after = CurrentEpoch::<Test>::get();
        assert_eq!(
            (before.outputs, before.blocks),
            (after.outputs, after.blocks)
        );
    });
}

#[test]
#[cfg(not(feature = "runtime-benchmarks"))]
#[should_panic(expected = "must carry its author's VRF output")]
fn a_block_must_carry_the_output_where_authors_have_keys() {
    ExtBuilder::default().run(|| {
        use frame_support::traits::OneSessionHandler;
        use sp_core::Pair;
        OutputRequired::set(true);
        block_with(None);
        Beacons::on_genesis_session([(&1, pair(1).public())].into_iter());
        assert_eq!(Beacons::author_key(0), Some(pair(1).public()));
        assert_eq!(Beacons::author_key(1), None);
        block_by(0);
        block_with(Some(Author {
            index: 0,
            weight: 1,
            total_weight: 4,
            set_id: 0,
            vrf: None,
        }));
    });
}

#[test]
#[cfg(not(feature = "runtime-benchmarks"))]
#[should_panic(expected = "must not carry a VRF output")]
fn a_block_must_not_carry_an_output_without_a_key() {
    ExtBuilder::default().run(|| {
        use frame_support::traits::OneSessionHandler;
        use sp_core::Pair;
        OutputRequired::set(true);
        block_with(None);
        Beacons::on_genesis_session([(&1, pair(1).public())].into_iter());
        block_by(0);
        block_by(1);
    });
}

#[test]
#[cfg(not(feature = "runtime-benchmarks"))]
#[should_panic(expected = "and so name its author")]
fn a_block_must_name_its_author_where_authors_have_keys() {
    ExtBuilder::default().run(|| {
        use frame_support::traits::OneSessionHandler;
        use sp_core::Pair;
        OutputRequired::set(true);
        block_with(None);
        Beacons::on_genesis_session([(&1, pair(1).public())].into_iter());
        block_with(None);
    });
}

#[test]
fn keys_follow_the_set_that_decides() {
    ExtBuilder::default().run(|| {
        use frame_support::traits::OneSessionHandler;
        use sp_core::Pair;
        let hand_over = |accounts: &[AccountId]| {
            let validators: Vec<_> = accounts.iter().map(|a| (a, pair(*a).public())).collect();
            Beacons::on_new_session(true, validators.into_iter(), Vec::new().into_iter());
            [0, 1].map(Beacons::author_key)
        };
        let key = |account| Some(pair(account).public());
        assert_eq!(hand_over(&[1, 2]), [key(1), key(2)]);
        assert_eq!(
            hand_over(&[REFUSED, 3]),
            [key(1), key(2)],
            "the old set stays"
        );
        assert_eq!(hand_over(&[2]), [key(2), None]);
    });
}

#[test]
fn another_set_begins_to_count_anew() {
    ExtBuilder::default().run(|| {
        let author = |index, set_id| {
            Some(Author {
                index,
                weight: 1,
                total_weight: 4,
                set_id,
                vrf: None,
            })
        };
        while phase() == Phase::Commit {
            block_with(author((System::block_number() % 2) as u16, 0));
        }
        block_with(author(1, 0));
        for _ in 0..20 {
            block_with(author(2, 1));
        }
        assert_eq!(
            phase(),
            Phase::Reveal,
            "one of each set is not more than T of any"
        );
        block_with(author(3, 1));
        block_with(author(3, 1));
        assert_eq!(phase(), Phase::Mix);
    });
}
