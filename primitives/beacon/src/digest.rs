// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Where a header carries its author's output: in a pre-runtime item of the beacon's own, right after
//! that of the consensus, which names the author.
//!
//! A header has one if and only if its author has a key for the beacon in the state of the parent
//! ([`author_key`](crate::api)). The item is covered by the seal, as all pre-runtime items are.

use crate::BlockVrf;
use codec::{DecodeAll, Encode};
use sp_runtime::{ConsensusEngineId, Digest, DigestItem};

/// The engine id under which authors' outputs stand in a header.
pub const BEACON_ENGINE_ID: ConsensusEngineId = *b"hbcn";

/// What is wrong with the beacon's item in a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DigestError {
    /// The item is no pre-output and proof, or has bytes left over.
    Malformed,
    /// There is more than one item.
    Doubled,
}

impl DigestError {
    /// What is wrong, in words.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Malformed => "the header's VRF output is malformed",
            Self::Doubled => "the header has more than one VRF output",
        }
    }
}

impl core::fmt::Display for DigestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::error::Error for DigestError {}

impl BlockVrf {
    /// As an item of a header's digest.
    pub fn to_digest_item(&self) -> DigestItem {
        DigestItem::PreRuntime(BEACON_ENGINE_ID, self.encode())
    }

    /// The author's output in a header: none if there is none. The proof is not verified
    /// ([`BlockVrf::verify`]).
    ///
    /// # Errors
    ///
    /// If there are several, or the only one is malformed: such a header is invalid.
    pub fn find(digest: &Digest) -> Result<Option<Self>, DigestError> {
        let mut items = digest.logs().iter().filter_map(|item| match item {
            DigestItem::PreRuntime(BEACON_ENGINE_ID, bytes) => Some(bytes),
            _ => None,
        });
        let Some(bytes) = items.next() else {
            return Ok(None);
        };
        if items.next().is_some() {
            return Err(DigestError::Doubled);
        }
        Self::decode_all(&mut &bytes[..])
            .map(Some)
            .map_err(|_| DigestError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VRF: BlockVrf = BlockVrf {
        pre_output: [1; 32],
        proof: [2; 64],
    };

    fn pre_runtime(bytes: Vec<u8>) -> DigestItem {
        DigestItem::PreRuntime(BEACON_ENGINE_ID, bytes)
    }

    #[test]
    fn an_output_is_found_and_faults_are_told_apart() {
        let other = BlockVrf {
            proof: [3; 64],
            ..VRF
        };
        let good = VRF.to_digest_item();
        let short = pre_runtime(VRF.encode()[1..].to_vec());
        let long = pre_runtime([VRF.encode(), vec![0]].concat());
        let consensus = DigestItem::PreRuntime(*b"pBFT", VRF.encode());
        type Found = Result<Option<BlockVrf>, DigestError>;
        let table: [(&str, Vec<DigestItem>, Found); 12] = [
            ("empty digest", vec![], Ok(None)),
            ("only the consensus", vec![consensus.clone()], Ok(None)),
            ("one", vec![good.clone()], Ok(Some(VRF))),
            (
                "after the consensus",
                vec![consensus.clone(), good.clone()],
                Ok(Some(VRF)),
            ),
            (
                "before the consensus",
                vec![good.clone(), consensus],
                Ok(Some(VRF)),
            ),
            ("short", vec![short.clone()], Err(DigestError::Malformed)),
            ("long", vec![long], Err(DigestError::Malformed)),
            (
                "no bytes",
                vec![pre_runtime(vec![])],
                Err(DigestError::Malformed),
            ),
            (
                "twice the same",
                vec![good.clone(), good.clone()],
                Err(DigestError::Doubled),
            ),
            (
                "two that differ",
                vec![good.clone(), other.to_digest_item()],
                Err(DigestError::Doubled),
            ),
            (
                "one of two malformed",
                vec![short, good],
                Err(DigestError::Doubled),
            ),
            (
                "as another kind of item",
                vec![
                    DigestItem::Consensus(BEACON_ENGINE_ID, VRF.encode()),
                    DigestItem::Seal(BEACON_ENGINE_ID, VRF.encode()),
                    DigestItem::Other(VRF.encode()),
                ],
                Ok(None),
            ),
        ];
        for (case, logs, expected) in table {
            assert_eq!(BlockVrf::find(&Digest { logs }), expected, "{case}");
        }
    }

    #[test]
    fn an_item_has_the_size_that_headers_are_bounded_by() {
        assert_eq!(VRF.encode().len(), 96);
    }
}
