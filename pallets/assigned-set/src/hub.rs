// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the hub says, and what it is told.

use crate::{
    types::Made, Config, Event, Hub, LastOrdinal, Pallet, Unreported, Waiting, WeightInfo,
    LOG_TARGET,
};
use alloc::collections::BTreeMap;
use codec::Encode;
use frame_support::weights::Weight;
use hansa_dappchain_primitives::{ChainId, ChainPacket, HubPacket, NextSet, MAX_SET};
use hansa_interchain_primitives::traits::{SendSystemPacket, SystemPacketRefused, SystemPackets};

impl<T: Config> SystemPackets for Pallet<T> {
    fn take(from: ChainId, packet: &[u8]) -> Result<Weight, SystemPacketRefused> {
        if Hub::<T>::get() != Some(from) {
            return Err(SystemPacketRefused);
        }
        match HubPacket::<T::AccountId>::read(packet) {
            Some(HubPacket::NextSet(next)) => Self::take_set(next),
            None => Err(SystemPacketRefused),
        }
    }

    fn max_weight(_: u32) -> Weight {
        // A set costs little, however large it is.
        <T as Config>::WeightInfo::take_set(MAX_SET)
    }
}

impl<T: Config> Pallet<T> {
    /// Take a set that the hub orders. Packets come in their order, so one that is not later is no word of a hub
    /// that keeps to the rules.
    fn take_set(next: NextSet<T::AccountId>) -> Result<Weight, SystemPacketRefused> {
        let members = next.members.len() as u32;
        if next.ordinal <= LastOrdinal::<T>::get() || next.check().is_err() {
            return Err(SystemPacketRefused);
        }
        let ordinal = next.ordinal;
        LastOrdinal::<T>::put(ordinal);
        Waiting::<T>::put(next);
        Self::deposit_event(Event::SetTaken { ordinal, members });
        Ok(<T as Config>::WeightInfo::take_set(members))
    }

    /// Tell the hub who made the blocks of a session, and what was not reported before.
    pub(crate) fn report(session: u32, authored: impl Iterator<Item = (T::AccountId, u32)>) {
        let Some(hub) = Hub::<T>::get() else {
            return;
        };
        let made = add_up(Unreported::<T>::get(), authored);
        if made.is_empty() {
            return;
        }
        // As many as fit a packet; the rest goes with the next.
        let (now, later) = made.split_at(made.len().min(MAX_SET as usize));
        let Ok(blocks) = now.to_vec().try_into() else {
            return;
        };
        let sum = now.iter().fold(0u32, |sum, (_, n)| sum.saturating_add(*n));
        let packet = ChainPacket::Authored { session, blocks };
        let left = match T::Packets::send(hub, packet.encode()) {
            Some(_) => {
                Self::deposit_event(Event::BlocksReported {
                    session,
                    blocks: sum,
                });
                later
            }
            None => {
                log::debug!(target: LOG_TARGET, "the report of session {session} waits");
                &made[..]
            }
        };
        Unreported::<T>::put(Made::truncate_from(left.to_vec()));
    }
}

/// What was made before and now together, in the order of accounts. Whoever has made nothing is left out.
///
/// If they are more than fit, those whose accounts come last are forgotten: it takes three sets without anybody in common, and
/// a route that takes nothing meanwhile.
fn add_up<AccountId: Ord + Clone>(
    before: Made<AccountId>,
    now: impl Iterator<Item = (AccountId, u32)>,
) -> Made<AccountId> {
    let mut made: BTreeMap<_, _> = before.into_iter().collect();
    for (account, blocks) in now.filter(|(_, blocks)| *blocks > 0) {
        let sum = made.entry(account).or_insert(0u32);
        *sum = sum.saturating_add(blocks);
    }
    Made::truncate_from(made.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_UNREPORTED;

    fn made(list: &[(u64, u32)]) -> Made<u64> {
        Made::truncate_from(list.to_vec())
    }

    #[test]
    fn what_was_made_adds_up() {
        let before = made(&[(1, 5), (3, u32::MAX)]);
        let sum = add_up(before, [(3, 1), (2, 4), (9, 0), (1, 1)].into_iter());
        assert_eq!(sum, made(&[(1, 6), (2, 4), (3, u32::MAX)]));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let sum = add_up(made(&[]), (0..5_000).map(|i| (i, 1)));
        assert_eq!(sum.len() as u32, MAX_UNREPORTED);
        let again = add_up(sum.clone(), (0..5_000).map(|i| (i, 1)));
        assert_eq!(again.len() as u32, MAX_UNREPORTED);
        assert_eq!(again.first(), Some(&(0, 2)));
    }
}
