// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The vote log: what this node has said under one session key on one chain, and the blocks that it
//! needs to stand by it.
//!
//! **Why a log of our own.** A replica that forgets a vote may vote again otherwise, and two
//! such votes cost stake. Neither database of the SDK syncs its writes, so what must not be
//! forgotten stands here, made durable by fdatasync *before* it is sent.
//!
//! **What the driver does.**
//! 1. [`append`](VoteLog::append) what [`Output::Persist`](hansa_pbft_core::Output::Persist) names,
//!    the proposed block before its Prepare; several entries make one batch.
//! 2. [`sync`](VoteLog::sync); only then carry out what follows.
//! 3. When a height is decided (also by sync): append the block, if it is not there yet, and
//!    [`Entry::Decided`], and sync, before the database commits the block; then
//!    [`maintain`](VoteLog::maintain).
//! 4. At start: replay [`decided_above`](VoteLog::decided_above) the database's head, and hand
//!    [`records`](VoteLog::records) of the height under way to the state machine.
//!
//! **The file.** One per chain and session key, append-only, in frames with checksums (see
//! `frame.rs` for the form and for how a torn end is told from damage). When it has grown well above
//! what it must hold, [`maintain`](VoteLog::maintain) writes a new file beside it, makes it durable
//! and renames it over the old one.
//!
//! **Silence.** A log that is new or was damaged does not hold all that the key has signed. It
//! says so in itself ([`Entry::Incomplete`]), so that a second restart does not take it for whole.
//! [`Recovered::signing_from`] is none until the driver calls
//! [`allow_signing_from`](VoteLog::allow_signing_from): with height 1 on a fresh chain, otherwise
//! with the height after the first one that it saw decided in silence.
//!
//! **Another set at the same height.** A set that lost its quorum is replaced by a record, from a
//! height on that may be under way already. Statements under the new set are different statements,
//! so a key may say again what it said, or something else. [`Entry::Under`] is durable before the
//! first of them: from then on nothing is signed there under the old set, also by a node that
//! starts again and has not heard of the record yet ([`Permission::Superseded`]).
//!
//! **The disk** is a trait: [`OsDisk`] in a node, in the simulation one that loses what was not
//! synced, tears what was being written, and fails.

#![forbid(unsafe_code)]

mod disk;
mod entry;
mod file;
mod files;
mod frame;
mod index;
mod log;
mod rules;
mod start_gate;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;

pub use disk::{Disk, DiskFile, OsDisk};
pub use entry::{Condition, Entry, LoggedBlock, Recovered, VoteLogError, FORMAT_VERSION};
pub use files::{file_name, keys_with_log};
pub use frame::MAX_FRAME_PAYLOAD_BYTES;
pub use index::{DECIDED_KEPT, DECIDED_KEPT_MAX, MAX_OPEN_BLOCKS};
pub use log::{VoteLog, REWRITE_MIN_BYTES};
pub use rules::{Occasion, Permission, TakenOver};
pub use start_gate::{Standing, StartGate, PATIENCE};
