// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a member of a chain owes the hub: as a founder the hash of the genesis, as a replacement that it has
//! caught up, and on a chain that stands still that it is there. All are signed with session keys; no account's key lies on the node.
//!
//! What is kept in mind here spares the node to build, to sign and to submit the same at each block. All of it can
//! be forgotten.

use crate::{hub::Hub, launcher::GenesisError, LOG_TARGET};
use hansa_allocation_primitives::{
    api::OwedAnswer,
    confirm::{answer_payload, confirm_payload as ready_payload},
    BeaconId, BeaconSignature, Head, Seconds,
};
use hansa_beacon_primitives::KEY_TYPE as BEACON_KEY;
use hansa_dappchain_primitives::{
    api::GenesisRecord, genesis::confirm_payload as genesis_payload, ChainId,
};
use hansa_pbft_primitives::{AuthorityId, KEY_TYPE as PBFT_KEY};
use hansa_primitives::{AccountId, Hash};
use log::{error, info};
use sp_blockchain::Error as ChainError;
use sp_keystore::KeystorePtr;
use std::collections::BTreeMap;

/// After how many of the hub's final blocks a word that its pool took is put in again, if it has not arrived.
pub const SUBMIT_AGAIN_AFTER: u64 = 16;

/// After how many of the hub's final blocks a genesis that could not be built here is tried again.
pub const BUILD_AGAIN_AFTER: u64 = 64;

/// Why a word did not go to the hub.
#[derive(Debug, thiserror::Error)]
pub enum DutyError {
    /// The keystore did not sign.
    #[error("the keystore cannot use the key {0}: {1}")]
    Keystore(String, String),
    /// The runtime could not be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The own pool did not take it.
    #[error("the node's transaction pool does not take it")]
    Refused,
}

/// What is known of a genesis.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Building {
    Started,
    Done(Result<Hash, GenesisError>),
    FailedHere { at: u64 },
}

/// What a node says to the hub of one chain.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Word {
    Genesis { attempt: u16, seat: u32 },
    Ready(AccountId),
    Answer(AccountId, Seconds),
}

/// The words that this process owes.
pub struct Duties {
    keystore: KeystorePtr,
    /// By chain and attempt.
    genesis: BTreeMap<(ChainId, u16), Building>,
    /// When a word was last submitted.
    said: BTreeMap<(ChainId, Word), u64>,
    /// How many final blocks of the hub were seen.
    block: u64,
}

impl Duties {
    /// Nothing is known yet.
    pub fn new(keystore: KeystorePtr) -> Self {
        Self {
            keystore,
            genesis: BTreeMap::new(),
            said: BTreeMap::new(),
            block: 0,
        }
    }

    /// A block of the hub is final, at which these chains matter to this node.
    pub fn on_final(&mut self, matters: impl Fn(ChainId) -> bool) {
        self.block = self.block.saturating_add(1);
        self.genesis.retain(|(chain, _), _| matters(*chain));
        self.said.retain(|(chain, _), _| matters(*chain));
    }

    /// Whether the genesis of this record is to be built now; it counts as begun.
    pub fn is_to_build(&mut self, record: &GenesisRecord<AccountId>) -> bool {
        let key = (record.chain, record.attempt);
        let is_due = match self.genesis.get(&key) {
            None => true,
            Some(Building::FailedHere { at }) => {
                self.block.saturating_sub(*at) >= BUILD_AGAIN_AFTER
            }
            Some(_) => false,
        };
        if is_due {
            self.genesis.insert(key, Building::Started);
        }
        is_due
    }

    /// What came of building it.
    pub fn built(&mut self, chain: ChainId, attempt: u16, result: Result<Hash, GenesisError>) {
        match &result {
            Ok(hash) => {
                info!(target: LOG_TARGET, "⛓ The genesis of DappChain {chain:x} is {hash:?}")
            }
            Err(error) => error!(target: LOG_TARGET, "⛓ DappChain {chain:x}: {error}"),
        }
        let known = match result {
            Err(GenesisError::Here(_)) => Building::FailedHere { at: self.block },
            result => Building::Done(result),
        };
        self.genesis.insert((chain, attempt), known);
    }

    /// Tell the hub of the genesis, for each seat that is this node's, once it is known.
    pub fn confirm_genesis<H: Hub>(
        &mut self,
        hub: &H,
        at: Hash,
        record: &GenesisRecord<AccountId>,
    ) -> Result<(), DutyError> {
        let Some(Building::Done(result)) = self.genesis.get(&(record.chain, record.attempt)) else {
            return Ok(());
        };
        let outcome = result.as_ref().ok().copied();
        let own = self.keystore.ed25519_public_keys(PBFT_KEY);
        for (seat, founder) in (0u32..).zip(&record.founders) {
            let Some(keys) = &founder.keys else { continue };
            let key = &keys.pbft;
            let is_own = own
                .iter()
                .any(|own| AsRef::<[u8]>::as_ref(own) == AsRef::<[u8]>::as_ref(key));
            if !is_own || hub.has_confirmed(at, record.chain, seat)? {
                continue;
            }
            let word = Word::Genesis {
                attempt: record.attempt,
                seat,
            };
            if self.was_said_lately(record.chain, &word) {
                continue;
            }
            let payload = genesis_payload(&hub.genesis(), record.chain, record.attempt, outcome);
            let signature = self.sign_pbft(key, &payload)?;
            if !hub.submit_genesis(at, record, seat, outcome, signature)? {
                return Err(DutyError::Refused);
            }
            self.said.insert((record.chain, word), self.block);
            info!(target: LOG_TARGET, "⛓ Confirmed the genesis of DappChain {:x} to the hub", record.chain);
        }
        Ok(())
    }

    /// Tell the hub that this node has caught up with a chain.
    pub fn confirm_ready<H: Hub>(
        &mut self,
        hub: &H,
        at: Hash,
        chain: ChainId,
        node: (&AccountId, &BeaconId),
        since: Seconds,
        head: Head,
    ) -> Result<(), DutyError> {
        let (account, key) = node;
        let word = Word::Ready(account.clone());
        if self.was_said_lately(chain, &word) {
            return Ok(());
        }
        let payload = ready_payload(&hub.genesis(), chain, account, since, &head);
        let signature = self.sign_beacon(key, &payload)?;
        if !hub.submit_ready(at, chain, account, head, signature)? {
            return Err(DutyError::Refused);
        }
        self.said.insert((chain, word), self.block);
        info!(
            target: LOG_TARGET,
            "⛓ Confirmed to the hub that {account} follows DappChain {chain:x} up to block {}",
            head.height
        );
        Ok(())
    }

    /// Tell the hub that this node is there: the roll of its chain is called.
    pub fn answer<H: Hub>(
        &mut self,
        hub: &H,
        at: Hash,
        owed: &OwedAnswer<AccountId>,
        key: &BeaconId,
    ) -> Result<(), DutyError> {
        let (account, chain) = (&owed.account, owed.chain);
        let word = Word::Answer(account.clone(), owed.since);
        if self.was_said_lately(chain, &word) {
            return Ok(());
        }
        let payload = answer_payload(&hub.genesis(), chain, account, owed.since);
        let signature = self.sign_beacon(key, &payload)?;
        if !hub.submit_answer(at, chain, account, signature)? {
            return Err(DutyError::Refused);
        }
        self.said.insert((chain, word), self.block);
        info!(
            target: LOG_TARGET,
            "⛓ DappChain {chain:x} stands still: answered the hub's roll call for {account}"
        );
        Ok(())
    }

    fn was_said_lately(&self, chain: ChainId, word: &Word) -> bool {
        self.said
            .get(&(chain, word.clone()))
            .is_some_and(|at| self.block.saturating_sub(*at) < SUBMIT_AGAIN_AFTER)
    }

    fn sign_beacon(&self, key: &BeaconId, payload: &[u8]) -> Result<BeaconSignature, DutyError> {
        let signature = self
            .keystore
            .sr25519_sign(BEACON_KEY, key.as_ref(), payload)
            .map_err(|error| unsigned(key, error))?
            .ok_or_else(|| unsigned(key, "it is gone"))?;
        Ok(signature.into())
    }

    fn sign_pbft(
        &self,
        key: &AuthorityId,
        payload: &[u8],
    ) -> Result<hansa_pbft_primitives::AuthoritySignature, DutyError> {
        let signature = self
            .keystore
            .ed25519_sign(PBFT_KEY, key.as_ref(), payload)
            .map_err(|error| unsigned(key, error))?
            .ok_or_else(|| unsigned(key, "it is gone"))?;
        Ok(signature.into())
    }
}

fn unsigned(key: impl std::fmt::Display, why: impl std::fmt::Display) -> DutyError {
    DutyError::Keystore(key.to_string(), why.to_string())
}
