// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Blocks: how they are checked, executed, built, held and imported.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`checks`] | what a header must fulfil; pure |
//! | [`inherents`] | what the inherents of a block are made of and checked against |
//! | [`randomness`] | the output that an author adds for the beacon: made and checked |
//! | [`executor`] | executes a proposal and keeps the changes in memory |
//! | [`builder`] | builds and seals a block from the transaction pool |
//! | `admission` | what kind of block it is that comes to be imported; pure |
//! | [`import`] | imports blocks as final, with their certificate, from the driver and from sync |
//! | [`verifier`] | checks blocks that come by sync, before their import |
//! | [`announce`] | lets a validator await its own import before it downloads a block |
//!
//! A proposal never reaches the database. It is executed (or built) once, and what that changed
//! stays in memory as a [`HeldBlock`]. When the commit certificate is there, the block is imported
//! from those changes, as final, in one database commit. So the best block always is the last final
//! one, and no block ever has a sibling.

mod admission;
pub mod announce;
pub mod builder;
pub mod checks;
pub mod executor;
pub mod import;
#[cfg(test)]
mod import_tests;
pub mod inherents;
pub mod randomness;
#[cfg(test)]
mod record_tests;
#[cfg(test)]
mod test_chain;
pub mod verifier;

use crate::{authorities::ConsensusStateError, justification::CommitError, types::ProposedBlock};
use checks::HeaderError;
use hansa_pbft_primitives::{Hash, Height, PbftApi, PreDigest};
use hansa_primitives::Block;
use sc_client_api::BlockBackend;
use sp_api::{ApiError, CallApiAt, Core, ProvideRuntimeApi, StorageChanges};
use sp_block_builder::BlockBuilder as BlockBuilderApi;
use sp_blockchain::HeaderBackend;
use std::{fmt, time::Duration};

/// The largest encoded block, in bytes, that is built or accepted as a proposal: 5 MiB of
/// extrinsics, which is what runtimes allow, and [`HEADER_RESERVE_BYTES`].
pub const MAX_BLOCK_BYTES: usize = 5 * 1024 * 1024 + HEADER_RESERVE_BYTES;

/// What is set aside for the header, in bytes: a set change names up to a thousand authorities of
/// 40 bytes each, and the runtime writes it only when the block is complete; the record of a recovery
/// has up to 47 KiB.
pub const HEADER_RESERVE_BYTES: usize = 112 * 1024;

/// What the driver asks of a client, for reading and executing.
pub trait PbftClient:
    HeaderBackend<Block>
    + BlockBackend<Block>
    + CallApiAt<Block>
    + ProvideRuntimeApi<Block, Api: Core<Block> + BlockBuilderApi<Block> + PbftApi<Block>>
    + 'static
{
}

impl<T> PbftClient for T where
    T: HeaderBackend<Block>
        + BlockBackend<Block>
        + CallApiAt<Block>
        + ProvideRuntimeApi<Block, Api: Core<Block> + BlockBuilderApi<Block> + PbftApi<Block>>
        + 'static
{
}

/// A block that was executed or built, is valid, and waits for its certificate.
pub struct HeldBlock {
    /// The block, sealed, with the certificate of its parent.
    pub block: ProposedBlock,
    /// The hash of the sealed header.
    pub hash: Hash,
    /// What the header says of view, author and time.
    pub pre_digest: PreDigest,
    /// What it changes in the state of its parent.
    pub changes: StorageChanges<Block>,
    /// How long it took to execute or to build.
    pub executed_in: Duration,
}

impl HeldBlock {
    /// The block's number.
    pub fn height(&self) -> Height {
        self.block.height()
    }
}

impl fmt::Debug for HeldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldBlock")
            .field("height", &self.height())
            .field("hash", &self.hash)
            .field("pre_digest", &self.pre_digest)
            .field("executed_in", &self.executed_in)
            .finish_non_exhaustive()
    }
}

/// Why a proposal is refused.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// It is too large to be looked at.
    #[error("the block has {bytes} bytes, at most {MAX_BLOCK_BYTES} are allowed")]
    TooLarge {
        /// The encoded size.
        bytes: usize,
    },
    /// The header breaks a rule.
    #[error("bad header: {0}")]
    Header(#[from] HeaderError),
    /// The parent is not genesis, and no certificate of it came along.
    #[error("the proposal shows no certificate of its parent")]
    NoParentCertificate,
    /// Genesis has no certificate.
    #[error("the proposal shows a certificate of genesis")]
    ParentCertificateOfGenesis,
    /// The certificate does not prove the parent final.
    #[error("bad certificate of the parent: {0}")]
    ParentCertificate(CommitError),
    /// The inherents do not say what header and certificate say.
    #[error("bad inherents: {0}")]
    Inherents(String),
    /// The runtime refuses the block, or cannot be called.
    #[error("execution failed: {0}")]
    Execution(#[from] ApiError),
    /// Execution leads to another state than the header says.
    #[error("execution leads to state root {executed}, the header says {header}")]
    StateRoot {
        /// The root after execution.
        executed: Hash,
        /// The root in the header.
        header: Hash,
    },
    /// The state changes could not be computed.
    #[error("cannot compute the state changes: {0}")]
    Changes(String),
    /// The database failed.
    #[error("cannot read the parent's state: {0}")]
    Backend(#[from] sp_blockchain::Error),
    /// What the height is decided under is not known.
    #[error(transparent)]
    UnknownSet(#[from] ConsensusStateError),
}

impl BlockError {
    /// Whether the proposal itself shows that it is bad, so that its author is to blame. Execution
    /// and database may as well have failed for reasons of our own.
    pub fn blames_author(&self) -> bool {
        match self {
            Self::TooLarge { .. }
            | Self::Header(_)
            | Self::NoParentCertificate
            | Self::ParentCertificateOfGenesis
            | Self::Inherents(_)
            | Self::StateRoot { .. } => true,
            Self::ParentCertificate(error) => !matches!(error, CommitError::UnknownSet(_)),
            Self::Execution(_) | Self::Changes(_) | Self::Backend(_) | Self::UnknownSet(_) => false,
        }
    }
}
