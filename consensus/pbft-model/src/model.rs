// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The state space: what can happen next, and what must hold.

use crate::{
    adversary::Adversary,
    delivery::{arrivals, Delivery},
    evidence::{convicted, is_fork, weight},
    node::{Effects, Node},
    world::{digest, Envelope, World},
};
use hansa_pbft_primitives::{AuthorityIndex, View};
use stateright::{Model, Property};
use std::{
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, PoisonError, RwLock},
};

/// What is explored.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many authorities there are, of weight 1 each.
    pub authorities: u8,
    /// The faulty ones: those whose turn to propose it is in these views.
    pub faulty_turns: &'static [View],
    /// The highest view that anyone enters.
    pub last_view: View,
    /// How many crashes of correct replicas there are at most.
    pub crashes: u8,
    /// How messages arrive.
    pub delivery: Delivery,
}

/// The model of a height.
pub struct PbftModel {
    world: World,
    bounds: Bounds,
    repertoires: Cache<Vec<Arc<Envelope>>>,
    steps: Cache<Vec<Step>>,
    nodes: Cache<Node>,
}

/// What was computed before, by the digest of what it follows from.
type Cache<T> = RwLock<HashMap<u128, Arc<T>>>;

/// What `key` stands for; computed if it is not known.
fn cached<T>(cache: &Cache<T>, key: u128, compute: impl FnOnce() -> T) -> Arc<T> {
    let known = cache.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(value) = known.get(&key) {
        return value.clone();
    }
    drop(known);
    let value = Arc::new(compute());
    let mut cache = cache.write().unwrap_or_else(PoisonError::into_inner);
    cache.entry(key).or_insert(value).clone()
}

/// The correct replicas. The network is what they have sent, for ever, and whatever the faulty
/// authorities may say.
#[derive(Clone)]
pub struct State {
    /// The correct replicas.
    pub nodes: Vec<Arc<Node>>,
    /// How many crashes there were.
    pub crashes: u8,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let ids = |state: &Self| state.nodes.iter().map(|node| node.id).collect::<Vec<_>>();
        self.crashes == other.crashes && ids(self) == ids(other)
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.crashes.hash(state);
        for node in &self.nodes {
            node.id.hash(state);
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.nodes {
            let said: Vec<_> = node
                .sent
                .iter()
                .map(|e| crate::delivery::describe(e))
                .collect();
            writeln!(
                f,
                "replica {} in view {}, decided {:?}, flaw {:?}, said {said:#?}",
                node.index,
                node.view(),
                node.decided.as_ref().map(|c| (c.view, c.hash)),
                node.flaw,
            )?;
        }
        Ok(())
    }
}

/// What a correct replica can do.
#[derive(Clone)]
struct Step {
    /// The replica after the step.
    node: Arc<Node>,
    /// Whether it crashed in it.
    crashed: bool,
    /// In words.
    label: Arc<str>,
}

/// A correct replica takes a step.
#[derive(Clone)]
pub struct Action {
    /// Which one, as a position among the correct ones.
    position: usize,
    step: Step,
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        (self.position, self.step.node.id) == (other.position, other.step.node.id)
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step.node.index, self.step.label)
    }
}

impl PbftModel {
    /// The model within `bounds`.
    pub fn new(bounds: Bounds) -> Self {
        let Bounds {
            authorities,
            faulty_turns,
            last_view,
            ..
        } = bounds;
        Self {
            world: World::new(authorities, faulty_turns, last_view),
            bounds,
            repertoires: Cache::default(),
            steps: Cache::default(),
            nodes: Cache::default(),
        }
    }

    /// The authorities.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// How many states of a single replica there were.
    pub fn node_states(&self) -> usize {
        self.nodes
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// What the faulty authorities may say, having seen what has the digest `knowledge`.
    fn repertoire(&self, state: &State, knowledge: u128) -> Arc<Vec<Arc<Envelope>>> {
        cached(&self.repertoires, knowledge, || {
            Adversary::new(&self.world, &state.nodes).repertoire()
        })
    }

    /// All steps of `node`. What may be delivered to it is all that the other correct replicas
    /// sent, and all that the faulty authorities may say.
    fn steps(&self, state: &State, node: &Node, knowledge: u128) -> Vec<Step> {
        let others = state.nodes.iter().filter(|other| other.index != node.index);
        let network: Vec<_> = others
            .flat_map(|other| other.sent.iter())
            .chain(self.repertoire(state, knowledge).iter())
            .cloned()
            .collect();
        let may_crash = state.crashes < self.bounds.crashes;
        let mut steps = Steps {
            model: self,
            found: Vec::new(),
        };
        for arrival in arrivals(&self.world, node, &network, self.bounds.delivery) {
            let label = format!("takes {}", arrival.describe());
            if let Some(last) = arrival.bundle.last().filter(|_| may_crash) {
                steps.crashes(&label, &arrival.effects, |after| {
                    arrival.before.take(&self.world, last, Some(after)).0
                });
            }
            steps.add(label, arrival.after, false);
        }
        if node.can_time_out(&self.world) {
            let (after, effects) = node.time_out(&self.world, None);
            if may_crash {
                steps.crashes("times out", &effects, |after| {
                    node.time_out(&self.world, Some(after)).0
                });
            }
            steps.add("times out".into(), after, false);
        }
        if may_crash {
            steps.add("crashes".into(), node.restart(&self.world), true);
        }
        steps.found
    }
}

/// The steps of a replica that were found.
struct Steps<'a> {
    model: &'a PbftModel,
    found: Vec<Step>,
}

impl Steps<'_> {
    fn add(&mut self, label: String, mut node: Node, crashed: bool) {
        node.seal();
        self.found.push(Step {
            node: cached(&self.model.nodes, node.id, || node),
            crashed,
            label: label.into(),
        });
    }

    /// The same step, with a crash after each record and message.
    fn crashes(&mut self, label: &str, effects: &Effects, node: impl Fn(usize) -> Node) {
        for after in 1..=effects.steps() {
            self.add(format!("{label}, crashes after {after}"), node(after), true);
        }
    }
}

impl Model for PbftModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let correct: Vec<AuthorityIndex> = self.world.correct().collect();
        let nodes = correct
            .into_iter()
            .map(|index| Arc::new(Node::new(&self.world, index)))
            .collect();
        vec![State { nodes, crashes: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let may_crash = state.crashes < self.bounds.crashes;
        let knowledge = Adversary::knowledge(&state.nodes);
        for (position, node) in state.nodes.iter().enumerate() {
            if node.decided.is_some() {
                continue;
            }
            let steps = cached(
                &self.steps,
                digest(&(node.id, knowledge, may_crash)),
                || self.steps(state, node, knowledge),
            );
            actions.extend(steps.iter().cloned().map(|step| Action { position, step }));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        *next.nodes.get_mut(action.position)? = action.step.node;
        next.crashes += u8::from(action.step.crashed);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![
            Property::always(
                "no correct replica does what it must never do",
                |_, state: &State| state.nodes.iter().all(|node| node.flaw.is_none()),
            ),
            Property::always(
                "the messages convict no correct replica",
                |model: &Self, state: &State| {
                    // What is new is said by one replica at a time, and looked at in `Node`; a fork is
                    // when all evidence is called for.
                    !is_fork(&state.nodes)
                        || convicted(&model.world, &state.nodes)
                            .iter()
                            .all(|offender| model.world.is_faulty(*offender))
                },
            ),
            Property::always(
                "a disagreement leaves evidence against more weight than may be faulty",
                |model: &Self, state: &State| {
                    !is_fork(&state.nodes)
                        || weight(&model.world, &convicted(&model.world, &state.nodes))
                            > model.world.tolerated()
                },
            ),
            Property::sometimes("a block is decided in view 0", |_, state: &State| {
                decided(state, |view, _| view == 0)
            }),
        ];
        if self.bounds.last_view > 0 {
            all.push(Property::sometimes(
                "a block is decided in view 1",
                |_, state: &State| decided(state, |view, _| view == 1),
            ));
        }
        if self.world.faulty.len() as u64 <= self.world.tolerated() {
            all.push(Property::always("agreement", |_, state: &State| {
                !is_fork(&state.nodes)
            }));
        } else {
            all.push(Property::sometimes(
                "there is a fork",
                |_, state: &State| is_fork(&state.nodes),
            ));
        }
        all
    }
}

/// Whether some replica decided, with a certificate of which `holds` is true.
fn decided(state: &State, holds: impl Fn(View, hansa_pbft_primitives::Hash) -> bool) -> bool {
    state
        .nodes
        .iter()
        .filter_map(|node| node.decided.as_ref())
        .any(|certificate| holds(certificate.view, certificate.hash))
}
