// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # Interchain pallet
//!
//! Value and calls between chains, proven, each exactly once, and never more than the other chain is
//! good for. The protocol is told in `docs/interchain.md`; what it rests on are the pure functions of
//! `hansa-interchain-primitives`; here they get storage, money and origins.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `routes` | routes are opened, reopened, suspended; terms are proposed and agreed on |
//! | `clients` | headers of other chains, hand-overs, misbehaviour |
//! | `recoveries` | what the hub recorded in place of a hand-over |
//! | `sending` | packets leave: value goes on hold, a commitment into the state |
//! | `delivery` | packets of others are taken: paid, queued, handed to pallets, or refused |
//! | `settlement` | results, timeouts and prunings |
//! | `calls` | calls of foreign accounts are executed by the message queue |
//! | `authorize` | what calls without a sender are checked for, cheap things first |
//!
//! ## Calls without a sender
//!
//! [`Call::update_client`], [`Call::deliver`], [`Call::acknowledge`], [`Call::time_out`], [`Call::prune`],
//! [`Call::report_misbehaviour`] and [`Call::recover_client`] carry their own proof. They come from the own node,
//! or in a block; no pool takes them from others. What they cost is bounded per block and, of what
//! another chain can cause, per route and second.
//!
//! ## Money
//!
//! The value of a packet is on hold in the sender's own account until its result is proven. Reserves
//! of other chains are in the pallet's account, beside the existential deposit that it needs to exist.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

mod authorize;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod calls;
mod clients;
mod delivery;
mod events;
#[cfg(test)]
mod mock;
mod queries;
mod recoveries;
mod routes;
mod sending;
mod settlement;
mod storage;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod types;
pub mod weights;

pub use calls::ExecuteCalls;
pub use pallet::*;
pub use weights::WeightInfo;

use frame_support::{pallet_macros::import_section, traits::fungible::Credit};
use hansa_interchain_primitives::{Balance, ChainId, LaneId, Nonce};

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::interchain";

/// An amount that was taken out of accounts and is not anywhere else yet.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

#[import_section(events::events)]
#[import_section(storage::storage)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::types::{
        CallOutcome, Entries, Headers, NewRoute, OutboundPacket, Packets, Results as ResultList,
        Route, StoredHeader,
    };
    use alloc::boxed::Box;
    use frame_support::{
        dispatch::{GetDispatchInfo, PostDispatchInfo},
        pallet_prelude::*,
        traits::{
            fungible, Contains, EnqueueMessage, IsType, OnUnbalanced, QueueFootprintQuery,
            StorageVersion, Time,
        },
        weights::WeightToFee,
        PalletId,
    };
    use frame_system::pallet_prelude::*;
    use hansa_interchain_primitives::{
        packet::MAX_CALL_BYTES,
        rate::{Agreement, Terms},
        recovery::{Record, Recoveries},
        traits::{HandOvers, ReserveLimits, SystemPackets},
        Book, ChainAddress, ClientState, Hash, Height, InboundLane, Misbehaviour, Moment,
        OutboundLane, Outcome, PacketResult, PastSet, StorageProof, TrustedHeader,
    };
    use hansa_pbft_primitives::{AuthoritySet, SetId};
    use sp_arithmetic::Perbill;
    use sp_runtime::traits::Dispatchable;

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
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>
            + fungible::Balanced<Self::AccountId>
            + fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// Why funds are on hold, in the whole runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// The runtime's calls, as foreign accounts make them.
        type RuntimeCall: Parameter
            + Dispatchable<RuntimeOrigin = Self::RuntimeOrigin, PostInfo = PostDispatchInfo>
            + GetDispatchInfo
            + IsType<<Self as frame_system::Config>::RuntimeCall>;

        /// The time of the block.
        type Clock: Time<Moment = Moment>;

        /// Who opens, reopens and suspends routes, sets limits, and agrees on terms.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Gets what senders pay, and what is charged to other chains' reserves.
        type Fees: OnUnbalanced<CreditOf<Self>>;

        /// The queue of calls, one for each chain.
        type CallQueue: EnqueueMessage<ChainId> + QueueFootprintQuery<ChainId>;

        /// The calls that foreign accounts may make.
        type CallFilter: Contains<<Self as Config>::RuntimeCall>;

        /// What the weight of a call costs.
        type WeightPrice: WeightToFee<Balance = Balance>;

        /// Takes packets of other chains' pallets.
        type SystemPackets: SystemPackets;

        /// Knows which sets other chains may hand over to.
        type HandOvers: HandOvers;

        /// Reads what a hub records of chains that lost their quorum and, on a hub, has it.
        type Recoveries: Recoveries;

        /// How far other chains may be trusted, beside the limits of routes.
        type ReserveLimits: ReserveLimits;

        /// Names the pallet's account, which has the reserves.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        /// The most routes.
        #[pallet::constant]
        type MaxRoutes: Get<u32>;

        /// The most packets of a lane whose results are not settled, and the most results that are
        /// kept of a lane.
        #[pallet::constant]
        type Window: Get<u32>;

        /// The most packets, results or prunings of one call; at most 64.
        #[pallet::constant]
        type MaxBatch: Get<u32>;

        /// The most headers of a chain that deliveries may name.
        #[pallet::constant]
        type MaxStoredHeaders: Get<u32>;

        /// The most sets of a chain that are remembered, to judge misbehaviour. Should last for the
        /// trusting period.
        #[pallet::constant]
        type MaxPastSets: Get<u32>;

        /// The longest that headers of any chain are trusted, in milliseconds. How long those of one
        /// are, its route says.
        #[pallet::constant]
        type TrustingPeriod: Get<Moment>;

        /// By how much other chains' clocks may be ahead, in milliseconds.
        #[pallet::constant]
        type MaxClockDrift: Get<Moment>;

        /// How long a packet has to be taken, in milliseconds.
        #[pallet::constant]
        type Timeout: Get<Moment>;

        /// How long before they hold terms must be agreed on, in milliseconds; longer than
        /// [`Timeout`](Self::Timeout).
        #[pallet::constant]
        type TermsNotice: Get<Moment>;

        /// By how much the amounts of a packet may differ from the rate.
        #[pallet::constant]
        type RateTolerance: Get<Perbill>;

        /// What sending a packet costs.
        #[pallet::constant]
        type PacketPrice: Get<Balance>;

        /// What each byte of it costs.
        #[pallet::constant]
        type BytePrice: Get<Balance>;

        /// The least amount to top up a reserve with: each tells the other chain.
        #[pallet::constant]
        type MinTopUp: Get<Balance>;

        /// How many packets a chain of good reputation may bring in a second.
        #[pallet::constant]
        type PacketsPerSecond: Get<u32>;

        /// And how many at once, after a pause.
        #[pallet::constant]
        type PacketBurst: Get<u32>;

        /// How many updates of its light client a chain may bring in a second. A packet needs one, so
        /// this bounds how soon it can come.
        #[pallet::constant]
        type HeadersPerSecond: Get<u32>;

        /// And how many at once, after a pause.
        #[pallet::constant]
        type HeaderBurst: Get<u32>;

        /// How much of other chains fits a block: packets, results, prunings, headers.
        #[pallet::constant]
        type MaxBlockItems: Get<u32>;

        /// The most weight of a call of a foreign account. The message queue must have more in each
        /// block, or such a call would wait for ever.
        #[pallet::constant]
        type MaxCallWeight: Get<Weight>;

        /// The most calls of a chain that wait.
        #[pallet::constant]
        type MaxQueuedCalls: Get<u32>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why the pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// The value of packets in flight, in the sender's account.
        #[codec(index = 0)]
        InFlight,
    }

    /// What a chain spec says.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The id of this chain; 0 for a chain that talks to no other.
        pub chain_id: ChainId,
        /// Ties the type to the runtime.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            OwnId::<T>::put(self.chain_id);
            if self.chain_id == hansa_interchain_primitives::LOCAL {
                return;
            }
            // A genesis that cannot run must not be built; the SDK hands the message on.
            if let Err(error) = Pallet::<T>::endow_account() {
                panic!("interchain: the account of reserves cannot be made: {error:?}");
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            // What `on_finalize` does.
            T::DbWeight::get().writes(1)
        }

        fn on_finalize(_: BlockNumberFor<T>) {
            BlockItems::<T>::kill();
        }

        fn integrity_test() {
            Self::check_config();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Send an amount to an account on another chain. It stays on hold until it is proven that it
        /// was delivered, or comes back. To an account of this chain it goes at once.
        #[pallet::call_index(0)]
        pub fn transfer(
            origin: OriginFor<T>,
            to: ChainAddress,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_transfer(who, to, amount)
        }

        /// Have a call executed on another chain, from the account that is derived there from this
        /// account's address. `payment` is for up to `weight` there; it comes back if the call is
        /// refused, and is spent if the call is executed and fails.
        #[pallet::call_index(1)]
        pub fn send_call(
            origin: OriginFor<T>,
            peer: ChainId,
            call: BoundedVec<u8, ConstU32<MAX_CALL_BYTES>>,
            weight: Weight,
            #[pallet::compact] payment: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_send_call(who, peer, call, weight, payment)
        }

        /// Add to another chain's reserve with this one. The money is then that chain's.
        #[pallet::call_index(2)]
        pub fn top_up(
            origin: OriginFor<T>,
            peer: ChainId,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_top_up(who, peer, amount)
        }

        /// Open a route to another chain, on whose header and set governance has satisfied itself.
        #[pallet::call_index(3)]
        pub fn open_route(origin: OriginFor<T>, route: Box<NewRoute>) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_open_route(*route)
        }

        /// Give the light client of a route that is frozen, has expired, or whose chain cannot hand
        /// over, a new beginning. Packets and accounts stay as they are.
        #[pallet::call_index(4)]
        pub fn reopen_route(
            origin: OriginFor<T>,
            peer: ChainId,
            header: TrustedHeader,
            set: Box<AuthoritySet>,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_reopen_route(peer, header, *set)
        }

        /// Suspend a route, or resume it.
        #[pallet::call_index(5)]
        pub fn suspend_route(
            origin: OriginFor<T>,
            peer: ChainId,
            suspended: bool,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_suspend(peer, suspended)
        }

        /// Set the most that another chain may have with this one.
        #[pallet::call_index(6)]
        pub fn set_limit(origin: OriginFor<T>, peer: ChainId, limit: Balance) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_set_limit(peer, limit)
        }

        /// Say where nodes of another chain may be found.
        #[pallet::call_index(7)]
        pub fn set_entries(
            origin: OriginFor<T>,
            peer: ChainId,
            entries: Entries,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_set_entries(peer, entries)
        }

        /// Propose other terms to another chain.
        #[pallet::call_index(8)]
        pub fn propose_terms(
            origin: OriginFor<T>,
            peer: ChainId,
            terms: Terms,
            from: Moment,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_propose_terms(peer, terms, from)
        }

        /// Accept the terms that another chain proposed.
        #[pallet::call_index(9)]
        pub fn accept_terms(
            origin: OriginFor<T>,
            peer: ChainId,
            terms: Terms,
            from: Moment,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_accept_terms(peer, terms, from)
        }

        /// Tell the light client of another chain of headers. No sender: the certificates are the
        /// proof.
        #[pallet::call_index(10)]
        #[pallet::weight((Pallet::<T>::weight_of_update(), DispatchClass::Normal, Pays::No))]
        #[pallet::authorize(Self::authorize_update)]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_authorize_update(headers))]
        pub fn update_client(
            origin: OriginFor<T>,
            peer: ChainId,
            headers: Headers,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Ok(Self::do_update(peer, &headers)?)
        }

        /// Take packets of another chain, of which `first` is the position of the first one, on a proof
        /// under the header of `height`. No sender.
        #[pallet::call_index(11)]
        #[pallet::weight((Pallet::<T>::weight_of_delivery(packets), DispatchClass::Normal, Pays::No))]
        #[pallet::authorize(Self::authorize_delivery)]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_proof(proof))]
        pub fn deliver(
            origin: OriginFor<T>,
            peer: ChainId,
            lane: LaneId,
            first: Nonce,
            packets: Packets,
            height: Height,
            proof: StorageProof,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            let _ = (height, proof);
            Ok(Self::do_deliver(peer, lane, first, packets)?)
        }

        /// Settle packets of this chain by their results, of which `first` is the position of the
        /// first one. No sender.
        #[pallet::call_index(12)]
        #[pallet::weight((
            <T as Config>::WeightInfo::acknowledge(results.len() as u32),
            DispatchClass::Normal,
            Pays::No
        ))]
        #[pallet::authorize(Self::authorize_acknowledgement)]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_proof(proof))]
        pub fn acknowledge(
            origin: OriginFor<T>,
            peer: ChainId,
            lane: LaneId,
            first: Nonce,
            results: ResultList,
            height: Height,
            proof: StorageProof,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            let _ = (height, proof);
            Ok(Self::do_acknowledge(peer, lane, first, &results)?)
        }

        /// Refund the values of `count` packets of this chain, from `first` on, whose time was over
        /// before they were taken. No sender.
        #[pallet::call_index(13)]
        #[pallet::weight((
            <T as Config>::WeightInfo::time_out(*count),
            DispatchClass::Normal,
            Pays::No
        ))]
        #[pallet::authorize(Self::authorize_timeout)]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_proof(proof))]
        pub fn time_out(
            origin: OriginFor<T>,
            peer: ChainId,
            lane: LaneId,
            first: Nonce,
            count: u32,
            height: Height,
            proof: StorageProof,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            let _ = (height, proof);
            Ok(Self::do_time_out(peer, lane, first, count)?)
        }

        /// Forget the results of packets that the other chain has settled: all below `acknowledged`.
        /// No sender.
        #[pallet::call_index(14)]
        #[pallet::weight((
            <T as Config>::WeightInfo::prune(T::MaxBatch::get()),
            DispatchClass::Normal,
            Pays::No
        ))]
        #[pallet::authorize(Self::authorize_pruning)]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_proof(proof))]
        pub fn prune(
            origin: OriginFor<T>,
            peer: ChainId,
            lane: LaneId,
            acknowledged: Nonce,
            height: Height,
            proof: StorageProof,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            let _ = (height, proof);
            Ok(Self::do_prune(peer, lane, acknowledged)?)
        }

        /// Freeze the route to a chain that has contradicted itself. No sender.
        #[pallet::call_index(15)]
        #[pallet::weight((
            <T as Config>::WeightInfo::report_misbehaviour(),
            DispatchClass::Operational,
            Pays::No
        ))]
        #[pallet::authorize(|source, peer, misbehaviour| {
            Self::authorize_misbehaviour(source, peer, misbehaviour)
        })]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_authorize_misbehaviour(misbehaviour))]
        pub fn report_misbehaviour(
            origin: OriginFor<T>,
            peer: ChainId,
            misbehaviour: Box<Misbehaviour>,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            let _ = misbehaviour;
            Ok(Self::do_freeze(peer)?)
        }

        /// Let the light client of a chain that lost its quorum go on by what `hub`, this chain's hub, has recorded in
        /// place of a hand-over, at `at`, on a proof under the hub's header of `height`. No sender.
        #[pallet::call_index(16)]
        #[pallet::weight((
            <T as Config>::WeightInfo::recover_client(),
            DispatchClass::Normal,
            Pays::No
        ))]
        #[pallet::authorize(Self::authorize_recovery)]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_authorize_recovery(proof))]
        pub fn recover_client(
            origin: OriginFor<T>,
            peer: ChainId,
            record: Record,
            hub: ChainId,
            at: Moment,
            height: Height,
            proof: StorageProof,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            let _ = (hub, height, proof);
            Ok(Self::do_recover_client(peer, &record, at)?)
        }
    }
}
