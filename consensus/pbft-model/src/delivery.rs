// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which messages arrive at a replica in one step of the model.
//!
//! Most messages are merely counted when they arrive: they become of effect with the one that
//! completes a quorum. To let each arrive in a step of its own would multiply the states by all
//! subsets of all messages, on all replicas, without showing more. So a step delivers a *bundle*: a
//! minimal list of messages of which the last has an effect that others or the disk can see.
//!
//! Nothing is lost by it. Take any run. A message that is only counted changes nothing but the
//! receiver's books, which nobody else sees; so its arrival may be put off to just before the first
//! later event at the same replica for which it counts (or for ever). That run, in which the same
//! things are said, written and decided in the same order, is made of bundles and of events
//! without messages. Two more choices are made that no property can tell from the others:
//!
//! - of votes for one thing, those that correct replicas have sent are taken before those of faulty
//!   ones, who so show no more of themselves than they must;
//! - a proposal arrives before the votes that come after it: a replica that has them waiting says
//!   the same in the same order, in one step in place of two.
//!
//! `tests/model.rs` compares both ways of delivery within small bounds.

use crate::{
    node::{Effects, Node},
    world::{statement_of, Envelope, World},
};
use codec::Encode;
use hansa_pbft_primitives::Message;
use std::{collections::BTreeMap, sync::Arc};

/// How messages arrive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// In bundles.
    Bundles,
    /// One at a time, whether it has an effect or not.
    Single,
}

/// What arrived, the replica after that, and what it did.
pub struct Arrival {
    /// The messages, in their order.
    pub bundle: Vec<Arc<Envelope>>,
    /// The replica before the last of them.
    pub before: Node,
    /// The replica after all of them.
    pub after: Node,
    /// What it did upon the last.
    pub effects: Effects,
}

/// All that can arrive at `node` of what is in the network.
pub fn arrivals(
    world: &World,
    node: &Node,
    network: &[Arc<Envelope>],
    delivery: Delivery,
) -> Vec<Arrival> {
    let mut search = Search {
        world,
        start: node,
        found: Vec::new(),
    };
    let mut votes: BTreeMap<Vec<u8>, Vec<Arc<Envelope>>> = BTreeMap::new();
    let mut view_changes = Vec::new();
    for envelope in network.iter().filter(|e| e.from != node.index) {
        match &envelope.message {
            _ if delivery == Delivery::Single => search.single(envelope),
            Message::Vote(vote) => {
                let group = (vote.view, &vote.statement).encode();
                votes.entry(group).or_default().push(envelope.clone());
            }
            Message::ViewChange { statement, .. } if statement.view > 0 => {
                view_changes.push(envelope.clone());
            }
            _ => search.any(node, &[], std::slice::from_ref(envelope)),
        }
    }
    for group in votes.into_values() {
        search.votes(group);
    }
    search.any(node, &[], &view_changes);
    search.found
}

struct Search<'a> {
    world: &'a World,
    start: &'a Node,
    found: Vec<Arrival>,
}

impl Search<'_> {
    /// One message, whatever it does, if it does anything.
    fn single(&mut self, envelope: &Arc<Envelope>) {
        let (mut after, effects) = self.start.take(self.world, envelope, None);
        after.seal();
        if after.id != self.start.id {
            self.found.push(Arrival {
                bundle: vec![envelope.clone()],
                before: self.start.clone(),
                after,
                effects,
            });
        }
    }

    /// Votes for one thing: those of correct replicas, then as few of faulty ones as are needed.
    fn votes(&mut self, group: Vec<Arc<Envelope>>) {
        let (faulty, correct): (Vec<_>, Vec<_>) = group
            .into_iter()
            .partition(|vote| self.world.is_faulty(vote.from));
        let mut node = self.start.clone();
        let mut taken = Vec::new();
        for vote in correct {
            match self.arrive(&node, &taken, &vote) {
                Some(next) => node = next,
                None => return,
            }
            taken.push(vote);
        }
        self.any(&node, &taken, &faulty);
    }

    /// Any of `list`, in its order, until there is an effect.
    fn any(&mut self, node: &Node, taken: &[Arc<Envelope>], list: &[Arc<Envelope>]) {
        for (i, envelope) in list.iter().enumerate() {
            let Some(next) = self.arrive(node, taken, envelope) else {
                continue;
            };
            // Not more than one message of each other replica counts for the same thing.
            if taken.len() + 2 < self.world.set.len() && !node.is_unmoved(&next) {
                let taken = [taken, std::slice::from_ref(envelope)].concat();
                self.any(&next, &taken, &list[i + 1..]);
            }
        }
    }

    /// `envelope` arrives at `node`, which is the replica after `taken`: the replica after that if
    /// there is no effect. If there is one it is noted, unless the same happens without one of
    /// `taken`.
    fn arrive(
        &mut self,
        node: &Node,
        taken: &[Arc<Envelope>],
        envelope: &Arc<Envelope>,
    ) -> Option<Node> {
        let (after, effects) = node.take(self.world, envelope, None);
        if after.flaw.is_none() && !effects.matter(self.world) {
            return Some(after);
        }
        if self.is_minimal(taken, envelope, &effects) {
            self.found.push(Arrival {
                bundle: [taken, std::slice::from_ref(envelope)].concat(),
                before: node.clone(),
                after,
                effects,
            });
        }
        None
    }

    /// Whether each of `taken` is needed for what `last` does.
    fn is_minimal(&self, taken: &[Arc<Envelope>], last: &Arc<Envelope>, effects: &Effects) -> bool {
        (0..taken.len()).all(|left_out| {
            let mut node = self.start.clone();
            for (i, envelope) in taken.iter().enumerate() {
                if i != left_out {
                    node = node.take(self.world, envelope, None).0;
                }
            }
            !node.take(self.world, last, None).1.same(effects)
        })
    }
}

impl Arrival {
    /// In words, for a trace.
    pub fn describe(&self) -> String {
        let words: Vec<_> = self.bundle.iter().map(|e| describe(e)).collect();
        words.join(", ")
    }
}

/// A message in words.
pub fn describe(envelope: &Envelope) -> String {
    let from = envelope.from;
    statement_of(&envelope.message).map_or_else(
        || format!("{from}: certificate"),
        |said| format!("{from} in view {}: {:?}", said.view, said.statement),
    )
}
