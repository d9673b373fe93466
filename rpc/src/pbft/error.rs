// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The errors of the methods about pBFT. Their codes are stable.

use super::BlockRef;
use jsonrpsee::types::ErrorObjectOwned;

/// All codes of these methods lie between this and the next hundred.
pub const BASE_ERROR: i32 = 20_000;

/// The node has no such block.
pub const UNKNOWN_BLOCK: i32 = BASE_ERROR + 2;

/// The node has the block, and no certificate of it.
pub const CERTIFICATE_MISSING: i32 = BASE_ERROR + 3;

/// The node's database or runtime failed.
pub const INTERNAL: i32 = BASE_ERROR + 4;

/// Why a method about pBFT fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`UNKNOWN_BLOCK`].
    #[error(
        "this node has no block {0}: it is not final yet, or of another chain, or the node is \
         still syncing (see system_syncState)"
    )]
    UnknownBlock(BlockRef),
    /// See [`CERTIFICATE_MISSING`].
    #[error(
        "this node has no certificate of block {0}: genesis has none, and elsewhere it may be \
         pruned; ask an archive node"
    )]
    CertificateMissing(BlockRef),
    /// See [`INTERNAL`].
    #[error("the node failed to look this up, see its log: {0}")]
    Internal(String),
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> i32 {
        match self {
            Self::UnknownBlock(_) => UNKNOWN_BLOCK,
            Self::CertificateMissing(_) => CERTIFICATE_MISSING,
            Self::Internal(_) => INTERNAL,
        }
    }
}

impl From<sp_blockchain::Error> for Error {
    fn from(error: sp_blockchain::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<Error> for ErrorObjectOwned {
    fn from(error: Error) -> Self {
        ErrorObjectOwned::owned(error.code(), error.to_string(), None::<()>)
    }
}
