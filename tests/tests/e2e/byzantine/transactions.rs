// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A transaction that no primary can include.

use anyhow::{ensure, Result};
use hansa_e2e::{
    byzantine::{agree, decision},
    client,
    client::{Client, UNIT},
    network::VALIDATORS,
    rpc, spec, Network,
};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use subxt::dynamic::{self, Value};
use subxt_signer::sr25519::dev;

/// How long the bytes of all transactions of a block may be together: three quarters of 5 MiB.
const MAX_BYTES: usize = 5 * 1024 * 1024 / 4 * 3;

/// What the pool counts beside the transaction when it checks one: a header without digest; and some
/// reserve for the block's number. A block has some more bytes, in its digest and its inherents.
const POOL_OVERHEAD_BYTES: usize = 105;

/// For how long the chain is watched: several timeouts of view 0.
const WATCHED: Duration = Duration::from_secs(12);

/// How many blocks the chain may make meanwhile: two or three of an idle chain, and one because of
/// the transaction. If it made one after another for it, these would be sixty.
const MAX_BLOCKS: u32 = 12;

/// For how many heights of an idle chain the views are watched.
const HEIGHTS: u32 = 6;

/// In how many of them a node may change its view because of the transaction.
const MAX_CHANGED: usize = 2;

/// A transaction that is valid on its own, and too long for a block, be it otherwise empty.
async fn too_long(api: &Client) -> Result<Vec<u8>> {
    let remark = |bytes: usize| {
        let bytes = Value::from_bytes(vec![0; bytes]);
        dynamic::tx("System", "remark", vec![bytes])
    };
    let nonce = client::nonce(api, &dev::ferdie()).await?;
    let guess = MAX_BYTES - 1_000;
    let signed = client::sign_with_nonce(api, &remark(guess), &dev::ferdie(), nonce).await?;
    let missing = (MAX_BYTES - POOL_OVERHEAD_BYTES) - signed.len();
    client::sign_with_nonce(api, &remark(guess + missing), &dev::ferdie(), nonce).await
}

/// Check that the pool of a node holds this number of transactions.
async fn ensure_pending(rpc: &rpc::Rpc, expected: usize) -> Result<()> {
    let pending = rpc.call("author_pendingExtrinsics", vec![]).await?;
    let found = pending.as_array().map_or(0, Vec::len);
    ensure!(found == expected, "{found} transactions in the pool");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_no_primary_can_include_neither_changes_views_nor_makes_blocks() -> Result<()> {
    let network = Network::local(&[]).await?;
    let api = network.nodes[0].client().await?;
    let rpc = network.nodes[0].rpc().await?;
    rpc.submit(rpc::hex(&too_long(&api).await?)).await?;
    let before = rpc.finalized().await?.number;
    tokio::time::sleep(WATCHED).await;

    let after = rpc.finalized().await?.number;
    ensure_pending(&rpc, 1).await?;
    ensure!(after > before, "the chain stands still at {after}");
    ensure!(
        after - before <= MAX_BLOCKS,
        "{} blocks without a transaction",
        after - before
    );
    for number in before + 1..=after {
        let decision = decision(&rpc, number).await?;
        ensure!(decision.decided_in == 0, "block {number}: {decision:?}");
    }

    // Others are included as ever.
    let receiver = client::account(&client::keypair("//Beside"));
    for _ in 0..3 {
        client::submit(&api, &client::transfer(&receiver, UNIT), &dev::bob()).await?;
    }
    agree(&network.nodes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_a_single_node_holds_does_not_take_it_out_of_each_height() -> Result<()> {
    // An idle chain waits for longer than a node that holds a transaction.
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(2_500)),
        ("/genesis/timing/viewTimeoutMs", json!(1_000)),
    ];
    let spec = spec::edited(folder.path(), "local.json", &edits)?;
    let network = Network::start_with(&spec, &VALIDATORS, |name, config| {
        // The pools of the others have no room for the transaction.
        if name == VALIDATORS[0] {
            config
        } else {
            config.args(&["--pool-kbytes", "1000"])
        }
    })
    .await?;
    let api = network.nodes[0].client().await?;
    let rpc = network.nodes[0].rpc().await?;
    rpc.submit(rpc::hex(&too_long(&api).await?)).await?;
    let before = rpc.finalized().await?.number;
    let after = before.saturating_add(HEIGHTS);
    network.wait_finalized(after).await?;

    ensure_pending(&rpc, 1).await?;
    for node in &network.nodes[1..] {
        ensure_pending(&node.rpc().await?, 0).await?;
    }
    let log = network.nodes[0].log();
    let changed = |line: &str| {
        let (_, rest) = line.split_once("Height ")?;
        let (height, _) = rest.split_once(": view ")?;
        height.parse::<u32>().ok()
    };
    let changed: BTreeSet<u32> = log
        .lines()
        .filter_map(changed)
        .filter(|height| (before + 2..=after).contains(height))
        .collect();
    ensure!(
        changed.len() <= MAX_CHANGED,
        "the node changed its view at {changed:?} of {before} to {after}"
    );
    agree(&network.nodes).await
}
