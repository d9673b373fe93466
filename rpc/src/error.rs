// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The errors of the methods that only ask the runtime. Their codes are stable.

use hansa_primitives::{Block, Hash};
use jsonrpsee::types::ErrorObjectOwned;
use sp_api::ApiError;
use sp_blockchain::HeaderBackend;

/// All codes of these methods lie between this and the next hundred.
pub const BASE_ERROR: i32 = 20_200;

/// The node has not got the state of that block.
pub const UNKNOWN_STATE: i32 = BASE_ERROR + 1;

/// The runtime could not be asked.
pub const RUNTIME: i32 = BASE_ERROR + 2;

/// Why a method that asks the runtime fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`UNKNOWN_STATE`].
    #[error(
        "this node has not got the state of that block ({0}): it is unknown here, or pruned; leave \
         the block out for the last final one, or ask an archive node"
    )]
    UnknownState(String),
    /// See [`RUNTIME`].
    #[error("the runtime did not answer, see the node's log: {0}")]
    Runtime(String),
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::UnknownBlock(message) => Self::UnknownState(message),
            other => Self::Runtime(other.to_string()),
        }
    }
}

impl From<Error> for ErrorObjectOwned {
    fn from(error: Error) -> Self {
        let code = match error {
            Error::UnknownState(_) => UNKNOWN_STATE,
            Error::Runtime(_) => RUNTIME,
        };
        ErrorObjectOwned::owned(code, error.to_string(), None::<()>)
    }
}

/// The block to ask: `at`, or the last final one.
pub(crate) fn block_at<C: HeaderBackend<Block>>(
    client: &C,
    at: Option<Hash>,
) -> Result<Hash, Error> {
    let Some(hash) = at else {
        return Ok(client.info().finalized_hash);
    };
    match client.header(hash) {
        Ok(Some(_)) => Ok(hash),
        Ok(None) => Err(Error::UnknownState(format!("{hash:?}"))),
        Err(error) => Err(Error::Runtime(error.to_string())),
    }
}
