// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Offences that cost stake, each proven by signed messages alone.
//!
//! A correct replica commits none of them, whatever the others send and however often it crashes;
//! `docs/adr/0006-evidence.md` argues each kind against the rules of the protocol. What proves
//! nothing, however odd, is no offence: a message withheld, votes for one block in several views, a
//! proposal without the proof that it names.

use crate::{
    statement::{verify_signature, NO_PROOF},
    AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature, Certificate, Hash, Height,
    NewViewProof, Prepared, SetId, SignedStatement, SigningContext, Statement, View,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The runtime's own proof of whose key it was, as the node passes it on.
pub type OpaqueKeyOwnershipProof = sp_runtime::OpaqueValue;

/// What an authority did that no correct replica does.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Offence {
    /// Two different statements of one kind for the same height and view; or a Commit there for
    /// another proposal than the Prepare. (Of the two faulty who make a fork the replica on the one
    /// side may know only the Prepares, that on the other only the Commits.)
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

/// The kinds of [`Offence`].
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
pub enum OffenceKind {
    /// [`Offence::Equivocation`].
    #[codec(index = 0)]
    Equivocation,
    /// [`Offence::Amnesia`].
    #[codec(index = 1)]
    Amnesia,
    /// [`Offence::UnjustifiedProposal`].
    #[codec(index = 2)]
    UnjustifiedProposal,
}

/// Why evidence is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OffenceError {
    /// The evidence is against another set than the one at hand.
    #[error("the evidence is against another authority set")]
    WrongSet,
    /// Two statements of different authorities, or for different heights.
    #[error("the statements are of different authorities or heights")]
    Unrelated,
    /// A correct replica says such things.
    #[error("the statements are no offence")]
    NoOffence,
    /// The proof that the proposal names is not shown.
    #[error("the proof that the proposal names is missing")]
    ProofMissing,
    /// The proof that is shown is not the one that the proposal names.
    #[error("the proof is not the one that the proposal names")]
    ProofMismatch,
    /// The proof justifies the proposal.
    #[error("the proof justifies the proposal")]
    Justified,
    /// The accused is not in the set.
    #[error("the accused is not in the authority set")]
    UnknownAuthority,
    /// The accused did not sign this.
    #[error("the accused did not sign the statements")]
    BadSignature,
}

/// An offence with the set in which its author signed.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Evidence {
    /// The set that decided the height in question.
    pub set_id: SetId,
    /// What was done.
    pub offence: Offence,
}

impl Offence {
    /// The offence that two statements of one set make together, none if a correct replica can
    /// have said both. Signatures are not looked at.
    ///
    /// In whatever order the two come, the offence is the same.
    pub fn between(first: &SignedStatement, second: &SignedStatement) -> Option<Self> {
        let equivocation = || {
            let (first, second) = if first.statement.encode() <= second.statement.encode() {
                (first.clone(), second.clone())
            } else {
                (second.clone(), first.clone())
            };
            Self::Equivocation { first, second }
        };
        let amnesia = |commit: &SignedStatement, view_change: &SignedStatement| Self::Amnesia {
            commit: commit.clone(),
            view_change: view_change.clone(),
        };
        [
            equivocation(),
            amnesia(first, second),
            amnesia(second, first),
        ]
        .into_iter()
        .find(|offence| offence.check_statements().is_ok())
    }

    /// The kind.
    pub fn kind(&self) -> OffenceKind {
        match self {
            Self::Equivocation { .. } => OffenceKind::Equivocation,
            Self::Amnesia { .. } => OffenceKind::Amnesia,
            Self::UnjustifiedProposal { .. } => OffenceKind::UnjustifiedProposal,
        }
    }

    /// The position of the accused in the set.
    pub fn offender(&self) -> AuthorityIndex {
        self.accused().authority
    }

    /// The height that the accused spoke of.
    pub fn height(&self) -> Height {
        self.accused().height
    }

    /// What the accused signed: one statement, or two.
    pub fn statements(&self) -> impl Iterator<Item = &SignedStatement> {
        let (first, second) = match self {
            Self::Equivocation { first, second } => (first, Some(second)),
            Self::Amnesia {
                commit,
                view_change,
            } => (commit, Some(view_change)),
            Self::UnjustifiedProposal { proposal, .. } => (proposal, None),
        };
        core::iter::once(first).chain(second)
    }

    /// How many signatures are verified at most.
    pub fn signatures(&self) -> u32 {
        let shown = match self {
            Self::UnjustifiedProposal {
                proof: Some(proof), ..
            } => {
                let certified = proof.prepared.as_ref().map_or(0, |c| c.signatures.len());
                proof.view_changes.len().saturating_add(certified)
            }
            _ => 0,
        };
        let total = self.statements().count().saturating_add(shown);
        u32::try_from(total).unwrap_or(u32::MAX)
    }

    /// The statement by which height and signer are known.
    fn accused(&self) -> &SignedStatement {
        match self {
            Self::Equivocation { first, .. } => first,
            Self::Amnesia { commit, .. } => commit,
            Self::UnjustifiedProposal { proposal, .. } => proposal,
        }
    }

    /// Check all that can be seen without set and signatures.
    fn check_statements(&self) -> Result<(), OffenceError> {
        match self {
            Self::Equivocation { first, second } => {
                related(first, second)?;
                let contradict = contradict(&first.statement, &second.statement);
                offends(first.view == second.view && contradict)
            }
            Self::Amnesia {
                commit,
                view_change,
            } => {
                related(commit, view_change)?;
                let (Statement::Commit { .. }, Statement::ViewChange { prepared }) =
                    (commit.statement, view_change.statement)
                else {
                    return Err(OffenceError::NoOffence);
                };
                offends(hides_lock(commit.view, view_change.view, prepared))
            }
            Self::UnjustifiedProposal { proposal, proof } => {
                let Statement::Proposal { proof: digest, .. } = proposal.statement else {
                    return Err(OffenceError::NoOffence);
                };
                check_digest(proposal.view, digest, proof.as_ref())
            }
        }
    }
}

/// Both must be of one authority, for one height.
fn related(first: &SignedStatement, second: &SignedStatement) -> Result<(), OffenceError> {
    let related = first.authority == second.authority && first.height == second.height;
    related.then_some(()).ok_or(OffenceError::Unrelated)
}

fn offends(offends: bool) -> Result<(), OffenceError> {
    offends.then_some(()).ok_or(OffenceError::NoOffence)
}

/// Whether a correct replica says one of the two in a view at most: of two different ones of a kind,
/// and of a Prepare and a Commit for different proposals, since it commits only what it prepared.
fn contradict(first: &Statement, second: &Statement) -> bool {
    match (first, second) {
        (
            Statement::Prepare { hash, proof },
            Statement::Commit {
                hash: other,
                proof: other_proof,
            },
        )
        | (
            Statement::Commit { hash, proof },
            Statement::Prepare {
                hash: other,
                proof: other_proof,
            },
        ) => (hash, proof) != (other, other_proof),
        _ => core::mem::discriminant(first) == core::mem::discriminant(second) && first != second,
    }
}

/// Whether who said Commit in view `committed` hides it by changing to view `to` with `prepared`.
fn hides_lock(committed: View, to: View, prepared: Option<Prepared>) -> bool {
    to > committed && prepared.is_none_or(|prepared| prepared.view < committed)
}

/// Whether the digest alone convicts, or the proof that it names is at hand and must be looked at.
fn check_digest(
    view: View,
    digest: Hash,
    proof: Option<&NewViewProof>,
) -> Result<(), OffenceError> {
    let names_proof = digest != NO_PROOF;
    match proof {
        // View 0 needs no proof, a higher one needs one.
        None if names_proof == (view == 0) => Ok(()),
        None if names_proof => Err(OffenceError::ProofMissing),
        None => Err(OffenceError::NoOffence),
        Some(proof) if view > 0 && names_proof && proof.digest() == digest => Ok(()),
        Some(_) => Err(OffenceError::ProofMismatch),
    }
}

impl Evidence {
    /// Check that the accused did it, and return its position in `set`, which must be the set of
    /// which the evidence names the id: the caller knows.
    pub fn verify(
        &self,
        genesis: Hash,
        set: &AuthoritySet,
    ) -> Result<AuthorityIndex, OffenceError> {
        self.verify_with(genesis, set, verify_signature)
    }

    /// As [`verify`](Self::verify), with another way to check a signature.
    ///
    /// Cheap checks come first. Then at most [`Offence::signatures`] are verified; those of a proof
    /// only after the accused's own, so that others' evidence costs no more than two.
    pub fn verify_with(
        &self,
        genesis: Hash,
        set: &AuthoritySet,
        verify: impl Fn(&AuthorityId, &[u8], &AuthoritySignature) -> bool,
    ) -> Result<AuthorityIndex, OffenceError> {
        if self.set_id != set.id {
            return Err(OffenceError::WrongSet);
        }
        let offender = self.offence.offender();
        if set.get(offender).is_none() {
            return Err(OffenceError::UnknownAuthority);
        }
        self.offence.check_statements()?;
        let context = SigningContext {
            genesis,
            set_id: self.set_id,
        };
        for statement in self.offence.statements() {
            if !statement.verify_with(&context, set, &verify) {
                return Err(OffenceError::BadSignature);
            }
        }
        if let Offence::UnjustifiedProposal {
            proposal,
            proof: Some(proof),
        } = &self.offence
        {
            let (height, view) = (proposal.height, proposal.view);
            let forced = proof.verify_with(height, view, &context, set, &verify);
            let justified = match forced {
                Ok(None) => true,
                Ok(Some(forced)) => proposal.statement.block() == Some(forced.hash),
                Err(_) => false,
            };
            if justified {
                return Err(OffenceError::Justified);
            }
        }
        Ok(offender)
    }

    /// What the evidence is about, whoever gathered it: the same for the same statements, in
    /// whatever order they stand and whichever signatures show them.
    pub fn id(&self) -> Hash {
        let mut said: Vec<_> = self
            .offence
            .statements()
            .map(|s| (s.view, s.statement).encode())
            .collect();
        said.sort_unstable();
        let offence = &self.offence;
        let about = (
            self.set_id,
            offence.offender(),
            offence.height(),
            offence.kind(),
            said,
        );
        sp_crypto_hashing::blake2_256(&about.encode()).into()
    }
}

/// The statement of each signer of a certificate, as it can stand in evidence.
pub fn statements_of(certificate: &Certificate) -> impl Iterator<Item = SignedStatement> + '_ {
    let statement = certificate.statement();
    certificate
        .votes()
        .map(move |(authority, signature)| SignedStatement {
            height: certificate.height,
            view: certificate.view,
            statement,
            authority,
            signature: signature.clone(),
        })
}
