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
//! Peers may know a record before this node does. Whoever makes the records is asked at once for what a header
//! brings and is not known here ([`Judge`]): a good record is announced, and a block with a bad one is a bad block.
//! As long as nobody can tell, the block waits and nobody is blamed for it: the next one only, above an old head, and if
//! the set that the record names has decided it.
//!
//! While this node does not hear what its hub says of late ([`Recoveries::set_current`]), a set may have been replaced
//! of which it does not know. Where the head is old it signs nothing meanwhile.
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
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use tokio::sync::watch;

/// How many records are kept of one chain. Each is the end of a set, so there are few; the lowest
/// gives way.
pub const MAX_RECOVERIES: usize = 256;

/// Of how many parents it is remembered that it was said that a block above them brings a record that is
/// not known.
const MAX_TOLD: usize = 64;

/// How old the head of a chain may be, in milliseconds, for this node to sign above it though it has not heard of late whether
/// the set was replaced; where it is not known how long a chain stands still before that. By default it takes days.
pub const MAX_UNSURE_AGE_MS: u64 = 60 * 60 * 1000;

/// How old the word of whoever makes the records may be, in milliseconds, to be of late.
pub const MAX_WORD_AGE_MS: u64 = 10 * 60 * 1000;

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

/// What is said of the bytes of a record that a header brings and that is not known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// They are a record.
    Good(TakeOver),
    /// They are none.
    Bad,
    /// They may be one that says this: others may have heard of it earlier.
    Open(TakeOver),
}

/// Says whether bytes are a record above the block with a hash. It is asked for each header that brings what is not known,
/// so it must answer soon.
pub type Judge = Arc<dyn Fn(&Hash, &[u8]) -> Verdict + Send + Sync>;

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

/// What is known, by the hash of the head.
#[derive(Default)]
struct Known {
    by_parent: HashMap<Hash, Arc<TakeOver>>,
    /// The heads by height, for the order in which they give way.
    heights: BTreeSet<(Height, Hash)>,
    /// The time of the last word of whoever makes the records by which all of them were announced, in milliseconds since
    /// 1970; 0 if there was none yet.
    word_ms: u64,
    /// The last block that waits until somebody can tell whether its record is good.
    waiting: Option<Waiting>,
    /// Parents for which it was said that such a record came, and at which height.
    told: BTreeSet<(Height, Hash)>,
}

/// A block that waits.
struct Waiting {
    hash: Hash,
    height: Height,
    /// The block before.
    parent: Hash,
    /// What it brings.
    record: Vec<u8>,
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
    /// Whom to ask for records that are not known, if they may come at any time, and to peers earlier than to this node.
    judge: Option<Judge>,
    /// How old the head may be, in milliseconds, while there can be no record above it; none if this node lacks none at any time.
    max_unsure_age_ms: Option<u64>,
}

impl Default for Recoveries {
    fn default() -> Self {
        Self {
            known: Arc::default(),
            news: Arc::new(watch::channel(0).0),
            judge: None,
            max_unsure_age_ms: None,
        }
    }
}

impl Recoveries {
    /// The records of a chain whose sets somebody assigns who tells this node of them, and for whom `judge` says of others
    /// whether they are good. On any other chain a block with a record that is not known is a bad one. There is none above a
    /// head that is not older than `max_unsure_age_ms` milliseconds.
    pub fn awaited(judge: Judge, max_unsure_age_ms: u64) -> Self {
        Self {
            judge: Some(judge),
            max_unsure_age_ms: Some(max_unsure_age_ms),
            ..Self::default()
        }
    }

    /// Whether records may come of which peers know earlier than this node.
    pub fn are_awaited(&self) -> bool {
        self.judge.is_some()
    }

    /// All that whoever makes the records had said at `word_ms`, in milliseconds since 1970, has been announced. It is news
    /// if the word before is too old beside it.
    pub fn set_current(&self, word_ms: u64) {
        let mut known = self.known.write();
        let is_news = word_ms.saturating_sub(known.word_ms) > MAX_WORD_AGE_MS;
        known.word_ms = known.word_ms.max(word_ms);
        drop(known);
        if is_news {
            self.tell_news();
        }
    }

    /// Whether there may be a record above a block that was made at `made_ms`, none if that is not known, of which this node
    /// has not heard. `now_ms` is the local clock, all are in milliseconds since 1970.
    pub fn may_lack_one(&self, made_ms: Option<u64>, now_ms: u64) -> bool {
        self.may_be_one(made_ms, now_ms)
            && now_ms.saturating_sub(self.known.read().word_ms) > MAX_WORD_AGE_MS
    }

    /// Whether such a block is old enough for a record above it.
    fn may_be_one(&self, made_ms: Option<u64>, now_ms: u64) -> bool {
        let is_older =
            |age_ms| made_ms.is_none_or(|made_ms| now_ms.saturating_sub(made_ms) > age_ms);
        self.max_unsure_age_ms.is_some_and(is_older)
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
        self.tell_news();
        Ok(true)
    }

    fn tell_news(&self) {
        self.news
            .send_modify(|count| *count = count.wrapping_add(1));
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

    /// Whether the block at `height` is the first of a set that a record puts in place.
    pub fn begin_at(&self, height: Height) -> bool {
        height.checked_sub(1).is_some_and(|head| {
            let known = self.known.read();
            let mut from_there = known.heights.range((head, Hash::zero())..);
            from_there.next().is_some_and(|(height, _)| *height == head)
        })
    }

    /// All records, the lowest first.
    pub fn all(&self) -> Vec<Arc<TakeOver>> {
        let known = self.known.read();
        let heads = known.heights.iter();
        heads
            .filter_map(|(_, parent)| known.by_parent.get(parent).cloned())
            .collect()
    }

    /// Changes with each record that comes, and with a [word](Self::set_current) that comes after a long time. That a word
    /// grows old is no news.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// What is to be said of `record`, which is not known, and which `header` brings, above a block that was made at `made_ms`.
    /// Above a young one it is not open. Units as with [`may_lack_one`](Self::may_lack_one).
    pub fn judge(
        &self,
        header: &Header,
        record: &[u8],
        made_ms: Option<u64>,
        now_ms: u64,
    ) -> Verdict {
        let verdict = match &self.judge {
            Some(judge) => judge(header.parent_hash(), record),
            None => Verdict::Bad,
        };
        let verdict = match verdict {
            Verdict::Open(_) if !self.may_be_one(made_ms, now_ms) => Verdict::Bad,
            verdict => verdict,
        };
        if !self.are_awaited() || matches!(verdict, Verdict::Open(_)) {
            self.tell_unknown(header);
        }
        verdict
    }

    /// Keep in mind that the block of `header` waits until somebody can tell whether `record`, which it brings, is good.
    pub fn wait(&self, header: &Header, record: Vec<u8>) {
        self.known.write().waiting = Some(Waiting {
            hash: header.hash(),
            height: *header.number(),
            parent: *header.parent_hash(),
            record,
        });
    }

    /// The last block that waits, once its record is known: to be fetched again. One whose record is never known stays until
    /// another one takes its place.
    pub fn take_waiting(&self) -> Option<(Hash, Height)> {
        let mut known = self.known.write();
        let waiting = known.waiting.as_ref()?;
        let takeover = known.by_parent.get(&waiting.parent)?;
        if takeover.record != waiting.record {
            return None;
        }
        let waiting = known.waiting.take()?;
        Some((waiting.hash, waiting.height))
    }

    /// Say, once of the same parent, that a header brings a record of which nobody here can tell whether it is good.
    fn tell_unknown(&self, header: &Header) {
        let (height, parent) = (header.number().saturating_sub(1), *header.parent_hash());
        let mut known = self.known.write();
        let is_news = known.told.insert((height, parent));
        if known.told.len() > MAX_TOLD {
            known.told.pop_first();
        }
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
    }
}

#[cfg(test)]
#[path = "recoveries_tests.rs"]
mod tests;
