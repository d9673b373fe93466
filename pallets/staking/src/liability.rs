// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Which funds are liable for which offence.
//!
//! Elections are numbered, and each stake knows the first election that counts it (`since`) and,
//! once it is on its way out, the last that did (`until`). Funds are liable for an offence in a set
//! if and only if the election of that set counted them:
//!
//! ```text
//! since <= election             at stake still
//! since <= election <= until    on their way out
//! ```
//!
//! So what is bonded after the election pays nothing, and what leaves after it pays as if it had
//! stayed, until it is withdrawn. What is bonded again on its way out counts as if it had never
//! left. Stakes of before the oldest election of which an offence can still be laid to the node are
//! all liable alike, and are merged.

use crate::{
    pool::keep,
    types::{Chunk, Part, SlashRecord, MAX_CHUNKS, MAX_PARTS},
};
use alloc::vec::Vec;
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_staking_primitives::{Balance, ElectionIndex, Seconds};
use sp_arithmetic::Perbill;

/// There is no room for one more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

/// Funds by the election from which on they are at stake; in ascending order, none of them zero.
#[frame_support::stored]
#[derive(Default)]
pub struct Parts(BoundedVec<Part, ConstU32<MAX_PARTS>>);

impl Parts {
    /// One part.
    pub fn of(since: ElectionIndex, amount: Balance) -> Self {
        let mut parts = Self::default();
        // There is room in what is empty.
        let _ = parts.add(since, amount);
        parts
    }

    /// The parts.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Part> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All together.
    pub fn total(&self) -> Balance {
        self.0
            .iter()
            .fold(0, |sum: Balance, part| sum.saturating_add(part.amount))
    }

    /// Add funds.
    pub fn add(&mut self, since: ElectionIndex, amount: Balance) -> Result<(), Full> {
        if amount == 0 {
            return Ok(());
        }
        match self.0.binary_search_by_key(&since, |part| part.since) {
            Ok(at) => {
                if let Some(part) = self.0.get_mut(at) {
                    part.amount = part.amount.saturating_add(amount);
                }
                Ok(())
            }
            Err(at) => self
                .0
                .try_insert(at, Part { since, amount })
                .map_err(|_| Full),
        }
    }

    /// Take `amount` out, the newest first; less if there is not so much.
    pub fn take(&mut self, amount: Balance) -> Vec<Part> {
        let (mut left, mut taken) = (amount, Vec::new());
        for part in self.0.iter_mut().rev() {
            let taking = part.amount.min(left);
            if taking == 0 {
                break;
            }
            left = left.saturating_sub(taking);
            part.amount = part.amount.saturating_sub(taking);
            taken.push(Part {
                since: part.since,
                amount: taking,
            });
        }
        self.0.retain(|part| part.amount > 0);
        taken
    }

    /// Merge what came up to the election `oldest`, for which nobody looks back further.
    pub fn merge(&mut self, oldest: ElectionIndex) {
        let mut merged: Balance = 0;
        self.0.retain(|part| {
            let old = part.since <= oldest;
            if old {
                merged = merged.saturating_add(part.amount);
            }
            !old
        });
        if merged > 0 {
            let part = Part {
                since: 0,
                amount: merged,
            };
            // At least one went, so there is room.
            let _ = self.0.try_insert(0, part);
        }
    }

    /// Take the part `lost` of what was at stake in `election`. Returns what was taken.
    pub fn slash(&mut self, election: ElectionIndex, lost: Perbill) -> Balance {
        let mut taken: Balance = 0;
        for part in self.0.iter_mut().filter(|part| part.since <= election) {
            let kept = keep(part.amount, lost);
            taken = taken.saturating_add(part.amount.saturating_sub(kept));
            part.amount = kept;
        }
        self.0.retain(|part| part.amount > 0);
        taken
    }
}

#[cfg(any(test, feature = "std", feature = "try-runtime"))]
impl Parts {
    /// Whether they are in order, and none of them is zero.
    pub fn is_sound(&self) -> bool {
        let ordered = |pair: &[Part]| matches!(pair, [a, b] if a.since < b.since);
        self.0.windows(2).all(ordered) && self.0.iter().all(|part| part.amount > 0)
    }
}

#[cfg(any(test, feature = "std", feature = "try-runtime"))]
impl Chunks {
    /// Whether none of them is zero.
    pub fn is_sound(&self) -> bool {
        self.0.iter().all(|chunk| chunk.amount > 0)
    }
}

/// Funds on their way out; none of them zero, the last in the order of time at the end.
#[frame_support::stored]
#[derive(Default)]
pub struct Chunks(BoundedVec<Chunk, ConstU32<MAX_CHUNKS>>);

impl Chunks {
    /// The chunks.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Chunk> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All together.
    pub fn total(&self) -> Balance {
        self.0
            .iter()
            .fold(0, |sum: Balance, chunk| sum.saturating_add(chunk.amount))
    }

    /// Add funds that leave after the election `until`. What left of the same funds after the same
    /// election is one chunk, which unlocks with the last of it.
    pub fn add(
        &mut self,
        part: Part,
        until: ElectionIndex,
        unlocks_at: Seconds,
    ) -> Result<(), Full> {
        if part.amount == 0 {
            return Ok(());
        }
        let same = |chunk: &&mut Chunk| chunk.since == part.since && chunk.until == until;
        if let Some(chunk) = self.0.iter_mut().find(same) {
            chunk.amount = chunk.amount.saturating_add(part.amount);
            chunk.unlocks_at = chunk.unlocks_at.max(unlocks_at);
            return Ok(());
        }
        let chunk = Chunk {
            since: part.since,
            until,
            unlocks_at,
            amount: part.amount,
        };
        self.0.try_push(chunk).map_err(|_| Full)
    }

    /// Take `amount` back in, what left last first; less if there is not so much.
    pub fn take_back(&mut self, amount: Balance) -> Vec<Part> {
        let (mut left, mut taken) = (amount, Vec::new());
        for chunk in self.0.iter_mut().rev() {
            let taking = chunk.amount.min(left);
            if taking == 0 {
                break;
            }
            left = left.saturating_sub(taking);
            chunk.amount = chunk.amount.saturating_sub(taking);
            taken.push(Part {
                since: chunk.since,
                amount: taking,
            });
        }
        self.0.retain(|chunk| chunk.amount > 0);
        taken
    }

    /// Take out what `free` says is free to go. Returns how much that is.
    pub fn withdraw(&mut self, free: impl Fn(&Chunk) -> bool) -> Balance {
        let mut taken: Balance = 0;
        self.0.retain(|chunk| {
            let goes = free(chunk);
            if goes {
                taken = taken.saturating_add(chunk.amount);
            }
            !goes
        });
        taken
    }

    /// Take the part `lost` of what was at stake in `election`. Returns what was taken.
    pub fn slash(&mut self, election: ElectionIndex, lost: Perbill) -> Balance {
        let mut taken: Balance = 0;
        let liable = |chunk: &&mut Chunk| chunk.since <= election && election <= chunk.until;
        for chunk in self.0.iter_mut().filter(liable) {
            let kept = keep(chunk.amount, lost);
            taken = taken.saturating_add(chunk.amount.saturating_sub(kept));
            chunk.amount = kept;
        }
        self.0.retain(|chunk| chunk.amount > 0);
        taken
    }
}

/// Apply to a stake the slashes of its node that it has not had yet. Returns what was taken of what
/// is on its way out; what is taken of shares, the pool has lost already.
pub fn catch_up(shares: &mut Parts, unlocking: &mut Chunks, slashes: &[SlashRecord]) -> Balance {
    slashes.iter().fold(0, |taken: Balance, slash| {
        let _ = shares.slash(slash.election, slash.lost);
        taken.saturating_add(unlocking.slash(slash.election, slash.lost))
    })
}
