// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What nodes say to each other between chains. Sizes are bounded by the types.
//!
//! | question | by | answer |
//! | --- | --- | --- |
//! | [`Request::Hello`] | anybody | the chains that the other serves |
//! | [`Request::Offer`] | a node of the chain that has something final for another | noted |
//! | [`Request::Ask`] | a node that was offered nothing for some time | how the lanes stand |
//! | [`Request::Prove`] | a node that wants what was offered | headers, data, proofs |
//! | [`Request::Forward`] | a node of one's own chain | noted |
//! | [`Request::Where`] | a node of one's own chain | where the chain's own network is reached |
//!
//! Nothing that is said here is believed: offers and standings are hints of what to ask for, and what
//! is shown is verified before it goes into a pool, which verifies it again.

use crate::limits::{
    MAX_ADDRESS_BYTES, MAX_DECODE_DEPTH, MAX_FORWARDED, MAX_LANES, MAX_OWN_ADDRESSES, MAX_SERVED,
    MAX_WANTS,
};
use codec::{Decode, DecodeLimit, DecodeWithMemTracking, Encode};
use hansa_interchain_primitives::{
    api::{Headers, Packets, ProofOf, Results, RouteView, Submission},
    packet::ChainRef,
    ChainId, Hash, Height, LaneId, Nonce, RecoveryView, SignedHeader, StorageProof,
};
use hansa_pbft_primitives::SetId;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The protocol's name and version. Nodes that speak another version do not talk.
pub const PROTOCOL: &str = "/hansa/interchain/1";

/// Decode all of `bytes`, with a limit of depth.
pub fn decode<T: Decode>(bytes: &[u8]) -> Result<T, codec::Error> {
    T::decode_all_with_depth_limit(MAX_DECODE_DEPTH, &mut &bytes[..])
}

/// The chains that a node serves.
pub type Served = BoundedVec<ChainRef, ConstU32<MAX_SERVED>>;

/// Submissions for the chain whose nodes hand them on.
pub type Forwarded = BoundedVec<Submission, ConstU32<MAX_FORWARDED>>;

/// Addresses of a node in a chain's own network, as text.
pub type Addresses =
    BoundedVec<BoundedVec<u8, ConstU32<MAX_ADDRESS_BYTES>>, ConstU32<MAX_OWN_ADDRESSES>>;

/// What is asked for.
pub type Wants = BoundedVec<Want, ConstU32<MAX_WANTS>>;

/// How a lane stands in the state of one chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode, DecodeWithMemTracking)]
pub struct LaneStanding {
    /// The lane.
    pub lane: LaneId,
    /// What the chain has sent: the nonce of its next packet.
    pub sent: Nonce,
    /// What of that it has settled: the lowest nonce without a result.
    pub settled: Nonce,
    /// What it has taken of the other chain: the nonce that it expects next.
    pub taken: Nonce,
}

/// How all lanes between two chains stand in the final state of one of them.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
pub struct Standing {
    /// The chain whose state it is.
    pub chain: ChainRef,
    /// The block after which it is.
    pub height: Height,
    /// The lanes.
    pub lanes: BoundedVec<LaneStanding, ConstU32<MAX_LANES>>,
}

impl Standing {
    /// What `chain` says after block `height` of its route `view`.
    pub fn new(chain: ChainRef, height: Height, view: &RouteView) -> Self {
        let lanes = view.lanes.iter().map(|lane| LaneStanding {
            lane: lane.lane,
            sent: lane.outbound.next,
            settled: lane.outbound.acknowledged,
            taken: lane.inbound.next,
        });
        Self {
            chain,
            height,
            lanes: BoundedVec::truncate_from(lanes.collect()),
        }
    }

    /// A lane; as one that was never used, if it is not told of.
    pub fn lane(&self, lane: LaneId) -> LaneStanding {
        let found = self.lanes.iter().find(|standing| standing.lane == lane);
        found.copied().unwrap_or(LaneStanding {
            lane,
            ..Default::default()
        })
    }

    /// Whether this has anything for the other chain that `before` had not.
    pub fn is_news_after(&self, before: &Self) -> bool {
        self.lanes.iter().any(|now| {
            let nothing = LaneStanding {
                lane: now.lane,
                ..Default::default()
            };
            // Who lies may name a lane twice.
            let mut had = before.lanes.iter().chain([&nothing]);
            let is_covered = |then: &LaneStanding| {
                then.lane == now.lane
                    && then.sent >= now.sent
                    && then.taken >= now.taken
                    && then.settled >= now.settled
            };
            !had.any(is_covered)
        })
    }
}

/// What a light client knows of the chain that is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
pub struct Known {
    /// The highest header.
    pub height: Height,
    /// Its hash.
    pub hash: Hash,
    /// The set that decides the next height.
    pub set_id: SetId,
}

/// One thing that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Want {
    /// Of this lane.
    pub lane: LaneId,
    /// This.
    pub of: ProofOf,
}

/// One thing that is shown, with its proof in the state of the head that comes with it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Shown {
    /// Packets that were sent.
    #[codec(index = 0)]
    Packets {
        /// The lane.
        lane: LaneId,
        /// The position of the first.
        first: Nonce,
        /// They.
        packets: Packets,
        /// The proof of their commitments.
        proof: StorageProof,
    },
    /// Results of packets that were taken.
    #[codec(index = 1)]
    Results {
        /// The lane.
        lane: LaneId,
        /// The position of the first.
        first: Nonce,
        /// They.
        results: Results,
        /// Their proof.
        proof: StorageProof,
    },
    /// The receiving end of a lane.
    #[codec(index = 2)]
    Inbound {
        /// The lane.
        lane: LaneId,
        /// The proof.
        proof: StorageProof,
    },
    /// The sending end of a lane.
    #[codec(index = 3)]
    Outbound {
        /// The lane.
        lane: LaneId,
        /// The proof.
        proof: StorageProof,
    },
    /// The last record of a chain that lost its quorum, of its hub.
    #[codec(index = 4)]
    Recovery {
        /// The chain.
        chain: ChainId,
        /// The record, the id of the set that it names, and when it was made.
        recovery: RecoveryView,
        /// The proof.
        proof: StorageProof,
    },
}

/// Headers and what they prove.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Proven {
    /// What leads from what is known to the head: hand-overs, then the head. Without the head if there
    /// are more hand-overs than fit: then nothing is shown, and it must be asked again. Empty if the
    /// head is known.
    pub headers: Headers,
    /// The height of the head, in whose state the proofs are.
    pub head: Height,
    /// What is shown of what was asked for, in that order; less if it is not there or does not fit.
    pub shown: BoundedVec<Shown, ConstU32<MAX_WANTS>>,
}

/// A question.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Request {
    /// The asker serves these chains; and you?
    #[codec(index = 0)]
    Hello {
        /// The chains.
        serves: Served,
    },
    /// There is something final for you.
    #[codec(index = 1)]
    Offer {
        /// The chain that it is for.
        to: ChainRef,
        /// The chain that it is of, and what.
        standing: Standing,
    },
    /// How do your lanes stand?
    #[codec(index = 2)]
    Ask {
        /// The chain that is asked.
        of: ChainRef,
        /// The chain that asks.
        by: ChainRef,
    },
    /// Show me this.
    #[codec(index = 3)]
    Prove {
        /// The chain that is asked.
        of: ChainRef,
        /// The chain that asks.
        by: ChainRef,
        /// What it knows.
        known: Known,
        /// What it wants.
        wants: Wants,
    },
    /// For your pool, too.
    #[codec(index = 4)]
    Forward {
        /// The chain, which both serve.
        chain: ChainRef,
        /// The chain from which it came.
        peer: ChainRef,
        /// What.
        submissions: Forwarded,
    },
    /// Where are you in the chain's own network?
    #[codec(index = 5)]
    Where {
        /// The chain, which both serve.
        chain: ChainRef,
    },
}

impl Request {
    /// The chain that is asked; none if it is about the node.
    pub fn chain(&self) -> Option<ChainRef> {
        match self {
            Self::Hello { .. } => None,
            Self::Offer { to, .. } => Some(*to),
            Self::Ask { of, .. } | Self::Prove { of, .. } => Some(*of),
            Self::Forward { chain, .. } | Self::Where { chain } => Some(*chain),
        }
    }

    /// What it counts for the limit on a peer: about what it costs to answer, compared to the smallest.
    pub fn units(&self) -> u32 {
        match self {
            Self::Hello { .. } | Self::Offer { .. } | Self::Where { .. } => 1,
            Self::Ask { .. } => 2,
            Self::Prove { wants, .. } => 4u32.saturating_add(wants.len() as u32),
            Self::Forward { submissions, .. } => 4u32.saturating_add(submissions.len() as u32),
        }
    }
}

/// Why a question is not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Reason {
    /// The node does not serve that chain, or the chain has no route to the asker's.
    #[codec(index = 0)]
    NotServed,
    /// Too much was asked; later.
    #[codec(index = 1)]
    Busy,
    /// The node is behind what the asker knows already.
    #[codec(index = 2)]
    Behind,
    /// The node lacks what it needs: a state or a certificate is pruned, say.
    #[codec(index = 3)]
    Unable,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Response {
    /// The chains that the node serves.
    #[codec(index = 0)]
    Hello {
        /// The chains.
        serves: Served,
    },
    /// Thank you.
    #[codec(index = 1)]
    Noted,
    /// So the lanes stand.
    #[codec(index = 2)]
    Standing(Standing),
    /// What was asked for.
    #[codec(index = 3)]
    Proven(Box<Proven>),
    /// The header that the asker knows is not this node's: here is another, with its certificate.
    #[codec(index = 4)]
    Contradiction(Box<SignedHeader>),
    /// No.
    #[codec(index = 5)]
    Refused(Reason),
    /// There, with the node's id in that network at the end of each.
    #[codec(index = 6)]
    At(Addresses),
    /// The set that the asker knows, or one that it would come to next, was replaced by a record of the hub. Here is what
    /// leads to the block above which that holds: hand-overs, then that block; empty if the asker knows it. Whoever has
    /// taken the record may ask again.
    #[codec(index = 7)]
    Recovered(Headers),
}
