// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a local network asks its nodes.

use codec::{Decode, DecodeAll, Encode};
use hansa_primitives::{AccountId, Balance, BlockNumber, Hash, Header};
use hansa_rpc::chains::OwnChainInfo;
use jsonrpsee::{
    core::client::{ClientT, Error},
    http_client::{HttpClient, HttpClientBuilder},
    rpc_params,
};
use sp_core::Bytes;
use sp_crypto_hashing::{blake2_128, twox_128};
use std::time::Duration;

/// How long a node may take for an answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// A connection to a node.
pub struct NodeClient {
    http: HttpClient,
    url: String,
}

/// The beginning of an account's record in `frame_system`: all up to the free balance.
#[derive(Decode)]
struct AccountRecord {
    _nonce: u32,
    _consumers: u32,
    _providers: u32,
    _sufficients: u32,
    free: Balance,
}

impl NodeClient {
    /// A client of the server at `url` (`http://…`). Nothing is sent yet.
    pub fn new(url: &str) -> Result<Self, Error> {
        let http = HttpClientBuilder::default()
            .request_timeout(REQUEST_LIMIT)
            .build(url)?;
        Ok(Self {
            http,
            url: url.into(),
        })
    }

    /// Where the server is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of the last final block.
    pub async fn finalized_number(&self) -> Result<BlockNumber, Error> {
        let hash: Hash = self
            .http
            .request("chain_getFinalizedHead", rpc_params![])
            .await?;
        let header: Option<Header> = self
            .http
            .request("chain_getHeader", rpc_params![hash])
            .await?;
        Ok(header.map_or(0, |header| header.number))
    }

    /// The hash of the genesis block.
    pub async fn genesis(&self) -> Result<Option<Hash>, Error> {
        self.http
            .request("chain_getBlockHash", rpc_params![0])
            .await
    }

    /// The last final block.
    pub async fn finalized(&self) -> Result<Option<(Hash, Header)>, Error> {
        let hash: Hash = self
            .http
            .request("chain_getFinalizedHead", rpc_params![])
            .await?;
        let header: Option<Header> = self
            .http
            .request("chain_getHeader", rpc_params![hash])
            .await?;
        Ok(header.map(|header| (hash, header)))
    }

    /// The header of the block of a height; none if the node does not have it.
    pub async fn header_at(&self, height: BlockNumber) -> Result<Option<Header>, Error> {
        let hash: Option<Hash> = self
            .http
            .request("chain_getBlockHash", rpc_params![height])
            .await?;
        match hash {
            Some(hash) => {
                self.http
                    .request("chain_getHeader", rpc_params![hash])
                    .await
            }
            None => Ok(None),
        }
    }

    /// The DappChains in the process of the node.
    pub async fn own_chains(&self) -> Result<Vec<OwnChainInfo>, Error> {
        self.http.request("hansa_chains", rpc_params![]).await
    }

    /// What the runtime answers to a call of its API, in the state of a block.
    pub async fn ask<T: Decode>(
        &self,
        function: &str,
        argument: &impl Encode,
        at: Hash,
    ) -> Result<T, Error> {
        let argument = Bytes(argument.encode());
        let answer: Bytes = self
            .http
            .request("state_call", rpc_params![function, argument, at])
            .await?;
        T::decode_all(&mut &answer[..])
            .map_err(|e| Error::Custom(format!("the answer to {function} is malformed: {e}")))
    }

    /// The free balance of an account; 0 if there is no such account.
    pub async fn free_balance(&self, account: &AccountId) -> Result<Balance, Error> {
        let key = Bytes(account_key(account));
        let value: Option<Bytes> = self
            .http
            .request("state_getStorage", rpc_params![key])
            .await?;
        let record = value.and_then(|bytes| AccountRecord::decode(&mut &bytes[..]).ok());
        Ok(record.map_or(0, |record| record.free))
    }
}

/// The key of `System::Account`.
fn account_key(account: &AccountId) -> Vec<u8> {
    let id: &[u8] = account.as_ref();
    [
        &twox_128(b"System")[..],
        &twox_128(b"Account"),
        &blake2_128(id),
        id,
    ]
    .concat()
}
