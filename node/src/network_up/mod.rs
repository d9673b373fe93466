// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa network up`: a network of validators on this machine, one process each, in the
//! foreground.
//!
//! The nodes are children of this process, with development keys, folders and ports of their own.
//! When all of them have a final block the network is reported; then it runs until Ctrl-C, SIGTERM,
//! SIGHUP or the death of a node, and leaves nothing running.

mod client;
mod plan;
mod processes;
mod report;

pub use plan::{NodePlan, DEFAULT_VALIDATORS, MAX_NODES};
pub use report::{AccountReport, ChainReport, NodeReport, Report};

use crate::{
    chain_spec::{
        self,
        dev::{self, DevIdentity},
        genesis::genesis_consensus_state,
        short::ShortSpec,
        Account, Amount,
    },
    ports::{self, PortError},
};
use client::NodeClient;
use hansa_beacon_primitives::KEY_TYPE as BEACON_KEY_TYPE;
use hansa_pbft_primitives::{Weight, KEY_TYPE};
use processes::Processes;
use sc_network::config::{NodeKeyConfig, Secret};
use sc_service::ChainSpec;
use sp_core::crypto::{ByteArray, Ss58AddressFormat, Ss58Codec};
use sp_keystore::Keystore;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::signal::unix::{signal, Signal as SignalStream, SignalKind};

/// The chain of a network for which none is named.
const DEFAULT_CHAIN: &str = "local";

/// How often nodes are asked whether they are ready.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How long a network may take, beyond its idle interval, until all nodes have a final block.
const READY_LIMIT: Duration = Duration::from_secs(300);

/// What an account of a generated chain gets, in the smallest unit.
const GENERATED_BALANCE: u128 = 1_000_000_000_000_000_000;

/// `hansa network up`.
#[derive(Clone, Debug, sc_cli::clap::Args)]
pub struct UpCmd {
    /// How many validators. Four, or all that the chain spec names and that have development keys.
    #[arg(long, value_name = "N", value_parser = sc_cli::clap::value_parser!(u16).range(1..=MAX_NODES as i64))]
    pub validators: Option<u16>,

    /// The chain: dev, local, poa, stake, or a chain spec file.
    #[arg(long, value_name = "FILE")]
    pub chain: Option<String>,

    /// The first port. Node number i has its JSON-RPC at P + 10 i, its peer-to-peer network at the
    /// next, and its metrics at the one after that.
    #[arg(long, value_name = "P", default_value_t = 9944, value_parser = sc_cli::clap::value_parser!(u16).range(1..))]
    pub base_port: u16,

    /// The folder for databases, keys and logs; it is kept and used again. A temporary one if left
    /// out, which is removed at the end.
    #[arg(long, value_name = "D")]
    pub dir: Option<PathBuf>,

    /// Print one line of JSON on the standard output once the network is up, and nothing else there.
    #[arg(long)]
    pub json: bool,

    /// More arguments for every node, after `--`.
    #[arg(last = true, value_name = "NODE ARGUMENTS")]
    pub node_args: Vec<String>,
}

/// Why a network does not come or stay up.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The chain spec is bad.
    #[error("{0}")]
    Spec(String),
    /// More nodes are wanted than there are validators with development keys.
    #[error(
        "--validators {wanted}: the chain spec names {validators} validators, of which {known} have \
         development keys"
    )]
    TooFewKeys {
        /// How many are wanted.
        wanted: usize,
        /// How many have development keys.
        known: usize,
        /// How many there are.
        validators: usize,
    },
    /// The nodes could never make a block.
    #[error(
        "{nodes} nodes would weigh {weight}, and a quorum of the chain's {validators} validators is \
         {quorum}: they would never make a block (only validators with development keys are started)"
    )]
    NoQuorum {
        /// How many nodes.
        nodes: usize,
        /// What they weigh.
        weight: Weight,
        /// What is needed.
        quorum: Weight,
        /// How many validators there are.
        validators: usize,
    },
    /// The ports would not fit.
    #[error("--base-port {base_port}: the ports of node {nodes} would be above 65535")]
    BasePortTooHigh {
        /// The first port.
        base_port: u16,
        /// The node.
        nodes: usize,
    },
    /// A port cannot be used.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A file or folder cannot be written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A key cannot be made or written.
    #[error("the keys of {name}: {message}")]
    Keys {
        /// Whose.
        name: String,
        /// What went wrong.
        message: String,
    },
    /// A node cannot be started.
    #[error("{name} cannot be started: {source}")]
    Start {
        /// Which.
        name: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A node ended.
    #[error("{name} {status}; the end of its log:\n{log}")]
    Died {
        /// Which.
        name: String,
        /// How.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// The network does not get ready.
    #[error("{0} did not finalise a block in time; see its log in the folder that --dir names")]
    NotReady(String),
    /// A node does not answer as it should.
    #[error("{name} does not answer: {source}")]
    Rpc {
        /// Which.
        name: String,
        /// What went wrong.
        source: jsonrpsee::core::client::Error,
    },
    /// Something of the system failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Start a network, and run it until it is told to stop.
pub fn run(command: &UpCmd) -> Result<(), UpError> {
    // One thread: nodes notice the death of the thread that started them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(up(command))
}

/// The folder of a network.
enum Dir {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Dir {
    fn new(wanted: Option<&Path>) -> Result<Self, UpError> {
        let Some(path) = wanted else {
            return Ok(Self::Temporary(
                tempfile::Builder::new().prefix("hansa-").tempdir()?,
            ));
        };
        let file_error = |source| UpError::File {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(path).map_err(file_error)?;
        // Nodes get it as an argument, and people read it: absolute.
        path.canonicalize().map(Self::Kept).map_err(file_error)
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

async fn up(command: &UpCmd) -> Result<(), UpError> {
    let mut signals = Signals::new()?;
    let dir = Dir::new(command.dir.as_deref())?;
    let network = Network::prepare(command, dir.path())?;
    let mut processes = Processes::default();
    let result = tokio::select! {
        // Nothing is started once a signal is there.
        biased;
        () = signals.any() => Ok(()),
        result = network.start_and_watch(command, &mut processes) => result,
    };
    eprintln!("Stopping {} nodes", network.nodes.len());
    processes.stop().await;
    result
}

/// The signals that stop a network.
struct Signals([SignalStream; 3]);

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Wait for any of them.
    async fn any(&mut self) {
        let [a, b, c] = &mut self.0;
        tokio::select! {
            _ = a.recv() => {}
            _ = b.recv() => {}
            _ = c.recv() => {}
        }
    }
}

/// A network that is about to start.
struct Network {
    spec: Box<dyn ChainSpec>,
    /// What the nodes get as `--chain`.
    chain: String,
    nodes: Vec<NodePlan>,
    /// The peer-to-peer addresses of the nodes, in their order.
    addresses: Vec<String>,
    /// The time after which the chain makes a block though there is no transaction.
    idle_interval: Duration,
}

impl Network {
    fn prepare(command: &UpCmd, dir: &Path) -> Result<Self, UpError> {
        let wanted = command.validators.map(usize::from);
        let chain = match &command.chain {
            Some(chain) => absolute(chain),
            None => generated_chain(wanted.unwrap_or(DEFAULT_VALIDATORS), dir)?,
        };
        let spec = chain_spec::load(&chain).map_err(UpError::Spec)?;
        let state = genesis_consensus_state(&*spec)
            .map_err(|e| UpError::Spec(format!("chain spec {chain}: {e}")))?;
        let identities = plan::identities_of(&state.set, wanted)?;
        let nodes = plan::nodes(identities, command.base_port, dir)?;
        let all_ports: Vec<_> = nodes.iter().flat_map(NodePlan::ports).collect();
        ports::probe(&all_ports)?;
        let mut addresses = Vec::with_capacity(nodes.len());
        for node in &nodes {
            insert_session_keys(node, spec.id())?;
            addresses.push(format!("{}/p2p/{}", node.listen_address(), peer_id(node)?));
        }
        let idle_interval = Duration::from_millis(state.timing.idle_interval_ms.into());
        Ok(Self {
            spec,
            chain,
            nodes,
            addresses,
            idle_interval,
        })
    }

    /// Start all nodes, report the network when it is ready, and wait until a node dies.
    async fn start_and_watch(
        &self,
        command: &UpCmd,
        processes: &mut Processes,
    ) -> Result<(), UpError> {
        let executable = std::env::current_exe()?;
        let mut ids = Vec::with_capacity(self.nodes.len());
        for (index, node) in self.nodes.iter().enumerate() {
            let mut args = self.node_args(index, node);
            args.extend(command.node_args.iter().cloned());
            ids.push(processes.start(&node.identity.name, &executable, &args, &node.log)?);
        }
        eprintln!(
            "Starting {} nodes of {}",
            self.nodes.len(),
            self.spec.name()
        );
        tokio::select! {
            error = processes.first_death() => return Err(error),
            ready = self.wait_until_ready() => ready?,
        }
        let report = self.report(&ids).await?;
        if command.json {
            println!("{}", report.to_json().map_err(std::io::Error::from)?);
        } else {
            println!("{report}");
        }
        Err(processes.first_death().await)
    }

    fn node_args(&self, index: usize, node: &NodePlan) -> Vec<String> {
        let count = self.nodes.len().to_string();
        let mut args: Vec<String> = [
            "--chain",
            &self.chain,
            "--base-path",
            &node.base_path.to_string_lossy(),
            "--name",
            &node.identity.name,
            "--validator",
            "--node-key-file",
            &node.node_key.to_string_lossy(),
            "--listen-addr",
            &node.listen_address(),
            "--rpc-port",
            &node.rpc_port.to_string(),
            // The server listens at the loopback address only, and people come from web pages.
            "--rpc-cors",
            "all",
            "--prometheus-port",
            &node.metrics_port.to_string(),
            "--no-telemetry",
            "--no-mdns",
            "--allow-private-ip",
            "--discover-local",
            "--disable-log-color",
            "--in-peers",
            &count,
            "--out-peers",
            &count,
            "--parent-process",
            &std::process::id().to_string(),
        ]
        .map(str::to_owned)
        .into();
        let others = self
            .addresses
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != index);
        args.extend(others.flat_map(|(_, address)| ["--bootnodes".into(), address.clone()]));
        args
    }

    /// Wait until every node has a final block above genesis.
    async fn wait_until_ready(&self) -> Result<(), UpError> {
        let limit = READY_LIMIT.saturating_add(self.idle_interval);
        let deadline = tokio::time::Instant::now() + limit;
        for node in &self.nodes {
            let client = node_client(node)?;
            while client.finalized_number().await.unwrap_or(0) == 0 {
                if tokio::time::Instant::now() >= deadline {
                    return Err(UpError::NotReady(node.identity.name.clone()));
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        Ok(())
    }

    async fn report(&self, ids: &[u32]) -> Result<Report, UpError> {
        let Some(first) = self.nodes.first() else {
            return Ok(Report {
                chains: Vec::new(),
                accounts: Vec::new(),
            });
        };
        let client = node_client(first)?;
        let rpc_error = |source| UpError::Rpc {
            name: first.identity.name.clone(),
            source,
        };
        let genesis = client
            .genesis()
            .await
            .map_err(rpc_error)?
            .unwrap_or_default();
        let nodes = self
            .nodes
            .iter()
            .zip(&self.addresses)
            .zip(ids)
            .map(|((node, address), pid)| NodeReport {
                name: node.identity.name.clone(),
                rpc: node.rpc_url("ws"),
                p2p: address.clone(),
                log: node.log.clone(),
                pid: *pid,
                base_path: node.base_path.clone(),
                seed: node.identity.seed.clone(),
                pbft_key: node
                    .identity
                    .pbft_key()
                    .map(|k| k.to_string())
                    .unwrap_or_default(),
            })
            .collect();
        let chain = ChainReport {
            name: self.spec.name().into(),
            id: self.spec.id().into(),
            genesis: format!("{genesis:?}"),
            nodes,
        };
        let accounts = self.accounts(&client).await.map_err(rpc_error)?;
        Ok(Report {
            chains: vec![chain],
            accounts,
        })
    }

    /// The development accounts that have something: the named ones and those of the nodes.
    async fn accounts(
        &self,
        client: &NodeClient,
    ) -> Result<Vec<AccountReport>, jsonrpsee::core::client::Error> {
        let properties = self.spec.properties();
        let number = |key: &str| properties.get(key).and_then(serde_json::Value::as_u64);
        let decimals = number("tokenDecimals")
            .and_then(|d| u8::try_from(d).ok())
            .unwrap_or(0);
        let format = number("ss58Format")
            .and_then(|f| u16::try_from(f).ok())
            .unwrap_or(42);
        let symbol = properties
            .get("tokenSymbol")
            .and_then(|s| s.as_str())
            .unwrap_or("UNIT");
        let mut identities: Vec<DevIdentity> = dev::named().collect();
        let others = self.nodes.iter().map(|n| &n.identity);
        identities.extend(
            others
                .filter(|i| dev::named().all(|named| named != **i))
                .cloned(),
        );
        let mut accounts = Vec::new();
        for identity in identities {
            let Some(account) = identity.account() else {
                continue;
            };
            let free = client.free_balance(&account).await?;
            if free > 0 {
                accounts.push(AccountReport {
                    name: identity.name,
                    address: account.to_ss58check_with_version(Ss58AddressFormat::custom(format)),
                    free: free.to_string(),
                    free_in_tokens: report::in_tokens(free, decimals, symbol),
                    seed: identity.seed,
                });
            }
        }
        Ok(accounts)
    }
}

fn node_client(node: &NodePlan) -> Result<NodeClient, UpError> {
    NodeClient::new(&node.rpc_url("http")).map_err(|source| UpError::Rpc {
        name: node.identity.name.clone(),
        source,
    })
}

/// A chain as the nodes get it: they run elsewhere, so the path of a file must be absolute.
fn absolute(chain: &str) -> String {
    if chain_spec::embedded(chain).is_some() {
        return chain.to_owned();
    }
    std::path::absolute(chain)
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_else(|_| chain.to_owned())
}

/// The built-in local chain, or one like it with another number of validators, written into `dir`.
fn generated_chain(validators: usize, dir: &Path) -> Result<String, UpError> {
    let text = chain_spec::embedded(DEFAULT_CHAIN).unwrap_or_default();
    let mut spec = ShortSpec::parse(text).map_err(|e| UpError::Spec(e.to_string()))?;
    if spec.genesis.validators.len() == validators {
        return Ok(DEFAULT_CHAIN.into());
    }
    resize(&mut spec, validators)?;
    let path = dir.join("chain-spec.json");
    let json = serde_json::to_string_pretty(&spec).map_err(std::io::Error::from)?;
    std::fs::write(&path, json).map_err(|source| UpError::File {
        path: path.clone(),
        source,
    })?;
    Ok(path.to_string_lossy().into_owned())
}

/// Give `spec` this number of validators with development keys, each with a balance.
fn resize(spec: &mut ShortSpec, validators: usize) -> Result<(), UpError> {
    // Another genesis, and not to be taken for the built-in chain in a folder that is used again.
    spec.id = format!("{}_{validators}", spec.id);
    spec.genesis.validators.clear();
    for identity in (0..validators).map(DevIdentity::at) {
        let no_key = || UpError::Keys {
            name: identity.name.clone(),
            message: "bad seed".into(),
        };
        let validator = identity.validator().ok_or_else(no_key)?;
        let Account(account) = &validator.account;
        let balances = &mut spec.genesis.balances.0;
        if balances.iter().all(|(known, _)| known.0 != *account) {
            balances.push((Account(account.clone()), Amount(GENERATED_BALANCE)));
        }
        spec.genesis.validators.push(validator);
    }
    spec.check().map_err(|e| UpError::Spec(e.to_string()))
}

/// Put a node's session keys into its keystore.
fn insert_session_keys(node: &NodePlan, chain_id: &str) -> Result<(), UpError> {
    let keys_error = |message: String| UpError::Keys {
        name: node.identity.name.clone(),
        message,
    };
    let path = node
        .base_path
        .join("chains")
        .join(chain_id)
        .join("keystore");
    let keystore =
        sc_keystore::LocalKeystore::open(&path, None).map_err(|e| keys_error(e.to_string()))?;
    let bad_seed = || keys_error("bad seed".into());
    let pbft = node.identity.pbft_key().ok_or_else(bad_seed)?;
    let beacon = node.identity.beacon_key().ok_or_else(bad_seed)?;
    for (key_type, key) in [
        (KEY_TYPE, pbft.as_slice()),
        (BEACON_KEY_TYPE, beacon.as_slice()),
    ] {
        keystore
            .insert(key_type, &node.identity.seed, key)
            .map_err(|()| keys_error(format!("cannot write into {}", path.display())))?;
    }
    Ok(())
}

/// The peer id of a node, whose network key is made if there is none.
fn peer_id(node: &NodePlan) -> Result<String, UpError> {
    let file_error = |source| UpError::File {
        path: node.node_key.clone(),
        source,
    };
    let config = NodeKeyConfig::Ed25519(Secret::File(node.node_key.clone()));
    Ok(config
        .into_keypair()
        .map_err(file_error)?
        .public()
        .to_peer_id()
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_chain_is_used_as_it_is_for_its_own_number() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            generated_chain(DEFAULT_VALIDATORS, dir.path()).unwrap(),
            DEFAULT_CHAIN
        );
    }

    #[test]
    fn other_numbers_get_a_chain_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        for count in [1, 7, MAX_NODES] {
            let path = generated_chain(count, dir.path()).unwrap();
            let chain_spec::SpecFile::Short(spec) =
                chain_spec::read_file(Path::new(&path)).unwrap()
            else {
                panic!("not a short spec")
            };
            assert_eq!(spec.genesis.validators.len(), count);
            assert_eq!(spec.id, format!("hansa_local_{count}"));
            let funded = |v: &chain_spec::short::Validator| {
                spec.genesis.balances.0.iter().any(|(a, _)| *a == v.account)
            };
            assert!(spec.genesis.validators.iter().all(funded));
        }
    }

    #[test]
    fn keys_and_peer_ids_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let node = plan::nodes(vec![DevIdentity::at(0)], 9944, dir.path())
            .unwrap()
            .remove(0);
        assert_eq!(peer_id(&node).unwrap(), peer_id(&node).unwrap());
        insert_session_keys(&node, "x").unwrap();
        insert_session_keys(&node, "x").unwrap();
        let path = node.base_path.join("chains/x/keystore");
        let keystore = sc_keystore::LocalKeystore::open(path, None).unwrap();
        let key = node.identity.pbft_key().unwrap();
        assert_eq!(keystore.ed25519_public_keys(KEY_TYPE), [key.into()]);
        let key = node.identity.beacon_key().unwrap();
        assert_eq!(keystore.sr25519_public_keys(BEACON_KEY_TYPE), [key.into()]);
    }
}
