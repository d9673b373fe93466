// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Which sets are ordered, which hand-overs are allowed, and when a set is forgotten.

use crate::{
    stalls::Standing,
    types::{commitment, Accounts, ChainSets, OrderedSet},
    Chains, Config, Event, Pallet, Recoveries, Round, SetAccounts, Sets, StallEnd, Stalls,
    Unopened, WeightInfo, LOG_TARGET, MAX_OUTSTANDING,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{traits::Get, weights::Weight};
use hansa_allocation_primitives::{Allocation, EpochIndex};
use hansa_beacon_primitives::{Beacon, OnBeacon};
use hansa_dappchain_primitives::{
    packet::{authorities, set_hash},
    route, AssignedNode, Balance, ChainId, ChainLives, Hash, HubPacket, KeysOf, NextSet, Seconds,
    SetOrdinal, MIN_NODES,
};
use hansa_interchain_primitives::{
    traits::{HandOvers, OpenRoute, ReserveLimits, SendSystemPacket},
    Moment,
};
use hansa_pbft_primitives::{AuthoritySet, ForeignOffences, SetId, SignerBitmap};
use hansa_staking_primitives::NodeStake;
use sp_runtime::traits::BlockNumberProvider;

/// How many old sets of a chain are forgotten at most when it is looked at.
const FORGOTTEN_AT_ONCE: u32 = 4;

impl<T: Config> ChainLives<T::AccountId> for Pallet<T> {
    fn on_live(chain: ChainId, genesis: Hash, founders: &[AssignedNode<T::AccountId>], at: Moment) {
        let (Ok(set), Ok(start)) = (
            authorities(founders),
            route::to_chain(chain, genesis, founders, at),
        ) else {
            log::error!(target: LOG_TARGET, "the founders of chain {chain} are no set");
            return;
        };
        let first = Self::ordered(&set, founders, Some(0));
        Sets::<T>::insert(chain, 0, first);
        Self::put_accounts(chain, 0, founders);
        Chains::<T>::insert(
            chain,
            ChainSets {
                genesis,
                first: 0,
                in_force: 0,
                next: 1,
                counted_at: Self::now(),
                limit: Self::cover(founders),
                ended_at: None,
            },
        );
        Unopened::<T>::insert(chain, start);
        Self::open(chain);
    }

    fn on_ended(chain: ChainId) {
        Chains::<T>::mutate(chain, |record| {
            if let Some(record) = record {
                record.ended_at = Some(Self::now());
            }
        });
        Unopened::<T>::remove(chain);
        Self::end_watch(chain, StallEnd::Ended);
    }
}

/// A round begins with each epoch.
impl<T: Config> OnBeacon for Pallet<T> {
    fn on_beacon(_: EpochIndex, _: &Beacon) -> Weight {
        // One that is not over yet goes on: it looks at the allocation as it is now.
        if !Round::<T>::exists() {
            Round::<T>::put(None::<ChainId>);
        }
        T::DbWeight::get().reads_writes(1, 1)
    }
}

impl<T: Config> HandOvers for Pallet<T> {
    fn may_hand_over(of: ChainId, set: &AuthoritySet) -> bool {
        // Whoever is none of ours got its route from governance.
        Chains::<T>::get(of).is_none_or(|record| Self::find(of, &record, set).is_some())
    }

    fn on_hand_over(of: ChainId, set: &AuthoritySet) {
        let Some(mut record) = Chains::<T>::get(of) else {
            return;
        };
        let Some((ordinal, mut ordered)) = Self::find(of, &record, set) else {
            return;
        };
        ordered.set_id = Some(set.id);
        Self::put_in_force(of, &mut record, ordinal, ordered);
        Chains::<T>::insert(of, &record);
        Self::deposit_event(Event::SetInForce {
            chain: of,
            ordinal,
            set: set.id,
        });
        // Whoever was held for that need not wait for the next round. Its weight is in that of the update that shows the
        // hand-over. Once the roll is called the head is old, and only a round ends that.
        if !Stalls::<T>::contains_key(of) {
            Self::hold(of, &record);
        }
    }

    fn wants_header(of: ChainId) -> bool {
        Self::asks_for_header(of)
    }
}

/// What a DappChain may have in reserve follows from what its nodes can lose. Whoever is no DappChain has the route's
/// own limit.
impl<T: Config> ReserveLimits for Pallet<T> {
    fn limit(of: ChainId) -> Balance {
        match Chains::<T>::get(of) {
            None => Balance::MAX,
            // What it has comes home; nothing is added.
            Some(record) if record.ended_at.is_some() => 0,
            Some(record) => record.limit,
        }
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn now() -> Seconds {
        T::ServiceClock::current_block_number()
    }

    /// Open the route to a chain that has none yet. Returns whether there is one now.
    fn open(chain: ChainId) -> bool {
        let Some(start) = Unopened::<T>::get(chain) else {
            return T::Routes::has_route(chain);
        };
        let opened = T::Routes::open_route(start);
        match opened {
            Ok(()) => Unopened::<T>::remove(chain),
            Err(error) => {
                log::error!(target: LOG_TARGET, "no route to chain {chain}: {error:?}");
                Self::deposit_event(Event::RouteNotOpened { chain });
            }
        }
        opened.is_ok()
    }

    /// A set decides from now on.
    pub(crate) fn put_in_force(
        chain: ChainId,
        record: &mut ChainSets,
        ordinal: SetOrdinal,
        set: OrderedSet,
    ) {
        // Those that it passes over never decided.
        for skipped in record.in_force.saturating_add(1)..ordinal {
            Sets::<T>::remove(chain, skipped);
            SetAccounts::<T>::remove(chain, skipped);
        }
        SetAccounts::<T>::remove(chain, record.in_force);
        let now = Self::now();
        Sets::<T>::mutate(chain, record.in_force, |last| {
            if let Some(last) = last {
                last.until = Some(now);
            }
        });
        Sets::<T>::insert(chain, ordinal, set);
        record.in_force = ordinal;
    }

    /// Remember whose a set is that is in force, or may come to be.
    pub(crate) fn put_accounts(
        chain: ChainId,
        ordinal: SetOrdinal,
        members: &[AssignedNode<T::AccountId>],
    ) {
        let accounts: Vec<_> = members.iter().map(|member| member.node.clone()).collect();
        match Accounts::try_from(accounts) {
            Ok(accounts) => SetAccounts::<T>::insert(chain, ordinal, accounts),
            // More than any chain can have: founders, orders and records are bounded by the same number.
            Err(_) => log::error!(target: LOG_TARGET, "a set of chain {chain} is too large"),
        }
    }

    /// What is remembered of a set.
    pub(crate) fn ordered(
        set: &AuthoritySet,
        members: &[AssignedNode<T::AccountId>],
        set_id: Option<SetId>,
    ) -> OrderedSet {
        let accounts: Vec<_> = members.iter().map(|member| member.node.clone()).collect();
        OrderedSet {
            authorities: set_hash(set),
            commitment: commitment(set, &accounts),
            members: set.len() as u32,
            stake: T::Offences::stake_index(),
            ordered_at: Self::now(),
            set_id,
            until: None,
            convicted: SignerBitmap::default(),
        }
    }

    /// The set that was ordered, of those to which the chain has not handed over yet, that is this one.
    fn find(
        chain: ChainId,
        record: &ChainSets,
        set: &AuthoritySet,
    ) -> Option<(SetOrdinal, OrderedSet)> {
        let hash = set_hash(set);
        record
            .waiting()
            .filter_map(|ordinal| Some((ordinal, Sets::<T>::get(chain, ordinal)?)))
            .find(|(_, ordered)| ordered.authorities == hash)
    }

    /// The part of what a set has at stake that backs the chain's promises.
    fn cover(members: &[AssignedNode<T::AccountId>]) -> Balance {
        let stakes = members
            .iter()
            .map(|member| T::Stakes::total_stake(&member.node));
        let sum = stakes.fold(0, Balance::saturating_add);
        T::CoverShare::get().mul_floor(sum)
    }

    /// Look at the next chains of the round. Returns the weight.
    pub(crate) fn look_at_some() -> Weight {
        let Some(last) = Round::<T>::get() else {
            return T::DbWeight::get().reads(1);
        };
        let limit = T::ChainsPerBlock::get() as usize;
        let next: Vec<_> = match last {
            None => Chains::<T>::iter().take(limit).collect(),
            Some(last) => Chains::<T>::iter_from(Chains::<T>::hashed_key_for(last))
                .take(limit)
                .collect(),
        };
        let mut weight = T::DbWeight::get().reads_writes(1, 1);
        match next.last() {
            Some((chain, _)) if next.len() == limit => Round::<T>::put(Some(*chain)),
            _ => Round::<T>::kill(),
        }
        for (chain, record) in next {
            let (stands_still, cost) = Self::look_at(chain, record);
            weight.saturating_accrue(cost);
            if stands_still {
                Round::<T>::put(Some(chain));
                break;
            }
        }
        weight
    }

    /// Order a set for a chain, if it needs another one, or take the next step if it stands still; and forget old sets.
    /// Returns whether it stands still, and the weight.
    fn look_at(chain: ChainId, mut record: ChainSets) -> (bool, Weight) {
        Self::forget(chain, &mut record);
        if let Some(ended_at) = record.ended_at {
            let over = ended_at.saturating_add(T::KeepFor::get()) <= Self::now();
            if over && record.first >= record.next {
                Chains::<T>::remove(chain);
                Recoveries::<T>::remove(chain);
            } else {
                Chains::<T>::insert(chain, record);
            }
            return (false, T::WeightInfo::look_at(0));
        }
        // Before the members are asked for: some may go by it.
        let (standing, mut weight) = Self::watch(chain, &record);
        let members = Self::members(chain);
        let nodes = members.len() as u32;
        record.limit = Self::cover(&members);
        weight.saturating_accrue(T::WeightInfo::look_at(nodes));
        let stands_still = !matches!(standing, Standing::Moves);
        match standing {
            Standing::Moves => Self::order(chain, &mut record, &members),
            // No set is ordered for a chain that stands still: it could not take it, and each that it has not taken is
            // passed over by the set that is recorded, whose number is above all that were ordered. So the chain, which
            // takes packets of before the record late, or never, plans none of them.
            Standing::Waits => {}
            Standing::NeedsSet(client, rounds) => {
                Self::recover(chain, &mut record, client, rounds, &members);
                weight.saturating_accrue(T::WeightInfo::recover(nodes));
            }
        }
        // With what was ordered just now.
        weight.saturating_accrue(Self::hold(chain, &record));
        Chains::<T>::insert(chain, record);
        (stands_still, weight)
    }

    /// The nodes that are to decide on a chain, with their keys.
    pub(crate) fn members(chain: ChainId) -> Vec<AssignedNode<T::AccountId>> {
        T::Allocation::members(chain)
            .into_iter()
            .filter(|member| member.phase.is_active())
            .filter_map(|member| {
                Some(AssignedNode {
                    keys: T::Keys::keys_of(&member.account)?,
                    node: member.account,
                })
            })
            .collect()
    }

    fn order(chain: ChainId, record: &mut ChainSets, members: &[AssignedNode<T::AccountId>]) {
        let nodes = members.len() as u32;
        let set = match authorities(members) {
            Ok(set) if nodes >= MIN_NODES => set,
            _ => {
                Self::deposit_event(Event::TooFewNodes { chain, nodes });
                return;
            }
        };
        let latest = Sets::<T>::get(chain, record.latest());
        let ordered = Self::ordered(&set, members, None);
        if latest.is_some_and(|latest| latest.commitment == ordered.commitment) {
            return;
        }
        if record.outstanding() >= MAX_OUTSTANDING || record.remembered() >= T::MaxSets::get() {
            Self::deposit_event(Event::TooManySets { chain });
            return;
        }
        if !Self::open(chain) || !Self::send(chain, record.next, members) {
            Self::deposit_event(Event::SetNotSent { chain });
            return;
        }
        let ordinal = record.next;
        record.next = ordinal.saturating_add(1);
        Sets::<T>::insert(chain, ordinal, ordered);
        Self::put_accounts(chain, ordinal, members);
        Self::deposit_event(Event::SetOrdered {
            chain,
            ordinal,
            members: nodes,
        });
    }

    fn send(chain: ChainId, ordinal: SetOrdinal, members: &[AssignedNode<T::AccountId>]) -> bool {
        let Ok(members) = members.to_vec().try_into() else {
            return false;
        };
        let packet = HubPacket::NextSet(NextSet {
            ordinal,
            seed: T::Seed::get(),
            members,
        });
        T::Packets::send(chain, packet.encode()).is_some()
    }

    /// Forget sets whose members' stakes are out of reach.
    fn forget(chain: ChainId, record: &mut ChainSets) {
        let reach = T::KeepFor::get();
        let now = Self::now();
        let is_over =
            |since: Option<Seconds>| since.is_some_and(|since| since.saturating_add(reach) <= now);
        let ended = is_over(record.ended_at);
        for _ in 0..FORGOTTEN_AT_ONCE {
            let ordinal = record.first;
            let decides = ordinal >= record.in_force && !ended;
            if decides || ordinal >= record.next {
                break;
            }
            if let Some(set) = Sets::<T>::get(chain, ordinal) {
                if !ended && !is_over(set.until) {
                    break;
                }
                Sets::<T>::remove(chain, ordinal);
                SetAccounts::<T>::remove(chain, ordinal);
                if let Some(id) = set.set_id {
                    T::Offences::forget_set(chain, id);
                }
            }
            record.first = ordinal.saturating_add(1);
        }
    }
}
