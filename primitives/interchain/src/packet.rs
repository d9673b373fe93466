// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Packets, what a chain commits to when it sends one, and what comes of it.

use crate::{
    address::AccountBytes, lane::lane_of, rate::Terms, Balance, ChainId, Hash, LaneId, Moment,
    Nonce, PROTOCOL_VERSION,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};
use sp_weights::Weight;

/// Separates commitments to packets from all other hashes.
const PACKET_DOMAIN: &[u8] = b"hansa/interchain/packet";

/// Separates derived accounts from all other hashes.
const ACCOUNT_DOMAIN: &[u8] = b"hansa/interchain/account/1";

/// The most bytes of a call.
pub const MAX_CALL_BYTES: u32 = 4 * 1024;

/// The most bytes of a system packet: an authority set of the largest size fits.
pub const MAX_SYSTEM_BYTES: u32 = 48 * 1024;

/// The timeout of a packet that never times out. Only the chains' own packets have it.
pub const NEVER: Moment = Moment::MAX;

/// One value in the tokens of both chains.
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
pub struct Amounts {
    /// What the sender gives, in the token of the chain that sends. Refunds are of this amount.
    pub source: Balance,
    /// What the recipient gets, in the token of the chain that receives.
    pub destination: Balance,
}

/// What the two chains' pallets tell each other about their correspondent accounts.
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
pub enum Entry {
    /// The receiver's reserve with the sending chain has grown.
    #[codec(index = 0)]
    ToppedUp {
        /// By how much, in the token of the chain that sends.
        amount: Balance,
    },
    /// The sending chain proposes other terms.
    #[codec(index = 1)]
    Propose {
        /// The terms.
        terms: Terms,
        /// From when on they shall hold.
        from: Moment,
    },
    /// The sending chain accepts the terms that the receiver proposed.
    #[codec(index = 2)]
    Accept {
        /// The terms.
        terms: Terms,
        /// From when on they hold.
        from: Moment,
    },
}

/// What a packet is for.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Payload {
    /// Pay an account out of the sending chain's reserve.
    #[codec(index = 0)]
    Transfer {
        /// The account on the receiving chain.
        to: AccountBytes,
        /// How much.
        amounts: Amounts,
    },
    /// Execute a call from the account that is derived from the sender's address.
    #[codec(index = 1)]
    Call {
        /// The call as the receiving chain encodes it.
        call: BoundedVec<u8, ConstU32<MAX_CALL_BYTES>>,
        /// The weight that is paid for.
        weight: Weight,
        /// What is paid for it.
        payment: Amounts,
    },
    /// What a pallet of the sending chain says to one of the receiving chain.
    #[codec(index = 2)]
    System(BoundedVec<u8, ConstU32<MAX_SYSTEM_BYTES>>),
    /// About the correspondent accounts.
    #[codec(index = 3)]
    Book(Entry),
}

impl Payload {
    /// The value that the payload moves.
    pub fn amounts(&self) -> Amounts {
        match self {
            Self::Transfer { amounts, .. } => *amounts,
            Self::Call { payment, .. } => *payment,
            Self::System(_) | Self::Book(_) => Amounts::default(),
        }
    }
}

/// A packet, without its place.
#[derive(
    Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Packet {
    /// Who sends it, on the chain that sends; empty if it is the chain itself.
    pub sender: AccountBytes,
    /// The time from which on the receiver takes the packet as a no-op only, by the receiver's
    /// blocks.
    pub timeout: Moment,
    /// What it is for.
    pub payload: Payload,
}

/// The account from which the calls of `account` of another chain are executed.
pub fn derived_account(chain: &ChainRef, account: &AccountBytes) -> Hash {
    let bytes = (ACCOUNT_DOMAIN, chain, account).encode();
    Hash::from(sp_crypto_hashing::blake2_256(&bytes))
}

/// A chain, beyond doubt.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct ChainRef {
    /// Its id.
    pub id: ChainId,
    /// The hash of its genesis block.
    pub genesis: Hash,
}

/// The place of a packet: one in the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Passage {
    /// The chain that sends.
    pub source: ChainRef,
    /// The chain that receives. Its genesis is part of it, so that no two chains that claim one id
    /// can both deliver a packet.
    pub destination: ChainRef,
    /// The lane.
    pub lane: LaneId,
    /// The position in the lane.
    pub nonce: Nonce,
}

impl Packet {
    /// What the source keeps in its state under the packet's place: a hash of all that the packet
    /// is, and of where it belongs.
    pub fn commitment(&self, passage: &Passage) -> Hash {
        let bytes = (PACKET_DOMAIN, PROTOCOL_VERSION, passage, self).encode();
        Hash::from(sp_crypto_hashing::blake2_256(&bytes))
    }

    /// The lane in which the packet travels.
    pub fn lane(&self) -> LaneId {
        lane_of(&self.payload)
    }
}

/// Why a packet was refused. Its value goes back, exactly.
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
pub enum Refusal {
    /// The two amounts differ by more than the tolerance from the receiver's rate.
    #[codec(index = 0)]
    Rate,
    /// The source's reserve does not cover the amount.
    #[codec(index = 1)]
    Reserve,
    /// The account cannot take the amount: it is none of this chain, or too little would be in it.
    #[codec(index = 2)]
    Recipient,
    /// The payload is not understood.
    #[codec(index = 3)]
    Malformed,
    /// The call is not allowed from other chains.
    #[codec(index = 4)]
    Filtered,
    /// The call needs more weight than is paid for, or than is given to calls.
    #[codec(index = 5)]
    Weight,
    /// Too many calls wait.
    #[codec(index = 6)]
    Busy,
    /// The pallet to which it is addressed refused it.
    #[codec(index = 7)]
    System,
    /// The packet is not of a kind that belongs in its lane.
    #[codec(index = 8)]
    Lane,
}

/// What became of a packet.
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
pub enum Outcome {
    /// The recipient was paid, the call is paid for and in the queue, the pallet was told.
    #[codec(index = 0)]
    Delivered,
    /// Nothing was done.
    #[codec(index = 1)]
    Refused(Refusal),
    /// Its time was over: nothing was done.
    #[codec(index = 2)]
    Expired,
}

/// What the receiver keeps in its state of a packet, until the source has taken it.
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
pub struct PacketResult {
    /// Of which packet.
    pub commitment: Hash,
    /// What became of it.
    pub outcome: Outcome,
    /// What was charged to the source's reserve for taking it.
    pub charged: Balance,
    /// The value that moved, if it was delivered.
    pub moved: Amounts,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn passage() -> Passage {
        Passage {
            source: ChainRef {
                id: 1,
                genesis: Hash::repeat_byte(1),
            },
            destination: ChainRef {
                id: 2,
                genesis: Hash::repeat_byte(2),
            },
            lane: 1,
            nonce: 7,
        }
    }

    fn packet() -> Packet {
        Packet {
            sender: vec![1; 32].try_into().unwrap(),
            timeout: 1_000,
            payload: Payload::Transfer {
                to: vec![2; 32].try_into().unwrap(),
                amounts: Amounts {
                    source: 10,
                    destination: 20,
                },
            },
        }
    }

    /// Each part of a packet and of its place changes the commitment: value cannot be bound to
    /// another packet, lane, chain or genesis.
    #[test]
    fn a_commitment_is_to_one_packet_at_one_place() {
        let mut all = vec![packet().commitment(&passage())];
        let places: &[fn(&mut Passage)] = &[
            |p| p.source.id = 3,
            |p| p.source.genesis = Hash::repeat_byte(3),
            |p| p.destination.id = 3,
            |p| p.destination.genesis = Hash::repeat_byte(3),
            |p| p.lane = 2,
            |p| p.nonce = 8,
            |p| core::mem::swap(&mut p.source, &mut p.destination),
        ];
        for change in places {
            let mut place = passage();
            change(&mut place);
            all.push(packet().commitment(&place));
        }
        let packets: &[fn(&mut Packet)] = &[
            |p| p.sender = vec![1; 31].try_into().unwrap(),
            |p| p.timeout = 1_001,
            |p| p.payload = Payload::Book(Entry::ToppedUp { amount: 10 }),
            |p| {
                if let Payload::Transfer { amounts, .. } = &mut p.payload {
                    amounts.source = 11;
                }
            },
            |p| {
                if let Payload::Transfer { amounts, .. } = &mut p.payload {
                    amounts.destination = 21;
                }
            },
            |p| {
                if let Payload::Transfer { to, .. } = &mut p.payload {
                    *to = vec![3; 32].try_into().unwrap();
                }
            },
        ];
        for change in packets {
            let mut other = packet();
            change(&mut other);
            all.push(other.commitment(&passage()));
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
