// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The weighted authority set.

use crate::{AuthorityId, AuthorityIndex, SetId, Weight, MAX_AUTHORITIES};
use alloc::{collections::BTreeSet, vec::Vec};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// A member of an authority set.
#[derive(
    Clone,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Authority {
    /// The key with which it signs.
    pub key: AuthorityId,
    /// Its voting weight, at least 1.
    pub weight: Weight,
}

/// Why a list of authorities is not a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthoritySetError {
    /// The list is empty.
    #[error("the authority set is empty")]
    Empty,
    /// More than [`MAX_AUTHORITIES`].
    #[error("the authority set has more than {MAX_AUTHORITIES} members")]
    TooMany,
    /// An authority without weight.
    #[error("authority {0} of the set has no weight")]
    ZeroWeight(AuthorityIndex),
    /// A key that stands in the list twice.
    #[error("authority {0} of the set has the key of an earlier one")]
    DuplicateKey(AuthorityIndex),
    /// The sum of the weights does not fit 64 bits.
    #[error("the weights of the authority set add up to more than 64 bits hold")]
    WeightOverflow,
}

/// The authorities that decide a block, in a fixed order, with their weights.
///
/// With total weight `W`, [`faults`](Self::faults) `T = floor((W - 1) / 3)` is the weight that may
/// fail in any way, and [`quorum`](Self::quorum) `W - T` is what a certificate needs. Any two
/// quorums share more than `T`, so at least one honest authority.
///
/// The default is the empty set, which decides nothing.
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
pub struct AuthoritySet {
    /// The identifier of the set.
    pub id: SetId,
    authorities: BoundedVec<Authority, ConstU32<MAX_AUTHORITIES>>,
}

impl AuthoritySet {
    /// Make a set of a list, refusing one that is empty, too long, has a duplicate key, an
    /// authority without weight, or weights that overflow.
    pub fn new(id: SetId, authorities: Vec<Authority>) -> Result<Self, AuthoritySetError> {
        if authorities.is_empty() {
            return Err(AuthoritySetError::Empty);
        }
        let authorities: BoundedVec<_, _> = authorities
            .try_into()
            .map_err(|_| AuthoritySetError::TooMany)?;
        let mut keys = BTreeSet::new();
        let mut total: Weight = 0;
        for (index, authority) in authorities.iter().enumerate() {
            let index = index as AuthorityIndex;
            if authority.weight == 0 {
                return Err(AuthoritySetError::ZeroWeight(index));
            }
            if !keys.insert(&authority.key) {
                return Err(AuthoritySetError::DuplicateKey(index));
            }
            total = total
                .checked_add(authority.weight)
                .ok_or(AuthoritySetError::WeightOverflow)?;
        }
        Ok(Self { id, authorities })
    }

    /// The authorities, in their order.
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }

    /// The number of authorities.
    pub fn len(&self) -> usize {
        self.authorities.len()
    }

    /// Whether there are no authorities (only the default, or a set that was decoded, can be empty).
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    /// The authority at `index`.
    pub fn get(&self, index: AuthorityIndex) -> Option<&Authority> {
        self.authorities.get(usize::from(index))
    }

    /// The weight of the authority at `index`; 0 if there is none.
    pub fn weight(&self, index: AuthorityIndex) -> Weight {
        self.get(index).map_or(0, |a| a.weight)
    }

    /// The position of `key`.
    pub fn index_of(&self, key: &AuthorityId) -> Option<AuthorityIndex> {
        self.authorities
            .iter()
            .position(|a| &a.key == key)
            .map(|i| i as AuthorityIndex)
    }

    /// `W`, the sum of all weights.
    pub fn total_weight(&self) -> Weight {
        self.authorities
            .iter()
            .fold(0, |sum: Weight, a| sum.saturating_add(a.weight))
    }

    /// `T`, the weight that may be faulty.
    pub fn faults(&self) -> Weight {
        self.total_weight().saturating_sub(1) / 3
    }

    /// `W - T`, the weight that makes a certificate.
    pub fn quorum(&self) -> Weight {
        self.total_weight().saturating_sub(self.faults())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::Pair;

    fn authority(i: u8, weight: Weight) -> Authority {
        Authority {
            key: crate::AuthorityPair::from_seed(&[i; 32]).public(),
            weight,
        }
    }

    #[test]
    fn quorum_is_total_less_faults() {
        for (weights, faults, quorum) in [
            (&[1u64][..], 0, 1),
            (&[1, 1], 0, 2),
            (&[1, 1, 1], 0, 3),
            (&[1, 1, 1, 1], 1, 3),
            (&[1; 7], 2, 5),
            (&[3, 3, 3, 1], 3, 7),
        ] {
            let list = weights
                .iter()
                .enumerate()
                .map(|(i, w)| authority(i as u8, *w))
                .collect();
            let set = AuthoritySet::new(0, list).unwrap();
            assert_eq!(
                (set.faults(), set.quorum()),
                (faults, quorum),
                "{weights:?}"
            );
            // Two quorums share more than T.
            assert!(2 * quorum - set.total_weight() > faults);
        }
    }

    #[test]
    fn bad_sets_are_refused() {
        assert_eq!(
            AuthoritySet::new(0, alloc::vec![]),
            Err(AuthoritySetError::Empty)
        );
        let zero = alloc::vec![authority(0, 1), authority(1, 0)];
        assert_eq!(
            AuthoritySet::new(0, zero),
            Err(AuthoritySetError::ZeroWeight(1))
        );
        let twice = alloc::vec![authority(0, 1), authority(0, 2)];
        assert_eq!(
            AuthoritySet::new(0, twice),
            Err(AuthoritySetError::DuplicateKey(1))
        );
        let heavy = alloc::vec![authority(0, u64::MAX), authority(1, 1)];
        assert_eq!(
            AuthoritySet::new(0, heavy),
            Err(AuthoritySetError::WeightOverflow)
        );
    }
}
