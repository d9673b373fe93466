// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A hub with the pallet alone: allocation, routes, staking and time are what a test says.

use crate as hansa_pallet_dappchain_sets;
use crate::StallPeriods;
use frame_support::{
    derive_impl, parameter_types,
    traits::{Hooks, Time},
    weights::Weight,
};
use hansa_allocation_primitives::{
    Allocation, AllocationError, AuthoredBlocks, Head, Member, MemberPhase, Phase, RollCall, Term,
};
use hansa_beacon_primitives::OnBeacon;
use hansa_dappchain_primitives::{
    packet::authorities, AssignedNode, Balance, ChainId, ChainLives, CheckpointOf, FounderKeys,
    Hash, HubCheckpoint, HubPacket, KeysOf, NextSet, Seconds,
};
use hansa_interchain_primitives::{
    route::NewRoute,
    traits::{ClientHead, HandOvers, LightClients, OpenRoute, SendSystemPacket},
    Height, Moment, Nonce,
};
use hansa_pbft_primitives::{
    AuthorityPair, AuthoritySet, ForeignConviction, ForeignOffences, SetId,
};
use hansa_staking_primitives::NodeStake;
use sp_core::Pair;
use sp_runtime::{
    traits::BlockNumberProvider, BuildStorage, DispatchError, DispatchResult, Perbill,
};
use std::collections::{BTreeMap, BTreeSet};

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// A chain that is live with nodes 1 to 4 unless a test says otherwise.
pub const CHAIN: ChainId = 5;
/// Its genesis.
pub const GENESIS: Hash = Hash::repeat_byte(5);
/// The time of the hub's checkpoint in its record.
pub const AT: u64 = 1_700_000_000_000;
/// For how long sets are remembered.
pub const KEEP: Seconds = 1_500;
/// For how long light clients are trusted.
pub const TRUSTING: Seconds = 100;
/// How long a chain may stand still, and for how long nodes may answer then.
pub const PERIODS: StallPeriods = StallPeriods {
    stall_seconds: 200,
    challenge_seconds: 50,
};
/// The most sets of a chain.
pub const MAX_SETS: u32 = 20;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(RuntimeCall, RuntimeEvent, RuntimeError, RuntimeOrigin, RuntimeTask)]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type DappChainSets = hansa_pallet_dappchain_sets::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type Hashing = sp_runtime::traits::BlakeTwo256;
}

parameter_types! {
    pub static Now: Seconds = 0;
    /// Which nodes serve which chain.
    pub static Rosters: BTreeMap<ChainId, Vec<(AccountId, MemberPhase)>> = BTreeMap::new();
    /// Keys that are not those of the account's number; 0 for none.
    pub static OtherKeys: BTreeMap<AccountId, u64> = BTreeMap::new();
    /// What was sent.
    pub static Sent: Vec<(ChainId, NextSet<AccountId>)> = Vec::new();
    pub static Sends: bool = true;
    /// The routes that were opened.
    pub static Opened: Vec<NewRoute> = Vec::new();
    pub static Opens: bool = true;
    /// The blocks that were credited.
    pub static Credited: Vec<(ChainId, AccountId, u32)> = Vec::new();
    /// Who was convicted.
    pub static Convictions: Vec<ForeignConviction<AccountId>> = Vec::new();
    /// Which sets staking was told to forget.
    pub static Forgotten: Vec<(ChainId, SetId)> = Vec::new();
    /// What staking calls what is at stake now.
    pub static StakeNow: u32 = 1;
    pub static ChainsPerBlock: u32 = 2;
    /// What the light clients of chains know, with the sets that decide.
    pub static Known: BTreeMap<ChainId, (ClientHead, AuthoritySet)> = BTreeMap::new();
    /// The chains whose light clients were kept trusted, and when for the last time.
    pub static Kept: BTreeMap<ChainId, Seconds> = BTreeMap::new();
    /// Whether light clients take records.
    pub static Recovers: bool = true;
    /// The chains that retire.
    pub static Retiring: Vec<ChainId> = Vec::new();
    /// The chains whose members are held.
    pub static Held: BTreeSet<ChainId> = BTreeSet::new();
    /// How many nodes a chain needs.
    pub static Need: u32 = 4;
    /// The rolls that were called and are not closed, with the time.
    pub static Called: BTreeMap<ChainId, Seconds> = BTreeMap::new();
    /// Who has answered.
    pub static Answered: BTreeMap<ChainId, Vec<AccountId>> = BTreeMap::new();
    /// Whether a roll is closed at once.
    pub static Closes: bool = true;
    /// Who does not answer.
    pub static Silent: Vec<AccountId> = Vec::new();
    pub const DefaultPeriods: Option<StallPeriods> = Some(PERIODS);
    pub const Share: Perbill = Perbill::from_percent(50);
    pub static KeepFor: Seconds = KEEP;
    pub const Trusting: Seconds = TRUSTING;
    pub const MaxSets: u32 = MAX_SETS;
    pub const BlocksPerSecond: u32 = 10;
    pub const EpochSeed: [u8; 32] = [7; 32];
}

pub struct Clock;
impl BlockNumberProvider for Clock {
    type BlockNumber = Seconds;
    fn current_block_number() -> Seconds {
        Now::get()
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_block_number(now: Seconds) {
        Now::set(now);
    }
}

/// The time of blocks goes with that of service.
pub struct Timestamp;
impl Time for Timestamp {
    type Moment = Moment;
    fn now() -> Moment {
        AT + Moment::from(Now::get()) * 1_000
    }
}

/// Only says who the members are.
pub struct Pool;
impl Allocation<AccountId> for Pool {
    fn max_nodes() -> u32 {
        256
    }
    fn max_chains() -> u32 {
        1_000
    }
    fn open(_: ChainId, _: u32, _: Term) -> Result<(), AllocationError> {
        Err(AllocationError::TooManyChains)
    }
    fn set_phase(_: ChainId, _: Phase) -> Result<(), AllocationError> {
        Err(AllocationError::NoSuchChain)
    }
    fn set_need(_: ChainId, _: u32) -> Result<(), AllocationError> {
        Err(AllocationError::NoSuchChain)
    }
    fn close(_: ChainId) -> Result<Weight, AllocationError> {
        Err(AllocationError::NoSuchChain)
    }
    fn remove_founder(_: ChainId, _: &AccountId) -> Result<Weight, AllocationError> {
        Err(AllocationError::NoSuchChain)
    }
    fn members(chain: ChainId) -> Vec<Member<AccountId>> {
        let nodes = Rosters::get().remove(&chain).unwrap_or_default();
        let member = |(account, phase)| Member {
            account,
            since: 0,
            phase,
        };
        nodes.into_iter().map(member).collect()
    }
    fn member_count(chain: ChainId) -> u32 {
        Self::members(chain).len() as u32
    }
    fn active_count(chain: ChainId) -> u32 {
        Self::member_count(chain)
    }
    fn need(_: ChainId) -> u32 {
        Need::get()
    }
    fn open_pending_places() -> u64 {
        0
    }
    fn waiting_nodes() -> u32 {
        0
    }
}

impl RollCall<AccountId> for Pool {
    fn is_live(chain: ChainId) -> bool {
        !Retiring::get().contains(&chain)
    }
    fn hold(chain: ChainId, held: bool) {
        Held::mutate(|all| match held {
            true => all.insert(chain),
            false => all.remove(&chain),
        });
    }
    fn call_roll(chain: ChainId, since: Seconds, until: Seconds) {
        let periods = DappChainSets::stall_periods().expect("chains are watched");
        let now = Now::get();
        assert_eq!((since, until), (now, now + periods.challenge_seconds));
        Self::hold(chain, true);
        Called::mutate(|all| all.insert(chain, since));
        Answered::mutate(|all| all.remove(&chain));
    }
    fn close_roll(chain: ChainId) -> (bool, Weight) {
        if !Closes::get() {
            return (false, Weight::zero());
        }
        Called::mutate(|all| all.remove(&chain)).expect("it was called");
        let silent = Silent::get();
        let there = Rosters::mutate(|all| {
            let nodes = all.get_mut(&chain).expect("it has nodes");
            nodes.retain(|(account, _)| !silent.contains(account));
            nodes
                .iter()
                .map(|(account, _)| *account)
                .collect::<Vec<_>>()
        });
        Answered::mutate(|all| all.insert(chain, there));
        (true, Weight::zero())
    }
    /// Who has answered when the roll is closed is known then; before it, who will have. Without a roll nobody is known.
    fn there(chain: ChainId) -> Vec<AccountId> {
        let is_open = Called::get().contains_key(&chain);
        if !is_open && !Answered::get().contains_key(&chain) {
            return Vec::new();
        }
        let silent = Silent::get();
        let members = Self::members(chain).into_iter();
        let mut there: Vec<_> = members
            .filter(|member| member.phase.is_active())
            .map(|member| member.account)
            .filter(|account| !is_open || !silent.contains(account))
            .collect();
        there.extend(Answered::get().remove(&chain).unwrap_or_default());
        there
    }
    fn end_roll(chain: ChainId) {
        Called::mutate(|all| all.remove(&chain));
        Answered::mutate(|all| all.remove(&chain));
    }
}

/// A light client for each chain of which a test says something.
pub struct Clients;
impl LightClients for Clients {
    fn head(of: ChainId) -> Option<ClientHead> {
        Known::get().get(&of).map(|(head, _)| *head)
    }
    fn deciding_set(of: ChainId) -> Option<AuthoritySet> {
        Known::get().get(&of).map(|(_, set)| set.clone())
    }
    fn recover(of: ChainId, head: (Height, Hash), set: AuthoritySet) -> DispatchResult {
        if !Recovers::get() {
            return Err(DispatchError::Other("no"));
        }
        Known::mutate(|all| {
            let (known, decides) = all.get_mut(&of).expect("there is a client");
            assert_eq!((known.height, known.hash), head);
            assert_eq!((known.set_id + 1, known.held), (set.id, false));
            known.set_id = set.id;
            *decides = set;
        });
        Ok(())
    }
    fn keep_trusted(of: ChainId) {
        Kept::mutate(|all| all.insert(of, Now::get()));
    }
}

pub struct Keys;
impl KeysOf<AccountId> for Keys {
    fn keys_of(account: &AccountId) -> Option<FounderKeys> {
        let number = OtherKeys::get().get(account).copied();
        let number = number.unwrap_or(*account);
        // Accounts from 1,000 on have no nodes.
        (number > 0 && number < 1_000).then(|| FounderKeys {
            pbft: pair(number).public(),
            beacon: None,
        })
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn put_keys(_: &AccountId, _: FounderKeys) {}
}

pub struct Packets;
impl SendSystemPacket for Packets {
    fn send(to: ChainId, packet: Vec<u8>) -> Option<Nonce> {
        if !Sends::get() {
            return None;
        }
        let Some(HubPacket::NextSet(next)) = HubPacket::read(&packet) else {
            panic!("the chain can read it");
        };
        assert_eq!(next.check(), Ok(()));
        Sent::mutate(|sent| sent.push((to, next)));
        Some(Sent::get().len() as Nonce)
    }
}

pub struct Routes;
impl OpenRoute for Routes {
    fn open_route(route: NewRoute) -> DispatchResult {
        if !Opens::get() || Self::has_route(route.chain.id) {
            return Err(DispatchError::Other("no"));
        }
        Opened::mutate(|opened| opened.push(route));
        Ok(())
    }
    fn has_route(peer: ChainId) -> bool {
        Opened::get().iter().any(|route| route.chain.id == peer)
    }
}

/// The hub stands at the last block.
pub struct Stands;
impl CheckpointOf for Stands {
    fn checkpoint() -> HubCheckpoint {
        HubCheckpoint {
            height: System::block_number().saturating_sub(1),
            ..Default::default()
        }
    }
}

pub struct Credits;
impl AuthoredBlocks<AccountId> for Credits {
    fn on_authored(chain: ChainId, account: &AccountId, blocks: u32) -> Weight {
        Credited::mutate(|all| all.push((chain, *account, blocks)));
        Weight::zero()
    }
}

/// Each node has a hundred times its number at stake.
pub struct Staking;
impl NodeStake<AccountId> for Staking {
    fn own_stake(node: &AccountId) -> Balance {
        Balance::from(*node) * 10
    }
    fn total_stake(node: &AccountId) -> Balance {
        Balance::from(*node) * 100
    }
    fn is_candidate(_: &AccountId) -> bool {
        true
    }
}

impl ForeignOffences<AccountId> for Staking {
    fn stake_index() -> u32 {
        StakeNow::get()
    }
    fn on_foreign_offence(conviction: &ForeignConviction<AccountId>) {
        Convictions::mutate(|all| all.push(conviction.clone()));
    }
    fn forget_set(chain: u32, set: SetId) {
        Forgotten::mutate(|all| all.push((chain, set)));
    }
}

impl crate::Config for Test {
    type ServiceClock = Clock;
    type Clock = Timestamp;
    type Allocation = Pool;
    type Keys = Keys;
    type Packets = Packets;
    type Routes = Routes;
    type Clients = Clients;
    type Rolls = Pool;
    type Checkpoint = Stands;
    type DefaultStallPeriods = DefaultPeriods;
    type Authored = Credits;
    type Stakes = Staking;
    type Offences = Staking;
    type Seed = EpochSeed;
    type CoverShare = Share;
    type KeepFor = KeepFor;
    type Trusting = Trusting;
    type MaxSets = MaxSets;
    type ChainsPerBlock = ChainsPerBlock;
    type BlocksPerSecond = BlocksPerSecond;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Pool;
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Pool {
    fn serve(chain: ChainId, nodes: &[AssignedNode<AccountId>]) {
        let nodes: Vec<_> = nodes.iter().map(|node| node.node).collect();
        serve(chain, &nodes);
    }
    fn open_route(route: NewRoute) {
        let head = ClientHead {
            height: route.header.height,
            hash: route.header.hash,
            timestamp: route.header.timestamp,
            set_id: route.set.id,
            held: false,
        };
        Known::mutate(|all| all.insert(route.chain.id, (head, route.set.clone())));
    }
}

pub fn pair(number: u64) -> AuthorityPair {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    AuthorityPair::from_seed(&seed)
}

/// These nodes with their keys.
pub fn nodes(accounts: &[AccountId]) -> Vec<AssignedNode<AccountId>> {
    let node = |account: &AccountId| AssignedNode {
        node: *account,
        keys: Keys::keys_of(account).expect("it has keys"),
    };
    accounts.iter().map(node).collect()
}

/// The set of these nodes, with this id.
pub fn set(id: SetId, accounts: &[AccountId]) -> AuthoritySet {
    let mut set = authorities(&nodes(accounts)).expect("it is a set");
    set.id = id;
    set
}

/// Let these nodes serve a chain.
pub fn serve(chain: ChainId, accounts: &[AccountId]) {
    let members = accounts.iter().map(|a| (*a, MemberPhase::Serving));
    let members = members.collect();
    Rosters::mutate(|all| all.insert(chain, members));
}

/// A chain goes live with these founders.
pub fn go_live(chain: ChainId, founders: &[AccountId]) {
    serve(chain, founders);
    DappChainSets::on_live(chain, GENESIS, &nodes(founders), AT);
}

/// A block, so many seconds after the last.
pub fn block_after(seconds: Seconds) {
    let number = System::block_number() + 1;
    System::reset_events();
    System::set_block_number(number);
    Now::set(Now::get() + seconds);
    DappChainSets::on_initialize(number);
    DappChainSets::do_try_state().expect("the block keeps the invariants");
}

/// An epoch begins, and all chains are looked at. Returns what was said meanwhile.
pub fn epoch() -> Vec<crate::Event<Test>> {
    DappChainSets::on_beacon(1, &Default::default());
    let mut said = Vec::new();
    while crate::Round::<Test>::exists() {
        block_after(0);
        said.extend(events());
    }
    said
}

/// A block of [`CHAIN`] of a height.
pub fn head(height: Height) -> Head {
    Head {
        height,
        hash: Hash::repeat_byte(height as u8),
    }
}

/// It is proven that [`CHAIN`] has come to this height now, and that this set decides the next one.
pub fn prove(height: Height, set: AuthoritySet) {
    prove_late(height, set, 0);
}

/// The same, so many seconds after it had come there.
pub fn prove_late(height: Height, set: AuthoritySet, seconds: Seconds) {
    let client = ClientHead {
        height,
        hash: head(height).hash,
        timestamp: Timestamp::now() - Moment::from(seconds) * 1_000,
        set_id: set.id,
        held: false,
    };
    Known::mutate(|all| all.insert(CHAIN, (client, set)));
}

/// Let the hub believe nothing of [`CHAIN`], or believe it again.
pub fn hold(held: bool) {
    Known::mutate(|all| all.get_mut(&CHAIN).expect("there is a client").0.held = held);
}

/// The chain hands over, if it may. Returns whether it may.
pub fn hand_over(id: SetId, accounts: &[AccountId]) -> bool {
    let set = set(id, accounts);
    let may = DappChainSets::may_hand_over(CHAIN, &set);
    if may {
        DappChainSets::on_hand_over(CHAIN, &set);
    }
    DappChainSets::do_try_state().expect("the hand-over keeps the invariants");
    may
}

/// What the pallet said since the block began.
pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::DappChainSets(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// The sets that were sent to the chain: their numbers and nodes.
pub fn sent() -> Vec<(u32, Vec<AccountId>)> {
    Sent::get()
        .into_iter()
        .filter(|(to, _)| *to == CHAIN)
        .map(|(_, next)| {
            let nodes = next.members.iter().map(|member| member.node).collect();
            (next.ordinal, nodes)
        })
        .collect()
}

pub struct ExtBuilder;

impl ExtBuilder {
    pub fn build(self) -> sp_io::TestExternalities {
        Now::set(0);
        Rosters::take();
        OtherKeys::take();
        Sent::take();
        Sends::set(true);
        Opened::take();
        Opens::set(true);
        Credited::take();
        Convictions::take();
        Forgotten::take();
        StakeNow::set(1);
        Known::take();
        Kept::take();
        Recovers::set(true);
        Retiring::take();
        Held::take();
        Need::set(4);
        Called::take();
        Answered::take();
        Silent::take();
        Closes::set(true);
        KeepFor::set(KEEP);
        ChainsPerBlock::set(2);
        RuntimeGenesisConfig::default()
            .build_storage()
            .expect("the genesis of the mock is sound")
            .into()
    }

    /// Run a test; the storage's invariants must hold before and after it.
    pub fn run(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            block_after(100);
            test();
            DappChainSets::do_try_state().expect("the test keeps the invariants");
        });
    }
}

/// Run a test with a live chain of nodes 1 to 4.
pub fn with_chain(test: impl FnOnce()) {
    ExtBuilder.run(|| {
        go_live(CHAIN, &[1, 2, 3, 4]);
        test();
    });
}
