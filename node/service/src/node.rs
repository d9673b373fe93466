// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node of a process: the service of its own chain and, on a hub, those of the DappChains.

use crate::{
    dappchain::{template::Template, DappChains, Settings},
    full, Compose, FullBackend, Interchain, Options,
};
use futures::{future::BoxFuture, FutureExt};
use hansa_process::ports;
use sc_service::{Configuration, Error, TaskManager};
use std::{
    sync::{Arc, OnceLock, Weak},
    time::{Duration, Instant},
};

/// How long the end of the process waits for its database to be closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// How often it looks.
const CLOSE_POLL: Duration = Duration::from_millis(20);

/// What is to be looked at in engines before they start; nothing by default.
#[derive(Clone, Default)]
pub struct Engines {
    /// In that of the node's own chain.
    pub own: Option<Compose>,
    /// In those of DappChains.
    pub dappchains: Option<Compose>,
}

/// What has to be closed, in order, when the service of the own chain has ended.
#[derive(Default)]
pub struct Opened {
    /// They follow the hub's service, and outlive it.
    dappchains: OnceLock<DappChains>,
    database: OnceLock<Weak<FullBackend>>,
}

impl Opened {
    /// Close it all. Returns when it is closed, or after a while.
    pub fn close(self) {
        if let Some(dappchains) = self.dappchains.into_inner() {
            dappchains.stop();
        }
        if let Some(database) = self.database.get() {
            await_close(database);
        }
    }
}

/// Start the node. What it opens is noted in `opened`, for when its tasks have ended. DappChains run as `dappchains` says; none do
/// if it says nothing.
pub fn start(
    config: Configuration,
    options: Options,
    dappchains: Option<Settings>,
    engines: Engines,
    opened: Arc<Opened>,
) -> BoxFuture<'static, Result<TaskManager, Error>> {
    async move {
        let path = config.base_path.path();
        std::fs::create_dir_all(path)
            .map_err(|e| Error::Other(format!("{}: {e}", path.display())))?;
        let mut used = ports::of_configuration(&config);
        if let Interchain::Start(options) = &options.interchain {
            used.extend(ports::of_interchain(options.port));
        }
        ports::probe(&used).map_err(|e| Error::Other(e.to_string()))?;
        let template = Template::of(&config, options.wasm_cache.as_deref());
        let status = options.dappchains.clone();
        let (node, task_manager) = full::new_on_its_network(config, options, engines.own).await?;
        let _ = opened.database.set(Arc::downgrade(&node.backend));
        if let Some(settings) = dappchains {
            let started = DappChains::start(&node, template, settings, status, engines.dappchains)?;
            let _ = opened.dappchains.set(started);
        }
        Ok(task_manager)
    }
    .boxed()
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
