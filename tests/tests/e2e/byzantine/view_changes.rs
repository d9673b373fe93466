// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Blocks that are prepared in one view and final in a later one, and who hides them.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    byzantine::{decision, Told, Trial, LIAR, UNJUSTIFIED},
    rpc, wait_for_some,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_view_0_that_is_final_in_a_later_one_is_synced() -> Result<()> {
    let mut trial = Trial::start("withhold").await?;
    let (height, first) = trial
        .wait_decision("a block that is final in a later view", |d| {
            d.author == LIAR && d.proposed_in == 0 && d.decided_in > 0
        })
        .await?;
    trial.wait_finalized(height).await?;

    let late = trial.network.add_follower("late", &[]).await?;
    let node = &trial.network.nodes[late];
    node.wait_finalized(height).await?;
    let synced = decision(&node.rpc().await?, height).await?;
    ensure!(
        synced.hash == first.hash && synced.proposed_in == 0 && synced.decided_in > 0,
        "{synced:?}, not {first:?}"
    );
    trial.conclude(4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hides_what_is_prepared_is_removed_and_the_block_becomes_final() -> Result<()> {
    let trial = Trial::start("hide-prepared").await?;
    // Without this one nothing is final, as the liar withholds its Commit; all is prepared.
    let frozen = &trial.honest()[2];
    frozen.freeze(true);
    let rpc = trial.honest()[0].rpc().await?;
    let head = rpc.finalized().await?.number;
    let told = wait_for_some("a hidden certificate", || async {
        let hidden = |told: &Told| told.hash.is_some() && told.height > head;
        Ok(trial.told().into_iter().find(hidden))
    })
    .await?;
    let state = rpc.call("pbft_roundState", vec![]).await?;
    ensure!(
        state["height"] == told.height,
        "height {} was final meanwhile: {state}",
        told.height
    );
    let prepared = rpc::hash_of(&state["prepared"]["hash"]).context("nothing is prepared")?;
    frozen.freeze(false);

    trial.wait_finalized(told.height).await?;
    let decision = trial.decision(told.height).await?;
    ensure!(
        decision.hash == prepared,
        "{prepared:?} was prepared, and {decision:?}"
    );
    // In a later view; or in that in which it was prepared, if the Commit of the one that was frozen still completes it.
    trial.wait_convicted(UNJUSTIFIED).await?;
    trial.conclude(3).await
}
