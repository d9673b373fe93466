// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! One node: its flags, start, stop, restart.

use crate::{binary, client::Client, ports, process::Process, rpc::Rpc, wait_for_some};
use anyhow::{bail, Context, Result};
use nix::sys::signal::Signal;
use sp_core::{ed25519, Pair};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};
use subxt::OnlineClient;

/// How a node is started. All of it stays the same over restarts.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its name, in file names and messages.
    pub name: String,
    /// Database, keys and log live here.
    pub base_path: PathBuf,
    /// Where it listens for JSON-RPC.
    pub rpc_port: u16,
    /// Where it listens for peers.
    pub p2p_port: u16,
    node_key: [u8; 32],
    arguments: Vec<String>,
    bootnodes: Vec<String>,
}

impl NodeConfig {
    /// A node with fresh ports and a fresh network key, its files in a folder of its own below
    /// `folder`. It follows no chain yet: [`dev`](Self::dev) or [`chain`](Self::chain).
    pub fn new(name: &str, folder: &Path) -> Self {
        static SERIAL: AtomicU32 = AtomicU32::new(1);
        let mut node_key = [0; 32];
        node_key[..4].copy_from_slice(&SERIAL.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        node_key[4..8].copy_from_slice(&std::process::id().to_le_bytes());
        Self {
            name: name.into(),
            base_path: folder.join(name),
            rpc_port: ports::free_port(),
            p2p_port: ports::free_port(),
            node_key,
            arguments: Vec::new(),
            bootnodes: Vec::new(),
        }
    }

    /// The dev chain, on disk.
    pub fn dev(self) -> Self {
        self.arg("--dev")
    }

    /// The chain of this spec.
    pub fn chain(self, spec: impl AsRef<Path>) -> Self {
        self.arg("--chain").arg(spec.as_ref().display())
    }

    /// A validator with the keys of a dev account, such as `alice`.
    pub fn validator(self, account: &str) -> Self {
        self.arg(format!("--{account}")).arg("--validator")
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl ToString) -> Self {
        self.arguments.push(argument.to_string());
        self
    }

    /// More arguments.
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Peers to connect to.
    pub fn bootnodes(mut self, addresses: impl IntoIterator<Item = String>) -> Self {
        self.bootnodes.extend(addresses);
        self
    }

    /// The address at which peers reach it.
    pub fn address(&self) -> String {
        let public = ed25519::Pair::from_seed(&self.node_key).public();
        // A peer id is the multihash (identity, 36 bytes) of the key in protobuf (ed25519, 32
        // bytes), in base 58.
        let mut id = vec![0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
        id.extend_from_slice(public.as_ref());
        format!(
            "/ip4/127.0.0.1/tcp/{}/p2p/{}",
            self.p2p_port,
            bs58::encode(id).into_string()
        )
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary::hansa());
        command
            .args(&self.arguments)
            .args(["--name", &self.name])
            .arg("--base-path")
            .arg(&self.base_path)
            .args(["--rpc-port", &self.rpc_port.to_string()])
            .args([
                "--listen-addr",
                &format!("/ip4/127.0.0.1/tcp/{}", self.p2p_port),
            ])
            .args([
                "--node-key",
                crate::rpc::hex(&self.node_key).trim_start_matches("0x"),
            ])
            .args(["--no-prometheus", "--no-telemetry", "--no-mdns"]);
        for address in &self.bootnodes {
            command.args(["--bootnodes", address]);
        }
        command
    }
}

/// A running node. Dropping it kills it.
pub struct Node {
    /// How it was started.
    pub config: NodeConfig,
    process: Process,
}

impl Node {
    /// Start a node and wait until it answers.
    pub async fn start(config: NodeConfig) -> Result<Self> {
        let mut node = Self::launch(config)?;
        node.ready().await?;
        Ok(node)
    }

    /// Start a node and do not wait.
    pub fn launch(config: NodeConfig) -> Result<Self> {
        std::fs::create_dir_all(&config.base_path)?;
        let log = config.base_path.join("node.log");
        let process = Process::start(&config.name, config.command(), &log, None)?;
        Ok(Self { config, process })
    }

    /// Wait until it answers JSON-RPC.
    pub async fn ready(&mut self) -> Result<()> {
        let (url, name) = (self.url(), self.config.name.clone());
        let process = &mut self.process;
        wait_for_some(&format!("{name} to answer"), || {
            let ended = process.ended();
            let url = url.clone();
            async move {
                if let Some(status) = ended {
                    // No use in waiting on.
                    return Ok(Some(Err(status)));
                }
                Rpc::connect(&url)
                    .await?
                    .call("system_health", vec![])
                    .await?;
                Ok(Some(Ok(())))
            }
        })
        .await?
        .map_err(|status| anyhow::anyhow!("{name} ended with {status}:\n{}", self.log()))
    }

    /// Its WebSocket address.
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.config.rpc_port)
    }

    /// A connection for plain calls.
    pub async fn rpc(&self) -> Result<Rpc> {
        Rpc::connect(&self.url())
            .await
            .with_context(|| format!("no RPC at {}", self.config.name))
    }

    /// A client of the kind that applications use.
    pub async fn client(&self) -> Result<Client> {
        Ok(OnlineClient::from_insecure_url(self.url()).await?)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// What it logged so far, over all its restarts.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Stop it as an operator does (SIGTERM). An error if it does not end well.
    pub fn stop(&mut self) -> Result<()> {
        match self.process.terminate() {
            Some(status) if status.success() => Ok(()),
            // Ended by the signal itself is fine as well: nothing of it is left.
            Some(status) if status.code().is_none() => Ok(()),
            status => bail!("{} ended with {status:?} after SIGTERM", self.config.name),
        }
    }

    /// Kill it as a crash does (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Freeze or thaw it (SIGSTOP, SIGCONT).
    pub fn freeze(&self, frozen: bool) {
        self.process.signal(if frozen {
            Signal::SIGSTOP
        } else {
            Signal::SIGCONT
        });
    }

    /// Start it again with the same flags, after [`stop`](Self::stop) or [`kill`](Self::kill).
    pub async fn restart(&mut self) -> Result<()> {
        let log = self.config.base_path.join("node.log");
        self.process.hand_on_log();
        self.process = Process::start(&self.config.name, self.config.command(), &log, None)?;
        self.ready().await
    }

    /// Wait until its finalised head is at least `number`.
    pub async fn wait_finalized(&self, number: u32) -> Result<crate::rpc::Head> {
        let rpc = self.rpc().await?;
        let what = format!("{} to finalise block {number}", self.config.name);
        wait_for_some(&what, || async {
            let head = rpc.finalized().await?;
            Ok((head.number >= number).then_some(head))
        })
        .await
    }
}
