// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Every database with every network implementation.

use anyhow::Result;
use hansa_e2e::{binary, client, client::UNIT, network::VALIDATORS, Network};
use subxt_signer::sr25519::dev;

/// Four validators on one database and one network implementation make a transfer final; one that
/// was stopped reads its database again and catches up.
async fn works(database: &str, network: &str) -> Result<()> {
    let arguments = ["--database", database, "--network-backend", network];
    let spec = binary::chain_spec("local.json");
    let mut network = Network::start(&spec, &VALIDATORS, &arguments).await?;
    let receiver = client::account(&client::keypair("//Matrix"));
    let api = network.nodes[0].client().await?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    network.wait_free(&receiver, UNIT).await?;

    network.nodes[3].stop()?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    network.nodes[3].restart().await?;
    network.wait_free(&receiver, 2 * UNIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rocksdb_and_libp2p() -> Result<()> {
    works("rocksdb", "libp2p").await
}

#[tokio::test(flavor = "multi_thread")]
async fn rocksdb_and_litep2p() -> Result<()> {
    works("rocksdb", "litep2p").await
}

#[tokio::test(flavor = "multi_thread")]
async fn paritydb_and_libp2p() -> Result<()> {
    works("paritydb", "libp2p").await
}

#[tokio::test(flavor = "multi_thread")]
async fn paritydb_and_litep2p() -> Result<()> {
    works("paritydb", "litep2p").await
}
