// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Faults between a hub and its DappChain: a founder that lies and then is not there, the hub down, a node of the chain
//! killed meanwhile, the route cut; and that who is absent loses its place.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    client,
    dappchains::{authority, consensus, Chain, Hub, SUDO},
    interchain::sudo,
    network::text,
    wait_for, wait_for_some,
};
use serde_json::{json, Value as Json};
use sp_core::H256;
use std::time::Duration;
use subxt::dynamic::{self, Value};

/// Founders that do what they should.
const GOOD: [&str; 3] = ["mika", "nele", "onno"];
/// A founder that confirms another genesis, and runs no DappChain.
const BAD: &str = "pia";
/// A validator of the hub that is not in the pool.
const OTHER: &str = "rolf";
/// How long a turn is: nobody's ends in the test.
const TERM_SECONDS: u32 = 3_600;
/// For how long it is looked whether the hub stands still: it has a block each second otherwise.
const HALTS: Duration = Duration::from_secs(4);

/// The bad founder's word for a genesis that is none, before the others have said theirs, or beside them.
async fn confirm_another(hub: &Hub, name: &str) -> Result<()> {
    let record = wait_for_some("the chain to form", || async {
        let record = hub.call("dappChains_genesis", &[json!(name)]).await?;
        Ok((!record.is_null()).then_some(record))
    })
    .await?;
    let chain = hub.registered(name).await?;
    let id = u32::from_str_radix(&text(&chain, "chain")?, 16)?;
    hub.say_genesis(BAD, id, &record, H256::repeat_byte(7))
        .await
}

/// The hub stands still, its chain does not, and a node of the chain that dies resumes it though the hub says nothing.
async fn the_hub_is_down(hub: &mut Hub, chain: &Chain, members: &[usize]) -> Result<()> {
    let down = [hub.position(BAD)?, hub.position(OTHER)?];
    for node in down {
        hub.network.nodes[node].kill();
    }
    wait_for("the hub to stand still", || async {
        let before = hub.rpc.finalized().await?;
        tokio::time::sleep(HALTS).await;
        Ok(hub.rpc.finalized().await? == before)
    })
    .await?;
    let stands_at = hub.rpc.finalized().await?.number;
    hub.goes_on(chain, members[0], 5).await?;

    // Without the bad founder all three are needed.
    let victim = members[2];
    hub.network.nodes[victim].kill();
    hub.network.nodes[victim].restart().await?;
    wait_for("the node to run its chain again", || async {
        Ok(hub.services(chain).await?[victim]["state"] == "running")
    })
    .await?;
    hub.goes_on(chain, victim, 5).await?;
    ensure!(
        hub.rpc.finalized().await?.number == stands_at,
        "three of five made a block of the hub"
    );

    for node in down {
        hub.network.nodes[node].restart().await?;
    }
    wait_for("the hub to go on", || async {
        Ok(hub.rpc.finalized().await?.number > stands_at)
    })
    .await?;
    hub.is_told(chain).await
}

/// The hub takes nothing from the chain, and sends it nothing. The chain goes on; its reports wait.
async fn the_route_is_cut(hub: &Hub, chain: &Chain, node: usize) -> Result<()> {
    let cut = |cut: bool| {
        let fields = vec![Value::u128(chain.id.into()), Value::bool(cut)];
        let call = dynamic::tx("Interchain", "suspend_route", fields);
        async move {
            let call = sudo(&hub.api, &call).await?;
            client::submit(&hub.api, &call, &client::keypair(SUDO)).await
        }
    };
    cut(true).await?;
    let told = hub.reports(chain).await?;
    // More than a session of the chain.
    hub.goes_on(chain, node, 16).await?;
    ensure!(
        hub.reports(chain).await? == told,
        "the hub was told by a route that is cut"
    );
    cut(false).await?;
    hub.is_told(chain).await?;
    hub.goes_on(chain, node, 3).await?;
    Ok(())
}

/// The hub sees by the chain's reports that the bad founder makes no blocks, and another node takes its place.
async fn the_absent_is_replaced(hub: &Hub, chain: &Chain, node: usize) -> Result<()> {
    hub.submit(OTHER, "NodePool", "join", vec![]).await?;
    hub.within(12, "another node to serve in its place", || async {
        Ok((hub.node(OTHER).await?["phase"] == "serving").then_some(()))
    })
    .await?;
    let gone = hub.node(BAD).await?;
    ensure!(gone["place"] == "waiting", "it has its place: {gone}");
    let (bad, other) = (authority(BAD)?, authority(OTHER)?);
    let rpc = hub.chain_rpc(chain, node).await?;
    wait_for("a set without the bad founder", || async {
        let set = consensus(&rpc).await?.set;
        Ok(set.index_of(&bad).is_none() && set.index_of(&other).is_some())
    })
    .await?;
    hub.goes_on(chain, node, 5).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_outlives_a_bad_founder_its_hub_and_its_route() -> Result<()> {
    let hub = Hub::start_many_chain(
        &[GOOD[0], GOOD[1], GOOD[2], BAD, OTHER],
        &[],
        |name, config| match name {
            OTHER => config,
            BAD => config.arg("--join-pool").arg("--no-dappchains"),
            _ => config.arg("--join-pool"),
        },
    );
    let mut hub = hub.await?;
    hub.all_join(&[GOOD[0], GOOD[1], GOOD[2], BAD]).await?;
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    hub.note_code(code).await?;
    hub.register("shop", code, TERM_SECONDS).await?;
    confirm_another(&hub, "shop").await?;
    let chain = hub.goes_live("shop").await?;
    ensure!(chain.genesis != json!(H256::repeat_byte(7)), "{chain:?}");
    let members = hub.all_serve(&chain, &GOOD.map(String::from)).await?;
    let services = hub.services(&chain).await?;
    let bad = &services[hub.position(BAD)?];
    ensure!(*bad == Json::Null, "it runs no chain: {bad}");
    hub.goes_on(&chain, members[0], 5).await?;
    hub.is_told(&chain).await?;

    println!("the chain lives, with three of four");
    the_hub_is_down(&mut hub, &chain, &members).await?;
    println!("it outlived its hub");
    the_route_is_cut(&hub, &chain, members[0]).await?;
    println!("it outlived its route");
    the_absent_is_replaced(&hub, &chain, members[0]).await
}
