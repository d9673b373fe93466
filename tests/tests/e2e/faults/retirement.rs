// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The end of a DappChain: its owner announces it, what it has with the hub comes home, its nodes go back to the pool and
//! remove it from their disks, and the hub closes the route.

use anyhow::{ensure, Context, Result};
use codec::Encode;
use hansa_e2e::{
    client::{self, UNIT},
    dappchains::{account, Chain, Hub, DEPLOYERS, NEED},
    interchain::{address, transfer, Auditor},
    wait_for, wait_for_some,
};
use hansa_interchain_primitives::api::RouteView;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use subxt::dynamic::{self, Value};

/// The hub's validators, of which four are drawn for the chain.
const NODES: [&str; 5] = ["mika", "nele", "onno", "pia", "rolf"];
/// How long a turn is: nobody's ends in the test.
const TERM_SECONDS: u32 = 3_600;
/// What hub and chain have with each other at first.
const RESERVE: u128 = 100 * UNIT;
/// What somebody sends from the hub to the chain.
const SENT: u128 = 40 * UNIT;
/// For how long nodes keep a chain that they have left, in seconds.
const KEEP_LEFT_SECONDS: u32 = 3;

/// The folders of a chain in those of the nodes.
fn folders(hub: &Hub, chain: &Chain) -> Vec<PathBuf> {
    let is_it = |folder: &Path| folder.ends_with(format!("dappchains/{:x}", chain.id));
    let nodes = hub.network.nodes.iter();
    let chains = nodes.flat_map(|node| folders_in(&node.config.base_path.join("chains")));
    let hubs = chains.flat_map(|hub| folders_in(&hub.join("dappchains")));
    hubs.filter(|folder| is_it(folder)).collect()
}

fn folders_in(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.is_dir()).collect()
}

/// Value goes to the chain, the owner announces its end, and all that it has on the hub comes home before.
async fn value_comes_home(hub: &Hub, chain: &Chain, auditor: &Auditor) -> Result<()> {
    let [at_hub, at_chain] = &auditor.ends;
    let deployer = client::keypair(DEPLOYERS[0]);
    let (guest, home) = (account("guest"), account("home"));
    let there = transfer(&address(chain.id, &guest), SENT);
    client::submit(&hub.api, &there, &deployer).await?;
    let api = at_chain.api().await?;
    wait_for("the transfer to arrive on the chain", || async {
        auditor.audit().await?;
        Ok(client::free(&api, &guest).await? == SENT)
    })
    .await?;
    // All that the chain has on the hub is known to it.
    let all = RESERVE + SENT;
    wait_for("the hub to book it, and the chain to know", || async {
        let is_booked = at_hub.book(chain.id).await?.theirs == all;
        Ok(is_booked && at_chain.book(at_hub.id()).await?.spendable() == all)
    })
    .await?;

    let retire = dynamic::tx("DappChains", "retire", vec![Value::u128(chain.id.into())]);
    client::submit(&hub.api, &retire, &deployer).await?;
    ensure!(hub.state(&chain.name).await? == "retiring", "it goes on");
    client::submit(
        &api,
        &transfer(&address(at_hub.id(), &home), all),
        &deployer,
    )
    .await?;
    wait_for("all of it to come home", || async {
        auditor.audit().await?;
        let book = at_hub.book(chain.id).await?;
        Ok(client::free(&hub.api, &home).await? == all && book.theirs == 0)
    })
    .await?;
    ensure!(hub.state(&chain.name).await? == "retiring", "in time");
    Ok(())
}

/// The chain ends; its nodes are released, and the route is closed.
async fn it_ends(hub: &Hub, chain: &Chain, founders: &[String]) -> Result<()> {
    hub.within(6, "the chain to end", || async {
        Ok((hub.state(&chain.name).await? == "retired").then_some(()))
    })
    .await?;
    wait_for("its nodes to be in the pool", || async {
        for name in founders {
            if hub.node(name).await?["place"] != "waiting" {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await?;
    wait_for("the route to be closed", || async {
        let id = chain.id.encode();
        let route: Option<RouteView> = hub.rpc.runtime("InterchainApi_route", &id, None).await?;
        Ok(route.is_none())
    })
    .await?;
    // The registry knows its name, and who deployed it.
    let registered = hub.registered(&chain.name).await?;
    ensure!(registered["genesis"] == chain.genesis, "{registered}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_chain_winds_down_and_its_reserves_come_home() -> Result<()> {
    let hub = Hub::start_many_chain(&NODES, &[], |_, config| {
        let config = config.arg("--join-pool").arg("--keep-left-chains");
        config.arg(KEEP_LEFT_SECONDS)
    })
    .await?;
    hub.all_join(&NODES).await?;
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    hub.note_code(code).await?;
    hub.register("shop", code, TERM_SECONDS).await?;
    let chain = hub.goes_live("shop").await?;
    let founders = hub.members(chain.id, "serving").await?;
    let members = hub.all_serve(&chain, &founders).await?;
    ensure!(folders(&hub, &chain).len() == NEED, "each has a database");
    let auditor = Auditor::of(hub.ends(&chain, &members).await?);
    hub.pay_in(&auditor.ends, RESERVE).await?;

    println!("the chain lives");
    value_comes_home(&hub, &chain, &auditor).await?;
    println!("its value is home");
    it_ends(&hub, &chain, &founders).await?;
    println!("it has ended");
    wait_for("the nodes to remove it", || async {
        let services = hub.services(&chain).await?;
        Ok(services.iter().all(Json::is_null) && folders(&hub, &chain).is_empty())
    })
    .await?;
    let head = hub.rpc.finalized().await?.number;
    wait_for_some("the hub to go on", || async {
        Ok((hub.rpc.finalized().await?.number > head + 3).then_some(()))
    })
    .await
}
