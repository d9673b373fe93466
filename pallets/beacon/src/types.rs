// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use hansa_beacon_primitives::{
    AuthorsSeen, Beacon, BeaconId, Digest, EpochIndex, Inputs, OwnId, Phase,
};

/// The epoch under way.
#[frame_support::stored]
#[derive(Default)]
pub struct EpochState {
    /// Its number.
    pub index: EpochIndex,
    /// Its beacon.
    pub beacon: Beacon,
    /// The part that it is in.
    pub phase: Phase,
    /// The chain of the outputs that were gathered, in the commit part and in the mixing.
    pub outputs: Digest,
    /// Their number.
    pub blocks: u32,
    /// Who made a block in this part.
    pub authors: AuthorsSeen,
}

impl EpochState {
    /// What makes the next beacon, with the root and the number of the reveals.
    pub fn inputs(&self, reveals: Digest, revealed: u32) -> Inputs {
        Inputs {
            epoch: self.index,
            last: self.beacon,
            reveals,
            revealed,
            outputs: self.outputs,
            blocks: self.blocks,
        }
    }
}

/// What became of the commitments of an epoch.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Tally {
    /// How many there were: each has a place, from 0 on.
    pub places: u32,
    /// How many were taken back before the freeze.
    pub withdrawn: u32,
    /// How many were revealed: that many leaves are in the tree.
    pub revealed: u32,
    /// How many were revealed and have not been forfeited since.
    pub kept: u32,
}

impl Tally {
    /// How many cost a penalty: neither taken back in time nor kept.
    pub fn withheld(&self) -> u32 {
        self.places
            .saturating_sub(self.withdrawn)
            .saturating_sub(self.kept)
    }
}

/// A node's commitment.
#[frame_support::stored]
pub struct Commitment<Balance> {
    /// What it committed to.
    pub hash: Digest,
    /// The key that signed it: the id follows from it, even if the node has another key by now.
    pub key: BeaconId,
    /// Its place in the tree of reveals.
    pub place: u32,
    /// What is held for it.
    pub held: Balance,
    /// What became of it.
    pub state: CommitmentState,
}

/// What became of a commitment.
#[frame_support::stored]
#[derive(Copy)]
pub enum CommitmentState {
    /// It waits for its reveal. Once the reveal part is over: it was withheld.
    #[codec(index = 0)]
    Open,
    /// It was revealed.
    #[codec(index = 1)]
    Revealed(OwnId),
    /// The node left before the freeze. Nothing is held any more.
    #[codec(index = 2)]
    Withdrawn,
    /// The node left after the freeze, before the draw was over.
    #[codec(index = 3)]
    Forfeited,
}

/// How far the settlement of past epochs has come.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Cursor {
    /// The oldest epoch that is not settled.
    pub epoch: EpochIndex,
    /// Its next place.
    pub place: u32,
}
