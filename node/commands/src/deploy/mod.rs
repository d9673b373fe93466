// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa dappchain …`: what deployers of DappChains do at a terminal. `docs/guides/custom-chain.md` shows it.
//!
//! | file | what is in it |
//! | --- | --- |
//! | this one | commands and their errors |
//! | [`trial`] | the genesis of a chain that is not registered yet |
//! | [`hub`] | transactions at the hub, until they are final |

pub mod hub;
pub mod trial;

use crate::{chain_spec::dev, transactions::calls};
use hansa_dappchain_primitives::RuntimeSource;
use hansa_primitives::{Balance, Hash};
use hub::HubError;
use sc_cli::clap;
use sp_core::{sr25519, Pair};
use std::path::{Path, PathBuf};
use trial::Spec;

/// The fewest nodes that a chain can have.
const MIN_NODES: u32 = 4;

/// What deployers do.
#[derive(Debug, clap::Subcommand)]
pub enum DeployCmd {
    /// Build a genesis as founders would, and say what is wrong with it; nothing is sent anywhere.
    Check(SpecArgs),

    /// Store a runtime on the hub, unless it is there, and register a chain with it. Ends when that is final.
    Register(RegisterArgs),
}

/// What a chain is to be.
#[derive(Clone, Debug, clap::Args)]
pub struct SpecArgs {
    /// The name: 3 to 32 of a-z, 0-9 and single hyphens between them, beginning with a letter.
    #[arg(long)]
    pub name: String,

    /// The runtime, a wasm file; the standard one of this binary if left out.
    #[arg(long, value_name = "FILE")]
    pub code: Option<PathBuf>,

    /// What the genesis has other than the runtime's default, a JSON file.
    #[arg(long, value_name = "FILE")]
    pub patch: Option<PathBuf>,

    /// What wallets show, a JSON file with tokenSymbol, tokenDecimals and the like.
    #[arg(long, value_name = "FILE")]
    pub properties: Option<PathBuf>,
}

/// Who registers it where.
#[derive(Clone, Debug, clap::Args)]
pub struct RegisterArgs {
    /// What the chain is to be.
    #[clap(flatten)]
    pub spec: SpecArgs,

    /// JSON-RPC of a node of the hub, http://… or ws://…; it must take WebSocket connections, as nodes do.
    #[arg(long, value_name = "URL")]
    pub hub: String,

    /// The file with the deployer's secret phrase or URI (sr25519). It owns the chain, and pays.
    #[arg(long, value_name = "FILE", required_unless_present = "dev")]
    pub suri_file: Option<PathBuf>,

    /// Register as this development account (Alice, Bob …) instead.
    #[arg(long, value_name = "NAME", conflicts_with = "suri_file")]
    pub dev: Option<String>,

    /// How many nodes.
    #[arg(long, default_value_t = MIN_NODES)]
    pub nodes: u32,

    /// The most that may be staked for it, in the smallest unit of the hub's token.
    #[arg(long, value_name = "AMOUNT")]
    pub max_stake: Balance,
}

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// Founders would not build a genesis of it.
    #[error("founders would say that there is no genesis: {0}")]
    NoGenesis(String),
    /// It could not be found out whether they would.
    #[error("the genesis cannot be tried out here: {0}")]
    NoTrial(String),
    /// Something is too long.
    #[error("{what} has more than {limit} bytes")]
    TooLong {
        /// What it is.
        what: &'static str,
        /// The most bytes.
        limit: u32,
    },
    /// The binary has no standard runtime.
    #[error("this binary was built without its runtime (SKIP_WASM_BUILD was set): build it again, or give --code")]
    NoRuntime,
    /// The key cannot be used.
    #[error("{0}")]
    Key(String),
    /// The hub does not take it.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// There is no runtime to wait in.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Run a command. What it tries out is compiled into `wasm_cache`, if there is one.
pub fn run(command: &DeployCmd, wasm_cache: Option<&Path>) -> Result<(), DeployError> {
    match command {
        DeployCmd::Check(spec) => {
            let spec = Spec::read(spec)?;
            check(&spec, wasm_cache)
        }
        DeployCmd::Register(args) => register(args, wasm_cache),
    }
}

fn check(spec: &Spec, wasm_cache: Option<&Path>) -> Result<(), DeployError> {
    trial::check(spec, wasm_cache)?;
    eprintln!(
        "The runtime has {} bytes, and builds a genesis. Its hash:",
        spec.code.len()
    );
    println!("{:?}", spec.code_hash());
    Ok(())
}

fn register(args: &RegisterArgs, wasm_cache: Option<&Path>) -> Result<(), DeployError> {
    let spec = Spec::read(&args.spec)?;
    let signer = signer(args)?;
    check(&spec, wasm_cache)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let registered = runtime.block_on(async {
        let hub = hub::Hub::connect(&args.hub, signer).await?;
        let hash = spec.code_hash();
        if hub.has_code(hash).await? {
            eprintln!("The hub has the runtime already.");
        } else {
            let block = hub.store_code(&spec.code).await?;
            eprintln!("The runtime is on the hub since block {block:?}.");
        }
        let runtime = RuntimeSource::Stored(hash);
        let registration = spec.registration(runtime, args.nodes, args.max_stake)?;
        let block = hub.submit(&calls::register(&registration)).await?;
        eprintln!("{} is registered since block {block:?}:", args.spec.name);
        Ok::<_, DeployError>(hub.chain(&args.spec.name).await?)
    })?;
    println!("{registered}");
    Ok(())
}

fn signer(args: &RegisterArgs) -> Result<sr25519::Pair, DeployError> {
    let uri = match (&args.dev, &args.suri_file) {
        (Some(name), _) => dev::named()
            .find(|identity| identity.name.eq_ignore_ascii_case(name))
            .map(|identity| identity.seed)
            .ok_or_else(|| DeployError::Key(format!("--dev: there is no account `{name}`")))?,
        (None, Some(path)) => String::from_utf8_lossy(&read(path)?).trim().to_owned(),
        (None, None) => return Err(DeployError::Key("give --suri-file or --dev".into())),
    };
    // The error must not show what is secret.
    sr25519::Pair::from_string(&uri, None)
        .map_err(|_| DeployError::Key("--suri-file: there is no secret phrase or URI in it".into()))
}

fn read(path: &Path) -> Result<Vec<u8>, DeployError> {
    std::fs::read(path).map_err(|error| DeployError::File {
        path: path.display().to_string(),
        error,
    })
}

/// The hash by which a code is known.
fn hash_of(code: &[u8]) -> Hash {
    Hash::from(sp_crypto_hashing::blake2_256(code))
}
