// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker tells Prometheus. Names begin with `hansa_beacon_`.
//!
//! A node without a Prometheus endpoint counts all the same, into metrics that nobody reads.

use substrate_prometheus_endpoint::{
    register, Counter, CounterVec, Gauge, Opts, PrometheusError, Registry, U64,
};

/// At which step something failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The runtime could not be asked.
    Ask,
    /// The keystore has not what is needed, or the commitment on the chain is not of its key.
    Key,
    /// The runtime or the pool did not take the call.
    Submit,
}

impl Step {
    const ALL: [Self; 3] = [Self::Ask, Self::Key, Self::Submit];

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Key => "key",
            Self::Submit => "submit",
        }
    }
}

/// The metrics of one chain's worker.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The epoch under way.
    pub epoch: Gauge<U64>,
    /// The duties that the chain shows as not done.
    pub open_duties: Gauge<U64>,
    /// Commitments that were put into the own pool, one a node and epoch.
    pub commits: Counter<U64>,
    /// Reveals that were put into the own pool, likewise.
    pub reveals: Counter<U64>,
    /// Reveals that were not on the chain when their part of the epoch was over.
    pub withheld: Counter<U64>,
    /// What failed, by `step`.
    pub failures: CounterVec<U64>,
}

impl Metrics {
    /// Make the metrics and add them to `registry`, if there is one.
    pub fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let metrics = Self {
            epoch: Gauge::new("hansa_beacon_epoch", "Epoch of the beacon")?,
            open_duties: Gauge::new(
                "hansa_beacon_open_duties",
                "Commitments and reveals that this node owes",
            )?,
            commits: Counter::new("hansa_beacon_commits_total", "Commitments made here")?,
            reveals: Counter::new("hansa_beacon_reveals_total", "Reveals made here")?,
            withheld: Counter::new(
                "hansa_beacon_withheld_total",
                "Reveals of this node that were not on the chain in time",
            )?,
            failures: CounterVec::new(
                Opts::new("hansa_beacon_failures_total", "Failures, by step"),
                &["step"],
            )?,
        };
        for step in Step::ALL {
            metrics.failures.with_label_values(&[step.label()]);
        }
        if let Some(registry) = registry {
            for gauge in [&metrics.epoch, &metrics.open_duties] {
                register(gauge.clone(), registry)?;
            }
            for counter in [&metrics.commits, &metrics.reveals, &metrics.withheld] {
                register(counter.clone(), registry)?;
            }
            register(metrics.failures.clone(), registry)?;
        }
        Ok(metrics)
    }

    /// Count a failure.
    pub(crate) fn failed(&self, step: Step) {
        self.failures.with_label_values(&[step.label()]).inc();
    }
}
