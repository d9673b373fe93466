// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is counted.

use hansa_interchain_primitives::api::Submission;
use substrate_prometheus_endpoint::{
    exponential_buckets, register, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, Opts,
    PrometheusError, Registry, U64,
};

/// The counters; none if the node has no registry.
#[derive(Clone, Default)]
pub struct Metrics(Option<Registered>);

#[derive(Clone)]
struct Registered {
    routes: GaugeVec<U64>,
    unsettled: GaugeVec<U64>,
    peers: GaugeVec<U64>,
    connections: Gauge<U64>,
    offers: CounterVec<U64>,
    questions: CounterVec<U64>,
    submissions: CounterVec<U64>,
    items: CounterVec<U64>,
    lies: CounterVec<U64>,
    carry: Histogram,
    settle: Histogram,
}

fn counters(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<CounterVec<U64>, PrometheusError> {
    register(CounterVec::new(Opts::new(name, help), labels)?, registry)
}

fn gauges(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<GaugeVec<U64>, PrometheusError> {
    register(GaugeVec::new(Opts::new(name, help), labels)?, registry)
}

/// Seconds, from 10 ms on, doubling to some 80 s.
fn seconds(registry: &Registry, name: &str, help: &str) -> Result<Histogram, PrometheusError> {
    let buckets = exponential_buckets(0.01, 2.0, 14)?;
    let options = HistogramOpts::new(name, help).buckets(buckets);
    register(Histogram::with_opts(options)?, registry)
}

impl Registered {
    fn new(r: &Registry) -> Result<Self, PrometheusError> {
        Ok(Self {
            routes: gauges(
                r,
                "hansa_interchain_routes",
                "Routes of the chain, by status",
                &["status"],
            )?,
            unsettled: gauges(
                r,
                "hansa_interchain_unsettled_packets",
                "Packets without a settled result, by the chain that they go to",
                &["peer"],
            )?,
            peers: gauges(
                r,
                "hansa_interchain_chain_peers",
                "Connected nodes that serve a chain",
                &["of"],
            )?,
            connections: register(
                Gauge::new(
                    "hansa_interchain_connections",
                    "Nodes that this one is connected to in the network between chains",
                )?,
                r,
            )?,
            offers: counters(
                r,
                "hansa_interchain_offers_total",
                "Offers made to nodes of other chains, by outcome",
                &["outcome"],
            )?,
            questions: counters(
                r,
                "hansa_interchain_questions_total",
                "Questions to nodes of other chains, by kind and outcome",
                &["kind", "outcome"],
            )?,
            submissions: counters(
                r,
                "hansa_interchain_submissions_total",
                "Calls put into the own pool, by kind and outcome",
                &["kind", "outcome"],
            )?,
            items: counters(
                r,
                "hansa_interchain_items_total",
                "Packets and results in the calls that the own pool took, by kind of call",
                &["kind"],
            )?,
            lies: counters(
                r,
                "hansa_interchain_lies_total",
                "What nodes showed and is not true, by the chain that it is about",
                &["of"],
            )?,
            carry: seconds(
                r,
                "hansa_interchain_carry_seconds",
                "From a question for proofs to the calls in the own pool",
            )?,
            settle: seconds(
                r,
                "hansa_interchain_settle_seconds",
                "From a sent packet that is final here to its settled result that is final here",
            )?,
        })
    }
}

impl Metrics {
    /// Register with the node's registry, if it has one.
    pub fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        registry.map(Registered::new).transpose().map(Self)
    }

    fn with(&self, note: impl FnOnce(&Registered)) {
        if let Some(registered) = &self.0 {
            note(registered);
        }
    }

    /// How many routes are in each status.
    pub fn routes(&self, counts: &[(&str, u64)]) {
        self.with(|r| {
            for (status, count) in counts {
                r.routes.with_label_values(&[status]).set(*count);
            }
        });
    }

    /// How many packets to a chain are not settled.
    pub fn unsettled(&self, peer: &str, count: u64) {
        self.with(|r| r.unsettled.with_label_values(&[peer]).set(count));
    }

    /// How many connected nodes serve a chain.
    pub fn peers(&self, chain: &str, count: usize) {
        self.with(|r| r.peers.with_label_values(&[chain]).set(count as u64));
    }

    /// How many nodes are connected.
    pub fn connections(&self, count: usize) {
        self.with(|r| r.connections.set(count as u64));
    }

    /// An offer was made.
    pub fn offer(&self, outcome: &str) {
        self.with(|r| r.offers.with_label_values(&[outcome]).inc());
    }

    /// A question was asked.
    pub fn question(&self, kind: &str, outcome: &str) {
        self.with(|r| r.questions.with_label_values(&[kind, outcome]).inc());
    }

    /// A call was given to the pool.
    pub fn submission(&self, submission: &Submission, outcome: &str) {
        let (kind, items) = kind_of(submission);
        self.with(|r| {
            r.submissions.with_label_values(&[kind, outcome]).inc();
            if outcome == "taken" {
                r.items.with_label_values(&[kind]).inc_by(items);
            }
        });
    }

    /// Something untrue was shown.
    pub fn lie(&self, chain: &str) {
        self.with(|r| r.lies.with_label_values(&[chain]).inc());
    }

    /// How long it took to get something into the own pool, in milliseconds.
    pub fn carried(&self, ms: u64) {
        self.with(|r| r.carry.observe(ms as f64 / 1_000.0));
    }

    /// How long it took until a packet was settled, in milliseconds.
    pub fn settled(&self, ms: u64) {
        self.with(|r| r.settle.observe(ms as f64 / 1_000.0));
    }
}

/// The name of a call in metrics, and how many packets, results or headers it has.
pub fn kind_of(submission: &Submission) -> (&'static str, u64) {
    match submission {
        Submission::UpdateClient { headers, .. } => ("update", headers.len() as u64),
        Submission::Deliver { packets, .. } => ("deliver", packets.len() as u64),
        Submission::Acknowledge { results, .. } => ("acknowledge", results.len() as u64),
        Submission::TimeOut { count, .. } => ("time_out", (*count).into()),
        Submission::Prune { .. } => ("prune", 1),
        Submission::Misbehaviour { .. } => ("misbehaviour", 1),
        Submission::RecoverClient { .. } => ("recover", 1),
    }
}
