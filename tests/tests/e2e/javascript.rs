// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `@polkadot/api`, the client that most wallets and explorers are made with, and `polkadot-api`
//! (PAPI), which speaks the new JSON-RPC: `tests/js`.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{process, wasm, Network, Node, NodeConfig};
use std::{path::Path, process::Command, time::Duration};

/// How long all of it may take; the first time the packages are downloaded.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Write the runtime of the next version into `folder`, for the script's upgrade.
async fn next_runtime(node: &Node, folder: &Path) -> Result<std::path::PathBuf> {
    let rpc = node.rpc().await?;
    let version = rpc.call("state_getRuntimeVersion", vec![]).await?;
    let version = version["specVersion"].as_u64().context("no specVersion")?;
    let code = rpc.storage(b":code").await?.context("no code")?;
    let path = folder.join("next.wasm");
    std::fs::write(&path, wasm::next_version(&code, version as u32)?)?;
    Ok(path)
}

/// Run both clients against a node; the second ends with an upgrade of the runtime.
async fn run(node: &Node, folder: &Path) -> Result<()> {
    let runtime = next_runtime(node, folder).await?;
    run_script(&["papi", &node.url()]).await?;
    run_script(&["clients", &node.url(), &runtime.display().to_string()]).await
}

async fn run_script(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("js/run.sh"));
    command.args(arguments);
    let output = tokio::task::spawn_blocking(|| process::run_command(command, TIMEOUT)).await?;
    println!("{}", String::from_utf8_lossy(&output.stdout));
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the script ended with {}: {said}",
        output.status
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_clients_work_with_a_chain_of_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    run(&node, folder.path()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_clients_work_with_four_validators() -> Result<()> {
    let network = Network::local(&[]).await?;
    run(&network.nodes[1], network.folder()).await
}
