// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Whether this node may sign at a height, and the vote log that answers for it.

use super::standby::{Opened, Standby};
use crate::{
    authorities::HeightState,
    block::import::DecidedLog,
    crypto::KeystoreCrypto,
    metrics::{Metrics, VotingState},
    network::BlockProvider,
    types::ProposedBlock,
    vote_log::{keys_with_log, Permission, VoteLog, VoteLogError},
    LOG_TARGET,
};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{AuthorityId, AuthorityIndex, AuthoritySet, Certificate, Hash, Height};
use hansa_primitives::Block;
use hansa_vote_log::{Occasion, Standing, StartGate, TakenOver};
use log::{error, info, warn};
use parking_lot::Mutex;
use sp_consensus::BlockOrigin;
use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// After how many heights of a bulk sync the log is made durable.
const BULK_SYNC_HEIGHTS: Height = 256;

/// The open vote log. The worker writes votes to it; block import writes decided blocks; the
/// network reads blocks for others.
#[derive(Clone, Default)]
pub(crate) struct OpenLog(Arc<Mutex<Option<VoteLog>>>);

impl OpenLog {
    /// Do `work` with the log if one is open.
    fn with<T>(&self, work: impl FnOnce(&mut VoteLog) -> T) -> Option<T> {
        self.0.lock().as_mut().map(work)
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
        set: &AuthoritySet,
        origin: BlockOrigin,
    ) -> io::Result<()> {
        let record = |log: &mut VoteLog| {
            audit(log, certificate, set)?;
            // The network has old blocks; the log keeps those that it may not have yet.
            if matches!(origin, BlockOrigin::NetworkInitialSync | BlockOrigin::File) {
                return log.note_decided(certificate, BULK_SYNC_HEIGHTS);
            }
            // Of the parent the log may have what a set decided that a record has replaced since.
            let parent = certificate.height.checked_sub(1);
            let parent_certificate = parent
                .and_then(|height| log.decided(height))
                .filter(|decided| decided.hash == block.header.parent_hash)
                .cloned();
            let block = block.clone();
            log.decide(
                certificate,
                ProposedBlock {
                    block,
                    parent_certificate,
                },
            )?;
            log.maintain().map(drop)
        };
        self.with(record)
            .unwrap_or(Ok(()))
            .map_err(io::Error::other)
    }
}

/// Hold what decided a height against the log: it may turn out to be an old copy.
fn audit(
    log: &mut VoteLog,
    certificate: &Certificate,
    set: &AuthoritySet,
) -> Result<(), VoteLogError> {
    if log.audit(certificate, set)? {
        error!(
            target: LOG_TARGET,
            "The certificate of height {} has a vote of this node's key that its vote log does not \
             know: the log is an old copy, or another node has the same key. Nothing is signed \
             until the others have made a block final that was proposed after this start.",
            certificate.height
        );
    }
    Ok(())
}

/// The height that is decided under `state` above a parent with timestamp `parent_ms`, as the vote log
/// asks for it.
fn occasion(height: Height, state: &HeightState, parent_ms: Option<u64>) -> Occasion {
    let taken_over = state.recovery.as_ref().map(|recovery| TakenOver {
        made_after_ms: recovery.made_after_ms,
    });
    Occasion {
        height,
        set: state.set.id,
        parent_ms,
        taken_over,
    }
}

/// What this node may do at a height.
#[derive(Default, Debug)]
pub(crate) struct Mandate {
    /// Its position in the set; none if it is no authority, or must be silent at this height.
    pub local: Option<AuthorityIndex>,
    /// Its key in the set, whether it may sign or not.
    pub key: Option<AuthorityId>,
    /// Whether it would be allowed to sign but for the start gate.
    pub gated: bool,
    /// Whether it is an authority of a set of which it does not know whether that still decides.
    pub held_back: bool,
    /// What it has signed at this height before.
    pub restored: Vec<Record>,
}

impl Mandate {
    /// To say nothing at all, not even who it is, as long as it is not known whether the set still decides. Whether it is in
    /// that set is for whoever watches.
    pub fn held_back(in_set: bool) -> Self {
        Self {
            held_back: in_set,
            ..Self::default()
        }
    }

    /// The same in a word, for whoever watches.
    pub fn voting_state(&self) -> VotingState {
        match (&self.local, &self.key) {
            (Some(_), _) => VotingState::Voting,
            (None, _) if self.gated || self.held_back => VotingState::Starting,
            (None, None) => VotingState::NotInSet,
            (None, Some(_)) => VotingState::LogIncomplete,
        }
    }
}

/// The local authority's vote log, opened for the key that the keystore and the set have in common.
pub(crate) struct Voting {
    dir: PathBuf,
    genesis: Hash,
    crypto: KeystoreCrypto,
    open: OpenLog,
    standby: Standby,
    /// When the log was opened, by the local clock, in milliseconds since 1970.
    opened_at_ms: u64,
    /// Whether the operator was told that the log may be incomplete.
    warned: bool,
    gate: StartGate,
    metrics: Metrics,
}

impl Voting {
    pub fn new(dir: PathBuf, genesis: Hash, crypto: KeystoreCrypto, metrics: Metrics) -> Self {
        Self {
            standby: Standby::new(dir.clone(), genesis),
            dir,
            genesis,
            crypto,
            open: OpenLog::default(),
            opened_at_ms: 0,
            warned: false,
            gate: StartGate::new(Instant::now()),
            metrics,
        }
    }

    /// The log, for those who read from it or write decided blocks to it.
    pub fn log(&self) -> OpenLog {
        self.open.clone()
    }

    /// How this node signs and verifies.
    pub fn crypto(&self) -> &KeystoreCrypto {
        &self.crypto
    }

    /// Whether this node can sign with `key`.
    pub fn holds(&self, key: &AuthorityId) -> bool {
        self.crypto.holds(key)
    }

    /// Open the log of the key that this node has in `set`. Keys that are not in the set get
    /// theirs, too: so the log is complete when the key is in the set.
    pub fn open(
        &mut self,
        height: Height,
        set: &AuthoritySet,
    ) -> Result<Option<(AuthorityIndex, AuthorityId)>, VoteLogError> {
        let member = self.crypto.local_authority(set);
        let keys = self.crypto.keys();
        let key = member
            .as_ref()
            .map(|(_, key)| key.clone())
            .or_else(|| keys.first().cloned());
        if let Some(key) = key {
            self.open_for(&key, height)?;
            self.standby.open_for(&keys, &key, height);
        }
        Ok(member)
    }

    /// Find out what this node may do at `height`, decided under `state`, above a parent with
    /// timestamp `parent_ms`; see [`VoteLog::permission`] and [`StartGate`].
    pub fn mandate(
        &mut self,
        height: Height,
        state: &HeightState,
        parent_ms: Option<u64>,
        parent_certificate: Option<&Certificate>,
    ) -> Result<Mandate, VoteLogError> {
        let (local, key) = self.open(height, &state.set)?.unzip();
        let drift_ms = u64::from(state.timing.max_clock_drift_ms);
        let occasion = occasion(height, state, parent_ms);
        self.standby
            .follow(&occasion, parent_certificate, drift_ms)?;
        let safe_after_ms = self.safe_after_ms(state);
        let silent = Mandate {
            key: key.clone(),
            ..Mandate::default()
        };
        let mut open = self.open.0.lock();
        let Some(log) = open.as_mut() else {
            return Ok(silent);
        };
        match log.permission(&occasion, safe_after_ms)? {
            Permission::Granted => {}
            Permission::GrantedNow => {
                info!(target: LOG_TARGET, "🗳 The vote log is complete from height {height} on.");
            }
            Permission::Decided => return Ok(silent),
            Permission::Superseded => {
                if !std::mem::replace(&mut self.warned, true) {
                    warn!(
                        target: LOG_TARGET,
                        "🤐 The vote log says that a later set than {} has taken over at height \
                         {height}. Nothing is signed there until this node hears of that again.",
                        state.set.id
                    );
                }
                return Ok(Mandate::held_back(local.is_some()));
            }
            Permission::Silent => {
                if local.is_some() && !std::mem::replace(&mut self.warned, true) {
                    warn!(
                        target: LOG_TARGET,
                        "🤐 The vote log may lack votes that this node's key has cast. To be safe \
                         nothing is signed, from height {height} on, until the others have made a \
                         block final that was proposed after this start."
                    );
                }
                return Ok(silent);
            }
        }
        if local.is_none() {
            return Ok(silent);
        }
        let restored = log.records(height).to_vec();
        drop(open);
        if !self.gate_is_open(height, state, parent_ms) {
            return Ok(Mandate {
                gated: true,
                ..silent
            });
        }
        Ok(Mandate {
            local,
            key,
            restored,
            gated: false,
            held_back: false,
        })
    }

    /// `authority` says to be at `height`.
    pub fn hear_claim(&mut self, authority: AuthorityId, height: Height) {
        self.gate.hear(authority, height);
    }

    /// Whether a node that has just started knows enough of its peers to sign.
    pub fn gate_is_open(
        &mut self,
        height: Height,
        state: &HeightState,
        parent_ms: Option<u64>,
    ) -> bool {
        let own = self.crypto.local_authority(&state.set).map(|(_, key)| key);
        let safe_after_ms = self.safe_after_ms(state);
        let standing = Standing {
            height,
            set: &state.set,
            own: own.as_ref(),
            parent_is_new: parent_ms.is_some_and(|parent_ms| parent_ms > safe_after_ms),
        };
        self.gate.is_open(&standing, Instant::now())
    }

    /// A block with a later timestamp was proposed after the log was opened.
    fn safe_after_ms(&self, state: &HeightState) -> u64 {
        self.opened_at_ms
            .saturating_add(u64::from(state.timing.max_clock_drift_ms))
    }

    fn open_for(&mut self, key: &AuthorityId, height: Height) -> Result<(), VoteLogError> {
        let mut open = self.open.0.lock();
        if open.as_ref().is_some_and(|log| log.key() == Some(key)) {
            return Ok(());
        }
        let opened = match self.standby.take(key) {
            Some(opened) => opened,
            None => Opened::open(&self.dir, self.genesis, key, height)?,
        };
        if let Some(log) = open.replace(opened.log) {
            self.standby.put(Opened {
                log,
                at_ms: self.opened_at_ms,
            });
        }
        self.opened_at_ms = opened.at_ms;
        self.warned = false;
        Ok(())
    }

    /// Make `records` of `height` durable, with the blocks that they speak of.
    pub fn persist<'a>(
        &self,
        height: Height,
        records: Vec<Record>,
        block: impl Fn(&Hash) -> Option<&'a ProposedBlock>,
    ) -> Result<(), VoteLogError> {
        self.write(|log| log.persist(height, records, |hash| block(hash).cloned()))
    }

    /// Make it durable that `certificate` of `set` decided its height, with the block.
    pub fn decided(
        &self,
        certificate: &Certificate,
        set: &AuthoritySet,
        block: &ProposedBlock,
    ) -> Result<(), VoteLogError> {
        self.write(|log| {
            audit(log, certificate, set)?;
            log.decide(certificate, block.clone())
        })
    }

    /// The database is durable up to `height`.
    pub fn database_holds(&self, height: Height) {
        self.open.with(|log| log.database_holds(height));
    }

    /// Keep the file small. Called when a height is decided, when no vote waits.
    pub fn maintain(&self) -> Result<(), VoteLogError> {
        self.open
            .with(|log| log.maintain().map(drop))
            .unwrap_or(Ok(()))
    }

    /// The decided blocks above `height`, ascending, that the log holds, and those of this node's
    /// other keys: after a key has changed, some stand in the old key's log only.
    pub fn decided_above(
        &self,
        height: Height,
    ) -> Result<Vec<(Certificate, ProposedBlock)>, VoteLogError> {
        let mut decided = BTreeMap::new();
        let mut collect = |log: &VoteLog| {
            for certificate in log.decided_above(height) {
                if let Ok(Some(block)) = log.block(&certificate.hash) {
                    decided
                        .entry(certificate.height)
                        .or_insert((certificate, block));
                }
            }
        };
        self.open.with(|log| collect(log));
        self.standby.logs().for_each(&mut collect);
        let mut open: Vec<_> = self.standby.logs().map(|log| log.key().cloned()).collect();
        open.extend(self.open.with(|log| log.key().cloned()));
        for key in keys_with_log(&self.dir, self.genesis)? {
            if !open.contains(&key) {
                collect(&VoteLog::open(&self.dir, self.genesis, key.as_ref())?.0);
            }
        }
        Ok(decided.into_values().collect())
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

    /// Do `write`, which makes something durable and tells how long that took, with the log.
    fn write(
        &self,
        write: impl FnOnce(&mut VoteLog) -> Result<Duration, VoteLogError>,
    ) -> Result<(), VoteLogError> {
        let work = |log: &mut VoteLog| {
            let before = log.file_bytes();
            let took = write(log)?;
            let written = log.file_bytes().saturating_sub(before);
            // Nothing was to be written: then there was no sync.
            if written > 0 {
                self.metrics
                    .vote_log_sync_seconds
                    .observe(took.as_secs_f64());
            }
            self.metrics.vote_log_written_bytes.inc_by(written);
            self.metrics.vote_log_bytes.set(log.file_bytes());
            Ok(())
        };
        self.open.with(work).unwrap_or(Ok(()))
    }
}
