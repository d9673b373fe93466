// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A validator that lies: `hansa-byzantine --lie <kind> [--on-dappchains] <flags of a node>`, on its own chain or on
//! the DappChains in its process.
//!
//! It is the node with something else between the engine and the network. The engine itself is
//! honest; what it says is withheld, altered and signed again, or said differently to different
//! peers on its way out. Only tests start it.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`lie`] | the ways to lie |
//! | [`forge`] | makes blocks and statements that a correct validator would not, and signs them |
//! | [`liar`] | tells the lie in place of what the engine says |
//! | [`usurper`] | proposes when it is not its turn |

#![forbid(unsafe_code)]

mod forge;
mod liar;
mod lie;
mod usurper;

use forge::Forge;
use futures::{future::ready, StreamExt};
use hansa_commands::{
    built::{self, Built},
    cli::Cli,
    command::{self, run_node},
};
use hansa_consensus_pbft::network::{Incoming, PeerEvent};
use hansa_pbft_primitives::{Hash, Height, Message, Statement, View};
use hansa_process::sandbox;
use hansa_service::{node::Engines, Compose, FullEngine};
use liar::Liar;
use lie::Lie;
use log::info;
use sc_cli::SubstrateCli;
use std::{process::ExitCode, sync::Arc};

/// The target of log lines.
const LOG_TARGET: &str = "lie";

/// What the node has in it that this lies for.
const BUILT: Built = Built {
    version: "lying",
    hub: hansa_hub_wasm::WASM_BINARY,
    dappchain: hansa_dappchain_wasm::WASM_BINARY,
};

fn main() -> ExitCode {
    // Founding a chain with a runtime of its deployer's own, a node starts itself again to build the genesis.
    if std::env::args().nth(1).as_deref() == Some(sandbox::SUBCOMMAND) {
        return command::main(BUILT);
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    built::install(BUILT);
    let (plan, arguments) = lie::take_from(std::env::args())?;
    let mut cli = Cli::from_iter(arguments);
    let lie = plan.lie;
    let lies: Compose = Arc::new(move |engine| compose(lie, engine));
    let engines = match plan.on_dappchains {
        true => Engines {
            dappchains: Some(lies),
            ..Default::default()
        },
        false => Engines {
            own: Some(lies),
            ..Default::default()
        },
    };
    run_node(&mut cli, engines).map_err(|e| e.to_string())
}

/// Write into the log that a lie was told at a height and a view, with the block that was proposed in
/// place of the engine's, if one was. Tests read these lines.
fn note(height: Height, view: View, hash: Option<Hash>) {
    let hash = hash.map_or(String::new(), |hash| format!(" hash={hash:?}"));
    info!(target: LOG_TARGET, "LIE height={height} view={view}{hash}");
}

/// Whether this is a Commit.
fn is_commit(incoming: &Incoming) -> bool {
    let PeerEvent::Message(Message::Vote(vote)) = &incoming.event else {
        return false;
    };
    matches!(vote.statement, Statement::Commit { .. })
}

/// Put a liar between the engine and its network.
fn compose(lie: Lie, engine: &mut FullEngine) {
    let forge = Forge::new(engine);
    engine.connect = Box::new(move |network, incoming| {
        if lie == Lie::WrongAuthor {
            usurper::start(forge.clone(), network.clone());
        }
        let inbox = incoming.filter(move |incoming| ready(!(lie.is_deaf() && is_commit(incoming))));
        (Arc::new(Liar::new(lie, forge, network)), inbox.boxed())
    });
}
