// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A disk in memory that forgets what was not synced, tears what was being written, and fails.

use crate::rng::Rng;
use hansa_vote_log::{Disk, DiskFile};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::{Path, PathBuf},
    rc::Rc,
};

/// Disks write this many bytes, aligned, or none of them.
const SECTOR_BYTES: usize = 512;

/// What a disk does at one of its operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The node dies in the middle of it: it is done in part, and nothing is done any more.
    Die,
    /// It fails with this error, done in part.
    Fail(io::ErrorKind),
}

/// How a node went down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crash {
    /// The process was killed: what was written stays.
    Process,
    /// The machine lost its power: what was not synced is lost, in part or altogether.
    Power,
}

#[derive(Clone, Default, Debug)]
struct FileData {
    /// As a reader sees it.
    current: Vec<u8>,
    /// As it is after a power cut at worst.
    durable: Vec<u8>,
    /// From where on the two may differ.
    dirty_from: usize,
}

impl FileData {
    fn sync(&mut self) {
        self.durable.truncate(self.dirty_from);
        self.durable
            .extend_from_slice(&self.current[self.durable.len()..]);
        self.dirty_from = self.current.len();
    }

    fn is_synced(&self) -> bool {
        self.dirty_from >= self.current.len() && self.durable.len() == self.current.len()
    }

    /// What a power cut leaves of what was not synced: none of it, all, its beginning, or its
    /// sectors in part.
    fn lose_power(&mut self, rng: &mut Rng) {
        if self.is_synced() {
            return;
        }
        let from = self.durable.len().min(self.dirty_from);
        let grown = self.current.len().saturating_sub(from);
        match rng.below(4) {
            0 => self.current.clone_from(&self.durable),
            1 => {}
            2 if self.current.len() > from => {
                self.current.truncate(from + rng.index(grown + 1));
            }
            3 if self.current.len() > from => {
                let mut at = from;
                while at < self.current.len() {
                    let end = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(self.current.len());
                    if rng.chance(500) {
                        self.current[at..end].fill(0);
                    }
                    at = end;
                }
            }
            _ => self.current.clone_from(&self.durable),
        }
        self.durable.clone_from(&self.current);
        self.dirty_from = self.current.len();
    }
}

/// A change of names that is not durable yet.
#[derive(Clone, Debug)]
enum Renaming {
    Create(PathBuf, u64),
    Rename(PathBuf, PathBuf),
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<u64, FileData>,
    next_file: u64,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    renamings: Vec<Renaming>,
    locks: BTreeSet<PathBuf>,
    /// After how many operations there is trouble.
    trouble: Option<(u64, Trouble)>,
    dead: bool,
    /// Whether syncing does nothing, as on a disk that lies.
    skips_syncs: bool,
}

fn apply(names: &mut BTreeMap<PathBuf, u64>, renaming: &Renaming) {
    match renaming {
        Renaming::Create(path, file) => {
            names.insert(path.clone(), *file);
        }
        Renaming::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
    }
}

/// The error of a node that is dead already.
fn dead() -> io::Error {
    io::Error::other("the node is dead")
}

impl Inner {
    /// Count an operation that changes something; whether it is to be done in part only, and the
    /// error with which it ends.
    fn operation(&mut self) -> Result<(), io::Error> {
        if self.dead {
            return Err(dead());
        }
        match self.trouble.as_mut() {
            None => Ok(()),
            Some((left, _)) if *left > 0 => {
                *left -= 1;
                Ok(())
            }
            Some((_, trouble)) => {
                let trouble = *trouble;
                self.trouble = None;
                match trouble {
                    Trouble::Die => {
                        self.dead = true;
                        Err(dead())
                    }
                    Trouble::Fail(kind) => Err(kind.into()),
                }
            }
        }
    }

    fn file(&mut self, id: u64) -> io::Result<&mut FileData> {
        self.files
            .get_mut(&id)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub struct MemDisk(Rc<RefCell<Inner>>);

impl fmt::Debug for MemDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemDisk")
    }
}

impl MemDisk {
    /// Let there be `trouble` at the operation after the next `operations`.
    pub fn set_trouble(&self, operations: u64, trouble: Trouble) {
        self.0.borrow_mut().trouble = Some((operations, trouble));
    }

    /// There is no trouble ahead any more.
    pub fn clear_trouble(&self) {
        self.0.borrow_mut().trouble = None;
    }

    /// Whether the node died in an operation.
    pub fn is_dead(&self) -> bool {
        self.0.borrow().dead
    }

    /// Let syncing do nothing, as on a disk that lies.
    pub fn skip_syncs(&self, skip: bool) {
        self.0.borrow_mut().skips_syncs = skip;
    }

    /// The node is down; what is left is what the next start finds.
    pub fn crash(&self, crash: Crash, rng: &mut Rng) {
        let mut inner = self.0.borrow_mut();
        let inner = &mut *inner;
        inner.dead = false;
        inner.trouble = None;
        inner.locks.clear();
        let renamings = std::mem::take(&mut inner.renamings);
        let kept = match crash {
            Crash::Process => renamings.len(),
            Crash::Power => rng.index(renamings.len() + 1),
        };
        for renaming in renamings.iter().take(kept) {
            apply(&mut inner.durable_names, renaming);
        }
        inner.names.clone_from(&inner.durable_names);
        for file in inner.files.values_mut() {
            match crash {
                // What was written reaches the disk in time.
                Crash::Process => file.sync(),
                Crash::Power => file.lose_power(rng),
            }
        }
        let named: BTreeSet<_> = inner.names.values().copied().collect();
        inner.files.retain(|id, _| named.contains(id));
    }

    /// Whether everything that was written to `path` is durable, and the name, too.
    pub fn is_synced(&self, path: &Path) -> bool {
        let inner = self.0.borrow();
        let Some(id) = inner.names.get(path) else {
            return false;
        };
        inner.durable_names.get(path) == Some(id)
            && inner.files.get(id).is_some_and(FileData::is_synced)
    }

    /// The bytes of a file.
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.0.borrow();
        let file = inner.files.get(inner.names.get(path)?)?;
        Some(file.current.clone())
    }

    /// Put `bytes` in place of a file, durably; none removes it.
    pub fn replace(&self, path: &Path, bytes: Option<Vec<u8>>) {
        let mut inner = self.0.borrow_mut();
        let Some(bytes) = bytes else {
            inner.names.remove(path);
            inner.durable_names.remove(path);
            return;
        };
        let id = inner.next_file;
        inner.next_file += 1;
        let dirty_from = bytes.len();
        let file = FileData {
            durable: bytes.clone(),
            current: bytes,
            dirty_from,
        };
        inner.files.insert(id, file);
        inner.names.insert(path.to_path_buf(), id);
        inner.durable_names.insert(path.to_path_buf(), id);
    }
}

impl Disk for MemDisk {
    type File = MemFile;
    type Lock = MemLock;

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let inner = self.0.borrow();
        let names = inner.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(names
            .filter_map(|path| path.file_name()?.to_str().map(Into::into))
            .collect())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.borrow().names.contains_key(path)
    }

    fn open(&self, path: &Path) -> io::Result<MemFile> {
        let inner = self.0.borrow();
        if inner.dead {
            return Err(dead());
        }
        let file = *inner.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(MemFile {
            disk: self.clone(),
            file,
        })
    }

    fn create(&self, path: &Path) -> io::Result<MemFile> {
        let mut inner = self.0.borrow_mut();
        inner.operation()?;
        let file = inner.next_file;
        inner.next_file += 1;
        inner.files.insert(file, FileData::default());
        let renaming = Renaming::Create(path.to_path_buf(), file);
        apply(&mut inner.names, &renaming);
        inner.renamings.push(renaming);
        Ok(MemFile {
            disk: self.clone(),
            file,
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        inner.operation()?;
        let renaming = Renaming::Rename(from.to_path_buf(), to.to_path_buf());
        apply(&mut inner.names, &renaming);
        inner.renamings.push(renaming);
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        inner.operation()?;
        let inner = &mut *inner;
        for renaming in std::mem::take(&mut inner.renamings) {
            apply(&mut inner.durable_names, &renaming);
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<MemLock>> {
        let mut inner = self.0.borrow_mut();
        if inner.dead {
            return Err(dead());
        }
        Ok(inner.locks.insert(path.to_path_buf()).then(|| MemLock {
            disk: self.clone(),
            path: path.to_path_buf(),
        }))
    }
}

/// A lock of a [`MemDisk`].
#[derive(Debug)]
pub struct MemLock {
    disk: MemDisk,
    path: PathBuf,
}

impl Drop for MemLock {
    fn drop(&mut self) {
        self.disk.0.borrow_mut().locks.remove(&self.path);
    }
}

/// An open file of a [`MemDisk`].
#[derive(Debug)]
pub struct MemFile {
    disk: MemDisk,
    file: u64,
}

impl DiskFile for MemFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.disk.0.borrow_mut().file(self.file)?.current.len() as u64)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut inner = self.disk.0.borrow_mut();
        let from = offset as usize;
        let found = inner
            .file(self.file)?
            .current
            .get(from..from.saturating_add(bytes.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(found);
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut inner = self.disk.0.borrow_mut();
        let was_dead = inner.dead;
        let done = inner.operation();
        if was_dead {
            return done;
        }
        // Trouble comes in the middle of the write.
        let len = if done.is_ok() {
            bytes.len()
        } else {
            bytes.len() / 2
        };
        let file = inner.file(self.file)?;
        let (from, end) = (offset as usize, offset as usize + len);
        if file.current.len() < end {
            file.current.resize(end, 0);
        }
        file.current[from..end].copy_from_slice(&bytes[..len]);
        file.dirty_from = file.dirty_from.min(from);
        done
    }

    fn resize(&self, len: u64) -> io::Result<()> {
        let mut inner = self.disk.0.borrow_mut();
        inner.operation()?;
        let file = inner.file(self.file)?;
        let len = len as usize;
        file.dirty_from = file.dirty_from.min(len).min(file.current.len());
        file.current.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.disk.0.borrow_mut();
        inner.operation()?;
        if !inner.skips_syncs {
            inner.file(self.file)?.sync();
        }
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(disk: &MemDisk) -> MemFile {
        let file = disk.create(Path::new("a")).unwrap();
        disk.sync_dir(Path::new(".")).unwrap();
        file.write(&[1; 100], 0).unwrap();
        file.sync_data().unwrap();
        file.write(&[2; 2_000], 100).unwrap();
        file
    }

    #[test]
    fn a_killed_process_loses_nothing_that_was_written() {
        let disk = MemDisk::default();
        written(&disk);
        disk.crash(Crash::Process, &mut Rng::new(1));
        assert_eq!(disk.contents(Path::new("a")).unwrap().len(), 2_100);
    }

    #[test]
    fn a_power_cut_keeps_what_was_synced_and_any_part_of_the_rest() {
        let mut lengths = BTreeSet::new();
        for seed in 0..200 {
            let disk = MemDisk::default();
            written(&disk);
            disk.crash(Crash::Power, &mut Rng::new(seed));
            let left = disk.contents(Path::new("a")).unwrap();
            assert_eq!(left[..100], [1; 100], "seed {seed}");
            assert!(left[100..].iter().all(|byte| [0, 2].contains(byte)));
            lengths.insert(left.len());
        }
        assert!(lengths.len() > 20, "{lengths:?}");
    }

    #[test]
    fn a_name_is_durable_when_its_directory_is_synced() {
        let mut kept = 0;
        for seed in 0..100 {
            let disk = MemDisk::default();
            written(&disk);
            disk.rename(Path::new("a"), Path::new("b")).unwrap();
            disk.crash(Crash::Power, &mut Rng::new(seed));
            let (a, b) = (disk.exists(Path::new("a")), disk.exists(Path::new("b")));
            assert!(a != b, "one of the two names");
            kept += usize::from(b);
        }
        assert!((20..80).contains(&kept), "{kept}");
    }

    #[test]
    fn trouble_comes_in_the_middle_of_a_write_and_death_stays() {
        let disk = MemDisk::default();
        let file = written(&disk);
        disk.set_trouble(0, Trouble::Fail(io::ErrorKind::StorageFull));
        assert!(file.write(&[3; 10], 2_100).is_err());
        assert_eq!(file.size().unwrap(), 2_105);
        file.write(&[3; 10], 2_100).unwrap();
        disk.set_trouble(1, Trouble::Die);
        file.sync_data().unwrap();
        assert!(file.sync_data().is_err() && disk.is_dead());
        assert!(file.write(&[3; 10], 0).is_err());
    }
}
