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
//! | packets that the pool does not take | asks for half as many at once, until some are in a block |
//!
//! A claim ends after [`CLAIM_MS`]: what the chain's state does not show by then is asked for again. So
//! nothing is lost for good, whatever gets lost. Times are milliseconds of any clock that does not
//! go back.

#[path = "wants.rs"]
mod wants;

use crate::{
    limits::{
        BACK_OFF_MAX_MS, BACK_OFF_MIN_MS, CLAIM_MS, MAX_STEPS, MAX_WAITING, MAX_WANTS,
        PULL_INTERVAL_MS, RETRY_MS, STEP_IN_MS,
    },
    message::{Standing, Want, Wants},
};
use hansa_interchain_primitives::{
    api::{ClientView, Parameters, ProofOf, RouteStatus, RouteView, Submission},
    lane::LANES,
    Height, LaneId, Nonce, SYSTEM_LANE,
};
use libp2p::PeerId;
use wants::{packets_wanted, results_wanted};

/// The most steps-in that are planned at once.
const MAX_PLANNED: usize = 8;

/// Up to where something was submitted that is not final yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Mark {
    to: Nonce,
    /// Where the chain's state was then.
    base: Nonce,
    until: u64,
}

impl Mark {
    fn at(&self, now: u64) -> Nonce {
        match now < self.until {
            true => self.to,
            false => 0,
        }
    }

    /// More is submitted. That gives more time only if the chain's state has moved on: if what was first is
    /// lost, what follows must not hide it.
    fn extend(&mut self, to: Nonce, base: Nonce, now: u64) {
        if now >= self.until || base != self.base {
            self.until = now.saturating_add(CLAIM_MS);
            self.base = base;
        }
        self.to = self.at(now).max(to);
    }
}

/// What was submitted of a lane and is not final yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Claim {
    taken: Mark,
    settled: Mark,
    pruned: Mark,
    refunded: Mark,
}

/// Packets that are on their way into a block, under a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Delivery {
    lane: LaneId,
    first: Nonce,
    end: Nonce,
    height: Height,
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
    deliveries: Vec<Delivery>,
    /// How the other chain stands, who said so, and whether it was asked for what it has.
    heard: Option<(PeerId, Standing)>,
    /// How the own chain stood when it was last looked at.
    stood: Option<Standing>,
    planned: Vec<(u64, Standing)>,
    asking: bool,
    failures: u32,
    not_before: u64,
    next_pull: u64,
    /// How many packets of each lane are asked for at once, beside what the protocol allows: packets may be so heavy that
    /// fewer fit a block.
    most: [u32; LANES as usize],
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
            deliveries: Vec::new(),
            heard: None,
            stood: None,
            planned: Vec::new(),
            asking: false,
            failures: 0,
            not_before: 0,
            next_pull: first_pull,
            most: [u32::MAX; LANES as usize],
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
            let claim = self.claim(lane.lane);
            wants.extend(results_wanted(
                lane,
                claim.settled.at(now),
                theirs,
                parameters,
            ));
            if view.status != RouteStatus::Suspended {
                let most = self.most.get(usize::from(lane.lane)).copied();
                let fit = Parameters {
                    max_batch: parameters.max_batch.min(most.unwrap_or(1)),
                    ..*parameters
                };
                wants.extend(packets_wanted(lane, claim.taken.at(now), theirs, &fit));
            }
            let settled = theirs.lane(lane.lane).settled.min(lane.inbound.next);
            if settled > lane.inbound.pruned.max(claim.pruned.at(now)) {
                wants.push(Want {
                    lane: lane.lane,
                    of: ProofOf::Outbound,
                });
            }
            let taken = theirs.lane(lane.lane).taken;
            let late = late.iter().find(|(id, _)| *id == lane.lane);
            if late.is_some_and(|(_, first)| *first >= claim.refunded.at(now).max(taken)) {
                wants.push(Want {
                    lane: lane.lane,
                    of: ProofOf::Inbound,
                });
            }
        }
        wants.truncate(MAX_WANTS as usize);
        Wants::truncate_from(wants)
    }

    fn claim(&self, lane: LaneId) -> Claim {
        let claim = self.claims.get(usize::from(lane));
        claim.copied().unwrap_or_default()
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
    pub fn claim_all(&mut self, submissions: &[Submission], view: &RouteView, now: u64) {
        for submission in submissions {
            let Some(claimed) = claimed(submission) else {
                continue;
            };
            let base = base(&claimed, view);
            let Some(mark) = self.mark(&claimed) else {
                continue;
            };
            // What leaves a gap is no reason not to ask for what is in it.
            if claimed.from > base.max(mark.at(now)) {
                continue;
            }
            mark.extend(claimed.to, base, now);
            if let Submission::Deliver {
                lane,
                first,
                height,
                ..
            } = submission
            {
                if self.deliveries.len() < MAX_WAITING {
                    self.deliveries.push(Delivery {
                        lane: *lane,
                        first: *first,
                        end: claimed.to,
                        height: *height,
                    });
                }
            }
        }
    }

    fn mark(&mut self, claimed: &Claimed) -> Option<&mut Mark> {
        let claim = self.claims.get_mut(usize::from(claimed.lane))?;
        Some(match claimed.kind {
            Kind::Taken => &mut claim.taken,
            Kind::Settled => &mut claim.settled,
            Kind::Pruned => &mut claim.pruned,
            Kind::Refunded => &mut claim.refunded,
        })
    }

    /// The pool did not take packets, perhaps as so many do not fit a block: half as many are asked for at once, until
    /// some are in a block.
    pub fn ask_for_fewer(&mut self, refused: &Submission) {
        if let Submission::Deliver { lane, packets, .. } = refused {
            if let Some(most) = self.most.get_mut(usize::from(*lane)) {
                *most = u32::try_from(packets.len() / 2).map_or(1, |half| half.clamp(1, *most));
            }
        }
    }

    /// A submission is not taken, or never will be: it is not claimed any more.
    pub fn unclaim(&mut self, submission: &Submission) {
        let Some(claimed) = claimed(submission) else {
            return;
        };
        if let Some(mark) = self.mark(&claimed) {
            *mark = Mark::default();
        }
    }

    /// Whether something like this was claimed: somebody else is carrying it.
    pub fn is_claimed(&self, submission: &Submission, now: u64) -> bool {
        let Some(claimed) = claimed(submission) else {
            return false;
        };
        let claim = self.claim(claimed.lane);
        let mark = match claimed.kind {
            Kind::Taken => claim.taken,
            Kind::Settled => claim.settled,
            Kind::Pruned => claim.pruned,
            Kind::Refunded => claim.refunded,
        };
        mark.at(now) >= claimed.to
    }

    /// The own chain has a new final state. A delivery under a header that was passed over (a later
    /// one came into a block first) will never be taken: it and what follows it can be asked for again.
    pub fn on_state(&mut self, view: &RouteView, client: &ClientView) {
        let next = |lane| {
            let found = view.lanes.iter().find(|view| view.lane == lane);
            found.map_or(0, |view| view.inbound.next)
        };
        let is_known = |height| client.headers.iter().any(|header| header.height == height);
        let latest = client.state.latest.height;
        let mut lost = Vec::new();
        let most = &mut self.most;
        self.deliveries.retain(|delivery| {
            let is_open = delivery.end > next(delivery.lane);
            let is_lost = is_open && delivery.height < latest && !is_known(delivery.height);
            if let Some(most) = most
                .get_mut(usize::from(delivery.lane))
                .filter(|_| !is_open)
            {
                *most = most.saturating_mul(2);
            }
            if is_lost {
                lost.push((delivery.lane, delivery.first));
            }
            is_open && !is_lost
        });
        for (lane, first) in lost {
            if let Some(claim) = self.claims.get_mut(usize::from(lane)) {
                claim.taken.to = claim.taken.to.min(first);
            }
            self.deliveries
                .retain(|other| other.lane != lane || other.first < first);
        }
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
                When::Later | When::Never => self.unclaim(&submission),
                When::Done => {}
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

/// What a submission moves on.
#[derive(Clone, Copy)]
enum Kind {
    Taken,
    Settled,
    Pruned,
    Refunded,
}

/// What a submission moves on, in which lane, and up to where.
struct Claimed {
    lane: LaneId,
    kind: Kind,
    /// What comes before must be done, or claimed, for a claim to count.
    from: Nonce,
    to: Nonce,
}

/// What a submission does to its lane; none if it is of no lane.
fn claimed(submission: &Submission) -> Option<Claimed> {
    let end = |first: &Nonce, count: usize| first.saturating_add(count as u64);
    let (lane, kind, from, to) = match submission {
        Submission::Deliver {
            lane,
            first,
            packets,
            ..
        } => (lane, Kind::Taken, *first, end(first, packets.len())),
        Submission::Acknowledge {
            lane,
            first,
            results,
            ..
        } => (lane, Kind::Settled, *first, end(first, results.len())),
        Submission::TimeOut {
            lane, first, count, ..
        } => (lane, Kind::Refunded, 0, end(first, *count as usize)),
        Submission::Prune {
            lane, acknowledged, ..
        } => (lane, Kind::Pruned, 0, *acknowledged),
        Submission::UpdateClient { .. }
        | Submission::Misbehaviour { .. }
        | Submission::RecoverClient { .. } => return None,
    };
    Some(Claimed {
        lane: *lane,
        kind,
        from,
        to,
    })
}

/// Where the chain's state is with what a submission moves on.
fn base(claimed: &Claimed, view: &RouteView) -> Nonce {
    let lane = view.lanes.iter().find(|view| view.lane == claimed.lane);
    lane.map_or(0, |lane| match claimed.kind {
        Kind::Taken => lane.inbound.next,
        Kind::Settled => lane.outbound.acknowledged,
        Kind::Pruned => lane.inbound.pruned,
        // The state of a lane does not tell.
        Kind::Refunded => 0,
    })
}

enum When {
    Now,
    Later,
    Never,
    Done,
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
        // Of no lane: it has to wait for its header only.
        Submission::RecoverClient { height, .. } => (&SYSTEM_LANE, height, None),
    };
    let settled = view.lanes.iter().find(|view| view.lane == *lane);
    let settled = settled.map_or(0, |view| view.outbound.acknowledged);
    if turn.is_some_and(|first| *first < settled) {
        return When::Done;
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
