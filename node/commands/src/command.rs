// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the subcommands do.

use crate::{
    built::{self, Built},
    cli::{Cli, NetworkSubcommand, Subcommand},
    deploy, network_up,
};
use hansa_consensus_pbft::recoveries::Recoveries;
use hansa_process::{executor, sandbox};
use hansa_service::{
    chain_commands,
    node::{self, Engines, Opened},
    spec::built_in,
    Interchain, Options,
};
use hansa_supervisor::status::SharedStatus;
use nix::{
    sys::signal::Signal,
    unistd::{getppid, Pid},
};
use sc_cli::{Error, Result, SubstrateCli};
use std::{process::ExitCode, sync::Arc};

/// Run the command line of this process, in a binary in which this is built. An error is one line, and an exit code that is not zero.
pub fn main(built: Built) -> ExitCode {
    built::install(built);
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
        return network_up::run(command, cli.wasm_cache.as_deref()).map_err(|e| e.to_string());
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
    let options = Options {
        join_pool: cli.join_pool,
        interchain: match cli.interchain.options() {
            Some(options) => Interchain::Start(options),
            None => Interchain::Off,
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
    let opened = Arc::new(Opened::default());
    let shared = opened.clone();
    let runner = cli.create_runner(&cli.run)?;
    let ended = runner
        .run_node_until_exit(|config| node::start(config, options, settings, engines, shared))
        .map_err(Error::Service);
    // Nobody else has it when the tasks have ended.
    if let Some(opened) = Arc::into_inner(opened) {
        opened.close();
    }
    ended
}

fn run_subcommand(cli: &Cli, subcommand: Subcommand) -> Result<()> {
    let cache = cli.wasm_cache.as_deref().map(executor::absolute);
    let cache = cache.as_deref();
    match subcommand {
        Subcommand::Key(command) => command.run(cli),
        Subcommand::Network(NetworkSubcommand::Up(command)) => {
            network_up::run(&command, cache).map_err(|e| Error::Input(e.to_string()))
        }
        Subcommand::BuildDappChainGenesis { parent } => {
            end_with_parent(parent).map_err(Error::Input)?;
            sandbox::run_child(cache).map_err(Error::Input)
        }
        Subcommand::DappChain(command) => {
            deploy::run(&command, cache).map_err(|e| Error::Input(e.to_string()))
        }
        Subcommand::ExportChainSpec(command) => {
            let mut spec = cli.load_spec(&command.chain)?;
            // The SDK would find it out in an executor of its own, which knows of no cache.
            if command.raw {
                let executor = executor::of_tool(cache);
                spec.set_storage(built_in::build_storage(&*spec, &executor)?);
            }
            command.run(spec)
        }
        Subcommand::CheckBlock(command) => cli
            .create_runner(&command)?
            .async_run(|config| chain_commands::check_block(&command, config, cache)),
        Subcommand::ExportBlocks(command) => cli
            .create_runner(&command)?
            .async_run(|config| chain_commands::export_blocks(&command, config, cache)),
        Subcommand::ExportState(command) => cli
            .create_runner(&command)?
            .async_run(|config| chain_commands::export_state(&command, config, cache)),
        Subcommand::ImportBlocks(command) => cli
            .create_runner(&command)?
            .async_run(|config| chain_commands::import_blocks(&command, config, cache)),
        Subcommand::PurgeChain(command) => cli
            .create_runner(&command)?
            .sync_run(|config| chain_commands::purge(&command, config)),
        Subcommand::Revert(command) => cli
            .create_runner(&command)?
            .async_run(|config| chain_commands::revert(&command, config, cache)),
        Subcommand::UnsafeResumeVoting(command) => cli
            .create_runner(&command)?
            .async_run(|config| chain_commands::resume_voting(&command, config, cache)),
        Subcommand::ChainInfo(command) => cli
            .create_runner(&command)?
            .sync_run(|config| chain_commands::chain_info(&command, &config)),
    }
}
