// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a courier asks of the chain that the node runs.

use hansa_interchain_primitives::{
    api::{ClientView, PacketView, Parameters, ProofOf, RouteView, Submission},
    packet::ChainRef,
    ChainId, Hash, Height, LaneId, Nonce, PacketResult, PastSet, RecoveryView, SignedHeader,
    StorageProof,
};
use hansa_pbft_primitives::{AuthoritySet, SetId};

/// A final block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Its number.
    pub height: Height,
    /// Its hash.
    pub hash: Hash,
}

/// Why a chain cannot say something.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChainError {
    /// The database or the runtime failed; most often, a state is pruned.
    #[error("the chain cannot be read: {0}")]
    Unreadable(String),
    /// The node still looks through old headers for hand-overs.
    #[error("the chain's headers have been looked through up to {0} only")]
    Scanning(Height),
    /// The pool does not take a submission.
    #[error("the pool does not take it: {0}")]
    NotTaken(String),
    /// The pool has it, or the same from another node, already.
    #[error("the pool has it already")]
    InPool,
}

/// What a chain says of one of its routes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteState {
    /// The route.
    pub view: RouteView,
    /// What is known of the other chain's consensus.
    pub client: ClientView,
}

/// A chain with routes. All but `submit` reads final blocks, named by their hashes; all may block.
pub trait Chain: Send + Sync + 'static {
    /// Which chain it is. None as long as its runtime has no interchain protocol.
    fn chain(&self) -> Result<Option<ChainRef>, ChainError>;

    /// Whether the node is far behind: then it knows nothing that is of use to anybody.
    fn is_syncing(&self) -> bool;

    /// The last final block.
    fn head(&self) -> Head;

    /// The hash of the final block of a height; none if the node has none.
    fn hash(&self, height: Height) -> Result<Option<Hash>, ChainError>;

    /// The bounds of what other chains may bring.
    fn parameters(&self, at: Hash) -> Result<Parameters, ChainError>;

    /// The chains to which there is a route.
    fn routes(&self, at: Hash) -> Result<Vec<ChainId>, ChainError>;

    /// A route; none if there is none.
    fn route(&self, at: Hash, peer: ChainId) -> Result<Option<RouteState>, ChainError>;

    /// Packets to `peer` without a result, at most `limit` from `from` on.
    fn packets(
        &self,
        at: Hash,
        peer: ChainId,
        lane: LaneId,
        from: Nonce,
        limit: u32,
    ) -> Result<Vec<PacketView>, ChainError>;

    /// Results of packets of `peer`, at most `limit` from `from` on.
    fn results(
        &self,
        at: Hash,
        peer: ChainId,
        lane: LaneId,
        from: Nonce,
        limit: u32,
    ) -> Result<Vec<(Nonce, PacketResult)>, ChainError>;

    /// The proof of something to `peer`; none if it is larger than a proof may be.
    fn prove(
        &self,
        at: Hash,
        peer: ChainId,
        lane: LaneId,
        of: ProofOf,
    ) -> Result<Option<StorageProof>, ChainError>;

    /// The header of a final block with its certificate; none if the node lacks either.
    fn signed_header(&self, height: Height) -> Result<Option<SignedHeader>, ChainError>;

    /// The height of the header that hands over to this set; none if there is none yet.
    fn hand_over_to(&self, set: SetId) -> Result<Option<Height>, ChainError>;

    /// The height of the first header that brings a record, in place of a hand-over, by which a set later than this one came
    /// to decide: the first one that that set has decided. None if there is none yet.
    fn recovered_after(&self, set: SetId) -> Result<Option<Height>, ChainError>;

    /// The last record that the chain, a hub, has made of a chain that lost its quorum.
    fn recovery(&self, at: Hash, chain: ChainId) -> Result<Option<RecoveryView>, ChainError>;

    /// The sets of `peer` that decide no more and can still be held to what they signed, by id. The chain knows
    /// them by hash.
    fn past_sets(&self, at: Hash, peer: ChainId) -> Result<Vec<PastSet>, ChainError>;

    /// Keep a set of another chain, for when it decides no more. What was kept under its id is replaced.
    fn keep_set(&self, peer: &ChainRef, set: &AuthoritySet) -> Result<(), ChainError>;

    /// The set of another chain that was kept under this id; none if there is none.
    fn kept_set(&self, peer: &ChainRef, id: SetId) -> Result<Option<AuthoritySet>, ChainError>;

    /// How many nodes come before this one in the duty to hand on what became final with a block: none
    /// before its author, one before the next of the set, and so on.
    fn rank(&self, at: Head) -> u32;

    /// Put a submission into the own pool.
    fn submit(&self, submission: Submission) -> Result<(), ChainError>;
}
