// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! One epoch of a chain with a coalition in it.

use crate::{Options, Score};
use codec::Encode;
use hansa_beacon_primitives::{
    draw::rank,
    next_beacon,
    output::session_seed,
    tree::{leaf, root, set_leaf, MemoryGroups, ARITY},
    vrf::fold,
    Author, AuthorityIndex, AuthorsSeen, Beacon, Digest, Height, Inputs, OwnId, Phase,
};
use hansa_pbft_primitives::{primary::primary, Authority, AuthoritySet, View};
use std::collections::BTreeSet;

/// Names a node: its position in the set, its account in the draw, its place among the commitments.
pub type Node = AuthorityIndex;

/// The state of the chain at the end of an epoch, and what the coalition knows of it.
pub struct World {
    set: AuthoritySet,
    coalition: Node,
    beacon: Beacon,
    seed: [u8; 32],
    ids: Vec<OwnId>,
    /// The tree of all reveals.
    whole: MemoryGroups,
    secret: Digest,
    /// Whether the outputs of others after the commit part are guessed.
    guess: bool,
    chains: Vec<usize>,
    /// The last height of the commit part, of the reveal part, and of those whose outputs are mixed in.
    pub ends: (Height, Height, Height),
    heights: Height,
}

impl World {
    /// The world of a trial.
    pub fn new(options: &Options, percent: u16, trial: u32) -> Self {
        let random = |what: &str| hash(&(what, options.seed, percent, trial));
        let authority = |node: Node| Authority {
            key: sp_core::ed25519::Public::from_raw(hash(&("key", node))).into(),
            weight: 1,
        };
        let set = AuthoritySet::new(0, (0..options.nodes).map(authority).collect())
            .expect("the keys differ and the weights are small");
        let beacon = random("beacon");
        let heights = options.heights;
        let share = u32::from(options.nodes) * u32::from(percent) / 100;
        let mut world = Self {
            set,
            coalition: share as Node,
            seed: session_seed(&beacon, trial),
            beacon,
            ids: (0..options.nodes)
                .map(|node| hash(&(random("ids"), node)))
                .collect(),
            whole: MemoryGroups::default(),
            secret: random("outputs"),
            guess: false,
            chains: options.chains.clone(),
            ends: (heights / 2, heights * 7 / 10, heights * 7 / 10),
            heights,
        };
        world.ends.2 = world.mixing_end();
        world.whole = world.tree(&BTreeSet::new());
        world
    }

    /// The last height whose output is mixed in, if nobody gives up a block.
    fn mixing_end(&self) -> Height {
        let mut seen = AuthorsSeen::default();
        let mut height = self.ends.1;
        while !seen.suffice(Phase::Mix) {
            height += 1;
            let index = self.primary(height, 0);
            seen.note(&Author {
                index,
                weight: self.set.weight(index),
                total_weight: self.set.total_weight(),
                set_id: self.set.id,
                vrf: None,
            });
        }
        height
    }

    /// The coalition: the nodes from 0 on.
    pub fn coalition(&self) -> std::ops::Range<Node> {
        0..self.coalition
    }

    /// How many blocks a session has.
    pub fn heights(&self) -> Height {
        self.heights
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.ids.len()
    }

    /// The size of a chain that nodes are drawn for.
    pub fn chain_size(&self, chain: usize) -> usize {
        self.chains.get(chain).copied().unwrap_or(0)
    }

    pub fn is_coalition(&self, node: Node) -> bool {
        node < self.coalition
    }

    /// The primary of a view, in the session under way.
    pub fn primary(&self, height: Height, view: View) -> Node {
        primary(&self.set, &self.seed, height, view).expect("the set is not empty")
    }

    /// The VRF output of a node for the block at a height.
    pub fn output(&self, height: Height, node: Node) -> [u8; 32] {
        match self.guess && height > self.ends.0 && !self.is_coalition(node) {
            true => hash(&("guess", self.secret, height, node)),
            false => hash(&(self.secret, height, node)),
        }
    }

    /// Another world that looks to the coalition as this one while it does not know the outputs of the
    /// others, or not their ids either.
    pub fn guessed(&self, ids_too: bool) -> Self {
        let own = |node: Node| self.is_coalition(node);
        let guess = |node: Node, id: &OwnId| match ids_too && !own(node) {
            true => hash(&("guess", id)),
            false => *id,
        };
        let mut world = Self {
            set: self.set.clone(),
            ids: (0..).zip(&self.ids).map(|(n, id)| guess(n, id)).collect(),
            whole: MemoryGroups::default(),
            guess: true,
            chains: self.chains.clone(),
            ..*self
        };
        world.whole = world.tree(&BTreeSet::new());
        world
    }

    /// The chain of outputs of the blocks of `heights`, each by the primary of the view that `view_of`
    /// names, none where it names none.
    pub fn fold(
        &self,
        so_far: Digest,
        heights: impl IntoIterator<Item = Height>,
        view_of: impl Fn(Height) -> View,
    ) -> Digest {
        heights.into_iter().fold(so_far, |chain, height| {
            let author = self.primary(height, view_of(height));
            fold(&chain, height, author, &self.output(height, author))
        })
    }

    /// The tree of reveals, without those of `withheld`.
    fn tree(&self, withheld: &BTreeSet<Node>) -> MemoryGroups {
        let mut groups = MemoryGroups::default();
        for (node, id) in (0..).zip(&self.ids) {
            if !withheld.contains(&node) {
                set_leaf(&mut groups, u32::from(node), leaf(&node, id));
            }
        }
        groups
    }

    /// The root of that tree; from the whole tree where the leaves withheld leave no group empty, as then
    /// a leaf of zeros is one that was never set.
    fn reveals(&self, withheld: &BTreeSet<Node>) -> Digest {
        let smallest_group = match self.ids.len() % ARITY as usize {
            0 => ARITY as usize,
            rest => rest,
        };
        if withheld.len() >= smallest_group {
            return root(&self.tree(withheld));
        }
        let mut groups = self.whole.clone();
        for node in withheld {
            set_leaf(&mut groups, u32::from(*node), [0; 32]);
        }
        root(&groups)
    }

    /// The beacon that comes of it.
    pub fn beacon(&self, withheld: &BTreeSet<Node>, outputs: Digest, blocks: u32) -> Beacon {
        next_beacon(&Inputs {
            epoch: 0,
            last: self.beacon,
            reveals: self.reveals(withheld),
            revealed: (self.ids.len() - withheld.len()) as u32,
            outputs,
            blocks,
        })
    }

    /// What the coalition has of a beacon.
    pub fn score(&self, beacon: &Beacon, withheld: &BTreeSet<Node>) -> Score {
        let seed = session_seed(beacon, 1);
        let slots = (1..=self.heights)
            .filter_map(|height| primary(&self.set, &seed, height, 0))
            .filter(|node| self.is_coalition(*node))
            .count();
        let mut ranks: Vec<_> = (0..)
            .zip(&self.ids)
            .filter(|(node, _)| !withheld.contains(node))
            .map(|(node, id): (Node, _)| (rank(beacon, &node, id), node))
            .collect();
        ranks.sort_unstable();
        let places = self
            .chains
            .iter()
            .map(|size| {
                let drawn = ranks.iter().take(*size);
                drawn.filter(|(_, node)| self.is_coalition(*node)).count()
            })
            .collect();
        Score {
            slots: slots as u32,
            places,
        }
    }
}

/// All randomness of the simulation.
fn hash(value: &impl Encode) -> [u8; 32] {
    value.using_encoded(sp_crypto_hashing::blake2_256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn withheld_leaves_were_never_set() {
        for nodes in ["4", "33", "40", "100"] {
            let options = Options::parse_from(["bias", "--nodes", nodes]);
            let world = World::new(&options, 50, 0);
            for withheld in [vec![], vec![0], vec![0, 1], vec![1, 0, 2]] {
                let withheld: BTreeSet<_> = withheld.into_iter().collect();
                assert_eq!(world.reveals(&withheld), root(&world.tree(&withheld)));
            }
        }
    }

    #[test]
    fn a_guess_differs_only_in_what_the_coalition_does_not_know() {
        let options = Options::parse_from(["bias"]);
        let world = World::new(&options, 25, 0);
        let guess = world.guessed(true);
        assert_eq!(world.ids[..25], guess.ids[..25]);
        assert!((25..100).all(|node| world.ids[node] != guess.ids[node]));
        assert_eq!(world.ends, guess.ends);
        let committed = world.ends.0;
        assert_eq!(world.output(committed, 99), guess.output(committed, 99));
        assert_eq!(
            world.output(committed + 1, 0),
            guess.output(committed + 1, 0)
        );
        assert_ne!(
            world.output(committed + 1, 99),
            guess.output(committed + 1, 99)
        );
        assert_eq!(world.guessed(false).ids, world.ids);
    }
}
