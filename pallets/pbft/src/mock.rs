// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime with the pallet and all that it touches, and a way to make blocks in it.

use crate as hansa_pallet_pbft;
use codec::{Decode, Encode};
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU64, EitherOf, OnFinalize, OnInitialize},
};
use frame_system::EnsureRoot;
use hansa_pbft_primitives::{
    recovery::recovery_item, Authority, AuthorityId, AuthorityIndex, AuthorityPair, AuthoritySet,
    ChainedSeed, Conviction, EpochGate, Hash, Height, OnCertificate, OnOffence, ParentCertificate,
    PreDigest, RecoveredSet, SetId, SignerBitmap, TakeRecovery, Timing, View, VotingWeight, Weight,
};
use pallet_session::historical;
use sp_core::Pair;
use sp_runtime::{
    impl_opaque_keys, testing::H256, traits::ConvertInto, BoundedVec, BuildStorage, Digest,
    DigestItem,
};
use std::cell::RefCell;

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;
pub type Header = <Block as sp_runtime::traits::Block>::Header;

/// The time of the first block.
pub const FIRST_MS: u64 = 1_700_000_000_000;
/// The length of a session unless a test says otherwise.
pub const SESSION_MS: u64 = 10_000;

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
    pub type Timestamp = pallet_timestamp::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type Pbft = hansa_pallet_pbft::Pallet<Test>;
    #[runtime::pallet_index(3)]
    pub type Authorship = pallet_authorship::Pallet<Test>;
    #[runtime::pallet_index(4)]
    pub type Session = pallet_session::Pallet<Test>;
    #[runtime::pallet_index(5)]
    pub type Historical = pallet_session::historical::Pallet<Test>;
    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances::Pallet<Test>;
}

impl_opaque_keys! {
    pub struct MockKeys {
        pub pbft: Pbft,
    }
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {
    type OnTimestampSet = Pbft;
}

impl pallet_authorship::Config for Test {
    type FindAuthor = Pbft;
    type EventHandler = ();
}

impl pallet_session::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Pbft;
    type NextSessionRotation = Pbft;
    type SessionManager = historical::NoteHistoricalRoot<Self, Pbft>;
    type SessionHandler = <MockKeys as sp_runtime::traits::OpaqueKeys>::KeyTypeIdProviders;
    type Keys = MockKeys;
    type DisablingStrategy = ();
    type WeightInfo = ();
    type Currency = Balances;
    type KeyDeposit = ConstU64<0>;
}

impl historical::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = crate::NoIdentification;
}

/// Lets sessions end, unless a test says otherwise.
pub struct Gate;
impl EpochGate for Gate {
    fn session_may_end() -> bool {
        GateOpen::get()
    }
}

parameter_types! {
    pub static GateOpen: bool = true;
    pub static PromptChanges: bool = true;
    pub static EvidenceSessions: u32 = 3;
}

thread_local! {
    /// Weights that differ from 1.
    static WEIGHTS: RefCell<Vec<(AccountId, Weight)>> = const { RefCell::new(Vec::new()) };
    /// Weights in the set that is planned, where they differ from those now.
    static PLANNED: RefCell<Vec<(AccountId, Weight)>> = const { RefCell::new(Vec::new()) };
    /// What [`Reports`] was told: (reporter, members with whether they signed).
    static REPORTS: RefCell<Vec<Report>> = const { RefCell::new(Vec::new()) };
}

thread_local! {
    /// What [`Convictions`] was told.
    static CONVICTIONS: RefCell<Vec<Conviction<AccountId>>> = const { RefCell::new(Vec::new()) };
}

pub fn take_convictions() -> Vec<Conviction<AccountId>> {
    CONVICTIONS.take()
}

/// Notes convictions, then does what authority mode does.
pub struct Convictions;
impl OnOffence<AccountId> for Convictions {
    fn on_offence(conviction: &Conviction<AccountId>) {
        CONVICTIONS.with_borrow_mut(|convictions| convictions.push(conviction.clone()));
        Pbft::on_offence(conviction);
    }
}

type Report = (Option<AccountId>, Vec<(AccountId, bool)>);

pub fn set_weight(account: AccountId, weight: Weight) {
    WEIGHTS.with_borrow_mut(|weights| weights.push((account, weight)));
}

/// Let an account have another weight in the set that is planned.
pub fn plan_weight(account: AccountId, weight: Weight) {
    PLANNED.with_borrow_mut(|weights| weights.push((account, weight)));
}

pub fn take_reports() -> Vec<Report> {
    REPORTS.take()
}

pub struct Weights;
impl VotingWeight<AccountId> for Weights {
    fn voting_weight(account: &AccountId) -> Weight {
        WEIGHTS.with_borrow(|weights| {
            weights
                .iter()
                .rev()
                .find(|(a, _)| a == account)
                .map_or(1, |(_, weight)| *weight)
        })
    }

    fn planned_weight(account: &AccountId) -> Weight {
        let planned = PLANNED.with_borrow(|weights| {
            let of = weights.iter().rev().find(|(a, _)| a == account);
            of.map(|(_, weight)| *weight)
        });
        planned.unwrap_or_else(|| Self::voting_weight(account))
    }
}

pub struct Reports;
impl OnCertificate<AccountId> for Reports {
    fn on_certificate<'a>(
        reporter: Option<&'a AccountId>,
        members: impl Iterator<Item = (&'a AccountId, bool)>,
    ) {
        let members = members
            .map(|(account, signed)| (*account, signed))
            .collect();
        REPORTS.with_borrow_mut(|reports| reports.push((reporter.copied(), members)));
    }
}

/// A record as the mock has it.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Record {
    pub height: Height,
    pub parent: Hash,
    pub id: SetId,
    pub accounts: Vec<AccountId>,
}

/// The record of these members above the last block.
pub fn record(accounts: &[AccountId]) -> Record {
    let height = System::block_number();
    Record {
        height,
        parent: hash_of(height),
        id: Pbft::consensus_state().set.id + 1,
        accounts: accounts.to_vec(),
    }
}

/// Takes records, by listing their members. Who has no keys is planned for no session, whatever is listed.
pub struct Records;
impl TakeRecovery<AccountId> for Records {
    fn take_recovery(
        mut record: &[u8],
        height: Height,
        parent: Hash,
        before: SetId,
    ) -> Option<RecoveredSet<AccountId>> {
        let record = Record::decode(&mut record).ok()?;
        if (record.height, record.parent) != (height, parent) || record.id <= before {
            return None;
        }
        let accounts = record.accounts;
        let authority = |account: &AccountId| Authority {
            key: key(*account),
            weight: Weights::voting_weight(account),
        };
        let set = AuthoritySet::new(record.id, accounts.iter().map(authority).collect()).ok()?;
        crate::Listed::<Test>::put(BoundedVec::truncate_from(accounts.clone()));
        Some(RecoveredSet { set, accounts })
    }
}

impl hansa_pallet_pbft::Config for Test {
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, crate::EnsureAdmin<Test>>;
    type VotingWeight = Weights;
    type NextSeed = ChainedSeed;
    type EpochGate = Gate;
    type OnCertificate = Reports;
    type OnOffence = Convictions;
    type Recovery = Records;
    type EvidenceSessions = EvidenceSessions;
    type PromptChanges = PromptChanges;
    type WeightInfo = ();
}

/// The session key of an account.
pub fn key(account: AccountId) -> AuthorityId {
    AuthorityPair::from_seed(&[account as u8; 32]).public()
}

/// The accounts of the set that decides the next block.
pub fn members() -> Vec<AccountId> {
    crate::CurrentSet::<Test>::get().accounts.into_inner()
}

/// What the pallet said in the last block.
pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Pbft(event) => Some(event),
            _ => None,
        })
        .collect()
}

pub struct ExtBuilder {
    pub validators: Vec<AccountId>,
    pub candidates: Vec<AccountId>,
    pub timing: Timing,
    pub session_length_ms: u64,
}

impl Default for ExtBuilder {
    fn default() -> Self {
        Self {
            validators: vec![1, 2, 3, 4],
            candidates: vec![5, 6],
            timing: Timing::default(),
            session_length_ms: SESSION_MS,
        }
    }
}

impl ExtBuilder {
    pub fn validators(self, validators: &[AccountId]) -> Self {
        Self {
            validators: validators.to_vec(),
            ..self
        }
    }

    pub fn build(self) -> sp_io::TestExternalities {
        WEIGHTS.take();
        REPORTS.take();
        CONVICTIONS.take();
        PromptChanges::set(true);
        GateOpen::set(true);
        PLANNED.take();
        EvidenceSessions::set(3);
        let keys = |accounts: Vec<AccountId>| {
            accounts
                .into_iter()
                .map(|a| (a, a, MockKeys { pbft: key(a) }))
                .collect()
        };
        RuntimeGenesisConfig {
            pbft: crate::GenesisConfig {
                timing: self.timing,
                session_length_ms: self.session_length_ms,
                ..Default::default()
            },
            session: pallet_session::GenesisConfig {
                keys: keys(self.validators),
                non_authority_keys: keys(self.candidates),
            },
            ..Default::default()
        }
        .build_storage()
        .expect("the genesis of the mock is sound")
        .into()
    }

    /// As [`build`](Self::build), with a keystore in which keys can be made.
    #[cfg(feature = "runtime-benchmarks")]
    pub fn build_with_keystore(self) -> sp_io::TestExternalities {
        use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
        let mut ext = self.build();
        ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
        ext
    }

    /// Run a test; the storage's invariants must hold before and after it.
    pub fn run(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            Pbft::do_try_state().expect("genesis keeps the invariants");
            test();
            Pbft::do_try_state().expect("the test keeps the invariants");
        });
    }
}

/// A block to be made.
pub struct Draft {
    pub author: AuthorityIndex,
    pub view: View,
    pub step_ms: u64,
    /// The signers of the parent's certificate; all of the set by default.
    pub signers: Option<Vec<AuthorityIndex>>,
    /// The record that its header brings.
    pub record: Option<Record>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            author: 0,
            view: 0,
            step_ms: 1_000,
            signers: None,
            record: None,
        }
    }
}

impl Draft {
    pub fn certificate(&self) -> ParentCertificate {
        let len = Pbft::parent_set().set.len();
        let all = || (0..len as AuthorityIndex).collect();
        let signers = self.signers.clone().unwrap_or_else(all);
        ParentCertificate {
            view: self.view,
            signers: SignerBitmap::new(len, signers),
        }
    }

    pub fn now_ms(&self) -> u64 {
        match crate::LastTimestamp::<Test>::get() {
            Some(last) => last + self.step_ms,
            None => FIRST_MS,
        }
    }

    pub fn digest(&self) -> Digest {
        let (view, author, timestamp_ms) = (self.view, self.author, self.now_ms());
        let pre_digest = PreDigest {
            view,
            author,
            timestamp_ms,
        };
        let mut logs = vec![pre_digest.to_digest_item()];
        logs.extend(
            self.record
                .iter()
                .map(|record| recovery_item(&record.encode())),
        );
        Digest { logs }
    }

    /// Begin the block: all `on_initialize`, no inherents.
    pub fn begin(&self) {
        begin_with(self.digest().logs);
    }

    pub fn inherents(&self) {
        Timestamp::set(RuntimeOrigin::none(), self.now_ms()).expect("the time is good");
        if System::block_number() > 1 {
            Pbft::note_parent_certificate(RuntimeOrigin::none(), self.certificate())
                .expect("the certificate is good");
        }
    }

    /// Make the block, with `calls` in it.
    pub fn make_with(&self, calls: impl FnOnce()) -> Header {
        self.begin();
        self.inherents();
        calls();
        end()
    }

    pub fn make(&self) -> Header {
        self.make_with(|| {})
    }
}

/// The hash of a block, as its child has it.
pub fn hash_of(number: u32) -> Hash {
    H256::repeat_byte((number + 1) as u8)
}

/// Begin a block with these items in its header.
pub fn begin_with(logs: Vec<DigestItem>) {
    let number = System::block_number() + 1;
    System::reset_events();
    System::initialize(&number, &hash_of(number - 1), &Digest { logs });
    AllPalletsWithSystem::on_initialize(number);
    System::note_finished_initialize();
}

/// End the block under way.
pub fn end() -> Header {
    System::note_finished_extrinsics();
    AllPalletsWithSystem::on_finalize(System::block_number());
    System::finalize()
}

/// Make a block a second after the last.
pub fn block() -> Header {
    Draft::default().make()
}

/// Make blocks a second apart until the one that ends a session, which is returned.
pub fn end_session() -> Header {
    let session = Session::current_index();
    for _ in 0..100 {
        let header = block();
        if Session::current_index() > session {
            return header;
        }
    }
    panic!("no session ended in 100 blocks");
}
