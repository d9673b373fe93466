// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Several validators, each under the test's control; and `hansa network up`.

use crate::{
    binary, client, ports,
    process::{print_tail, Process},
    rpc::Head,
    spec, wait_for, Node, NodeConfig,
};
use anyhow::{bail, Context, Result};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};
use tempfile::TempDir;

/// The dev accounts that are validators of the local chain, in order.
pub const VALIDATORS: [&str; 4] = ["alice", "bob", "charlie", "dave"];

/// How long the launcher's output may take to end after the launcher did.
const PIPE_CLOSES: Duration = Duration::from_secs(5);

/// A network whose nodes are separate processes under the test's control, all on loopback.
pub struct Network {
    /// The nodes; the validators come first. Dropped, and so stopped, before the folder goes.
    pub nodes: Vec<Node>,
    spec: PathBuf,
    folder: TempDir,
}

impl Network {
    /// The four validators of `local.json`.
    pub async fn local(arguments: &[&str]) -> Result<Self> {
        Self::start(&binary::chain_spec("local.json"), &VALIDATORS, arguments).await
    }

    /// Validators with the keys of these dev accounts on the chain of `spec`, started with these
    /// `arguments`, connected to each other, with a first block final on each.
    pub async fn start(spec: &Path, validators: &[&str], arguments: &[&str]) -> Result<Self> {
        Self::start_with(spec, validators, |_, config| config.args(arguments)).await
    }

    /// As [`start`](Self::start), each validator as `configure` makes it of its name and of what it
    /// would be.
    pub async fn start_with(
        spec: &Path,
        validators: &[&str],
        configure: impl Fn(&str, NodeConfig) -> NodeConfig,
    ) -> Result<Self> {
        let validator =
            |name: &str, config: NodeConfig| Ok(configure(name, config.validator(name)));
        Self::start_nodes(spec, validators, validator).await
    }

    /// Nodes on the chain of `spec`, each as `configure` makes it of its name and of one that has no keys,
    /// connected to each other, with a first block final on each.
    pub async fn start_nodes(
        spec: &Path,
        names: &[&str],
        configure: impl Fn(&str, NodeConfig) -> Result<NodeConfig>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let spec = tokio::task::block_in_place(|| spec::raw(folder.path(), spec))?;
        let configs = names
            .iter()
            .map(|name| configure(name, NodeConfig::new(name, folder.path()).chain(&spec)))
            .collect::<Result<Vec<_>>>()?;
        let addresses: Vec<_> = configs.iter().map(NodeConfig::address).collect();
        let mut nodes = Vec::new();
        for (i, config) in configs.into_iter().enumerate() {
            let others = addresses.iter().enumerate().filter(|(j, _)| *j != i);
            nodes.push(Node::launch(
                config.bootnodes(others.map(|(_, a)| a.clone())),
            )?);
        }
        for node in &mut nodes {
            node.ready().await?;
        }
        let network = Self {
            nodes,
            spec,
            folder,
        };
        network.wait_finalized(1).await?;
        Ok(network)
    }

    /// The folder in which the nodes have theirs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kill all nodes at one instant (SIGKILL).
    pub fn kill_all(&mut self) {
        for node in &self.nodes {
            node.signal(Signal::SIGKILL);
        }
        self.nodes.iter_mut().for_each(Node::kill);
    }

    /// Start all nodes again, and wait until they answer.
    pub async fn restart_all(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.relaunch()?;
        }
        for node in &mut self.nodes {
            node.ready().await?;
        }
        Ok(())
    }

    /// Add a node that is no validator, and wait until it answers. Returns its index.
    pub async fn add_follower(&mut self, name: &str, arguments: &[&str]) -> Result<usize> {
        let addresses: Vec<_> = self.nodes.iter().map(|n| n.config.address()).collect();
        let config = NodeConfig::new(name, self.folder.path())
            .chain(&self.spec)
            .args(arguments)
            .bootnodes(addresses);
        self.nodes.push(Node::start(config).await?);
        Ok(self.nodes.len() - 1)
    }

    /// Wait until every node has finalised at least `number`.
    pub async fn wait_finalized(&self, number: u32) -> Result<()> {
        for node in &self.nodes {
            node.wait_finalized(number).await?;
        }
        Ok(())
    }

    /// The highest finalised head of the nodes.
    pub async fn highest_finalized(&self) -> Result<Head> {
        let mut highest: Option<Head> = None;
        for node in &self.nodes {
            let head = node.rpc().await?.finalized().await?;
            if highest.is_none_or(|h| head.number > h.number) {
                highest = Some(head);
            }
        }
        highest.context("the network has no nodes")
    }

    /// Wait until all nodes have block `number`, and check that it is the same one.
    pub async fn assert_agree(&self, number: u32) -> Result<()> {
        self.wait_finalized(number).await?;
        let mut hashes = Vec::new();
        for node in &self.nodes {
            hashes.push((
                node.config.name.clone(),
                node.rpc().await?.block_hash(number).await?,
            ));
        }
        if hashes
            .iter()
            .any(|(_, hash)| hash.is_none() || *hash != hashes[0].1)
        {
            bail!("the nodes disagree on block {number}: {hashes:?}");
        }
        Ok(())
    }

    /// Wait until `account` has `free` on every node.
    pub async fn wait_free(&self, account: &client::Account, free: u128) -> Result<()> {
        for node in &self.nodes {
            let api = node.client().await?;
            wait_for(
                &format!("{} to see a balance of {free}", node.config.name),
                || async { Ok(client::free(&api, account).await? == free) },
            )
            .await?;
        }
        Ok(())
    }
}

/// `hansa network up`, and the line of JSON that it printed.
pub struct Launcher {
    process: Process,
    /// What it printed.
    pub json: Value,
    /// Whether it printed anything after that line.
    rest: mpsc::Receiver<String>,
    /// The folder that it was given.
    pub folder: TempDir,
    /// The first port that it was given.
    pub base_port: u16,
}

impl Launcher {
    /// Start a network and wait for its line of JSON. `ports` are reserved from its base port on.
    pub async fn up(arguments: &[&str], ports: u16) -> Result<Self> {
        Self::up_within(arguments, ports, crate::wait::DEADLINE).await
    }

    /// The same, of a network whose line may take longer.
    pub async fn up_within(arguments: &[&str], ports: u16, deadline: Duration) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let base_port = ports::free_ports(ports);
        let mut command = Command::new(binary::hansa());
        command
            .args(["network", "up", "--json", "--wasm-cache"])
            .arg(binary::wasm_cache())
            .args(["--base-port", &base_port.to_string()])
            .arg("--dir")
            .arg(folder.path().join("network"))
            .args(arguments);
        let log = folder.path().join("launcher.log");
        let mut process = Process::start("network up", command, &log, Some(Stdio::piped()))?;
        let stdout = process.take_stdout().context("its output is a pipe")?;
        let (sender, rest) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let line = tokio::task::block_in_place(|| rest.recv_timeout(deadline));
        let Ok(line) = line else {
            bail!(
                "`hansa network up` printed nothing: {:?}\n{}",
                process.ended(),
                process.log()
            );
        };
        let json = serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))?;
        Ok(Self {
            process,
            json,
            rest,
            folder,
            base_port,
        })
    }

    /// The nodes of the first chain, or of the demo's hub, as it printed them.
    pub fn nodes(&self) -> Result<&Vec<Value>> {
        let hub = self.json["hub"]["nodes"].as_array();
        hub.or(self.json["chains"][0]["nodes"].as_array())
            .context("no nodes in the JSON")
    }

    /// The WebSocket addresses of the nodes.
    pub fn urls(&self) -> Result<Vec<String>> {
        self.nodes()?.iter().map(|n| text(n, "rpc")).collect()
    }

    /// The process ids of the nodes.
    pub fn pids(&self) -> Result<Vec<u32>> {
        let pid = |n: &Value| {
            n["pid"]
                .as_u64()
                .map(|p| p as u32)
                .context("a node has no pid")
        };
        self.nodes()?.iter().map(pid).collect()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Send it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Stop it with SIGTERM. Returns how it ended (none if it had to be killed), and what it had
    /// printed besides the line of JSON.
    pub fn stop(&mut self) -> (Option<ExitStatus>, Vec<String>) {
        let status = self.process.terminate();
        // Its end of the pipe is closed now; a node that survived and holds it must not block us.
        let next = || self.rest.recv_timeout(PIPE_CLOSES).ok();
        (status, std::iter::from_fn(next).collect())
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.process.terminate();
        for node in self.nodes().into_iter().flatten() {
            if let Ok(log) = text(node, "log").and_then(|p| Ok(std::fs::read_to_string(p)?)) {
                print_tail(node["name"].as_str().unwrap_or("a node"), &log);
            }
        }
    }
}

/// A field that must be a string.
pub fn text(object: &Value, field: &str) -> Result<String> {
    let found = object[field].as_str();
    Ok(found
        .with_context(|| format!("no text `{field}` in {object}"))?
        .to_string())
}
