// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the hub records of a chain that lost its quorum (design, section 7): in place of a hand-over, which such a
//! chain cannot make.

use crate::{packet::authorities, ChainId, HubCheckpoint, NextSet};
use alloc::vec::Vec;
use codec::{Codec, Decode, DecodeLimit, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hansa_allocation_primitives::Head;
use hansa_interchain_primitives::recovery::{Recovered, Recoveries};
use hansa_pbft_primitives::{
    recovery::MAX_RECOVERY_BYTES, AuthoritySet, AuthoritySetError, Hash, SetId,
};
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
    /// The id of the new set on the chain: one more than that of the set before, as the hub knows it. For the chain itself it
    /// is two more or later if sets that were recorded above this head before have lost their quorum, too.
    pub set_id: SetId,
    /// The new set, and its number among those that the hub ordered.
    pub next: NextSet<AccountId>,
    /// Where the hub stood. The chain's own light client of the hub goes on from there, as it may have heard nothing for
    /// longer than it trusts. None if it does not fit into a header ([`fitted`](Self::fitted)).
    pub hub: Option<HubCheckpoint>,
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

    /// The record as it fits into a header. The largest set of a chain leaves room for more than three hundred validators of
    /// the hub; if there are too many, the chain is not told where the hub stood, and goes on all the same.
    pub fn fitted(mut self) -> Self {
        if self.encoded_size() > MAX_RECOVERY_BYTES {
            self.hub = None;
        }
        self
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
    use crate::{AssignedNode, FounderKeys, MAX_SET};
    use hansa_pbft_primitives::{Authority, AuthorityId, MAX_AUTHORITIES};
    use sp_core::{ed25519, sr25519, ByteArray};

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
            hub: Some(hub(4)),
        }
    }

    fn key(number: u32) -> AuthorityId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        AuthorityId::from(ed25519::Public::from_raw(bytes))
    }

    /// A hub with so many validators.
    fn hub(validators: u32) -> HubCheckpoint {
        let authority = |i| Authority {
            key: key(i),
            weight: 1,
        };
        let authorities = (0..validators).map(authority).collect();
        HubCheckpoint {
            chain: 0x6b,
            set: AuthoritySet::new(8, authorities).expect("it is a set"),
            ..Default::default()
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
        let mut others = [(); 6].map(|()| record());
        others[0].chain = 8;
        others[1].genesis = Hash::zero();
        others[2].head.height = 10;
        others[3].set_id = 4;
        others[4].next.ordinal = 6;
        others[5].hub = None;
        assert!(others.iter().all(|other| other.hash() != good.hash()));
    }

    #[test]
    fn the_largest_record_fits_into_a_header() {
        let member = |i| AssignedNode {
            node: [0u8; 32],
            keys: FounderKeys {
                pbft: key(i),
                beacon: Some(sr25519::Public::from_raw([1; 32]).into()),
            },
        };
        let members: Vec<_> = (0..MAX_SET).map(member).collect();
        let Recovery {
            chain,
            genesis,
            head,
            set_id,
            next,
            ..
        } = record();
        let largest = |validators| Recovery {
            chain,
            genesis,
            head,
            set_id,
            next: NextSet {
                ordinal: next.ordinal,
                seed: next.seed,
                members: members.clone().try_into().expect("as many as fit"),
            },
            hub: Some(hub(validators)),
        };
        for (validators, fits) in [(360, true), (370, false), (MAX_AUTHORITIES, false)] {
            let record = largest(validators);
            assert_eq!(record.encoded_size() <= MAX_RECOVERY_BYTES, fits);
            let fitted = record.clone().fitted();
            assert_eq!(fitted.hub, record.hub.filter(|_| fits), "{validators}");
            assert!(fitted.encoded_size() <= MAX_RECOVERY_BYTES);
        }
        // As many as a hub may have do, beside a set that is not so large.
        let record = Recovery {
            hub: Some(hub(MAX_AUTHORITIES)),
            ..record()
        };
        assert_eq!(record.clone().fitted(), record);
    }
}
