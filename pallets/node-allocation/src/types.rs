// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use crate::presence::Presence;
use hansa_allocation_primitives::{ChainId, EpochIndex};
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
