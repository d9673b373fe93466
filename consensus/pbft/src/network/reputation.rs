// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What bad behaviour costs.
//!
//! A peer whose reputation falls far enough is banned by the SDK and loses its connection for
//! blocks; with that it leaves our reserved set, and our substreams close. Closing them directly
//! has no effect on a reserved peer.
//!
//! The SDK bans below -71 % of `i32::MIN` (-1.5 × 10⁹) and forgives half a percent a second. So a
//! peer is out after some 90 malformed messages or 360 refused ones, at once or at more than two a
//! second; and after 90,000 messages too many, which an honest peer gets to only if *we* stood
//! still for a long time. Of proposals 1,400 are enough, at more than seven a second: an honest peer
//! says its proposal again at most five times a second, and only while it has one.

use sc_network::ReputationChange;

/// What a peer did wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misbehaviour {
    /// Bytes that are no message, or too many of them.
    Malformed,
    /// A Hello for another chain or with a bad signature.
    BadHello,
    /// Messages or requests faster than they can be taken, or more work than a peer may ask for.
    Flood,
    /// Proposals faster than they can be taken: each may be as large as a block.
    ProposalFlood,
    /// A block that is not the one that was asked for or announced.
    WrongBlock,
    /// A message that the state machine refuses: a bad signature, a bad certificate, a proposal
    /// out of turn.
    RefusedMessage,
    /// A block that does not execute.
    InvalidBlock,
}

impl Misbehaviour {
    /// What the peer's reputation loses.
    pub fn change(self) -> ReputationChange {
        match self {
            Self::Malformed => ReputationChange::new(-(1 << 24), "pbft: malformed message"),
            Self::BadHello => ReputationChange::new(-(1 << 26), "pbft: bad hello"),
            Self::Flood => ReputationChange::new(-(1 << 14), "pbft: too many messages"),
            Self::ProposalFlood => ReputationChange::new(-(1 << 20), "pbft: too many proposals"),
            Self::WrongBlock => ReputationChange::new(-(1 << 26), "pbft: wrong block"),
            Self::RefusedMessage => ReputationChange::new(-(1 << 22), "pbft: refused message"),
            Self::InvalidBlock => ReputationChange::new(-(1 << 28), "pbft: invalid block"),
        }
    }

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadHello => "bad_hello",
            Self::Flood | Self::ProposalFlood => "flood",
            Self::WrongBlock => "wrong_block",
            Self::RefusedMessage => "refused",
            Self::InvalidBlock => "invalid_block",
        }
    }
}
