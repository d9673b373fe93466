// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Flags that are wrong, and a machine that is not as it should be.

use anyhow::{ensure, Result};
use hansa_e2e::{ports, process, spec, Node, NodeConfig};
use serde_json::json;
use std::{net::TcpListener, process::Output};

/// Check that a command failed as it should: non-zero, no panic, and a line that holds all of
/// `expected`.
fn assert_refused(arguments: &[&str], output: &Output, expected: &[&str]) -> Result<()> {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        !output.status.success(),
        "{arguments:?}: the exit code is 0; it said: {said}"
    );
    ensure!(
        output.status.code().is_some(),
        "{arguments:?}: ended by a signal: {said}"
    );
    ensure!(
        !said.contains("panicked"),
        "{arguments:?}: it panicked: {said}"
    );
    let good = said
        .lines()
        .any(|line| expected.iter().all(|part| line.contains(part)));
    ensure!(good, "{arguments:?}: no line with {expected:?} in: {said}");
    Ok(())
}

#[test]
fn each_bad_flag_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("a-file");
    std::fs::write(&file, "")?;
    let below_a_file = file.join("base").display().to_string();
    let cases: &[(&[&str], &[&str])] = &[
        (&["--nonsense"], &["--nonsense"]),
        (&["nonsense"], &["nonsense"]),
        (&[], &["--chain"]),
        (&["--dev", "--rpc-port", "70000"], &["70000", "--rpc-port"]),
        (&["--dev", "--rpc-port", "many"], &["many", "--rpc-port"]),
        (&["--dev", "--database", "stone"], &["stone", "--database"]),
        (
            &["--dev", "--network-backend", "pigeon"],
            &["pigeon", "--network-backend"],
        ),
        (
            &["--dev", "--pool-type", "swimming"],
            &["swimming", "--pool-type"],
        ),
        (&["--dev", "--pool-limit", "-1"], &["-1"]),
        (
            &["--dev", "--rpc-methods", "some"],
            &["some", "--rpc-methods"],
        ),
        (
            &["--dev", "--bootnodes", "nowhere"],
            &["nowhere", "--bootnodes"],
        ),
        (
            &["--dev", "--listen-addr", "nowhere"],
            &["nowhere", "--listen-addr"],
        ),
        (&["--dev", "--node-key", "zz"], &["node-key"]),
        (&["--dev", "--base-path", &below_a_file], &["a-file"]),
        (&["--chain", "no-such-chain", "--tmp"], &["no-such-chain"]),
        (&["network", "up", "--validators", "0"], &["--validators"]),
        (
            &["network", "up", "--validators", "few"],
            &["few", "--validators"],
        ),
        (
            &["network", "up", "--base-port", "70000"],
            &["70000", "--base-port"],
        ),
        (&["network", "up", "--base-port", "65535"], &["port"]),
        (
            &["network", "up", "--chain", "no-such-chain"],
            &["no-such-chain"],
        ),
        (&["network", "up", "--nonsense"], &["--nonsense"]),
        (&["network", "down"], &["down"]),
        (
            &["export-chain-spec", "--chain", "no-such-chain"],
            &["no-such-chain"],
        ),
        (&["key", "inspect", "not a phrase"], &[""]),
    ];
    for (arguments, expected) in cases {
        assert_refused(arguments, &process::run(arguments), expected)?;
    }
    Ok(())
}

#[test]
fn a_port_that_is_taken_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let base = folder.path().display().to_string();
    for flag in ["--rpc-port", "--port", "--prometheus-port"] {
        let taken = ports::free_port().to_string();
        let _holder = TcpListener::bind(format!("127.0.0.1:{taken}"))?;
        let free = [ports::free_port(), ports::free_port(), ports::free_port()];
        let free = free.map(|port| port.to_string());
        let mut arguments = vec!["--dev", "--base-path", &base, "--no-telemetry", "--no-mdns"];
        for (i, other) in ["--rpc-port", "--port", "--prometheus-port"]
            .into_iter()
            .enumerate()
        {
            arguments.extend([other, if other == flag { &taken } else { &free[i] }]);
        }
        assert_refused(&arguments, &process::run(&arguments), &[&taken])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_node_has_open_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for database in ["rocksdb", "paritydb"] {
        let config = NodeConfig::new(database, folder.path()).dev();
        let node = Node::start(config.args(&["--database", database])).await?;
        let base = node.config.base_path.display().to_string();
        let (rpc, p2p) = (
            ports::free_port().to_string(),
            ports::free_port().to_string(),
        );
        let arguments = [
            "--dev",
            "--base-path",
            &base,
            "--database",
            database,
            "--no-prometheus",
            "--no-telemetry",
            "--no-mdns",
            "--rpc-port",
            &rpc,
            "--port",
            &p2p,
        ];
        assert_refused(&arguments, &process::run(&arguments), &[&base])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_genesis_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    node.wait_finalized(1).await?;
    node.stop()?;
    // The same id, so the same folder; but not the same state.
    let edits = [("/genesis/timing/idleIntervalMs", json!(7_000))];
    let other = spec::edited(folder.path(), "dev.json", &edits)?
        .display()
        .to_string();
    let base = node.config.base_path.display().to_string();
    let (rpc, p2p) = (
        ports::free_port().to_string(),
        ports::free_port().to_string(),
    );
    let arguments = [
        "--chain",
        &other,
        "--alice",
        "--base-path",
        &base,
        "--no-prometheus",
        "--no-telemetry",
        "--no-mdns",
        "--rpc-port",
        &rpc,
        "--port",
        &p2p,
    ];
    assert_refused(&arguments, &process::run(&arguments), &["enesis"])
}
