// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What chains report.

use crate::{Chains, Config, Event, Pallet, WeightInfo};
use codec::MaxEncodedLen;
use frame_support::{traits::Get, weights::Weight};
use hansa_allocation_primitives::AuthoredBlocks;
use hansa_dappchain_primitives::{packet::Blocks, ChainId, ChainPacket, KeysOf, MAX_SET};
use hansa_interchain_primitives::traits::{SystemPacketRefused, SystemPackets};

impl<T: Config> SystemPackets for Pallet<T> {
    fn take(from: ChainId, packet: &[u8]) -> Result<Weight, SystemPacketRefused> {
        let packet = ChainPacket::<T::AccountId>::read(packet).ok_or(SystemPacketRefused)?;
        match packet {
            ChainPacket::Authored { session, blocks } => {
                Self::take_report(from, session, &blocks).ok_or(SystemPacketRefused)
            }
        }
    }

    fn max_weight(bytes: u32) -> Weight {
        // Entries have one length, as accounts do.
        let entry = <(T::AccountId, u32)>::max_encoded_len() as u32;
        let entries = bytes.checked_div(entry).unwrap_or(MAX_SET);
        T::WeightInfo::take_report(entries.min(MAX_SET))
    }
}

impl<T: Config> Pallet<T> {
    /// Credit nodes with the blocks that a chain says they made. Returns the weight; none if the chain has no say.
    ///
    /// A chain whose nodes are mostly liars can say what it likes, so what is believed is bounded: by how many blocks it can
    /// have made in the time, and to accounts that have nodes.
    fn take_report(chain: ChainId, session: u32, blocks: &Blocks<T::AccountId>) -> Option<Weight> {
        let mut record = Chains::<T>::get(chain).filter(|record| record.ended_at.is_none())?;
        let now = Self::now();
        let passed = now.saturating_sub(record.counted_at);
        let possible = passed
            .saturating_add(1)
            .saturating_mul(T::BlocksPerSecond::get());
        record.counted_at = now;
        Chains::<T>::insert(chain, record);
        let mut left = possible;
        for (node, made) in blocks {
            let credited = left.min(*made);
            if credited == 0 || T::Keys::keys_of(node).is_none() {
                continue;
            }
            left = left.saturating_sub(credited);
            T::Authored::on_authored(chain, node, credited);
        }
        Self::deposit_event(Event::BlocksReported {
            chain,
            session,
            blocks: possible.saturating_sub(left),
        });
        Some(T::WeightInfo::take_report(blocks.len() as u32))
    }
}
