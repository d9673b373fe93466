// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Any sequence of messages, timers, answers and crashes, through the state machines of the correct
//! ones of four authorities. The others are the fuzzer's: it signs in their names what it likes,
//! and it is the network, which loses, repeats and reorders.
//!
//! Whatever it does: no machine panics, takes more memory than it may, contradicts itself, or is
//! convicted of anything; and while no more than one authority is the fuzzer's, all that is decided
//! at a height is the same block. `auditor.rs` looks.

mod auditor;
mod forge;
mod replica;

use crate::{
    input::Input,
    world::{self, N},
};
use auditor::Auditor;
use hansa_pbft_core::Input as CoreInput;
use hansa_pbft_primitives::{AuthorityIndex, AuthoritySet, Message, View};
use replica::Replica;
use std::sync::Arc;

/// How many steps one input may ask for: longer ones find nothing new, and take long.
const MAX_ACTIONS: usize = 400;

/// How many messages are remembered for delivery; then the oldest is lost.
const MAX_POOL: usize = 256;

/// Everything.
struct Game {
    set: Arc<AuthoritySet>,
    /// Those that the fuzzer speaks for.
    faulty: Vec<AuthorityIndex>,
    correct: Vec<Replica>,
    /// What was said, by whomever.
    pool: Vec<Message>,
    auditor: Auditor,
}

impl Game {
    fn new(faulty: Vec<AuthorityIndex>) -> Self {
        let set = world::set();
        let correct: Vec<_> = (0..N).filter(|i| !faulty.contains(i)).collect();
        let agree = (faulty.len() as u64) <= set.faults();
        let mut game = Self {
            auditor: Auditor::new(set.clone(), correct.clone(), agree),
            correct: correct.into_iter().map(|i| Replica::new(i, &set)).collect(),
            faulty,
            set,
            pool: Vec::new(),
        };
        for at in 0..game.correct.len() {
            game.start(at);
        }
        game
    }

    /// Begin with the height that the replica is at, with what its log holds of it.
    fn start(&mut self, at: usize) {
        let start = self.correct[at].start(&self.set);
        self.step(at, start);
    }

    fn step(&mut self, at: usize, input: CoreInput) {
        let replica = &mut self.correct[at];
        let said = replica.step(input, &mut self.auditor);
        for message in said {
            self.say(message);
        }
        if self.correct[at].crashed {
            self.correct[at].restart();
            self.start(at);
        }
    }

    fn say(&mut self, message: Message) {
        if self.pool.len() >= MAX_POOL {
            self.pool.remove(0);
            for replica in &mut self.correct {
                replica.heard_up_to = replica.heard_up_to.saturating_sub(1);
            }
        }
        self.pool.push(message);
    }

    /// Deliver all that a replica has not been given yet.
    fn deliver_new(&mut self, at: usize) {
        while let Some(message) = self.pool.get(self.correct[at].heard_up_to).cloned() {
            self.correct[at].heard_up_to += 1;
            self.step(at, CoreInput::Message(message));
        }
    }

    /// Let all go well for a while, as far as the faulty ones are not needed.
    fn settle(&mut self) {
        for _ in 0..4 {
            for at in 0..self.correct.len() {
                self.deliver_new(at);
                while let Some(answer) = self.correct[at].answer(0, true) {
                    self.step(at, answer);
                }
            }
        }
    }

    fn act(&mut self, action: u8, input: &mut Input) {
        let at = input.below(self.correct.len());
        match action % 16 {
            0 => {
                if let Some(message) = input.pick(&self.pool).cloned() {
                    self.step(at, CoreInput::Message(message));
                }
            }
            1 | 2 => self.deliver_new(at),
            3 => {
                let timeout = self.correct[at].timeout();
                self.step(at, timeout);
            }
            4 => self.step(at, CoreInput::Work),
            5 => self.step(at, CoreInput::Resend),
            6 | 7 => {
                let (which, valid) = (input.below(4), !input.byte().is_multiple_of(8));
                if let Some(answer) = self.correct[at].answer(which, valid) {
                    self.step(at, answer);
                }
            }
            8 => self.correct[at].crash_after = Some(input.below(6)),
            9 => {
                if self.correct[at].next_height() {
                    self.start(at);
                }
            }
            10 => self.settle(),
            11 => {
                if let Some(message) = forge::decoded(input) {
                    self.step(at, CoreInput::Message(message));
                }
            }
            12 => {
                if let Some(message) = forge::mutated(input, &self.pool) {
                    self.step(at, CoreInput::Message(message));
                }
            }
            _ => {
                let height = self.correct[at].height;
                if let Some(message) = forge::signed(input, self, height) {
                    self.say(message.clone());
                    self.step(at, CoreInput::Message(message));
                }
            }
        }
    }
}

/// How far a game went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reached {
    /// The heights that were decided.
    pub heights: usize,
    /// The highest view in which somebody said something.
    pub view: View,
    /// How often someone was convicted.
    pub convictions: usize,
}

/// One game, as `bytes` say.
pub fn run(bytes: &[u8]) {
    play(bytes);
}

/// As [`run`]; how far it went.
pub fn play(bytes: &[u8]) -> Reached {
    let mut input = Input::new(bytes);
    let faulty = match input.byte() % 8 {
        0..=3 => vec![3],
        4 => vec![0],
        5 => vec![0, 3],
        6 => vec![1, 2],
        _ => vec![],
    };
    let mut game = Game::new(faulty);
    for _ in 0..MAX_ACTIONS {
        let Some(action) = input.take() else { break };
        game.act(action, &mut input);
    }
    game.auditor.check_memory(&game.correct);
    game.auditor.reached()
}
