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
//! Peers may know a record before this node does. What a header brings and is not known here is kept for
//! whoever can tell whether it is good ([`Recoveries::unknown`]); until then the block waits and nobody
//! is blamed for it, and once it is refused ([`Recoveries::refuse`]) it is a bad block.
//!
//! Two chains differ after such a record: where the old set did decide a block above the head, and
//! did not show it in time, a node that has imported that block stays with it. It is told so, and
//! cannot follow the others any more.

use crate::LOG_TARGET;
use hansa_pbft_primitives::{
    recovery::{
        find_recovery, has_recovery, recovery_item, MAX_RECOVERY_BYTES, RECOVERY_API_VERSION,
        RECOVERY_ENGINE_ID,
    },
    AuthoritySet, Hash, Height, SetId,
};
use hansa_primitives::Header;
use log::warn;
use parking_lot::RwLock;
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _, Header as _},
    Digest, DigestItem,
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How many records are kept of one chain. Each is the end of a set, so there are few; the lowest
/// gives way.
pub const MAX_RECOVERIES: usize = 256;

/// Of how many parents it is remembered that it was said that a block above them brings a record that is
/// not known.
const MAX_TOLD: usize = 64;

/// How many records that are not known wait until somebody says whether they are good, each of
/// [`MAX_RECOVERY_BYTES`] at most. The oldest gives way, and comes again with its block.
pub const MAX_UNKNOWN: usize = 32;

/// How many records are remembered as refused, by their hashes. The oldest gives way.
const MAX_REFUSED: usize = 1024;

/// How long a record stays refused. Whoever refused it may have been behind, and then looks at it again.
const REFUSED_FOR: Duration = Duration::from_secs(600);

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

/// A record that a header brings and that is not known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownRecord {
    /// The height of the block above which it stands.
    pub height: Height,
    /// The hash of that block.
    pub parent: Hash,
    /// The record. Nothing of it is checked but its size.
    pub record: Vec<u8>,
    /// When it came first.
    pub since: Instant,
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
    /// The runtime is older than such records, and would execute the block under the set before.
    #[error(
        "the header brings the record of a recovery, of which the chain's runtime knows nothing"
    )]
    Unsupported,
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

/// Whether a runtime with this version of [`PbftApi`](hansa_pbft_primitives::PbftApi), none if it has no
/// such API, takes records.
pub fn takes_records(version: Option<u32>) -> bool {
    version.is_some_and(|version| version >= RECOVERY_API_VERSION)
}

/// By what it is remembered that `record` above `parent` is refused.
fn fingerprint(parent: &Hash, record: &[u8]) -> Hash {
    BlakeTwo256::hash_of(&(parent, record))
}

/// What is known, by the hash of the head.
#[derive(Default)]
struct Known {
    by_parent: HashMap<Hash, Arc<TakeOver>>,
    /// The heads by height, for the order in which they give way.
    heights: BTreeSet<(Height, Hash)>,
    /// Records that came and are not known, the oldest first.
    unknown: VecDeque<UnknownRecord>,
    /// Fingerprints of those that are refused, and since when, the oldest first.
    refused: VecDeque<(Hash, Instant)>,
    /// Parents for which it was said that such a record came, and at which height.
    told: BTreeSet<(Height, Hash)>,
}

impl Known {
    fn insert(&mut self, takeover: TakeOver) {
        self.drop_unknown(&takeover.parent, &takeover.record);
        self.heights.insert((takeover.height, takeover.parent));
        self.by_parent.insert(takeover.parent, Arc::new(takeover));
        if self.by_parent.len() > MAX_RECOVERIES {
            if let Some((_, lowest)) = self.heights.pop_first() {
                self.by_parent.remove(&lowest);
            }
        }
    }

    /// It is not unknown any more.
    fn drop_unknown(&mut self, parent: &Hash, record: &[u8]) {
        self.unknown
            .retain(|unknown| unknown.parent != *parent || unknown.record != record);
    }

    /// Keep a record that is not known. Whether it may be good: it is not refused.
    fn keep_unknown(
        &mut self,
        height: Height,
        parent: Hash,
        record: Vec<u8>,
        now: Instant,
    ) -> bool {
        if self.is_refused(&fingerprint(&parent, &record), now) {
            return false;
        }
        let is_same =
            |unknown: &UnknownRecord| unknown.parent == parent && unknown.record == record;
        if !self.unknown.iter().any(is_same) {
            if self.unknown.len() >= MAX_UNKNOWN {
                self.unknown.pop_front();
            }
            self.unknown.push_back(UnknownRecord {
                height,
                parent,
                record,
                since: now,
            });
        }
        true
    }

    fn is_refused(&self, fingerprint: &Hash, now: Instant) -> bool {
        let mut refused = self.refused.iter();
        let since = refused.find(|(refused, _)| refused == fingerprint);
        since.is_some_and(|(_, since)| now.saturating_duration_since(*since) < REFUSED_FOR)
    }

    fn refuse(&mut self, fingerprint: Hash, now: Instant) {
        self.refused.retain(|(refused, _)| *refused != fingerprint);
        if self.refused.len() >= MAX_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back((fingerprint, now));
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
    /// The records of a chain whose sets somebody assigns who tells this node of them, and looks at those that are
    /// [`unknown`](Self::unknown). A block with a record that is not known may then be good, and no peer is
    /// blamed for it until the record is refused. On any other chain it is a bad block.
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

    /// [`check_record`] says `error` of a header, whose parent is in the chain. Whether it may be a good one all the
    /// same, with a record, or with a later one of the same head, that will be known: then nobody is to
    /// be blamed for it, and its record is kept among the [`unknown`](Self::unknown).
    pub fn may_be_good(&self, header: &Header, error: RecordError) -> bool {
        if !matches!(error, RecordError::Unknown | RecordError::Other) {
            return false;
        }
        let Some(record) = find_recovery(header.digest()) else {
            return false;
        };
        let (height, parent) = (header.number().saturating_sub(1), *header.parent_hash());
        let mut known = self.known.write();
        let is_news = known.told.insert((height, parent));
        if known.told.len() > MAX_TOLD {
            known.told.pop_first();
        }
        let may_be = self.awaited && known.keep_unknown(height, parent, record, Instant::now());
        drop(known);
        if is_news {
            warn!(
                target: LOG_TARGET,
                "🛟 A peer shows a block above #{height} {parent:?} that brings the record of a \
                 recovery, by which the chain has lost its quorum there and goes on under another set. \
                 This node does not know of it. A node that follows the hub will be told if it is \
                 true; another one needs the record, from somebody whom you trust, in the field \
                 `recoveries` of its chain spec"
            );
        }
        may_be
    }

    /// The records that headers bring and that are not known, the oldest first, for whoever can tell whether they are
    /// good: those that are, are [announced](Self::announce), the others [refused](Self::refuse). At most
    /// [`MAX_UNKNOWN`].
    pub fn unknown(&self) -> Vec<UnknownRecord> {
        self.known.read().unknown.iter().cloned().collect()
    }

    /// The bytes `record` are no good record above `parent`: for ten minutes from now on a block that brings them
    /// is a bad one, and then they are looked at again. To announce them is taken all the same.
    pub fn refuse(&self, parent: &Hash, record: &[u8]) {
        let mut known = self.known.write();
        known.drop_unknown(parent, record);
        known.refuse(fingerprint(parent, record), Instant::now());
    }
}

#[cfg(test)]
#[path = "recoveries_tests.rs"]
mod tests;
