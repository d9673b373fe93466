// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What becomes of what others say: it is verified, put into the own pool, and handed on; who lies is
//! noted.

use super::Courier;
use crate::{
    chain::{Chain, ChainError},
    host::{Inbound, Offence, PeerId, RequestError},
    message::{Proven, Reason, Request, Response, Wants},
    metrics::kind_of,
    verify::Untrue,
    LOG_TARGET,
};
use hansa_interchain_primitives::{
    api::Submission, client::MAX_HEADERS, packet::ChainRef, ChainId, SignedHeader,
};
use log::{debug, warn};

impl<C: Chain> Courier<C> {
    pub(super) fn on_news(&mut self, inbound: Inbound) {
        let Inbound {
            peer: from,
            request,
            reply,
        } = inbound;
        // Others wait for the answer, but not for what comes of it.
        match request {
            Request::Offer { standing, .. } => {
                let id = standing.chain.id;
                let known = self.routes.get_mut(&id);
                let Some(entry) = known.filter(|e| e.state.view.chain == standing.chain) else {
                    let _ = reply.send(Response::Refused(Reason::NotServed));
                    return;
                };
                entry.route.heard(from, standing);
                let _ = reply.send(Response::Noted);
                self.ask(id);
            }
            Request::Forward {
                peer, submissions, ..
            } => {
                let _ = reply.send(Response::Noted);
                self.on_forwarded(from, peer, submissions.into_inner());
            }
            _ => {
                let _ = reply.send(Response::Refused(Reason::NotServed));
            }
        }
    }

    pub(super) fn on_forwarded(
        &mut self,
        from: PeerId,
        peer: ChainRef,
        submissions: Vec<Submission>,
    ) {
        let (now, id) = (self.now(), peer.id);
        let Some((entry, trust)) = self.trust(id).filter(|(_, trust)| trust.peer == peer) else {
            return;
        };
        let of_lanes = |s: &&Submission| !matches!(s, Submission::UpdateClient { .. });
        let mut of_lanes = submissions.iter().filter(of_lanes).peekable();
        if of_lanes.peek().is_some() && of_lanes.all(|s| entry.route.is_claimed(s, now)) {
            return;
        }
        let checked = trust.check(&submissions);
        let headers = headers_of(&submissions);
        self.compare_all(id, &headers);
        match checked {
            Ok(_) => {
                self.keep_sets_of(&peer, &headers);
                self.claim_and_submit(id, submissions);
            }
            // The other node may know more of the other chain than this one does yet, so that only a
            // proof under a header that both know tells a liar.
            Err(Untrue::Proof(error)) => {
                self.note_lie(id, from, &Untrue::Proof(error));
            }
            Err(error) => {
                debug!(target: LOG_TARGET, "What {from} hands on is not used: {error}");
            }
        }
    }

    pub(super) fn on_answer(
        &mut self,
        id: ChainId,
        of: Option<PeerId>,
        wants: Option<Wants>,
        since: u64,
        answer: Result<Response, RequestError>,
    ) {
        let (now, kind) = (self.now(), wants.as_ref().map_or("ask", |_| "prove"));
        let Some(entry) = self.routes.get_mut(&id) else {
            return;
        };
        let outcome = match (answer, wants, of) {
            (Ok(Response::Standing(standing)), None, Some(of))
                if standing.chain == entry.state.view.chain =>
            {
                entry.route.heard(of, standing);
                entry.route.on_answer(true);
                "answered"
            }
            (Ok(Response::Proven(proven)), Some(wants), Some(of)) => {
                self.on_proven(id, of, &wants, *proven, since)
            }
            (Ok(Response::Recovered(headers)), Some(_), Some(of)) => {
                self.on_recovered(id, of, headers)
            }
            (Ok(Response::Contradiction(header)), Some(_), Some(of)) => {
                entry.route.on_failure(now);
                self.on_contradiction(id, of, &header);
                "contradiction"
            }
            (Ok(Response::Refused(reason)), _, of) => {
                let outcome = match reason {
                    Reason::Behind => {
                        entry.route.on_retry(true, now);
                        "behind"
                    }
                    reason => {
                        debug!(target: LOG_TARGET, "Chain {id:x} refuses: {reason:?}");
                        entry.route.on_failure(now);
                        "refused"
                    }
                };
                if let Some(of) = of {
                    self.tell(of, Some(Offence::Refusal));
                }
                outcome
            }
            (Ok(_), _, Some(of)) => {
                entry.route.on_failure(now);
                self.note_lie(id, of, &Untrue::Unasked);
                "untrue"
            }
            (Ok(_), _, None) => "untrue",
            (Err(error), _, of) => {
                debug!(target: LOG_TARGET, "Chain {id:x} does not answer at {of:?}: {error}");
                entry.route.on_failure(now);
                "failed"
            }
        };
        self.metrics.question(kind, outcome);
        self.ask(id);
    }

    /// Use what was shown. Returns how it went, for the metrics.
    pub(super) fn on_proven(
        &mut self,
        id: ChainId,
        from: PeerId,
        wants: &Wants,
        proven: Proven,
        since: u64,
    ) -> &'static str {
        let now = self.now();
        self.compare_all(id, &proven.headers);
        let is_part = proven.headers.len() == MAX_HEADERS as usize && proven.shown.is_empty();
        let is_empty = proven.shown.is_empty() && !is_part && !wants.is_empty();
        let (Some((entry, trust)), Some(parameters), Some(head)) =
            (self.trust(id), self.parameters, self.head)
        else {
            return "late";
        };
        let sent = |lane| self.sent(id, head, lane);
        let taken = trust.take(&entry.state.view, &parameters, wants, proven, sent);
        let Some(entry) = self.routes.get_mut(&id) else {
            return "late";
        };
        match taken {
            Ok(submissions) => {
                let peer = entry.state.view.chain;
                let useful = submissions.iter().any(|s| kind_of(s).0 != "update");
                entry.route.on_answer(useful || is_part);
                if is_part {
                    entry.route.on_more_headers();
                }
                if is_empty {
                    self.tell(from, Some(Offence::Stall));
                    return "empty";
                }
                self.tell(from, None);
                self.keep_sets_of(&peer, &headers_of(&submissions));
                if useful || is_part || wants.is_empty() {
                    self.hand_on(id, &submissions);
                    self.claim_and_submit(id, submissions);
                    self.metrics.carried(self.now().saturating_sub(since));
                }
                "answered"
            }
            Err(error) => {
                if error.is_lie() {
                    entry.route.on_failure(now);
                    self.note_lie(id, from, &error);
                    return "untrue";
                }
                // The own light client moved on meanwhile.
                entry.route.on_retry(false, now);
                debug!(target: LOG_TARGET, "What {from} shows of chain {id:x} is not used: {error}");
                "outdated"
            }
        }
    }

    pub(super) fn note_lie(&mut self, id: ChainId, from: PeerId, lie: &Untrue) {
        warn!(target: LOG_TARGET, "Node {from} lies about chain {id:x}: {lie}");
        self.metrics.lie(&format!("{id:x}"));
        self.tell(from, Some(Offence::Lie));
    }

    pub(super) fn claim_and_submit(&mut self, id: ChainId, submissions: Vec<Submission>) {
        let now = self.now();
        let Some(entry) = self.routes.get_mut(&id) else {
            return;
        };
        entry.route.claim_all(&submissions, &entry.state.view, now);
        let ready = entry
            .route
            .ready(submissions, &entry.state.view, &entry.state.client);
        self.submit(id, ready);
    }

    /// Put submissions into the own pool.
    pub(super) fn submit(&mut self, id: ChainId, submissions: Vec<Submission>) {
        let now = self.now();
        for submission in submissions {
            if !self.is_of_use(&submission) {
                continue;
            }
            let taken = self.chain.submit(submission.clone());
            let outcome = match &taken {
                Ok(()) => "taken",
                Err(ChainError::InPool) => "known",
                Err(_) => "refused",
            };
            self.metrics.submission(&submission, outcome);
            let (kind, items) = kind_of(&submission);
            match taken {
                Ok(()) => {
                    debug!(target: LOG_TARGET, "Of chain {id:x}: {kind} of {items} is in the pool");
                }
                Err(ChainError::InPool) => {}
                Err(error) => {
                    debug!(target: LOG_TARGET, "Of chain {id:x}: {kind} of {items}: {error}");
                    if let Some(entry) = self.routes.get_mut(&id) {
                        entry.route.unclaim(&submission);
                        entry.route.ask_for_fewer(&submission);
                        entry.route.on_refusal(now);
                    }
                }
            }
        }
    }
}

fn headers_of(submissions: &[Submission]) -> Vec<SignedHeader> {
    let headers = submissions
        .iter()
        .filter_map(|submission| match submission {
            Submission::UpdateClient { headers, .. } => Some(headers.clone().into_inner()),
            _ => None,
        });
    headers.flatten().collect()
}
