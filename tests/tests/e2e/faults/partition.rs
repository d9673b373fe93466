// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A DappChain whose nodes are cut off from the hub: hosts of their own on a network that is parted between those that
//! decide on the chain and those that decide on the hub. How to run or to skip it: [`hansa_e2e::netns`].

use crate::faults::scene::seeded;
use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    client::{self, UNIT},
    dappchains::{account, spec, Chain, Hub, DEPLOYERS},
    interchain::{address, transfer, Auditor, End},
    netns::Hosts,
    ports, spec as specs, wait_for,
};
use hansa_interchain_primitives::TRANSFER_LANE;
use serde_json::{json, Value as Json};
use std::path::Path;

/// Who decides on the hub: four fifths of the stake. None of them is in the pool.
const HUB: [&str; 4] = ["rolf", "sara", "timo", "uwe"];
/// Who decides on the chain.
const MEMBERS: [&str; 4] = ["mika", "nele", "onno", "pia"];
/// What these have at stake: enough to make a block of the hub soon, and too little for it to miss them.
const SMALL_BOND: u128 = 60_000 * UNIT;
/// How long a turn is: nobody's ends in the test.
const TERM_SECONDS: u32 = 3_600;
/// The ports of each node for DappChains, and how many of them are their RPC's that are reached from outside.
const PORTS: u16 = 8;
/// What hub and chain have with each other at first.
const RESERVE: u128 = 100 * UNIT;
/// What each transfer moves.
const AMOUNT: u128 = UNIT;
/// How many go each way while the network is parted.
const TRANSFERS: u64 = 3;
/// What was on its way when the network was parted is in a block of the hub after so many, or never will be.
const SETTLES: u32 = 20;

/// The hub of which the members of the chain have little.
fn hub_spec(folder: &Path) -> Result<std::path::PathBuf> {
    let path = spec(folder, &[HUB, MEMBERS].concat(), &[])?;
    let mut json: Json = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let validators = json["genesis"]["validators"].as_array_mut();
    for validator in validators.context("a list")?.iter_mut().skip(HUB.len()) {
        validator["bond"] = json!(SMALL_BOND.to_string());
    }
    specs::write(folder, "parted.json", &json)
}

/// A hub, each of whose nodes is on a host of its own; none if that is to be left out.
async fn start(seed: u64) -> Result<Option<(Hosts, Hub)>> {
    let names = [HUB, MEMBERS].concat();
    let count = u8::try_from(names.len())?;
    let Some(hosts) = Hosts::new(count, seed)? else {
        return Ok(None);
    };
    let folder = tempfile::tempdir()?;
    let between = ports::free_port();
    let dappchains = ports::free_ports(PORTS * u16::from(count));
    for port in dappchains..dappchains + PORTS * u16::from(count) {
        let host = usize::from((port - dappchains) / PORTS);
        if (port - dappchains) % 2 == 1 {
            hosts.namespace(host).forward(port)?;
        }
    }
    let first = hosts.namespace(0).address();
    let spec = hub_spec(folder.path())?;
    let hub = Hub::start(&spec, &names, |name, config| {
        let at = names.iter().position(|node| *node == name).unwrap_or(0);
        let range = dappchains + PORTS * u16::try_from(at).unwrap_or(0);
        let config = config
            .within(hosts.namespace(at))
            .arg("--interchain-port")
            .arg(between)
            .arg("--dappchain-ports")
            .arg(format!("{range}-{}", range + PORTS - 1));
        let config = match at {
            0 => config,
            _ => config
                .arg("--interchain-bootnodes")
                .arg(format!("/ip4/{first}/tcp/{between}")),
        };
        match MEMBERS.contains(&name) {
            true => config.arg("--join-pool"),
            false => config,
        }
    });
    let hub = hub.await?;
    Ok(Some((hosts, hub)))
}

/// How many transfers of the other chain each has taken.
async fn taken(ends: &[End; 2]) -> Result<[u64; 2]> {
    let mut counts = [0; 2];
    for ((at, to), count) in [(0, 1), (1, 0)].into_iter().zip(&mut counts) {
        let rpc = ends[at].rpc().await?;
        let head = rpc.finalized().await?;
        let route = ends[at].route(&rpc, ends[to].id(), head.hash).await?;
        let lanes = route.context("there is no route")?.lanes;
        let lane = lanes.iter().find(|view| view.lane == TRANSFER_LANE);
        *count = lane.context("there is such a lane")?.inbound.next;
    }
    Ok(counts)
}

/// Both chains go on, each takes transfers to the other one, and nothing passes.
async fn nothing_passes(hub: &Hub, chain: &Chain, member: usize, ends: &[End; 2]) -> Result<()> {
    let told = hub.reports(chain).await?;
    let before = taken(ends).await?;
    let deployer = client::keypair(DEPLOYERS[0]);
    let guest = account("guest");
    for (at, to) in [(0, 1), (1, 0)] {
        let api = ends[at].api().await?;
        for _ in 0..TRANSFERS {
            // Returns once it is final.
            let call = transfer(&address(ends[to].id(), &guest), AMOUNT);
            client::submit(&api, &call, &deployer).await?;
        }
        let book = ends[at].book(ends[to].id()).await?;
        ensure!(book.escrow == AMOUNT * u128::from(TRANSFERS), "{book:?}");
    }
    // More than a session of the chain, at whose end it tells who made blocks.
    hub.goes_on(chain, member, 16).await?;
    ensure!(hub.reports(chain).await? == told, "the hub was told");
    ensure!(taken(ends).await? == before, "a transfer passed");
    Ok(())
}

/// All that was sent has arrived, once.
async fn all_has_passed(auditor: &Auditor, before: [u64; 2]) -> Result<()> {
    let ends = &auditor.ends;
    let guest = account("guest");
    for (at, to) in [(0, 1), (1, 0)] {
        wait_for("the transfers to be settled", || async {
            auditor.audit().await?;
            Ok(ends[at].book(ends[to].id()).await?.escrow == 0)
        })
        .await?;
        let api = ends[to].api().await?;
        let expected = AMOUNT * u128::from(TRANSFERS);
        let has = client::free(&api, &guest).await?;
        ensure!(has == expected, "{has} and not {expected} arrived");
    }
    let expected = before.map(|count| count + TRANSFERS);
    ensure!(taken(ends).await? == expected, "other transfers were taken");
    ensure!(auditor.audits() > 0, "nothing was compared");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_cut_off_from_its_hub_goes_on_and_nothing_is_lost() -> Result<()> {
    let (seed, _) = seeded();
    let Some((hosts, hub)) = start(seed).await? else {
        return Ok(());
    };
    hub.all_join(&MEMBERS).await?;
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    hub.note_code(code).await?;
    hub.register("shop", code, TERM_SECONDS).await?;
    let chain = hub.goes_live("shop").await?;
    let members = hub.all_serve(&chain, &MEMBERS.map(String::from)).await?;
    let auditor = Auditor::of(hub.ends(&chain, &members).await?);
    hub.pay_in(&auditor.ends, RESERVE).await?;
    let before = taken(&auditor.ends).await?;

    println!("the chain lives");
    hosts.part(&[&[0, 1, 2, 3], &[4, 5, 6, 7]]);
    let parted_at = hub.rpc.finalized().await?.number;
    hub.network.nodes[0]
        .wait_finalized(parted_at + SETTLES)
        .await?;
    nothing_passes(&hub, &chain, members[0], &auditor.ends).await?;
    ensure!(hosts.counts().parted > 0, "nothing was parted");

    println!("it goes on without the hub");
    hosts.heal();
    all_has_passed(&auditor, before).await?;
    hub.is_told(&chain).await?;
    hub.goes_on(&chain, members[0], 3).await?;
    Ok(())
}
