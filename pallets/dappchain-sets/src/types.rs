// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use codec::Encode;
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_dappchain_primitives::{packet::set_hash, Balance, Hash, Seconds, SetOrdinal, MAX_SET};
use hansa_pbft_primitives::{AuthoritySet, SetId, SignerBitmap};
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// The accounts of a set, in its order.
pub type Accounts<AccountId> = BoundedVec<AccountId, ConstU32<MAX_SET>>;

/// The sets of a chain that has been live.
#[frame_support::stored]
pub struct ChainSets {
    /// The chain's genesis, which all that its nodes sign covers.
    pub genesis: Hash,
    /// The number of the oldest set that may be remembered.
    pub first: SetOrdinal,
    /// The number of the set that decides, as far as the hub knows.
    pub in_force: SetOrdinal,
    /// The number that the next order will have.
    pub next: SetOrdinal,
    /// When blocks were counted last.
    pub counted_at: Seconds,
    /// The most that the chain may have in reserve with the hub.
    pub limit: Balance,
    /// Since when it has ended, if it has. It gets no sets any more; those that it had are remembered for
    /// as long as others.
    pub ended_at: Option<Seconds>,
}

impl ChainSets {
    /// How many sets were ordered to which the chain has not handed over, as far as is known.
    pub fn outstanding(&self) -> u32 {
        let ordered = self.next.saturating_sub(self.in_force);
        ordered.saturating_sub(1)
    }

    /// The numbers of these sets.
    pub fn waiting(&self) -> core::ops::Range<SetOrdinal> {
        self.in_force.saturating_add(1)..self.next
    }

    /// The number of the set that was ordered last.
    pub fn latest(&self) -> SetOrdinal {
        self.next.saturating_sub(1)
    }
}

/// A set that was ordered.
#[frame_support::stored]
pub struct OrderedSet {
    /// The hash of its keys and weights: by that a hand-over to it is known.
    pub authorities: Hash,
    /// The hash of these and its accounts: by that evidence is.
    pub commitment: Hash,
    /// How many members it has.
    pub members: u32,
    /// What was at stake when it was ordered, as staking numbers it.
    pub stake: u32,
    /// Its id on the chain, once it decides there.
    pub set_id: Option<SetId>,
    /// Since when another one decides.
    pub until: Option<Seconds>,
    /// Who of it is convicted of an offence, by position.
    pub convicted: SignerBitmap,
}

/// The hash by which set and accounts are known when they are gone.
pub fn commitment<AccountId: Encode>(set: &AuthoritySet, accounts: &[AccountId]) -> Hash {
    BlakeTwo256::hash_of(&(set_hash(set), accounts))
}
