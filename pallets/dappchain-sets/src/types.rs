// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use codec::Encode;
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_allocation_primitives::Head;
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

    /// How many numbers there are from the oldest set on that may be remembered.
    pub fn remembered(&self) -> u32 {
        self.next.saturating_sub(self.first)
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
    /// When it was ordered, or recorded.
    pub ordered_at: Seconds,
    /// Its id on the chain, once it decides there.
    pub set_id: Option<SetId>,
    /// Since when another one decides.
    pub until: Option<Seconds>,
    /// Who of it is convicted of an offence, by position.
    pub convicted: SignerBitmap,
}

/// The highest head of a chain that was proven.
#[frame_support::stored]
#[derive(Copy)]
pub struct WatchedHead {
    /// The head.
    pub head: Head,
    /// When it was made, by its own time: whether the chain's members are held follows from that.
    pub made: Seconds,
    /// Since when the chain has shown nothing later: the head's own time, or since when it is given time anew.
    pub since: Seconds,
    /// How often it was given time anew, since it showed a young head, because of members who may not be able to decide any
    /// more: see
    /// [`MAX_SPARED`](crate::stalls::MAX_SPARED).
    pub spared: u32,
}

/// A chain stands still.
#[frame_support::stored]
#[derive(Copy)]
pub struct Stall {
    /// The highest head that was proven. It may rise, by headers that are as old.
    pub head: Head,
    /// When the roll was called.
    pub opened_at: Seconds,
    /// Until when answers are taken. In the first round after that whoever has not answered loses its place.
    pub challenge_ends_at: Seconds,
    /// Whether that has been done.
    pub roll_closed: bool,
    /// In how many rounds since then a set could have been recorded.
    pub rounds: u32,
}

/// Why a chain is not taken to stand still any more, though no other set was recorded.
#[frame_support::stored]
#[derive(Copy)]
pub enum StallEnd {
    /// A block was proven that is young.
    #[codec(index = 0)]
    NewHead,
    /// So many of the set that decides have answered that it can go on by itself. It has its time anew to do so.
    #[codec(index = 1)]
    Quorum,
    /// The chain has contradicted itself, or the route to it is suspended: only governance can say what is right.
    #[codec(index = 2)]
    Held,
    /// Its life is over, or about to be.
    #[codec(index = 3)]
    Ended,
    /// Its head is too old: see [`StallPeriods::recorded_for`](crate::StallPeriods::recorded_for). No set is recorded above it
    /// any more.
    #[codec(index = 4)]
    GivenUp,
}

/// The hash by which set and accounts are known when they are gone.
pub fn commitment<AccountId: Encode>(set: &AuthoritySet, accounts: &[AccountId]) -> Hash {
    BlakeTwo256::hash_of(&(set_hash(set), accounts))
}
