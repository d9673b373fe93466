// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains that stand still, and the sets that are recorded in place of those that lost their quorum.
//!
//! A chain of which more than `T` is gone can neither decide nor hand over. That is seen by its light client: each chain
//! that lives shows a header now and then, as it reports its blocks and as headers are due. What counts is the **own time
//! of the highest header** that was proven ([`ClientHead::timestamp`]), not when it was shown: a header that is as old as
//! the stall says that the chain had decided more, and not that it lives. In each round:
//!
//! 1. If that header is as old as a sixteenth of [`StallPeriods::stall_seconds`], one is asked for before it is due
//!    ([`HandOvers::wants_header`]), and the chain's light client is kept trusted ([`LightClients::keep_trusted`]): what the chain
//!    has can be shown for as long as a set may be recorded. From an eighth on the chain's members are held
//!    ([`RollCall::hold`]): whoever is released now is missed if the chain has not handed over.
//! 2. When it is as old as `stall_seconds`, a **stall** opens: the roll of the chain's set is called.
//! 3. For [`StallPeriods::challenge_seconds`] those in the set may answer. Anybody may prove a higher block, by an ordinary
//!    update of the light client. One that is young ends the stall, now and at any time later. One that is old only
//!    becomes the head above which another set would decide: see [below](#old-headers).
//! 4. Then, and in each round after: if those who are there make a quorum of the set that decides, the chain can go on by
//!    itself, so the stall ends, and it gets its time anew ([`MAX_SPARED`] has an exception).
//! 5. If not, the roll is closed: who has not answered loses its place (of a large chain a part in each round). Others are
//!    drawn, and confirm, as always.
//! 6. In the next rounds, as soon as there are [enough](least_members) members, they are **recorded** as the set that decides
//!    above the head, with the next id. From then on all is as after a hand-over.
//!
//! Neither step 4 nor a record frees the members: while the header is old they are held. However young it is they are held,
//! too, if some of the set that decides are gone, and the chain is not known to have [handed over](#hand-overs) yet.
//!
//! The condition that there is no quorum is what keeps a chain from being cut off that decides and whose headers do
//! not come through: a record above a head that is not the chain's last is taken by nobody who knows better, while the hub
//! follows it. **There** is who has answered, or has come into the set since; by account, so that it does not matter
//! whether it is released meanwhile, or has other keys than the set that decides. The set that decides may be another one than
//! the hub knows: a quorum of one that was ordered counts as well.
//!
//! ## Hand-overs
//!
//! A chain that hands over just when its headers cease to come through decides with a set that the hub only ordered, and those
//! of the set before, of whom a quorum must be missing for a record, may have been released for long. So of the set that
//! decides, as far as is known, no more are released than `T` in an epoch, and no others before the chain has shown that it
//! handed over. Such a header is asked for, and comes with the chain's report of its session; whoever waits for it is free at once. A chain that shows later ones for
//! [`HOLD_PART`] of [`StallPeriods::stall_seconds`], and hands over in none of them, does not do so at all, and holds nobody.
//!
//! ## Old headers
//!
//! They do not prolong the challenge. Whoever has a higher block was asked for it in half of the stall's time, and shows the
//! highest that it has at once: what lies between needs no proof but where a set hands over, and a record is made above the
//! head of the round in which it is made. So nobody honest needs more time; and whoever has blocks that it shows to
//! nobody could win as much time as it has blocks, by one at the end of each challenge.
//!
//! A chain whose own clock is wrong harms itself only. The light client takes no header that is not later than the one
//! before, or is ahead of the hub's clock by more than the drift that it allows, and nothing ahead counts for more than now. One
//! that is behind by days seems to stand still, and its members say that they are there.
//!
//! ## How long
//!
//! When the header is older than [`HELD_FOR`] times `stall_seconds` the hub gives up: its members are held no more. The chain
//! shrinks or is wound up as any that is short, and what it may still decide by itself it can show while its light client is
//! trusted. Its owner can retire it at any time. One `stall_seconds` before that the stall ends, and none opens above that header
//! any more: a set that was recorded later would have no time left. Both are sooner if stakes would be out of reach
//! ([`Config::KeepFor`], [`Config::Trusting`]) while the light client is trusted.
//!
//! Without periods no chain is watched. A chain whose route is not open is not watched, nor one that retires or has ended. If
//! the chain has contradicted itself, or the route is suspended (it may have handed over to a set that was not ordered), only
//! governance can say what is right, and no set is recorded. A head that governance has accepted, which is not above the one
//! before, gives the chain its time anew.

use crate::{
    types::{Accounts, ChainSets, Stall, StallEnd, WatchedHead},
    Chains, Config, Event, Pallet, Recoveries, RecoveryHashes, SetAccounts, SetStallPeriods, Sets,
    Stalls, Watched, WeightInfo, LOG_TARGET,
};
use alloc::collections::BTreeSet;
use frame_support::{
    traits::{Get, Time},
    weights::Weight,
};
use hansa_allocation_primitives::{tolerated, Allocation, Head, RollCall};
pub use hansa_dappchain_primitives::stalls::{ASK_PART, HELD_FOR};
use hansa_dappchain_primitives::{
    packet::{set_hash, Members},
    AssignedNode, ChainId, CheckpointOf, Hash, NextSet, Recovery, Seconds, SetOrdinal,
    StallPeriods, StallView, MIN_NODES,
};
#[allow(unused_imports)] // For the documentation.
use hansa_interchain_primitives::traits::HandOvers;
use hansa_interchain_primitives::traits::{ClientHead, LightClients};
use hansa_pbft_primitives::{AuthorityId, AuthoritySet, SetId};

/// In how many rounds after the roll was closed a set is recorded only if it has all members that the chain needs: half a day
/// of epochs of an hour. A draw and a confirmation take two or three, and whoever was drawn and does not come makes room
/// for another one in as many.
pub const FULL_ROUNDS: u32 = 12;

/// The least part of the members that a chain needs of which a set is recorded, ever: numerator and denominator. Of those who
/// answered up to a third of what the chain needs may lie, so with few others beside them they would be too many.
pub const LEAST_PART: (u32, u32) = (2, 3);

/// How often in a row, with no young head between, a chain is given its time anew because of members who may not be able to
/// decide: they are in the set that decides, or in one that was ordered, by their accounts, and are released or have other keys
/// by now, or the chain never handed over. Their nodes have the old keys, as a rule, and go on with them. If the chain does not
/// move in so many times they have not, and are not counted any more.
pub const MAX_SPARED: u32 = 2;

/// Which part of [`StallPeriods::stall_seconds`] a chain shows nothing before its members are held. With some days that is less
/// than nodes run a chain from which they were released and that has not handed over (a day), and than a chain may be short
/// (half a day of epochs of an hour); and more than one that lives takes to show a header, as it reports each session.
pub const HOLD_PART: u32 = 8;

/// The fewest members of a set that is recorded, of a chain that needs `need`, in so many rounds after the roll was closed.
pub fn least_members(need: u32, rounds: u32) -> u32 {
    let (part, whole) = LEAST_PART;
    let least = match rounds <= FULL_ROUNDS {
        true => need,
        false => need.saturating_mul(part).div_ceil(whole),
    };
    least.max(MIN_NODES)
}

/// How a chain stands. A block that comes to one that stands still looks at no other one after it: closing a roll and
/// recording a set take long.
pub(crate) enum Standing {
    /// It goes on, or it is not known that it does not.
    Moves,
    /// It stands still, and there is time left.
    Waits,
    /// It stands still, and needs another set. With what its light client knows, and the number of rounds since the roll was
    /// closed, this one included.
    NeedsSet(ClientHead, u32),
}

fn head_of(client: &ClientHead) -> Head {
    Head {
        height: client.height,
        hash: client.hash,
    }
}

impl<T: Config> Pallet<T> {
    /// The periods in force; none if no chain is watched.
    pub fn stall_periods() -> Option<StallPeriods> {
        SetStallPeriods::<T>::get().or_else(T::DefaultStallPeriods::get)
    }

    /// How old the last header of a chain may be for it to be helped, whatever the periods are.
    pub(crate) fn reach() -> Seconds {
        T::KeepFor::get().saturating_sub(T::Trusting::get())
    }

    /// Whether headers are asked for of a chain that is watched, so that nobody is held of one that lives, and a stall opens at the
    /// last of them. It seems to stand still: its last head is as old as a part of the time until there is a stall. Or its
    /// members wait for a hand-over: then one is asked for when the last is half as old as the order, and not with each block.
    pub(crate) fn asks_for_header(chain: ChainId) -> bool {
        let is_asked = || {
            let (periods, record) = (Self::stall_periods()?, Chains::<T>::get(chain)?);
            let now = Self::now();
            let made = Self::made_at(&T::Clients::head(chain)?, now);
            let age = now.saturating_sub(made);
            let waits = || {
                let ordered_at = Self::few_since(chain, &record, made, periods)?;
                Some(age >= now.saturating_sub(ordered_at) / 2)
            };
            Some(age >= periods.stall_seconds / ASK_PART || waits().unwrap_or(false))
        };
        Watched::<T>::contains_key(chain) && is_asked().unwrap_or(false)
    }

    /// Look how old a chain's head is, and open, end or carry on a stall. Returns how it stands, and the weight of what others
    /// did.
    pub(crate) fn watch(chain: ChainId, record: &ChainSets) -> (Standing, Weight) {
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
        let now = Self::now();
        let seen = Self::see(chain, &client, periods, now);
        if now.saturating_sub(seen.made) > periods.recorded_for(Self::reach()) {
            Self::end_stall(chain, StallEnd::GivenUp);
            return moves;
        }
        if now.saturating_sub(seen.since) < periods.stall_seconds {
            Self::end_stall(chain, StallEnd::NewHead);
            return moves;
        }
        let Some(mut stall) = Stalls::<T>::get(chain) else {
            Self::open_stall(chain, seen.head, now, periods.challenge_seconds);
            return (Standing::Waits, Weight::zero());
        };
        stall.head = seen.head;
        Self::carry_on(chain, record, client, stall, now)
    }

    /// Hold the chain's members, or not: the head that the last round saw is old, or some of the set that decides are gone and no
    /// hand-over is known. And let it show what it has. Both only while it is helped at that head. Returns the weight.
    pub(crate) fn hold(chain: ChainId, record: &ChainSets) -> Weight {
        let (Some(periods), Some(seen), Some(client)) = (
            Self::stall_periods(),
            Watched::<T>::get(chain),
            T::Clients::head(chain),
        ) else {
            return Weight::zero();
        };
        let now = Self::now();
        let age = now.saturating_sub(seen.made);
        let helped_for = periods.helped_for(Self::reach());
        let is_helped = helped_for > 0 && age <= helped_for;
        let is_old = age >= periods.stall_seconds / HOLD_PART;
        let is_held = is_old || Self::few_since(chain, record, seen.made, periods).is_some();
        T::Rolls::hold(chain, is_helped && is_held);
        // By the clock of headers, as the light client counts: service time stands while this chain does.
        let shown = now.saturating_sub(Self::made_at(&client, now));
        if !is_helped || shown < periods.stall_seconds / ASK_PART {
            return Weight::zero();
        }
        T::Clients::keep_trusted(chain);
        T::DbWeight::get().reads_writes(1, 1)
    }

    /// If so few of the set that decides, as far as is known, are left in the chain's set that those who may go in an epoch could
    /// leave no quorum of it, and another set was ordered: since when the chain may hand over to that. None if it has shown a head
    /// that was `made` long after that.
    fn few_since(
        chain: ChainId,
        record: &ChainSets,
        made: Seconds,
        periods: StallPeriods,
    ) -> Option<Seconds> {
        let ordered_at = Sets::<T>::get(chain, record.waiting().next()?)?.ordered_at;
        if made.saturating_sub(ordered_at) >= periods.stall_seconds / HOLD_PART {
            return None;
        }
        let deciding = SetAccounts::<T>::get(chain, record.in_force)?;
        let members = T::Allocation::members(chain).into_iter();
        let active = members.filter(|member| member.phase.is_active());
        let active: BTreeSet<_> = active.map(|member| member.account).collect();
        let left = count_in(&deciding, &active);
        let enough = quorum_of(&deciding).saturating_add(tolerated(active.len() as u32));
        (left < enough).then_some(ordered_at)
    }

    /// Note the head that the light client of a chain has now. Returns what is known of it.
    fn see(
        chain: ChainId,
        client: &ClientHead,
        periods: StallPeriods,
        now: Seconds,
    ) -> WatchedHead {
        let (head, made) = (head_of(client), Self::made_at(client, now));
        let (since, spared) = match Watched::<T>::get(chain) {
            Some(seen) if seen.head == head => return seen,
            // Whatever else is said of it, the chain has shown more than before, and has no less time for that. Only one that
            // is young says that those who were there go on.
            Some(seen) if head.height > seen.head.height => {
                let is_young = now.saturating_sub(made) < periods.stall_seconds;
                let spared = if is_young { 0 } else { seen.spared };
                (seen.since.max(made), spared)
            }
            // The first, or one that governance has accepted.
            _ => (now, 0),
        };
        let seen = WatchedHead {
            head,
            made,
            since,
            spared,
        };
        Watched::<T>::insert(chain, seen);
        seen
    }

    /// When a head was made by its own time, in seconds of service time: not in the future.
    fn made_at(client: &ClientHead, now: Seconds) -> Seconds {
        let age = T::Clock::now().saturating_sub(client.timestamp) / 1_000;
        now.saturating_sub(Seconds::try_from(age).unwrap_or(Seconds::MAX))
    }

    /// The chain has its time anew at the head that it has. How old that is stays as it is.
    fn give_time(chain: ChainId, spared: u32) {
        let since = Self::now();
        Watched::<T>::mutate(chain, |seen| {
            if let Some(seen) = seen {
                (seen.since, seen.spared) = (since, spared);
            }
        });
    }

    /// The next step of a stall, if it is time for one. Returns how the chain stands, and the weight.
    fn carry_on(
        chain: ChainId,
        record: &ChainSets,
        client: ClientHead,
        mut stall: Stall,
        now: Seconds,
    ) -> (Standing, Weight) {
        let (mut standing, mut weight) = (Standing::Waits, Weight::zero());
        if stall.roll_closed {
            stall.rounds = stall.rounds.saturating_add(1);
            standing = Standing::NeedsSet(client, stall.rounds);
        } else if stall.challenge_ends_at <= now {
            let members = Self::members(chain);
            weight = T::WeightInfo::recover(members.len() as u32);
            // Before anybody goes: the chain needs those who have not answered as much as the others.
            if Self::spare(chain, record, &members) {
                return (standing, weight);
            }
            let (closed, cost) = T::Rolls::close_roll(chain);
            stall.roll_closed = closed;
            weight.saturating_accrue(cost);
        }
        Stalls::<T>::insert(chain, stall);
        (standing, weight)
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
                rounds: 0,
            },
        );
        T::Rolls::call_roll(chain, now, challenge_ends_at);
        Self::deposit_event(Event::Stalled {
            chain,
            height: head.height,
            challenge_ends_at,
        });
    }

    /// The chain does not stand still any more, or is not to be helped here. Nothing happens if it does not.
    fn end_stall(chain: ChainId, why: StallEnd) {
        if Stalls::<T>::take(chain).is_some() {
            T::Rolls::end_roll(chain);
            Self::deposit_event(Event::StallEnded { chain, why });
        }
    }

    /// The chain is not watched any more.
    pub(crate) fn end_watch(chain: ChainId, why: StallEnd) {
        Watched::<T>::remove(chain);
        Self::end_stall(chain, why);
        T::Rolls::hold(chain, false);
    }

    /// Record the members as the set that decides above the head of a chain that stands still, if that is needed, and if
    /// they are enough.
    pub(crate) fn recover(
        chain: ChainId,
        record: &mut ChainSets,
        client: ClientHead,
        rounds: u32,
        members: &[AssignedNode<T::AccountId>],
    ) {
        if Self::spare(chain, record, members) {
            return;
        }
        let nodes = members.len() as u32;
        if nodes < least_members(T::Allocation::need(chain), rounds) {
            Self::deposit_event(Event::TooFewNodes { chain, nodes });
            return;
        }
        if record.remembered() >= T::MaxSets::get() {
            Self::deposit_event(Event::TooManySets { chain });
            return;
        }
        if Self::try_recover(chain, record, client, members).is_none() {
            Self::deposit_event(Event::NotRecovered { chain });
        }
    }

    /// End the stall if those who are there make a quorum of the set that decides. Returns whether they do.
    fn spare(chain: ChainId, record: &ChainSets, members: &[AssignedNode<T::AccountId>]) -> bool {
        let Some(spared) = Self::spared(chain, record, members) else {
            return false;
        };
        Self::end_stall(chain, StallEnd::Quorum);
        Self::give_time(chain, spared);
        true
    }

    /// If those who are there make a quorum of the set that decides, so that the chain can go on by itself: how often it was
    /// spared for members who may not be able to, this time included.
    fn spared(
        chain: ChainId,
        record: &ChainSets,
        members: &[AssignedNode<T::AccountId>],
    ) -> Option<u32> {
        let set = T::Clients::deciding_set(chain)?;
        let spared = Watched::<T>::get(chain).map_or(0, |seen| seen.spared);
        let there: BTreeSet<_> = T::Rolls::there(chain).into_iter().collect();
        let present = members.iter().filter(|member| there.contains(&member.node));
        let keys: BTreeSet<_> = present.map(|member| &member.keys.pbft).collect();
        if make_quorum(&set, |_, key| keys.contains(key)) {
            return Some(spared);
        }
        if spared >= MAX_SPARED {
            return None;
        }
        let accounts = Self::deciding_accounts(chain, record, &set);
        let is_there = |at: usize, key: &AuthorityId| {
            keys.contains(key) || accounts.get(at).is_some_and(|node| there.contains(node))
        };
        // It may have handed over, and only its headers may not come through.
        let may_decide = |ordinal: SetOrdinal| {
            SetAccounts::<T>::get(chain, ordinal)
                .is_some_and(|accounts| count_in(&accounts, &there) >= quorum_of(&accounts))
        };
        let go_on = make_quorum(&set, is_there) || record.waiting().any(may_decide);
        go_on.then(|| spared.saturating_add(1))
    }

    /// Whose the set is that decides, in its order. Nobody's, as far as is known, if it is one with which governance has let the
    /// route go on.
    fn deciding_accounts(
        chain: ChainId,
        record: &ChainSets,
        set: &AuthoritySet,
    ) -> Accounts<T::AccountId> {
        let in_force = Sets::<T>::get(chain, record.in_force);
        let is_known = in_force.is_some_and(|ordered| ordered.authorities == set_hash(set));
        let accounts = SetAccounts::<T>::get(chain, record.in_force).filter(|_| is_known);
        accounts.unwrap_or_default()
    }

    /// None if the members make no set, or the light client does not take it; nothing is changed then.
    fn try_recover(
        chain: ChainId,
        record: &mut ChainSets,
        client: ClientHead,
        members: &[AssignedNode<T::AccountId>],
    ) -> Option<()> {
        let head = head_of(&client);
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
        Self::put_accounts(chain, ordinal, members);
        RecoveryHashes::<T>::insert((chain, set_id), recovery.hash());
        Recoveries::<T>::insert(chain, recovery);
        Stalls::<T>::remove(chain);
        T::Rolls::end_roll(chain);
        // The new set has as much time for its first block as any has for another one.
        Self::give_time(chain, 0);
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

/// How many of a set are among these.
fn count_in<AccountId: Ord>(set: &[AccountId], those: &BTreeSet<AccountId>) -> u32 {
    set.iter().filter(|node| those.contains(*node)).count() as u32
}

/// How many of a set make a quorum: each counts alike.
fn quorum_of<AccountId>(set: &[AccountId]) -> u32 {
    let nodes = set.len() as u32;
    nodes.saturating_sub(tolerated(nodes))
}

/// Whether those of a set who are there, by position and key, make a quorum of it.
fn make_quorum(set: &AuthoritySet, is_there: impl Fn(usize, &AuthorityId) -> bool) -> bool {
    let there = set.authorities().iter().enumerate();
    let there = there.filter(|(at, authority)| is_there(*at, &authority.key));
    let weight = there.fold(0u64, |sum, (_, authority)| {
        sum.saturating_add(authority.weight)
    });
    weight >= set.quorum()
}
