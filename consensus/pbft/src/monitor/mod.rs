// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What an operator wants to know of the engine: who was silent, in which view a height was
//! decided, and why it took long. It watches and never acts.
//!
//! | file | what is in it |
//! | --- | --- |
//! | this one | the worker's end: what happens goes in, metrics and log lines come out |
//! | [`timeline`] | how long a height waited, and for what |
//! | [`attendance`] | who spoke at a height |
//! | [`members`] | the metrics of each authority |
//! | [`report`] | the log lines |
//!
//! A statement counts for its signer if the peer that sent it has proved to be the signer, so no
//! signature is checked here: a liar can make only itself look alive. What the state machine
//! decided upon has been checked by it.

mod attendance;
mod members;
mod report;
#[cfg(test)]
mod tests;
mod timeline;

use crate::{
    authorities::HeightState,
    metrics::{Metrics, Phase, ViewChangeCause, VotingState},
    LOG_TARGET,
};
use attendance::Attendance;
use hansa_pbft_core::{Input, RoundState};
use hansa_pbft_primitives::{
    AuthorityId, AuthorityIndex, Certificate, Height, Message, SignedStatement, Statement, View,
};
use log::{info, warn};
use members::Members;
use report::{Name, SilentFor, SlowHeight, StandingHeight};
use sc_network_types::PeerId;
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};
use timeline::{is_slow, phase_of, Timeline};

/// After how long a height that is not decided is reported the first time …
const FIRST_STALL_REPORT: Duration = Duration::from_secs(10);

/// … by how much the time to the next report grows with each …
const STALL_REPORT_FACTOR: u32 = 2;

/// … and how long it is at most.
const MAX_STALL_REPORT_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// How many silent primaries of a height are remembered for its report.
const MAX_SILENT_PRIMARIES: usize = 16;

/// What is known of the height under way.
struct HeightWatch {
    height: Height,
    state: HeightState,
    timeline: Timeline,
    /// The state machine as it was last seen.
    last: Option<RoundState>,
    /// Why a view is entered, if one is entered upon the input under way.
    cause: ViewChangeCause,
    /// Whose message the input under way is.
    by: Option<AuthorityIndex>,
    silent_primaries: Vec<(View, AuthorityIndex)>,
    /// Number and seconds of all log syncs when the height began.
    syncs_before: (u64, f64),
    decided: Option<DecidedHeight>,
    /// When it is reported as standing next, counted in waiting time.
    next_stall_report: Duration,
}

/// Who had spoken when a height was decided.
struct DecidedHeight {
    view: View,
    silent: Vec<AuthorityIndex>,
    late: Vec<AuthorityIndex>,
}

/// Watches the worker.
pub(crate) struct Monitor {
    metrics: Metrics,
    members: Members,
    attendance: Attendance,
    /// Connected peers that proved to hold a key.
    peers: HashMap<PeerId, AuthorityId>,
    /// The key with which this node votes at the height under way.
    own: Option<AuthorityId>,
    voting: Option<VotingState>,
    /// Heights at which this authority signed nothing, since it last voted.
    silent_for: u32,
    watch: Option<HeightWatch>,
}

impl Monitor {
    /// One that has seen nothing yet.
    pub fn new(metrics: Metrics) -> Self {
        Self {
            members: Members::new(metrics.clone()),
            attendance: Attendance::default(),
            peers: HashMap::new(),
            own: None,
            voting: None,
            silent_for: 0,
            watch: None,
            metrics,
        }
    }

    /// A height begins, and with it the one before is over. `local` is who votes here, if the
    /// `voting` state is that somebody does.
    pub fn begin(
        &mut self,
        height: Height,
        state: &HeightState,
        local: Option<AuthorityIndex>,
        voting: VotingState,
        now: Instant,
    ) {
        if let Some(watch) = self.watch.take() {
            if watch.height.checked_add(1) == Some(height) {
                self.finish(watch, now);
            }
        }
        for key in self.attendance.begin(height) {
            self.members.missed(&key);
        }
        self.members.set(&state.set);
        self.watch = Some(HeightWatch {
            height,
            state: state.clone(),
            timeline: Timeline::new(now),
            last: None,
            cause: ViewChangeCause::Restored,
            by: None,
            silent_primaries: Vec::new(),
            syncs_before: self.syncs(),
            decided: None,
            next_stall_report: FIRST_STALL_REPORT,
        });
        self.set_voting(height, state, local, voting);
        self.show_connected();
    }

    /// `input` is about to go into the state machine.
    pub fn input(&mut self, input: &Input) {
        let Some(watch) = self.watch.as_mut() else {
            return;
        };
        watch.by = None;
        watch.cause = match input {
            Input::Start { .. } => ViewChangeCause::Restored,
            Input::Timeout { .. } => ViewChangeCause::Timer,
            Input::Message(message) => {
                watch.by = statement_of(message).map(|statement| statement.authority);
                match message {
                    Message::Proposal { .. } => ViewChangeCause::Proposal,
                    _ => ViewChangeCause::Joined,
                }
            }
            _ => ViewChangeCause::Joined,
        };
        if let Input::Timeout { height, view } = *input {
            self.timer_fired(height, view);
        }
    }

    /// If the primary of `view` gave nothing, note that.
    fn timer_fired(&mut self, height: Height, view: View) {
        let Some(watch) = self.watch.as_mut().filter(|watch| watch.height == height) else {
            return;
        };
        let silent = watch
            .last
            .as_ref()
            .filter(|state| state.view == view && state.proposal.is_none())
            .and_then(|state| state.primary);
        let Some(primary) = silent else { return };
        if watch.silent_primaries.len() < MAX_SILENT_PRIMARIES {
            watch.silent_primaries.push((view, primary));
        }
        if let Some(authority) = watch.state.set.get(primary) {
            self.members.silent_view(&authority.key);
        }
    }

    /// The state machine has taken the input, and nothing that it said has been carried out yet.
    /// `work_told`: whether it knows of a reason to expect a block.
    pub fn observe(&mut self, state: Option<RoundState>, work_told: bool, now: Instant) {
        let Some((watch, state)) = self.watch.as_mut().zip(state) else {
            return;
        };
        if state.height != watch.height {
            return;
        }
        watch
            .timeline
            .observe(phase_of(&state, work_told), watch.by, now);
        let own = state
            .local
            .filter(|local| state.prepares.contains(local) || state.commits.contains(local));
        if let Some((local, own)) = own.and_then(|local| Some((local, state.set.get(local)?))) {
            let is_commit = state.commits.contains(&local);
            self.attendance.heard(state.height, &own.key, is_commit);
            self.members.heard(&own.key, state.height);
        }
        watch.last = Some(state);
    }

    /// A view above 0 was entered.
    pub fn entered_view(&self) {
        let cause = self
            .watch
            .as_ref()
            .map_or(ViewChangeCause::Restored, |watch| watch.cause);
        self.metrics
            .view_changes
            .with_label_values(&[cause.label()])
            .inc();
    }

    /// A message came from `peer`, of whatever height.
    pub fn heard(&mut self, peer: &PeerId, message: &Message) {
        let (Some(statement), Some(key)) = (statement_of(message), self.peers.get(peer)) else {
            return;
        };
        let is_own = self
            .watch
            .as_ref()
            .and_then(|watch| watch.state.set.get(statement.authority))
            .is_some_and(|authority| authority.key == *key);
        let is_commit = matches!(statement.statement, Statement::Commit { .. });
        if is_own && self.attendance.heard(statement.height, key, is_commit) {
            self.members.heard(key, statement.height);
        }
    }

    /// `peer` proved to hold `key`, or none.
    pub fn greeted(&mut self, peer: PeerId, key: Option<AuthorityId>) {
        match key {
            Some(key) => self.peers.insert(peer, key),
            None => self.peers.remove(&peer),
        };
        self.show_connected();
    }

    /// `peer` is gone.
    pub fn disconnected(&mut self, peer: &PeerId) {
        if self.peers.remove(peer).is_some() {
            self.show_connected();
        }
    }

    /// The height is decided.
    pub fn decided(&mut self, certificate: &Certificate) {
        let Some(watch) = self
            .watch
            .as_mut()
            .filter(|watch| watch.height == certificate.height && watch.decided.is_none())
        else {
            return;
        };
        let (height, set) = (watch.height, watch.state.set.clone());
        for authority in certificate
            .signers
            .iter()
            .filter_map(|index| set.get(index))
        {
            self.attendance.heard(height, &authority.key, true);
            self.members.heard(&authority.key, height);
        }
        self.attendance.decided(height, set.clone());
        self.metrics.decided_in(certificate.view);
        let (mut silent, mut late) = (Vec::new(), Vec::new());
        for (index, authority) in (0..).zip(set.authorities()) {
            if !self.attendance.spoke(height, &authority.key) {
                silent.push(index);
            } else if !self.attendance.committed(height, &authority.key) {
                late.push(index);
            }
        }
        watch.decided = Some(DecidedHeight {
            view: certificate.view,
            silent,
            late,
        });
    }

    /// A vote of this node came that its log does not hold: it signs nothing more at this height.
    pub fn own_vote_heard(&mut self) {
        let Some(watch) = self.watch.as_ref() else {
            return;
        };
        if self.voting.replace(VotingState::OwnVoteHeard) == Some(VotingState::OwnVoteHeard) {
            return;
        }
        self.metrics.set_voting_state(VotingState::OwnVoteHeard);
        self.metrics.silent_heights.inc();
        self.silent_for = self.silent_for.saturating_add(1);
        warn!(
            target: LOG_TARGET,
            "🤐 A vote of this node's own key at height {} came from the network that is not in its \
             vote log: the log lacks votes, or another node uses the same key. To be safe nothing \
             more is signed at this height.",
            watch.height
        );
    }

    /// Say that nothing is final for long, if so.
    pub fn report_stall(&mut self, now: Instant) {
        let Some(watch) = self.watch.as_mut() else {
            return;
        };
        let waited = watch.timeline.waited(now);
        let Some(state) = watch.last.as_ref() else {
            return;
        };
        if waited < watch.next_stall_report {
            return;
        }
        let pause = waited
            .saturating_mul(STALL_REPORT_FACTOR.saturating_sub(1))
            .min(MAX_STALL_REPORT_INTERVAL);
        watch.next_stall_report = waited.saturating_add(pause);
        let connected: HashSet<_> = self.peers.values().collect();
        let (mut silent, mut unconnected) = (Vec::new(), Vec::new());
        for (index, authority) in (0..).zip(state.set.authorities()) {
            if self.attendance.spoke(watch.height, &authority.key) || state.local == Some(index) {
                continue;
            }
            silent.push(index);
            if !connected.contains(&authority.key) {
                unconnected.push(index);
            }
        }
        let report = StandingHeight {
            state,
            timeline: &watch.timeline,
            waited,
            silent: &silent,
            unconnected: &unconnected,
        };
        warn!(target: LOG_TARGET, "⏳ {report}");
    }

    /// The block of the height is in the database.
    fn finish(&self, watch: HeightWatch, now: Instant) {
        let Some(decided) = watch.decided else {
            // It came by sync: nothing is known of how it was decided.
            return;
        };
        let mut timeline = watch.timeline;
        let waited = timeline.waited(now);
        // Ends the import.
        timeline.observe(Phase::Work, None, now);
        for spent in timeline.spent() {
            self.metrics
                .phase_seconds
                .with_label_values(&[spent.phase.label()])
                .observe(spent.time.as_secs_f64());
        }
        if !is_slow(decided.view, waited, &watch.state.timing) {
            return;
        }
        self.metrics
            .slow_heights
            .with_label_values(&[timeline.slowest().label()])
            .inc();
        let (count, seconds) = self.syncs();
        let (count_before, seconds_before) = watch.syncs_before;
        let report = SlowHeight {
            height: watch.height,
            view: decided.view,
            set: &watch.state.set,
            timeline: &timeline,
            waited,
            syncs: (
                count.saturating_sub(count_before),
                Duration::try_from_secs_f64(seconds - seconds_before).unwrap_or_default(),
            ),
            silent_primaries: &watch.silent_primaries,
            silent: &decided.silent,
            late: &decided.late,
        };
        info!(target: LOG_TARGET, "🐌 {report}");
    }

    /// Number and seconds of all log syncs so far.
    fn syncs(&self) -> (u64, f64) {
        let syncs = &self.metrics.vote_log_sync_seconds;
        (syncs.get_sample_count(), syncs.get_sample_sum())
    }

    fn set_voting(
        &mut self,
        height: Height,
        state: &HeightState,
        local: Option<AuthorityIndex>,
        voting: VotingState,
    ) {
        self.metrics.set_voting_state(voting);
        if voting == VotingState::LogIncomplete {
            self.metrics.silent_heights.inc();
            self.silent_for = self.silent_for.saturating_add(1);
        }
        self.own = local
            .and_then(|index| state.set.get(index))
            .map(|authority| authority.key.clone());
        if self.voting.replace(voting) == Some(voting) {
            return;
        }
        match (voting, local) {
            (VotingState::Voting, Some(index)) => {
                let silent = std::mem::take(&mut self.silent_for);
                info!(
                    target: LOG_TARGET,
                    "🗳 From height {height} on this node votes, as authority {}{}.",
                    Name(&state.set, index),
                    SilentFor(silent)
                );
            }
            (VotingState::Starting, _) => info!(
                target: LOG_TARGET,
                "⏸ At height {height} this node does not vote before it knows from its peers that it \
                 has caught up."
            ),
            (VotingState::NotInSet, _) => {
                self.silent_for = 0;
                info!(
                    target: LOG_TARGET,
                    "👀 From height {height} on this node does not vote: it has the key of none of \
                     the {} authorities of set {}.",
                    state.set.len(),
                    state.set.id
                );
            }
            // Why it is silent is said where that is found out.
            _ => {}
        }
    }

    fn show_connected(&self) {
        let connected = self.connected();
        self.members.set_connected(|key| connected.contains(key));
    }

    /// The keys that this node and its peers proved to hold.
    fn connected(&self) -> HashSet<&AuthorityId> {
        self.peers.values().chain(&self.own).collect()
    }
}

/// The statement that `message` is; none if it proves that a height is decided.
fn statement_of(message: &Message) -> Option<&SignedStatement> {
    match message {
        Message::Proposal { statement, .. }
        | Message::Vote(statement)
        | Message::ViewChange { statement, .. } => Some(statement),
        Message::Decided(_) => None,
    }
}
