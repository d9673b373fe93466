// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a node has on disk: its database and its vote logs; copying, removing and damaging them.
//! The node must be stopped or frozen meanwhile.

use crate::{process::run_command, wait::DEADLINE, NodeConfig};
use anyhow::{bail, ensure, Context, Result};
use codec::Decode;
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{Certificate, Height, SetId};
use hansa_primitives::Block;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The first bytes of each frame of a vote log.
const FRAME_MAGIC: &[u8] = b"hVL\x01";

/// Bytes of a frame before its payload: magic, length, and two checksums.
const FRAME_HEADER_BYTES: usize = 16;

/// A block as it stands in a vote log: only what is needed to read past it.
#[derive(Decode)]
pub struct LoggedBlock {
    /// The block.
    pub block: Block,
    /// The certificate of its parent.
    pub parent_certificate: Option<Certificate>,
}

/// An entry of a vote log, as this test reads it.
#[derive(Decode)]
pub enum Entry {
    /// What the authority said or is locked on, at a height.
    #[codec(index = 0)]
    Record(Height, Record),
    /// A proposed block.
    #[codec(index = 1)]
    Block(LoggedBlock),
    /// A decision.
    #[codec(index = 2)]
    Decided(Certificate),
    /// From here on the log may lack votes.
    #[codec(index = 3)]
    Incomplete,
    /// From this height on it lacks none.
    #[codec(index = 4)]
    SignFrom(Height),
    /// From this height on it says nothing under a set older than this one.
    #[codec(index = 5)]
    Under(Height, SetId),
}

/// The folder of the node's chain. It follows one only.
fn chain_folder(config: &NodeConfig) -> Result<PathBuf> {
    let chains = config.base_path.join("chains");
    let entries = fs::read_dir(&chains).with_context(|| chains.display().to_string())?;
    let mut folders = entries.filter_map(Result::ok).map(|entry| entry.path());
    folders.next().context("the node has no chain on disk")
}

/// The folder of the node's vote logs.
pub fn votes(config: &NodeConfig) -> Result<PathBuf> {
    Ok(chain_folder(config)?.join("votes"))
}

/// The folder of the node's database.
pub fn database(config: &NodeConfig) -> Result<PathBuf> {
    let chain = chain_folder(config)?;
    let mut candidates = ["db", "paritydb"].iter().map(|name| chain.join(name));
    candidates
        .find(|folder| folder.is_dir())
        .context("the node has no database on disk")
}

/// The files of vote logs in a folder, those that were put aside as damaged included.
pub fn vote_log_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if extension == "votes" || extension.starts_with("damaged") {
            files.push(path);
        }
    }
    Ok(files)
}

/// The one vote log of a node.
pub fn vote_log(config: &NodeConfig) -> Result<PathBuf> {
    let mut files = vote_log_files(&votes(config)?)?;
    files.retain(|path| path.extension().is_some_and(|e| e == "votes"));
    ensure!(files.len() == 1, "not one vote log: {files:?}");
    files.pop().context("no vote log")
}

/// Copy a folder, with holes in files left as holes, to a place where nothing is.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    ensure!(!to.exists(), "{} is there already", to.display());
    let mut command = Command::new("cp");
    command.args(["-a", "--sparse=always"]).arg(from).arg(to);
    let output = run_command(command, DEADLINE);
    let said = String::from_utf8_lossy(&output.stderr);
    // A file that the process deleted while we copied is no loss, but here nothing runs.
    ensure!(
        output.status.success(),
        "cannot copy {}: {said}",
        from.display()
    );
    Ok(())
}

/// Remove what is at `to`, a folder or a file, and put a copy of `from` there.
pub fn put_back(from: &Path, to: &Path) -> Result<()> {
    remove(to)?;
    copy(from, to)
}

/// Remove a folder or a file.
pub fn remove(path: &Path) -> Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path)?;
    } else if path.exists() {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Flip a bit in the middle of a file, as a bad disk does.
pub fn damage(path: &Path) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("the file is empty")? ^= 0x10;
    Ok(fs::write(path, bytes)?)
}

/// Cut a piece out of the middle of a file.
pub fn cut_out(path: &Path) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let third = bytes.len() / 3;
    bytes.drain(third..2 * third);
    Ok(fs::write(path, bytes)?)
}

/// Leave at the end of a vote log what a crash in the middle of a write leaves there: the beginning
/// of a frame. Nothing that was durable is lost.
pub fn tear(path: &Path) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let first = frames(&bytes).next().context("the vote log has no frame")?;
    let mut begun = bytes[..FRAME_HEADER_BYTES].to_vec();
    begun.extend_from_slice(&first[..first.len() / 2]);
    bytes.extend_from_slice(&begun);
    Ok(fs::write(path, bytes)?)
}

/// The payloads of the frames of a vote log, up to its end or to what is no frame. Checksums are
/// not looked at: it is for the node to do so.
fn frames(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = rest.strip_prefix(FRAME_MAGIC)?.get(..4)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let payload = rest.get(FRAME_HEADER_BYTES..FRAME_HEADER_BYTES.checked_add(length)?)?;
        rest = &rest[FRAME_HEADER_BYTES + length..];
        Some(payload)
    })
}

/// All that stands in a vote log, also what the node needs no more. (The file is rewritten when it
/// is large, which no test here gets to.)
pub fn vote_log_entries(path: &Path) -> Result<Vec<Entry>> {
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    let mut entries = Vec::new();
    // The first frame says whose log it is.
    for payload in frames(&bytes).skip(1) {
        let mut rest = payload;
        while !rest.is_empty() {
            match Entry::decode(&mut rest) {
                Ok(entry) => entries.push(entry),
                // A bit that a test flipped may be here.
                Err(_) if path.extension().is_some_and(|e| e != "votes") => break,
                Err(error) => bail!("{}: {error}", path.display()),
            }
        }
    }
    Ok(entries)
}
