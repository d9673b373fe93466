// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of what is asked and answered. 64-bit weights are strings of digits, because
//! many clients cannot hold them as numbers.

use codec::Encode;
use hansa_consensus_pbft::justification::PbftJustification;
use hansa_pbft_core::RoundState;
use hansa_pbft_primitives::{
    AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature, Hash, Height, Prepared, SetId,
    SigningContext, View, Weight,
};
use hansa_primitives::Header;
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use sp_core::Bytes;
use sp_runtime::traits::Header as HeaderT;
use std::{fmt, str::FromStr};

/// The number of characters of a block hash: `0x` and 64 digits.
const HASH_CHARS: usize = 66;

/// A block, named by its number (`7`, `"7"`, `"0x7"`) or by its hash (`"0x…"`, 64 digits).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockRef {
    /// By number.
    Number(Height),
    /// By hash.
    Hash(Hash),
}

impl fmt::Display for BlockRef {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Hash(hash) => write!(f, "{hash:?}"),
        }
    }
}

impl FromStr for BlockRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.strip_prefix("0x") {
            Some(_) if text.len() == HASH_CHARS => Hash::from_str(text).ok().map(Self::Hash),
            Some(digits) => Height::from_str_radix(digits, 16).ok().map(Self::Number),
            None => text.parse().ok().map(Self::Number),
        };
        parsed.ok_or_else(|| {
            format!("`{text}` is neither a block number (below 2^32) nor a hash of 32 bytes in hex")
        })
    }
}

impl<'de> Deserialize<'de> for BlockRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for BlockRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => number.serialize(serializer),
            Self::Hash(hash) => hash.serialize(serializer),
        }
    }
}

/// An authority of a set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorityInfo {
    /// Its public key, as an SS58 address.
    pub key: AuthorityId,
    /// Its weight.
    #[serde(with = "crate::digits")]
    pub weight: Weight,
}

/// A prepared block.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreparedInfo {
    /// The view of the prepared certificate.
    pub view: View,
    /// The block.
    pub hash: Hash,
}

impl From<Prepared> for PreparedInfo {
    fn from(prepared: Prepared) -> Self {
        Self {
            view: prepared.view,
            hash: prepared.hash,
        }
    }
}

/// The highest view that an authority asked to change to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViewChangeInfo {
    /// Its position in the set.
    pub authority: AuthorityIndex,
    /// The view.
    pub view: View,
}

/// The height that is being decided, as one node sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundStateInfo {
    /// The height.
    pub height: Height,
    /// The current view: 0 unless a primary failed.
    pub view: View,
    /// The id of the set that decides.
    pub set_id: SetId,
    /// The set. All other fields name authorities by their position here.
    pub authorities: Vec<AuthorityInfo>,
    /// The weight of the whole set.
    #[serde(with = "crate::digits")]
    pub total_weight: Weight,
    /// The weight that a certificate needs.
    #[serde(with = "crate::digits")]
    pub quorum: Weight,
    /// The primary of the current view.
    pub primary: Option<AuthorityIndex>,
    /// This node's authority, if it votes at this height.
    pub local: Option<AuthorityIndex>,
    /// The block that was proposed and accepted in the current view.
    pub proposal: Option<Hash>,
    /// The block for which this node saw a quorum of Prepare.
    pub prepared: Option<PreparedInfo>,
    /// Who sent Prepare in the current view.
    pub prepares: Vec<AuthorityIndex>,
    /// Who sent Commit in the current view.
    pub commits: Vec<AuthorityIndex>,
    /// Who asked to leave the current view, and for which.
    pub view_changes: Vec<ViewChangeInfo>,
    /// Whether the height is decided and the node is about to begin with the next.
    pub decided: bool,
}

impl From<&RoundState> for RoundStateInfo {
    fn from(state: &RoundState) -> Self {
        Self {
            height: state.height,
            view: state.view,
            set_id: state.set.id,
            authorities: state
                .set
                .authorities()
                .iter()
                .map(|a| AuthorityInfo {
                    key: a.key.clone(),
                    weight: a.weight,
                })
                .collect(),
            total_weight: state.set.total_weight(),
            quorum: state.quorum,
            primary: state.primary,
            local: state.local,
            proposal: state.proposal,
            prepared: state.prepared.map(Into::into),
            prepares: state.prepares.clone(),
            commits: state.commits.clone(),
            view_changes: state
                .view_changes
                .iter()
                .map(|(authority, view)| ViewChangeInfo {
                    authority: *authority,
                    view: *view,
                })
                .collect(),
            decided: state.decided,
        }
    }
}

/// Who signed a certificate, and how.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signer {
    /// The position in the set.
    pub authority: AuthorityIndex,
    /// The public key, as an SS58 address; none if this node no longer knows the set.
    pub key: Option<AuthorityId>,
    /// The ed25519 signature over `payload`.
    pub signature: Bytes,
}

/// Why a block is final: all that a client needs to check it that knows the authority set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinalityProof {
    /// The block's hash: BLAKE2b-256 of `encodedHeader`.
    pub hash: Hash,
    /// The block's number.
    pub number: Height,
    /// The header.
    pub header: Header,
    /// The header, SCALE-encoded.
    pub encoded_header: Bytes,
    /// The whole commit certificate, SCALE-encoded.
    pub certificate: Bytes,
    /// The view in which the votes were cast.
    pub view: View,
    /// The id of the set that decided; none if this node no longer knows it.
    pub set_id: Option<SetId>,
    /// The bytes that every signer signed; none if this node no longer knows the set.
    pub payload: Option<Bytes>,
    /// The weight of the set, the quorum, and the weight of the signers; none likewise.
    pub weights: Option<ProofWeights>,
    /// Who signed.
    pub signers: Vec<Signer>,
}

/// The weights behind a certificate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProofWeights {
    /// Of the whole set.
    #[serde(with = "crate::digits")]
    pub total: Weight,
    /// What a certificate needs.
    #[serde(with = "crate::digits")]
    pub quorum: Weight,
    /// Of the signers.
    #[serde(with = "crate::digits")]
    pub signed: Weight,
}

impl FinalityProof {
    /// The JSON form of a justification; `decided_by` is the set that decided the block, if known.
    pub fn new(
        justification: &PbftJustification,
        decided_by: Option<(SigningContext, &AuthoritySet)>,
    ) -> Self {
        let PbftJustification {
            header,
            certificate,
        } = justification;
        let signers = certificate
            .votes()
            .map(|(authority, signature)| Signer {
                authority,
                key: decided_by
                    .and_then(|(_, set)| set.get(authority))
                    .map(|a| a.key.clone()),
                signature: bytes_of(signature),
            })
            .collect();
        let payload = decided_by.map(|(context, _)| {
            context
                .payload(
                    certificate.height,
                    certificate.view,
                    &certificate.statement(),
                )
                .into()
        });
        let weights = decided_by.map(|(_, set)| ProofWeights {
            total: set.total_weight(),
            quorum: set.quorum(),
            signed: certificate
                .signers
                .iter()
                .fold(0, |sum: Weight, i| sum.saturating_add(set.weight(i))),
        });
        Self {
            hash: header.hash(),
            number: *header.number(),
            encoded_header: header.encode().into(),
            header: header.clone(),
            certificate: certificate.encode().into(),
            view: certificate.view,
            set_id: decided_by.map(|(context, _)| context.set_id),
            payload,
            weights,
            signers,
        }
    }
}

fn bytes_of(signature: &AuthoritySignature) -> Bytes {
    signature.encode().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_named_by_number_or_hash() {
        let hash = Hash::repeat_byte(7);
        let full = format!("\"{hash:?}\"");
        for (json, expected) in [
            ("7", Some(BlockRef::Number(7))),
            ("\"7\"", Some(BlockRef::Number(7))),
            ("\"0x10\"", Some(BlockRef::Number(16))),
            ("4294967295", Some(BlockRef::Number(u32::MAX))),
            (full.as_str(), Some(BlockRef::Hash(hash))),
            ("4294967296", None),
            ("-1", None),
            ("1.5", None),
            ("null", None),
            ("{}", None),
            ("\"\"", None),
            ("\"0x\"", None),
            ("\"latest\"", None),
        ] {
            assert_eq!(serde_json::from_str(json).ok(), expected, "{json}");
        }
        let short_hash = serde_json::from_str::<BlockRef>("\"0x1234567890\"");
        assert!(short_hash
            .unwrap_err()
            .to_string()
            .contains("32 bytes in hex"));
    }

    #[test]
    fn weights_are_strings() {
        let weights = ProofWeights {
            total: u64::MAX,
            quorum: 3,
            signed: 4,
        };
        let json = serde_json::to_string(&weights).unwrap();
        assert_eq!(
            json,
            r#"{"total":"18446744073709551615","quorum":"3","signed":"4"}"#
        );
        assert_eq!(
            serde_json::from_str::<ProofWeights>(&json).unwrap(),
            weights
        );
    }
}
