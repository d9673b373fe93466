// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Reading the file, and writing it anew.

use crate::{
    entry::Header,
    frame::{self, FRAME_HEADER_BYTES},
    index::{BlockPlace, Index},
    log::io_error,
    Condition, Disk, DiskFile, Entry, LoggedBlock, VoteLogError, FORMAT_VERSION,
};
use codec::{Decode, DecodeAll, Encode};
use hansa_pbft_primitives::Hash;
use std::path::{Path, PathBuf};

/// How many damaged files are kept aside under names of their own.
const MAX_PUT_ASIDE: u32 = 1_000;

/// Take the lock file, or tell that another process has it.
pub(crate) fn lock<D: Disk>(disk: &D, path: &Path) -> Result<D::Lock, VoteLogError> {
    disk.lock(path)
        .map_err(io_error(path, "lock"))?
        .ok_or_else(|| VoteLogError::Locked {
            path: path.to_path_buf(),
        })
}

/// A name that is free, for a damaged file; the last one is used again.
pub(crate) fn free_name(disk: &impl Disk, path: &Path) -> PathBuf {
    let name = |n: u32| path.with_extension(format!("damaged-{n}"));
    (1..MAX_PUT_ASIDE)
        .map(name)
        .find(|p| !disk.exists(p))
        .unwrap_or_else(|| name(MAX_PUT_ASIDE))
}

/// Read the file at `path`, which must be that of `expected`.
pub(crate) fn load<B: LoggedBlock, D: Disk>(
    disk: &D,
    path: &Path,
    expected: &Header,
) -> Result<(D::File, Condition, Index, u64), VoteLogError> {
    let file = disk.open(path).map_err(io_error(path, "open"))?;
    let file_len = file.size().map_err(io_error(path, "read"))?;
    let mut index = Index::default();
    let mut offset = 0u64;
    loop {
        let read = frame::read(&file, offset, file_len).map_err(io_error(path, "read"))?;
        let good = match (&read, offset) {
            (frame::Read::Frame(payload), 0) => check_header(path, payload, expected)?,
            (frame::Read::Frame(payload), _) => apply_frame::<B>(&mut index, payload, offset),
            // The header is written before the file has its name.
            (frame::Read::End, 0) => false,
            (frame::Read::End, _) => return Ok((file, Condition::Intact, index, offset)),
            (frame::Read::Torn, 1..) => {
                file.resize(offset)
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
                let len = frame::frame_bytes(payload.len()) as u64;
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
fn apply_frame<B: LoggedBlock>(index: &mut Index, payload: &[u8], offset: u64) -> bool {
    let begin = offset.saturating_add(FRAME_HEADER_BYTES as u64);
    let mut rest = payload;
    while !rest.is_empty() {
        let at = payload.len().saturating_sub(rest.len()) as u64;
        let before = rest.len();
        let Ok(entry) = Entry::<B>::decode(&mut rest) else {
            return false;
        };
        let len = before.saturating_sub(rest.len());
        let offset = begin.saturating_add(at).saturating_add(1);
        index.apply(entry, offset, len.saturating_sub(1));
    }
    true
}

/// A new file beside the old one, written and durable but not in its place yet.
pub(crate) struct Anew<F> {
    tmp: PathBuf,
    file: F,
    len: u64,
    /// Where the blocks went.
    pub moved: Vec<(Hash, u64)>,
}

impl<F: DiskFile> Anew<F> {
    /// Make the new file durable and rename it to `path`.
    pub fn commit<D: Disk<File = F>>(
        self,
        disk: &D,
        path: &Path,
    ) -> Result<(F, u64), VoteLogError> {
        self.file.sync_all().map_err(io_error(&self.tmp, "sync"))?;
        disk.rename(&self.tmp, path)
            .map_err(io_error(path, "replace"))?;
        let dir = path.parent().unwrap_or(Path::new("."));
        disk.sync_dir(dir).map_err(io_error(dir, "sync"))?;
        Ok((self.file, self.len))
    }

    fn push(&mut self, payload: &[u8]) -> Result<(), VoteLogError> {
        let frame = frame::encode(payload);
        self.file
            .write(&frame, self.len)
            .map_err(io_error(&self.tmp, "write"))?;
        self.len = self.len.saturating_add(frame.len() as u64);
        Ok(())
    }

    /// Copy a block from `old`.
    fn push_block(&mut self, old: &F, hash: Hash, at: BlockPlace) -> Result<(), VoteLogError> {
        let mut payload = vec![0u8; at.len.saturating_add(1)];
        // The index of `Entry::Block`.
        payload[0] = 1;
        old.read(&mut payload[1..], at.offset)
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
pub(crate) fn write_anew<B: LoggedBlock, D: Disk>(
    disk: &D,
    path: &Path,
    header: &Header,
    index: &Index,
    old: Option<&D::File>,
) -> Result<Anew<D::File>, VoteLogError> {
    let tmp = path.with_extension("new");
    let file = disk.create(&tmp).map_err(io_error(&tmp, "create"))?;
    let mut anew = Anew {
        tmp,
        file,
        len: 0,
        moved: Vec::new(),
    };
    anew.push(&header.encode())?;
    let state = index
        .signing_from()
        .map_or(Entry::<B>::Incomplete, Entry::SignFrom);
    anew.push(&state.encode())?;
    // Before all records: reading it drops what is of older sets.
    if let Some((height, set)) = index.under() {
        anew.push(&Entry::<B>::Under { height, set }.encode())?;
    }
    // Decided heights come first and in order, so that reading them drops nothing that follows.
    for certificate in index.all_decided() {
        if let (Some(old), Some(place)) = (old, index.block(&certificate.hash)) {
            anew.push_block(old, certificate.hash, place)?;
        }
        anew.push(&Entry::<B>::Decided(certificate.clone()).encode())?;
    }
    for (hash, place) in index.blocks_in_order() {
        let is_decided = index.decided(place.height).is_some_and(|c| c.hash == hash);
        if let (Some(old), false) = (old, is_decided) {
            anew.push_block(old, hash, place)?;
        }
    }
    for (height, record) in index.all_records() {
        anew.push(
            &Entry::<B>::Record {
                height,
                record: record.clone(),
            }
            .encode(),
        )?;
    }
    Ok(anew)
}
