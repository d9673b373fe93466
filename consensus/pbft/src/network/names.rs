// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The names of the protocols.

use hansa_pbft_primitives::Hash;
use sc_network::types::ProtocolName;

/// The names of a chain's protocols.
#[derive(Clone, Debug)]
pub struct ProtocolNames {
    /// Notifications: [`VoteProtocolMessage`](super::wire::VoteProtocolMessage).
    pub votes: ProtocolName,
    /// Notifications: [`ProposalProtocolMessage`](super::wire::ProposalProtocolMessage).
    pub proposals: ProtocolName,
    /// Requests: [`BlockRequest`](super::wire::BlockRequest), and their
    /// [`BlockResponse`](super::wire::BlockResponse).
    pub block: ProtocolName,
}

impl ProtocolNames {
    /// The names for a genesis block and, if the chain has one, a fork id.
    pub fn new(genesis: Hash, fork_id: Option<&str>) -> Self {
        let hex = array_bytes::bytes2hex("", genesis);
        let prefix = fork_id.map_or_else(|| format!("/{hex}"), |fork| format!("/{hex}/{fork}"));
        Self {
            votes: format!("{prefix}/pbft/votes/1").into(),
            proposals: format!("{prefix}/pbft/proposals/1").into(),
            block: format!("{prefix}/pbft/block/1").into(),
        }
    }
}
