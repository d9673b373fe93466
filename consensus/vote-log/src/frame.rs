// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Frames: what is written to the file at once, and how the end of the file is judged.
//!
//! ```text
//! magic (4) | payload length (4) | CRC-32 of the payload (4) | CRC-32 of the 12 bytes before (4) | payload | end (1)
//! ```
//!
//! All integers are little-endian. First and last byte are not zero: where a sector was not written,
//! however little of the frame it has, that can be told from what was.
//!
//! A frame is one batch of entries, written by one call and made durable by one fdatasync; with
//! what the replica acts upon, the next frame is written only after that. So a crash can leave only
//! the *last* frame torn, and a torn frame was never acted upon. Everything else that does not
//! verify is damage: bytes that once were durable, and that the replica may have acted upon. (Only
//! heights that come in bulk are written without a sync each; a power cut in the middle of that may
//! be taken for damage, which is the safe side.)

use crate::DiskFile;
use std::io;

/// The first bytes of a frame.
pub(crate) const MAGIC: [u8; 4] = *b"hVL\x01";

/// Bytes of a frame before its payload.
pub(crate) const FRAME_HEADER_BYTES: usize = 16;

/// The last byte of a frame.
const END: u8 = 0xff;

/// Bytes of a frame behind its payload.
pub(crate) const FRAME_END_BYTES: usize = 1;

/// The largest payload of a frame: a batch of a few of the largest blocks.
pub const MAX_FRAME_PAYLOAD_BYTES: usize = 64 * 1024 * 1024;

/// Disks write this many bytes, aligned, or none of them.
const SECTOR_BYTES: u64 = 512;

/// A run of zeros of this length where a sector was to be written tells that it was not.
const MIN_ZERO_RUN_BYTES: usize = 64;

/// How many places that look like a frame are looked at behind a bad one. An honest file has few;
/// beyond this the file counts as damaged.
const MAX_CANDIDATES: usize = 1_024;

/// A frame around `payload`. The caller has checked the payload's size.
pub(crate) fn encode(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(frame_bytes(payload.len()));
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    frame.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let header_crc = crc32fast::hash(&frame);
    frame.extend_from_slice(&header_crc.to_le_bytes());
    frame.extend_from_slice(payload);
    frame.push(END);
    frame
}

/// The size of a frame with a payload of `payload_bytes`.
pub(crate) fn frame_bytes(payload_bytes: usize) -> usize {
    FRAME_HEADER_BYTES
        .saturating_add(payload_bytes)
        .saturating_add(FRAME_END_BYTES)
}

/// What stands at a place of the file.
pub(crate) enum Read {
    /// A good frame.
    Frame(Vec<u8>),
    /// The end of the file.
    End,
    /// The beginning of a frame that was never finished; nothing follows.
    Torn,
    /// Bytes that do not verify and that a crash does not explain.
    Damaged,
}

/// A frame's header, if it verifies: (payload length, payload checksum).
fn parse_header(header: &[u8]) -> Option<(usize, u32)> {
    let word = |at: usize| -> Option<u32> {
        let bytes = header.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let good = header.get(..4)? == MAGIC && crc32fast::hash(header.get(..12)?) == word(12)?;
    let len = word(4)? as usize;
    (good && len <= MAX_FRAME_PAYLOAD_BYTES).then_some((len, word(8)?))
}

/// Read what stands at `offset` of `file`, which is `file_len` bytes long.
pub(crate) fn read(file: &impl DiskFile, offset: u64, file_len: u64) -> io::Result<Read> {
    let left = file_len.saturating_sub(offset);
    if left == 0 {
        return Ok(Read::End);
    }
    if left >= FRAME_HEADER_BYTES as u64 {
        let mut header = [0u8; FRAME_HEADER_BYTES];
        file.read(&mut header, offset)?;
        if let Some((len, crc)) = parse_header(&header) {
            let room = left.saturating_sub(FRAME_HEADER_BYTES as u64);
            if len.saturating_add(FRAME_END_BYTES) as u64 <= room {
                let mut payload = vec![0u8; len.saturating_add(FRAME_END_BYTES)];
                let at = offset.saturating_add(FRAME_HEADER_BYTES as u64);
                file.read(&mut payload, at)?;
                let end = payload.pop();
                if end == Some(END) && crc32fast::hash(&payload) == crc {
                    return Ok(Read::Frame(payload));
                }
            }
        }
    }
    let Ok(left) = usize::try_from(left) else {
        return Ok(Read::Damaged);
    };
    let mut rest = vec![0u8; left];
    file.read(&mut rest, offset)?;
    Ok(if is_torn(&rest, offset) {
        Read::Torn
    } else {
        Read::Damaged
    })
}

/// Whether `rest`, which begins at `offset` of the file, goes to its end and is no good frame, is
/// what a crash in the middle of a write leaves.
fn is_torn(rest: &[u8], offset: u64) -> bool {
    if holds_frame(rest.get(1..).unwrap_or_default()) {
        return false;
    }
    is_frame_prefix(rest) || has_unwritten_sector(rest, offset)
}

/// Whether `rest` is a proper prefix of a frame, as far as one can tell.
fn is_frame_prefix(rest: &[u8]) -> bool {
    match rest.get(..FRAME_HEADER_BYTES) {
        None => rest.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic),
        Some(header) => parse_header(header).is_some_and(|(len, _)| rest.len() < frame_bytes(len)),
    }
}

/// Whether a whole sector of `rest`, or the piece of a sector that it has, is zero: the file had
/// grown, and the sector was not written yet.
fn has_unwritten_sector(rest: &[u8], offset: u64) -> bool {
    if rest.iter().all(|byte| *byte == 0) {
        return true;
    }
    let to_boundary = SECTOR_BYTES.saturating_sub(offset % SECTOR_BYTES) as usize;
    let (first, others) = rest.split_at(to_boundary.min(rest.len()));
    let is_zero = |piece: &[u8]| piece.iter().all(|byte| *byte == 0);
    let mut others = others.chunks(SECTOR_BYTES as usize);
    let last = others.next_back();
    // A frame neither begins nor ends with zero, so its first and its last piece may be of any length.
    is_zero(first)
        || last.is_some_and(is_zero)
        || others.any(|piece| piece.len() >= MIN_ZERO_RUN_BYTES && is_zero(piece))
}

/// Whether a good frame stands anywhere in `bytes`.
fn holds_frame(bytes: &[u8]) -> bool {
    let mut candidates = 0usize;
    for (at, window) in bytes.windows(FRAME_HEADER_BYTES).enumerate() {
        let Some((len, crc)) = (window[0] == MAGIC[0])
            .then(|| parse_header(window))
            .flatten()
        else {
            continue;
        };
        candidates = candidates.saturating_add(1);
        if candidates > MAX_CANDIDATES {
            // Rather silent for a height than a vote forgotten.
            return true;
        }
        let start = at.saturating_add(FRAME_HEADER_BYTES);
        let payload = bytes.get(start..start.saturating_add(len));
        if payload.is_some_and(|payload| crc32fast::hash(payload) == crc) {
            return true;
        }
    }
    false
}
