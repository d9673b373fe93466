// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Sends junk: bad signatures in others' names, far heights and views, certificates of nobody,
//! many blocks, and what it heard over and over.

use super::{Byzantine, Voice};
use crate::{block::SimBlock, packet::Packet, rng::Rng};
use hansa_pbft_primitives::{
    AuthorityIndex, Certificate, Hash, Height, Message, Prepared, SignedStatement, SignerBitmap,
    Statement, View, VoteKind,
};
use hansa_vote_log::LoggedBlock;

/// How many packets it sends at once.
const BURST: u64 = 12;

/// How many messages it remembers to send them again.
const HEARD: usize = 32;

pub(super) struct Flooder {
    rng: Rng,
    heard: Vec<Message>,
}

impl Flooder {
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            heard: Vec::new(),
        }
    }

    fn hash(&mut self) -> Hash {
        Hash::repeat_byte(self.rng.below(256) as u8)
    }

    fn view(&mut self, current: View) -> View {
        match self.rng.below(3) {
            0 => current,
            1 => current.saturating_add(self.rng.below(12) as View),
            _ => self.rng.number() as View,
        }
    }

    fn statement(&mut self) -> Statement {
        let (hash, proof) = (self.hash(), self.hash());
        match self.rng.below(4) {
            0 => Statement::Proposal { hash, proof },
            1 => Statement::Prepare { hash, proof },
            2 => Statement::Commit { hash, proof },
            _ => Statement::ViewChange {
                prepared: self.rng.chance(500).then_some(Prepared { view: 0, hash }),
            },
        }
    }

    /// A statement of this node, or in another's name with this node's signature.
    fn signed(&mut self, voice: &Voice<'_>) -> SignedStatement {
        let height = match self.rng.below(4) {
            0 => voice.height.saturating_add(1),
            1 => self.rng.number() as Height,
            _ => voice.height,
        };
        let (view, statement) = (self.view(voice.view), self.statement());
        let mut signed = voice.sign_at(height, view, statement);
        if self.rng.chance(500) {
            signed.authority = self.rng.below(20) as AuthorityIndex;
        }
        signed
    }

    /// A certificate with signatures of this node in others' places.
    fn certificate(&mut self, voice: &Voice<'_>) -> Certificate {
        let kind = [VoteKind::Prepare, VoteKind::Commit][self.rng.index(2)];
        let len = voice.set().len();
        let (view, hash) = (self.view(voice.view), self.hash());
        let vote = voice.sign(view, kind.statement(hash, hash));
        let signers = self.rng.index(len + 1);
        Certificate {
            kind,
            height: voice.height,
            view,
            hash,
            proof: hash,
            signers: SignerBitmap::new(len, 0..signers as AuthorityIndex),
            signatures: vec![vote.signature; signers].try_into().unwrap_or_default(),
        }
    }

    fn junk(&mut self, voice: &mut Voice<'_>) -> Packet {
        let mut block = None;
        let message = match self.rng.below(6) {
            0 => Message::Vote(self.signed(voice)),
            1 => Message::ViewChange {
                statement: self.signed(voice),
                certificate: Some(self.certificate(voice)),
            },
            2 => Message::Decided(self.certificate(voice)),
            3 => {
                let view = self.view(voice.view);
                let new = voice.block(view);
                let message = voice.propose(view, new.hash(), None);
                block = Some(new);
                message
            }
            4 if !self.heard.is_empty() => {
                let at = self.rng.index(self.heard.len());
                self.heard[at].clone()
            }
            _ => {
                let hash = self.hash();
                return match self.rng.below(3) {
                    0 => Packet::AskBlock(hash),
                    1 => Packet::AskChain(self.rng.number() as Height),
                    _ => Packet::Block(voice.block(0)),
                };
            }
        };
        Packet::Message { message, block }
    }
}

impl Byzantine for Flooder {
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>) {
        voice.say(message, block);
    }

    fn hear(&mut self, _: &mut Voice<'_>, message: &Message, _: Option<&SimBlock>) {
        if self.heard.len() < HEARD {
            self.heard.push(message.clone());
        } else {
            let at = self.rng.index(HEARD);
            self.heard[at] = message.clone();
        }
    }

    fn tick(&mut self, voice: &mut Voice<'_>) {
        for _ in 0..BURST {
            let packet = self.junk(voice);
            let to = self.rng.index(voice.shared.nodes);
            if to != voice.node {
                voice.shared.send(voice.node, to, packet);
            }
        }
    }
}
