// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime with the pallet, and a way to make blocks in it.

use crate as hansa_pallet_beacon;
use crate::{CreditOf, Event};
use frame_support::{
    derive_impl, parameter_types,
    traits::{fungible::Mutate, Authorize, Get, OnFinalize, OnInitialize, OnUnbalanced},
    weights::Weight,
};
use hansa_beacon_primitives::{
    commitment::{commit_payload, commitment, own_id, secret_input},
    Author, AuthorityIndex, Beacon, BeaconId, BeaconPair, BeaconSignature, BlockAuthor, Clock,
    Digest, Draws, EpochClock, EpochIndex, NextSet, OnBeacon, OnFreeze, OnReveal, OwnId, Parts,
    Phase, Pool,
};
use hansa_pbft_primitives::{EpochGate, Hash};
use sp_core::{crypto::VrfSecret, Pair};
use sp_runtime::{
    transaction_validity::{TransactionSource, TransactionValidityError},
    BuildStorage, Permill,
};
use std::cell::RefCell;

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// The length of a session.
pub const SESSION_MS: u64 = 12_000;
/// What each account has.
pub const FUNDS: u64 = 1_000_000;
/// How many accounts have funds, from 1 on.
pub const ACCOUNTS: u64 = 200;
/// A bond.
pub const BOND: u64 = 10;
/// The most that a commitment can cost, in bonds.
pub const MAX_BONDS: u32 = 8;

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
    pub type Beacons = hansa_pallet_beacon::Pallet<Test>;
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
    pub static NowMs: u64 = 0;
    pub static StartMs: u64 = 0;
    pub static DrawOpen: Option<EpochIndex> = None;
    pub static MaxCommitments: u32 = 300;
    pub static SettlementsPerBlock: u32 = 4;
    pub static OutputRequired: bool = false;
    pub static NextAuthor: Option<Author> = None;
    pub static Forfeited: u64 = 0;
    pub const Bond: u64 = BOND;
    pub const MaxBonds: u32 = MAX_BONDS;
    pub static RevealEndPercent: u32 = 75;
}

pub struct MockParts;
impl Get<Parts> for MockParts {
    fn get() -> Parts {
        Parts {
            commit_end: Permill::from_percent(50),
            reveal_end: Permill::from_percent(RevealEndPercent::get()),
        }
    }
}

/// A call of a hook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    Freeze(EpochIndex, Phase),
    Beacon(EpochIndex, Beacon),
}

thread_local! {
    static REVEALS: RefCell<Vec<(EpochIndex, AccountId)>> = const { RefCell::new(Vec::new()) };
    static TOLD: RefCell<Vec<Told>> = const { RefCell::new(Vec::new()) };
    static POOL: RefCell<Vec<(AccountId, BeaconId)>> = const { RefCell::new(Vec::new()) };
}

pub fn take_told() -> Vec<Told> {
    TOLD.take()
}

/// Notes what it is told, with the state that it sees.
pub struct Hooks;
impl OnFreeze for Hooks {
    fn on_freeze(epoch: EpochIndex) -> Weight {
        let phase = crate::CurrentEpoch::<Test>::get().phase;
        TOLD.with_borrow_mut(|told| told.push(Told::Freeze(epoch, phase)));
        Weight::from_parts(1, 1)
    }
}
impl OnBeacon for Hooks {
    fn on_beacon(epoch: EpochIndex, beacon: &Beacon) -> Weight {
        assert_eq!(*beacon, Beacons::beacon());
        TOLD.with_borrow_mut(|told| told.push(Told::Beacon(epoch, *beacon)));
        Weight::from_parts(2, 2)
    }
}

impl OnReveal<AccountId> for Hooks {
    fn on_reveal(epoch: EpochIndex, account: &AccountId) {
        REVEALS.with_borrow_mut(|told| told.push((epoch, *account)));
    }

    fn weight() -> Weight {
        Weight::from_parts(3, 3)
    }
}

/// Which reveals the hook was told of.
pub fn take_reveals() -> Vec<(EpochIndex, AccountId)> {
    REVEALS.take()
}

/// The nodes of the mock.
pub struct MockPool;
impl Pool<AccountId> for MockPool {
    fn key_of(account: &AccountId) -> Option<BeaconId> {
        let find = |pool: &Vec<(AccountId, BeaconId)>| {
            pool.iter()
                .find(|(a, _)| a == account)
                .map(|(_, k)| k.clone())
        };
        POOL.with_borrow(find)
    }

    fn account_of(key: &BeaconId) -> Option<AccountId> {
        POOL.with_borrow(|pool| pool.iter().find(|(_, k)| k == key).map(|(a, _)| *a))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn put(account: &AccountId, key: &BeaconId) {
        POOL.with_borrow_mut(|pool| pool.push((*account, key.clone())));
    }
}

pub fn leave_pool(account: AccountId) {
    POOL.with_borrow_mut(|pool| pool.retain(|(a, _)| *a != account));
}

pub fn set_key(account: AccountId, key: BeaconId) {
    leave_pool(account);
    POOL.with_borrow_mut(|pool| pool.push((account, key)));
}

pub struct MockClock;
impl EpochClock for MockClock {
    fn clock() -> Clock {
        Clock {
            now_ms: NowMs::get(),
            start_ms: StartMs::get(),
            length_ms: SESSION_MS,
        }
    }
}

pub struct MockAuthor;
impl BlockAuthor for MockAuthor {
    fn block_author() -> Option<Author> {
        NextAuthor::get()
    }
}

/// The consensus pallet, which refuses sets that have this account in them.
pub struct MockSet;
pub const REFUSED: AccountId = 13;
impl NextSet<AccountId> for MockSet {
    fn is_next_set(accounts: &[AccountId]) -> bool {
        !accounts.contains(&REFUSED)
    }
}

pub struct MockDraws;
impl Draws for MockDraws {
    fn is_open(epoch: EpochIndex) -> bool {
        DrawOpen::get() == Some(epoch)
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

impl hansa_pallet_beacon::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Pool = MockPool;
    type Clock = MockClock;
    type Author = MockAuthor;
    type NextSet = MockSet;
    type OnFreeze = Hooks;
    type OnBeacon = Hooks;
    type OnReveal = Hooks;
    type Draws = MockDraws;
    type OnForfeit = Forfeits;
    type Bond = Bond;
    type MaxBonds = MaxBonds;
    type MaxCommitments = MaxCommitments;
    type Parts = MockParts;
    type SettlementsPerBlock = SettlementsPerBlock;
    type OutputRequired = OutputRequired;
    type WeightInfo = ();
}

/// The key pair of an account's node.
pub fn pair(account: AccountId) -> BeaconPair {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&account.to_le_bytes());
    BeaconPair::from_seed(&seed)
}

/// What a node computes for the epoch under way, as a node does.
pub fn id(account: AccountId) -> OwnId {
    let state = crate::CurrentEpoch::<Test>::get();
    let input = secret_input(&genesis(), state.index, &state.beacon);
    own_id(&pair(account).into_inner().vrf_pre_output(&input))
}

pub fn genesis() -> Hash {
    System::block_hash(0)
}

/// The commitment of a node in the epoch under way.
pub fn commitment_of(account: AccountId) -> Digest {
    commitment(&genesis(), epoch(), &account, &id(account))
}

pub fn signature(account: AccountId, epoch: EpochIndex, hash: &Digest) -> BeaconSignature {
    pair(account).sign(&commit_payload(&genesis(), epoch, &account, hash))
}

pub fn epoch() -> EpochIndex {
    crate::CurrentEpoch::<Test>::get().index
}

pub fn phase() -> Phase {
    crate::CurrentEpoch::<Test>::get().phase
}

/// Run a call as a block does: authorise it, then dispatch it.
pub fn apply(call: crate::Call<Test>) -> Result<(), TransactionValidityError> {
    use frame_support::dispatch::{GetDispatchInfo, Pays};
    use sp_runtime::traits::Dispatchable;
    let authorized = call.authorize(TransactionSource::External);
    authorized.expect("the calls authorise themselves")?;
    let call = RuntimeCall::Beacons(call);
    assert_eq!(call.get_dispatch_info().pays_fee, Pays::No);
    let origin = frame_system::RawOrigin::Authorized.into();
    call.dispatch(origin)
        .expect("what is authorised does not fail");
    Ok(())
}

pub fn commit_call(account: AccountId) -> crate::Call<Test> {
    let hash = commitment_of(account);
    crate::Call::commit {
        epoch: epoch(),
        account,
        commitment: hash,
        signature: signature(account, epoch(), &hash),
    }
}

pub fn reveal_call(account: AccountId) -> crate::Call<Test> {
    crate::Call::reveal {
        epoch: epoch(),
        account,
        id: id(account),
    }
}

pub fn commit(account: AccountId) -> Result<(), TransactionValidityError> {
    apply(commit_call(account))
}

pub fn reveal(account: AccountId) -> Result<(), TransactionValidityError> {
    apply(reveal_call(account))
}

/// What the pallet said in the last block.
pub fn events() -> Vec<Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Beacons(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// The output of an author's node for the next block; the bytes only, as the runtime verifies nothing.
pub fn output(author: AuthorityIndex) -> [u8; 32] {
    [author as u8; 32]
}

/// Make the next block, a second after the last, by one of four authorities of equal weight.
pub fn block_by(author: AuthorityIndex) {
    block_with(Some(Author {
        index: author,
        weight: 1,
        total_weight: 4,
        set_id: 0,
        vrf: Some(output(author)),
    }));
}

/// Make the next block, a second after the last; what is done after it is still part of it.
pub fn block_with(author: Option<Author>) {
    let last = System::block_number();
    if last > 0 {
        Beacons::on_finalize(last);
        Beacons::do_try_state().expect("the block keeps the invariants");
    }
    let number = last + 1;
    NextAuthor::set(author);
    System::reset_events();
    System::set_block_number(number);
    Beacons::on_initialize(number);
    // The session pallet's turn.
    if Beacons::session_may_end() {
        StartMs::set(NowMs::get());
    }
    NowMs::set(NowMs::get() + 1_000);
}

/// Make a block by each authority in turn.
pub fn block() {
    block_by((System::block_number() % 4) as AuthorityIndex);
}

/// Make blocks until the first one of a reveal part.
pub fn to_reveal() {
    to(|| phase() == Phase::Reveal);
}

/// Make blocks until the first one of the mixing.
pub fn to_mix() {
    to(|| phase() == Phase::Mix);
}

/// Make blocks until the first one of the next epoch.
pub fn to_next_epoch() {
    let last = epoch();
    to(|| epoch() > last);
}

fn to(end: impl Fn() -> bool) {
    for _ in 0..200 {
        block();
        if end() {
            return;
        }
    }
    panic!("it did not happen in 200 blocks");
}

/// A whole epoch, from its first block to the next one's, in which these commit and reveal.
pub fn whole_epoch(committing: &[AccountId], revealing: &[AccountId]) {
    for account in committing {
        commit(*account).expect("the commitment is good");
    }
    to_reveal();
    for account in revealing {
        reveal(*account).expect("the reveal is good");
    }
    to_next_epoch();
}

/// What is held of an account for its commitments.
pub fn held(account: AccountId) -> u64 {
    use frame_support::traits::fungible::InspectHold;
    Balances::balance_on_hold(&crate::HoldReason::Commitment.into(), &account)
}

/// All that an account has.
pub fn total(account: AccountId) -> u64 {
    use frame_support::traits::fungible::Inspect;
    Balances::total_balance(&account)
}

#[derive(Default)]
pub struct ExtBuilder {
    pub entropy: Hash,
}

impl ExtBuilder {
    pub fn build(self) -> sp_io::TestExternalities {
        NowMs::set(0);
        StartMs::set(0);
        DrawOpen::set(None);
        MaxCommitments::set(300);
        SettlementsPerBlock::set(4);
        OutputRequired::set(false);
        RevealEndPercent::set(75);
        NextAuthor::set(None);
        Forfeited::set(0);
        take_told();
        POOL.set((1..=ACCOUNTS).map(|a| (a, pair(a).public())).collect());
        let genesis = RuntimeGenesisConfig {
            beacons: crate::GenesisConfig {
                entropy: self.entropy,
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

    /// Run a test from the first block on; the storage's invariants must hold after each block and at
    /// the end.
    pub fn run(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            Beacons::do_try_state().expect("genesis keeps the invariants");
            block();
            test();
            Beacons::on_finalize(System::block_number());
            Beacons::do_try_state().expect("the test keeps the invariants");
        });
    }
}

/// As `do_try_state`, in the middle of a block.
pub fn try_state_within_block() {
    let turned = crate::EpochTurned::<Test>::take();
    Beacons::do_try_state().expect("the invariants hold");
    if turned {
        crate::EpochTurned::<Test>::put(true);
    }
}
