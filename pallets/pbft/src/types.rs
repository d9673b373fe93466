// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use frame_support::{traits::ConstU32, BoundedVec, DefaultNoBound};
use hansa_pbft_primitives::{
    AuthorityIndex, AuthoritySet, AuthoritySetError, View, MAX_AUTHORITIES,
};

/// An authority set with the accounts that its members belong to.
#[frame_support::stored]
#[derive(DefaultNoBound)]
pub struct DecidingSet<AccountId> {
    /// The set as the engine knows it.
    pub set: AuthoritySet,
    /// The account of each member, in the order of the set.
    pub accounts: BoundedVec<AccountId, ConstU32<MAX_AUTHORITIES>>,
}

/// What the header says of the block under execution.
#[frame_support::stored]
pub struct BlockInfo<AccountId> {
    /// The view in which the block was first proposed.
    pub view: View,
    /// The author's position in the set that decides the block.
    pub author: AuthorityIndex,
    /// The author's account.
    pub account: AccountId,
    /// The block's time, in milliseconds since 1970.
    pub timestamp_ms: u64,
}

/// What an authority did in a session.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Participation {
    /// How many blocks it authored.
    pub authored: u32,
    /// In how many of the certificates that blocks reported it stands.
    pub signed: u32,
}

/// Why a list of validators is not a valid set.
#[frame_support::stored]
#[derive(Copy)]
pub enum SetRefusal {
    /// There is none.
    #[codec(index = 0)]
    Empty,
    /// There are more than fit.
    #[codec(index = 1)]
    TooMany,
    /// One has no weight.
    #[codec(index = 2)]
    ZeroWeight,
    /// Two have the same key.
    #[codec(index = 3)]
    DuplicateKey,
    /// The weights add up to more than can be counted.
    #[codec(index = 4)]
    WeightOverflow,
}

impl From<AuthoritySetError> for SetRefusal {
    fn from(error: AuthoritySetError) -> Self {
        match error {
            AuthoritySetError::Empty => Self::Empty,
            AuthoritySetError::TooMany => Self::TooMany,
            AuthoritySetError::ZeroWeight(_) => Self::ZeroWeight,
            AuthoritySetError::DuplicateKey(_) => Self::DuplicateKey,
            AuthoritySetError::WeightOverflow => Self::WeightOverflow,
        }
    }
}
