// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Transactions at the hub, until they are final.

use crate::transactions::{calls, Call, Node, TransactionError, FINAL_LIMIT};
use hansa_primitives::Hash;
use serde_json::Value;
use sp_core::{sr25519, Bytes};
use sp_crypto_hashing::twox_128;
use subxt::rpcs::rpc_params;

/// The pallet that makes a chain a hub.
const REGISTRY: &str = "DappChains";

/// Why the hub did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It does not answer, or refuses.
    #[error("the hub's node: {0}")]
    Node(TransactionError),
    /// It is no hub.
    #[error("the node at {0} is not of a hub: its chain has no pallet DappChains; --hub must name one of the hub's nodes")]
    NoHub(String),
    /// A transaction failed.
    #[error("the hub refused it in block {block:?}: {why}")]
    Failed {
        /// The block.
        block: Hash,
        /// The error of the pallet.
        why: String,
    },
    /// A transaction is not final.
    #[error("the transaction was not final within {} s; it may still become so", FINAL_LIMIT.as_secs())]
    Late,
}

impl From<TransactionError> for HubError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Failed { block, why } => Self::Failed { block, why },
            TransactionError::Late => Self::Late,
            other => Self::Node(other),
        }
    }
}

/// A connection to a node of the hub, and who signs.
pub struct Hub {
    node: Node,
    signer: sr25519::Pair,
}

impl Hub {
    /// Connect, and check that it is a hub.
    pub async fn connect(url: &str, signer: sr25519::Pair) -> Result<Self, HubError> {
        let node = Node::connect(url).await?;
        match node.has_pallet(REGISTRY).await? {
            true => Ok(Self { node, signer }),
            false => Err(HubError::NoHub(url.into())),
        }
    }

    /// Whether the hub has the bytes of a code.
    pub async fn has_code(&self, hash: Hash) -> Result<bool, HubError> {
        let mut prefix = [twox_128(b"Preimage"), twox_128(b"PreimageFor")].concat();
        prefix.extend(hash.as_bytes());
        let params = rpc_params![Bytes(prefix), 1];
        let keys: Vec<Bytes> = self.node.request("state_getKeysPaged", params).await?;
        Ok(!keys.is_empty())
    }

    /// Store a code. It is the block in which that is final.
    pub async fn store_code(&self, code: &[u8]) -> Result<Hash, HubError> {
        self.submit(&calls::note_preimage(code)).await
    }

    /// What the hub says of a chain, as JSON.
    pub async fn chain(&self, name: &str) -> Result<Value, HubError> {
        Ok(self
            .node
            .request("dappChains_get", rpc_params![name])
            .await?)
    }

    /// Sign and submit a call, and wait until it is final and has succeeded. It is the block in which it is.
    pub async fn submit(&self, call: &Call) -> Result<Hash, HubError> {
        let transaction = self.node.sign(call, &self.signer).await?;
        Ok(transaction.submit_and_wait().await?)
    }
}
