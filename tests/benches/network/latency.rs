// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Latency at light load: one transfer at a time.

use crate::{millis, senders::Connected, Bench};
use anyhow::{bail, Context, Result};
use hansa_e2e::rpc::Rpc;
use rand::Rng;
use serde_json::{json, Value};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Transfers that are sent first and not counted: caches are cold.
const WARM_UP: usize = 10;

/// The pause between two transfers is random up to this, so that they do not keep step with blocks.
const MAX_PAUSE_MS: u64 = 500;

/// What was measured.
pub struct Latency {
    in_block: Vec<Duration>,
    finalised: Vec<Duration>,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            f,
            "| light load, {} transfers | p50 | p99 |",
            self.in_block.len()
        )?;
        writeln!(f, "| --- | ---: | ---: |")?;
        for (name, times) in [
            ("submitted → in block", &self.in_block),
            ("submitted → final", &self.finalised),
        ] {
            let (median, worst) = (percentile(times, 50), percentile(times, 99));
            writeln!(
                f,
                "| {name} | {:.0} ms | {:.0} ms |",
                millis(median),
                millis(worst)
            )?;
        }
        Ok(())
    }
}

impl Latency {
    /// The time to finality below which `percent` of the transfers are.
    pub fn finalised(&self, percent: usize) -> Duration {
        percentile(&self.finalised, percent)
    }
}

/// The value below which `percent` of the sorted `times` lie.
pub fn percentile(times: &[Duration], percent: usize) -> Duration {
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).copied().unwrap_or_default()
}

/// Send `count` transfers, one after the other, through the nodes in turn.
pub async fn measure(bench: &Bench, senders: &mut Connected, count: usize) -> Result<Latency> {
    let signed = senders.sign(WARM_UP + count, bench.nodes.len())?;
    let mut latency = Latency {
        in_block: Vec::new(),
        finalised: Vec::new(),
    };
    for (i, transaction) in signed.iter().enumerate() {
        let (in_block, finalised) = watch(&bench.nodes[transaction.node], &transaction.hex).await?;
        if i >= WARM_UP {
            latency.in_block.push(in_block);
            latency.finalised.push(finalised);
        }
        let pause = rand::thread_rng().gen_range(0..MAX_PAUSE_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    latency.in_block.sort();
    latency.finalised.sort();
    Ok(latency)
}

/// Submit a transaction and watch it: how long until it is in a block, and until it is final.
async fn watch(rpc: &Rpc, transaction: &str) -> Result<(Duration, Duration)> {
    let start = Instant::now();
    let params = vec![json!(transaction)];
    let mut updates = rpc
        .subscribe(
            "author_submitAndWatchExtrinsic",
            params,
            "author_unwatchExtrinsic",
        )
        .await?;
    let mut in_block = None;
    loop {
        let next = tokio::time::timeout(hansa_e2e::wait::DEADLINE, updates.next()).await;
        let status: Value = next
            .context("a transfer is not final")?
            .context("no more updates")??;
        if status.get("inBlock").is_some() {
            in_block.get_or_insert(start.elapsed());
        } else if status.get("finalized").is_some() {
            let finalised = start.elapsed();
            return Ok((in_block.unwrap_or(finalised), finalised));
        } else if [
            "dropped",
            "invalid",
            "usurped",
            "finalityTimeout",
            "retracted",
        ]
        .iter()
        .any(|bad| status == *bad || status.get(*bad).is_some())
        {
            bail!("a transfer at light load became {status}");
        }
    }
}
