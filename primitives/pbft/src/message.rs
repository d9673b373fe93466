// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What replicas send to each other.

use crate::{Certificate, Height, NewViewProof, SignedStatement, View};
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// A message of the protocol. A proposal's block travels beside it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Message {
    /// *Pre-prepare* (in a view above 0 also the paper's *new-view*).
    #[codec(index = 0)]
    Proposal {
        /// A [`Statement::Proposal`](crate::Statement::Proposal).
        statement: SignedStatement,
        /// Why the view may be opened with this block; none in view 0.
        proof: Option<NewViewProof>,
    },
    /// *Prepare* or *commit*.
    #[codec(index = 1)]
    Vote(SignedStatement),
    /// *View-change*.
    #[codec(index = 2)]
    ViewChange {
        /// A [`Statement::ViewChange`](crate::Statement::ViewChange).
        statement: SignedStatement,
        /// The prepared certificate of the block that it names, none if it names none.
        certificate: Option<Certificate>,
    },
    /// A commit certificate: the height is decided. For replicas that missed the votes.
    #[codec(index = 3)]
    Decided(Certificate),
}

impl Message {
    /// The height that the message speaks of.
    pub fn height(&self) -> Height {
        match self {
            Self::Proposal { statement, .. }
            | Self::Vote(statement)
            | Self::ViewChange { statement, .. } => statement.height,
            Self::Decided(certificate) => certificate.height,
        }
    }

    /// The view that the message speaks of.
    pub fn view(&self) -> View {
        match self {
            Self::Proposal { statement, .. }
            | Self::Vote(statement)
            | Self::ViewChange { statement, .. } => statement.view,
            Self::Decided(certificate) => certificate.view,
        }
    }
}
