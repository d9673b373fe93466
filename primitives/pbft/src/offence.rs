// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Offences that cost stake, each proven by signed messages alone.

use crate::{NewViewProof, SetId, SignedStatement};
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// What an authority did that no correct replica does.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Offence {
    /// Two different statements of one kind for the same height and view.
    #[codec(index = 0)]
    Equivocation {
        /// The one.
        first: SignedStatement,
        /// The other.
        second: SignedStatement,
    },
    /// A Commit in a view beside a ViewChange to a higher one that names no prepared certificate,
    /// or one below the view of the Commit: the signer hides what it was locked on.
    #[codec(index = 1)]
    Amnesia {
        /// The Commit.
        commit: SignedStatement,
        /// The ViewChange.
        view_change: SignedStatement,
    },
    /// A proposal that its own proof does not justify: in view 0 one that names a proof; above,
    /// one that names none, or whose proof does not verify or binds the primary to another block.
    #[codec(index = 2)]
    UnjustifiedProposal {
        /// The proposal.
        proposal: SignedStatement,
        /// The proof of which the proposal names the digest; none if it names none, or in view 0.
        proof: Option<NewViewProof>,
    },
}

/// An offence with the set in which its author signed.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Evidence {
    /// The set that decided the height in question.
    pub set_id: SetId,
    /// What was done.
    pub offence: Offence,
}
