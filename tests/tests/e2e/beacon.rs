// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The randomness beacon: nodes commit and reveal by themselves, also over a crash between the two.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    network::{text, VALIDATORS},
    rpc::Rpc,
    spec, wait_for_some, Network,
};
use serde_json::{json, Value};

/// The node that is killed.
const KILLED: usize = 3;

async fn epoch(rpc: &Rpc) -> Result<Value> {
    rpc.call("beacon_epoch", vec![]).await
}

fn number(object: &Value, field: &str) -> Result<u64> {
    object[field]
        .as_u64()
        .with_context(|| format!("{field} of {object}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_commit_and_reveal_also_over_a_crash_between_the_two() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(500)),
        ("/genesis/sessionLengthMs", json!(30_000)),
    ];
    let spec = spec::edited(folder.path(), "stake.json", &edits)?;
    let mut network = Network::start(&spec, &VALIDATORS, &[]).await?;
    let rpc = network.nodes[0].rpc().await?;
    let all = VALIDATORS.len() as u64;

    let committed = wait_for_some("all to commit", || async {
        let epoch = epoch(&rpc).await?;
        let all_did = number(&epoch, "committed")? == all && epoch["phase"] == "commit";
        Ok(all_did.then_some(epoch))
    })
    .await?;
    network.nodes[KILLED].kill();
    network.nodes[KILLED].relaunch()?;
    network.nodes[KILLED].ready().await?;

    let this = number(&committed, "epoch")?;
    wait_for_some("all to reveal", || async {
        let epoch = epoch(&rpc).await?;
        let (at, revealed) = (number(&epoch, "epoch")?, number(&epoch, "revealed")?);
        ensure!(at == this, "epoch {this} ended without a reveal: {epoch}");
        Ok((revealed == all).then_some(()))
    })
    .await?;
    let next = wait_for_some("the next epoch", || async {
        let epoch = epoch(&rpc).await?;
        Ok((number(&epoch, "epoch")? == this + 1).then_some(epoch))
    })
    .await?;
    ensure!(
        text(&next, "beacon")? != text(&committed, "beacon")?,
        "the beacon is still {next}"
    );
    Ok(())
}
