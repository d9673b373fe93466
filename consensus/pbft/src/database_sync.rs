// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Makes the chain's database durable now and then, so that the vote log need not keep all decided
//! blocks for replay.
//!
//! Neither database of the SDK asks the disk to sync what it writes, and how far a power cut sets it
//! back is up to the kernel (half a minute and more). A file can be synced by anybody who opens it,
//! so this is done from outside, every [`SYNC_EVERY_HEIGHTS`].

use hansa_pbft_primitives::Height;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// After how many heights the database is made durable.
pub(crate) const SYNC_EVERY_HEIGHTS: u32 = 32;

/// How long after the commit of a height its files are synced: ParityDB hands commits to a thread
/// of its own that writes them.
const SETTLE: Duration = Duration::from_secs(2);

/// How deep below the database's folder files are looked for.
const MAX_DEPTH: u32 = 3;

/// RocksDB's tables never change once written, are many, and RocksDB syncs them itself.
const TABLE_EXTENSION: &str = "sst";

/// The database of one chain.
#[derive(Debug)]
pub(crate) struct DatabaseSync {
    /// Its folder; none if it is in memory.
    dir: Option<PathBuf>,
    /// The height up to which it is durable, or will be when what is under way is done.
    synced: Height,
    running: bool,
}

impl DatabaseSync {
    /// For the database in `dir`.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self {
            dir,
            synced: 0,
            running: false,
        }
    }

    /// All blocks up to `height` are committed. If it is time, return the job that makes them
    /// durable; it blocks for a while. [`done`](Self::done) must be called when it has ended.
    pub fn due(
        &mut self,
        height: Height,
    ) -> Option<impl FnOnce() -> io::Result<Height> + Send + 'static> {
        if self.running || height < self.synced.saturating_add(SYNC_EVERY_HEIGHTS) {
            return None;
        }
        let dir = self.dir.clone()?;
        self.running = true;
        self.synced = height;
        Some(move || {
            std::thread::sleep(SETTLE);
            sync_files(&dir, MAX_DEPTH)?;
            Ok(height)
        })
    }

    /// The job has ended.
    pub fn done(&mut self) {
        self.running = false;
    }
}

/// Make the files in `dir` durable, and the folder itself.
fn sync_files(dir: &Path, depth: u32) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() && depth > 0 {
            sync_files(&path, depth.saturating_sub(1))?;
        }
        if !kind.is_file() || path.extension().is_some_and(|e| e == TABLE_EXTENSION) {
            continue;
        }
        match File::open(&path) {
            Ok(file) => file.sync_all()?,
            // The database drops files as it goes.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_due_every_so_many_heights_and_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let mut sync = DatabaseSync::new(Some(dir.path().to_path_buf()));
        assert!(sync.due(SYNC_EVERY_HEIGHTS - 1).is_none());
        let job = sync.due(SYNC_EVERY_HEIGHTS + 3);
        assert!(job.is_some());
        assert!(sync.due(SYNC_EVERY_HEIGHTS * 9).is_none(), "one is running");
        sync.done();
        assert!(sync.due(SYNC_EVERY_HEIGHTS + 4).is_none(), "not yet again");
        assert!(sync.due(SYNC_EVERY_HEIGHTS * 9).is_some());
        assert_eq!(job.unwrap()().unwrap(), SYNC_EVERY_HEIGHTS + 3);
    }

    #[test]
    fn a_database_in_memory_is_never_due() {
        assert!(DatabaseSync::new(None).due(Height::MAX).is_none());
    }

    #[test]
    fn all_files_are_reached_and_a_missing_folder_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("full/db")).unwrap();
        fs::write(dir.path().join("full/db/000001.log"), b"x").unwrap();
        sync_files(dir.path(), MAX_DEPTH).unwrap();
        assert!(sync_files(&dir.path().join("none"), MAX_DEPTH).is_err());
    }
}
