// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What must hold of the pallet's storage between blocks.

use crate::{
    presence::{Presence, MAX_DRAW_DELAY},
    roster::{Hold, Roster},
    types::Stage,
    Config, Count, CurrentEpoch, CurrentStage, DrawDelay, FrozenEpoch, FrozenSlots, HoldReason,
    Left, Nodes, Pallet, Ranks, Rolls, Rosters, Slots,
};
use alloc::collections::BTreeSet;
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use hansa_allocation_primitives::{tolerated, ChainId, MemberPhase, Phase, RollCall};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check the invariants:
    ///
    /// 1. The table of chains is in ascending order, and each entry is that of its roster; there are no
    ///    other rosters.
    /// 2. Each member of a chain is a node of the pool that names the chain, once; each node that names a
    ///    chain is a member of it.
    /// 3. The pool is counted, and not above its limit.
    /// 4. What is on hold for a node is its deposit.
    /// 5. Members found while their chain is not live, and only then; pending and forming chains have
    ///    no more nodes than they need; no chain that retires has members that join or depart.
    /// 6. No more of a chain have gone in an epoch than `T` of its set; who is marked has a cause, and
    ///    nobody else.
    /// 7. Ranks are there in a draw only, and then there are frozen chains.
    /// 8. Who left the pool is not in it.
    /// 9. Nobody was present in epochs to come; the delay of the draw is in its bounds.
    /// 10. Rolls are those of live chains; whoever has answered is in one once, and they are in order. Only members of live
    ///     chains are held, and only if the roll is closed those are not who are unfit.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let slots = Slots::<T>::get();
        ensure!(
            slots
                .windows(2)
                .all(|w| matches!(w, [a, b] if a.chain < b.chain)),
            "1: the chains are not in order"
        );
        ensure!(
            Rosters::<T>::iter_keys().count() == slots.len(),
            "1: there are rosters without an entry"
        );
        let mut members = BTreeSet::new();
        for slot in &slots {
            let roster = Rosters::<T>::get(slot.chain).ok_or("1: a chain has no roster")?;
            ensure!(
                roster.slot(slot.chain) == *slot,
                "1: an entry is not that of its roster"
            );
            Self::check_roster(slot.chain, &roster, &mut members)?;
        }
        Self::check_pool(&members)?;
        let drawing = matches!(
            CurrentStage::<T>::get(),
            Stage::Ranking { .. } | Stage::Placing
        );
        ensure!(
            drawing || Ranks::<T>::iter_keys().next().is_none(),
            "7: there are ranks without a draw"
        );
        ensure!(
            !drawing || FrozenEpoch::<T>::exists(),
            "7: there is a draw without frozen chains"
        );
        ensure!(
            FrozenEpoch::<T>::exists() || FrozenSlots::<T>::get().is_empty(),
            "7: chains are frozen for no draw"
        );
        ensure!(
            Left::<T>::iter_keys().all(|account| !Nodes::<T>::contains_key(account)),
            "8: a node that left is in the pool"
        );
        ensure!(
            DrawDelay::<T>::get() <= MAX_DRAW_DELAY,
            "9: the delay of the draw is too long"
        );
        for (chain, roll) in Rolls::<T>::iter() {
            ensure!(Self::is_live(chain), "10: a roll of no live chain");
            ensure!(
                roll.answered
                    .windows(2)
                    .all(|w| matches!(w, [a, b] if a < b)),
                "10: the answers are not in order"
            );
        }
        Ok(())
    }

    fn check_pool(members: &BTreeSet<T::AccountId>) -> Result<(), TryRuntimeError> {
        let (mut nodes, mut waiting) = (0u32, 0u32);
        for (account, node) in Nodes::<T>::iter() {
            nodes = nodes.saturating_add(1);
            if node.chain.is_none() {
                waiting = waiting.saturating_add(1);
            }
            ensure!(
                node.chain.is_some() == members.contains(&account),
                "2: a node names a chain of which it is no member"
            );
            let Presence { since, next } = node.presence;
            ensure!(
                since <= next && next <= CurrentEpoch::<T>::get().saturating_add(1),
                "9: a node was present in an epoch to come"
            );
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::Place.into(), &account) == node.deposit,
                "4: another amount is on hold than the deposit"
            );
        }
        let count = Count::<T>::get();
        ensure!(
            (count.nodes, count.waiting) == (nodes, waiting) && nodes <= T::MaxNodes::get(),
            "3: the pool is not counted"
        );
        Ok(())
    }

    fn check_roster(
        chain: ChainId,
        roster: &Roster<T::AccountId>,
        members: &mut BTreeSet<T::AccountId>,
    ) -> Result<(), TryRuntimeError> {
        let live = matches!(roster.phase, Phase::Live | Phase::Retiring);
        for seat in &roster.seats {
            let node = Nodes::<T>::get(&seat.account);
            ensure!(
                node.is_some_and(|node| node.chain == Some(chain)),
                "2: a member is no node of the pool, or names another chain"
            );
            ensure!(
                members.insert(seat.account.clone()),
                "2: a node is a member twice"
            );
            ensure!(
                (seat.phase == MemberPhase::Founding) != live,
                "5: a member founds a chain that is live, or serves one that is not"
            );
            ensure!(
                roster.phase != Phase::Retiring || seat.phase == MemberPhase::Serving,
                "5: a member joins or departs from a chain that retires"
            );
            ensure!(
                (seat.phase == MemberPhase::Departing) == seat.cause.is_some(),
                "6: a member departs without a cause"
            );
        }
        ensure!(
            live || roster.members_total() <= roster.need,
            "5: a chain has more founders than it needs"
        );
        ensure!(
            roster.hold == Hold::None || roster.phase == Phase::Live,
            "10: members of a chain are held that is not live"
        );
        ensure!(
            roster.hold != Hold::Fit || Rolls::<T>::get(chain).is_some_and(|roll| roll.closed),
            "10: who is unfit goes though no roll is closed"
        );
        ensure!(
            !roster.hold.by_roll() || Rolls::<T>::contains_key(chain),
            "10: who joins is late for nothing though there is no roll"
        );
        let departures = roster.departures;
        ensure!(
            departures.gone <= tolerated(departures.of),
            "6: more have gone in an epoch than may"
        );
        Ok(())
    }
}
