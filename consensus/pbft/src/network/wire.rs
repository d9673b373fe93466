// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What goes over the wire.
//!
//! The number at the end of a protocol's name is the version of these types: a change that an older
//! node cannot decode gets a new name. Within a version new variants may be added; a node that does
//! not know one drops the message.
//!
//! Nothing here depends on the SDK's network, so that it can be fuzzed without it.

use super::limits::{
    DECODE_MEMORY_FACTOR, DECODE_MEMORY_MIN_BYTES, MAX_PROPOSAL_BYTES, MAX_VOTE_BYTES,
};
use crate::types::ProposedBlock;
use codec::{Decode, DecodeWithMemLimit, DecodeWithMemTracking, Encode};
use hansa_pbft_primitives::{
    AuthorityId, AuthoritySignature, Certificate, Hash, Height, Message, SetId, Statement,
};

/// Who a peer is: the first message on a substream of the vote protocol, said again when it changes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
pub struct Hello {
    /// The chain.
    pub genesis: Hash,
    /// The set under which the sender decides its current height.
    pub set_id: SetId,
    /// The height that the sender is about to decide.
    pub height: Height,
    /// The sender's session key with a signature by it; none for a follower.
    pub authority: Option<(AuthorityId, AuthoritySignature)>,
}

/// A message of the vote protocol.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
pub enum VoteProtocolMessage {
    /// Who the sender is.
    #[codec(index = 0)]
    Hello(Hello),
    /// Any message but a proposal.
    #[codec(index = 1)]
    Pbft(Message),
}

/// A message of the proposal protocol.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
pub struct ProposalProtocolMessage {
    /// A [`Message::Proposal`].
    pub message: Message,
    /// Its block; none if it went over this connection before, or came from the receiver.
    pub block: Option<ProposedBlock>,
}

/// A request for a proposed block.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
pub struct BlockRequest {
    /// The height.
    pub height: Height,
    /// The hash of the sealed header.
    pub hash: Hash,
}

/// The answer to a [`BlockRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart at once, never kept in numbers"
)]
pub enum BlockResponse {
    /// The block is not here.
    #[codec(index = 0)]
    Unknown,
    /// The block.
    #[codec(index = 1)]
    Block(ProposedBlock),
}

/// Why bytes from a peer are no message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than the protocol allows.
    #[error("too many bytes")]
    TooLarge,
    /// No such message, left-over bytes, or too much memory.
    #[error("malformed")]
    Malformed,
    /// A proposal on the vote protocol, or something else on the proposal protocol.
    #[error("message of another protocol")]
    WrongProtocol,
    /// The block is not the one that the proposal names.
    #[error("the block is not the one that the proposal names")]
    WrongBlock,
}

/// Decode a value of at most `max` bytes: the whole of `bytes`, with bounded memory. None of the
/// types here refers to itself, so their depth is bounded by their form.
pub fn decode_bounded<T: DecodeWithMemTracking>(
    bytes: &[u8],
    max: usize,
) -> Result<T, DecodeError> {
    if bytes.len() > max {
        return Err(DecodeError::TooLarge);
    }
    let memory = bytes
        .len()
        .saturating_mul(DECODE_MEMORY_FACTOR)
        .saturating_add(DECODE_MEMORY_MIN_BYTES);
    let mut rest = bytes;
    let value = T::decode_with_mem_limit(&mut rest, memory).map_err(|_| DecodeError::Malformed)?;
    rest.is_empty()
        .then_some(value)
        .ok_or(DecodeError::Malformed)
}

/// Decode a message of the vote protocol.
pub fn decode_vote(bytes: &[u8]) -> Result<VoteProtocolMessage, DecodeError> {
    match decode_bounded(bytes, MAX_VOTE_BYTES)? {
        VoteProtocolMessage::Pbft(Message::Proposal { .. }) => Err(DecodeError::WrongProtocol),
        message => Ok(message),
    }
}

/// Decode a message of the proposal protocol, and check that the block is the one it names.
pub fn decode_proposal(bytes: &[u8]) -> Result<ProposalProtocolMessage, DecodeError> {
    let decoded: ProposalProtocolMessage = decode_bounded(bytes, MAX_PROPOSAL_BYTES)?;
    let hash = proposed_hash(&decoded.message).ok_or(DecodeError::WrongProtocol)?;
    let fits = |b: &ProposedBlock| b.height() == decoded.message.height() && b.hash() == hash;
    if !decoded.block.as_ref().is_none_or(fits) {
        return Err(DecodeError::WrongBlock);
    }
    Ok(decoded)
}

/// The block that a proposal names; none if the message is no proposal.
pub fn proposed_hash(message: &Message) -> Option<Hash> {
    match message {
        Message::Proposal { statement, .. } => match statement.statement {
            Statement::Proposal { hash, .. } => Some(hash),
            _ => None,
        },
        _ => None,
    }
}

/// How many signatures must be checked at most before it is known whether a message is good.
pub fn signatures(message: &Message) -> u32 {
    let of =
        |certificate: &Option<Certificate>| certificate.as_ref().map_or(0, |c| c.signatures.len());
    let count = match message {
        Message::Vote(_) => 1,
        Message::ViewChange { certificate, .. } => of(certificate).saturating_add(1),
        Message::Decided(certificate) => certificate.signatures.len(),
        Message::Proposal { proof: None, .. } => 1,
        Message::Proposal {
            proof: Some(proof), ..
        } => {
            let changes = proof.view_changes.len().saturating_add(1);
            of(&proof.prepared).saturating_add(changes)
        }
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// [`VoteProtocolMessage::Pbft`], encoded without a copy of the message.
pub fn encode_vote(message: &Message) -> Vec<u8> {
    const INDEX: u8 = 1;
    (INDEX, message).encode()
}

/// [`ProposalProtocolMessage`], encoded without a copy of the block.
pub fn encode_proposal(message: &Message, block: Option<&ProposedBlock>) -> Vec<u8> {
    (message, block).encode()
}

/// [`BlockResponse::Block`] of a block that is encoded already.
pub fn encode_block_response(encoded: Option<Vec<u8>>) -> Vec<u8> {
    match encoded {
        None => BlockResponse::Unknown.encode(),
        Some(block) => {
            let mut bytes = Vec::with_capacity(block.len().saturating_add(1));
            bytes.push(1);
            bytes.extend_from_slice(&block);
            bytes
        }
    }
}

/// The log target under which [`log_in_full`] writes.
pub const WIRE_LOG_TARGET: &str = "pbft::wire";

/// Write `message` in full, as hex of its SCALE encoding, if the operator asks for it
/// (`--log pbft::wire=trace`): an auditor finds in these lines all that was said and heard.
/// `direction` is `in` or `out`.
pub fn log_in_full(direction: &str, message: &Message) {
    if log::log_enabled!(target: WIRE_LOG_TARGET, log::Level::Trace) {
        let hex = array_bytes::bytes2hex("0x", message.encode());
        log::trace!(target: WIRE_LOG_TARGET, "pbft wire {direction} {hex}");
    }
}

/// The label of a message in metrics.
pub fn kind(message: &Message) -> &'static str {
    match message {
        Message::Proposal { .. } => "proposal",
        Message::Vote(vote) => match vote.statement {
            Statement::Prepare { .. } => "prepare",
            Statement::Commit { .. } => "commit",
            _ => "other",
        },
        Message::ViewChange { .. } => "view_change",
        Message::Decided(_) => "decided",
    }
}
