// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The parts of an epoch, and when each is over.
//!
//! An epoch is a session. In its first part nodes commit to ids; in its second part the ids are
//! revealed; in its third part, the mixing, nothing is taken but the VRF outputs of the blocks' authors,
//! as in the first.
//!
//! A part is over after its time, and after authors of more than `T` weight have made a block in it, so
//! that at least one correct author could take in what the others left out, or, in the mixing, has added
//! an output that nobody else knew. The mixing can also do with [`MIXING_BLOCKS`] blocks; and it gathers no
//! more outputs than that takes, though it goes on until its time is over.

use crate::{AuthorityIndex, Weight, MAX_AUTHORITIES};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_runtime::{traits::ConstU32, BoundedVec};

/// The bytes of a bit for each authority.
pub const BITMAP_BYTES: u32 = MAX_AUTHORITIES.div_ceil(8);

/// After so many blocks the mixing has outputs enough, though authors of more than `T` weight have not been seen
/// in it, as in a large set they may take hundreds. That authors of a third of the weight make all of
/// them has a probability of 3^-32, below 10^-15.
pub const MIXING_BLOCKS: u32 = 32;

/// The parts of an epoch.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Phase {
    /// Nodes commit to ids; authors' outputs are gathered.
    #[default]
    #[codec(index = 0)]
    Commit,
    /// All inputs are frozen; ids are revealed.
    #[codec(index = 1)]
    Reveal,
    /// No more reveals are taken; authors' outputs are gathered again, so that who decides which ids to
    /// reveal does not know what comes of it.
    #[codec(index = 2)]
    Mix,
}

/// When the time of the parts ends, as shares of the session; that of the mixing ends with it.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Parts {
    /// The end of the commit part.
    pub commit_end: Permill,
    /// The end of the reveal part. If that is the whole session, there is no mixing.
    pub reveal_end: Permill,
}

impl Parts {
    /// Whether each part but the mixing has time of its own.
    pub fn are_valid(&self) -> bool {
        Permill::zero() < self.commit_end && self.commit_end < self.reveal_end
    }

    /// The part that follows; none if the epoch is over.
    pub fn after(&self, phase: Phase) -> Option<Phase> {
        match phase {
            Phase::Commit => Some(Phase::Reveal),
            Phase::Reveal if self.reveal_end < Permill::one() => Some(Phase::Mix),
            Phase::Reveal | Phase::Mix => None,
        }
    }
}

/// The session in service time, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    /// Now: as of the parent of the block under execution.
    pub now_ms: u64,
    /// When the session began.
    pub start_ms: u64,
    /// How long it is to last.
    pub length_ms: u64,
}

impl Clock {
    /// Whether the time of the part is over.
    pub fn is_over(&self, phase: Phase, parts: &Parts) -> bool {
        let passed = self.now_ms.saturating_sub(self.start_ms);
        passed >= self.ends_after_ms(phase, parts)
    }

    /// When the time of the part ends, in service time.
    pub fn end_ms(&self, phase: Phase, parts: &Parts) -> u64 {
        self.start_ms
            .saturating_add(self.ends_after_ms(phase, parts))
    }

    fn ends_after_ms(&self, phase: Phase, parts: &Parts) -> u64 {
        match phase {
            Phase::Commit => parts.commit_end.mul_floor(self.length_ms),
            Phase::Reveal => parts.reveal_end.mul_floor(self.length_ms),
            Phase::Mix => self.length_ms,
        }
    }
}

/// The author of the block under execution, in the set that decides the block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// Its position in the set.
    pub index: AuthorityIndex,
    /// Its weight.
    pub weight: Weight,
    /// The weight of the set.
    pub total_weight: Weight,
    /// The id of the set.
    pub set_id: u64,
    /// The VRF pre-output in the header, which the node has verified; none if there is none.
    pub vrf: Option<[u8; 32]>,
}

/// Who made a block in a part of an epoch.
#[derive(
    Clone,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct AuthorsSeen {
    set_id: u64,
    total_weight: Weight,
    weight: Weight,
    blocks: u32,
    bitmap: BoundedVec<u8, ConstU32<BITMAP_BYTES>>,
}

impl AuthorsSeen {
    /// Note the author of a block. Another set than before begins anew: weights of two sets do not
    /// add up. An author beyond [`MAX_AUTHORITIES`] does not count.
    pub fn note(&mut self, author: &Author) {
        if self.set_id != author.set_id || self.total_weight != author.total_weight {
            *self = Self {
                set_id: author.set_id,
                total_weight: author.total_weight,
                ..Self::default()
            };
        }
        self.blocks = self.blocks.saturating_add(1);
        let at = usize::from(author.index >> 3);
        while self.bitmap.len() <= at {
            if self.bitmap.try_push(0).is_err() {
                return;
            }
        }
        let Some(byte) = self.bitmap.get_mut(at) else {
            return;
        };
        let bit = 1u8 << (author.index & 7);
        if *byte & bit == 0 {
            *byte |= bit;
            self.weight = self.weight.saturating_add(author.weight);
        }
    }

    /// Whether they suffice to end the part: they weigh more than `T` of the set, so that one of them is
    /// correct; or, in the mixing, there are as many blocks that one of them is all but certainly by a
    /// correct author.
    pub fn suffice(&self, phase: Phase) -> bool {
        let many = phase == Phase::Mix && self.blocks >= MIXING_BLOCKS;
        many || self.weight > self.total_weight.saturating_sub(1) / 3
    }

    /// The weight of the authors seen.
    pub fn weight(&self) -> Weight {
        self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn author(index: AuthorityIndex, weight: Weight, total_weight: Weight) -> Author {
        Author {
            index,
            weight,
            total_weight,
            set_id: 0,
            vrf: None,
        }
    }

    #[test]
    fn parts_end_by_their_share_of_the_session() {
        let parts = Parts {
            commit_end: Permill::from_percent(50),
            reveal_end: Permill::from_percent(80),
        };
        let clock = |now_ms| Clock {
            now_ms,
            start_ms: 100,
            length_ms: 60,
        };
        for (now, commit, reveal, mix) in [
            (0, false, false, false),
            (129, false, false, false),
            (130, true, false, false),
            (147, true, false, false),
            (148, true, true, false),
            (159, true, true, false),
            (160, true, true, true),
        ] {
            assert_eq!(clock(now).is_over(Phase::Commit, &parts), commit, "{now}");
            assert_eq!(clock(now).is_over(Phase::Reveal, &parts), reveal, "{now}");
            assert_eq!(clock(now).is_over(Phase::Mix, &parts), mix, "{now}");
        }
        assert_eq!(clock(0).end_ms(Phase::Commit, &parts), 130);
        assert_eq!(clock(0).end_ms(Phase::Reveal, &parts), 148);
        assert_eq!(clock(0).end_ms(Phase::Mix, &parts), 160);
    }

    #[test]
    fn the_mixing_can_be_left_out() {
        let parts = |reveal_end| Parts {
            commit_end: Permill::from_percent(50),
            reveal_end: Permill::from_percent(reveal_end),
        };
        assert_eq!(parts(80).after(Phase::Commit), Some(Phase::Reveal));
        assert_eq!(parts(80).after(Phase::Reveal), Some(Phase::Mix));
        assert_eq!(parts(80).after(Phase::Mix), None);
        assert_eq!(parts(100).after(Phase::Reveal), None);
        assert!(parts(80).are_valid() && parts(100).are_valid());
        assert!(!parts(50).are_valid());
    }

    #[test]
    fn the_mixing_can_do_with_many_blocks() {
        let mut seen = AuthorsSeen::default();
        for _ in 0..MIXING_BLOCKS {
            assert!(!seen.suffice(Phase::Mix));
            seen.note(&author(0, 1, 4));
        }
        assert!(seen.suffice(Phase::Mix));
        assert!(!seen.suffice(Phase::Reveal));
    }

    #[test]
    fn more_than_t_weight_is_needed() {
        let mut seen = AuthorsSeen::default();
        assert!(!seen.suffice(Phase::Reveal), "nobody is not enough");
        seen.note(&author(3, 1, 4));
        assert!(!seen.suffice(Phase::Reveal));
        seen.note(&author(3, 1, 4));
        assert!(!seen.suffice(Phase::Reveal), "one author counts once");
        seen.note(&author(0, 1, 4));
        assert!(seen.suffice(Phase::Reveal));
    }

    #[test]
    fn a_chain_of_one_needs_one_block() {
        let mut seen = AuthorsSeen::default();
        seen.note(&author(0, 7, 7));
        for phase in [Phase::Commit, Phase::Reveal, Phase::Mix] {
            assert!(seen.suffice(phase));
        }
    }

    #[test]
    fn another_set_begins_anew() {
        let mut seen = AuthorsSeen::default();
        seen.note(&author(0, 2, 4));
        assert!(seen.suffice(Phase::Reveal));
        seen.note(&Author {
            set_id: 1,
            ..author(1, 1, 4)
        });
        assert_eq!(seen.weight(), 1);
    }

    #[test]
    fn an_author_that_cannot_be_does_not_count() {
        let mut seen = AuthorsSeen::default();
        seen.note(&author(AuthorityIndex::MAX, 4, 4));
        assert_eq!(seen.weight(), 0);
    }

    proptest! {
        #[test]
        fn each_author_counts_once(indices in prop::collection::vec(0u16..1_000, 0..300)) {
            let mut seen = AuthorsSeen::default();
            for index in &indices {
                seen.note(&author(*index, u64::from(*index) + 1, 1_000_000));
            }
            let expected: u64 = indices.iter().collect::<BTreeSet<_>>().into_iter()
                .map(|index| u64::from(*index) + 1).sum();
            prop_assert_eq!(seen.weight(), expected);
            prop_assert!(seen.encode().len() <= AuthorsSeen::max_encoded_len());
        }
    }
}
