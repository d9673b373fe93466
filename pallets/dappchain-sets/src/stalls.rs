// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains that stand still, and the sets that are recorded in place of those that lost their quorum.
//!
//! A chain of which more than `T` is gone can neither decide nor hand over. That is seen by its light client: each chain
//! that lives shows a header now and then, as it reports its blocks and as headers are due. In each round:
//!
//! 1. The head that was proven last is compared with that of the round before. If it is the same for
//!    [`StallPeriods::stall_seconds`], a **stall** opens: the roll of the chain's set is called ([`RollCall`]). From half of
//!    that time on a header is asked for before one is due ([`HandOvers::wants_header`]).
//! 2. For [`StallPeriods::challenge_seconds`] those in the set may answer, and anybody may prove a higher block, by an
//!    ordinary update of the light client. That ends the stall, now and at any time later.
//! 3. Then the roll is closed: who has not answered loses its place (of a large chain a part in each round). Others are drawn,
//!    and confirm, as always.
//! 4. In the next rounds: if those members who are in the set that decides make a quorum of it, it can go on by itself, so
//!    the chain gets its time anew. Else, as soon as there are [`MIN_NODES`] in the set, they are **recorded** as
//!    the set that decides above the head, with the next id. From then on all is as after a hand-over.
//!
//! The third condition, that there is no quorum, is what keeps a chain from being cut off that decides and whose headers do
//! not come through: a record above a head that is not the chain's last is taken by nobody who knows better, while the hub
//! follows it.
//!
//! Without periods no chain is watched. A chain whose route is not open is not watched, nor one that retires or has ended. If the chain has contradicted itself, or
//! the route is suspended (it may have handed over to a set that was not ordered), only governance can say what is right,
//! and no set is recorded.

use crate::{
    types::{ChainSets, Stall, StallEnd, StallPeriods, WatchedHead},
    Config, Event, Pallet, Recoveries, RecoveryHashes, SetStallPeriods, Stalls, Watched,
    LOG_TARGET,
};
use alloc::collections::BTreeSet;
use frame_support::{traits::Get, weights::Weight};
use hansa_allocation_primitives::{Head, RollCall};
use hansa_dappchain_primitives::{
    packet::Members, AssignedNode, ChainId, CheckpointOf, Hash, NextSet, Recovery, Seconds,
    StallView, MIN_NODES,
};
#[allow(unused_imports)] // For the documentation.
use hansa_interchain_primitives::traits::HandOvers;
use hansa_interchain_primitives::traits::{ClientHead, LightClients};
use hansa_pbft_primitives::{AuthoritySet, SetId};

/// How a chain stands. A block that comes to one that stands still looks at no other one after it: closing a roll and
/// recording a set take long.
pub(crate) enum Standing {
    /// It goes on, or it is not known that it does not.
    Moves,
    /// It stands still, and there is time left.
    Waits,
    /// It stands still, and needs another set. With what its light client knows.
    NeedsSet(ClientHead),
}

impl<T: Config> Pallet<T> {
    /// The periods in force; none if no chain is watched.
    pub fn stall_periods() -> Option<StallPeriods> {
        SetStallPeriods::<T>::get().or_else(T::DefaultStallPeriods::get)
    }

    /// Whether a chain seems to stand still: there is a stall, or for half the time until there is one no other head was proven. The
    /// headers that are there are asked for then, so that the stall opens at the last of them.
    pub(crate) fn seems_to_stand(chain: ChainId) -> bool {
        let unchanged = || {
            let half = Self::stall_periods()?.stall_seconds / 2;
            let seen = Watched::<T>::get(chain)?;
            Some(seen.since.saturating_add(half) <= Self::now())
        };
        Stalls::<T>::contains_key(chain) || unchanged().unwrap_or(false)
    }

    /// Compare a chain's head with that of the round before, and open, end or carry on a stall. Returns how it stands, and
    /// the weight of what others did.
    pub(crate) fn watch(chain: ChainId) -> (Standing, Weight) {
        let moves = (Standing::Moves, Weight::zero());
        let Some(periods) = Self::stall_periods() else {
            return moves;
        };
        let Some(client) = T::Clients::head(chain).filter(|_| T::Rolls::is_live(chain)) else {
            Self::end_watch(chain, StallEnd::Ended);
            return moves;
        };
        if client.held {
            Self::end_watch(chain, StallEnd::Held);
            return moves;
        }
        let head = Head {
            height: client.height,
            hash: client.hash,
        };
        let Some(seen) = Watched::<T>::get(chain).filter(|seen| seen.head == head) else {
            Self::end_stall(chain, StallEnd::NewHead);
            Self::give_time(chain, head);
            return moves;
        };
        let now = Self::now();
        let Some(stall) = Stalls::<T>::get(chain) else {
            if seen.since.saturating_add(periods.stall_seconds) > now {
                return moves;
            }
            Self::open_stall(chain, head, now, periods.challenge_seconds);
            return (Standing::Waits, Weight::zero());
        };
        if stall.roll_closed {
            return (Standing::NeedsSet(client), Weight::zero());
        }
        if now < stall.challenge_ends_at {
            return (Standing::Waits, Weight::zero());
        }
        let (closed, weight) = T::Rolls::close_roll(chain);
        if closed {
            let stall = Stall {
                roll_closed: true,
                ..stall
            };
            Stalls::<T>::insert(chain, stall);
        }
        (Standing::Waits, weight)
    }

    /// From now on a chain has this head.
    fn give_time(chain: ChainId, head: Head) {
        let since = Self::now();
        Watched::<T>::insert(chain, WatchedHead { head, since });
    }

    fn open_stall(chain: ChainId, head: Head, now: Seconds, challenge: Seconds) {
        let challenge_ends_at = now.saturating_add(challenge);
        Stalls::<T>::insert(
            chain,
            Stall {
                head,
                opened_at: now,
                challenge_ends_at,
                roll_closed: false,
            },
        );
        T::Rolls::call_roll(chain, now);
        Self::deposit_event(Event::Stalled {
            chain,
            height: head.height,
            challenge_ends_at,
        });
    }

    /// The chain does not stand still any more, or is not to be helped here. Nothing happens if it does not.
    fn end_stall(chain: ChainId, why: StallEnd) {
        if Stalls::<T>::take(chain).is_some() {
            T::Rolls::cancel_roll(chain);
            Self::deposit_event(Event::StallEnded { chain, why });
        }
    }

    /// The chain is not watched any more.
    pub(crate) fn end_watch(chain: ChainId, why: StallEnd) {
        Watched::<T>::remove(chain);
        Self::end_stall(chain, why);
    }

    /// Record the members as the set that decides above the head of a chain that stands still, if that is needed, and if
    /// they are enough.
    pub(crate) fn recover(
        chain: ChainId,
        record: &mut ChainSets,
        client: ClientHead,
        members: &[AssignedNode<T::AccountId>],
    ) {
        let head = Head {
            height: client.height,
            hash: client.hash,
        };
        if T::Clients::deciding_set(chain).is_some_and(|set| Self::make_quorum(&set, members)) {
            Self::end_stall(chain, StallEnd::Quorum);
            Self::give_time(chain, head);
            return;
        }
        let nodes = members.len() as u32;
        if nodes < MIN_NODES {
            Self::deposit_event(Event::TooFewNodes { chain, nodes });
            return;
        }
        if record.remembered() >= T::MaxSets::get() {
            Self::deposit_event(Event::TooManySets { chain });
            return;
        }
        if Self::try_recover(chain, record, client, head, members).is_none() {
            Self::deposit_event(Event::NotRecovered { chain });
        }
    }

    /// Whether the members who are in a set make a quorum of it.
    fn make_quorum(set: &AuthoritySet, members: &[AssignedNode<T::AccountId>]) -> bool {
        let keys: BTreeSet<_> = members.iter().map(|member| &member.keys.pbft).collect();
        let present = set.authorities().iter().filter(|a| keys.contains(&a.key));
        let weight = present.fold(0u64, |sum, a| sum.saturating_add(a.weight));
        weight >= set.quorum()
    }

    /// None if the members make no set, or the light client does not take it; nothing is changed then.
    fn try_recover(
        chain: ChainId,
        record: &mut ChainSets,
        client: ClientHead,
        head: Head,
        members: &[AssignedNode<T::AccountId>],
    ) -> Option<()> {
        let (ordinal, set_id) = (record.next, client.set_id.checked_add(1)?);
        let recovery = Recovery {
            chain,
            genesis: record.genesis,
            head,
            set_id,
            next: NextSet {
                ordinal,
                seed: T::Seed::get(),
                members: Members::try_from(members.to_vec()).ok()?,
            },
            hub: Some(T::Checkpoint::checkpoint()),
        }
        .fitted();
        let next = ordinal.checked_add(1)?;
        let set = recovery.set().ok()?;
        let ordered = Self::ordered(&set, members, Some(set_id));
        if let Err(error) = T::Clients::recover(chain, (head.height, head.hash), set) {
            log::error!(target: LOG_TARGET, "chain {chain} does not recover: {error:?}");
            return None;
        }
        record.next = next;
        Self::put_in_force(chain, record, ordinal, ordered);
        RecoveryHashes::<T>::insert((chain, set_id), recovery.hash());
        Recoveries::<T>::insert(chain, recovery);
        Stalls::<T>::remove(chain);
        // The new set has as much time for its first block as any has for another one.
        Self::give_time(chain, head);
        Self::deposit_event(Event::Recovered {
            chain,
            ordinal,
            set: set_id,
            height: head.height,
            members: members.len() as u32,
        });
        Some(())
    }

    /// The last record of a chain.
    pub fn recovery(chain: ChainId) -> Option<Recovery<T::AccountId>> {
        Recoveries::<T>::get(chain)
    }

    /// The hash of the record by which the set with this id came to decide on the chain.
    pub fn recovery_hash(chain: ChainId, set: SetId) -> Option<Hash> {
        RecoveryHashes::<T>::get((chain, set))
    }

    /// That a chain stands still.
    pub fn stall_of(chain: ChainId) -> Option<StallView> {
        let stall = Stalls::<T>::get(chain)?;
        Some(StallView {
            head: stall.head,
            opened_at: stall.opened_at,
            challenge_ends_at: stall.challenge_ends_at,
            roll_closed: stall.roll_closed,
        })
    }
}
