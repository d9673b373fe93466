// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Whether a node that is under attack still does what it should.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{client, client::UNIT, Network, Node};
use subxt_signer::sr25519::{dev, Keypair};

/// How much memory a node may take at its peak, whatever is sent to it: the sum of the limits (see
/// `network/limits.rs` of the engine) and what an idle node takes, with room.
pub const MAX_PEAK_MEMORY_BYTES: u64 = 1_536 * 1024 * 1024;

/// What the SDK's panic hook prints, whatever thread it is in.
const PANIC: &str = "Thread '";

/// The most memory that a process has had so far.
pub fn peak_memory_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib.context("the kernel tells the peak")?.parse()?;
    Ok(kib * 1024)
}

/// It runs, has not panicked, and has stayed within its memory.
pub fn check(node: &mut Node) -> Result<()> {
    let name = node.config.name.clone();
    ensure!(node.is_running(), "{name} has ended");
    ensure!(!node.log().contains(PANIC), "{name} panicked");
    let peak = peak_memory_bytes(node.pid())?;
    println!("{name}: peak memory {} MiB", peak / 1024 / 1024);
    ensure!(
        peak < MAX_PEAK_MEMORY_BYTES,
        "{name} took {peak} bytes of memory"
    );
    Ok(())
}

/// Transfers by `signer` through `node` become final, so many.
pub async fn transfers_become_final(node: &Node, signer: &Keypair, count: usize) -> Result<()> {
    let api = node.client().await?;
    let receiver = client::account(&dev::ferdie());
    for _ in 0..count {
        client::submit(&api, &client::transfer(&receiver, UNIT), signer).await?;
    }
    Ok(())
}

/// Transfers through the node that is attacked and through one that is not become final, and both
/// agree on every block.
pub async fn chain_goes_on(network: &Network) -> Result<()> {
    transfers_become_final(&network.nodes[0], &dev::alice(), 3).await?;
    transfers_become_final(&network.nodes[1], &dev::bob(), 3).await?;
    let head = network.highest_finalized().await?;
    network.assert_agree(head.number).await
}
