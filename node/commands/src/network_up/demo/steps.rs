// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The steps of the demo, in their order, how long each may take, and what a rotation is. Pure.

use super::spec::EPOCH_MS;
use hansa_primitives::AccountId;
use hansa_primitives::BlockNumber;
use serde::Serialize;
use std::{collections::BTreeSet, time::Duration};

/// A step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The nodes start, and the hub finalises blocks.
    Start,
    /// All nodes are in the pool.
    Pool,
    /// The DappChains are registered.
    Register,
    /// Nodes are drawn for them, and a quorum of each agrees on a genesis.
    Live,
    /// The DappChains finalise blocks.
    Blocks,
    /// Routes and reserves between all chains.
    Routes,
    /// Transfers within chains.
    Payments,
    /// Transfers between chains.
    Transfers,
    /// A node leaves a DappChain, and another arrives.
    Rotation,
    /// The other chains follow the new set.
    Follow,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Start,
        Self::Pool,
        Self::Register,
        Self::Live,
        Self::Blocks,
        Self::Routes,
        Self::Payments,
        Self::Transfers,
        Self::Rotation,
        Self::Follow,
    ];

    /// What is to happen, as it is shown while one waits and if it does not happen.
    pub fn title(self) -> &'static str {
        match self {
            Self::Start => "the nodes start, and the hub finalises blocks",
            Self::Pool => "all nodes join the pool by themselves",
            Self::Register => "two deployers register a DappChain each",
            Self::Live => "nodes are drawn, and founders agree on a genesis",
            Self::Blocks => "both DappChains finalise blocks",
            Self::Routes => "routes and reserves between all chains",
            Self::Payments => "payments within each chain",
            Self::Transfers => "transfers between the chains, by proof",
            Self::Rotation => "a node's turn ends, and another takes its place",
            Self::Follow => "hub and the other DappChain follow the new set",
        }
    }

    /// How long it may take. Far more than it does: who waits in vain should know why, and a busy machine is slow.
    pub fn limit(self) -> Duration {
        let epochs = |count: u64| Duration::from_millis(EPOCH_MS.saturating_mul(count));
        match self {
            // The launcher has a limit of its own.
            Self::Start => Duration::from_secs(310),
            Self::Pool => epochs(6),
            Self::Register => Duration::from_secs(60),
            Self::Live => epochs(20),
            Self::Blocks => Duration::from_secs(120),
            Self::Routes | Self::Transfers => Duration::from_secs(120),
            Self::Payments | Self::Follow => Duration::from_secs(60),
            Self::Rotation => epochs(30),
        }
    }
}

/// Who is in a set, and in its successor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Those who are in the first one only.
    pub left: Vec<AccountId>,
    /// Those who are in the second one only.
    pub arrived: Vec<AccountId>,
}

impl Change {
    /// From one set to another.
    pub fn between(from: &BTreeSet<AccountId>, to: &BTreeSet<AccountId>) -> Self {
        Self {
            left: from.difference(to).cloned().collect(),
            arrived: to.difference(from).cloned().collect(),
        }
    }

    /// Whether a node left, and another one is there in its place.
    pub fn is_rotation(&self) -> bool {
        !self.left.is_empty() && !self.arrived.is_empty()
    }
}

/// The longest time between two of these blocks (their heights, and their times in milliseconds) that follow each
/// other, and the height of the later one.
pub fn longest_pause(blocks: &[(BlockNumber, u64)]) -> Option<(BlockNumber, u64)> {
    let pauses = blocks.windows(2).filter_map(|pair| match pair {
        [(_, before), (height, at)] => Some((*height, at.saturating_sub(*before))),
        _ => None,
    });
    pauses.max_by_key(|(_, pause)| *pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(names: &[u8]) -> BTreeSet<AccountId> {
        names
            .iter()
            .map(|name| AccountId::new([*name; 32]))
            .collect()
    }

    #[test]
    fn a_rotation_needs_one_who_left_and_one_who_arrived() {
        let change = |from: &[u8], to: &[u8]| Change::between(&accounts(from), &accounts(to));
        assert!(!change(&[1, 2, 3, 4], &[1, 2, 3, 4]).is_rotation());
        assert!(!change(&[1, 2, 3, 4], &[1, 2, 3, 4, 5]).is_rotation());
        assert!(!change(&[1, 2, 3, 4], &[1, 2, 3]).is_rotation());
        let rotation = change(&[1, 2, 3, 4], &[2, 3, 4, 5]);
        assert!(rotation.is_rotation());
        assert_eq!(rotation.left, [AccountId::new([1; 32])]);
        assert_eq!(rotation.arrived, [AccountId::new([5; 32])]);
    }

    #[test]
    fn the_longest_pause_is_found() {
        assert_eq!(longest_pause(&[]), None);
        assert_eq!(longest_pause(&[(7, 100)]), None);
        let blocks = [(7, 100), (8, 300), (9, 1_300), (10, 1_500)];
        assert_eq!(longest_pause(&blocks), Some((9, 1_000)));
    }

    #[test]
    fn each_step_has_a_title_of_its_own_and_a_limit() {
        let titles: BTreeSet<_> = Step::ALL.iter().map(|step| step.title()).collect();
        assert_eq!(titles.len(), Step::ALL.len());
        assert!(Step::ALL
            .iter()
            .all(|step| step.limit() > Duration::from_secs(1)));
    }
}
