// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Two nodes with one key, each of which keeps to the protocol, with a log of its own: what an
//! operator makes who starts a second node with a copy of the keystore. Neither hears the other
//! (see how messages are taken in `blocks.rs`).

use super::{is_first_half, Byzantine, Voice};
use crate::block::SimBlock;
use hansa_pbft_primitives::Message;

pub(super) struct Twin {
    sides: u64,
    /// Which half it speaks to and hears; its twin has the other one. None: all.
    half: Option<bool>,
}

impl Twin {
    /// The one in the first half, or its twin in the other one. `parted`: each has a half of the
    /// others to itself.
    pub fn new(sides: u64, first: bool, parted: bool) -> Self {
        Self {
            sides,
            half: parted.then_some(first),
        }
    }

    fn reaches(&self, node: usize) -> bool {
        self.half
            .is_none_or(|first| is_first_half(self.sides, node) == first)
    }
}

impl Byzantine for Twin {
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>) {
        for node in voice.nodes() {
            if self.reaches(node) {
                voice.say_to(node, message.clone(), block.clone());
            }
        }
    }

    fn takes(&self, from: usize, _: &Message) -> bool {
        self.reaches(from)
    }
}
