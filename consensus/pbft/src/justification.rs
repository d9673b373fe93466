// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Commit certificates as the justifications of blocks: encoding, verification, the stream of new
//! ones, and proofs of finality.

use crate::authorities::{ConsensusStateError, HeightState};
use codec::{DecodeAll, Encode, MaxEncodedLen};
use hansa_pbft_primitives::{
    Certificate, CertificateError, Hash, Height, View, VoteKind, PBFT_ENGINE_ID,
};
use hansa_primitives::{Block, Header};
use sc_client_api::BlockBackend;
use sc_utils::notification::{NotificationSender, NotificationStream, TracingKeyStr};
use sp_blockchain::HeaderBackend;
use sp_runtime::{Justification, Justifications};

/// Why a block is not proven final.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The block comes without a certificate.
    #[error("the block has no commit certificate")]
    Missing,
    /// The justification is longer than any certificate, or does not decode as one.
    #[error("the justification is not a certificate")]
    Malformed,
    /// The certificate is of the other kind.
    #[error("the certificate is not of commits")]
    WrongKind,
    /// The certificate is for another block.
    #[error("the certificate is for block {hash} at height {height}")]
    OtherBlock {
        /// The block that it proves final.
        hash: Hash,
        /// Its height.
        height: Height,
    },
    /// The votes were cast in a view before the one in which the block was first proposed.
    #[error(
        "the certificate is of view {view}, and the block's header of the later view {header}"
    )]
    EarlyView {
        /// The view of the votes.
        view: View,
        /// The view in the header.
        header: View,
    },
    /// The signers or the signatures are not good.
    #[error(transparent)]
    Signatures(#[from] CertificateError),
    /// The set that decided the block is not known.
    #[error(transparent)]
    UnknownSet(#[from] ConsensusStateError),
}

/// The certificate as a justification that stands with its block in the database and in sync.
pub fn to_justification(certificate: &Certificate) -> Justification {
    (PBFT_ENGINE_ID, certificate.encode())
}

/// The certificate that the bytes of a justification hold.
pub fn decode(bytes: &[u8]) -> Result<Certificate, CommitError> {
    if bytes.len() > Certificate::max_encoded_len() {
        return Err(CommitError::Malformed);
    }
    Certificate::decode_all(&mut &bytes[..]).map_err(|_| CommitError::Malformed)
}

/// The certificate among the justifications of a block.
pub fn find(justifications: Option<&Justifications>) -> Result<Certificate, CommitError> {
    let bytes = justifications
        .and_then(|j| j.get(PBFT_ENGINE_ID))
        .ok_or(CommitError::Missing)?;
    decode(bytes)
}

/// Check all of a certificate but its signers and signatures: that it is of commits and for the
/// block with `hash` at `height`, of which the header names `header_view` (none if it names none).
pub fn check_place(
    certificate: &Certificate,
    hash: Hash,
    height: Height,
    header_view: Option<View>,
) -> Result<(), CommitError> {
    if certificate.kind != VoteKind::Commit {
        return Err(CommitError::WrongKind);
    }
    if certificate.hash != hash || certificate.height != height {
        let Certificate { hash, height, .. } = *certificate;
        return Err(CommitError::OtherBlock { hash, height });
    }
    match header_view {
        // A block may be proposed again in a later view, and keeps its header.
        Some(header) if certificate.view < header => Err(CommitError::EarlyView {
            view: certificate.view,
            header,
        }),
        _ => Ok(()),
    }
}

/// Check that `certificate` proves the block final under `state`.
pub fn verify(
    certificate: &Certificate,
    hash: Hash,
    height: Height,
    header_view: Option<View>,
    state: &HeightState,
) -> Result<(), CommitError> {
    check_place(certificate, hash, height, header_view)?;
    certificate.verify(VoteKind::Commit, &state.context, &state.set)?;
    Ok(())
}

/// A block's header and the certificate that makes it final.
#[derive(Clone, PartialEq, Eq, Debug, Encode, codec::Decode)]
pub struct PbftJustification {
    /// The sealed header.
    pub header: Header,
    /// The certificate.
    pub certificate: Certificate,
}

/// Publishes the justifications of newly final blocks.
pub type PbftJustificationSender = NotificationSender<PbftJustification>;

/// Where to subscribe to the justifications of newly final blocks.
pub type PbftJustificationStream = NotificationStream<PbftJustification, PbftJustificationTracing>;

/// Names the stream's channels in metrics and warnings.
#[derive(Clone, Debug)]
pub struct PbftJustificationTracing;

impl TracingKeyStr for PbftJustificationTracing {
    const TRACING_KEY: &'static str = "mpsc_pbft_justification_notification_stream";
}

/// The proof that the block with `hash` is final: its header and its certificate.
///
/// None if the block is unknown or its certificate is not stored: genesis has none, and neither may
/// a block that was pruned or that came by gap sync.
pub fn finality_proof<C>(
    client: &C,
    hash: Hash,
) -> Result<Option<PbftJustification>, sp_blockchain::Error>
where
    C: HeaderBackend<Block> + BlockBackend<Block>,
{
    let Some(header) = client.header(hash)? else {
        return Ok(None);
    };
    match find(client.justifications(hash)?.as_ref()) {
        Ok(certificate) => Ok(Some(PbftJustification {
            header,
            certificate,
        })),
        Err(CommitError::Missing) => Ok(None),
        Err(error) => Err(sp_blockchain::Error::BadJustification(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{commit, height_state};

    const HASH: Hash = Hash::repeat_byte(9);

    #[test]
    fn a_certificate_survives_the_way_through_justifications() {
        let state = height_state(4);
        let certificate = commit(&state, 5, 1, HASH, 0..3);
        let justifications = Justifications::from(to_justification(&certificate));
        assert_eq!(find(Some(&justifications)).unwrap(), certificate);
        verify(&certificate, HASH, 5, Some(1), &state).unwrap();
    }

    #[test]
    fn missing_and_malformed_justifications_are_told_apart() {
        assert!(matches!(find(None), Err(CommitError::Missing)));
        let other = Justifications::from((*b"FRNK", vec![1]));
        assert!(matches!(find(Some(&other)), Err(CommitError::Missing)));

        let mut bytes = commit(&height_state(4), 5, 0, HASH, 0..3).encode();
        assert!(decode(&bytes).is_ok());
        bytes.push(0);
        assert!(
            matches!(decode(&bytes), Err(CommitError::Malformed)),
            "left-over bytes"
        );
        bytes.truncate(40);
        assert!(
            matches!(decode(&bytes), Err(CommitError::Malformed)),
            "too few bytes"
        );
        let long = vec![0; Certificate::max_encoded_len() + 1];
        assert!(
            matches!(decode(&long), Err(CommitError::Malformed)),
            "too many bytes"
        );
    }

    #[test]
    fn the_largest_certificate_passes_the_length_check() {
        let state = height_state(200);
        let certificate = commit(&state, u32::MAX, u32::MAX, HASH, 0..200);
        assert_eq!(decode(&certificate.encode()).unwrap(), certificate);
    }

    #[test]
    fn a_certificate_must_be_for_this_block_and_of_a_quorum() {
        let state = height_state(4);
        let good = commit(&state, 5, 1, HASH, 0..3);
        let check = |c: &Certificate, view| verify(c, HASH, 5, Some(view), &state);
        check(&good, 0).unwrap();
        assert!(matches!(
            check(&good, 2),
            Err(CommitError::EarlyView { view: 1, header: 2 })
        ));
        let elsewhere = commit(&state, 6, 1, HASH, 0..3);
        assert!(matches!(
            check(&elsewhere, 0),
            Err(CommitError::OtherBlock { height: 6, .. })
        ));
        let other = commit(&state, 5, 1, Hash::zero(), 0..3);
        assert!(matches!(
            check(&other, 0),
            Err(CommitError::OtherBlock { .. })
        ));
        let prepare = Certificate {
            kind: VoteKind::Prepare,
            ..good.clone()
        };
        assert!(matches!(check(&prepare, 0), Err(CommitError::WrongKind)));
        let few = commit(&state, 5, 1, HASH, 0..2);
        assert!(matches!(
            check(&few, 0),
            Err(CommitError::Signatures(CertificateError::NoQuorum {
                weight: 2,
                quorum: 3
            }))
        ));
        let moved = Certificate { view: 2, ..good };
        assert!(matches!(
            check(&moved, 0),
            Err(CommitError::Signatures(CertificateError::BadSignature(0)))
        ));
    }
}
