// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How a route begins.

use crate::{packet::ChainRef, rate::Terms, Balance, Moment, TrustedHeader};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hansa_pbft_primitives::AuthoritySet;
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The most bytes of an entry address: a multiaddress of libp2p with a peer id.
pub const MAX_ENTRY_BYTES: u32 = 128;

/// The most entry addresses of a route.
pub const MAX_ENTRIES: u32 = 8;

/// Where nodes of another chain may be found.
pub type Entries = BoundedVec<BoundedVec<u8, ConstU32<MAX_ENTRY_BYTES>>, ConstU32<MAX_ENTRIES>>;

/// How a route begins: what somebody must vouch for, governance or a hub.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NewRoute {
    /// The other chain.
    pub chain: ChainRef,
    /// A final header of it.
    pub header: TrustedHeader,
    /// The set that decides the height after that header.
    pub set: AuthoritySet,
    /// For how long its headers are trusted, in milliseconds: shorter than unbonding takes there, less
    /// what it takes to report an offence. Longer than packets of this chain have to be taken, and no
    /// longer than this chain trusts any.
    pub trusting_period: Moment,
    /// The terms on which accounts are kept. Both chains must begin with the same.
    pub terms: Terms,
    /// The most that the other chain may have with this one.
    pub limit: Balance,
    /// Whether the other chain is our hub.
    pub hub: bool,
    /// Where its nodes may be found.
    pub entries: Entries,
}
