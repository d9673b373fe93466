// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is left after a crash.

use anyhow::{ensure, Result};
use hansa_e2e::{client, client::UNIT, Network, Node, NodeConfig};
use subxt_signer::sr25519::dev;

/// A chain of one on disk is killed again and again right after a client saw a transfer final. What
/// the client saw must still be there each time, and the chain must go on from it.
async fn survives_kills(database: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = NodeConfig::new("dev", folder.path())
        .dev()
        .args(&["--database", database]);
    let mut node = Node::start(config).await?;
    let receiver = client::account(&client::keypair("//Durable"));
    for round in 1..=4 {
        let api = node.client().await?;
        let seen = client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice())
            .await?
            .block;
        node.kill();
        node.restart().await?;

        let rpc = node.rpc().await?;
        // The genesis block has the number 0 as well, so ask for the header itself.
        let number = rpc.number_of(seen).await?;
        let finalized = rpc.finalized().await?;
        ensure!(
            finalized.number >= number,
            "round {round}: {number} was final, now {finalized:?}"
        );
        ensure!(
            rpc.block_hash(number).await? == Some(seen),
            "round {round}: another {number}"
        );
        let api = node.client().await?;
        ensure!(client::free(&api, &receiver).await? == u128::from(round as u8) * UNIT);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_undoes_nothing_final_in_rocksdb() -> Result<()> {
    survives_kills("rocksdb").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_undoes_nothing_final_in_paritydb() -> Result<()> {
    survives_kills("paritydb").await
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_killed_at_once_go_on_from_where_they_were() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let receiver = client::account(&client::keypair("//PowerCut"));
    let api = network.nodes[0].client().await?;
    let seen = client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice())
        .await?
        .block;
    let number = network.nodes[0].rpc().await?.number_of(seen).await?;
    for node in &mut network.nodes {
        node.kill();
    }
    for node in &mut network.nodes {
        node.restart().await?;
    }
    network.assert_agree(number).await?;
    let found = network.nodes[3].rpc().await?.block_hash(number).await?;
    ensure!(
        found == Some(seen),
        "block {number} was {seen:?}, now it is {found:?}"
    );
    let api = network.nodes[0].client().await?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    network.wait_free(&receiver, 2 * UNIT).await
}
