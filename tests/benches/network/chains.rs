// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Transfers from one chain to another: `make bench ARGS="chains"`.
//!
//! Two chains on this machine, with a route between them. One transfer at a time: submitted on the one →
//! paid out in a final block of the other, → settled in a final block of the first. Then as many as the lane
//! takes: packets per second.

use crate::{latency::percentile, millis, PORTS};
use anyhow::{Context, Result};
use hansa_e2e::{
    client::{self, Client, UNIT},
    interchain::{address, batch, transfer, End},
    network::text,
    rpc::{hash_of, hex, Rpc},
    Launcher,
};
use hansa_interchain_primitives::{api::RouteView, TRANSFER_LANE};
use rand::Rng;
use serde_json::json;
use std::time::{Duration, Instant};
use subxt_signer::sr25519::{dev, Keypair};

/// Transfers that are sent first and not counted.
const WARM_UP: usize = 3;

/// The pause between two transfers is random up to this, so that they do not keep step with blocks.
const MAX_PAUSE_MS: u64 = 500;

/// How many transfers one transaction makes under load.
const AT_ONCE: usize = 20;

/// How to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many validators each chain has.
    #[arg(long, default_value_t = 4)]
    validators: u16,
    /// How many transfers are sent one by one.
    #[arg(long, default_value_t = 50)]
    transfers: usize,
    /// How many transfers are sent as fast as the lane takes them.
    #[arg(long, default_value_t = 2_000)]
    load: usize,
}

/// Measure, and print.
pub async fn measure(arguments: Arguments) -> Result<()> {
    let validators = arguments.validators.to_string();
    let up = Launcher::up(&["--chains", "2", "--validators", &validators], PORTS).await?;
    let mut ends = Vec::new();
    for chain in up.json["chains"].as_array().context("no chains")? {
        let nodes = chain["nodes"].as_array().context("no nodes")?;
        let urls = nodes.iter().map(|node| text(node, "rpc"));
        ends.push(End::of(urls.collect::<Result<_>>()?).await?);
    }
    let [a, b] = &ends[..] else {
        anyhow::bail!("not two chains: {}", up.json);
    };
    println!("Two chains with {validators} validators each\n");
    let (mut delivered, mut settled) = (Vec::new(), Vec::new());
    for i in 0..WARM_UP + arguments.transfers {
        let (there, back) = one(a, b, i).await?;
        if i >= WARM_UP {
            delivered.push(there);
            settled.push(back);
        }
        let pause = rand::thread_rng().gen_range(0..MAX_PAUSE_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    println!(
        "| one at a time, {} transfers | p50 | p99 |",
        delivered.len()
    );
    println!("| --- | ---: | ---: |");
    for (name, times) in [
        ("submitted → paid out, final", &mut delivered),
        ("submitted → settled, final", &mut settled),
    ] {
        times.sort();
        let (median, worst) = (percentile(times, 50), percentile(times, 99));
        println!(
            "| {name} | {:.0} ms | {:.0} ms |",
            millis(median),
            millis(worst)
        );
    }
    let (taken, took) = load(a, b, arguments.load).await?;
    println!(
        "\nUnder load {taken} packets were delivered in {:.1} s: {:.0} a second",
        took.as_secs_f64(),
        taken as f64 / took.as_secs_f64()
    );
    Ok(())
}

/// Sign a call offline.
async fn signed(api: &Client, call: &impl subxt::tx::Payload, who: &Keypair) -> Result<String> {
    let nonce = client::nonce(api, who).await?;
    Ok(hex(&client::sign_with_nonce(api, call, who, nonce).await?))
}

/// Send one transfer. Returns how long it took until it was paid out, and until it was settled.
async fn one(a: &End, b: &End, i: usize) -> Result<(Duration, Duration)> {
    let receiver = client::account(&client::keypair(&format!("//Bench//Chains//{i}")));
    let (api_a, api_b) = (a.api().await?, b.api().await?);
    let (rpc_a, rpc_b) = (a.rpc().await?, b.rpc().await?);
    let call = transfer(&address(b.id(), &receiver), UNIT);
    let transaction = signed(&api_a, &call, &dev::eve()).await?;
    let before = lane(a, &rpc_a, b.id()).await?.0;
    let mut there = heads(&rpc_b).await?;
    let mut here = heads(&rpc_a).await?;
    let start = Instant::now();
    rpc_a.submit(transaction).await?;
    loop {
        there.next().await.context("no more blocks")??;
        if client::free(&api_b, &receiver).await? > 0 {
            break;
        }
    }
    let delivered = start.elapsed();
    loop {
        if lane(a, &rpc_a, b.id()).await?.0 > before {
            return Ok((delivered, start.elapsed()));
        }
        here.next().await.context("no more blocks")??;
    }
}

async fn heads(rpc: &Rpc) -> Result<jsonrpsee::core::client::Subscription<serde_json::Value>> {
    let (on, off) = (
        "chain_subscribeFinalizedHeads",
        "chain_unsubscribeFinalizedHeads",
    );
    rpc.subscribe(on, vec![], off).await
}

/// How many transfers to `peer` are settled at the last final block, and how many of its own it has taken.
async fn lane(end: &End, rpc: &Rpc, peer: u32) -> Result<(u64, u64)> {
    let head = hash_of(&rpc.call("chain_getFinalizedHead", vec![]).await?)?;
    let route: Option<RouteView> = end.route(rpc, peer, head).await?;
    let lanes = route.context("there is no route")?.lanes;
    let lane = lanes.iter().find(|view| view.lane == TRANSFER_LANE);
    let lane = lane.context("there is no such lane")?;
    Ok((lane.outbound.acknowledged, lane.inbound.next))
}

/// Send `count` transfers as fast as the lane takes them. Returns how many were taken in how long.
async fn load(a: &End, b: &End, count: usize) -> Result<(u64, Duration)> {
    let (api, rpc_a, rpc_b) = (a.api().await?, a.rpc().await?, b.rpc().await?);
    let receiver = client::account(&dev::ferdie());
    let call = transfer(&address(b.id(), &receiver), UNIT / 100);
    let all = batch(&api, &vec![call; AT_ONCE]).await?;
    let first = client::nonce(&api, &dev::dave()).await?;
    let transactions = count.div_ceil(AT_ONCE);
    let mut signed = Vec::new();
    for nonce in first..first + transactions as u64 {
        signed.push(hex(&client::sign_with_nonce(
            &api,
            &all,
            &dev::dave(),
            nonce,
        )
        .await?));
    }
    let (_, before) = lane(b, &rpc_b, a.id()).await?;
    let window = {
        let head = rpc_a.finalized().await?.hash;
        let parameters: hansa_interchain_primitives::api::Parameters = rpc_a
            .runtime("InterchainApi_parameters", &[], Some(head))
            .await?;
        u64::from(parameters.window)
    };
    let start = Instant::now();
    let mut sent = 0u64;
    let mut signed = signed.into_iter();
    let total = (transactions * AT_ONCE) as u64;
    let mut there = heads(&rpc_b).await?;
    loop {
        let (settled, _) = lane(a, &rpc_a, b.id()).await?;
        // What is more than the lane takes would fail.
        while sent.saturating_sub(settled.saturating_sub(before)) + AT_ONCE as u64 <= window / 2 {
            let Some(transaction) = signed.next() else {
                break;
            };
            rpc_a
                .call("author_submitExtrinsic", vec![json!(transaction)])
                .await?;
            sent += AT_ONCE as u64;
        }
        let (_, taken) = lane(b, &rpc_b, a.id()).await?;
        if taken - before >= total {
            return Ok((taken - before, start.elapsed()));
        }
        there.next().await.context("no more blocks")??;
    }
}
