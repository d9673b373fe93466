// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A quorum's word: certificates, and the proof with which a primary opens a view above 0.

use crate::{
    statement::verify_signature, AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature,
    Hash, Height, Prepared, SignedStatement, SigningContext, Statement, View, VoteKind, Weight,
    MAX_AUTHORITIES,
};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The bytes of a bitmap over [`MAX_AUTHORITIES`].
const MAX_BITMAP_BYTES: u32 = MAX_AUTHORITIES.div_ceil(8);

/// The bytes of an ed25519 signature.
const MAX_SIGNATURE_BYTES: usize = 64;

/// Why a certificate or a proof is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CertificateError {
    /// The certificate is of the other kind of vote.
    #[error("the certificate is of the wrong kind")]
    WrongKind,
    /// It speaks of another height or view than it should.
    #[error("the certificate is for another height or view")]
    WrongPlace,
    /// A signer is named that is not in the set, or the bitmap is longer than the set.
    #[error("the certificate names a signer outside the set")]
    UnknownSigner,
    /// A signer stands in a proof twice.
    #[error("a signer is counted twice")]
    DuplicateSigner,
    /// There are more or fewer signatures than signers.
    #[error("the certificate has {signatures} signatures of {signers} signers")]
    SignatureCount {
        /// Number of signatures.
        signatures: u32,
        /// Number of signers that the bitmap names.
        signers: u32,
    },
    /// The signers' weight is below the quorum.
    #[error("the signers weigh {weight}, a quorum is {quorum}")]
    NoQuorum {
        /// What the signers weigh.
        weight: Weight,
        /// What is needed.
        quorum: Weight,
    },
    /// A signature does not verify.
    #[error("the signature of authority {0} is bad")]
    BadSignature(AuthorityIndex),
    /// A statement of another kind stands where a view-change should.
    #[error("the proof holds a statement that is no view-change")]
    NotAViewChange,
    /// A block was prepared, and the proof hides the certificate or shows a lower or another one.
    #[error("the proof does not show the highest prepared certificate that its view-changes name")]
    PreparedMismatch,
}

/// Which authorities of a set signed: bit `i % 8` of byte `i / 8` stands for authority `i`.
///
/// Canonical: as many bytes as the set needs, no bit above the set.
#[derive(
    Clone,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct SignerBitmap(BoundedVec<u8, ConstU32<MAX_BITMAP_BYTES>>);

impl SignerBitmap {
    /// The bitmap of `signers` in a set of `len` authorities; signers outside it are left out.
    pub fn new(len: usize, signers: impl IntoIterator<Item = AuthorityIndex>) -> Self {
        let len = len.min(MAX_AUTHORITIES as usize);
        let mut bytes = alloc::vec![0u8; len.div_ceil(8)];
        for signer in signers.into_iter().map(usize::from).filter(|s| *s < len) {
            if let Some(byte) = bytes.get_mut(signer / 8) {
                *byte |= 1 << (signer % 8);
            }
        }
        Self(BoundedVec::truncate_from(bytes))
    }

    /// Whether authority `index` signed.
    pub fn contains(&self, index: AuthorityIndex) -> bool {
        let index = usize::from(index);
        self.0
            .get(index / 8)
            .is_some_and(|byte| byte & (1 << (index % 8)) != 0)
    }

    /// The signers, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = AuthorityIndex> + '_ {
        let bits = self
            .0
            .len()
            .saturating_mul(8)
            .min(usize::from(AuthorityIndex::MAX));
        (0..bits as AuthorityIndex).filter(|i| self.contains(*i))
    }

    /// The number of signers.
    pub fn count(&self) -> u32 {
        self.0
            .iter()
            .fold(0, |sum, byte| sum.saturating_add(byte.count_ones()))
    }

    /// Check the form against `set` and that the signers make a quorum of it. No signature is
    /// looked at.
    pub fn check_quorum(&self, set: &AuthoritySet) -> Result<(), CertificateError> {
        if self.0.len() != set.len().div_ceil(8) {
            return Err(CertificateError::UnknownSigner);
        }
        let mut weight: Weight = 0;
        for signer in self.iter() {
            let authority = set.get(signer).ok_or(CertificateError::UnknownSigner)?;
            weight = weight.saturating_add(authority.weight);
        }
        let quorum = set.quorum();
        if weight < quorum || set.is_empty() {
            return Err(CertificateError::NoQuorum { weight, quorum });
        }
        Ok(())
    }
}

/// The signatures of a quorum over one vote.
///
/// Of [`VoteKind::Prepare`] it is the paper's *prepared certificate*; of [`VoteKind::Commit`] it
/// proves that the block is final, and is the block's justification.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Certificate {
    /// What was voted.
    pub kind: VoteKind,
    /// The height of the block.
    pub height: Height,
    /// The view in which the votes were cast; the view in the block's header or a later one.
    pub view: View,
    /// The block.
    pub hash: Hash,
    /// The digest of the new-view proof that the votes name.
    pub proof: Hash,
    /// Who signed.
    pub signers: SignerBitmap,
    /// Their signatures, in the order of the signers.
    pub signatures: BoundedVec<AuthoritySignature, ConstU32<MAX_AUTHORITIES>>,
}

// By hand, because the keystore's signature type does not derive it.
impl MaxEncodedLen for Certificate {
    fn max_encoded_len() -> usize {
        let signatures = (MAX_AUTHORITIES as usize).saturating_mul(MAX_SIGNATURE_BYTES);
        VoteKind::max_encoded_len()
            .saturating_add(Height::max_encoded_len())
            .saturating_add(View::max_encoded_len())
            .saturating_add(Hash::max_encoded_len().saturating_mul(2))
            .saturating_add(SignerBitmap::max_encoded_len())
            .saturating_add(codec::Compact::<u32>::max_encoded_len())
            .saturating_add(signatures)
    }
}

impl Certificate {
    /// Assemble a certificate of (signer, signature) pairs. Later duplicates and signers outside
    /// the set are left out; whether the rest is a quorum, [`verify`](Self::verify) tells.
    pub fn new(
        kind: VoteKind,
        height: Height,
        view: View,
        hash: Hash,
        proof: Hash,
        set: &AuthoritySet,
        votes: impl IntoIterator<Item = (AuthorityIndex, AuthoritySignature)>,
    ) -> Self {
        let mut by_signer = alloc::collections::BTreeMap::new();
        for (signer, signature) in votes {
            if usize::from(signer) < set.len() {
                by_signer.entry(signer).or_insert(signature);
            }
        }
        let signers = SignerBitmap::new(set.len(), by_signer.keys().copied());
        let signatures = BoundedVec::truncate_from(by_signer.into_values().collect());
        Self {
            kind,
            height,
            view,
            hash,
            proof,
            signers,
            signatures,
        }
    }

    /// The statement that every signer made.
    pub fn statement(&self) -> Statement {
        self.kind.statement(self.hash, self.proof)
    }

    /// What the holder of this certificate is locked on.
    pub fn prepared(&self) -> Prepared {
        Prepared {
            view: self.view,
            hash: self.hash,
        }
    }

    /// (signer, signature) pairs.
    pub fn votes(&self) -> impl Iterator<Item = (AuthorityIndex, &AuthoritySignature)> {
        self.signers.iter().zip(self.signatures.iter())
    }

    /// Check that a quorum of `set` signed this, as votes of kind `kind`.
    ///
    /// `set` must be the set that decides `height`, and `context.set_id` its id: the caller knows.
    pub fn verify(
        &self,
        kind: VoteKind,
        context: &SigningContext,
        set: &AuthoritySet,
    ) -> Result<(), CertificateError> {
        self.verify_with(kind, context, set, verify_signature)
    }

    /// As [`verify`](Self::verify), with another way to check a signature.
    pub fn verify_with(
        &self,
        kind: VoteKind,
        context: &SigningContext,
        set: &AuthoritySet,
        verify: impl Fn(&AuthorityId, &[u8], &AuthoritySignature) -> bool,
    ) -> Result<(), CertificateError> {
        if self.kind != kind {
            return Err(CertificateError::WrongKind);
        }
        self.signers.check_quorum(set)?;
        let (signatures, signers) = (self.signatures.len() as u32, self.signers.count());
        if signatures != signers {
            return Err(CertificateError::SignatureCount {
                signatures,
                signers,
            });
        }
        let payload = context.payload(self.height, self.view, &self.statement());
        for (signer, signature) in self.votes() {
            let authority = set.get(signer).ok_or(CertificateError::UnknownSigner)?;
            if !verify(&authority.key, &payload, signature) {
                return Err(CertificateError::BadSignature(signer));
            }
        }
        Ok(())
    }
}

/// *New-view*: why the primary of a view above 0 may propose, and what.
///
/// A quorum of view-changes to the view. If any of them names a prepared block, the proof shows the
/// prepared certificate of the highest view that they name, and the primary must propose that very
/// block; if none does, it is free to propose a fresh one.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct NewViewProof {
    /// View-changes of a quorum, in ascending order of the signers.
    pub view_changes: BoundedVec<SignedStatement, ConstU32<MAX_AUTHORITIES>>,
    /// The highest prepared certificate that they name, if they name one.
    pub prepared: Option<Certificate>,
}

impl NewViewProof {
    /// The digest that the proposal and all votes for it name.
    pub fn digest(&self) -> Hash {
        sp_crypto_hashing::blake2_256(&self.encode()).into()
    }

    /// Check the proof for (`height`, `view`) and return the block that must be proposed, none if
    /// the primary is free.
    pub fn verify(
        &self,
        height: Height,
        view: View,
        context: &SigningContext,
        set: &AuthoritySet,
    ) -> Result<Option<Prepared>, CertificateError> {
        self.verify_with(height, view, context, set, verify_signature)
    }

    /// As [`verify`](Self::verify), with another way to check a signature.
    pub fn verify_with(
        &self,
        height: Height,
        view: View,
        context: &SigningContext,
        set: &AuthoritySet,
        verify: impl Fn(&AuthorityId, &[u8], &AuthoritySignature) -> bool,
    ) -> Result<Option<Prepared>, CertificateError> {
        let mut seen = BTreeSet::new();
        let mut weight: Weight = 0;
        let mut highest: Option<Prepared> = None;
        for change in &self.view_changes {
            let Statement::ViewChange { prepared } = change.statement else {
                return Err(CertificateError::NotAViewChange);
            };
            if change.height != height || change.view != view {
                return Err(CertificateError::WrongPlace);
            }
            let authority = set
                .get(change.authority)
                .ok_or(CertificateError::UnknownSigner)?;
            if !seen.insert(change.authority) {
                return Err(CertificateError::DuplicateSigner);
            }
            weight = weight.saturating_add(authority.weight);
            if let Some(p) = prepared {
                if highest.is_none_or(|h| p.view > h.view) {
                    highest = Some(p);
                }
            }
        }
        let quorum = set.quorum();
        if weight < quorum || set.is_empty() {
            return Err(CertificateError::NoQuorum { weight, quorum });
        }
        // Cheap checks are over; now the signatures.
        match (&self.prepared, highest) {
            (None, None) => {}
            (Some(certificate), Some(highest)) if certificate.prepared() == highest => {
                if certificate.height != height || certificate.view >= view {
                    return Err(CertificateError::WrongPlace);
                }
                certificate.verify_with(VoteKind::Prepare, context, set, &verify)?;
            }
            _ => return Err(CertificateError::PreparedMismatch),
        }
        for change in &self.view_changes {
            if !change.verify_with(context, set, &verify) {
                return Err(CertificateError::BadSignature(change.authority));
            }
        }
        Ok(highest)
    }

    /// The signers of the view-changes.
    pub fn signers(&self) -> Vec<AuthorityIndex> {
        self.view_changes.iter().map(|c| c.authority).collect()
    }
}
