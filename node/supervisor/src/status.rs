// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What operators are told: over RPC, and as metrics (their names begin with `hansa_dappchains_`).

use crate::{launcher::Health, store::Ports};
use hansa_dappchain_primitives::ChainId;
use hansa_primitives::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use substrate_prometheus_endpoint::{
    register, Counter, GaugeVec, Opts, PrometheusError, Registry, U64,
};

/// What a chain's service does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// It is being started.
    Starting,
    /// It runs.
    Running,
    /// It is being stopped.
    Stopping,
    /// It failed, and will be started again.
    Failed,
    /// The node was released; what is stored will be removed.
    Left,
}

impl Doing {
    const ALL: [Self; 5] = [
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Failed,
        Self::Left,
    ];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
            Self::Left => "left",
        }
    }
}

/// A chain of this process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainStatus {
    /// Its id.
    pub chain: ChainId,
    /// Its name.
    pub name: String,
    /// Its genesis.
    pub genesis: Hash,
    /// Where its service listens.
    pub ports: Ports,
    /// What it does.
    pub doing: Doing,
    /// How it is, if it runs.
    pub health: Option<Health>,
    /// Why it failed last.
    pub error: Option<String>,
}

/// The chains of this process, as seen last.
#[derive(Clone, Debug, Default)]
pub struct SharedStatus(Arc<Mutex<Vec<ChainStatus>>>);

impl SharedStatus {
    /// The chains, by id.
    pub fn get(&self) -> Vec<ChainStatus> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set(&self, chains: Vec<ChainStatus>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chains;
    }
}

/// What is counted.
#[derive(Clone, Debug)]
pub struct Metrics {
    chains: GaugeVec<U64>,
    starts: Counter<U64>,
    failures: Counter<U64>,
}

impl Metrics {
    /// Make the metrics and add them to `registry`, if there is one.
    pub fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let metrics = Self {
            chains: GaugeVec::new(
                Opts::new(
                    "hansa_dappchains_services",
                    "DappChains of this process, by state",
                ),
                &["state"],
            )?,
            starts: Counter::new("hansa_dappchains_starts_total", "Services started")?,
            failures: Counter::new(
                "hansa_dappchains_failures_total",
                "Services that could not be started, or ended by themselves",
            )?,
        };
        metrics.count(&[]);
        if let Some(registry) = registry {
            register(metrics.chains.clone(), registry)?;
            register(metrics.starts.clone(), registry)?;
            register(metrics.failures.clone(), registry)?;
        }
        Ok(metrics)
    }

    pub(crate) fn started(&self) {
        self.starts.inc();
    }

    pub(crate) fn failed(&self) {
        self.failures.inc();
    }

    pub(crate) fn count(&self, chains: &[ChainStatus]) {
        for doing in Doing::ALL {
            let count = chains.iter().filter(|chain| chain.doing == doing).count();
            self.chains
                .with_label_values(&[doing.label()])
                .set(u64::try_from(count).unwrap_or(u64::MAX));
        }
    }
}
