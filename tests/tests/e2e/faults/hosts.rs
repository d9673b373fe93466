// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Each validator on a host of its own (a network namespace), with a bad network between them. How
//! to run or to skip these: [`hansa_e2e::netns`].

use crate::faults::scene::{seeded, Scene};
use anyhow::{ensure, Result};
use hansa_e2e::{
    client,
    client::UNIT,
    netns::{Hosts, Quality},
};
use serde_json::{json, Value};
use std::time::Duration;
use subxt_signer::sr25519::dev;

/// How many blocks must become final after a change.
const GO_ON: u32 = 5;

/// A chain that makes a block a second without transactions, on hosts; none if they are to be left
/// out.
async fn scene(seed: u64) -> Result<Option<(Hosts, Scene)>> {
    let idle: [(&str, Value); 1] = [("/genesis/timing/idleIntervalMs", json!(1_000))];
    let Some(hosts) = Hosts::new(4, seed)? else {
        return Ok(None);
    };
    let on_host = |i, config: hansa_e2e::NodeConfig| config.within(hosts.namespace(i));
    let scene = Scene::start_with(&idle, on_host).await?;
    Ok(Some((hosts, scene)))
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_network_that_delays_loses_and_reorders_transfers_become_final() -> Result<()> {
    let (seed, _) = seeded();
    let Some((hosts, mut scene)) = scene(seed).await? else {
        return Ok(());
    };
    hosts.set_quality(Quality {
        delay: Duration::from_millis(50),
        jitter: Duration::from_millis(15),
        loss: 0.02,
        reordering: 0.05,
    });
    let receiver = client::account(&client::keypair("//FarAway"));
    let signers = [dev::alice(), dev::bob(), dev::charlie(), dev::dave()];
    for (node, signer) in scene.network.nodes.iter().zip(&signers) {
        let api = node.client().await?;
        client::submit(&api, &client::transfer(&receiver, UNIT), signer).await?;
    }
    scene.network.wait_free(&receiver, 4 * UNIT).await?;

    let load = scene.load().await?;
    let height = scene.watch.height();
    scene.watch.wait_height(height + 4 * GO_ON).await?;
    for node in 0..4 {
        scene.wait_votes(node, height).await?;
    }
    drop(load);
    let counts = hosts.counts();
    println!("{counts:?}");
    ensure!(
        counts.lost > 0 && counts.reordered > 0,
        "the network is good: {counts:?}"
    );
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_parted_in_halves_halts_and_goes_on_when_it_heals() -> Result<()> {
    let (seed, _) = seeded();
    let Some((hosts, mut scene)) = scene(seed).await? else {
        return Ok(());
    };
    let load = scene.load().await?;
    scene.watch.wait_height(GO_ON).await?;
    hosts.part(&[&[0, 1], &[2, 3]]);
    let halted = scene.assert_halted(&[0, 1, 2, 3]).await?;
    let height = scene.watch.height();
    ensure!(
        height <= halted,
        "a client saw {height}, the nodes stand at {halted}"
    );
    ensure!(hosts.counts().parted > 0, "nothing was parted");

    hosts.heal();
    scene.watch.wait_height(halted + GO_ON).await?;
    for node in 0..4 {
        scene.wait_votes(node, halted + 1).await?;
    }
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn three_go_on_without_a_host_that_is_cut_off_and_it_catches_up() -> Result<()> {
    let (seed, _) = seeded();
    let Some((hosts, mut scene)) = scene(seed).await? else {
        return Ok(());
    };
    let load = scene.load().await?;
    scene.watch.wait_height(GO_ON).await?;
    hosts.part(&[&[0, 1, 2]]);
    let alone = scene.assert_halted(&[3]).await?;
    scene.watch.wait_height(alone + 4 * GO_ON).await?;

    hosts.heal();
    let healed_at = scene.watch.height();
    scene.wait_votes(3, healed_at).await?;
    drop(load);
    scene.end().await
}
