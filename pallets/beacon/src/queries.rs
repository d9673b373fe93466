// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What others ask: the runtime API, and pallets that draw.

use crate::{
    AuthorKeys, CommitmentState, Commitments, Config, CurrentEpoch, Pallet, Places, Tallies,
};
use frame_support::traits::Get;
use hansa_beacon_primitives::{
    AuthorityIndex, Beacon, BeaconId, CommittedIds, Duty, DutyKind, EpochClock, EpochIndex,
    EpochInfo, OwnId, Phase, Pool,
};

impl<T: Config> Pallet<T> {
    /// The beacon of the epoch under way.
    pub fn beacon() -> Beacon {
        CurrentEpoch::<T>::get().beacon
    }

    /// Whether what is drawn by the next beacon is frozen: from then until the epoch's end something
    /// of that beacon may be known to some.
    pub fn is_frozen() -> bool {
        CurrentEpoch::<T>::get().phase != Phase::Commit
    }

    /// For the runtime API: the epoch under way.
    pub fn epoch_info() -> EpochInfo {
        let state = CurrentEpoch::<T>::get();
        let tally = Tallies::<T>::get(state.index);
        EpochInfo {
            epoch: state.index,
            beacon: state.beacon,
            phase: state.phase,
            phase_end_ms: T::Clock::clock().end_ms(state.phase, &T::Parts::get()),
            committed: tally.places.saturating_sub(tally.withdrawn),
            revealed: tally.revealed,
        }
    }

    /// For the runtime API: the key of an authority of the set that decides the next block.
    pub fn author_key(authority: AuthorityIndex) -> Option<BeaconId> {
        AuthorKeys::<T>::get().get(usize::from(authority)).cloned()
    }

    /// For the runtime API: what the node with this key has to do now.
    ///
    /// A node that cannot pay the bonds has nothing to do.
    pub fn duty(key: &BeaconId) -> Option<Duty<T::AccountId>> {
        let account = T::Pool::account_of(key)?;
        let state = CurrentEpoch::<T>::get();
        let commitment = Commitments::<T>::get(state.index, &account);
        let kind = match (state.phase, commitment) {
            (Phase::Commit, None) if Self::may_commit(state.index, &account) => DutyKind::Commit,
            (Phase::Reveal, Some(commitment)) if commitment.state == CommitmentState::Open => {
                DutyKind::Reveal {
                    commitment: commitment.hash,
                    key: commitment.key,
                }
            }
            _ => return None,
        };
        Some(Duty {
            account,
            epoch: state.index,
            beacon: state.beacon,
            kind,
        })
    }
}

impl<T: Config> CommittedIds<T::AccountId> for Pallet<T> {
    fn places(epoch: EpochIndex) -> u32 {
        Tallies::<T>::get(epoch).places
    }

    fn id_at(epoch: EpochIndex, place: u32) -> Option<(T::AccountId, OwnId)> {
        let account = Places::<T>::get(epoch, place)?;
        let id = Self::id_of(epoch, &account)?;
        Some((account, id))
    }

    fn id_of(epoch: EpochIndex, account: &T::AccountId) -> Option<OwnId> {
        match Commitments::<T>::get(epoch, account)?.state {
            CommitmentState::Revealed(id) => Some(id),
            _ => None,
        }
    }
}
