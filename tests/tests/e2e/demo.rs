// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa network up --demo`: what it tells is what there is, as clients see it that are not the demo's.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    binary,
    client::{self, Account, Client},
    network::text,
    ports, process,
    rpc::Rpc,
    wait_for, Launcher,
};
use serde_json::{json, Value as Json};
use std::{collections::BTreeSet, process::Command, str::FromStr, time::Duration};

/// The nodes of the demo, and the ports that they take.
const NODES: usize = 9;
const PORTS: u16 = 10 * NODES as u16;

/// How long the demo may take here, with another test beside it.
const DEADLINE: Duration = Duration::from_secs(900);

/// The steps of which it tells, in their order.
const STEPS: [&str; 10] = [
    "start",
    "pool",
    "register",
    "live",
    "blocks",
    "routes",
    "payments",
    "transfers",
    "rotation",
    "follow",
];

/// The elements of a list.
fn list(json: &Json) -> Result<&Vec<Json>> {
    json.as_array().with_context(|| format!("no list: {json}"))
}

/// A list of texts without repetition.
fn names(json: &Json) -> Result<BTreeSet<String>> {
    let names = list(json)?.iter().map(|name| name.as_str());
    let names: Vec<_> = names.collect::<Option<_>>().context("texts")?;
    let set: BTreeSet<_> = names.iter().map(|name| (*name).to_owned()).collect();
    ensure!(set.len() == names.len(), "twice the same: {names:?}");
    Ok(set)
}

/// The chain of a name, in what the demo tells.
fn chain<'a>(account: &'a Json, name: &str) -> Result<&'a Json> {
    let mut chains = list(&account["chains"])?.iter();
    let found = chains.find(|chain| chain["name"] == name);
    found.with_context(|| format!("no chain {name}"))
}

/// Where a chain is reached now: in the processes of nodes that decide there.
async fn urls(up: &Launcher, name: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for url in up.urls()? {
        let chains = Rpc::connect(&url)
            .await?
            .call("hansa_chains", vec![])
            .await?;
        for chain in list(&chains)? {
            if chain["name"] == name && chain["inSet"] == true {
                found.push(format!("ws://127.0.0.1:{}", chain["rpcPort"]));
            }
        }
    }
    Ok(found)
}

async fn url(up: &Launcher, name: &str) -> Result<String> {
    match name {
        "hub" => Ok(up.urls()?[0].clone()),
        _ => {
            let mut urls = urls(up, name).await?;
            urls.pop().with_context(|| format!("nobody runs {name}"))
        }
    }
}

/// The DappChains are those that the hub knows, were founded by different nodes, and live.
async fn check_chains(up: &Launcher, hub: &Rpc) -> Result<()> {
    let mut founders = BTreeSet::new();
    for name in ["shop", "bank"] {
        let told = chain(&up.json, name)?;
        let known = hub.call("dappChains_get", vec![json!(name)]).await?;
        ensure!(known["state"] == "live", "{known}");
        ensure!(known["genesis"] == told["genesis"], "{known} and {told}");
        ensure!(names(&told["founders"])?.len() == 4, "{told}");
        founders.append(&mut names(&told["founders"])?);
        let (registered, first) = (&told["registered_in"], &told["first_block_in"]);
        ensure!(registered.as_u64() < first.as_u64(), "{told}");
        let height = told["height"].as_u64().context("a height")?;
        wait_for("further blocks", || async {
            let rpc = Rpc::connect(&url(up, name).await?).await?;
            Ok(u64::from(rpc.finalized().await?.number) > height + 2)
        })
        .await?;
        let rpc = Rpc::connect(&url(up, name).await?).await?;
        let genesis = format!("{:?}", rpc.genesis().await?);
        ensure!(told["genesis"] == genesis, "{genesis}");
    }
    ensure!(
        founders.len() == 8,
        "each node is on one chain: {founders:?}"
    );
    Ok(())
}

/// Each way was paid once, and what was sent is there.
async fn check_transfers(up: &Launcher) -> Result<()> {
    let mut ways = BTreeSet::new();
    for transfer in list(&up.json["transfers"])? {
        let (from, to) = (text(transfer, "from")?, text(transfer, "to")?);
        let api = Client::from_insecure_url(&url(up, &to).await?).await?;
        let recipient = Account::from_str(&text(transfer, "recipient")?)?;
        let free = client::free(&api, &recipient).await?;
        ensure!(
            text(transfer, "amount")? == free.to_string(),
            "{transfer}: {free}"
        );
        ways.insert((from, to));
    }
    ensure!(ways.len() == 9, "from each to each: {ways:?}");
    Ok(())
}

/// A node left, another one arrived, and the chain went on; the others know.
async fn check_rotation(up: &Launcher, hub: &Rpc) -> Result<()> {
    let rotation = &up.json["rotation"];
    let founders = names(&chain(&up.json, "shop")?["founders"])?;
    let (left, arrived) = (names(&rotation["left"])?, names(&rotation["arrived"])?);
    ensure!(!left.is_empty() && left.is_subset(&founders), "{rotation}");
    ensure!(
        !arrived.is_empty() && arrived.is_disjoint(&founders),
        "{rotation}"
    );
    let (from, to) = (rotation["sets"][0].as_u64(), rotation["sets"][1].as_u64());
    ensure!(from < to && to.is_some(), "{rotation}");
    ensure!(rotation["hub_knows_set"].as_u64() >= to, "{rotation}");
    ensure!(rotation["peer_knows_set"].as_u64() >= to, "{rotation}");
    ensure!(rotation["stopped"] == true, "{rotation}");
    let (before, after) = (&rotation["heights"][0], &rotation["heights"][1]);
    ensure!(before.as_u64() < after.as_u64(), "{rotation}");
    // What clients of the chains themselves are told.
    let shop = Rpc::connect(&url(up, "shop").await?).await?;
    let round = shop.call("pbft_roundState", vec![]).await?;
    ensure!(round["setId"].as_u64() >= to, "{round}");
    let route = hub.call("interchain_route", vec![json!("1")]).await?;
    ensure!(route["status"] == "open", "{route}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_does_what_it_tells() -> Result<()> {
    let mut up = Launcher::up_within(&["--demo"], PORTS, DEADLINE).await?;
    println!("{}", up.json);
    ensure!(up.json["ok"] == true && up.json["failed"].is_null());
    let steps = list(&up.json["steps"])?.iter().map(|done| &done["step"]);
    ensure!(
        steps.eq(STEPS.map(|step| json!(step)).iter()),
        "other steps"
    );
    ensure!(up.nodes()?.len() == NODES);
    ensure!(up.pids()?.into_iter().all(process::is_running));
    let hub = Rpc::connect(&up.urls()?[0]).await?;
    check_chains(&up, &hub).await?;
    check_transfers(&up).await?;
    check_rotation(&up, &hub).await?;
    let (status, rest) = up.stop();
    ensure!(status.is_some_and(|status| status.success()), "{status:?}");
    ensure!(rest.is_empty(), "more than a line: {rest:?}");
    ensure!(!up.pids()?.into_iter().any(process::is_running));
    Ok(())
}

/// What cannot be in time is an error that says so, and nothing is left running.
#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_fails_says_what_did_not_happen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(binary::hansa());
    command
        .args(["network", "up", "--demo", "--json", "--limit", "2"])
        .args(["--base-port", &ports::free_ports(PORTS).to_string()])
        .arg("--wasm-cache")
        .arg(binary::wasm_cache())
        .arg("--dir")
        .arg(folder.path());
    let output = process::run_command(command, DEADLINE);
    ensure!(output.status.code() == Some(1), "{:?}", output.status);
    let said = String::from_utf8(output.stdout)?;
    ensure!(said.lines().count() == 1, "not one line: {said}");
    let account: Json = serde_json::from_str(&said)?;
    ensure!(account["ok"] == false, "{account}");
    let step = text(&account["failed"], "step")?;
    ensure!(STEPS.contains(&step.as_str()), "{step}");
    ensure!(list(&account["steps"])?.len() < STEPS.len(), "{account}");
    let why = String::from_utf8(output.stderr)?;
    let at = folder.path().canonicalize()?;
    ensure!(why.contains("the demo failed at"), "{why}");
    ensure!(why.contains(&at.display().to_string()), "{why}");
    Ok(())
}
