// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # The set of a DappChain
//!
//! A DappChain's nodes come and go as its hub says. This pallet takes the hub's word, plans the sessions with it, and
//! tells the hub who made the blocks. On a chain without a hub it does nothing, and another session manager
//! ([`Config::Alone`]) plans: authority mode. `docs/adr/0012-dappchains-and-their-sets.md` has the reasons.
//!
//! ## With a hub
//!
//! - A set is taken from the hub only ([`SystemPackets`]), and only if it was ordered later than all that were
//!   taken before. It waits; a later one takes its place.
//! - When a session is planned the set that waits gets its keys, and is planned. With pBFT's `PromptChanges` it decides from
//!   the block after the session's end on. A set that cannot be given its keys is dropped: the old one stays.
//! - When a session ends, what its members made is reported. What cannot be sent is kept, and goes with the next
//!   report.
//! - The genesis opens the route to the hub, and keeps the hash of the record that the chain was made of, so that
//!   whatever differs in the record makes another genesis.
//!
//! ## If the set lost its quorum
//!
//! Then it can take nothing, and the hub records another one above the chain's head
//! ([`hansa_dappchain_primitives::recovery`]). The header of the block there brings the record, and pBFT asks this pallet
//! ([`TakeRecovery`]): it must be of this chain and this block, of a later id, and its set must be ordered later than all that were
//! taken before. What waited is dropped. pBFT ends the session at once, so that the set is planned, gets its keys, and decides that
//! very block; and what the members of the old set made is reported as ever. A key of a member that another account
//! has is taken from there. The record says where the hub stood, too: the light client of the hub goes on from there, as it
//! may have heard nothing for longer than it trusts.
//!
//! ## Who governs
//!
//! Nobody has sudo. An admin (the owner's account on the hub, unless the genesis names another, or none) may have
//! the calls dispatched as root that [`Config::AdminCalls`] lists: upgrades by hash, timing, routes.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod hub;
#[cfg(test)]
mod mock;
mod recovery;
mod session;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use hansa_dappchain_primitives::route::HubRoute;
pub use pallet::*;
pub use session::HubSeed;
pub use types::{Made, MAX_UNREPORTED};
pub use weights::WeightInfo;

#[allow(unused_imports)] // For the documentation.
use {hansa_interchain_primitives::traits::SystemPackets, hansa_pbft_primitives::TakeRecovery};

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::assigned-set";

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::boxed::Box;
    use frame_support::{
        dispatch::{GetDispatchInfo, PostDispatchInfo},
        pallet_prelude::*,
        traits::{Contains, StorageVersion},
        DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use hansa_dappchain_primitives::{
        ChainId, Hash, InstallKeys, NextSet, SessionBlocks, SetOrdinal,
    };
    use hansa_interchain_primitives::{
        packet::ChainRef,
        traits::{OpenRoute, SendSystemPacket},
    };
    use pallet_session::SessionManager;
    use sp_runtime::traits::Dispatchable;

    /// The version of the storage's layout.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = Hash>
        + pallet_session::Config<ValidatorId = <Self as frame_system::Config>::AccountId>
    {
        /// The runtime's calls.
        type RuntimeCall: Parameter
            + Dispatchable<RuntimeOrigin = Self::RuntimeOrigin, PostInfo = PostDispatchInfo>
            + GetDispatchInfo
            + From<frame_system::Call<Self>>;

        /// Who administers the chain.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// What it may do as root.
        type AdminCalls: Contains<<Self as Config>::RuntimeCall>;

        /// This chain, as others know it.
        type Own: Get<ChainRef>;

        /// Gives accounts the keys that the hub knows them by.
        type InstallKeys: InstallKeys<Self::AccountId>;

        /// Who made the blocks of a session.
        type Blocks: SessionBlocks<Self::AccountId>;

        /// Sends packets to the hub.
        type Packets: SendSystemPacket;

        /// Opens the route to the hub, in the genesis, and renews it with a recovery.
        type Routes: OpenRoute;

        /// Plans the sessions of a chain without a hub.
        type Alone: SessionManager<Self::AccountId>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// The hub; none on a chain that stands alone.
    #[pallet::storage]
    pub type Hub<T: Config> = StorageValue<_, ChainId, OptionQuery>;

    /// The hash of the record that the genesis was made of; none on a chain that stands alone.
    #[pallet::storage]
    pub type GenesisRecordHash<T: Config> = StorageValue<_, Hash, OptionQuery>;

    /// The number of the set that was taken last: 0, the founders, before the first.
    #[pallet::storage]
    pub type LastOrdinal<T: Config> = StorageValue<_, SetOrdinal, ValueQuery>;

    /// The set that waits for the next session to be planned.
    #[pallet::storage]
    pub type Waiting<T: Config> = StorageValue<_, NextSet<T::AccountId>, OptionQuery>;

    /// The randomness of the hub that came with the set that was planned last.
    #[pallet::storage]
    pub type Seed<T: Config> = StorageValue<_, [u8; 32], OptionQuery>;

    /// What was made and is not reported, in the order of accounts.
    #[pallet::storage]
    pub type Unreported<T: Config> = StorageValue<_, Made<T::AccountId>, ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The hub has ordered a set. It is planned when the session ends; that of a recovery at once.
        SetTaken {
            /// Its number.
            ordinal: SetOrdinal,
            /// How many members it has.
            members: u32,
        },
        /// A set that the hub ordered is planned for the next session.
        SetPlanned {
            /// Its number.
            ordinal: SetOrdinal,
        },
        /// A set's keys cannot be given to its members: the old set stays.
        SetDropped {
            /// Its number.
            ordinal: SetOrdinal,
        },
        /// The hub is told who made blocks.
        BlocksReported {
            /// The session that has ended.
            session: u32,
            /// How many blocks.
            blocks: u32,
        },
        /// The admin's call was dispatched as root.
        Administered {
            /// What came of it.
            result: DispatchResult,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// The admin may not have that call dispatched.
        NotAdministration,
    }

    /// What a chain spec says.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// How the route to the hub begins; none for a chain that stands alone.
        pub hub: Option<HubRoute>,
        /// The hash of the record that this genesis is made of.
        pub record: Option<Hash>,
        /// Ties the type to the runtime.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            GenesisRecordHash::<T>::set(self.record);
            let Some(hub) = &self.hub else {
                return;
            };
            // A genesis that cannot run must not be built; the SDK hands the message on.
            let route = match hub.read() {
                Some(route) => route,
                None => panic!("assignedSet.hub: the route to the hub is malformed"),
            };
            let chain = route.chain.id;
            if let Err(error) = T::Routes::open_route(route) {
                panic!("assignedSet.hub: the route to the hub cannot be opened: {error:?}");
            }
            Hub::<T>::put(chain);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Have a call dispatched as root. The admin's; only calls of administration.
        #[pallet::call_index(0)]
        #[pallet::weight({
            let info = call.get_dispatch_info();
            (
                <T as Config>::WeightInfo::administer().saturating_add(info.call_weight),
                info.class,
            )
        })]
        pub fn administer(
            origin: OriginFor<T>,
            call: Box<<T as Config>::RuntimeCall>,
        ) -> DispatchResultWithPostInfo {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(
                T::AdminCalls::contains(&call),
                Error::<T>::NotAdministration
            );
            let result = call.dispatch(frame_system::RawOrigin::Root.into());
            let result = result.map(|_| ()).map_err(|failed| failed.error);
            Self::deposit_event(Event::Administered { result });
            Ok(().into())
        }
    }
}
