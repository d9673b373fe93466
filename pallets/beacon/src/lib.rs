// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # Beacon pallet
//!
//! Makes the randomness by which primaries and nodes are drawn: `docs/beacon.md` has the protocol, the
//! reasons, and what bias is left.
//!
//! ## An epoch
//!
//! An epoch is a session. In its **commit part** each node of the pool may commit to an id
//! ([`Call::commit`]), and the VRF outputs of the blocks' authors are gathered. When the part is over,
//! all that is drawn is **frozen** ([`Config::OnFreeze`]). In the **reveal part** the nodes reveal
//! ([`Call::reveal`]). In the **mixing** authors' outputs are gathered again. When that is over, too, the
//! next epoch begins with `H(last beacon, reveals, outputs)` as its beacon ([`Config::OnBeacon`]). Parts
//! end after their time and after blocks of authors of more than `T` weight, whichever is later; a
//! session may end ([`EpochGate`](hansa_pbft_primitives::EpochGate)) only in the block in which an
//! epoch does.
//!
//! ## In a block
//!
//! `on_initialize` must run after that of the consensus pallet, which knows the author, and before that
//! of the session pallet, which asks whether the session may end. It
//!
//! 1. takes in the author's VRF output, if the block's parent was in a part in which outputs are gathered;
//! 2. ends the part, if it is over;
//! 3. notes the author, if the part goes on;
//! 4. settles some commitments of past epochs: at most [`Config::SettlementsPerBlock`].
//!
//! ## What withholding costs
//!
//! A commitment holds [`Config::MaxBonds`] bonds. They are released when the epoch *after* it ends. A
//! commitment that was not revealed, or whose node left after the freeze and before the draw was over,
//! is withheld: `m` withheld ones of an epoch cost `1 + 2 + … + m` bonds, in equal shares
//! ([`hansa_beacon_primitives::penalty`]), and their nodes have no place in the draw.
//!
//! ## Bounds
//!
//! Each call reads and writes a constant number of entries. Of no more than three epochs is anything
//! stored: an epoch does not end before the one before the last is settled.
//!
//! ## Panics
//!
//! With [`Config::OutputRequired`] a block without the VRF output of an author that has a key is
//! invalid, as is one with the output of an author that has none; and as with
//! inherents of the SDK the way to make a block invalid is to panic. Nothing that a transaction can do
//! leads there.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod commitments;
mod epochs;
#[cfg(test)]
mod mock;
mod queries;
mod session;
mod settlement;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Commitment, CommitmentState, Cursor, EpochState, Tally};
pub use weights::WeightInfo;

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::beacon";

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{hold, Credit, Inspect},
            OnUnbalanced, StorageVersion,
        },
        DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use hansa_beacon_primitives::{
        output::first_beacon,
        tree::{Group, CAPACITY},
        Beacon, BeaconId, BeaconSignature, BlockAuthor, Digest, Draws, EpochClock, EpochIndex,
        NextSet, OnBeacon, OnFreeze, OnReveal, OwnId, Parts, Pool, MAX_AUTHORITIES,
    };
    use hansa_pbft_primitives::Hash;
    use sp_runtime::SaturatedConversion;

    /// The version of the storage's layout.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// An amount of the chain's token.
    pub type BalanceOf<T> =
        <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

    /// What was taken from accounts and is given to [`Config::OnForfeit`].
    pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash = Hash> {
        /// The token in which bonds are held.
        type Currency: hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>
            + hold::Balanced<Self::AccountId>;

        /// The reasons for holds of the runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// Who may commit, and with which key.
        type Pool: Pool<Self::AccountId>;

        /// The session, in service time.
        type Clock: EpochClock;

        /// Who made the block under execution.
        type Author: BlockAuthor;

        /// The set that decides the next block. The session keys of the consensus pallet must come
        /// before this pallet's, so that it knows the set by the time it is asked.
        type NextSet: NextSet<Self::AccountId>;

        /// Is told when the inputs of the next beacon are frozen.
        type OnFreeze: OnFreeze;

        /// Is told of each new beacon.
        type OnBeacon: OnBeacon;

        /// Is told of each reveal.
        type OnReveal: OnReveal<Self::AccountId>;

        /// Whether a draw by the current beacon is still to be made.
        type Draws: Draws;

        /// Gets what withheld reveals cost.
        type OnForfeit: OnUnbalanced<CreditOf<Self>>;

        /// The unit of the penalty: what one withheld reveal alone costs.
        #[pallet::constant]
        type Bond: Get<BalanceOf<Self>>;

        /// How many bonds are held for a commitment: the most that it can cost. At least 1.
        #[pallet::constant]
        type MaxBonds: Get<u32>;

        /// How many nodes may commit in an epoch; at most
        /// [`CAPACITY`].
        #[pallet::constant]
        type MaxCommitments: Get<u32>;

        /// The parts of a session.
        #[pallet::constant]
        type Parts: Get<Parts>;

        /// How many commitments of past epochs a block settles. At least 1.
        #[pallet::constant]
        type SettlementsPerBlock: Get<u32>;

        /// Whether a block is invalid that does not carry its author's VRF output although the author
        /// has a key for it, or carries one although it has none.
        #[pallet::constant]
        type OutputRequired: Get<bool>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// Why the pallet holds tokens.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For a commitment, until it is settled.
        #[codec(index = 0)]
        Commitment,
    }

    /// The epoch under way.
    #[pallet::storage]
    pub type CurrentEpoch<T: Config> = StorageValue<_, EpochState, ValueQuery>;

    /// What became of the commitments, of each epoch that is not settled.
    #[pallet::storage]
    pub type Tallies<T: Config> = StorageMap<_, Twox64Concat, EpochIndex, Tally, ValueQuery>;

    /// The commitments of each epoch that is not settled.
    #[pallet::storage]
    pub type Commitments<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        EpochIndex,
        Blake2_128Concat,
        T::AccountId,
        Commitment<BalanceOf<T>>,
        OptionQuery,
    >;

    /// Whose commitment has a place, of each epoch that is not settled.
    #[pallet::storage]
    pub type Places<T: Config> =
        StorageDoubleMap<_, Twox64Concat, EpochIndex, Twox64Concat, u32, T::AccountId, OptionQuery>;

    /// The tree of reveals of each epoch that is not settled: by epoch, level and index.
    #[pallet::storage]
    pub type RevealGroups<T: Config> = StorageNMap<
        _,
        (
            NMapKey<Twox64Concat, EpochIndex>,
            NMapKey<Twox64Concat, u8>,
            NMapKey<Twox64Concat, u32>,
        ),
        Group,
        OptionQuery,
    >;

    /// How far the settlement of past epochs has come.
    #[pallet::storage]
    pub type Settlement<T: Config> = StorageValue<_, Cursor, ValueQuery>;

    /// Whether an epoch begins in the block under execution. False between blocks.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type EpochTurned<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// The beacon keys of the authorities of the set that decides the next block, in the order of the
    /// set.
    #[pallet::storage]
    pub type AuthorKeys<T: Config> =
        StorageValue<_, BoundedVec<BeaconId, ConstU32<MAX_AUTHORITIES>>, ValueQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A node committed to an id.
        Committed {
            /// The epoch.
            epoch: EpochIndex,
            /// The node's account.
            account: T::AccountId,
        },
        /// A node revealed its id.
        Revealed {
            /// The epoch.
            epoch: EpochIndex,
            /// The node's account.
            account: T::AccountId,
            /// The id.
            id: OwnId,
        },
        /// The commit part is over: who commits from now on waits for the next epoch.
        Frozen {
            /// The epoch.
            epoch: EpochIndex,
            /// The number of commitments.
            committed: u32,
        },
        /// The reveal part is over, and the mixing begins.
        Closed {
            /// The epoch.
            epoch: EpochIndex,
            /// The number of reveals.
            revealed: u32,
        },
        /// An epoch begins.
        NewBeacon {
            /// The epoch.
            epoch: EpochIndex,
            /// Its beacon.
            beacon: Beacon,
            /// Of how many reveals it is made.
            revealed: u32,
        },
        /// A node left before the freeze, and with it its commitment.
        Withdrawn {
            /// The epoch.
            epoch: EpochIndex,
            /// The node's account.
            account: T::AccountId,
        },
        /// A node left when the next beacon could be known, and before the draw was over.
        Forfeited {
            /// The epoch of its commitment.
            epoch: EpochIndex,
            /// The node's account.
            account: T::AccountId,
        },
        /// A node paid for a reveal that it withheld, or for leaving.
        Charged {
            /// The epoch of its commitment.
            epoch: EpochIndex,
            /// The node's account.
            account: T::AccountId,
            /// What it paid.
            amount: BalanceOf<T>,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// The call is for an epoch that is over.
        EpochOver,
        /// The call is for an epoch that has not begun.
        EpochAhead,
        /// Commitments are taken in the commit part only.
        NotCommitPart,
        /// Reveals are not taken yet: the commit part is not over.
        RevealTooEarly,
        /// Reveals are taken no more: the reveal part is over.
        RevealTooLate,
        /// The account has no node in the pool.
        NotPooled,
        /// The node has committed in this epoch.
        AlreadyCommitted,
        /// There is room for no more commitments in this epoch.
        TooManyCommitments,
        /// The account cannot pay the bonds.
        BondTooHigh,
        /// The commitment is not signed with the node's key.
        BadSignature,
        /// The node has no commitment in this epoch that waits for its reveal.
        NothingToReveal,
        /// The id is not what the node committed to.
        WrongId,
    }

    /// What a chain spec says of the beacon.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// What the first beacon is made of: 32 bytes that nobody could choose, such as the hash of a
        /// block of another chain that was not there when the validators of the genesis were fixed.
        pub entropy: Hash,
        /// Ties the type to the runtime.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            CurrentEpoch::<T>::put(EpochState {
                beacon: first_beacon(&self.entropy.0),
                ..Default::default()
            });
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(height: BlockNumberFor<T>) -> Weight {
            let hooks = Self::begin_block(height.saturated_into());
            let settled = Self::settle(T::SettlementsPerBlock::get());
            T::WeightInfo::on_initialize(settled).saturating_add(hooks)
        }

        fn on_finalize(_: BlockNumberFor<T>) {
            EpochTurned::<T>::kill();
        }

        fn integrity_test() {
            assert!(
                T::MaxCommitments::get() <= CAPACITY,
                "MaxCommitments must fit the tree of reveals"
            );
            assert!(T::MaxBonds::get() > 0, "MaxBonds must be at least 1");
            assert!(
                T::SettlementsPerBlock::get() > 0,
                "SettlementsPerBlock must be at least 1"
            );
            assert!(
                T::Parts::get().are_valid(),
                "Parts must leave time for commitments and reveals"
            );
            assert_eq!(MAX_AUTHORITIES, hansa_pbft_primitives::MAX_AUTHORITIES);
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Commit to an id: the node of `account` in the pool, in the commit part of `epoch`.
        ///
        /// `commitment` is a hash that `hansa_beacon_primitives::commitment` defines; `signature` is
        /// over epoch, account and hash, by the key that the pool knows of the node. The account's
        /// tokens are held, [`Config::MaxBonds`] bonds. Nobody signs or pays for the call; it is
        /// good once.
        #[pallet::call_index(0)]
        #[pallet::weight((T::WeightInfo::commit(), DispatchClass::Operational, Pays::No))]
        #[pallet::authorize(|_source, epoch, account, commitment, signature| {
            Self::authorize_commit(*epoch, account, commitment, signature)
        })]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_commit())]
        pub fn commit(
            origin: OriginFor<T>,
            epoch: EpochIndex,
            account: T::AccountId,
            commitment: Digest,
            signature: BeaconSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // It was verified when the call was authorised, on this very state.
            let _ = signature;
            Self::do_commit(epoch, account, commitment)
        }

        /// Reveal an id: the node of `account`, in the reveal part of `epoch`.
        ///
        /// The id is proof enough, as nobody else knows what opens the commitment. Nobody signs or
        /// pays for the call; it is good once.
        #[pallet::call_index(1)]
        #[pallet::weight((T::WeightInfo::reveal().saturating_add(T::OnReveal::weight()), DispatchClass::Operational, Pays::No))]
        #[pallet::authorize(|_source, epoch, account, id| {
            Self::authorize_reveal(*epoch, account, id)
        })]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_reveal())]
        pub fn reveal(
            origin: OriginFor<T>,
            epoch: EpochIndex,
            account: T::AccountId,
            id: OwnId,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::do_reveal(epoch, account, id)
        }
    }
}
