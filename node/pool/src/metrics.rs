// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the worker tells Prometheus. Names begin with `hansa_pool_`.
//!
//! A node without a Prometheus endpoint counts all the same, into metrics that nobody reads.

use crate::state::State;
use substrate_prometheus_endpoint::{
    register, Counter, CounterVec, GaugeVec, Opts, PrometheusError, Registry, U64,
};

/// At which step something failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The runtime could not be asked.
    Ask,
    /// The keystore did not sign.
    Key,
    /// The runtime or the pool of transactions did not take the call.
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
    /// Nodes with a key in the keystore, by `state`.
    pub nodes: GaugeVec<U64>,
    /// Wishes to join that were put into the own pool of transactions.
    pub joins: Counter<U64>,
    /// What failed, by `step`.
    pub failures: CounterVec<U64>,
}

impl Metrics {
    /// Make the metrics and add them to `registry`, if there is one.
    pub fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let metrics = Self {
            nodes: GaugeVec::new(
                Opts::new("hansa_pool_nodes", "Nodes of this process, by state"),
                &["state"],
            )?,
            joins: Counter::new("hansa_pool_joins_total", "Wishes to join made here")?,
            failures: CounterVec::new(
                Opts::new("hansa_pool_failures_total", "Failures, by step"),
                &["step"],
            )?,
        };
        for label in State::LABELS {
            metrics.nodes.with_label_values(&[label]);
        }
        for step in Step::ALL {
            metrics.failures.with_label_values(&[step.label()]);
        }
        if let Some(registry) = registry {
            register(metrics.nodes.clone(), registry)?;
            register(metrics.joins.clone(), registry)?;
            register(metrics.failures.clone(), registry)?;
        }
        Ok(metrics)
    }

    /// Count the nodes by their states.
    pub(crate) fn count<'a>(&self, states: impl Iterator<Item = &'a State> + Clone) {
        for label in State::LABELS {
            let count = states
                .clone()
                .filter(|state| state.label() == label)
                .count();
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            self.nodes.with_label_values(&[label]).set(count);
        }
    }

    /// Count a failure.
    pub(crate) fn failed(&self, step: Step) {
        self.failures.with_label_values(&[step.label()]).inc();
    }
}
