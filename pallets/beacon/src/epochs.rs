// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The parts of an epoch, and the beacon that comes of it.

use crate::{
    commitments::StoredGroups, AuthorKeys, Config, CurrentEpoch, EpochState, EpochTurned, Event,
    Pallet, Settlement, Tallies,
};
use frame_support::{traits::Get, weights::Weight};
use hansa_beacon_primitives::{
    next_beacon, output::session_seed, tree::root, vrf::fold, Author, AuthorityIndex, BlockAuthor,
    EpochClock, EpochIndex, Height, OnBeacon, OnFreeze, Phase,
};
use hansa_pbft_primitives::{EpochGate, NextSeed};

/// An epoch's ids are drawn by in the next; so the epoch can be settled when the one after that begins.
pub(crate) const SETTLED_AFTER_EPOCHS: EpochIndex = 2;

impl<T: Config> Pallet<T> {
    /// What happens to the epoch when the block at `height` begins. Returns the weight of the hooks
    /// that were called.
    pub(crate) fn begin_block(height: Height) -> Weight {
        let mut state = CurrentEpoch::<T>::get();
        let author = T::Author::block_author();
        Self::require_output(author.as_ref());

        if let Some((author, output)) = author.as_ref().and_then(|a| Some((a.index, a.vrf?))) {
            // The author made its output under the parent's state, so the parent's part counts.
            if gathers_outputs(&state) {
                on_block_vrf(&mut state, height, author, &output);
            }
        }
        if Self::part_is_over(&state) {
            return Self::end_part(state);
        }
        // The block in which a part begins does not count: whoever could have filled it with what is
        // due in this part did not know of it yet.
        if let Some(author) = author {
            state.authors.note(&author);
        }
        CurrentEpoch::<T>::put(state);
        Weight::zero()
    }

    /// See [`Config::OutputRequired`].
    fn require_output(author: Option<&Author>) {
        // Benchmarks begin blocks of their own, which no node made.
        if !T::OutputRequired::get() || cfg!(feature = "runtime-benchmarks") {
            return;
        }
        let keys = AuthorKeys::<T>::get();
        let Some(author) = author else {
            assert!(
                keys.is_empty(),
                "a block must carry its author's VRF output, and so name its author"
            );
            return;
        };
        let has_key = keys.get(usize::from(author.index)).is_some();
        assert!(
            has_key || author.vrf.is_none(),
            "a block must not carry a VRF output of an author without a key"
        );
        assert!(
            !has_key || author.vrf.is_some(),
            "a block must carry its author's VRF output"
        );
    }

    fn part_is_over(state: &EpochState) -> bool {
        T::Clock::clock().is_over(state.phase, &T::Parts::get())
            && state.authors.suffice(state.phase)
            && (T::Parts::get().after(state.phase).is_some() || Self::may_turn(state.index))
    }

    /// Whether the epoch after `epoch` may begin: nothing is kept of more than three.
    fn may_turn(epoch: EpochIndex) -> bool {
        let oldest = Settlement::<T>::get().epoch;
        oldest.saturating_add(SETTLED_AFTER_EPOCHS) > epoch
    }

    fn end_part(state: EpochState) -> Weight {
        let Some(phase) = T::Parts::get().after(state.phase) else {
            return Self::turn(state);
        };
        let epoch = state.index;
        CurrentEpoch::<T>::put(EpochState {
            phase,
            authors: Default::default(),
            ..state
        });
        let tally = Tallies::<T>::get(epoch);
        if phase == Phase::Reveal {
            Self::deposit_event(Event::Frozen {
                epoch,
                committed: tally.places,
            });
            return T::OnFreeze::on_freeze(epoch);
        }
        Self::deposit_event(Event::Closed {
            epoch,
            revealed: tally.revealed,
        });
        Weight::zero()
    }

    /// The last part is over: the next epoch begins.
    fn turn(state: EpochState) -> Weight {
        let revealed = Tallies::<T>::get(state.index).revealed;
        let reveals = root(&StoredGroups::<T>::new(state.index));
        let beacon = next_beacon(&state.inputs(reveals, revealed));
        let epoch = state.index.saturating_add(1);
        CurrentEpoch::<T>::put(EpochState {
            index: epoch,
            beacon,
            ..Default::default()
        });
        EpochTurned::<T>::put(true);
        Self::deposit_event(Event::NewBeacon {
            epoch,
            beacon,
            revealed,
        });
        T::OnBeacon::on_beacon(epoch, &beacon)
    }
}

/// Whether outputs are gathered. In the mixing only as many as it needs: its end must not follow from a
/// time, which the author of a block near it could shift by the block's timestamp.
fn gathers_outputs(state: &EpochState) -> bool {
    match state.phase {
        Phase::Commit => true,
        Phase::Reveal => false,
        Phase::Mix => !state.authors.suffice(Phase::Mix),
    }
}

/// Take in the VRF pre-output of the author of the block at `height`.
fn on_block_vrf(
    state: &mut EpochState,
    height: Height,
    author: AuthorityIndex,
    pre_output: &[u8; 32],
) {
    state.outputs = fold(&state.outputs, height, author, pre_output);
    state.blocks = state.blocks.saturating_add(1);
}

/// A session whose time is over ends in the block in which an epoch does.
impl<T: Config> EpochGate for Pallet<T> {
    fn session_may_end() -> bool {
        EpochTurned::<T>::get()
    }
}

/// The seed of a session is made of the beacon of the epoch in which it begins. The set of the session
/// must have been fixed at the freeze of the epoch before.
impl<T: Config> NextSeed for Pallet<T> {
    fn next_seed(_last: &[u8; 32], session: u32) -> [u8; 32] {
        session_seed(&CurrentEpoch::<T>::get().beacon, session)
    }
}
