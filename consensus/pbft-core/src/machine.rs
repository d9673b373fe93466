// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The machine: which rule answers which input.

use crate::{
    buffer::{Buffer, Buffered},
    bugs::{self, bug, Bug},
    limits::HEIGHTS_REMEMBERED,
    own::statement_of,
    round::Round,
    silent::SilentPrimaries,
    step::Step,
    witness::Witness,
    Crypto, HeightConfig, Input, Output, Record, RoundState,
};
use codec::Encode;
use hansa_pbft_primitives::{Height, Message};
use std::collections::VecDeque;

/// Hansa's pBFT, for one replica of one chain. See the crate's documentation.
#[derive(Clone, Debug)]
pub struct Core<C> {
    crypto: C,
    round: Option<Round>,
    buffer: Buffer,
    silent: SilentPrimaries,
    /// The witnesses of the last heights, the latest last.
    past: VecDeque<Witness>,
}

impl<C: Crypto> Core<C> {
    /// A machine that waits for its first [`Input::Start`].
    pub fn new(crypto: C) -> Self {
        Self {
            crypto,
            round: None,
            buffer: Buffer::default(),
            silent: SilentPrimaries::default(),
            past: VecDeque::new(),
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
            // Rules E4 and E5: a message of a height that is over.
            Input::Message(message) if message.height() < current => {
                let height = message.height();
                let witness = self.past.iter_mut().find(|past| past.height() == height);
                return witness
                    .map(|witness| witness.hear_late(&self.crypto, &message))
                    .unwrap_or_default();
            }
            // Higher ones are the driver's, which catches up.
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
    fn start(&mut self, mut config: HeightConfig, restored: Vec<Record>) -> Vec<Output> {
        let next = self
            .round
            .as_ref()
            .is_some_and(|round| round.config.height.checked_add(1) == Some(config.height));
        let early = self.buffer.take(&config.context);
        self.buffer.reset(config.context);
        self.silent.retain(&config.set);
        if bug(Bug::StaleSetId) {
            bugs::stale_set_id(&mut config, self.round.as_ref());
        }
        let witness = self.leave(&config);
        let mut round = Round::new(config);
        round.witness = witness.unwrap_or(round.witness);
        let evidence = round.restore(restored);
        let round = self.round.insert(round);
        let mut step = Step::new(&self.crypto, round, &mut self.silent);
        step.out.extend(evidence.into_iter().map(Output::Report));
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

    /// Leave the height under way for `next`: what was said there is remembered for a while. If
    /// it is the same one that begins anew, its witness is returned.
    fn leave(&mut self, next: &HeightConfig) -> Option<Witness> {
        let left = self.round.take().map(|round| round.witness);
        let (same, other) = match left {
            Some(witness) if witness.is_of(next) => (Some(witness), None),
            other => (None, other),
        };
        self.past.extend(other);
        self.past.retain(|witness| witness.height() < next.height);
        while self.past.len() > HEIGHTS_REMEMBERED {
            self.past.pop_front();
        }
        same
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

    /// The whole state, but what [`Input::Start`] gave, as bytes: of two machines of one replica
    /// with the same bytes at one height, each will answer the same inputs as the other. For a
    /// model checker, which must know a state again.
    pub fn encoded_state(&self) -> Vec<u8> {
        (&self.round, &self.buffer, &self.silent, &self.past).encode()
    }

    /// Whether the primary of a view that is kept signed a proposal of the block with `hash`, at the
    /// height under way.
    pub fn has_proposal(&self, hash: &hansa_pbft_primitives::Hash) -> bool {
        self.round.as_ref().is_some_and(|round| {
            let mut blocks = round.proposals.values().map(|p| p.statement.block());
            blocks.any(|block| block == Some(*hash))
        })
    }

    /// A snapshot of the height under way; none before the first start.
    pub fn round_state(&self) -> Option<RoundState> {
        self.round.as_ref().map(Round::snapshot)
    }

    /// Whether it is known what was said at `height`: it is under way, or among the last
    /// [`HEIGHTS_REMEMBERED`] that this machine went through.
    pub fn remembers(&self, height: Height) -> bool {
        let current = self.round.as_ref().map(|round| round.config.height);
        current == Some(height) || self.past.iter().any(|past| past.height() == height)
    }
}
