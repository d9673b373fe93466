// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Says one thing to one half of the nodes and another to the other: proposes two blocks, and votes
//! for every block that is proposed.

use super::{Byzantine, Voice};
use crate::block::SimBlock;
use hansa_pbft_primitives::{Hash, Height, Message, NewViewProof, Statement, View};
use hansa_vote_log::LoggedBlock;
use std::collections::BTreeMap;

/// How many proposals of a view it votes for.
const MAX_CHOICES: usize = 3;

/// What is proposed: a block and the digest of the proof.
type Choice = (Hash, Hash);

pub(super) struct Equivocator {
    sides: u64,
    height: Height,
    choices: BTreeMap<View, Vec<Choice>>,
    /// What was sent in two versions, to be sent again to the same halves.
    double: BTreeMap<View, [(Message, SimBlock); 2]>,
}

impl Equivocator {
    pub fn new(sides: u64) -> Self {
        Self {
            sides,
            height: 0,
            choices: BTreeMap::new(),
            double: BTreeMap::new(),
        }
    }

    fn begin(&mut self, height: Height) {
        if self.height != height {
            self.height = height;
            self.choices.clear();
            self.double.clear();
        }
    }

    fn know(&mut self, message: &Message) {
        let Message::Proposal { statement, .. } = message else {
            return;
        };
        if let Statement::Proposal { hash, proof } = statement.statement {
            let choices = self.choices.entry(statement.view).or_default();
            if !choices.contains(&(hash, proof)) && choices.len() < MAX_CHOICES {
                choices.push((hash, proof));
                // The lowest hash is for the first half, the highest for the other.
                choices.sort_unstable();
            }
        }
    }

    /// Two versions of what the state machine proposes, the lower hash first.
    fn make_double(
        &mut self,
        voice: &Voice<'_>,
        view: View,
        proof: Option<NewViewProof>,
        block: SimBlock,
    ) {
        let mut other = block.clone();
        other.salt ^= 1;
        let mut blocks = [block, other];
        blocks.sort_by_key(SimBlock::hash);
        let double = blocks.map(|block| {
            let message = voice.propose(view, block.hash(), proof.clone());
            (message, block)
        });
        for (message, _) in &double {
            self.know(message);
        }
        self.double.insert(view, double);
    }

    /// Send the two versions to their halves, and both to accomplices.
    fn propose(&self, voice: &mut Voice<'_>, view: View) {
        let Some([low, high]) = self.double.get(&view) else {
            return;
        };
        voice.say_to_half(self.sides, true, &low.0, Some(&low.1));
        voice.say_to_half(self.sides, false, &high.0, Some(&high.1));
    }

    /// Vote for everything that was proposed in `view`: to each half for what is meant for it.
    fn vote(&self, voice: &mut Voice<'_>, view: View) {
        let choices = self.choices.get(&view).cloned().unwrap_or_default();
        let count = choices.len();
        for (at, (hash, proof)) in choices.into_iter().enumerate() {
            for statement in [
                Statement::Prepare { hash, proof },
                Statement::Commit { hash, proof },
            ] {
                let vote = Message::Vote(voice.sign(view, statement));
                if count == 1 {
                    voice.say(vote, None);
                } else {
                    voice.say_to_half(self.sides, at == 0, &vote, None);
                }
            }
        }
    }
}

impl Byzantine for Equivocator {
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>) {
        self.begin(voice.height);
        match (&message, block) {
            (Message::Proposal { statement, proof }, Some(block)) => {
                let view = statement.view;
                if !self.double.contains_key(&view) {
                    self.make_double(voice, view, proof.clone(), block);
                }
                self.propose(voice, view);
                self.vote(voice, view);
            }
            // Votes are cast for all proposals, whatever the state machine thinks of them.
            (Message::Vote(vote), _) => self.vote(voice, vote.view),
            (_, block) => voice.say(message, block),
        }
    }

    fn hear(&mut self, voice: &mut Voice<'_>, message: &Message, _: Option<&SimBlock>) {
        self.begin(voice.height);
        let Message::Proposal { statement, .. } = message else {
            return;
        };
        if statement.height == voice.height {
            self.know(message);
            let known = self.choices.get(&statement.view).map_or(0, Vec::len);
            // An accomplice proposes two: one is not enough to know which half gets it.
            if known > 1 || !voice.is_accomplice_seat(statement.authority) {
                self.vote(voice, statement.view);
            }
        }
    }
}
