// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How long a height waited, and for what. Pure: times come in.

use crate::metrics::Phase;
use hansa_pbft_core::RoundState;
use hansa_pbft_primitives::{AuthorityIndex, Timing, View};
use std::time::{Duration, Instant};

/// A height is slow if it took more than the first view's timeout divided by this: half way to a
/// view change. One that needed a view change is slow anyway.
const SLOW_PART_OF_TIMEOUT: u64 = 2;

/// What the height waits for, by what the state machine shows. `work_told`: whether there is a
/// reason to expect a block.
pub(crate) fn phase_of(state: &RoundState, work_told: bool) -> Phase {
    let voted = |local| state.prepares.contains(&local);
    if state.decided {
        Phase::Import
    } else if state.prepared.is_some_and(|p| p.view == state.view) {
        Phase::Commit
    } else if state.proposal.is_some() {
        // A replica that must be silent says nothing when it has executed: the others do.
        if state.local.map_or(!state.prepares.is_empty(), voted) {
            Phase::Prepare
        } else {
            Phase::Execution
        }
    } else if state.view > 0 {
        Phase::ViewChange
    } else if work_told {
        Phase::Proposal
    } else {
        Phase::Work
    }
}

/// What one phase of a height took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Spent {
    pub phase: Phase,
    /// All together, if it came several times.
    pub time: Duration,
    /// Whose message ended it last.
    pub ended_by: Option<AuthorityIndex>,
}

/// The time of one height, phase by phase. Phases do not overlap, so their times add up.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    phase: Phase,
    since: Instant,
    spent: [Spent; Phase::ALL.len()],
}

impl Timeline {
    /// The height begins.
    pub fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Work,
            since: now,
            spent: Phase::ALL.map(|phase| Spent {
                phase,
                time: Duration::ZERO,
                ended_by: None,
            }),
        }
    }

    /// What it waits for.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// From now on it waits for `phase`; `by` is whose message brought that about.
    pub fn observe(&mut self, phase: Phase, by: Option<AuthorityIndex>, now: Instant) {
        if phase == self.phase {
            return;
        }
        let passed = now.saturating_duration_since(self.since);
        if let Some(spent) = self.spent.iter_mut().find(|s| s.phase == self.phase) {
            spent.time = spent.time.saturating_add(passed);
            spent.ended_by = by;
        }
        (self.phase, self.since) = (phase, now);
    }

    /// The phases that took any time, in their order.
    pub fn spent(&self) -> impl Iterator<Item = &Spent> {
        self.spent.iter().filter(|spent| !spent.time.is_zero())
    }

    /// How long it waited for anything but work, up to `now`.
    pub fn waited(&self, now: Instant) -> Duration {
        let past = self.spent.iter().filter(|spent| spent.phase != Phase::Work);
        let past = past.fold(Duration::ZERO, |sum, spent| sum.saturating_add(spent.time));
        if self.phase == Phase::Work {
            return past;
        }
        past.saturating_add(now.saturating_duration_since(self.since))
    }

    /// The phase that took longest, waiting for work apart.
    pub fn slowest(&self) -> Phase {
        self.spent
            .iter()
            .filter(|spent| spent.phase != Phase::Work)
            .max_by_key(|spent| spent.time)
            .map_or(self.phase, |spent| spent.phase)
    }
}

/// Whether a height that was decided in `view` and `waited` so long was slow.
pub(crate) fn is_slow(view: View, waited: Duration, timing: &Timing) -> bool {
    let limit_ms = u64::from(timing.view_timeout_ms) / SLOW_PART_OF_TIMEOUT;
    view > 0 || waited > Duration::from_millis(limit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::height_state;
    use hansa_pbft_primitives::{Hash, Prepared};

    fn state() -> RoundState {
        RoundState {
            height: 7,
            view: 0,
            set: height_state(4).set,
            primary: Some(1),
            local: Some(0),
            proposal: None,
            prepared: None,
            prepares: vec![],
            commits: vec![],
            view_changes: vec![],
            quorum: 3,
            decided: false,
        }
    }

    #[test]
    fn the_phase_is_what_comes_next() {
        let hash = Hash::repeat_byte(1);
        let prepared = |view| Some(Prepared { view, hash });
        let proposed = RoundState {
            proposal: Some(hash),
            ..state()
        };
        let table = [
            ("nothing to do", state(), false, Phase::Work),
            ("no proposal", state(), true, Phase::Proposal),
            (
                "the timer fired",
                RoundState { view: 1, ..state() },
                true,
                Phase::ViewChange,
            ),
            (
                "proposed, others were faster",
                RoundState {
                    prepares: vec![1],
                    ..proposed.clone()
                },
                true,
                Phase::Execution,
            ),
            (
                "executed",
                RoundState {
                    prepares: vec![0],
                    ..proposed.clone()
                },
                true,
                Phase::Prepare,
            ),
            (
                "one that must be silent",
                RoundState {
                    local: None,
                    prepares: vec![1],
                    ..proposed.clone()
                },
                true,
                Phase::Prepare,
            ),
            (
                "prepared",
                RoundState {
                    prepared: prepared(0),
                    ..proposed.clone()
                },
                true,
                Phase::Commit,
            ),
            (
                "prepared in an earlier view only",
                RoundState {
                    view: 1,
                    prepared: prepared(0),
                    ..state()
                },
                true,
                Phase::ViewChange,
            ),
            (
                "decided",
                RoundState {
                    decided: true,
                    ..proposed
                },
                true,
                Phase::Import,
            ),
        ];
        for (what, state, work_told, phase) in table {
            assert_eq!(phase_of(&state, work_told), phase, "{what}");
        }
    }

    #[test]
    fn times_add_up_and_name_the_slowest() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut timeline = Timeline::new(begin);
        for (phase, by, ms) in [
            (Phase::Work, None, 50),
            (Phase::Proposal, None, 100),
            (Phase::ViewChange, None, 2_100),
            (Phase::Execution, Some(2), 2_300),
            (Phase::Prepare, None, 2_310),
            (Phase::ViewChange, None, 2_400),
            (Phase::Execution, Some(3), 2_500),
            (Phase::Prepare, None, 2_510),
            (Phase::Commit, Some(1), 2_520),
            (Phase::Import, Some(1), 2_530),
        ] {
            timeline.observe(phase, by, at(ms));
        }
        let spent: Vec<_> = timeline
            .spent()
            .map(|s| (s.phase, s.time.as_millis(), s.ended_by))
            .collect();
        assert_eq!(
            spent,
            [
                (Phase::Work, 100, None),
                (Phase::Proposal, 2_000, None),
                (Phase::ViewChange, 300, Some(3)),
                (Phase::Execution, 20, None),
                (Phase::Prepare, 100, Some(1)),
                (Phase::Commit, 10, Some(1)),
            ]
        );
        assert_eq!(timeline.slowest(), Phase::Proposal);
        assert_eq!(timeline.phase(), Phase::Import);
        assert_eq!(timeline.waited(at(2_540)), Duration::from_millis(2_440));
    }

    #[test]
    fn waiting_for_work_is_not_slow() {
        let begin = Instant::now();
        let mut timeline = Timeline::new(begin);
        let later = begin + Duration::from_secs(60);
        assert_eq!(timeline.waited(later), Duration::ZERO);
        timeline.observe(Phase::Execution, None, later);
        assert_eq!(timeline.waited(later), Duration::ZERO);
        assert_eq!(timeline.slowest(), Phase::Import, "none took any time");
    }

    #[test]
    fn slow_is_relative_to_the_timeout_of_the_spec() {
        let timing = Timing {
            view_timeout_ms: 2_000,
            ..Timing::default()
        };
        for (view, waited_ms, slow) in [
            (0, 0, false),
            (0, 1_000, false),
            (0, 1_001, true),
            (1, 0, true),
        ] {
            let waited = Duration::from_millis(waited_ms);
            assert_eq!(
                is_slow(view, waited, &timing),
                slow,
                "view {view}, {waited_ms} ms"
            );
        }
    }
}
