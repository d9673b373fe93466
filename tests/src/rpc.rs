// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! JSON-RPC: plain calls, heads, and bytes that are no JSON-RPC at all.

use anyhow::{anyhow, bail, Context, Result};
use codec::Decode;
use jsonrpsee::{
    core::client::{ClientT, Error, Subscription, SubscriptionClientT},
    types::ErrorObjectOwned,
    ws_client::{WsClient, WsClientBuilder},
};
use serde_json::{json, Value};
use sp_core::H256;
use std::{future::Future, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The largest request that a client sends: a runtime as hex fits.
const MAX_REQUEST_BYTES: u32 = 32 * 1024 * 1024;

/// A block's number and hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The number.
    pub number: u32,
    /// The hash.
    pub hash: H256,
}

/// A WebSocket connection to a node.
#[derive(Clone)]
pub struct Rpc(Arc<WsClient>);

impl Rpc {
    /// Connect.
    pub async fn connect(url: &str) -> Result<Self> {
        let builder = WsClientBuilder::default()
            .request_timeout(crate::wait::DEADLINE)
            .max_request_size(MAX_REQUEST_BYTES)
            .max_response_size(MAX_REQUEST_BYTES)
            .max_concurrent_requests(1 << 16)
            .max_buffer_capacity_per_subscription(1 << 16);
        Ok(Self(Arc::new(builder.build(url).await?)))
    }

    /// Call a method.
    pub async fn call(&self, method: &str, params: Vec<Value>) -> Result<Value> {
        self.0
            .request(method, params)
            .await
            .with_context(|| method.to_string())
    }

    /// Call a method that must be answered with an error, and return that.
    pub async fn call_error(&self, method: &str, params: Vec<Value>) -> Result<ErrorObjectOwned> {
        match self.0.request::<Value, _>(method, params).await {
            Err(Error::Call(error)) => Ok(error),
            Err(other) => Err(anyhow!("{method}: {other}")),
            Ok(value) => bail!("{method} should have failed, and answered {value}"),
        }
    }

    /// Submit a transaction, given in hex. The future owns all it needs, so that many can run at once.
    pub fn submit(&self, transaction: String) -> impl Future<Output = Result<Value>> + 'static {
        let rpc = self.clone();
        async move {
            rpc.call("author_submitExtrinsic", vec![json!(transaction)])
                .await
        }
    }

    /// Subscribe: `subscribe` and `unsubscribe` are the names of the two methods.
    pub async fn subscribe(
        &self,
        subscribe: &str,
        params: Vec<Value>,
        unsubscribe: &str,
    ) -> Result<Subscription<Value>> {
        Ok(self.0.subscribe(subscribe, params, unsubscribe).await?)
    }

    /// The highest final block.
    pub async fn finalized(&self) -> Result<Head> {
        let hash = hash_of(&self.call("chain_getFinalizedHead", vec![]).await?)?;
        Ok(Head {
            number: self.number_of(hash).await?,
            hash,
        })
    }

    /// The best block.
    pub async fn best(&self) -> Result<Head> {
        let hash = hash_of(&self.call("chain_getBlockHash", vec![]).await?)?;
        Ok(Head {
            number: self.number_of(hash).await?,
            hash,
        })
    }

    /// The hash of the block of this number on the best chain, if there is one.
    pub async fn block_hash(&self, number: u32) -> Result<Option<H256>> {
        let answer = self.call("chain_getBlockHash", vec![json!(number)]).await?;
        (!answer.is_null()).then(|| hash_of(&answer)).transpose()
    }

    /// The hash of the genesis block.
    pub async fn genesis(&self) -> Result<H256> {
        self.block_hash(0)
            .await?
            .context("a chain has a genesis block")
    }

    /// The number of a block.
    pub async fn number_of(&self, hash: H256) -> Result<u32> {
        number_of(&self.call("chain_getHeader", vec![json!(hash)]).await?)
    }

    /// The extrinsics of a block, as bytes.
    pub async fn extrinsics(&self, hash: H256) -> Result<Vec<Vec<u8>>> {
        let block = self.call("chain_getBlock", vec![json!(hash)]).await?;
        let list = block.pointer("/block/extrinsics").and_then(Value::as_array);
        list.context("a block has extrinsics")?
            .iter()
            .map(bytes_of)
            .collect()
    }

    /// Call a runtime API at a block (the best one if none is given) and decode what it returns.
    pub async fn runtime<T: Decode>(
        &self,
        method: &str,
        arguments: &[u8],
        at: Option<H256>,
    ) -> Result<T> {
        let mut params = vec![json!(method), json!(hex(arguments))];
        params.extend(at.map(|hash| json!(hash)));
        let answer = bytes_of(&self.call("state_call", params).await?)?;
        Ok(T::decode(&mut &answer[..])?)
    }

    /// The value under a storage key at the best block.
    pub async fn storage(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let answer = self.call("state_getStorage", vec![json!(hex(key))]).await?;
        (!answer.is_null()).then(|| bytes_of(&answer)).transpose()
    }

    /// How many peers the node is connected to.
    pub async fn peers(&self) -> Result<u64> {
        let health = self.call("system_health", vec![]).await?;
        health["peers"]
            .as_u64()
            .with_context(|| format!("no number of peers in {health}"))
    }
}

/// Bytes as JSON-RPC writes them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("0x"), |text, byte| {
        text + &format!("{byte:02x}")
    })
}

/// The bytes that a string of hex digits stands for.
pub fn bytes_of(value: &Value) -> Result<Vec<u8>> {
    let text = value
        .as_str()
        .with_context(|| format!("{value} is no string"))?;
    Ok(sp_core::bytes::from_hex(text)?)
}

/// The hash that a string of hex digits stands for.
pub fn hash_of(value: &Value) -> Result<H256> {
    let bytes = bytes_of(value)?;
    if bytes.len() != 32 {
        bail!("{value} is no hash");
    }
    Ok(H256::from_slice(&bytes))
}

/// The number in a header as JSON-RPC writes it.
pub fn number_of(header: &Value) -> Result<u32> {
    let text = header["number"]
        .as_str()
        .with_context(|| format!("no number in {header}"))?;
    Ok(u32::from_str_radix(text.trim_start_matches("0x"), 16)?)
}

/// Send `body` as it is in an HTTP POST, and return the status and the body of the answer. A server
/// that closes the connection without an answer gives status 0.
pub async fn post(port: u16, body: &[u8]) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(crate::wait::DEADLINE, read)
        .await
        .context("no answer")?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split_whitespace()
        .nth(1)
        .and_then(|s| s.parse().ok())
        .unwrap_or(0);
    let text = answer.split_once("\r\n\r\n").map_or("", |(_, text)| text);
    Ok((status, text.to_string()))
}
