// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a fault costs: `make bench ARGS="faults"`.
//!
//! Of four validators one is killed (SIGKILL), again and again: in turn while it is the primary of
//! the height under way, and while another one is. Measured are how long nothing becomes final, and
//! how soon the killed one votes again after its restart. Then latency and throughput with all four
//! and with one of them down, and what a block costs in bytes and syncs.

use crate::{latency, load, millis, senders, senders::Connected, Bench};
use anyhow::{Context, Result};
use hansa_e2e::{
    metrics::Metrics,
    network::VALIDATORS,
    rpc::{number_of, Rpc},
    spec, wait_for, wait_for_some, Network, Node,
};
use serde_json::{json, Value};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// How often a node is asked what it is at. A block takes longer than that.
const POLL: Duration = Duration::from_millis(5);

/// How long blocks are watched after a kill: long enough for the dead one's turn as primary to
/// come.
const WATCH: Duration = Duration::from_secs(12);

/// Transfers per second while nodes are killed: always some, never many.
const QUIET_RATE: u32 = 20;

/// The validator that is watched, and never killed.
const OBSERVER: usize = 0;

/// The validator that is down while latency and throughput are measured.
const DOWN: usize = 3;

/// Measure what faults cost.
#[derive(clap::Args)]
pub struct Arguments {
    /// The least time from a block to its child.
    #[arg(long, value_name = "MS", default_value_t = 200)]
    min_interval_ms: u32,
    /// The timeout of view 0, if not that of the chain spec.
    #[arg(long, value_name = "MS")]
    view_timeout_ms: Option<u32>,
    /// The same for a primary that was silent lately.
    #[arg(long, value_name = "MS")]
    silent_timeout_ms: Option<u32>,
    /// How often a primary, and how often another one, is killed.
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// How many transfers are sent one by one to measure latency.
    #[arg(long, default_value_t = 100)]
    light_transfers: usize,
    /// The rate under load, in transfers per second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// How long it is held.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    load: u64,
    /// How many accounts send.
    #[arg(long, default_value_t = 1_000)]
    accounts: usize,
}

/// Whom to kill.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Primary,
    Another,
}

/// What one kill cost.
struct Killed {
    /// From the last block before the kill to the first after it.
    gap: Duration,
    /// The longest time between two blocks later, while the node was down.
    later: Duration,
    /// From the restart until it answers.
    answers: Duration,
    /// From the restart until another one hears its vote.
    votes: Duration,
}

/// The network under test.
struct Scene {
    network: Network,
    /// The public keys of the validators, in the order of the nodes.
    keys: Vec<String>,
}

/// Run all of it.
pub async fn measure(arguments: Arguments) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let senders = senders::Senders::new(arguments.accounts);
    let chain = chain(&arguments, &senders)?;
    let timing = chain["genesis"]["timing"].clone();
    let path = spec::write(folder.path(), "faults.json", &chain)?;
    let network = Network::start_with(&path, &VALIDATORS, |_, c| c.prometheus()).await?;
    let keys = validators(&chain)?;
    let mut scene = Scene { network, keys };
    scene.all_vote().await?;
    let api = scene.network.nodes[OBSERVER].client().await?;
    let mut senders = senders.connect(&api).await?;
    println!(
        "4 validators; minIntervalMs {}, viewTimeoutMs {}, silentTimeoutMs {}\n",
        timing["minIntervalMs"], timing["viewTimeoutMs"], timing["silentTimeoutMs"]
    );

    println!("| killed | times | finality gap: median | worst | later gap: worst | restart → RPC: median | restart → vote: median | worst |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (victim, name) in [
        (Victim::Primary, "the primary"),
        (Victim::Another, "another one"),
    ] {
        let mut kills = Vec::new();
        for round in 0..arguments.rounds {
            let index = 1 + round % (VALIDATORS.len() - 1);
            kills.push(scene.kill(victim, index, &mut senders).await?);
        }
        print_kills(name, &kills);
    }

    println!("\n| validators up | submitted → final: p50 | p99 | offered/s | final/s | CPU of nodes | sent per block and node: votes | proposals | log per block and node | syncs |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    scene.measure_up(&arguments, &mut senders).await?;
    scene.network.nodes[DOWN].kill();
    scene.measure_up(&arguments, &mut senders).await?;
    Ok(())
}

/// The local chain with the timing of the arguments and the balances of the senders.
fn chain(arguments: &Arguments, senders: &senders::Senders) -> Result<Value> {
    let mut chain = spec::read("local.json")?;
    let timing = &mut chain["genesis"]["timing"];
    timing["minIntervalMs"] = json!(arguments.min_interval_ms);
    for (field, value) in [
        ("viewTimeoutMs", arguments.view_timeout_ms),
        ("silentTimeoutMs", arguments.silent_timeout_ms),
    ] {
        if let Some(value) = value {
            timing[field] = json!(value);
        }
    }
    let balances = chain["genesis"]["balances"].as_object_mut();
    balances
        .context("a spec has balances")?
        .extend(senders.balances());
    Ok(chain)
}

/// The public keys of the validators of `chain`.
fn validators(chain: &Value) -> Result<Vec<String>> {
    let list = chain["genesis"]["validators"].as_array();
    list.context("a spec has validators")?
        .iter()
        .map(|validator| Ok(validator["pbft"].as_str().context("a key")?.to_owned()))
        .collect()
}

impl Scene {
    /// Wait until every validator hears every other one's votes.
    async fn all_vote(&self) -> Result<()> {
        let api = self.network.nodes[OBSERVER].client().await?;
        let pair = subxt_signer::sr25519::dev::alice();
        let to = hansa_e2e::client::account(&hansa_e2e::client::keypair("//Rest"));
        let transfer = hansa_e2e::client::transfer(&to, hansa_e2e::client::UNIT);
        wait_for("all validators to vote", || async {
            hansa_e2e::client::submit(&api, &transfer, &pair).await?;
            let metrics = self.network.nodes[OBSERVER].metrics().await?;
            let height = metrics.expect("hansa_pbft_height", &[])?;
            let recent = self
                .keys
                .iter()
                .all(|key| last_vote(&metrics, key).is_ok_and(|last| last + 2.0 >= height));
            Ok(recent)
        })
        .await
    }

    /// The validators that run, as the other parts of the benchmark know them.
    async fn up(&mut self) -> Result<Bench> {
        let mut bench = Bench {
            nodes: Vec::new(),
            pids: Vec::new(),
        };
        for node in &mut self.network.nodes {
            if node.is_running() {
                bench.nodes.push(node.rpc().await?);
                bench.pids.push(node.pid());
            }
        }
        Ok(bench)
    }

    /// Kill validator `index` while it is, or is not, the primary; watch; start it again.
    async fn kill(
        &mut self,
        victim: Victim,
        index: usize,
        senders: &mut Connected,
    ) -> Result<Killed> {
        let observer = self.network.nodes[OBSERVER].rpc().await?;
        let stop = Arc::new(AtomicBool::new(false));
        let load = self.quiet_load(index, senders, stop.clone()).await?;
        let blocks = Blocks::follow(&observer).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        wait_for_turn(&observer, victim, index).await?;
        let killed_at = Instant::now();
        self.network.nodes[index].kill();
        tokio::time::sleep(WATCH).await;
        let (gap, later) = blocks.gaps(killed_at).await?;
        let (answers, votes) = self.restart(index).await?;
        stop.store(true, Ordering::Relaxed);
        load.await?;
        self.all_vote().await?;
        senders.resynchronise(&observer).await?;
        Ok(Killed {
            gap,
            later,
            answers,
            votes,
        })
    }

    /// Send a few transfers a second, through all but validator `index`.
    async fn quiet_load(
        &self,
        index: usize,
        senders: &mut Connected,
        stop: Arc<AtomicBool>,
    ) -> Result<JoinHandle<()>> {
        let mut nodes = Vec::new();
        for (i, node) in self.network.nodes.iter().enumerate() {
            if i != index {
                nodes.push(node.rpc().await?);
            }
        }
        let seconds = hansa_e2e::wait::DEADLINE.as_secs() as usize;
        let signed = senders.sign(QUIET_RATE as usize * seconds, nodes.len())?;
        Ok(tokio::spawn(async move {
            let mut ticker = tokio::time::interval(Duration::from_secs(1) / QUIET_RATE);
            for transfer in signed {
                ticker.tick().await;
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // One that is refused is no matter here.
                tokio::spawn(nodes[transfer.node].submit(transfer.hex));
            }
        }))
    }

    /// Start validator `index` again: how long until it answers, and until it is heard to vote.
    async fn restart(&mut self, index: usize) -> Result<(Duration, Duration)> {
        let key = self.keys[index].clone();
        let before = last_vote(&self.network.nodes[OBSERVER].metrics().await?, &key)?;
        let start = Instant::now();
        self.network.nodes[index].relaunch()?;
        let (observer, node) = (&self.network.nodes[OBSERVER], &self.network.nodes[index]);
        let (answers, votes) = tokio::try_join!(
            time_until(start, || async move {
                Ok(Rpc::connect(&node.url()).await.is_ok())
            }),
            time_until(start, || {
                let key = &key;
                async move { Ok(last_vote(&observer.metrics().await?, key)? > before) }
            }),
        )?;
        Ok((answers, votes))
    }

    /// Latency and throughput of the validators that are up, and what blocks cost them.
    async fn measure_up(&mut self, arguments: &Arguments, senders: &mut Connected) -> Result<()> {
        let bench = self.up().await?;
        senders.resynchronise(&bench.nodes[0]).await?;
        let light = latency::measure(&bench, senders, arguments.light_transfers).await?;
        let before = costs(&self.network.nodes[OBSERVER]).await?;
        let window = Duration::from_secs(arguments.load);
        let run = load::one(&bench, senders, arguments.rate, window).await?;
        let after = costs(&self.network.nodes[OBSERVER]).await?;
        let blocks = (after[0] - before[0]).max(1.0);
        let per_block = |i: usize| (after[i] - before[i]) / blocks;
        println!(
            "| {} | {:.0} ms | {:.0} ms | {} | {:.1} | {:.0} % | {:.1} KB | {:.1} KB | {:.1} KB | {:.1} |",
            bench.nodes.len(),
            millis(light.finalised(50)),
            millis(light.finalised(99)),
            arguments.rate,
            run.rate_final(),
            run.cpu_percent(),
            per_block(1) / 1e3,
            per_block(2) / 1e3,
            per_block(3) / 1e3,
            per_block(4),
        );
        Ok(())
    }
}

/// The highest height of which `metrics` has a vote of `key`.
fn last_vote(metrics: &Metrics, key: &str) -> Result<f64> {
    let labels = [("authority", key)];
    metrics.expect("hansa_pbft_authority_last_vote_height", &labels)
}

/// Final height, vote bytes and proposal bytes sent, log bytes written and log syncs of a node.
async fn costs(node: &Node) -> Result<[f64; 5]> {
    let metrics = node.metrics().await?;
    let sent = |protocol| metrics.expect("hansa_pbft_sent_bytes_total", &[("protocol", protocol)]);
    Ok([
        metrics.expect("hansa_pbft_finalised_height", &[])?,
        sent("votes")?,
        sent("proposals")?,
        metrics.expect("hansa_pbft_vote_log_written_bytes_total", &[])?,
        metrics.expect("hansa_pbft_vote_log_sync_seconds_count", &[])?,
    ])
}

/// Wait until a height is under way of which validator `index` is the primary, or is not, and its
/// block is still to come.
async fn wait_for_turn(observer: &Rpc, victim: Victim, index: usize) -> Result<()> {
    let start = Instant::now();
    loop {
        let state = observer.call("pbft_roundState", vec![]).await?;
        let is_primary = state["primary"] == json!(index);
        let is_open = state["view"] == json!(0) && state["proposal"].is_null();
        if is_open && is_primary == (victim == Victim::Primary) {
            return Ok(());
        }
        anyhow::ensure!(
            start.elapsed() < hansa_e2e::wait::DEADLINE,
            "the turn of validator {index} does not come"
        );
        tokio::time::sleep(POLL).await;
    }
}

/// How long after `start` it is until `probe` says yes.
async fn time_until<F, Fut>(start: Instant, mut probe: F) -> Result<Duration>
where
    F: FnMut() -> Fut,
    Fut: std::future::Future<Output = Result<bool>>,
{
    while !probe().await.unwrap_or(false) {
        anyhow::ensure!(start.elapsed() < hansa_e2e::wait::DEADLINE, "too late");
        tokio::time::sleep(POLL).await;
    }
    Ok(start.elapsed())
}

/// Follows final blocks, and notes when each came.
struct Blocks {
    task: JoinHandle<()>,
    times: Arc<std::sync::Mutex<Vec<Instant>>>,
}

impl Blocks {
    async fn follow(rpc: &Rpc) -> Result<Self> {
        let (subscribe, unsubscribe) = (
            "chain_subscribeFinalizedHeads",
            "chain_unsubscribeFinalizedHeads",
        );
        let mut heads = rpc.subscribe(subscribe, vec![], unsubscribe).await?;
        let times = Arc::<std::sync::Mutex<Vec<Instant>>>::default();
        let noted = times.clone();
        let task = tokio::spawn(async move {
            let mut last = None;
            while let Some(Ok(head)) = heads.next().await {
                let number = number_of(&head).ok();
                if number > last {
                    last = number;
                    noted.lock().unwrap().push(Instant::now());
                }
            }
        });
        Ok(Self { task, times })
    }

    /// The time between the blocks before and after `kill`, and the longest between two later ones.
    async fn gaps(self, kill: Instant) -> Result<(Duration, Duration)> {
        let times = self.times.clone();
        // Wait for the block that ends the gap, however long that takes.
        wait_for_some("a block after the kill", || async {
            Ok(times
                .lock()
                .unwrap()
                .last()
                .is_some_and(|t| *t > kill)
                .then_some(()))
        })
        .await?;
        self.task.abort();
        let times = self.times.lock().unwrap();
        let after = times.partition_point(|time| *time <= kill);
        let before = after.checked_sub(1).and_then(|i| times.get(i));
        let gap = times[after].duration_since(*before.context("no block before the kill")?);
        let later = times[after..].windows(2).map(|pair| pair[1] - pair[0]);
        Ok((gap, later.max().unwrap_or_default()))
    }
}

fn print_kills(name: &str, kills: &[Killed]) {
    let sorted = |value: fn(&Killed) -> Duration| {
        let mut all: Vec<_> = kills.iter().map(value).collect();
        all.sort();
        all
    };
    let median = |all: &[Duration]| millis(all.get(all.len() / 2).copied().unwrap_or_default());
    let worst = |all: &[Duration]| millis(all.last().copied().unwrap_or_default());
    let (gap, later) = (sorted(|k| k.gap), sorted(|k| k.later));
    let (answers, votes) = (sorted(|k| k.answers), sorted(|k| k.votes));
    println!(
        "| {name} | {} | {:.0} ms | {:.0} ms | {:.0} ms | {:.0} ms | {:.0} ms | {:.0} ms |",
        kills.len(),
        median(&gap),
        worst(&gap),
        worst(&later),
        median(&answers),
        median(&votes),
        worst(&votes),
    );
}
