// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains, members and nodes, as the allocation sees them.

use crate::{EpochIndex, Seconds};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::H256;

/// The id of a DappChain. Later registrations have higher ids.
pub type ChainId = u32;

/// The fewest nodes of a chain: the smallest set that tolerates a fault.
pub const MIN_NODES: u32 = 4;

/// The longest delay of the draw, in epochs: a quarter of a year of hours. One as long as a turn is what
/// makes it useless to foresee when turns end (`docs/allocation.md`).
pub const MAX_DRAW_DELAY: EpochIndex = 91 * 24;

/// What the draw may do with a chain.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Phase {
    /// It gathers founders: whoever is drawn is a member at once.
    #[codec(index = 0)]
    Pending,
    /// Its founders make its genesis: nobody is drawn, nobody goes but by the registry's word.
    #[codec(index = 1)]
    Forming,
    /// It produces blocks: whoever is drawn has to confirm first.
    #[codec(index = 2)]
    Live,
    /// It goes on until its notice is over. Nobody is drawn, nobody's turn ends.
    #[codec(index = 3)]
    Retiring,
}

/// When a member's turn ends: after so many blocks or so much time, whichever is first.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Term {
    /// Blocks that it authored on the chain. At least 1.
    pub blocks: u32,
    /// Time since it began to serve on the live chain, in seconds. At least 1.
    pub seconds: Seconds,
}

/// A member of a chain.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Member<AccountId> {
    /// The node's account.
    pub account: AccountId,
    /// Since when it is a member.
    pub since: Seconds,
    /// What it is there.
    pub phase: MemberPhase,
}

/// What a member of a chain is there.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum MemberPhase {
    /// Of a chain that is not live: it waits for the others.
    #[codec(index = 0)]
    Founding,
    /// Of a live chain: it is to catch up, and to confirm that it has.
    #[codec(index = 1)]
    Joining,
    /// It serves.
    #[codec(index = 2)]
    Serving,
    /// It serves until its replacement has confirmed.
    #[codec(index = 3)]
    Departing,
}

impl MemberPhase {
    /// Whether it is in the chain's set: who is to be asked to produce.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Serving | Self::Departing)
    }
}

/// Why a member goes.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Departure {
    /// Its turn is over.
    #[codec(index = 0)]
    TurnOver,
    /// Its operator wants it to leave the pool.
    #[codec(index = 1)]
    Left,
    /// It was slashed or chilled, or has not the stake any more.
    #[codec(index = 2)]
    Unfit,
    /// It did not confirm in time; it pays for that, and is out of the pool.
    #[codec(index = 3)]
    Unconfirmed,
    /// The chain needs fewer nodes, or is no more.
    #[codec(index = 4)]
    NotNeeded,
    /// It made no block for long, while the others made many; or it did not answer, or confirm, while its chain stood
    /// still. It pays nothing.
    #[codec(index = 5)]
    Absent,
}

/// A final block of a DappChain, as a node names it.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Head {
    /// Its number.
    pub height: u32,
    /// Its hash.
    pub hash: H256,
}

/// Why the allocation refuses what the registry asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllocationError {
    /// It knows no such chain.
    NoSuchChain,
    /// The ids of new chains must grow.
    ChainExists,
    /// There are as many chains as there may be.
    TooManyChains,
    /// A chain needs at least [`MIN_NODES`], and at most as many as the allocation has room for.
    BadNeed,
    /// A term of nothing.
    BadTerm,
    /// The chain's phase does not allow that.
    WrongPhase,
    /// The node is no member of the chain.
    NotMember,
}
