// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! When a node that has just started may begin to sign.
//!
//! A log knows what was written to it, and not whether it is the latest copy: a machine that was
//! put back from a snapshot has an old log beside an old database, and one that lost both looks as
//! if the chain began anew. The peers know better. So a node that has started signs nothing until
//! authorities of a quorum's weight, itself included, have said in their Hellos at which height
//! they are, and it has caught up with all of them; whatever the certificates on the way show of its
//! own votes is then in its log ([`VoteLog::audit`](crate::VoteLog::audit)). Without a
//! quorum connected nothing can be decided, so this costs next to nothing.
//!
//! Claims cannot be proven. What nobody can make good must not silence a node for ever, so the gate
//! opens as well when a block is final that was proposed after the start (nobody can have claimed
//! more in good faith), and when a quorum is heard and there was no progress for [`PATIENCE`].
//!
//! Pure: times and claims come in.

use hansa_pbft_primitives::{AuthorityId, AuthoritySet, Height, Weight};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How long without a new final block the node waits for what its peers claim to have.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The gate. It opens once.
#[derive(Debug)]
pub struct StartGate {
    open: bool,
    /// At which height each authority said to be when it came.
    claims: BTreeMap<AuthorityId, Height>,
    /// The last time at which a height began here, or a quorum was heard; and which height.
    progress: (Height, Instant),
    /// Whether a quorum was heard.
    heard: bool,
}

/// What the gate goes by at the height under way.
pub struct Standing<'a> {
    /// The height under way.
    pub height: Height,
    /// The set that decides it.
    pub set: &'a AuthoritySet,
    /// The own key, if it is a member.
    pub own: Option<&'a AuthorityId>,
    /// Whether the height's parent was proposed after the node started.
    pub parent_is_new: bool,
}

impl StartGate {
    /// A gate that is closed, at `now`.
    pub fn new(now: Instant) -> Self {
        Self {
            open: false,
            claims: BTreeMap::new(),
            progress: (0, now),
            heard: false,
        }
    }

    /// `authority` says to be at `height`.
    pub fn hear(&mut self, authority: AuthorityId, height: Height) {
        if !self.open {
            self.claims.insert(authority, height);
        }
    }

    /// Whether the node may sign; once true, always true.
    pub fn is_open(&mut self, standing: &Standing<'_>, now: Instant) -> bool {
        if self.open {
            return true;
        }
        let heard = self.heard(standing) >= standing.set.quorum();
        if standing.height > self.progress.0 || heard != self.heard {
            self.progress = (standing.height, now);
            self.heard = heard;
        }
        let patient = now.saturating_duration_since(self.progress.1) < PATIENCE;
        let behind = self
            .claims
            .iter()
            .filter(|(key, _)| standing.set.index_of(key).is_some())
            .any(|(_, height)| *height > standing.height);
        self.open = standing.parent_is_new || (heard && !(behind && patient));
        if self.open {
            self.claims.clear();
        }
        self.open
    }

    /// The weight of those who said at which height they are, the local authority's included.
    fn heard(&self, standing: &Standing<'_>) -> Weight {
        standing
            .set
            .authorities()
            .iter()
            .filter(|a| Some(&a.key) == standing.own || self.claims.contains_key(&a.key))
            .fold(0, |sum, a| sum.saturating_add(a.weight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_pbft_primitives::{Authority, AuthorityPair};
    use sp_core::Pair;

    fn key(index: u16) -> AuthorityId {
        AuthorityPair::from_seed(&[index as u8; 32]).public()
    }

    fn four() -> AuthoritySet {
        let authority = |index| Authority {
            key: key(index),
            weight: 1,
        };
        AuthoritySet::new(0, (0..4).map(authority).collect()).unwrap()
    }

    /// The local authority is number 0 of four.
    struct Start {
        gate: StartGate,
        begin: Instant,
        set: AuthoritySet,
    }

    impl Start {
        fn new() -> Self {
            let begin = Instant::now();
            Self {
                gate: StartGate::new(begin),
                begin,
                set: four(),
            }
        }

        fn hear(mut self, claims: &[(u16, Height)]) -> Self {
            for (authority, height) in claims {
                self.gate.hear(key(*authority), *height);
            }
            self
        }

        fn open_at(&mut self, height: Height, after: Duration) -> bool {
            let own = key(0);
            let standing = Standing {
                height,
                set: &self.set,
                own: Some(&own),
                parent_is_new: false,
            };
            self.gate.is_open(&standing, self.begin + after)
        }
    }

    #[test]
    fn opens_when_a_quorum_is_heard_and_nobody_is_ahead() {
        let soon = Duration::from_millis(1);
        // (claims, open at height 7)
        let rows: [(&[(u16, Height)], bool); 7] = [
            (&[], false),
            (&[(1, 7)], false),
            (&[(1, 7), (2, 7)], true),
            (&[(1, 5), (2, 1)], true),
            (&[(1, 7), (2, 8)], false),
            // Its own Hello, and that of a stranger, count for nothing.
            (&[(0, 7), (1, 7)], false),
            (&[(1, 7), (9, 7)], false),
        ];
        for (claims, open) in rows {
            let mut start = Start::new().hear(claims);
            assert_eq!(start.open_at(7, soon), open, "{claims:?}");
        }
    }

    #[test]
    fn opens_once_it_has_caught_up_and_stays_open() {
        let soon = Duration::from_millis(1);
        let mut start = Start::new().hear(&[(1, 9), (2, 8)]);
        assert!(!start.open_at(7, soon));
        assert!(!start.open_at(8, soon));
        assert!(start.open_at(9, soon));
        start.gate.hear(key(3), 100);
        assert!(start.open_at(9, soon));
    }

    #[test]
    fn a_claim_that_nobody_makes_good_holds_it_only_while_there_is_progress() {
        let mut start = Start::new().hear(&[(1, Height::MAX), (2, 7)]);
        assert!(!start.open_at(7, Duration::ZERO));
        assert!(!start.open_at(8, PATIENCE), "there was progress");
        assert!(!start.open_at(8, PATIENCE * 2 - Duration::from_millis(1)));
        assert!(start.open_at(8, PATIENCE * 2));
    }

    #[test]
    fn without_a_quorum_it_stays_closed_and_patience_begins_with_the_quorum() {
        let mut start = Start::new().hear(&[(1, 1)]);
        assert!(!start.open_at(1, PATIENCE * 100));
        let mut start = start.hear(&[(2, 9)]);
        assert!(!start.open_at(1, PATIENCE * 200));
        assert!(!start.open_at(1, PATIENCE * 201 - Duration::from_millis(1)));
        assert!(start.open_at(1, PATIENCE * 201));
    }

    #[test]
    fn a_block_that_was_proposed_after_the_start_opens_it() {
        let mut start = Start::new().hear(&[(1, Height::MAX)]);
        let own = key(0);
        let standing = Standing {
            height: 12,
            set: &start.set,
            own: Some(&own),
            parent_is_new: true,
        };
        assert!(start.gate.is_open(&standing, start.begin));
    }
}
