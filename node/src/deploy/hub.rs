// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Transactions at the hub, until they are final.

use codec::{Decode, Encode};
use frame_system::{CheckNonce, EventRecord, Phase};
use hansa_primitives::{AccountId, BlockNumber, Hash, Header};
use hansa_runtime_common::transactions::authorized;
use hansa_runtime_hub::{
    Runtime, RuntimeCall, RuntimeError, RuntimeEvent, SignedPayload, UncheckedExtrinsic, VERSION,
};
use jsonrpsee::{
    core::client::{ClientT, Error as RpcError},
    http_client::{HttpClient, HttpClientBuilder},
    rpc_params,
};
use serde_json::Value;
use sp_core::{sr25519, Bytes, Pair};
use sp_crypto_hashing::twox_128;
use sp_runtime::MultiSignature;
use std::time::{Duration, Instant};

/// How long a node may take for an answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// The largest request: the largest block as hex, and some.
const MAX_REQUEST_BYTES: u32 = 16 * 1024 * 1024;

/// How long a transaction may take to be final.
const FINAL_LIMIT: Duration = Duration::from_secs(120);

/// How often one looks.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Why the hub did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// It does not answer, or refuses.
    #[error("the hub's node: {0}")]
    Rpc(#[from] RpcError),
    /// It runs another runtime.
    #[error("the hub runs {found}, and this binary knows {expected}: use the binary of the hub's version")]
    Version {
        /// The name and version of the hub's.
        found: String,
        /// And of this binary's.
        expected: String,
    },
    /// The chain's data are malformed.
    #[error("the hub's node answers with what cannot be read: {0}")]
    Malformed(&'static str),
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

/// A connection to a node of the hub, and who signs.
pub struct Hub {
    client: HttpClient,
    signer: sr25519::Pair,
    genesis: Hash,
}

/// A block, as far as it matters here.
#[derive(serde::Deserialize)]
struct SignedBlock {
    block: Block,
}

/// See [`SignedBlock`].
#[derive(serde::Deserialize)]
struct Block {
    header: Header,
    extrinsics: Vec<Bytes>,
}

impl Hub {
    /// Connect, and check that it is a hub of the version that this binary knows.
    pub async fn connect(url: &str, signer: sr25519::Pair) -> Result<Self, HubError> {
        let client = HttpClientBuilder::default()
            .request_timeout(REQUEST_LIMIT)
            .max_request_size(MAX_REQUEST_BYTES)
            .max_response_size(MAX_REQUEST_BYTES)
            .build(url)?;
        let version: Value = client
            .request("state_getRuntimeVersion", rpc_params![])
            .await?;
        let found = (
            version["specName"].as_str(),
            version["specVersion"].as_u64(),
        );
        if found
            != (
                Some(VERSION.spec_name.as_ref()),
                Some(VERSION.spec_version.into()),
            )
        {
            return Err(HubError::Version {
                found: format!("{} {}", found.0.unwrap_or("?"), found.1.unwrap_or_default()),
                expected: format!("{} {}", VERSION.spec_name, VERSION.spec_version),
            });
        }
        let genesis: Option<Hash> = client.request("chain_getBlockHash", rpc_params![0]).await?;
        Ok(Self {
            client,
            signer,
            genesis: genesis.ok_or(HubError::Malformed("there is no block 0"))?,
        })
    }

    /// Whether the hub has the bytes of a code.
    pub async fn has_code(&self, hash: Hash) -> Result<bool, HubError> {
        let mut prefix = [twox_128(b"Preimage"), twox_128(b"PreimageFor")].concat();
        prefix.extend(hash.as_bytes());
        let keys: Vec<Bytes> = self
            .client
            .request("state_getKeysPaged", rpc_params![Bytes(prefix), 1])
            .await?;
        Ok(!keys.is_empty())
    }

    /// Store a code. It is the block in which that is final.
    pub async fn store_code(&self, code: Vec<u8>) -> Result<Hash, HubError> {
        let call = pallet_preimage::Call::<Runtime>::note_preimage { bytes: code };
        self.submit(call.into()).await
    }

    /// What the hub says of a chain, as JSON.
    pub async fn chain(&self, name: &str) -> Result<Value, HubError> {
        Ok(self
            .client
            .request("dappChains_get", rpc_params![name])
            .await?)
    }

    /// Sign and submit a call, and wait until it is final and has succeeded. It is the block in which it is.
    pub async fn submit(&self, call: RuntimeCall) -> Result<Hash, HubError> {
        let account = AccountId::from(self.signer.public());
        let nonce: u32 = self
            .client
            .request("system_accountNextIndex", rpc_params![account])
            .await?;
        let mut next = self.finalized().await?.number;
        let extrinsic = self.sign(call, nonce).encode();
        let bytes = Bytes(extrinsic.clone());
        let _: Hash = self
            .client
            .request("author_submitExtrinsic", rpc_params![bytes])
            .await?;
        let deadline = Instant::now() + FINAL_LIMIT;
        while Instant::now() < deadline {
            let last = self.finalized().await?.number;
            while next <= last {
                if let Some(block) = self.find(next, &extrinsic).await? {
                    return Ok(block);
                }
                next = next.saturating_add(1);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Err(HubError::Late)
    }

    fn sign(&self, call: RuntimeCall, nonce: u32) -> UncheckedExtrinsic {
        let mut extension = authorized::<Runtime>();
        extension.6 = CheckNonce::from(nonce);
        // What is signed and not sent, as the chain knows it itself.
        let (spec, transaction) = (VERSION.spec_version, VERSION.transaction_version);
        let genesis = self.genesis;
        let implicit = (
            (),
            (),
            spec,
            transaction,
            genesis,
            genesis,
            (),
            (),
            (),
            None,
            (),
        );
        let payload = SignedPayload::from_raw(call.clone(), extension.clone(), implicit);
        let signature = payload.using_encoded(|bytes| self.signer.sign(bytes));
        let account = AccountId::from(self.signer.public());
        let signature = MultiSignature::Sr25519(signature);
        UncheckedExtrinsic::new_signed(call, account.into(), signature, extension)
    }

    async fn finalized(&self) -> Result<Header, HubError> {
        let hash: Hash = self
            .client
            .request("chain_getFinalizedHead", rpc_params![])
            .await?;
        let header: Option<Header> = self
            .client
            .request("chain_getHeader", rpc_params![hash])
            .await?;
        header.ok_or(HubError::Malformed("the final block has no header"))
    }

    /// The block of this number, if the extrinsic is in it; an error if it failed there.
    async fn find(&self, number: BlockNumber, extrinsic: &[u8]) -> Result<Option<Hash>, HubError> {
        let hash: Option<Hash> = self
            .client
            .request("chain_getBlockHash", rpc_params![number])
            .await?;
        let hash = hash.ok_or(HubError::Malformed("a final block has no hash"))?;
        let block: Option<SignedBlock> = self
            .client
            .request("chain_getBlock", rpc_params![hash])
            .await?;
        let block = block
            .ok_or(HubError::Malformed("a final block is not there"))?
            .block;
        debug_assert_eq!(block.header.number, number);
        let at = block.extrinsics.iter().position(|e| e.0 == extrinsic);
        let Some(at) = at else { return Ok(None) };
        match self.failure(hash, at as u32).await? {
            Some(why) => Err(HubError::Failed { block: hash, why }),
            None => Ok(Some(hash)),
        }
    }

    /// Why an extrinsic of a block failed, if it did.
    async fn failure(&self, block: Hash, at: u32) -> Result<Option<String>, HubError> {
        let key = Bytes([twox_128(b"System"), twox_128(b"Events")].concat());
        let events: Option<Bytes> = self
            .client
            .request("state_getStorage", rpc_params![key, block])
            .await?;
        let events = events.ok_or(HubError::Malformed("a block has no events"))?;
        let events = Vec::<EventRecord<RuntimeEvent, Hash>>::decode(&mut &events.0[..])
            .map_err(|_| HubError::Malformed("the events of a block"))?;
        let own = events
            .into_iter()
            .filter(|record| record.phase == Phase::ApplyExtrinsic(at));
        for record in own {
            if let RuntimeEvent::System(frame_system::Event::ExtrinsicFailed {
                dispatch_error,
                ..
            }) = record.event
            {
                // The pallet's own name of it, if it has one.
                let named = RuntimeError::from_dispatch_error(dispatch_error);
                return Ok(Some(match named {
                    Some(error) => format!("{error:?}"),
                    None => format!("{dispatch_error:?}"),
                }));
            }
        }
        Ok(None)
    }
}
