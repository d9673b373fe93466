// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Proposes blocks that are bad in one way or another; else it does as it should.

use super::{Byzantine, Voice};
use crate::{block::SimBlock, crypto::GENESIS, rng::Rng};
use hansa_pbft_primitives::{Height, Message, View};
use hansa_vote_log::LoggedBlock;
use std::collections::BTreeMap;

/// A time so far ahead that every clock refuses it, in milliseconds.
const FAR_AHEAD_MS: u64 = 3_600_000;

pub(super) struct BadProposer {
    rng: Rng,
    /// What it proposed, to be said again.
    proposed: BTreeMap<(Height, View), (Message, Option<SimBlock>)>,
}

impl BadProposer {
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            proposed: BTreeMap::new(),
        }
    }

    fn spoil(&mut self, block: &mut SimBlock) {
        match self.rng.below(8) {
            0 => block.executes = false,
            1 => block.parent = GENESIS,
            2 => block.author = block.author.wrapping_add(1),
            3 => block.timestamp_ms = block.timestamp_ms.saturating_add(FAR_AHEAD_MS),
            4 => block.timestamp_ms = 0,
            5 => block.view = block.view.wrapping_add(1),
            6 => block.height = block.height.wrapping_add(1),
            _ => {}
        }
    }
}

impl Byzantine for BadProposer {
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>) {
        let (Message::Proposal { statement, proof }, Some(mut bad)) = (&message, block.clone())
        else {
            return voice.say(message, block);
        };
        let place = (statement.height, statement.view);
        self.proposed = self.proposed.split_off(&(statement.height, 0));
        if !self.proposed.contains_key(&place) {
            self.spoil(&mut bad);
            let message = voice.propose(statement.view, bad.hash(), proof.clone());
            // Sometimes the block is not shown to anyone.
            let block = (!self.rng.chance(150)).then_some(bad);
            self.proposed.insert(place, (message, block));
        }
        if let Some((message, block)) = self.proposed.get(&place).cloned() {
            voice.say(message, block);
        }
    }
}
