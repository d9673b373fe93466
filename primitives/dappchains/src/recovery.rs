// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the hub records of a chain that lost its quorum (design, section 7): in place of a hand-over, which such a
//! chain cannot make.

use crate::{packet::authorities, ChainId, NextSet};
use alloc::vec::Vec;
use codec::{Codec, Decode, DecodeLimit, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hansa_allocation_primitives::Head;
use hansa_interchain_primitives::recovery::{Recovered, Recoveries};
use hansa_pbft_primitives::{AuthoritySet, AuthoritySetError, Hash, SetId};
use scale_info::TypeInfo;
use sp_runtime::traits::{BlakeTwo256, Hash as _};

/// How deep the types of a record may nest.
const MAX_DEPTH: u32 = 8;

/// Separates the hashes of records from others.
const DOMAIN: &[u8] = b"hansa/dappchains/recovery/1";

/// Another set decides above a head.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Recovery<AccountId> {
    /// The chain.
    pub chain: ChainId,
    /// Its genesis.
    pub genesis: Hash,
    /// The highest block that the set before has decided, as far as was shown in time. The new set decides the one
    /// above it.
    pub head: Head,
    /// The id of the new set on the chain: one more than that of the set before.
    pub set_id: SetId,
    /// The new set, and its number among those that the hub ordered.
    pub next: NextSet<AccountId>,
}

impl<AccountId> Recovery<AccountId> {
    /// The set that decides.
    ///
    /// # Errors
    ///
    /// The members make no set: there are none, or a key is in it twice.
    pub fn set(&self) -> Result<AuthoritySet, AuthoritySetError> {
        let mut set = authorities(&self.next.members)?;
        set.id = self.set_id;
        Ok(set)
    }
}

impl<AccountId: Encode> Recovery<AccountId> {
    /// The hash by which the record is known: what the hub's state has of it, and proves.
    pub fn hash(&self) -> Hash {
        BlakeTwo256::hash_of(&(DOMAIN, self))
    }

    /// The record as bytes, as the header of the chain's next block brings it.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode()
    }
}

impl<AccountId: Decode> Recovery<AccountId> {
    /// Read a record; none if the bytes are not exactly one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Self::decode_all_with_depth_limit(MAX_DEPTH, &mut &*bytes).ok()
    }
}

/// What the light clients of other chains read of a record.
impl<AccountId: Codec> Recoveries for Recovery<AccountId> {
    fn facts(record: &[u8]) -> Option<Recovered> {
        let record = Self::read(record)?;
        Some(Recovered {
            chain: record.chain,
            genesis: record.genesis,
            head: (record.head.height, record.head.hash),
            set: record.set().ok()?,
            hash: record.hash(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AssignedNode, FounderKeys};
    use hansa_pbft_primitives::{recovery::MAX_RECOVERY_BYTES, AuthorityId};
    use sp_core::{ed25519, ByteArray};

    fn record() -> Recovery<u64> {
        let member = |node: u64| AssignedNode {
            node,
            keys: FounderKeys {
                pbft: AuthorityId::from(ed25519::Public::from_raw([node as u8; 32])),
                beacon: None,
            },
        };
        let members: Vec<_> = (1..=4).map(member).collect();
        Recovery {
            chain: 7,
            genesis: Hash::repeat_byte(1),
            head: Head {
                height: 9,
                hash: Hash::repeat_byte(2),
            },
            set_id: 3,
            next: NextSet {
                ordinal: 5,
                seed: [6; 32],
                members: members.try_into().expect("they are few"),
            },
        }
    }

    #[test]
    fn the_set_has_the_id_that_it_will_have() {
        let set = record().set().expect("it is a set");
        assert_eq!((set.id, set.len()), (3, 4));
        assert_eq!(set.authorities()[0].key.to_raw_vec(), [1; 32]);
    }

    #[test]
    fn a_record_is_read_exactly() {
        let mut bytes = record().to_bytes();
        assert_eq!(Recovery::read(&bytes), Some(record()));
        bytes.push(0);
        assert_eq!(Recovery::<u64>::read(&bytes), None);
    }

    #[test]
    fn light_clients_read_what_matters_to_them() {
        let record = record();
        let facts = Recovery::<u64>::facts(&record.to_bytes()).expect("it is a record");
        let expected = Recovered {
            chain: 7,
            genesis: Hash::repeat_byte(1),
            head: (9, Hash::repeat_byte(2)),
            set: record.set().expect("it is a set"),
            hash: record.hash(),
        };
        assert_eq!(facts, expected);
        let mut nobody = record;
        nobody.next.members = Default::default();
        assert_eq!(Recovery::<u64>::facts(&nobody.to_bytes()), None);
        assert_eq!(Recovery::<u64>::facts(&[1, 2, 3]), None);
    }

    #[test]
    fn each_part_is_in_the_hash() {
        let good = record();
        let mut others = [(); 5].map(|()| record());
        others[0].chain = 8;
        others[1].genesis = Hash::zero();
        others[2].head.height = 10;
        others[3].set_id = 4;
        others[4].next.ordinal = 6;
        assert!(others.iter().all(|other| other.hash() != good.hash()));
    }

    #[test]
    fn the_largest_record_fits_into_a_header() {
        assert!(Recovery::<[u8; 32]>::max_encoded_len() <= MAX_RECOVERY_BYTES);
    }
}
