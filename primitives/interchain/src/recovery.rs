// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a hub records of a chain that lost its quorum, as the light clients of other chains read it.
//!
//! Such a chain can hand over to nobody. Its hub records that above the highest block that was decided another set
//! decides; a light client takes that in place of the hand-over ([`recover`](crate::client::recover)). It believes the
//! record on a proof of its hash in the hub's state, under a header of the hub
//! ([`verify_recovery`](crate::claims::verify_recovery)), and on nothing else. The proof says when the hub made the
//! record, too: from then on, and not from when somebody shows it, the new set is trusted. So an old record does not
//! bring a set back to trust that has long handed over, and whose keys may be anybody's by now. It proves only the
//! last record of a chain; whoever has not heard of one before there was another needs governance.
//!
//! What a record is made of is for those who make it and for the chain that it is about. For a light client it is bytes that
//! say what [`Recovered`] has.

use crate::{header::MAX_HEADER_BYTES, ChainId, Hash, Height, Moment};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};
use hansa_pbft_primitives::{recovery::MAX_RECOVERY_BYTES, AuthoritySet, SetId};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The most bytes of a record, as they travel.
pub const MAX_RECORD_BYTES: u32 = MAX_RECOVERY_BYTES as u32;

/// The most bytes of a header beside a record that it brings: roots, what its author adds, the seal.
const REST_OF_HEADER_BYTES: u32 = 1024;

// The header that brings a record may be the head that light clients are shown.
const _: () = assert!(MAX_RECORD_BYTES + REST_OF_HEADER_BYTES <= MAX_HEADER_BYTES);

/// A record, as it travels: the very bytes that the hub has.
pub type Record = BoundedVec<u8, ConstU32<MAX_RECORD_BYTES>>;

/// What a record says that matters to a light client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// The chain.
    pub chain: ChainId,
    /// Its genesis.
    pub genesis: Hash,
    /// The height and the hash of the highest block that the set before has decided.
    pub head: (Height, Hash),
    /// The set that decides above it.
    pub set: AuthoritySet,
    /// The hash of the record, which the hub's state has.
    pub hash: Hash,
}

/// A record with what is to be known for its proof.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct RecoveryView {
    /// The record.
    pub record: Record,
    /// The id of the set that it names.
    pub set: SetId,
    /// When it was made, in milliseconds, by the hub's blocks.
    pub at: Moment,
}

/// Reads records and, on a hub, has them.
pub trait Recoveries {
    /// What a record says; none if the bytes are not exactly one, or name no valid set.
    fn facts(record: &[u8]) -> Option<Recovered>;

    /// The last record that this chain has made of `chain`; none if it made none, or is no hub.
    fn last(chain: ChainId) -> Option<Vec<u8>> {
        let _ = chain;
        None
    }
}

/// Of a chain that knows no records.
impl Recoveries for () {
    fn facts(_: &[u8]) -> Option<Recovered> {
        None
    }
}
