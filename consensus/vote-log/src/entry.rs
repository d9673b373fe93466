// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What stands in the log, and its errors.

use codec::{Codec, Decode, Encode};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{AuthorityId, Certificate, Hash, Height, SetId};
use std::{io, path::PathBuf};

/// The version of the file's format.
pub const FORMAT_VERSION: u16 = 1;

/// The first frame of every file: whose log it is.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub(crate) struct Header {
    /// [`FORMAT_VERSION`]; first, so that every later version can read it.
    pub version: u16,
    /// The chain.
    pub genesis: Hash,
    /// The session key; none for a follower's log.
    pub key: Option<AuthorityId>,
}

/// A block as it is proposed, with all that a replica needs to execute it.
pub trait LoggedBlock: Codec {
    /// The hash that votes name.
    fn hash(&self) -> Hash;

    /// The block's number.
    fn height(&self) -> Height;
}

/// An entry of the log. Several make one frame.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Entry<B> {
    /// Something that the state machine must remember.
    #[codec(index = 0)]
    Record {
        /// The height that it belongs to.
        height: Height,
        /// What it is.
        record: Record,
    },
    /// A proposed block, whole.
    #[codec(index = 1)]
    Block(B),
    /// A height is decided. The block stands in an entry before, if it was at hand.
    #[codec(index = 2)]
    Decided(Certificate),
    /// From here on the log does not hold all that the key has signed: it is new, or it was
    /// damaged. Nothing may be signed until [`SignFrom`](Self::SignFrom).
    #[codec(index = 3)]
    Incomplete,
    /// The key may sign at this height and above: what it signed there stands in this log.
    #[codec(index = 4)]
    SignFrom(Height),
    /// A record put the set with this id in place of another, from this height on: from here on
    /// nothing is signed there under an older set, and what was signed there before counts for
    /// nothing.
    #[codec(index = 5)]
    Under {
        /// The height.
        height: Height,
        /// The set.
        set: SetId,
    },
}

/// In which condition the log was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// There was none; it was created.
    Fresh,
    /// It is whole.
    Intact,
    /// It is whole but for a last batch whose writing was cut off, which was never acted upon and
    /// is removed.
    TornTail {
        /// How many bytes were removed.
        removed_bytes: u64,
    },
    /// Bytes that once were durable do not verify. What stands before them was kept, the file was
    /// put aside under another name, and nothing may be signed until
    /// [`allow_signing_from`](crate::VoteLog::allow_signing_from).
    Damaged {
        /// Where the first bad byte range begins.
        offset_bytes: u64,
    },
}

/// What opening the log found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// In which condition the file was.
    pub condition: Condition,
    /// From which height on the key may sign; none if the log does not hold all that the key has
    /// signed: then the driver lets one height pass in silence and calls
    /// [`allow_signing_from`](crate::VoteLog::allow_signing_from) for the next.
    pub signing_from: Option<Height>,
    /// The heights above the last decided one of which there are records, ascending.
    pub open_heights: Vec<Height>,
    /// The highest decided height.
    pub last_decided: Option<Height>,
}

/// Why the log does not work. Every error names the file and what can be done.
#[derive(Debug, thiserror::Error)]
pub enum VoteLogError {
    /// The operating system refuses.
    #[error("vote log {path}: cannot {action}: {source}{}", hint(.source))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Another process holds it.
    #[error(
        "vote log {path} is in use by another process; two nodes must never run with one key: \
         stop the other one"
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// It belongs to another chain or key.
    #[error("vote log {path} belongs to another {what}; move it away or restore the right one")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// `chain` or `session key`.
        what: &'static str,
    },
    /// It was written by a later version.
    #[error(
        "vote log {path} has format version {found}, this program knows {FORMAT_VERSION}; \
         run the program that wrote it, or a later one"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u16,
    },
    /// An entry, or a batch without a sync, above the limit.
    #[error("vote log {path}: {bytes} bytes in one batch are too many (limit {limit})")]
    BatchTooLarge {
        /// The file.
        path: PathBuf,
        /// The size that the batch would have.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// More undecided blocks than are kept.
    #[error("vote log {path}: more than {limit} undecided blocks")]
    TooManyBlocks {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// An earlier error left unclear what is on disk.
    #[error(
        "vote log {path} is out of use since a write failed: nothing can be signed; \
         free or repair the disk, then start the node again"
    )]
    OutOfUse {
        /// The file.
        path: PathBuf,
    },
    /// A block that the index knows cannot be decoded.
    #[error("vote log {path}: block {hash:?} cannot be read back")]
    UnreadableBlock {
        /// The file.
        path: PathBuf,
        /// The block.
        hash: Hash,
    },
}

/// What a person can do about an error of the operating system.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; the disk is full: free some space and start the node again"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; the node's user must be able to write there"
        }
        _ => "",
    }
}
