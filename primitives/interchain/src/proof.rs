// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Storage proofs of exactly the keys that are asked for.
//!
//! The SDK's own check of a proof (`read_proof_check`) lets nodes pass that no key needs. Here they
//! are refused, so that a proof is as large as it must be, has one form, and nothing rides along:
//!
//! - sizes are bounded by the type, so nothing larger is even decoded;
//! - nodes are in strictly ascending order of their bytes, which excludes repetitions and any other
//!   order;
//! - the root is one of them, each key's path is complete, down to the value or to where it is proven to be
//!   missing, and every node is on a path.
//!
//! The state may be of layout 1 (values of more than 32 bytes are nodes of their own) or 0: paths are
//! the same, and the value is bound by its hash in either.

use crate::Hash;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};
use sp_runtime::traits::BlakeTwo256;
use sp_trie::{
    accessed_nodes_tracker::AccessedNodesTracker, read_trie_value, HashDBT, LayoutV1, MemoryDB,
    RandomState, EMPTY_PREFIX,
};

/// The most bytes of a node: a branch with sixteen children needs some 600.
pub const MAX_NODE_BYTES: u32 = 1_024;

/// The most nodes of a proof.
pub const MAX_NODES: u32 = 256;

/// The most keys that a proof may be asked for.
pub const MAX_KEYS: u32 = 64;

/// Why a proof is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    /// More keys are asked for than a proof may have, or none.
    #[error("a proof is of 1 to {MAX_KEYS} keys")]
    KeyCount,
    /// Keys are asked for in another order than ascending, or twice.
    #[error("the keys are not in ascending order")]
    KeyOrder,
    /// The nodes are not in ascending order, or one is there twice.
    #[error("the nodes of the proof are not in ascending order")]
    NodeOrder,
    /// The proof is of another state.
    #[error("the proof does not begin at this state root")]
    Root,
    /// A node is missing, or malformed.
    #[error("the proof lacks a node")]
    Incomplete,
    /// There are nodes that no key needs.
    #[error("the proof has nodes that none of the keys needs")]
    Unused,
    /// A key has another value than is claimed, or none, or one although none is claimed.
    #[error("the state has something else than is claimed")]
    Value,
}

/// Nodes of a state trie.
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
pub struct StorageProof(BoundedVec<BoundedVec<u8, ConstU32<MAX_NODE_BYTES>>, ConstU32<MAX_NODES>>);

impl StorageProof {
    /// Make a proof of nodes in any order; none if they are too many or too large.
    pub fn new(nodes: impl IntoIterator<Item = Vec<u8>>) -> Option<Self> {
        let mut nodes: Vec<Vec<u8>> = nodes.into_iter().collect();
        nodes.sort();
        nodes.dedup();
        Self::from_raw(nodes)
    }

    /// Take nodes as they are; none if they are too many or too large.
    pub fn from_raw(nodes: Vec<Vec<u8>>) -> Option<Self> {
        let nodes = nodes
            .into_iter()
            .map(BoundedVec::try_from)
            .collect::<Result<Vec<_>, _>>()
            .ok()?;
        nodes.try_into().ok().map(Self)
    }

    /// The nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|node| node.as_slice())
    }

    /// The number of nodes.
    pub fn len(&self) -> u32 {
        self.0.len() as u32
    }

    /// Whether there are no nodes; such a proof proves nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the state with root `root` has at each of `keys`, in their order; none where it has
    /// nothing. Keys must be in ascending order. The proof must be of these keys and no other.
    pub fn read(&self, root: &Hash, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, ProofError> {
        if keys.is_empty() || keys.len() > MAX_KEYS as usize {
            return Err(ProofError::KeyCount);
        }
        if !ascending(keys.iter()) {
            return Err(ProofError::KeyOrder);
        }
        if !ascending(self.0.iter()) {
            return Err(ProofError::NodeOrder);
        }
        let mut db = MemoryDB::<BlakeTwo256>::with_hasher(RandomState::default());
        for node in &self.0 {
            db.insert(EMPTY_PREFIX, node);
        }
        if self.is_empty() || !db.contains(root, EMPTY_PREFIX) {
            return Err(ProofError::Root);
        }
        let mut tracker = AccessedNodesTracker::new(self.0.len());
        let values = keys
            .iter()
            .map(|key| {
                read_trie_value::<LayoutV1<BlakeTwo256>, _>(
                    &db,
                    root,
                    key,
                    Some(&mut tracker),
                    None,
                )
                .map_err(|_| ProofError::Incomplete)
            })
            .collect::<Result<Vec<_>, _>>()?;
        tracker
            .ensure_no_unused_nodes()
            .map_err(|_| ProofError::Unused)?;
        Ok(values)
    }

    /// Check that the state with root `root` has at each of these keys this value.
    pub fn check(&self, root: &Hash, claimed: &[(Vec<u8>, Vec<u8>)]) -> Result<(), ProofError> {
        let keys: Vec<Vec<u8>> = claimed.iter().map(|(key, _)| key.clone()).collect();
        let values = self.read(root, &keys)?;
        let same = values.len() == claimed.len()
            && values
                .iter()
                .zip(claimed)
                .all(|(value, (_, claimed))| value.as_ref() == Some(claimed));
        if !same {
            return Err(ProofError::Value);
        }
        Ok(())
    }
}

/// Whether each item is above the one before.
fn ascending<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let mut last = None;
    for item in items {
        if last.as_ref().is_some_and(|last| *last >= item) {
            return false;
        }
        last = Some(item);
    }
    true
}
