// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is done at each final block.
//!
//! What the worker keeps in mind spares it to submit the same call at each block, and lets it tell
//! whether a reveal was in time. All of it can be forgotten.

use crate::{
    chain::BeaconChain,
    duties::{self, DutyError},
    metrics::{Metrics, Step},
    LOG_TARGET,
};
use hansa_beacon_primitives::{BeaconId, Duty, DutyKind, EpochIndex, EpochInfo, Phase, KEY_TYPE};
use hansa_primitives::{AccountId, BlockNumber, Hash};
use log::{debug, error, info, warn};
use sp_blockchain::Error as ChainError;
use sp_keystore::KeystorePtr;
use std::collections::{BTreeMap, BTreeSet};

/// After how many final blocks a call that the pool took is put in again, if the chain still shows
/// that it is missing: the pool may have dropped it. In between each primary had a chance to take it in.
pub const SUBMIT_AGAIN_AFTER: BlockNumber = 16;

/// How many blocks back are looked at for what became of a reveal, if so many became final together.
pub const MAX_LOOK_BACK: BlockNumber = 256;

/// How many different warnings an epoch has at most; the rest is told at the debug level.
const MAX_COMPLAINTS: usize = 32;

/// The two duties, without what belongs to them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Commit,
    Reveal,
}

impl Kind {
    fn of(duty: &DutyKind) -> Self {
        match duty {
            DutyKind::Commit => Self::Commit,
            DutyKind::Reveal { .. } => Self::Reveal,
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Commit => "commitment",
            Self::Reveal => "reveal",
        }
    }
}

/// A duty that the chain showed as not done.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Open {
    epoch: EpochIndex,
    kind: Kind,
    /// The last block that showed it.
    seen_at: BlockNumber,
    /// At which block the pool took the call last.
    submitted_at: Option<BlockNumber>,
}

/// What a block shows.
struct Seen {
    epoch: EpochInfo,
    /// What is owed by the nodes of the keys in the keystore.
    duties: Vec<(BeaconId, Duty<AccountId>)>,
}

impl Seen {
    /// Whether it shows the very duty of `account` that is open.
    fn shows(&self, account: &AccountId, open: &Open) -> bool {
        self.duties.iter().any(|(_, duty)| {
            duty.account == *account
                && duty.epoch == open.epoch
                && Kind::of(&duty.kind) == open.kind
        })
    }
}

/// What became of a duty that the chain shows no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// It is done, or not owed any more.
    Done,
    /// Its part of the epoch is over.
    Missed,
    /// That cannot be told.
    Unknown,
}

/// Why a call is not in the pool.
#[derive(Debug, thiserror::Error)]
enum SubmitError {
    #[error(transparent)]
    Duty(#[from] DutyError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("the node's transaction pool does not take it")]
    Refused,
}

impl SubmitError {
    fn step(&self) -> Step {
        match self {
            Self::Duty(_) => Step::Key,
            Self::Chain(_) | Self::Refused => Step::Submit,
        }
    }
}

/// Does a node's duties.
pub struct Worker<C> {
    chain: C,
    keystore: KeystorePtr,
    metrics: Metrics,
    /// By account, as a duty can pass from one key to another.
    open: BTreeMap<AccountId, Open>,
    /// What was complained of in this epoch, so that the log has it once and not at each block.
    complaints: BTreeSet<String>,
    /// The epoch of the complaints.
    epoch: EpochIndex,
}

impl<C: BeaconChain> Worker<C> {
    /// A worker for the keys in `keystore`.
    pub fn new(chain: C, keystore: KeystorePtr, metrics: Metrics) -> Self {
        Self {
            chain,
            keystore,
            metrics,
            open: BTreeMap::new(),
            complaints: BTreeSet::new(),
            epoch: 0,
        }
    }

    /// The chain.
    pub fn chain(&self) -> &C {
        &self.chain
    }

    /// The block at `height` is final. A node that `is_syncing` commits to nothing: that would be for
    /// an epoch that is over elsewhere, and to have committed obliges. It reveals whatever it must.
    pub fn on_final(&mut self, height: BlockNumber, at: Hash, is_syncing: bool) {
        let keys = self.keys();
        if keys.is_empty() {
            self.open.clear();
            self.metrics.open_duties.set(0);
            return;
        }
        match self.look(at, &keys) {
            Ok(Some(seen)) => {
                self.begin_epoch(seen.epoch.epoch);
                self.close(height, &keys, &seen);
                for (key, duty) in seen.duties {
                    self.attend(height, at, &key, &duty, is_syncing);
                }
            }
            // The runtime has no beacon.
            Ok(None) => self.open.clear(),
            Err(error) => {
                self.metrics.failed(Step::Ask);
                self.complain(format!(
                    "cannot ask the runtime for this node's duties: {error}"
                ));
            }
        }
        let open = u64::try_from(self.open.len()).unwrap_or(u64::MAX);
        self.metrics.open_duties.set(open);
    }

    /// The beacon keys in the keystore.
    fn keys(&self) -> Vec<BeaconId> {
        let keys = self.keystore.sr25519_public_keys(KEY_TYPE);
        keys.into_iter().map(Into::into).collect()
    }

    /// The epoch and the duties at a block; none if its runtime has no beacon.
    fn look(&self, at: Hash, keys: &[BeaconId]) -> Result<Option<Seen>, ChainError> {
        let Some(epoch) = self.chain.epoch(at)? else {
            return Ok(None);
        };
        let mut duties = Vec::new();
        // There are none in the mixing.
        if epoch.phase != Phase::Mix {
            for key in keys {
                let duty = self.chain.duty(at, key)?;
                duties.extend(duty.map(|duty| (key.clone(), duty)));
            }
        }
        Ok(Some(Seen { epoch, duties }))
    }

    /// Take leave of what the chain does not show as a duty any more.
    fn close(&mut self, height: BlockNumber, keys: &[BeaconId], seen: &Seen) {
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|(account, open)| seen.shows(account, open));
        self.open = kept;
        for (account, open) in gone {
            // What a commitment that is not made costs is a place in a draw, no more.
            if open.kind == Kind::Commit {
                continue;
            }
            let outcome = if height.saturating_sub(open.seen_at) <= 1 {
                outcome_at(&seen.epoch, &open)
            } else {
                self.look_back(height, keys, &account, &open)
            };
            self.tell_outcome(&account, &open, outcome);
        }
    }

    fn tell_outcome(&self, account: &AccountId, open: &Open, outcome: Outcome) {
        let epoch = open.epoch;
        match outcome {
            Outcome::Done => {
                debug!(target: LOG_TARGET, "Epoch {epoch}: the reveal of {account} is on the chain");
            }
            Outcome::Missed => {
                self.metrics.withheld.inc();
                error!(
                    target: LOG_TARGET,
                    "🎲 Epoch {epoch}: the reveal of {account} was not on the chain in time; that \
                     counts as withheld, and costs its bond"
                );
            }
            Outcome::Unknown => {
                debug!(
                    target: LOG_TARGET,
                    "Epoch {epoch}: whether the reveal of {account} was in time is not known here"
                );
            }
        }
    }

    /// Several blocks became final together: find the first that does not show the duty.
    fn look_back(
        &self,
        height: BlockNumber,
        keys: &[BeaconId],
        account: &AccountId,
        open: &Open,
    ) -> Outcome {
        let first = open.seen_at.saturating_add(1);
        if height.saturating_sub(first) > MAX_LOOK_BACK {
            return Outcome::Unknown;
        }
        for height in first..=height {
            let at = self.chain.hash(height);
            let seen = at.and_then(|at| at.map_or(Ok(None), |at| self.look(at, keys)));
            match seen {
                Ok(Some(seen)) if seen.shows(account, open) => {}
                Ok(Some(seen)) => return outcome_at(&seen.epoch, open),
                // States that are pruned already.
                Ok(None) | Err(_) => return Outcome::Unknown,
            }
        }
        Outcome::Unknown
    }

    /// Do a duty, unless the call for it is in the pool.
    fn attend(
        &mut self,
        height: BlockNumber,
        at: Hash,
        key: &BeaconId,
        duty: &Duty<AccountId>,
        is_syncing: bool,
    ) {
        let kind = Kind::of(&duty.kind);
        let open = self.open.entry(duty.account.clone()).or_insert(Open {
            epoch: duty.epoch,
            kind,
            seen_at: height,
            submitted_at: None,
        });
        open.seen_at = height;
        let submitted_at = open.submitted_at;
        let is_in_pool = submitted_at
            .is_some_and(|submitted_at| height.saturating_sub(submitted_at) < SUBMIT_AGAIN_AFTER);
        if is_in_pool || (is_syncing && kind == Kind::Commit) {
            return;
        }
        let again = submitted_at.is_some();
        match self.submit(at, key, duty) {
            Ok(()) => self.tell_submitted(duty, again),
            // It is still in the pool, most likely.
            Err(SubmitError::Refused) if again => {}
            Err(error) => {
                self.metrics.failed(error.step());
                let (epoch, account, noun) = (duty.epoch, &duty.account, kind.noun());
                self.complain(format!("no {noun} of {account} for epoch {epoch}: {error}"));
                return;
            }
        }
        if let Some(open) = self.open.get_mut(&duty.account) {
            open.submitted_at = Some(height);
        }
    }

    /// Put the call for a duty into the pool.
    fn submit(&self, at: Hash, key: &BeaconId, duty: &Duty<AccountId>) -> Result<(), SubmitError> {
        let (keystore, genesis) = (&*self.keystore, self.chain.genesis());
        let (epoch, account) = (duty.epoch, &duty.account);
        let taken = match &duty.kind {
            DutyKind::Commit => {
                let made = duties::commit(keystore, &genesis, duty, key)?;
                self.chain
                    .submit_commit(at, epoch, account, made.commitment, made.signature)?
            }
            DutyKind::Reveal { commitment, key } => {
                let id = duties::reveal(keystore, &genesis, duty, commitment, key)?;
                self.chain.submit_reveal(at, epoch, account, id)?
            }
        };
        taken.then_some(()).ok_or(SubmitError::Refused)
    }

    fn tell_submitted(&mut self, duty: &Duty<AccountId>, again: bool) {
        let (epoch, account) = (duty.epoch, &duty.account);
        let kind = Kind::of(&duty.kind);
        if again {
            let noun = kind.noun();
            debug!(target: LOG_TARGET, "Epoch {epoch}: the {noun} of {account} goes in once more");
            return;
        }
        match kind {
            Kind::Commit => {
                self.metrics.commits.inc();
                info!(target: LOG_TARGET, "🎲 Epoch {epoch}: {account} commits to its id");
            }
            Kind::Reveal => {
                self.metrics.reveals.inc();
                info!(target: LOG_TARGET, "🎲 Epoch {epoch}: {account} reveals its id");
            }
        }
    }

    fn begin_epoch(&mut self, epoch: EpochIndex) {
        self.metrics.epoch.set(epoch.into());
        if std::mem::replace(&mut self.epoch, epoch) != epoch {
            self.complaints.clear();
        }
    }

    /// Warn, once an epoch of the same thing: it is tried again at each block.
    fn complain(&mut self, complaint: String) {
        if self.complaints.len() >= MAX_COMPLAINTS || self.complaints.contains(&complaint) {
            debug!(target: LOG_TARGET, "{complaint}");
            return;
        }
        warn!(
            target: LOG_TARGET,
            "🎲 {complaint}. It is tried again at each final block"
        );
        self.complaints.insert(complaint);
    }
}

/// What became of a reveal, at the first block that does not show it as a duty: a part ends at the
/// beginning of a block, so nothing of it is taken any more in the block that is of the next part.
fn outcome_at(epoch: &EpochInfo, open: &Open) -> Outcome {
    if epoch.epoch == open.epoch && epoch.phase == Phase::Reveal {
        Outcome::Done
    } else {
        Outcome::Missed
    }
}
