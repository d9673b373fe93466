// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Throughput: which rate of transfers the network keeps up with, and what it costs.

use crate::{
    micros, millis,
    senders::{Connected, Signed},
    Bench,
};
use anyhow::{ensure, Result};
use codec::{Compact, Decode};
use hansa_e2e::{process, rpc::Rpc};
use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};

/// How often a portion of transfers is sent.
const TICK: Duration = Duration::from_millis(20);

/// A rate holds if at least this share of what was offered is final when the time is over.
const HOLDS: f64 = 0.95;

/// How long the network may take to work off what is left after a run.
const DRAIN: Duration = Duration::from_secs(60);

/// What to try.
pub struct Plan {
    /// Rates in transfers per second, ascending.
    pub rates: Vec<u32>,
    /// How long each is tried.
    pub probe: Duration,
    /// How long the highest that held is sustained.
    pub sustain: Duration,
}

/// One run at one rate.
pub struct Run {
    rate: u32,
    offered: usize,
    refused: usize,
    finalised: usize,
    blocks: u32,
    elapsed: Duration,
    cpu: Duration,
    client_cpu: Duration,
}

impl Run {
    /// Final transfers per second.
    pub fn rate_final(&self) -> f64 {
        self.finalised as f64 / self.elapsed.as_secs_f64()
    }

    /// The share of one core that all nodes used, in percent.
    pub fn cpu_percent(&self) -> f64 {
        100.0 * self.cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }

    fn holds(&self) -> bool {
        self.finalised as f64 >= HOLDS * self.offered as f64
    }

    fn print(&self, verification: Duration) {
        let per_transfer = self
            .cpu
            .checked_div(self.finalised as u32)
            .unwrap_or_default();
        println!(
            "| {} | {:.0} s | {:.1} | {} | {} | {:.2} ms | {:.0} | {:.0} % | {:.0} % | {} |",
            self.rate,
            self.elapsed.as_secs_f64(),
            self.rate_final(),
            self.refused,
            self.blocks,
            millis(per_transfer),
            micros(per_transfer) / micros(verification),
            self.cpu_percent(),
            100.0 * self.client_cpu.as_secs_f64() / self.elapsed.as_secs_f64(),
            if self.holds() { "yes" } else { "no" },
        );
    }
}

/// Try the rates of the plan, then sustain the highest that held; print a table.
pub async fn measure(
    bench: &Bench,
    senders: &mut Connected,
    plan: &Plan,
    verification: Duration,
) -> Result<()> {
    println!(
        "| offered/s | for | final/s | refused | blocks | CPU per transfer, all nodes | × one \
         verification | CPU of nodes | CPU of client | holds |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    let mut held = Vec::new();
    for rate in &plan.rates {
        let run = one(bench, senders, *rate, plan.probe).await?;
        run.print(verification);
        if !run.holds() {
            break;
        }
        held.push(*rate);
    }
    while let Some(rate) = held.pop() {
        let run = one(bench, senders, rate, plan.sustain).await?;
        run.print(verification);
        if run.holds() {
            println!(
                "\nSustained for {:.0} s: {rate} transfers/s",
                run.elapsed.as_secs_f64()
            );
            return Ok(());
        }
    }
    println!("\nNo rate of the plan was sustained");
    Ok(())
}

/// Offer `rate` transfers per second for `window`, then let the network come to rest.
pub async fn one(
    bench: &Bench,
    senders: &mut Connected,
    rate: u32,
    window: Duration,
) -> Result<Run> {
    let offered = (f64::from(rate) * window.as_secs_f64()) as usize;
    let signed = senders.sign(offered, bench.nodes.len())?;
    let first = bench.nodes[0].finalized().await?.number;
    let (cpu, client_cpu) = (bench.cpu(), crate::machine::cpu_time(&[std::process::id()]));
    let start = Instant::now();
    let refused = offer(bench, signed, rate).await;
    tokio::time::sleep_until((start + window).into()).await;
    let elapsed = start.elapsed();
    let cpu = bench.cpu() - cpu;
    let client_cpu = crate::machine::cpu_time(&[std::process::id()]) - client_cpu;
    let last = bench.nodes[0].finalized().await?.number;
    let finalised = transfers(&bench.nodes[0], first, last).await?;
    rest(bench).await?;
    let refused = refused.load(Ordering::Relaxed);
    senders.resynchronise(&bench.nodes[0]).await?;
    Ok(Run {
        rate,
        offered,
        refused,
        finalised,
        blocks: last - first,
        elapsed,
        cpu,
        client_cpu,
    })
}

/// Submit the transfers, evenly spread; counts those that a node refuses.
async fn offer(bench: &Bench, signed: Vec<Signed>, rate: u32) -> Arc<AtomicUsize> {
    let refused = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut ticker = tokio::time::interval(TICK);
    let mut left = signed.into_iter();
    let mut sent = 0usize;
    loop {
        ticker.tick().await;
        let due = (start.elapsed().as_secs_f64() * f64::from(rate)) as usize;
        for transaction in left.by_ref().take(due.saturating_sub(sent)) {
            sent += 1;
            let submit = bench.nodes[transaction.node].submit(transaction.hex);
            let refused = refused.clone();
            tokio::spawn(async move {
                if submit.await.is_err() {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        if left.len() == 0 {
            return refused;
        }
    }
}

/// The number of signed transactions in the blocks after `first` up to `last`.
async fn transfers(rpc: &Rpc, first: u32, last: u32) -> Result<usize> {
    let mut count = 0;
    for number in first + 1..=last {
        let Some(hash) = rpc.block_hash(number).await? else {
            continue;
        };
        count += rpc
            .extrinsics(hash)
            .await?
            .iter()
            .filter(|e| is_signed(e))
            .count();
    }
    Ok(count)
}

/// Whether an encoded extrinsic is signed: the first bit of the byte after its length.
fn is_signed(extrinsic: &[u8]) -> bool {
    let mut input = extrinsic;
    let _length = Compact::<u32>::decode(&mut input);
    input.first().is_some_and(|version| version & 0x80 != 0)
}

/// Wait until no pool holds a transaction any more, but not for ever: what a pool still holds then
/// waits for one that was lost.
async fn rest(bench: &Bench) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < DRAIN {
        let mut pending = 0;
        for node in &bench.nodes {
            let pool = node.call("author_pendingExtrinsics", vec![]).await?;
            pending += pool.as_array().map_or(0, Vec::len);
        }
        if pending == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    for pid in &bench.pids {
        ensure!(process::is_running(*pid), "a node died under load");
    }
    let head = bench.nodes[0].finalized().await?.number;
    for node in &bench.nodes {
        hansa_e2e::wait_for("all nodes to be at one height", || async {
            Ok(node.finalized().await?.number >= head)
        })
        .await?;
    }
    Ok(())
}
