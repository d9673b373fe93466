// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa network up`: a network of validators on this machine, one process each, in the
//! foreground.
//!
//! The nodes are children of this process, with development keys, folders and ports of their own.
//! When all of them have a final block the network is reported; then it runs until Ctrl-C, SIGTERM,
//! SIGHUP or the death of a node, and leaves nothing running.

mod chain;
mod client;
mod demo;
mod plan;
mod processes;
mod report;
mod routes;
mod specs;

pub use plan::{NodePlan, DEFAULT_VALIDATORS, MAX_NODES};
pub use report::{AccountReport, ChainReport, NodeReport, Report};

use crate::transactions::TransactionError;
use chain::Chain;
use hansa_pbft_primitives::Weight;
use hansa_process::{
    executor,
    ports::{self, PortError},
};
use plan::Place;
use processes::Processes;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::signal::unix::{signal, Signal as SignalStream, SignalKind};

/// The most chains of a network.
pub const MAX_CHAINS: u8 = 8;

/// `hansa network up`.
#[derive(Clone, Debug, sc_cli::clap::Args)]
pub struct UpCmd {
    /// How many validators. Four, or all that the chain spec names and that have development keys.
    #[arg(long, value_name = "N", value_parser = sc_cli::clap::value_parser!(u16).range(1..=MAX_NODES as i64))]
    pub validators: Option<u16>,

    /// The chain: dev, local, poa, stake, or a chain spec file.
    #[arg(long, value_name = "FILE")]
    pub chain: Option<String>,

    /// How many chains of that kind, each with its own genesis and so many validators, and with routes and
    /// reserves between all of them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = sc_cli::clap::value_parser!(u8).range(1..=i64::from(MAX_CHAINS)))]
    pub chains: u8,

    /// The first port. Node number i has its JSON-RPC at P + 10 i, its peer-to-peer network at the
    /// next, and its metrics at the one after that; of several chains also what nodes of other chains talk
    /// to, at the fourth.
    #[arg(long, value_name = "P", default_value_t = 9944, value_parser = sc_cli::clap::value_parser!(u16).range(1..))]
    pub base_port: u16,

    /// The folder for databases, keys and logs; it is kept and used again. A temporary one if left
    /// out, which is removed at the end.
    #[arg(long, value_name = "D")]
    pub dir: Option<PathBuf>,

    /// Print one line of JSON on the standard output once the network is up, and nothing else there.
    #[arg(long)]
    pub json: bool,

    /// The nodes are in the chain's node pool, and run the DappChains that are registered with it. The chain must be a hub by
    /// stake, as `stake` is; then each node has six ports more.
    #[arg(long, conflicts_with_all = ["chains", "demo"])]
    pub pool: bool,

    /// Show the whole system: a hub of nine nodes that are in the pool, two DappChains that are registered and come
    /// to life, transfers between all three, and nodes that go round. Takes some minutes, and ends with an error
    /// if anything did not happen.
    #[arg(long, conflicts_with_all = ["chain", "chains", "validators"])]
    pub demo: bool,

    /// End when the demo is over.
    #[arg(long, requires = "demo")]
    pub exit: bool,

    /// How long the demo may take in all. Each of its steps has a limit of its own.
    #[arg(long, value_name = "SECONDS", requires = "demo")]
    pub limit: Option<u64>,

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
    /// A node does not take a transaction.
    #[error("a transaction at {name}: {source}")]
    Transaction {
        /// Which.
        name: String,
        /// What went wrong.
        source: TransactionError,
    },
    /// A route between chains cannot be opened.
    #[error("no route from {from} to {to}: {message}")]
    Route {
        /// The chain on which it should be opened.
        from: String,
        /// The other one.
        to: String,
        /// What went wrong.
        message: String,
    },
    /// Something of the demo did not happen.
    #[error("the demo failed at `{step}`: {why}\nThe logs of the nodes are in {folder}")]
    Demo {
        /// What should have happened.
        step: &'static str,
        /// What went wrong.
        why: String,
        /// Where the logs are.
        folder: PathBuf,
    },
    /// Something of the system failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Start a network, and run it until it is told to stop. Compiled runtimes are in its folder, if not in `wasm_cache`.
pub fn run(command: &UpCmd, wasm_cache: Option<&Path>) -> Result<(), UpError> {
    // One thread: nodes notice the death of the thread that started them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(up(command, wasm_cache))
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

    /// Keep it: somebody is told to look into it.
    fn keep(self) {
        if let Self::Temporary(dir) = self {
            let _ = dir.keep();
        }
    }
}

async fn up(command: &UpCmd, wasm_cache: Option<&Path>) -> Result<(), UpError> {
    let mut signals = Signals::new()?;
    let dir = Dir::new(command.dir.as_deref())?;
    let mut network = Network::prepare(command, dir.path(), wasm_cache)?;
    let mut processes = Processes::default();
    let result = tokio::select! {
        // Nothing is started once a signal is there.
        biased;
        () = signals.any() => Ok(()),
        result = network.start_and_watch(command, dir.path(), &mut processes) => result,
    };
    eprintln!("Stopping {} nodes", network.nodes());
    processes.stop().await;
    if let Err(UpError::Demo { .. } | UpError::Died { .. }) = &result {
        if command.demo {
            dir.keep();
        }
    }
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
    chains: Vec<Chain>,
    /// When it was asked for.
    begun: Instant,
}

impl Network {
    fn prepare(command: &UpCmd, dir: &Path, wasm_cache: Option<&Path>) -> Result<Self, UpError> {
        let begun = Instant::now();
        let validators = command.validators.map(usize::from);
        let count = usize::from(command.chains);
        let wasm_cache = executor::wasm_cache(wasm_cache, dir);
        let sources = match command.demo {
            true => vec![demo::spec::source(dir, &wasm_cache)?],
            false => specs::sources(command.chain.as_deref(), validators, count, dir)?,
        };
        let mut chains: Vec<Chain> = Vec::with_capacity(count);
        for (number, source) in (1..).zip(&sources) {
            let place = match count {
                _ if command.demo || command.pool => Place::hub(command.base_port, dir),
                1 => Place::only(command.base_port, dir),
                _ => {
                    let before = chains.iter().map(|chain| chain.nodes.len()).sum();
                    Place::among(command.base_port, dir, before, number)
                }
            };
            std::fs::create_dir_all(&place.dir).map_err(|source| UpError::File {
                path: place.dir.clone(),
                source,
            })?;
            chains.push(Chain::prepare(source, validators, &place, &wasm_cache)?);
        }
        let nodes = chains.iter().flat_map(|chain| &chain.nodes);
        let all_ports: Vec<_> = nodes.flat_map(|node| node.ports()).collect();
        ports::probe(&all_ports)?;
        routes::check(&chains)?;
        Ok(Self { chains, begun })
    }

    /// How many nodes it has.
    fn nodes(&self) -> usize {
        self.chains.iter().map(|chain| chain.nodes.len()).sum()
    }

    /// Start all nodes, report the network when it is ready, and wait until a node dies.
    async fn start_and_watch(
        &mut self,
        command: &UpCmd,
        dir: &Path,
        processes: &mut Processes,
    ) -> Result<(), UpError> {
        let executable = std::env::current_exe()?;
        for chain in &mut self.chains {
            chain.start(&executable, &command.node_args, processes)?;
        }
        if command.demo {
            return self.show(command, dir, processes).await;
        }
        tokio::select! {
            error = processes.first_death() => return Err(error),
            ready = self.wait_until_ready() => ready?,
        }
        let report = self.report().await?;
        if command.json {
            println!("{}", report.to_json().map_err(std::io::Error::from)?);
        } else {
            println!("{report}");
        }
        Err(processes.first_death().await)
    }

    /// Run the demo, report it, and stay up unless it failed or is to end then.
    async fn show(
        &self,
        command: &UpCmd,
        dir: &Path,
        processes: &mut Processes,
    ) -> Result<(), UpError> {
        let Some(hub) = self.chains.first() else {
            return Ok(());
        };
        let options = demo::Options {
            begun: self.begun,
            json: command.json,
            limit: command.limit.map(Duration::from_secs),
        };
        let account = tokio::select! {
            error = processes.first_death() => return Err(error),
            account = demo::run(hub, dir, &options) => account?,
        };
        if command.json {
            println!("{}", account.to_json().map_err(std::io::Error::from)?);
        } else if account.ok {
            println!("{account}");
        }
        if let Some(failed) = account.failed {
            return Err(UpError::Demo {
                step: failed.step.title(),
                why: failed.why,
                folder: dir.to_owned(),
            });
        }
        if command.exit {
            return Ok(());
        }
        if command.json {
            return Err(processes.first_death().await);
        }
        println!("The nodes of a DappChain go round as their turns end. Ctrl-C stops all of it.");
        tokio::select! {
            error = processes.first_death() => Err(error),
            ended = demo::watch(hub) => ended,
        }
    }

    async fn wait_until_ready(&self) -> Result<(), UpError> {
        for chain in &self.chains {
            chain.wait_until_ready().await?;
        }
        routes::open_all(&self.chains).await
    }

    async fn report(&self) -> Result<Report, UpError> {
        let mut report = Report {
            chains: Vec::new(),
            accounts: Vec::new(),
        };
        for chain in &self.chains {
            let Some((chain, accounts)) = chain.report().await? else {
                continue;
            };
            report.chains.push(chain);
            // Those of one chain: on all of them the same accounts have about the same.
            if report.accounts.is_empty() {
                report.accounts = accounts;
            }
        }
        Ok(report)
    }
}
