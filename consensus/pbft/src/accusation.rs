// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Evidence against authorities of this chain, for whoever judges it elsewhere beside the chain itself: the stake of
//! a DappChain's nodes is on its hub.

use hansa_pbft_primitives::{AuthoritySet, Evidence, OpaqueKeyOwnershipProof};
use tokio::sync::mpsc;

/// How many accusations wait at most for whoever takes them. One that finds no room is told again with the report's next
/// round.
const MAX_WAITING: usize = 64;

/// What an authority is convicted by.
#[derive(Clone, Debug)]
pub struct Accusation {
    /// What it signed.
    pub evidence: Evidence,
    /// The set that the evidence names.
    pub set: AuthoritySet,
    /// Whose the keys of the set were, as the chain's runtime says.
    pub proof: OpaqueKeyOwnershipProof,
}

/// Where accusations are told.
pub type Accuse = mpsc::Sender<Accusation>;

/// Where they are heard.
pub type Accusations = mpsc::Receiver<Accusation>;

/// A way from an engine to whoever takes its accusations.
pub fn channel() -> (Accuse, Accusations) {
    mpsc::channel(MAX_WAITING)
}
