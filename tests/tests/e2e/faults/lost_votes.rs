// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Validators that lost their vote log, their database, or both. Who may lack votes that its key has
//! cast says nothing at the heights for which it may have, and votes on above them.

use crate::faults::scene::Scene;
use anyhow::{ensure, Context, Result};
use hansa_e2e::{disk, process, NodeConfig};
use serde_json::{json, Value};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How many blocks the others make final while one is down.
const GO_ON: u32 = 3;

/// For how long a node runs without the others: it has the idle interval and the timers of some
/// views to say what it should not, and time to lose patience with peers that do not come.
const ALONE: Duration = Duration::from_secs(13);

/// A chain that makes a block a second without transactions.
fn brisk() -> [(&'static str, Value); 1] {
    [("/genesis/timing/idleIntervalMs", json!(1_000))]
}

/// What is done to a node's files, given a copy of them of an earlier moment.
type Harm = fn(&NodeConfig, &Earlier) -> Result<()>;

/// Copies of what a node had on disk at an earlier moment.
struct Earlier {
    votes: PathBuf,
    database: PathBuf,
}

impl Earlier {
    /// Copy what a frozen node has on disk.
    fn of(scene: &Scene, node: usize, folder: &Path) -> Result<Self> {
        let node = &scene.network.nodes[node];
        let earlier = Self {
            votes: folder.join("votes"),
            database: folder.join("database"),
        };
        node.freeze(true);
        disk::copy(&disk::votes(&node.config)?, &earlier.votes)?;
        disk::copy(&disk::database(&node.config)?, &earlier.database)?;
        node.freeze(false);
        Ok(earlier)
    }
}

fn delete_log(config: &NodeConfig, _: &Earlier) -> Result<()> {
    disk::remove(&disk::votes(config)?)
}

fn flip_a_bit(config: &NodeConfig, _: &Earlier) -> Result<()> {
    disk::damage(&disk::vote_log(config)?)
}

fn cut_out_the_middle(config: &NodeConfig, _: &Earlier) -> Result<()> {
    disk::cut_out(&disk::vote_log(config)?)
}

fn tear_the_end(config: &NodeConfig, _: &Earlier) -> Result<()> {
    disk::tear(&disk::vote_log(config)?)
}

fn old_log(config: &NodeConfig, earlier: &Earlier) -> Result<()> {
    disk::put_back(&earlier.votes, &disk::votes(config)?)
}

fn wipe_database(config: &NodeConfig, _: &Earlier) -> Result<()> {
    disk::remove(&disk::database(config)?)
}

fn wipe_both(config: &NodeConfig, _: &Earlier) -> Result<()> {
    disk::remove(&disk::votes(config)?)?;
    disk::remove(&disk::database(config)?)
}

fn old_both(config: &NodeConfig, earlier: &Earlier) -> Result<()> {
    disk::put_back(&earlier.votes, &disk::votes(config)?)?;
    disk::put_back(&earlier.database, &disk::database(config)?)
}

/// What the node says when it finds that its log may lack votes.
pub const SILENT: &str = "may lack votes";

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_gone_damaged_torn_or_old_forges_nothing() -> Result<()> {
    // What is done, whether votes may be missing then, and what the node must say of it.
    let cases: [(&str, Harm, bool, &str); 6] = [
        ("deleted", delete_log, true, SILENT),
        ("a bit flipped", flip_a_bit, true, "The vote log is damaged"),
        (
            "a third cut out",
            cut_out_the_middle,
            true,
            "The vote log is damaged",
        ),
        ("an old copy", old_log, true, SILENT),
        (
            "a torn end",
            tear_the_end,
            false,
            "were cut off while they were written",
        ),
        ("only the database is gone", wipe_database, false, "votes"),
    ];
    let mut scene = Scene::start(&brisk(), &[]).await?;
    let load = scene.load().await?;
    for node in &scene.network.nodes {
        let log = node.log();
        ensure!(
            !log.contains(SILENT),
            "a fresh chain waits for logs:\n{log}"
        );
    }
    let victim = 3;
    // A node that has only just started may have seen the first block final without a vote of its own.
    let begun_at = scene.watch.height();
    scene.wait_votes(victim, begun_at).await?;
    let earlier = Earlier::of(&scene, victim, scene.network.folder())?;
    for (what, harm, loses_votes, says) in cases {
        println!("the vote log: {what}");
        let killed_at = scene.watch.height();
        scene.network.nodes[victim].kill();
        scene.watch.wait_height(killed_at + GO_ON).await?;
        // All that it said before arrived at the others by now, and stands in their logs.
        scene.listen()?;
        scene.read_vote_logs()?;
        let authority = scene.authorities[victim];
        let last = scene
            .auditor
            .last_height_of(authority)
            .context("it never voted")?;
        let said = scene.auditor.said_up_to(authority, last);

        let logged = scene.network.nodes[victim].log().len();
        harm(&scene.network.nodes[victim].config, &earlier)?;
        scene.network.nodes[victim].restart().await?;
        let back_at = scene.watch.height();
        scene.wait_votes(victim, back_at).await?;
        let must_say = [says, SILENT]
            .into_iter()
            .take(1 + usize::from(loses_votes));
        for says in must_say {
            let is_said = |log: &str| log.get(logged..).is_some_and(|new| new.contains(says));
            scene.network.nodes[victim]
                .wait_logged(&format!("`{says}` ({what})"), is_said)
                .await?;
        }

        scene.read_vote_logs()?;
        let says_now = scene.auditor.said_up_to(authority, last);
        let new: Vec<_> = says_now.difference(&said).collect();
        ensure!(!loses_votes || new.is_empty(), "{what}: it forged {new:?}");
    }
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lost_its_database_or_all_says_nothing_while_it_is_alone() -> Result<()> {
    let cases: [(&str, Harm); 3] = [
        ("the database is gone", wipe_database),
        ("both are gone", wipe_both),
        ("both are of an earlier moment", old_both),
    ];
    let mut scene = Scene::start(&brisk(), &[]).await?;
    let load = scene.load().await?;
    scene.watch.wait_height(GO_ON).await?;
    scene.listen()?;
    // The one that proposed block 1: it would do so again.
    let first = scene
        .auditor
        .proposer_of(1)
        .context("nobody proposed block 1")?;
    let victim = scene.authorities.iter().position(|a| *a == first);
    let victim = victim.context("the first proposer is none of the nodes")?;
    let earlier = Earlier::of(&scene, victim, scene.network.folder())?;
    for (what, harm) in cases {
        println!("node {victim}: {what}");
        let from = scene.watch.height();
        scene.watch.wait_height(from + GO_ON).await?;
        scene.network.kill_all();
        let killed_at = scene.watch.height();
        scene.listen()?;
        scene.read_vote_logs()?;
        harm(&scene.network.nodes[victim].config, &earlier)?;
        scene.network.nodes[victim].restart().await?;
        tokio::time::sleep(ALONE).await;
        scene.listen()?;
        scene.read_vote_logs()?;
        scene
            .auditor
            .verdict()
            .with_context(|| format!("{what}, alone"))?;

        for (i, node) in scene.network.nodes.iter_mut().enumerate() {
            if i != victim {
                node.relaunch()?;
            }
        }
        for node in &mut scene.network.nodes {
            node.ready().await?;
        }
        scene.watch.wait_height(killed_at + GO_ON).await?;
        let back_at = scene.watch.height();
        scene.wait_votes(victim, back_at).await?;
        scene.read_vote_logs()?;
        scene.auditor.verdict().with_context(|| what)?;
    }
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn when_too_many_lost_their_logs_people_say_which_head_they_agree_on() -> Result<()> {
    let mut scene = Scene::start(&brisk(), &[]).await?;
    let load = scene.load().await?;
    scene.watch.wait_height(GO_ON).await?;
    let losers = [2, 3];
    for loser in losers {
        scene.network.nodes[loser].kill();
    }
    let halted = scene.assert_halted(&[0, 1]).await?;
    scene.listen()?;
    scene.read_vote_logs()?;
    for loser in losers {
        disk::remove(&disk::votes(&scene.network.nodes[loser].config)?)?;
        scene.network.nodes[loser].restart().await?;
    }
    for node in &scene.network.nodes {
        node.wait_finalized(halted).await?;
    }
    let all = [0, 1, 2, 3];
    let silent_at = scene.assert_halted(&all).await?;
    for loser in losers {
        scene.network.nodes[loser]
            .wait_logged(SILENT, |log| log.contains(SILENT))
            .await?;
    }

    let heads = scene.heads(&all).await?;
    ensure!(
        heads.iter().all(|head| *head == heads[0]),
        "no common head: {heads:?}"
    );
    for loser in losers {
        let node = &mut scene.network.nodes[loser];
        let wrong = format!("0x{}", "17".repeat(32));
        let running = resume_voting(&node.config, wrong.clone());
        ensure!(running.is_err(), "it ran while the node does: {running:?}");
        node.kill();
        let said = resume_voting(&node.config, wrong).err();
        let said = said.context("it took a head that nobody has")?;
        ensure!(
            said.contains("the head of this node is block"),
            "it says {said}"
        );
        let head = hansa_e2e::rpc::hex(heads[0].hash.as_bytes());
        let done = resume_voting(&node.config, head);
        ensure!(done.is_ok(), "{done:?}");
        node.restart().await?;
    }
    scene.watch.wait_height(silent_at + GO_ON).await?;
    for loser in losers {
        scene.wait_votes(loser, silent_at + 1).await?;
    }
    drop(load);
    scene.end().await
}

/// Run the command that ends a node's silence; what it said, either way.
fn resume_voting(config: &NodeConfig, head: String) -> Result<String, String> {
    let base = config.base_path.display().to_string();
    let spec = config.base_path.with_file_name("raw-spec.json");
    let spec = spec.display().to_string();
    let arguments = ["unsafe-resume-voting", "--head", &head, "--chain", &spec];
    let output = process::run_on_chain(&[&arguments[..], &["--base-path", &base]].concat());
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(said(&output.stdout)),
        false => Err(said(&output.stderr)),
    }
}
