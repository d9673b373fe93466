// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A header of another chain with the certificate that makes it final.

use crate::{client::TrustedHeader, Hash, Height};
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode};
use hansa_pbft_primitives::{
    AuthorityId, AuthoritySet, AuthoritySetError, AuthoritySignature, Certificate,
    CertificateError, ConsensusLog, PreDigest, SigningContext, VoteKind, PBFT_ENGINE_ID,
};
use hansa_primitives::Header;
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};
use sp_runtime::{traits::Header as _, DigestItem};

/// The most bytes of a header: one that hands over to the largest set has 41 KiB for that.
pub const MAX_HEADER_BYTES: u32 = 48 * 1024;

/// Why a header is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderError {
    /// The bytes are no header.
    #[error("the bytes are no header")]
    Malformed,
    /// The header does not say when it was made.
    #[error("the header has no view, author and time")]
    NoPreDigest,
    /// The header hands over twice.
    #[error("the header hands over to two sets")]
    TwoHandOvers,
    /// The header hands over to something that is no set.
    #[error("the header hands over to no valid set: {0}")]
    BadSet(#[from] AuthoritySetError),
    /// The certificate is of another block.
    #[error("the certificate is of another block")]
    OtherBlock,
    /// The certificate does not hold.
    #[error("the certificate does not hold: {0}")]
    Certificate(#[from] CertificateError),
}

/// A header and its commit certificate, as they travel.
///
/// The header stays bytes until its size is known and the certificate's hash matches.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct SignedHeader {
    /// The header in SCALE, seal included.
    pub header: BoundedVec<u8, ConstU32<MAX_HEADER_BYTES>>,
    /// The certificate.
    pub certificate: Certificate,
}

/// What a header says that matters to another chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeaderFacts {
    /// What is kept of it.
    pub trusted: TrustedHeader,
    /// The set that decides from the next height on, if it is another one.
    pub hands_over_to: Option<AuthoritySet>,
}

impl SignedHeader {
    /// Make one of a header; none if it is too large.
    pub fn new(header: &Header, certificate: Certificate) -> Option<Self> {
        let header = header.encode().try_into().ok()?;
        Some(Self {
            header,
            certificate,
        })
    }

    /// Read the header. Nothing is known of who signed it.
    pub fn facts(&self) -> Result<HeaderFacts, HeaderError> {
        // The hash is that of the bytes: another encoding of the same header would be another block.
        let hash = Hash::from(sp_crypto_hashing::blake2_256(&self.header));
        if hash != self.certificate.hash {
            return Err(HeaderError::OtherBlock);
        }
        let header =
            Header::decode_all(&mut &self.header[..]).map_err(|_| HeaderError::Malformed)?;
        let height: Height = *header.number();
        if height != self.certificate.height {
            return Err(HeaderError::OtherBlock);
        }
        let digest = PreDigest::find(header.digest()).ok_or(HeaderError::NoPreDigest)?;
        Ok(HeaderFacts {
            trusted: TrustedHeader {
                height,
                hash,
                state_root: *header.state_root(),
                timestamp: digest.timestamp_ms,
            },
            hands_over_to: hand_over(&header)?,
        })
    }

    /// Check that a quorum of `set` has committed to the header.
    pub fn verify_with(
        &self,
        context: &SigningContext,
        set: &AuthoritySet,
        verify: impl Fn(&AuthorityId, &[u8], &AuthoritySignature) -> bool,
    ) -> Result<(), HeaderError> {
        Ok(self
            .certificate
            .verify_with(VoteKind::Commit, context, set, verify)?)
    }
}

/// The set that a header hands over to. A header with two, or with one that is malformed, is refused:
/// a client that took the first, or none, could follow another set than the chain does.
fn hand_over(header: &Header) -> Result<Option<AuthoritySet>, HeaderError> {
    let logs = header.digest().logs().iter();
    let count = logs
        .filter(|item| matches!(item, DigestItem::Consensus(PBFT_ENGINE_ID, _)))
        .count();
    match count {
        0 => Ok(None),
        1 => {
            let set =
                ConsensusLog::find_set_change(header.digest()).ok_or(HeaderError::Malformed)?;
            // What was decoded may be empty, or have a member twice.
            let set = AuthoritySet::new(set.id, set.authorities().to_vec())?;
            Ok(Some(set))
        }
        _ => Err(HeaderError::TwoHandOvers),
    }
}
