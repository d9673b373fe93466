// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Offences on DappChains that this node has seen: they are told to the hub, where the stake is.
//!
//! The hub must know which of the sets that it ordered it was: it learns that from the chain's headers, so what is seen
//! right after a hand-over waits. Whoever saw it tells it as well; the first report that is in a block of the hub wins, and
//! the hub refuses the others. All is kept in memory only, as the chain's own reports are.

use crate::{hub::Hub, LOG_TARGET};
use hansa_dappchain_primitives::ChainId;
use hansa_pbft_primitives::{AuthorityIndex, AuthoritySet, Evidence, SetId};
use hansa_primitives::{AccountId, Hash};
use log::{debug, info, warn};
use sp_blockchain::Error as ChainError;
use std::collections::VecDeque;

/// How many offences are kept in mind; for one more the oldest is forgotten.
pub const MAX_WAITING: usize = 64;

/// How many offences are kept in mind that are done with: who lies at each height is told of once a set.
pub const MAX_DONE: usize = 1_024;

/// After how many of the hub's final blocks a report that its pool took is put in again. Is it refused then, it has
/// arrived, or another one has.
pub const SUBMIT_AGAIN_AFTER: u64 = 32;

/// How often a report may be refused before it is given up.
pub const MAX_REFUSALS: u32 = 16;

/// What an authority of a DappChain is convicted by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accusation {
    /// What it signed.
    pub evidence: Evidence,
    /// The set that the evidence names.
    pub set: AuthoritySet,
    /// Whose the keys of the set were, in its order.
    pub accounts: Vec<AccountId>,
}

/// Who is accused: once in a set.
type Accused = (ChainId, SetId, AuthorityIndex);

/// A report on its way.
struct Waiting {
    chain: ChainId,
    accusation: Accusation,
    /// At which of the hub's final blocks the own pool took it.
    submitted: Option<u64>,
    refusals: u32,
}

/// What came of a try.
enum Progress {
    Waits,
    Done,
}

/// What this node has seen, and the hub may not know.
#[derive(Default)]
pub struct Witness {
    waiting: VecDeque<Waiting>,
    /// Whom the hub knows of, or will not hear of.
    done: VecDeque<Accused>,
    /// How many final blocks of the hub were seen.
    block: u64,
}

impl Witness {
    /// Something was seen on a chain.
    pub fn saw(&mut self, chain: ChainId, accusation: Accusation) {
        let seen = Waiting {
            chain,
            accusation,
            submitted: None,
            refusals: 0,
        };
        let accused = seen.accused();
        let waits = self.waiting.iter().any(|w| w.accused() == accused);
        if waits || self.done.contains(&accused) {
            return;
        }
        push(&mut self.waiting, seen, MAX_WAITING);
    }

    /// A block of the hub is final: tell it what waits. Returns the last fault, if there was any; what could not be told
    /// waits on.
    pub fn on_final<H: Hub>(&mut self, hub: &H, at: Hash) -> Result<(), ChainError> {
        self.block = self.block.saturating_add(1);
        let mut fault = Ok(());
        for mut waiting in std::mem::take(&mut self.waiting) {
            match waiting.advance(hub, at, self.block) {
                Ok(Progress::Done) => push(&mut self.done, waiting.accused(), MAX_DONE),
                Ok(Progress::Waits) => self.waiting.push_back(waiting),
                Err(error) => {
                    fault = Err(error);
                    self.waiting.push_back(waiting);
                }
            }
        }
        fault
    }

    /// How many offences the hub is still to be told of.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Add to a list; if it is full the oldest is forgotten.
fn push<T>(list: &mut VecDeque<T>, new: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(new);
}

impl Waiting {
    fn accused(&self) -> Accused {
        let evidence = &self.accusation.evidence;
        (self.chain, evidence.set_id, evidence.offence.offender())
    }

    fn advance<H: Hub>(&mut self, hub: &H, at: Hash, block: u64) -> Result<Progress, ChainError> {
        let is_in_pool = self
            .submitted
            .is_some_and(|since| block.saturating_sub(since) < SUBMIT_AGAIN_AFTER);
        if is_in_pool {
            return Ok(Progress::Waits);
        }
        let (_, set, offender) = self.accused();
        let Some(ordinal) = hub.ordinal(at, self.chain, set)? else {
            return Ok(Progress::Waits);
        };
        if hub.submit_offence(at, self.chain, ordinal, &self.accusation)? {
            if self.submitted.is_none() {
                info!(
                    target: LOG_TARGET,
                    "⛓ Told the hub of the offence of authority {offender} of set {set} of DappChain {:x}",
                    self.chain
                );
            }
            self.submitted = Some(block);
            return Ok(Progress::Waits);
        }
        if self.submitted.is_some() {
            debug!(target: LOG_TARGET, "The hub knows of the offence of authority {offender} of set {set}");
            return Ok(Progress::Done);
        }
        self.refusals = self.refusals.saturating_add(1);
        if self.refusals < MAX_REFUSALS {
            return Ok(Progress::Waits);
        }
        warn!(
            target: LOG_TARGET,
            "⛓ The hub does not take the report of the offence of authority {offender} of set {set} of DappChain \
             {:x}: it knows of it already, or the set is not the one that it ordered",
            self.chain
        );
        Ok(Progress::Done)
    }
}
