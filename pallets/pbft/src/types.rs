// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use frame_support::{traits::ConstU32, BoundedVec, DefaultNoBound};
use hansa_pbft_primitives::{
    AuthorityIndex, AuthoritySet, AuthoritySetError, Hash, Height, SetId, View, MAX_AUTHORITIES,
};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// An authority set with the accounts that its members belong to.
#[frame_support::stored]
#[derive(DefaultNoBound)]
pub struct DecidingSet<AccountId> {
    /// The set as the engine knows it.
    pub set: AuthoritySet,
    /// The account of each member, in the order of the set.
    pub accounts: BoundedVec<AccountId, ConstU32<MAX_AUTHORITIES>>,
}

impl<AccountId: codec::Encode> DecidingSet<AccountId> {
    /// The hash by which the set and the accounts are known when they are gone.
    pub fn commitment(&self) -> Hash {
        commitment(&self.set, &self.accounts)
    }
}

/// As [`DecidingSet::commitment`], of the parts.
pub fn commitment<AccountId: codec::Encode>(
    set: &AuthoritySet,
    accounts: &BoundedVec<AccountId, ConstU32<MAX_AUTHORITIES>>,
) -> Hash {
    BlakeTwo256::hash_of(&(set, accounts))
}

/// Whose the keys of a set were: together with the set it must match the session's record.
#[frame_support::stored]
pub struct KeyOwnershipProof<AccountId> {
    /// The account of each member, in the order of the set.
    pub accounts: BoundedVec<AccountId, ConstU32<MAX_AUTHORITIES>>,
}

/// What is kept of a session to judge offences in it.
#[frame_support::stored]
#[derive(Copy)]
pub struct SessionRecord {
    /// The set of the session.
    pub set_id: SetId,
    /// The hash of the set and its accounts.
    pub commitment: Hash,
    /// The first height that the session decides; the next session's is where it ends. If that is the
    /// same, the session has decided nothing: a recovery ended it.
    pub first_height: Height,
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
