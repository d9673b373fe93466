// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Runs scenarios over many seeds, or one again; measures latency.

use clap::{Args, Parser, Subcommand};
use hansa_pbft_sim::{
    latency::{measure, Setup},
    run, scenarios, Scenario, Summary, Violation,
};
use std::{
    process::ExitCode,
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex,
    },
    time::Instant,
};

/// Deterministic simulation of Hansa's pBFT.
#[derive(Parser)]
#[command(name = "hansa-pbft-sim", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs scenarios, each over a number of seeds.
    Run(RunArgs),
    /// Lists the scenarios.
    List,
    /// Measures latency from proposal to finality on a simulated network.
    Latency(LatencyArgs),
}

#[derive(Args)]
struct RunArgs {
    /// Only the scenario of this name; those that begin with it if there is none.
    #[arg(long)]
    scenario: Option<String>,
    /// How many seeds, from 0 or --from on.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this seed; prints how the run went.
    #[arg(long)]
    seed: Option<u64>,
    /// How many threads; one for each core if it is not given.
    #[arg(long)]
    jobs: Option<usize>,
}

#[derive(Args)]
struct LatencyArgs {
    /// Numbers of authorities.
    #[arg(long, value_delimiter = ',', default_value = "4,10,32,100")]
    authorities: Vec<usize>,
    /// Blocks in each run.
    #[arg(long, default_value_t = 50)]
    blocks: u32,
    /// Delay of a message, in milliseconds.
    #[arg(long, default_value_t = 50)]
    link_ms: u64,
    /// Up to how much longer it may take, in milliseconds.
    #[arg(long, default_value_t = 5)]
    jitter_ms: u64,
    /// Building or executing a block, in milliseconds.
    #[arg(long, default_value_t = 10)]
    execute_ms: u64,
    /// One sync of the vote log, in microseconds.
    #[arg(long, default_value_t = 1_000)]
    sync_us: u64,
    /// Checking one signature, in microseconds.
    #[arg(long, default_value_t = 50)]
    verify_us: u64,
    /// The body of a block, in bytes.
    #[arg(long, default_value_t = 15_000)]
    body_bytes: u64,
    /// The seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run_scenarios(&args),
        Command::List => {
            for scenario in scenarios() {
                println!("{}", scenario.name);
            }
            Ok(())
        }
        Command::Latency(args) => print_latency(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn chosen(name: Option<&str>) -> Result<Vec<Scenario>, String> {
    let all = scenarios();
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(all);
    };
    let exact: Vec<_> = all.iter().filter(|s| s.name == name).cloned().collect();
    if !exact.is_empty() {
        return Ok(exact);
    }
    let like: Vec<_> = all
        .into_iter()
        .filter(|s| s.name.starts_with(name))
        .collect();
    if like.is_empty() {
        return Err(format!("there is no scenario {name:?}; see `list`"));
    }
    Ok(like)
}

fn run_scenarios(args: &RunArgs) -> Result<(), String> {
    let list = chosen(args.scenario.as_deref())?;
    if let Some(seed) = args.seed {
        for scenario in &list {
            let summary = run(scenario, seed).map_err(|violation| violation.to_string())?;
            println!("{} with seed {seed}: {}", scenario.name, in_full(&summary));
        }
        return Ok(());
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.unwrap_or(cores).max(1);
    let begin = Instant::now();
    let (mut runs, mut simulated_ms, mut failed) = (0u64, 0u64, 0u64);
    println!(
        "{:<28} {:>6} {:>9} {:>8} {:>6} {:>8} {:>6}",
        "scenario", "seeds", "seeds/s", "heights", "view", "crashes", "forks"
    );
    for scenario in &list {
        let begin = Instant::now();
        let (total, violations) = run_seeds(scenario, args.from, args.seeds, jobs);
        let speed = args.seeds as f64 / begin.elapsed().as_secs_f64().max(1e-9);
        println!(
            "{:<28} {:>6} {speed:>9.0} {:>8} {:>6} {:>8} {:>6}",
            scenario.name,
            args.seeds,
            total.heights,
            total.highest_view,
            total.crashes,
            total.forks
        );
        for violation in violations.iter().take(3) {
            eprintln!("{violation}");
        }
        runs += args.seeds;
        simulated_ms += total.simulated_ms;
        failed += violations.len() as u64;
    }
    let seconds = begin.elapsed().as_secs_f64().max(1e-9);
    println!(
        "{runs} runs in {seconds:.1} s on {jobs} threads: {:.0} scenarios per second, {:.0} hours \
         simulated",
        runs as f64 / seconds,
        simulated_ms as f64 / 3_600_000.0
    );
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} of {runs} runs failed")),
    }
}

/// Run all seeds of a scenario: what was counted, and what went wrong, the lowest seed first.
fn run_seeds(scenario: &Scenario, from: u64, seeds: u64, jobs: usize) -> (Summary, Vec<Violation>) {
    let next = AtomicU64::new(0);
    let results = Mutex::new((Summary::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= seeds {
                    break;
                }
                let result = run(scenario, from.saturating_add(at));
                // A thread that panicked while it held the lock has ended the program's use anyway.
                let Ok(mut all) = results.lock() else { break };
                match result {
                    Ok(summary) => all.0.add(&summary),
                    Err(violation) => all.1.push(*violation),
                }
            });
        }
    });
    let (summary, mut violations) = results.into_inner().unwrap_or_default();
    violations.sort_by_key(|violation| violation.seed);
    (summary, violations)
}

fn in_full(s: &Summary) -> String {
    format!(
        "{} heights in {} ms, highest view {}, {} crashes, {} torn and {} damaged logs ({} by a \
         crash alone, {} harmed on purpose), {} blocks replayed, {} heights in silence, {} \
         messages, {} forks, {} convictions; trace {:016x}",
        s.heights,
        s.simulated_ms,
        s.highest_view,
        s.crashes,
        s.torn_logs,
        s.damaged_logs,
        s.false_damage,
        s.logs_harmed,
        s.replayed_blocks,
        s.silent_heights,
        s.messages,
        s.forks,
        s.convictions,
        s.trace
    )
}

fn print_latency(args: &LatencyArgs) -> Result<(), String> {
    println!(
        "{} ms links (up to {} ms more), {} ms to build or execute, {} µs a sync, {} µs a \
         signature, {} bytes a block",
        args.link_ms,
        args.jitter_ms,
        args.execute_ms,
        args.sync_us,
        args.verify_us,
        args.body_bytes
    );
    println!(
        "| authorities | dead | final p50 ms | final p99 ms | gap p50 ms | gap p99 ms | messages a \
         block | kB a block |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for authorities in &args.authorities {
        for dead in [0, 1] {
            let setup = Setup {
                authorities: *authorities,
                dead,
                blocks: args.blocks,
                link_ms: args.link_ms,
                jitter_ms: args.jitter_ms,
                execute_us: args.execute_ms.saturating_mul(1_000),
                sync_us: args.sync_us,
                verify_us: args.verify_us,
                body_bytes: args.body_bytes,
            };
            let seen = measure(&setup, args.seed).map_err(|violation| violation.to_string())?;
            let ms = |us: u64| format!("{:.0}", us as f64 / 1_000.0);
            println!(
                "| {authorities} | {dead} | {} | {} | {} | {} | {} | {} |",
                ms(seen.final_p50_us),
                ms(seen.final_p99_us),
                ms(seen.gap_p50_us),
                ms(seen.gap_p99_us),
                seen.messages_per_block,
                seen.bytes_per_block / 1_000
            );
        }
    }
    Ok(())
}
