// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A runtime with the pallet and all that it touches. Chains of it, and what goes between them, are in
//! `tests/world.rs`.

use crate as hansa_pallet_interchain;
use codec::{DecodeAll, Encode};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        fungible::{Balanced, Credit},
        ConstU32, ConstU64, Contains, OnUnbalanced,
    },
    weights::{Weight, WeightToFee},
    PalletId,
};
use frame_system::EnsureRoot;
use hansa_interchain_primitives::{
    keys,
    recovery::{Recovered, Recoveries},
    traits::{HandOvers, SystemPacketRefused, SystemPackets},
    Balance, ChainId, Hash, Height,
};
use hansa_pbft_primitives::{AuthoritySet, SetId};
use sp_arithmetic::Perbill;
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _},
    BuildStorage,
};
use std::cell::RefCell;

pub type AccountId = u64;
pub type Block = frame_system::mocking::MockBlockU32<Test>;

/// The existential deposit.
pub const ED: Balance = 10;
/// Gets all fees and charges.
pub const TREASURY: AccountId = 900;
/// Users with money.
pub const ALICE: AccountId = 1;
pub const BOB: AccountId = 2;
/// A user without.
pub const CAROL: AccountId = 3;
/// What each user with money has at the start.
pub const RICHES: Balance = 1_000_000;

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
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(3)]
    pub type MessageQueue = pallet_message_queue::Pallet<Test>;
    #[runtime::pallet_index(4)]
    pub type Interchain = hansa_pallet_interchain::Pallet<Test>;
    #[runtime::pallet_index(5)]
    pub type Utility = pallet_utility::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type Hashing = BlakeTwo256;
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

#[derive_impl(pallet_timestamp::config_preludes::TestDefaultConfig)]
impl pallet_timestamp::Config for Test {}

impl pallet_utility::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = ();
}

parameter_types! {
    pub const ServiceWeight: Option<Weight> = Some(Weight::from_parts(200_000_000_000, u64::MAX));
}

impl pallet_message_queue::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    #[cfg(not(feature = "runtime-benchmarks"))]
    type MessageProcessor = crate::ExecuteCalls<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type MessageProcessor = pallet_message_queue::mock_helpers::NoopMessageProcessor<ChainId>;
    type Size = u32;
    type QueueChangeHandler = ();
    type QueuePausedQuery = ();
    type HeapSize = ConstU32<{ 16 * 1024 }>;
    type MaxStale = ConstU32<8>;
    type ServiceWeight = ServiceWeight;
    type IdleMaxServiceWeight = ();
}

/// Puts fees into the treasury.
pub struct Fees;
impl OnUnbalanced<Credit<AccountId, Balances>> for Fees {
    fn on_nonzero_unbalanced(credit: Credit<AccountId, Balances>) {
        let _ = Balances::resolve(&TREASURY, credit);
    }
}

/// Foreign accounts may move money and make remarks, several at once.
pub struct Calls;
impl Contains<RuntimeCall> for Calls {
    fn contains(call: &RuntimeCall) -> bool {
        matches!(
            call,
            RuntimeCall::Balances(_)
                | RuntimeCall::Utility(_)
                | RuntimeCall::System(frame_system::Call::remark_with_event { .. })
        )
    }
}

/// A unit for a microsecond.
pub struct Price;
impl WeightToFee for Price {
    type Balance = Balance;
    fn weight_to_fee(weight: &Weight) -> Balance {
        Balance::from(weight.ref_time() / 1_000_000)
    }
}

thread_local! {
    static HEARD: RefCell<Vec<(ChainId, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

pub fn heard() -> Vec<(ChainId, Vec<u8>)> {
    HEARD.take()
}

/// Takes packets that do not begin with 0, and writes something down before it refuses others.
pub struct Pallets;
impl SystemPackets for Pallets {
    fn take(from: ChainId, packet: &[u8]) -> Result<Weight, SystemPacketRefused> {
        frame_support::storage::unhashed::put(b"heard", &packet.to_vec());
        if packet.first() == Some(&0) {
            return Err(SystemPacketRefused);
        }
        HEARD.with_borrow_mut(|heard| heard.push((from, packet.to_vec())));
        Ok(Weight::zero())
    }

    fn max_weight(_: u32) -> Weight {
        Weight::from_parts(1, 0)
    }
}

/// Refuses the set that a test names.
pub struct Orders;
impl HandOvers for Orders {
    fn may_hand_over(_: ChainId, set: &AuthoritySet) -> bool {
        RefusedSet::get() != Some(set.id)
    }

    fn on_hand_over(_: ChainId, set: &AuthoritySet) {
        HandedOver::mutate(|all| all.push(set.id));
    }

    fn wants_header(of: ChainId) -> bool {
        Wanted::get() == Some(of)
    }
}

/// What a record of the tests is made of: chain, genesis, head, set.
pub type TestRecord = (ChainId, Hash, (Height, Hash), AuthoritySet);

/// Reads the records of the tests, and has what a test has put where a hub's pallet would have it.
pub struct Records;
impl Recoveries for Records {
    fn facts(record: &[u8]) -> Option<Recovered> {
        let (chain, genesis, head, set) = TestRecord::decode_all(&mut &*record).ok()?;
        Some(Recovered {
            chain,
            genesis,
            head,
            set,
            hash: BlakeTwo256::hash(record),
        })
    }

    fn last(chain: ChainId) -> Option<Vec<u8>> {
        frame_support::storage::unhashed::get_raw(&(b"record", chain).encode())
    }
}

/// Make a record, as a hub's pallet does.
pub fn make_record(record: &TestRecord) {
    let (chain, bytes) = (record.0, record.encode());
    let key = keys::recovery_hash(chain, record.3.id);
    let hash = BlakeTwo256::hash(&bytes);
    frame_support::storage::unhashed::put(&key, &hash);
    frame_support::storage::unhashed::put_raw(&(b"record", chain).encode(), &bytes);
}

parameter_types! {
    pub const InterchainId: PalletId = PalletId(*b"hs/inter");
    pub const Tolerance: Perbill = Perbill::from_percent(1);
    pub const MaxCall: Weight = Weight::from_parts(100_000_000_000, u64::MAX);
    pub static RefusedSet: Option<SetId> = None;
    pub static HandedOver: Vec<SetId> = Vec::new();
    /// The chain of which a header is wanted.
    pub static Wanted: Option<ChainId> = None;
    pub static MaxBlockItems: u32 = 100;
    pub static PacketBurst: u32 = 80;
}

/// How many packets of a lane may be on their way.
pub const WINDOW: u32 = 8;
/// How many go at once.
pub const BATCH: u32 = 8;
/// How long headers are trusted.
pub const TRUST_MS: u64 = 10_000_000;
/// How long packets have.
pub const TIMEOUT_MS: u64 = 60_000;
/// How long before they hold terms are agreed on.
pub const NOTICE_MS: u64 = 120_000;
/// What a packet costs its sender, while its lane is empty.
pub const PACKET_PRICE: Balance = 10;

impl hansa_pallet_interchain::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeCall = RuntimeCall;
    type Clock = Timestamp;
    type AdminOrigin = EnsureRoot<AccountId>;
    type Fees = Fees;
    type CallQueue = MessageQueue;
    type CallFilter = Calls;
    type WeightPrice = Price;
    type SystemPackets = Pallets;
    type HandOvers = Orders;
    type Recoveries = Records;
    type ReserveLimits = ();
    type PalletId = InterchainId;
    type MaxRoutes = ConstU32<4>;
    type Window = ConstU32<WINDOW>;
    type MaxBatch = ConstU32<BATCH>;
    type MaxStoredHeaders = ConstU32<4>;
    type MaxPastSets = ConstU32<3>;
    type TrustingPeriod = ConstU64<TRUST_MS>;
    type MaxClockDrift = ConstU64<10_000>;
    type Timeout = ConstU64<TIMEOUT_MS>;
    type TermsNotice = ConstU64<NOTICE_MS>;
    type RateTolerance = Tolerance;
    type PacketPrice = frame_support::traits::ConstU128<PACKET_PRICE>;
    type BytePrice = frame_support::traits::ConstU128<0>;
    type MinTopUp = frame_support::traits::ConstU128<100>;
    type PacketsPerSecond = ConstU32<80>;
    type PacketBurst = PacketBurst;
    type HeadersPerSecond = ConstU32<1>;
    type HeaderBurst = ConstU32<20>;
    type MaxBlockItems = MaxBlockItems;
    type MaxCallWeight = MaxCall;
    type MaxQueuedCalls = ConstU32<4>;
    type WeightInfo = ();
}

/// The genesis of a chain.
pub fn genesis(chain_id: ChainId) -> sp_io::TestExternalities {
    RefusedSet::set(None);
    Wanted::set(None);
    MaxBlockItems::set(100);
    PacketBurst::set(80);
    HEARD.take();
    RuntimeGenesisConfig {
        balances: pallet_balances::GenesisConfig {
            balances: vec![(ALICE, RICHES), (BOB, RICHES), (TREASURY, RICHES)],
            ..Default::default()
        },
        interchain: crate::GenesisConfig {
            chain_id,
            ..Default::default()
        },
        ..Default::default()
    }
    .build_storage()
    .expect("the genesis of the mock is sound")
    .into()
}

/// As [`genesis`], of a chain with an id, with a keystore in which keys can be made.
#[cfg(feature = "runtime-benchmarks")]
pub fn genesis_with_keystore() -> sp_io::TestExternalities {
    use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
    let mut ext = genesis(1);
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext
}
