// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! One node: its flags, start, stop, restart.

use crate::{
    binary, client::Client, metrics::Metrics, netns::Namespace, ports, process::Process, rpc::Rpc,
    wait_for, wait_for_some,
};
use anyhow::{bail, Context, Result};
use nix::sys::signal::Signal;
use sp_core::{ed25519, sr25519, Pair};
use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        atomic::{AtomicU32, Ordering},
        Arc,
    },
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
    binary: PathBuf,
    node_key: [u8; 32],
    arguments: Vec<String>,
    bootnodes: Vec<String>,
    /// The address at which it listens for peers.
    host: Ipv4Addr,
    /// Where it serves its metrics, if it does.
    pub prometheus_port: Option<u16>,
    /// The network namespace in which it runs, if not in that of the test.
    namespace: Option<Arc<Namespace>>,
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
            binary: binary::hansa(),
            node_key,
            arguments: Vec::new(),
            bootnodes: Vec::new(),
            host: Ipv4Addr::LOCALHOST,
            prometheus_port: None,
            namespace: None,
        }
    }

    /// Run it in this network namespace, with the peers' port at the namespace's address. Its RPC
    /// port is reached as ever: the namespace forwards it.
    ///
    /// # Panics
    ///
    /// If somebody took the RPC port meanwhile.
    pub fn within(mut self, namespace: &Arc<Namespace>) -> Self {
        let forwarded = namespace.forward(self.rpc_port);
        forwarded.unwrap_or_else(|e| panic!("cannot listen at port {}: {e:#}", self.rpc_port));
        self.host = namespace.address();
        self.namespace = Some(namespace.clone());
        self
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

    /// A node with session keys of its own in a keystore of its own, all made of one secret URI. It is a
    /// validator if the chain has these keys for one.
    pub fn session_keys(self, uri: &str) -> Result<Self> {
        let keystore = self.more_session_keys(uri)?.display().to_string();
        Ok(self
            .arg("--validator")
            .args(&["--keystore-path", &keystore]))
    }

    /// Put the keys of another identity into the keystore of [`session_keys`](Self::session_keys): the process is two nodes
    /// of the pool then. Returns the keystore's folder.
    pub fn more_session_keys(&self, uri: &str) -> Result<PathBuf> {
        let keystore = self.base_path.join("keys");
        std::fs::create_dir_all(&keystore)?;
        let pbft = ed25519::Pair::from_string(uri, None)?.public();
        let beacon = sr25519::Pair::from_string(uri, None)?.public();
        for (key_type, public) in [
            (hansa_pbft_primitives::KEY_TYPE, pbft.0),
            (hansa_beacon_primitives::KEY_TYPE, beacon.0),
        ] {
            // As `author_insertKey` leaves it: the secret as JSON, in a file that is named for the key.
            let name = [key_type.0.as_slice(), &public].concat();
            let name = crate::rpc::hex(&name);
            let file = keystore.join(name.trim_start_matches("0x"));
            std::fs::write(file, serde_json::to_vec(uri)?)?;
        }
        Ok(keystore)
    }

    /// Serve metrics, at a fresh port.
    pub fn prometheus(mut self) -> Self {
        self.prometheus_port = Some(ports::free_port());
        self
    }

    /// Another program than the node, which takes the same arguments.
    pub fn binary(mut self, path: PathBuf) -> Self {
        self.binary = path;
        self
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
            "/ip4/{}/tcp/{}/p2p/{}",
            self.host,
            self.p2p_port,
            bs58::encode(id).into_string()
        )
    }

    /// Where it logs, over all its restarts.
    pub fn log_path(&self) -> PathBuf {
        self.base_path.join("node.log")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .args(["--name", &self.name])
            .arg("--base-path")
            .arg(&self.base_path)
            .args(["--rpc-port", &self.rpc_port.to_string()])
            .args([
                "--listen-addr",
                &format!("/ip4/{}/tcp/{}", self.host, self.p2p_port),
            ])
            .args([
                "--node-key",
                crate::rpc::hex(&self.node_key).trim_start_matches("0x"),
            ])
            .arg("--wasm-cache")
            .arg(binary::wasm_cache())
            .args(["--no-telemetry", "--no-mdns"]);
        match self.prometheus_port {
            Some(port) => command.args(["--prometheus-port", &port.to_string()]),
            None => command.arg("--no-prometheus"),
        };
        for address in &self.bootnodes {
            command.args(["--bootnodes", address]);
        }
        if let Some(namespace) = &self.namespace {
            namespace.enter(&mut command);
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
        let process = Process::start(&config.name, config.command(), &config.log_path(), None)?;
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

    /// What it exports to Prometheus now.
    pub async fn metrics(&self) -> Result<Metrics> {
        let port = self.config.prometheus_port;
        Metrics::scrape(port.context("the node serves no metrics")?).await
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// What it logged so far, over all its restarts. A line may come 50 ms late: see [`wait_logged`](Self::wait_logged).
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Wait until `is_said` is true of what it logged over all its restarts.
    ///
    /// The SDK writes logs every 50 ms only, so what a node did is known over RPC before its log says so.
    pub async fn wait_logged(&self, what: &str, is_said: impl Fn(&str) -> bool) -> Result<()> {
        let name = &self.config.name;
        wait_for(&format!("{name} to say {what}"), || {
            let said = is_said(&self.log());
            async move { Ok(said) }
        })
        .await
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

    /// Send it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Freeze or thaw it (SIGSTOP, SIGCONT).
    pub fn freeze(&self, frozen: bool) {
        self.signal(if frozen {
            Signal::SIGSTOP
        } else {
            Signal::SIGCONT
        });
    }

    /// Start it again with the same flags, after [`stop`](Self::stop) or [`kill`](Self::kill).
    pub async fn restart(&mut self) -> Result<()> {
        self.relaunch()?;
        self.ready().await
    }

    /// As [`restart`](Self::restart), without waiting until it answers.
    pub fn relaunch(&mut self) -> Result<()> {
        self.process.hand_on_log();
        let (command, log) = (self.config.command(), self.config.log_path());
        self.process = Process::start(&self.config.name, command, &log, None)?;
        Ok(())
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
