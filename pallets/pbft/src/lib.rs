// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! # pBFT pallet
//!
//! The runtime's side of Hansa's consensus: who decides the next block, with which timing, and who
//! did what in the blocks so far. The protocol itself runs in the node.
//!
//! ## In a block
//!
//! 1. `on_initialize` reads the pre-runtime digest and notes author and view. It runs before the
//!    session pallet's, so the author is looked up in the set that decides this very block. If the
//!    header brings the record of a recovery, that is taken before anything else (see below).
//! 2. The session pallet may end the session (see below) and hand over a new set, which decides
//!    from the next block on. A header digest announces it.
//! 3. The timestamp inherent must name the time that stands in the digest. The step since the
//!    parent, capped, is added to the **service time**, in which sessions are measured.
//! 4. The inherent [`Call::note_parent_certificate`] says who signed the parent's commit
//!    certificate: a quorum of the set that decided the parent. Signatures are not looked at; the
//!    replicas check them before they vote.
//! 5. `on_finalize` makes a block without that inherent invalid.
//!
//! ## Sessions
//!
//! A session ends in the first block whose parent has passed the end in service time, and in which
//! [`Config::EpochGate`] lets it; a block ends at most one. The session pallet queues a changed set,
//! changed keys or changed weights for one whole session more; with [`Config::PromptChanges`] that
//! session is cut to one block, so that a change takes effect when the session in which it was made
//! ends. The gate has no part in such a cut, nor where a session ends early for an offender: neither
//! moves the start from which the time of the next end is reckoned.
//!
//! ## Recovery
//!
//! A set that lost its quorum cannot hand over. Whoever assigns the sets may then record that another
//! one decides above a final head, and the header of the block there brings the record
//! ([`hansa_pbft_primitives::recovery`]). What it says is for [`Config::Recovery`] to judge. If it is
//! good, the session ends before anything else of the block is done, and the next one begins with that
//! very block, under the set of the record: the author is looked up in it, and what its members do
//! counts for the new session. Its id is that of the record: one more, or later still if a set that was recorded
//! before lost its quorum, too, before it decided anything. The header hands over to nobody, as the record does
//! it. What was queued for the next session is dropped. The parent's certificate is held against the
//! set that decided the parent. The block has no room for transactions.
//!
//! So a session still has one set, and each height one session. A session that a recovery ends in its first
//! block has decided nothing: then two begin at one height. What members of the old set signed for the height that
//! the new one decides is no offence here, as this height is of another set.
//!
//! ## Authority mode
//!
//! As `pallet_session::SessionManager` this pallet runs a chain by proof of authority: the
//! validators of the genesis, and whom [`Config::AdminOrigin`] adds and removes. Another session
//! manager takes over when the runtime names it; the rest of the pallet stays as it is.
//!
//! ## Offences
//!
//! [`Call::report_offence`] convicts an authority of what it signed and no correct replica signs.
//! It has no sender and no fee: it carries its own proof, and comes from the own node or in a block
//! only. The pallet keeps a hash of the set of each of the last [`Config::EvidenceSessions`]
//! sessions with its accounts, and who was convicted in it. What follows is up to
//! [`Config::OnOffence`]; in authority mode, when that is this pallet, the offender is struck off
//! the list, and the session ends at once, so that it leaves within three blocks. The last
//! authority stays, whatever it did.
//!
//! ## Panics
//!
//! As with other inherents of the SDK, the way to make a block invalid is to panic while it is
//! executed: when the timestamp differs from the digest's, when there is no valid digest, when the
//! certificate inherent is missing, when the header brings a record of a recovery that is not good, or
//! two. Nothing that a transaction can do leads there.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// FRAME's macros write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod block;
mod commits;
mod events;
#[cfg(test)]
mod mock;
mod offence;
mod origin;
mod queries;
mod recovery;
pub mod service_time;
mod session;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use origin::EnsureAdmin;
pub use pallet::*;
pub use service_time::ServiceSeconds;
pub use session::NoIdentification;
pub use types::{
    BlockInfo, DecidingSet, KeyOwnershipProof, Participation, SessionRecord, SetRefusal,
};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;
use hansa_pbft_primitives::{
    inherent::InherentError, AuthoritySet, Evidence, Hash, Height, ParentCertificate,
};

/// The target of the pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::pbft";

#[import_section(events::events)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::boxed::Box;
    use frame_support::{
        ensure,
        pallet_prelude::*,
        traits::{StorageVersion, ValidatorRegistration},
        DefaultNoBound,
    };
    use frame_system::pallet_prelude::*;
    use hansa_pbft_primitives::{
        inherent::INHERENT_IDENTIFIER, EpochGate, NextSeed, OffenceKind, OnCertificate, OnOffence,
        SetId, SignerBitmap, TakeRecovery, Timing, VotingWeight, MAX_AUTHORITIES,
    };
    use sp_runtime::traits::One;
    use sp_staking::SessionIndex;

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
        /// Who may add and remove authorities and change the timing.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// How much each authority's vote weighs.
        type VotingWeight: VotingWeight<Self::AccountId>;

        /// Where the seed of the proposer schedule comes from.
        type NextSeed: NextSeed;

        /// May keep a session from ending by time: until the next one's randomness is there, on a chain
        /// with a beacon. Elsewhere `()`.
        type EpochGate: EpochGate;

        /// Is told who signed each block.
        type OnCertificate: OnCertificate<Self::AccountId>;

        /// Is told of each conviction. In authority mode this pallet itself, which removes the
        /// offender.
        type OnOffence: OnOffence<Self::AccountId>;

        /// Takes records of sets in place of one that lost its quorum. `()` where nobody assigns sets.
        type Recovery: TakeRecovery<Self::AccountId>;

        /// For how many sessions before the current one evidence is taken.
        #[pallet::constant]
        type EvidenceSessions: Get<SessionIndex>;

        /// Whether a changed set, which the session pallet would hold back for a whole session
        /// more, takes effect in the block after the session's end.
        #[pallet::constant]
        type PromptChanges: Get<bool>;

        /// The weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// The set that decides the next block.
    ///
    /// While a block that ends a session is executed, this is already the new one; the set that
    /// decides the block itself is then in [`OutgoingSet`].
    #[pallet::storage]
    pub type CurrentSet<T: Config> = StorageValue<_, DecidingSet<T::AccountId>, ValueQuery>;

    /// The set that decides the block under execution, if the block replaces it. None between
    /// blocks.
    #[pallet::storage]
    pub type OutgoingSet<T: Config> = StorageValue<_, DecidingSet<T::AccountId>, OptionQuery>;

    /// The set that decided the last block (while a block is executed: its parent), if that block
    /// replaced it.
    #[pallet::storage]
    pub type ParentSet<T: Config> = StorageValue<_, DecidingSet<T::AccountId>, OptionQuery>;

    /// The validators of authority mode: whom the next session is planned with.
    #[pallet::storage]
    pub type Listed<T: Config> =
        StorageValue<_, BoundedVec<T::AccountId, ConstU32<MAX_AUTHORITIES>>, ValueQuery>;

    /// The account that may do what [`Config::AdminOrigin`] may, where the runtime lets
    /// [`EnsureAdmin`] be that origin: a multisig account of the operators, say.
    #[pallet::storage]
    pub type Admin<T: Config> = StorageValue<_, T::AccountId, OptionQuery>;

    /// The seed of the proposer schedule of the next block.
    #[pallet::storage]
    pub type Seed<T: Config> = StorageValue<_, [u8; 32], ValueQuery>;

    /// Intervals and timeouts.
    #[pallet::storage]
    pub type CurrentTiming<T: Config> = StorageValue<_, Timing, ValueQuery>;

    /// The length of a session, in milliseconds of service time.
    #[pallet::storage]
    pub type SessionLength<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The service time at which the session began, in milliseconds.
    #[pallet::storage]
    pub type SessionStart<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// How long the chain has run, in milliseconds: the sum of all steps from block to block, each
    /// capped a little above the idle interval.
    #[pallet::storage]
    pub type ServiceTime<T: Config> = StorageValue<_, u64, ValueQuery>;

    /// The timestamp of the last block, in milliseconds. None before the first.
    #[pallet::storage]
    pub type LastTimestamp<T: Config> = StorageValue<_, u64, OptionQuery>;

    /// Whether a changed set must not wait for the session's end: one that the session pallet
    /// holds back, or one without an offender.
    #[pallet::storage]
    pub type ChangeQueued<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// What each authority of the current set did in this session, in the order of the set.
    #[pallet::storage]
    pub type SessionParticipation<T: Config> =
        StorageValue<_, BoundedVec<Participation, ConstU32<MAX_AUTHORITIES>>, ValueQuery>;

    /// Which set decided what, of the current session and of those before it of which evidence is
    /// taken.
    #[pallet::storage]
    pub type SessionRecords<T: Config> =
        StorageMap<_, Twox64Concat, SessionIndex, SessionRecord, OptionQuery>;

    /// The oldest session that has a record.
    #[pallet::storage]
    pub type OldestSession<T: Config> = StorageValue<_, SessionIndex, ValueQuery>;

    /// Who was convicted of an offence in a session that has a record, by position in its set.
    #[pallet::storage]
    pub type Convicted<T: Config> =
        StorageMap<_, Twox64Concat, SessionIndex, SignerBitmap, OptionQuery>;

    /// View, author and time of the block under execution. None between blocks.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type CurrentBlock<T: Config> = StorageValue<_, BlockInfo<T::AccountId>, OptionQuery>;

    /// The id of the set of a recovery, if a session begins by one just now: with the block under execution, not
    /// after it. None between blocks.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type Recovering<T: Config> = StorageValue<_, SetId, OptionQuery>;

    /// Whether the block under execution has said who signed its parent. False between blocks.
    #[pallet::storage]
    #[pallet::whitelist_storage]
    pub type CertificateNoted<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// What a chain spec says of the consensus. The authorities are those of the session pallet's
    /// genesis.
    #[pallet::genesis_config]
    #[derive(DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The account that may add and remove authorities and change the timing, beside root;
        /// none by default.
        pub admin: Option<T::AccountId>,
        /// Intervals and timeouts.
        pub timing: Timing,
        /// The length of a session in milliseconds of service time; 0 stands for the default, an
        /// hour.
        pub session_length_ms: u64,
        /// Ties the type to the runtime.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            // A genesis that cannot run must not be built; the SDK hands the message on.
            if let Err(rule) = self.timing.check() {
                panic!("pbft.timing.{rule}");
            }
            let length = match self.session_length_ms {
                0 => service_time::DEFAULT_SESSION_LENGTH_MS,
                length => length,
            };
            if let Err(rule) = service_time::check_session_length(length) {
                panic!("pbft.{rule}");
            }
            CurrentTiming::<T>::put(self.timing);
            SessionLength::<T>::put(length);
            Admin::<T>::set(self.admin.clone());
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            let digest = frame_system::Pallet::<T>::digest();
            let recovered = Self::recover(&digest);
            let current = CurrentSet::<T>::get();
            let members = current.accounts.len() as u32;
            Self::note_block(&digest, current);
            let weight = <T as Config>::WeightInfo::on_initialize_and_finalize(members);
            if !recovered {
                return weight;
            }
            // A session ends and another begins: the session pallet has the whole block for that, too.
            weight.saturating_add(T::BlockWeights::get().max_block)
        }

        fn on_finalize(height: BlockNumberFor<T>) {
            let noted = CertificateNoted::<T>::take();
            // Benchmarks end blocks of their own, which no node made.
            assert!(
                noted || height <= One::one() || cfg!(feature = "runtime-benchmarks"),
                "a block must say who signed its parent (pbft.note_parent_certificate)"
            );
            CurrentBlock::<T>::kill();
            if let Some(outgoing) = OutgoingSet::<T>::take() {
                ParentSet::<T>::put(outgoing);
            } else if ParentSet::<T>::exists() {
                ParentSet::<T>::kill();
            }
        }

        fn integrity_test() {
            assert!(
                core::mem::size_of::<BlockNumberFor<T>>() <= core::mem::size_of::<Height>(),
                "block numbers must fit the consensus' heights"
            );
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call(weight = <T as Config>::WeightInfo)]
    impl<T: Config> Pallet<T> {
        /// Say who signed the commit certificate of the block's parent. An inherent, once in every
        /// block but the first.
        #[pallet::call_index(0)]
        #[pallet::weight((
            <T as Config>::WeightInfo::note_parent_certificate(MAX_AUTHORITIES),
            DispatchClass::Mandatory
        ))]
        pub fn note_parent_certificate(
            origin: OriginFor<T>,
            certificate: ParentCertificate,
        ) -> DispatchResultWithPostInfo {
            ensure_none(origin)?;
            let members = Self::do_note_parent_certificate(&certificate)?;
            Ok(Some(<T as Config>::WeightInfo::note_parent_certificate(members)).into())
        }

        /// Add an authority, from the end of this session on. It must have set its session keys.
        #[pallet::call_index(1)]
        #[pallet::weight(<T as Config>::WeightInfo::add_authority(MAX_AUTHORITIES))]
        pub fn add_authority(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(
                pallet_session::Pallet::<T>::is_registered(&account),
                Error::<T>::NoKeys
            );
            Listed::<T>::try_mutate(|listed| {
                ensure!(!listed.contains(&account), Error::<T>::AlreadyAuthority);
                listed
                    .try_push(account.clone())
                    .map_err(|_| Error::<T>::TooManyAuthorities)
            })?;
            Self::deposit_event(Event::AuthorityAdded { account });
            Ok(())
        }

        /// Remove an authority, from the end of this session on. The last one stays.
        #[pallet::call_index(2)]
        #[pallet::weight(<T as Config>::WeightInfo::remove_authority(MAX_AUTHORITIES))]
        pub fn remove_authority(origin: OriginFor<T>, account: T::AccountId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Listed::<T>::try_mutate(|listed| {
                let at = listed
                    .iter()
                    .position(|a| a == &account)
                    .ok_or(Error::<T>::NotAuthority)?;
                ensure!(listed.len() > 1, Error::<T>::LastAuthority);
                listed.remove(at);
                Ok::<_, Error<T>>(())
            })?;
            Self::deposit_event(Event::AuthorityRemoved { account });
            Ok(())
        }

        /// Change intervals and timeouts, from the next block on.
        #[pallet::call_index(3)]
        pub fn set_timing(origin: OriginFor<T>, timing: Timing) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            timing.check().map_err(|rule| {
                log::debug!(target: LOG_TARGET, "refused a timing: {rule}");
                Error::<T>::BadTiming
            })?;
            CurrentTiming::<T>::put(timing);
            Self::deposit_event(Event::TimingChanged { timing });
            Ok(())
        }

        /// Change the length of sessions, in milliseconds of service time; the session under way
        /// included.
        #[pallet::call_index(4)]
        pub fn set_session_length(origin: OriginFor<T>, session_length_ms: u64) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            service_time::check_session_length(session_length_ms).map_err(|rule| {
                log::debug!(target: LOG_TARGET, "refused a session length: {rule}");
                Error::<T>::BadSessionLength
            })?;
            SessionLength::<T>::put(session_length_ms);
            Self::deposit_event(Event::SessionLengthChanged { session_length_ms });
            Ok(())
        }

        /// Make another account the admin, or none.
        #[pallet::call_index(5)]
        pub fn set_admin(origin: OriginFor<T>, admin: Option<T::AccountId>) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Admin::<T>::set(admin.clone());
            Self::deposit_event(Event::AdminChanged { admin });
            Ok(())
        }

        /// Convict an authority of an offence.
        ///
        /// The proof is in the call: `evidence` holds what the authority signed, `set` is the set
        /// in which it did, and `key_owner_proof` has that set's accounts. Nobody signs or pays for
        /// it, and it is taken from the own node and in blocks only; so whoever sees an offence
        /// reports it in a block of its own.
        #[pallet::call_index(6)]
        #[pallet::weight((
            <T as Config>::WeightInfo::report_offence(set.len() as u32),
            DispatchClass::Operational,
            Pays::No
        ))]
        #[pallet::authorize(|source, evidence, set, key_owner_proof| {
            Self::authorize_report(source, evidence, set, key_owner_proof)
        })]
        #[pallet::weight_of_authorize(Pallet::<T>::weight_of_authorize_report(evidence, set))]
        pub fn report_offence(
            origin: OriginFor<T>,
            evidence: Box<Evidence>,
            set: AuthoritySet,
            key_owner_proof: KeyOwnershipProof<T::AccountId>,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            // The signatures were verified when the call was authorised, on this very state.
            Ok(Self::convict(&evidence, &set, &key_owner_proof)?)
        }
    }

    #[pallet::inherent]
    impl<T: Config> ProvideInherent for Pallet<T> {
        type Call = Call<T>;
        type Error = InherentError;
        const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

        fn create_inherent(data: &InherentData) -> Option<Self::Call> {
            if frame_system::Pallet::<T>::block_number() <= One::one() {
                return None;
            }
            let certificate = reported_certificate(data)?;
            Some(Call::note_parent_certificate { certificate })
        }

        // A block is checked on its parent's state, so the current number is the parent's.
        fn is_inherent_required(_: &InherentData) -> Result<Option<Self::Error>, Self::Error> {
            let first = frame_system::Pallet::<T>::block_number() < One::one();
            Ok((!first).then_some(InherentError::Missing))
        }

        fn check_inherent(call: &Self::Call, data: &InherentData) -> Result<(), Self::Error> {
            let Call::note_parent_certificate { certificate } = call else {
                return Ok(());
            };
            if frame_system::Pallet::<T>::block_number() < One::one() {
                return Err(InherentError::Unexpected);
            }
            if reported_certificate(data).is_some_and(|expected| &expected != certificate) {
                return Err(InherentError::Mismatch);
            }
            let set = Self::parent_set().set;
            certificate
                .signers
                .check_quorum(&set)
                .map_err(|_| InherentError::NoQuorum)
        }

        fn is_inherent(call: &Self::Call) -> bool {
            matches!(call, Call::note_parent_certificate { .. })
        }
    }

    /// What the node says of the parent's certificate. Data that does not decode counts as absent:
    /// the block will then be refused as one that lacks the inherent.
    fn reported_certificate(data: &InherentData) -> Option<ParentCertificate> {
        data.get_data::<ParentCertificate>(&INHERENT_IDENTIFIER)
            .ok()
            .flatten()
    }
}
