// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The two parts of an epoch, and when each is over.
//!
//! An epoch is a session. In its first part nodes commit to ids, and authors' outputs are gathered;
//! in its second part the ids are revealed. A part is over after its time, and after authors of more
//! than `T` weight have made a block in it, so that at least one correct author could take in what the
//! others left out.

use crate::{AuthorityIndex, Weight, MAX_AUTHORITIES};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::Permill;
use sp_runtime::{traits::ConstU32, BoundedVec};

/// The bytes of a bit for each authority.
pub const BITMAP_BYTES: u32 = MAX_AUTHORITIES.div_ceil(8);

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
    /// Whether the time of the part is over, if `commit_share` of the session is for commits.
    pub fn is_over(&self, phase: Phase, commit_share: Permill) -> bool {
        let passed = self.now_ms.saturating_sub(self.start_ms);
        passed >= self.ends_after_ms(phase, commit_share)
    }

    /// When the time of the part ends, in service time.
    pub fn end_ms(&self, phase: Phase, commit_share: Permill) -> u64 {
        self.start_ms
            .saturating_add(self.ends_after_ms(phase, commit_share))
    }

    fn ends_after_ms(&self, phase: Phase, commit_share: Permill) -> u64 {
        match phase {
            Phase::Commit => commit_share.mul_floor(self.length_ms),
            Phase::Reveal => self.length_ms,
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
        let at = usize::from(author.index).checked_div(8).unwrap_or(0);
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

    /// Whether the authors seen weigh more than `T` of the set, so that one of them is correct.
    pub fn suffice(&self) -> bool {
        self.weight > self.total_weight.saturating_sub(1) / 3
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
        let half = Permill::from_percent(50);
        let clock = |now_ms| Clock {
            now_ms,
            start_ms: 100,
            length_ms: 60,
        };
        for (now, commit, reveal) in [
            (0, false, false),
            (129, false, false),
            (130, true, false),
            (159, true, false),
            (160, true, true),
        ] {
            assert_eq!(clock(now).is_over(Phase::Commit, half), commit, "{now}");
            assert_eq!(clock(now).is_over(Phase::Reveal, half), reveal, "{now}");
        }
        assert_eq!(clock(0).end_ms(Phase::Commit, half), 130);
        assert_eq!(clock(0).end_ms(Phase::Reveal, half), 160);
    }

    #[test]
    fn more_than_t_weight_is_needed() {
        let mut seen = AuthorsSeen::default();
        assert!(!seen.suffice(), "nobody is not enough");
        seen.note(&author(3, 1, 4));
        assert!(!seen.suffice());
        seen.note(&author(3, 1, 4));
        assert!(!seen.suffice(), "one author counts once");
        seen.note(&author(0, 1, 4));
        assert!(seen.suffice());
    }

    #[test]
    fn a_chain_of_one_needs_one_block() {
        let mut seen = AuthorsSeen::default();
        seen.note(&author(0, 7, 7));
        assert!(!seen.suffice() || seen.weight() == 7);
        assert!(seen.suffice());
    }

    #[test]
    fn another_set_begins_anew() {
        let mut seen = AuthorsSeen::default();
        seen.note(&author(0, 2, 4));
        assert!(seen.suffice());
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
