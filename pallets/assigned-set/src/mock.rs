// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A DappChain's consensus: the pallet with pBFT and the session pallet, and a way to make blocks.

use crate as hansa_pallet_assigned_set;
use crate::HubRoute;
use codec::Encode;
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstBool, ConstU32, ConstU64, Contains, EitherOf, Get, OnFinalize, OnInitialize},
};
use frame_system::EnsureRoot;
use hansa_dappchain_primitives::{
    route, AssignedNode, ChainId, ChainPacket, FounderKeys, Hash, Head, HubCheckpoint, HubPacket,
    InstallKeys, NextSet, Recovery, SessionBlocks, SetOrdinal,
};
use hansa_interchain_primitives::{
    packet::ChainRef,
    route::NewRoute,
    traits::{OpenRoute, SendSystemPacket, SystemPacketRefused, SystemPackets},
    Nonce,
};
use hansa_pallet_pbft::EnsureAdmin;
use hansa_pbft_primitives::{
    recovery::recovery_item, AuthorityId, AuthorityIndex, AuthorityPair, ParentCertificate,
    PreDigest, SignerBitmap,
};
use pallet_session::{historical::NoteHistoricalRoot, SessionInterface};
use sp_core::{Pair, H256};
use sp_runtime::{
    impl_opaque_keys, traits::ConvertInto, BuildStorage, Digest, DispatchError, DispatchResult,
};

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;
pub type Header = <Block as sp_runtime::traits::Block>::Header;

/// The hub's id.
pub const HUB: ChainId = 0x6b;
/// The chain's own id.
pub const CHAIN: ChainId = 7;
/// The chain's admin.
pub const ADMIN: AccountId = 99;
/// The time of the first block.
const FIRST_MS: u64 = 1_700_000_000_000;
/// The length of a session.
const SESSION_MS: u64 = 10_000;

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
    pub type AssignedSet = hansa_pallet_assigned_set::Pallet<Test>;
    #[runtime::pallet_index(4)]
    pub type Session = pallet_session::Pallet<Test>;
    #[runtime::pallet_index(5)]
    pub type Historical = pallet_session::historical::Pallet<Test>;
    #[runtime::pallet_index(6)]
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

impl pallet_session::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Pbft;
    type NextSessionRotation = Pbft;
    type SessionManager = NoteHistoricalRoot<Self, AssignedSet>;
    type SessionHandler = <MockKeys as sp_runtime::traits::OpaqueKeys>::KeyTypeIdProviders;
    type Keys = MockKeys;
    type DisablingStrategy = ();
    type WeightInfo = ();
    type Currency = Balances;
    type KeyDeposit = ConstU64<0>;
}

impl pallet_session::historical::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = hansa_pallet_pbft::NoIdentification;
}

impl hansa_pallet_pbft::Config for Test {
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Test>>;
    type VotingWeight = ();
    type NextSeed = crate::HubSeed<Test>;
    type EpochGate = ();
    type OnCertificate = ();
    type OnOffence = ();
    type Recovery = AssignedSet;
    type EvidenceSessions = ConstU32<3>;
    type PromptChanges = ConstBool<true>;
    type WeightInfo = ();
}

parameter_types! {
    /// What was sent to the hub.
    pub static Sent: Vec<(ChainId, ChainPacket<AccountId>)> = Vec::new();
    /// Whether packets can be sent.
    pub static Sends: bool = true;
    /// The routes that the genesis opened.
    pub static Opened: Vec<NewRoute> = Vec::new();
    /// Those that were renewed.
    pub static Renewed: Vec<NewRoute> = Vec::new();
}

pub struct Packets;
impl SendSystemPacket for Packets {
    fn send(to: ChainId, packet: Vec<u8>) -> Option<Nonce> {
        if !Sends::get() {
            return None;
        }
        let packet = ChainPacket::read(&packet).expect("the hub can read it");
        Sent::mutate(|sent| sent.push((to, packet)));
        Some(Sent::get().len() as Nonce)
    }
}

pub struct Routes;
impl OpenRoute for Routes {
    fn open_route(route: NewRoute) -> DispatchResult {
        if route.set.is_empty() {
            return Err(DispatchError::Other("no set"));
        }
        Opened::mutate(|opened| opened.push(route));
        Ok(())
    }

    fn has_route(peer: ChainId) -> bool {
        Opened::get().iter().any(|route| route.chain.id == peer)
    }

    fn renew_hub(route: NewRoute) -> bool {
        Renewed::mutate(|renewed| renewed.push(route));
        true
    }
}

pub struct Keys;
impl InstallKeys<AccountId> for Keys {
    fn install(account: &AccountId, keys: &FounderKeys) -> DispatchResult {
        let pbft = keys.pbft.clone();
        <Session as SessionInterface>::set_keys(account, MockKeys { pbft })
    }

    fn remove(account: &AccountId) {
        let _ = <Session as SessionInterface>::purge_keys(account);
    }
}

pub struct Blocks;
impl SessionBlocks<AccountId> for Blocks {
    fn authored() -> Vec<(AccountId, u32)> {
        Pbft::authored()
    }
}

/// The admin may authorise upgrades.
pub struct AdminCalls;
impl Contains<RuntimeCall> for AdminCalls {
    fn contains(call: &RuntimeCall) -> bool {
        matches!(
            call,
            RuntimeCall::System(frame_system::Call::authorize_upgrade { .. })
        )
    }
}

/// The chain itself.
pub struct Own;
impl Get<ChainRef> for Own {
    fn get() -> ChainRef {
        ChainRef {
            id: CHAIN,
            genesis: System::block_hash(0),
        }
    }
}

impl crate::Config for Test {
    type RuntimeCall = RuntimeCall;
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Test>>;
    type AdminCalls = AdminCalls;
    type Own = Own;
    type InstallKeys = Keys;
    type Blocks = Blocks;
    type Packets = Packets;
    type Routes = Routes;
    type Alone = Pbft;
    type WeightInfo = ();
}

/// The key with this number.
pub fn key(number: u64) -> AuthorityId {
    AuthorityPair::from_seed(&[number as u8; 32]).public()
}

/// A node with a key of another number than its account.
pub fn node_with_key(node: AccountId, number: u64) -> AssignedNode<AccountId> {
    AssignedNode {
        node,
        keys: FounderKeys {
            pbft: key(number),
            beacon: None,
        },
    }
}

/// A set of nodes, each with the key of its number.
pub fn set(ordinal: SetOrdinal, nodes: &[AccountId]) -> NextSet<AccountId> {
    set_of(
        ordinal,
        nodes.iter().map(|node| node_with_key(*node, *node)),
    )
}

/// A set of these nodes.
pub fn set_of(
    ordinal: SetOrdinal,
    nodes: impl Iterator<Item = AssignedNode<AccountId>>,
) -> NextSet<AccountId> {
    NextSet {
        ordinal,
        seed: [ordinal as u8; 32],
        members: nodes.collect::<Vec<_>>().try_into().expect("they fit"),
    }
}

/// Take a packet of a chain, as the interchain pallet does.
pub fn take(from: ChainId, next: NextSet<AccountId>) -> Result<(), SystemPacketRefused> {
    let packet = HubPacket::NextSet(next).encode();
    AssignedSet::take(from, &packet).map(|_| ())
}

/// The accounts of the set that decides the next block.
pub fn members() -> Vec<AccountId> {
    let set = hansa_pallet_pbft::CurrentSet::<Test>::get();
    set.accounts.into_inner()
}

/// What the pallet said in the last block.
pub fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::AssignedSet(event) => Some(event),
            _ => None,
        })
        .collect()
}

/// Where the hub stands at a height.
pub fn hub_at(height: u32) -> HubCheckpoint {
    HubCheckpoint {
        chain: HUB,
        genesis: Hash::repeat_byte(1),
        height,
        header: Hash::repeat_byte(7),
        timestamp: FIRST_MS,
        set: hansa_dappchain_primitives::packet::authorities(&set(0, &[50]).members)
            .expect("it is a set"),
    }
}

/// Whether the chain has a hub, and whom it begins with.
pub struct ExtBuilder {
    pub hub: bool,
}

impl ExtBuilder {
    pub fn build(self) -> sp_io::TestExternalities {
        Sent::take();
        Opened::take();
        Renewed::take();
        Sends::set(true);
        let founders: Vec<AccountId> = vec![1, 2, 3, 4];
        let hub = hub_at(7);
        RuntimeGenesisConfig {
            pbft: hansa_pallet_pbft::GenesisConfig {
                session_length_ms: SESSION_MS,
                admin: Some(ADMIN),
                ..Default::default()
            },
            session: pallet_session::GenesisConfig {
                keys: founders
                    .into_iter()
                    .map(|a| (a, a, MockKeys { pbft: key(a) }))
                    .collect(),
                non_authority_keys: vec![(9, 9, MockKeys { pbft: key(9) })],
            },
            assigned_set: crate::GenesisConfig {
                hub: self.hub.then(|| HubRoute::new(&route::to_hub(&hub))),
                record: self.hub.then(|| Hash::repeat_byte(3)),
                ..Default::default()
            },
            ..Default::default()
        }
        .build_storage()
        .expect("the genesis of the mock is sound")
        .into()
    }

    /// Run a test; the storage's invariants must hold before and after it.
    pub fn run(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            AssignedSet::do_try_state().expect("genesis keeps the invariants");
            test();
            AssignedSet::do_try_state().expect("the test keeps the invariants");
        });
    }
}

/// Run a test on a chain with a hub.
pub fn with_hub(test: impl FnOnce()) {
    ExtBuilder { hub: true }.run(test);
}

/// The hash of a block, as its child has it.
pub fn hash_of(number: u32) -> Hash {
    H256::repeat_byte((number + 1) as u8)
}

/// The hub's record of these members above the last block.
pub fn record(next: NextSet<AccountId>) -> Recovery<AccountId> {
    let height = System::block_number();
    Recovery {
        chain: CHAIN,
        genesis: System::block_hash(0),
        head: Head {
            height,
            hash: hash_of(height),
        },
        set_id: Pbft::consensus_state().set.id + 1,
        next,
        hub: Some(hub_at(9)),
    }
}

/// Make a block by this member of the set, a second after the last, with `calls` in it.
pub fn block_by(author: AuthorityIndex, calls: impl FnOnce()) -> Header {
    block_with(author, None, calls)
}

/// Make a block that brings a record, by this member of the record's set.
pub fn recover_by(author: AuthorityIndex, record: &Recovery<AccountId>) -> Header {
    block_with(author, Some(record), || {})
}

fn block_with(
    author: AuthorityIndex,
    record: Option<&Recovery<AccountId>>,
    calls: impl FnOnce(),
) -> Header {
    let number = System::block_number() + 1;
    let now_ms = FIRST_MS + 1_000 * u64::from(number);
    let digest = PreDigest {
        view: 0,
        author,
        timestamp_ms: now_ms,
    };
    let mut logs = vec![digest.to_digest_item()];
    logs.extend(record.map(|record| recovery_item(&record.to_bytes())));
    System::reset_events();
    System::initialize(&number, &hash_of(number - 1), &Digest { logs });
    AllPalletsWithSystem::on_initialize(number);
    System::note_finished_initialize();
    Timestamp::set(RuntimeOrigin::none(), now_ms).expect("the time is good");
    if number > 1 {
        let len = Pbft::parent_set().set.len();
        let certificate = ParentCertificate {
            view: 0,
            signers: SignerBitmap::new(len, 0..len as AuthorityIndex),
        };
        Pbft::note_parent_certificate(RuntimeOrigin::none(), certificate)
            .expect("the certificate is good");
    }
    calls();
    System::note_finished_extrinsics();
    AllPalletsWithSystem::on_finalize(number);
    let header = System::finalize();
    AssignedSet::do_try_state().expect("the block keeps the invariants");
    Pbft::do_try_state().expect("the block keeps the consensus' invariants");
    header
}

/// Make a block by the first member.
pub fn block() -> Header {
    block_by(0, || {})
}

/// Make blocks until one ends the session.
pub fn end_session() {
    let session = Session::current_index();
    for _ in 0..100 {
        block();
        if Session::current_index() > session {
            return;
        }
    }
    panic!("no session ended in 100 blocks");
}
