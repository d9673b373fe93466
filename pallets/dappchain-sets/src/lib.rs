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
//! 5. Who contradicts itself on the chain is convicted by [`Call::report_offence`], in whichever remembered set
//!    it was, and slashed here ([`Config::Offences`]).
//!
//! ## Bounds
//!
//! A set is remembered by hashes, for [`Config::KeepFor`] after another one took its place, at most [`Config::MaxSets`]
//! of a chain; at most [`MAX_OUTSTANDING`] are ordered that a chain has not handed over to. A chain that is at
//! a bound gets no new set until it is not.

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
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{commitment, Accounts, ChainSets, OrderedSet};
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
    use frame_support::{dispatch::DispatchClass, pallet_prelude::*, traits::StorageVersion};
    use frame_system::pallet_prelude::*;
    use hansa_allocation_primitives::{Allocation, AuthoredBlocks};
    use hansa_dappchain_primitives::{ChainId, Hash, KeysOf, Seconds, SetOrdinal};
    use hansa_interchain_primitives::{
        route::NewRoute,
        traits::{OpenRoute, SendSystemPacket},
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

        /// Says which nodes serve a chain.
        type Allocation: Allocation<Self::AccountId>;

        /// The keys of nodes.
        type Keys: KeysOf<Self::AccountId>;

        /// Sends packets to chains.
        type Packets: SendSystemPacket;

        /// Opens routes to chains.
        type Routes: OpenRoute;

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

    /// Routes to live chains that could not be opened yet.
    #[pallet::storage]
    pub type Unopened<T: Config> = StorageMap<_, Twox64Concat, ChainId, NewRoute, OptionQuery>;

    /// Whether chains are being looked at, and which was the last; none within if none was yet.
    #[pallet::storage]
    pub type Round<T: Config> = StorageValue<_, Option<ChainId>, OptionQuery>;

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
        /// A chain has too few nodes for a set: it keeps the one that it has.
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
