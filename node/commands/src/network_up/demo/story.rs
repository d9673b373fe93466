// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How each step of the demo is done.

use super::{
    report::{Account, DappReport, HubReport, ProcessReport, Progress, Rotation},
    spec::{DappPlan, DAPPS, EPOCH_MS, NEED},
    steps::{longest_pause, Change, Step},
    transfers,
    world::{until, Dapp, Service, Side, Why, World},
    Failure,
};
use crate::{
    built,
    network_up::{chain::Chain, UpError},
    transactions::calls::{self, Registration},
};
use hansa_dappchain_primitives::{ChainState, RuntimeSource};
use hansa_interchain_primitives::ChainId;
use hansa_pbft_primitives::PreDigest;
use hansa_primitives::{AccountId, Balance, BlockNumber, Hash};
use hansa_runtime_common::currency::UNIT;
use jsonrpsee::core::client::Error;
use sp_runtime::BoundedVec;
use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What deployers pay at most for a chain.
const MAX_STAKE: Balance = 10_000 * UNIT;

/// How long a DappChain may stand still while its nodes change.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How many blocks a DappChain makes after its set has changed, before that counts as done.
const BLOCKS_AFTER: BlockNumber = 3;

/// How often one looks for changes when all is done.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// When a DappChain was registered.
#[derive(Clone, Copy, Debug)]
struct Registered {
    epoch: u32,
    /// In milliseconds since 1970.
    at: u64,
}

/// Who decided, and where a chain was.
#[derive(Clone, Debug)]
struct Deciding {
    accounts: BTreeSet<AccountId>,
    set: u64,
    height: BlockNumber,
}

/// What has happened so far.
pub struct Story<'a> {
    hub: &'a Chain,
    world: World<'a>,
    hub_id: ChainId,
    dapps: Vec<Dapp>,
    registered: Vec<Registered>,
    /// Who decided first on the chain whose nodes go round.
    first: Option<Deciding>,
    /// What is told of it.
    pub account: Account,
}

impl<'a> Story<'a> {
    /// Nothing has happened yet.
    pub fn new(hub: &'a Chain, folder: &Path) -> Result<Self, UpError> {
        Ok(Self {
            hub,
            world: World::new(hub)?,
            hub_id: 0,
            dapps: Vec::new(),
            registered: Vec::new(),
            first: None,
            account: Account {
                folder: folder.to_owned(),
                ..Account::default()
            },
        })
    }

    /// Do a step. Returns what happened.
    pub async fn perform(&mut self, step: Step, why: &Why) -> Result<String, Failure> {
        match step {
            Step::Start => self.start(why).await,
            Step::Pool => self.pool(why).await,
            Step::Register => self.register(why).await,
            Step::Live => self.live(why).await,
            Step::Blocks => self.blocks(why).await,
            Step::Routes => self.routes(why).await,
            Step::Payments => self.payments(why).await,
            Step::Transfers => self.transfers(why).await,
            Step::Rotation => self.rotation(why).await,
            Step::Follow => self.follow(why).await,
        }
    }

    async fn start(&mut self, why: &Why) -> Result<String, Failure> {
        self.hub.wait_until_ready().await?;
        let world = &self.world;
        let (hub, state) = until(why, "the hub", || async {
            let hub = world.chain_ref(Side::Hub).await?;
            Ok(Ok((hub, world.consensus(Side::Hub).await?)))
        })
        .await;
        self.hub_id = hub.id;
        let (nodes, validators) = (self.hub.nodes.len(), state.set.len());
        Ok(format!(
            "{nodes} nodes run the hub, {validators} of them validators; an epoch is {} s",
            EPOCH_MS / 1_000
        ))
    }

    async fn pool(&mut self, why: &Why) -> Result<String, Failure> {
        let world = &self.world;
        until(why, "nodes in the pool", || async {
            let mut pooled = 0usize;
            for node in world.nodes {
                let Some(account) = node.identity.account() else {
                    continue;
                };
                pooled += usize::from(world.status(&account).await?.is_some());
            }
            let all = world.nodes.len();
            Ok(match pooled {
                pooled if pooled == all => Ok(()),
                _ => Err(format!("{pooled} of {all}")),
            })
        })
        .await;
        Ok(format!(
            "all {} nodes have joined the pool by themselves",
            world.nodes.len()
        ))
    }

    async fn register(&mut self, why: &Why) -> Result<String, Failure> {
        let code = built::dappchain_code().unwrap_or_default();
        let hash = sp_crypto_hashing::blake2_256(code).into();
        let mut told = Vec::new();
        for (number, plan) in DAPPS.iter().enumerate() {
            let (world, what) = (&self.world, format!("the registration of {}", plan.name));
            let read =
                || async { Ok(Ok((world.chain_id(plan.name).await?, world.epoch().await?))) };
            let (known, epoch) = until(why, &what, read).await;
            if known.is_some() {
                return Err(Failure::Wrong(format!(
                    "{} is registered already; --dir must name a new folder",
                    plan.name
                )));
            }
            // The code must be on the hub; the second deployer finds it there.
            let note = (number == 0).then(|| calls::note_preimage(code));
            let register = calls::register(&registration(plan, hash)?);
            let batch = calls::batch_all(note.into_iter().chain([register]).collect());
            self.registered.push(Registered {
                epoch: epoch.epoch,
                at: now_ms(),
            });
            let deployer = plan.deployer()?;
            world.submit(Side::Hub, &deployer, &batch, why).await?;
            let (id, stake) = until(why, &what, || async {
                let Some(id) = world.chain_id(plan.name).await? else {
                    return Ok(Err("not in a final block".into()));
                };
                let view = world.registered(id).await?;
                Ok(view.map(|view| (id, view.stake)).ok_or_else(String::new))
            })
            .await;
            told.push(format!(
                "{} is chain {id:x} for a stake of {} HANSA",
                plan.name,
                stake / UNIT
            ));
            let plan = plan.clone();
            self.dapps.push(Dapp { plan, id });
        }
        Ok(told.join(", "))
    }

    async fn live(&mut self, why: &Why) -> Result<String, Failure> {
        let world = &self.world;
        let mut founders = Vec::new();
        for dapp in &self.dapps {
            let what = format!("nodes for {}", dapp.plan.name);
            until(why, &what, || async {
                let Some(view) = world.registered(dapp.id).await? else {
                    return Ok(Err("the hub has given it up".into()));
                };
                Ok(match view.state {
                    ChainState::Live => Ok(()),
                    state => Err(format!("{state:?}, {} of {}", view.nodes, view.need)),
                })
            })
            .await;
            let members = until(why, &what, || async {
                Ok(Ok(world.members(dapp.id).await?))
            })
            .await;
            let names = world.names_of(members.iter().map(|member| &member.account));
            founders.push(format!("{}: {}", dapp.plan.name, names.join(", ")));
        }
        Ok(format!("both are live; {}", founders.join("; ")))
    }

    async fn blocks(&mut self, why: &Why) -> Result<String, Failure> {
        let mut told = Vec::new();
        for (index, (dapp, registered)) in self.dapps.iter().zip(&self.registered).enumerate() {
            let world = &self.world;
            let what = format!("blocks of {}", dapp.plan.name);
            let height = until(why, &what, || async {
                let services = world.services(dapp.id).await?;
                let deciding = services.iter().filter(|service| service.decides());
                let heights: Vec<_> = deciding.filter_map(|s| s.info.height).collect();
                let least = heights.iter().min().copied().unwrap_or(0);
                let all = heights.len() >= NEED as usize && least > 0;
                Ok(match all {
                    true => Ok(least),
                    false => Err(told_services(&services)),
                })
            })
            .await;
            let (at, genesis, first_block_in, (accounts, set)) = until(why, &what, || async {
                let client = world.client(Side::Dapp(dapp)).await?;
                let first = client.header_at(1).await?;
                let first = first.and_then(|header| PreDigest::find(&header.digest));
                let Some(first) = first else {
                    return Ok(Err("the first block".into()));
                };
                Ok(Ok((
                    first.timestamp_ms,
                    client.genesis().await?.unwrap_or_default(),
                    world.epoch().await?.epoch,
                    world.deciding(Side::Dapp(dapp)).await?,
                )))
            })
            .await;
            let seconds = at.saturating_sub(registered.at) as f64 / 1_000.0;
            told.push(format!(
                "{} {seconds:.1} s and {} epochs after its registration",
                dapp.plan.name,
                first_block_in.saturating_sub(registered.epoch)
            ));
            self.account.chains.push(DappReport {
                name: dapp.plan.name.into(),
                chain_id: format!("{:x}", dapp.id),
                genesis: format!("{genesis:?}"),
                founders: world.names_of(&accounts),
                registered_in: registered.epoch,
                first_block_in,
                seconds_to_first_block: seconds,
                height,
                rpc: Vec::new(),
            });
            if index == 0 {
                self.first = Some(Deciding {
                    accounts,
                    set,
                    height,
                });
            }
        }
        Ok(format!("both finalise blocks: {}", told.join(", ")))
    }

    async fn routes(&mut self, why: &Why) -> Result<String, Failure> {
        transfers::open_routes(&self.world, &self.dapps, self.hub_id, why).await?;
        Ok("each chain has a route to each other one, and a reserve with it".into())
    }

    async fn payments(&mut self, why: &Why) -> Result<String, Failure> {
        let sides: Vec<_> = sides(&self.dapps).collect();
        let mut told = Vec::new();
        for side in sides {
            let paid = transfers::pay(&self.world, side, side, 0, why).await?;
            told.push(format!("{} {:.1} s", paid.from, paid.seconds));
            self.account.transfers.push(paid);
        }
        Ok(format!("payments are final: {}", told.join(", ")))
    }

    async fn transfers(&mut self, why: &Why) -> Result<String, Failure> {
        let sides: Vec<_> = sides(&self.dapps).collect();
        let mut told = Vec::new();
        for from in &sides {
            for to in sides.iter().filter(|to| to.name() != from.name()) {
                let paid = transfers::pay(&self.world, *from, *to, 0, why).await?;
                told.push(format!(
                    "{} to {} {:.1} s",
                    paid.from, paid.to, paid.seconds
                ));
                self.account.transfers.push(paid);
            }
        }
        Ok(format!("transfers have arrived: {}", told.join(", ")))
    }

    async fn rotation(&mut self, why: &Why) -> Result<String, Failure> {
        let (Some(dapp), Some(first)) = (self.dapps.first(), &self.first) else {
            return Err(Failure::Wrong("there is no DappChain".into()));
        };
        let (world, side, name) = (&self.world, Side::Dapp(dapp), dapp.plan.name);
        let (change, set) = until(why, &format!("another set of {name}"), || async {
            let (accounts, set) = world.deciding(side).await?;
            let change = Change::between(&first.accounts, &accounts);
            Ok(match change.is_rotation() {
                true => Ok((change, set)),
                false => Err(told_members(world, dapp.id).await?),
            })
        })
        .await;
        let (_, changed) = until(why, name, || async { Ok(Ok(world.head(side).await?)) }).await;
        let height = until(why, &format!("blocks of the new set of {name}"), || async {
            let (_, head) = world.head(side).await?;
            let enough = head.number >= changed.number.saturating_add(BLOCKS_AFTER);
            Ok(enough
                .then_some(head.number)
                .ok_or_else(|| format!("{}", head.number)))
        })
        .await;
        wait_until_stopped(world, dapp, &change, why).await;
        let read = || async { Ok(Ok(world.times(side, first.height, height).await?)) };
        let times = until(why, "the times of blocks", read).await;
        let pause = longest_pause(&times).map_or(0, |(_, pause)| pause);
        let rotation = Rotation {
            chain: name.into(),
            sets: (first.set, set),
            left: world.names_of(&change.left),
            arrived: world.names_of(&change.arrived),
            heights: (first.height, height),
            longest_pause_ms: pause,
            hub_knows_set: None,
            peer_knows_set: None,
            stopped: true,
        };
        let told = format!(
            "{} left {name}, {} arrived (set {} to {set}); blocks {} to {height} with no pause above {:.1} s",
            rotation.left.join(" and "),
            rotation.arrived.join(" and "),
            first.set,
            first.height,
            pause as f64 / 1_000.0
        );
        self.account.rotation = Some(rotation);
        if Duration::from_millis(pause) > LONGEST_PAUSE {
            return Err(Failure::Wrong(format!(
                "{told}, which is more than {} s",
                LONGEST_PAUSE.as_secs()
            )));
        }
        Ok(told)
    }

    async fn follow(&mut self, why: &Why) -> Result<String, Failure> {
        let (Some(rotation), [first, other, ..]) = (&mut self.account.rotation, &self.dapps[..])
        else {
            return Err(Failure::Wrong("there are no two DappChains".into()));
        };
        let (world, set) = (&self.world, rotation.sets.1);
        let (from, to) = (Side::Dapp(first), Side::Dapp(other));
        let paid = transfers::pay(world, from, to, 1, why).await?;
        let what = format!("{} to know set {set} of {}", to.name(), from.name());
        let peer = until(why, &what, || async {
            let client = world.light_client(to, first.id).await?;
            let known = client.map_or(0, |client| client.state.set_id);
            Ok((known >= set)
                .then_some(known)
                .ok_or_else(|| known.to_string()))
        })
        .await;
        let what = format!("the hub to know set {set} of {}", from.name());
        let hub = until(why, &what, || async {
            let sets = world.sets(first.id).await?;
            let known = sets.and_then(|sets| sets.set_id).unwrap_or(0);
            Ok((known >= set)
                .then_some(known)
                .ok_or_else(|| known.to_string()))
        })
        .await;
        rotation.peer_knows_set = Some(peer);
        rotation.hub_knows_set = Some(hub);
        let told = format!(
            "the hub knows set {hub} of {}, {} knows set {peer}; a transfer by the new set took {:.1} s",
            from.name(),
            to.name(),
            paid.seconds
        );
        self.account.transfers.push(paid);
        Ok(told)
    }

    /// Note how all is in the end, as far as nodes answer.
    pub async fn look_around(&mut self) {
        if let Ok(Some((chain, accounts))) = self.hub.report().await {
            self.account.hub = Some(HubReport {
                chain_id: format!("{:x}", self.hub_id),
                genesis: chain.genesis,
                epoch_ms: EPOCH_MS,
                nodes: chain.nodes,
                accounts,
            });
        }
        let mut running = vec![0usize; self.world.nodes.len()];
        for (dapp, report) in self.dapps.iter().zip(&mut self.account.chains) {
            let services = self.world.services(dapp.id).await.unwrap_or_default();
            let deciding = services.iter().filter(|service| service.decides());
            report.rpc = deciding.map(|service| service.url("ws")).collect();
            let heights = services.iter().filter_map(|service| service.info.height);
            report.height = heights.max().unwrap_or(report.height);
            for (count, node) in running.iter_mut().zip(self.world.nodes) {
                let has = services.iter().any(|service| {
                    service.node.name == node.name && service.info.state == "running"
                });
                *count += usize::from(has);
            }
        }
        let nodes = self.world.nodes.iter().zip(&self.hub.ids).zip(running);
        self.account.processes = nodes
            .map(|((node, pid), dappchains)| ProcessReport {
                name: node.name.clone(),
                dappchains,
                rss_mib: super::report::rss_mib(*pid),
                cpu_seconds: super::report::cpu_seconds(*pid),
            })
            .collect();
    }

    /// Show each change of a DappChain's set, for ever.
    pub async fn watch(&mut self, progress: &mut Progress) {
        let mut known: Vec<Option<(BTreeSet<AccountId>, u64)>> = vec![None; DAPPS.len()];
        loop {
            for (plan, known) in DAPPS.iter().zip(&mut known) {
                // Whoever does not answer is asked again.
                if let Ok(Some(line)) = self.changed(plan.name, known).await {
                    progress.line(&line);
                }
            }
            tokio::time::sleep(WATCH_INTERVAL).await;
        }
    }

    async fn changed(
        &self,
        name: &'static str,
        known: &mut Option<(BTreeSet<AccountId>, u64)>,
    ) -> Result<Option<String>, Error> {
        let Some(plan) = DAPPS.iter().find(|plan| plan.name == name) else {
            return Ok(None);
        };
        let Some(id) = self.world.chain_id(name).await? else {
            return Ok(None);
        };
        let dapp = Dapp {
            plan: plan.clone(),
            id,
        };
        let now = self.world.deciding(Side::Dapp(&dapp)).await?;
        let before = known.replace(now.clone());
        let Some((before, _)) = before.filter(|(before, _)| *before != now.0) else {
            return Ok(None);
        };
        let change = Change::between(&before, &now.0);
        let services = self.world.services(id).await?;
        let rpc: Vec<_> = services
            .iter()
            .filter(|service| service.decides())
            .map(|service| service.url("ws"))
            .collect();
        Ok(Some(format!(
            "{name}: set {}; left: {}; arrived: {}; rpc {}",
            now.1,
            or_nobody(self.world.names_of(&change.left)),
            or_nobody(self.world.names_of(&change.arrived)),
            rpc.join(" ")
        )))
    }
}

/// Wait until the processes of those who left a chain, and have not come back, have stopped it.
async fn wait_until_stopped(world: &World<'_>, dapp: &Dapp, change: &Change, why: &Why) {
    let what = format!(
        "the processes of those who left {} to stop it",
        dapp.plan.name
    );
    until(why, &what, || async {
        let members = world.members(dapp.id).await?;
        let is_gone = |account: &AccountId| {
            let back = members.iter().any(|member| member.account == *account);
            change.left.contains(account) && !back
        };
        let services = world.services(dapp.id).await?;
        let running = services.iter().filter(|service| {
            let account = service.node.identity.account();
            service.info.state == "running" && account.is_some_and(|account| is_gone(&account))
        });
        Ok(match running.count() {
            0 => Ok(()),
            count => Err(format!("{count} still run it")),
        })
    })
    .await;
}

/// What is registered of a chain.
fn registration(plan: &DappPlan, code: Hash) -> Result<Registration, Failure> {
    let too_long = |_| Failure::Wrong(format!("the spec of {} is too long", plan.name));
    let (patch, properties) = (plan.patch()?, plan.properties());
    Ok(Registration {
        name: BoundedVec::try_from(plan.name.as_bytes().to_vec()).map_err(too_long)?,
        nodes: NEED,
        runtime: RuntimeSource::Stored(code),
        patch: BoundedVec::try_from(patch.into_bytes()).map_err(too_long)?,
        properties: BoundedVec::try_from(properties.into_bytes()).map_err(too_long)?,
        term: Some(plan.term),
        max_stake: MAX_STAKE,
    })
}

/// The hub and the DappChains.
fn sides(dapps: &[Dapp]) -> impl Iterator<Item = Side<'_>> {
    std::iter::once(Side::Hub).chain(dapps.iter().map(Side::Dapp))
}

fn or_nobody(names: Vec<String>) -> String {
    match names.is_empty() {
        true => "nobody".into(),
        false => names.join(", "),
    }
}

fn told_services(services: &[Service<'_>]) -> String {
    let told = services.iter().map(|service| {
        let info = &service.info;
        let error = info.error.as_deref().unwrap_or_default();
        let height = info.height.unwrap_or(0);
        format!("{} {} {height} {error}", service.node.name, info.state)
    });
    told.collect::<Vec<_>>().join(", ")
}

async fn told_members(world: &World<'_>, id: ChainId) -> Result<String, Error> {
    let members = world.members(id).await?;
    let told = members
        .iter()
        .map(|member| format!("{} {:?}", world.name_of(&member.account), member.phase));
    let told: Vec<_> = told.collect();
    let sets = world.sets(id).await?;
    let sets = sets.map_or_else(String::new, |sets| {
        format!(
            "; the hub ordered set {}, in force is {}",
            sets.latest, sets.in_force
        )
    });
    Ok(format!("{}{sets}", told.join(", ")))
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
