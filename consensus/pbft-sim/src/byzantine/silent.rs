// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Says nothing, or leaves out what is wanted most.

use super::{Byzantine, Voice};
use crate::{block::SimBlock, rng::Rng};
use hansa_pbft_primitives::{Message, Statement};

/// What it leaves out.
#[derive(Clone, Copy)]
enum Manner {
    /// Everything.
    All,
    /// Proposals.
    Proposals,
    /// Commits.
    Commits,
    /// View-changes.
    ViewChanges,
    /// The bodies of the blocks that it proposes.
    Bodies,
    /// Whatever goes to all but this node.
    AllButOne(usize),
}

pub(super) struct Silent(Manner);

impl Silent {
    pub fn new(mut rng: Rng) -> Self {
        Self(match rng.below(6) {
            0 => Manner::All,
            1 => Manner::Proposals,
            2 => Manner::Commits,
            3 => Manner::ViewChanges,
            4 => Manner::Bodies,
            _ => Manner::AllButOne(rng.index(4)),
        })
    }
}

impl Byzantine for Silent {
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>) {
        let is_commit = matches!(&message, Message::Vote(vote)
            if matches!(vote.statement, Statement::Commit { .. }));
        match (self.0, &message) {
            (Manner::All, _)
            | (Manner::Proposals, Message::Proposal { .. })
            | (Manner::ViewChanges, Message::ViewChange { .. }) => {}
            (Manner::Commits, _) if is_commit => {}
            (Manner::Bodies, Message::Proposal { .. }) => voice.say(message, None),
            (Manner::AllButOne(to), _) => {
                if to < voice.shared.nodes {
                    voice.say_to(to, message, block);
                }
            }
            _ => voice.say(message, block),
        }
    }
}
