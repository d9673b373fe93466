// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a validator does with its log: when it may sign after a restart, and what is durable before
//! what is done. The node and the simulation go by these same rules.

use crate::{Condition, Disk, Entry, LoggedBlock, Recovered, VoteLog, VoteLogError};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{AuthorityId, AuthoritySet, Certificate, Hash, Height, Message};
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

    /// Find out whether the key may sign at `height`, the child of a final block with timestamp
    /// `parent_ms` (none: genesis).
    ///
    /// If the log may lack signatures, nothing is signed until a block is final that was proposed
    /// after the node started: its timestamp is later than `safe_after_ms`, which is the time at
    /// which the log was opened and, on top, by how much a proposer's clock may be ahead. That
    /// block was not final when the lost signatures were made, so they are for its height or lower
    /// ones.
    pub fn permission(
        &mut self,
        height: Height,
        parent_ms: Option<u64>,
        safe_after_ms: u64,
    ) -> Result<Permission, VoteLogError> {
        if self.last_decided().is_some_and(|last| height <= last) {
            return Ok(Permission::Decided);
        }
        if self.signing_from().is_some_and(|from| from <= height) {
            return Ok(Permission::Granted);
        }
        if parent_ms.is_none_or(|parent_ms| parent_ms <= safe_after_ms) {
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
        test_support::{certificate, decide, key, open, pair, prepare, TestLog, GENESIS},
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
            let seen = log.permission(height, parent_ms, 100).unwrap();
            assert_eq!(seen, expected, "{from:?}, {height}, {parent_ms:?}");
            if seen == Permission::GrantedNow {
                assert_eq!(log.signing_from(), Some(height));
            }
        }
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
