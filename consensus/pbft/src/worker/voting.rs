// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Whether this node may sign at a height, and the vote log that answers for it.

use super::unix_ms;
use crate::{
    authorities::HeightState,
    block::import::DecidedLog,
    crypto::KeystoreCrypto,
    metrics::Metrics,
    network::BlockProvider,
    types::ProposedBlock,
    vote_log::{Condition, Entry, VoteLog, VoteLogError},
    LOG_TARGET,
};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{AuthorityId, AuthorityIndex, AuthoritySet, Certificate, Hash, Height};
use hansa_primitives::Block;
use log::{error, info, warn};
use parking_lot::Mutex;
use sp_consensus::BlockOrigin;
use std::{io, path::PathBuf, sync::Arc};

/// After how many heights of a bulk sync the log is made durable.
const BULK_SYNC_HEIGHTS: u32 = 256;

/// The open vote log. The worker writes votes to it; block import writes decided blocks; the
/// network reads blocks for others.
#[derive(Clone, Default)]
pub(crate) struct OpenLog(Arc<Mutex<Option<(AuthorityId, VoteLog)>>>);

impl OpenLog {
    /// Do `work` with the log if one is open.
    fn with<T>(&self, work: impl FnOnce(&mut VoteLog) -> T) -> Option<T> {
        self.0.lock().as_mut().map(|(_, log)| work(log))
    }
}

impl BlockProvider for OpenLog {
    // The log has every block that this node voted for before the vote leaves.
    fn encoded_block(&self, _: Height, hash: Hash) -> Option<Vec<u8>> {
        self.with(|log| log.encoded_block(&hash).ok().flatten())
            .flatten()
    }
}

impl DecidedLog for OpenLog {
    fn record(
        &self,
        block: &Block,
        certificate: &Certificate,
        origin: BlockOrigin,
    ) -> io::Result<()> {
        let record = |log: &mut VoteLog| {
            if log
                .last_decided()
                .is_some_and(|last| last >= certificate.height)
            {
                return Ok(());
            }
            let bulk = matches!(origin, BlockOrigin::NetworkInitialSync | BlockOrigin::File);
            // The network has old blocks; the log keeps those that it may not have yet.
            if !bulk {
                let parent = certificate.height.checked_sub(1);
                let parent_certificate = parent.and_then(|height| log.decided(height)).cloned();
                let block = block.clone();
                log.append(Entry::Block(ProposedBlock {
                    block,
                    parent_certificate,
                }))?;
            }
            log.append(Entry::Decided(certificate.clone()))?;
            if !bulk || certificate.height.checked_rem(BULK_SYNC_HEIGHTS) == Some(0) {
                log.sync()?;
                log.maintain()?;
            }
            Ok::<_, VoteLogError>(())
        };
        self.with(record)
            .unwrap_or(Ok(()))
            .map_err(io::Error::other)
    }
}

/// What this node may do at a height.
#[derive(Default, Debug)]
pub(crate) struct Mandate {
    /// Its position in the set; none if it is no authority, or must be silent at this height.
    pub local: Option<AuthorityIndex>,
    /// Its key in the set, whether it may sign or not.
    pub key: Option<AuthorityId>,
    /// What it has signed at this height before.
    pub restored: Vec<Record>,
}

/// The local authority's vote log, opened for the key that the keystore and the set have in common.
pub(crate) struct Voting {
    dir: PathBuf,
    genesis: Hash,
    crypto: KeystoreCrypto,
    open: OpenLog,
    /// When the log was opened, by the local clock, in milliseconds since 1970.
    opened_at_ms: u64,
    /// Whether the operator was told that the log may be incomplete.
    warned: bool,
    metrics: Metrics,
}

impl Voting {
    pub fn new(dir: PathBuf, genesis: Hash, crypto: KeystoreCrypto, metrics: Metrics) -> Self {
        Self {
            dir,
            genesis,
            crypto,
            open: OpenLog::default(),
            opened_at_ms: 0,
            warned: false,
            metrics,
        }
    }

    /// The log, for those who read from it or write decided blocks to it.
    pub fn log(&self) -> OpenLog {
        self.open.clone()
    }

    /// Open the log of the key that this node has in `set`. A key that is not yet in the set gets
    /// its log, too: so the log is complete when it is.
    pub fn open(
        &mut self,
        height: Height,
        set: &AuthoritySet,
    ) -> Result<Option<(AuthorityIndex, AuthorityId)>, VoteLogError> {
        let member = self.crypto.local_authority(set);
        let key = member
            .as_ref()
            .map(|(_, key)| key.clone())
            .or_else(|| self.crypto.any_key());
        if let Some(key) = key {
            self.open_for(&key, height)?;
        }
        Ok(member)
    }

    /// Find out what this node may do at `height`, decided under `state`, above a parent with
    /// timestamp `parent_ms`.
    ///
    /// If the log may lack signatures, nothing is signed until a block is final that was proposed
    /// after the node started: its timestamp is later than the start by more than a proposer's
    /// clock may be ahead. That block was not final when the lost signatures were made, so they are
    /// for its height or lower ones.
    pub fn mandate(
        &mut self,
        height: Height,
        state: &HeightState,
        parent_ms: Option<u64>,
    ) -> Result<Mandate, VoteLogError> {
        let (local, member_key) = self.open(height, &state.set)?.unzip();
        let mut open = self.open.0.lock();
        let Some((key, log)) = open.as_mut() else {
            return Ok(Mandate::default());
        };
        if log.signing_from().is_none_or(|from| from > height) {
            let drift_ms = u64::from(state.timing.max_clock_drift_ms);
            let safe_after_ms = self.opened_at_ms.saturating_add(drift_ms);
            if parent_ms.is_none_or(|parent_ms| parent_ms <= safe_after_ms) {
                if local.is_some() && !std::mem::replace(&mut self.warned, true) {
                    warn!(
                        target: LOG_TARGET,
                        "🤐 The vote log of {key} may lack votes that this key has cast. To be safe \
                         nothing is signed, from height {height} on, until the others have made a \
                         block final that was proposed after this start."
                    );
                }
                return Ok(Mandate {
                    key: member_key,
                    ..Mandate::default()
                });
            }
            log.allow_signing_from(height)?;
            info!(target: LOG_TARGET, "🗳 The vote log of {key} is complete from height {height} on.");
        }
        let restored = if local.is_some() {
            log.records(height).to_vec()
        } else {
            Vec::new()
        };
        Ok(Mandate {
            local,
            key: member_key,
            restored,
        })
    }

    fn open_for(&mut self, key: &AuthorityId, height: Height) -> Result<(), VoteLogError> {
        let mut open = self.open.0.lock();
        if open.as_ref().is_some_and(|(open, _)| open == key) {
            return Ok(());
        }
        // Close the old one first: a file is never open twice.
        *open = None;
        self.opened_at_ms = unix_ms();
        self.warned = false;
        let (mut log, recovered) = VoteLog::open(&self.dir, self.genesis, Some(key))?;
        match recovered.condition {
            // A chain that is fresh from genesis has no votes that could be missing.
            Condition::Fresh if height <= 1 => log.allow_signing_from(height)?,
            Condition::Fresh | Condition::Intact => {}
            Condition::TornTail { removed_bytes } => info!(
                target: LOG_TARGET,
                "The last {removed_bytes} bytes of the vote log were cut off while they were \
                 written; they never took effect."
            ),
            Condition::Damaged { offset_bytes } => error!(
                target: LOG_TARGET,
                "The vote log is damaged from byte {offset_bytes} on; the file was put aside."
            ),
        }
        // Blocks became final without this log: it is an old copy.
        let behind = log
            .last_decided()
            .is_some_and(|last| last.saturating_add(1) < height);
        if behind && log.signing_from().is_some() {
            log.append(Entry::Incomplete)?;
            log.sync()?;
        }
        *open = Some((key.clone(), log));
        Ok(())
    }

    /// Make `records` of `height` durable, with the blocks that they speak of.
    pub fn persist<'a>(
        &self,
        height: Height,
        records: Vec<Record>,
        block: impl Fn(&Hash) -> Option<&'a ProposedBlock>,
    ) -> Result<(), VoteLogError> {
        let append = |log: &mut VoteLog| {
            for record in records {
                if let Some(block) = record.block().and_then(|hash| block(&hash)) {
                    log.append(Entry::Block(block.clone()))?;
                }
                log.append(Entry::Record { height, record })?;
            }
            self.sync(log)
        };
        self.open.with(append).unwrap_or(Ok(()))
    }

    /// Make it durable that `certificate` decided its height, with the block.
    pub fn decided(
        &self,
        certificate: &Certificate,
        block: &ProposedBlock,
    ) -> Result<(), VoteLogError> {
        let append = |log: &mut VoteLog| {
            if log
                .last_decided()
                .is_some_and(|last| last >= certificate.height)
            {
                return Ok(());
            }
            log.append(Entry::Block(block.clone()))?;
            log.append(Entry::Decided(certificate.clone()))?;
            self.sync(log)
        };
        self.open.with(append).unwrap_or(Ok(()))
    }

    /// Keep the file small. Called when a height is decided, when no vote waits.
    pub fn maintain(&self) -> Result<(), VoteLogError> {
        self.open
            .with(|log| log.maintain().map(drop))
            .unwrap_or(Ok(()))
    }

    /// The certificates of the decided heights above `height` that the log holds, ascending.
    pub fn decided_above(&self, height: Height) -> Vec<Certificate> {
        self.open
            .with(|log| log.decided_above(height))
            .unwrap_or_default()
    }

    /// A block that is in the log.
    pub fn block(&self, hash: &Hash) -> Option<ProposedBlock> {
        self.open
            .with(|log| log.block(hash))?
            .unwrap_or_else(|error| {
                error!(target: LOG_TARGET, "{error}");
                None
            })
    }

    /// The certificate of a height that the log holds as decided.
    pub fn decided_at(&self, height: Height) -> Option<Certificate> {
        self.open.with(|log| log.decided(height).cloned()).flatten()
    }

    fn sync(&self, log: &mut VoteLog) -> Result<(), VoteLogError> {
        let took = log.sync()?;
        self.metrics
            .vote_log_sync_seconds
            .observe(took.as_secs_f64());
        self.metrics.vote_log_bytes.set(log.file_bytes());
        Ok(())
    }
}
