// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Carries packets for one chain of this node: brings together the chain, its routes and the network.
//!
//! What to do is decided in [`route`](crate::route) and [`verify`](crate::verify). Here is what that takes:
//! reading the chain at each final block, asking peers, putting what is verified into the own pool,
//! and handing it on to the other nodes of the chain, as the next block's author may be any of them.
//! One task a chain; questions are on their way beside it, few for each route.

use crate::{
    chain::{Chain, ChainError, Head, RouteState},
    host::{Handle, Inbound, Offence, RequestError},
    limits::{
        ANSWER_TIMEOUT, MAX_ADDRESSES, MAX_BLOCKS_BEHIND, MAX_CERTIFICATES, MAX_FORWARDED,
        MAX_FORWARD_PEERS, MAX_OFFERS, MAX_TRACKED, OFFER_TRIES, PULL_INTERVAL_MS,
        SEEK_INTERVAL_MS, TICK,
    },
    message::{Known, Proven, Reason, Request, Response, Standing, Wants},
    metrics::{kind_of, Metrics},
    route::{Question, Route},
    verify::{contradiction, Trust, Untrue},
    LOG_TARGET,
};
use futures::{future::BoxFuture, stream::FuturesUnordered, FutureExt, StreamExt};
use hansa_interchain_primitives::{
    api::{PacketState, PacketView, Parameters, RouteStatus, Submission},
    client::MAX_HEADERS,
    lane::is_expired,
    packet::ChainRef,
    ChainId, Height, LaneId, Moment, Nonce, SignedHeader,
};
use libp2p::{Multiaddr, PeerId};
use log::{debug, error, info, warn};
use sp_core::bounded::BoundedVec;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{mpsc, watch};

/// How many packets are read at a time to find those whose time is over.
const PACKETS_READ: u32 = 64;

/// A route and what is known of it.
struct Entry {
    route: Route,
    state: RouteState,
    /// Certificates of the other chain that were seen, by height.
    certificates: BTreeMap<Height, SignedHeader>,
    /// Offers that are on their way.
    offers: usize,
    /// When own packets were sent that are not settled, for the metrics.
    sent: VecDeque<(LaneId, Nonce, u64)>,
    /// The first own packet of each lane whose time is over.
    late: Vec<(LaneId, Nonce)>,
    next_seek: u64,
}

/// What came of something that was on its way.
enum Done {
    Asked {
        peer: ChainId,
        of: Option<PeerId>,
        wants: Option<Wants>,
        since: u64,
        answer: Result<Response, RequestError>,
    },
    Offered {
        peer: ChainId,
        outcome: &'static str,
    },
    Other,
}

/// Carries packets for one chain.
pub struct Courier<C> {
    chain: Arc<C>,
    own: ChainRef,
    host: Handle,
    metrics: Metrics,
    routes: BTreeMap<ChainId, Entry>,
    parameters: Option<Parameters>,
    head: Option<Head>,
    jobs: FuturesUnordered<BoxFuture<'static, Done>>,
    began: Instant,
    /// Whom of several to ask: another each time.
    turn: usize,
    next_look: u64,
}

/// Milliseconds since 1970.
fn wall_clock() -> Moment {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}

impl<C: Chain> Courier<C> {
    /// A courier for `chain`, which is `own`.
    pub fn new(chain: Arc<C>, own: ChainRef, host: Handle, metrics: Metrics) -> Self {
        // Nodes of one chain begin with different ones, so that no peer gets all.
        let turn = host.id().to_bytes().last().copied().unwrap_or(0).into();
        Self {
            chain,
            own,
            host,
            metrics,
            routes: BTreeMap::new(),
            parameters: None,
            head: None,
            jobs: FuturesUnordered::new(),
            began: Instant::now(),
            turn,
            next_look: 0,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Run for as long as the chain has new blocks and the host runs. `head` changes with each final
    /// block; `news` are offers and what others hand on.
    pub async fn run(
        mut self,
        mut head: watch::Receiver<Height>,
        mut news: mpsc::Receiver<Inbound>,
    ) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.host.seek(self.own, Vec::new()).await;
        loop {
            tokio::select! {
                changed = head.changed() => match changed {
                    Ok(()) => self.on_block(),
                    Err(_) => return,
                },
                inbound = news.recv() => match inbound {
                    Some(inbound) => self.on_news(inbound),
                    None => return,
                },
                Some(done) = self.jobs.next(), if !self.jobs.is_empty() => self.on_done(done),
                _ = ticks.tick() => self.on_tick(),
            }
        }
    }

    fn on_block(&mut self) {
        if let Err(error) = self.look() {
            warn!(target: LOG_TARGET, "Routes of chain {:x} are not looked after: {error}", self.own.id);
        }
    }

    /// Look at the last final block, if it is a new one.
    fn look(&mut self) -> Result<(), ChainError> {
        if self.chain.is_syncing() {
            return Ok(());
        }
        let head = self.chain.head();
        let before = self.head;
        if before.is_some_and(|before| before.hash == head.hash) {
            return Ok(());
        }
        let parameters = self.chain.parameters(head.hash)?;
        self.parameters = Some(parameters);
        self.refresh_routes(head)?;
        self.head = Some(head);
        if self.routes.is_empty() {
            return Ok(());
        }
        let rank = self.rank(before, head)?;
        let ids: Vec<_> = self.routes.keys().copied().collect();
        for id in ids {
            self.on_block_of(id, head, rank);
            self.ask(id);
        }
        Ok(())
    }

    /// The best rank in the blocks since the last one that was looked at.
    fn rank(&self, before: Option<Head>, head: Head) -> Result<u32, ChainError> {
        let oldest = head.height.saturating_sub(MAX_BLOCKS_BEHIND);
        let from = before.map_or(head.height, |before| before.height.saturating_add(1));
        let mut rank = u32::MAX;
        for height in from.max(oldest)..=head.height {
            if let Some(hash) = self.chain.hash(height)? {
                rank = rank.min(self.chain.rank(Head { height, hash }));
            }
        }
        Ok(rank)
    }

    fn refresh_routes(&mut self, head: Head) -> Result<(), ChainError> {
        let now = self.now();
        let ids = self.chain.routes(head.hash)?;
        self.routes.retain(|id, _| ids.contains(id));
        for id in ids {
            let Some(state) = self.chain.route(head.hash, id)? else {
                continue;
            };
            match self.routes.get_mut(&id) {
                Some(entry) => entry.state = state,
                None => {
                    info!(target: LOG_TARGET, "Chain {:x} has a route to chain {id:x}", self.own.id);
                    let entry = Entry {
                        route: Route::new(now.saturating_add(PULL_INTERVAL_MS / 4)),
                        state,
                        certificates: BTreeMap::new(),
                        offers: 0,
                        sent: VecDeque::new(),
                        late: Vec::new(),
                        next_seek: 0,
                    };
                    self.routes.insert(id, entry);
                }
            }
        }
        let statuses = [
            ("open", RouteStatus::Open),
            ("suspended", RouteStatus::Suspended),
            ("frozen", RouteStatus::Frozen),
            ("expired", RouteStatus::Expired),
            ("reserve_empty", RouteStatus::ReserveEmpty),
        ];
        let count = |status| {
            let views = self.routes.values().map(|entry| entry.state.view.status);
            views.filter(|other| *other == status).count() as u64
        };
        let counts = statuses.map(|(name, status)| (name, count(status)));
        self.metrics.routes(&counts);
        Ok(())
    }

    fn on_block_of(&mut self, id: ChainId, head: Head, rank: u32) {
        let now = self.now();
        let Some(entry) = self.routes.get_mut(&id) else {
            return;
        };
        let standing = Standing::new(self.own, head.height, &entry.state.view);
        track(entry, &standing, &self.metrics, now);
        self.metrics
            .unsettled(&format!("{id:x}"), unsettled(&standing));
        let offer = entry.route.on_block(&standing, rank, now);
        let ready = entry
            .route
            .ready(Vec::new(), &entry.state.view, &entry.state.client);
        self.submit(id, ready);
        if offer {
            self.offer(id, standing);
        }
    }

    fn on_tick(&mut self) {
        self.on_block();
        let now = self.now();
        let look_closely = now >= self.next_look;
        if look_closely {
            self.next_look = now.saturating_add(1_000);
            self.count_peers();
        }
        let Some(head) = self.head else { return };
        let ids: Vec<_> = self.routes.keys().copied().collect();
        for id in ids {
            if look_closely {
                self.find_late(id, head);
            }
            let Some(entry) = self.routes.get_mut(&id) else {
                continue;
            };
            let steps_in = entry.route.steps_in(&entry.state.view, now);
            let standing = Standing::new(self.own, head.height, &entry.state.view);
            if now >= entry.next_seek {
                entry.next_seek = now.saturating_add(SEEK_INTERVAL_MS);
                let (host, chain) = (self.host.clone(), entry.state.view.chain);
                let addresses = addresses(&entry.state.view.entries);
                let seek = async move {
                    host.seek(chain, addresses).await;
                    Done::Other
                };
                self.jobs.push(seek.boxed());
            }
            if steps_in {
                self.offer(id, standing);
            }
            self.ask(id);
        }
    }

    fn count_peers(&mut self) {
        let chains = self.routes.values().map(|entry| entry.state.view.chain);
        let chains: Vec<_> = chains.chain([self.own]).collect();
        let (host, metrics) = (self.host.clone(), self.metrics.clone());
        let count = async move {
            metrics.connections(host.connections().await);
            for chain in chains {
                metrics.peers(&format!("{:x}", chain.id), host.peers(chain).await.len());
            }
            Done::Other
        };
        self.jobs.push(count.boxed());
    }

    /// Find the first packet of each lane whose time is over and whose value did not go back.
    fn find_late(&mut self, id: ChainId, head: Head) {
        let Some(entry) = self.routes.get(&id) else {
            return;
        };
        let now = wall_clock();
        let lanes = entry.state.view.lanes.iter();
        let waiting = lanes.filter(|lane| lane.outbound.unsettled() > 0);
        let late = waiting.filter_map(|lane| {
            let is_late = |view: &PacketView| {
                view.state == PacketState::Pending && is_expired(view.packet.timeout, now)
            };
            let sent = self.sent(id, head, lane.lane);
            let first = sent.into_iter().find(is_late)?;
            Some((lane.lane, first.nonce))
        });
        let late = late.collect();
        if let Some(entry) = self.routes.get_mut(&id) {
            entry.late = late;
        }
    }

    /// The own packets of a lane without a result; those that could be read.
    fn sent(&self, peer: ChainId, head: Head, lane: LaneId) -> Vec<PacketView> {
        let (mut found, mut from) = (Vec::new(), 0);
        loop {
            let page = self
                .chain
                .packets(head.hash, peer, lane, from, PACKETS_READ);
            let page = page.unwrap_or_default();
            let Some(last) = page.last() else {
                return found;
            };
            from = last.nonce.saturating_add(1);
            let is_last = (page.len() as u64) < u64::from(PACKETS_READ);
            found.extend(page);
            if is_last {
                return found;
            }
        }
    }

    /// Tell a node of the other chain that there is something for it.
    fn offer(&mut self, id: ChainId, standing: Standing) {
        let Some(entry) = self.routes.get_mut(&id).filter(|e| e.offers < MAX_OFFERS) else {
            return;
        };
        entry.offers = entry.offers.saturating_add(1);
        let (host, to, turn) = (self.host.clone(), entry.state.view.chain, self.turn);
        let offer = async move {
            let peers = host.peers(to).await;
            let mut outcome = "nobody";
            for peer in peers
                .iter()
                .cycle()
                .skip(turn % peers.len().max(1))
                .take(OFFER_TRIES)
            {
                let standing = standing.clone();
                let answer = ask(&host, *peer, Request::Offer { to, standing }).await;
                if answer == Ok(Response::Noted) {
                    outcome = "noted";
                    break;
                }
                outcome = "refused";
            }
            Done::Offered { peer: id, outcome }
        };
        self.jobs.push(offer.boxed());
    }

    /// Ask what the route wants to know, if anything.
    fn ask(&mut self, id: ChainId) {
        let now = self.now();
        let (Some(entry), Some(parameters)) = (self.routes.get_mut(&id), self.parameters) else {
            return;
        };
        let view = &entry.state.view;
        let Some(question) = entry.route.question(view, &entry.late, &parameters, now) else {
            return;
        };
        let (of, by) = (view.chain, self.own);
        let client = &entry.state.client.state;
        let known = Known {
            height: client.latest.height,
            hash: client.latest.hash,
            set_id: client.set_id,
        };
        self.turn = self.turn.wrapping_add(1);
        let (host, turn) = (self.host.clone(), self.turn);
        let (asked, wants) = match question {
            Question::Ask => (None, None),
            Question::Prove { of, wants } => (of, Some(wants)),
        };
        let request = match wants.clone() {
            None => Request::Ask { of, by },
            Some(wants) => Request::Prove {
                of,
                by,
                known,
                wants,
            },
        };
        let job = async move {
            let peer = match asked {
                Some(peer) => Some(peer),
                None => {
                    let peers = host.peers(of).await;
                    peers.get(turn % peers.len().max(1)).copied()
                }
            };
            let answer = match peer {
                Some(peer) => ask(&host, peer, request).await,
                None => Err(RequestError::Unreachable),
            };
            Done::Asked {
                peer: id,
                of: peer,
                wants,
                since: now,
                answer,
            }
        };
        self.jobs.push(job.boxed());
    }

    fn on_news(&mut self, inbound: Inbound) {
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

    fn on_forwarded(&mut self, from: PeerId, peer: ChainRef, submissions: Vec<Submission>) {
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
        self.compare_all(id, headers_of(&submissions));
        match checked {
            Ok(_) => self.claim_and_submit(id, submissions),
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

    /// A route, and what its light client knows.
    fn trust(&self, id: ChainId) -> Option<(&Entry, Trust<'_>)> {
        let entry = self.routes.get(&id)?;
        let trust = Trust {
            own: self.own,
            peer: entry.state.view.chain,
            client: &entry.state.client,
            now: wall_clock(),
            drift: self.parameters?.max_clock_drift,
        };
        Some((entry, trust))
    }

    fn on_done(&mut self, done: Done) {
        match done {
            Done::Asked {
                peer,
                of,
                wants,
                since,
                answer,
            } => self.on_answer(peer, of, wants, since, answer),
            Done::Offered { peer, outcome } => {
                self.metrics.offer(outcome);
                if let Some(entry) = self.routes.get_mut(&peer) {
                    entry.offers = entry.offers.saturating_sub(1);
                }
                if outcome != "noted" {
                    // Another one next time.
                    self.turn = self.turn.wrapping_add(1);
                }
            }
            Done::Other => {}
        }
    }

    fn on_answer(
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
            (Ok(Response::Contradiction(header)), Some(_), Some(of)) => {
                entry.route.on_failure(now);
                self.on_contradiction(id, of, *header);
                "contradiction"
            }
            (Ok(Response::Refused(Reason::Behind)), _, _) => {
                entry.route.on_retry(true, now);
                "behind"
            }
            (Ok(Response::Refused(reason)), _, _) => {
                debug!(target: LOG_TARGET, "Chain {id:x} refuses: {reason:?}");
                entry.route.on_failure(now);
                "refused"
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
    fn on_proven(
        &mut self,
        id: ChainId,
        from: PeerId,
        wants: &Wants,
        proven: Proven,
        since: u64,
    ) -> &'static str {
        let now = self.now();
        self.compare_all(id, proven.headers.clone().into_inner());
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

    fn tell(&mut self, peer: PeerId, offence: Option<Offence>) {
        let host = self.host.clone();
        let tell = async move {
            match offence {
                Some(offence) => host.report(peer, offence).await,
                None => host.praise(peer).await,
            }
            Done::Other
        };
        self.jobs.push(tell.boxed());
    }

    fn note_lie(&mut self, id: ChainId, from: PeerId, lie: &Untrue) {
        warn!(target: LOG_TARGET, "Node {from} lies about chain {id:x}: {lie}");
        self.metrics.lie(&format!("{id:x}"));
        self.tell(from, Some(Offence::Lie));
    }

    /// Compare headers with what was seen of the same heights, and keep those that a quorum signed.
    fn compare_all(&mut self, id: ChainId, headers: Vec<SignedHeader>) {
        for header in headers {
            self.compare(id, header);
        }
    }

    fn compare(&mut self, id: ChainId, header: SignedHeader) {
        let Some(entry) = self.routes.get_mut(&id) else {
            return;
        };
        let height = header.certificate.height;
        if let Some(seen) = entry.certificates.get(&height) {
            let found = contradiction(&entry.state.client, seen, &header, wall_clock());
            if let Some(misbehaviour) = found {
                error!(
                    target: LOG_TARGET,
                    "Chain {id:x} has contradicted itself at height {height}: it is reported"
                );
                let submissions = vec![Submission::Misbehaviour {
                    peer: id,
                    misbehaviour: Box::new(misbehaviour),
                }];
                self.hand_on(id, &submissions);
                self.submit(id, submissions);
            }
            return;
        }
        // What nobody verified may not stand in the way of what is true.
        let client = &entry.state.client;
        let context = hansa_pbft_primitives::SigningContext {
            genesis: client.state.genesis,
            set_id: client.set.id,
        };
        let is_certified = header.verify_with(
            &context,
            &client.set,
            hansa_pbft_primitives::statement::verify_signature,
        );
        if is_certified.is_ok() {
            entry.certificates.insert(height, header);
            while entry.certificates.len() > MAX_CERTIFICATES {
                entry.certificates.pop_first();
            }
        }
    }

    /// A node of the other chain has another header than the own light client knows.
    fn on_contradiction(&mut self, id: ChainId, from: PeerId, header: SignedHeader) {
        let height = header.certificate.height;
        let Some(entry) = self.routes.get(&id) else {
            return;
        };
        let client = &entry.state.client;
        let context = hansa_pbft_primitives::SigningContext {
            genesis: client.state.genesis,
            set_id: client.set.id,
        };
        let verify = hansa_pbft_primitives::statement::verify_signature;
        let is_certified = header.verify_with(&context, &client.set, verify).is_ok();
        let is_other = height == client.state.latest.height
            && header.certificate.hash != client.state.latest.hash;
        if !is_other || height < client.state.set_since || !is_certified {
            // An honest node cannot have another block; an old set's may be on a fork that is over.
            self.note_lie(id, from, &Untrue::Unasked);
            return;
        }
        error!(target: LOG_TARGET, "Chain {id:x} has two certified blocks at height {height}");
        self.compare(id, header);
    }

    fn claim_and_submit(&mut self, id: ChainId, submissions: Vec<Submission>) {
        let now = self.now();
        let Some(entry) = self.routes.get_mut(&id) else {
            return;
        };
        entry.route.claim_all(&submissions, now);
        let ready = entry
            .route
            .ready(submissions, &entry.state.view, &entry.state.client);
        self.submit(id, ready);
    }

    /// Put submissions into the own pool.
    fn submit(&mut self, id: ChainId, submissions: Vec<Submission>) {
        let now = self.now();
        for submission in submissions {
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
                        entry.route.on_refusal(now);
                    }
                }
            }
        }
    }

    /// Hand submissions on to the other nodes of the own chain.
    fn hand_on(&mut self, id: ChainId, submissions: &[Submission]) {
        let Some(entry) = self.routes.get(&id) else {
            return;
        };
        if submissions.is_empty() || submissions.len() > MAX_FORWARDED as usize {
            return;
        }
        let (host, chain, peer) = (self.host.clone(), self.own, entry.state.view.chain);
        let submissions = BoundedVec::truncate_from(submissions.to_vec());
        let job = async move {
            let peers = host.peers(chain).await;
            let requests = peers.into_iter().take(MAX_FORWARD_PEERS).map(|node| {
                let request = Request::Forward {
                    chain,
                    peer,
                    submissions: submissions.clone(),
                };
                ask(&host, node, request)
            });
            // Who does not take it gets the packet in the block.
            let _ = futures::future::join_all(requests).await;
            Done::Other
        };
        self.jobs.push(job.boxed());
    }
}

/// Ask a peer, for as long as a courier has patience.
async fn ask(host: &Handle, peer: PeerId, request: Request) -> Result<Response, RequestError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, host.request(peer, request)).await {
        Ok(answer) => answer,
        Err(_) => {
            host.report(peer, Offence::Stall).await;
            Err(RequestError::Timeout)
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

/// The addresses at which a route's nodes may be found, those that are addresses.
fn addresses(entries: &[Vec<u8>]) -> Vec<Multiaddr> {
    let texts = entries.iter().take(MAX_ADDRESSES);
    texts
        .filter_map(|text| std::str::from_utf8(text).ok()?.parse().ok())
        .collect()
}

fn unsettled(standing: &Standing) -> u64 {
    let lanes = standing.lanes.iter();
    lanes.fold(0, |sum, lane| {
        sum.saturating_add(lane.sent.saturating_sub(lane.settled))
    })
}

/// Note when packets were sent, and how long it took until they were settled.
fn track(entry: &mut Entry, standing: &Standing, metrics: &Metrics, now: u64) {
    entry.sent.retain(|(lane, nonce, since)| {
        let settled = standing.lane(*lane).settled > *nonce;
        if settled {
            metrics.settled(now.saturating_sub(*since));
        }
        !settled
    });
    for lane in &standing.lanes {
        let last = entry.sent.iter().rev().find(|(id, _, _)| *id == lane.lane);
        let newest = lane
            .sent
            .checked_sub(1)
            .filter(|nonce| *nonce >= lane.settled);
        // Of those that came in one block one is enough.
        if let Some(nonce) = newest.filter(|n| last.is_none_or(|(_, last, _)| last < n)) {
            if entry.sent.len() < MAX_TRACKED {
                entry.sent.push_back((lane.lane, nonce, now));
            }
        }
    }
}
