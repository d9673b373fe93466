// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Validators that are killed or frozen while the chain is busy.

use crate::faults::{
    lost_votes::SILENT,
    scene::{seeded, Scene},
};
use anyhow::{ensure, Result};
use hansa_e2e::wait_for;
use rand::{seq::SliceRandom, Rng};
use std::time::Duration;

/// How often one of four is killed.
const ROUNDS: usize = 5;

/// How many blocks the others must make final meanwhile.
const GO_ON: u32 = 5;

/// How often one is killed while it catches up.
const CATCHING_UP: usize = 3;

/// So many blocks behind, blocks come in bulk.
const FAR_BEHIND: u32 = 20;

/// How long one is frozen: longer than connections live without an answer.
const FROZEN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn one_of_four_is_killed_again_and_again_under_load() -> Result<()> {
    let (_, mut random) = seeded();
    let mut scene = Scene::start(&[], &[]).await?;
    let load = scene.load().await?;
    scene.watch.wait_height(GO_ON).await?;
    for round in 1..=ROUNDS {
        let victim = random.gen_range(0..4);
        tokio::time::sleep(Duration::from_millis(random.gen_range(0..1_500))).await;
        let killed_at = scene.watch.height();
        println!("round {round}: node {victim} is killed at height {killed_at}");
        scene.network.nodes[victim].kill();
        scene.watch.wait_height(killed_at + GO_ON).await?;

        // Sometimes it dies again while it starts or catches up.
        if random.gen_bool(0.5) {
            let node = &mut scene.network.nodes[victim];
            node.relaunch()?;
            tokio::time::sleep(Duration::from_millis(random.gen_range(0..3_000))).await;
            node.kill();
        }
        scene.network.nodes[victim].restart().await?;
        let back_at = scene.watch.height();
        scene.wait_votes(victim, back_at).await?;
    }
    ensure!(load.sent() > 0, "there was no load");
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_while_it_catches_up_has_its_votes() -> Result<()> {
    let mut scene = Scene::start(&[], &[]).await?;
    let load = scene.load().await?;
    let victim = 2;
    scene.wait_votes(victim, GO_ON).await?;
    for round in 1..=CATCHING_UP {
        let killed_at = scene.watch.height();
        println!("round {round}: it is killed at height {killed_at}");
        scene.network.nodes[victim].kill();
        scene.watch.wait_height(killed_at + FAR_BEHIND).await?;

        let node = &mut scene.network.nodes[victim];
        node.restart().await?;
        wait_for("it to have some of what it missed", || async {
            Ok(node.rpc().await?.finalized().await?.number > killed_at + 1)
        })
        .await?;
        node.kill();
        node.restart().await?;
        let back_at = scene.watch.height();
        scene.wait_votes(victim, back_at).await?;
        let log = scene.network.nodes[victim].log();
        ensure!(!log.contains(SILENT), "its vote log is complete:\n{log}");
    }
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_four_are_killed_and_one_comes_back() -> Result<()> {
    let (_, mut random) = seeded();
    let mut scene = Scene::start(&[], &[]).await?;
    let load = scene.load().await?;
    scene.watch.wait_height(GO_ON).await?;
    let mut nodes = [0, 1, 2, 3];
    nodes.shuffle(&mut random);
    let (killed, left) = nodes.split_at(2);
    println!("{killed:?} are killed");
    for node in killed {
        scene.network.nodes[*node].kill();
    }
    let halted = scene.assert_halted(left).await?;

    scene.network.nodes[killed[0]].restart().await?;
    scene.watch.wait_height(halted + GO_ON).await?;
    scene.wait_votes(killed[0], halted).await?;

    scene.network.nodes[killed[1]].restart().await?;
    let back_at = scene.watch.height();
    scene.wait_votes(killed[1], back_at).await?;
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_frozen_for_a_minute() -> Result<()> {
    let (_, mut random) = seeded();
    let mut scene = Scene::start(&[], &[]).await?;
    let load = scene.load().await?;
    scene.watch.wait_height(GO_ON).await?;
    let victim = random.gen_range(0..4);
    let frozen_at = scene.watch.height();
    scene.network.nodes[victim].freeze(true);
    tokio::time::sleep(FROZEN).await;
    scene.watch.wait_height(frozen_at + GO_ON).await?;

    scene.network.nodes[victim].freeze(false);
    let back_at = scene.watch.height();
    println!("the others made {} blocks", back_at - frozen_at);
    scene.wait_votes(victim, back_at).await?;
    drop(load);
    scene.end().await
}
