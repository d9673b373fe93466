// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is done at each final block.
//!
//! What the worker keeps in mind spares it to say and to submit the same at each block. All of it can be
//! forgotten.

use crate::{
    chain::PoolChain,
    metrics::{Metrics, Step},
    state::{Outside, State},
    LOG_TARGET,
};
use hansa_allocation_primitives::{
    confirm::join_payload, Admission, BeaconId, EpochIndex, OwnNode, Phase,
};
use hansa_beacon_primitives::KEY_TYPE;
use hansa_primitives::{AccountId, BlockNumber, Hash};
use log::{debug, info, warn};
use sp_blockchain::Error as ChainError;
use sp_keystore::KeystorePtr;
use std::collections::{BTreeMap, BTreeSet};

/// After how many final blocks a wish to join that the pool of transactions took is put in again, if the
/// node is still outside. In between each primary had a chance to take it in.
pub const SUBMIT_AGAIN_AFTER: BlockNumber = 16;

/// What is known of the node of one account.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    state: State,
    /// Whether it is to leave as soon as it can.
    leaving: bool,
    /// The wish to join that was submitted last: for which epoch, and at which block.
    wish: Option<(EpochIndex, BlockNumber)>,
}

/// Why a wish to join is not in the pool of transactions.
#[derive(Debug, thiserror::Error)]
enum JoinError {
    #[error("the keystore cannot use beacon key {0}: {1}")]
    Keystore(BeaconId, sp_keystore::Error),
    #[error("the keystore has no beacon key {0} any more")]
    NoKey(BeaconId),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("the node's transaction pool does not take it")]
    Refused,
}

impl JoinError {
    fn step(&self) -> Step {
        match self {
            Self::Keystore(..) | Self::NoKey(_) => Step::Key,
            Self::Chain(_) | Self::Refused => Step::Submit,
        }
    }
}

/// Follows the nodes of the keys in a keystore, and brings them into the pool if it was told to.
pub struct Worker<C> {
    chain: C,
    keystore: KeystorePtr,
    metrics: Metrics,
    joins: bool,
    nodes: BTreeMap<AccountId, Known>,
    /// What was complained of at the last block and at this one, so that the log has it once and not at each
    /// block.
    complaints: [BTreeSet<String>; 2],
}

impl<C: PoolChain> Worker<C> {
    /// A worker for the keys in `keystore`, whose nodes come into the pool by themselves if `joins`.
    pub fn new(chain: C, keystore: KeystorePtr, metrics: Metrics, joins: bool) -> Self {
        Self {
            chain,
            keystore,
            metrics,
            joins,
            nodes: BTreeMap::new(),
            complaints: Default::default(),
        }
    }

    /// The chain.
    pub fn chain(&self) -> &C {
        &self.chain
    }

    /// The block at `height` is final.
    pub fn on_final(&mut self, height: BlockNumber, at: Hash) {
        self.complaints.swap(0, 1);
        self.complaints[1].clear();
        match self.look(at) {
            Ok(Some(seen)) => {
                let complains = seen.is_empty() && self.joins;
                self.nodes
                    .retain(|account, _| seen.iter().any(|(_, own, _)| own.account == *account));
                for (key, own, state) in seen {
                    self.attend(height, at, &key, &own, state);
                }
                if complains {
                    self.complain(
                        "this node is to join the pool, but has no beacon key that an account has registered: \
                         make session keys and register them (`session.set_keys`)"
                            .into(),
                    );
                }
            }
            Ok(None) => {
                self.nodes.clear();
                if self.joins {
                    self.complain(
                        "this node is to join the pool (--join-pool), but this chain has none: only \
                         the hub has"
                            .into(),
                    );
                }
            }
            Err(error) => {
                self.metrics.failed(Step::Ask);
                self.complain(format!(
                    "cannot ask the runtime where this node is: {error}"
                ));
            }
        }
        self.metrics
            .count(self.nodes.values().map(|known| &known.state));
    }

    /// The nodes of the keys in the keystore; none if the runtime has no pool.
    #[allow(clippy::type_complexity)]
    fn look(
        &self,
        at: Hash,
    ) -> Result<Option<Vec<(BeaconId, OwnNode<AccountId>, State)>>, ChainError> {
        let keys = self.keystore.sr25519_public_keys(KEY_TYPE);
        // Most nodes have none, and need not be asked at each block.
        if keys.is_empty() {
            return Ok(Some(Vec::new()));
        }
        if !self.chain.has_pool(at)? {
            return Ok(None);
        }
        let mut seen = Vec::new();
        for key in keys {
            let key = BeaconId::from(key);
            let Some(own) = self.chain.own_node(at, &key)? else {
                continue;
            };
            let mut failed = None;
            let state = State::of(&own.admission, |chain| match self.chain.phase(at, chain) {
                Ok(phase) => phase == Some(Phase::Forming),
                Err(error) => {
                    failed = Some(error);
                    false
                }
            });
            if let Some(error) = failed {
                return Err(error);
            }
            seen.push((key, own, state));
        }
        Ok(Some(seen))
    }

    /// Tell what is new of a node, and let it join if it should.
    fn attend(
        &mut self,
        height: BlockNumber,
        at: Hash,
        key: &BeaconId,
        own: &OwnNode<AccountId>,
        state: State,
    ) {
        let leaving = matches!(&own.admission, Admission::Pooled(status) if status.leaving);
        let before = self.nodes.get(&own.account).cloned();
        self.tell(&own.account, before.as_ref(), state, leaving);
        let mut wish = before.and_then(|known| known.wish);
        if let (Admission::Open { epoch }, true) = (&own.admission, self.joins) {
            // A wish is good in one epoch.
            let is_in_pool = wish.is_some_and(|(wished, since)| {
                wished == *epoch && height.saturating_sub(since) < SUBMIT_AGAIN_AFTER
            });
            if !is_in_pool {
                let again = wish.is_some();
                match self.join(at, key, &own.account, *epoch) {
                    Ok(()) => {
                        self.metrics.joins.inc();
                        if !again {
                            info!(target: LOG_TARGET, "🎱 {} asks to join the pool", own.account);
                        }
                        wish = Some((*epoch, height));
                    }
                    // It is still there, most likely.
                    Err(JoinError::Refused) if again => wish = Some((*epoch, height)),
                    Err(error) => {
                        self.metrics.failed(error.step());
                        self.complain(format!("{} cannot join the pool: {error}", own.account));
                    }
                }
            }
        } else {
            wish = None;
        }
        let known = Known {
            state,
            leaving,
            wish,
        };
        self.nodes.insert(own.account.clone(), known);
    }

    /// Tell what is new of a node.
    fn tell(&self, account: &AccountId, before: Option<&Known>, state: State, leaving: bool) {
        let was_pooled = before.is_some_and(|known| known.state.is_pooled());
        if before.map(|known| known.state) != Some(state) {
            match state {
                // It says that it asks.
                State::Outside(Outside::Open) if self.joins => {}
                State::Outside(_) if was_pooled || self.joins => {
                    warn!(target: LOG_TARGET, "🎱 {account} {state}");
                }
                // It was never in, and nobody wants it to be.
                State::Outside(_) => debug!(target: LOG_TARGET, "{account} {state}"),
                State::Waiting { .. } | State::Member { .. } => {
                    info!(target: LOG_TARGET, "🎱 {account} {state}");
                }
            }
        }
        if leaving && !before.is_some_and(|known| known.leaving) {
            info!(target: LOG_TARGET, "🎱 {account} is to leave the pool, as soon as it is replaced");
        }
    }

    /// Put the wish to join into the own pool of transactions.
    fn join(
        &self,
        at: Hash,
        key: &BeaconId,
        account: &AccountId,
        epoch: EpochIndex,
    ) -> Result<(), JoinError> {
        let payload = join_payload(&self.chain.genesis(), account, epoch);
        let signature = self
            .keystore
            .sr25519_sign(KEY_TYPE, key.as_ref(), &payload)
            .map_err(|error| JoinError::Keystore(key.clone(), error))?
            .ok_or_else(|| JoinError::NoKey(key.clone()))?;
        let taken = self
            .chain
            .submit_join(at, account, epoch, signature.into())?;
        taken.then_some(()).ok_or(JoinError::Refused)
    }

    /// Warn, once of the same thing: it is tried again at each block.
    fn complain(&mut self, complaint: String) {
        let [before, now] = &mut self.complaints;
        if before.contains(&complaint) || now.contains(&complaint) {
            debug!(target: LOG_TARGET, "{complaint}");
        } else {
            warn!(
                target: LOG_TARGET,
                "🎱 {complaint}. It is tried again at each final block"
            );
        }
        now.insert(complaint);
    }
}
