// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The sweep: turns that are over, confirmations that are overdue, chains that stay short; a bounded
//! number of members a block.

use crate::{
    roster::{Gone, Hold},
    types::Stage,
    Config, CurrentStage, Event, Pallet, Slots, SweepFrom, WeightInfo,
};
use frame_support::{traits::Get, weights::Weight};
use hansa_allocation_primitives::{
    ChainEvents, ChainId, Departure, MemberPhase, NodeStanding, OnShort, Phase, RollCall, MIN_NODES,
};

impl<T: Config> Pallet<T> {
    /// Look through some chains.
    pub(crate) fn sweep_some() -> Weight {
        let mut from = SweepFrom::<T>::get();
        let slots = Slots::<T>::get();
        let start = slots.partition_point(|slot| slot.chain < from);
        let (mut members, mut chains, mut over) = (0u32, 0u32, true);
        let mut weight = Weight::zero();
        for slot in slots.iter().skip(start) {
            // A chain without nodes costs, too.
            let cost = members.saturating_add(chains);
            if cost >= T::SweptPerBlock::get() {
                over = false;
                break;
            }
            weight.saturating_accrue(Self::sweep_chain(slot.chain));
            members = members.saturating_add(slot.nodes);
            chains = chains.saturating_add(1);
            from = slot.chain.saturating_add(1);
        }
        if over {
            SweepFrom::<T>::kill();
            CurrentStage::<T>::put(Stage::Idle);
        } else {
            SweepFrom::<T>::put(from);
        }
        weight.saturating_add(T::WeightInfo::sweep(chains, members))
    }

    /// Look through the members of a chain. Returns the weight of hooks.
    fn sweep_chain(chain: ChainId) -> Weight {
        let now = Self::now();
        let swept = Self::edit(chain, |roster| {
            let gone = roster.sweep(&now, T::Standing::may_serve);
            let counts = roster.phase == Phase::Live && roster.hold == Hold::None;
            let short = counts && roster.short_epochs >= T::ShortEpochs::get();
            let short = short.then(|| (roster.active(), roster.need, roster.short_epochs));
            (gone, short)
        });
        let Some((gone, short)) = swept else {
            return Weight::zero();
        };
        let mut weight = Weight::zero();
        for gone in gone {
            weight.saturating_accrue(Self::let_go(chain, gone));
        }
        if let Some((active, need, epochs)) = short {
            weight.saturating_accrue(Self::on_short(chain, active, need, epochs));
        }
        weight
    }

    /// Free a member that goes without a replacement, and tell the registry if it was one of the set or a
    /// founder. Returns the weight of that.
    pub(crate) fn let_go(chain: ChainId, gone: Gone<T::AccountId>) -> Weight {
        let (account, phase, cause) = (gone.0.account.clone(), gone.0.phase, gone.1);
        Self::free(chain, gone, cause == Departure::Unconfirmed);
        if phase == MemberPhase::Joining {
            return Weight::zero();
        }
        T::Chains::on_left(chain, &account, cause)
    }

    fn on_short(chain: ChainId, active: u32, need: u32, epochs: u32) -> Weight {
        Self::deposit_event(Event::Short {
            chain,
            active,
            epochs,
        });
        let (answer, mut weight) = T::Chains::on_short(chain, active, need, epochs);
        match answer {
            OnShort::Wait => {}
            OnShort::Shrink(to) => {
                let to = to.max(MIN_NODES).min(need);
                Self::edit(chain, |roster| {
                    roster.need = to;
                    roster.short_epochs = 0;
                });
                Self::deposit_event(Event::NeedChanged { chain, need: to });
            }
            OnShort::WindUp => weight.saturating_accrue(Self::retire(chain)),
        }
        weight
    }

    /// A chain retires: nobody is drawn for it any more, and who was to join it is free.
    pub(crate) fn retire(chain: ChainId) -> Weight {
        let mut weight = Weight::zero();
        // Who is not there is not replaced any more.
        Self::end_roll(chain);
        for gone in Self::edit(chain, |roster| roster.retire()).unwrap_or_default() {
            weight.saturating_accrue(Self::let_go(chain, gone));
        }
        let phase = Phase::Retiring;
        Self::deposit_event(Event::PhaseChanged { chain, phase });
        weight
    }
}
