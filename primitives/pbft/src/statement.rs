// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What an authority signs.

use crate::{
    AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature, Hash, Height, SetId, View,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::RuntimeAppPublic;

/// Separates statements from everything else that a key could sign.
const STATEMENT_DOMAIN: &[u8] = b"hansa/pbft/statement/1";

/// Separates seals from statements.
const SEAL_DOMAIN: &[u8] = b"hansa/pbft/seal/1";

/// The proof digest of a proposal in view 0, which needs no proof.
pub const NO_PROOF: Hash = Hash::zero();

/// The block for which a replica saw a quorum of Prepare, and in which view: what it is locked on.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Prepared {
    /// The view of the prepared certificate.
    pub view: View,
    /// The block of the prepared certificate.
    pub hash: Hash,
}

/// The meaning of a statement, at a height and a view that stand beside it.
///
/// `proof` is the digest of the [`NewViewProof`](crate::NewViewProof) that came with the proposal,
/// [`NO_PROOF`] in view 0.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Statement {
    /// *Pre-prepare*: the primary proposes a block.
    #[codec(index = 0)]
    Proposal {
        /// The block.
        hash: Hash,
        /// The digest of the proof that the view may be opened with this block.
        proof: Hash,
    },
    /// *Prepare*: the proposal is rightful, its block executed and valid.
    #[codec(index = 1)]
    Prepare {
        /// The block.
        hash: Hash,
        /// The digest of the proof that the proposal carried.
        proof: Hash,
    },
    /// *Commit*: a quorum prepared the block in this view.
    #[codec(index = 2)]
    Commit {
        /// The block.
        hash: Hash,
        /// The digest of the proof that the proposal carried.
        proof: Hash,
    },
    /// *View-change*: give up every view below this one; what is prepared, or an explicit none.
    #[codec(index = 3)]
    ViewChange {
        /// The highest prepared certificate that the signer holds at this height.
        prepared: Option<Prepared>,
    },
}

impl Statement {
    /// The block that is proposed or voted for; none of a view-change.
    pub fn block(&self) -> Option<Hash> {
        match self {
            Self::Proposal { hash, .. }
            | Self::Prepare { hash, .. }
            | Self::Commit { hash, .. } => Some(*hash),
            Self::ViewChange { .. } => None,
        }
    }
}

/// The two kinds of vote of which certificates are made.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum VoteKind {
    /// [`Statement::Prepare`].
    #[codec(index = 0)]
    Prepare,
    /// [`Statement::Commit`].
    #[codec(index = 1)]
    Commit,
}

impl VoteKind {
    /// The statement that a vote of this kind makes.
    pub fn statement(self, hash: Hash, proof: Hash) -> Statement {
        match self {
            Self::Prepare => Statement::Prepare { hash, proof },
            Self::Commit => Statement::Commit { hash, proof },
        }
    }
}

/// What ties a signature to one chain and one authority set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SigningContext {
    /// The hash of the chain's genesis block.
    pub genesis: Hash,
    /// The authority set that decides the height in question.
    pub set_id: SetId,
}

impl SigningContext {
    /// The bytes that are signed for `statement` at (`height`, `view`).
    pub fn payload(&self, height: Height, view: View, statement: &Statement) -> Vec<u8> {
        (
            STATEMENT_DOMAIN,
            self.genesis,
            self.set_id,
            height,
            view,
            statement,
        )
            .encode()
    }

    /// The bytes that the author signs to seal a header, of which `pre_hash` is the hash without
    /// the seal.
    pub fn seal_payload(&self, height: Height, view: View, pre_hash: &Hash) -> Vec<u8> {
        (
            SEAL_DOMAIN,
            self.genesis,
            self.set_id,
            height,
            view,
            pre_hash,
        )
            .encode()
    }
}

/// A statement with its place and its signature.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct SignedStatement {
    /// The height that is spoken of.
    pub height: Height,
    /// The view that is spoken of; of a view-change the view to which it changes.
    pub view: View,
    /// What is said.
    pub statement: Statement,
    /// Who says so: an index into the set that decides `height`.
    pub authority: AuthorityIndex,
    /// The signature over [`SigningContext::payload`].
    pub signature: AuthoritySignature,
}

impl SignedStatement {
    /// The signed bytes.
    pub fn payload(&self, context: &SigningContext) -> Vec<u8> {
        context.payload(self.height, self.view, &self.statement)
    }

    /// Whether the signer is in `set` and the signature is its own.
    pub fn verify(&self, context: &SigningContext, set: &AuthoritySet) -> bool {
        self.verify_with(context, set, verify_signature)
    }

    /// As [`verify`](Self::verify), with another way to check a signature.
    pub fn verify_with(
        &self,
        context: &SigningContext,
        set: &AuthoritySet,
        verify: impl Fn(&AuthorityId, &[u8], &AuthoritySignature) -> bool,
    ) -> bool {
        set.get(self.authority)
            .is_some_and(|a| verify(&a.key, &self.payload(context), &self.signature))
    }
}

/// Check one signature: the host function in a runtime, `ed25519-zebra` (ZIP-215) in a node.
pub fn verify_signature(key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool {
    key.verify(&payload, signature)
}
