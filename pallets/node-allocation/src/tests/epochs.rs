// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Freeze, beacon, and the draw in steps.

use crate::{mock::*, types::Stage, CurrentStage, Event, FrozenEpoch, Ranks};
use frame_support::assert_ok;
use hansa_allocation_primitives::{Allocation, Serving};
use hansa_beacon_primitives::{draw::rank, Draws};

/// Which chain each of the accounts has.
fn places(accounts: std::ops::RangeInclusive<AccountId>) -> Vec<Option<u32>> {
    accounts
        .map(|account| NodePool::chain_of(&account))
        .collect()
}

fn scene(per_block: u32) -> Vec<Option<u32>> {
    let mut result = Vec::new();
    ExtBuilder.run(|| {
        PerBlock::set(per_block);
        for chain in 1..=6 {
            open(chain, 4 + chain * 3);
        }
        join_veterans(1..=60);
        join(61..=90);
        epoch();
        epoch();
        result = places(1..=90);
    });
    result
}

#[test]
fn steps_of_any_size_give_the_same() {
    let whole = scene(1_000);
    assert!(whole.iter().flatten().count() > 60);
    for per_block in [1, 7, 32] {
        assert_eq!(scene(per_block), whole, "{per_block} a block");
    }
}

#[test]
fn nodes_are_drawn_in_the_order_of_their_ranks() {
    ExtBuilder.run(|| {
        open(1, 4);
        join_veterans(1..=20);
        freeze();
        beacon();
        let mut bytes = [3; 32];
        bytes[..4].copy_from_slice(&1u32.to_le_bytes());
        let mut by_rank: Vec<AccountId> = (1..=20).collect();
        by_rank.sort_by_key(|account| rank(&bytes, account, &[*account as u8; 32]));
        work();
        assert_eq!(accounts(1), by_rank[..4]);
    });
}

#[test]
fn the_draw_is_open_until_its_last_step() {
    ExtBuilder.run(|| {
        PerBlock::set(2);
        open(1, 4);
        join_veterans(1..=5);
        freeze();
        assert!(NodePool::is_open(0));
        beacon();
        let mut blocks = 0;
        while NodePool::is_open(0) {
            block();
            blocks += 1;
        }
        assert_eq!(
            blocks,
            3 + 3,
            "three to rank five nodes, three to place them"
        );
        assert!(!NodePool::is_open(1));
        work();
    });
}

#[test]
fn what_comes_after_the_freeze_does_not_change_the_draw() {
    ExtBuilder.run(|| {
        open(1, 4);
        join_veterans(1..=8);
        freeze();
        open(2, 4);
        assert_ok!(NodePool::set_need(1, 7));
        beacon();
        work();
        assert_eq!(NodePool::member_count(1), 4);
        assert_eq!(NodePool::member_count(2), 0);
    });
}

#[test]
fn who_is_drawn_for_a_chain_that_is_gone_stays_in_the_pool() {
    ExtBuilder.run(|| {
        open(1, 4);
        join_veterans(1..=4);
        freeze();
        assert_ok!(NodePool::close(1));
        beacon();
        work();
        assert_eq!(NodePool::waiting_nodes(), 4);
    });
}

#[test]
fn a_draw_that_is_late_is_finished_and_the_next_one_skipped() {
    ExtBuilder.run(|| {
        PerBlock::set(1);
        open(1, 4);
        join_veterans(1..=10);
        freeze();
        beacon();
        block();
        freeze();
        assert!(events().contains(&Event::DrawSkipped { epoch: 1 }));
        assert!(NodePool::is_open(0) && !NodePool::is_open(1));
        beacon();
        assert_eq!(CurrentStage::<Test>::get(), Stage::Placing);
        work();
        assert_eq!(NodePool::member_count(1), 1, "who was ranked in time");
        assert_eq!(Ranks::<Test>::iter_keys().count(), 0);
        epoch();
        assert_eq!(NodePool::member_count(1), 4);
    });
}

#[test]
fn without_open_places_there_is_nothing_to_rank() {
    ExtBuilder.run(|| {
        live_chain(4);
        join_veterans(10..=20);
        freeze();
        beacon();
        assert_eq!(CurrentStage::<Test>::get(), Stage::Sweeping);
        assert!(!FrozenEpoch::<Test>::exists());
        work();
    });
}

#[test]
fn a_sweep_that_is_late_goes_on_where_it_stopped() {
    ExtBuilder.run(|| {
        for chain in 1..=5 {
            open(chain, 4);
        }
        PerBlock::set(2);
        freeze();
        beacon();
        while CurrentStage::<Test>::get() != Stage::Sweeping {
            block();
        }
        block();
        assert_eq!(crate::SweepFrom::<Test>::get(), 3);
        epoch();
        assert_eq!(crate::SweepFrom::<Test>::get(), 0);
    });
}

#[test]
fn no_more_than_four_chains_become_complete_in_a_block() {
    ExtBuilder.run(|| {
        for chain in 1..=9 {
            open(chain, 4);
        }
        join_veterans(1..=40);
        freeze();
        beacon();
        let mut told = Vec::new();
        loop {
            block();
            let complete = take_told().len();
            if crate::CurrentStage::<Test>::get() == crate::types::Stage::Idle {
                break;
            }
            told.push(complete);
        }
        assert_eq!(told.iter().sum::<usize>(), 9);
        assert_eq!(told.iter().max(), Some(&4));
    });
}

#[test]
fn who_is_drawn_in_one_draw_waits_since_the_same_time() {
    ExtBuilder.run(|| {
        PerBlock::set(3);
        open(1, 7);
        join_veterans(1..=7);
        epoch();
        let since: std::collections::BTreeSet<_> = members(1).iter().map(|m| m.since).collect();
        assert_eq!(since.len(), 1);
    });
}

#[test]
fn complete_chains_are_told_once() {
    ExtBuilder.run(|| {
        open(1, 4);
        open(2, 4);
        join_veterans(1..=6);
        epoch();
        assert_eq!(take_told(), [Told::Complete(1)]);
        join_veterans(7..=8);
        epoch();
        assert_eq!(take_told(), [Told::Complete(2)]);
    });
}
