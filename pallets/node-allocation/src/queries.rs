// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the runtime API answers.

use crate::{
    draw::{is_below, mean, Slot},
    types::Stage,
    Config, Count, CurrentEpoch, CurrentStage, CurrentTurns, DrawDelay, FrozenEpoch, Nodes,
    OpenEpoch, Pallet, Rosters, Slots, Veterans,
};
use alloc::vec::Vec;
use hansa_allocation_primitives::{
    api::MAX_PAGE, BeaconId, ChainId, ChainStatus, DrawStage, DrawStatus, Member, NodeKeys,
    NodePlace, NodeStatus,
};

impl<T: Config> Pallet<T> {
    /// The draw and the pool.
    pub fn draw_status() -> DrawStatus {
        let (slots, turns, count) = (
            Slots::<T>::get(),
            CurrentTurns::<T>::get(),
            Count::<T>::get(),
        );
        let next = slots.partition_point(|slot| slot.chain < turns.veteran);
        DrawStatus {
            stage: match CurrentStage::<T>::get() {
                Stage::Idle => DrawStage::Idle,
                Stage::Ranking { .. } => DrawStage::Ranking,
                Stage::Placing => DrawStage::Placing,
                Stage::Sweeping => DrawStage::Sweeping,
            },
            epoch: FrozenEpoch::<T>::get(),
            nodes: count.nodes,
            waiting: count.waiting,
            chains: slots.len() as u32,
            mean: mean(&slots),
            turn: slots
                .get(next)
                .or_else(|| slots.first())
                .map(|slot| slot.chain),
        }
    }

    /// A node of the pool.
    pub fn node_status(account: T::AccountId) -> Option<NodeStatus<T::AccountId>> {
        let node = Nodes::<T>::get(&account)?;
        let veteran =
            Veterans::<T>::get(&account).is_some_and(|from| from <= OpenEpoch::<T>::get());
        let place = match node.chain {
            None => NodePlace::Waiting {
                from_epoch: node.from_epoch.max(node.presence.first_draw(
                    CurrentEpoch::<T>::get(),
                    OpenEpoch::<T>::get(),
                    DrawDelay::<T>::get(),
                )),
            },
            Some(chain) => {
                let roster = Rosters::<T>::get(chain)?;
                let seat = roster.seat(&account)?;
                let ends = |since: u32| since.saturating_add(roster.term.seconds);
                NodePlace::Allocated {
                    chain,
                    since: seat.since,
                    phase: seat.phase,
                    blocks: seat.blocks,
                    ends_at: seat.serving_since.map(ends),
                }
            }
        };
        Some(NodeStatus {
            account,
            veteran,
            leaving: node.leaving,
            place,
        })
    }

    /// The node with a beacon key.
    pub fn node_of_key(key: &BeaconId) -> Option<NodeStatus<T::AccountId>> {
        Self::node_status(T::Keys::account_of(key)?)
    }

    /// A chain.
    pub fn chain_status(chain: ChainId) -> Option<ChainStatus> {
        let slots = Slots::<T>::get();
        let at = slots.binary_search_by_key(&chain, |slot| slot.chain).ok()?;
        Self::status_at(&slots, at)
    }

    /// The chains from id `from` on.
    pub fn chains(from: ChainId, limit: u32) -> Vec<ChainStatus> {
        let slots = Slots::<T>::get();
        let start = slots.partition_point(|slot| slot.chain < from);
        (start..slots.len())
            .take(limit.min(MAX_PAGE) as usize)
            .filter_map(|at| Self::status_at(&slots, at))
            .collect()
    }

    /// The members of a chain.
    pub fn members_page(chain: ChainId, from: u32, limit: u32) -> Vec<Member<T::AccountId>> {
        let Some(roster) = Rosters::<T>::get(chain) else {
            return Vec::new();
        };
        let limit = limit.min(MAX_PAGE) as usize;
        roster.members().skip(from as usize).take(limit).collect()
    }

    fn status_at(slots: &[Slot], at: usize) -> Option<ChainStatus> {
        let slot = slots.get(at)?;
        let roster = Rosters::<T>::get(slot.chain)?;
        let turn = CurrentTurns::<T>::get().veteran;
        let next = slots.partition_point(|slot| slot.chain < turn);
        let distance = match at.checked_sub(next) {
            Some(distance) => distance,
            None => at.saturating_add(slots.len().saturating_sub(next)),
        };
        Some(ChainStatus {
            chain: slot.chain,
            phase: slot.phase,
            need: slot.need,
            nodes: slot.nodes,
            active: roster.active(),
            missing: slot.missing(),
            open: slot.open(),
            short_epochs: roster.short_epochs,
            below_mean: is_below(slot.nodes, slot.need, mean(slots)),
            turn_distance: distance as u32,
        })
    }
}
