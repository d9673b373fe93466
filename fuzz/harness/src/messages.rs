// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Whatever comes over the wire or stands with a block: decoded as each sort of message.

use crate::network::{
    limits::{MAX_BLOCK_REQUEST_BYTES, MAX_BLOCK_RESPONSE_BYTES},
    wire::{
        self, decode_bounded, BlockRequest, BlockResponse, DecodeError, ProposalProtocolMessage,
        VoteProtocolMessage,
    },
};
use codec::{DecodeWithMemTracking, Encode};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{Certificate, Evidence};
use std::fmt::Debug;

/// Decode `bytes` as each sort of message.
pub fn run(bytes: &[u8]) {
    if let Ok(message) = wire::decode_vote(bytes) {
        assert!(again::<VoteProtocolMessage>(bytes, &message));
        if let VoteProtocolMessage::Pbft(message) = message {
            assert_eq!(wire::encode_vote(&message), bytes);
            assert!(wire::signatures(&message) as usize * 64 <= bytes.len());
            assert_eq!(wire::proposed_hash(&message), None);
        }
    }
    if let Ok(proposal) = wire::decode_proposal(bytes) {
        assert!(again::<ProposalProtocolMessage>(bytes, &proposal));
        let ProposalProtocolMessage { message, block } = proposal;
        assert_eq!(wire::encode_proposal(&message, block.as_ref()), bytes);
        assert!(wire::signatures(&message) as usize * 64 <= bytes.len());
        if let Some(block) = block {
            assert_eq!(Some(block.hash()), wire::proposed_hash(&message));
            assert_eq!(block.height(), message.height());
        }
    }
    decodes::<BlockRequest>(bytes, MAX_BLOCK_REQUEST_BYTES as usize);
    decodes::<BlockResponse>(bytes, MAX_BLOCK_RESPONSE_BYTES as usize);
    decodes::<Certificate>(bytes, usize::MAX);
    decodes::<Evidence>(bytes, usize::MAX);
    if let Ok(record) = <Record as codec::DecodeAll>::decode_all(&mut &*bytes) {
        assert_eq!(record.encode(), bytes);
    }
}

/// Decode `bytes`; what decodes must have that encoding and no other.
fn decodes<T: DecodeWithMemTracking + Encode + PartialEq + Debug>(bytes: &[u8], max: usize) {
    match decode_bounded::<T>(bytes, max) {
        Ok(value) => assert!(again(bytes, &value)),
        Err(error) => assert_eq!(error == DecodeError::TooLarge, bytes.len() > max),
    }
}

/// Whether `value` has the encoding `bytes`.
fn again<T: Encode>(bytes: &[u8], value: &T) -> bool {
    value.encode() == bytes
}
