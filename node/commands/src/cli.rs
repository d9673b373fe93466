// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Flags and subcommands.

use crate::{built, chain_spec, deploy::DeployCmd, key::KeyCmd, network_up};
use hansa_interchain::host::Multiaddr;
use hansa_process::sandbox;
use hansa_service::{
    dappchain::Settings, interchain::InterchainOptions, resume_voting::ResumeVotingCmd,
    revert::RevertCmd,
};
use sc_cli::{clap, ChainSpec, RunCmd, SubstrateCli};
use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

/// The command line of `hansa`.
#[derive(Debug, clap::Parser)]
pub struct Cli {
    /// What to do instead of running a node.
    #[command(subcommand)]
    pub subcommand: Option<Subcommand>,

    /// How to run a node.
    #[clap(flatten)]
    pub run: RunCmd,

    /// Come into the hub's node pool, as soon as the account that registered this node's session keys has the
    /// stake and the deposit. To leave is a transaction of that account.
    #[arg(long)]
    pub join_pool: bool,

    /// The DappChains that the hub allocates this node to.
    #[clap(flatten)]
    pub dappchains: DappChainParams,

    /// How to talk to nodes of other chains.
    #[clap(flatten)]
    pub interchain: InterchainParams,

    /// The folder for compiled runtimes, which nodes and commands of a machine may share. If left out, in the base path
    /// or in the folder of a local network.
    #[arg(long, value_name = "DIR", global = true)]
    pub wasm_cache: Option<PathBuf>,

    /// Stop when the process with this id, which started this one, is gone.
    #[arg(long, hide = true, value_name = "PID")]
    pub parent_process: Option<u32>,
}

/// The DappChains that the hub allocates this node to.
#[derive(Debug, clap::Args)]
pub struct DappChainParams {
    /// Run none, though the node is a member of some.
    #[arg(long)]
    pub no_dappchains: bool,

    /// Ports for DappChains, two each: for the chain's peers, and for its RPC.
    #[arg(long, value_name = "FIRST-LAST", default_value = "30500-30699", value_parser = port_range)]
    pub dappchain_ports: RangeInclusive<u16>,

    /// How long a DappChain that the hub has released this node from stays on the disk, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 7 * 24 * 3600)]
    pub keep_left_chains: u64,

    /// How much CPU time a deployer's own runtime may take to build its genesis, in seconds, until this node says that there is
    /// none; by the clock 20 times as long. The hub waits for half an hour.
    #[arg(long, value_name = "SECONDS", default_value_t = sandbox::LIMIT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=75))]
    pub dappchain_genesis_limit: u64,
}

impl DappChainParams {
    /// What was chosen; none if no DappChains are to run.
    pub fn settings(&self) -> Option<Settings> {
        (!self.no_dappchains).then(|| Settings {
            ports: self.dappchain_ports.clone(),
            keep_left: self.keep_left_chains,
            genesis_limit: Duration::from_secs(self.dappchain_genesis_limit),
            standard_code: built::dappchain_code().unwrap_or_default(),
        })
    }
}

fn port_range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let parse = |port: &str| {
        let port = port.trim().parse::<u16>();
        port.ok().filter(|port| *port > 0)
    };
    text.split_once('-')
        .and_then(|(first, last)| Some(parse(first)?..=parse(last)?))
        .filter(|ports| ports.start() < ports.end())
        .ok_or_else(|| {
            "two ports with a - between them, the lower one first, as 30500-30699".into()
        })
}

/// How to talk to nodes of other chains.
#[derive(Debug, clap::Args)]
pub struct InterchainParams {
    /// Carry packets between this chain and others, and listen on this TCP port for their nodes.
    #[arg(long, value_name = "PORT")]
    pub interchain_port: Option<u16>,

    /// Nodes in the network between chains that may know others; the routes' own addresses are known.
    #[arg(long, value_name = "MULTIADDR", num_args = 1.., requires = "interchain_port")]
    pub interchain_bootnodes: Vec<Multiaddr>,
}

impl InterchainParams {
    /// How to start; none if it was not asked for.
    pub fn options(&self) -> Option<InterchainOptions> {
        Some(InterchainOptions {
            port: self.interchain_port?,
            bootnodes: self.interchain_bootnodes.clone(),
        })
    }
}

/// What to do instead of running a node.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Make and inspect keys, and put them into a node's keystore.
    #[command(subcommand)]
    Key(KeyCmd),

    /// Local networks for development.
    #[command(subcommand)]
    Network(NetworkSubcommand),

    /// Check and register a chain for an application.
    #[command(subcommand, name = "dappchain")]
    DappChain(DeployCmd),

    /// Write a chain spec in the SDK's long form, with code; with --raw independent of this binary.
    ExportChainSpec(sc_cli::ExportChainSpecCmd),

    /// Execute a block that is in the database once more.
    CheckBlock(sc_cli::CheckBlockCmd),

    /// Write blocks to a file.
    ExportBlocks(sc_cli::ExportBlocksCmd),

    /// Write the state after a block as a chain spec.
    ExportState(sc_cli::ExportStateCmd),

    /// Read blocks from a file; each is verified as if a peer had sent it.
    ImportBlocks(sc_cli::ImportBlocksCmd),

    /// Remove a chain's database and vote log.
    PurgeChain(sc_cli::PurgeChainCmd),

    /// Build the genesis of a DappChain for the node that starts this process.
    #[command(hide = true, name = sandbox::SUBCOMMAND)]
    BuildDappChainGenesis {
        /// That node's process. This one ends with it.
        #[arg(long, value_name = "PID")]
        parent: u32,
    },

    /// Take back the last blocks, though they are final.
    Revert(RevertCmd),

    /// Let this validator vote again though its vote log is gone, from an agreed head on.
    UnsafeResumeVoting(ResumeVotingCmd),

    /// Print what the database says of its chain.
    ChainInfo(sc_cli::ChainInfoCmd),
}

/// Local networks for development.
#[derive(Debug, clap::Subcommand)]
pub enum NetworkSubcommand {
    /// Start a network of validators on this machine, and stop it on Ctrl-C.
    Up(network_up::UpCmd),
}

impl SubstrateCli for Cli {
    fn impl_name() -> String {
        "Hansa Node".into()
    }

    fn impl_version() -> String {
        built::version().into()
    }

    fn executable_name() -> String {
        "hansa".into()
    }

    fn description() -> String {
        "A node of the Hansa network of proof-of-stake chains".into()
    }

    fn author() -> String {
        env!("CARGO_PKG_AUTHORS").into()
    }

    fn support_url() -> String {
        "the issue tracker of the repository".into()
    }

    fn copyright_start_year() -> i32 {
        2026
    }

    fn load_spec(&self, chain: &str) -> Result<Box<dyn ChainSpec>, String> {
        chain_spec::load(chain)
    }

    fn setup_command(command: clap::Command) -> clap::Command {
        command
            .name(Self::executable_name())
            .version(Self::impl_version())
            .about(Self::description())
            .propagate_version(true)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
            // Best equals finalised here, so there are no forks to be aware of, and the fork-aware
            // pool would check every transaction again at every block.
            .mut_arg("pool_type", |arg| arg.default_value("single-state"))
            // There is no GRANDPA.
            .mut_arg("no_grandpa", |arg| arg.hide(true))
            // Near the head a block is there before a second peer could send it.
            .mut_arg("max_parallel_downloads", |arg| arg.default_value("1"))
            .mut_arg("chain", |arg| {
                arg.help("The chain: dev, local, poa, stake, dappchain, or a chain spec file (short or long form)")
                    .long_help(
                        "The chain: `dev`, `local`, `poa`, `stake` or `dappchain`, which are part of the binary, or a \
                         chain spec file in the short or the SDK's long form",
                    )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, FromArgMatches};

    fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
        let command = Cli::setup_command(Cli::command());
        let matches =
            command.try_get_matches_from(std::iter::once("hansa").chain(args.iter().copied()))?;
        Cli::from_arg_matches(&matches)
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::setup_command(Cli::command()).debug_assert();
    }

    #[test]
    fn the_pool_has_a_single_state_by_default_and_its_limits_are_flags() {
        let cli = parse(&["--dev"]).unwrap();
        assert!(matches!(
            cli.run.pool_config.pool_type,
            sc_cli::TransactionPoolType::SingleState
        ));
        let flags = [
            "--pool-type",
            "fork-aware",
            "--pool-limit",
            "9",
            "--pool-kbytes",
            "7",
        ];
        let cli = parse(&flags).unwrap();
        assert!(matches!(
            cli.run.pool_config.pool_type,
            sc_cli::TransactionPoolType::ForkAware
        ));
        assert_eq!(
            (
                cli.run.pool_config.pool_limit,
                cli.run.pool_config.pool_kbytes
            ),
            (9, 7)
        );
    }

    #[test]
    fn only_a_node_that_is_told_to_joins_the_pool() {
        assert!(!parse(&["--dev"]).unwrap().join_pool);
        assert!(parse(&["--dev", "--join-pool"]).unwrap().join_pool);
        assert!(parse(&["--join-pool", "chain-info"]).is_err());
    }

    #[test]
    fn unknown_flags_and_subcommands_are_refused() {
        for bad in [
            &["--devv"][..],
            &["frobnicate"],
            &["network"],
            &["network", "up", "--validators", "many"],
            &["network", "up", "--base-port", "70000"],
            &["network", "up", "--demo", "--chains", "2"],
            &["network", "up", "--demo", "--chain", "dev"],
            &["network", "up", "--exit"],
            &["--network-backend", "udp"],
            &["--database", "mysql"],
            &["--alice", "--bob"],
            &["key", "generate-node-key", "--default-base-path"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
