// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What follows from a conviction: the offender leaves at once, and is slashed later.

use crate::{
    slash::fraction,
    types::{Elected, Offending, PendingSlash, Scope, SlashRecord},
    ActiveSet, ChillReason, Config, CreditOf, Error, Event, HoldReason, LastElection, Ledgers,
    Nodes, OffendingWeight, Pallet, PendingSlashes, PlannedSet, RecentShares, SessionElections,
    SlashQueue, Slashes, WeightInfo,
};
use frame_support::{
    dispatch::DispatchClass,
    traits::{fungible::hold::Balanced, Get, OnUnbalanced},
    weights::Weight,
};
use hansa_pbft_primitives::{
    Conviction, EndSession, ForeignConviction, ForeignOffences, OnOffence, SetId,
    Weight as Weight64,
};
use hansa_staking_primitives::{Balance, ElectionIndex};
use sp_runtime::{DispatchResult, Perbill};

/// How many cancelled slashes are passed over in one block.
const MAX_PASSED_OVER: u32 = 16;

impl<T: Config> OnOffence<T::AccountId> for Pallet<T> {
    fn on_offence(conviction: &Conviction<T::AccountId>) {
        let (node, session) = (&conviction.offender, conviction.session);
        Self::expel(node);
        let Some(election) = SessionElections::<T>::get(session) else {
            Self::deposit_event(Event::NothingToSlash {
                node: node.clone(),
                scope: Scope::Session(session),
            });
            return;
        };
        Self::defer_slash(Offender {
            node: node.clone(),
            scope: Scope::Session(session),
            weight: conviction.weight,
            total: conviction.total_weight,
            election,
        });
    }
}

/// The stakes of nodes are here also when they offend elsewhere.
impl<T: Config> ForeignOffences<T::AccountId> for Pallet<T> {
    fn stake_index() -> ElectionIndex {
        LastElection::<T>::get()
    }

    fn on_foreign_offence(conviction: &ForeignConviction<T::AccountId>) {
        Self::expel(&conviction.offender);
        Self::defer_slash(Offender {
            node: conviction.offender.clone(),
            scope: Scope::Chain {
                chain: conviction.chain,
                set: conviction.set,
            },
            weight: conviction.weight,
            total: conviction.total_weight,
            election: conviction.stake,
        });
    }

    fn forget_set(chain: u32, set: SetId) {
        OffendingWeight::<T>::mutate_exists(Scope::Chain { chain, set }, |stored| {
            if let Some(offending) = stored {
                offending.closed = true;
                if offending.pending == 0 {
                    *stored = None;
                }
            }
        });
    }
}

/// Who is to be slashed for what.
struct Offender<AccountId> {
    node: AccountId,
    scope: Scope,
    weight: Weight64,
    total: Weight64,
    election: ElectionIndex,
}

impl<T: Config> Pallet<T> {
    /// A liar leaves as soon as sets can change.
    fn expel(node: &T::AccountId) {
        frame_system::Pallet::<T>::register_extra_weight_unchecked(
            T::WeightInfo::on_offence(),
            DispatchClass::Operational,
        );
        Self::chill_node(node, ChillReason::Offence);
        let has = |set: Elected<T::AccountId>| set.position(node).is_some();
        if has(ActiveSet::<T>::get()) || PlannedSet::<T>::get().is_some_and(has) {
            // A liar must not vote on for what may be an hour. Nobody can end sessions at will by
            // this: each time costs a candidate its place.
            T::EndSession::end_session();
        }
    }

    fn defer_slash(offender: Offender<T::AccountId>) {
        let Offender {
            node,
            scope,
            weight,
            total,
            election,
        } = offender;
        OffendingWeight::<T>::mutate(scope, |offending| {
            let sum = offending.get_or_insert_with(Offending::default);
            sum.weight = sum.weight.saturating_add(weight);
            sum.total = total;
            sum.pending = sum.pending.saturating_add(1);
        });
        Nodes::<T>::mutate(&node, |node| {
            node.pending_since = match node.pending {
                0 => election,
                _ => node.pending_since.min(election),
            };
            node.pending = node.pending.saturating_add(1);
        });
        let due_at = Self::now().saturating_add(Self::periods().slash_defer);
        let slash = SlashQueue::<T>::mutate(|(_, next)| {
            let slash = *next;
            *next = next.saturating_add(1);
            slash
        });
        PendingSlashes::<T>::insert(
            slash,
            PendingSlash {
                node: node.clone(),
                scope,
                election,
                weight,
                due_at,
            },
        );
        Self::deposit_event(Event::SlashDeferred {
            slash,
            node,
            scope,
            due_at,
        });
    }

    pub(crate) fn do_cancel_slash(slash: u32) -> DispatchResult {
        let pending = PendingSlashes::<T>::take(slash).ok_or(Error::<T>::NoSuchSlash)?;
        // Who is pardoned does not make it worse for the others either.
        Self::note_decided(pending.scope, pending.weight);
        Nodes::<T>::mutate(&pending.node, |node| {
            node.pending = node.pending.saturating_sub(1);
        });
        Self::deposit_event(Event::SlashCancelled {
            slash,
            node: pending.node,
        });
        Ok(())
    }

    /// Apply the slash that waits longest, if it is due. Returns the weight of having looked.
    pub(crate) fn apply_due_slash() -> Weight {
        let (mut first, next) = SlashQueue::<T>::get();
        let begun = first;
        let mut weight = T::WeightInfo::on_initialize_without_slash();
        for _ in 0..MAX_PASSED_OVER {
            if first >= next {
                break;
            }
            match PendingSlashes::<T>::get(first) {
                Some(pending) if pending.due_at > Self::now() => break,
                Some(pending) => {
                    PendingSlashes::<T>::remove(first);
                    first = first.saturating_add(1);
                    Self::apply_slash(pending);
                    weight = weight.saturating_add(T::WeightInfo::on_initialize_with_slash());
                    break;
                }
                None => first = first.saturating_add(1),
            }
        }
        if first != begun {
            SlashQueue::<T>::put((first, next));
        }
        weight
    }

    fn apply_slash(pending: PendingSlash<T::AccountId>) {
        let PendingSlash {
            node: who,
            scope,
            election,
            ..
        } = pending;
        let offending = Self::note_decided(scope, 0);
        let lost = fraction(offending.weight, offending.total, T::LeastSlash::get());
        let mut node = Nodes::<T>::get(&who);
        Self::settle(&who, &mut node);
        node.pending = node.pending.saturating_sub(1);
        let bond = Self::slash_bond(&who, election, lost);
        let pool = Self::slash_pool(&who, &mut node, election, lost);
        Self::put_node(&who, node);
        Self::update_stake(&who);
        Self::deposit_event(Event::NodeSlashed {
            node: who,
            scope,
            lost,
            bond,
            pool,
        });
    }

    /// One slash of a set waits no more; `pardoned` is the weight of who was let off. Returns
    /// who offended in that set until now.
    fn note_decided(scope: Scope, pardoned: u64) -> Offending {
        let mut offending = OffendingWeight::<T>::get(scope).unwrap_or_default();
        offending.weight = offending.weight.saturating_sub(pardoned);
        offending.pending = offending.pending.saturating_sub(1);
        let closed = match scope {
            Scope::Session(session) => !SessionElections::<T>::contains_key(session),
            Scope::Chain { .. } => offending.closed,
        };
        if offending.pending == 0 && closed {
            OffendingWeight::<T>::remove(scope);
        } else {
            OffendingWeight::<T>::insert(scope, offending);
        }
        offending
    }

    /// Slash what an operator had at stake itself, wherever it is now.
    fn slash_bond(who: &T::AccountId, election: ElectionIndex, lost: Perbill) -> Balance {
        let Some(mut ledger) = Ledgers::<T>::get(who) else {
            return 0;
        };
        let taken = ledger
            .active
            .slash(election, lost)
            .saturating_add(ledger.unlocking.slash(election, lost));
        Self::put_ledger(who, ledger);
        if taken > 0 {
            let reason = HoldReason::Bond.into();
            let (credit, _): (CreditOf<T>, _) = T::Currency::slash(&reason, who, taken);
            T::Slashed::on_unbalanced(credit);
        }
        taken
    }

    /// Slash a node's pool, and note it for what of it is on its way out.
    fn slash_pool(
        who: &T::AccountId,
        node: &mut crate::types::Node,
        election: ElectionIndex,
        lost: Perbill,
    ) -> Balance {
        if node.pool.shares == 0 && node.unlocking == 0 {
            return 0;
        }
        let record = SlashRecord { election, lost };
        let noted = Slashes::<T>::mutate(who, |log| log.try_push(record).is_ok());
        let taken = if noted {
            RecentShares::<T>::mutate_exists(who, |stored| {
                let mut recent = stored.take().unwrap_or_default();
                let taken = node.pool.slash(&mut recent, election, lost);
                *stored = (!recent.is_empty()).then_some(recent);
                taken
            })
        } else {
            // A node that was slashed so often that it cannot be told apart any more.
            node.pool.slash_all(lost)
        };
        if taken > 0 {
            Self::slash_pot(taken);
        }
        taken
    }
}
