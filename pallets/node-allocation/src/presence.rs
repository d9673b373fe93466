// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! For how many epochs in a row a node has been there. Without storage.
//!
//! A node is **present** in an epoch if it was in the pool at the freeze and revealed the id that it had
//! committed to, whether it waits or serves. It is drawn by the ids of an epoch if it is present in it and was in each of the last `delay` before.
//!
//! Which chains have open places is known before one commits. Without a delay a coalition would commit only
//! when the chain that it is after has one; with it, whoever stays out of a draw stays out of the next
//! ones, too, and whoever comes anew, under another name for instance, waits as long.
//!
//! There was nobody before epoch 0: until epoch `delay` it is enough to have been present since then, and a
//! new network need not wait.

use hansa_allocation_primitives::EpochIndex;
pub use hansa_allocation_primitives::MAX_DRAW_DELAY;

/// Since when a node that is drawn by the ids of `epoch` must have been present. `delay` is in epochs.
pub fn required_since(epoch: EpochIndex, delay: EpochIndex) -> EpochIndex {
    epoch.saturating_sub(delay)
}

/// The last epochs in a row in which a node was present: from `since` up to, and without, `next`.
#[frame_support::stored]
#[derive(Copy)]
pub struct Presence {
    /// The first of them.
    pub since: EpochIndex,
    /// The epoch in which it must be present next.
    pub next: EpochIndex,
}

impl Presence {
    /// That of a node that comes into the pool. `open` is the first epoch whose freeze is to come.
    pub fn new(open: EpochIndex) -> Self {
        Self {
            since: open,
            next: open,
        }
    }

    /// The node revealed its id of `epoch`. That of an epoch whose freeze was over when it came into the
    /// pool does not count.
    pub fn note(&mut self, epoch: EpochIndex) {
        if epoch < self.next {
            return;
        }
        if epoch > self.next {
            self.since = epoch;
        }
        self.next = epoch.saturating_add(1);
    }

    /// Whether the node was present in all epochs from `first` to `last`.
    pub fn covers(&self, first: EpochIndex, last: EpochIndex) -> bool {
        self.since <= first && last < self.next
    }

    /// The first epoch by whose ids the node can be drawn, if it is present from now on. `current` is the
    /// epoch under way, `open` the first whose freeze is to come.
    pub fn first_draw(
        &self,
        current: EpochIndex,
        open: EpochIndex,
        delay: EpochIndex,
    ) -> EpochIndex {
        let since = if self.next < current {
            open
        } else {
            self.since
        };
        match since {
            0 => 0,
            since => since.saturating_add(delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// What two numbers remember is what the list of all epochs says.
        #[test]
        fn a_run_is_all_epochs_without_a_gap(
            open in 0u32..4,
            present in prop::collection::btree_set(0u32..20, 0..20),
            delay in 0u32..6,
        ) {
            let mut run = Presence::new(open);
            for epoch in 0..20 {
                if present.contains(&epoch) {
                    run.note(epoch);
                }
                let first = required_since(epoch, delay);
                let counts: BTreeSet<_> = present.iter().filter(|e| **e >= open).collect();
                let all = (first..=epoch).all(|e| counts.contains(&e));
                prop_assert_eq!(run.covers(first, epoch), all);
            }
        }

        /// What a node is told is true if it is present from now on.
        #[test]
        fn the_first_draw_is_foreseen(
            open in 0u32..4,
            present in prop::collection::btree_set(0u32..10, 0..10),
            now in 4u32..10,
            delay in 0u32..6,
        ) {
            let mut run = Presence::new(open);
            present.iter().filter(|epoch| **epoch < now).for_each(|epoch| run.note(*epoch));
            let told = run.first_draw(now, now, delay);
            for epoch in now..now + 10 {
                run.note(epoch);
                let drawn = run.covers(required_since(epoch, delay), epoch);
                prop_assert_eq!(drawn, epoch >= told, "in {}", epoch);
            }
        }
    }
}
