// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A correct replica: the state machine, its log, and a driver that answers what it is asked.

use super::auditor::Auditor;
use crate::world::{self, HashCrypto};
use hansa_pbft_core::{Core, Input, Output, Record};
use hansa_pbft_primitives::{AuthorityIndex, AuthoritySet, Hash, Height, Message, View};
use std::sync::Arc;

/// How many questions the driver keeps; the oldest are never answered.
const MAX_QUESTIONS: usize = 32;

/// What the machine asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Question {
    Build {
        height: Height,
        view: View,
    },
    Validate {
        height: Height,
        view: View,
        hash: Hash,
    },
}

/// One correct replica.
pub struct Replica {
    pub index: AuthorityIndex,
    pub height: Height,
    pub core: Core<HashCrypto>,
    /// What it made durable, over all heights.
    pub log: Vec<(Height, Record)>,
    /// Up to where it has heard the pool.
    pub heard_up_to: usize,
    /// Crash in the next step, after so many of its outputs.
    pub crash_after: Option<usize>,
    pub crashed: bool,
    decided: bool,
    questions: Vec<Question>,
}

impl Replica {
    pub fn new(index: AuthorityIndex, _: &Arc<AuthoritySet>) -> Self {
        Self {
            index,
            height: 1,
            core: Core::new(HashCrypto),
            log: Vec::new(),
            heard_up_to: 0,
            crash_after: None,
            crashed: false,
            decided: false,
            questions: Vec::new(),
        }
    }

    /// What begins its height.
    pub fn start(&mut self, set: &Arc<AuthoritySet>) -> Input {
        self.decided = false;
        self.questions.clear();
        let of_height = self.log.iter().filter(|(height, _)| *height == self.height);
        Input::Start {
            config: world::config(set, self.height, self.index),
            restored: of_height.map(|(_, record)| record.clone()).collect(),
        }
    }

    /// Forget all that is not on disk.
    pub fn restart(&mut self) {
        self.core = Core::new(HashCrypto);
        self.crashed = false;
    }

    /// Go on to the next height; false if this one is not decided.
    pub fn next_height(&mut self) -> bool {
        let decided = self.decided;
        if decided {
            self.height += 1;
        }
        decided
    }

    /// The timer of the current view.
    pub fn timeout(&self) -> Input {
        let view = self.core.round_state().map_or(0, |state| state.view);
        Input::Timeout {
            height: self.height,
            view,
        }
    }

    /// The driver's answer to one of the open questions.
    pub fn answer(&mut self, which: usize, valid: bool) -> Option<Input> {
        let at = which.checked_rem(self.questions.len())?;
        Some(match self.questions.remove(at) {
            Question::Build { height, view } => Input::Built {
                height,
                view,
                hash: world::fresh_block(self.index, height, view),
            },
            Question::Validate { height, view, hash } => Input::Validated {
                height,
                view,
                hash,
                valid,
            },
        })
    }

    /// Take an input and carry out what follows: all of it, or until the crash. Returns what was
    /// sent.
    pub fn step(&mut self, input: Input, auditor: &mut Auditor) -> Vec<Message> {
        let is_new_height = matches!(input, Input::Start { .. });
        let outputs = self.core.step(input);
        auditor.check_count(outputs.len(), is_new_height);
        let mut said = Vec::new();
        let carried_out = self.crash_after.take();
        self.crashed = carried_out.is_some_and(|count| count < outputs.len());
        for output in outputs.into_iter().take(carried_out.unwrap_or(usize::MAX)) {
            match output {
                Output::Persist(record) => self.log.push((self.height, record)),
                Output::Send(message) => {
                    auditor.said(self, &message);
                    said.push(message);
                }
                Output::Build { height, view } => self.ask(Question::Build { height, view }),
                Output::Validate {
                    height, view, hash, ..
                } => self.ask(Question::Validate { height, view, hash }),
                Output::Finalise(certificate) => {
                    assert!(!self.decided, "{} decided twice", self.index);
                    self.decided = true;
                    auditor.finalised(self, &certificate);
                }
                Output::Report(evidence) => auditor.reported(self.index, &evidence),
                Output::Fork { first, second } => auditor.forked(&first, &second),
                Output::StartTimer { .. } | Output::EnteredView { .. } | Output::Reject(_) => {}
            }
        }
        said
    }

    fn ask(&mut self, question: Question) {
        if self.questions.len() < MAX_QUESTIONS {
            self.questions.push(question);
        }
    }
}
