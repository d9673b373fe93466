// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a node does for a chain that lost its quorum: `docs/adr/0016-a-chain-that-lost-its-quorum.md`.
//!
//! It answers when the roll is called, says that it is ready though the head is old, and hands the service the record of the
//! set by which the chain goes on. Records that the service meets in headers it holds against the hashes that the hub has of them. That a later block is known here the couriers show to the hub, which asks for headers
//! of a chain that seems to stand still.

use super::{Membership, Supervisor};
use crate::{
    duties::DutyError,
    hub::Hub,
    launcher::{Launcher, Recorded, SeenRecord, Service},
    LOG_TARGET,
};
use hansa_allocation_primitives::Head;
use hansa_dappchain_primitives::{ChainId, Recovery};
use hansa_primitives::{AccountId, Hash};
use log::{debug, error, info};
use sp_blockchain::Error as ChainError;
use std::time::Duration;

/// How long a record that the hub does not know is waited for. The hub's final block is a few seconds older here than elsewhere at
/// most, as long as the node is not syncing.
pub(crate) const RECORD_PATIENCE: Duration = Duration::from_secs(30);

impl<H: Hub, L: Launcher> Supervisor<H, L> {
    /// Answer the hub for each of the chain's members that is this node, if the hub calls the roll. Only a node that runs the chain
    /// is there.
    pub(super) fn answer_roll(
        &mut self,
        at: Hash,
        chain: ChainId,
        membership: &Membership,
    ) -> Result<(), DutyError> {
        if !self.services.contains_key(&chain) {
            return Ok(());
        }
        for place in &membership.nodes {
            let owed = self.hub.owed_answer(at, &place.key)?;
            if let Some(owed) = owed.filter(|owed| owed.chain == chain) {
                self.duties.answer(&self.hub, at, &owed, &place.key)?;
            }
        }
        Ok(())
    }

    /// The head with which this node is ready to serve a chain; none if it is not. On a chain that stands still no head is
    /// recent: then one will do that is not below what was proven to the hub.
    pub(super) fn ready_head(&self, at: Hash, chain: ChainId) -> Result<Option<Head>, ChainError> {
        let Some(running) = self.services.get(&chain) else {
            return Ok(None);
        };
        if let Some(head) = running.service.caught_up() {
            return Ok(Some(head));
        }
        let health = running.service.health();
        if health.syncing || health.peers == 0 {
            return Ok(None);
        }
        let own = running.service.final_head();
        let proven = self.hub.proven_head(at, chain)?;
        Ok(proven.and_then(|proven| (own.height >= proven.height).then_some(own)))
    }

    /// Hand the services the records by which their chains go on.
    pub(super) fn hand_over_records(&mut self) {
        let chains: Vec<_> = self.services.keys().copied().collect();
        for chain in chains {
            if let Err(error) = self.hand_over_record(chain) {
                self.complain(format!(
                    "cannot ask the hub by which set DappChain {chain:x} goes on: {error}"
                ));
            }
        }
    }

    /// Hand a chain's service the last record, once.
    pub(super) fn hand_over_record(&mut self, chain: ChainId) -> Result<(), ChainError> {
        let Some(recorded) = self.hub.recovery(self.hub.head(), chain)? else {
            return Ok(());
        };
        let Some(running) = self.services.get_mut(&chain) else {
            return Ok(());
        };
        let hash = recorded.record.hash();
        if running.recovery != Some(hash) {
            running.recovery = Some(hash);
            if let Err(error) = hand_over(&mut running.service, chain, &recorded) {
                error!(target: LOG_TARGET, "🛟 DappChain {chain:x}: {error}");
            }
        }
        Ok(())
    }

    /// Say to the services which of the records that they have met are the hub's own, and which are not. They are told of the last
    /// one without that; a service that syncs meets older ones.
    pub(super) fn look_at_records(&mut self) {
        let at = self.hub.head();
        let seen: Vec<_> = (self.services.iter())
            .flat_map(|(chain, running)| {
                let records = running.service.unknown_records().into_iter();
                records.map(move |seen| (*chain, seen))
            })
            .collect();
        for (chain, seen) in seen {
            match self.judge(at, chain, &seen) {
                Ok(verdict) => self.pass_on(chain, &seen, verdict),
                Err(error) => self.complain(format!(
                    "cannot ask the hub for a record of DappChain {chain:x}: {error}"
                )),
            }
        }
    }

    /// Hold a record against what the final block `at` of the hub says.
    fn judge(&self, at: Hash, chain: ChainId, seen: &SeenRecord) -> Result<Verdict, ChainError> {
        let record = Recovery::<AccountId>::read(&seen.bytes)
            .filter(|record| (record.chain, record.head.hash) == (chain, seen.above));
        let Some(record) = record else {
            return Ok(Verdict::Bad);
        };
        Ok(match self.hub.recovery_hash(at, chain, record.set_id)? {
            Some(hash) if hash == record.hash() => Verdict::Good(Box::new(record)),
            None if seen.waited < RECORD_PATIENCE => Verdict::Open,
            Some(_) | None => Verdict::Bad,
        })
    }

    fn pass_on(&mut self, chain: ChainId, seen: &SeenRecord, verdict: Verdict) {
        let Some(running) = self.services.get_mut(&chain) else {
            return;
        };
        let record = match verdict {
            Verdict::Open => return,
            Verdict::Good(record) => Some(record),
            Verdict::Bad => None,
        };
        let recorded = record.map(|record| Recorded {
            record: *record,
            made_after_ms: None,
        });
        let taken = match &recorded {
            Some(recorded) => hand_over(&mut running.service, chain, recorded),
            None => Err("the hub has no such record".into()),
        };
        if let Err(error) = taken {
            debug!(
                target: LOG_TARGET,
                "🛟 DappChain {chain:x}: a record above {:?} is refused: {error}", seen.above
            );
            running.service.refuse_record(seen);
        }
    }
}

/// What the hub says of a record that a service has met.
enum Verdict {
    /// It is the hub's.
    Good(Box<Recovery<AccountId>>),
    /// It may be the hub's: others may know a later block of it.
    Open,
    /// It is not.
    Bad,
}

/// Let a service go on by a record of the hub.
fn hand_over(
    service: &mut impl Service,
    chain: ChainId,
    recorded: &Recorded,
) -> Result<(), String> {
    service.recover(recorded)?;
    info!(
        target: LOG_TARGET,
        "⛓ By the hub's record set {} decides on DappChain {chain:x} above block {}",
        recorded.record.set_id, recorded.record.head.height
    );
    Ok(())
}
