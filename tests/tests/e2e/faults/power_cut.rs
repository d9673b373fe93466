// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The power fails at all four at once, under load. A process that is killed leaves behind what it
//! wrote, flushed or not; after a power cut the databases, which flush nothing themselves, are as
//! they were some seconds ago, while the vote logs, which are synced, are as they were at the end.
//! So here the databases are put back to a copy of an earlier moment. Nothing that a client saw final
//! may be undone.

use crate::faults::scene::{seeded, Scene};
use anyhow::{ensure, Result};
use hansa_e2e::disk;
use rand::Rng;

/// How many decided blocks a vote log keeps for this.
const KEPT: u32 = 64;

async fn power_cut(database: &str, torn: bool) -> Result<()> {
    let (_, mut random) = seeded();
    let mut scene = Scene::start(&[], &["--database", database]).await?;
    let load = scene.load().await?;
    scene.watch.wait_height(5).await?;

    // What is flushed: a moment of all four. Frozen processes write nothing meanwhile.
    let copies = scene.network.folder().join("flushed");
    std::fs::create_dir(&copies)?;
    let flushed = scene.heads(&[0, 1, 2, 3]).await?;
    for node in &scene.network.nodes {
        node.freeze(true);
    }
    for node in &scene.network.nodes {
        let folder = disk::database(&node.config)?;
        disk::copy(&folder, &copies.join(&node.config.name))?;
    }
    for node in &scene.network.nodes {
        node.freeze(false);
    }
    let from = flushed.iter().map(|head| head.number).min().unwrap_or(0);
    let more = random.gen_range(10..40);
    scene.watch.wait_height(from + more).await?;
    scene.network.kill_all();
    let seen = scene.watch.height();
    ensure!(seen - from <= KEPT, "too slow: from {from} to {seen}");
    println!("power cut at {seen}, flushed up to {from}");
    scene.listen()?;
    scene.read_vote_logs()?;
    for node in &scene.network.nodes {
        let folder = disk::database(&node.config)?;
        disk::put_back(&copies.join(&node.config.name), &folder)?;
        if torn {
            disk::tear(&disk::vote_log(&node.config)?)?;
        }
    }
    scene.network.restart_all().await?;

    scene.watch.assert_kept_by(&scene.network.nodes).await?;
    for node in &scene.network.nodes {
        let back = "is back in the database";
        node.wait_logged(back, |log| log.contains(back)).await?;
        let log = node.log();
        let cut = log.contains("were cut off while they were written");
        ensure!(cut == torn, "torn: {torn}, noticed: {cut}");
    }
    for node in 0..4 {
        scene.wait_votes(node, seen).await?;
    }
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_undoes_nothing_in_rocksdb() -> Result<()> {
    power_cut("rocksdb", false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_that_tears_the_logs_undoes_nothing_in_paritydb() -> Result<()> {
    power_cut("paritydb", true).await
}
