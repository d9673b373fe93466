// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A DappChain of which more than `T` nodes are gone for good: it stands still, the hub notices, calls the roll, draws others in the
//! place of the dead, and records another set, by which chain and light clients go on.

use anyhow::{ensure, Context, Result};
use codec::Encode;
use hansa_dappchain_primitives::{api::StallView, Recovery};
use hansa_e2e::{
    client::{self, UNIT},
    dappchains::{account, authority, consensus, spec, Chain, Hub, DEPLOYERS, NEED},
    rpc::Head,
    wait_for, wait_for_some,
};
use hansa_pbft_primitives::recovery::{find_recovery, has_recovery};
use hansa_primitives::{AccountId, Header};
use serde_json::json;
use sp_runtime::traits::Header as _;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The hub's validators, of which four are drawn for the chain, and two can be gone.
const NODES: [&str; 7] = ["mika", "nele", "onno", "pia", "rolf", "tine", "ulf"];
/// How long a turn is: nobody's ends in the test.
const TERM_SECONDS: u32 = 3_600;
/// How long the hub waits for another head before it calls the roll: more than a session of the chain by far, as its
/// reports are what the hub sees of it.
const STALL_SECONDS: u64 = 60;
/// How long members have to answer.
const CHALLENGE_SECONDS: u64 = 20;
/// How long stakes are in reach: longer than light clients trust a chain that is not helped any more.
const UNBONDING_SECONDS: u64 = 28 * 24 * 60 * 60;
/// For how long it is looked whether the chain stands still: it has several blocks a second otherwise.
const STANDS: Duration = Duration::from_secs(5);
/// What somebody gets on the chain before and after.
const SENT: u128 = UNIT;

/// The hub's spec, with short periods.
fn impatient(folder: &Path) -> Result<PathBuf> {
    let path = spec(folder, &NODES, &[])?;
    let mut spec: serde_json::Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    spec["genesis"]["stallPeriods"] =
        json!({ "stallSeconds": STALL_SECONDS, "challengeSeconds": CHALLENGE_SECONDS });
    spec["genesis"]["periods"]["unbondingSeconds"] = json!(UNBONDING_SECONDS);
    hansa_e2e::spec::write(folder, "impatient.json", &spec)
}

/// The first deployer gives somebody something on the chain.
async fn transfer(hub: &Hub, chain: &Chain, node: usize, to: &str) -> Result<()> {
    let api = client::connect_patient(hub.url(chain, node).await?).await?;
    let deployer = client::keypair(DEPLOYERS[0]);
    client::submit(&api, &client::transfer(&account(to), SENT), &deployer).await?;
    let free = client::free(&api, &account(to)).await?;
    ensure!(free == SENT, "{to} has {free}");
    Ok(())
}

/// The chain stands still; returns where.
async fn it_stands(hub: &Hub, chain: &Chain, node: usize) -> Result<Head> {
    let rpc = hub.chain_rpc(chain, node).await?;
    wait_for_some("the chain to stand still", || async {
        let before = rpc.finalized().await?;
        tokio::time::sleep(STANDS).await;
        Ok((rpc.finalized().await? == before).then_some(before))
    })
    .await
}

/// The header of a block of the chain.
async fn header(hub: &Hub, chain: &Chain, node: usize, height: u32) -> Result<Header> {
    let rpc = hub.chain_rpc(chain, node).await?;
    let hash = rpc
        .block_hash(height)
        .await?
        .context("there is such a block")?;
    let header = rpc.call("chain_getHeader", vec![json!(hash)]).await?;
    serde_json::from_value(header).context("a header")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_lost_its_quorum_gets_another_set() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = impatient(folder.path())?;
    let mut hub = Hub::start_on(&spec, &NODES, |_, config| config.arg("--join-pool")).await?;
    hub.all_join(&NODES).await?;
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    hub.note_code(code).await?;
    hub.register("shop", code, TERM_SECONDS).await?;
    let chain = hub.goes_live("shop").await?;
    let founders = hub.members(chain.id, "serving").await?;
    ensure!(founders.len() == NEED, "{founders:?}");
    let members = hub.all_serve(&chain, &founders).await?;
    hub.goes_on(&chain, members[0], 5).await?;
    hub.is_told(&chain).await?;
    transfer(&hub, &chain, members[0], "before").await?;

    // Two of four are gone for good. (The first node is the one that all others know at first.)
    let (dead, left): (Vec<usize>, Vec<usize>) = match members[..] {
        [a, b, c, d] => (vec![c, d], vec![a, b]),
        _ => anyhow::bail!("{members:?}"),
    };
    ensure!(!dead.contains(&0), "they are in the order of the nodes");
    hub.look_through(&founders[0]).await?;
    let old = consensus(&hub.chain_rpc(&chain, left[0]).await?).await?.set;
    for node in &dead {
        hub.network.nodes[*node].kill();
    }
    let stands = it_stands(&hub, &chain, left[0]).await?;
    println!("it stands at {stands:?} without {dead:?}");

    hub.within(20, "the hub to record another set", || async {
        let sets = hub.sets(&chain).await?;
        Ok((sets.set_id == Some(old.id + 1)).then_some(()))
    })
    .await?;
    let head = hub.goes_on(&chain, left[0], 10).await?;
    println!("it goes on: {head:?}");

    // What was final is, and the block above brings the record.
    let rpc = hub.chain_rpc(&chain, left[1]).await?;
    ensure!(
        rpc.block_hash(stands.number).await? == Some(stands.hash),
        "another block of height {}",
        stands.number
    );
    let first = header(&hub, &chain, left[1], stands.number + 1).await?;
    let record = find_recovery(first.digest()).context("the block brings no record")?;
    let record = Recovery::<AccountId>::read(&record);
    let record = record.context("it is none")?;
    ensure!(
        record.chain == chain.id && record.head.hash == stands.hash,
        "{record:?}"
    );
    let second = header(&hub, &chain, left[1], stands.number + 2).await?;
    ensure!(!has_recovery(second.digest()), "{second:?}");

    // The dead are not in the set; all the others that there were are.
    let set = consensus(&rpc).await?.set;
    ensure!(set.len() >= NEED && set.id > old.id, "{set:?}");
    for (name, node) in founders.iter().zip(&members) {
        let is_in = set.index_of(&authority(name)?).is_some();
        ensure!(is_in != dead.contains(node), "{name}: {set:?}");
    }
    // The chain works, keeps what it had, and the hub follows it.
    transfer(&hub, &chain, left[0], "after").await?;
    let api = client::connect_patient(hub.url(&chain, left[1]).await?).await?;
    wait_for("the other one to have both transfers", || async {
        let before = client::free(&api, &account("before")).await?;
        let after = client::free(&api, &account("after")).await?;
        Ok((before, after) == (SENT, SENT))
    })
    .await?;
    hub.is_told(&chain).await?;
    let stall: Option<StallView> = hub
        .rpc
        .runtime("DappChainSetsApi_stall", &chain.id.encode(), None)
        .await?;
    ensure!(stall.is_none(), "{stall:?}");
    Ok(())
}
