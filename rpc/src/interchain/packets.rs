// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of packets, their results and their proofs. Amounts and nonces are strings of digits, times are
//! milliseconds since 1970 by the clock of the chain that is named.

use super::{AmountText, TermsInfo};
use crate::pbft::FinalityProof;
use codec::Encode;
use hansa_interchain_primitives::{
    api::{PacketState, PacketView},
    Amounts, Balance, Entry, LaneId, Moment, Nonce, Outcome, PacketResult, Payload, NEVER,
};
use hansa_pbft_primitives::Hash;
use serde::{Deserialize, Serialize};
use sp_core::Bytes;

/// A packet without a result.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PacketInfo {
    /// Its lane.
    pub lane: LaneId,
    /// Its position in it.
    #[serde(with = "crate::digits")]
    pub nonce: Nonce,
    /// Whether its value went back already.
    pub state: PacketStateInfo,
    /// The account that sent it, in hex; empty if the chain itself did.
    pub sender: Bytes,
    /// From when on the other chain takes it only as expired; null if never.
    pub timeout: Option<Moment>,
    /// The time of the block in which it was sent.
    pub sent_at: Moment,
    /// How long ago that was.
    pub age_ms: Moment,
    /// What it is for.
    pub payload: PayloadInfo,
}

/// The state of a packet without a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PacketStateInfo {
    /// It is on its way.
    Pending,
    /// Its value went back, as its time is over.
    TimedOut,
}

/// What a packet is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum PayloadInfo {
    /// An amount for an account.
    #[serde(rename_all = "camelCase")]
    Transfer {
        /// The account, in hex.
        to: Bytes,
        /// The amount in the source's token.
        amount: AmountText,
        /// And in the destination's.
        destination_amount: AmountText,
    },
    /// A call.
    #[serde(rename_all = "camelCase")]
    Call {
        /// The call, as the destination encodes it.
        call: Bytes,
        /// What is paid for it in the source's token.
        amount: AmountText,
        /// And in the destination's.
        destination_amount: AmountText,
    },
    /// Something that a pallet says to one of the other chain.
    System {
        /// What.
        bytes: Bytes,
    },
    /// The sending chain's reserve's owner has more.
    #[serde(rename_all = "camelCase")]
    ToppedUp {
        /// How much.
        amount: AmountText,
    },
    /// Other terms are proposed.
    ProposeTerms {
        /// The terms.
        terms: TermsInfo,
        /// From when on.
        from: Moment,
    },
    /// Other terms are accepted.
    AcceptTerms {
        /// The terms.
        terms: TermsInfo,
        /// From when on.
        from: Moment,
    },
}

impl From<Payload> for PayloadInfo {
    fn from(payload: Payload) -> Self {
        match payload {
            Payload::Transfer { to, amounts } => Self::Transfer {
                to: to.into_inner().into(),
                amount: AmountText(amounts.source),
                destination_amount: AmountText(amounts.destination),
            },
            Payload::Call { call, payment, .. } => Self::Call {
                call: call.into_inner().into(),
                amount: AmountText(payment.source),
                destination_amount: AmountText(payment.destination),
            },
            Payload::System(bytes) => Self::System {
                bytes: bytes.into_inner().into(),
            },
            Payload::Book(Entry::ToppedUp { amount }) => Self::ToppedUp {
                amount: AmountText(amount),
            },
            Payload::Book(Entry::Propose { terms, from }) => Self::ProposeTerms {
                terms: terms.into(),
                from,
            },
            Payload::Book(Entry::Accept { terms, from }) => Self::AcceptTerms {
                terms: terms.into(),
                from,
            },
        }
    }
}

impl From<PacketView> for PacketInfo {
    fn from(view: PacketView) -> Self {
        let timeout = view.packet.timeout;
        Self {
            lane: view.lane,
            nonce: view.nonce,
            state: match view.state {
                PacketState::Pending => PacketStateInfo::Pending,
                PacketState::TimedOut => PacketStateInfo::TimedOut,
            },
            sender: view.packet.sender.into_inner().into(),
            timeout: (timeout != NEVER).then_some(timeout),
            sent_at: view.sent_at,
            age_ms: view.age,
            payload: view.packet.payload.into(),
        }
    }
}

/// What became of a packet of another chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultInfo {
    /// Its position in its lane.
    #[serde(with = "crate::digits")]
    pub nonce: Nonce,
    /// `delivered`, `refused` or `expired`.
    pub outcome: OutcomeInfo,
    /// Why it was refused; null if it was not.
    pub reason: Option<String>,
    /// What was charged for it.
    #[serde(with = "crate::digits")]
    pub charged: Balance,
    /// What was paid out for it, in this chain's token.
    #[serde(with = "crate::digits")]
    pub paid: Balance,
    /// The packet's commitment.
    pub commitment: Hash,
}

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OutcomeInfo {
    /// It did what it was for.
    Delivered,
    /// It did nothing.
    Refused,
    /// It came too late, and did nothing.
    Expired,
}

impl From<(Nonce, PacketResult)> for ResultInfo {
    fn from((nonce, result): (Nonce, PacketResult)) -> Self {
        let Amounts { destination, .. } = result.moved;
        let (outcome, reason) = match result.outcome {
            Outcome::Delivered => (OutcomeInfo::Delivered, None),
            Outcome::Refused(why) => (
                OutcomeInfo::Refused,
                Some(format!("{why:?}").to_lowercase()),
            ),
            Outcome::Expired => (OutcomeInfo::Expired, None),
        };
        Self {
            nonce,
            outcome,
            reason,
            charged: result.charged,
            paid: destination,
            commitment: result.commitment,
        }
    }
}

/// The proof that a chain sent a packet: the commitment is at `key` of the state with root `stateRoot`, which
/// is that of a final block.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PacketProof {
    /// The packet.
    pub packet: PacketInfo,
    /// The packet in SCALE.
    pub encoded_packet: Bytes,
    /// The commitment to it, which the state has at `key`.
    pub commitment: Hash,
    /// The key.
    pub key: Bytes,
    /// The root of the state.
    pub state_root: Hash,
    /// The nodes of the state's trie from the root to the commitment, in ascending order.
    pub nodes: Vec<Bytes>,
    /// The proof that the block with that state is final.
    pub finality: FinalityProof,
}

impl PacketProof {
    /// The proof of a packet at `key`.
    pub fn new(
        view: PacketView,
        commitment: Hash,
        key: Vec<u8>,
        nodes: Vec<Vec<u8>>,
        finality: FinalityProof,
    ) -> Self {
        Self {
            encoded_packet: view.packet.encode().into(),
            packet: view.into(),
            commitment,
            key: key.into(),
            state_root: finality.header.state_root,
            nodes: nodes.into_iter().map(Bytes).collect(),
            finality,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_interchain_primitives::Refusal;

    #[test]
    fn payloads_say_what_they_are() {
        let payload: PayloadInfo = Payload::Transfer {
            to: vec![1, 2].try_into().unwrap(),
            amounts: Amounts {
                source: 5,
                destination: 6,
            },
        }
        .into();
        let json = serde_json::to_string(&payload).unwrap();
        assert_eq!(
            json,
            r#"{"kind":"transfer","to":"0x0102","amount":"5","destinationAmount":"6"}"#
        );
        assert_eq!(serde_json::from_str::<PayloadInfo>(&json).unwrap(), payload);
        let result: ResultInfo = (
            3,
            PacketResult {
                commitment: Hash::zero(),
                outcome: Outcome::Refused(Refusal::Recipient),
                charged: 1,
                moved: Amounts::default(),
            },
        )
            .into();
        let json = serde_json::to_value(&result).unwrap();
        assert_eq!(json["outcome"], "refused");
        assert_eq!(json["reason"], "recipient");
        assert_eq!(json["nonce"], "3");
    }
}
