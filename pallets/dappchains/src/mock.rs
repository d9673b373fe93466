// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime with the pallet, and an allocation that does what a test says.

use crate as hansa_pallet_dappchains;
use crate::{cost::Curve, payout::Division, Chain, Chains, CreditOf, Event, Name, Terms};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{Inspect, InspectHold, Mutate},
        Authorize, ConstU128, ConstU32, Hooks, OnUnbalanced, StorePreimage,
    },
    BoundedVec,
};
use frame_system::EnsureRoot;
use hansa_allocation_primitives::{
    Allocation, ChainEvents, Departure, Member, MemberPhase, OnShort, Phase, Term,
};
use hansa_dappchain_primitives::{
    genesis::confirm_payload, AssignedNode, ChainId, ChainLives, ChainState, CheckpointOf,
    FounderKeys, Hash, HubCheckpoint, KeysOf, RuntimeSource, Seconds,
};
use hansa_interchain_primitives::traits::{CloseRoute, Closing};
use hansa_pbft_primitives::{AuthorityPair, AuthoritySignature};
use sp_core::Pair;
use sp_runtime::{
    traits::BlockNumberProvider,
    transaction_validity::{TransactionSource, TransactionValidityError},
    BuildStorage, DispatchResult, Perbill, Weight,
};
use std::{borrow::Cow, cell::RefCell, collections::BTreeMap};

pub use crate::mock_allocation::*;

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// What each account has.
pub const FUNDS: u128 = 1_000_000_000;
/// The accounts with funds: 1 to 99 for deployers, from 100 on for nodes.
pub const ACCOUNTS: u64 = 400;
/// The stake for a node at 100 %.
pub const UNIT: u128 = 1_000;
/// How long founders have to confirm.
pub const FORMING_TIME: Seconds = 100;
/// How long a chain goes on once its end is announced.
pub const NOTICE: Seconds = 500;
/// How long the route of a chain that has ended waits for value. Longer than until it is looked at again.
pub const LINGER: Seconds = 12_000;
/// How long a turn lasts.
pub const TURN: Seconds = 1_000;
/// How long blocks count together.
pub const ACTIVITY: Seconds = 10_000;
/// How long a ballot lasts.
pub const VOTING: Seconds = 4_000;
/// The version of the standard runtime of the mock.
pub const STANDARD: RuntimeSource = RuntimeSource::Standard(1);

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
    pub static Forfeited: u128 = 0;
    pub static Begun: Vec<(ChainId, Hash, Vec<AccountId>, u64)> = Vec::new();
    pub static Ended: Vec<ChainId> = Vec::new();
    pub static ValueIsOut: bool = false;
    pub static StepsLeft: u32 = 1;
    pub static Asked: Vec<(ChainId, Seconds)> = Vec::new();
    pub static Dividing: Division = Division::ByWait(1_000);
    pub const TheCurve: Curve = Curve { free_places: 40, scale_places: 40 };
    pub const GoneFee: Perbill = Perbill::from_percent(5);
    pub const TheTerms: Terms = Terms {
        default: Term { blocks: 100, seconds: TURN },
        least: Term { blocks: 10, seconds: 100 },
        most: Term { blocks: 1_000, seconds: 10 * TURN },
    };
    pub const Step: Perbill = Perbill::from_percent(25);
    pub const Cap: Perbill = Perbill::from_percent(40);
    pub const Turnout: Perbill = Perbill::from_percent(20);
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
    static KEYLESS: RefCell<Vec<AccountId>> = const { RefCell::new(Vec::new()) };
    static OTHER_KEYS: RefCell<BTreeMap<AccountId, FounderKeys>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// The key pair of an account's node.
pub fn pair(account: AccountId) -> AuthorityPair {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&account.to_le_bytes());
    AuthorityPair::from_seed(&seed)
}

pub struct MockKeys;
impl KeysOf<AccountId> for MockKeys {
    fn keys_of(account: &AccountId) -> Option<FounderKeys> {
        if KEYLESS.with_borrow(|keyless| keyless.contains(account)) {
            return None;
        }
        let other = OTHER_KEYS.with_borrow(|keys| keys.get(account).cloned());
        Some(other.unwrap_or_else(|| FounderKeys {
            pbft: pair(*account).public(),
            beacon: None,
        }))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn put_keys(account: &AccountId, keys: FounderKeys) {
        OTHER_KEYS.with_borrow_mut(|all| all.insert(*account, keys));
    }
}

/// Take a node's keys, or give them back.
pub fn set_keyless(accounts: &[AccountId]) {
    KEYLESS.set(accounts.to_vec());
}

pub struct MockCheckpoint;
impl CheckpointOf for MockCheckpoint {
    fn checkpoint() -> HubCheckpoint {
        HubCheckpoint {
            chain: 0x6b,
            genesis: Hash::repeat_byte(9),
            height: 7,
            header: Hash::repeat_byte(7),
            timestamp: 70_000,
            set: Default::default(),
        }
    }
}

/// Notes which chains went live, with their founders and the time of the hub's checkpoint, and which ended.
pub struct MockLives;
impl ChainLives<AccountId> for MockLives {
    fn on_live(chain: ChainId, genesis: Hash, founders: &[AssignedNode<AccountId>], at: u64) {
        let nodes = founders.iter().map(|founder| founder.node).collect();
        Begun::mutate(|all| all.push((chain, genesis, nodes, at)));
    }

    fn on_ended(chain: ChainId) {
        Ended::mutate(|all| all.push(chain));
    }
}

/// Routes that have value on them for as long as a test says, and are closed in as many steps as it says.
pub struct MockRoutes;
impl CloseRoute for MockRoutes {
    fn close_route(chain: ChainId, whatever_is_left: bool) -> (Closing, Weight) {
        Asked::mutate(|all| all.push((chain, Now::get())));
        let closing = if ValueIsOut::get() && !whatever_is_left {
            Closing::Waits
        } else if StepsLeft::get() > 1 {
            StepsLeft::mutate(|left| *left -= 1);
            Closing::GoesOn
        } else {
            Closing::Done
        };
        (closing, Weight::zero())
    }
}

/// Counts what was forfeited, and burns it.
pub struct Forfeits;
impl OnUnbalanced<CreditOf<Test>> for Forfeits {
    fn on_nonzero_unbalanced(credit: CreditOf<Test>) {
        use frame_support::traits::Imbalance;
        Forfeited::set(Forfeited::get() + credit.peek());
    }
}

impl hansa_pallet_dappchains::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = MockClock;
    type Codes = Preimage;
    type Keys = MockKeys;
    type OwnNodes = ();
    type Checkpoint = MockCheckpoint;
    type Lives = MockLives;
    type Routes = MockRoutes;
    type Allocation = MockAllocation;
    type OnForfeit = Forfeits;
    type AdminOrigin = EnsureRoot<AccountId>;
    type StakePerNode = ConstU128<UNIT>;
    type PlacesCurve = TheCurve;
    type GoneFee = GoneFee;
    type DepositBase = ConstU128<100>;
    type DepositPerByte = ConstU128<1>;
    type FormingTime = ConstU32<FORMING_TIME>;
    type RetireNotice = ConstU32<NOTICE>;
    type RouteLinger = ConstU32<LINGER>;
    type PayoutDivision = Dividing;
    type Terms = TheTerms;
    type ShortEpochs = ConstU32<3>;
    type ActivityPeriod = ConstU32<ACTIVITY>;
    type VotingPeriod = ConstU32<VOTING>;
    type LimitStep = Step;
    type DeployerCap = Cap;
    type Turnout = Turnout;
    type DuePerBlock = ConstU32<1>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Helper;
}

/// What benchmarks need: members as they say, with the keys that a keystore gave.
#[cfg(feature = "runtime-benchmarks")]
pub struct Helper;
#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Helper {
    fn fill(chain: ChainId, nodes: &[AccountId]) {
        let members = nodes.iter().map(|node| founding(*node)).collect();
        let filled = with_allocated(chain, |record| record.members = members);
        filled.expect("the chain is open");
    }
}

pub fn name(text: &str) -> Name {
    BoundedVec::try_from(text.as_bytes().to_vec()).expect("names of tests are short")
}

pub fn bytes<const N: u32>(text: &str) -> BoundedVec<u8, ConstU32<N>> {
    BoundedVec::try_from(text.as_bytes().to_vec()).expect("texts of tests are short")
}

/// Register a chain with the standard runtime, at any price.
pub fn register(
    who: AccountId,
    text: &str,
    nodes: u32,
) -> Result<ChainId, sp_runtime::DispatchError> {
    DappChains::register(
        RuntimeOrigin::signed(who),
        name(text),
        nodes,
        STANDARD,
        bytes("{}"),
        bytes("{}"),
        None,
        u128::MAX,
    )?;
    Ok(crate::NextChainId::<Test>::get() - 1)
}

/// Put bytes of a code on the hub.
pub fn note_code(code: &[u8]) -> Hash {
    <Preimage as StorePreimage>::note(Cow::Borrowed(code)).expect("the code is short")
}

pub fn record(chain: ChainId) -> Chain<AccountId> {
    Chains::<Test>::get(chain).expect("there is such a chain")
}

pub fn state(chain: ChainId) -> Option<ChainState> {
    Chains::<Test>::get(chain).map(|record| record.state)
}

fn founding(account: AccountId) -> Member<AccountId> {
    Member {
        account,
        since: Now::get(),
        phase: MemberPhase::Founding,
    }
}

/// A node is drawn for a pending chain.
pub fn found(chain: ChainId, account: AccountId) {
    let full = with_allocated(chain, |record| {
        record.members.push(founding(account));
        record.members.len() as u32 == record.need
    });
    if full.expect("the chain is open") {
        DappChains::on_complete(chain);
    }
}

/// Nodes come, one every 10 seconds, until the chain is complete.
pub fn fill(chain: ChainId, nodes: impl IntoIterator<Item = AccountId>) {
    for node in nodes {
        found(chain, node);
        wait(10);
    }
}

/// A node comes to a live chain, perhaps for another one.
pub fn join(chain: ChainId, account: AccountId, replaced: Option<AccountId>) {
    with_allocated(chain, |record| {
        record.members.retain(|m| Some(m.account) != replaced);
        record.members.push(Member {
            phase: MemberPhase::Serving,
            ..founding(account)
        });
    })
    .expect("the chain is open");
    let replaced = replaced.as_ref().map(|left| (left, Departure::Left));
    DappChains::on_joined(chain, &account, replaced);
}

/// A node leaves a chain, and nobody comes for it.
pub fn leave(chain: ChainId, account: AccountId) {
    with_allocated(chain, |record| {
        record.members.retain(|m| m.account != account)
    })
    .expect("the chain is open");
    DappChains::on_left(chain, &account, Departure::Unfit);
}

/// A draw finds the chain short.
pub fn short(chain: ChainId, epochs: u32) -> OnShort {
    let need = allocated(chain).expect("the chain is open").need;
    let active = MockAllocation::active_count(chain);
    let (answer, _) = DappChains::on_short(chain, active, need, epochs);
    match answer {
        OnShort::Wait => {}
        OnShort::Shrink(need) => MockAllocation::set_need(chain, need).expect("it is open"),
        OnShort::WindUp => MockAllocation::set_phase(chain, Phase::Retiring).expect("it is live"),
    }
    answer
}

/// The signature of a founder.
pub fn signature(
    account: AccountId,
    chain: ChainId,
    attempt: u16,
    outcome: Option<Hash>,
) -> AuthoritySignature {
    let hub = System::block_hash(0);
    pair(account).sign(&confirm_payload(&hub, chain, attempt, outcome))
}

/// Run a call as a block does: authorise it, then dispatch it.
pub fn apply(call: crate::Call<Test>) -> Result<(), TransactionValidityError> {
    use frame_support::dispatch::{GetDispatchInfo, Pays};
    use sp_runtime::traits::Dispatchable;
    call.authorize(TransactionSource::External)
        .expect("the call authorises itself")?;
    let call = RuntimeCall::DappChains(call);
    assert_eq!(call.get_dispatch_info().pays_fee, Pays::No);
    call.dispatch(frame_system::RawOrigin::Authorized.into())
        .expect("what is authorised does not fail");
    Ok(())
}

/// The founder in a seat says what it found.
pub fn confirm(
    chain: ChainId,
    seat: u32,
    outcome: Option<Hash>,
) -> Result<(), TransactionValidityError> {
    let attempt = record(chain).attempt;
    let founders = crate::FrozenRecords::<Test>::get(chain).map(|f| f.founders);
    let node = founders.and_then(|f| f.get(seat as usize).map(|f| f.node));
    apply(crate::Call::confirm_genesis {
        chain,
        attempt,
        seat,
        outcome,
        signature: signature(node.unwrap_or_default(), chain, attempt, outcome),
    })
}

/// The genesis of tests.
pub fn genesis() -> Hash {
    Hash::repeat_byte(9)
}

/// A quorum of founders confirms.
pub fn confirm_all(chain: ChainId) {
    let founders = MockAllocation::member_count(chain);
    for seat in 0..hansa_dappchain_primitives::quorum(founders) {
        confirm(chain, seat, Some(genesis())).expect("the founder is right");
    }
}

/// A live chain of `who`, with four nodes from `first` on.
pub fn live(who: AccountId, text: &str, first: AccountId) -> ChainId {
    let chain = register(who, text, 4).expect("it can be registered");
    fill(chain, first..first + 4);
    confirm_all(chain);
    assert_eq!(state(chain), Some(ChainState::Live));
    chain
}

/// Time passes, without a block.
pub fn wait(seconds: Seconds) {
    Now::set(Now::get() + seconds);
}

/// Make the next block.
pub fn block() {
    DappChains::do_try_state().expect("the block keeps the invariants");
    let number = System::block_number() + 1;
    System::reset_events();
    System::set_block_number(number);
    DappChains::on_initialize(number);
}

/// Time passes, and a block is made.
pub fn block_after(seconds: Seconds) {
    wait(seconds);
    block();
}

/// What the pallet said in the last block.
pub fn events() -> Vec<Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::DappChains(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// What is on hold for stakes.
pub fn staked(account: AccountId) -> u128 {
    Balances::balance_on_hold(&crate::HoldReason::Stake.into(), &account)
}

/// What is on hold for specs.
pub fn deposited(account: AccountId) -> u128 {
    Balances::balance_on_hold(&crate::HoldReason::Spec.into(), &account)
}

/// All that an account has.
pub fn total(account: AccountId) -> u128 {
    Balances::total_balance(&account)
}

pub fn signed(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Nothing may change by a call that fails.
pub fn noop(result: impl FnOnce() -> DispatchResult, error: crate::Error<Test>) {
    frame_support::assert_noop!(result(), error);
}

#[derive(Default)]
pub struct ExtBuilder {
    pub hard_limit: Option<u32>,
    pub retire_notice: Option<Seconds>,
}

impl ExtBuilder {
    pub fn build(self) -> sp_io::TestExternalities {
        Now::set(0);
        Forfeited::set(0);
        ValueIsOut::set(false);
        StepsLeft::set(1);
        Asked::set(Vec::new());
        Dividing::set(Division::ByWait(1_000));
        forget_allocated();
        KEYLESS.take();
        OTHER_KEYS.take();
        let genesis = RuntimeGenesisConfig {
            dapp_chains: crate::GenesisConfig {
                hard_limit: self.hard_limit,
                retire_notice: self.retire_notice,
                ..Default::default()
            },
            ..Default::default()
        };
        let mut ext: sp_io::TestExternalities = genesis
            .build_storage()
            .expect("the genesis of the mock is sound")
            .into();
        ext.execute_with(|| {
            for account in 1..=ACCOUNTS {
                Balances::mint_into(&account, FUNDS).expect("accounts can be funded");
            }
            let code = note_code(b"the standard runtime");
            DappChains::add_standard_runtime(RuntimeOrigin::root(), 1, code)
                .expect("the code is on the hub");
            block();
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

    /// Run a test; the storage's invariants must hold after each block and at the end, and no token
    /// may be made or lost but what was forfeited.
    pub fn run(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            let issued = Balances::total_issuance();
            test();
            DappChains::do_try_state().expect("the test keeps the invariants");
            assert_eq!(Balances::total_issuance() + Forfeited::get(), issued);
        });
    }
}
