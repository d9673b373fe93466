// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # Staking pallet
//!
//! Who may decide blocks, what they earn, and what it costs them to cheat. The formulas are in
//! `docs/staking.md`.
//!
//! ## Money
//!
//! | whose | where | on hold for |
//! | --- | --- | --- |
//! | an operator's bond | in its own account | [`HoldReason::Bond`] |
//! | delegations, at stake or on their way out | in the pallet's account | [`HoldReason::Delegation`] |
//! | what is earned and not shared out yet | in the pallet's account | [`HoldReason::Reward`] |
//!
//! The delegations to a node are one pool, of which delegators have shares ([`pool`]). A reward or
//! a slash is one change of the pool, whatever the number of delegators.
//!
//! ## Elections
//!
//! At the end of each session the candidates with the highest stakes, by a sorted list, are elected
//! for the session after the next ([`election`]). If they are too few, the set stays. Elections are
//! numbered. Each stake knows from which election on it counts, and, when it leaves, up to which;
//! that alone decides which offences it is liable for ([`liability`]), and that it is not withdrawn
//! while a set that it stands behind decides, or [`Periods::trusting`] after.
//!
//! ## Rewards
//!
//! A session makes new money ([`inflation`]) for those who stand in its certificates. It is booked
//! at the session's end, one addition for each member, and shared out between operator and pool
//! when anybody asks, or before the shares change. A member that is missing from the certificates of
//! most of the other authors is chilled.
//!
//! ## Offences
//!
//! A convicted node is chilled, leaves the set as soon as it can change, and gets a slash that waits
//! for [`Periods::slash_defer`]; the admin can cancel it. How much is slashed depends on who else
//! offended in that session ([`slash`]) and is decided when it is applied. The own bond and the pool
//! are slashed at once; what delegators have on its way out is slashed when anybody touches it, or
//! asks for it ([`Call::apply_slashes`]), and cannot be withdrawn unslashed.
//!
//! ## In a block
//!
//! `on_initialize` applies at most one slash. The session's end costs in proportion to the set, and
//! everything else is a bounded number of storage items, however many nodes and delegators there are.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod bonding;
mod candidates;
mod delegation;
pub mod election;
mod events;
mod fees;
mod frozen;
mod genesis;
pub mod inflation;
pub mod liability;
#[cfg(test)]
mod mock;
mod offences;
pub mod parameters;
pub mod pool;
mod queries;
mod rewards;
mod session;
mod signing;
pub mod slash;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod types;
pub mod weights;

pub use candidates::ChillReason;
pub use fees::AuthorFees;
pub use genesis::{equal_validators, GenesisValidator};
pub use inflation::InflationSchedule;
pub use pallet::*;
pub use parameters::Periods;
pub use session::ByStakeOr;
pub use types::Scope;
pub use weights::WeightInfo;

use frame_support::{pallet_macros::import_section, traits::fungible::Credit};
use hansa_staking_primitives::{Balance, ElectionIndex, Seconds};

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::staking";

/// An amount that was taken out of accounts and is not anywhere else yet.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::{
        pool::Recent,
        types::{
            CertificateRecord, Elected, Frozen, Ledger, Node, Offending, PendingSlash, Position,
            SlashLog, Tallies,
        },
    };
    use alloc::{boxed::Box, vec::Vec};
    use frame_election_provider_support::SortedListProvider;
    use frame_support::{
        pallet_prelude::*,
        traits::{fungible, OnUnbalanced, StorageVersion, ValidatorRegistration},
        DefaultNoBound, PalletId,
    };
    use frame_system::pallet_prelude::*;
    use hansa_beacon_primitives::Leaving;
    use hansa_pbft_primitives::{
        EndSession, Height, SignedStatement, SignerBitmap, VerifyCommit, MAX_AUTHORITIES,
    };
    use hansa_staking_primitives::{BlockAuthor, PurgeKeys};
    use sp_runtime::{traits::BlockNumberProvider, Perbill};
    use sp_staking::SessionIndex;

    /// The version of the storage's layout.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What the pallet needs of the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The token.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>
            + fungible::Balanced<Self::AccountId>
            + fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>
            + fungible::hold::Balanced<Self::AccountId>;

        /// Why funds are on hold, in the whole runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// The service time, in seconds.
        type ServiceClock: BlockNumberProvider<BlockNumber = Seconds>;

        /// The candidates, sorted by stake. The list must be this pallet's alone, and ask it for
        /// scores.
        type Candidates: SortedListProvider<Self::AccountId, Score = Balance>;

        /// Who has session keys.
        type SessionKeys: ValidatorRegistration<Self::AccountId>;

        /// Removes session keys. The runtime should refuse the session pallet's own call, which asks
        /// nobody; see [`Call::purge_keys`].
        type PurgeKeys: PurgeKeys<Self::AccountId>;

        /// Is told of each node that does not stand for election any more.
        type Leaving: Leaving<Self::AccountId>;

        /// Whether elections are held when the inputs of the next beacon are frozen (this pallet is then
        /// `OnFreeze` and `OnBeacon`), as they must be on a chain with a beacon; else at a session's end.
        #[pallet::constant]
        type FrozenElections: Get<bool>;

        /// Who made the block.
        type Author: BlockAuthor<Self::AccountId>;

        /// Whose a Commit is.
        type Commits: VerifyCommit<Self::AccountId>;

        /// How a session ends before its time, so that an offender leaves.
        type EndSession: EndSession;

        /// Who may cancel slashes, and set periods and the number of validators.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Gets what is slashed.
        type Slashed: OnUnbalanced<CreditOf<Self>>;

        /// Gets the fees that are not the author's, and what cannot be paid out.
        type Remainder: OnUnbalanced<CreditOf<Self>>;

        /// The part of fees and tips that the author of the block gets.
        #[pallet::constant]
        type AuthorShare: Get<Perbill>;

        /// How much new money there is.
        type Inflation: Get<InflationSchedule>;

        /// Names the pallet's account.
        #[pallet::constant]
        type PalletId: Get<PalletId>;

        /// The smallest bond of an operator.
        #[pallet::constant]
        type MinBond: Get<Balance>;

        /// The smallest delegation.
        #[pallet::constant]
        type MinDelegation: Get<Balance>;

        /// What an operator pays once, to the author of the block, to become a candidate.
        #[pallet::constant]
        type RegistrationFee: Get<Balance>;

        /// The largest set that may be asked for; see [`ValidatorCount`].
        #[pallet::constant]
        type MaxValidators: Get<u32>;

        /// The smallest set that may be elected.
        #[pallet::constant]
        type MinValidators: Get<u32>;

        /// How many candidates, from the top of the list, an election looks at: more than fit, as
        /// the list sorts only by bags, and some may have lost their keys.
        #[pallet::constant]
        type ElectionWindow: Get<u32>;

        /// The weights of a set stay as they are if the same nodes are elected again and the weight
        /// of none has changed by more than this part of it.
        #[pallet::constant]
        type WeightTolerance: Get<Perbill>;

        /// The periods, unless the genesis or the admin sets others. Funds should be on their way
        /// out for longer than evidence is taken, a slash waits and light clients trust, together.
        #[pallet::constant]
        type DefaultPeriods: Get<Periods>;

        /// For how many sessions before the current one evidence is taken: as many as by the
        /// consensus pallet.
        #[pallet::constant]
        type EvidenceSessions: Get<SessionIndex>;

        /// The least part of the stake that an offence costs.
        #[pallet::constant]
        type LeastSlash: Get<Perbill>;

        /// Who is chilled for silence must be missing from all certificates of at least so many
        /// different authors.
        #[pallet::constant]
        type ChillReporters: Get<u32>;

        /// And these authors must weigh more than this part of the set. Must not be below a third,
        /// or liars could chill others.
        #[pallet::constant]
        type ChillShare: Get<Perbill>;

        /// For how many blocks a Commit can be added to a certificate that left it out.
        #[pallet::constant]
        type CommitWindow: Get<u32>;

        /// Which nodes serve a DappChain: their operators' bonds stay. Elsewhere than on the hub `()`.
        type Serving: hansa_allocation_primitives::Serving<Self::AccountId>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;

        /// What benchmarks need.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: crate::benchmarking::BenchmarkHelper<Self::AccountId>;
    }

    /// Why the pallet holds funds.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// An operator's bond, in its own account.
        #[codec(index = 0)]
        Bond,
        /// Delegations, in the pallet's account.
        #[codec(index = 1)]
        Delegation,
        /// Rewards that are not shared out yet, in the pallet's account.
        #[codec(index = 2)]
        Reward,
    }

    /// What operators have bonded.
    #[pallet::storage]
    pub type Ledgers<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, Ledger, OptionQuery>;

    /// What delegators have behind nodes: delegator, then node.
    #[pallet::storage]
    pub type Positions<T: Config> = StorageDoubleMap<
        _,
        Blake2_128Concat,
        T::AccountId,
        Blake2_128Concat,
        T::AccountId,
        Position,
        OptionQuery,
    >;

    /// What is known of nodes.
    #[pallet::storage]
    pub type Nodes<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Node, ValueQuery>;

    /// How many shares of a node's pool came for which of the latest elections.
    #[pallet::storage]
    pub type RecentShares<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, Recent, ValueQuery>;

    /// The slashes of a node that were applied.
    #[pallet::storage]
    pub type Slashes<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, SlashLog, ValueQuery>;

    /// The slashes that wait, in the order in which they come due.
    #[pallet::storage]
    pub type PendingSlashes<T: Config> =
        StorageMap<_, Twox64Concat, u32, PendingSlash<T::AccountId>, OptionQuery>;

    /// The number of the first slash that may wait, and of the next that will.
    #[pallet::storage]
    pub type SlashQueue<T: Config> = StorageValue<_, (u32, u32), ValueQuery>;

    /// Who offended in a set, all together.
    #[pallet::storage]
    pub type OffendingWeight<T: Config> =
        StorageMap<_, Twox64Concat, Scope, Offending, OptionQuery>;

    /// Who has paid the registration fee.
    #[pallet::storage]
    pub type Registered<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, (), OptionQuery>;

    /// Whether sets are elected by stake. Else this pallet names none, and another session manager
    /// may ([`ByStakeOr`]).
    #[pallet::storage]
    pub type Elects<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// The number of the last election that succeeded.
    #[pallet::storage]
    pub type LastElection<T: Config> = StorageValue<_, ElectionIndex, ValueQuery>;

    /// The set that decides; without members as long as staking elects nobody.
    #[pallet::storage]
    pub type ActiveSet<T: Config> = StorageValue<_, Elected<T::AccountId>, ValueQuery>;

    /// The set that is elected for the next session, if there was an election.
    #[pallet::storage]
    pub type PlannedSet<T: Config> = StorageValue<_, Elected<T::AccountId>, OptionQuery>;

    /// The set that is elected, but not planned for a session yet.
    #[pallet::storage]
    pub type FrozenSet<T: Config> = StorageValue<_, Frozen<T::AccountId>, OptionQuery>;

    /// The service time since when the set of an election decides, or decided, of the elections
    /// whose sets were in force within the trusting period.
    #[pallet::storage]
    pub type InForceSince<T: Config> =
        StorageMap<_, Twox64Concat, ElectionIndex, Seconds, OptionQuery>;

    /// The oldest election that may stand in [`InForceSince`].
    #[pallet::storage]
    pub type OldestInForce<T: Config> = StorageValue<_, ElectionIndex, ValueQuery>;

    /// The election of the set of a session, of the sessions of which evidence is taken.
    #[pallet::storage]
    pub type SessionElections<T: Config> =
        StorageMap<_, Twox64Concat, SessionIndex, ElectionIndex, OptionQuery>;

    /// The oldest session that has an election in [`SessionElections`], if one has.
    #[pallet::storage]
    pub type OldestSession<T: Config> = StorageValue<_, SessionIndex, OptionQuery>;

    /// What the members of the set did in this session.
    #[pallet::storage]
    pub type SessionTallies<T: Config> = StorageValue<_, Tallies, ValueQuery>;

    /// Whom an author has had in a certificate of its own in this session, by position in the
    /// elected set.
    #[pallet::storage]
    pub type SeenBy<T: Config> =
        StorageMap<_, Blake2_128Concat, T::AccountId, SignerBitmap, OptionQuery>;

    /// The certificates of the last blocks, by height.
    #[pallet::storage]
    pub type Certificates<T: Config> =
        StorageMap<_, Twox64Concat, Height, CertificateRecord<T::AccountId>, OptionQuery>;

    /// The service time up to which rewards are booked.
    #[pallet::storage]
    pub type RewardedUntil<T: Config> = StorageValue<_, Seconds, ValueQuery>;

    /// The periods in force.
    #[pallet::storage]
    pub type CurrentPeriods<T: Config> = StorageValue<_, Periods, ValueQuery, T::DefaultPeriods>;

    /// How many validators are elected, if there are as many candidates.
    #[pallet::storage]
    pub type ValidatorCount<T: Config> = StorageValue<_, u32, ValueQuery, T::MaxValidators>;

    /// What a chain spec says of staking.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The first candidates. With any, sets are elected by stake from the genesis on.
        pub validators: Vec<GenesisValidator<T::AccountId>>,
        /// The periods, if not the runtime's.
        pub periods: Option<Periods>,
        /// How many validators are elected; the runtime's largest set, if nothing is said.
        pub validator_count: Option<u32>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            // A genesis that cannot run must not be built; the SDK hands the message on.
            if let Err(error) = Pallet::<T>::build_genesis(self) {
                panic!("staking: {error}");
            }
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::apply_due_slash()
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
        /// Bond `amount` of the own funds: the first step of an operator.
        #[pallet::call_index(0)]
        pub fn bond(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
            Self::do_bond(ensure_signed(origin)?, amount)
        }

        /// Bond `amount` more.
        #[pallet::call_index(1)]
        pub fn bond_extra(
            origin: OriginFor<T>,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            Self::do_bond_extra(ensure_signed(origin)?, amount)
        }

        /// Let `amount` of the bond go: it can be withdrawn after the unbonding period, and can be
        /// slashed until then.
        #[pallet::call_index(2)]
        pub fn unbond(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
            Self::do_unbond(ensure_signed(origin)?, amount)
        }

        /// Put `amount` of what is on its way out at stake again, what left last first.
        #[pallet::call_index(3)]
        pub fn rebond(origin: OriginFor<T>, #[pallet::compact] amount: Balance) -> DispatchResult {
            Self::do_rebond(ensure_signed(origin)?, amount)
        }

        /// Get back what of the bond was on its way out for long enough.
        #[pallet::call_index(4)]
        pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResult {
            Self::do_withdraw_unbonded(ensure_signed(origin)?)
        }

        /// Stand for election, or change the commission. The first time costs the registration
        /// fee. The commission holds for all rewards that are booked from now on.
        #[pallet::call_index(5)]
        pub fn validate(origin: OriginFor<T>, commission: Perbill) -> DispatchResult {
            Self::do_validate(ensure_signed(origin)?, commission)
        }

        /// Stand for election no more. A member of the set stays in it until the next set decides.
        #[pallet::call_index(6)]
        pub fn chill(origin: OriginFor<T>) -> DispatchResult {
            let node = ensure_signed(origin)?;
            ensure!(
                Self::chill_node(&node, ChillReason::Operator),
                Error::<T>::NotCandidate
            );
            Ok(())
        }

        /// Put `amount` of the own funds behind a candidate, for shares of its pool.
        #[pallet::call_index(7)]
        pub fn delegate(
            origin: OriginFor<T>,
            node: T::AccountId,
            #[pallet::compact] amount: Balance,
        ) -> DispatchResult {
            Self::do_delegate(ensure_signed(origin)?, node, amount)
        }

        /// Give back `shares` of a node's pool, those of the latest deposits first: what they are
        /// worth can be withdrawn after the unbonding period, and can be slashed until then.
        #[pallet::call_index(8)]
        pub fn undelegate(
            origin: OriginFor<T>,
            node: T::AccountId,
            #[pallet::compact] shares: Balance,
        ) -> DispatchResult {
            Self::do_undelegate(ensure_signed(origin)?, node, shares)
        }

        /// Get back what was behind a node and was on its way out for long enough.
        #[pallet::call_index(9)]
        pub fn withdraw_undelegated(origin: OriginFor<T>, node: T::AccountId) -> DispatchResult {
            Self::do_withdraw_undelegated(ensure_signed(origin)?, node)
        }

        /// Share out what a node earned between its operator and its pool. Anybody may ask.
        #[pallet::call_index(10)]
        pub fn payout(origin: OriginFor<T>, node: T::AccountId) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_payout(&node)
        }

        /// Apply to a delegation the slashes of its node that it has not had yet. Anybody may ask.
        #[pallet::call_index(11)]
        pub fn apply_slashes(
            origin: OriginFor<T>,
            delegator: T::AccountId,
            node: T::AccountId,
        ) -> DispatchResult {
            ensure_signed(origin)?;
            Self::do_apply_slashes(&delegator, &node)
        }

        /// Add a Commit to the certificate of a block of this session that left it out.
        ///
        /// The proof is the signature in the call, so nobody signs or pays for it.
        #[pallet::call_index(12)]
        #[pallet::weight((
            <T as Config>::WeightInfo::add_commit(MAX_AUTHORITIES),
            DispatchClass::Normal,
            Pays::No
        ))]
        #[pallet::authorize(|source, commit| Self::authorize_commit(source, commit))]
        #[pallet::weight_of_authorize(
            <T as Config>::WeightInfo::authorize_add_commit(MAX_AUTHORITIES)
        )]
        pub fn add_commit(origin: OriginFor<T>, commit: Box<SignedStatement>) -> DispatchResult {
            ensure_authorized(origin)?;
            // The signature was verified when the call was authorised, on this very state.
            Ok(Self::do_add_commit(&commit)?)
        }

        /// Cancel a slash that waits.
        #[pallet::call_index(13)]
        pub fn cancel_slash(origin: OriginFor<T>, slash: u32) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_cancel_slash(slash)
        }

        /// Elect sets by stake from the next election on (see [`Config::FrozenElections`]), on a chain
        /// whose sets somebody else named until now. There is no way back.
        #[pallet::call_index(14)]
        pub fn enable_elections(origin: OriginFor<T>) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            if !Elects::<T>::get() {
                Elects::<T>::put(true);
                Self::deposit_event(Event::ElectionsEnabled);
            }
            Ok(())
        }

        /// Set the periods. A new unbonding period holds for what leaves from now on, a new time
        /// that slashes wait for offences that are proven from now on, a new trusting period for
        /// all that has not been withdrawn.
        #[pallet::call_index(15)]
        pub fn set_periods(origin: OriginFor<T>, periods: Periods) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_set_periods(periods)
        }

        /// Set how many validators are elected from the next election on, if there are as many
        /// candidates.
        #[pallet::call_index(16)]
        pub fn set_validator_count(origin: OriginFor<T>, count: u32) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_set_validator_count(count)
        }

        /// Remove the own session keys. Not possible for a candidate, nor for who is in a set or elected
        /// for the next: chill, and wait until another set decides.
        #[pallet::call_index(20)]
        pub fn purge_keys(origin: OriginFor<T>) -> DispatchResult {
            Self::do_purge_keys(&ensure_signed(origin)?)
        }
    }
}
