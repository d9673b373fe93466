// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the engine tells Prometheus. Names begin with `hansa_pbft_` and end with their unit.
//!
//! A node without a Prometheus endpoint counts all the same, into metrics that nobody reads: so
//! no caller has to ask whether there are any.

use substrate_prometheus_endpoint::{
    exponential_buckets, register, Counter, CounterVec, Gauge, Histogram, HistogramOpts, Opts,
    PrometheusError, Registry, U64,
};

/// The shortest time that a histogram tells from nothing, in seconds.
const SHORTEST_SECONDS: f64 = 0.000_5;

/// By how much a histogram's buckets grow.
const BUCKET_FACTOR: f64 = 2.0;

/// The number of buckets: from half a millisecond to 32 s.
const BUCKETS: usize = 17;

/// The metrics of one chain's engine. Clones count into the same metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The height under way.
    pub height: Gauge<U64>,
    /// The current view of the height under way.
    pub view: Gauge<U64>,
    /// The highest final height.
    pub finalised_height: Gauge<U64>,
    /// The identifier of the set that decides the height under way.
    pub set_id: Gauge<U64>,
    /// Proposals that this node built.
    pub proposals_built: Counter<U64>,
    /// Proposals that came from others.
    pub proposals_received: Counter<U64>,
    /// Proposals that were refused, by `reason`.
    pub proposals_refused: CounterVec<U64>,
    /// Messages sent, by `kind`.
    pub messages_sent: CounterVec<U64>,
    /// Messages received, by `kind`.
    pub messages_received: CounterVec<U64>,
    /// Views that were entered above the first of a height.
    pub view_changes: Counter<U64>,
    /// View timers that fired.
    pub timeouts: Counter<U64>,
    /// From the acceptance of a proposal, own or foreign, to its commit certificate.
    pub finality_seconds: Histogram,
    /// Building a block.
    pub build_seconds: Histogram,
    /// Executing a proposal.
    pub execute_seconds: Histogram,
    /// Importing a final block.
    pub import_seconds: Histogram,
    /// Making the vote log durable (write and fdatasync).
    pub vote_log_sync_seconds: Histogram,
    /// The size of the vote log.
    pub vote_log_bytes: Gauge<U64>,
    /// Messages dropped before the state machine saw them, by `reason`.
    pub messages_dropped: CounterVec<U64>,
    /// Peers on the vote protocol.
    pub peers: Gauge<U64>,
    /// Peers that proved to hold a key of the current set.
    pub authority_peers: Gauge<U64>,
    /// Bytes handed to the network, by `protocol`.
    pub sent_bytes: CounterVec<U64>,
    /// Bytes taken from the network, by `protocol`.
    pub received_bytes: CounterVec<U64>,
    /// Requests for missing blocks, by `result`.
    pub block_requests: CounterVec<U64>,
}

impl Metrics {
    /// Make the metrics and add them to `registry`, if there is one.
    pub fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let metrics = Self::new()?;
        if let Some(registry) = registry {
            metrics.register_all(registry)?;
        }
        Ok(metrics)
    }

    fn new() -> Result<Self, PrometheusError> {
        Ok(Self {
            height: gauge("height", "Height under way")?,
            view: gauge("view", "View of the height under way")?,
            finalised_height: gauge("finalised_height", "Highest final height")?,
            set_id: gauge("set_id", "Identifier of the authority set that decides")?,
            proposals_built: counter("proposals_built_total", "Proposals built here")?,
            proposals_received: counter("proposals_received_total", "Proposals of others")?,
            proposals_refused: counters("proposals_refused_total", "Refused proposals", "reason")?,
            messages_sent: counters("messages_sent_total", "Messages sent", "kind")?,
            messages_received: counters("messages_received_total", "Messages received", "kind")?,
            view_changes: counter("view_changes_total", "Views entered above a height's first")?,
            timeouts: counter("view_timeouts_total", "View timers that fired")?,
            finality_seconds: seconds("finality_seconds", "From a proposal to its finality")?,
            build_seconds: seconds("build_seconds", "Time to build a block")?,
            execute_seconds: seconds("execute_seconds", "Time to execute a proposal")?,
            import_seconds: seconds("import_seconds", "Time to import a final block")?,
            vote_log_sync_seconds: seconds(
                "vote_log_sync_seconds",
                "Time to make the vote log durable",
            )?,
            vote_log_bytes: gauge("vote_log_bytes", "Size of the vote log")?,
            messages_dropped: counters(
                "messages_dropped_total",
                "Messages dropped before the state machine saw them",
                "reason",
            )?,
            peers: gauge("peers", "Peers on the vote protocol")?,
            authority_peers: gauge(
                "authority_peers",
                "Peers that hold a key of the current set",
            )?,
            sent_bytes: counters("sent_bytes_total", "Bytes sent", "protocol")?,
            received_bytes: counters("received_bytes_total", "Bytes received", "protocol")?,
            block_requests: counters(
                "block_requests_total",
                "Requests for missing blocks",
                "result",
            )?,
        })
    }

    fn register_all(&self, registry: &Registry) -> Result<(), PrometheusError> {
        let gauges = [
            &self.height,
            &self.view,
            &self.finalised_height,
            &self.set_id,
            &self.vote_log_bytes,
            &self.peers,
            &self.authority_peers,
        ];
        let counters = [
            &self.proposals_built,
            &self.proposals_received,
            &self.view_changes,
            &self.timeouts,
        ];
        let counter_vecs = [
            &self.proposals_refused,
            &self.messages_sent,
            &self.messages_received,
            &self.messages_dropped,
            &self.sent_bytes,
            &self.received_bytes,
            &self.block_requests,
        ];
        let histograms = [
            &self.finality_seconds,
            &self.build_seconds,
            &self.execute_seconds,
            &self.import_seconds,
            &self.vote_log_sync_seconds,
        ];
        gauges
            .into_iter()
            .try_for_each(|m| register(m.clone(), registry).map(drop))?;
        counters
            .into_iter()
            .try_for_each(|m| register(m.clone(), registry).map(drop))?;
        counter_vecs
            .into_iter()
            .try_for_each(|m| register(m.clone(), registry).map(drop))?;
        histograms
            .into_iter()
            .try_for_each(|m| register(m.clone(), registry).map(drop))
    }
}

/// The full name of a metric.
fn name(short: &str) -> String {
    format!("hansa_pbft_{short}")
}

fn gauge(short: &str, help: &str) -> Result<Gauge<U64>, PrometheusError> {
    Gauge::new(name(short), help)
}

fn counter(short: &str, help: &str) -> Result<Counter<U64>, PrometheusError> {
    Counter::new(name(short), help)
}

fn counters(short: &str, help: &str, label: &str) -> Result<CounterVec<U64>, PrometheusError> {
    CounterVec::new(Opts::new(name(short), help), &[label])
}

fn seconds(short: &str, help: &str) -> Result<Histogram, PrometheusError> {
    let buckets = exponential_buckets(SHORTEST_SECONDS, BUCKET_FACTOR, BUCKETS)?;
    Histogram::with_opts(HistogramOpts::new(name(short), help).buckets(buckets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_registered_once_and_well_named() {
        let registry = Registry::new();
        let metrics = Metrics::register(Some(&registry)).unwrap();
        // A vector shows up once it has a label.
        for vec in [
            &metrics.proposals_refused,
            &metrics.messages_sent,
            &metrics.messages_received,
            &metrics.messages_dropped,
            &metrics.sent_bytes,
            &metrics.received_bytes,
            &metrics.block_requests,
        ] {
            vec.with_label_values(&["x"]).inc();
        }
        let families = registry.gather();
        assert_eq!(families.len(), 23, "as many as the structure has fields");
        assert!(families
            .iter()
            .all(|f| f.get_name().starts_with("hansa_pbft_")));
        assert!(
            Metrics::register(Some(&registry)).is_err(),
            "a second registration is an error"
        );
        assert!(Metrics::register(None).is_ok());
    }
}
