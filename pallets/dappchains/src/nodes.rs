// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the allocation tells the registry, and what founders are paid.

use crate::{
    payout::vested, states::Step, Chain, ChainActivity, Chains, Config, Error, Event, Pallet, Seat,
    Seats, TotalActivity, Vacant, WeightInfo, LOG_TARGET,
};
use frame_support::{ensure, storage::with_storage_layer, traits::Get, weights::Weight};
use hansa_allocation_primitives::{
    Allocation, AuthoredBlocks, ChainEvents, Departure, OnShort, MIN_NODES,
};
use hansa_dappchain_primitives::{Balance, ChainId, ChainState, Seconds};
use sp_runtime::DispatchResult;

impl<T: Config> ChainEvents<T::AccountId> for Pallet<T> {
    fn on_complete(chain: ChainId) -> Weight {
        report(chain, with_storage_layer(|| Self::freeze(chain)));
        T::WeightInfo::on_complete()
    }

    fn on_joined(
        chain: ChainId,
        joined: &T::AccountId,
        replaced: Option<(&T::AccountId, Departure)>,
    ) -> Weight {
        let taken = with_storage_layer(|| Self::change_seat(chain, Some(joined), replaced));
        report(chain, taken);
        report(chain, Self::update_liveness(chain));
        T::WeightInfo::on_joined()
    }

    fn on_left(chain: ChainId, left: &T::AccountId, cause: Departure) -> Weight {
        let vacated = with_storage_layer(|| Self::change_seat(chain, None, Some((left, cause))));
        report(chain, vacated);
        report(chain, Self::update_liveness(chain));
        T::WeightInfo::on_left()
    }

    fn on_short(chain: ChainId, active: u32, need: u32, epochs: u32) -> (OnShort, Weight) {
        // Who is about to confirm may be all that it lacks. Nobody joins for ever: who is late is out.
        let joining = T::Allocation::member_count(chain) > active;
        let answer = if epochs < T::ShortEpochs::get() || active >= need || joining {
            OnShort::Wait
        } else if active >= MIN_NODES {
            match with_storage_layer(|| Self::shrink(chain, active)) {
                Ok(()) => OnShort::Shrink(active),
                Err(_) => OnShort::Wait,
            }
        } else {
            match with_storage_layer(|| Self::announce_end(chain)) {
                Ok(()) => OnShort::WindUp,
                Err(_) => OnShort::Wait,
            }
        };
        (answer, T::WeightInfo::on_short())
    }
}

impl<T: Config> AuthoredBlocks<T::AccountId> for Pallet<T> {
    /// Count blocks for the chain's weight in ballots: those of live chains only.
    fn on_authored(chain: ChainId, _: &T::AccountId, blocks: u32) -> Weight {
        let live = Chains::<T>::get(chain).is_some_and(|record| record.state == ChainState::Live);
        if live {
            let period = Self::activity_period(Self::now());
            ChainActivity::<T>::mutate(chain, |activity| activity.add(period, blocks));
            TotalActivity::<T>::mutate(|activity| activity.add(period, blocks));
        }
        T::WeightInfo::on_authored()
    }
}

/// Whether who goes for this has served its turn, or would have: its turn is over, by blocks perhaps
/// before its time, or the chain does not need it any more. Then its whole share is vested.
fn served_out(cause: Departure) -> bool {
    matches!(cause, Departure::TurnOver | Departure::NotNeeded)
}

/// What a handler cannot do it logs: there is nobody to return it to. Nothing is changed then.
fn report(chain: ChainId, result: DispatchResult) {
    if let Err(error) = result {
        log::error!(target: LOG_TARGET, "chain {chain}: {error:?}");
    }
}

impl<T: Config> Pallet<T> {
    /// Live with as many nodes as it needs, else degraded.
    fn update_liveness(chain: ChainId) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        let active = T::Allocation::active_count(chain);
        let enough = active >= record.need && active >= MIN_NODES;
        match (record.state, enough) {
            (ChainState::Live, false) => {
                Self::step(chain, &mut record, Step::RunShort)?;
                Self::deposit_event(Event::Degraded {
                    chain,
                    nodes: active,
                });
            }
            (ChainState::Degraded, true) => {
                Self::step(chain, &mut record, Step::Recover)?;
                Self::deposit_event(Event::Recovered { chain });
            }
            _ => return Ok(()),
        }
        Chains::<T>::insert(chain, record);
        Ok(())
    }

    /// A chain that stays short needs no more than it has.
    fn shrink(chain: ChainId, need: u32) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        ensure!(
            matches!(record.state, ChainState::Live | ChainState::Degraded),
            Error::<T>::WrongState
        );
        record.need = need;
        Chains::<T>::insert(chain, record);
        Self::deposit_event(Event::NeedShrunk { chain, need });
        Self::update_liveness(chain)
    }

    /// What a seat can get now.
    pub(crate) fn claimable(record: &Chain<T::AccountId>, seat: &Seat, now: Seconds) -> Balance {
        let elapsed = now.saturating_sub(record.live_at.unwrap_or(now));
        vested(seat.share, elapsed, record.term.seconds).saturating_sub(seat.paid)
    }

    pub(crate) fn do_claim(chain: ChainId, node: T::AccountId) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        let mut seat = Seats::<T>::get(chain, &node).ok_or(Error::<T>::NoSeat)?;
        let amount = Self::claimable(&record, &seat, Self::now());
        ensure!(amount > 0, Error::<T>::NothingToClaim);
        Self::pay(chain, &mut record, &node, &mut seat, amount)?;
        Self::put_seat(chain, &node, seat);
        Chains::<T>::insert(chain, record);
        Ok(())
    }

    /// Pay so much of a seat.
    fn pay(
        chain: ChainId,
        record: &mut Chain<T::AccountId>,
        node: &T::AccountId,
        seat: &mut Seat,
        amount: Balance,
    ) -> DispatchResult {
        if amount > 0 {
            Self::pay_seat(chain, &record.payer, node, amount)?;
            seat.paid = seat.paid.saturating_add(amount);
            record.stake = record.stake.saturating_sub(amount);
        }
        Ok(())
    }

    /// One node leaves a chain's set, another one comes: what the one leaves is the other's. Who comes
    /// for nobody takes what was left longest ago; what is left to nobody, or to the deployer's own node,
    /// waits for the next one.
    fn change_seat(
        chain: ChainId,
        joined: Option<&T::AccountId>,
        left: Option<(&T::AccountId, Departure)>,
    ) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        if record.live_at.is_none() || record.stake == 0 {
            return Ok(());
        }
        let mut free = None;
        if let Some((node, cause)) = left {
            if let Some(mut seat) = Seats::<T>::take(chain, node) {
                let amount = if served_out(cause) {
                    seat.rest()
                } else {
                    Self::claimable(&record, &seat, Self::now())
                };
                // One that cannot be paid has no account: what it does not get goes to the next.
                let _ = Self::pay(chain, &mut record, node, &mut seat, amount);
                let rest = seat.rest();
                free = (rest > 0).then_some(seat);
                let node = node.clone();
                Self::deposit_event(Event::SeatLeft { chain, node, rest });
            }
        } else if joined.is_some_and(|node| !Self::is_own(&record, node)) {
            let oldest =
                |seats: &mut crate::VacantSeats| (!seats.is_empty()).then(|| seats.remove(0));
            free = Vacant::<T>::mutate(chain, oldest);
        }
        match (free, joined) {
            (None, _) => {}
            (Some(seat), Some(node)) if !Self::is_own(&record, node) => {
                Self::take_seat(chain, node, seat);
            }
            (Some(seat), _) => Vacant::<T>::mutate(chain, |seats| seats.try_push(seat))
                .map_err(|_| Error::<T>::TooManyNodes)?,
        }
        Chains::<T>::insert(chain, record);
        Ok(())
    }

    /// A node takes over a seat; if it has one of this chain still, both are one.
    fn take_seat(chain: ChainId, node: &T::AccountId, seat: Seat) {
        let mut all = Seats::<T>::get(chain, node).unwrap_or_default();
        all.share = all.share.saturating_add(seat.share);
        all.paid = all.paid.saturating_add(seat.paid);
        Self::put_seat(chain, node, all);
        Self::deposit_event(Event::SeatTaken {
            chain,
            node: node.clone(),
            rest: seat.rest(),
        });
    }
}
