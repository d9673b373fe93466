// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet says: its events, and why calls fail. A part of the pallet's declaration.

use frame_support::pallet_macros::pallet_section;

/// Events and errors.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An authority joins with the next session.
        AuthorityAdded {
            /// The authority's account.
            account: T::AccountId,
        },
        /// An authority leaves with the next session.
        AuthorityRemoved {
            /// The authority's account.
            account: T::AccountId,
        },
        /// Another set decides from the next block on.
        SetChanged {
            /// The new set's id.
            id: SetId,
            /// The number of its authorities.
            authorities: u32,
        },
        /// What the session pallet handed over is no valid set: the old one stays.
        SetRefused {
            /// What is wrong with it.
            reason: SetRefusal,
        },
        /// Intervals and timeouts changed, from the next block on.
        TimingChanged {
            /// The new values.
            timing: Timing,
        },
        /// The length of sessions changed.
        SessionLengthChanged {
            /// The new length, in milliseconds of service time.
            session_length_ms: u64,
        },
        /// Another account is the admin, or none.
        AdminChanged {
            /// The new admin.
            admin: Option<T::AccountId>,
        },
        /// An authority is convicted of an offence.
        OffenceProven {
            /// The account whose key signed.
            account: T::AccountId,
            /// The session that decided the height in question.
            session: SessionIndex,
            /// The height in question.
            height: Height,
            /// What was done.
            kind: OffenceKind,
        },
        /// An offender stays, as it is the last authority on the list.
        OffenderStays {
            /// The offender's account.
            account: T::AccountId,
        },
        /// Another set decides this very block, in place of one that lost its quorum.
        SetRecovered {
            /// The new set's id.
            id: SetId,
            /// The number of its authorities.
            authorities: u32,
        },
    }

    /// Why a call fails.
    #[pallet::error]
    pub enum Error<T> {
        /// The account is an authority already.
        AlreadyAuthority,
        /// The account is no authority.
        NotAuthority,
        /// The account has set no session keys.
        NoKeys,
        /// There is room for no more authorities.
        TooManyAuthorities,
        /// The last authority cannot be removed.
        LastAuthority,
        /// The intervals and timeouts contradict each other or are out of bounds.
        BadTiming,
        /// The session length is out of bounds.
        BadSessionLength,
        /// The block has said already who signed its parent.
        CertificateTwice,
        /// The first block has no certified parent.
        CertificateUnexpected,
        /// The signers are no quorum of the set that decided the parent.
        NoQuorum,
        /// The offence is of a session for which evidence is taken no more.
        EvidenceTooOld,
        /// The offence is of a height that the chain has not come to.
        EvidenceAhead,
        /// Set and accounts are not those that decided the height in question.
        EvidenceOfAnotherSet,
        /// The evidence proves no offence.
        NotProven,
        /// The authority is convicted of an offence in that session already.
        AlreadyConvicted,
    }
}
