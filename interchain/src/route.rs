// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a node does for one route of its chain: decisions only, without network, clock or chain.
//!
//! | upon | the route |
//! | --- | --- |
//! | a final block with news for the other chain | offers at once if the node is the block's author, else steps in later |
//! | an offer, or an answer how the other chain stands | asks to be shown what the own chain lacks |
//! | nothing for [`PULL_INTERVAL_MS`] | asks how the other chain stands |
//! | what was shown and verified | claims it, so that it is not asked for again, and holds what must wait |
//! | a final block | releases what waited for the header in it |
//! | a failure | is quiet for a time that doubles |
//!
//! A claim ends after [`CLAIM_MS`]: what the chain's state does not show by then is asked for again. So
//! nothing is lost for good, whatever gets lost. Times are milliseconds of any clock that does not
//! go back.

use crate::{
    limits::{
        BACK_OFF_MAX_MS, BACK_OFF_MIN_MS, CLAIM_MS, MAX_STEPS, MAX_WAITING, MAX_WANTS,
        PULL_INTERVAL_MS, RETRY_MS, STEP_IN_MS,
    },
    message::{Standing, Want, Wants},
};
use hansa_interchain_primitives::{
    api::{ClientView, LaneView, Parameters, ProofOf, RouteStatus, RouteView, Submission},
    lane::LANES,
    proof::MAX_KEYS,
    LaneId, Nonce,
};
use libp2p::PeerId;

/// The most batches of one lane that are asked for at once.
const BATCHES: usize = 3;

/// The most steps-in that are planned at once.
const MAX_PLANNED: usize = 8;

/// What was submitted of a lane and is not final yet: all below these.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Claim {
    taken: Nonce,
    settled: Nonce,
    pruned: Nonce,
    refunded: Nonce,
    until: u64,
}

/// A question that a route wants to be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// How the other chain stands, of any of its nodes.
    Ask,
    /// To be shown this, of the node that offered it, or of any.
    Prove {
        /// Who offered it.
        of: Option<PeerId>,
        /// What.
        wants: Wants,
    },
}

/// What a node does for one route.
#[derive(Clone, Debug)]
pub struct Route {
    claims: [Claim; LANES as usize],
    waiting: Vec<Submission>,
    /// How the other chain stands, who said so, and whether it was asked for what it has.
    heard: Option<(PeerId, Standing)>,
    /// How the own chain stood when it was last looked at.
    stood: Option<Standing>,
    planned: Vec<(u64, Standing)>,
    asking: bool,
    failures: u32,
    not_before: u64,
    next_pull: u64,
    /// Hand-overs are still to come.
    more_headers: bool,
    /// The other chain was asked how it stands because a header is due.
    header_asked: bool,
}

impl Route {
    /// A route of which nothing is known; it asks first at `first_pull`.
    pub fn new(first_pull: u64) -> Self {
        Self {
            claims: Default::default(),
            waiting: Vec::new(),
            heard: None,
            stood: None,
            planned: Vec::new(),
            asking: false,
            failures: 0,
            not_before: 0,
            next_pull: first_pull,
            more_headers: false,
            header_asked: false,
        }
    }

    /// The own chain has a new final block, for which this node is `rank`th in duty. Returns whether
    /// to offer now what has come.
    pub fn on_block(&mut self, standing: &Standing, rank: u32, now: u64) -> bool {
        let news = match &self.stood {
            Some(before) => standing.is_news_after(before),
            // After a start anything may have been left undone.
            None => standing.is_news_after(&Standing {
                lanes: Default::default(),
                ..standing.clone()
            }),
        };
        self.stood = Some(standing.clone());
        if news && rank > 0 && self.planned.len() < MAX_PLANNED {
            let wait = STEP_IN_MS.saturating_mul(rank.min(MAX_STEPS).into());
            self.planned
                .push((now.saturating_add(wait), standing.clone()));
        }
        news && rank == 0
    }

    /// Whether to step in: something that others should have handed on is still undone.
    pub fn steps_in(&mut self, view: &RouteView, now: u64) -> bool {
        let (due, later) = std::mem::take(&mut self.planned)
            .into_iter()
            .partition::<Vec<_>, _>(|(at, _)| *at <= now);
        self.planned = later;
        due.iter().any(|(_, then)| is_undone(then, view))
    }

    /// A node of the other chain says how that stands.
    pub fn heard(&mut self, from: PeerId, standing: Standing) {
        let newer = self
            .heard
            .as_ref()
            .is_none_or(|(_, known)| standing.height >= known.height);
        if newer {
            self.heard = Some((from, standing));
        }
    }

    /// What to ask now, if anything. `late`: the first own packet of each lane whose time is over. The
    /// caller asks it, and says later how that went.
    pub fn question(
        &mut self,
        view: &RouteView,
        late: &[(LaneId, Nonce)],
        parameters: &Parameters,
        now: u64,
    ) -> Option<Question> {
        let dead = matches!(view.status, RouteStatus::Frozen | RouteStatus::Expired);
        if self.asking || now < self.not_before || dead {
            return None;
        }
        let question = self.next_question(view, late, parameters, now)?;
        self.asking = true;
        Some(question)
    }

    fn next_question(
        &mut self,
        view: &RouteView,
        late: &[(LaneId, Nonce)],
        parameters: &Parameters,
        now: u64,
    ) -> Option<Question> {
        if let Some((of, standing)) = &self.heard {
            let wants = self.wants(view, standing, late, parameters, now);
            let header = self.more_headers || (self.header_asked && view.header_due);
            if !wants.is_empty() || header {
                self.next_pull = now.saturating_add(PULL_INTERVAL_MS);
                (self.more_headers, self.header_asked) = (false, false);
                return Some(Question::Prove {
                    of: Some(*of),
                    wants,
                });
            }
        }
        if now < self.next_pull {
            return None;
        }
        self.next_pull = now.saturating_add(PULL_INTERVAL_MS);
        self.header_asked = view.header_due;
        Some(Question::Ask)
    }

    /// What the own chain lacks of what the other one has.
    fn wants(
        &self,
        view: &RouteView,
        theirs: &Standing,
        late: &[(LaneId, Nonce)],
        parameters: &Parameters,
        now: u64,
    ) -> Wants {
        let mut wants = Vec::new();
        for lane in &view.lanes {
            let claim = self.claim(lane.lane, now);
            wants.extend(results_wanted(lane, &claim, theirs, parameters));
            if view.status != RouteStatus::Suspended {
                wants.extend(packets_wanted(lane, &claim, theirs, parameters));
            }
            let settled = theirs.lane(lane.lane).settled.min(lane.inbound.next);
            if settled > lane.inbound.pruned.max(claim.pruned) {
                wants.push(Want {
                    lane: lane.lane,
                    of: ProofOf::Outbound,
                });
            }
            let taken = theirs.lane(lane.lane).taken;
            let late = late.iter().find(|(id, _)| *id == lane.lane);
            if late.is_some_and(|(_, first)| *first >= claim.refunded.max(taken)) {
                wants.push(Want {
                    lane: lane.lane,
                    of: ProofOf::Inbound,
                });
            }
        }
        wants.truncate(MAX_WANTS as usize);
        Wants::truncate_from(wants)
    }

    fn claim(&self, lane: LaneId, now: u64) -> Claim {
        let claim = self.claims.get(usize::from(lane)).copied();
        claim.filter(|claim| now < claim.until).unwrap_or_default()
    }

    /// A question was answered. `useful`: there may be more of use where that came from; else what was
    /// heard is forgotten, so that it is not asked for again at once.
    pub fn on_answer(&mut self, useful: bool) {
        self.asking = false;
        self.failures = 0;
        if !useful {
            self.heard = None;
        }
    }

    /// There are more hand-overs than came: ask again soon, for the sake of the header.
    pub fn on_more_headers(&mut self) {
        self.more_headers = true;
    }

    /// A question failed, or what came of it was not taken. What `from` said is forgotten.
    pub fn on_failure(&mut self, now: u64) {
        self.asking = false;
        self.heard = None;
        let factor = 1u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        let wait = BACK_OFF_MIN_MS.saturating_mul(factor).min(BACK_OFF_MAX_MS);
        self.failures = self.failures.saturating_add(1).min(32);
        self.not_before = now.saturating_add(wait);
        self.next_pull = self.next_pull.min(self.not_before);
    }

    /// The answer was outdated when it came, or a moment early. `forget`: and so is what was heard.
    pub fn on_retry(&mut self, forget: bool, now: u64) {
        self.asking = false;
        self.not_before = now.saturating_add(RETRY_MS);
        if forget {
            self.heard = None;
            self.next_pull = self.next_pull.min(now.saturating_add(BACK_OFF_MIN_MS));
        }
    }

    /// The pool does not take what was shown: wait before more is asked for.
    pub fn on_refusal(&mut self, now: u64) {
        if now >= self.not_before {
            let asking = self.asking;
            self.on_failure(now);
            self.asking = asking;
        }
    }

    /// These are about to be submitted: they need not be asked for again for a while.
    pub fn claim_all(&mut self, submissions: &[Submission], now: u64) {
        for submission in submissions {
            let Some((lane, claimed)) = claimed(submission) else {
                continue;
            };
            let before = self.claim(lane, now);
            if let Some(claim) = self.claims.get_mut(usize::from(lane)) {
                *claim = Claim {
                    taken: before.taken.max(claimed.taken),
                    settled: before.settled.max(claimed.settled),
                    pruned: before.pruned.max(claimed.pruned),
                    refunded: before.refunded.max(claimed.refunded),
                    until: now.saturating_add(CLAIM_MS),
                };
            }
        }
    }

    /// A submission was not taken: nothing of its lane is claimed any more.
    pub fn unclaim(&mut self, submission: &Submission) {
        let claimed = claimed(submission);
        if let Some(claim) = claimed.and_then(|(lane, _)| self.claims.get_mut(usize::from(lane))) {
            *claim = Claim::default();
        }
    }

    /// Whether something like this was claimed: somebody else is carrying it.
    pub fn is_claimed(&self, submission: &Submission, now: u64) -> bool {
        let Some((lane, new)) = claimed(submission) else {
            return false;
        };
        let old = self.claim(lane, now);
        old.taken >= new.taken
            && old.settled >= new.settled
            && old.pruned >= new.pruned
            && old.refunded >= new.refunded
    }

    /// What can be submitted now; what has to wait for its header, or its turn, is held.
    pub fn ready(
        &mut self,
        new: Vec<Submission>,
        view: &RouteView,
        client: &ClientView,
    ) -> Vec<Submission> {
        let held = std::mem::take(&mut self.waiting);
        let mut ready = Vec::new();
        for submission in held.into_iter().chain(new) {
            match when(&submission, view, client) {
                When::Now => ready.push(submission),
                When::Later if self.waiting.len() < MAX_WAITING => {
                    if !self.waiting.contains(&submission) {
                        self.waiting.push(submission);
                    }
                }
                When::Later | When::Never => {}
            }
        }
        ready
    }
}

/// Whether something of what there was `then` for the other chain is still undone.
fn is_undone(then: &Standing, view: &RouteView) -> bool {
    view.lanes.iter().any(|lane| {
        let then = then.lane(lane.lane);
        then.sent > lane.outbound.acknowledged || then.taken > lane.inbound.pruned
    })
}

fn results_wanted(
    lane: &LaneView,
    claim: &Claim,
    theirs: &Standing,
    parameters: &Parameters,
) -> Option<Want> {
    let first = lane.outbound.acknowledged.max(claim.settled);
    let end = theirs.lane(lane.lane).taken.min(lane.outbound.next);
    let count = batch(first, end, parameters)?;
    Some(Want {
        lane: lane.lane,
        of: ProofOf::Results { first, count },
    })
}

fn packets_wanted(
    lane: &LaneView,
    claim: &Claim,
    theirs: &Standing,
    parameters: &Parameters,
) -> Vec<Want> {
    let mut first = lane.inbound.next.max(claim.taken);
    // The receiver keeps at most a window of results.
    let room = lane.inbound.pruned.saturating_add(parameters.window.into());
    let end = theirs.lane(lane.lane).sent.min(room);
    let mut wants = Vec::new();
    while let Some(count) = batch(first, end, parameters).filter(|_| wants.len() < BATCHES) {
        wants.push(Want {
            lane: lane.lane,
            of: ProofOf::Packets { first, count },
        });
        first = first.saturating_add(count.into());
    }
    wants
}

/// How many from `first` on, up to `end`, fit one call; none if there is nothing.
fn batch(first: Nonce, end: Nonce, parameters: &Parameters) -> Option<u32> {
    let most = u64::from(parameters.max_batch.min(MAX_KEYS));
    let count = end.saturating_sub(first).min(most);
    u32::try_from(count).ok().filter(|count| *count > 0)
}

/// What a submission does to its lane; none if it is of no lane.
fn claimed(submission: &Submission) -> Option<(LaneId, Claim)> {
    let end = |first: &Nonce, count: usize| first.saturating_add(count as u64);
    let (lane, claim) = match submission {
        Submission::Deliver {
            lane,
            first,
            packets,
            ..
        } => {
            let taken = end(first, packets.len());
            (
                lane,
                Claim {
                    taken,
                    ..Claim::default()
                },
            )
        }
        Submission::Acknowledge {
            lane,
            first,
            results,
            ..
        } => {
            let settled = end(first, results.len());
            (
                lane,
                Claim {
                    settled,
                    ..Claim::default()
                },
            )
        }
        Submission::TimeOut {
            lane, first, count, ..
        } => {
            let refunded = end(first, *count as usize);
            (
                lane,
                Claim {
                    refunded,
                    ..Claim::default()
                },
            )
        }
        Submission::Prune {
            lane,
            acknowledged: pruned,
            ..
        } => {
            let pruned = *pruned;
            (
                lane,
                Claim {
                    pruned,
                    ..Claim::default()
                },
            )
        }
        Submission::UpdateClient { .. } | Submission::Misbehaviour { .. } => return None,
    };
    Some((*lane, claim))
}

enum When {
    Now,
    Later,
    Never,
}

/// When the pool would take a submission. It lets deliveries be ahead of their header, and nothing else.
fn when(submission: &Submission, view: &RouteView, client: &ClientView) -> When {
    let (lane, height, turn) = match submission {
        Submission::UpdateClient { .. }
        | Submission::Misbehaviour { .. }
        | Submission::Deliver { .. } => return When::Now,
        Submission::Acknowledge {
            lane,
            first,
            height,
            ..
        } => (lane, height, Some(first)),
        Submission::TimeOut { lane, height, .. } | Submission::Prune { lane, height, .. } => {
            (lane, height, None)
        }
    };
    let settled = view.lanes.iter().find(|view| view.lane == *lane);
    let settled = settled.map_or(0, |view| view.outbound.acknowledged);
    if turn.is_some_and(|first| *first < settled) {
        return When::Never;
    }
    let its_turn = turn.is_none_or(|first| *first == settled);
    let known = client.headers.iter().any(|header| header.height == *height);
    match (known, its_turn) {
        (true, true) => When::Now,
        (true, false) => When::Later,
        (false, _) if *height > client.state.latest.height => When::Later,
        // It was known, or another one was stored in its place.
        (false, _) => When::Never,
    }
}
