// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A DappChain comes to life: a deployer registers it, and nobody types anything on a node.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    client::{self, UNIT},
    dappchains::{Chain, Hub, DEPLOYERS, NEED},
    wait_for,
};

/// The hub's validators, of which four are drawn for the chain.
const NODES: [&str; 5] = ["mika", "nele", "onno", "pia", "rolf"];
/// How long a turn is: nobody's ends in the test.
const TERM_SECONDS: u32 = 3_600;

/// The founders' processes confirm the genesis and run the chain, which makes blocks.
async fn comes_to_life(hub: &Hub) -> Result<(Chain, Vec<usize>)> {
    let chain = hub.goes_live("shop").await?;
    let founders = hub.members(chain.id, "serving").await?;
    ensure!(founders.len() == NEED, "{founders:?}");
    let members = hub.all_serve(&chain, &founders).await?;
    for member in &members {
        hub.goes_on(&chain, *member, 3).await?;
    }
    let runs = |service: &&serde_json::Value| !service.is_null();
    let services = hub.services(&chain).await?;
    ensure!(
        services.iter().filter(runs).count() == NEED,
        "others run it: {services:?}"
    );
    Ok((chain, members))
}

/// Each process has one endpoint, with the metrics of the hub and of the chain, told apart by a label.
async fn check_metrics(hub: &Hub, chain: &Chain, members: &[usize]) -> Result<()> {
    for at in members {
        let node = &hub.network.nodes[*at];
        for height in [
            ("hansa_pbft_finalised_height", None),
            ("substrate_block_height", Some(("status", "finalized"))),
        ] {
            for dappchain in ["", chain.name.as_str()] {
                let (name, status) = height;
                let labels: Vec<_> = status
                    .into_iter()
                    .chain([("dappchain", dappchain)])
                    .collect();
                let what = format!("{name} with {labels:?}");
                // The SDK's are brought up to date every five seconds.
                wait_for(&what, || async {
                    let metrics = node.metrics().await?;
                    Ok(metrics
                        .get(name, &labels)
                        .is_some_and(|height| height >= 3.0))
                })
                .await?;
            }
        }
        let log = node.log();
        let started = log.matches("Prometheus exporter started").count();
        ensure!(started == 1, "{started} endpoints");
        ensure!(
            !log.contains("Error binding"),
            "a second endpoint was tried"
        );
    }
    // Those that run no chain show none.
    for (at, node) in hub.network.nodes.iter().enumerate() {
        let of_chain = [("dappchain", chain.name.as_str())];
        let shown = node.metrics().await?.get("hansa_pbft_height", &of_chain);
        ensure!(shown.is_some() == members.contains(&at), "{shown:?}");
    }
    Ok(())
}

async fn pay(url: &str, nonce_is: u64) -> Result<()> {
    let api = client::connect_patient(url).await?;
    let deployer = client::keypair(DEPLOYERS[0]);
    // This node may be a moment behind the one through which was paid before.
    wait_for("the node to know of all payments", || async {
        Ok(client::nonce(&api, &deployer).await? == nonce_is)
    })
    .await?;
    let to = client::account(&client::keypair("//Customer"));
    client::submit(&api, &client::transfer(&to, UNIT / 1_000), &deployer).await?;
    let paid = UNIT / 1_000 * u128::from(nonce_is + 1);
    ensure!(client::free(&api, &to).await? == paid, "it arrived");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_registered_and_lives() -> Result<()> {
    let mut hub = Hub::start_many_chain(&NODES, &[], |_, config| {
        config.arg("--join-pool").prometheus()
    })
    .await?;
    hub.all_join(&NODES).await?;
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    hub.note_code(code).await?;
    hub.register("shop", code, TERM_SECONDS).await?;
    let (chain, members) = comes_to_life(&hub).await?;
    check_metrics(&hub, &chain, &members).await?;
    pay(&hub.url(&chain, members[0]).await?, 0).await?;

    // One of them dies: the others go on. It comes back, and resumes by itself, at the same ports.
    let victim = *members.last().context("there are four")?;
    let before = hub.url(&chain, victim).await?;
    hub.network.nodes[victim].kill();
    pay(&hub.url(&chain, members[1]).await?, 1).await?;
    hub.network.nodes[victim].restart().await?;
    wait_for("the node to run its chain again", || async {
        let service = &hub.services(&chain).await?[victim];
        Ok(service["state"] == "running" && service["inSet"] == true)
    })
    .await?;
    ensure!(hub.url(&chain, victim).await? == before, "other ports");
    // Blocks that come in bulk are not announced to its pool, which takes what is signed above them for invalid until the next.
    let others = hub.chain_rpc(&chain, members[0]).await?;
    let (there, rpc) = (
        others.finalized().await?.number,
        hub.chain_rpc(&chain, victim).await?,
    );
    wait_for("the node to follow", || async {
        Ok(rpc.finalized().await?.number >= there)
    })
    .await?;
    pay(&before, 2).await
}
