// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The errors of the methods about the beacon. Their codes are stable.

use jsonrpsee::types::ErrorObjectOwned;

/// All codes of these methods lie between this and the next hundred.
pub const BASE_ERROR: i32 = 20_100;

/// The chain's runtime has no beacon.
pub const NO_BEACON: i32 = BASE_ERROR + 2;

/// The node's database or runtime failed.
pub const INTERNAL: i32 = BASE_ERROR + 4;

/// Why a method about the beacon fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`NO_BEACON`].
    #[error(
        "the runtime of this chain has no randomness beacon, at least not yet; ask a node of the hub"
    )]
    NoBeacon,
    /// See [`INTERNAL`].
    #[error("the node failed to look this up, see its log: {0}")]
    Internal(#[from] sp_api::ApiError),
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> i32 {
        match self {
            Self::NoBeacon => NO_BEACON,
            Self::Internal(_) => INTERNAL,
        }
    }
}

impl From<Error> for ErrorObjectOwned {
    fn from(error: Error) -> Self {
        ErrorObjectOwned::owned(error.code(), error.to_string(), None::<()>)
    }
}
