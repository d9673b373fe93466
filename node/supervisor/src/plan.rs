// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which services are to be started, stopped and forgotten: pure, without clock and I/O.
//!
//! ```text
//!            wanted                        started
//!   (none) ─────────▶ idle ──▶ starting ─────────────▶ running
//!                         ▲        │ failed               │ │
//!                         └────────┴──────────────────────┘ │ not wanted, not needed
//!                                 ended by itself           ▼
//!      (none) ◀── forgetting ◀── idle ◀──────────────── stopping
//! ```
//!
//! *Wanted* says the hub: the node is a member of the chain. *Needed* says the chain: the node is in its set, also
//! after the hub has released it, until the chain has handed over to the next set. Times are seconds of the
//! node's clock, as they must mean the same after a restart.

use hansa_dappchain_primitives::ChainId;
use std::collections::{BTreeMap, BTreeSet};

/// Seconds since 1970.
pub type UnixTime = u64;

/// How long a service that failed once stays off, in seconds; twice as long after each further failure.
pub const FIRST_RETRY: u64 = 2;

/// The longest that a service that failed stays off, in seconds.
pub const LAST_RETRY: u64 = 300;

/// After how many seconds without a failure the next one counts as the first.
pub const SOUND_AFTER: u64 = 600;

/// How long a chain may need a node that the hub has released, in seconds. A set changes at a session's end, so
/// one that has not changed by then does not follow its hub, and there is no use in waiting for it.
pub const HAND_OVER_LIMIT: u64 = 24 * 3600;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Start the chain's service.
    Start(ChainId),
    /// Stop it.
    Stop(ChainId),
    /// Remove all that is stored of it.
    Forget(ChainId),
}

/// What a chain's service does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Nothing, until this time at least.
    Idle {
        /// From when on it may be started.
        not_before: UnixTime,
    },
    /// It is being started.
    Starting,
    /// It runs.
    Running {
        /// Since when.
        since: UnixTime,
    },
    /// It is being stopped.
    Stopping,
    /// What is stored of it is being removed.
    Forgetting,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    stage: Stage,
    /// Since when the hub does not want it; none while it does.
    left_at: Option<UnixTime>,
    /// Failures in a row.
    failures: u32,
}

/// The services of a process.
#[derive(Clone, Debug)]
pub struct Plan {
    chains: BTreeMap<ChainId, Entry>,
    /// For how many seconds a chain that the node has left stays on the disk.
    keep_left: u64,
}

impl Plan {
    /// A plan for what is on the disk: chains, and since when the hub does not want each.
    pub fn new(
        keep_left: u64,
        stored: impl IntoIterator<Item = (ChainId, Option<UnixTime>)>,
    ) -> Self {
        let idle = |left_at| Entry {
            stage: Stage::Idle { not_before: 0 },
            left_at,
            failures: 0,
        };
        let chains = stored
            .into_iter()
            .map(|(chain, left_at)| (chain, idle(left_at)))
            .collect();
        Self { chains, keep_left }
    }

    /// The hub wants these chains, and no others.
    pub fn want(&mut self, wanted: &BTreeSet<ChainId>, now: UnixTime) {
        for chain in wanted {
            let entry = self.chains.entry(*chain).or_insert(Entry {
                stage: Stage::Idle { not_before: now },
                left_at: None,
                failures: 0,
            });
            entry.left_at = None;
        }
        for (chain, entry) in &mut self.chains {
            if !wanted.contains(chain) {
                entry.left_at.get_or_insert(now);
            }
        }
    }

    /// What is to be done now; it counts as begun. `needed` says whether a chain that runs has this node in its
    /// set.
    pub fn due(&mut self, now: UnixTime, needed: impl Fn(ChainId) -> bool) -> Vec<Action> {
        let mut actions = Vec::new();
        let keep_left = self.keep_left;
        for (&chain, entry) in &mut self.chains {
            match (entry.stage, entry.left_at) {
                (Stage::Idle { not_before }, None) if not_before <= now => {
                    entry.stage = Stage::Starting;
                    actions.push(Action::Start(chain));
                }
                (Stage::Running { .. }, Some(left_at)) => {
                    let is_late = now.saturating_sub(left_at) >= HAND_OVER_LIMIT;
                    if is_late || !needed(chain) {
                        entry.stage = Stage::Stopping;
                        actions.push(Action::Stop(chain));
                    }
                }
                (Stage::Idle { .. }, Some(left_at)) if now.saturating_sub(left_at) >= keep_left => {
                    entry.stage = Stage::Forgetting;
                    actions.push(Action::Forget(chain));
                }
                _ => {}
            }
        }
        actions
    }

    /// The service runs.
    pub fn started(&mut self, chain: ChainId, now: UnixTime) {
        if let Some(entry) = self.chains.get_mut(&chain) {
            entry.stage = Stage::Running { since: now };
        }
    }

    /// The service could not be started, or ended by itself. Returns in how many seconds it is tried again.
    pub fn failed(&mut self, chain: ChainId, now: UnixTime) -> u64 {
        let Some(entry) = self.chains.get_mut(&chain) else {
            return 0;
        };
        let was_sound = match entry.stage {
            Stage::Running { since } => now.saturating_sub(since) >= SOUND_AFTER,
            _ => false,
        };
        entry.failures = match was_sound {
            true => 1,
            false => entry.failures.saturating_add(1),
        };
        let doublings = entry.failures.saturating_sub(1).min(u64::BITS - 1);
        let delay = FIRST_RETRY
            .saturating_mul(1u64.checked_shl(doublings).unwrap_or(u64::MAX))
            .min(LAST_RETRY);
        entry.stage = Stage::Idle {
            not_before: now.saturating_add(delay),
        };
        delay
    }

    /// The service was stopped, as it was to be.
    pub fn stopped(&mut self, chain: ChainId, now: UnixTime) {
        if let Some(entry) = self.chains.get_mut(&chain) {
            entry.failures = 0;
            entry.stage = Stage::Idle { not_before: now };
        }
    }

    /// What was stored of it is removed, or cannot be.
    pub fn forgotten(&mut self, chain: ChainId, now: UnixTime) {
        let Some(entry) = self.chains.get_mut(&chain) else {
            return;
        };
        match entry.left_at {
            Some(_) => {
                self.chains.remove(&chain);
            }
            // The hub wants it again meanwhile.
            None => entry.stage = Stage::Idle { not_before: now },
        }
    }

    /// What a chain's service does; none if there is nothing of it.
    pub fn stage(&self, chain: ChainId) -> Option<Stage> {
        self.chains.get(&chain).map(|entry| entry.stage)
    }

    /// All chains, and since when the hub does not want each.
    pub fn chains(&self) -> impl Iterator<Item = (ChainId, Option<UnixTime>)> + '_ {
        self.chains
            .iter()
            .map(|(chain, entry)| (*chain, entry.left_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEEP: u64 = 1_000;
    const A: ChainId = 1;
    const B: ChainId = 2;

    fn want(chains: &[ChainId]) -> BTreeSet<ChainId> {
        chains.iter().copied().collect()
    }

    fn running(chain: ChainId) -> Plan {
        let mut plan = Plan::new(KEEP, []);
        plan.want(&want(&[chain]), 0);
        assert_eq!(plan.due(0, |_| true), [Action::Start(chain)]);
        plan.started(chain, 0);
        plan
    }

    #[test]
    fn what_is_wanted_is_started_once() {
        let mut plan = Plan::new(KEEP, []);
        plan.want(&want(&[A, B]), 5);
        assert_eq!(plan.due(5, |_| false), [Action::Start(A), Action::Start(B)]);
        plan.want(&want(&[A, B]), 6);
        assert_eq!(plan.due(6, |_| false), []);
        plan.started(A, 7);
        assert_eq!(plan.due(7, |_| false), []);
        assert_eq!(plan.stage(A), Some(Stage::Running { since: 7 }));
    }

    #[test]
    fn what_is_not_wanted_runs_until_its_chain_has_handed_over() {
        let mut plan = running(A);
        plan.want(&want(&[]), 10);
        assert_eq!(plan.due(10, |_| true), []);
        assert_eq!(plan.due(20, |_| false), [Action::Stop(A)]);
        assert_eq!(plan.due(21, |_| false), []);
    }

    #[test]
    fn a_chain_that_never_hands_over_is_stopped_all_the_same() {
        let mut plan = running(A);
        plan.want(&want(&[]), 10);
        assert_eq!(plan.due(9 + HAND_OVER_LIMIT, |_| true), []);
        assert_eq!(plan.due(10 + HAND_OVER_LIMIT, |_| true), [Action::Stop(A)]);
    }

    #[test]
    fn a_chain_that_is_wanted_again_goes_on() {
        let mut plan = running(A);
        plan.want(&want(&[]), 10);
        plan.want(&want(&[A]), 11);
        assert_eq!(plan.due(12, |_| false), []);
        plan.want(&want(&[]), 13);
        assert_eq!(plan.due(13, |_| false), [Action::Stop(A)]);
        // While it stops it is not started: the database is open.
        plan.want(&want(&[A]), 14);
        assert_eq!(plan.due(14, |_| false), []);
        plan.stopped(A, 15);
        assert_eq!(plan.due(15, |_| false), [Action::Start(A)]);
    }

    #[test]
    fn what_was_left_is_forgotten_after_its_time_and_not_before() {
        let mut plan = running(A);
        plan.want(&want(&[]), 10);
        plan.due(10, |_| false);
        plan.stopped(A, 11);
        assert_eq!(plan.due(9 + KEEP, |_| false), []);
        assert_eq!(plan.due(10 + KEEP, |_| false), [Action::Forget(A)]);
        assert_eq!(plan.due(11 + KEEP, |_| false), []);
        plan.forgotten(A, 12 + KEEP);
        assert_eq!(plan.stage(A), None);
    }

    #[test]
    fn a_chain_that_is_wanted_while_it_is_removed_waits_for_that() {
        let mut plan = Plan::new(KEEP, [(A, Some(0))]);
        assert_eq!(plan.due(KEEP, |_| false), [Action::Forget(A)]);
        plan.want(&want(&[A]), KEEP);
        assert_eq!(plan.due(KEEP, |_| false), []);
        plan.forgotten(A, KEEP + 1);
        assert_eq!(plan.due(KEEP + 1, |_| false), [Action::Start(A)]);
    }

    #[test]
    fn failures_are_retried_ever_later_and_others_go_on() {
        let mut plan = running(A);
        plan.want(&want(&[A, B]), 0);
        assert_eq!(plan.due(0, |_| true), [Action::Start(B)]);
        let mut now = 0;
        let mut delays = Vec::new();
        for _ in 0..12 {
            let delay = plan.failed(B, now);
            delays.push(delay);
            assert_eq!(plan.due(now + delay - 1, |_| true), []);
            now += delay;
            assert_eq!(plan.due(now, |_| true), [Action::Start(B)]);
        }
        assert_eq!(delays[..9], [2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(delays[11], LAST_RETRY);
        assert_eq!(plan.stage(A), Some(Stage::Running { since: 0 }));
    }

    #[test]
    fn a_service_that_ran_well_begins_anew() {
        let mut plan = running(A);
        assert_eq!(plan.failed(A, 1), 2);
        plan.due(3, |_| true);
        plan.started(A, 3);
        assert_eq!(plan.failed(A, 4), 4);
        plan.due(8, |_| true);
        plan.started(A, 8);
        assert_eq!(plan.failed(A, 8 + SOUND_AFTER), FIRST_RETRY);
    }

    #[test]
    fn a_restart_goes_on_with_what_is_stored() {
        let mut plan = Plan::new(KEEP, [(A, None), (B, Some(100))]);
        // Before the hub has spoken, what was wanted last is.
        assert_eq!(plan.due(200, |_| true), [Action::Start(A)]);
        plan.want(&want(&[B]), 200);
        assert_eq!(plan.due(200, |_| true), [Action::Start(B)]);
        let mut plan = Plan::new(KEEP, [(B, Some(100))]);
        plan.want(&want(&[]), 200);
        assert_eq!(plan.due(100 + KEEP, |_| true), [Action::Forget(B)]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Want(BTreeSet<ChainId>),
        Started(ChainId),
        Failed(ChainId),
        Stopped(ChainId),
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let chain = 1..4u32;
        let step = prop_oneof![
            proptest::collection::btree_set(chain.clone(), 0..4).prop_map(Step::Want),
            chain.clone().prop_map(Step::Started),
            chain.clone().prop_map(Step::Failed),
            chain.prop_map(Step::Stopped),
            (0..2_000u64).prop_map(Step::Wait),
        ];
        proptest::collection::vec(step, 0..200)
    }

    proptest! {
        /// Whatever happens in whatever order, a chain's database is never opened twice, and never removed
        /// while it is open; what is not wanted is not started.
        #[test]
        fn a_database_is_open_once_at_most(steps in steps(), needed in any::<bool>()) {
            let mut plan = Plan::new(KEEP, []);
            let mut open = BTreeSet::new();
            let mut starting = BTreeSet::new();
            let mut stopping = BTreeSet::new();
            let mut removing = BTreeSet::new();
            let mut wanted = BTreeSet::new();
            let mut now = 0;
            for step in steps {
                match step {
                    Step::Want(chains) => {
                        plan.want(&chains, now);
                        wanted = chains;
                    }
                    Step::Started(chain) if starting.remove(&chain) => plan.started(chain, now),
                    Step::Failed(chain) if open.contains(&chain) && !stopping.contains(&chain) => {
                        starting.remove(&chain);
                        open.remove(&chain);
                        plan.failed(chain, now);
                    }
                    Step::Stopped(chain) if removing.remove(&chain) => plan.forgotten(chain, now),
                    Step::Stopped(chain) if stopping.remove(&chain) => {
                        open.remove(&chain);
                        plan.stopped(chain, now);
                    }
                    Step::Wait(time) => now += time,
                    _ => {}
                }
                for action in plan.due(now, |_| needed) {
                    match action {
                        Action::Start(chain) => {
                            prop_assert!(wanted.contains(&chain) && !removing.contains(&chain));
                            prop_assert!(open.insert(chain));
                            starting.insert(chain);
                        }
                        Action::Stop(chain) => {
                            prop_assert!(open.contains(&chain) && !starting.contains(&chain));
                            prop_assert!(stopping.insert(chain));
                        }
                        Action::Forget(chain) => {
                            prop_assert!(!open.contains(&chain) && !wanted.contains(&chain));
                            prop_assert!(removing.insert(chain));
                        }
                    }
                }
            }
        }
    }
}
