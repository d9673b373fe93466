// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Nodes that lie. Each runs the production state machine, so that it keeps up with the others, and
//! says something else than that in its place.

mod bad_proposer;
mod certificate_liar;
mod equivocator;
mod flooder;
mod silent;
mod twin;
mod wrong_view;

use crate::{
    block::{Parent, SimBlock},
    crypto::signature,
    packet::Packet,
    rng::Rng,
    shared::Shared,
};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityId, AuthorityIndex, AuthoritySet, Hash, Height, Message,
    NewViewProof, SignedStatement, Statement, View,
};
use std::sync::Arc;

/// The kinds of byzantine node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Says different things to different nodes: see `equivocator.rs`.
    Equivocator,
    /// Says nothing, or not all: see `silent.rs`.
    Silent,
    /// Hides prepared certificates: see `certificate_liar.rs`.
    CertificateLiar,
    /// Speaks in the wrong views: see `wrong_view.rs`.
    WrongView,
    /// Sends junk: see `flooder.rs`.
    Flooder,
    /// Two nodes with one key: see `twin.rs`.
    Twin,
    /// Proposes bad blocks: see `bad_proposer.rs`.
    BadProposer,
}

/// Whether `node` is in the first half.
fn is_first_half(sides: u64, node: usize) -> bool {
    (sides >> (node % 64)) & 1 == 0
}

/// How a byzantine node lies.
pub(crate) trait Byzantine {
    /// The state machine wants to say `message`, a proposal with its block.
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>);

    /// A message came.
    fn hear(&mut self, _: &mut Voice<'_>, _: &Message, _: Option<&SimBlock>) {}

    /// Whether its own state machine is told of a message that came from node `from`.
    fn takes(&self, _from: usize, _: &Message) -> bool {
        true
    }

    /// The resend interval is over.
    fn tick(&mut self, _: &mut Voice<'_>) {}
}

/// The liar of this kind; its manners depend on `rng`. `sides` tells in which half each node is:
/// those who tell two stories agree on who hears which.
pub(crate) fn make(kind: Kind, node: usize, mut rng: Rng, sides: u64) -> Box<dyn Byzantine> {
    match kind {
        Kind::Equivocator => Box::new(equivocator::Equivocator::new(sides)),
        Kind::Silent => Box::new(silent::Silent::new(rng)),
        Kind::CertificateLiar => Box::new(certificate_liar::CertificateLiar::new(rng, sides)),
        Kind::WrongView => Box::new(wrong_view::WrongView::new(rng)),
        Kind::Flooder => Box::new(flooder::Flooder::new(rng)),
        Kind::Twin => {
            let first = is_first_half(sides, node);
            Box::new(twin::Twin::new(sides, first, rng.chance(700)))
        }
        Kind::BadProposer => Box::new(bad_proposer::BadProposer::new(rng)),
    }
}

/// What a byzantine node speaks with: it can sign with its own key only.
pub(crate) struct Voice<'a> {
    pub node: usize,
    pub key: AuthorityId,
    pub index: AuthorityIndex,
    pub height: Height,
    /// The view in which its own state machine is.
    pub view: View,
    pub parent: Parent,
    pub now_ms: u64,
    pub shared: &'a mut Shared,
}

impl Voice<'_> {
    /// The set of the height.
    pub fn set(&self) -> Arc<AuthoritySet> {
        self.shared.spec.set(self.height)
    }

    /// Whether it is the primary of `view`.
    pub fn is_primary(&self, view: View) -> bool {
        self.shared.spec.primary(self.height, view) == Some(self.index)
    }

    /// Whether `node` lies, too.
    pub fn is_accomplice(&self, node: usize) -> bool {
        self.shared.auditor.knows_faulty(node)
    }

    /// Whether the authority of this position lies, too.
    pub fn is_accomplice_seat(&self, index: AuthorityIndex) -> bool {
        let set = self.set();
        set.get(index)
            .is_some_and(|authority| self.shared.auditor.knows_faulty_key(&authority.key))
    }

    /// Say to the nodes of one half, and to accomplices.
    pub fn say_to_half(
        &mut self,
        sides: u64,
        first: bool,
        message: &Message,
        block: Option<&SimBlock>,
    ) {
        for node in self.nodes() {
            if is_first_half(sides, node) == first || self.is_accomplice(node) {
                self.say_to(node, message.clone(), block.cloned());
            }
        }
    }

    /// The nodes of the network.
    pub fn nodes(&self) -> std::ops::Range<usize> {
        0..self.shared.nodes
    }

    /// Sign a statement of any view of the height.
    pub fn sign(&self, view: View, statement: Statement) -> SignedStatement {
        self.sign_at(self.height, view, statement)
    }

    /// Sign a statement of any height.
    pub fn sign_at(&self, height: Height, view: View, statement: Statement) -> SignedStatement {
        let context = self.shared.spec.context(height);
        let payload = context.payload(height, view, &statement);
        SignedStatement {
            height,
            view,
            statement,
            authority: self.index,
            signature: signature(&self.key, &payload),
        }
    }

    /// A proposal of `hash`.
    pub fn propose(&self, view: View, hash: Hash, proof: Option<NewViewProof>) -> Message {
        let digest = proof.as_ref().map_or(NO_PROOF, NewViewProof::digest);
        let statement = Statement::Proposal {
            hash,
            proof: digest,
        };
        Message::Proposal {
            statement: self.sign(view, statement),
            proof,
        }
    }

    /// A good block for `view`.
    pub fn block(&mut self, view: View) -> SimBlock {
        let min_ms = u64::from(self.shared.spec.timing.min_interval_ms);
        let due_ms = self
            .parent
            .timestamp_ms
            .map_or(0, |ms| ms.saturating_add(min_ms));
        SimBlock {
            parent: self.parent.hash,
            height: self.height,
            view,
            author: self.index,
            timestamp_ms: self.now_ms.max(due_ms),
            record: None,
            salt: self.shared.rng.number(),
            executes: true,
            body: Vec::new(),
        }
    }

    /// Say to one node.
    pub fn say_to(&mut self, to: usize, message: Message, block: Option<SimBlock>) {
        if to != self.node {
            let packet = Packet::Message { message, block };
            self.shared.send(self.node, to, packet);
        }
    }

    /// Say to all.
    pub fn say(&mut self, message: Message, block: Option<SimBlock>) {
        let packet = Packet::Message { message, block };
        self.shared.broadcast(self.node, 0, packet);
    }
}
