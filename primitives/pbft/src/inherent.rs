// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who signed the parent, as a block reports it to the runtime.

use crate::{Certificate, SignerBitmap, View};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_inherents::{InherentIdentifier, IsFatalError};

/// The identifier of the inherent's data.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"pbftcert";

/// View and signers of the commit certificate of a block's parent.
///
/// Replicas check it against the whole certificate, which travels with the proposal, before they
/// vote; execution checks its form and its weight, and no signature. The child of genesis has none.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ParentCertificate {
    /// The view in which the parent became final.
    pub view: View,
    /// Who signed the certificate that the author holds.
    pub signers: SignerBitmap,
}

impl From<&Certificate> for ParentCertificate {
    fn from(certificate: &Certificate) -> Self {
        Self {
            view: certificate.view,
            signers: certificate.signers.clone(),
        }
    }
}

/// Why the inherent is refused.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum InherentError {
    /// A block above the first must say who signed its parent.
    Missing,
    /// The first block has no certified parent.
    Unexpected,
    /// The signers are no quorum of the set that decided the parent.
    NoQuorum,
    /// The block reports another certificate than the one that came with it.
    Mismatch,
}

impl IsFatalError for InherentError {
    fn is_fatal_error(&self) -> bool {
        true
    }
}
