// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # Registry of DappChains
//!
//! Anybody registers a chain for an application; nodes come to it by lot; its founders are paid by whoever
//! registered it. `docs/dappchains.md` has the rules, the reasons, and tables of examples.
//!
//! ## A chain's life
//!
//! ```text
//! register          nodes complete        a quorum of founders confirms
//!    └──> pending ───────────────> forming ─────────────────────────────> live <──> degraded
//!            │  ^                    │  │                                   │           │
//!     cancel │  └─── some silent ────┘  │ no genesis                        └── retire ─┤
//!            v                          v                                               v
//!          gone                       gone                            retired <──── retiring
//! ```
//!
//! [`states`] has each change; no other happens.
//!
//! ## Where the money is
//!
//! The deployment stake is on hold in the owner's account ([`HoldReason::Stake`]) and stays in that account
//! when the chain goes live, whoever owns the chain later: from then on it is the founders', as it
//! vests. The deposit for the spec ([`HoldReason::Spec`]) is on hold in the owner's account, and goes
//! back when the chain ends.
//!
//! ## In a block
//!
//! `on_initialize` closes a ballot that is over, and looks at no more than
//! [`Config::DuePerBlock`] chains whose state ends by itself, the longest overdue first.
//!
//! ## Bounds
//!
//! A call reads and writes a number of entries that does not depend on how many chains there are. Those
//! in which a chain's nodes become complete, in which it goes live and in which it ends look at all
//! its founders, [`MAX_NODES`](hansa_dappchain_primitives::MAX_NODES) at most.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]
// A registration has that many parts; the macro repeats the call's arguments in functions of its own.
#![allow(clippy::too_many_arguments)]

extern crate alloc;

pub mod ballot;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
pub mod cost;
mod events;
pub mod forming;
mod founding;
mod limit;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod mock_allocation;
mod money;
pub mod name;
mod nodes;
pub mod payout;
mod queries;
mod registration;
pub mod states;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod together;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{
    Ballot, Cast, Chain, Confirmations, Frozen, GoneReason, Name, Seat, Spec, StandardCode, Terms,
    VacantSeats,
};
pub use weights::WeightInfo;

use frame_support::{pallet_macros::import_section, traits::fungible::Credit};
use hansa_dappchain_primitives::{Balance, BallotIndex, ChainId, Hash, RuntimeVersionId, Seconds};

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::dappchains";

/// An amount that was taken out of accounts and is not anywhere else yet.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

#[import_section(events::events)]
// `register` takes what a deployer chooses, each as a parameter, so that wallets can show it.
#[allow(clippy::too_many_arguments)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::{ballot::Activity, cost::Curve, payout::Division};
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible, OnUnbalanced, StorageVersion, StorePreimage},
        DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use hansa_allocation_primitives::{Allocation, Term};
    use hansa_dappchain_primitives::{
        ChainLives, CheckpointOf, KeysOf, OwnNodes, PatchBytes, PropertiesBytes, RuntimeSource,
        MAX_NODES, MIN_NODES,
    };
    use hansa_interchain_primitives::traits::CloseRoute;
    use hansa_pbft_primitives::AuthoritySignature;
    use sp_runtime::{traits::BlockNumberProvider, Perbill};

    /// The version of the storage's layout.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = Hash> {
        /// The token.
        type Currency: fungible::hold::Mutate<
                Self::AccountId,
                Balance = Balance,
                Reason = Self::RuntimeHoldReason,
            > + fungible::hold::Balanced<Self::AccountId>;

        /// The reasons for holds of the runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// The service time, in seconds.
        type ServiceClock: BlockNumberProvider<BlockNumber = Seconds>;

        /// Where codes are stored. The pallet stores none itself, but in benchmarks.
        type Codes: StorePreimage<H = Self::Hashing>;

        /// The keys of nodes.
        type Keys: KeysOf<Self::AccountId>;

        /// Which nodes are a deployer's own, and are not paid by it.
        type OwnNodes: OwnNodes<Self::AccountId>;

        /// What a new chain is told of the hub.
        type Checkpoint: CheckpointOf;

        /// Is told of chains that begin and end: what keeps their sets.
        type Lives: ChainLives<Self::AccountId>;

        /// Closes the routes to chains that have ended.
        type Routes: CloseRoute;

        /// Gives chains their nodes.
        type Allocation: Allocation<Self::AccountId>;

        /// Gets fees, and what of stakes is for nobody.
        type OnForfeit: OnUnbalanced<CreditOf<Self>>;

        /// Who may add standard runtimes.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The stake for one node at 100 %, in the token's smallest unit.
        #[pallet::constant]
        type StakePerNode: Get<Balance>;

        /// How the price grows with open places.
        type PlacesCurve: Get<Curve>;

        /// The part of the stake that is kept of a chain that was never live.
        #[pallet::constant]
        type GoneFee: Get<Perbill>;

        /// The deposit for a spec, whatever its size.
        #[pallet::constant]
        type DepositBase: Get<Balance>;

        /// The deposit for a byte of a spec, and of a code of the deployer's own.
        #[pallet::constant]
        type DepositPerByte: Get<Balance>;

        /// How long founders have to confirm a genesis, in seconds. At least 1.
        #[pallet::constant]
        type FormingTime: Get<Seconds>;

        /// How long a chain goes on once its end is announced, in seconds, if its genesis does not say. At least 1.
        #[pallet::constant]
        type RetireNotice: Get<Seconds>;

        /// For how long after the end of a chain its route is kept open for value that has not come home, in seconds.
        #[pallet::constant]
        type RouteLinger: Get<Seconds>;

        /// How the stake is divided among founders.
        type PayoutDivision: Get<Division>;

        /// How long a node's turn on a chain may last.
        type Terms: Get<Terms>;

        /// For how many draws in a row a live chain may be short of nodes, before it needs fewer or is
        /// wound up. At least 1.
        #[pallet::constant]
        type ShortEpochs: Get<u32>;

        /// For how long blocks are counted together for votes, in seconds. At least 1.
        #[pallet::constant]
        type ActivityPeriod: Get<Seconds>;

        /// How long a ballot lasts, in seconds: at least 1, at most an activity period.
        #[pallet::constant]
        type VotingPeriod: Get<Seconds>;

        /// How far a ballot may move the hard limit, as a part of it. One node is always allowed.
        #[pallet::constant]
        type LimitStep: Get<Perbill>;

        /// What the chains of one deployer may weigh together, as a part of all.
        #[pallet::constant]
        type DeployerCap: Get<Perbill>;

        /// How much must be cast for a ballot to count, as a part of all.
        #[pallet::constant]
        type Turnout: Get<Perbill>;

        /// How many chains whose state ends by itself a block looks at. At least 1.
        #[pallet::constant]
        type DuePerBlock: Get<u32>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;

        /// What benchmarks need of the runtime.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::benchmarking::BenchmarkHelper<Self::AccountId>;
    }

    /// Why the pallet holds tokens.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// A deployment stake: the founders', once the chain is live.
        #[codec(index = 0)]
        Stake,
        /// A deposit for the spec of a chain.
        #[codec(index = 1)]
        Spec,
    }

    /// The id that the next chain will have; 0 counts as 1.
    #[pallet::storage]
    pub type NextChainId<T: Config> = StorageValue<_, ChainId, ValueQuery>;

    /// The chains. Those that ended are kept, so that nobody takes their names.
    #[pallet::storage]
    pub type Chains<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, Chain<T::AccountId>, OptionQuery>;

    /// The chain of each name.
    #[pallet::storage]
    pub type Names<T: Config> = StorageMap<_, Blake2_128Concat, Name, ChainId, OptionQuery>;

    /// The specs of chains that have not ended.
    #[pallet::storage]
    pub type Specs<T: Config> = StorageMap<_, Twox64Concat, ChainId, Spec, OptionQuery>;

    /// How many chains of an account are pending or ever went live: k is one more.
    #[pallet::storage]
    pub type Deployed<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, u32, ValueQuery>;

    /// The records of chains whose nodes are or were complete, and that have not ended.
    #[pallet::storage]
    pub type FrozenRecords<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, Frozen<T::AccountId>, OptionQuery>;

    /// What the founders of forming chains said.
    #[pallet::storage]
    pub type Said<T: Config> = StorageMap<_, Twox64Concat, ChainId, Confirmations, OptionQuery>;

    /// Who is still to be paid for having founded a chain.
    #[pallet::storage]
    pub type Seats<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        ChainId,
        Blake2_128Concat,
        T::AccountId,
        Seat,
        OptionQuery,
    >;

    /// What founders left, and nobody took over yet; the oldest first.
    #[pallet::storage]
    pub type Vacant<T: Config> = StorageMap<_, Twox64Concat, ChainId, VacantSeats, ValueQuery>;

    /// The chains whose state ends by itself, in the order in which it does: service time and chain, both
    /// big-endian, so that the order of keys is that of time.
    #[pallet::storage]
    pub type Due<T: Config> = StorageMap<_, Identity, [u8; 8], (), OptionQuery>;

    /// The chains that have ended and whose routes are not closed, and from when on they are closed whatever is left.
    #[pallet::storage]
    pub type RoutesToClose<T: Config> = StorageMap<_, Twox64Concat, ChainId, Seconds, OptionQuery>;

    /// How long a chain goes on once its end is announced, in seconds.
    #[pallet::storage]
    pub type Notice<T: Config> = StorageValue<_, Seconds, ValueQuery, T::RetireNotice>;

    /// The codes of the standard runtimes.
    #[pallet::storage]
    pub type StandardRuntimes<T: Config> =
        StorageMap<_, Twox64Concat, RuntimeVersionId, StandardCode, OptionQuery>;

    /// The most nodes that a chain may ask for.
    #[pallet::storage]
    pub type HardLimit<T: Config> = StorageValue<_, u32, ValueQuery, DefaultLimit>;

    /// The hard limit of a chain whose genesis says nothing of it.
    #[pallet::type_value]
    pub fn DefaultLimit() -> u32 {
        DEFAULT_LIMIT
    }

    /// See [`DefaultLimit`].
    const DEFAULT_LIMIT: u32 = 64;

    /// The blocks of each chain, by period.
    #[pallet::storage]
    pub type ChainActivity<T: Config> = StorageMap<_, Twox64Concat, ChainId, Activity, ValueQuery>;

    /// The blocks of all chains together.
    #[pallet::storage]
    pub type TotalActivity<T: Config> = StorageValue<_, Activity, ValueQuery>;

    /// How many ballots there were.
    #[pallet::storage]
    pub type LastBallot<T: Config> = StorageValue<_, BallotIndex, ValueQuery>;

    /// The ballot under way.
    #[pallet::storage]
    pub type CurrentBallot<T: Config> = StorageValue<_, Ballot, OptionQuery>;

    /// In which ballot a chain voted last.
    #[pallet::storage]
    pub type ChainVotes<T: Config> = StorageMap<_, Twox64Concat, ChainId, BallotIndex, ValueQuery>;

    /// What the chains of a deployer cast in the last ballot in which they did.
    #[pallet::storage]
    pub type DeployerVotes<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, Cast, ValueQuery>;

    /// What a chain spec says of the registry.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The most nodes that a chain may ask for, until its owners vote for another limit.
        pub hard_limit: Option<u32>,
        /// How long a chain goes on once its end is announced, in seconds.
        pub retire_notice: Option<Seconds>,
        /// Ties the type to the runtime.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let limit = self.hard_limit.unwrap_or(DEFAULT_LIMIT);
            assert!(
                (MIN_NODES..=MAX_NODES).contains(&limit),
                "dappChains.hardLimit must be from {MIN_NODES} to {MAX_NODES}"
            );
            HardLimit::<T>::put(limit);
            if let Some(notice) = self.retire_notice {
                assert!(notice > 0, "dappChains.retireNotice must be at least 1");
                Notice::<T>::put(notice);
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            let now = Self::now();
            Self::close_ballot(now);
            let weight = Self::handle_due(now);
            T::WeightInfo::on_initialize().saturating_add(weight)
        }

        fn integrity_test() {
            assert!(T::FormingTime::get() > 0, "FormingTime must be at least 1");
            assert!(
                T::RetireNotice::get() > 0,
                "RetireNotice must be at least 1"
            );
            assert!(T::ShortEpochs::get() > 0, "ShortEpochs must be at least 1");
            assert!(T::DuePerBlock::get() > 0, "DuePerBlock must be at least 1");
            assert!(
                (1..=T::ActivityPeriod::get()).contains(&T::VotingPeriod::get()),
                "VotingPeriod must be at least 1 and at most ActivityPeriod"
            );
            assert!(
                T::StakePerNode::get() > 0,
                "StakePerNode must be at least 1"
            );
            let terms = T::Terms::get();
            assert!(
                terms.least.blocks > 0 && terms.least.seconds > 0 && terms.allow(&terms.default),
                "Terms must begin at 1, and have their default between least and most"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Register a chain of `nodes` nodes.
        ///
        /// Holds the deployment stake, which must not exceed `max_stake`: the price may have risen
        /// since it was quoted. Holds a deposit for name, patch, properties and a code of the
        /// deployer's own, whose bytes must be on the hub already, and stay there while the chain is.
        /// `term` is how long a node's turn lasts; none takes the default.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register(
            (patch.len() as u32).saturating_add(properties.len() as u32)
        ))]
        pub fn register(
            origin: OriginFor<T>,
            name: Name,
            nodes: u32,
            runtime: RuntimeSource,
            patch: PatchBytes,
            properties: PropertiesBytes,
            term: Option<Term>,
            #[pallet::compact] max_stake: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let spec = (patch, properties);
            Self::do_register(who, name, nodes, runtime, spec, term, max_stake)
        }

        /// Give up a pending chain: the stake comes back, less a fee, and so does the deposit.
        #[pallet::call_index(1)]
        pub fn cancel(origin: OriginFor<T>, chain: ChainId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_cancel(who, chain)
        }

        /// Announce the end of a live or degraded chain. Its nodes run it until the notice is over.
        #[pallet::call_index(2)]
        pub fn retire(origin: OriginFor<T>, chain: ChainId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::ensure_owner(&who, chain)?;
            Self::begin_retirement(chain)
        }

        /// Offer a chain to another account, which becomes its owner when it accepts; none takes the
        /// offer back.
        #[pallet::call_index(3)]
        pub fn offer_ownership(
            origin: OriginFor<T>,
            chain: ChainId,
            to: Option<T::AccountId>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_offer(who, chain, to)
        }

        /// Become the owner of a chain that was offered.
        ///
        /// What is on hold for the chain in the last owner's account goes over on hold: the deposit, and
        /// while the chain is not live yet, the stake. It counts for its deployer still.
        #[pallet::call_index(4)]
        pub fn accept_ownership(origin: OriginFor<T>, chain: ChainId) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_accept(who, chain)
        }

        /// Say what genesis a founder built of the frozen record: a hash, or none if it could not be
        /// built.
        ///
        /// `seat` is the founder's place in the record; `signature` is by its pBFT key over
        /// [`confirm_payload`](hansa_dappchain_primitives::genesis::confirm_payload). Nobody signs or
        /// pays for the call; it is good once.
        #[pallet::call_index(5)]
        #[pallet::weight((T::WeightInfo::confirm_genesis(), DispatchClass::Operational, Pays::No))]
        #[pallet::authorize(|_source, chain, attempt, seat, outcome, signature| {
            Self::authorize_confirm(*chain, *attempt, *seat, outcome, signature)
        })]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_confirm_genesis())]
        pub fn confirm_genesis(
            origin: OriginFor<T>,
            chain: ChainId,
            attempt: u16,
            seat: u32,
            outcome: Option<Hash>,
            signature: AuthoritySignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // It was verified when the call was authorised, on this very state.
            let _ = signature;
            Self::do_confirm(chain, attempt, seat, outcome)
        }

        /// Pay a node what is vested of its share in a chain's deployment stake. Anybody may ask for it.
        #[pallet::call_index(6)]
        pub fn claim(origin: OriginFor<T>, chain: ChainId, node: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_claim(chain, node)
        }

        /// Open a ballot on another hard limit, in the name of a live chain.
        #[pallet::call_index(7)]
        pub fn propose_limit(origin: OriginFor<T>, chain: ChainId, limit: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_propose(who, chain, limit)
        }

        /// Vote in the ballot under way, in the name of a live chain. It cannot be taken back.
        #[pallet::call_index(8)]
        pub fn vote(
            origin: OriginFor<T>,
            chain: ChainId,
            ballot: BallotIndex,
            aye: bool,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_vote(who, chain, ballot, aye)
        }

        /// Add a standard runtime, the bytes of whose code are on the hub.
        #[pallet::call_index(9)]
        pub fn add_standard_runtime(
            origin: OriginFor<T>,
            version: RuntimeVersionId,
            code: Hash,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_add_runtime(version, code)
        }
    }
}
