// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Types that several parts of the driver share.

use codec::{Decode, DecodeWithMemTracking, Encode};
use hansa_pbft_primitives::{Certificate, Hash, Height};
use hansa_primitives::Block;
use sp_runtime::traits::{Block as BlockT, Header as HeaderT};

/// A block as it is proposed: sealed, and with the certificate that makes its parent final, so
/// that replicas can check what the block reports of it. None for the child of genesis.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking)]
pub struct ProposedBlock {
    /// The block; its header is sealed.
    pub block: Block,
    /// The parent's commit certificate.
    pub parent_certificate: Option<Certificate>,
}

impl ProposedBlock {
    /// The hash of the sealed header.
    pub fn hash(&self) -> Hash {
        self.block.hash()
    }

    /// The block's number.
    pub fn height(&self) -> Height {
        *self.block.header().number()
    }
}
