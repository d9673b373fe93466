// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A stream of transfers that goes on while nodes come and go: clients that, like those of an
//! application, send again what got lost, through whatever node answers.

use crate::{
    client::{self, Account},
    rpc::{hex, Rpc},
    Node,
};
use anyhow::{ensure, Result};
use serde_json::json;
use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    time::Duration,
};
use subxt::{client::OnlineClientAtBlock, config::DefaultExtrinsicParamsBuilder, PolkadotConfig};
use subxt_signer::sr25519::{dev, Keypair};
use tokio::task::JoinHandle;

/// How long a client pauses between two batches.
const PAUSE: Duration = Duration::from_millis(100);

/// How many transfers go in a batch.
const BATCH: u32 = 4;

/// How many transfers of one sender may be under way.
const WINDOW: u32 = 40;

/// How long an answer may take before the client turns to another node: one may be frozen.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a transfer moves.
const AMOUNT: u128 = client::UNIT / 1_000;

/// Clients that send transfers until this is dropped.
pub struct Load {
    tasks: Vec<JoinHandle<()>>,
    sent: Arc<AtomicUsize>,
}

/// One client.
struct Sender {
    pair: Keypair,
    receiver: Account,
    at: OnlineClientAtBlock<PolkadotConfig>,
    urls: Vec<String>,
    /// The node that is in use.
    node: usize,
    sent: Arc<AtomicUsize>,
}

impl Load {
    /// Start one client for each of these nodes (at most four), which turns to the others when its
    /// own does not answer.
    pub async fn start(nodes: &[Node]) -> Result<Self> {
        let pairs = [dev::alice(), dev::bob(), dev::charlie(), dev::dave()];
        ensure!(!nodes.is_empty(), "no node to send to");
        let urls: Vec<_> = nodes.iter().map(Node::url).collect();
        let at = nodes[0].client().await?.at_current_block().await?;
        let sent = Arc::<AtomicUsize>::default();
        let tasks = pairs.into_iter().take(nodes.len()).enumerate();
        let tasks = tasks.map(|(node, pair)| {
            let sender = Sender {
                pair,
                receiver: client::account(&client::keypair("//Load")),
                at: at.clone(),
                urls: urls.clone(),
                node,
                sent: sent.clone(),
            };
            tokio::spawn(sender.run())
        });
        let tasks = tasks.collect();
        Ok(Self { tasks, sent })
    }

    /// How many transfers nodes have taken.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Sender {
    async fn run(mut self) {
        loop {
            // It ends when the node does, or does not answer: then the next one.
            let _ = self.send_to(self.node).await;
            self.node = (self.node + 1) % self.urls.len();
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send_to(&self, node: usize) -> Result<()> {
        let rpc = patient(Rpc::connect(&self.urls[node])).await?;
        let account = client::account(&self.pair);
        loop {
            let method = "AccountNonceApi_account_nonce";
            let settled: u32 = patient(rpc.runtime(method, &account.0, None)).await?;
            let params = vec![json!(account.to_string())];
            let next = patient(rpc.call("system_accountNextIndex", params)).await?;
            let next = u32::try_from(next.as_u64().unwrap_or(0))?.max(settled);
            let end = next
                .saturating_add(BATCH)
                .min(settled.saturating_add(WINDOW));
            for nonce in next..end {
                let transfer = hex(&self.sign(nonce)?);
                patient(rpc.submit(transfer)).await?;
                self.sent.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn sign(&self, nonce: u32) -> Result<Vec<u8>> {
        let params = DefaultExtrinsicParamsBuilder::new()
            .nonce(nonce.into())
            .immortal()
            .build();
        let call = client::transfer(&self.receiver, AMOUNT);
        let transactions = self.at.transactions();
        let signed = transactions
            .create_signable_offline(&call, params)?
            .sign(&self.pair)?;
        Ok(signed.into_encoded())
    }
}

/// The outcome of `work`, or an error if it takes too long.
async fn patient<T>(work: impl std::future::Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, work).await?
}
