// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Records that put another set in place of one that lost its quorum, as this node knows them.
//!
//! Such a set can neither decide nor hand over (see [`hansa_pbft_primitives::recovery`]). Whoever
//! assigns the sets of the chain records that another one decides the block above a head, and this
//! node is told of the record by whom it trusts in that: it is given, never taken from a peer. From
//! then on [`ConsensusStates`](crate::authorities::ConsensusStates) names that set for the child of
//! the head, and the header of that block must bring the record itself, and no other header any.
//!
//! Two chains differ after such a record: where the old set did decide a block above the head, and
//! did not show it in time, a node that has imported that block stays with it. It is told so, and
//! cannot follow the others any more.

use crate::LOG_TARGET;
use hansa_pbft_primitives::{
    recovery::{
        find_recovery, has_recovery, recovery_item, MAX_RECOVERY_BYTES, RECOVERY_ENGINE_ID,
    },
    AuthoritySet, Hash, Height, SetId,
};
use log::warn;
use parking_lot::RwLock;
use sp_runtime::{Digest, DigestItem};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use tokio::sync::watch;

/// How many records are kept of one chain. Each is the end of a set, so there are few; the lowest
/// gives way.
pub const MAX_RECOVERIES: usize = 256;

/// Of how many parents it is remembered that a block above them brings a record that is not known.
const MAX_UNKNOWN: usize = 64;

/// A record, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TakeOver {
    /// The height of the head: the last block of the set before.
    pub height: Height,
    /// The hash of the head.
    pub parent: Hash,
    /// The set that decides the block above it.
    pub set: Arc<AuthoritySet>,
    /// The seed of its proposer schedule.
    pub seed: [u8; 32],
    /// The record, as the header of the block above the head brings it.
    pub record: Vec<u8>,
    /// A time at which there was no such record yet, in milliseconds since 1970, if one is known: so
    /// that a validator whose vote log is new, but older than that, knows that it signed nothing.
    pub made_after_ms: Option<u64>,
}

impl TakeOver {
    /// The record as an item of a header's digest.
    pub fn item(&self) -> DigestItem {
        recovery_item(&self.record)
    }
}

/// Why a record is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecoveryError {
    /// A set of nobody decides nothing.
    #[error("the record of a recovery above block {0} names no authorities")]
    NoAuthorities(Height),
    /// It does not fit into a header.
    #[error("the record of a recovery has {bytes} bytes, 1 to {MAX_RECOVERY_BYTES} are allowed")]
    Size {
        /// Its size.
        bytes: usize,
    },
    /// There is another record of the same head, with a set as late or later.
    #[error(
        "the record of a recovery above block {height} names set {set_id}, and another one of the \
         same head, with set {known}, is known"
    )]
    Conflict {
        /// The height of the head.
        height: Height,
        /// The set of the record.
        set_id: SetId,
        /// The set of the other one.
        known: SetId,
    },
    /// The block at the head's height is another one here.
    #[error(
        "a recovery is recorded above block {height} {recorded:?}, and that block is {own:?} here: \
         this node is on another chain"
    )]
    OtherHead {
        /// The height of the head.
        height: Height,
        /// The head of the record.
        recorded: Hash,
        /// The final block of that height.
        own: Hash,
    },
    /// The chain has gone on without the record.
    #[error(
        "a recovery is recorded above block {height}, and block {own:?} above it, which the set \
         before has decided, is final here: this node stays with it, and cannot follow those who \
         take the record"
    )]
    Passed {
        /// The height of the head.
        height: Height,
        /// The final block above it.
        own: Hash,
    },
}

/// Why a header is refused for the record that it brings, or does not bring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// There are several, or one that is too long.
    #[error("the header brings more than one record of a recovery, or one that is too long")]
    Malformed,
    /// It is not the last of the pre-runtime items, which come first.
    #[error("the record of a recovery does not stand right after the author's items")]
    Misplaced,
    /// The parent is the head of a recovery.
    #[error("the header does not bring the record of the recovery above its parent")]
    Missing,
    /// No recovery of the parent is known here.
    #[error("the header brings the record of a recovery that is not known here")]
    Unknown,
    /// It is not the one that is known.
    #[error("the header brings another record of a recovery than the one that is known here")]
    Other,
}

/// The record that a digest brings, checked for its form and place only; none if there is none.
/// `place` is how many items of the author come before it.
pub fn read_record(digest: &Digest, place: usize) -> Result<Option<Vec<u8>>, RecordError> {
    if !has_recovery(digest) {
        return Ok(None);
    }
    let record = find_recovery(digest).ok_or(RecordError::Malformed)?;
    match digest.logs().get(place) {
        Some(item) if is_record(item) => Ok(Some(record)),
        _ => Err(RecordError::Misplaced),
    }
}

/// Whether an item of a digest is a record, good or bad.
pub fn is_record(item: &DigestItem) -> bool {
    matches!(item, DigestItem::PreRuntime(RECOVERY_ENGINE_ID, _))
}

/// Add the record that a header must bring, if it must, to what its author adds.
pub fn push_record(digest: &mut Digest, known: Option<&TakeOver>) {
    if let Some(known) = known {
        digest.push(known.item());
    }
}

/// Check the record that a header brings, none if it brings none, against what is known of its
/// parent.
pub fn check_record(brings: Option<&[u8]>, known: Option<&TakeOver>) -> Result<(), RecordError> {
    match (brings, known) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(RecordError::Missing),
        (Some(_), None) => Err(RecordError::Unknown),
        (Some(record), Some(known)) if record == known.record => Ok(()),
        (Some(_), Some(_)) => Err(RecordError::Other),
    }
}

/// What is known, by the hash of the head.
#[derive(Default)]
struct Known {
    by_parent: HashMap<Hash, Arc<TakeOver>>,
    /// The heads by height, for the order in which they give way.
    heights: BTreeSet<(Height, Hash)>,
    /// Parents for which a record came that is not known, and at which height.
    unknown: BTreeSet<(Height, Hash)>,
}

impl Known {
    fn insert(&mut self, takeover: TakeOver) {
        self.heights.insert((takeover.height, takeover.parent));
        self.by_parent.insert(takeover.parent, Arc::new(takeover));
        if self.by_parent.len() > MAX_RECOVERIES {
            if let Some((_, lowest)) = self.heights.pop_first() {
                self.by_parent.remove(&lowest);
            }
        }
    }
}

/// The records of one chain. Clones are of the same.
#[derive(Clone)]
pub struct Recoveries {
    known: Arc<RwLock<Known>>,
    /// Counts what came.
    news: Arc<watch::Sender<u64>>,
    /// Whether records may come at any time, of which peers may know earlier than this node.
    awaited: bool,
}

impl Default for Recoveries {
    fn default() -> Self {
        Self {
            known: Arc::default(),
            news: Arc::new(watch::channel(0).0),
            awaited: false,
        }
    }
}

impl Recoveries {
    /// The records of a chain whose sets somebody assigns who tells this node of them. A block with a record that is not known may
    /// then be good, and no peer is blamed for it. On any other chain it is a bad block.
    pub fn awaited() -> Self {
        Self {
            awaited: true,
            ..Self::default()
        }
    }

    /// Whether records may come of which peers know earlier than this node.
    pub fn are_awaited(&self) -> bool {
        self.awaited
    }

    /// Take a record, whether its head is final here or not. Whether it says something new; an error
    /// if it makes no sense, or contradicts another one.
    ///
    /// A record of the same head with a later set takes the place of the one before: that set has
    /// lost its quorum, too, before it decided anything.
    pub fn announce(&self, takeover: TakeOver) -> Result<bool, RecoveryError> {
        let (height, set_id) = (takeover.height, takeover.set.id);
        if takeover.set.is_empty() {
            return Err(RecoveryError::NoAuthorities(height));
        }
        let bytes = takeover.record.len();
        if !(1..=MAX_RECOVERY_BYTES).contains(&bytes) {
            return Err(RecoveryError::Size { bytes });
        }
        let mut known = self.known.write();
        if let Some(before) = known.by_parent.get(&takeover.parent) {
            if before.record == takeover.record {
                if before.made_after_ms >= takeover.made_after_ms {
                    return Ok(false);
                }
            } else if before.set.id >= set_id {
                let known = before.set.id;
                return Err(RecoveryError::Conflict {
                    height,
                    set_id,
                    known,
                });
            }
        }
        known.insert(takeover);
        drop(known);
        self.news
            .send_modify(|count| *count = count.wrapping_add(1));
        Ok(true)
    }

    /// Forget the record above `parent`.
    pub fn forget(&self, parent: &Hash) {
        let mut known = self.known.write();
        if let Some(takeover) = known.by_parent.remove(parent) {
            known.heights.remove(&(takeover.height, takeover.parent));
        }
    }

    /// The record above the block with hash `parent`, if there is one.
    pub fn for_child_of(&self, parent: &Hash) -> Option<Arc<TakeOver>> {
        self.known.read().by_parent.get(parent).cloned()
    }

    /// All records, the lowest first.
    pub fn all(&self) -> Vec<Arc<TakeOver>> {
        let known = self.known.read();
        let heads = known.heights.iter();
        heads
            .filter_map(|(_, parent)| known.by_parent.get(parent).cloned())
            .collect()
    }

    /// Changes with each record that comes.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// A block above `parent`, which is at `height`, brings a record that is not known here: say so,
    /// once for each parent.
    pub fn note_unknown(&self, height: Height, parent: Hash) {
        let mut known = self.known.write();
        if !known.unknown.insert((height, parent)) {
            return;
        }
        if known.unknown.len() > MAX_UNKNOWN {
            known.unknown.pop_first();
        }
        drop(known);
        warn!(
            target: LOG_TARGET,
            "🛟 Peers have a block above #{height} {parent:?} that brings the record of a recovery: \
             there the chain had lost its quorum, and goes on under another set. This node does not \
             know of it and waits. A node that follows the hub will be told; another one needs the \
             record, from somebody whom you trust, in the field `recoveries` of its chain spec"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::take_over;

    #[test]
    fn a_record_is_found_by_its_head_and_told_once() {
        let recoveries = Recoveries::default();
        let mut news = recoveries.clone().subscribe();
        let (first, second) = (take_over(7, 4), take_over(9, 5));
        assert_eq!(recoveries.announce(second.clone()), Ok(true));
        assert!(news.has_changed().unwrap());
        news.mark_unchanged();
        assert_eq!(recoveries.announce(second.clone()), Ok(false));
        assert!(!news.has_changed().unwrap());
        assert_eq!(recoveries.announce(first.clone()), Ok(true));
        assert!(news.has_changed().unwrap());
        let found = recoveries.for_child_of(&first.parent);
        assert_eq!(found.as_deref(), Some(&first));
        assert_eq!(recoveries.for_child_of(&Hash::zero()), None);
        let all: Vec<_> = recoveries.all().iter().map(|t| t.height).collect();
        assert_eq!(all, [7, 9]);
        recoveries.forget(&first.parent);
        assert_eq!(recoveries.for_child_of(&first.parent), None);
        assert_eq!(recoveries.all().len(), 1);
    }

    #[test]
    fn what_makes_no_sense_or_contradicts_is_refused() {
        let recoveries = Recoveries::default();
        let good = take_over(7, 5);
        let nobody = TakeOver {
            set: Arc::default(),
            ..good.clone()
        };
        assert_eq!(
            recoveries.announce(nobody),
            Err(RecoveryError::NoAuthorities(7))
        );
        for bytes in [0, MAX_RECOVERY_BYTES + 1] {
            let sized = TakeOver {
                record: vec![1; bytes],
                ..good.clone()
            };
            assert_eq!(
                recoveries.announce(sized),
                Err(RecoveryError::Size { bytes })
            );
        }
        recoveries.announce(good.clone()).unwrap();
        let (same, later) = (take_over(7, 5), take_over(7, 6));
        let other = TakeOver {
            record: vec![9],
            ..same
        };
        let conflict = RecoveryError::Conflict {
            height: 7,
            set_id: 5,
            known: 5,
        };
        assert_eq!(recoveries.announce(other), Err(conflict));
        assert_eq!(recoveries.announce(later.clone()), Ok(true));
        assert_eq!(
            recoveries.for_child_of(&good.parent).as_deref(),
            Some(&later)
        );
        assert!(recoveries.announce(good).is_err(), "it is over");
    }

    #[test]
    fn when_it_was_made_may_be_learnt_later() {
        let recoveries = Recoveries::default();
        let timed = |made_after_ms| TakeOver {
            made_after_ms,
            ..take_over(7, 5)
        };
        assert_eq!(recoveries.announce(timed(None)), Ok(true));
        assert_eq!(recoveries.announce(timed(Some(3))), Ok(true));
        assert_eq!(recoveries.announce(timed(None)), Ok(false));
        let known = recoveries.for_child_of(&timed(None).parent).unwrap();
        assert_eq!(known.made_after_ms, Some(3));
    }

    #[test]
    fn there_are_not_more_than_so_many() {
        let recoveries = Recoveries::default();
        for height in (0..MAX_RECOVERIES as Height + 10).rev() {
            recoveries.announce(take_over(height, 5)).unwrap();
        }
        let all = recoveries.all();
        assert_eq!(all.len(), MAX_RECOVERIES);
        assert_eq!(all[0].height, 10, "the lowest gave way");
        for height in 0..MAX_UNKNOWN as Height * 2 {
            recoveries.note_unknown(height, Hash::zero());
        }
        assert_eq!(recoveries.known.read().unknown.len(), MAX_UNKNOWN);
    }

    #[test]
    fn the_record_stands_right_after_the_authors_items() {
        let known = take_over(7, 4);
        let pre = DigestItem::PreRuntime(*b"prnt", vec![1]);
        let digest = |logs: &[&DigestItem]| Digest {
            logs: logs.iter().map(|item| (*item).clone()).collect(),
        };
        let (item, other) = (known.item(), DigestItem::Other(vec![]));
        let long = recovery_item(&vec![0; MAX_RECOVERY_BYTES + 1]);
        let record = Ok(Some(known.record.clone()));
        for (logs, expected) in [
            (vec![&pre], Ok(None)),
            (vec![&pre, &item], record.clone()),
            (vec![&pre, &item, &other], record),
            (vec![&pre, &other, &item], Err(RecordError::Misplaced)),
            (vec![&item, &pre], Err(RecordError::Misplaced)),
            (vec![&pre, &item, &item], Err(RecordError::Malformed)),
            (vec![&pre, &long], Err(RecordError::Malformed)),
        ] {
            assert_eq!(read_record(&digest(&logs), 1), expected, "{logs:?}");
        }
    }

    #[test]
    fn a_header_brings_the_record_exactly_where_there_is_one() {
        let known = take_over(7, 4);
        for (brings, known, expected) in [
            (None, None, Ok(())),
            (None, Some(&known), Err(RecordError::Missing)),
            (Some(&[1][..]), None, Err(RecordError::Unknown)),
            (Some(&[1][..]), Some(&known), Err(RecordError::Other)),
            (Some(&known.record[..]), Some(&known), Ok(())),
        ] {
            assert_eq!(check_record(brings, known), expected);
        }
    }
}
