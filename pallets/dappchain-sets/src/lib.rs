// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # The sets of DappChains, on the hub
//!
//! The allocation says which nodes serve a chain; this pallet makes a set of them, tells the chain, and holds the
//! chain to it. `docs/adr/0012-dappchains-and-their-sets.md` has the reasons.
//!
//! ## What happens when
//!
//! 1. A chain goes live ([`ChainLives::on_live`]): its founders are set 0, and the hub opens its route.
//! 2. At the beginning of each epoch, when the allocation of the last one is settled, all live chains are looked at,
//!    [`Config::ChainsPerBlock`] a block. A chain whose active members, or their keys, are others than in the set
//!    that was ordered last is sent a new one.
//! 3. The chain hands over to it, as its headers say. The light client asks ([`HandOvers`]): a set that was not ordered
//!    suspends the route.
//! 4. The chain reports who made blocks ([`SystemPackets`]): that feeds pool and registry ([`Config::Authored`]).
//! 5. A chain that stands still, as it lost its quorum, is given another set by the hub's record, in place of a
//!    hand-over: see [`stalls`].
//! 6. Who contradicts itself on the chain is convicted by [`Call::report_offence`], in whichever remembered set
//!    it was, and slashed here ([`Config::Offences`]).
//!
//! ## Bounds
//!
//! A set is remembered by hashes, for [`Config::KeepFor`] after another one took its place, at most [`Config::MaxSets`]
//! of a chain; at most [`MAX_OUTSTANDING`] are ordered that a chain has not handed over to. Of these, and of the one in
//! force, the accounts are kept, too. A chain that is at a bound gets no new set until it is not. Of each set that was recorded in place of another a hash is kept for good: there
//! is one in [`StallPeriods`] at most.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
#[cfg(test)]
mod mock;
mod offences;
mod orders;
mod packets;
mod queries;
pub mod stalls;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use hansa_dappchain_primitives::StallPeriods;
pub use pallet::*;
pub use types::{commitment, Accounts, ChainSets, OrderedSet, Stall, StallEnd, WatchedHead};
pub use weights::WeightInfo;

#[allow(unused_imports)] // For the documentation.
use hansa_dappchain_primitives::ChainLives;
#[allow(unused_imports)]
use hansa_interchain_primitives::traits::{HandOvers, SystemPackets};

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::dappchain-sets";

/// The most sets that are ordered ahead of what a chain is known to have handed over to: a hand-over is compared with each
/// of them.
pub const MAX_OUTSTANDING: u32 = 16;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::boxed::Box;
    use frame_support::{
        dispatch::DispatchClass,
        pallet_prelude::*,
        traits::{StorageVersion, Time},
        DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use hansa_allocation_primitives::{Allocation, AuthoredBlocks, RollCall};
    use hansa_dappchain_primitives::{
        ChainId, CheckpointOf, Hash, KeysOf, Recovery, Seconds, SetOrdinal,
    };
    use hansa_interchain_primitives::{
        keys,
        route::NewRoute,
        traits::{LightClients, OpenRoute, SendSystemPacket},
        Moment,
    };
    use hansa_pbft_primitives::{
        AuthoritySet, Evidence, ForeignOffences, Height, OffenceKind, SetId,
    };
    use hansa_staking_primitives::NodeStake;
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
        /// The service time, in seconds.
        type ServiceClock: BlockNumberProvider<BlockNumber = Seconds>;

        /// The time of blocks, in milliseconds: that by which other chains' headers are trusted.
        type Clock: Time<Moment = Moment>;

        /// Says which nodes serve a chain.
        type Allocation: Allocation<Self::AccountId>;

        /// The keys of nodes.
        type Keys: KeysOf<Self::AccountId>;

        /// Sends packets to chains.
        type Packets: SendSystemPacket;

        /// Opens routes to chains.
        type Routes: OpenRoute;

        /// The light clients of chains.
        type Clients: LightClients;

        /// Holds the members of chains that stand still, and calls their rolls.
        type Rolls: RollCall<Self::AccountId>;

        /// Where this chain stands: a record says it, for the chain's light client of this one.
        type Checkpoint: CheckpointOf;

        /// How long a chain may stand still, unless the genesis says otherwise.
        type DefaultStallPeriods: Get<Option<StallPeriods>>;

        /// Is told who made how many blocks of a chain.
        type Authored: AuthoredBlocks<Self::AccountId>;

        /// The stake of nodes.
        type Stakes: NodeStake<Self::AccountId>;

        /// Slashes who offends on a chain.
        type Offences: ForeignOffences<Self::AccountId>;

        /// The randomness of the epoch, for the chains' schedules of primaries.
        type Seed: Get<[u8; 32]>;

        /// The part of what a chain's set has at stake that the chain may have in reserve with the hub.
        #[pallet::constant]
        type CoverShare: Get<Perbill>;

        /// How long a set is remembered that decides no more, in seconds: as long as its members' stakes are
        /// within reach, the unbonding period.
        type KeepFor: Get<Seconds>;

        /// For how long the light clients of chains are trusted without another header, with as much more as it takes to
        /// bring evidence, in seconds. Who decides on a chain can be held to it only if that, from when nobody is helped any
        /// more on, is not longer than [`Self::KeepFor`].
        #[pallet::constant]
        type Trusting: Get<Seconds>;

        /// The most sets of a chain that are remembered.
        #[pallet::constant]
        type MaxSets: Get<u32>;

        /// How many chains a block looks at. At least 1.
        #[pallet::constant]
        type ChainsPerBlock: Get<u32>;

        /// The most blocks a second that a chain can claim to have made. At least 1.
        #[pallet::constant]
        type BlocksPerSecond: Get<u32>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;

        /// What benchmarks need of the runtime.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::benchmarking::BenchmarkHelper<Self::AccountId>;
    }

    /// The chains that have been live, until all of their sets are forgotten.
    #[pallet::storage]
    pub type Chains<T: Config> = StorageMap<_, Twox64Concat, ChainId, ChainSets, OptionQuery>;

    /// Their sets, by their number.
    #[pallet::storage]
    pub type Sets<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        ChainId,
        Twox64Concat,
        SetOrdinal,
        OrderedSet,
        OptionQuery,
    >;

    /// The accounts of a chain's set in force and of those ordered since, in the order of the set: whoever has other keys by
    /// now is known by them.
    #[pallet::storage]
    pub type SetAccounts<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        ChainId,
        Twox64Concat,
        SetOrdinal,
        Accounts<T::AccountId>,
        OptionQuery,
    >;

    /// Routes to live chains that could not be opened yet.
    #[pallet::storage]
    pub type Unopened<T: Config> = StorageMap<_, Twox64Concat, ChainId, NewRoute, OptionQuery>;

    /// Whether chains are being looked at, and which was the last; none within if none was yet.
    #[pallet::storage]
    pub type Round<T: Config> = StorageValue<_, Option<ChainId>, OptionQuery>;

    /// The heads of live chains to which there is a route, as the rounds have seen them.
    #[pallet::storage]
    pub type Watched<T: Config> = StorageMap<_, Twox64Concat, ChainId, WatchedHead, OptionQuery>;

    /// The chains that stand still.
    #[pallet::storage]
    pub type Stalls<T: Config> = StorageMap<_, Twox64Concat, ChainId, Stall, OptionQuery>;

    /// The last record of each chain that lost its quorum, until its sets are forgotten.
    #[pallet::storage]
    pub type Recoveries<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, Recovery<T::AccountId>, OptionQuery>;

    /// The hashes of all records: chain, id of the new set. Kept for good, as light clients of other chains take proofs of
    /// them. A part of the protocol: key and encoding are those of `hansa_interchain_primitives::keys`.
    #[pallet::storage]
    pub type RecoveryHashes<T: Config> =
        StorageNMap<_, (NMapKey<Identity, ChainId>, NMapKey<Identity, SetId>), Hash, OptionQuery>;

    /// How long a chain may stand still, if the genesis says so.
    #[pallet::storage]
    pub type SetStallPeriods<T: Config> = StorageValue<_, StallPeriods, OptionQuery>;

    /// What a chain spec says of the sets of chains.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// How long a chain may stand still; as the runtime has it, if nothing is said.
        pub stall_periods: Option<StallPeriods>,
        /// Ties the type to the runtime.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let Some(periods) = self.stall_periods else {
                return;
            };
            // A genesis that cannot run must not be built; the SDK hands the message on.
            assert!(
                periods.are_sound(),
                "dappChainSets.stallPeriods: stallSeconds must be at least 16, challengeSeconds at least 1"
            );
            assert!(
                periods.can_help(Pallet::<T>::reach()),
                "dappChainSets.stallPeriods leave no time to record a set"
            );
            SetStallPeriods::<T>::put(periods);
        }
    }

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The route to a live chain could not be opened; that is tried again in each epoch.
        RouteNotOpened {
            /// The chain.
            chain: ChainId,
        },
        /// A chain is to have another set.
        SetOrdered {
            /// The chain.
            chain: ChainId,
            /// The set's number.
            ordinal: SetOrdinal,
            /// How many members it has.
            members: u32,
        },
        /// A chain has handed over to a set that was ordered.
        SetInForce {
            /// The chain.
            chain: ChainId,
            /// The set's number.
            ordinal: SetOrdinal,
            /// Its id on the chain.
            set: SetId,
        },
        /// A chain stands still: the last head that was proven is old. Those in its set are to answer, and anybody may prove a
        /// higher block.
        Stalled {
            /// The chain.
            chain: ChainId,
            /// The height of its head.
            height: Height,
            /// Until when, in seconds of service time.
            challenge_ends_at: Seconds,
        },
        /// A chain is not taken to stand still any more.
        StallEnded {
            /// The chain.
            chain: ChainId,
            /// Why.
            why: StallEnd,
        },
        /// Another set decides on a chain that lost its quorum, by the hub's record.
        Recovered {
            /// The chain.
            chain: ChainId,
            /// The set's number.
            ordinal: SetOrdinal,
            /// Its id on the chain.
            set: SetId,
            /// The height above which it decides.
            height: Height,
            /// How many members it has.
            members: u32,
        },
        /// No set could be recorded for a chain that stands still; that is tried again in the next epoch.
        NotRecovered {
            /// The chain.
            chain: ChainId,
        },
        /// A chain has too few nodes for a set, or for one that is recorded: it keeps the one that it has.
        TooFewNodes {
            /// The chain.
            chain: ChainId,
            /// How many it has.
            nodes: u32,
        },
        /// So many sets of a chain are ordered or remembered that it gets no other one in this epoch.
        TooManySets {
            /// The chain.
            chain: ChainId,
        },
        /// A set could not be sent; that is tried again in the next epoch.
        SetNotSent {
            /// The chain.
            chain: ChainId,
        },
        /// A chain has reported who made blocks.
        BlocksReported {
            /// The chain.
            chain: ChainId,
            /// The chain's session that has ended.
            session: u32,
            /// How many blocks were credited.
            blocks: u32,
        },
        /// A node is convicted of an offence on a chain.
        OffenceProven {
            /// The node.
            node: T::AccountId,
            /// The chain.
            chain: ChainId,
            /// The id of the set there.
            set: SetId,
            /// The height in question.
            height: Height,
            /// What was done.
            kind: OffenceKind,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// The chain was never live, or has ended long ago.
        NoSuchChain,
        /// No such set is remembered.
        NoSuchSet,
        /// The set does not decide on the chain, as far as is known.
        NotInForce,
        /// Set and accounts are not those that were ordered under this number, or the evidence is of another set.
        EvidenceOfAnotherSet,
        /// The evidence proves no offence.
        NotProven,
        /// The node is convicted of an offence in that set already.
        AlreadyConvicted,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::look_at_some()
        }

        fn integrity_test() {
            assert!(
                T::ChainsPerBlock::get() > 0 && T::BlocksPerSecond::get() > 0,
                "ChainsPerBlock and BlocksPerSecond must be at least 1"
            );
            assert!(
                T::MaxSets::get() > MAX_OUTSTANDING,
                "more sets must be remembered than are outstanding"
            );
            assert!(
                T::DefaultStallPeriods::get().is_none_or(|periods| periods.are_sound()),
                "each period, and each part of it that counts, must be at least a second"
            );
            assert_eq!(
                RecoveryHashes::<T>::hashed_key_for((7, 9)),
                keys::recovery_hash(7, 9),
                "the keys are protocol"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Convict a node of an offence on a chain.
        ///
        /// The proof is in the call: `evidence` holds what the node signed, `set` and `accounts` are those that were
        /// ordered as number `ordinal`, with the id that the set has on the chain. Nobody signs or pays for it.
        #[pallet::call_index(0)]
        #[pallet::weight((
            <T as Config>::WeightInfo::report_offence(set.len() as u32),
            DispatchClass::Operational,
            Pays::No
        ))]
        #[pallet::authorize(|_, chain, ordinal, evidence, set, accounts| {
            Self::authorize_report(*chain, *ordinal, evidence, set, accounts)
        })]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_authorize_report(evidence, set))]
        pub fn report_offence(
            origin: OriginFor<T>,
            chain: ChainId,
            ordinal: SetOrdinal,
            evidence: Box<Evidence>,
            set: AuthoritySet,
            accounts: Accounts<T::AccountId>,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // The signatures were verified when the call was authorised, on this very state.
            Ok(Self::convict(chain, ordinal, &evidence, &set, &accounts)?)
        }
    }
}
