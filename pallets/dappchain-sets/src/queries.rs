// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the runtime API answers.

use crate::{Chains, Config, Pallet, Sets};
use hansa_dappchain_primitives::{ChainId, SetOrdinal, SetsView};
use hansa_pbft_primitives::SetId;

impl<T: Config> Pallet<T> {
    /// The sets of a chain.
    pub fn sets_of(chain: ChainId) -> Option<SetsView> {
        let record = Chains::<T>::get(chain)?;
        let in_force = Sets::<T>::get(chain, record.in_force);
        Some(SetsView {
            genesis: record.genesis,
            in_force: record.in_force,
            set_id: in_force.and_then(|set| set.set_id),
            latest: record.latest(),
            limit: record.limit,
        })
    }

    /// The number of the set that has, or had, this id on the chain, if it is remembered.
    pub fn ordinal_of(chain: ChainId, set: SetId) -> Option<SetOrdinal> {
        let record = Chains::<T>::get(chain)?;
        let known = record.first..=record.in_force;
        known.rev().find(|ordinal| {
            Sets::<T>::get(chain, ordinal).is_some_and(|ordered| ordered.set_id == Some(set))
        })
    }
}
