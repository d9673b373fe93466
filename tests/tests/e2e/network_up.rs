// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa network up`.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    binary, client, client::UNIT, network::text, ports, process, spec, wait_for, Launcher,
};
use nix::sys::signal::Signal;
use serde_json::{json, Value};
use std::{collections::BTreeSet, net::TcpListener, path::Path};
use subxt::OnlineClient;
use subxt_signer::sr25519::dev;

/// The ports that a network of four takes from its base port on, and then some.
const PORTS: u16 = 50;

/// The names of an object's fields.
fn fields(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Check the line of JSON against what the nodes say of themselves.
async fn assert_shape(up: &Launcher, validators: usize) -> Result<()> {
    ensure!(
        fields(&up.json) == BTreeSet::from(["chains", "accounts"]),
        "{}",
        up.json
    );
    let chains = up.json["chains"].as_array().context("chains is a list")?;
    ensure!(chains.len() == 1, "{} chains", chains.len());
    let chain = &chains[0];
    ensure!(
        fields(chain) == BTreeSet::from(["name", "id", "genesis", "nodes"]),
        "{chain}"
    );
    ensure!(
        up.nodes()?.len() == validators,
        "{} nodes",
        up.nodes()?.len()
    );
    for node in up.nodes()? {
        let expected = BTreeSet::from(["name", "rpc", "p2p", "log", "pid", "base_path"]);
        ensure!(fields(node) == expected, "{node}");
        let rpc = hansa_e2e::rpc::Rpc::connect(&text(node, "rpc")?).await?;
        let genesis = hansa_e2e::rpc::hash_of(&chain["genesis"])?;
        ensure!(rpc.genesis().await? == genesis, "another genesis at {node}");
        ensure!(rpc.call("system_chain", vec![]).await? == chain["name"]);
        ensure!(
            rpc.finalized().await?.number >= 1,
            "{node} has no final block"
        );
        let id = rpc.call("system_localPeerId", vec![]).await?;
        let id = id.as_str().context("a peer id is a string")?;
        ensure!(
            text(node, "p2p")?.ends_with(&format!("/p2p/{id}")),
            "not {id}: {node}"
        );
        ensure!(Path::new(&text(node, "log")?).is_file(), "no log: {node}");
        ensure!(
            Path::new(&text(node, "base_path")?).is_dir(),
            "no base path: {node}"
        );
        let pid = node["pid"].as_u64().context("a pid is a number")?;
        ensure!(process::is_running(pid as u32), "no process: {node}");
    }
    let accounts = up.json["accounts"]
        .as_array()
        .context("accounts is a list")?;
    let alice = client::account(&dev::alice());
    let found = accounts
        .iter()
        .find(|a| a["address"] == json!(alice.to_string()));
    let found = found.with_context(|| format!("no {alice} among {accounts:?}"))?;
    ensure!(
        fields(found) == BTreeSet::from(["name", "address", "free"]),
        "{found}"
    );
    let api = OnlineClient::from_insecure_url(&up.urls()?[0]).await?;
    let free: u128 = text(found, "free")?.parse()?;
    // What validators earn in fees comes on top as blocks are made.
    ensure!(
        client::free(&api, &alice).await? >= free,
        "less than {free}"
    );
    ensure!(free > 0);
    Ok(())
}

/// Wait until none of these processes runs.
async fn assert_gone(pids: &[u32]) -> Result<()> {
    wait_for("all nodes to be gone", || async {
        Ok(!pids.iter().any(|pid| process::is_running(*pid)))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_start_work_and_leave_nothing_behind() -> Result<()> {
    let mut up = Launcher::up(&[], PORTS).await?;
    assert_shape(&up, 4).await?;
    let pids = up.pids()?;
    let base_port = up.base_port;

    let receiver = client::account(&client::keypair("//Up"));
    let api = OnlineClient::from_insecure_url(&up.urls()?[3]).await?;
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::bob()).await?;

    let (status, rest) = up.stop();
    ensure!(
        status.is_some_and(|s| s.success()),
        "it ended with {status:?}"
    );
    ensure!(
        rest.is_empty(),
        "more than one line on its standard output: {rest:?}"
    );
    // Nothing is left at once, not only some time later.
    for pid in &pids {
        ensure!(!process::is_running(*pid), "process {pid} still runs");
    }
    for port in base_port..base_port + PORTS {
        ensure!(ports::is_free(port), "port {port} is still taken");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn other_numbers_of_validators_and_other_chains() -> Result<()> {
    let one = Launcher::up(&["--validators", "1"], PORTS).await?;
    assert_shape(&one, 1).await?;
    drop(one);

    let folder = tempfile::tempdir()?;
    let edits = [("/name", json!("Somewhere")), ("/id", json!("somewhere"))];
    let spec = spec::edited(folder.path(), "poa.json", &edits)?
        .display()
        .to_string();
    let other = Launcher::up(&["--chain", &spec], PORTS).await?;
    ensure!(
        other.json["chains"][0]["id"] == "somewhere",
        "{}",
        other.json
    );
    assert_shape(&other, 4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_it_and_a_crash_leaves_no_nodes() -> Result<()> {
    let mut up = Launcher::up(&["--validators", "1"], PORTS).await?;
    let pids = up.pids()?;
    up.signal(Signal::SIGINT);
    assert_gone(&pids).await?;
    let (status, _) = up.stop();
    ensure!(status.is_some(), "it survived Ctrl-C");

    let up = Launcher::up(&["--validators", "1"], PORTS).await?;
    let pids = up.pids()?;
    up.signal(Signal::SIGKILL);
    assert_gone(&pids).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_is_reported() -> Result<()> {
    let up = Launcher::up(&[], PORTS).await?;
    let pids = up.pids()?;
    let name = text(&up.nodes()?[2], "name")?;
    let before = up.log().matches(&name).count();
    let victim = nix::unistd::Pid::from_raw(pids[2] as i32);
    nix::sys::signal::kill(victim, Signal::SIGKILL)?;
    wait_for("the launcher to say which node died", || async {
        Ok(up.log().matches(&name).count() > before)
    })
    .await
}

#[test]
fn a_port_that_is_taken_is_named_before_anything_starts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let base = ports::free_ports(PORTS);
    for taken in [base, base + 11, base + 31] {
        let _holder = TcpListener::bind(("127.0.0.1", taken))?;
        let mut command = std::process::Command::new(binary::hansa());
        command
            .args(["network", "up", "--json", "--base-port", &base.to_string()])
            .arg("--wasm-cache")
            .arg(binary::wasm_cache())
            .arg("--dir")
            .arg(folder.path().join("network"));
        let output = process::run_command(command, process::COMMAND_TIMEOUT);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            !output.status.success(),
            "it started with port {taken} taken"
        );
        ensure!(output.stdout.is_empty(), "it printed something");
        ensure!(
            said.contains(&taken.to_string()),
            "{taken} is not in: {said}"
        );
        ensure!(!said.contains("panicked"), "{said}");
    }
    Ok(())
}
