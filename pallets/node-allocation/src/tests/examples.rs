// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The worked examples of `docs/allocation.md`.

use crate::draw::{draw, Kind, Reason, Slot, Turns};
use hansa_allocation_primitives::{ChainId, Phase};
use Kind::{New, Veteran};
use Phase::{Live, Pending};
use Reason::{Begun, BelowMean, Short, Turn};

/// A chain with its id, phase, nodes and need; `departing` of the nodes wait for a replacement.
fn chain(chain: ChainId, phase: Phase, nodes: u32, need: u32, departing: u32) -> Slot {
    Slot {
        chain,
        phase,
        need,
        nodes,
        departing,
        new_nodes: 0,
        below_mean: false,
    }
}

fn turns(veteran: ChainId, new: ChainId) -> Turns {
    Turns {
        veteran,
        new,
        begun: None,
    }
}

fn run(
    mut slots: Vec<Slot>,
    mut turns: Turns,
    nodes: &[Kind],
) -> (Vec<Option<(ChainId, Reason)>>, Turns) {
    let placed = draw(&mut slots, &mut turns, nodes.iter().copied());
    (placed, turns)
}

#[test]
fn one_the_first_chains_of_a_network() {
    let slots = vec![
        chain(1, Pending, 0, 4, 0),
        chain(2, Pending, 0, 7, 0),
        chain(3, Pending, 0, 4, 0),
    ];
    let nodes = [Veteran, New, New, Veteran, Veteran, Veteran, Veteran];
    let (placed, turns) = run(slots, turns(0, 0), &nodes);
    assert_eq!(
        placed,
        [
            Some((1, Turn)),
            Some((1, Begun)),
            Some((2, Turn)),
            Some((1, Begun)),
            Some((1, Begun)),
            Some((2, Begun)),
            Some((2, Begun)),
        ]
    );
    assert_eq!(turns.begun, Some(2));
}

#[test]
fn two_a_new_chain_beside_live_ones() {
    let slots = vec![
        chain(1, Live, 7, 7, 2),
        chain(2, Live, 4, 4, 1),
        chain(3, Pending, 0, 4, 0),
    ];
    let nodes = [Veteran, New, Veteran, Veteran, New, Veteran, New, Veteran];
    let (placed, _) = run(slots, turns(2, 0), &nodes);
    assert_eq!(
        placed,
        [
            Some((3, BelowMean)),
            Some((1, Turn)),
            Some((3, Begun)),
            Some((3, Begun)),
            Some((2, Turn)),
            Some((3, Begun)),
            Some((1, Turn)),
            None,
        ]
    );
}

#[test]
fn three_a_chain_that_lost_nodes() {
    let slots = vec![
        chain(1, Pending, 1, 4, 0),
        chain(2, Live, 5, 7, 0),
        chain(3, Live, 4, 4, 1),
    ];
    let nodes = [Veteran, New, Veteran, New, Veteran];
    let (placed, _) = run(slots, turns(0, 0), &nodes);
    assert_eq!(
        placed,
        [
            Some((2, Short)),
            Some((2, Short)),
            Some((1, Begun)),
            Some((3, Turn)),
            Some((1, Begun)),
        ]
    );
}

#[test]
fn four_the_turn_goes_round_and_is_remembered() {
    let slots = || {
        vec![
            chain(1, Live, 7, 7, 2),
            chain(2, Live, 7, 7, 2),
            chain(3, Live, 7, 7, 2),
        ]
    };
    let (placed, turns) = run(slots(), turns(2, 0), &[Veteran; 2]);
    assert_eq!(placed, [Some((2, Turn)), Some((3, Turn))]);
    let (placed, turns) = run(slots(), turns, &[Veteran; 2]);
    assert_eq!(placed, [Some((1, Turn)), Some((2, Turn))]);
    assert_eq!(turns.veteran, 3);
}

#[test]
fn five_a_half_filled_chain_is_filled_in_the_next_epoch() {
    let mut slots = vec![
        chain(1, Pending, 0, 4, 0),
        chain(2, Pending, 0, 10, 0),
        chain(3, Pending, 0, 10, 0),
    ];
    let mut turns = turns(0, 0);
    draw(&mut slots, &mut turns, [Veteran; 3]);
    assert_eq!(turns.begun, Some(1));
    // Chain 1 has 3/4 now, the mean is 3/24: chains 2 and 3 have less, but it was begun.
    let placed = draw(&mut slots, &mut turns, [Veteran; 2]);
    assert_eq!(placed, [Some((1, Begun)), Some((2, BelowMean))]);
}
