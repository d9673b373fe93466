// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! One hash of all reveals, in whatever order they come.
//!
//! A commitment gets a place, in the order in which commitments come; a reveal fills the leaf at that
//! place. The root of a tree of hashes over the leaves is the same in whatever order they are filled,
//! and a reveal costs [`LEVELS`] groups of 1 KiB, however many there are.
//!
//! Why not a sum or an XOR of hashes, which needs no tree: both are linear. Who holds some 256
//! commitments could look for a good sum at leisure, long before the others reveal, and then solve for
//! the reveals to withhold that give it. With a tree each subset has to be tried by itself, and after
//! the others' reveals are known. A chain of hashes in the order of the reveals would let whoever orders
//! them choose among all orders, which costs nothing.

use crate::{hash_of, Digest, OwnId};
use alloc::vec::Vec;
use codec::Encode;

/// The number of children of a group.
pub const ARITY: u32 = 32;

/// The number of levels of groups; level 0 holds the leaves.
pub const LEVELS: u8 = 3;

/// How many leaves fit.
pub const CAPACITY: u32 = ARITY.pow(LEVELS as u32);

/// Separates leaves from groups and from other hashes.
const LEAF_DOMAIN: &[u8] = b"hansa/beacon/leaf/1";
/// Separates groups from leaves and from other hashes.
const GROUP_DOMAIN: &[u8] = b"hansa/beacon/group/1";

/// Sibling nodes; zeros where there is nothing yet.
pub type Group = [Digest; ARITY as usize];

/// Where the groups of a tree are kept. A group that was never set reads as zeros.
pub trait Groups {
    /// The group at `index` of `level`.
    fn get(&self, level: u8, index: u32) -> Group;
    /// Replace it.
    fn set(&mut self, level: u8, index: u32, group: Group);
}

/// The leaf of a reveal.
pub fn leaf<AccountId: Encode>(account: &AccountId, id: &OwnId) -> Digest {
    hash_of(&(LEAF_DOMAIN, account, id))
}

/// Put `leaf` at `place`; false, and nothing changes, if there is no such place.
pub fn set_leaf(groups: &mut impl Groups, place: u32, leaf: Digest) -> bool {
    if place >= CAPACITY {
        return false;
    }
    let (mut index, mut value) = (place, leaf);
    for level in 0..LEVELS {
        let slot = (index % ARITY) as usize;
        index /= ARITY;
        let mut group = groups.get(level, index);
        if let Some(entry) = group.get_mut(slot) {
            *entry = value;
        }
        value = group_hash(level, &group);
        groups.set(level, index, group);
    }
    true
}

/// The hash of the whole tree.
pub fn root(groups: &impl Groups) -> Digest {
    let top = LEVELS.saturating_sub(1);
    group_hash(top, &groups.get(top, 0))
}

/// The groups of which `place` is the last leaf in use, if `places` are in use: who removes leaves in
/// order of their places removes these with it.
pub fn groups_ending_at(place: u32, places: u32) -> Vec<(u8, u32)> {
    let next = place.saturating_add(1);
    let mut span = 1u32;
    let mut ending = Vec::new();
    for level in 0..LEVELS {
        span = span.saturating_mul(ARITY);
        if next == places || next.is_multiple_of(span) {
            ending.push((level, place / span));
        }
    }
    ending
}

fn group_hash(level: u8, group: &Group) -> Digest {
    hash_of(&(GROUP_DOMAIN, level, group))
}

/// The groups of a tree in memory.
#[cfg(feature = "std")]
#[derive(Clone, Default)]
pub struct MemoryGroups(std::collections::BTreeMap<(u8, u32), Group>);

#[cfg(feature = "std")]
impl Groups for MemoryGroups {
    fn get(&self, level: u8, index: u32) -> Group {
        self.0.get(&(level, index)).copied().unwrap_or_default()
    }

    fn set(&mut self, level: u8, index: u32, group: Group) {
        self.0.insert((level, index), group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn tree(leaves: impl IntoIterator<Item = (u32, Digest)>) -> MemoryGroups {
        let mut groups = MemoryGroups::default();
        for (place, leaf) in leaves {
            assert!(set_leaf(&mut groups, place, leaf));
        }
        groups
    }

    #[test]
    fn there_is_a_bound() {
        let mut groups = MemoryGroups::default();
        assert!(set_leaf(&mut groups, CAPACITY - 1, [1; 32]));
        assert!(!set_leaf(&mut groups, CAPACITY, [1; 32]));
        assert!(!set_leaf(&mut groups, u32::MAX, [1; 32]));
    }

    #[test]
    fn removing_all_places_in_order_removes_each_group_once() {
        for places in [1, 31, 32, 33, 64, 1_023, 1_024, 1_025, 3_000] {
            let used: BTreeSet<_> = tree((0..places).map(|p| (p, [1; 32])))
                .0
                .into_keys()
                .collect();
            let removed: Vec<_> = (0..places)
                .flat_map(|place| groups_ending_at(place, places))
                .collect();
            assert_eq!(removed.len(), used.len(), "{places}: each once");
            assert_eq!(removed.into_iter().collect::<BTreeSet<_>>(), used);
        }
    }

    proptest! {
        #[test]
        fn order_does_not_matter_but_all_else_does(
            leaves in prop::collection::btree_map(0u32..5_000, any::<[u8; 32]>(), 1..40),
            other in any::<[u8; 32]>(),
            place in 0u32..5_000,
        ) {
            let forward = root(&tree(leaves.clone()));
            let backward = root(&tree(leaves.clone().into_iter().rev()));
            prop_assert_eq!(forward, backward);
            let mut changed: BTreeMap<_, _> = leaves.clone();
            changed.insert(place, other);
            prop_assert_eq!(root(&tree(changed.clone())) == forward, changed == leaves);
        }
    }
}
