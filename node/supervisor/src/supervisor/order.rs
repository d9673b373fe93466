// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a service is started with.

use super::Supervisor;
use crate::{
    hub::Hub,
    launcher::{Launcher, Order},
    store::{Ports, Stored},
};
use hansa_dappchain_primitives::{api::ChainView, ChainId};
use hansa_primitives::{AccountId, Hash};
use sp_blockchain::Error as ChainError;

impl<H: Hub, L: Launcher> Supervisor<H, L> {
    /// What is to be started.
    pub(super) fn order(&mut self, chain: ChainId) -> Result<Order, String> {
        let at = self.hub.head();
        let text = |error: ChainError| format!("the hub cannot be asked: {error}");
        let view = self
            .hub
            .chain(at, chain)
            .map_err(text)?
            .ok_or("the hub does not know it")?;
        let genesis = view.genesis.ok_or("no genesis is confirmed")?;
        let record = self
            .hub
            .genesis_record(at, chain)
            .map_err(text)?
            .ok_or("the hub has no record of its genesis")?;
        let ports = self.ports(chain, &view, genesis)?;
        // Without, it is told when the hub can be asked again.
        let recovery = self.hub.recovery(at, chain).unwrap_or_else(|error| {
            self.complain(format!(
                "cannot ask the hub for a record of DappChain {chain:x}: {error}"
            ));
            None
        });
        Ok(Order {
            record,
            genesis,
            ports,
            recovery,
        })
    }

    /// The chain's ports: as ever, or new ones.
    fn ports(
        &mut self,
        chain: ChainId,
        view: &ChainView<AccountId>,
        genesis: Hash,
    ) -> Result<Ports, String> {
        if let Some(stored) = self.store.get(chain) {
            return Ok(stored.ports);
        }
        let taken: Vec<_> = self
            .store
            .chains()
            .values()
            .map(|stored| stored.ports)
            .collect();
        let ports = self.launcher.free_ports(&taken)?;
        let stored = Stored {
            name: String::from_utf8_lossy(&view.name).into_owned(),
            genesis,
            ports,
            left_at: None,
        };
        self.store
            .insert(chain, stored)
            .map_err(|error| error.to_string())?;
        Ok(ports)
    }
}
