// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What clients saw final: a watch of the final heads of several nodes, which goes on over crashes
//! and restarts. Nothing that it has seen may ever be undone, and no two nodes may tell it of
//! different blocks at one height.

use crate::{rpc::Head, rpc::Rpc, wait_for, Node};
use anyhow::{bail, ensure, Context, Result};
use hansa_primitives::Header;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// How long a client waits before it tries to connect again.
const RECONNECT: Duration = Duration::from_millis(200);

/// What was seen.
#[derive(Default)]
struct Seen {
    /// The final blocks by number, with the URL of the node that was first to tell.
    blocks: BTreeMap<u32, (sp_core::H256, String)>,
    /// Pairs of different blocks at one height.
    forks: Vec<String>,
}

impl Seen {
    fn add(&mut self, head: Head, url: &str) {
        let known = self
            .blocks
            .entry(head.number)
            .or_insert_with(|| (head.hash, url.to_string()));
        if known.0 != head.hash {
            let fork = format!("{url} tells {head:?} final, {} told {:?}", known.1, known.0);
            self.forks.push(fork);
        }
    }
}

/// Watches the final heads of nodes until it is dropped.
pub struct Watch {
    seen: Arc<Mutex<Seen>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    /// Watch these nodes.
    pub fn of(nodes: &[Node]) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let tasks = nodes
            .iter()
            .map(|node| tokio::spawn(watch(node.url(), seen.clone())))
            .collect();
        Self { seen, tasks }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The highest block that any client saw final.
    pub fn highest(&self) -> Option<Head> {
        let seen = self.seen();
        let (number, (hash, _)) = seen.blocks.last_key_value()?;
        Some(Head {
            number: *number,
            hash: *hash,
        })
    }

    /// Its number; 0 if there was none.
    pub fn height(&self) -> u32 {
        self.highest().map_or(0, |head| head.number)
    }

    /// Wait until a client saw a block of at least this number final.
    pub async fn wait_height(&self, number: u32) -> Result<()> {
        let what = format!("a client to see block {number} final");
        wait_for(&what, || async { Ok(self.height() >= number) }).await
    }

    /// Check that no two nodes told of different blocks, and that each of these nodes has everything
    /// that was ever seen final.
    pub async fn assert_kept_by(&self, nodes: &[Node]) -> Result<()> {
        let (blocks, forks) = {
            let seen = self.seen();
            (seen.blocks.clone(), seen.forks.clone())
        };
        ensure!(forks.is_empty(), "a fork:\n{}", forks.join("\n"));
        let last = blocks.last_key_value().map_or(0, |(number, _)| *number);
        for node in nodes {
            let name = &node.config.name;
            node.wait_finalized(last).await?;
            let rpc = node.rpc().await?;
            for (number, (hash, _)) in &blocks {
                let found = rpc.block_hash(*number).await?;
                if found != Some(*hash) {
                    bail!("a client saw block {number} {hash:?} final; {name} has {found:?}");
                }
            }
        }
        println!(
            "clients saw {} blocks final, up to {last}; all are kept",
            blocks.len()
        );
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Watch one node for ever; connect again when the connection ends.
async fn watch(url: String, seen: Arc<Mutex<Seen>>) {
    loop {
        // An error is the end of a connection: the node was stopped or is not there yet.
        let _ = follow(&url, &seen).await;
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Watch one node until the connection ends.
async fn follow(url: &str, seen: &Mutex<Seen>) -> Result<()> {
    let rpc = Rpc::connect(url).await?;
    let (subscribe, unsubscribe) = (
        "chain_subscribeFinalizedHeads",
        "chain_unsubscribeFinalizedHeads",
    );
    let mut heads = rpc.subscribe(subscribe, vec![], unsubscribe).await?;
    while let Some(header) = heads.next().await {
        let header: Header = serde_json::from_value(header?).context("no header")?;
        let head = Head {
            number: header.number,
            hash: header.hash(),
        };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.add(head, url);
    }
    Ok(())
}
