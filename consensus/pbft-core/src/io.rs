// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What goes into the state machine and what comes out of it. There is nothing else: time, keys,
//! blocks, disk and network are the driver's.

use codec::{Decode, Encode};
use hansa_pbft_primitives::{
    AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature, Certificate, CertificateError,
    Evidence, Hash, Height, Message, Prepared, SignedStatement, SigningContext, View, Weight,
};
use std::sync::Arc;

/// How the state machine signs and verifies.
pub trait Crypto {
    /// Sign `payload` with the local authority's `key`; none if the keystore has it no more.
    /// Deterministic: the same payload has the same signature.
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature>;

    /// Whether `signature` is `key`'s over `payload`.
    fn verify(&self, key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool;
}

/// What the state machine needs to know of a height.
#[derive(Clone, Debug)]
pub struct HeightConfig {
    /// The height to decide; its parent is final.
    pub height: Height,
    /// Chain and set for signatures.
    pub context: SigningContext,
    /// The set that decides the height.
    pub set: Arc<AuthoritySet>,
    /// The seed of the proposer schedule.
    pub seed: [u8; 32],
    /// The position of the local authority in the set; none for a follower, and for a validator
    /// that must be silent at this height. Without it the machine follows and signs nothing.
    pub local: Option<AuthorityIndex>,
}

/// What must be on disk before what follows it in the outputs is carried out.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Record {
    /// A message of the local authority, about to be sent.
    #[codec(index = 0)]
    Sent(Message),
    /// A prepared certificate that the local authority is now locked on.
    #[codec(index = 1)]
    Prepared(Certificate),
    /// A statement of the local authority that came from a peer and that the log did not hold. So
    /// the log is incomplete, or another node has the same key: the authority signs nothing more
    /// at this height.
    #[codec(index = 2)]
    Heard(SignedStatement),
}

impl Record {
    /// The block that the record speaks of: it must be on disk with the record.
    pub fn block(&self) -> Option<Hash> {
        match self {
            Self::Prepared(certificate) => Some(certificate.hash),
            Self::Sent(Message::Proposal { statement, .. } | Message::Vote(statement)) => {
                statement.statement.block()
            }
            Self::Sent(Message::ViewChange { .. } | Message::Decided(_)) | Self::Heard(_) => None,
        }
    }
}

/// An event for the state machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// The parent of a height is final: leave whatever height is under way and begin with this one.
    Start {
        /// The height.
        config: HeightConfig,
        /// What the vote log holds of the local authority at this height.
        restored: Vec<Record>,
    },
    /// A message came from a peer. Nothing of it has been checked but that it decodes.
    Message(Message),
    /// There is a reason to expect a block: a transaction is ready, or the idle interval is over.
    Work,
    /// The timer of `view` fired.
    Timeout {
        /// The height that the timer was started for.
        height: Height,
        /// The view that it was started for.
        view: View,
    },
    /// The driver built the block that [`Output::Build`] asked for, and holds it.
    Built {
        /// The height that was asked for.
        height: Height,
        /// The view that was asked for; the header names it.
        view: View,
        /// The sealed block.
        hash: Hash,
    },
    /// The driver's answer to [`Output::Validate`].
    Validated {
        /// The height that was asked for.
        height: Height,
        /// The view that was asked for.
        view: View,
        /// The block.
        hash: Hash,
        /// Whether it is executed, valid, and held.
        valid: bool,
    },
    /// The resend interval is over: say again what is current.
    Resend,
}

/// What the driver must do, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Make the record durable before anything that follows is carried out. Before a
    /// [`Message::Vote`] of kind Prepare, and before a proposal, the block itself goes in, too.
    Persist(Record),
    /// Send to all other authorities. A proposal goes with its block.
    Send(Message),
    /// Build a block as the primary of (`height`, `view`): in view 0 when the minimum interval is
    /// over and there is a transaction or the idle interval is over, in a later view at once.
    Build {
        /// The height.
        height: Height,
        /// The view; the header must name it.
        view: View,
    },
    /// Get and execute the block, and answer with [`Input::Validated`].
    Validate {
        /// The height.
        height: Height,
        /// The view of the proposal.
        view: View,
        /// The block.
        hash: Hash,
        /// Whether it was prepared in an earlier view. Then its header names an earlier view than
        /// this one, and it is excused from the clock check; otherwise its header names this view.
        reproposal: bool,
    },
    /// Start the timer of (`height`, `view`), in place of whatever timer runs.
    StartTimer {
        /// The height.
        height: Height,
        /// The view.
        view: View,
        /// Whether the primary was silent lately and gets the shorter first timer.
        silent: bool,
    },
    /// The height is decided: import the block with this certificate, then [`Input::Start`] the
    /// next height. The driver may not hold the block yet.
    Finalise(Certificate),
    /// A view was entered (for logs and metrics).
    EnteredView {
        /// The height.
        height: Height,
        /// The view.
        view: View,
        /// Its primary.
        primary: AuthorityIndex,
    },
    /// An authority is convicted, the local one's twin possibly included: report it. Comes once
    /// for each authority and height.
    Report(Evidence),
    /// There are two commit certificates for different blocks of one height, which is decided:
    /// more than `T` weight is faulty. Comes once a height. Tell the operator, and send both to all
    /// ([`Message::Decided`]), so that everyone convicts whom it can; act on neither otherwise.
    Fork {
        /// The one that decided the height here.
        first: Certificate,
        /// The other one.
        second: Certificate,
    },
    /// The message that was just put in is refused; its sender is to blame.
    Reject(Rejection),
}

/// Why a message is refused in a way for which an honest sender gives no cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Rejection {
    /// The signature does not verify, or the signer is not in the set.
    #[error("bad signature or unknown signer")]
    BadSignature,
    /// A statement of the wrong kind for this sort of message.
    #[error("the statement does not fit the message")]
    WrongStatement,
    /// A proposal by an authority that is not the primary of the view.
    #[error("the proposer is not the primary of the view")]
    NotPrimary,
    /// A proposal whose proof is missing, superfluous or does not justify it.
    #[error("the proposal's proof does not justify it")]
    Unjustified,
    /// A certificate that does not verify.
    #[error("bad certificate: {0}")]
    BadCertificate(CertificateError),
    /// A view-change whose certificate is not the one that it names.
    #[error("the certificate is not the one that the view-change names")]
    CertificateMismatch,
    /// The signer said something else for the same height, view and kind.
    #[error("conflicting statements of one authority")]
    Equivocation,
}

/// A snapshot of the machine, for RPC, logs and metrics.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoundState {
    /// The height under way.
    pub height: Height,
    /// The current view.
    pub view: View,
    /// The set that decides.
    pub set: Arc<AuthoritySet>,
    /// The primary of the current view.
    pub primary: Option<AuthorityIndex>,
    /// The local authority.
    pub local: Option<AuthorityIndex>,
    /// The proposal that was accepted in the current view.
    pub proposal: Option<Hash>,
    /// What the local replica is locked on.
    pub prepared: Option<Prepared>,
    /// Who sent Prepare in the current view.
    pub prepares: Vec<AuthorityIndex>,
    /// Who sent Commit in the current view.
    pub commits: Vec<AuthorityIndex>,
    /// The highest view that each authority asked to change to.
    pub view_changes: Vec<(AuthorityIndex, View)>,
    /// The weight that a certificate needs.
    pub quorum: Weight,
    /// Whether the height is decided and the machine waits for the next.
    pub decided: bool,
}
