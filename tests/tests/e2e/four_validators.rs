// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Four validators: clients see one chain; it survives the loss of one, and late nodes catch up.

use anyhow::{ensure, Result};
use hansa_e2e::{client, client::UNIT, Network};
use std::time::Duration;
use subxt_signer::sr25519::dev;

#[tokio::test(flavor = "multi_thread")]
async fn transfers_and_batches_are_final_on_all_four() -> Result<()> {
    let network = Network::local(&[]).await?;
    let receiver = client::account(&client::keypair("//Receiver"));

    // One transfer through each node, by different accounts.
    let signers = [dev::alice(), dev::bob(), dev::charlie(), dev::dave()];
    for (node, signer) in network.nodes.iter().zip(&signers) {
        let api = node.client().await?;
        client::submit(&api, &client::transfer(&receiver, UNIT), signer).await?;
    }
    network.wait_free(&receiver, 4 * UNIT).await?;

    let api = network.nodes[2].client().await?;
    let calls = vec![client::transfer_value(&receiver, UNIT); 10];
    client::submit(&api, &client::batch_all(calls), &dev::eve()).await?;
    network.wait_free(&receiver, 14 * UNIT).await?;

    let head = network.highest_finalized().await?;
    for number in 1..=head.number {
        network.assert_agree(number).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_joins_late_syncs_finalises_and_takes_transactions() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let receiver = client::account(&client::keypair("//Late"));
    let api = network.nodes[0].client().await?;
    for _ in 0..5 {
        client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    }

    let late = network.add_follower("late", &[]).await?;
    let head = network.nodes[0].rpc().await?.finalized().await?;
    for number in 1..=head.number {
        network.assert_agree(number).await?;
    }

    // It follows what comes after, and what one gives to it gets into a block.
    let api = network.nodes[late].client().await?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::bob()).await?;
    network.wait_free(&receiver, 6 * UNIT).await?;

    // Each block that it has came with its proof.
    let rpc = network.nodes[late].rpc().await?;
    let proof = rpc
        .call("pbft_proveFinality", vec![serde_json::json!(1)])
        .await?;
    ensure!(
        !proof.is_null(),
        "the node that joined late has no proof of block 1"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_goes_on_without_one_and_the_one_catches_up() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let receiver = client::account(&client::keypair("//Restart"));
    let api = network.nodes[0].client().await?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;

    network.nodes[1].stop()?;
    for _ in 0..5 {
        client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    }
    let missed = network.nodes[0].rpc().await?.finalized().await?;

    network.nodes[1].restart().await?;
    network.assert_agree(missed.number).await?;
    network.wait_free(&receiver, 6 * UNIT).await?;

    // Now the others need its vote: it takes part again.
    network.nodes[2].stop()?;
    for _ in 0..3 {
        client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    }
    network.nodes[2].restart().await?;
    network.wait_free(&receiver, 9 * UNIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_two_of_four_it_halts_and_goes_on_when_one_is_back() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let receiver = client::account(&client::keypair("//Halt"));
    network.nodes[2].stop()?;
    network.nodes[3].stop()?;
    // What was under way may still end; nothing new does.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let rpc = network.nodes[0].rpc().await?;
    let halted = rpc.finalized().await?;

    let api = network.nodes[0].client().await?;
    let pending = tokio::spawn(async move {
        client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await
    });
    tokio::time::sleep(Duration::from_secs(8)).await;
    let still = rpc.finalized().await?;
    ensure!(
        still == halted,
        "two of four went on from {halted:?} to {still:?}"
    );
    ensure!(
        rpc.best().await? == still,
        "a block that is not final is the best one"
    );

    network.nodes[2].restart().await?;
    pending.await??;
    network.nodes[3].restart().await?;
    let head = network.highest_finalized().await?;
    ensure!(head.number > halted.number);
    for number in 1..=head.number {
        network.assert_agree(number).await?;
    }
    Ok(())
}
