// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What happens goes in, and the metrics that an operator looks at come out.

use super::*;
use crate::test_support::{commit, height_state, pair};
use hansa_pbft_primitives::{statement::NO_PROOF, Hash, Prepared, VoteKind};
use sp_core::Pair;

const BLOCK: Hash = Hash::repeat_byte(1);

/// A monitor of authority 0 of four, with a peer for each of the others, and a clock.
struct Scene {
    monitor: Monitor,
    state: HeightState,
    round: RoundState,
    now: Instant,
    peers: Vec<PeerId>,
}

impl Scene {
    fn new() -> Self {
        let metrics = Metrics::register(None).unwrap();
        let mut monitor = Monitor::new(metrics);
        let state = height_state(4);
        let peers: Vec<_> = (0..4).map(|_| PeerId::random()).collect();
        for (index, peer) in (0..).zip(&peers).skip(1) {
            monitor.greeted(*peer, Some(pair(index).public()));
        }
        let round = RoundState {
            height: 10,
            view: 0,
            set: state.set.clone(),
            primary: Some(1),
            local: Some(0),
            proposal: None,
            prepared: None,
            prepares: vec![],
            commits: vec![],
            view_changes: vec![],
            quorum: 3,
            decided: false,
        };
        let now = Instant::now();
        monitor.begin(10, &state, Some(0), VotingState::Voting, now);
        Self {
            monitor,
            state,
            round,
            now,
            peers,
        }
    }

    fn after(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    /// The state machine took `input`, and is now as `change` makes it.
    fn step(&mut self, input: Input, change: impl FnOnce(&mut RoundState)) -> &mut Self {
        self.monitor.input(&input);
        change(&mut self.round);
        let round = Some(self.round.clone());
        self.monitor.observe(round, true, self.now);
        self
    }

    fn vote(&self, authority: AuthorityIndex, kind: VoteKind) -> Message {
        let statement = kind.statement(BLOCK, NO_PROOF);
        let (height, view) = (self.round.height, self.round.view);
        let payload = self.state.context.payload(height, view, &statement);
        Message::Vote(SignedStatement {
            height,
            view,
            statement,
            authority,
            signature: pair(authority).sign(&payload),
        })
    }

    /// A vote of `authority` comes from its own peer.
    fn hears(&mut self, authority: AuthorityIndex, kind: VoteKind) -> &mut Self {
        let message = self.vote(authority, kind);
        let peer = self.peers[usize::from(authority)];
        self.monitor.heard(&peer, &message);
        self
    }

    /// The height is decided by `signers`, and the next one begins.
    fn decide(&mut self, signers: &[AuthorityIndex]) {
        let (height, view) = (self.round.height, self.round.view);
        self.round.decided = true;
        let certificate = commit(&self.state, height, view, BLOCK, signers.iter().copied());
        self.step(Input::Work, |_| ());
        self.monitor.decided(&certificate);
        self.round.height += 1;
        self.round.decided = false;
        (self.round.proposal, self.round.prepared) = (None, None);
        self.round.view = 0;
        (self.round.prepares, self.round.commits) = (vec![], vec![]);
        let voting = VotingState::Voting;
        self.monitor
            .begin(height + 1, &self.state, Some(0), voting, self.now);
    }

    fn metrics(&self) -> &Metrics {
        &self.monitor.metrics
    }

    fn missed(&self) -> [u64; 4] {
        [0, 1, 2, 3].map(|i| {
            let key = pair(i).public().to_string();
            self.metrics()
                .authority_missed_heights
                .with_label_values(&[&key])
                .get()
        })
    }

    fn last_votes(&self) -> [u64; 4] {
        [0, 1, 2, 3].map(|i| {
            let key = pair(i).public().to_string();
            self.metrics()
                .authority_last_vote_height
                .with_label_values(&[&key])
                .get()
        })
    }
}

fn phase_sum(metrics: &Metrics, phase: Phase) -> (u64, u64) {
    let histogram = metrics.phase_seconds.with_label_values(&[phase.label()]);
    let sum_ms = (histogram.get_sample_sum() * 1_000.0).round() as u64;
    (histogram.get_sample_count(), sum_ms)
}

#[test]
fn a_silent_authority_is_told_from_one_that_is_late() {
    let mut scene = Scene::new();
    // 2 is late each time, 3 says nothing from height 11 on.
    scene.hears(3, VoteKind::Prepare).decide(&[0, 1, 3]);
    for _ in 0..4 {
        scene.round.height -= 1;
        scene.hears(2, VoteKind::Commit);
        scene.round.height += 1;
        scene.decide(&[0, 1]);
    }
    assert_eq!(scene.round.height, 15);
    assert_eq!(
        scene.missed(),
        [0, 0, 0, 3],
        "of the heights 10 to 13 that are over"
    );
    assert_eq!(scene.last_votes(), [14, 14, 13, 10]);
}

#[test]
fn nobody_makes_another_one_look_alive() {
    let mut scene = Scene::new();
    let message = scene.vote(3, VoteKind::Commit);
    for peer in [scene.peers[1], scene.peers[0], PeerId::random()] {
        scene.monitor.heard(&peer, &message);
    }
    assert_eq!(scene.last_votes(), [0; 4]);
    scene.hears(3, VoteKind::Commit);
    assert_eq!(scene.last_votes(), [0, 0, 0, 10]);
}

#[test]
fn a_slow_height_is_put_down_to_its_longest_phase_and_its_primary() {
    let mut scene = Scene::new();
    let hash = BLOCK;
    scene.step(Input::Work, |_| ());
    scene.after(2_000).step(
        Input::Timeout {
            height: 10,
            view: 0,
        },
        |round| {
            round.view = 1;
            round.primary = Some(2);
        },
    );
    scene.monitor.entered_view();
    scene
        .after(100)
        .step(Input::Work, |round| round.proposal = Some(hash));
    scene
        .after(10)
        .step(Input::Work, |round| round.prepares = vec![0]);
    scene.after(20).step(Input::Work, |round| {
        round.prepared = Some(Prepared { view: 1, hash });
        round.commits = vec![0];
    });
    scene.after(30).decide(&[0, 2, 3]);

    let metrics = scene.metrics();
    let slow = |phase: Phase| {
        metrics
            .slow_heights
            .with_label_values(&[phase.label()])
            .get()
    };
    assert_eq!(slow(Phase::Proposal), 1);
    assert_eq!(Phase::ALL.map(slow).iter().sum::<u64>(), 1);
    for (phase, expected) in [
        (Phase::Work, (0, 0)),
        (Phase::Proposal, (1, 2_000)),
        (Phase::ViewChange, (1, 100)),
        (Phase::Execution, (1, 10)),
        (Phase::Prepare, (1, 20)),
        (Phase::Commit, (1, 30)),
    ] {
        assert_eq!(phase_sum(metrics, phase), expected, "{phase:?}");
    }
    let silent = |i| {
        let key = pair(i).public().to_string();
        metrics
            .authority_silent_views
            .with_label_values(&[&key])
            .get()
    };
    assert_eq!(
        [0, 1, 2, 3].map(silent),
        [0, 1, 0, 0],
        "1 was the primary of view 0"
    );
    let decided = |view: &str| metrics.heights_decided.with_label_values(&[view]).get();
    assert_eq!((decided("0"), decided("1")), (0, 1));
    let cause = |cause: ViewChangeCause| {
        metrics
            .view_changes
            .with_label_values(&[cause.label()])
            .get()
    };
    assert_eq!(
        (
            cause(ViewChangeCause::Timer),
            cause(ViewChangeCause::Joined)
        ),
        (1, 0)
    );
}

#[test]
fn a_primary_that_proposed_is_not_silent() {
    let mut scene = Scene::new();
    scene.step(Input::Work, |round| round.proposal = Some(BLOCK));
    scene.after(2_000).step(
        Input::Timeout {
            height: 10,
            view: 0,
        },
        |round| round.view = 1,
    );
    let key = pair(1).public().to_string();
    let silent = &scene.metrics().authority_silent_views;
    assert_eq!(silent.with_label_values(&[&key]).get(), 0);
}

#[test]
fn heights_that_came_by_sync_are_not_measured() {
    let mut scene = Scene::new();
    scene.after(60_000);
    for height in [11, 500] {
        let voting = VotingState::Voting;
        scene
            .monitor
            .begin(height, &scene.state, Some(0), voting, scene.now);
    }
    for phase in Phase::ALL {
        assert_eq!(phase_sum(scene.metrics(), phase).0, 0, "{phase:?}");
    }
    assert_eq!(scene.missed(), [0; 4]);
}

#[test]
fn the_voting_state_follows_what_the_node_may_do() {
    let mut scene = Scene::new();
    let shown = |scene: &Scene| {
        VotingState::ALL.into_iter().find(|state| {
            let gauge = &scene.metrics().voting_state;
            gauge.with_label_values(&[state.label()]).get() == 1
        })
    };
    assert_eq!(shown(&scene), Some(VotingState::Voting));
    scene.monitor.own_vote_heard();
    scene.monitor.own_vote_heard();
    assert_eq!(shown(&scene), Some(VotingState::OwnVoteHeard));
    for (height, local, voting) in [
        (11, None, VotingState::LogIncomplete),
        (12, None, VotingState::LogIncomplete),
        (13, Some(0), VotingState::Voting),
        (14, None, VotingState::NotInSet),
        (15, None, VotingState::Starting),
    ] {
        scene
            .monitor
            .begin(height, &scene.state, local, voting, scene.now);
        assert_eq!(shown(&scene), Some(voting), "height {height}");
    }
    assert_eq!(
        scene.metrics().silent_heights.get(),
        3,
        "10 once, 11 and 12"
    );
}

#[test]
fn it_shows_who_is_connected() {
    let mut scene = Scene::new();
    let shown = |scene: &Scene| {
        [0, 1, 2, 3].map(|i| {
            let key = pair(i).public().to_string();
            let gauge = &scene.metrics().authority_connected;
            gauge.with_label_values(&[&key]).get()
        })
    };
    assert_eq!(
        shown(&scene),
        [1; 4],
        "its own key counts without a connection"
    );
    let gone = scene.peers[2];
    scene.monitor.disconnected(&gone);
    assert_eq!(shown(&scene), [1, 1, 0, 1]);
    scene.monitor.greeted(gone, Some(pair(2).public()));
    assert_eq!(shown(&scene), [1; 4]);
    scene.monitor.greeted(gone, None);
    assert_eq!(
        shown(&scene),
        [1, 1, 0, 1],
        "it said that it has the key no more"
    );
}

#[test]
fn a_standing_height_is_reported_again_after_growing_pauses() {
    let mut scene = Scene::new();
    scene.step(Input::Work, |_| ());
    let mut reported_after_s = vec![];
    for second in 1..=2_000 {
        scene.after(1_000);
        let before = scene.monitor.watch.as_ref().unwrap().next_stall_report;
        scene.monitor.report_stall(scene.now);
        if scene.monitor.watch.as_ref().unwrap().next_stall_report != before {
            reported_after_s.push(second);
        }
    }
    assert_eq!(
        reported_after_s,
        [10, 20, 40, 80, 160, 320, 620, 920, 1_220, 1_520, 1_820]
    );
}
