// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use crate::{
    presence::Presence,
    roster::{Seat, MAX_MEMBERS},
};
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_allocation_primitives::{ChainId, EpochIndex, Seconds};
use hansa_beacon_primitives::Beacon;

/// A node of the pool.
#[frame_support::stored]
#[derive(Copy)]
pub struct Node<Balance> {
    /// What is on hold for it.
    pub deposit: Balance,
    /// The first epoch whose ids it can be drawn by, while it waits.
    pub from_epoch: EpochIndex,
    /// In which epochs it was present.
    pub presence: Presence,
    /// The chain that it is a member of.
    pub chain: Option<ChainId>,
    /// Whether it leaves the pool as soon as it is no member any more.
    pub leaving: bool,
}

/// The pool in numbers.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct PoolCount {
    /// The nodes.
    pub nodes: u32,
    /// Those that are members of no chain.
    pub waiting: u32,
}

/// How far the work between two draws has come.
#[frame_support::stored]
#[derive(Copy, Default)]
pub enum Stage {
    /// Nothing is to do until the next beacon.
    #[codec(index = 0)]
    #[default]
    Idle,
    /// The nodes that revealed are put into the order of their ranks.
    #[codec(index = 1)]
    Ranking {
        /// The beacon.
        beacon: Beacon,
        /// The place of the next.
        place: u32,
    },
    /// They are given to chains in that order.
    #[codec(index = 2)]
    Placing,
    /// Chains are looked through for turns that are over and confirmations that are overdue.
    #[codec(index = 3)]
    Sweeping,
}

/// The roll of a chain that stands still. It is kept until the chain does not.
#[frame_support::stored]
pub struct Roll<AccountId> {
    /// When it was called.
    pub since: Seconds,
    /// From when on no answer is taken.
    pub until: Seconds,
    /// Who has answered, in ascending order.
    pub answered: BoundedVec<AccountId, ConstU32<MAX_MEMBERS>>,
    /// How many have gone since the time was over.
    pub absent: u32,
    /// Whether all have gone who had not answered.
    pub closed: bool,
}

impl<AccountId: Ord> Roll<AccountId> {
    /// One that is called now, and answered until then.
    pub fn new(since: Seconds, until: Seconds) -> Self {
        Self {
            since,
            until,
            answered: BoundedVec::new(),
            absent: 0,
            closed: false,
        }
    }

    /// Whether answers are taken.
    pub fn is_open(&self, now: Seconds) -> bool {
        !self.closed && now < self.until
    }

    /// Whether a member is to answer: it was in the set when the roll was called. Who came into it later has shown by its
    /// confirmation that it is there. So whoever answers was in the set then, and no more can answer than were.
    pub fn asks(&self, seat: &Seat<AccountId>) -> bool {
        let before = seat.serving_since.is_none_or(|since| since < self.since);
        seat.phase.is_active() && before
    }

    /// Whether a node has answered.
    pub fn has_answered(&self, account: &AccountId) -> bool {
        self.answered.binary_search(account).is_ok()
    }

    /// A node answers; false if it has before.
    pub fn answer(&mut self, account: AccountId) -> bool {
        match self.answered.binary_search(&account) {
            Ok(_) => false,
            Err(at) => self.answered.try_insert(at, account).is_ok(),
        }
    }
}
