// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Who spoke at a height. Pure.
//!
//! A certificate says only who was among the first that made a quorum; of four authorities one is
//! missing in each. So who is silent is told by what is heard, up to the end of the *next* height:
//! an authority that is merely slower than the others is not called silent.

use hansa_pbft_primitives::{AuthorityId, AuthoritySet, Height};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// What was heard at one height.
#[derive(Default, Debug)]
struct Heard {
    /// Who said anything.
    spoke: HashSet<AuthorityId>,
    /// Who said Commit.
    committed: HashSet<AuthorityId>,
    /// The set that decided the height by votes that came here; none if they did not, as during
    /// sync.
    decided_by: Option<Arc<AuthoritySet>>,
}

/// What was heard at the height under way, the one before, and already of the next.
#[derive(Default, Debug)]
pub(crate) struct Attendance {
    current: Height,
    heights: BTreeMap<Height, Heard>,
}

impl Attendance {
    /// A height begins. Returns the authorities that were missing at heights that are now over:
    /// of which no Commit came.
    pub fn begin(&mut self, height: Height) -> Vec<AuthorityId> {
        self.current = height;
        let kept = self.heights.split_off(&height.saturating_sub(1));
        let over = std::mem::replace(&mut self.heights, kept);
        over.into_values()
            .flat_map(|heard| {
                let set = heard.decided_by.clone();
                let members: Vec<AuthorityId> = set
                    .iter()
                    .flat_map(|set| set.authorities())
                    .map(|authority| authority.key.clone())
                    .collect();
                members
                    .into_iter()
                    .filter(move |key| !heard.committed.contains(key))
            })
            .collect()
    }

    /// `key` said something of `height`; returns whether that counts.
    pub fn heard(&mut self, height: Height, key: &AuthorityId, is_commit: bool) -> bool {
        let near = self.current.saturating_sub(1)..=self.current.saturating_add(1);
        if !near.contains(&height) {
            return false;
        }
        let heard = self.heights.entry(height).or_default();
        if !heard.spoke.contains(key) {
            heard.spoke.insert(key.clone());
        }
        if is_commit && !heard.committed.contains(key) {
            heard.committed.insert(key.clone());
        }
        true
    }

    /// Votes of `set` that came here decided `height`.
    pub fn decided(&mut self, height: Height, set: Arc<AuthoritySet>) {
        self.heights.entry(height).or_default().decided_by = Some(set);
    }

    /// Whether `key` said anything of `height`.
    pub fn spoke(&self, height: Height, key: &AuthorityId) -> bool {
        self.heights
            .get(&height)
            .is_some_and(|heard| heard.spoke.contains(key))
    }

    /// Whether `key` said Commit at `height`.
    pub fn committed(&self, height: Height, key: &AuthorityId) -> bool {
        self.heights
            .get(&height)
            .is_some_and(|heard| heard.committed.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{height_state, pair};
    use sp_core::Pair;

    fn key(index: u16) -> AuthorityId {
        pair(index).public()
    }

    #[test]
    fn who_says_commit_before_the_next_height_is_over_is_not_missing() {
        let set = height_state(4).set;
        let mut attendance = Attendance::default();
        attendance.begin(10);
        for (authority, is_commit) in [(0, true), (1, true), (2, true), (3, false)] {
            assert!(attendance.heard(10, &key(authority), is_commit));
        }
        attendance.decided(10, set.clone());
        assert!(attendance.begin(11).is_empty(), "height 10 is not over yet");
        assert!(attendance.heard(10, &key(3), true), "late, but there");
        assert!(attendance.heard(11, &key(0), true));
        assert!(attendance.heard(12, &key(1), true), "it is ahead");
        attendance.decided(11, set);
        assert!(attendance.begin(12).is_empty(), "nobody missed height 10");
        assert_eq!(attendance.begin(13), [key(1), key(2), key(3)]);
        assert!(attendance.committed(12, &key(1)), "it was kept");
    }

    #[test]
    fn heights_that_came_by_sync_say_nothing_of_anybody() {
        let mut attendance = Attendance::default();
        attendance.begin(10);
        attendance.heard(10, &key(0), true);
        assert!(attendance.begin(500).is_empty());
        assert!(attendance.begin(502).is_empty());
    }

    #[test]
    fn only_near_heights_are_kept() {
        let mut attendance = Attendance::default();
        attendance.begin(10);
        for (height, counts) in [
            (0, false),
            (8, false),
            (9, true),
            (11, true),
            (12, false),
            (Height::MAX, false),
        ] {
            assert_eq!(attendance.heard(height, &key(0), true), counts, "{height}");
        }
        assert_eq!(attendance.heights.len(), 2);
        assert!(attendance.spoke(9, &key(0)) && !attendance.spoke(10, &key(0)));
    }
}
