// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What operators are shown.

use super::Supervisor;
use crate::{
    hub::Hub,
    launcher::{Launcher, Service},
    plan::Stage,
    status::{ChainStatus, Doing},
    store::Stored,
};
use hansa_dappchain_primitives::ChainId;

impl<H: Hub, L: Launcher> Supervisor<H, L> {
    /// Show operators what there is.
    pub(super) fn tell(&self) {
        let chains: Vec<_> = self
            .store
            .chains()
            .iter()
            .map(|(chain, stored)| ChainStatus {
                chain: *chain,
                name: stored.name.clone(),
                genesis: stored.genesis,
                ports: stored.ports,
                doing: self.doing(*chain, stored),
                health: self
                    .services
                    .get(chain)
                    .map(|running| running.service.health()),
                error: self.errors.get(chain).cloned(),
            })
            .collect();
        self.metrics.count(&chains);
        self.status.set(chains);
    }

    fn doing(&self, chain: ChainId, stored: &Stored) -> Doing {
        match self.plan.stage(chain) {
            Some(Stage::Starting) => Doing::Starting,
            Some(Stage::Running { .. }) => Doing::Running,
            Some(Stage::Stopping) => Doing::Stopping,
            Some(Stage::Idle { .. }) if stored.left_at.is_none() => Doing::Failed,
            Some(Stage::Idle { .. } | Stage::Forgetting) | None => Doing::Left,
        }
    }
}
