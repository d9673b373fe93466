// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The supervisor over a hub and services that do as the test says.

mod services;
mod standstill;

use crate::{
    duties::{BUILD_AGAIN_AFTER, SUBMIT_AGAIN_AFTER},
    hub::Hub,
    launcher::{Ended, GenesisError, Health, Launcher, Order, Recorded, Service},
    plan::{FIRST_RETRY, HAND_OVER_LIMIT},
    status::{Doing, Metrics, SharedStatus},
    store::{Ports, Store},
    witness::Accusation,
    Settings, Supervisor,
};
use futures::{channel::oneshot, future::BoxFuture, FutureExt};
use hansa_allocation_primitives::{
    api::{NodePlace, NodeStatus, OwedAnswer},
    confirm::{answer_payload, confirm_payload as ready_payload},
    BeaconId, BeaconSignature, Head, MemberPhase, Seconds, Term,
};
use hansa_beacon_primitives::KEY_TYPE as BEACON_KEY;
use hansa_dappchain_primitives::{
    api::{ChainView, GenesisRecord},
    genesis::confirm_payload as genesis_payload,
    ChainId, ChainState, Founder, FounderKeys, HubCheckpoint, RuntimeSource, SetOrdinal,
};
use hansa_pbft_primitives::{AuthorityId, AuthoritySignature, SetId, KEY_TYPE as PBFT_KEY};
use hansa_primitives::{AccountId, Hash};
use sp_application_crypto::RuntimeAppPublic;
use sp_blockchain::Error;
use sp_keystore::{testing::MemoryKeystore, Keystore, KeystorePtr};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};
use tempfile::TempDir;

const HUB: Hash = Hash::repeat_byte(0x44);
const GENESIS: Hash = Hash::repeat_byte(0x55);
const KEEP: u64 = 10 * HAND_OVER_LIMIT;
const GAME: ChainId = 1;
const SHOP: ChainId = 2;

fn me() -> AccountId {
    AccountId::new([7; 32])
}

/// What is known and done of one chain.
#[derive(Default)]
struct Chain {
    state: Option<ChainState>,
    phase: Option<MemberPhase>,
    // Of the service.
    starts: Vec<Order>,
    /// How the next starts fail.
    fails: Option<String>,
    open: bool,
    forgotten: usize,
    in_set: bool,
    peers: usize,
    caught_up: Option<Head>,
    final_head: Option<Head>,
    /// The records that its services were handed.
    recoveries: Vec<Recorded>,
    /// Why it cannot go on by any.
    is_beyond: Option<String>,
    /// As of when its services were told that they know what the hub says.
    current: Vec<u64>,
    // What the hub says.
    proven: Option<Head>,
    recovery: Option<Recorded>,
    /// The hashes of its records by the ids of the sets.
    hashes: BTreeMap<SetId, Hash>,
    /// Whether it sees that the chain stands still.
    stall: bool,
    accusations: Vec<Accusation>,
    end: Option<oneshot::Sender<String>>,
}

/// What the hub says of offences, and what it was told.
#[derive(Default)]
pub(crate) struct Court {
    /// The sets that it knows, by their ids on chains.
    pub ordinals: BTreeMap<SetId, SetOrdinal>,
    /// Whether it refuses all reports.
    pub refuses: bool,
    pub told: Vec<(ChainId, SetOrdinal, Accusation)>,
}

#[derive(Default)]
struct World {
    now: u64,
    court: Court,
    chains: BTreeMap<ChainId, Chain>,
    founder: Option<FounderKeys>,
    genesis: Option<Result<Hash, GenesisError>>,
    builds: usize,
    genesis_words: Vec<(ChainId, u32, Option<Hash>)>,
    /// Whether words arrive.
    confirms: bool,
    ready_words: Vec<(ChainId, Head)>,
    /// The chain whose roll is called, and since when.
    roll: Option<(ChainId, Seconds)>,
    answers: Vec<(ChainId, Seconds)>,
    hub_fails: bool,
    /// When the hub's last final block was made.
    hub_made_at_ms: Option<u64>,
    /// When it calls rolls, if it can be asked.
    stall_periods: Option<Option<(Seconds, Seconds)>>,
}

#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// What there is of offences.
    pub(crate) fn court<T>(&self, change: impl FnOnce(&mut Court) -> T) -> T {
        change(&mut self.world().court)
    }

    fn set<T>(&self, chain: ChainId, change: impl FnOnce(&mut Chain) -> T) -> T {
        change(self.world().chains.entry(chain).or_default())
    }
}

fn view(chain: ChainId, state: ChainState) -> ChainView<AccountId> {
    ChainView {
        chain,
        name: b"game".to_vec(),
        state,
        deployer: me(),
        owner: me(),
        need: 4,
        term: Term {
            blocks: 1,
            seconds: 1,
        },
        nodes: 4,
        registered_at: 0,
        live_at: None,
        due_at: None,
        runtime: RuntimeSource::Standard(1),
        genesis: Some(GENESIS),
        stake: 0,
    }
}

impl Hub for Shared {
    fn genesis(&self) -> Hash {
        HUB
    }

    fn head(&self) -> Hash {
        Hash::zero()
    }

    fn made_at_ms(&self, _: Hash) -> Result<Option<u64>, Error> {
        Ok(self.world().hub_made_at_ms)
    }

    fn is_hub(&self, _: Hash) -> Result<bool, Error> {
        match self.world().hub_fails {
            true => Err(Error::Backend("the disk is gone".into())),
            false => Ok(true),
        }
    }

    /// A node is in one chain at most: here in the first of which it has a place.
    fn node(&self, _: Hash, _: &BeaconId) -> Result<Option<NodeStatus<AccountId>>, Error> {
        let world = self.world();
        let mut places = world
            .chains
            .iter()
            .filter_map(|(chain, c)| Some((*chain, c.phase?)));
        Ok(places.next().map(|(chain, phase)| NodeStatus {
            account: me(),
            veteran: true,
            leaving: false,
            place: NodePlace::Allocated {
                chain,
                since: 3,
                phase,
                blocks: 0,
                ends_at: None,
            },
        }))
    }

    fn chain(&self, _: Hash, chain: ChainId) -> Result<Option<ChainView<AccountId>>, Error> {
        let world = self.world();
        let state = world.chains.get(&chain).and_then(|chain| chain.state);
        Ok(state.map(|state| view(chain, state)))
    }

    fn genesis_record(
        &self,
        _: Hash,
        chain: ChainId,
    ) -> Result<Option<GenesisRecord<AccountId>>, Error> {
        let keys = self.world().founder.clone();
        let founder = |keys| Founder {
            node: me(),
            keys,
            since: 0,
        };
        Ok(Some(GenesisRecord {
            format: 1,
            chain,
            name: b"game".to_vec(),
            attempt: 1,
            code: Hash::zero(),
            patch: Vec::new(),
            properties: Vec::new(),
            owner: me(),
            founders: vec![founder(None), founder(keys)],
            hub: HubCheckpoint::default(),
            frozen_at: 0,
        }))
    }

    fn has_confirmed(&self, _: Hash, chain: ChainId, seat: u32) -> Result<bool, Error> {
        let world = self.world();
        let said = |(c, s, _): &(ChainId, u32, _)| (*c, *s) == (chain, seat);
        Ok(world.confirms && world.genesis_words.iter().any(said))
    }

    fn submit_genesis(
        &self,
        _: Hash,
        record: &GenesisRecord<AccountId>,
        seat: u32,
        outcome: Option<Hash>,
        signature: AuthoritySignature,
    ) -> Result<bool, Error> {
        let payload = genesis_payload(&HUB, record.chain, record.attempt, outcome);
        let keys = record.founders[seat as usize].keys.as_ref().unwrap();
        assert!(keys.pbft.verify(&payload, &signature));
        self.world()
            .genesis_words
            .push((record.chain, seat, outcome));
        Ok(true)
    }

    fn submit_ready(
        &self,
        _: Hash,
        chain: ChainId,
        account: &AccountId,
        head: Head,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let payload = ready_payload(&HUB, chain, account, 3, &head);
        let keys = self.world().founder.clone().unwrap();
        assert!(keys.beacon.unwrap().verify(&payload, &signature));
        self.world().ready_words.push((chain, head));
        Ok(true)
    }

    fn owed_answer(&self, _: Hash, _: &BeaconId) -> Result<Option<OwedAnswer<AccountId>>, Error> {
        Ok(self.world().roll.map(|(chain, since)| OwedAnswer {
            account: me(),
            chain,
            since,
        }))
    }

    fn submit_answer(
        &self,
        _: Hash,
        chain: ChainId,
        account: &AccountId,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let mut world = self.world();
        let (_, since) = world.roll.unwrap();
        let keys = world.founder.clone().unwrap();
        let payload = answer_payload(&HUB, chain, account, since);
        assert!(keys.beacon.unwrap().verify(&payload, &signature));
        world.answers.push((chain, since));
        Ok(true)
    }

    fn proven_head(&self, _: Hash, chain: ChainId) -> Result<Option<Head>, Error> {
        let world = self.world();
        Ok(world.chains.get(&chain).and_then(|chain| chain.proven))
    }

    fn recovery(&self, _: Hash, chain: ChainId) -> Result<Option<Recorded>, Error> {
        Ok(self.set(chain, |chain| chain.recovery.clone()))
    }

    fn recovery_hash(&self, _: Hash, chain: ChainId, set: SetId) -> Result<Option<Hash>, Error> {
        Ok(self.set(chain, |chain| chain.hashes.get(&set).copied()))
    }

    fn stands_still(&self, _: Hash, chain: ChainId) -> Result<bool, Error> {
        Ok(self.set(chain, |chain| chain.stall))
    }

    fn stall_periods(&self, _: Hash) -> Result<Option<(Seconds, Seconds)>, Error> {
        let periods = self.world().stall_periods;
        periods.ok_or_else(|| Error::Backend("it is older".into()))
    }

    fn ordinal(&self, _: Hash, _: ChainId, set: SetId) -> Result<Option<SetOrdinal>, Error> {
        self.court(|court| Ok(court.ordinals.get(&set).copied()))
    }

    fn submit_offence(
        &self,
        _: Hash,
        chain: ChainId,
        ordinal: SetOrdinal,
        accusation: &Accusation,
    ) -> Result<bool, Error> {
        self.court(|court| {
            court.told.push((chain, ordinal, accusation.clone()));
            Ok(!court.refuses)
        })
    }
}

pub(crate) struct FakeService {
    world: Shared,
    chain: ChainId,
}

impl Service for FakeService {
    fn health(&self) -> Health {
        self.world.set(self.chain, |chain| Health {
            in_set: chain.in_set,
            peers: chain.peers,
            ..Default::default()
        })
    }

    fn caught_up(&self) -> Option<Head> {
        self.world.set(self.chain, |chain| chain.caught_up)
    }

    fn final_head(&self) -> Head {
        let head = self.world.set(self.chain, |chain| chain.final_head);
        head.unwrap_or(Head {
            height: 0,
            hash: GENESIS,
        })
    }

    fn recover(&mut self, recorded: &Recorded) -> Result<(), String> {
        self.world.set(self.chain, |chain| {
            if let Some(why) = &chain.is_beyond {
                return Err(why.clone());
            }
            chain.recoveries.push(recorded.clone());
            Ok(())
        })
    }

    fn set_current(&mut self, hub_ms: u64) {
        self.world
            .set(self.chain, |chain| chain.current.push(hub_ms));
    }

    fn accusations(&mut self) -> Vec<Accusation> {
        self.world
            .set(self.chain, |chain| std::mem::take(&mut chain.accusations))
    }

    fn stop(self) -> BoxFuture<'static, Result<(), String>> {
        self.world.set(self.chain, |chain| {
            assert!(chain.open);
            chain.open = false;
        });
        std::future::ready(Ok(())).boxed()
    }
}

impl Launcher for Shared {
    type Service = FakeService;

    fn genesis(
        &self,
        _: GenesisRecord<AccountId>,
    ) -> BoxFuture<'static, Result<Hash, GenesisError>> {
        let mut world = self.world();
        world.builds += 1;
        let result = world.genesis.clone().unwrap_or(Ok(GENESIS));
        std::future::ready(result).boxed()
    }

    fn free_ports(&self, taken: &[Ports]) -> Result<Ports, String> {
        let next = 30_000 + 2 * u16::try_from(taken.len()).unwrap();
        Ok(Ports {
            p2p: next,
            rpc: next + 1,
        })
    }

    fn start(&self, order: Order) -> BoxFuture<'static, Result<(FakeService, Ended), String>> {
        let chain = order.record.chain;
        let result = self.set(chain, |c| {
            assert!(!c.open, "its database is open");
            c.starts.push(order);
            if let Some(why) = &c.fails {
                return Err(why.clone());
            }
            c.open = true;
            let (end, ended) = oneshot::channel();
            c.end = Some(end);
            Ok(ended.map(|why| why.unwrap_or_default()).boxed())
        });
        let world = self.clone();
        let result = result.map(|ended| (FakeService { world, chain }, ended));
        std::future::ready(result).boxed()
    }

    fn forget(&self, chain: ChainId, genesis: Hash) -> BoxFuture<'static, Result<(), String>> {
        assert_eq!(genesis, GENESIS);
        self.set(chain, |c| {
            assert!(!c.open);
            c.forgotten += 1;
        });
        std::future::ready(Ok(())).boxed()
    }
}

struct Scene {
    world: Shared,
    keystore: KeystorePtr,
    folder: TempDir,
    supervisor: Supervisor<Shared, Shared>,
    status: SharedStatus,
}

fn supervisor(
    world: &Shared,
    keystore: &KeystorePtr,
    folder: &Path,
    status: SharedStatus,
) -> Supervisor<Shared, Shared> {
    let clock = world.clone();
    Supervisor::new(
        world.clone(),
        world.clone(),
        keystore.clone(),
        Store::open(folder).unwrap(),
        Settings {
            keep_left: KEEP,
            status,
            metrics: Metrics::register(None).unwrap(),
        },
        move || clock.world().now,
    )
}

impl Scene {
    fn new() -> Self {
        let keystore: KeystorePtr = Arc::new(MemoryKeystore::new());
        let beacon = keystore.sr25519_generate_new(BEACON_KEY, None).unwrap();
        let pbft = keystore.ed25519_generate_new(PBFT_KEY, None).unwrap();
        let world = Shared::default();
        world.world().founder = Some(FounderKeys {
            pbft: AuthorityId::from(pbft),
            beacon: Some(beacon.into()),
        });
        let folder = tempfile::tempdir().unwrap();
        let status = SharedStatus::default();
        let supervisor = supervisor(&world, &keystore, folder.path(), status.clone());
        Self {
            world,
            keystore,
            folder,
            supervisor,
            status,
        }
    }

    /// The process ends, and starts again.
    fn restart(&mut self) {
        for chain in self.world.world().chains.values_mut() {
            chain.open = false;
        }
        self.status = SharedStatus::default();
        let (folder, status) = (self.folder.path(), self.status.clone());
        self.supervisor = supervisor(&self.world, &self.keystore, folder, status);
    }

    /// A block of the hub is final, and all that follows from it has come about.
    fn block(&mut self) {
        self.supervisor.on_final();
        self.settle();
    }

    fn settle(&mut self) {
        for _ in 0..4 {
            self.supervisor.act();
            self.supervisor.take_events();
        }
        self.supervisor.act();
    }

    fn pass(&mut self, seconds: u64) {
        self.world.world().now += seconds;
        self.settle();
    }

    fn is_open(&self, chain: ChainId) -> bool {
        self.world.set(chain, |c| c.open)
    }

    fn starts(&self, chain: ChainId) -> usize {
        self.world.set(chain, |c| c.starts.len())
    }

    fn doing(&self, chain: ChainId) -> Option<Doing> {
        let all = self.status.get();
        all.iter().find(|c| c.chain == chain).map(|c| c.doing)
    }

    /// A chain that runs.
    fn member(&mut self, chain: ChainId) {
        self.world.set(chain, |c| {
            c.state = Some(ChainState::Live);
            c.phase = Some(MemberPhase::Serving);
            c.in_set = true;
        });
        self.block();
        assert!(self.is_open(chain));
    }
}
