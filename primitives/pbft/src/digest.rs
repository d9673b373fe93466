// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a header says for pBFT.

use crate::{AuthorityIndex, AuthoritySet, AuthoritySignature, View, PBFT_ENGINE_ID};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{Digest, DigestItem};

/// The pre-runtime digest: first in the header, and only once.
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
pub struct PreDigest {
    /// The view in which the block was first proposed. A block that is proposed again in a later
    /// view keeps its header.
    pub view: View,
    /// The author: the primary of (height, view), by its position in the set.
    pub author: AuthorityIndex,
    /// The block's time, in milliseconds since 1970. The runtime checks that it equals the
    /// timestamp inherent, so a clock check needs the header only.
    pub timestamp_ms: u64,
}

impl PreDigest {
    /// As an item of a header's digest.
    pub fn to_digest_item(&self) -> DigestItem {
        DigestItem::PreRuntime(PBFT_ENGINE_ID, self.encode())
    }

    /// The pre-runtime digest of a header; none if it is missing, malformed, or there are two.
    pub fn find(digest: &Digest) -> Option<Self> {
        let mut found = digest.logs().iter().filter_map(|item| match item {
            DigestItem::PreRuntime(PBFT_ENGINE_ID, bytes) => Some(bytes),
            _ => None,
        });
        let bytes = found.next()?;
        if found.next().is_some() {
            return None;
        }
        decode_all(bytes)
    }
}

/// What the runtime tells the engine in a header.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum ConsensusLog {
    /// From the next height on this set decides.
    #[codec(index = 0)]
    SetChange(AuthoritySet),
}

impl ConsensusLog {
    /// As an item of a header's digest.
    pub fn to_digest_item(&self) -> DigestItem {
        DigestItem::Consensus(PBFT_ENGINE_ID, self.encode())
    }

    /// The set that a header hands over to, if it does.
    pub fn find_set_change(digest: &Digest) -> Option<AuthoritySet> {
        digest.logs().iter().find_map(|item| match item {
            DigestItem::Consensus(PBFT_ENGINE_ID, bytes) => {
                decode_all(bytes).map(|Self::SetChange(set)| set)
            }
            _ => None,
        })
    }
}

/// The author's signature over the header without it
/// ([`SigningContext::seal_payload`](crate::SigningContext::seal_payload)), as an item of the
/// digest: the last one.
pub fn seal_item(signature: &AuthoritySignature) -> DigestItem {
    DigestItem::Seal(PBFT_ENGINE_ID, signature.encode())
}

/// The signature of a seal; none if the item is no seal of pBFT.
pub fn seal_signature(item: &DigestItem) -> Option<AuthoritySignature> {
    match item {
        DigestItem::Seal(PBFT_ENGINE_ID, bytes) => decode_all(bytes),
        _ => None,
    }
}

/// Decode all of `bytes`: left-over bytes are an error, so each meaning has one encoding.
fn decode_all<T: Decode>(mut bytes: &[u8]) -> Option<T> {
    let value = T::decode(&mut bytes).ok()?;
    bytes.is_empty().then_some(value)
}
