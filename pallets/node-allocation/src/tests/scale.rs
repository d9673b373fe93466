// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A pool of 10,000 nodes and 1,000 chains.

use crate::{
    draw::{draw, Kind, Slot, Turns},
    mock::*,
    types::Stage,
    CurrentStage, Rosters,
};
use frame_support::traits::fungible::Mutate;
use hansa_allocation_primitives::{Allocation, Phase};
use std::time::Instant;

/// The size to plan for.
const NODES: u64 = 10_000;
/// See [`NODES`].
const CHAINS: u32 = 1_000;
/// What a block does of each step.
const PER_BLOCK: u32 = 200;
/// A block may take a tenth of two seconds for what it must do of the draw, in picoseconds.
const MOST_REF_TIME: u64 = 200_000_000_000;

/// Blocks until nothing is left to do: their number, the weight of the heaviest, and how many microseconds
/// the slowest took.
fn work_through() -> (u32, frame_support::weights::Weight, u128) {
    let (mut blocks, mut heaviest, mut slowest) = (0, Default::default(), 0);
    while CurrentStage::<Test>::get() != Stage::Idle {
        let began = Instant::now();
        let weight = unchecked_block();
        slowest = slowest.max(began.elapsed().as_micros());
        blocks += 1;
        heaviest = weight.max(heaviest);
        assert!(blocks < 10_000, "the draw does not end");
    }
    (blocks, heaviest, slowest)
}

#[test]
fn ten_thousand_nodes_and_a_thousand_chains() {
    ExtBuilder.run(|| {
        MaxNodes::set(NODES as u32);
        MaxChains::set(CHAINS);
        PerBlock::set(PER_BLOCK);
        for chain in 1..=CHAINS {
            open(chain, 10);
        }
        for account in 1_000..1_000 + NODES {
            Balances::mint_into(&account, FUNDS).expect("accounts can be funded");
            join_veterans([account]);
        }
        freeze();
        beacon();
        let (blocks, weight, slowest) = work_through();
        println!("founding: {blocks} blocks, heaviest {weight}, slowest {slowest} us");
        assert!(weight.ref_time() < MOST_REF_TIME, "{weight}");
        assert_eq!(NodePool::waiting_nodes(), 0);
        for chain in 1..=CHAINS {
            assert_eq!(NodePool::member_count(chain), 10);
            go_live(chain);
        }
        // All turns are over at once, and nobody is there to replace them.
        Now::set(Now::get() + TERM.seconds);
        freeze();
        beacon();
        let (blocks, weight, slowest) = work_through();
        println!("turns over: {blocks} blocks, heaviest {weight}, slowest {slowest} us");
        assert!(weight.ref_time() < MOST_REF_TIME, "{weight}");
        let departing: u32 = Rosters::<Test>::iter()
            .map(|(chain, roster)| roster.slot(chain).departing)
            .sum();
        assert_eq!(departing, 3 * CHAINS);
    });
}

#[test]
fn the_draw_of_all_is_fast() {
    let slot = |chain| Slot {
        chain,
        phase: if chain % 3 == 0 {
            Phase::Pending
        } else {
            Phase::Live
        },
        need: 12,
        nodes: if chain % 3 == 0 { 0 } else { 12 - chain % 2 },
        departing: chain % 4,
        new_nodes: 0,
        below_mean: false,
    };
    let mut slots: Vec<_> = (0..CHAINS).map(slot).collect();
    let kinds = (0..NODES).map(|i| if i % 3 == 0 { Kind::New } else { Kind::Veteran });
    let began = Instant::now();
    let placed = draw(&mut slots, &mut Turns::default(), kinds);
    println!("the draw alone: {} us", began.elapsed().as_micros());
    assert!(slots.iter().all(|slot| slot.open() == 0));
    assert!(placed.iter().flatten().count() > 4_000);
    assert!(began.elapsed().as_secs() < 1);
}
