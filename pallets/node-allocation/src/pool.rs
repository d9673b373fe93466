// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Nodes come into the pool, become veterans, go back to the pool, and leave it.

use crate::{
    presence::Presence,
    roster::{Gone, Roster},
    types::Node,
    BalanceOf, Config, Count, Error, Event, HoldReason, Left, Nodes, OpenEpoch, Pallet, Rosters,
    Slots, Veterans, WeightInfo, LOG_TARGET,
};
use frame_support::{
    ensure,
    traits::{
        fungible::{BalancedHold, InspectHold, MutateHold},
        tokens::Precision,
        Get, OnUnbalanced,
    },
    weights::Weight,
};
use hansa_allocation_primitives::{
    AuthoredBlocks, BeaconId, ChainEvents, ChainId, Departure, EpochIndex, MemberPhase, NodeKeys,
    NodeStanding, Phase, Serving,
};
use hansa_beacon_primitives::{Leaving, OnReveal, Pool};
use hansa_staking_primitives::BlockAuthor;
use sp_runtime::{
    traits::{Saturating, Zero},
    DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// Whether a node may come into the pool now; returns its key.
    pub(crate) fn check_join(who: &T::AccountId) -> Result<BeaconId, Error<T>> {
        ensure!(!Nodes::<T>::contains_key(who), Error::<T>::AlreadyPooled);
        let count = Count::<T>::get();
        ensure!(count.nodes < T::MaxNodes::get(), Error::<T>::PoolFull);
        let key = T::Keys::key_of(who).ok_or(Error::<T>::NoKey)?;
        ensure!(T::Standing::may_serve(who), Error::<T>::MayNotServe);
        ensure!(
            T::Currency::can_hold(&HoldReason::Place.into(), who, T::Deposit::get()),
            Error::<T>::DepositTooHigh
        );
        Ok(key)
    }

    pub(crate) fn do_join(who: T::AccountId) -> DispatchResult {
        Self::check_join(&who)?;
        let deposit = T::Deposit::get();
        T::Currency::hold(&HoldReason::Place.into(), &who, deposit)?;
        Left::<T>::remove(&who);
        Self::add_node(&who, deposit, None);
        Self::deposit_event(Event::Joined { node: who });
        Ok(())
    }

    /// Put a node into the pool, as a member of `chain` if there is one.
    fn add_node(account: &T::AccountId, deposit: BalanceOf<T>, chain: Option<ChainId>) {
        let open = OpenEpoch::<T>::get();
        let node = Node {
            deposit,
            from_epoch: open,
            presence: Presence::new(open),
            chain,
            leaving: false,
        };
        Nodes::<T>::insert(account, node);
        Count::<T>::mutate(|count| {
            count.nodes = count.nodes.saturating_add(1);
            if chain.is_none() {
                count.waiting = count.waiting.saturating_add(1);
            }
        });
    }

    pub(crate) fn do_leave(who: T::AccountId) -> DispatchResult {
        let mut node = Nodes::<T>::get(&who).ok_or(Error::<T>::NotPooled)?;
        let Some(chain) = node.chain else {
            Self::remove_node(&who, node, false);
            return Ok(());
        };
        ensure!(!node.leaving, Error::<T>::AlreadyLeaving);
        // Who does not serve yet goes at once; the others are marked in the next sweep.
        let gone = Self::edit(chain, |roster| {
            let seat = roster.seat_mut(&who)?;
            seat.leaving = true;
            let at_once = match seat.phase {
                MemberPhase::Joining => true,
                MemberPhase::Founding => roster.phase == Phase::Pending,
                MemberPhase::Serving | MemberPhase::Departing => false,
            };
            at_once.then(|| roster.remove(&who)).flatten()
        })
        .flatten();
        node.leaving = true;
        Nodes::<T>::insert(&who, node);
        Self::deposit_event(Event::Leaving { node: who.clone() });
        if let Some(seat) = gone {
            let founder = seat.phase == MemberPhase::Founding;
            Self::free(chain, (seat, Departure::Left), true);
            if founder {
                T::Chains::on_left(chain, &who, Departure::Left);
            }
        }
        Ok(())
    }

    /// Change a chain's roster, and the table of chains with it. None if there is no such chain.
    pub(crate) fn edit<R>(
        chain: ChainId,
        change: impl FnOnce(&mut Roster<T::AccountId>) -> R,
    ) -> Option<R> {
        let mut roster = Rosters::<T>::get(chain)?;
        let result = change(&mut roster);
        let slot = roster.slot(chain);
        Rosters::<T>::insert(chain, roster);
        Slots::<T>::mutate(|slots| {
            if let Ok(at) = slots.binary_search_by_key(&chain, |slot| slot.chain) {
                if let Some(entry) = slots.get_mut(at) {
                    *entry = slot;
                }
            }
        });
        Some(result)
    }

    /// Who is no member any more goes back to the pool, or out of it if it is to leave. `charged`: it
    /// gave its place up, which costs the deposit, and it is out of the pool.
    pub(crate) fn free(chain: ChainId, (seat, cause): Gone<T::AccountId>, charged: bool) {
        let account = seat.account;
        Self::deposit_event(Event::Departed {
            node: account.clone(),
            chain,
            cause,
        });
        let Some(mut node) = Nodes::<T>::get(&account) else {
            return;
        };
        node.chain = None;
        node.from_epoch = OpenEpoch::<T>::get();
        Count::<T>::mutate(|count| count.waiting = count.waiting.saturating_add(1));
        if charged || node.leaving {
            Self::remove_node(&account, node, charged);
        } else {
            Nodes::<T>::insert(&account, node);
        }
    }

    /// A node that is a member of no chain leaves the pool.
    fn remove_node(account: &T::AccountId, node: Node<BalanceOf<T>>, charged: bool) {
        T::Leaving::on_leave(account);
        Nodes::<T>::remove(account);
        Left::<T>::insert(account, ());
        Count::<T>::mutate(|count| {
            count.nodes = count.nodes.saturating_sub(1);
            count.waiting = count.waiting.saturating_sub(1);
        });
        let reason = HoldReason::Place.into();
        let mut fee = BalanceOf::<T>::zero();
        if charged {
            let (credit, missing) = T::Currency::slash(&reason, account, node.deposit);
            T::OnFee::on_unbalanced(credit);
            fee = node.deposit.saturating_sub(missing);
        } else if let Err(error) =
            T::Currency::release(&reason, account, node.deposit, Precision::BestEffort)
        {
            log::error!(target: LOG_TARGET, "the deposit of {account:?} stays on hold: {error:?}");
        }
        let node = account.clone();
        Self::deposit_event(Event::Left { node, fee });
    }

    /// Who makes a block of the hub is a veteran.
    pub(crate) fn note_hub_author() {
        if let Some(author) = T::Author::block_author() {
            Self::note_veteran(&author);
        }
    }

    /// Whoever has authored a block is a veteran, from the next freeze on.
    pub(crate) fn note_veteran(account: &T::AccountId) {
        if Veterans::<T>::contains_key(account) {
            return;
        }
        Veterans::<T>::insert(account, OpenEpoch::<T>::get());
        let node = account.clone();
        Self::deposit_event(Event::Veteran { node });
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl<T: Config> Pallet<T> {
    /// For benchmarks of others: put these nodes into the pool, as founders of a pending chain.
    pub fn fill(chain: ChainId, nodes: &[T::AccountId]) {
        let now = Self::now();
        for account in nodes {
            Self::add_node(account, Zero::zero(), Some(chain));
            Self::edit(chain, |roster| {
                roster.admit(account.clone(), crate::draw::Kind::Veteran, &now)
            });
        }
    }
}

/// Nodes of the pool may commit, in whatever place they are.
impl<T: Config> Pool<T::AccountId> for Pallet<T> {
    fn key_of(account: &T::AccountId) -> Option<BeaconId> {
        Nodes::<T>::contains_key(account)
            .then(|| T::Keys::key_of(account))
            .flatten()
    }

    fn account_of(key: &BeaconId) -> Option<T::AccountId> {
        T::Keys::account_of(key).filter(|account| Nodes::<T>::contains_key(account))
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn put(account: &T::AccountId, key: &BeaconId) {
        T::Keys::set_key(account, key);
        Self::add_node(account, Zero::zero(), None);
    }
}

/// Who reveals its id is present, in whatever place it is.
impl<T: Config> OnReveal<T::AccountId> for Pallet<T> {
    fn on_reveal(epoch: EpochIndex, account: &T::AccountId) {
        if let Some(mut node) = Nodes::<T>::get(account) {
            node.presence.note(epoch);
            Nodes::<T>::insert(account, node);
        }
    }

    fn weight() -> Weight {
        T::WeightInfo::on_reveal()
    }
}

impl<T: Config> Serving<T::AccountId> for Pallet<T> {
    fn chain_of(account: &T::AccountId) -> Option<ChainId> {
        Nodes::<T>::get(account)?.chain
    }

    fn is_pooled(account: &T::AccountId) -> bool {
        Nodes::<T>::contains_key(account)
    }
}

impl<T: Config> AuthoredBlocks<T::AccountId> for Pallet<T> {
    fn on_authored(chain: ChainId, account: &T::AccountId, blocks: u32) -> Weight {
        if blocks > 0 {
            Self::note_veteran(account);
            Self::edit(chain, |roster| roster.note_blocks(account, blocks));
        }
        T::WeightInfo::on_authored()
    }
}
