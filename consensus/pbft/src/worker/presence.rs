// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which authorities were connected and are gone. Pure.
//!
//! A process that dies closes its connections at once, long before a timer would tell. So a primary
//! that was connected and is gone gets the time of one that was silent lately. Timers are each
//! replica's own: this is for speed, and no vote depends on it. One that never was connected is not
//! gone: at the start of a chain replicas find each other one by one.

use hansa_pbft_primitives::{AuthorityId, AuthoritySet};
use sc_network_types::PeerId;
use std::collections::{HashMap, HashSet};

/// Who is connected, and who was.
#[derive(Default, Debug)]
pub(crate) struct Presence {
    /// Connected peers that proved to hold a key.
    peers: HashMap<PeerId, AuthorityId>,
    /// Keys whose last peer went away.
    gone: HashSet<AuthorityId>,
}

impl Presence {
    /// `peer` proved to hold `key`, or no key.
    pub fn greeted(&mut self, peer: PeerId, key: Option<AuthorityId>) {
        let before = match key {
            Some(key) => {
                self.gone.remove(&key);
                self.peers.insert(peer, key)
            }
            None => self.peers.remove(&peer),
        };
        // A key that was rotated away is nobody's any more.
        if let Some(before) = before {
            self.note_gone(before);
        }
    }

    /// `peer` is gone.
    pub fn disconnected(&mut self, peer: &PeerId) {
        if let Some(key) = self.peers.remove(peer) {
            self.note_gone(key);
        }
    }

    fn note_gone(&mut self, key: AuthorityId) {
        if !self.peers.values().any(|other| *other == key) {
            self.gone.insert(key);
        }
    }

    /// `set` decides from now on: others do not matter.
    pub fn retain(&mut self, set: &AuthoritySet) {
        if !self.gone.is_empty() {
            self.gone.retain(|key| set.index_of(key).is_some());
        }
    }

    /// Whether `key` was connected and is gone.
    pub fn is_gone(&self, key: &AuthorityId) -> bool {
        self.gone.contains(key)
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
    fn only_who_was_here_can_be_gone_and_who_comes_back_is_not() {
        let mut presence = Presence::default();
        let peer = PeerId::random();
        assert!(!presence.is_gone(&key(1)), "it never came");
        presence.disconnected(&peer);
        presence.greeted(peer, Some(key(1)));
        assert!(!presence.is_gone(&key(1)));
        presence.disconnected(&peer);
        assert!(presence.is_gone(&key(1)));
        presence.greeted(PeerId::random(), Some(key(1)));
        assert!(!presence.is_gone(&key(1)), "it came back as another peer");
    }

    #[test]
    fn the_last_of_several_connections_counts() {
        let mut presence = Presence::default();
        let (old, new) = (PeerId::random(), PeerId::random());
        presence.greeted(old, Some(key(1)));
        presence.greeted(new, Some(key(1)));
        presence.disconnected(&old);
        assert!(!presence.is_gone(&key(1)));
        presence.greeted(new, Some(key(2)));
        assert!(
            presence.is_gone(&key(1)) && !presence.is_gone(&key(2)),
            "rotated"
        );
        presence.greeted(new, Some(key(2)));
        assert!(!presence.is_gone(&key(2)), "said again");
    }

    #[test]
    fn those_that_left_the_set_are_forgotten() {
        let mut presence = Presence::default();
        for index in [1, 5] {
            let peer = PeerId::random();
            presence.greeted(peer, Some(key(index)));
            presence.disconnected(&peer);
        }
        presence.retain(&height_state(4).set);
        assert!(presence.is_gone(&key(1)) && !presence.is_gone(&key(5)));
    }
}
