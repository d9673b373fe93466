// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The draw, a bounded number of nodes a block.

use crate::{
    draw::{freeze, mean, Draw, Kind, Reason},
    presence::required_since,
    roster::Now,
    types::{Node, Stage},
    BalanceOf, Config, Count, CurrentEpoch, CurrentStage, CurrentTurns, DrawBeganAt, DrawDelay,
    Event, FrozenEpoch, FrozenSince, FrozenSlots, Nodes, OpenEpoch, Pallet, Ranks, Slots, Veterans,
    WeightInfo,
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{traits::Get, weights::Weight};
use hansa_allocation_primitives::{ChainEvents, ChainId, EpochIndex, NodeStanding, Phase};
use hansa_beacon_primitives::{draw::rank, Beacon, CommittedIds, Draws, OnBeacon, OnFreeze};
use sp_runtime::traits::BlockNumberProvider;

/// After how many chains that become complete a block stops to place nodes: the registry looks at all
/// founders of each.
pub const COMPLETED_PER_BLOCK: u32 = 4;

/// Nodes that were drawn for a chain, with what they are and why they go there.
type DrawnNodes<T> = Vec<(<T as frame_system::Config>::AccountId, Kind, Reason)>;

impl<T: Config> OnFreeze for Pallet<T> {
    fn on_freeze(epoch: EpochIndex) -> Weight {
        OpenEpoch::<T>::put(epoch.saturating_add(1));
        if Self::is_drawing() {
            Self::deposit_event(Event::DrawSkipped { epoch });
            return T::WeightInfo::on_freeze();
        }
        let mut slots = Slots::<T>::get();
        let mean = mean(&slots);
        freeze(slots.as_mut());
        FrozenSlots::<T>::put(slots);
        FrozenEpoch::<T>::put(epoch);
        FrozenSince::<T>::put(required_since(epoch, DrawDelay::<T>::get()));
        Self::deposit_event(Event::Frozen { epoch, mean });
        T::WeightInfo::on_freeze()
    }
}

impl<T: Config> OnBeacon for Pallet<T> {
    fn on_beacon(epoch: EpochIndex, beacon: &Beacon) -> Weight {
        CurrentEpoch::<T>::put(epoch);
        OpenEpoch::<T>::put(epoch);
        match CurrentStage::<T>::get() {
            // The ids are about to be removed: who is ranked by now is drawn.
            Stage::Ranking { .. } => CurrentStage::<T>::put(Stage::Placing),
            Stage::Placing => {}
            Stage::Idle | Stage::Sweeping => Self::begin_draw(epoch, beacon),
        }
        T::WeightInfo::on_beacon()
    }
}

impl<T: Config> Draws for Pallet<T> {
    fn is_open(epoch: EpochIndex) -> bool {
        FrozenEpoch::<T>::get() == Some(epoch)
    }
}

impl<T: Config> Pallet<T> {
    /// Now, as rosters see it.
    pub(crate) fn now() -> Now {
        Now {
            epoch: CurrentEpoch::<T>::get(),
            seconds: T::ServiceClock::current_block_number(),
            confirm_epochs: T::ConfirmEpochs::get(),
        }
    }

    fn is_drawing() -> bool {
        matches!(
            CurrentStage::<T>::get(),
            Stage::Ranking { .. } | Stage::Placing
        )
    }

    fn begin_draw(epoch: EpochIndex, beacon: &Beacon) {
        let frozen = FrozenEpoch::<T>::get();
        if frozen.is_none() || frozen != epoch.checked_sub(1) {
            Self::end_draw();
            return;
        }
        let open = FrozenSlots::<T>::get().iter().any(|slot| slot.open() > 0);
        if !open {
            Self::end_draw();
            return;
        }
        if let Some(epoch) = frozen {
            Self::deposit_event(Event::DrawBegan { epoch });
        }
        DrawBeganAt::<T>::put(T::ServiceClock::current_block_number());
        CurrentStage::<T>::put(Stage::Ranking {
            beacon: *beacon,
            place: 0,
        });
    }

    fn end_draw() {
        FrozenSlots::<T>::kill();
        FrozenSince::<T>::kill();
        if let Some(epoch) = FrozenEpoch::<T>::take() {
            let waiting = Count::<T>::get().waiting;
            Self::deposit_event(Event::DrawEnded { epoch, waiting });
        }
        CurrentStage::<T>::put(Stage::Sweeping);
    }

    /// What is done of draw and sweep in a block. Returns its weight.
    pub(crate) fn step() -> Weight {
        match CurrentStage::<T>::get() {
            Stage::Idle => Weight::zero(),
            Stage::Ranking { beacon, place } => Self::rank_some(beacon, place),
            Stage::Placing => Self::place_some(),
            Stage::Sweeping => Self::sweep_some(),
        }
    }

    /// Put some of the nodes that revealed into order.
    fn rank_some(beacon: Beacon, place: u32) -> Weight {
        let Some(epoch) = FrozenEpoch::<T>::get() else {
            Self::end_draw();
            return T::WeightInfo::rank(0);
        };
        let since = FrozenSince::<T>::get();
        let places = T::Ids::places(epoch);
        let end = place.saturating_add(T::RankedPerBlock::get()).min(places);
        for place in place..end {
            let Some((account, id)) = T::Ids::id_at(epoch, place) else {
                continue;
            };
            let present = Self::candidate(&account, epoch)
                .is_some_and(|node| node.presence.covers(since, epoch));
            if present && T::Standing::may_serve(&account) {
                let veteran = Veterans::<T>::get(&account).is_some_and(|from| from <= epoch);
                let kind = if veteran { Kind::Veteran } else { Kind::New };
                Ranks::<T>::insert(rank(&beacon, &account, &id), (account, kind));
            }
        }
        CurrentStage::<T>::put(if end < places {
            Stage::Ranking { beacon, place: end }
        } else {
            Stage::Placing
        });
        T::WeightInfo::rank(end.saturating_sub(place))
    }

    /// A node that waited at the freeze of the epoch, and does.
    fn candidate(account: &T::AccountId, epoch: EpochIndex) -> Option<Node<BalanceOf<T>>> {
        Nodes::<T>::get(account)
            .filter(|node| node.chain.is_none() && node.from_epoch <= epoch && !node.leaving)
    }

    /// Give the next nodes, in the order of their ranks, to chains.
    fn place_some() -> Weight {
        let Some(epoch) = FrozenEpoch::<T>::get() else {
            Self::end_draw();
            return T::WeightInfo::place(0);
        };
        let limit = T::PlacedPerBlock::get();
        let nodes: Vec<_> = Ranks::<T>::iter().take(limit as usize).collect();
        let (found, mut taken, mut completed) = (nodes.len() as u32, 0u32, 0u32);
        let mut slots = FrozenSlots::<T>::get();
        let mut turns = CurrentTurns::<T>::get();
        let mut drawn = BTreeMap::<ChainId, DrawnNodes<T>>::new();
        let mut draw = Draw::new(slots.as_mut(), &mut turns);
        for (rank, (account, kind)) in nodes {
            if completed >= COMPLETED_PER_BLOCK {
                break;
            }
            taken = taken.saturating_add(1);
            Ranks::<T>::remove(rank);
            if Self::candidate(&account, epoch).is_none() {
                continue;
            }
            if let Some((chain, reason)) = draw.place(kind) {
                if draw.is_complete(chain) {
                    completed = completed.saturating_add(1);
                }
                drawn
                    .entry(chain)
                    .or_default()
                    .push((account, kind, reason));
            }
        }
        FrozenSlots::<T>::put(slots);
        CurrentTurns::<T>::put(turns);
        let mut weight = T::WeightInfo::place(taken);
        for (chain, nodes) in drawn {
            weight.saturating_accrue(Self::admit(chain, nodes));
        }
        if taken == found && found < limit {
            Self::end_draw();
        }
        weight
    }

    /// Nodes that were drawn become members, unless the chain has no place for them any more. Returns the
    /// weight of hooks.
    fn admit(chain: ChainId, nodes: DrawnNodes<T>) -> Weight {
        let now = Now {
            seconds: DrawBeganAt::<T>::get(),
            ..Self::now()
        };
        let admitted = Self::edit(chain, |roster| {
            let mut admitted = nodes;
            admitted.retain(|(account, kind, _)| roster.admit(account.clone(), *kind, &now));
            let complete = roster.phase == Phase::Pending && roster.slot(chain).missing() == 0;
            (admitted, complete)
        });
        let Some((admitted, complete)) = admitted else {
            return Weight::zero();
        };
        if admitted.is_empty() {
            return Weight::zero();
        }
        for (node, _, reason) in admitted {
            Nodes::<T>::mutate(&node, |entry| {
                if let Some(entry) = entry {
                    entry.chain = Some(chain);
                }
            });
            Count::<T>::mutate(|count| count.waiting = count.waiting.saturating_sub(1));
            Self::deposit_event(Event::Drawn {
                node,
                chain,
                reason,
            });
        }
        if !complete {
            return Weight::zero();
        }
        Self::deposit_event(Event::Complete { chain });
        T::Chains::on_complete(chain)
    }
}
