// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Types, certificates and verification of Hansa's pBFT, shared by the runtime, the node and
//! other chains' light clients.
//!
//! The protocol is that of Castro and Liskov, *Practical Byzantine Fault Tolerance* (OSDI 1999),
//! one instance a block height, in the form in which blockchains run it (IBFT, QBFT): the client's
//! request is a block. The state machine itself is in `hansa-pbft-core`; here is what it says to
//! others and what others need to check it:
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`set`] | the weighted authority set; faults tolerated and quorum |
//! | [`statement`] | what an authority signs, and the bytes that it signs |
//! | [`certificate`] | a quorum's signatures over one statement; the proof that opens a new view |
//! | [`message`] | what replicas send to each other |
//! | [`digest`] | what a header says of its view, author, time, and of the next set |
//! | [`primary`] | who proposes at a height and view |
//! | [`timing`] | the intervals and timeouts of a chain |
//! | [`session`] | how long a session may be |
//! | [`inherent`] | who signed the parent, as the block reports it |
//! | [`offence`] | what no correct replica says, and the evidence that convicts who does |
//! | [`recovery`] | the set in place of one that lost its quorum, as a header brings it |
//! | [`hooks`] | what the consensus pallet asks of other pallets |
//!
//! Every signature covers the genesis hash, the set id, the height, the view, the kind of the
//! statement and all of its meaning, so no signature can be replayed on another chain, in another
//! set, height or view, or as another kind of vote.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod certificate;
pub mod digest;
pub mod hooks;
pub mod inherent;
pub mod message;
pub mod offence;
pub mod primary;
pub mod recovery;
pub mod session;
pub mod set;
pub mod statement;
pub mod timing;

pub use certificate::{Certificate, CertificateError, NewViewProof, SignerBitmap};
pub use digest::{ConsensusLog, PreDigest};
pub use hooks::{
    ChainedSeed, Conviction, EndSession, EpochGate, ForeignConviction, ForeignOffences, NextSeed,
    OnCertificate, OnOffence, RecoveredSet, TakeRecovery, VerifyCommit, VotingWeight,
};
pub use inherent::ParentCertificate;
pub use message::Message;
pub use offence::{Evidence, Offence, OffenceError, OffenceKind, OpaqueKeyOwnershipProof};
pub use set::{Authority, AuthoritySet, AuthoritySetError};
pub use statement::{Prepared, SignedStatement, SigningContext, Statement, VoteKind};
pub use timing::Timing;

use codec::{Decode, Encode};
use scale_info::TypeInfo;
use sp_runtime::{ConsensusEngineId, KeyTypeId};

/// The engine id under which digests and justifications of pBFT stand in a header or a block.
pub const PBFT_ENGINE_ID: ConsensusEngineId = *b"pBFT";

/// The key type of the session keys that sign statements and seals.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"pbft");

/// The largest number of authorities in a set.
///
/// Chosen so that a certificate (64 bytes a signature, a quorum of them) fits one message of the
/// vote protocol (64 KiB).
pub const MAX_AUTHORITIES: u32 = 1_000;

mod app {
    use sp_application_crypto::{app_crypto, ed25519};
    app_crypto!(ed25519, super::KEY_TYPE);
}

sp_application_crypto::with_pair! {
    /// The key pair with which an authority signs.
    pub type AuthorityPair = app::Pair;
}

/// An authority's public key (ed25519, verified as ZIP-215 says).
pub type AuthorityId = app::Public;

/// An authority's signature (ed25519, 64 bytes).
pub type AuthoritySignature = app::Signature;

/// The position of an authority in its set.
pub type AuthorityIndex = u16;

/// The voting weight of an authority.
pub type Weight = u64;

/// The identifier of an authority set: 0 at genesis, then one more with each change.
pub type SetId = u64;

/// A block number.
pub type Height = u32;

/// The attempt number at a height, 0 first.
pub type View = u32;

/// A block hash: always that of the sealed header.
pub type Hash = sp_core::H256;

/// What a chain's state says of the consensus about the *next* block.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ConsensusState {
    /// The set that decides the next block.
    pub set: AuthoritySet,
    /// The seed of the proposer schedule of the next block.
    pub seed: [u8; 32],
    /// Intervals and timeouts.
    pub timing: Timing,
}

sp_api::decl_runtime_apis! {
    /// What node and clients ask a runtime about pBFT.
    ///
    /// Version 2: the runtime takes records of recoveries
    /// ([`RECOVERY_API_VERSION`](recovery::RECOVERY_API_VERSION)).
    #[api_version(2)]
    pub trait PbftApi {
        /// Set, seed and timing under which the child of this block is decided.
        fn consensus_state() -> ConsensusState;

        /// The primary of (`height`, `view`) under the current set and seed, or none if the set
        /// is empty. Only the next height is certain: a later one may fall into another set.
        fn primary(height: Height, view: View) -> Option<AuthorityId>;

        /// A proof of whose key `authority` was in the set with id `set_id`.
        ///
        /// Only the sets that decide this block and its child are at hand as a whole; of older
        /// ones the state has hashes. So ask in the state of the block in question or of its
        /// parent, or of any later one under the same set. The proof holds for as long as evidence
        /// against the set is taken.
        fn generate_key_ownership_proof(
            set_id: SetId,
            authority: AuthorityId,
        ) -> Option<OpaqueKeyOwnershipProof>;

        /// Whether the authority at position `authority` of the set that decides `height` is
        /// convicted of an offence in that session; none if no evidence is taken of that height.
        fn is_convicted(height: Height, authority: AuthorityIndex) -> Option<bool>;

        /// Put a transaction that reports the offence into the local pool, none if that fails.
        /// `set` is the set that the evidence names, `proof` is from
        /// [`generate_key_ownership_proof`](Self::generate_key_ownership_proof).
        ///
        /// The caller must register the extension that gives the runtime access to the pool.
        fn submit_report_offence(
            evidence: Evidence,
            set: AuthoritySet,
            proof: OpaqueKeyOwnershipProof,
        ) -> Option<()>;
    }
}
