// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Whom the messages convict that correct replicas have.

use crate::{
    node::Node,
    world::{statement_of, ModelCrypto, World, GENESIS},
};
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{
    offence::statements_of, AuthorityIndex, Certificate, Evidence, Message, Offence,
    SignedStatement, Weight,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Whether two of `nodes` decided for different blocks.
pub fn is_fork(nodes: &[Arc<Node>]) -> bool {
    let blocks: BTreeSet<_> = nodes
        .iter()
        .filter_map(|node| node.decided.as_ref())
        .map(|certificate| certificate.hash)
        .collect();
    blocks.len() > 1
}

/// Everyone whom all that `nodes` sent, or heard and acted upon, convicts.
pub fn convicted(world: &World, nodes: &[Arc<Node>]) -> BTreeSet<AuthorityIndex> {
    let mut pool = Pool::default();
    for envelope in nodes.iter().flat_map(|n| n.sent.iter().chain(&n.heard)) {
        pool.add_message(&envelope.message);
    }
    for certificate in nodes.iter().filter_map(|node| node.decided.as_ref()) {
        pool.add_certificate(certificate);
    }
    pool.offences()
        .filter_map(|offence| {
            let evidence = Evidence {
                set_id: world.set.id,
                offence,
            };
            evidence
                .verify_with(GENESIS, &world.set, |key, payload, signature| {
                    ModelCrypto.verify(key, payload, signature)
                })
                .ok()
        })
        .collect()
}

/// What `authorities` weigh.
pub fn weight(world: &World, authorities: &BTreeSet<AuthorityIndex>) -> Weight {
    authorities.iter().map(|i| world.set.weight(*i)).sum()
}

/// Statements by their signers, and proposals that may be without justification.
#[derive(Default)]
struct Pool {
    statements: BTreeMap<AuthorityIndex, Vec<SignedStatement>>,
    proposals: Vec<Offence>,
}

impl Pool {
    fn add_message(&mut self, message: &Message) {
        if let Some(statement) = statement_of(message) {
            self.add(statement.clone());
        }
        match message {
            Message::Proposal { statement, proof } => {
                self.proposals.push(Offence::UnjustifiedProposal {
                    proposal: statement.clone(),
                    proof: proof.clone(),
                });
                let changes = proof.iter().flat_map(|proof| &proof.view_changes);
                changes.for_each(|change| self.add(change.clone()));
                let shown = proof.iter().filter_map(|proof| proof.prepared.as_ref());
                shown.for_each(|certificate| self.add_certificate(certificate));
            }
            Message::ViewChange { certificate, .. } => {
                certificate
                    .iter()
                    .for_each(|certificate| self.add_certificate(certificate));
            }
            Message::Decided(certificate) => self.add_certificate(certificate),
            Message::Vote(_) => {}
        }
    }

    fn add_certificate(&mut self, certificate: &Certificate) {
        statements_of(certificate).for_each(|statement| self.add(statement));
    }

    fn add(&mut self, statement: SignedStatement) {
        let said = self.statements.entry(statement.authority).or_default();
        if !said.contains(&statement) {
            said.push(statement);
        }
    }

    fn offences(&self) -> impl Iterator<Item = Offence> + '_ {
        let pairs = self.statements.values().flat_map(|said| {
            said.iter().enumerate().flat_map(|(i, first)| {
                said.iter()
                    .skip(i + 1)
                    .filter_map(move |second| Offence::between(first, second))
            })
        });
        pairs.chain(self.proposals.iter().cloned())
    }
}
