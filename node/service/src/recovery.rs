// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Records of recoveries, as the hub makes them, for the engine, to which they are bytes.

use hansa_consensus_pbft::recoveries::TakeOver;
use hansa_dappchain_primitives::Recovery;
use hansa_pbft_primitives::AuthoritySetError;
use hansa_primitives::{AccountId, Hash};
use std::sync::Arc;

/// Why a record is not one of this chain.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes are none.
    #[error("it is not the record of a recovery")]
    Unreadable,
    /// It is of another chain.
    #[error("it is of the chain with genesis {recorded:?}, this one has {own:?}")]
    OtherChain {
        /// The genesis in the record.
        recorded: Hash,
        /// That of this chain.
        own: Hash,
    },
    /// Its members make no set.
    #[error("its members make no set: {0}")]
    Set(#[from] AuthoritySetError),
}

/// Read the bytes of a record for the chain with this genesis; see [`take_over`].
pub fn read(
    bytes: &[u8],
    genesis: Hash,
    made_after_ms: Option<u64>,
) -> Result<TakeOver, RecordError> {
    let record = Recovery::read(bytes).ok_or(RecordError::Unreadable)?;
    take_over(&record, genesis, made_after_ms)
}

/// What a record says to the engine of the chain with this genesis. `made_after_ms` is a time at which
/// there was no such record yet, in milliseconds since 1970, if one is known: when the hub made it, less by
/// how much the timestamps of the hub's blocks may be ahead.
pub fn take_over(
    record: &Recovery<AccountId>,
    genesis: Hash,
    made_after_ms: Option<u64>,
) -> Result<TakeOver, RecordError> {
    if record.genesis != genesis {
        return Err(RecordError::OtherChain {
            recorded: record.genesis,
            own: genesis,
        });
    }
    Ok(TakeOver {
        height: record.head.height,
        parent: record.head.hash,
        set: Arc::new(record.set()?),
        seed: record.next.seed,
        record: record.to_bytes(),
        made_after_ms,
    })
}
