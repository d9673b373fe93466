// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the faulty authorities may say. They see all that was sent and share their keys; they have
//! no state, since whatever they could say they may say at any time, to some and not to others.
//!
//! Left out is what no correct replica acts upon, whatever else happens: votes in a view for a block
//! that no correct replica prepared in it (a quorum has a correct one), repetitions, and statements
//! that do not verify, of which one of each sort is there to show that they are refused.

use crate::{
    node::Node,
    world::{digest, statement_of, Envelope, World, FAULTY_BLOCKS},
};
use hansa_pbft_primitives::{
    AuthorityIndex, Certificate, Hash, Message, NewViewProof, SignedStatement, Statement, View,
    VoteKind,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What is voted upon in a view: block and digest of the proof.
type Choice = (View, Hash, Hash);

/// The repertoire of the faulty authorities, given what they have seen.
pub struct Adversary<'a> {
    world: &'a World,
    nodes: &'a [Arc<Node>],
    /// Who of the correct replicas prepared what.
    prepared: BTreeMap<Choice, Vec<AuthorityIndex>>,
}

impl<'a> Adversary<'a> {
    /// The faulty authorities of `world`, who have seen all that `nodes` sent.
    pub fn new(world: &'a World, nodes: &'a [Arc<Node>]) -> Self {
        let mut prepared: BTreeMap<Choice, Vec<AuthorityIndex>> = BTreeMap::new();
        for said in nodes.iter().flat_map(|node| node.said()) {
            if let Statement::Prepare { hash, proof } = said.statement {
                let choice = (said.view, hash, proof);
                prepared.entry(choice).or_default().push(said.authority);
            }
        }
        Self {
            world,
            nodes,
            prepared,
        }
    }

    /// The digest of what they have seen, and of what they have said that mattered.
    pub fn knowledge(nodes: &[Arc<Node>]) -> u128 {
        let ids: Vec<_> = nodes
            .iter()
            .flat_map(|node| node.sent.iter().chain(&node.heard))
            .map(|envelope| envelope.id)
            .collect();
        digest(&ids)
    }

    /// All that they may say now.
    pub fn repertoire(&self) -> Vec<Arc<Envelope>> {
        let mut all = Vec::new();
        self.votes(&mut all);
        for view in 1..=self.world.last_view {
            for author in &self.world.faulty {
                all.extend(self.view_changes(*author, view));
            }
        }
        for view in 0..=self.world.last_view {
            let primary = self.world.primary(view);
            if self.world.is_faulty(primary) {
                self.proposals(primary, view, &mut all);
            }
        }
        all
    }

    fn votes(&self, all: &mut Vec<Arc<Envelope>>) {
        for (view, hash, proof) in self.prepared.keys() {
            for author in &self.world.faulty {
                for kind in [VoteKind::Prepare, VoteKind::Commit] {
                    all.push(self.world.vote(*author, kind, *view, *hash, *proof));
                }
            }
        }
    }

    /// The prepared certificates below `view` that can be put together, with no more faulty signers
    /// than are needed.
    fn certificates(&self, view: View) -> Vec<Certificate> {
        let mut all = Vec::new();
        for ((prepared_in, hash, proof), signers) in &self.prepared {
            if *prepared_in >= view {
                continue;
            }
            let correct = signers.iter().take(self.world.quorum());
            let missing = self.world.quorum().saturating_sub(signers.len());
            for faulty in combinations(&self.world.faulty, missing) {
                let signers = correct.clone().copied().chain(faulty);
                all.push(self.world.certificate(*prepared_in, *hash, *proof, signers));
            }
        }
        all
    }

    /// The view-changes of `author` to `view`: with each certificate, and with none.
    fn view_changes(&self, author: AuthorityIndex, view: View) -> Vec<Arc<Envelope>> {
        let shown = self.certificates(view).into_iter().map(Some);
        shown
            .chain([None])
            .map(|certificate| self.world.view_change(author, view, certificate))
            .collect()
    }

    fn proposals(&self, primary: AuthorityIndex, view: View, all: &mut Vec<Arc<Envelope>>) {
        let world = self.world;
        if view == 0 {
            all.extend(FAULTY_BLOCKS.map(|block| world.proposal(primary, view, block, None)));
            return;
        }
        // One proposal for each block is enough, unless it matters who signed its proof: the one that
        // was taken, if any was.
        let taken = self.proposed(primary, view);
        let mut blocks: BTreeSet<_> = taken.iter().filter_map(|e| block_of(e)).collect();
        all.extend(taken);
        let one_each = world.faulty.len() <= 1;
        for (proof, forced) in self.proofs(view) {
            let free = FAULTY_BLOCKS.iter().filter(|_| forced.is_none()).copied();
            for block in forced.into_iter().chain(free) {
                if blocks.insert(block) || !one_each {
                    all.push(world.proposal(primary, view, block, Some(proof.clone())));
                }
            }
            if let Some(forced) = forced {
                self.unjustified(primary, view, &proof, forced, all);
            }
        }
        all.push(world.proposal(primary, view, FAULTY_BLOCKS[1], None));
    }

    /// Proposals of a block that `proof` does not allow, since it forces another one.
    fn unjustified(
        &self,
        primary: AuthorityIndex,
        view: View,
        proof: &NewViewProof,
        forced: Hash,
        all: &mut Vec<Arc<Envelope>>,
    ) {
        let Some(other) = FAULTY_BLOCKS.into_iter().find(|block| *block != forced) else {
            return;
        };
        let stripped = NewViewProof {
            prepared: None,
            ..proof.clone()
        };
        for shown in [proof.clone(), stripped] {
            all.push(self.world.proposal(primary, view, other, Some(shown)));
        }
    }

    /// What `primary` has proposed in `view` to any correct replica that took it.
    fn proposed(&self, primary: AuthorityIndex, view: View) -> Vec<Arc<Envelope>> {
        let heard = self.nodes.iter().flat_map(|node| &node.heard);
        let is_such = |envelope: &&Arc<Envelope>| match &envelope.message {
            Message::Proposal { statement, .. } => {
                statement.authority == primary && statement.view == view
            }
            _ => false,
        };
        let taken: BTreeMap<_, _> = heard.filter(is_such).map(|e| (e.id, e.clone())).collect();
        taken.into_values().collect()
    }

    /// All proofs that open `view` with view-changes of just a quorum, and the block to which each
    /// binds the primary.
    fn proofs(&self, view: View) -> Vec<(NewViewProof, Option<Hash>)> {
        let mut changes: BTreeMap<AuthorityIndex, Vec<Change>> = BTreeMap::new();
        let sent = self.nodes.iter().flat_map(|node| &node.sent).cloned();
        let faulty = self.world.faulty.iter();
        let said = sent.chain(faulty.flat_map(|author| self.view_changes(*author, view)));
        for envelope in said {
            if let Message::ViewChange {
                statement,
                certificate,
            } = &envelope.message
            {
                if statement.view == view {
                    let change = (statement.clone(), certificate.clone());
                    changes.entry(envelope.from).or_default().push(change);
                }
            }
        }
        let authors: Vec<_> = changes.keys().copied().collect();
        combinations(&authors, self.world.quorum())
            .into_iter()
            .flat_map(|authors| product(authors.iter().map(|author| &changes[author][..])))
            .map(proof)
            .collect()
    }
}

/// The block that is proposed or voted for.
fn block_of(envelope: &Envelope) -> Option<Hash> {
    statement_of(&envelope.message)?.statement.block()
}

/// A view-change with the certificate that it shows.
type Change = (SignedStatement, Option<Certificate>);

/// The proof of `changes`, which are in ascending order of their signers, and the block to which it
/// binds the primary.
fn proof(changes: Vec<Change>) -> (NewViewProof, Option<Hash>) {
    let mut highest: Option<&Certificate> = None;
    for certificate in changes.iter().filter_map(|(_, shown)| shown.as_ref()) {
        if highest.is_none_or(|h| certificate.view > h.view) {
            highest = Some(certificate);
        }
    }
    let prepared = highest.cloned();
    let forced = prepared.as_ref().map(|certificate| certificate.hash);
    let statements: Vec<_> = changes
        .into_iter()
        .map(|(statement, _)| statement)
        .collect();
    let proof = NewViewProof {
        view_changes: statements.try_into().expect("few"),
        prepared,
    };
    (proof, forced)
}

/// All ways to take `size` of `list`, in order.
fn combinations<T: Copy>(list: &[T], size: usize) -> Vec<Vec<T>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (i, first) in list.iter().enumerate() {
        for rest in combinations(&list[i + 1..], size - 1) {
            all.push([&[*first], &rest[..]].concat());
        }
    }
    all
}

/// All ways to take one of each list.
fn product<'a, T: Clone + 'a>(lists: impl Iterator<Item = &'a [T]>) -> Vec<Vec<T>> {
    lists.fold(vec![Vec::new()], |ways, list| {
        let with_each = |way: &Vec<T>| {
            let longer = |item: &T| way.iter().chain([item]).cloned().collect::<Vec<_>>();
            list.iter().map(longer).collect::<Vec<_>>()
        };
        ways.iter().flat_map(with_each).collect()
    })
}
