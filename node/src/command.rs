// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the subcommands do.

use crate::{
    cli::{Cli, NetworkSubcommand, Subcommand},
    dappchain::{sandbox, template::Template, DappChains},
    deploy, executor, network_up, ports,
    service::{self, vote_log_dir, Compose, FullBackend, FullEngine, Parts},
};
use hansa_consensus_pbft::recoveries::Recoveries;
use hansa_primitives::{Block, Hash};
use hansa_supervisor::status::SharedStatus;
use nix::{
    sys::signal::Signal,
    unistd::{getppid, Pid},
};
use sc_cli::{Error, PurgeChainCmd, Result, SubstrateCli};
use sc_network::{config::NetworkBackendType, Litep2pNetworkBackend, NetworkWorker};
use sc_service::Configuration;
use std::{
    process::ExitCode,
    sync::{Arc, OnceLock, Weak},
    time::{Duration, Instant},
};

/// How long the end of the process waits for its database to be closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// How often it looks.
const CLOSE_POLL: Duration = Duration::from_millis(20);

/// Run the command line of this process. An error is one line, and an exit code that is not zero.
pub fn main() -> ExitCode {
    match run(Cli::from_args()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut cli: Cli) -> std::result::Result<(), String> {
    if let Some(parent) = cli.parent_process {
        end_with_parent(parent)?;
    }
    if let Some(Subcommand::Network(NetworkSubcommand::Up(command))) = &cli.subcommand {
        return network_up::run(command).map_err(|e| e.to_string());
    }
    match cli.subcommand.take() {
        Some(subcommand) => run_subcommand(&cli, subcommand),
        None => run_node(&mut cli, Engines::default()),
    }
    .map_err(|error| describe(&error))
}

/// End when the process that started this one is gone, even if it was killed.
fn end_with_parent(parent: u32) -> std::result::Result<(), String> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)
        .map_err(|e| format!("cannot watch the process that started this one: {e}"))?;
    let parent = i32::try_from(parent).map(Pid::from_raw);
    // It may have gone before we could watch it.
    if parent != Ok(getppid()) {
        return Err("the process that --parent-process names did not start this one".into());
    }
    Ok(())
}

/// Wait until nothing uses the database any more, for [`CLOSE_LIMIT`] at most.
///
/// The SDK runs offchain workers on threads for which it does not wait. RocksDB aborts the process if it is in use when
/// the process ends.
fn await_close(database: &Weak<FullBackend>) {
    let limit = Instant::now() + CLOSE_LIMIT;
    while database.strong_count() > 0 {
        if Instant::now() >= limit {
            log::warn!("The database is still in use as the node ends");
            return;
        }
        std::thread::sleep(CLOSE_POLL);
    }
}

/// One line that says what is wrong.
fn describe(error: &Error) -> String {
    match error {
        Error::Input(message) if message.starts_with("Invalid node key") => {
            format!("--node-key: {message}")
        }
        Error::Input(message) => message.clone(),
        Error::Service(sc_service::Error::Other(message)) => message.clone(),
        Error::NetworkKeyNotFound(path) => format!(
            "a validator needs a network key of its own, and there is none at {}: make one with \
             `hansa key generate-node-key --file {}`, or pass --unsafe-force-node-key-generation \
             the first time",
            path.display(),
            path.display()
        ),
        other => other
            .to_string()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// What is to be looked at in engines before they start; nothing by default.
#[derive(Clone, Default)]
pub struct Engines {
    /// In that of the node's own chain.
    pub own: Option<Compose>,
    /// In those of DappChains.
    pub dappchains: Option<Compose>,
}

/// Run a node until it is told to end.
pub fn run_node(cli: &mut Cli, engines: Engines) -> Result<()> {
    if cli.run.no_grandpa {
        return Err(Error::Input(
            "--no-grandpa: there is no GRANDPA here".into(),
        ));
    }
    // Development keys are for networks that come and go; a stable network key matters elsewhere.
    if cli.run.get_keyring().is_some() {
        cli.run
            .network_params
            .node_key_params
            .unsafe_force_node_key_generation = true;
    }
    let options = service::Options {
        join_pool: cli.join_pool,
        interchain: match cli.interchain.options() {
            Some(options) => service::Interchain::Start(options),
            None => service::Interchain::Off,
        },
        dappchains: SharedStatus::default(),
        wasm_cache: cli.wasm_cache.clone(),
        recoveries: Recoveries::default(),
        // The chain judges what is done on it.
        accuse: None,
        // Its endpoint is the process's.
        shares_endpoint: false,
    };
    let settings = cli.dappchains.settings();
    // They outlive the hub's service, which they follow: they are stopped when that has ended.
    let running = Arc::new(OnceLock::new());
    let dappchains = running.clone();
    let opened = Arc::new(OnceLock::new());
    let database = opened.clone();
    let runner = cli.create_runner(&cli.run)?;
    let ended = runner.run_node_until_exit(|config| async move {
        let path = config.base_path.path();
        std::fs::create_dir_all(path)
            .map_err(|e| sc_service::Error::Other(format!("{}: {e}", path.display())))?;
        let mut used = ports::of_configuration(&config);
        if let service::Interchain::Start(options) = &options.interchain {
            used.extend(ports::of_interchain(options.port));
        }
        ports::probe(&used).map_err(|e| sc_service::Error::Other(e.to_string()))?;
        let template = Template::of(&config, options.wasm_cache.as_deref());
        let status = options.dappchains.clone();
        let look = |engine: &mut FullEngine| {
            if let Some(own) = engines.own {
                own(engine);
            }
        };
        let (node, task_manager) = match config.network.network_backend {
            NetworkBackendType::Libp2p => {
                service::new_full::<NetworkWorker<Block, Hash>>(config, options, look).await
            }
            NetworkBackendType::Litep2p => {
                service::new_full::<Litep2pNetworkBackend>(config, options, look).await
            }
        }?;
        let _ = database.set(Arc::downgrade(&node.backend));
        if let Some(settings) = settings {
            let started = DappChains::start(&node, template, settings, status, engines.dappchains)?;
            let _ = dappchains.set(started);
        }
        Ok(task_manager)
    });
    if let Some(dappchains) = Arc::into_inner(running).and_then(OnceLock::into_inner) {
        dappchains.stop();
    }
    if let Some(database) = opened.get() {
        await_close(database);
    }
    ended
}

/// The parts of a chain for a command, which finds runtimes compiled where a node leaves them by default.
fn new_parts(config: &mut Configuration) -> Result<Parts> {
    let executor = executor::of_node(config, None);
    service::new_parts(config, executor, Recoveries::default()).map_err(Error::Service)
}

fn run_subcommand(cli: &Cli, subcommand: Subcommand) -> Result<()> {
    match subcommand {
        Subcommand::Key(command) => command.run(cli),
        Subcommand::Network(NetworkSubcommand::Up(command)) => {
            network_up::run(&command).map_err(|e| Error::Input(e.to_string()))
        }
        Subcommand::BuildDappChainGenesis { parent, wasm_cache } => {
            end_with_parent(parent).map_err(Error::Input)?;
            sandbox::run_child(wasm_cache.as_deref()).map_err(Error::Input)
        }
        Subcommand::DappChain(command) => {
            deploy::run(&command).map_err(|e| Error::Input(e.to_string()))
        }
        Subcommand::ExportChainSpec(command) => {
            let spec = cli.load_spec(&command.chain)?;
            command.run(spec)
        }
        Subcommand::CheckBlock(command) => cli.create_runner(&command)?.async_run(|mut config| {
            let parts = new_parts(&mut config)?;
            let queue = parts.import_queue_of_command();
            Ok((command.run(parts.client, queue), parts.task_manager))
        }),
        Subcommand::ExportBlocks(command) => {
            cli.create_runner(&command)?.async_run(|mut config| {
                let database = config.database.clone();
                let parts = new_parts(&mut config)?;
                Ok((command.run(parts.client, database), parts.task_manager))
            })
        }
        Subcommand::ExportState(command) => {
            cli.create_runner(&command)?.async_run(|mut config| {
                // The spec as it was written: opening the database resolves its genesis.
                let spec = config.chain_spec.cloned_box();
                let parts = new_parts(&mut config)?;
                Ok((command.run(parts.client, spec), parts.task_manager))
            })
        }
        Subcommand::ImportBlocks(command) => {
            cli.create_runner(&command)?.async_run(|mut config| {
                let parts = new_parts(&mut config)?;
                let queue = parts.import_queue_of_command();
                Ok((command.run(parts.client, queue), parts.task_manager))
            })
        }
        Subcommand::PurgeChain(command) => cli
            .create_runner(&command)?
            .sync_run(|config| purge(&command, config)),
        Subcommand::Revert(command) => cli.create_runner(&command)?.async_run(|mut config| {
            let parts = new_parts(&mut config)?;
            let result = command.run(&config, &parts.client, &parts.backend, &parts.keystore);
            Ok((
                async move { result.map_err(Error::Service) },
                parts.task_manager,
            ))
        }),
        Subcommand::UnsafeResumeVoting(command) => {
            cli.create_runner(&command)?.async_run(|mut config| {
                let parts = new_parts(&mut config)?;
                let result = command.run(&config, &parts.client);
                Ok((
                    async move { result.map_err(Error::Service) },
                    parts.task_manager,
                ))
            })
        }
        Subcommand::ChainInfo(command) => cli
            .create_runner(&command)?
            .sync_run(|config| command.run::<Block>(&config)),
    }
}

/// Remove the database, and the vote logs with it: they would want to replay blocks of a chain that
/// is no longer there. A validator that returns to a running chain without its log is silent
/// for one height, and then safe.
fn purge(command: &PurgeChainCmd, config: Configuration) -> Result<()> {
    let database = config
        .database
        .path()
        .and_then(|p| p.parent())
        .map(|p| p.to_owned());
    let votes = vote_log_dir(&config);
    command.run(config.database)?;
    let purged = database.is_none_or(|path| !path.exists());
    if purged && votes.exists() {
        std::fs::remove_dir_all(&votes)?;
        println!("{votes:?} removed.");
    }
    Ok(())
}
