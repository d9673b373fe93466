// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Two certified blocks of one height: noticed, shown to the own chain, which freezes the route.

use super::{wall_clock, Courier, Done};
use crate::{
    chain::Chain,
    host::{PeerId, RequestError},
    message::{Known, Request, Response, Wants},
    verify::Untrue,
    witness::Seen,
    LOG_TARGET,
};
use futures::FutureExt;
use hansa_interchain_primitives::{
    api::{RouteStatus, Submission},
    client::set_hash,
    packet::ChainRef,
    ChainId, Hash, Height, Misbehaviour, SignedHeader,
};
use hansa_pbft_primitives::{AuthoritySet, Certificate};
use log::{debug, error, warn};

impl<C: Chain> Courier<C> {
    /// Keep the sets that verified headers hand over to: each of them will decide no more one day.
    pub(super) fn keep_sets_of(&self, peer: &ChainRef, headers: &[SignedHeader]) {
        let facts = headers.iter().filter_map(|header| header.facts().ok());
        for set in facts.filter_map(|facts| facts.hands_over_to) {
            self.keep_set(peer, &set);
        }
    }

    pub(super) fn keep_set(&self, peer: &ChainRef, set: &AuthoritySet) {
        if let Err(error) = self.chain.keep_set(peer, set) {
            warn!(target: LOG_TARGET, "Set {} of chain {:x} is not kept: {error}", set.id, peer.id);
        }
    }

    /// The set that decided a height of another chain: the current one or, if it is known and can still be held
    /// to what it signed, an earlier one.
    fn decider(&mut self, id: ChainId, height: Height) -> Option<AuthoritySet> {
        let head = self.head?;
        let entry = self.routes.get_mut(&id)?;
        let client = &entry.state.client;
        if height >= client.state.set_since {
            return Some(client.set.clone());
        }
        let current = client.state.set_id;
        if entry.past.as_ref().is_none_or(|(of, _)| *of != current) {
            let past = self.chain.past_sets(head.hash, id);
            let past = past.inspect_err(
                |error| debug!(target: LOG_TARGET, "Past sets of chain {id:x}: {error}"),
            );
            entry.past = Some((current, past.ok()?));
        }
        let (_, past) = entry.past.as_ref()?;
        let past = past.iter().find(|past| past.decided(height))?;
        if past.is_over(client.state.trusting_period, wall_clock()) {
            return None;
        }
        let kept = self.chain.kept_set(&entry.state.view.chain, past.id).ok()?;
        kept.filter(|set| set_hash(set) == past.hash)
    }

    /// The block of a height, if the own light client knows one.
    fn known_block(&self, id: ChainId, height: Height) -> Option<Hash> {
        let client = &self.routes.get(&id)?.state.client;
        let mut known = client.headers.iter().chain([&client.state.latest]);
        let known = known.find(|known| known.height == height);
        known.map(|known| known.hash)
    }

    /// Whether a height is above all that the own light client knows: nobody was asked for such a one.
    fn is_ahead(&self, id: ChainId, height: Height) -> bool {
        let entry = self.routes.get(&id);
        entry.is_some_and(|entry| height > entry.state.client.state.latest.height)
    }

    /// Compare headers with what was seen of the same heights, and remember those that a quorum signed.
    pub(super) fn compare_all(&mut self, id: ChainId, headers: &[SignedHeader]) {
        for header in headers {
            self.compare(id, &header.certificate);
        }
    }

    /// Compare a certificate with what was seen of its height, and report it if it contradicts that. None if it
    /// is not known whose it must be.
    fn compare(&mut self, id: ChainId, certificate: &Certificate) -> Option<Seen> {
        let (now, height, hash) = (self.now(), certificate.height, certificate.hash);
        if self.routes.get(&id)?.state.view.status == RouteStatus::Frozen {
            return None;
        }
        let set = self.decider(id, height)?;
        let known = self.known_block(id, height);
        let entry = self.routes.get_mut(&id)?;
        let genesis = entry.state.view.chain.genesis;
        let seen = entry.witness.see(genesis, &set, certificate);
        match &seen {
            Seen::Contradicts(misbehaviour) => {
                entry.witness.settle();
                self.report(id, misbehaviour.clone());
            }
            Seen::Agrees if known.is_some_and(|known| known != hash) => {
                error!(
                    target: LOG_TARGET,
                    "Chain {id:x} has another certified block at height {height} than the one that is \
                     known here: others are asked for its certificate"
                );
                entry.witness.doubt(height, hash, now);
            }
            _ => {}
        }
        Some(seen)
    }

    fn report(&mut self, id: ChainId, misbehaviour: Box<Misbehaviour>) {
        error!(
            target: LOG_TARGET,
            "Chain {id:x} has contradicted itself at height {}: it is reported",
            misbehaviour.first.height
        );
        let submissions = vec![Submission::Misbehaviour {
            peer: id,
            misbehaviour,
        }];
        self.hand_on(id, &submissions);
        self.submit(id, submissions);
    }

    /// A node of the other chain has another header than the own light client knows.
    pub(super) fn on_contradiction(&mut self, id: ChainId, from: PeerId, header: &SignedHeader) {
        let (height, hash) = (header.certificate.height, header.certificate.hash);
        // An honest node shows another block of the height that it was told, and a quorum has signed it.
        match self.known_block(id, height) {
            Some(known) if known != hash => {
                if self.compare(id, &header.certificate) == Some(Seen::NotCertified) {
                    self.note_lie(id, from, &Untrue::Unasked);
                }
            }
            Some(_) => self.note_lie(id, from, &Untrue::Unasked),
            None if self.is_ahead(id, height) => self.note_lie(id, from, &Untrue::Unasked),
            // Other headers came since, and this one was forgotten.
            None => {
                debug!(target: LOG_TARGET, "{from} shows height {height} of chain {id:x}, which is not known");
            }
        }
        self.check_doubt(id);
    }

    /// If another block of a height is certified than the one that is known: ask the next node for its
    /// certificate of that height.
    pub(super) fn check_doubt(&mut self, id: ChainId) {
        let now = self.now();
        let Some(entry) = self.routes.get_mut(&id) else {
            return;
        };
        let view = &entry.state.view;
        if matches!(view.status, RouteStatus::Frozen | RouteStatus::Expired) {
            entry.witness.settle();
            return;
        }
        let Some((height, hash, turn)) = entry.witness.question(now) else {
            return;
        };
        let (of, by, host) = (view.chain, self.own, self.host.clone());
        let known = Known {
            height,
            hash,
            set_id: entry.state.client.state.set_id,
        };
        let request = Request::Prove {
            of,
            by,
            known,
            wants: Wants::default(),
        };
        let job = async move {
            let peers = host.peers(of).await;
            let peer = peers.get(turn % peers.len().max(1)).copied();
            let answer = match peer {
                Some(peer) => super::questions::ask(&host, peer, request).await,
                None => Err(RequestError::Unreachable),
            };
            Done::Checked {
                peer: id,
                of: peer,
                answer,
            }
        };
        self.jobs.push(job.boxed());
    }

    /// Somebody was asked for its block of a height of which there may be two. Who has the doubtful one has
    /// nothing to say to that.
    pub(super) fn on_checked(
        &mut self,
        id: ChainId,
        from: Option<PeerId>,
        answer: &Result<Response, RequestError>,
    ) {
        if let (Some(from), Ok(Response::Contradiction(header))) = (from, answer) {
            if self.compare(id, &header.certificate) == Some(Seen::NotCertified) {
                self.note_lie(id, from, &Untrue::Unasked);
            }
        }
    }
}
