// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What DappChains cost, and how fast they are while their hub is busy: `make bench ARGS="dappchains"`.
//!
//! It runs the demo (`hansa network up --demo`: a hub of nine nodes and two DappChains), and prints
//!
//! 1. how long each DappChain took from its registration to its first block, as the demo tells;
//! 2. memory and processor time of processes, by how many chains run in them;
//! 3. how long payments on a DappChain take to be final while nothing happens on the hub, and under load there.
//!
//! With `--many` it measures what processes take that run up to four chains instead: see [`many`].

use crate::{latency::percentile, machine, many, millis};
use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    client::{self, Client, UNIT},
    rpc::{hex, Rpc},
    Launcher,
};
use rand::Rng;
use serde_json::{json, Value as Json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use subxt::config::DefaultExtrinsicParamsBuilder;
use subxt_signer::sr25519::{dev, Keypair};

/// The ports that the demo takes.
const PORTS: u16 = 90;

/// How long the demo may take.
const DEADLINE: Duration = Duration::from_secs(900);

/// The DappChain whose nodes stay, so that nothing but the load changes.
const CHAIN: &str = "bank";

/// Payments that are made first and not counted.
const WARM_UP: usize = 5;

/// The pause between two payments is random up to this, so that they do not keep step with blocks.
const MAX_PAUSE_MS: u64 = 300;

/// How to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many payments are made on the DappChain, for each load.
    #[arg(long, default_value_t = 30)]
    payments: usize,
    /// The transfers per second on the hub.
    #[arg(long, value_delimiter = ',', default_value = "0,25,100")]
    rates: Vec<u32>,
    /// For how long processor time is looked at, in seconds.
    #[arg(long, default_value_t = 20)]
    window: u64,
    /// Measure what processes take that run one to four chains, and nothing else.
    #[arg(long)]
    many: bool,
}

/// Measure, and print.
pub async fn measure(arguments: Arguments) -> Result<()> {
    let window = Duration::from_secs(arguments.window);
    if arguments.many {
        return many::measure(window).await;
    }
    let mut up = Launcher::up_within(&["--demo"], PORTS, DEADLINE).await?;
    ensure!(up.json["ok"] == true, "{}", up.json["failed"]);
    print_lives(&up.json)?;
    print_processes(&up, window).await?;
    println!("| transfers/s on the hub: sent | final | payments on {CHAIN} | final after, p50 | p99 | p50 to that of the first |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut first = None;
    for rate in arguments.rates {
        let found = under_load(&up, rate, arguments.payments).await?;
        let base = *first.get_or_insert(found.median);
        println!(
            "| {rate} | {:.0} | {} | {:.0} ms | {:.0} ms | {:.2} |",
            found.taken,
            arguments.payments,
            millis(found.median),
            millis(found.worst),
            found.median.as_secs_f64() / base.as_secs_f64()
        );
    }
    up.stop();
    Ok(())
}

fn print_lives(account: &Json) -> Result<()> {
    println!("A hub with epochs of {} ms\n", account["hub"]["epoch_ms"]);
    println!(
        "| DappChain | registered in epoch | first block final in | from the one to the other |"
    );
    println!("| --- | ---: | ---: | ---: |");
    for chain in account["chains"].as_array().context("no chains")? {
        let seconds = chain["seconds_to_first_block"].as_f64().context("a time")?;
        let name = chain["name"].as_str().context("a name")?;
        println!(
            "| {name} | {} | {} | {seconds:.1} s |",
            chain["registered_in"], chain["first_block_in"]
        );
    }
    println!(
        "\nAll of the demo took {:.0} s\n",
        account["seconds"].as_f64().unwrap_or(0.0)
    );
    Ok(())
}

/// The resident memory of a process, in MiB.
pub fn rss_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

/// How many DappChains run in each process.
async fn running(up: &Launcher) -> Result<Vec<usize>> {
    let mut counts = Vec::new();
    for url in up.urls()? {
        let chains = Rpc::connect(&url)
            .await?
            .call("hansa_chains", vec![])
            .await?;
        let chains = chains.as_array().context("a list")?;
        counts.push(
            chains
                .iter()
                .filter(|chain| chain["state"] == "running")
                .count(),
        );
    }
    Ok(counts)
}

async fn print_processes(up: &Launcher, window: Duration) -> Result<()> {
    let pids = up.pids()?;
    let before_counts = running(up).await?;
    let before: Vec<_> = pids.iter().map(|pid| machine::cpu_time(&[*pid])).collect();
    tokio::time::sleep(window).await;
    let mut by_chains = BTreeMap::<usize, Vec<(u64, f64)>>::new();
    let after_counts = running(up).await?;
    for (i, pid) in pids.iter().enumerate() {
        // One that began or stopped a chain meanwhile is of neither kind.
        if before_counts[i] == after_counts[i] {
            let used = machine::cpu_time(&[*pid]).saturating_sub(before[i]);
            let share = 100.0 * used.as_secs_f64() / window.as_secs_f64();
            let memory = rss_mib(*pid).context("no memory of a process")?;
            by_chains
                .entry(before_counts[i] + 1)
                .or_default()
                .push((memory, share));
        }
    }
    println!("| chains in the process, with the hub | processes | memory, mean | of one core, idle, mean |");
    println!("| ---: | ---: | ---: | ---: |");
    for (chains, found) in by_chains {
        let count = found.len();
        let memory = found.iter().map(|(memory, _)| memory).sum::<u64>() / count as u64;
        let share = found.iter().map(|(_, share)| share).sum::<f64>() / count as f64;
        println!("| {chains} | {count} | {memory} MiB | {share:.1} % |");
    }
    println!();
    Ok(())
}

/// Transfers on the hub at a steady rate, until it is dropped.
struct HubLoad {
    task: tokio::task::JoinHandle<Result<()>>,
    before: u64,
    begun: Instant,
}

impl HubLoad {
    /// Sign and send by Bob, through the hub's first node.
    async fn start(url: &str, rate: u32, longest: Duration) -> Result<Self> {
        let (api, rpc) = (
            Client::from_insecure_url(url).await?,
            Rpc::connect(url).await?,
        );
        let (sender, to) = (dev::bob(), client::account(&dev::charlie()));
        // What was sent before and is not final would have the same nonces.
        let address = json!(client::account(&sender).to_string());
        hansa_e2e::wait_for("the transfers of before to be final", || async {
            let next = rpc.call("system_accountNextIndex", vec![address.clone()]);
            Ok(next.await?.as_u64() == Some(client::nonce(&api, &sender).await?))
        })
        .await?;
        let before = client::nonce(&api, &sender).await?;
        let call = client::transfer(&to, UNIT / 1_000);
        let count = u64::from(rate) * longest.as_secs();
        let at = api.at_current_block().await?;
        let mut signed = Vec::new();
        for nonce in before..before + count {
            let params = DefaultExtrinsicParamsBuilder::new()
                .nonce(nonce)
                .immortal()
                .build();
            let bytes = at
                .transactions()
                .create_signable_offline(&call, params)?
                .sign(&sender)?
                .into_encoded();
            signed.push(hex(&bytes));
        }
        let begun = Instant::now();
        let task = tokio::spawn(async move {
            let pause = Duration::from_secs(1) / rate.max(1);
            let mut ticks = tokio::time::interval(pause);
            for transaction in signed {
                ticks.tick().await;
                rpc.call("author_submitExtrinsic", vec![json!(transaction)])
                    .await?;
            }
            Ok(())
        });
        Ok(Self {
            task,
            before,
            begun,
        })
    }

    /// End it. Returns how many were final a second.
    async fn stop(self, url: &str) -> Result<f64> {
        let api = Client::from_insecure_url(url).await?;
        let taken = client::nonce(&api, &dev::bob()).await? - self.before;
        let rate = taken as f64 / self.begun.elapsed().as_secs_f64();
        if self.task.is_finished() {
            self.task.await.context("the load panicked")??;
        } else {
            self.task.abort();
        }
        Ok(rate)
    }
}

/// What was found under a load.
struct Found {
    /// Transfers of the hub that were final, a second.
    taken: f64,
    median: Duration,
    worst: Duration,
}

async fn under_load(up: &Launcher, rate: u32, payments: usize) -> Result<Found> {
    let hub = up.urls()?[0].clone();
    let chains = up.json["chains"].as_array().context("no chains")?;
    let chain = chains.iter().find(|chain| chain["name"] == CHAIN);
    let url = chain.and_then(|chain| chain["rpc"][0].as_str());
    let url = url.context("nobody runs the chain")?;
    // More than it takes: what is left is not sent.
    let longest = Duration::from_secs(payments as u64 + 30);
    let load = HubLoad::start(&hub, rate, longest).await?;
    let mut times = Vec::new();
    for i in 0..WARM_UP + payments {
        let took = pay(url).await?;
        if i >= WARM_UP {
            times.push(took);
        }
        let pause = rand::thread_rng().gen_range(0..MAX_PAUSE_MS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    let taken = load.stop(&hub).await?;
    times.sort();
    Ok(Found {
        taken,
        median: percentile(&times, 50),
        worst: percentile(&times, 99),
    })
}

/// A payment by Eve on the DappChain. Returns how long it took until it was final.
async fn pay(url: &str) -> Result<Duration> {
    let (api, rpc) = (
        Client::from_insecure_url(url).await?,
        Rpc::connect(url).await?,
    );
    let sender: Keypair = dev::eve();
    let call = client::transfer(&client::account(&dev::ferdie()), UNIT / 1_000);
    let nonce = client::nonce(&api, &sender).await?;
    let signed = hex(&client::sign_with_nonce(&api, &call, &sender, nonce).await?);
    let (on, off) = ("author_submitAndWatchExtrinsic", "author_unwatchExtrinsic");
    let begun = Instant::now();
    let mut updates = rpc.subscribe(on, vec![json!(signed)], off).await?;
    loop {
        let next = tokio::time::timeout(hansa_e2e::wait::DEADLINE, updates.next()).await;
        let status: Json = next
            .context("a payment is not final")?
            .context("no more updates")??;
        if status.get("finalized").is_some() {
            return Ok(begun.elapsed());
        }
        let goes_on = ["inBlock", "broadcast"]
            .iter()
            .any(|key| status.get(*key).is_some());
        ensure!(
            goes_on || status == "ready" || status == "future",
            "{status}"
        );
    }
}
