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

mod entry;
mod files;
mod frame;
mod index;
#[cfg(test)]
mod tests;

pub use entry::{Condition, Entry, Recovered, VoteLogError, FORMAT_VERSION};
pub use files::keys_with_log;
pub use frame::MAX_FRAME_PAYLOAD_BYTES;
pub use index::{DECIDED_KEPT, MAX_OPEN_BLOCKS};

use crate::types::ProposedBlock;
use codec::{Decode, DecodeAll, Encode};
use entry::Header;
use files::file_name;
use frame::FRAME_HEADER_BYTES;
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{AuthorityId, Certificate, Hash, Height};
use index::{BlockPlace, Index};
use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The file is not rewritten below this size.
pub const REWRITE_MIN_BYTES: u64 = 16 * 1024 * 1024;

/// The file is rewritten when it is this many times as large as after the last rewriting.
const REWRITE_FACTOR: u64 = 2;

/// How many damaged files are kept aside under names of their own.
const MAX_PUT_ASIDE: u32 = 1_000;

/// The log of one session key on one chain. All calls block; the driver makes them from a thread
/// that may.
#[derive(Debug)]
pub struct VoteLog {
    path: PathBuf,
    header: Header,
    file: File,
    /// Where the next frame goes.
    file_len: u64,
    /// The size after the last rewriting.
    base_len: u64,
    /// Encoded entries that are not written yet.
    pending: Vec<u8>,
    index: Index,
    out_of_use: bool,
    rewrite_min_bytes: u64,
    /// Held as long as the log is open.
    _lock: Flock<File>,
}

impl VoteLog {
    /// Open the log of `key` (none: a follower's) on the chain `genesis` in `dir`, creating both
    /// directory and file if they are missing.
    pub fn open(
        dir: &Path,
        genesis: Hash,
        key: Option<&AuthorityId>,
    ) -> Result<(Self, Recovered), VoteLogError> {
        fs::create_dir_all(dir).map_err(io_error(dir, "create"))?;
        let path = dir.join(file_name(genesis, key));
        let lock = lock(&path.with_extension("lock"))?;
        let header = Header {
            version: FORMAT_VERSION,
            genesis,
            key: key.cloned(),
        };
        let (file, condition, index, file_len) = if path.exists() {
            load(&path, &header)?
        } else {
            let index = Index::default();
            let (file, len) = write_anew(&path, &header, &index, None)?.commit(&path)?;
            (file, Condition::Fresh, index, len)
        };
        let mut log = Self {
            path,
            header,
            file,
            file_len,
            base_len: file_len,
            pending: Vec::new(),
            index,
            out_of_use: false,
            rewrite_min_bytes: REWRITE_MIN_BYTES,
            _lock: lock,
        };
        if let Condition::Damaged { .. } = condition {
            log.index.cut_signing();
            log.rewrite(true)?;
        }
        let recovered = Recovered {
            condition,
            signing_from: log.index.signing_from(),
            open_heights: log.index.open_heights(),
            last_decided: log.index.last_decided(),
        };
        Ok((log, recovered))
    }

    /// Add an entry to the batch that the next [`sync`](Self::sync) makes durable. A block that the
    /// log holds already is not written again.
    pub fn append(&mut self, entry: Entry) -> Result<(), VoteLogError> {
        self.check_in_use()?;
        if let Entry::Block(block) = &entry {
            if self.index.block(&block.hash()).is_some() {
                return Ok(());
            }
            if self.index.open_blocks() >= MAX_OPEN_BLOCKS {
                let (path, limit) = (self.path.clone(), MAX_OPEN_BLOCKS);
                return Err(VoteLogError::TooManyBlocks { path, limit });
            }
        }
        let bytes = entry.encode();
        let size = self.pending.len().saturating_add(bytes.len());
        if size > MAX_FRAME_PAYLOAD_BYTES {
            let (path, limit) = (self.path.clone(), MAX_FRAME_PAYLOAD_BYTES);
            return Err(VoteLogError::BatchTooLarge {
                path,
                bytes: size,
                limit,
            });
        }
        // The block's own encoding follows the entry's one byte of index.
        let offset = self
            .pending_offset()
            .saturating_add(self.pending.len() as u64);
        self.index.apply(
            entry,
            offset.saturating_add(1),
            bytes.len().saturating_sub(1),
        );
        self.pending.extend_from_slice(&bytes);
        Ok(())
    }

    /// Make durable what was appended. On an error the log is out of use: what is on disk is
    /// unclear, and nothing may be signed.
    pub fn sync(&mut self) -> Result<Duration, VoteLogError> {
        self.check_in_use()?;
        let begin = Instant::now();
        if self.pending.is_empty() {
            return Ok(Duration::ZERO);
        }
        let frame = frame::encode(&self.pending);
        let written = self
            .file
            .write_all_at(&frame, self.file_len)
            .map_err(io_error(&self.path, "write"))
            .and_then(|()| self.file.sync_data().map_err(io_error(&self.path, "sync")));
        if let Err(error) = written {
            self.out_of_use = true;
            // A full disk: leave a clean end for the next start, if that works.
            let _ = self.file.set_len(self.file_len);
            return Err(error);
        }
        self.file_len = self.file_len.saturating_add(frame.len() as u64);
        self.pending.clear();
        Ok(begin.elapsed())
    }

    /// The key may sign at `height` and above: durable when this returns.
    pub fn allow_signing_from(&mut self, height: Height) -> Result<(), VoteLogError> {
        self.append(Entry::SignFrom(height))?;
        self.sync().map(drop)
    }

    /// Rewrite the file if it has grown well above what it must hold. Cheap if not; called when a
    /// height is decided, when no vote waits.
    pub fn maintain(&mut self) -> Result<bool, VoteLogError> {
        let due = self
            .rewrite_min_bytes
            .max(self.base_len.saturating_mul(REWRITE_FACTOR));
        if self.file_len < due {
            return Ok(false);
        }
        self.sync()?;
        self.rewrite(false)?;
        Ok(true)
    }

    /// Forget everything above `height`, for a chain that was reverted. Nothing may be signed
    /// afterwards until [`allow_signing_from`](Self::allow_signing_from).
    pub fn cut_above(&mut self, height: Height) -> Result<(), VoteLogError> {
        self.sync()?;
        self.index.cut_above(height);
        self.rewrite(false)
    }

    /// What the key said at `height`, oldest first; of views below the highest without the
    /// certificates and proofs that went with it.
    pub fn records(&self, height: Height) -> &[Record] {
        self.index.records(height)
    }

    /// From which height on the key may sign.
    pub fn signing_from(&self) -> Option<Height> {
        self.index.signing_from()
    }

    /// A block, undecided or among the last [`DECIDED_KEPT`] decided ones.
    pub fn block(&self, hash: &Hash) -> Result<Option<ProposedBlock>, VoteLogError> {
        let Some(bytes) = self.encoded_block(hash)? else {
            return Ok(None);
        };
        ProposedBlock::decode_all(&mut &bytes[..])
            .map(Some)
            .map_err(|_| VoteLogError::UnreadableBlock {
                path: self.path.clone(),
                hash: *hash,
            })
    }

    /// As [`block`](Self::block), encoded, as the network sends it.
    pub fn encoded_block(&self, hash: &Hash) -> Result<Option<Vec<u8>>, VoteLogError> {
        self.index
            .block(hash)
            .map(|place| self.read_place(place))
            .transpose()
    }

    /// The certificate of a decided height, if it is among the last [`DECIDED_KEPT`].
    pub fn decided(&self, height: Height) -> Option<&Certificate> {
        self.index.decided(height)
    }

    /// The highest decided height.
    pub fn last_decided(&self) -> Option<Height> {
        self.index.last_decided()
    }

    /// The certificates of the decided heights above `height`, ascending; their blocks are found
    /// by hash.
    pub fn decided_above(&self, height: Height) -> Vec<Certificate> {
        self.index
            .all_decided()
            .filter(|c| c.height > height)
            .cloned()
            .collect()
    }

    /// The size of the file.
    pub fn file_bytes(&self) -> u64 {
        self.file_len
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn check_in_use(&self) -> Result<(), VoteLogError> {
        if self.out_of_use {
            return Err(VoteLogError::OutOfUse {
                path: self.path.clone(),
            });
        }
        Ok(())
    }

    /// Where the payload of the next frame begins.
    fn pending_offset(&self) -> u64 {
        self.file_len.saturating_add(FRAME_HEADER_BYTES as u64)
    }

    fn read_place(&self, place: BlockPlace) -> Result<Vec<u8>, VoteLogError> {
        if let Some(at) = place.offset.checked_sub(self.pending_offset()) {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let bytes = self.pending.get(at..at.saturating_add(place.len));
            if let Some(bytes) = bytes {
                return Ok(bytes.to_vec());
            }
        }
        let mut bytes = vec![0u8; place.len];
        self.file
            .read_exact_at(&mut bytes, place.offset)
            .map_err(io_error(&self.path, "read"))?;
        Ok(bytes)
    }

    /// Write a new file that holds what the index knows, and put it in the old one's place; the
    /// old one is kept aside if it is damaged.
    fn rewrite(&mut self, put_aside: bool) -> Result<(), VoteLogError> {
        self.check_in_use()?;
        let anew = write_anew(&self.path, &self.header, &self.index, Some(&self.file))?;
        if put_aside {
            // Between these two renames there is no log; a crash here makes it look new, which is
            // silent as well.
            let aside = free_name(&self.path);
            fs::rename(&self.path, &aside).map_err(io_error(&self.path, "put aside"))?;
        }
        let moved = anew.moved.clone();
        match anew.commit(&self.path) {
            Ok((file, len)) => {
                for (hash, offset) in moved {
                    self.index.move_block(&hash, offset);
                }
                (self.file, self.file_len, self.base_len) = (file, len, len);
                Ok(())
            }
            Err(error) => {
                // Which of the two files has the name is unclear.
                self.out_of_use = true;
                Err(error)
            }
        }
    }
}

fn io_error(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> VoteLogError {
    let path = path.to_path_buf();
    move |source| VoteLogError::Io {
        path,
        action,
        source,
    }
}

/// Take the lock file, or tell that another process has it.
fn lock(path: &Path) -> Result<Flock<File>, VoteLogError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(io_error(path, "open"))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
        Errno::EWOULDBLOCK => VoteLogError::Locked {
            path: path.to_path_buf(),
        },
        other => io_error(path, "lock")(other.into()),
    })
}

/// A name that is free, for a damaged file; the last one is used again.
fn free_name(path: &Path) -> PathBuf {
    let name = |n: u32| path.with_extension(format!("damaged-{n}"));
    (1..MAX_PUT_ASIDE)
        .map(name)
        .find(|p| !p.exists())
        .unwrap_or_else(|| name(MAX_PUT_ASIDE))
}

/// Read the file at `path`, which must be that of `expected`.
fn load(path: &Path, expected: &Header) -> Result<(File, Condition, Index, u64), VoteLogError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(io_error(path, "open"))?;
    let file_len = file.metadata().map_err(io_error(path, "read"))?.len();
    let mut index = Index::default();
    let mut offset = 0u64;
    loop {
        let read = frame::read(&file, offset, file_len).map_err(io_error(path, "read"))?;
        let good = match (&read, offset) {
            (frame::Read::Frame(payload), 0) => check_header(path, payload, expected)?,
            (frame::Read::Frame(payload), _) => apply_frame(&mut index, payload, offset),
            // The header is written before the file has its name.
            (frame::Read::End, 0) => false,
            (frame::Read::End, _) => return Ok((file, Condition::Intact, index, offset)),
            (frame::Read::Torn, 1..) => {
                file.set_len(offset)
                    .map_err(io_error(path, "cut the torn end of"))?;
                file.sync_all().map_err(io_error(path, "sync"))?;
                let condition = Condition::TornTail {
                    removed_bytes: file_len.saturating_sub(offset),
                };
                return Ok((file, condition, index, offset));
            }
            (frame::Read::Torn | frame::Read::Damaged, _) => false,
        };
        match read {
            frame::Read::Frame(payload) if good => {
                let len = FRAME_HEADER_BYTES.saturating_add(payload.len()) as u64;
                offset = offset.saturating_add(len);
            }
            _ => {
                let condition = Condition::Damaged {
                    offset_bytes: offset,
                };
                return Ok((file, condition, index, offset));
            }
        }
    }
}

/// Whether the first frame is a header; an error if it is not the expected one.
fn check_header(path: &Path, payload: &[u8], expected: &Header) -> Result<bool, VoteLogError> {
    let path = || path.to_path_buf();
    match u16::decode(&mut &payload[..]) {
        Ok(FORMAT_VERSION) => {}
        Ok(found) => {
            return Err(VoteLogError::Version {
                path: path(),
                found,
            })
        }
        Err(_) => return Ok(false),
    }
    let Ok(found) = Header::decode_all(&mut &payload[..]) else {
        return Ok(false);
    };
    if found.genesis != expected.genesis {
        return Err(VoteLogError::Foreign {
            path: path(),
            what: "chain",
        });
    }
    if found.key != expected.key {
        return Err(VoteLogError::Foreign {
            path: path(),
            what: "session key",
        });
    }
    Ok(true)
}

/// Take the entries of a frame that begins at `offset` into the index; false if they do not decode.
fn apply_frame(index: &mut Index, payload: &[u8], offset: u64) -> bool {
    let begin = offset.saturating_add(FRAME_HEADER_BYTES as u64);
    let mut rest = payload;
    while !rest.is_empty() {
        let at = payload.len().saturating_sub(rest.len()) as u64;
        let before = rest.len();
        let Ok(entry) = Entry::decode(&mut rest) else {
            return false;
        };
        let len = before.saturating_sub(rest.len());
        let offset = begin.saturating_add(at).saturating_add(1);
        index.apply(entry, offset, len.saturating_sub(1));
    }
    true
}

/// A new file beside the old one, written and durable but not in its place yet.
struct Anew {
    tmp: PathBuf,
    file: File,
    len: u64,
    /// Where the blocks went.
    moved: Vec<(Hash, u64)>,
}

impl Anew {
    /// Make the new file durable and rename it to `path`.
    fn commit(self, path: &Path) -> Result<(File, u64), VoteLogError> {
        self.file.sync_all().map_err(io_error(&self.tmp, "sync"))?;
        fs::rename(&self.tmp, path).map_err(io_error(path, "replace"))?;
        let dir = path.parent().unwrap_or(Path::new("."));
        File::open(dir)
            .and_then(|d| d.sync_all())
            .map_err(io_error(dir, "sync"))?;
        Ok((self.file, self.len))
    }

    fn push(&mut self, payload: &[u8]) -> Result<(), VoteLogError> {
        let frame = frame::encode(payload);
        self.file
            .write_all_at(&frame, self.len)
            .map_err(io_error(&self.tmp, "write"))?;
        self.len = self.len.saturating_add(frame.len() as u64);
        Ok(())
    }

    /// Copy a block from `old`.
    fn push_block(&mut self, old: &File, hash: Hash, at: BlockPlace) -> Result<(), VoteLogError> {
        let mut payload = vec![0u8; at.len.saturating_add(1)];
        // The index of `Entry::Block`.
        payload[0] = 1;
        old.read_exact_at(&mut payload[1..], at.offset)
            .map_err(io_error(&self.tmp, "copy to"))?;
        let offset = self
            .len
            .saturating_add(FRAME_HEADER_BYTES as u64)
            .saturating_add(1);
        self.moved.push((hash, offset));
        self.push(&payload)
    }
}

/// Write a file that holds what `index` knows, copying blocks from `old`.
fn write_anew(
    path: &Path,
    header: &Header,
    index: &Index,
    old: Option<&File>,
) -> Result<Anew, VoteLogError> {
    let tmp = path.with_extension("new");
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(&tmp)
        .map_err(io_error(&tmp, "create"))?;
    let mut anew = Anew {
        tmp,
        file,
        len: 0,
        moved: Vec::new(),
    };
    anew.push(&header.encode())?;
    let state = index
        .signing_from()
        .map_or(Entry::Incomplete, Entry::SignFrom);
    anew.push(&state.encode())?;
    // Decided heights come first and in order, so that reading them drops nothing that follows.
    for certificate in index.all_decided() {
        if let (Some(old), Some(place)) = (old, index.block(&certificate.hash)) {
            anew.push_block(old, certificate.hash, place)?;
        }
        anew.push(&Entry::Decided(certificate.clone()).encode())?;
    }
    for (hash, place) in index.blocks_in_order() {
        let is_decided = index.decided(place.height).is_some_and(|c| c.hash == hash);
        if let (Some(old), false) = (old, is_decided) {
            anew.push_block(old, hash, place)?;
        }
    }
    for (height, record) in index.all_records() {
        anew.push(
            &Entry::Record {
                height,
                record: record.clone(),
            }
            .encode(),
        )?;
    }
    Ok(anew)
}
