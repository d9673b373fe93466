// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime with the pallet, the sorted list and the session pallet, and a way to let time pass.

use crate as hansa_pallet_staking;
use crate::{
    types::{Ledger, Node, Position},
    GenesisValidator, InflationSchedule, Periods,
};
use frame_support::{
    derive_impl, parameter_types,
    storage::unhashed,
    traits::{
        fungible::{Credit, Inspect},
        Imbalance, OnInitialize, OnUnbalanced,
    },
    PalletId,
};
use frame_system::EnsureRoot;
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, Conviction, EndSession, Hash, Height, OffenceKind,
    OnCertificate, OnOffence, SignedStatement, Statement, VerifyCommit, VotingWeight, Weight,
};
use hansa_staking_primitives::{Balance, BlockAuthor, Seconds};
use pallet_session::ShouldEndSession;
use sp_runtime::{
    impl_opaque_keys,
    testing::UintAuthorityId,
    traits::{BlockNumberProvider, ConvertInto, OpaqueKeys},
    BoundToRuntimeAppPublic, BuildStorage, Perbill,
};
use std::cell::RefCell;

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// What every account of the genesis has.
pub const ENDOWMENT: Balance = 1_000_000_000;
/// The smallest amount that keeps an account alive.
pub const ED: Balance = 10;
/// The length of a session in seconds.
pub const SESSION: Seconds = 100;

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
    pub type Staking = hansa_pallet_staking::Pallet<Test>;
    #[runtime::pallet_index(3)]
    pub type BagsList = pallet_bags_list::Pallet<Test>;
    #[runtime::pallet_index(4)]
    pub type Session = pallet_session::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<Balance>;
}

parameter_types! {
    pub const ExistentialDeposit: Balance = ED;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
}

/// Bags that double.
static BAGS: [Balance; 30] = {
    let (mut bags, mut i) = ([0; 30], 0);
    while i < 30 {
        bags[i] = 500 << i;
        i += 1;
    }
    bags
};

parameter_types! {
    pub static Thresholds: &'static [Balance] = &BAGS;
}

impl pallet_bags_list::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type ScoreProvider = Staking;
    type BagThresholds = Thresholds;
    type MaxAutoRebagPerBlock = ();
    type Score = Balance;
}

/// Takes the place of the consensus pallet.
pub struct Consensus;

impl_opaque_keys! {
    pub struct MockKeys {
        pub consensus: Consensus,
    }
}

thread_local! {
    static NOW: RefCell<Seconds> = const { RefCell::new(0) };
    static END_SESSION: RefCell<bool> = const { RefCell::new(false) };
    static AUTHOR: RefCell<Option<AccountId>> = const { RefCell::new(None) };
    static LEFT: RefCell<Vec<AccountId>> = const { RefCell::new(Vec::new()) };
    /// The set that was handed over last, with its weights.
    static SET: RefCell<Vec<(AccountId, Weight)>> = const { RefCell::new(Vec::new()) };
}

/// The node of [`Serves`] serves chain 1.
pub struct OneServes;
impl hansa_allocation_primitives::Serving<AccountId> for OneServes {
    fn chain_of(account: &AccountId) -> Option<u32> {
        Serves::get().filter(|node| node == account).map(|_| 1)
    }

    fn is_pooled(account: &AccountId) -> bool {
        Self::chain_of(account).is_some()
    }
}

impl BoundToRuntimeAppPublic for Consensus {
    type Public = UintAuthorityId;
}

fn hand_over<'a>(validators: impl Iterator<Item = (&'a AccountId, UintAuthorityId)>) {
    let set = validators.map(|(a, _)| (*a, Staking::voting_weight(a)));
    SET.set(set.collect());
}

impl frame_support::traits::OneSessionHandler<AccountId> for Consensus {
    type Key = UintAuthorityId;

    fn on_genesis_session<'a, I>(validators: I)
    where
        I: Iterator<Item = (&'a AccountId, UintAuthorityId)> + 'a,
    {
        hand_over(validators);
        // As the consensus pallet does.
        for session in [0, 1] {
            let _ = <Staking as pallet_session::SessionManager<_>>::new_session_genesis(session);
        }
    }

    fn on_new_session<'a, I>(_: bool, validators: I, _: I)
    where
        I: Iterator<Item = (&'a AccountId, UintAuthorityId)> + 'a,
    {
        hand_over(validators);
    }

    fn on_disabled(_: u32) {}
}

impl ShouldEndSession<u32> for Consensus {
    fn should_end_session(_: u32) -> bool {
        END_SESSION.take()
    }
}

impl EndSession for Consensus {
    fn end_session() {
        END_SESSION.set(true);
    }
}

impl BlockAuthor<AccountId> for Consensus {
    fn block_author() -> Option<AccountId> {
        AUTHOR.with_borrow(|author| *author)
    }
}

/// The hash that stands for a good signature.
pub const SIGNED: Hash = Hash::repeat_byte(1);

impl VerifyCommit<AccountId> for Consensus {
    fn commit_signer(commit: &SignedStatement) -> Option<AccountId> {
        let at = usize::from(commit.authority);
        set().get(at).map(|(account, _)| *account)
    }

    fn verify_commit(commit: &SignedStatement) -> bool {
        commit.statement.block() == Some(SIGNED)
    }
}

pub struct Clock;
impl BlockNumberProvider for Clock {
    type BlockNumber = Seconds;

    fn current_block_number() -> Seconds {
        NOW.with_borrow(|now| *now)
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_block_number(now: Seconds) {
        NOW.set(now);
    }
}

impl pallet_session::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Consensus;
    type NextSessionRotation = ();
    type SessionManager = Staking;
    type SessionHandler = <MockKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = MockKeys;
    type DisablingStrategy = ();
    type WeightInfo = ();
    type Currency = Balances;
    type KeyDeposit = frame_support::traits::ConstU128<0>;
}

/// Where in the storage, which is rolled back with a call that fails, is counted what was slashed.
const SLASHED: &[u8] = b"mock/slashed";
/// And what nobody else was to get.
const REMAINDER: &[u8] = b"mock/remainder";

fn count(key: &[u8], credit: &Credit<AccountId, Balances>) {
    let sum: Balance = unhashed::get_or_default(key);
    unhashed::put(key, &(sum + credit.peek()));
}

/// Burns what it gets, and notes how much it was.
pub struct Slashed;
impl OnUnbalanced<Credit<AccountId, Balances>> for Slashed {
    fn on_nonzero_unbalanced(credit: Credit<AccountId, Balances>) {
        count(SLASHED, &credit);
    }
}

/// Burns what it gets, and notes how much it was.
pub struct Remainder;
impl OnUnbalanced<Credit<AccountId, Balances>> for Remainder {
    fn on_nonzero_unbalanced(credit: Credit<AccountId, Balances>) {
        count(REMAINDER, &credit);
    }
}

/// The periods of the tests.
pub const PERIODS: Periods = Periods {
    unbonding: 1_000,
    trusting: 300,
    slash_defer: 200,
};

parameter_types! {
    pub static AuthorShare: Perbill = Perbill::from_percent(80);
    pub static Inflation: InflationSchedule = InflationSchedule {
        first: Perbill::from_percent(10),
        decay: Perbill::from_percent(10),
        floor: Perbill::from_percent(2),
    };
    pub const StakingPallet: PalletId = PalletId(*b"hnsa/stk");
    pub const MinBond: Balance = 1_000;
    pub const MinDelegation: Balance = 100;
    pub const RegistrationFee: Balance = 500;
    pub static MaxValidators: u32 = 4;
    pub static MinValidators: u32 = 2;
    pub static ElectionWindow: u32 = 8;
    pub static WeightTolerance: Perbill = Perbill::zero();
    pub const DefaultPeriods: Periods = PERIODS;
    pub static EvidenceSessions: u32 = 5;
    pub static LeastSlash: Perbill = Perbill::zero();
    pub static ChillReporters: u32 = 2;
    pub static ChillShare: Perbill = Perbill::from_percent(50);
    pub static CommitWindow: u32 = 8;
    /// The node that serves a DappChain.
    pub static Serves: Option<AccountId> = None;
    pub static FrozenElections: bool = false;
}

/// Notes who left.
pub struct Left;
impl hansa_beacon_primitives::Leaving<AccountId> for Left {
    fn on_leave(account: &AccountId) -> frame_support::weights::Weight {
        LEFT.with_borrow_mut(|left| left.push(*account));
        Default::default()
    }
}

/// Who left since this was last asked.
pub fn take_left() -> Vec<AccountId> {
    LEFT.take()
}

pub struct Purge;
impl hansa_staking_primitives::PurgeKeys<AccountId> for Purge {
    fn purge_keys(account: &AccountId) -> sp_runtime::DispatchResult {
        Session::purge_keys(signed(*account))
    }
}

impl hansa_pallet_staking::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = Clock;
    type Candidates = BagsList;
    type SessionKeys = Session;
    type PurgeKeys = Purge;
    type Leaving = Left;
    type FrozenElections = FrozenElections;
    type Author = Consensus;
    type Commits = Consensus;
    type EndSession = Consensus;
    type AdminOrigin = EnsureRoot<AccountId>;
    type Slashed = Slashed;
    type Remainder = Remainder;
    type AuthorShare = AuthorShare;
    type Inflation = Inflation;
    type PalletId = StakingPallet;
    type MinBond = MinBond;
    type MinDelegation = MinDelegation;
    type RegistrationFee = RegistrationFee;
    type MaxValidators = MaxValidators;
    type MinValidators = MinValidators;
    type ElectionWindow = ElectionWindow;
    type WeightTolerance = WeightTolerance;
    type DefaultPeriods = DefaultPeriods;
    type EvidenceSessions = EvidenceSessions;
    type LeastSlash = LeastSlash;
    type ChillReporters = ChillReporters;
    type ChillShare = ChillShare;
    type CommitWindow = CommitWindow;
    type Serving = OneServes;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Consensus;
}

/// Give an account session keys.
pub fn give_keys(account: AccountId) {
    let keys = MockKeys {
        consensus: UintAuthorityId(account),
    };
    pallet_session::NextKeys::<Test>::insert(account, keys);
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Consensus {
    fn set_keys(node: &AccountId) {
        give_keys(*node);
    }

    fn commit(members: &[AccountId], height: Height) -> SignedStatement {
        SET.set(members.iter().map(|member| (*member, 1)).collect());
        commit(height, members.len().saturating_sub(1) as u16, SIGNED)
    }
}

/// The set that decides, with its weights.
pub fn set() -> Vec<(AccountId, Weight)> {
    SET.with_borrow(Clone::clone)
}

/// The accounts of the set that decides.
pub fn members() -> Vec<AccountId> {
    set().into_iter().map(|(account, _)| account).collect()
}

pub fn now() -> Seconds {
    Clock::current_block_number()
}

pub fn set_author(author: Option<AccountId>) {
    AUTHOR.set(author);
}

/// What was slashed so far.
pub fn slashed() -> Balance {
    unhashed::get_or_default(SLASHED)
}

/// What nobody else was to get so far.
pub fn remainder() -> Balance {
    unhashed::get_or_default(REMAINDER)
}

pub fn issuance() -> Balance {
    issuance_of::<Balances>()
}

/// All that there is of a token.
pub fn issuance_of<C: Inspect<AccountId, Balance = Balance>>() -> Balance {
    C::total_issuance()
}

pub fn free(account: AccountId) -> Balance {
    Balances::balance(&account)
}

pub fn signed(account: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(account)
}

pub fn ledger(account: AccountId) -> Ledger {
    crate::Ledgers::<Test>::get(account).unwrap_or_default()
}

pub fn node(account: AccountId) -> Node {
    crate::Nodes::<Test>::get(account)
}

pub fn position(delegator: AccountId, node: AccountId) -> Position {
    crate::Positions::<Test>::get(delegator, node).unwrap_or_default()
}

/// What a delegation is worth now, with all that was earned and slashed.
pub fn worth(delegator: AccountId, node: AccountId) -> Balance {
    let view = Staking::ledger(delegator);
    let of_node = view.delegations.into_iter().find(|view| view.node == node);
    of_node.map_or(0, |view| view.active)
}

/// Put a reward into the pallet's account, as a session's end does.
pub fn mint_reward(amount: Balance) {
    use frame_support::traits::fungible::{Mutate, MutateHold};
    Balances::mint_into(&Staking::pot(), amount).expect("the account exists");
    let reason = crate::HoldReason::Reward.into();
    Balances::hold(&reason, &Staking::pot(), amount).expect("it is there");
}

/// What the pallet said since the last block began.
pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Staking(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// Make a block `seconds` after the last.
pub fn block_after(seconds: Seconds) {
    System::set_block_number(System::block_number() + 1);
    System::reset_events();
    AllPalletsWithSystem::on_initialize(System::block_number());
    NOW.with_borrow_mut(|now| *now += seconds);
}

/// Make a block that ends the session.
pub fn rotate() {
    END_SESSION.set(true);
    block_after(0);
}

/// Let a session pass and end it, nobody having signed anything.
pub fn session() {
    block_after(SESSION);
    rotate();
}

/// Report a certificate of the parent, signed by these members.
pub fn certificate(reporter: AccountId, signers: &[AccountId]) {
    let members = members();
    let members = members.iter().map(|m| (m, signers.contains(m)));
    Staking::on_certificate(Some(&reporter), members);
}

/// A session in which each member reports one certificate that these members signed.
pub fn session_signed_by(signers: &[AccountId]) {
    block_after(SESSION);
    for reporter in members() {
        block_after(0);
        certificate(reporter, signers);
    }
    rotate();
}

/// A Commit of the member at this position.
pub fn commit(height: Height, authority: AuthorityIndex, hash: Hash) -> SignedStatement {
    SignedStatement {
        height,
        view: 0,
        statement: Statement::Commit {
            hash,
            proof: NO_PROOF,
        },
        authority,
        signature: sp_core::ed25519::Signature::default().into(),
    }
}

/// Convict a member of an offence in a session, by its weight in the set that decides now.
pub fn convict(offender: AccountId, session: u32) {
    let set = set();
    let weight = set
        .iter()
        .find(|(a, _)| *a == offender)
        .map_or(1, |(_, w)| *w);
    convict_of(offender, session, weight, set.iter().map(|(_, w)| *w).sum());
}

pub fn convict_of(offender: AccountId, session: u32, weight: Weight, total_weight: Weight) {
    Staking::on_offence(&Conviction {
        offender,
        session,
        height: 1,
        kind: OffenceKind::Equivocation,
        weight,
        total_weight,
    });
}

/// What tests may have changed.
fn reset_parameters() {
    MaxValidators::set(4);
    MinValidators::set(2);
    ElectionWindow::set(8);
    WeightTolerance::set(Perbill::zero());
    EvidenceSessions::set(5);
    LeastSlash::set(Perbill::zero());
    FrozenElections::set(false);
    take_left();
    Inflation::set(InflationSchedule {
        first: Perbill::from_percent(10),
        decay: Perbill::from_percent(10),
        floor: Perbill::from_percent(2),
    });
}

pub struct ExtBuilder {
    pub validators: Vec<(AccountId, Balance)>,
    /// Accounts with session keys that are no validators.
    pub with_keys: Vec<AccountId>,
}

impl Default for ExtBuilder {
    fn default() -> Self {
        Self {
            validators: vec![(1, 40_000), (2, 30_000), (3, 20_000), (4, 10_000)],
            with_keys: vec![5, 6, 7],
        }
    }
}

impl ExtBuilder {
    pub fn validators(self, validators: &[(AccountId, Balance)]) -> Self {
        Self {
            validators: validators.to_vec(),
            ..self
        }
    }

    pub fn build(self) -> sp_io::TestExternalities {
        NOW.set(0);
        END_SESSION.set(false);
        AUTHOR.set(None);
        SET.set(Vec::new());
        reset_parameters();
        let accounts: Vec<AccountId> = self.validators.iter().map(|(a, _)| *a).collect();
        let keys = |accounts: Vec<AccountId>| {
            let keys = |a| MockKeys {
                consensus: UintAuthorityId(a),
            };
            accounts.into_iter().map(|a| (a, a, keys(a))).collect()
        };
        let validators = self.validators.iter();
        RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig {
                balances: (1..=30).map(|a| (a, ENDOWMENT)).collect(),
                ..Default::default()
            },
            staking: crate::GenesisConfig {
                validators: validators
                    .map(|(account, bond)| GenesisValidator {
                        account: *account,
                        bond: *bond,
                        commission: Perbill::zero(),
                    })
                    .collect(),
                ..Default::default()
            },
            session: pallet_session::GenesisConfig {
                keys: keys(accounts),
                non_authority_keys: keys(self.with_keys),
            },
            ..Default::default()
        }
        .build_storage()
        .expect("the genesis of the mock is sound")
        .into()
    }

    /// Run a test in the first block; the storage's invariants must hold before and after it.
    pub fn run(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            Staking::do_try_state().expect("genesis keeps the invariants");
            block_after(0);
            test();
            Staking::do_try_state().expect("the test keeps the invariants");
        });
    }
}
