// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! One epoch of a chain with a coalition in it.

use crate::{Options, Score};
use codec::Encode;
use hansa_beacon_primitives::{
    draw::rank,
    next_beacon,
    output::session_seed,
    tree::{leaf, root, set_leaf, MemoryGroups},
    vrf::fold,
    AuthorityIndex, Beacon, Digest, Height, Inputs, OwnId,
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
    secret: Digest,
    chains: Vec<usize>,
    /// The last height of the commit part, of the reveal part, and of the session.
    pub ends: (Height, Height, Height),
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
        Self {
            set,
            coalition: share as Node,
            seed: session_seed(&beacon, trial),
            beacon,
            ids: (0..options.nodes)
                .map(|node| hash(&(random("ids"), node)))
                .collect(),
            secret: random("outputs"),
            chains: options.chains.clone(),
            ends: (heights / 2, heights * 7 / 10, heights),
        }
    }

    /// The coalition: the nodes from 0 on.
    pub fn coalition(&self) -> std::ops::Range<Node> {
        0..self.coalition
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
        hash(&(self.secret, height, node))
    }

    /// Another world that looks to the coalition as this one while it does not know the outputs of the
    /// others, or not their ids either.
    pub fn guessed(&self, ids_too: bool) -> Self {
        let own = |node: Node| self.is_coalition(node);
        let guess = |node: Node, id: &OwnId| match ids_too && !own(node) {
            true => hash(&("guess", id)),
            false => *id,
        };
        Self {
            set: self.set.clone(),
            ids: (0..).zip(&self.ids).map(|(n, id)| guess(n, id)).collect(),
            secret: hash(&("guess", self.secret)),
            chains: self.chains.clone(),
            ..*self
        }
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
    fn reveals(&self, withheld: &BTreeSet<Node>) -> Digest {
        let mut groups = MemoryGroups::default();
        for (node, id) in (0..).zip(&self.ids) {
            if !withheld.contains(&node) {
                set_leaf(&mut groups, u32::from(node), leaf(&node, id));
            }
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
        let slots = (1..=self.ends.2)
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
