// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The benchmark of a local network: `make bench`.
//!
//! It starts validators on this machine, over loopback only, and measures from outside, as a client
//! sees it:
//!
//! 1. the floor: how long one sr25519 verification takes on one core;
//! 2. at light load, one transfer at a time: submitted → in a block, submitted → final;
//! 3. under load: the highest rate of transfers that the network keeps up with, sustained for a
//!    minute, and the CPU time that all nodes together spend per final transfer.
//!
//! `make bench ARGS="faults"` measures what faults cost instead ([`faults`]), and `ARGS="chains"` how fast
//! transfers go from one chain to another ([`chains`]), `ARGS="proofs"` what it costs to believe another
//! chain ([`proofs`]), and `ARGS="dappchains"` what DappChains cost ([`dappchains`]).
//!
//! Transactions are signed before a measurement begins. The client runs on the same machine and
//! takes its share of it; that share is in the report.

mod chains;
mod dappchains;
mod faults;
mod latency;
mod load;
mod machine;
mod many;
mod proofs;
mod senders;

use anyhow::{Context, Result};
use clap::Parser;
use hansa_e2e::{process, rpc::Rpc, spec, Launcher};
use senders::Senders;
use serde_json::json;
use std::time::Duration;

/// The ports that a network takes at most.
const PORTS: u16 = 250;

/// Measure a local network of validators.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// The least time from a block to its child.
    #[arg(long, value_name = "MS", default_value_t = 200)]
    min_interval_ms: u32,
    /// How many transfers are sent one by one to measure latency.
    #[arg(long, default_value_t = 200)]
    light_transfers: usize,
    /// How many accounts send under load, each through one node.
    #[arg(long, default_value_t = 1_000)]
    accounts: usize,
    /// The rates to try, in transfers per second, ascending.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "100,200,300,400,500,600,800,1000,1300"
    )]
    rates: Vec<u32>,
    /// How long each rate is tried.
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    probe: u64,
    /// How long the highest rate that held is sustained.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    sustain: u64,
    /// Cargo says so to every benchmark.
    #[arg(long, hide = true, global = true)]
    bench: bool,
    /// More flags for `hansa network up`, such as `--validators=4`.
    #[arg(last = true)]
    network: Vec<String>,
}

/// What to measure other than latency and throughput.
#[derive(clap::Subcommand)]
enum Mode {
    /// Transfers from one chain to another.
    Chains(chains::Arguments),
    /// Proofs and updates of light clients, by the number of authorities.
    Proofs(proofs::Arguments),
    /// DappChains: how long they take to live, what they cost, and how fast they are beside a busy hub.
    Dappchains(dappchains::Arguments),
    /// What faults cost: kills validators and starts them again.
    Faults(faults::Arguments),
}

/// The network that is measured.
struct Bench {
    nodes: Vec<Rpc>,
    pids: Vec<u32>,
}

impl Bench {
    /// The CPU time that all nodes have used so far.
    fn cpu(&self) -> Duration {
        machine::cpu_time(&self.pids)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    process::print_no_logs();
    let verification = machine::sr25519_verification();
    println!("# Benchmark of a local network\n");
    println!("{}\n", machine::describe());
    println!("One sr25519 verification: {:.1} µs\n", micros(verification));
    match arguments.mode {
        Some(Mode::Faults(arguments)) => return faults::measure(arguments).await,
        Some(Mode::Proofs(arguments)) => return proofs::measure(arguments).await,
        Some(Mode::Dappchains(arguments)) => return dappchains::measure(arguments).await,
        Some(Mode::Chains(arguments)) => return chains::measure(arguments).await,
        None => {}
    }

    let folder = tempfile::tempdir()?;
    let senders = Senders::new(arguments.accounts);
    let mut chain = spec::read("local.json")?;
    chain["genesis"]["timing"]["minIntervalMs"] = json!(arguments.min_interval_ms);
    let balances = chain["genesis"]["balances"]
        .as_object_mut()
        .context("a spec has balances")?;
    balances.extend(senders.balances());
    let chain = spec::write(folder.path(), "bench.json", &chain)?
        .display()
        .to_string();
    let mut flags = vec!["--chain", chain.as_str()];
    flags.extend(arguments.network.iter().map(String::as_str));
    let mut up = Launcher::up(&flags, PORTS).await?;
    let mut nodes = Vec::new();
    for url in up.urls()? {
        nodes.push(Rpc::connect(&url).await?);
    }
    let bench = Bench {
        nodes,
        pids: up.pids()?,
    };
    let api = subxt::OnlineClient::from_insecure_url(&up.urls()?[0]).await?;
    let mut senders = senders.connect(&api).await?;
    println!(
        "{} validators, at least {} ms from block to block\n",
        bench.nodes.len(),
        arguments.min_interval_ms
    );

    let idle = machine::idle_cpu(&bench.pids, Duration::from_secs(10)).await;
    println!(
        "Idle, all nodes together use {:.1} % of one core\n",
        100.0 * idle
    );

    let light = latency::measure(&bench, &mut senders, arguments.light_transfers).await?;
    println!("{light}");

    let plan = load::Plan {
        rates: arguments.rates,
        probe: Duration::from_secs(arguments.probe),
        sustain: Duration::from_secs(arguments.sustain),
    };
    load::measure(&bench, &mut senders, &plan, verification).await?;

    for pid in &bench.pids {
        anyhow::ensure!(process::is_running(*pid), "node {pid} died under load");
    }
    drop(bench);
    up.stop();
    Ok(())
}

/// A duration in microseconds.
fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A duration in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
