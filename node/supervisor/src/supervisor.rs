// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The loop: the hub's final blocks, and what becomes of services.

use crate::{
    duties::{Duties, DutyError},
    hub::{membership, Hub},
    launcher::{Ended, GenesisError, Launcher, Service},
    plan::{Action, Plan, UnixTime},
    status::{Metrics, SharedStatus},
    store::{Store, StoreError},
    witness::Witness,
    LOG_TARGET,
};
use futures::{
    future::{join_all, BoxFuture, FutureExt},
    stream::{FuturesUnordered, StreamExt},
};
use futures_timer::Delay;
use hansa_allocation_primitives::{BeaconId, MemberPhase, Seconds};
use hansa_beacon_primitives::KEY_TYPE;
use hansa_dappchain_primitives::{
    api::{ChainView, GenesisRecord},
    ChainId, ChainState,
};
use hansa_primitives::{AccountId, BlockNumber, Hash};
use log::{debug, error, info, warn};
use sp_blockchain::Error as ChainError;
use sp_keystore::KeystorePtr;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

mod order;
mod report;
mod standstill;

/// How often services are looked at, whether or not the hub makes blocks.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long the end of the process waits for services that are being started.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Something has come of what was begun.
enum Event<S> {
    Built {
        chain: ChainId,
        attempt: u16,
        result: Result<Hash, GenesisError>,
    },
    Started {
        chain: ChainId,
        result: Result<(S, Ended), String>,
    },
    /// A service has ended by itself.
    Ended {
        chain: ChainId,
        run: u64,
        why: String,
    },
    /// A service was stopped; `failed` if it had ended by itself.
    Stopped {
        chain: ChainId,
        failed: Option<String>,
        result: Result<(), String>,
    },
    Forgotten {
        chain: ChainId,
        result: Result<(), String>,
    },
}

/// A service that runs, and which of the chain's runs this is.
struct Running<S> {
    service: S,
    run: u64,
    /// The hash of the record that it was handed, by which its chain goes on.
    recovery: Option<Hash>,
}

/// What the hub says of a chain of which this node is a member.
struct Membership {
    view: ChainView<AccountId>,
    nodes: Vec<Place>,
}

/// What this node is to the chain, by one of its keys.
struct Place {
    account: AccountId,
    key: BeaconId,
    phase: MemberPhase,
    since: Seconds,
}

/// What a supervisor is told beside what it works with.
pub struct Settings {
    /// How many seconds after the hub released the node a chain is removed.
    pub keep_left: u64,
    /// Where operators look.
    pub status: SharedStatus,
    /// Where to count.
    pub metrics: Metrics,
}

/// Runs the services of DappChains as the hub says.
pub struct Supervisor<H, L: Launcher> {
    hub: H,
    launcher: Arc<L>,
    keystore: KeystorePtr,
    plan: Plan,
    store: Store,
    duties: Duties,
    witness: Witness,
    services: BTreeMap<ChainId, Running<L::Service>>,
    /// What the hub said last.
    members: BTreeMap<ChainId, Membership>,
    events: FuturesUnordered<BoxFuture<'static, Event<L::Service>>>,
    errors: BTreeMap<ChainId, String>,
    /// What was complained of last, so that the log has it once and not at each block.
    complaint: Option<String>,
    runs: u64,
    /// How many services are being started.
    starting: usize,
    status: SharedStatus,
    metrics: Metrics,
    clock: Box<dyn Fn() -> UnixTime + Send>,
}

impl<H: Hub, L: Launcher> Supervisor<H, L> {
    /// A supervisor of what `store` has, of the node whose keys are in `keystore`.
    pub fn new(
        hub: H,
        launcher: L,
        keystore: KeystorePtr,
        store: Store,
        settings: Settings,
        clock: impl Fn() -> UnixTime + Send + 'static,
    ) -> Self {
        let stored = store
            .chains()
            .iter()
            .map(|(id, chain)| (*id, chain.left_at));
        let Settings {
            keep_left,
            status,
            metrics,
        } = settings;
        let plan = Plan::new(keep_left, stored);
        Self {
            hub,
            launcher: Arc::new(launcher),
            duties: Duties::new(keystore.clone()),
            witness: Witness::default(),
            keystore,
            plan,
            store,
            services: BTreeMap::new(),
            members: BTreeMap::new(),
            events: FuturesUnordered::new(),
            errors: BTreeMap::new(),
            complaint: None,
            runs: 0,
            starting: 0,
            status,
            metrics,
            clock: Box::new(clock),
        }
    }

    /// Run until `stop`, or until `head`, the number of the hub's last final block, can change no more. Then all
    /// services are stopped. While `is_syncing` what the hub says is long past: services go on as they were.
    ///
    /// Blocks the thread for the hub's runtime: to be run where that is allowed.
    pub async fn run(
        mut self,
        mut head: watch::Receiver<BlockNumber>,
        is_syncing: impl Fn() -> bool,
        stop: impl Future<Output = ()>,
    ) {
        let mut stop = std::pin::pin!(stop.fuse());
        head.mark_changed();
        loop {
            self.act();
            tokio::select! {
                changed = head.changed() => match changed {
                    Ok(()) => {
                        head.borrow_and_update();
                        if !is_syncing() {
                            self.on_final();
                        }
                    }
                    Err(_) => break,
                },
                Some(event) = self.events.next() => self.on_event(event),
                () = Delay::new(LOOK_INTERVAL) => {}
                () = &mut stop => break,
            }
        }
        self.stop_all().await;
    }

    /// A block of the hub is final.
    pub(crate) fn on_final(&mut self) {
        let at = self.hub.head();
        match self.look(at) {
            Ok(members) => {
                self.complaint = None;
                self.members = members;
            }
            Err(error) => {
                // What was wanted still is: the services go on.
                self.complain(format!(
                    "cannot ask the hub which chains are to run: {error}"
                ));
                return;
            }
        }
        let runs = |membership: &Membership| membership.view.state.is_running();
        let wanted: BTreeSet<_> = self
            .members
            .iter()
            .filter(|(_, membership)| runs(membership))
            .map(|(chain, _)| *chain)
            .collect();
        self.plan.want(&wanted, (self.clock)());
        self.store_left();
        let members = &self.members;
        self.duties.on_final(|chain| members.contains_key(&chain));
        self.hand_over_records();
        self.do_duties(at);
        self.bear_witness(at);
    }

    /// Tell the hub of offences on chains.
    fn bear_witness(&mut self, at: Hash) {
        for (chain, running) in &mut self.services {
            for accusation in running.service.accusations() {
                self.witness.saw(*chain, accusation);
            }
        }
        if let Err(error) = self.witness.on_final(&self.hub, at) {
            self.complain(format!("cannot tell the hub of an offence: {error}"));
        }
    }

    /// The chains of which a key of this node is a member.
    fn look(&self, at: Hash) -> Result<BTreeMap<ChainId, Membership>, ChainError> {
        let mut members = BTreeMap::<ChainId, Membership>::new();
        let keys = self.keystore.sr25519_public_keys(KEY_TYPE);
        if keys.is_empty() || !self.hub.is_hub(at)? {
            return Ok(members);
        }
        for key in keys {
            let key = BeaconId::from(key);
            let Some(status) = self.hub.node(at, &key)? else {
                continue;
            };
            let Some((chain, phase, since)) = membership(&status) else {
                continue;
            };
            let place = Place {
                account: status.account,
                key,
                phase,
                since,
            };
            if let Some(known) = members.get_mut(&chain) {
                known.nodes.push(place);
            } else if let Some(view) = self.hub.chain(at, chain)? {
                let nodes = vec![place];
                members.insert(chain, Membership { view, nodes });
            }
        }
        Ok(members)
    }

    /// Say to the hub what members owe it.
    fn do_duties(&mut self, at: Hash) {
        let members = std::mem::take(&mut self.members);
        for (chain, membership) in &members {
            let result = match membership.view.state {
                ChainState::Forming => self.found(at, *chain),
                state if state.is_running() => {
                    let answered = self.answer_roll(at, *chain, membership);
                    self.get_ready(at, *chain, membership).and(answered)
                }
                _ => Ok(()),
            };
            if let Err(error) = result {
                self.complain(format!(
                    "cannot tell the hub of DappChain {chain:x}: {error}"
                ));
            }
        }
        self.members = members;
    }

    fn found(&mut self, at: Hash, chain: ChainId) -> Result<(), DutyError> {
        let Some(record) = self.hub.genesis_record(at, chain)? else {
            return Ok(());
        };
        if self.duties.is_to_build(&record) {
            self.build(record.clone());
        }
        self.duties.confirm_genesis(&self.hub, at, &record)
    }

    fn build(&mut self, record: GenesisRecord<AccountId>) {
        let (chain, attempt) = (record.chain, record.attempt);
        let built = self.launcher.genesis(record);
        self.events.push(
            built
                .map(move |result| Event::Built {
                    chain,
                    attempt,
                    result,
                })
                .boxed(),
        );
    }

    fn get_ready(
        &mut self,
        at: Hash,
        chain: ChainId,
        membership: &Membership,
    ) -> Result<(), DutyError> {
        let joining = |place: &&Place| place.phase == MemberPhase::Joining;
        if !membership.nodes.iter().any(|place| joining(&place)) {
            return Ok(());
        }
        let Some(head) = self.ready_head(at, chain)? else {
            return Ok(());
        };
        for place in membership.nodes.iter().filter(joining) {
            let node = (&place.account, &place.key);
            self.duties
                .confirm_ready(&self.hub, at, chain, node, place.since, head)?;
        }
        Ok(())
    }

    /// Do what is due.
    pub(crate) fn act(&mut self) {
        let now = (self.clock)();
        let needed: BTreeSet<_> = self
            .plan
            .chains()
            .filter_map(|(chain, left_at)| {
                let service = &self.services.get(&chain)?.service;
                left_at.is_some().then_some(())?;
                (service.health().in_set && !self.is_over(chain)).then_some(chain)
            })
            .collect();
        for action in self.plan.due(now, |chain| needed.contains(&chain)) {
            match action {
                Action::Start(chain) => self.start(chain),
                Action::Stop(chain) => {
                    info!(target: LOG_TARGET, "⛓ Stops DappChain {chain:x}: the hub has released this node");
                    self.stop(chain, None);
                }
                Action::Forget(chain) => self.forget(chain),
            }
        }
        self.tell();
    }

    /// Whether a chain has ended: it hands over to nobody any more.
    fn is_over(&self, chain: ChainId) -> bool {
        match self.hub.chain(self.hub.head(), chain) {
            Ok(view) => !view.is_some_and(|view| view.state.is_running()),
            // It may go on.
            Err(_) => false,
        }
    }

    fn start(&mut self, chain: ChainId) {
        self.starting = self.starting.saturating_add(1);
        let starting = match self.order(chain) {
            Ok(order) => {
                info!(
                    target: LOG_TARGET,
                    "⛓ Starts DappChain {chain:x} ({:?}): peers at port {}, RPC at {}",
                    order.genesis, order.ports.p2p, order.ports.rpc
                );
                self.launcher.start(order)
            }
            Err(error) => std::future::ready(Err(error)).boxed(),
        };
        self.events.push(
            starting
                .map(move |result| Event::Started { chain, result })
                .boxed(),
        );
    }

    fn stop(&mut self, chain: ChainId, failed: Option<String>) {
        let Some(running) = self.services.remove(&chain) else {
            return;
        };
        let stopped = running.service.stop();
        self.events.push(
            stopped
                .map(move |result| Event::Stopped {
                    chain,
                    failed,
                    result,
                })
                .boxed(),
        );
    }

    fn forget(&mut self, chain: ChainId) {
        let Some(stored) = self.store.get(chain) else {
            return;
        };
        info!(target: LOG_TARGET, "⛓ Removes what is left of DappChain {chain:x} ({})", stored.name);
        let forgotten = self.launcher.forget(chain, stored.genesis);
        self.events.push(
            forgotten
                .map(move |result| Event::Forgotten { chain, result })
                .boxed(),
        );
    }

    fn on_event(&mut self, event: Event<L::Service>) {
        match event {
            Event::Built {
                chain,
                attempt,
                result,
            } => {
                self.duties.built(chain, attempt, result);
                self.do_duties(self.hub.head());
            }
            Event::Started { chain, result } => self.on_started(chain, result),
            Event::Ended { chain, run, why } => {
                let is_this = |running: &Running<_>| running.run == run;
                if self.services.get(&chain).is_some_and(is_this) {
                    // Its parts that are left must go before it can be started again.
                    self.stop(chain, Some(why));
                }
            }
            Event::Stopped {
                chain,
                failed,
                result,
            } => match failed.or(result.err()) {
                Some(why) => self.on_failed(chain, why),
                None => {
                    self.errors.remove(&chain);
                    self.plan.stopped(chain, (self.clock)());
                }
            },
            Event::Forgotten { chain, result } => self.on_forgotten(chain, result),
        }
    }

    fn on_started(&mut self, chain: ChainId, result: Result<(L::Service, Ended), String>) {
        self.starting = self.starting.saturating_sub(1);
        match result {
            Ok((service, ended)) => {
                self.runs = self.runs.saturating_add(1);
                let run = self.runs;
                let running = Running {
                    service,
                    run,
                    recovery: None,
                };
                self.services.insert(chain, running);
                self.plan.started(chain, (self.clock)());
                self.metrics.started();
                self.errors.remove(&chain);
                self.events.push(
                    ended
                        .map(move |why| Event::Ended { chain, run, why })
                        .boxed(),
                );
                // It may have to sync beyond one.
                if let Err(error) = self.hand_over_record(chain) {
                    self.complain(format!(
                        "cannot ask the hub of DappChain {chain:x}: {error}"
                    ));
                }
            }
            Err(why) => self.on_failed(chain, why),
        }
    }

    fn on_failed(&mut self, chain: ChainId, why: String) {
        self.metrics.failed();
        let delay = self.plan.failed(chain, (self.clock)());
        error!(
            target: LOG_TARGET,
            "⛓ DappChain {chain:x} does not run: {why}. It is tried again in {delay} s; the other chains go on"
        );
        self.errors.insert(chain, why);
    }

    fn on_forgotten(&mut self, chain: ChainId, result: Result<(), String>) {
        self.errors.remove(&chain);
        match result {
            Ok(()) => self.keep(|store| store.remove(chain)),
            Err(error) => {
                warn!(
                    target: LOG_TARGET,
                    "⛓ What is left of DappChain {chain:x} stays until the node starts again: {error}"
                );
            }
        }
        self.plan.forgotten(chain, (self.clock)());
    }

    /// Take what has come of what was begun, as far as it has.
    #[cfg(test)]
    pub(crate) fn take_events(&mut self) {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            self.on_event(event);
        }
    }

    /// Stop all services, also those that are being started, so that their databases are closed.
    async fn stop_all(&mut self) {
        let mut limit = Delay::new(STOP_LIMIT);
        while self.starting > 0 {
            tokio::select! {
                Some(event) = self.events.next() => self.on_event(event),
                () = &mut limit => break,
            }
        }
        let services = std::mem::take(&mut self.services);
        let stops = services.into_iter().map(|(chain, running)| {
            running.service.stop().map(move |result| {
                if let Err(error) = result {
                    warn!(target: LOG_TARGET, "⛓ DappChain {chain:x} does not stop well: {error}");
                }
            })
        });
        join_all(stops).await;
    }

    fn store_left(&mut self) {
        let left: Vec<_> = self.plan.chains().collect();
        self.keep(|store| store.set_left(left.into_iter()));
    }

    fn keep(&mut self, write: impl FnOnce(&mut Store) -> Result<(), StoreError>) {
        if let Err(error) = write(&mut self.store) {
            self.complain(error.to_string());
        }
    }

    /// Warn, once of the same thing: it is tried again.
    fn complain(&mut self, complaint: String) {
        if self.complaint.as_ref() == Some(&complaint) {
            debug!(target: LOG_TARGET, "{complaint}");
        } else {
            warn!(target: LOG_TARGET, "⛓ {complaint}");
            self.complaint = Some(complaint);
        }
    }
}
