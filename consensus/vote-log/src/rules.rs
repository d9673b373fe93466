// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a validator does with its log: when it may sign after a restart, and what is durable before
//! what is done. The node and the simulation go by these same rules.

use crate::{Condition, Disk, Entry, LoggedBlock, Recovered, VoteLog, VoteLogError};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{AuthorityId, AuthoritySet, Certificate, Hash, Height, Message, SetId};
use std::{path::Path, time::Duration};

/// Whether the key of a log may sign at a height.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// It may: what it signed there before stands in the log.
    Granted,
    /// It may from this height on, which the log has just been told.
    GrantedNow,
    /// The log may lack signatures for the height: nothing may be signed.
    Silent,
    /// The log holds the height as decided, and no longer what the key signed there: nothing has to
    /// be signed, since the block comes by replay or by sync.
    Decided,
    /// The key has begun to sign at the height under a later set, which took the place of the one in
    /// question: nothing may be signed under this one any more.
    Superseded,
}

/// A height at which a key may have to sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Occasion {
    /// The height.
    pub height: Height,
    /// The set that decides it.
    pub set: SetId,
    /// The timestamp of its parent, in milliseconds since 1970; none of genesis.
    pub parent_ms: Option<u64>,
    /// What is known of the record that put the set in place, if one did at this very height.
    pub taken_over: Option<TakenOver>,
}

/// A record that put a set in place of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TakenOver {
    /// A time at which there was no such record yet, in milliseconds since 1970, if one is known.
    pub made_after_ms: Option<u64>,
}

impl Occasion {
    /// A time before which nothing can have been signed here, if one is known: the block above a
    /// parent is not voted on before the parent is proposed, and nothing is signed under a set that
    /// a record makes before there is that record.
    fn begins_ms(&self) -> Option<u64> {
        let made = self.taken_over.and_then(|record| record.made_after_ms);
        self.parent_ms.max(made)
    }
}

impl<B: LoggedBlock, D: Disk> VoteLog<B, D> {
    /// Open the log of a validator whose chain has decided all heights below `height`, as the
    /// database says.
    ///
    /// A new log is complete only on a chain that is new itself. A log that lacks decided heights
    /// that the database has is an old copy, and not complete.
    pub fn open_at(
        disk: D,
        dir: &Path,
        genesis: Hash,
        key: &AuthorityId,
        height: Height,
    ) -> Result<(Self, Recovered), VoteLogError> {
        let (mut log, recovered) = Self::open_on(disk, dir, genesis, Some(key))?;
        if recovered.condition == Condition::Fresh && height <= 1 {
            log.allow_signing_from(height)?;
        }
        let behind = log
            .last_decided()
            .is_some_and(|last| last.saturating_add(1) < height);
        if behind && log.signing_from().is_some() {
            log.append(Entry::Incomplete)?;
            log.sync()?;
        }
        Ok((log, recovered))
    }

    /// Find out whether the key may sign on `occasion`, at the child of a final block.
    ///
    /// If the log may lack signatures, nothing is signed until a block is final that was proposed
    /// after the node started: its timestamp is later than `safe_after_ms`, which is the time at
    /// which the log was opened and, on top, by how much a proposer's clock may be ahead. That
    /// block was not final when the lost signatures were made, so they are for its height or lower
    /// ones. The same holds if a record put the set in place and was made after that time: the lost
    /// signatures are of older sets.
    ///
    /// If a record put the set in place, that is made durable in the log first.
    pub fn permission(
        &mut self,
        occasion: &Occasion,
        safe_after_ms: u64,
    ) -> Result<Permission, VoteLogError> {
        let Occasion { height, set, .. } = *occasion;
        if self.last_decided().is_some_and(|last| height <= last) {
            return Ok(Permission::Decided);
        }
        if !self.admits(height, set) {
            return Ok(Permission::Superseded);
        }
        if occasion.taken_over.is_some() {
            self.sign_under(height, set)?;
        }
        if self.signing_from().is_some_and(|from| from <= height) {
            return Ok(Permission::Granted);
        }
        if occasion
            .begins_ms()
            .is_none_or(|begins_ms| begins_ms <= safe_after_ms)
        {
            return Ok(Permission::Silent);
        }
        self.allow_signing_from(height)?;
        Ok(Permission::GrantedNow)
    }

    /// Hold `certificate`, which decided its height in `set`, against the log. If the log's key has
    /// signed it and the log, which calls itself complete, does not know, then it is an old copy
    /// (put back from a backup with the database, say): it is marked as incomplete, durably, so
    /// that [`permission`](Self::permission) is silence. Returns whether that was so.
    ///
    /// To be called before the height is noted as decided, also for heights that come by sync.
    pub fn audit(
        &mut self,
        certificate: &Certificate,
        set: &AuthoritySet,
    ) -> Result<bool, VoteLogError> {
        let height = certificate.height;
        let complete = self.signing_from().is_some_and(|from| from <= height);
        if !complete || self.last_decided().is_some_and(|last| height <= last) {
            return Ok(false);
        }
        let signed = certificate
            .signers
            .iter()
            .filter_map(|signer| set.get(signer))
            .any(|authority| Some(&authority.key) == self.key());
        let known = self.records(height).iter().any(|record| match record {
            Record::Sent(Message::Vote(vote)) => {
                vote.view == certificate.view && vote.statement == certificate.statement()
            }
            _ => false,
        });
        if !signed || known {
            return Ok(false);
        }
        self.append(Entry::Incomplete)?;
        self.sync()?;
        Ok(true)
    }

    /// Make `records` of `height` durable, with the blocks that they speak of as far as `block`
    /// has them.
    pub fn persist(
        &mut self,
        height: Height,
        records: Vec<Record>,
        block: impl Fn(&Hash) -> Option<B>,
    ) -> Result<Duration, VoteLogError> {
        for record in records {
            if let Some(block) = record.block().and_then(|hash| block(&hash)) {
                self.append(Entry::Block(block))?;
            }
            self.append(Entry::Record { height, record })?;
        }
        self.sync()
    }

    /// Make it durable that `certificate` decided its height, with the block. Nothing is done if
    /// the log knows already.
    pub fn decide(
        &mut self,
        certificate: &Certificate,
        block: B,
    ) -> Result<Duration, VoteLogError> {
        if self
            .last_decided()
            .is_some_and(|last| last >= certificate.height)
        {
            return Ok(Duration::ZERO);
        }
        self.append(Entry::Block(block))?;
        self.append(Entry::Decided(certificate.clone()))?;
        self.sync()
    }

    /// Note that `certificate` decided its height, without the block, which the network has: for
    /// heights that come in bulk, or that another key decided. It outlives the process, since a log
    /// that is behind the database counts as an old copy; it is made durable every `sync_heights`
    /// heights, and the file kept small then.
    pub fn note_decided(
        &mut self,
        certificate: &Certificate,
        sync_heights: Height,
    ) -> Result<(), VoteLogError> {
        self.append(Entry::Decided(certificate.clone()))?;
        if certificate.height.checked_rem(sync_heights) == Some(0) {
            self.sync()?;
            return self.maintain().map(drop);
        }
        self.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        test_support::{block, certificate, decide, key, open, pair, prepare, TestLog, GENESIS},
        OsDisk,
    };
    use hansa_pbft_primitives::{statement::NO_PROOF, Authority, VoteKind};
    use sp_core::Pair;
    use tempfile::TempDir;

    #[test]
    fn a_key_may_sign_where_its_log_is_complete() {
        // (the log says: sign from, height, timestamp of the parent, permission); safe after 100 ms,
        // height 3 is decided.
        let table = [
            (Some(1), 4, Some(5), Permission::Granted),
            (Some(4), 4, Some(5), Permission::Granted),
            (Some(1), 3, Some(500), Permission::Decided),
            (Some(1), 1, None, Permission::Decided),
            (Some(6), 5, Some(100), Permission::Silent),
            (Some(6), 5, Some(101), Permission::GrantedNow),
            (None, 4, None, Permission::Silent),
            (None, 4, Some(100), Permission::Silent),
            (None, 4, Some(101), Permission::GrantedNow),
        ];
        for (from, height, parent_ms, expected) in table {
            let dir = TempDir::new().unwrap();
            let (mut log, _) = open(&dir);
            decide(&mut log, 3);
            if let Some(from) = from {
                log.allow_signing_from(from).unwrap();
            }
            let occasion = Occasion {
                height,
                set: 0,
                parent_ms,
                taken_over: None,
            };
            let seen = log.permission(&occasion, 100).unwrap();
            assert_eq!(seen, expected, "{from:?}, {height}, {parent_ms:?}");
            if seen == Permission::GrantedNow {
                assert_eq!(log.signing_from(), Some(height));
            }
        }
    }

    /// Height 4 under a set that a record put in place.
    fn taken_over(set: SetId, made_after_ms: Option<u64>) -> Occasion {
        Occasion {
            height: 4,
            set,
            parent_ms: Some(5),
            taken_over: Some(TakenOver { made_after_ms }),
        }
    }

    #[test]
    fn under_a_set_that_a_record_made_a_sound_log_signs_at_once() {
        // (the log says: sign from, the record was made after, permission); safe after 100 ms.
        let table = [
            (Some(1), None, Permission::Granted),
            (Some(5), None, Permission::Silent),
            (None, None, Permission::Silent),
            (None, Some(100), Permission::Silent),
            (None, Some(101), Permission::GrantedNow),
        ];
        for (from, made_after_ms, expected) in table {
            let dir = TempDir::new().unwrap();
            let (mut log, _) = open(&dir);
            decide(&mut log, 3);
            if let Some(from) = from {
                log.allow_signing_from(from).unwrap();
            }
            let seen = log.permission(&taken_over(7, made_after_ms), 100);
            assert_eq!(seen.unwrap(), expected, "{from:?}, {made_after_ms:?}");
            assert_eq!(log.under(), Some((4, 7)), "durable in any case");
            assert!(!log.has_pending());
        }
    }

    #[test]
    fn nothing_is_signed_under_an_older_set_once_a_later_one_has_begun() {
        let dir = TempDir::new().unwrap();
        let (mut log, _) = open(&dir);
        decide(&mut log, 3);
        log.allow_signing_from(1).unwrap();
        let old = Occasion {
            taken_over: None,
            ..taken_over(6, None)
        };
        assert_eq!(log.permission(&old, 100).unwrap(), Permission::Granted);
        let record = prepare(4, 0);
        log.append(Entry::Record { height: 4, record }).unwrap();
        log.sync().unwrap();
        let new = taken_over(7, None);
        assert_eq!(log.permission(&new, 100).unwrap(), Permission::Granted);
        assert!(log.records(4).is_empty(), "no votes of the new set");
        log.append(Entry::Record {
            height: 4,
            record: prepare(4, 1),
        })
        .unwrap();
        log.sync().unwrap();
        drop(log);
        // It starts again, and does not know of the record yet.
        let opened = TestLog::open_at(OsDisk, dir.path(), GENESIS, &key(), 4);
        let mut log = opened.unwrap().0;
        assert_eq!(log.permission(&old, 100).unwrap(), Permission::Superseded);
        assert_eq!(log.permission(&new, 100).unwrap(), Permission::Granted);
        assert_eq!(log.records(4), [prepare(4, 1)]);
        // A record that is older than what the log knows is none any more; a later one is.
        let older = taken_over(6, Some(500));
        assert_eq!(log.permission(&older, 100).unwrap(), Permission::Superseded);
        let later = taken_over(9, None);
        assert_eq!(log.permission(&later, 100).unwrap(), Permission::Granted);
        assert!(log.records(4).is_empty());
        assert_eq!(log.under(), Some((4, 9)));
    }

    #[test]
    fn the_set_that_took_over_outlives_rewriting_cutting_and_restarts() {
        let dir = TempDir::new().unwrap();
        let (mut log, _) = open(&dir);
        log.allow_signing_from(1).unwrap();
        decide(&mut log, 1);
        let record = |log: &mut TestLog, height, view| {
            let record = prepare(height, view);
            log.append(Entry::Record { height, record }).unwrap();
        };
        log.append(Entry::Block(block(2, 7))).unwrap();
        record(&mut log, 2, 0);
        log.sign_under(2, 5).unwrap();
        assert!(!log.has_pending() && log.records(2).is_empty());
        assert!(log.block(&block(2, 7).hash()).unwrap().is_some());
        record(&mut log, 2, 3);
        log.sync().unwrap();
        let bytes = log.file_bytes();
        log.sign_under(2, 5).unwrap();
        log.sign_under(2, 4).unwrap();
        assert_eq!(log.file_bytes(), bytes, "it says so already");
        log.rewrite(false).unwrap();
        drop(log);
        let (mut log, found) = open(&dir);
        assert_eq!(found.condition, Condition::Intact);
        assert_eq!(
            (log.under(), log.records(2)),
            (Some((2, 5)), &[prepare(2, 3)][..])
        );
        for (height, set, admitted) in [
            (1, 0, true),
            (2, 4, false),
            (2, 5, true),
            (9, 4, false),
            (9, 6, true),
        ] {
            assert_eq!(log.admits(height, set), admitted, "{height}, {set}");
        }
        log.cut_above(1).unwrap();
        drop(log);
        assert_eq!(open(&dir).0.under(), Some((2, 5)));
    }

    #[test]
    fn a_new_log_is_complete_on_a_new_chain_only_and_an_old_copy_never_is() {
        for (height, from) in [(1, Some(1)), (2, None), (700, None)] {
            let dir = TempDir::new().unwrap();
            let opened = TestLog::open_at(OsDisk, dir.path(), GENESIS, &key(), height);
            assert_eq!(opened.unwrap().0.signing_from(), from, "height {height}");
        }
        for (height, from) in [(3, Some(1)), (4, Some(1)), (5, None)] {
            let dir = TempDir::new().unwrap();
            let (mut log, _) = open(&dir);
            log.allow_signing_from(1).unwrap();
            decide(&mut log, 3);
            drop(log);
            let opened = TestLog::open_at(OsDisk, dir.path(), GENESIS, &key(), height);
            assert_eq!(opened.unwrap().0.signing_from(), from, "height {height}");
        }
    }

    #[test]
    fn a_certificate_with_an_unknown_vote_of_the_key_shows_an_old_copy() {
        let member = |seed: u8| Authority {
            key: pair(seed).public(),
            weight: 1,
        };
        // The signer is number 0: the key of the log, or somebody else.
        for (first, has_voted, old) in [(1, false, true), (1, true, false), (2, false, false)] {
            let set = AuthoritySet::new(0, vec![member(first), member(7)]).unwrap();
            let dir = TempDir::new().unwrap();
            let (mut log, _) = open(&dir);
            log.allow_signing_from(1).unwrap();
            let hash = Hash::repeat_byte(9);
            let mut decision = certificate(VoteKind::Commit, 1, 0, hash);
            decision.signers = hansa_pbft_primitives::SignerBitmap::new(2, [0]);
            if has_voted {
                let record = match prepare(1, 0) {
                    Record::Sent(Message::Vote(mut vote)) => {
                        vote.statement = VoteKind::Commit.statement(hash, NO_PROOF);
                        Record::Sent(Message::Vote(vote))
                    }
                    other => other,
                };
                log.append(Entry::Record { height: 1, record }).unwrap();
            }
            assert_eq!(log.audit(&decision, &set).unwrap(), old);
            assert_eq!(log.signing_from().is_none(), old);
        }
    }
}
