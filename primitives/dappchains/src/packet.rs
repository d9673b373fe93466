// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the hub and a DappChain tell each other, as system packets between chains.
//!
//! ```text
//! hub   NextSet  ──▶ chain     who shall decide, from the end of the chain's session on
//! hub ◀── Authored   chain     who made how many blocks in a session
//! ```
//!
//! Each way has a type of its own, so that neither side can be told what it says itself. Versions are variants; a
//! packet of an unknown one, with bytes left over, or above a bound does not decode, and is refused.

use crate::{FounderKeys, MAX_SET};
use alloc::collections::BTreeSet;
use codec::{Decode, DecodeLimit, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hansa_pbft_primitives::{Authority, AuthoritySet, AuthoritySetError, Hash};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::{
    traits::{BlakeTwo256, Hash as _},
    BoundedVec,
};

/// The number of a set that the hub ordered for a chain: its founders are 0, and each later set has a
/// higher number. A chain may skip some.
pub type SetOrdinal = u32;

/// How deep the types of a packet may nest.
const MAX_DEPTH: u32 = 8;

/// Every member of a DappChain's set weighs as much.
pub const MEMBER_WEIGHT: hansa_pbft_primitives::Weight = 1;

/// A node in a set that the hub ordered.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct AssignedNode<AccountId> {
    /// Its account, the same on both chains.
    pub node: AccountId,
    /// Its keys, as the hub has them.
    pub keys: FounderKeys,
}

/// The members of a set, in their order.
pub type Members<AccountId> = BoundedVec<AssignedNode<AccountId>, ConstU32<MAX_SET>>;

/// How many blocks each node made.
pub type Blocks<AccountId> = BoundedVec<(AccountId, u32), ConstU32<MAX_SET>>;

/// A set that the hub orders.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NextSet<AccountId> {
    /// Its number.
    pub ordinal: SetOrdinal,
    /// Randomness of the hub, for the chain's schedule of primaries.
    pub seed: [u8; 32],
    /// Its members.
    pub members: Members<AccountId>,
}

/// What the hub tells a DappChain.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum HubPacket<AccountId> {
    /// Who shall decide.
    #[codec(index = 0)]
    NextSet(NextSet<AccountId>),
}

/// What a DappChain tells the hub.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum ChainPacket<AccountId> {
    /// Who made blocks, since the last packet of this kind.
    #[codec(index = 0)]
    Authored {
        /// The chain's session that has ended.
        session: u32,
        /// The nodes, each once.
        blocks: Blocks<AccountId>,
    },
}

impl<AccountId: Decode> HubPacket<AccountId> {
    /// Read a packet; none if the bytes are not exactly one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Self::decode_all_with_depth_limit(MAX_DEPTH, &mut &*bytes).ok()
    }
}

impl<AccountId: Decode> ChainPacket<AccountId> {
    /// Read a packet; none if the bytes are not exactly one.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Self::decode_all_with_depth_limit(MAX_DEPTH, &mut &*bytes).ok()
    }
}

impl<AccountId: Ord> NextSet<AccountId> {
    /// Check that the members make a set: at least one, and no account or key twice.
    pub fn check(&self) -> Result<(), AuthoritySetError> {
        authorities(&self.members).map(|_| ())?;
        let mut accounts = BTreeSet::new();
        for (index, member) in (0u16..).zip(&self.members) {
            if !accounts.insert(&member.node) {
                return Err(AuthoritySetError::DuplicateKey(index));
            }
        }
        Ok(())
    }
}

/// The set that these members make, with id 0: what id it has on the chain is the chain's to say.
pub fn authorities<AccountId>(
    members: &[AssignedNode<AccountId>],
) -> Result<AuthoritySet, AuthoritySetError> {
    let authority = |member: &AssignedNode<AccountId>| Authority {
        key: member.keys.pbft.clone(),
        weight: MEMBER_WEIGHT,
    };
    AuthoritySet::new(0, members.iter().map(authority).collect())
}

/// The hash by which a set is known whatever its id.
pub fn set_hash(set: &AuthoritySet) -> Hash {
    BlakeTwo256::hash_of(&set.authorities())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use hansa_pbft_primitives::AuthorityId;
    use sp_core::{ed25519, ByteArray};

    fn member(node: u64, key: u8) -> AssignedNode<u64> {
        AssignedNode {
            node,
            keys: FounderKeys {
                pbft: AuthorityId::from(ed25519::Public::from_raw([key; 32])),
                beacon: None,
            },
        }
    }

    fn next(members: Vec<AssignedNode<u64>>) -> NextSet<u64> {
        NextSet {
            ordinal: 1,
            seed: [0; 32],
            members: members.try_into().expect("they are few"),
        }
    }

    #[test]
    fn a_set_has_members_each_account_and_key_once() {
        assert_eq!(next(Vec::new()).check(), Err(AuthoritySetError::Empty));
        assert_eq!(next(vec![member(1, 1), member(2, 2)]).check(), Ok(()));
        let twice = Err(AuthoritySetError::DuplicateKey(1));
        assert_eq!(next(vec![member(1, 1), member(1, 2)]).check(), twice);
        assert_eq!(next(vec![member(1, 1), member(2, 1)]).check(), twice);
    }

    #[test]
    fn packets_are_read_exactly() {
        let packet = HubPacket::NextSet(next(vec![member(1, 1)]));
        let mut bytes = packet.encode();
        assert_eq!(HubPacket::read(&bytes), Some(packet));
        bytes.push(0);
        assert_eq!(HubPacket::<u64>::read(&bytes), None);
        assert_eq!(HubPacket::<u64>::read(&bytes[..20]), None);
        assert_eq!(HubPacket::<u64>::read(&[1]), None);
        assert_eq!(ChainPacket::<u64>::read(&[1]), None);
    }

    #[test]
    fn no_packet_above_its_bounds_is_read() {
        let many: Vec<_> = (0..=MAX_SET).map(|i| (u64::from(i), 1u32)).collect();
        let bytes = (0u8, 7u32, many).encode();
        assert_eq!(ChainPacket::<u64>::read(&bytes), None);
    }

    /// What a packet between chains may have is more than the largest set.
    #[test]
    fn the_largest_packet_fits() {
        let most = HubPacket::<[u8; 32]>::max_encoded_len();
        assert!(
            most <= hansa_interchain_primitives::packet::MAX_SYSTEM_BYTES as usize,
            "{most}"
        );
        assert!(ChainPacket::<[u8; 32]>::max_encoded_len() < most);
    }

    #[test]
    fn a_set_is_known_by_its_members_and_their_order() {
        let hash =
            |members: &[AssignedNode<u64>]| set_hash(&authorities(members).expect("it is a set"));
        let (a, b) = (member(1, 1), member(2, 2));
        let mut later = authorities(&[a.clone(), b.clone()]).expect("it is a set");
        later.id = 7;
        assert_eq!(hash(&[a.clone(), b.clone()]), set_hash(&later));
        assert_ne!(hash(&[a.clone(), b.clone()]), hash(&[b, a.clone()]));
        assert_eq!(a.keys.pbft.to_raw_vec().len(), 32);
    }
}
