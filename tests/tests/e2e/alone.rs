// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A DappChain that stands alone, from `chain-specs/dappchain.json`: for trying out an application without a hub.

use anyhow::{ensure, Result};
use hansa_e2e::{binary, client, client::UNIT, network::VALIDATORS, Network};
use serde_json::json;
use subxt::dynamic::{self, Value};
use subxt_signer::sr25519::dev;

#[tokio::test(flavor = "multi_thread")]
async fn it_pays_and_its_admin_administers() -> Result<()> {
    let spec = binary::chain_spec("dappchain.json");
    let network = Network::start(&spec, &VALIDATORS, &[]).await?;
    let api = network.nodes[0].client().await?;
    let (bob, customer) = (
        client::account(&dev::bob()),
        client::account(&client::keypair("//Customer")),
    );
    let before = client::free(&api, &bob).await?;
    client::submit(&api, &client::transfer(&customer, 3 * UNIT), &dev::bob()).await?;
    network.wait_free(&customer, 3 * UNIT).await?;
    let spent = before - client::free(&api, &bob).await?;
    // Nodes get the fees, and Bob is one: at most he has his own fee back.
    ensure!((3 * UNIT..4 * UNIT).contains(&spent), "{spent}");

    // The admin lists a node less, and nobody else does.
    let dave = Value::from_bytes(client::account(&dev::dave()).0);
    let remove = dynamic::tx("Pbft", "remove_authority", vec![dave]);
    let why = client::submit_to_fail(&api, &remove, &dev::bob()).await?;
    ensure!(why.contains("BadOrigin"), "{why}");
    client::submit(&api, &remove, &dev::alice()).await?;

    // What is the hub's is not here, and the answers say so.
    let rpc = network.nodes[0].rpc().await?;
    let refused = rpc
        .call_error("dappChains_get", vec![json!("shop")])
        .await?;
    ensure!(
        refused.message().contains("ask a node of the hub"),
        "{refused}"
    );
    let head = network.highest_finalized().await?;
    network.assert_agree(head.number).await
}
