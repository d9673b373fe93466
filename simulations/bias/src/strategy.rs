// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a coalition can choose among.

use crate::{
    world::{Node, World},
    Options, Score,
};
use hansa_beacon_primitives::{vrf::fold, Digest, Height};
use std::collections::BTreeSet;

/// How many endings of the mixing are tried at most: runs of the coalition's blocks that have more are
/// too rare to show, and the best of so many is hardly better than the best of these.
const MAX_ENDINGS: usize = 256;

/// How many of its blocks of the commit part a coalition considers to withhold.
const LAST_BLOCKS: usize = 8;

/// A choice and what comes of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the coalition thinks that it will have, when it chooses.
    pub hoped: Score,
    /// What it has.
    pub real: Score,
    /// How many reveals it withheld.
    pub withheld: u32,
    /// How many blocks it left to others.
    pub lost: u32,
}

/// What a coalition does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// What everybody does.
    Honest,
    /// Withhold reveals, on a chain whose beacon is made as soon as the reveal part is over.
    RevealsWithoutMixing,
    /// Withhold reveals, on a chain with the mixing: its outputs are not known yet.
    Reveals,
    /// Withhold one of the last blocks of the commit part: the others' ids are not known yet.
    CommitBlocks,
    /// Withhold blocks at the end of the mixing, when all outputs but the own are known.
    LastBlocks,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Honest,
        Self::RevealsWithoutMixing,
        Self::Reveals,
        Self::CommitBlocks,
        Self::LastBlocks,
    ];

    /// Whether there are few choices, so that many sessions can be simulated.
    pub fn is_cheap(self) -> bool {
        matches!(self, Self::Honest | Self::LastBlocks)
    }

    /// As it stands in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::RevealsWithoutMixing => "reveals, no mixing",
            Self::Reveals => "reveals",
            Self::CommitBlocks => "blocks, commit part",
            Self::LastBlocks => "blocks, end of mixing",
        }
    }

    /// All that it can choose among; the first is honest.
    pub fn outcomes(self, world: &World, options: &Options) -> Vec<Outcome> {
        match self {
            Self::Honest => vec![honest(world)],
            Self::RevealsWithoutMixing => reveals(world, options, false),
            Self::Reveals => reveals(world, options, true),
            Self::CommitBlocks => commit_blocks(world),
            Self::LastBlocks => last_blocks(world),
        }
    }
}

/// All outputs in the order of the blocks: of the commit part, and of the mixing.
fn all_outputs(world: &World) -> (Digest, u32) {
    let (committed, revealed, last) = world.ends;
    let heights = (1..=committed).chain(revealed + 1..=last);
    let outputs = world.fold([0; 32], heights, |_| 0);
    (outputs, committed + last - revealed)
}

fn honest(world: &World) -> Outcome {
    let (outputs, blocks) = all_outputs(world);
    let nobody = BTreeSet::new();
    let real = world.score(&world.beacon(&nobody, outputs, blocks), &nobody);
    Outcome {
        hoped: real.clone(),
        real,
        withheld: 0,
        lost: 0,
    }
}

/// Each subset of the coalition of at most so many nodes withholds its reveals.
fn reveals(world: &World, options: &Options, mixing: bool) -> Vec<Outcome> {
    // While the reveal part lasts nobody knows what others will add in the mixing.
    let known = world.guessed(false);
    let outputs_of = |world: &World| match mixing {
        true => all_outputs(world),
        false => {
            let committed = world.ends.0;
            (world.fold([0; 32], 1..=committed, |_| 0), committed)
        }
    };
    let (real, hoped) = (outputs_of(world), outputs_of(&known));
    subsets(world, options.withheld)
        .into_iter()
        .map(|withheld| {
            let score = |(outputs, blocks)| {
                world.score(&world.beacon(&withheld, outputs, blocks), &withheld)
            };
            let real = score(real);
            Outcome {
                hoped: if mixing { score(hoped) } else { real.clone() },
                real,
                withheld: withheld.len() as u32,
                lost: 0,
            }
        })
        .collect()
}

/// All subsets of the coalition with at most `most` nodes, the smallest first.
fn subsets(world: &World, most: u32) -> Vec<BTreeSet<Node>> {
    let mut all = vec![BTreeSet::new()];
    let mut last = all.clone();
    for _ in 0..most {
        let larger = |subset: &BTreeSet<Node>| {
            let from = subset.last().map_or(0, |node| node + 1);
            let with = |node| subset.iter().copied().chain([node]).collect();
            (from..world.coalition().end).map(with).collect::<Vec<_>>()
        };
        last = last.iter().flat_map(larger).collect();
        all.extend(last.iter().cloned());
    }
    all
}

/// One of the coalition's last blocks of the commit part is withheld, and the primary of the next view
/// makes it.
fn commit_blocks(world: &World) -> Vec<Outcome> {
    let (committed, revealed, last) = world.ends;
    let known = world.guessed(true);
    let own: Vec<Height> = (1..=committed)
        .rev()
        .filter(|height| world.is_coalition(world.primary(*height, 0)))
        .take(LAST_BLOCKS)
        .collect();
    let score_in = |world: &World, skipped: Option<Height>| {
        let heights = (1..=committed).chain(revealed + 1..=last);
        let view_of = |height| u32::from(Some(height) == skipped);
        let outputs = world.fold([0; 32], heights, view_of);
        let nobody = BTreeSet::new();
        let blocks = committed + last - revealed;
        world.score(&world.beacon(&nobody, outputs, blocks), &nobody)
    };
    [None]
        .into_iter()
        .chain(own.into_iter().map(Some))
        .map(|skipped| {
            let taken = |height| !world.is_coalition(world.primary(height, 1));
            Outcome {
                hoped: score_in(&known, skipped),
                real: score_in(world, skipped),
                withheld: 0,
                lost: u32::from(skipped.is_some_and(taken)),
            }
        })
        .collect()
}

/// The endings of the mixing that a coalition knows: those after which nobody else adds an output.
///
/// Where the last blocks of the mixing are the coalition's, it can give up views of theirs, as long as the
/// next view's primary is one of its own. And it can give up the last block to somebody else, whose output
/// it does not know.
fn last_blocks(world: &World) -> Vec<Outcome> {
    let mut outcomes = vec![honest(world)];
    let last = world.ends.2;
    if world.is_coalition(world.primary(last, 0)) {
        outcomes.extend(known_endings(world));
        outcomes.push(given_up(world));
    }
    outcomes
}

/// All that the coalition can make of the run of its blocks with which the mixing ends.
fn known_endings(world: &World) -> Vec<Outcome> {
    let (committed, revealed, end) = world.ends;
    let own = |height, view| world.is_coalition(world.primary(height, view));
    let start = (revealed + 1..=end)
        .rev()
        .find(|height| !own(*height, 0))
        .map_or(revealed + 1, |height| height + 1);
    let before = (1..=committed).chain(revealed + 1..start);
    let mut chains = vec![world.fold([0; 32], before, |_| 0)];
    for height in start..=end {
        let authors: BTreeSet<Node> = (0..)
            .take_while(|view| own(height, *view))
            .take(usize::from(world.coalition().end))
            .map(|view| world.primary(height, view))
            .collect();
        let with = |chain: &Digest| {
            let next = |author| fold(chain, height, author, &world.output(height, author));
            authors.iter().copied().map(next).collect::<Vec<_>>()
        };
        chains = chains.iter().flat_map(with).take(MAX_ENDINGS).collect();
    }
    let nobody = BTreeSet::new();
    let blocks = committed + end - revealed;
    chains
        .into_iter()
        .map(|outputs| {
            let real = world.score(&world.beacon(&nobody, outputs, blocks), &nobody);
            Outcome {
                hoped: real.clone(),
                real,
                withheld: 0,
                lost: 0,
            }
        })
        .collect()
}

/// The coalition gives up its last block to the first primary that is not its own. It hopes for what
/// it would have on average.
fn given_up(world: &World) -> Outcome {
    let (committed, revealed, last) = world.ends;
    let view = (0..)
        .find(|view| !world.is_coalition(world.primary(last, *view)))
        .unwrap_or(0);
    let heights = (1..=committed).chain(revealed + 1..=last);
    let outputs = world.fold([0; 32], heights, |height| match height == last {
        true => view,
        false => 0,
    });
    let nobody = BTreeSet::new();
    let blocks = committed + last - revealed;
    let real = world.score(&world.beacon(&nobody, outputs, blocks), &nobody);
    let nodes = world.node_count();
    let share = |of: usize| of * usize::from(world.coalition().end) / nodes;
    let hoped = Score {
        slots: share(world.heights() as usize) as u32,
        places: (0..real.places.len())
            .map(|chain| share(world.chain_size(chain)))
            .collect(),
    };
    Outcome {
        hoped,
        real,
        withheld: 0,
        lost: 1,
    }
}
