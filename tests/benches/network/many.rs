// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a process takes that runs one chain, two, three and four: `make bench ARGS="dappchains --many"`.
//!
//! A node serves one DappChain at a time. A process with the keys of several nodes serves one for each: so four processes,
//! each with the keys of three, come to run the hub and three DappChains, one after the other. Each time the nodes that are
//! to found the next chain are the only ones in the pool that wait.

use crate::{dappchains::rss_mib, machine};
use anyhow::{Context, Result};
use hansa_e2e::{
    dappchains::{spec, uri, Hub, BOND, IDLE_MS},
    wait_for,
};
use std::time::Duration;

/// The processes: as many as a chain needs nodes.
const PROCESSES: usize = 4;

/// The chains. Each has a node in each process.
const CHAINS: [&str; 3] = ["first-chain", "second-chain", "third-chain"];

/// How long a turn is: nobody's ends.
const TERM_SECONDS: u32 = 3_600;

/// For how many epochs it is waited until new validators have made blocks.
const EPOCHS: u64 = 10;

/// The nodes that found a chain, one in each process.
fn nodes_of(chain: usize) -> Vec<String> {
    (0..PROCESSES)
        .map(|process| format!("node-{chain}-{process}"))
        .collect()
}

/// Measure, and print. Looks at each state for `window`.
pub async fn measure(window: Duration) -> Result<()> {
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    let all: Vec<_> = (0..CHAINS.len()).map(nodes_of).collect();
    let hub = start(&all).await?;
    hub.note_code(code).await?;
    println!("A hub with a block each {IDLE_MS} ms, DappChains with one each 300 ms, without transactions\n");
    println!("| chains in each of {PROCESSES} processes | memory, mean | least to most | of one core, mean |");
    println!("| ---: | ---: | ---: | ---: |");
    print_row(&hub, 1, window).await?;
    for (i, chain) in CHAINS.into_iter().enumerate() {
        // They were not drawn for the last one, as they were not there.
        for node in &all[i] {
            hub.submit(node, "NodePool", "join", vec![]).await?;
        }
        let names: Vec<_> = all[i].iter().map(String::as_str).collect();
        hub.all_join_within(&names, EPOCHS).await?;
        if let Some(next) = all.get(i + 1) {
            // They are elected in the place of those before, by more stake.
            let bond = BOND + BOND / 4 * (i as u128 + 1);
            for node in next {
                hub.stand(node, bond).await?;
            }
        }
        hub.register(chain, code, TERM_SECONDS).await?;
        let live = hub.goes_live(chain).await?;
        wait_for("all processes to serve it", || async {
            let services = hub.services(&live).await?;
            Ok(services
                .iter()
                .all(|service| service["state"] == "running" && service["inSet"] == true))
        })
        .await?;
        print_row(&hub, i + 2, window).await?;
    }
    println!();
    Ok(())
}

/// The hub, whose first validators are the first of the nodes in each process.
async fn start(all: &[Vec<String>]) -> Result<Hub> {
    let folder = tempfile::tempdir()?;
    let (first, others) = all.split_first().context("there are some")?;
    let first: Vec<_> = first.iter().map(String::as_str).collect();
    let rest: Vec<_> = others.iter().flatten().map(String::as_str).collect();
    let path = spec(folder.path(), &first, &rest)?;
    Hub::start_on(&path, &first, |name, config| {
        let process = first.iter().position(|node| *node == name).unwrap_or(0);
        for nodes in others {
            let written = config.more_session_keys(&uri(&nodes[process]));
            written.unwrap_or_else(|error| panic!("no keys in the keystore: {error:#}"));
        }
        config
    })
    .await
}

async fn print_row(hub: &Hub, chains: usize, window: Duration) -> Result<()> {
    let nodes = &hub.network.nodes;
    let before: Vec<_> = nodes
        .iter()
        .map(|node| machine::cpu_time(&[node.pid()]))
        .collect();
    tokio::time::sleep(window).await;
    let (mut memory, mut used) = (Vec::new(), Duration::ZERO);
    for (node, before) in nodes.iter().zip(before) {
        memory.push(rss_mib(node.pid()).context("no memory of a process")?);
        used += machine::cpu_time(&[node.pid()]).saturating_sub(before);
    }
    let count = nodes.len() as u64;
    let mean = memory.iter().sum::<u64>() / count;
    let (least, most) = (memory.iter().min(), memory.iter().max());
    let share = 100.0 * used.as_secs_f64() / window.as_secs_f64() / count as f64;
    println!(
        "| {chains} | {mean} MiB | {} to {} MiB | {share:.1} % |",
        least.unwrap_or(&mean),
        most.unwrap_or(&mean)
    );
    Ok(())
}
