// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Carries packets for one chain of this node: brings together the chain, its routes and the network.
//!
//! What to do is decided in [`route`](crate::route) and [`verify`](crate::verify). Here is what that takes:
//! reading the chain at each final block, asking peers, putting what is verified into the own pool,
//! and handing it on to the other nodes of the chain, as the next block's author may be any of them.
//! One task a chain; questions are on their way beside it, few for each route.

mod answers;
mod contradictions;
mod questions;
mod recoveries;

use crate::{
    chain::{Chain, ChainError, Head, RouteState},
    host::{Handle, Inbound, Multiaddr, PeerId, RequestError},
    limits::{
        MAX_ADDRESSES, MAX_BLOCKS_BEHIND, MAX_TRACKED, PULL_INTERVAL_MS, SEEK_INTERVAL_MS, TICK,
    },
    message::{Response, Standing, Wants},
    metrics::Metrics,
    route::Route,
    verify::Trust,
    witness::Witness,
    LOG_TARGET,
};
use futures::{future::BoxFuture, stream::FuturesUnordered, FutureExt, StreamExt};
use futures_timer::Delay;
use hansa_interchain_primitives::{
    api::{PacketState, PacketView, Parameters, RouteStatus},
    lane::is_expired,
    packet::ChainRef,
    ChainId, Height, LaneId, Moment, Nonce, PastSet,
};
use hansa_pbft_primitives::SetId;
use log::{info, warn};
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
    /// Certificates of the other chain that were seen.
    witness: Witness,
    /// The set of the other chain that was kept last.
    kept: Option<SetId>,
    /// The other chain's past sets, and which set decided when they were read.
    past: Option<(SetId, Vec<PastSet>)>,
    /// Offers that are on their way.
    offers: usize,
    /// When own packets were sent that are not settled, for the metrics.
    sent: VecDeque<(LaneId, Nonce, u64)>,
    /// The first own packet of each lane whose time is over.
    late: Vec<(LaneId, Nonce)>,
    next_seek: u64,
    /// The set that decided, as far as was known, when a node of the other chain said that a record of the hub replaced it.
    recovered: Option<SetId>,
    /// Until when headers may be on their way that such a node showed, and that lead to the block above which the record stands.
    led_on_until: u64,
    /// When the hub may be asked for that record.
    next_recovery: u64,
    /// The set of which it was said that no record of use replaces it.
    complained: Option<SetId>,
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
    Checked {
        peer: ChainId,
        of: Option<PeerId>,
        answer: Result<Response, RequestError>,
    },
    Offered {
        peer: ChainId,
        outcome: &'static str,
    },
    /// A hub was asked for records.
    Records {
        hub: ChainId,
        of: Option<PeerId>,
        wants: Wants,
        answer: Result<Response, RequestError>,
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
    /// A hub is being asked for records.
    asks_hub: bool,
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
            asks_hub: false,
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
        // Not tokio's: they panic if they are polled while the node ends, as one that is busy then is.
        let mut tick = Delay::new(TICK);
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
                () = &mut tick => {
                    tick.reset(TICK);
                    self.on_tick();
                }
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
                        witness: Witness::default(),
                        kept: None,
                        past: None,
                        offers: 0,
                        sent: VecDeque::new(),
                        late: Vec::new(),
                        next_seek: 0,
                        recovered: None,
                        led_on_until: 0,
                        next_recovery: 0,
                        complained: None,
                    };
                    self.routes.insert(id, entry);
                }
            }
            self.keep_deciding_set(id);
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

    /// Keep the set that decides in the other chain, if it is another one than before.
    fn keep_deciding_set(&mut self, id: ChainId) {
        let Some(entry) = self.routes.get_mut(&id) else {
            return;
        };
        let set = &entry.state.client.set;
        if entry.kept != Some(set.id) {
            entry.kept = Some(set.id);
            let (peer, set) = (entry.state.view.chain, set.clone());
            self.keep_set(&peer, &set);
        }
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
        entry.route.on_state(&entry.state.view, &entry.state.client);
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
            self.check_doubt(id);
            self.ask(id);
        }
        self.seek_records();
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
            Done::Checked { peer, of, answer } => self.on_checked(peer, of, &answer),
            Done::Records {
                hub,
                of,
                wants,
                answer,
            } => self.on_records(hub, of, &wants, answer),
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
