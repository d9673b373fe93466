// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The DappChains of a hub's node, in its process. `hansa-supervisor` decides what runs; here it is run.
//!
//! | file | what is in it |
//! | --- | --- |
//! | this one | the supervisor's thread |
//! | [`launcher`] | starting a service: genesis, ports, folder |
//! | [`service`] | a service that runs, on threads of its own |
//! | [`template`] | its configuration, after that of the hub's node |
//! | [`code`] | the runtimes of DappChains |

pub mod code;
pub mod launcher;
pub mod service;
pub mod template;

use crate::{full::FullNode, Compose};
use code::Codes;
use futures::FutureExt;
use hansa_local_chain::LocalChain;
use hansa_process::{panics, sandbox::Sandbox};
use hansa_supervisor::{
    status::{Metrics, SharedStatus},
    store::Store,
    Supervisor,
};
use launcher::NodeLauncher;
use sc_service::Error;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus::SyncOracle;
use std::{
    ops::RangeInclusive,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use template::Template;
use tokio::sync::oneshot;

/// The name of the supervisor's thread.
const THREAD: &str = "dappchains";

/// What an operator chooses.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Ports for services, two each.
    pub ports: RangeInclusive<u16>,
    /// How long a chain that the node has left stays on the disk, in seconds.
    pub keep_left: u64,
    /// How much CPU time a deployer's own runtime may take to build its genesis.
    pub genesis_limit: Duration,
    /// The runtime of chains that have none of their own; empty if this binary has none.
    pub standard_code: &'static [u8],
}

/// The DappChains of this process.
pub struct DappChains {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl DappChains {
    /// Run the chains that the hub of `hub` wants, configured after `template`, and show them in `status`. The engine of
    /// each is shown to `compose` before it starts.
    pub fn start(
        hub: &FullNode,
        template: Template,
        settings: Settings,
        status: SharedStatus,
        compose: Option<Compose>,
    ) -> Result<Self, Error> {
        let other = |error: String| Error::Other(error);
        panics::install();
        let store = Store::open(template.folder()).map_err(|error| other(error.to_string()))?;
        let metrics = Metrics::register(template.registry())?;
        let codes = Codes::new(hub.client.clone(), settings.standard_code);
        let sandbox = Sandbox::new(settings.genesis_limit, Some(template.wasm_cache()))
            .map_err(|error| other(format!("this program does not know where it is: {error}")))?;
        let local_chain = || {
            let pool = OffchainTransactionPoolFactory::new(hub.pool.clone());
            LocalChain::new(hub.client.clone(), pool)
        };
        let supervisor = Supervisor::new(
            local_chain(),
            NodeLauncher::new(
                local_chain(),
                template,
                codes,
                sandbox,
                hub.host.clone(),
                settings.ports,
                compose,
            ),
            hub.keystore.clone(),
            store,
            hansa_supervisor::Settings {
                keep_left: settings.keep_left,
                status,
                metrics,
            },
            unix_time,
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| other(format!("no thread for DappChains: {error}")))?;
        let (head, sync) = (hub.head.clone(), hub.sync.clone());
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(THREAD.into())
            .spawn(move || {
                let is_syncing = move || sync.is_major_syncing();
                runtime.block_on(supervisor.run(head, is_syncing, stopped.map(drop)));
            })
            .map_err(|error| other(format!("no thread for DappChains: {error}")))?;
        Ok(Self { stop, thread })
    }

    /// Stop all of them. Returns when their databases are closed.
    pub fn stop(self) {
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            log::error!("⛓ The supervisor of DappChains had panicked");
        }
    }
}

fn unix_time() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}
