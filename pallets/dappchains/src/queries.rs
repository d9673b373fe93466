// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the runtime API answers.

use crate::{
    cost, forming::Outcome, Chain, Chains, Config, CurrentBallot, FrozenRecords, HardLimit, Name,
    Names, NextChainId, Pallet, Said, Seats, Specs,
};
use alloc::vec::Vec;
use frame_support::traits::Get;
use hansa_allocation_primitives::Allocation;
use hansa_dappchain_primitives::{
    BallotView, ChainId, ChainPage, ChainState, ChainView, GenesisRecord, Quote, SeatView,
    MAX_PAGE, MIN_NODES,
};

/// How many ids a page looks at for each chain that it may show: ids of chains that are gone are
/// skipped.
const IDS_PER_CHAIN: u32 = 10;

impl<T: Config> Pallet<T> {
    /// What it would cost `deployer` now to register a chain of `nodes`; none if it is not allowed.
    pub fn quote(deployer: &T::AccountId, nodes: u32) -> Option<Quote> {
        let nodes_max = Self::most_nodes();
        if !(MIN_NODES..=nodes_max).contains(&nodes) {
            return None;
        }
        let stake = Self::stake_for(deployer, nodes)?;
        let (nth, open_places) = (Self::nth(deployer), T::Allocation::open_pending_places());
        Some(Quote {
            nodes,
            unit: T::StakePerNode::get(),
            nth,
            own_percent: cost::own_percent(nth),
            load_percent: T::PlacesCurve::get().percent(open_places),
            open_places,
            stake,
            cancel_fee: T::GoneFee::get().mul_ceil(stake),
            deposit_per_byte: T::DepositPerByte::get(),
            deposit_base: T::DepositBase::get(),
            nodes_min: MIN_NODES,
            nodes_max,
        })
    }

    /// A chain.
    pub fn chain(chain: ChainId) -> Option<ChainView<T::AccountId>> {
        Chains::<T>::get(chain).map(|record| Self::view(chain, record))
    }

    /// The chain of a name.
    pub fn chain_by_name(name: Vec<u8>) -> Option<ChainId> {
        Names::<T>::get(Name::try_from(name).ok()?)
    }

    /// Up to `limit` chains with ids from `from` on.
    pub fn chains(from: ChainId, limit: u32) -> ChainPage<T::AccountId> {
        let limit = limit.min(MAX_PAGE);
        let wanted = usize::try_from(limit).unwrap_or(0);
        let first = from.max(1);
        let end = NextChainId::<T>::get();
        let last = end.min(first.saturating_add(limit.saturating_mul(IDS_PER_CHAIN)));
        let mut page = ChainPage {
            chains: Vec::new(),
            next: (last < end).then_some(last),
        };
        for chain in first..last {
            if page.chains.len() >= wanted {
                page.next = Some(chain);
                break;
            }
            page.chains.extend(Self::chain(chain));
        }
        page
    }

    /// What the genesis of a chain is made of; none before its nodes are complete.
    pub fn genesis_record(chain: ChainId) -> Option<GenesisRecord<T::AccountId>> {
        let record = Chains::<T>::get(chain)?;
        let spec = Specs::<T>::get(chain)?;
        let frozen = FrozenRecords::<T>::get(chain)?;
        Some(GenesisRecord {
            format: frozen.format,
            chain,
            name: record.name.into_inner(),
            attempt: record.attempt,
            code: spec.code,
            patch: spec.patch.into_inner(),
            properties: spec.properties.into_inner(),
            owner: frozen.owner,
            founders: frozen.founders.into_inner(),
            hub: frozen.hub,
            frozen_at: frozen.at,
        })
    }

    /// What the founder in `seat` of a forming chain said.
    pub fn confirmation(chain: ChainId, seat: u32) -> Option<Outcome> {
        let said = Said::<T>::get(chain)?;
        said.get(usize::try_from(seat).ok()?).copied().flatten()
    }

    /// What `node` is still to be paid for having founded `chain`.
    pub fn seat(chain: ChainId, node: &T::AccountId) -> Option<SeatView> {
        let record = Chains::<T>::get(chain)?;
        let seat = Seats::<T>::get(chain, node)?;
        Some(SeatView {
            share: seat.share,
            paid: seat.paid,
            claimable: Self::claimable(&record, &seat, Self::now()),
            vested_at: record.live_at?.saturating_add(record.term.seconds),
        })
    }

    /// The most nodes that a chain may ask for.
    pub fn hard_limit() -> u32 {
        HardLimit::<T>::get()
    }

    /// The ballot under way.
    pub fn ballot() -> Option<BallotView> {
        CurrentBallot::<T>::get().map(|ballot| BallotView {
            index: ballot.index,
            proposed: ballot.proposed,
            ends_at: ballot.ends_at,
            ayes: ballot.ayes,
            nays: ballot.nays,
            total: ballot.total,
        })
    }

    fn view(chain: ChainId, record: Chain<T::AccountId>) -> ChainView<T::AccountId> {
        let ended = record.state == ChainState::Retired;
        ChainView {
            chain,
            name: record.name.into_inner(),
            state: record.state,
            deployer: record.deployer,
            owner: record.owner,
            need: record.need,
            term: record.term,
            nodes: T::Allocation::member_count(chain),
            registered_at: record.registered_at,
            live_at: record.live_at,
            // Nothing becomes of one that has ended.
            due_at: record.due_at.filter(|_| !ended),
            runtime: record.runtime,
            genesis: record.genesis,
            stake: record.stake,
        }
    }
}
