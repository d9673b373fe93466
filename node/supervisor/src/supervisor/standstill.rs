// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a node does for a chain that lost its quorum: `docs/adr/0016-a-chain-that-lost-its-quorum.md`.
//!
//! It answers when the roll is called, says that it is ready though the head is old, and hands the service the record of the
//! set by which the chain goes on, and says to it how late the hub's word is that there is no other. That a later block
//! is known here the couriers show to the hub, which asks for headers of a chain that seems to stand still.

use super::{Membership, Supervisor};
use crate::{
    duties::DutyError,
    hub::Hub,
    launcher::{Launcher, Recorded, Service},
    LOG_TARGET,
};
use hansa_allocation_primitives::Head;
use hansa_dappchain_primitives::ChainId;
use hansa_primitives::Hash;
use log::{error, info};
use sp_blockchain::Error as ChainError;

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

    /// Hand a chain's service the last record, once, and say to it as of when there is none besides.
    pub(super) fn hand_over_record(&mut self, chain: ChainId) -> Result<(), ChainError> {
        let at = self.hub.head();
        let recorded = self.hub.recovery(at, chain)?;
        let made_ms = self.hub.made_at_ms(at)?;
        let Some(running) = self.services.get_mut(&chain) else {
            return Ok(());
        };
        if let Some(recorded) = recorded {
            let hash = recorded.record.hash();
            if running.recovery != Some(hash) {
                running.recovery = Some(hash);
                if let Err(error) = hand_over(&mut running.service, chain, &recorded) {
                    error!(target: LOG_TARGET, "🛟 DappChain {chain:x}: {error}");
                }
            }
        }
        if let Some(made_ms) = made_ms {
            running.service.set_current(made_ms);
        }
        Ok(())
    }
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
