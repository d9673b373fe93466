// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Chains that lost their quorum: their light clients go on by what the own chain's hub recorded.
//!
//! That there is a record a node of such a chain says, as nothing it could show leads from the set that the asker knows
//! to its head. If nothing was heard of the chain for longer than it is trusted, it is not asked, and there may be a record
//! all the same. In either case a node of the hub is asked for it; what it shows is verified under the hub's header.

use super::{questions::ask, Courier, Done};
use crate::{
    chain::Chain,
    host::{Offence, PeerId, RequestError},
    limits::{MAX_WANTS, PULL_INTERVAL_MS, RECOVERY_INTERVAL_MS},
    message::{Known, Request, Response, Want, Wants},
    verify::{facts, Untrue},
    LOG_TARGET,
};
use futures::FutureExt;
use hansa_interchain_primitives::{
    api::{Headers, ProofOf, RouteStatus, Submission},
    ChainId, SYSTEM_LANE,
};
use log::{debug, info, warn};

/// For how long headers that were shown may take into a block that is final, in milliseconds.
const LED_ON_MS: u64 = 3 * PULL_INTERVAL_MS;

impl<C: Chain> Courier<C> {
    /// A node of the other chain says that the hub has replaced its set, and shows what leads there. Returns how it went,
    /// for the metrics.
    pub(super) fn on_recovered(
        &mut self,
        id: ChainId,
        from: PeerId,
        headers: Headers,
    ) -> &'static str {
        let now = self.now();
        self.compare_all(id, &headers);
        let Some((_, trust)) = self.trust(id) else {
            return "late";
        };
        let learned = trust.learn(&headers);
        let Some(entry) = self.routes.get_mut(&id) else {
            return "late";
        };
        match learned {
            Ok(learned) => {
                let peer = entry.state.view.chain;
                entry.route.on_answer(false);
                entry.recovered = Some(entry.state.client.state.set_id);
                if learned.is_news() {
                    entry.led_on_until = now.saturating_add(LED_ON_MS);
                    let soon = now.saturating_add(PULL_INTERVAL_MS);
                    entry.next_recovery = entry.next_recovery.min(soon);
                    self.keep_sets_of(&peer, &headers);
                    let submissions = vec![Submission::UpdateClient { peer: id, headers }];
                    self.hand_on(id, &submissions);
                    self.claim_and_submit(id, submissions);
                }
                "recovered"
            }
            Err(error) if error.is_lie() => {
                entry.route.on_failure(now);
                self.note_lie(id, from, &error);
                "untrue"
            }
            Err(_) => {
                entry.route.on_retry(false, now);
                "outdated"
            }
        }
    }

    /// The own chain's hub, if its light client can be relied on.
    fn hub(&self) -> Option<ChainId> {
        let mut routes = self.routes.iter();
        let (id, _) = routes.find(|(_, entry)| {
            let view = &entry.state.view;
            view.hub && !matches!(view.status, RouteStatus::Frozen | RouteStatus::Expired)
        })?;
        Some(*id)
    }

    /// The records that are to be asked for now, of any set later than the one that is known. They are not asked for again for a while.
    fn records_wanted(&mut self) -> Wants {
        let now = self.now();
        let mut wants = Vec::new();
        for (id, entry) in &mut self.routes {
            let (view, set) = (&entry.state.view, entry.state.client.state.set_id);
            let is_said = entry.recovered == Some(set);
            let is_wanted = match view.status {
                RouteStatus::Frozen => false,
                RouteStatus::Expired => true,
                _ => is_said,
            };
            if view.hub || !is_wanted || now < entry.next_recovery {
                continue;
            }
            let Some(set) = set
                .checked_add(1)
                .filter(|_| wants.len() < MAX_WANTS as usize)
            else {
                continue;
            };
            let pause = match is_said {
                true => PULL_INTERVAL_MS,
                false => RECOVERY_INTERVAL_MS,
            };
            entry.next_recovery = now.saturating_add(pause);
            let of = ProofOf::Recovery { chain: *id, set };
            let lane = SYSTEM_LANE;
            wants.push(Want { lane, of });
        }
        Wants::truncate_from(wants)
    }

    /// Ask a node of the hub for the records that are wanted, if any.
    pub(super) fn seek_records(&mut self) {
        let Some(hub) = self.hub().filter(|_| !self.asks_hub) else {
            return;
        };
        let wants = self.records_wanted();
        let Some(entry) = self.routes.get(&hub).filter(|_| !wants.is_empty()) else {
            return;
        };
        let client = &entry.state.client.state;
        let known = Known {
            height: client.latest.height,
            hash: client.latest.hash,
            set_id: client.set_id,
        };
        let (of, by) = (entry.state.view.chain, self.own);
        self.asks_hub = true;
        self.turn = self.turn.wrapping_add(1);
        let (host, turn) = (self.host.clone(), self.turn);
        let request = Request::Prove {
            of,
            by,
            known,
            wants: wants.clone(),
        };
        let job = async move {
            let peer = host.in_turn(of, turn).await.first().copied();
            let answer = match peer {
                Some(peer) => ask(&host, peer, request).await,
                None => Err(RequestError::Unreachable),
            };
            Done::Records {
                hub,
                of: peer,
                wants,
                answer,
            }
        };
        self.jobs.push(job.boxed());
    }

    /// A node of the hub has answered. That it shows nothing is no offence: there may be no record.
    pub(super) fn on_records(
        &mut self,
        hub: ChainId,
        from: Option<PeerId>,
        wants: &Wants,
        answer: Result<Response, RequestError>,
    ) {
        self.asks_hub = false;
        if !matches!(answer, Ok(Response::Proven(_))) {
            self.seek_again(wants);
        }
        let Some(from) = from else { return };
        let outcome = match answer {
            Ok(Response::Proven(proven)) => {
                self.compare_all(hub, &proven.headers);
                let Some(((entry, trust), parameters)) = self.trust(hub).zip(self.parameters)
                else {
                    return;
                };
                let view = &entry.state.view;
                let taken = trust.take(view, &parameters, wants, *proven, |_| Vec::new());
                self.take_records(hub, from, wants, taken)
            }
            Ok(Response::Contradiction(header)) => {
                self.on_contradiction(hub, from, &header);
                "contradiction"
            }
            Ok(Response::Refused(reason)) => {
                debug!(target: LOG_TARGET, "Hub {hub:x} shows no records: {reason:?}");
                self.tell(from, Some(Offence::Refusal));
                "refused"
            }
            Ok(_) => {
                self.note_lie(hub, from, &Untrue::Unasked);
                "untrue"
            }
            Err(error) => {
                debug!(target: LOG_TARGET, "Hub {hub:x} does not answer at {from}: {error}");
                "failed"
            }
        };
        self.metrics.question("recovery", outcome);
    }

    /// Nobody has answered: others are asked before the usual time is over.
    fn seek_again(&mut self, wants: &Wants) {
        let soon = self.now().saturating_add(PULL_INTERVAL_MS);
        for want in wants {
            let ProofOf::Recovery { chain, .. } = want.of else {
                continue;
            };
            if let Some(entry) = self.routes.get_mut(&chain) {
                entry.next_recovery = entry.next_recovery.min(soon);
            }
        }
    }

    /// Use what a node of the hub has shown. Returns how it went, for the metrics.
    fn take_records(
        &mut self,
        hub: ChainId,
        from: PeerId,
        wants: &Wants,
        taken: Result<Vec<Submission>, Untrue>,
    ) -> &'static str {
        let mut submissions = match taken {
            Ok(submissions) => submissions,
            Err(error) if error.is_lie() => {
                self.note_lie(hub, from, &error);
                return "untrue";
            }
            Err(error) => {
                debug!(target: LOG_TARGET, "Records of hub {hub:x} are not used: {error}");
                return "outdated";
            }
        };
        let beyond = submissions.iter().filter(|shown| self.is_beyond(shown));
        let beyond: Vec<_> = beyond.filter_map(recovered).collect();
        submissions.retain(|submission| self.is_of_use(submission));
        let recovered: Vec<_> = submissions.iter().filter_map(recovered).collect();
        for want in wants {
            match want.of {
                ProofOf::Recovery { chain, .. } if !recovered.contains(&chain) => {
                    self.put_off(chain, beyond.contains(&chain));
                }
                _ => {}
            }
        }
        if recovered.is_empty() {
            return "empty";
        }
        for peer in recovered {
            info!(
                target: LOG_TARGET,
                "Hub {hub:x} has recorded another set for chain {peer:x}, which lost its quorum"
            );
        }
        self.tell(from, None);
        self.hand_on(hub, &submissions);
        self.claim_and_submit(hub, submissions);
        "answered"
    }

    /// No record of use was shown of `chain`: it is asked for again after a while. If one was that stands `beyond` what the light
    /// client knows, its headers have to come first: soon, if some were shown lately.
    fn put_off(&mut self, chain: ChainId, beyond: bool) {
        let now = self.now();
        let Some(entry) = self.routes.get_mut(&chain) else {
            return;
        };
        if beyond && now < entry.led_on_until {
            return;
        }
        entry.next_recovery = now.saturating_add(RECOVERY_INTERVAL_MS);
        let client = &entry.state.client.state;
        if beyond && entry.complained != Some(client.set_id) {
            entry.complained = Some(client.set_id);
            warn!(
                target: LOG_TARGET,
                "The hub has recorded another set for chain {chain:x} above a block that the light client of chain {:x} \
                 does not know: it knows the chain up to block {}, and nobody shows what leads on from there",
                self.own.id, client.latest.height
            );
        }
    }

    /// Whether a record stands above a block that is higher than the own light client knows.
    fn is_beyond(&self, submission: &Submission) -> bool {
        let Submission::RecoverClient { peer, record, .. } = submission else {
            return false;
        };
        let known = self.routes.get(peer).zip(facts(record));
        known.is_some_and(|(entry, facts)| {
            let (height, _) = facts.head;
            height > entry.state.client.state.latest.height
        })
    }

    /// Whether the own chain could take a submission, as far as that is not for the pool to say: a record that is of another
    /// block than its light client knows, or of no later set, would only be refused.
    pub(super) fn is_of_use(&self, submission: &Submission) -> bool {
        let Submission::RecoverClient { peer, record, .. } = submission else {
            return true;
        };
        let (Some(entry), Some(facts)) = (self.routes.get(peer), facts(record)) else {
            return false;
        };
        let client = &entry.state.client.state;
        let head = (client.latest.height, client.latest.hash);
        let is_later = facts.set.id > client.set_id;
        is_later && head == facts.head && client.genesis == facts.genesis
    }
}

/// The chain of which a record is submitted.
fn recovered(submission: &Submission) -> Option<ChainId> {
    match submission {
        Submission::RecoverClient { peer, .. } => Some(*peer),
        _ => None,
    }
}
