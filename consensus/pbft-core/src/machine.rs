// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The machine: which rule answers which input.

use crate::{
    buffer::{Buffer, Buffered},
    own::statement_of,
    round::{Conflict, Round},
    silent::SilentPrimaries,
    step::Step,
    Crypto, HeightConfig, Input, Output, Record, RoundState,
};
use hansa_pbft_primitives::{AuthorityIndex, Message};

/// Hansa's pBFT, for one replica of one chain. See the crate's documentation.
#[derive(Debug)]
pub struct Core<C> {
    crypto: C,
    round: Option<Round>,
    buffer: Buffer,
    silent: SilentPrimaries,
}

impl<C: Crypto> Core<C> {
    /// A machine that waits for its first [`Input::Start`].
    pub fn new(crypto: C) -> Self {
        Self {
            crypto,
            round: None,
            buffer: Buffer::default(),
            silent: SilentPrimaries::default(),
        }
    }

    /// Take one input. What must be done is returned, in the order in which it must be done.
    pub fn step(&mut self, input: Input) -> Vec<Output> {
        if let Input::Start { config, restored } = input {
            return self.start(config, restored);
        }
        let Some(round) = self.round.as_mut() else {
            return Vec::new();
        };
        let (current, view) = (round.config.height, round.view);
        let deciding = !round.decided;
        let mut step = Step::new(&self.crypto, round, &mut self.silent);
        match input {
            // Rules N1, N5, N7, V2: a message of this height.
            Input::Message(message) if message.height() == current => step.message(message, false),
            // A message of the next height waits for it.
            Input::Message(message) if current.checked_add(1) == Some(message.height()) => {
                self.keep_for_next(message);
                return Vec::new();
            }
            // Other heights are the driver's: it serves a peer that is behind, and catches up with
            // one that is ahead.
            Input::Message(_) => return Vec::new(),
            // Rule T1: in view 0 the timer starts when there is a reason to expect a block.
            Input::Work if deciding && view == 0 => step.start_timer(),
            Input::Work => {}
            // Rule T2: the timer of the current view fired.
            Input::Timeout { height, view: v } if height == current && v == view => {
                step.on_timeout();
            }
            Input::Timeout { .. } => {}
            // Rule N2: the block to propose.
            Input::Built {
                height,
                view: v,
                hash,
            } if height == current && v == view => {
                step.on_built(hash);
            }
            Input::Built { .. } => {}
            // Rules N2 and N3: the verdict on a block.
            Input::Validated {
                height,
                view: v,
                hash,
                valid,
            } if height == current && v == view => {
                step.on_validated(hash, valid);
            }
            Input::Validated { .. } => {}
            // Rule T3: what is current is said again.
            Input::Resend => step.say_again(),
            // Taken above.
            Input::Start { .. } => {}
        }
        step.apply_rules();
        step.out
    }

    /// Rule S: leave whatever height is under way and begin with this one, restored from the log
    /// and with the messages that came early.
    fn start(&mut self, config: HeightConfig, restored: Vec<Record>) -> Vec<Output> {
        let next = self
            .round
            .as_ref()
            .is_some_and(|round| round.config.height.checked_add(1) == Some(config.height));
        let early = self.buffer.take(&config.context);
        self.buffer.reset(config.context);
        self.silent.retain(&config.set);
        let mut round = Round::new(config);
        round.restore(restored);
        let round = self.round.insert(round);
        let mut step = Step::new(&self.crypto, round, &mut self.silent);
        step.begin();
        step.apply_rules();
        let mut out = step.out;
        for Buffered { message, verified } in early.into_iter().filter(|_| next) {
            let mut step = Step::new(&self.crypto, round, &mut self.silent);
            step.message(message, verified);
            // The sender is not at hand any more.
            out.extend(
                step.out
                    .into_iter()
                    .filter(|o| !matches!(o, Output::Reject(_))),
            );
        }
        out
    }

    /// Keep a message of the next height. Room is looked for before the signature is.
    fn keep_for_next(&mut self, message: Message) {
        let Some(config) = self.round.as_ref().map(|round| &round.config) else {
            return;
        };
        if !self.buffer.takes(&message) || self.buffer.holds(&message) {
            return;
        }
        let verified = self.buffer.has_room(&message)
            && statement_of(&message).is_some_and(|statement| {
                statement.verify_with(&config.context, &config.set, |key, payload, signature| {
                    self.crypto.verify(key, payload, signature)
                })
            });
        self.buffer.push(message, verified);
    }

    /// A snapshot of the height under way; none before the first start.
    pub fn round_state(&self) -> Option<RoundState> {
        self.round.as_ref().map(Round::snapshot)
    }

    /// The authorities that were heard to say two different things of the same view and kind at
    /// the height under way, with the first such pair of each.
    pub fn conflicts(&self) -> impl Iterator<Item = (AuthorityIndex, &Conflict)> {
        self.round.iter().flat_map(|round| {
            round
                .conflicts
                .iter()
                .map(|(index, conflict)| (*index, conflict))
        })
    }
}
