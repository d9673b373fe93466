// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime with the pallet, and a way to go through epochs in it.

use crate as hansa_pallet_node_allocation;
use crate::{CreditOf, Event};
use frame_support::{
    derive_impl, parameter_types,
    traits::{fungible::Mutate, Authorize, ConstU32, OnInitialize, OnUnbalanced},
    weights::Weight,
};
use frame_system::EnsureRoot;
use hansa_allocation_primitives::{
    confirm::{answer_payload, confirm_payload},
    Allocation, BeaconId, BeaconSignature, ChainEvents, ChainHeads, ChainId, Departure, EpochIndex,
    Head, Member, MemberPhase, NodeKeys, NodeStanding, OnShort, Phase, Seconds, Term,
};
use hansa_beacon_primitives::{
    BeaconPair, CommittedIds, Leaving, OnBeacon, OnFreeze, OnReveal, OwnId, Pool,
};
use hansa_staking_primitives::BlockAuthor;
use sp_core::{Pair, H256};
use sp_runtime::{
    traits::BlockNumberProvider,
    transaction_validity::{TransactionSource, TransactionValidityError},
    BuildStorage,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// What each account has.
pub const FUNDS: u64 = 1_000_000;
/// How many accounts have funds, from 1 on.
pub const ACCOUNTS: u64 = 300;
/// What is held for a node.
pub const DEPOSIT: u64 = 100;
/// The length of an epoch.
pub const EPOCH_SECONDS: Seconds = 600;
/// For how long a roll is answered.
pub const ANSWER_SECONDS: Seconds = 50;
/// A term of three epochs.
pub const TERM: Term = Term {
    blocks: 1_000,
    seconds: 3 * EPOCH_SECONDS,
};
/// A head.
pub const HEAD: Head = Head {
    height: 7,
    hash: H256::repeat_byte(7),
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
    pub type NodePool = hansa_pallet_node_allocation::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
}

parameter_types! {
    pub static Now: Seconds = 0;
    pub static Epoch: EpochIndex = 0;
    pub static Author: Option<AccountId> = None;
    pub static Fees: u64 = 0;
    pub static PerBlock: u32 = 50;
    pub static HeadKnown: bool = true;
    pub static Answer: OnShort = OnShort::Wait;
    pub const Deposit: u64 = DEPOSIT;
    pub static MaxNodes: u32 = 250;
    pub static MaxChains: u32 = 16;
    pub const MaxMembers: u32 = 100;
    pub const ConfirmEpochs: u32 = 1;
    pub const ShortEpochs: u32 = 2;
}

/// What a hook was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    Complete(ChainId),
    Joined(ChainId, AccountId, Option<AccountId>),
    Left(ChainId, AccountId, Departure),
    Short(ChainId, u32, u32, u32),
    LeftPool(AccountId),
}

thread_local! {
    static TOLD: RefCell<Vec<Told>> = const { RefCell::new(Vec::new()) };
    static ABSENT: RefCell<BTreeSet<AccountId>> = const { RefCell::new(BTreeSet::new()) };
    static UNFIT: RefCell<BTreeSet<AccountId>> = const { RefCell::new(BTreeSet::new()) };
    static IDS: RefCell<BTreeMap<EpochIndex, Vec<AccountId>>> = const { RefCell::new(BTreeMap::new()) };
    #[cfg(feature = "runtime-benchmarks")]
    static KEYS: RefCell<Vec<(AccountId, BeaconId)>> = const { RefCell::new(Vec::new()) };
}

pub fn take_told() -> Vec<Told> {
    TOLD.take()
}

fn tell(told: Told) {
    TOLD.with_borrow_mut(|all| all.push(told));
}

/// Notes what it is told. Pending chains that are complete are left pending.
pub struct Hooks;
impl ChainEvents<AccountId> for Hooks {
    fn on_complete(chain: ChainId) -> Weight {
        tell(Told::Complete(chain));
        Weight::zero()
    }
    fn on_joined(
        chain: ChainId,
        joined: &AccountId,
        replaced: Option<(&AccountId, Departure)>,
    ) -> Weight {
        tell(Told::Joined(
            chain,
            *joined,
            replaced.map(|(left, _)| *left),
        ));
        Weight::zero()
    }
    fn on_left(chain: ChainId, left: &AccountId, cause: Departure) -> Weight {
        tell(Told::Left(chain, *left, cause));
        Weight::zero()
    }
    fn on_short(chain: ChainId, active: u32, need: u32, epochs: u32) -> (OnShort, Weight) {
        tell(Told::Short(chain, active, need, epochs));
        (Answer::get(), Weight::zero())
    }
}

impl Leaving<AccountId> for Hooks {
    fn on_leave(account: &AccountId) -> Weight {
        tell(Told::LeftPool(*account));
        Weight::zero()
    }
}

pub struct Clock;
impl BlockNumberProvider for Clock {
    type BlockNumber = Seconds;
    fn current_block_number() -> Seconds {
        Now::get()
    }
}

pub struct MockAuthor;
impl BlockAuthor<AccountId> for MockAuthor {
    fn block_author() -> Option<AccountId> {
        Author::get()
    }
}

pub struct Standing;
impl NodeStanding<AccountId> for Standing {
    fn may_serve(account: &AccountId) -> bool {
        !UNFIT.with_borrow(|unfit| unfit.contains(account))
    }
}

pub fn set_unfit(account: AccountId) {
    UNFIT.with_borrow_mut(|unfit| unfit.insert(account));
}

/// The key pair of an account's node.
pub fn pair(account: AccountId) -> BeaconPair {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&account.to_le_bytes());
    BeaconPair::from_seed(&seed)
}

pub struct Keys;
impl NodeKeys<AccountId> for Keys {
    fn key_of(account: &AccountId) -> Option<BeaconId> {
        #[cfg(feature = "runtime-benchmarks")]
        if let Some(key) = KEYS.with_borrow(|keys| {
            let mut all = keys.iter();
            all.find(|(a, _)| a == account).map(|(_, key)| key.clone())
        }) {
            return Some(key);
        }
        (*account != KEYLESS).then(|| pair(*account).public())
    }
    fn account_of(key: &BeaconId) -> Option<AccountId> {
        (1..=ACCOUNTS).find(|account| pair(*account).public() == *key)
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_key(account: &AccountId, key: &BeaconId) {
        KEYS.with_borrow_mut(|keys| keys.push((*account, key.clone())));
    }
}

/// An account without a key.
pub const KEYLESS: AccountId = 299;

/// Each node of the pool at a freeze has revealed an id, its account's number.
pub struct Ids;
impl CommittedIds<AccountId> for Ids {
    fn places(epoch: EpochIndex) -> u32 {
        IDS.with_borrow(|ids| ids.get(&epoch).map_or(0, |nodes| nodes.len() as u32))
    }
    fn id_at(epoch: EpochIndex, place: u32) -> Option<(AccountId, OwnId)> {
        let account = IDS.with_borrow(|ids| ids.get(&epoch)?.get(place as usize).copied())?;
        Some((account, Self::id_of(epoch, &account)?))
    }
    fn id_of(_: EpochIndex, account: &AccountId) -> Option<OwnId> {
        Some([*account as u8; 32])
    }
}

pub struct Heads;
impl ChainHeads for Heads {
    fn is_recent_final(_: ChainId, head: &Head) -> bool {
        HeadKnown::get() && *head == HEAD
    }
}

/// Counts the fees, and burns them.
pub struct CountFees;
impl OnUnbalanced<CreditOf<Test>> for CountFees {
    fn on_nonzero_unbalanced(credit: CreditOf<Test>) {
        use frame_support::traits::Imbalance;
        Fees::set(Fees::get() + credit.peek());
    }
}

impl hansa_pallet_node_allocation::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = Clock;
    type Author = MockAuthor;
    type Standing = Standing;
    type Keys = Keys;
    type Ids = Ids;
    type Leaving = Hooks;
    type Chains = Hooks;
    type Heads = Heads;
    type OnFee = CountFees;
    type Deposit = Deposit;
    type MaxNodes = MaxNodes;
    type MaxChains = MaxChains;
    type MaxMembers = MaxMembers;
    type RankedPerBlock = PerBlock;
    type PlacedPerBlock = PerBlock;
    type SweptPerBlock = PerBlock;
    type ConfirmEpochs = ConfirmEpochs;
    type DefaultDrawDelay = ConstU32<0>;
    type AdminOrigin = EnsureRoot<AccountId>;
    type ShortEpochs = ShortEpochs;
    type WeightInfo = ();
}

/// Put nodes into the pool.
pub fn join(accounts: impl IntoIterator<Item = AccountId>) {
    for account in accounts {
        NodePool::join(RuntimeOrigin::signed(account)).expect("the node can join");
    }
}

/// The same, of nodes that have authored.
pub fn join_veterans(accounts: impl IntoIterator<Item = AccountId>) {
    for account in accounts {
        join([account]);
        NodePool::note_veteran(&account);
    }
}

/// The next block, by nobody of the pool.
pub fn block() {
    NodePool::do_try_state().expect("the block keeps the invariants");
    unchecked_block();
}

/// As [`block`], for large pools. Returns the weight that the block says it has.
pub fn unchecked_block() -> Weight {
    let number = System::block_number() + 1;
    System::reset_events();
    System::set_block_number(number);
    Now::set(Now::get() + 1);
    NodePool::on_initialize(number)
}

/// These nodes do not commit from now on.
pub fn set_absent(accounts: impl IntoIterator<Item = AccountId>) {
    ABSENT.set(accounts.into_iter().collect());
}

/// The beacon's freeze; every node of the pool that is not absent has committed, and reveals.
pub fn freeze() {
    let epoch = Epoch::get();
    let mut nodes: Vec<_> = crate::Nodes::<Test>::iter_keys().collect();
    let absent = ABSENT.with_borrow(Clone::clone);
    nodes.retain(|node| NodePool::key_of(node).is_some() && !absent.contains(node));
    nodes.sort();
    IDS.with_borrow_mut(|ids| ids.insert(epoch, nodes.clone()));
    NodePool::on_freeze(epoch);
    for node in nodes {
        NodePool::on_reveal(epoch, &node);
    }
}

/// The next beacon.
pub fn beacon() {
    let epoch = Epoch::get() + 1;
    Epoch::set(epoch);
    Now::set(Now::get() + EPOCH_SECONDS);
    let mut bytes = [3; 32];
    bytes[..4].copy_from_slice(&epoch.to_le_bytes());
    NodePool::on_beacon(epoch, &bytes);
}

/// Blocks until nothing of draw and sweep is left to do.
pub fn work() {
    for _ in 0..2_000 {
        block();
        if crate::CurrentStage::<Test>::get() == crate::types::Stage::Idle {
            return;
        }
    }
    panic!("draw and sweep do not end");
}

/// A freeze, a beacon, and all that follows.
pub fn epoch() {
    freeze();
    beacon();
    work();
}

pub fn open(chain: ChainId, need: u32) {
    NodePool::open(chain, need, TERM).expect("the chain is good");
}

/// A chain whose genesis is confirmed at once, as soon as it has its nodes.
pub fn go_live(chain: ChainId) {
    NodePool::set_phase(chain, Phase::Forming).expect("it has its nodes");
    NodePool::set_phase(chain, Phase::Live).expect("it is forming");
}

/// Chain 1 with `need` veterans, live: accounts from 1 on.
pub fn live_chain(need: u32) {
    open(1, need);
    join_veterans(1..=u64::from(need));
    epoch();
    assert_eq!(NodePool::member_count(1), need);
    go_live(1);
}

pub fn members(chain: ChainId) -> Vec<Member<AccountId>> {
    <NodePool as Allocation<AccountId>>::members(chain)
}

pub fn accounts(chain: ChainId) -> Vec<AccountId> {
    members(chain).into_iter().map(|m| m.account).collect()
}

/// The members of a chain that are in a phase.
pub fn in_phase(chain: ChainId, phase: MemberPhase) -> Vec<AccountId> {
    let members = members(chain).into_iter();
    members
        .filter(|member| member.phase == phase)
        .map(|member| member.account)
        .collect()
}

pub fn confirm_call(chain: ChainId, account: AccountId) -> crate::Call<Test> {
    let since = NodePool::joining_since(chain, &account).unwrap_or_default();
    let payload = confirm_payload(&NodePool::genesis(), chain, &account, since, &HEAD);
    let signature: BeaconSignature = pair(account).sign(&payload);
    crate::Call::confirm {
        chain,
        account,
        head: HEAD,
        signature,
    }
}

/// The answer of a node to the roll of a chain that was called then.
pub fn answer_call(chain: ChainId, account: AccountId, since: Seconds) -> crate::Call<Test> {
    let payload = answer_payload(&NodePool::genesis(), chain, &account, since);
    crate::Call::answer {
        chain,
        account,
        signature: pair(account).sign(&payload),
    }
}

/// Run a call as a block does: authorise it, then dispatch it.
pub fn apply(call: crate::Call<Test>) -> Result<(), TransactionValidityError> {
    use sp_runtime::traits::Dispatchable;
    let authorized = call.authorize(TransactionSource::External);
    authorized.expect("the call authorises itself")?;
    RuntimeCall::NodePool(call)
        .dispatch(frame_system::RawOrigin::Authorized.into())
        .expect("what is authorised does not fail");
    Ok(())
}

pub fn confirm(chain: ChainId, account: AccountId) {
    apply(confirm_call(chain, account)).expect("the confirmation is good");
}

pub fn events() -> Vec<Event<Test>> {
    let events = System::events().into_iter();
    events
        .filter_map(|record| match record.event {
            RuntimeEvent::NodePool(event) => Some(event),
            _ => None,
        })
        .collect()
}

pub fn total(account: AccountId) -> u64 {
    use frame_support::traits::fungible::Inspect;
    Balances::total_balance(&account)
}

#[derive(Default)]
pub struct ExtBuilder;

impl ExtBuilder {
    pub fn build(self) -> sp_io::TestExternalities {
        Now::set(1_000);
        Epoch::set(0);
        Author::set(None);
        Fees::set(0);
        PerBlock::set(50);
        MaxNodes::set(250);
        MaxChains::set(16);
        HeadKnown::set(true);
        Answer::set(OnShort::Wait);
        take_told();
        UNFIT.take();
        ABSENT.take();
        IDS.take();
        let mut ext: sp_io::TestExternalities = RuntimeGenesisConfig::default()
            .build_storage()
            .expect("the genesis of the mock is sound")
            .into();
        ext.execute_with(|| {
            for account in 1..=ACCOUNTS {
                Balances::mint_into(&account, FUNDS).expect("accounts can be funded");
            }
            System::set_block_number(1);
        });
        ext
    }

    /// As [`build`](Self::build), with a keystore in which keys can be made.
    #[cfg(feature = "runtime-benchmarks")]
    pub fn build_with_keystore(self) -> sp_io::TestExternalities {
        use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
        let mut ext = self.build();
        ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
        ext
    }

    /// Run a test; the storage's invariants must hold after each block and at the end.
    pub fn run(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            test();
            NodePool::do_try_state().expect("the test keeps the invariants");
        });
    }
}
