// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the machine is, and what it spends.

use hansa_e2e::{binary, process};
use sp_core::{sr25519, Pair};
use std::time::{Duration, Instant};

/// Linux counts CPU time of processes in hundredths of a second, on every architecture that the node
/// runs on.
const TICKS_PER_SECOND: u64 = 100;

/// Verifications in one batch of the measurement of the floor.
const VERIFICATIONS: u32 = 1_000;

/// Batches; the fastest one counts, as it was disturbed least.
const BATCHES: u32 = 5;

/// The CPU time that these processes have used so far.
pub fn cpu_time(pids: &[u32]) -> Duration {
    let ticks: u64 = pids.iter().filter_map(|pid| process::cpu_ticks(*pid)).sum();
    Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
}

/// The share of one core that these processes use together over a while.
pub async fn idle_cpu(pids: &[u32], window: Duration) -> f64 {
    let before = cpu_time(pids);
    tokio::time::sleep(window).await;
    (cpu_time(pids) - before).as_secs_f64() / window.as_secs_f64()
}

/// How long one sr25519 verification takes on one thread.
pub fn sr25519_verification() -> Duration {
    let (pair, _) = sr25519::Pair::generate();
    let messages: Vec<_> = (0..VERIFICATIONS)
        .map(|i| [i.to_le_bytes(); 30].concat())
        .collect();
    let signed: Vec<_> = messages.iter().map(|m| (m, pair.sign(m))).collect();
    let batch = || {
        let start = Instant::now();
        let good = signed
            .iter()
            .filter(|(m, s)| sr25519::Pair::verify(s, m, &pair.public()));
        assert_eq!(
            good.count(),
            signed.len(),
            "signatures that were just made are good"
        );
        start.elapsed() / VERIFICATIONS
    };
    (0..BATCHES).map(|_| batch()).min().unwrap_or_default()
}

/// Processor, memory, system and version of the node, as a list in Markdown.
pub fn describe() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line
            .and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim());
        value.unwrap_or("unknown").to_string()
    };
    let cpu = field(&read("/proc/cpuinfo"), "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kernel = read("/proc/sys/kernel/osrelease");
    let version = std::process::Command::new(binary::hansa())
        .arg("--version")
        .output();
    let version = version.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_string());
    format!(
        "- processor: {cpu}, {cores} cores\n- memory: {memory}\n- kernel: {}\n- node: {}",
        kernel.trim(),
        version.unwrap_or_default()
    )
}
