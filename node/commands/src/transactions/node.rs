// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A connection to a node of a chain: signing, submitting, waiting.

use super::{Call, UnknownCall};
use hansa_primitives::{AccountId, Hash};
use serde::de::DeserializeOwned;
use sp_core::{sr25519, Bytes, Pair};
use std::{sync::Arc, time::Duration};
use subxt::{
    backend::LegacyBackend,
    client::OnlineClientAtBlockImpl,
    config::DefaultExtrinsicParamsBuilder,
    error::{
        BackendError, DispatchError, ExtrinsicError, RpcError, TransactionEventsError,
        TransactionProgressError,
    },
    ext::jsonrpsee::ws_client::WsClientBuilder,
    rpcs::{self, client::RpcParams, rpc_params, RpcClient},
    tx::{Signer, SubmittableTransaction},
    utils::{AccountId32, MultiSignature},
    OnlineClient, PolkadotConfig,
};

/// How a chain's addresses, signatures and hashes are: as Polkadot's.
type Config = PolkadotConfig;

/// How long a node may take for an answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// The largest request, and the largest answer: the largest block as hex, and some.
const MAX_MESSAGE_BYTES: u32 = 16 * 1024 * 1024;

/// How long a transaction may take to be final.
pub const FINAL_LIMIT: Duration = Duration::from_secs(120);

/// Why a transaction was not made, or did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// The chain has no such call.
    #[error(transparent)]
    Unknown(#[from] UnknownCall),
    /// The node refuses what it was asked.
    #[error("it refuses: {0}")]
    Refused(String),
    /// The node does not answer.
    #[error("{0}")]
    Rpc(rpcs::Error),
    /// The node does not answer as it should, or has dropped the transaction.
    #[error("{0}")]
    Client(Box<subxt::Error>),
    /// The node took the transaction, and then told no more, or that it has dropped it.
    #[error(
        "the transaction may have become final, or may still: the node has lost sight of it ({0})"
    )]
    Lost(Box<subxt::Error>),
    /// The transaction failed.
    #[error("the chain refused it in block {block:?}: {why}")]
    Failed {
        /// The block.
        block: Hash,
        /// The error of the pallet.
        why: String,
    },
    /// The transaction is not final.
    #[error("the transaction was not final within {} s; it may still become so", FINAL_LIMIT.as_secs())]
    Late,
}

/// The error of a client. Of what a node refuses, the reason is in the data.
fn of_client(error: impl Into<subxt::Error>) -> TransactionError {
    let error = match error.into() {
        subxt::Error::OtherRpcClientError(error)
        | subxt::Error::ExtrinsicError(ExtrinsicError::ErrorSubmittingTransaction(
            BackendError::Rpc(RpcError::ClientError(error)),
        )) => error,
        other => return TransactionError::Client(Box::new(other)),
    };
    match error {
        rpcs::Error::User(refusal) => TransactionError::Refused(match refusal.data {
            Some(data) => format!("{}: {}", refusal.message, data.get()),
            None => refusal.message,
        }),
        other => TransactionError::Rpc(other),
    }
}

/// A connection to a node.
pub struct Node {
    rpc: RpcClient,
    api: OnlineClient<Config>,
}

impl Node {
    /// Connect to the node whose JSON-RPC is at `url`, `http://…` or `ws://…`.
    ///
    /// # Errors
    ///
    /// It cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, TransactionError> {
        let client = WsClientBuilder::default()
            .request_timeout(REQUEST_LIMIT)
            .max_request_size(MAX_MESSAGE_BYTES)
            .max_response_size(MAX_MESSAGE_BYTES)
            .build(socket_url(url))
            .await
            .map_err(|error| of_client(rpcs::Error::from(error)))?;
        let rpc = RpcClient::new(client);
        // The older methods: what a client follows by `chainHead_v1_follow` ends when the node imports blocks in bulk, and with it the
        // watch of a transaction.
        let backend = LegacyBackend::<Config>::builder().build(rpc.clone());
        // No chain of ours has blocks of the time before metadata described their types.
        let config = Config::builder().use_historic_types(false).build();
        let api = OnlineClient::from_backend_with_config(config, Arc::new(backend)).await;
        Ok(Self {
            rpc,
            api: api.map_err(of_client)?,
        })
    }

    /// Ask the node.
    ///
    /// # Errors
    ///
    /// It does not answer, or refuses, or the answer is of another type.
    pub async fn request<T: DeserializeOwned>(
        &self,
        method: &str,
        params: RpcParams,
    ) -> Result<T, TransactionError> {
        self.rpc.request(method, params).await.map_err(of_client)
    }

    /// Whether the chain's runtime has a pallet of this name.
    ///
    /// # Errors
    ///
    /// The node does not answer.
    pub async fn has_pallet(&self, name: &str) -> Result<bool, TransactionError> {
        let at = self.api.at_current_block().await.map_err(of_client)?;
        Ok(at.metadata_ref().pallet_by_name(name).is_some())
    }

    /// A transaction of this signer's, its next one, valid for ever.
    ///
    /// # Errors
    ///
    /// The node does not answer, or the chain has no such call.
    pub async fn sign(
        &self,
        call: &Call,
        signer: &sr25519::Pair,
    ) -> Result<Signed, TransactionError> {
        // Of the pool, not of the last block: an account may have several transactions on the way.
        let account = AccountId::from(signer.public());
        let nonce: u64 = self
            .request("system_accountNextIndex", rpc_params![account])
            .await?;
        let at = self.api.at_current_block().await.map_err(of_client)?;
        let payload = call.payload(at.metadata_ref())?;
        let params = DefaultExtrinsicParamsBuilder::new()
            .nonce(nonce)
            .immortal()
            .build();
        let mut signable = at
            .tx()
            .create_signable_offline(&payload, params)
            .map_err(of_client)?;
        Ok(Signed {
            rpc: self.rpc.clone(),
            transaction: signable.sign(&SignedBy(signer)).map_err(of_client)?,
        })
    }
}

/// A signed transaction, and the node that is to have it.
pub struct Signed {
    rpc: RpcClient,
    transaction: SubmittableTransaction<Config, OnlineClientAtBlockImpl<Config>>,
}

impl Signed {
    /// Put it into the node's pool.
    ///
    /// # Errors
    ///
    /// The node does not answer, or does not take it.
    pub async fn submit(&self) -> Result<(), TransactionError> {
        let bytes = Bytes(self.transaction.encoded().to_vec());
        let submitted = self
            .rpc
            .request("author_submitExtrinsic", rpc_params![bytes])
            .await;
        let _: Hash = submitted.map_err(of_client)?;
        Ok(())
    }

    /// Put it into the node's pool, and wait until it is final and has succeeded. Returns the block in which it is.
    ///
    /// # Errors
    ///
    /// The node does not take it or loses sight of it, it fails, or it is not final in time.
    pub async fn submit_and_wait(&self) -> Result<Hash, TransactionError> {
        let outcome = tokio::time::timeout(FINAL_LIMIT, self.outcome()).await;
        outcome.unwrap_or(Err(TransactionError::Late))
    }

    async fn outcome(&self) -> Result<Hash, TransactionError> {
        let progress = self.transaction.submit_and_watch().await;
        let progress = progress.map_err(of_client)?;
        let lost = |error: TransactionProgressError| TransactionError::Lost(Box::new(error.into()));
        let included = progress.wait_for_finalized().await.map_err(lost)?;
        let block = Hash::from(included.block_hash().0);
        match included.wait_for_success().await {
            Ok(_) => Ok(block),
            Err(TransactionEventsError::ExtrinsicFailed(error)) => Err(TransactionError::Failed {
                block,
                // The pallet's own name of it, if it has one.
                why: match error {
                    DispatchError::Module(error) => error.details_string(),
                    other => other.to_string(),
                },
            }),
            Err(other) => Err(of_client(other)),
        }
    }
}

/// A key pair as the client takes it.
struct SignedBy<'a>(&'a sr25519::Pair);

impl Signer<Config> for SignedBy<'_> {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.0.public().0)
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.0.sign(payload).0)
    }
}

/// The address of a node's JSON-RPC for a connection that stays, over which the node tells what becomes of a transaction. It serves both
/// kinds at one port.
fn socket_url(url: &str) -> String {
    match url.split_once("://") {
        Some(("http", rest)) => format!("ws://{rest}"),
        Some(("https", rest)) => format!("wss://{rest}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_stays_has_the_same_host_and_port() {
        for (url, expected) in [
            ("http://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("https://hub.example/rpc", "wss://hub.example/rpc"),
            ("ws://[::1]:9944", "ws://[::1]:9944"),
            ("wss://hub.example", "wss://hub.example"),
            ("127.0.0.1:9944", "127.0.0.1:9944"),
        ] {
            assert_eq!(socket_url(url), expected);
        }
    }

    #[tokio::test]
    async fn nobody_at_an_address_is_an_error() {
        // Nobody listens at port 0, and it is no address for another protocol.
        for url in ["http://127.0.0.1:0", "ftp://127.0.0.1", "127.0.0.1:9944"] {
            assert!(matches!(
                Node::connect(url).await,
                Err(TransactionError::Rpc(_))
            ));
        }
    }

    #[test]
    fn a_refusal_has_its_reason() {
        let refusal = |data: Option<&str>| rpcs::UserError {
            code: 1010,
            message: "Invalid Transaction".into(),
            data: data.and_then(|data| rpcs::client::RawValue::from_string(data.into()).ok()),
        };
        let said = |data| of_client(rpcs::Error::from(refusal(data))).to_string();
        assert_eq!(said(None), "it refuses: Invalid Transaction");
        assert_eq!(
            said(Some("\"too poor\"")),
            "it refuses: Invalid Transaction: \"too poor\""
        );
        let submitting = ExtrinsicError::ErrorSubmittingTransaction(BackendError::from(
            rpcs::Error::from(refusal(None)),
        ));
        assert!(matches!(
            of_client(submitting),
            TransactionError::Refused(_)
        ));
    }
}
