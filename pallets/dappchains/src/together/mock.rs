// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime with the registry and the true allocation, and a staking and a beacon that do what a test
//! says.

use crate as hansa_pallet_dappchains;
use crate::{cost::Curve, payout::Division, Chain, Chains, CreditOf, Name, Terms};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::Mutate, Authorize, ConstU128, ConstU32, Imbalance, OnInitialize, OnUnbalanced,
        StorePreimage,
    },
    weights::Weight,
    BoundedVec,
};
use frame_system::EnsureRoot;
use hansa_allocation_primitives::{
    confirm::confirm_payload, EpochIndex, Head, MemberPhase, NodeKeys, NodeStanding, Serving, Term,
    TrustSigned,
};
use hansa_beacon_primitives::{
    BeaconId, BeaconPair, CommittedIds, Leaving, OnBeacon, OnFreeze, OnReveal, OwnId,
};
use hansa_dappchain_primitives::{
    genesis, ChainId, ChainState, CheckpointOf, FounderKeys, Hash, HubCheckpoint, KeysOf,
    RuntimeSource, Seconds,
};
use hansa_pallet_node_allocation as hansa_pallet_allocation;
use hansa_pbft_primitives::AuthorityPair;
use hansa_staking_primitives::BlockAuthor;
use sp_core::Pair;
use sp_runtime::{
    traits::{BlockNumberProvider, Dispatchable},
    transaction_validity::{TransactionSource, TransactionValidityError},
    BuildStorage, DispatchError, Perbill,
};
use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// What each account has.
pub const FUNDS: u128 = 1_000_000_000;
/// The accounts with funds: 1 to 9 for deployers, from 10 on for nodes.
pub const ACCOUNTS: u64 = 60;
/// The stake for a node of a chain at 100 %.
pub const UNIT: u128 = 1_000;
/// What is held for a node in the pool.
pub const DEPOSIT: u128 = 77;
/// What a node must have bonded.
pub const MIN_BOND: u128 = 5_000;
/// How long founders have to confirm.
pub const FORMING_TIME: Seconds = 100;
/// How long a chain goes on once its end is announced.
pub const NOTICE: Seconds = 500;
/// The length of an epoch, all blocks of the draw and the sweep included.
pub const EPOCH_SECONDS: Seconds = 200;
/// The term of a chain whose deployer does not say.
pub const TERM: Term = Term {
    blocks: 100,
    seconds: 1_000,
};
/// The head that nodes confirm.
const HEAD: Head = Head {
    height: 7,
    hash: Hash::repeat_byte(7),
};

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type Preimage = pallet_preimage::Pallet<Test>;
    #[runtime::pallet_index(3)]
    pub type NodePool = hansa_pallet_allocation::Pallet<Test>;
    #[runtime::pallet_index(4)]
    pub type DappChains = hansa_pallet_dappchains::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u128>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type Balance = u128;
    type ExistentialDeposit = ConstU128<1>;
    type RuntimeHoldReason = RuntimeHoldReason;
}

impl pallet_preimage::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type Currency = Balances;
    type ManagerOrigin = EnsureRoot<AccountId>;
    type Consideration = ();
}

parameter_types! {
    pub static Now: Seconds = 0;
    pub static Epoch: EpochIndex = 0;
    pub static Author: Option<AccountId> = None;
    pub static Burnt: u128 = 0;
    pub const TheCurve: Curve = Curve { free_places: 40, scale_places: 40 };
    pub const TheDivision: Division = Division::ByWait(1_000);
    pub const TheTerms: Terms = Terms {
        default: TERM,
        least: Term { blocks: 1, seconds: 1 },
        most: Term { blocks: u32::MAX, seconds: u32::MAX },
    };
    pub const Tenth: Perbill = Perbill::from_percent(10);
}

pub struct MockClock;
impl BlockNumberProvider for MockClock {
    type BlockNumber = Seconds;

    fn current_block_number() -> Seconds {
        Now::get()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_block_number(now: Seconds) {
        Now::set(now);
    }
}

thread_local! {
    /// What is bonded, and whether the node was slashed.
    static BONDS: RefCell<BTreeMap<AccountId, (u128, bool)>> = const { RefCell::new(BTreeMap::new()) };
    /// Who committed and revealed, by epoch.
    static IDS: RefCell<BTreeMap<EpochIndex, Vec<AccountId>>> = const { RefCell::new(BTreeMap::new()) };
    /// Who is offline: it does not commit.
    static OFFLINE: RefCell<BTreeSet<AccountId>> = const { RefCell::new(BTreeSet::new()) };
}

/// A staking of a few lines.
pub struct MockStaking;

impl MockStaking {
    /// Bond so much more.
    pub fn bond(account: AccountId, amount: u128) {
        BONDS.with_borrow_mut(|bonds| bonds.entry(account).or_default().0 += amount);
    }

    /// Take all of it back: refused while the node serves.
    pub fn unbond(account: AccountId) -> Result<(), &'static str> {
        if NodePool::chain_of(&account).is_some() {
            return Err("it serves a chain");
        }
        BONDS.with_borrow_mut(|bonds| bonds.remove(&account));
        Ok(())
    }

    /// It was convicted.
    pub fn slash(account: AccountId) {
        BONDS.with_borrow_mut(|bonds| bonds.entry(account).or_default().1 = true);
    }
}

impl NodeStanding<AccountId> for MockStaking {
    fn may_serve(account: &AccountId) -> bool {
        BONDS.with_borrow(|bonds| {
            bonds
                .get(account)
                .is_some_and(|(bonded, slashed)| *bonded >= MIN_BOND && !slashed)
        })
    }
}

impl BlockAuthor<AccountId> for MockStaking {
    fn block_author() -> Option<AccountId> {
        Author::get()
    }
}

fn seed(account: AccountId) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&account.to_le_bytes());
    seed
}

/// The session keys of all nodes.
pub struct MockKeys;

impl NodeKeys<AccountId> for MockKeys {
    fn key_of(account: &AccountId) -> Option<BeaconId> {
        Some(BeaconPair::from_seed(&seed(*account)).public())
    }

    fn account_of(key: &BeaconId) -> Option<AccountId> {
        (1..=ACCOUNTS).find(|account| Self::key_of(account).as_ref() == Some(key))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_key(_: &AccountId, _: &BeaconId) {}
}

impl KeysOf<AccountId> for MockKeys {
    fn keys_of(account: &AccountId) -> Option<FounderKeys> {
        Some(FounderKeys {
            pbft: AuthorityPair::from_seed(&seed(*account)).public(),
            beacon: Self::key_of(account),
        })
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn put_keys(_: &AccountId, _: FounderKeys) {}
}

/// A beacon of a few lines: who is in the pool and online at the freeze has committed, and reveals.
pub struct MockBeacon;

impl CommittedIds<AccountId> for MockBeacon {
    fn places(epoch: EpochIndex) -> u32 {
        IDS.with_borrow(|ids| ids.get(&epoch).map_or(0, |nodes| nodes.len() as u32))
    }

    fn id_at(epoch: EpochIndex, place: u32) -> Option<(AccountId, OwnId)> {
        let account = IDS.with_borrow(|ids| ids.get(&epoch)?.get(place as usize).copied())?;
        Some((account, Self::id_of(epoch, &account)?))
    }

    fn id_of(epoch: EpochIndex, account: &AccountId) -> Option<OwnId> {
        // 0 is the place of one that has left.
        (*account > 0).then(|| {
            let mut id = seed(*account);
            id[31] = epoch as u8;
            id
        })
    }
}

impl Leaving<AccountId> for MockBeacon {
    fn on_leave(account: &AccountId) -> Weight {
        IDS.with_borrow_mut(|ids| {
            for nodes in ids.values_mut() {
                for node in nodes.iter_mut().filter(|node| *node == account) {
                    *node = 0;
                }
            }
        });
        Weight::zero()
    }
}

pub struct MockCheckpoint;
impl CheckpointOf for MockCheckpoint {
    fn checkpoint() -> HubCheckpoint {
        HubCheckpoint::default()
    }
}

/// Counts what it gets, and burns it.
pub struct Burn;
impl OnUnbalanced<CreditOf<Test>> for Burn {
    fn on_nonzero_unbalanced(credit: CreditOf<Test>) {
        Burnt::set(Burnt::get() + credit.peek());
    }
}

impl hansa_pallet_allocation::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = MockClock;
    type Author = MockStaking;
    type Standing = MockStaking;
    type Keys = MockKeys;
    type Ids = MockBeacon;
    type Leaving = MockBeacon;
    type Chains = DappChains;
    type Heads = TrustSigned;
    type OnFee = Burn;
    type Deposit = ConstU128<DEPOSIT>;
    type MaxNodes = ConstU32<50>;
    type MaxChains = ConstU32<8>;
    type MaxMembers = ConstU32<40>;
    type RankedPerBlock = ConstU32<7>;
    type PlacedPerBlock = ConstU32<5>;
    type SweptPerBlock = ConstU32<9>;
    type ConfirmEpochs = ConstU32<1>;
    type DefaultDrawDelay = ConstU32<0>;
    type AdminOrigin = EnsureRoot<AccountId>;
    type ShortEpochs = ConstU32<2>;
    type WeightInfo = ();
}

impl hansa_pallet_dappchains::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = MockClock;
    type Codes = Preimage;
    type Keys = MockKeys;
    type OwnNodes = ();
    type Checkpoint = MockCheckpoint;
    type Lives = ();
    type Routes = ();
    type Allocation = NodePool;
    type OnForfeit = Burn;
    type AdminOrigin = EnsureRoot<AccountId>;
    type StakePerNode = ConstU128<UNIT>;
    type PlacesCurve = TheCurve;
    type GoneFee = Tenth;
    type DepositBase = ConstU128<100>;
    type DepositPerByte = ConstU128<1>;
    type FormingTime = ConstU32<FORMING_TIME>;
    type RetireNotice = ConstU32<NOTICE>;
    type RouteLinger = ConstU32<NOTICE>;
    type PayoutDivision = TheDivision;
    type Terms = TheTerms;
    type ShortEpochs = ConstU32<2>;
    type ActivityPeriod = ConstU32<1_000>;
    type VotingPeriod = ConstU32<300>;
    type LimitStep = Tenth;
    type DeployerCap = Tenth;
    type Turnout = Tenth;
    type DuePerBlock = ConstU32<1>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Helper;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Helper;
#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Helper {
    fn fill(_: ChainId, _: &[AccountId]) {}
}

pub fn signed(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Bond for nodes, and put them into the pool.
pub fn join(accounts: impl IntoIterator<Item = AccountId>) {
    for account in accounts {
        MockStaking::bond(account, MIN_BOND);
        NodePool::join(signed(account)).expect("the node can join");
    }
}

/// Make nodes veterans: each makes a block of the hub.
pub fn author(accounts: impl IntoIterator<Item = AccountId>) {
    for account in accounts {
        Author::set(Some(account));
        block(1);
    }
    Author::set(None);
}

/// Register a chain with the standard runtime, at any price.
pub fn register(who: AccountId, nodes: u32, term: Option<Term>) -> Result<ChainId, DispatchError> {
    let chain = crate::NextChainId::<Test>::get().max(1);
    let text = |text: &str| text.as_bytes().to_vec();
    DappChains::register(
        signed(who),
        Name::try_from(text(&format!("shop-{chain}"))).expect("the name is short"),
        nodes,
        RuntimeSource::Standard(1),
        BoundedVec::truncate_from(text("{}")),
        BoundedVec::default(),
        term,
        u128::MAX,
    )?;
    Ok(chain)
}

pub fn record(chain: ChainId) -> Chain<AccountId> {
    Chains::<Test>::get(chain).expect("there is such a chain")
}

pub fn state(chain: ChainId) -> Option<ChainState> {
    Chains::<Test>::get(chain).map(|record| record.state)
}

/// The members of a chain that are in a phase.
pub fn in_phase(chain: ChainId, phase: MemberPhase) -> Vec<AccountId> {
    let members = NodePool::members_page(chain, 0, 100).into_iter();
    members
        .filter(|member| member.phase == phase)
        .map(|member| member.account)
        .collect()
}

pub fn members(chain: ChainId) -> Vec<AccountId> {
    let members = NodePool::members_page(chain, 0, 100).into_iter();
    members.map(|member| member.account).collect()
}

/// The founder in a seat says what it found.
pub fn confirm_genesis(
    chain: ChainId,
    seat: u32,
    outcome: Option<Hash>,
) -> Result<(), TransactionValidityError> {
    let attempt = record(chain).attempt;
    let founders = crate::FrozenRecords::<Test>::get(chain).map(|frozen| frozen.founders);
    let node = founders.and_then(|founders| founders.get(seat as usize).map(|f| f.node));
    let payload = genesis::confirm_payload(&System::block_hash(0), chain, attempt, outcome);
    let signature = AuthorityPair::from_seed(&seed(node.unwrap_or_default())).sign(&payload);
    let call = crate::Call::<Test>::confirm_genesis {
        chain,
        attempt,
        seat,
        outcome,
        signature,
    };
    call.authorize(TransactionSource::External)
        .expect("the call authorises itself")?;
    dispatch(RuntimeCall::DappChains(call));
    Ok(())
}

/// All founders confirm the same genesis.
pub fn go_live(chain: ChainId) {
    let mut seat = 0;
    while state(chain) == Some(ChainState::Forming) {
        confirm_genesis(chain, seat, Some(Hash::repeat_byte(9))).expect("it is a founder");
        seat += 1;
    }
}

/// A member that joins confirms that it is ready.
pub fn confirm(chain: ChainId, account: AccountId) -> Result<(), TransactionValidityError> {
    let members = NodePool::members_page(chain, 0, 100);
    let since = members.iter().find(|m| m.account == account);
    let since = since.map(|m| m.since).unwrap_or_default();
    let payload = confirm_payload(&System::block_hash(0), chain, &account, since, &HEAD);
    let call = hansa_pallet_allocation::Call::<Test>::confirm {
        chain,
        account,
        head: HEAD,
        signature: BeaconPair::from_seed(&seed(account)).sign(&payload),
    };
    call.authorize(TransactionSource::External)
        .expect("the call authorises itself")?;
    dispatch(RuntimeCall::NodePool(call));
    Ok(())
}

/// All who are to confirm do.
pub fn confirm_all(chain: ChainId) {
    for node in in_phase(chain, MemberPhase::Joining) {
        confirm(chain, node).expect("it joins");
    }
}

fn dispatch(call: RuntimeCall) {
    call.dispatch(frame_system::RawOrigin::Authorized.into())
        .expect("what is authorised does not fail");
}

/// The next block, so many seconds after the last. What must hold holds before it.
pub fn block(seconds: Seconds) {
    super::invariants::check();
    let number = System::block_number() + 1;
    System::reset_events();
    System::set_block_number(number);
    Now::set(Now::get() + seconds);
    NodePool::on_initialize(number);
    DappChains::on_initialize(number);
}

/// The beacon's freeze.
pub fn freeze() {
    let mut nodes: Vec<_> = hansa_pallet_allocation::Nodes::<Test>::iter_keys().collect();
    nodes.sort_unstable();
    nodes.retain(|node| !OFFLINE.with_borrow(|offline| offline.contains(node)));
    IDS.with_borrow_mut(|ids| ids.insert(Epoch::get(), nodes.clone()));
    NodePool::on_freeze(Epoch::get());
    for node in nodes {
        NodePool::on_reveal(Epoch::get(), &node);
    }
}

/// The next beacon.
pub fn beacon() {
    let epoch = Epoch::get() + 1;
    Epoch::set(epoch);
    let mut beacon = [5; 32];
    beacon[..4].copy_from_slice(&epoch.to_le_bytes());
    NodePool::on_beacon(epoch, &beacon);
}

/// A freeze, a beacon, and blocks until draw and sweep are over.
pub fn epoch() {
    freeze();
    block(EPOCH_SECONDS / 2);
    beacon();
    for _ in 0..EPOCH_SECONDS / 2 {
        block(1);
    }
    let stage = hansa_pallet_allocation::CurrentStage::<Test>::get();
    assert_eq!(stage, Default::default(), "draw and sweep are over");
}

/// Run a test; all invariants hold at its end, and no token is made or lost but what was burnt.
pub fn run(test: impl FnOnce()) {
    Now::set(0);
    Epoch::set(0);
    Author::set(None);
    Burnt::set(0);
    BONDS.take();
    IDS.take();
    OFFLINE.take();
    let storage = RuntimeGenesisConfig::default().build_storage();
    let mut ext: sp_io::TestExternalities = storage.expect("the genesis is sound").into();
    ext.execute_with(|| {
        for account in 1..=ACCOUNTS {
            Balances::mint_into(&account, FUNDS).expect("accounts can be funded");
        }
        let code = Preimage::note(Cow::Borrowed(b"code")).expect("the code is short");
        DappChains::add_standard_runtime(RuntimeOrigin::root(), 1, code).expect("it is there");
        test();
        super::invariants::check();
    });
}
