// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The open log.

use crate::{
    entry::Header,
    file::{free_name, load, lock, write_anew},
    files::file_name,
    frame::{self, FRAME_HEADER_BYTES, MAX_FRAME_PAYLOAD_BYTES},
    index::{BlockPlace, Index, MAX_OPEN_BLOCKS},
    Condition, Disk, DiskFile, Entry, LoggedBlock, OsDisk, Recovered, VoteLogError, FORMAT_VERSION,
};
use codec::{DecodeAll, Encode};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{AuthorityId, Certificate, Hash, Height, SetId};
use std::{
    io,
    marker::PhantomData,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The file is not rewritten below this size.
pub const REWRITE_MIN_BYTES: u64 = 16 * 1024 * 1024;

/// The file is rewritten when it is this many times as large as after the last rewriting.
const REWRITE_FACTOR: u64 = 2;

/// The log of one session key on one chain. All calls block; the driver makes them from a thread
/// that may.
#[derive(Debug)]
pub struct VoteLog<B, D: Disk = OsDisk> {
    disk: D,
    path: PathBuf,
    header: Header,
    pub(crate) file: D::File,
    /// Where the next frame goes.
    file_len: u64,
    /// The size after the last rewriting.
    base_len: u64,
    /// Encoded entries that are not written yet.
    pending: Vec<u8>,
    /// Whether something was written that is not durable yet.
    unsynced: bool,
    index: Index,
    out_of_use: bool,
    pub(crate) rewrite_min_bytes: u64,
    blocks: PhantomData<fn() -> B>,
    /// Held as long as the log is open.
    _lock: D::Lock,
}

impl<B: LoggedBlock> VoteLog<B> {
    /// Open the log of `key` (none: a follower's) on the chain `genesis` in `dir`, creating both
    /// directory and file if they are missing.
    pub fn open(
        dir: &Path,
        genesis: Hash,
        key: Option<&AuthorityId>,
    ) -> Result<(Self, Recovered), VoteLogError> {
        Self::open_on(OsDisk, dir, genesis, key)
    }
}

impl<B: LoggedBlock, D: Disk> VoteLog<B, D> {
    /// As [`open`](VoteLog::open), on a disk that need not be the operating system's.
    pub fn open_on(
        disk: D,
        dir: &Path,
        genesis: Hash,
        key: Option<&AuthorityId>,
    ) -> Result<(Self, Recovered), VoteLogError> {
        disk.create_dir(dir).map_err(io_error(dir, "create"))?;
        let path = dir.join(file_name(genesis, key));
        let lock = lock(&disk, &path.with_extension("lock"))?;
        let header = Header {
            version: FORMAT_VERSION,
            genesis,
            key: key.cloned(),
        };
        let (file, condition, index, file_len) = if disk.exists(&path) {
            load::<B, D>(&disk, &path, &header)?
        } else {
            let index = Index::default();
            let (file, len) =
                write_anew::<B, D>(&disk, &path, &header, &index, None)?.commit(&disk, &path)?;
            (file, Condition::Fresh, index, len)
        };
        let mut log = Self {
            disk,
            path,
            header,
            file,
            file_len,
            base_len: file_len,
            pending: Vec::new(),
            unsynced: false,
            index,
            out_of_use: false,
            rewrite_min_bytes: REWRITE_MIN_BYTES,
            blocks: PhantomData,
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
    pub fn append(&mut self, entry: Entry<B>) -> Result<(), VoteLogError> {
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

    /// Hand what was appended to the operating system: it outlives the process, not a power cut.
    ///
    /// Not for what must be durable before something is sent. A power cut may leave several frames
    /// torn that were written like this, and the log then counts as damaged. On an error it is out
    /// of use, as after [`sync`](Self::sync).
    pub fn write(&mut self) -> Result<(), VoteLogError> {
        self.check_in_use()?;
        if self.pending.is_empty() {
            return Ok(());
        }
        let frame = frame::encode(&self.pending);
        self.file
            .write(&frame, self.file_len)
            .map_err(io_error(&self.path, "write"))
            .map_err(|error| self.put_out_of_use(error))?;
        self.file_len = self.file_len.saturating_add(frame.len() as u64);
        self.pending.clear();
        self.unsynced = true;
        Ok(())
    }

    /// Make durable what was appended or written. On an error the log is out of use: what is on
    /// disk is unclear, and nothing may be signed.
    pub fn sync(&mut self) -> Result<Duration, VoteLogError> {
        let begin = Instant::now();
        let before = self.file_len;
        self.write()?;
        if !self.unsynced {
            return Ok(Duration::ZERO);
        }
        if let Err(source) = self.file.sync_data() {
            self.file_len = before;
            let error = io_error(&self.path, "sync")(source);
            return Err(self.put_out_of_use(error));
        }
        self.unsynced = false;
        Ok(begin.elapsed())
    }

    /// `error` happened, and what is on disk is unclear.
    fn put_out_of_use(&mut self, error: VoteLogError) -> VoteLogError {
        self.out_of_use = true;
        // A full disk: leave a clean end for the next start, if that works.
        let _ = self.file.resize(self.file_len);
        error
    }

    /// The key may sign at `height` and above: durable when this returns.
    pub fn allow_signing_from(&mut self, height: Height) -> Result<(), VoteLogError> {
        self.append(Entry::SignFrom(height))?;
        self.sync().map(drop)
    }

    /// From now on sign at `height` under `set` or later sets only: durable when this returns. What
    /// the log holds of that height under an older set is forgotten. Nothing is done if the log says
    /// so already.
    pub fn sign_under(&mut self, height: Height, set: SetId) -> Result<(), VoteLogError> {
        if self.under().is_some_and(|(_, known)| known >= set) {
            return Ok(());
        }
        self.append(Entry::Under { height, set })?;
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

    /// Whose log it is; none of a follower's.
    pub fn key(&self) -> Option<&AuthorityId> {
        self.header.key.as_ref()
    }

    /// From which height on the key may sign.
    pub fn signing_from(&self) -> Option<Height> {
        self.index.signing_from()
    }

    /// The last height from which on a record put another set in place, and that set.
    pub fn under(&self) -> Option<(Height, SetId)> {
        self.index.under()
    }

    /// Whether anything may be signed at `height` under `set`, as far as sets go.
    pub fn admits(&self, height: Height, set: SetId) -> bool {
        self.under()
            .is_none_or(|(from, oldest)| height < from || set >= oldest)
    }

    /// The database is durable up to `height`, so decided heights up to there, but for the last
    /// [`DECIDED_KEPT`](crate::DECIDED_KEPT), need not be kept for it any more.
    pub fn database_holds(&mut self, height: Height) {
        self.index.database_holds(height);
    }

    /// A block, undecided or among the last [`DECIDED_KEPT`](crate::DECIDED_KEPT) decided ones.
    pub fn block(&self, hash: &Hash) -> Result<Option<B>, VoteLogError> {
        let Some(bytes) = self.encoded_block(hash)? else {
            return Ok(None);
        };
        B::decode_all(&mut &bytes[..])
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

    /// The certificate of a decided height, if it is among the last [`DECIDED_KEPT`](crate::DECIDED_KEPT).
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

    /// Rewrite the file from this size on already; for simulations, in which files stay small.
    pub fn set_rewrite_min_bytes(&mut self, bytes: u64) {
        self.rewrite_min_bytes = bytes;
    }

    /// Whether something was appended that is not durable yet.
    pub fn has_pending(&self) -> bool {
        self.unsynced || !self.pending.is_empty()
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
            .read(&mut bytes, place.offset)
            .map_err(io_error(&self.path, "read"))?;
        Ok(bytes)
    }

    /// Write a new file that holds what the index knows, and put it in the old one's place; the
    /// old one is kept aside if it is damaged.
    pub(crate) fn rewrite(&mut self, put_aside: bool) -> Result<(), VoteLogError> {
        self.check_in_use()?;
        let anew = write_anew::<B, D>(
            &self.disk,
            &self.path,
            &self.header,
            &self.index,
            Some(&self.file),
        )?;
        if put_aside {
            // Between these two renames there is no log; a crash here makes it look new, which is
            // silent as well.
            let aside = free_name(&self.disk, &self.path);
            self.disk
                .rename(&self.path, &aside)
                .map_err(io_error(&self.path, "put aside"))?;
        }
        let moved = anew.moved.clone();
        match anew.commit(&self.disk, &self.path) {
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

pub(crate) fn io_error(
    path: &Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> VoteLogError {
    let path = path.to_path_buf();
    move |source| VoteLogError::Io {
        path,
        action,
        source,
    }
}
