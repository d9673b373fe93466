// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the allocation does for the registry of chains.

use crate::{draw::Slot, roster::Roster, Config, Count, Event, Pallet, Rosters, Slots, WeightInfo};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get, weights::Weight};
use hansa_allocation_primitives::{
    Allocation, AllocationError, ChainId, Departure, Member, Phase, RollCall, Seconds, Term,
    MIN_NODES,
};

fn check_term(term: &Term) -> Result<(), AllocationError> {
    let seconds: Seconds = term.seconds;
    ensure!(term.blocks > 0 && seconds > 0, AllocationError::BadTerm);
    Ok(())
}

impl<T: Config> Pallet<T> {
    fn check_need(need: u32) -> Result<(), AllocationError> {
        let most = <Self as Allocation<T::AccountId>>::max_nodes();
        ensure!((MIN_NODES..=most).contains(&need), AllocationError::BadNeed);
        Ok(())
    }

    fn roster(chain: ChainId) -> Result<Roster<T::AccountId>, AllocationError> {
        Rosters::<T>::get(chain).ok_or(AllocationError::NoSuchChain)
    }

    /// The chain in the table.
    pub(crate) fn slot(chain: ChainId) -> Option<Slot> {
        let slots = Slots::<T>::get();
        let at = slots.binary_search_by_key(&chain, |slot| slot.chain).ok()?;
        slots.get(at).copied()
    }
}

impl<T: Config> Allocation<T::AccountId> for Pallet<T> {
    /// Three quarters of the room: a third more may be there while replacements join.
    fn max_nodes() -> u32 {
        T::MaxMembers::get().saturating_mul(3) / 4
    }

    fn max_chains() -> u32 {
        T::MaxChains::get()
    }

    fn open(chain: ChainId, need: u32, term: Term) -> Result<(), AllocationError> {
        Self::check_need(need)?;
        check_term(&term)?;
        let roster = Roster::new(need, term);
        Slots::<T>::try_mutate(|slots| {
            let newer = slots.last().is_none_or(|last| last.chain < chain);
            ensure!(newer, AllocationError::ChainExists);
            slots
                .try_push(roster.slot(chain))
                .map_err(|_| AllocationError::TooManyChains)
        })?;
        Rosters::<T>::insert(chain, roster);
        Ok(())
    }

    fn set_phase(chain: ChainId, phase: Phase) -> Result<(), AllocationError> {
        let roster = Self::roster(chain)?;
        let now = Self::now();
        match (roster.phase, phase) {
            (Phase::Pending, Phase::Forming) if roster.slot(chain).missing() == 0 => {
                Self::edit(chain, |roster| roster.phase = phase);
            }
            (Phase::Forming, Phase::Pending) => {
                Self::edit(chain, |roster| roster.phase = phase);
            }
            (Phase::Forming, Phase::Live) => {
                Self::edit(chain, |roster| roster.go_live(&now));
            }
            (Phase::Live, Phase::Retiring) => {
                Self::retire(chain);
                return Ok(());
            }
            _ => return Err(AllocationError::WrongPhase),
        }
        Self::deposit_event(Event::PhaseChanged { chain, phase });
        Ok(())
    }

    fn set_need(chain: ChainId, need: u32) -> Result<(), AllocationError> {
        Self::check_need(need)?;
        let roster = Self::roster(chain)?;
        match roster.phase {
            Phase::Pending => ensure!(roster.members_total() <= need, AllocationError::BadNeed),
            Phase::Live => {}
            Phase::Forming | Phase::Retiring => return Err(AllocationError::WrongPhase),
        }
        Self::edit(chain, |roster| roster.need = need);
        Self::deposit_event(Event::NeedChanged { chain, need });
        Ok(())
    }

    fn close(chain: ChainId) -> Result<Weight, AllocationError> {
        let roster = Self::roster(chain)?;
        Rosters::<T>::remove(chain);
        Self::end_roll(chain);
        Slots::<T>::mutate(|slots| slots.retain(|slot| slot.chain != chain));
        let members = roster.members_total();
        for seat in roster.seats {
            Self::free(chain, (seat, Departure::NotNeeded), false);
        }
        Ok(T::WeightInfo::close(members))
    }

    fn remove_founder(chain: ChainId, account: &T::AccountId) -> Result<Weight, AllocationError> {
        let roster = Self::roster(chain)?;
        ensure!(
            matches!(roster.phase, Phase::Pending | Phase::Forming),
            AllocationError::WrongPhase
        );
        let seat = Self::edit(chain, |roster| roster.remove(account))
            .flatten()
            .ok_or(AllocationError::NotMember)?;
        Self::free(chain, (seat, Departure::Unconfirmed), true);
        Ok(T::WeightInfo::close(1))
    }

    fn members(chain: ChainId) -> Vec<Member<T::AccountId>> {
        Rosters::<T>::get(chain)
            .map(|roster| roster.members().collect())
            .unwrap_or_default()
    }

    fn member_count(chain: ChainId) -> u32 {
        Self::slot(chain).map_or(0, |slot| slot.nodes)
    }

    fn active_count(chain: ChainId) -> u32 {
        Rosters::<T>::get(chain).map_or(0, |roster| roster.active())
    }

    fn need(chain: ChainId) -> u32 {
        Self::slot(chain).map_or(0, |slot| slot.need)
    }

    fn open_pending_places() -> u64 {
        Slots::<T>::get()
            .iter()
            .filter(|slot| slot.phase == Phase::Pending)
            .fold(0, |sum: u64, slot| {
                sum.saturating_add(slot.missing().into())
            })
    }

    fn waiting_nodes() -> u32 {
        Count::<T>::get().waiting
    }
}
