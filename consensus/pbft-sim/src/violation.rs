// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a run tells when something is wrong.

use std::fmt;

/// What must never be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breach {
    /// Two blocks are final at one height.
    Fork,
    /// A block was final for a client and is not any more.
    Undone,
    /// A correct authority said two different things of one kind for the same height and view.
    Equivocation,
    /// A correct authority said something under a set after it had said something under one that took
    /// its place at that height.
    OlderSet,
    /// A correct authority said something below a view that it has given up.
    BelowView,
    /// A correct authority forgot what it was locked on.
    ForgottenLock,
    /// A correct node voted for a proposal that its own proof does not justify.
    VotedUnjustified,
    /// A correct node stays in a view that more weight than may be faulty has left.
    LeftBehind,
    /// Something left a node before it was durable in the log.
    SentBeforePersist,
    /// A log holds what its owner never may have said, or lacks what it must hold.
    Log,
    /// Something is final that a correct node finds invalid.
    InvalidFinal,
    /// A certificate that does not verify was handed on as good.
    BadCertificate,
    /// A correct node blames another one for what it sent.
    CorrectBlamed,
    /// There is evidence against a correct authority.
    CorrectConvicted,
    /// There was a fork, and there is not enough evidence.
    NoEvidence,
    /// A view change though nothing was wrong.
    ViewChange,
    /// Not all correct nodes have decided what they should in time.
    NoProgress,
    /// The state machine asks its driver for something that makes no sense.
    BadOutput,
}

/// A run that went wrong.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Violation {
    /// The scenario.
    pub scenario: &'static str,
    /// The seed.
    pub seed: u64,
    /// When, in simulated milliseconds.
    pub at_ms: u64,
    /// What must never be.
    pub breach: Breach,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} in scenario {} with seed {} after {} ms: {}\n  again: make sim SCENARIO={} SEED={}",
            self.breach, self.scenario, self.seed, self.at_ms, self.detail, self.scenario, self.seed
        )
    }
}
