// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What goes over the network.

use crate::block::{FinalBlock, SimBlock};
use codec::Encode;
use hansa_pbft_primitives::{AuthorityId, Hash, Height, Message};

/// The most blocks that one answer to [`Packet::AskChain`] has.
pub(crate) const MAX_CHAIN_BLOCKS: usize = 16;

/// A packet.
#[derive(Clone, Debug)]
// Most are messages: to box them would cost the simulation more than the room that it saves.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Packet {
    /// A node is there, and is at this height.
    Hello {
        /// The height that it has to decide.
        height: Height,
        /// Its key, if it is a validator.
        key: Option<AuthorityId>,
        /// Whether it wants to know the same of the receiver.
        answer: bool,
    },
    /// A message of the protocol; a proposal comes with its block.
    Message {
        /// The message.
        message: Message,
        /// The block.
        block: Option<SimBlock>,
    },
    /// A proposed block is asked for.
    AskBlock(Hash),
    /// The answer.
    Block(SimBlock),
    /// The final blocks from this height on are asked for.
    AskChain(Height),
    /// The answer.
    Chain(Vec<FinalBlock>),
}

impl Packet {
    /// The bytes of the packet, as they are hashed into the trace and counted.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Hello {
                height,
                key,
                answer,
            } => (0u8, height, key, answer).encode(),
            Self::Message { message, block } => (1u8, message, block).encode(),
            Self::AskBlock(hash) => (2u8, hash).encode(),
            Self::Block(block) => (3u8, block).encode(),
            Self::AskChain(height) => (4u8, height).encode(),
            Self::Chain(blocks) => {
                let list: Vec<_> = blocks.iter().map(|b| (&b.block, &b.certificate)).collect();
                (5u8, list).encode()
            }
        }
    }

    /// How many signatures a receiver has to check.
    pub fn signatures(&self) -> u64 {
        let Self::Message { message, .. } = self else {
            return 0;
        };
        let count = match message {
            Message::Vote(_) => 1,
            Message::Proposal { proof, .. } => {
                1 + proof.as_ref().map_or(0, |proof| {
                    proof.view_changes.len()
                        + proof.prepared.as_ref().map_or(0, |c| c.signatures.len())
                })
            }
            Message::ViewChange { certificate, .. } => {
                1 + certificate.as_ref().map_or(0, |c| c.signatures.len())
            }
            Message::Decided(certificate) => certificate.signatures.len(),
        };
        count as u64
    }
}
