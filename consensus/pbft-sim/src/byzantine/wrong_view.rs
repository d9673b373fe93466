// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Votes in views that it is not in, proposes where it is not the primary, asks for views far
//! ahead, and opens views without the right to.

use super::{Byzantine, Voice};
use crate::{block::SimBlock, rng::Rng};
use hansa_pbft_primitives::{Message, NewViewProof, Statement, View};
use hansa_vote_log::LoggedBlock;

pub(super) struct WrongView {
    rng: Rng,
}

impl WrongView {
    pub fn new(rng: Rng) -> Self {
        Self { rng }
    }

    /// A view that is not `view`, near or far.
    fn wrong(&mut self, view: View) -> View {
        match self.rng.below(5) {
            0 => view.saturating_add(1),
            1 => view.saturating_sub(1),
            2 => view.saturating_add(7),
            3 => View::MAX - self.rng.below(2) as View,
            _ => view.saturating_add(self.rng.below(100) as View),
        }
    }
}

impl Byzantine for WrongView {
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>) {
        let view = self.wrong(message.view());
        match &message {
            Message::Vote(vote) => {
                let wrong = voice.sign(view, vote.statement);
                voice.say(Message::Vote(wrong), None);
            }
            Message::ViewChange {
                statement,
                certificate,
            } => {
                let wrong = Message::ViewChange {
                    statement: voice.sign(view, statement.statement),
                    certificate: certificate.clone(),
                };
                voice.say(wrong, None);
            }
            Message::Proposal { proof, .. } => {
                if let Some(block) = block.clone() {
                    let wrong = voice.propose(view, block.hash(), proof.clone());
                    voice.say(wrong, Some(block));
                }
            }
            Message::Decided(_) => {}
        }
        if self.rng.chance(700) {
            voice.say(message, block);
        }
    }

    fn tick(&mut self, voice: &mut Voice<'_>) {
        let view = self.wrong(voice.view);
        let block = voice.block(view);
        // A proof of nothing, or of its own word alone.
        let own = voice.sign(view, Statement::ViewChange { prepared: None });
        let proof = match self.rng.below(3) {
            0 => None,
            1 => Some(NewViewProof {
                view_changes: Default::default(),
                prepared: None,
            }),
            _ => Some(NewViewProof {
                view_changes: vec![own.clone(); 4].try_into().unwrap_or_default(),
                prepared: None,
            }),
        };
        let proposal = voice.propose(view, block.hash(), proof);
        voice.say(proposal, Some(block));
        if self.rng.chance(300) {
            let change = Message::ViewChange {
                statement: own,
                certificate: None,
            };
            voice.say(change, None);
        }
    }
}
