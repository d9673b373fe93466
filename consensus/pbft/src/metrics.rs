// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the engine tells Prometheus. Names begin with `hansa_pbft_` and end with their unit.
//!
//! A node without a Prometheus endpoint counts all the same, into metrics that nobody reads: so
//! no caller has to ask whether there are any.
//!
//! **Labels.** The values of all labels but one are fixed and few, and those of the engine's own are
//! there from the start, so that a rate is right from the first event on. The one is `authority`,
//! the whole public key in SS58: the metrics `hansa_pbft_authority_…` have one series for each
//! member of the current set and no other, so at most
//! [`MAX_AUTHORITIES`](hansa_pbft_primitives::MAX_AUTHORITIES) each. (An index would mean another
//! authority after each change of the set, and a shortened key can be forged.)

use substrate_prometheus_endpoint::{
    exponential_buckets, register, Counter, CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts,
    HistogramVec, Opts, PrometheusError, Registry, U64,
};

/// The shortest time that a histogram tells from nothing, in seconds.
const SHORTEST_SECONDS: f64 = 0.000_5;

/// By how much a histogram's buckets grow.
const BUCKET_FACTOR: f64 = 2.0;

/// The number of buckets: from half a millisecond to 32 s.
const BUCKETS: usize = 17;

/// What a height waits for, in the order in which it does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// For a transaction, or for the end of the idle interval.
    Work,
    /// In view 0: for the primary's proposal, and if that is us, for the block to be built.
    Proposal,
    /// In a view above 0: for a quorum that asks for it, and for its primary's proposal.
    ViewChange,
    /// For the proposed block to come and to be executed.
    Execution,
    /// For a quorum of Prepare.
    Prepare,
    /// For a quorum of Commit.
    Commit,
    /// For the block to be in the database.
    Import,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 7] = [
        Self::Work,
        Self::Proposal,
        Self::ViewChange,
        Self::Execution,
        Self::Prepare,
        Self::Commit,
        Self::Import,
    ];

    /// The label in metrics, and the name in log lines.
    pub fn label(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Proposal => "proposal",
            Self::ViewChange => "view_change",
            Self::Execution => "execution",
            Self::Prepare => "prepare",
            Self::Commit => "commit",
            Self::Import => "import",
        }
    }
}

/// Why a view above 0 was entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewChangeCause {
    /// The timer of the view before fired.
    Timer,
    /// More than `T` weight asked for it.
    Joined,
    /// Its primary proposed, and showed that a quorum asked for it.
    Proposal,
    /// The vote log says that this node was in it before it stopped.
    Restored,
}

impl ViewChangeCause {
    const ALL: [Self; 4] = [Self::Timer, Self::Joined, Self::Proposal, Self::Restored];

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Joined => "joined",
            Self::Proposal => "proposal",
            Self::Restored => "restored",
        }
    }
}

/// Whether this node votes, and why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VotingState {
    /// It does.
    Voting,
    /// None of its keys is in the set.
    NotInSet,
    /// It has just started and asks its peers how far they are, or does not know whether the set still decides.
    Starting,
    /// Its vote log may lack votes that it has cast.
    LogIncomplete,
    /// It heard a vote of its own that its log does not hold.
    OwnVoteHeard,
}

impl VotingState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Voting,
        Self::NotInSet,
        Self::Starting,
        Self::LogIncomplete,
        Self::OwnVoteHeard,
    ];

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Voting => "voting",
            Self::NotInSet => "not_in_set",
            Self::Starting => "starting",
            Self::LogIncomplete => "log_incomplete",
            Self::OwnVoteHeard => "own_vote_heard",
        }
    }
}

/// The labels of the views in which heights are decided. A height in a later view counts as the last.
const DECIDED_VIEWS: [&str; 5] = ["0", "1", "2", "3", "4+"];

/// Labels that are used elsewhere in the engine, of which a new dashboard should show the first event.
const KNOWN_LABELS: [(VecOf, &[&str]); 9] = [
    (|m| &m.proposals_refused, &["placement", "invalid"]),
    (|m| &m.messages_sent, &MESSAGE_KINDS),
    (|m| &m.messages_received, &MESSAGE_KINDS),
    (|m| &m.messages_dropped, &["no_hello", "refused"]),
    (|m| &m.sent_bytes, &["votes", "proposals"]),
    (|m| &m.received_bytes, &["votes", "proposals"]),
    (|m| &m.block_requests, &["received", "unknown", "failed"]),
    (|m| &m.offences, &OFFENCES),
    (|m| &m.reports, &["convicted", "too_old", "given_up"]),
];

/// The kinds of offences; `own_key` is any that the own key seems to have committed.
const OFFENCES: [&str; 4] = ["equivocation", "amnesia", "unjustified_proposal", "own_key"];

/// A metric of several series.
type VecOf = fn(&Metrics) -> &CounterVec<U64>;

/// The kinds of messages.
const MESSAGE_KINDS: [&str; 5] = ["proposal", "prepare", "commit", "view_change", "decided"];

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
    /// Views that were entered above the first of a height, by `cause`.
    pub view_changes: CounterVec<U64>,
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
    /// How long heights waited, by `phase`.
    pub phase_seconds: HistogramVec,
    /// Heights decided by vote here, by `view`.
    pub heights_decided: CounterVec<U64>,
    /// Heights that took long, by the `phase` that took longest.
    pub slow_heights: CounterVec<U64>,
    /// 1 for the `state` that holds of: votes, and why not; else 0.
    pub voting_state: GaugeVec<U64>,
    /// Heights at which this node was an authority and signed nothing, to be safe.
    pub silent_heights: Counter<U64>,
    /// Bytes written to the vote log.
    pub vote_log_written_bytes: Counter<U64>,
    /// The highest height of which a statement of the `authority` came.
    pub authority_last_vote_height: GaugeVec<U64>,
    /// Heights that became final without a Commit of the `authority`.
    pub authority_missed_heights: CounterVec<U64>,
    /// Views that ended here without a proposal of the `authority`, whose turn it was.
    pub authority_silent_views: CounterVec<U64>,
    /// Whether a peer is connected that proved to be the `authority`.
    pub authority_connected: GaugeVec<U64>,
    /// Offences that were seen, by `kind`.
    pub offences: CounterVec<U64>,
    /// Reports of offences that came to an end, by `outcome`.
    pub reports: CounterVec<U64>,
    /// Heights with valid certificates for two blocks.
    pub forks: Counter<U64>,
}

impl Metrics {
    /// Make the metrics and add them to `registry`, if there is one.
    pub fn register(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let metrics = Self::new()?;
        metrics.fill_in_labels();
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
            view_changes: counters(
                "view_changes_total",
                "Views entered above a height's first",
                "cause",
            )?,
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
            phase_seconds: HistogramVec::new(
                seconds_opts("phase_seconds", "How long heights waited, by what for")?,
                &["phase"],
            )?,
            heights_decided: counters("heights_decided_total", "Heights decided by vote", "view")?,
            slow_heights: counters(
                "slow_heights_total",
                "Heights that took long, by the longest phase",
                "phase",
            )?,
            voting_state: gauges(
                "voting_state",
                "Whether this node votes, or why not",
                "state",
            )?,
            silent_heights: counter(
                "silent_heights_total",
                "Heights at which this authority signed nothing, to be safe",
            )?,
            vote_log_written_bytes: counter(
                "vote_log_written_bytes_total",
                "Bytes written to the vote log",
            )?,
            authority_last_vote_height: gauges(
                "authority_last_vote_height",
                "Highest height of which a statement of the authority came",
                "authority",
            )?,
            authority_missed_heights: counters(
                "authority_missed_heights_total",
                "Heights that became final without a Commit of the authority",
                "authority",
            )?,
            authority_silent_views: counters(
                "authority_silent_views_total",
                "Views of the authority as primary that ended without its proposal",
                "authority",
            )?,
            authority_connected: gauges(
                "authority_connected",
                "Whether a peer is connected that proved to be the authority",
                "authority",
            )?,
            offences: counters("offences_total", "Offences seen", "kind")?,
            reports: counters(
                "offence_reports_total",
                "Reports of offences that came to an end",
                "outcome",
            )?,
            forks: counter("forks_total", "Heights with certificates for two blocks")?,
        })
    }

    /// Count `view` as the one in which a height was decided.
    pub fn decided_in(&self, view: hansa_pbft_primitives::View) {
        let last = DECIDED_VIEWS.len().saturating_sub(1);
        let at = usize::try_from(view).unwrap_or(last).min(last);
        if let Some(label) = DECIDED_VIEWS.get(at) {
            self.heights_decided.with_label_values(&[label]).inc();
        }
    }

    /// Show that `state` holds and no other.
    pub fn set_voting_state(&self, state: VotingState) {
        for other in VotingState::ALL {
            self.voting_state
                .with_label_values(&[other.label()])
                .set(u64::from(other == state));
        }
    }

    /// Show series whose labels are known beforehand from the start.
    fn fill_in_labels(&self) {
        for phase in Phase::ALL {
            self.phase_seconds.with_label_values(&[phase.label()]);
            self.slow_heights.with_label_values(&[phase.label()]);
        }
        for cause in ViewChangeCause::ALL {
            self.view_changes.with_label_values(&[cause.label()]);
        }
        for view in DECIDED_VIEWS {
            self.heights_decided.with_label_values(&[view]);
        }
        for (vec, labels) in KNOWN_LABELS {
            for label in labels {
                vec(self).with_label_values(&[label]);
            }
        }
        self.set_voting_state(VotingState::NotInSet);
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
            &self.timeouts,
            &self.silent_heights,
            &self.vote_log_written_bytes,
            &self.forks,
        ];
        let gauge_vecs = [
            &self.voting_state,
            &self.authority_last_vote_height,
            &self.authority_connected,
        ];
        let counter_vecs = [
            &self.proposals_refused,
            &self.messages_sent,
            &self.messages_received,
            &self.messages_dropped,
            &self.sent_bytes,
            &self.received_bytes,
            &self.block_requests,
            &self.view_changes,
            &self.heights_decided,
            &self.slow_heights,
            &self.authority_missed_heights,
            &self.authority_silent_views,
            &self.offences,
            &self.reports,
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
        gauge_vecs
            .into_iter()
            .try_for_each(|m| register(m.clone(), registry).map(drop))?;
        register(self.phase_seconds.clone(), registry)?;
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

fn gauges(short: &str, help: &str, label: &str) -> Result<GaugeVec<U64>, PrometheusError> {
    GaugeVec::new(Opts::new(name(short), help), &[label])
}

fn seconds(short: &str, help: &str) -> Result<Histogram, PrometheusError> {
    Histogram::with_opts(seconds_opts(short, help)?)
}

fn seconds_opts(short: &str, help: &str) -> Result<HistogramOpts, PrometheusError> {
    let buckets = exponential_buckets(SHORTEST_SECONDS, BUCKET_FACTOR, BUCKETS)?;
    Ok(HistogramOpts::new(name(short), help).buckets(buckets))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as [`Metrics`] has fields.
    const FAMILIES: usize = 36;

    /// Those that show up with the first set.
    const OF_AUTHORITIES: usize = 4;

    #[test]
    fn every_metric_is_registered_once_and_well_named() {
        let registry = Registry::new();
        let metrics = Metrics::register(Some(&registry)).unwrap();
        // A vector shows up once it has a label.
        assert_eq!(registry.gather().len(), FAMILIES - OF_AUTHORITIES);
        for vec in [
            &metrics.authority_missed_heights,
            &metrics.authority_silent_views,
        ] {
            vec.with_label_values(&["x"]).inc();
        }
        for vec in [
            &metrics.authority_last_vote_height,
            &metrics.authority_connected,
        ] {
            vec.with_label_values(&["x"]).inc();
        }
        let families = registry.gather();
        assert_eq!(
            families.len(),
            FAMILIES,
            "as many as the structure has fields"
        );
        assert!(families
            .iter()
            .all(|f| f.get_name().starts_with("hansa_pbft_")));
        assert!(
            Metrics::register(Some(&registry)).is_err(),
            "a second registration is an error"
        );
        assert!(Metrics::register(None).is_ok());
    }

    #[test]
    fn exactly_one_voting_state_holds() {
        let metrics = Metrics::register(None).unwrap();
        let held = |state: VotingState| {
            metrics
                .voting_state
                .with_label_values(&[state.label()])
                .get()
        };
        assert_eq!(held(VotingState::NotInSet), 1, "at first");
        for state in VotingState::ALL {
            metrics.set_voting_state(state);
            assert_eq!(held(state), 1);
            assert_eq!(VotingState::ALL.map(held).iter().sum::<u64>(), 1);
        }
    }

    #[test]
    fn late_views_count_as_one() {
        let metrics = Metrics::register(None).unwrap();
        for (view, label) in [(0, "0"), (3, "3"), (4, "4+"), (5, "4+"), (u32::MAX, "4+")] {
            let before = metrics.heights_decided.with_label_values(&[label]).get();
            metrics.decided_in(view);
            let after = metrics.heights_decided.with_label_values(&[label]).get();
            assert_eq!(after, before + 1, "view {view}");
        }
    }
}
