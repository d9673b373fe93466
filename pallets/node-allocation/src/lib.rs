// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # Node allocation pallet
//!
//! Nodes come to DappChains by lot and in turn: `docs/allocation.md` has the rules, with examples.
//!
//! ## A node's way
//!
//! An operator with a bonded node puts it into the pool ([`Call::join`]), or tells the node to do that by itself
//! ([`Call::join_by_key`]). The node commits to ids of the
//! beacon, and is drawn. For a pending chain it waits until that has all its nodes; on a live chain
//! it catches up and confirms that it has ([`Call::confirm`]). It serves until its turn is over, and goes back
//! to the pool as soon as a replacement has confirmed.
//!
//! ## An epoch
//!
//! 1. At the beacon's **freeze** the chains are taken down ([`FrozenSlots`]): the next draw reads them as
//!    they were then. Who comes into the pool from now on waits for the draw after. Who was not there in each
//!    of the last [`DrawDelay`] epochs waits until it was ([`presence`]).
//! 2. At the **beacon** the draw begins. It works a bounded number of nodes a block: first all nodes that
//!    revealed are put in the order of their ranks, then they are given to chains ([`draw`]).
//! 3. Then the **sweep** looks through the chains, a bounded number of members a block: who has not
//!    confirmed in time pays and is out; whose turn is over is marked, so that the next draw
//!    finds a replacement.
//!
//! A draw that is not over when the next freeze comes is finished; the one after it is skipped, which an
//! event says.
//!
//! ## Chains that stand still
//!
//! When a chain makes no blocks for long, its members are **held**: nobody is released ([`roster::Hold`]). After days its
//! **roll** is called: each member of its set is to answer ([`Call::answer`]). Who does not loses its place at once, however
//! many they are ([`rollcall`]).
//!
//! ## Ranks
//!
//! Ranks are the keys of a map without a hasher, so that its order in the trie is that of the ranks: it sorts
//! any number of nodes, a few a block. They are hashes that nobody can aim, which keeps the trie even.
//!
//! ## Bounds
//!
//! A call reads and writes a constant number of items, of which the largest are the table of all chains
//! (22 bytes each) and one chain's members (some 70 bytes each). Nothing loops over the pool.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod confirming;
pub mod draw;
pub mod epochs;
mod events;
mod joining;
#[cfg(test)]
mod mock;
mod pool;
pub mod presence;
mod queries;
mod registry;
pub mod rollcall;
pub mod roster;
mod sweep;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod types;
pub mod weights;

pub use pallet::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::allocation";

#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::{
        draw::{Kind, Reason, Slot, Turns},
        presence::MAX_DRAW_DELAY,
        roster::{Roster, MAX_MEMBERS},
        types::{Node, PoolCount, Roll, Stage},
    };
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{hold, Credit, Inspect},
            OnUnbalanced, StorageVersion,
        },
        DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use hansa_allocation_primitives::{
        BeaconSignature, ChainEvents, ChainHeads, ChainId, Departure, EpochIndex, Head, NodeKeys,
        NodeStanding, Phase, Seconds, MIN_NODES,
    };
    use hansa_beacon_primitives::{CommittedIds, Digest, Leaving};
    use hansa_staking_primitives::BlockAuthor;
    use sp_core::H256;
    use sp_runtime::traits::BlockNumberProvider;

    /// The version of the storage's layout.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// An amount of the chain's token.
    pub type BalanceOf<T> =
        <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

    /// What was taken from accounts and is given to [`Config::OnFee`].
    pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = H256> {
        /// The token in which deposits are held.
        type Currency: hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>
            + hold::Balanced<Self::AccountId>;

        /// The reasons for holds of the runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// The service time, in seconds.
        type ServiceClock: BlockNumberProvider<BlockNumber = Seconds>;

        /// Who made the block under execution.
        type Author: BlockAuthor<Self::AccountId>;

        /// Whose stake allows it to serve.
        type Standing: NodeStanding<Self::AccountId>;

        /// The beacon keys of nodes.
        type Keys: NodeKeys<Self::AccountId>;

        /// The ids that nodes revealed.
        type Ids: CommittedIds<Self::AccountId>;

        /// Is told of each node that leaves the pool.
        type Leaving: Leaving<Self::AccountId>;

        /// Is told what becomes of chains' members.
        type Chains: ChainEvents<Self::AccountId>;

        /// What is known of the chains' heads.
        type Heads: ChainHeads;

        /// Gets the fees of nodes that did not confirm.
        type OnFee: OnUnbalanced<CreditOf<Self>>;

        /// What is held for a node in the pool, and lost if it gives up a place that was drawn for it.
        #[pallet::constant]
        type Deposit: Get<BalanceOf<Self>>;

        /// The most nodes in the pool; not above the number of commitments that the beacon takes.
        #[pallet::constant]
        type MaxNodes: Get<u32>;

        /// The most chains.
        #[pallet::constant]
        type MaxChains: Get<u32>;

        /// The most nodes of a chain; at most [`MAX_MEMBERS`]. Twice the nodes that a chain may need is
        /// not needed: a third more is, for replacements that join.
        #[pallet::constant]
        type MaxMembers: Get<u32>;

        /// How many nodes a block puts into order. At least 1.
        #[pallet::constant]
        type RankedPerBlock: Get<u32>;

        /// How many nodes a block gives to chains. At least 1.
        #[pallet::constant]
        type PlacedPerBlock: Get<u32>;

        /// After how many members a block stops to sweep; that of the last chain begun are all looked
        /// at. At least 1.
        #[pallet::constant]
        type SweptPerBlock: Get<u32>;

        /// For how many epochs a node may take to confirm. At least 1.
        #[pallet::constant]
        type ConfirmEpochs: Get<EpochIndex>;

        /// The delay of the draw of a chain whose genesis names none, in epochs; at most
        /// [`MAX_DRAW_DELAY`]. See [`DrawDelay`].
        #[pallet::constant]
        type DefaultDrawDelay: Get<EpochIndex>;

        /// Who may set the delay of the draw.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// For how many epochs in a row a live chain may be short before the registry is asked. At least
        /// 1.
        #[pallet::constant]
        type ShortEpochs: Get<u32>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why the pallet holds tokens.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For a node in the pool.
        #[codec(index = 0)]
        Place,
    }

    /// The nodes in the pool.
    #[pallet::storage]
    pub type Nodes<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, Node<BalanceOf<T>>, OptionQuery>;

    /// How many they are.
    #[pallet::storage]
    pub type Count<T: Config> = StorageValue<_, PoolCount, ValueQuery>;

    /// Who has authored a block on any chain: the first epoch by whose ids it is drawn as a veteran. Kept for
    /// good, as a veteran stays one.
    #[pallet::storage]
    pub type Veterans<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, EpochIndex, OptionQuery>;

    /// Who left the pool, or was put out of it, and is not in it. Such a node comes back by its operator's
    /// word only ([`Call::join`]), so that no word of its key is good twice. Only who had stake and
    /// deposit is in it.
    #[pallet::storage]
    pub type Left<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, (), OptionQuery>;

    /// The first epoch by whose ids a node is drawn that comes into the pool now.
    #[pallet::storage]
    pub type OpenEpoch<T: Config> = StorageValue<_, EpochIndex, ValueQuery>;

    /// The epoch under way.
    #[pallet::storage]
    pub type CurrentEpoch<T: Config> = StorageValue<_, EpochIndex, ValueQuery>;

    /// The chains, as the draw sees them, in ascending order: of each [`Roster`] its [`Roster::slot`].
    #[pallet::storage]
    pub type Slots<T: Config> = StorageValue<_, BoundedVec<Slot, T::MaxChains>, ValueQuery>;

    /// The members of each chain.
    #[pallet::storage]
    pub type Rosters<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, Roster<T::AccountId>, OptionQuery>;

    /// Of live chains that stand still: who has answered, until they do not. See [`rollcall`].
    #[pallet::storage]
    pub type Rolls<T: Config> =
        StorageMap<_, Twox64Concat, ChainId, Roll<T::AccountId>, OptionQuery>;

    /// Of which epoch the ids are that the draw reads that is under way, or to come; none if none is.
    #[pallet::storage]
    pub type FrozenEpoch<T: Config> = StorageValue<_, EpochIndex, OptionQuery>;

    /// The chains as they were at that epoch's freeze, and what the draw has given them since.
    #[pallet::storage]
    pub type FrozenSlots<T: Config> = StorageValue<_, BoundedVec<Slot, T::MaxChains>, ValueQuery>;

    /// Since which epoch all must have been present whom that draw takes.
    #[pallet::storage]
    pub type FrozenSince<T: Config> = StorageValue<_, EpochIndex, ValueQuery>;

    /// In how many epochs before that of a draw a node must have been present, one after the other, to be
    /// drawn; at most [`MAX_DRAW_DELAY`].
    #[pallet::storage]
    pub type DrawDelay<T: Config> = StorageValue<_, EpochIndex, ValueQuery, T::DefaultDrawDelay>;

    /// When the draw under way, or the last one, began. All who are drawn by it are members since then,
    /// in whichever block they are placed, so that no founder waited longer than another for that.
    #[pallet::storage]
    pub type DrawBeganAt<T: Config> = StorageValue<_, Seconds, ValueQuery>;

    /// How far the work between two draws has come.
    #[pallet::storage]
    pub type CurrentStage<T: Config> = StorageValue<_, Stage, ValueQuery>;

    /// Where the sweep goes on: with the first chain of this id or a higher one.
    #[pallet::storage]
    pub type SweepFrom<T: Config> = StorageValue<_, ChainId, ValueQuery>;

    /// The nodes of the draw under way that have no place yet, by their ranks.
    #[pallet::storage]
    pub type Ranks<T: Config> = StorageMap<_, Identity, Digest, (T::AccountId, Kind), OptionQuery>;

    /// What the draw remembers.
    #[pallet::storage]
    pub type CurrentTurns<T: Config> = StorageValue<_, Turns, ValueQuery>;

    /// What a chain spec says of the pool.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The delay of the draw, in epochs, at most [`MAX_DRAW_DELAY`]; the runtime's, if nothing is said.
        /// See [`DrawDelay`].
        pub draw_delay: Option<EpochIndex>,
        /// Ties the type to the runtime.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let Some(epochs) = self.draw_delay else {
                return;
            };
            // A genesis that cannot run must not be built; the SDK hands the message on.
            assert!(
                epochs <= MAX_DRAW_DELAY,
                "nodePool: drawDelay is more than {MAX_DRAW_DELAY} epochs"
            );
            DrawDelay::<T>::put(epochs);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::note_hub_author();
            T::WeightInfo::on_initialize().saturating_add(Self::step())
        }

        fn integrity_test() {
            assert!(
                (MIN_NODES..=MAX_MEMBERS).contains(&T::MaxMembers::get()),
                "MaxMembers must fit the set of a chain"
            );
            assert!(
                T::RankedPerBlock::get() > 0
                    && T::PlacedPerBlock::get() > 0
                    && T::SweptPerBlock::get() > 0,
                "each block must do some work"
            );
            assert!(
                T::ConfirmEpochs::get() > 0 && T::ShortEpochs::get() > 0,
                "nodes and chains need an epoch at least"
            );
            assert!(
                T::DefaultDrawDelay::get() <= MAX_DRAW_DELAY,
                "DefaultDrawDelay must be in its bounds"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Put the sender's node into the pool. It must have a beacon key and the stake;
        /// [`Config::Deposit`] is held.
        #[pallet::call_index(0)]
        pub fn join(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_join(who)
        }

        /// Take the sender's node out of the pool: at once if it waits. If it serves, or its chain is
        /// forming, as soon as it is replaced. If it was drawn for a chain and does not serve yet, at once,
        /// and the deposit is lost: nobody may choose among draws.
        #[pallet::call_index(1)]
        pub fn leave(origin: OriginFor<T>) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_leave(who)
        }

        /// Confirm that the node of `account` has caught up with `chain`, on which it was drawn to serve.
        ///
        /// `head` is a recent final block of it; `signature` is over
        /// [`confirm_payload`](hansa_allocation_primitives::confirm::confirm_payload), by the node's beacon
        /// key. Nobody signs or pays for the call; it is good once.
        #[pallet::call_index(2)]
        #[pallet::weight((T::WeightInfo::confirm(), DispatchClass::Operational, Pays::No))]
        #[pallet::authorize(|_source, chain, account, head, signature| {
            Self::authorize_confirm(*chain, account, head, signature)
        })]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_confirm())]
        pub fn confirm(
            origin: OriginFor<T>,
            chain: ChainId,
            account: T::AccountId,
            head: Head,
            signature: BeaconSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // They were verified when the call was authorised, on this very state.
            let _ = (head, signature);
            Self::do_confirm(chain, account)
        }

        /// Put the node of `account` into the pool, by the word of its beacon key: what a node does by itself
        /// that was told to join. It has the same conditions as [`join`](Pallet::join), and one more:
        /// the node was never in the pool before, or came back by its operator's word.
        ///
        /// `signature` is over [`join_payload`](hansa_allocation_primitives::confirm::join_payload);
        /// `epoch` is the one under way. Nobody signs or pays for the call; it is good once.
        #[pallet::call_index(3)]
        #[pallet::weight((T::WeightInfo::join(), DispatchClass::Operational, Pays::No))]
        #[pallet::authorize(|_source, account, epoch, signature| {
            Self::authorize_join(account, *epoch, signature)
        })]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_join())]
        pub fn join_by_key(
            origin: OriginFor<T>,
            account: T::AccountId,
            epoch: EpochIndex,
            signature: BeaconSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // As with `confirm`.
            let _ = (epoch, signature);
            Self::do_join(account)
        }

        /// Set the delay of the draw, in epochs, at most [`MAX_DRAW_DELAY`]; see [`DrawDelay`]. Draws that
        /// are frozen by now keep theirs.
        #[pallet::call_index(4)]
        pub fn set_draw_delay(origin: OriginFor<T>, epochs: EpochIndex) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(epochs <= MAX_DRAW_DELAY, Error::<T>::DelayTooLong);
            DrawDelay::<T>::put(epochs);
            Self::deposit_event(Event::DrawDelaySet { epochs });
            Ok(())
        }

        /// Answer that the node of `account`, which is in the set of `chain`, is there: the chain stands still, and its roll
        /// is called. Whoever has not answered when the roll is closed loses its place.
        ///
        /// `signature` is over [`answer_payload`](hansa_allocation_primitives::confirm::answer_payload), by the node's
        /// beacon key. Nobody signs or pays for the call; it is good once.
        #[pallet::call_index(5)]
        #[pallet::weight((T::WeightInfo::answer(), DispatchClass::Operational, Pays::No))]
        #[pallet::authorize(|_source, chain, account, signature| {
            Self::authorize_answer(*chain, account, signature)
        })]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_answer())]
        pub fn answer(
            origin: OriginFor<T>,
            chain: ChainId,
            account: T::AccountId,
            signature: BeaconSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // As with `confirm`.
            let _ = signature;
            Self::do_answer(chain, account)
        }
    }
}
