// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How each pallet is configured, and why.

use crate::*;
use beacon::{CandidatePool, Consensus};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    derive_impl,
    dispatch::DispatchClass,
    parameter_types,
    traits::{
        fungible::HoldConsideration, ConstBool, ConstU128, ConstU16, ConstU32, ConstU64, ConstU8,
        EitherOf, EqualPrivilegeOnly, InstanceFilter, LinearStoragePrice, VariantCountOf,
    },
    weights::Weight,
    PalletId,
};
use frame_system::EnsureRoot;
use hansa_allocation_primitives::Term;
use hansa_beacon_primitives::Parts;
use hansa_dappchain_primitives::{StallPeriods, MAX_NODES};
use hansa_pallet_dappchains::{cost::Curve, payout::Division, Terms};
use hansa_pallet_pbft::{EnsureAdmin, NoIdentification, ServiceSeconds};
use hansa_pallet_staking::{AuthorFees, ByStakeOr, InflationSchedule};
use hansa_primitives::{BlockNumber, Hash, Hashing, Moment};
use hansa_runtime_common::{
    currency::{deposit, EXISTENTIAL_DEPOSIT, SS58_PREFIX, UNIT},
    fees::{FeeAdjustment, LengthToFee, WeightToFee},
    hub::{DEFAULT_PERIODS, TRUSTED_FOR},
    limits::{BlockWeights, MaxBlockLength, MAX_BLOCK_WEIGHT},
    DbWeight,
};
use hansa_staking_primitives::{Periods, Seconds};
use pallet_session::historical::NoteHistoricalRoot;
use pool::{Bonded, EpochSeed, HubHead, ProvenHeads, RegisteredKeys, UnbondingPeriod};
use sp_runtime::{
    traits::{AccountIdLookup, ConvertInto, OpaqueKeys},
    Perbill, Permill,
};
use validators::{CallsInForce, CurrentAuthor, KeysOfSession};

/// For how many sessions before the current one evidence of offences is taken: a week of sessions
/// of an hour. A change of the set takes one or two short sessions more.
const EVIDENCE_SESSIONS: u32 = 168;

parameter_types! {
    /// The runtime's version.
    pub const Version: RuntimeVersion = VERSION;
    /// How many block hashes the state keeps, and so how long a mortal transaction can live: at
    /// 200 ms a block a quarter of an hour, on an idle chain hours.
    pub const BlockHashCount: BlockNumber = 4_096;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type AccountId = AccountId;
    type AccountData = pallet_balances::AccountData<Balance>;
    type BaseCallFilter = CallsInForce;
    type Block = Block;
    type BlockHashCount = BlockHashCount;
    type BlockLength = MaxBlockLength;
    type BlockWeights = BlockWeights;
    type DbWeight = DbWeight;
    type ExtensionsWeightInfo = weights::frame_system_extensions::WeightInfo<Runtime>;
    type Hash = Hash;
    type Hashing = Hashing;
    type Lookup = AccountIdLookup<AccountId, ()>;
    type Nonce = Nonce;
    type SS58Prefix = ConstU16<{ SS58_PREFIX as u16 }>;
    type SingleBlockMigrations = Migrations;
    type SystemWeightInfo = weights::frame_system::WeightInfo<Runtime>;
    type Version = Version;
}

impl pallet_timestamp::Config for Runtime {
    type Moment = Moment;
    type OnTimestampSet = Pbft;
    // The least that makes time go on; how fast blocks follow each other is in pBFT's timing.
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = weights::pallet_timestamp::WeightInfo<Runtime>;
}

impl hansa_pallet_pbft::Config for Runtime {
    // Root is sudo's on a development chain; elsewhere the genesis names an account.
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Runtime>>;
    // By stake; in authority mode one authority, one vote.
    type VotingWeight = Staking;
    type NextSeed = Beacon;
    type EpochGate = Beacon;
    type OnCertificate = Staking;
    // Who lied is slashed; in authority mode it is struck off the list.
    type OnOffence = (Pbft, Staking);
    // Nobody assigns the hub's sets.
    type Recovery = ();
    type EvidenceSessions = ConstU32<EVIDENCE_SESSIONS>;
    type PromptChanges = ConstBool<true>;
    type WeightInfo = weights::hansa_pallet_pbft::WeightInfo<Runtime>;
}

hansa_runtime_common::impl_transactions!();

/// What a withheld reveal costs that is the only one of its epoch: some thousand transfers' fees. It need
/// not outweigh what could be gained, as nothing can (docs/beacon.md), only make it pay to be online.
const BEACON_BOND: Balance = UNIT;

/// The most that a withheld reveal costs, however many there are, in bonds: what is held for each
/// commitment, and must be bearable when half of all nodes lose their connection.
const BEACON_MAX_BONDS: u32 = 8;

/// How many nodes can commit in an epoch.
const BEACON_MAX_COMMITMENTS: u32 = 10_000;

/// How many commitments of past epochs a block settles: all of them in a hundred blocks.
const BEACON_SETTLEMENTS_PER_BLOCK: u32 = 100;

parameter_types! {
    /// The commit part is the longer one, as nodes may start late. A fifth of the session is for the
    /// mixing.
    pub const BeaconParts: Parts = Parts {
        commit_end: Permill::from_percent(50),
        reveal_end: Permill::from_percent(80),
    };
}

impl hansa_pallet_beacon::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Pool = CandidatePool;
    type Clock = Consensus;
    type Author = Consensus;
    type NextSet = Consensus;
    type OnFreeze = (Staking, NodePool);
    type OnBeacon = (Staking, NodePool, DappChainSets);
    type OnReveal = NodePool;
    type Draws = NodePool;
    type OnForfeit = Slashed;
    type Bond = ConstU128<BEACON_BOND>;
    type MaxBonds = ConstU32<BEACON_MAX_BONDS>;
    type MaxCommitments = ConstU32<BEACON_MAX_COMMITMENTS>;
    type Parts = BeaconParts;
    type SettlementsPerBlock = ConstU32<BEACON_SETTLEMENTS_PER_BLOCK>;
    type OutputRequired = ConstBool<true>;
    type WeightInfo = weights::hansa_pallet_beacon::WeightInfo<Runtime>;
}

/// What is slashed or forfeited is burnt, as is what nobody can be paid. There is no treasury yet.
type Slashed = ();

/// A day of service time.
const DAY: Seconds = 24 * 60 * 60;

/// The number of bags of candidates.
const BAGS: usize = 128;

/// Where the bags of candidates end: from the smallest bond on, each a fifth above the one before,
/// up to 10^10 times the first.
const fn bag_thresholds() -> [Balance; BAGS] {
    let mut thresholds = [0; BAGS];
    let (mut i, mut threshold) = (0, MIN_BOND);
    while i < BAGS {
        thresholds[i] = threshold;
        threshold += threshold / 5;
        i += 1;
    }
    thresholds
}

/// See [`bag_thresholds`].
const BAG_THRESHOLDS: [Balance; BAGS] = bag_thresholds();

/// The smallest bond of an operator.
const MIN_BOND: Balance = 100 * UNIT;

parameter_types! {
    /// See [`bag_thresholds`].
    pub const BagThresholds: &'static [Balance] = &BAG_THRESHOLDS;
    /// See [`DEFAULT_PERIODS`].
    pub const DefaultPeriods: Periods = DEFAULT_PERIODS;
    /// Names the account in which delegations are.
    pub const StakingPalletId: PalletId = PalletId(*b"hnsa/stk");
    /// How much new money there is: 8 % of all in the first year, each year a tenth of that less,
    /// 2 % in the end.
    pub const Inflation: InflationSchedule = InflationSchedule {
        first: Perbill::from_percent(8),
        decay: Perbill::from_percent(10),
        floor: Perbill::from_percent(2),
    };
    /// The least part of its stake that an offence costs: a thousandth.
    pub const LeastSlash: Perbill = Perbill::from_parts(1_000_000);
    /// Authors of more than half of the weight must miss whoever is chilled for silence.
    pub const ChillShare: Perbill = Perbill::from_percent(50);
    /// By how much a weight must change for the set to.
    pub const WeightTolerance: Perbill = Perbill::from_percent(1);
}

impl hansa_pallet_staking::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = ServiceSeconds<Runtime>;
    type Candidates = Candidates;
    type SessionKeys = Session;
    type PurgeKeys = KeysOfSession;
    // Who does not stand for election any more is not in the pool either.
    type Leaving = Beacon;
    type FrozenElections = ConstBool<true>;
    type Author = CurrentAuthor;
    type Commits = Pbft;
    type EndSession = Pbft;
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Runtime>>;
    type Slashed = Slashed;
    type Remainder = ();
    type AuthorShare = AuthorShare;
    type Inflation = Inflation;
    type PalletId = StakingPalletId;
    type MinBond = ConstU128<MIN_BOND>;
    type MinDelegation = ConstU128<UNIT>;
    type RegistrationFee = ConstU128<{ 10 * UNIT }>;
    type MaxValidators = ConstU32<100>;
    // The smallest set that tolerates a fault.
    type MinValidators = ConstU32<4>;
    type ElectionWindow = ConstU32<200>;
    type WeightTolerance = WeightTolerance;
    type DefaultPeriods = DefaultPeriods;
    type EvidenceSessions = ConstU32<EVIDENCE_SESSIONS>;
    type LeastSlash = LeastSlash;
    type ChillReporters = ConstU32<3>;
    type ChillShare = ChillShare;
    // At 200 ms a block a quarter of a minute.
    type CommitWindow = ConstU32<64>;
    type Serving = NodePool;
    type WeightInfo = weights::hansa_pallet_staking::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = CurrentAuthor;
}

impl pallet_bags_list::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_bags_list::WeightInfo<Runtime>;
    type ScoreProvider = Staking;
    type BagThresholds = BagThresholds;
    // Staking tells the list of each change of a stake.
    type MaxAutoRebagPerBlock = ();
    type Score = Balance;
}

impl pallet_authorship::Config for Runtime {
    type FindAuthor = Pbft;
    type EventHandler = ();
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Pbft;
    type NextSessionRotation = Pbft;
    type SessionManager = NoteHistoricalRoot<Self, ByStakeOr<Self, Pbft>>;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    // Who is found faulty leaves with a change of the set; see pBFT's `on_disabled`.
    type DisablingStrategy = ();
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    // The keys, and of each its owner: three items, of 32 bytes each with keys of about as much.
    type KeyDeposit = ConstU128<{ deposit(3, 256) }>;
}

impl pallet_session::historical::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = NoIdentification;
}

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = weights::pallet_balances::WeightInfo<Runtime>;
    type Balance = Balance;
    // What is left of an account that ceases to exist is burnt.
    type DustRemoval = ();
    type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}

parameter_types! {
    /// The share of fees and tips that the author of the block gets; the rest is burnt.
    pub const AuthorShare: Perbill = Perbill::one();
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction =
        pallet_transaction_payment::FungibleAdapter<Balances, AuthorFees<Runtime>>;
    type WeightToFee = WeightToFee;
    type LengthToFee = LengthToFee;
    type FeeMultiplierUpdate = FeeAdjustment<Runtime>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = weights::pallet_transaction_payment::WeightInfo<Runtime>;
}

/// What a proxy may do for the account that it stands in for.
#[derive(
    Copy,
    Clone,
    Eq,
    PartialEq,
    Ord,
    PartialOrd,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    scale_info::TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    #[codec(index = 0)]
    Any,
    /// Everything but what moves the account's own tokens or its proxies.
    #[codec(index = 1)]
    NonTransfer,
    /// Reject what another proxy announced.
    #[codec(index = 2)]
    CancelProxy,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    // An explicit list of what is allowed, so that a new pallet is not by default. The calls of
    // `Utility` are in it because what they dispatch is filtered again.
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            Self::Any => true,
            Self::NonTransfer => matches!(
                call,
                RuntimeCall::System(..)
                    | RuntimeCall::Timestamp(..)
                    | RuntimeCall::Pbft(..)
                    | RuntimeCall::Session(..)
                    | RuntimeCall::Candidates(..)
                    | RuntimeCall::Utility(..)
                    | RuntimeCall::Multisig(..)
                    | RuntimeCall::Preimage(..)
                    | RuntimeCall::Scheduler(..)
            ),
            Self::CancelProxy => matches!(
                call,
                RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. })
                    | RuntimeCall::Utility(..)
            ),
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        self == other || *self == Self::Any
    }
}

hansa_runtime_common::impl_wallets! {
    proxies: ProxyType,
    utility_weights: weights::pallet_utility::WeightInfo<Runtime>,
    multisig_weights: weights::pallet_multisig::WeightInfo<Runtime>,
    proxy_weights: weights::pallet_proxy::WeightInfo<Runtime>,
}

parameter_types! {
    /// What is held for a preimage, whatever its size.
    pub const PreimageBaseDeposit: Balance = deposit(2, 64);
    /// What is held for a byte of a preimage.
    pub const PreimageByteDeposit: Balance = deposit(0, 1);
    /// Why it is held.
    pub const PreimageHoldReason: RuntimeHoldReason =
        RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
    /// How much of a block scheduled calls may take.
    pub MaximumSchedulerWeight: Weight = Perbill::from_percent(80)
        * BlockWeights::get().get(DispatchClass::Normal).max_total.unwrap_or(MAX_BLOCK_WEIGHT);
}

impl pallet_preimage::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = weights::pallet_preimage::WeightInfo<Runtime>;
    type Currency = Balances;
    type ManagerOrigin = EnsureRoot<AccountId>;
    type Consideration = HoldConsideration<
        AccountId,
        Balances,
        PreimageHoldReason,
        LinearStoragePrice<PreimageBaseDeposit, PreimageByteDeposit, Balance>,
    >;
}

impl pallet_scheduler::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeOrigin = RuntimeOrigin;
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type MaximumWeight = MaximumSchedulerWeight;
    type ScheduleOrigin = EnsureRoot<AccountId>;
    type OriginPrivilegeCmp = EqualPrivilegeOnly;
    type MaxScheduledPerBlock = ConstU32<50>;
    type WeightInfo = weights::pallet_scheduler::WeightInfo<Runtime>;
    type Preimages = Preimage;
    // When a call is due, and its period, are seconds of service time: blocks come as they are
    // needed, so a number of blocks may be a second or a day.
    type BlockNumberProvider = ServiceSeconds<Runtime>;
}

/// The deposit of a node in the pool: what it loses if it gives up a place, or does not take it up.
const PLACE_DEPOSIT: Balance = 10 * UNIT;

/// In how many epochs a node must have been there before it is drawn: a day of hours, that is a seventh of a
/// turn. `docs/allocation.md` has what a coalition gains in spite of it, and what it costs honest nodes.
const DRAW_DELAY_EPOCHS: u32 = 24;

/// The most nodes of the pool, and the most chains: the size that the draw is planned for.
const MAX_POOL: u32 = 10_000;
const MAX_CHAINS: u32 = 1_000;

impl hansa_pallet_node_allocation::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = ServiceSeconds<Runtime>;
    type Author = CurrentAuthor;
    type Standing = Bonded;
    type Keys = RegisteredKeys;
    type Ids = Beacon;
    type Leaving = Beacon;
    type Chains = DappChains;
    type Heads = ProvenHeads;
    type OnFee = ();
    type Deposit = ConstU128<PLACE_DEPOSIT>;
    type MaxNodes = ConstU32<MAX_POOL>;
    type MaxChains = ConstU32<MAX_CHAINS>;
    // Room for a third more than the largest chain needs, while replacements join.
    type MaxMembers = ConstU32<{ MAX_NODES * 4 / 3 + 1 }>;
    type RankedPerBlock = ConstU32<200>;
    type PlacedPerBlock = ConstU32<50>;
    type SweptPerBlock = ConstU32<50>;
    type ConfirmEpochs = ConstU32<2>;
    type DefaultDrawDelay = ConstU32<DRAW_DELAY_EPOCHS>;
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Runtime>>;
    type ShortEpochs = ConstU32<12>;
    type WeightInfo = hansa_pallet_node_allocation::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    /// A hundred places may be open at no extra cost; a hundred more, and a place costs four times as much.
    pub const PlacesCurve: Curve = Curve { free_places: 100, scale_places: 100 };
    /// What is kept of the stake of a chain that was never live.
    pub const GoneFee: Perbill = Perbill::from_percent(5);
    /// By the time waited; more than two weeks count as two weeks.
    pub const PayoutDivision: Division = Division::ByWait(14 * DAY);
    /// A turn is a week or 10,000 blocks, from a minute to a quarter of a year.
    pub const ServiceTerms: Terms = Terms {
        default: Term { blocks: 10_000, seconds: 7 * DAY },
        least: Term { blocks: 1, seconds: 60 },
        most: Term { blocks: 10_000_000, seconds: 91 * DAY },
    };
    /// How far a ballot may move the hard limit.
    pub const LimitStep: Perbill = Perbill::from_percent(25);
    /// What the chains of one deployer may weigh: with the turnout below no two decide alone.
    pub const DeployerCap: Perbill = Perbill::from_percent(10);
    /// How much must be cast for a ballot to count.
    pub const Turnout: Perbill = Perbill::from_percent(30);
}

impl hansa_pallet_dappchains::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type ServiceClock = ServiceSeconds<Runtime>;
    type Codes = Preimage;
    type Keys = RegisteredKeys;
    // A deployer's own node is that of its account: no more is known on chain.
    type OwnNodes = ();
    type Checkpoint = HubHead;
    type Lives = DappChainSets;
    type Routes = Interchain;
    type Allocation = NodePool;
    // Burnt. There is no treasury yet.
    type OnForfeit = ();
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Runtime>>;
    type StakePerNode = ConstU128<{ 100 * UNIT }>;
    type PlacesCurve = PlacesCurve;
    type GoneFee = GoneFee;
    // The record of a chain, its name, its spec: three items, 400 bytes beside what is paid by the byte.
    type DepositBase = ConstU128<{ deposit(3, 400) }>;
    type DepositPerByte = ConstU128<{ deposit(0, 1) }>;
    type FormingTime = ConstU32<{ 30 * 60 }>;
    type RetireNotice = ConstU32<{ 7 * DAY }>;
    // As long as stake unbonds: time for governance to accept a last header, under which value is proven home.
    type RouteLinger = ConstU32<{ 28 * DAY }>;
    type PayoutDivision = PayoutDivision;
    type Terms = ServiceTerms;
    type ShortEpochs = ConstU32<12>;
    type ActivityPeriod = ConstU32<{ 7 * DAY }>;
    type VotingPeriod = ConstU32<{ 3 * DAY }>;
    type LimitStep = LimitStep;
    type DeployerCap = DeployerCap;
    type Turnout = Turnout;
    type DuePerBlock = ConstU32<1>;
    type WeightInfo = hansa_pallet_dappchains::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = benchmarks::Founders;
}

parameter_types! {
    /// A third of what a chain's set can lose: for as much as a third of it can be slashed for all it has, and
    /// more than that must lie before anybody is paid what is not there.
    pub const CoverShare: Perbill = Perbill::from_percent(33);
    /// Long enough for operators to come back from a weekend; and so short that another set decides while light clients of
    /// both sides still trust each other, which they do for five days.
    pub const DefaultStallPeriods: Option<StallPeriods> = Some(StallPeriods {
        stall_seconds: 3 * DAY,
        challenge_seconds: DAY / 2,
    });
}

impl hansa_pallet_dappchain_sets::Config for Runtime {
    type ServiceClock = ServiceSeconds<Runtime>;
    type Clock = Timestamp;
    type Allocation = NodePool;
    type Keys = RegisteredKeys;
    type Packets = Interchain;
    type Routes = Interchain;
    type Clients = Interchain;
    type Rolls = NodePool;
    type Checkpoint = HubHead;
    type DefaultStallPeriods = DefaultStallPeriods;
    type Authored = (NodePool, DappChains);
    type Stakes = Staking;
    type Offences = Staking;
    type Seed = EpochSeed;
    type CoverShare = CoverShare;
    type KeepFor = UnbondingPeriod;
    type Trusting = ConstU32<TRUSTED_FOR>;
    // Another one in each epoch of an hour for more than the unbonding period.
    type MaxSets = ConstU32<1_000>;
    type ChainsPerBlock = ConstU32<2>;
    // Twice as many as come at 200 ms.
    type BlocksPerSecond = ConstU32<10>;
    type WeightInfo = hansa_pallet_dappchain_sets::weights::SubstrateWeight<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = benchmarks::Founders;
}

impl pallet_sudo::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = weights::pallet_sudo::WeightInfo<Runtime>;
}
