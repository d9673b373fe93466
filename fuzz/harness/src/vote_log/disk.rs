// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A disk in memory, on which everything is durable at once.

use hansa_vote_log::{Disk, DiskFile};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

/// A file's bytes.
#[derive(Clone, Default, Debug)]
pub struct MemoryFile(Rc<RefCell<Vec<u8>>>);

/// See the module. Clones are the same disk.
#[derive(Clone, Default, Debug)]
pub struct MemoryDisk(Rc<RefCell<BTreeMap<PathBuf, MemoryFile>>>);

impl MemoryDisk {
    /// Change each file that is not empty.
    pub fn change_files(&self, change: impl Fn(&mut Vec<u8>)) {
        for file in self.0.borrow().values() {
            let mut bytes = file.0.borrow_mut();
            if !bytes.is_empty() {
                change(&mut bytes);
            }
        }
    }
}

impl Disk for MemoryDisk {
    type File = MemoryFile;
    type Lock = ();

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = self.0.borrow();
        let in_dir = names.keys().filter(|path| path.parent() == Some(dir));
        Ok(in_dir
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_string()))
            .collect())
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.borrow().contains_key(path)
    }

    fn open(&self, path: &Path) -> io::Result<MemoryFile> {
        let found = self.0.borrow().get(path).cloned();
        found.ok_or(io::ErrorKind::NotFound.into())
    }

    fn create(&self, path: &Path) -> io::Result<MemoryFile> {
        let file = MemoryFile::default();
        self.0.borrow_mut().insert(path.into(), file.clone());
        Ok(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.0.borrow_mut();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.into(), file);
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<()>> {
        Ok(Some(()))
    }
}

impl DiskFile for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.borrow().len() as u64)
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let file = self.0.borrow();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let found = file.get(start..start.saturating_add(bytes.len()));
        bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut file = self.0.borrow_mut();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start.saturating_add(bytes.len());
        if file.len() < end {
            file.resize(end, 0);
        }
        file[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn resize(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.0.borrow_mut().resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        Ok(())
    }
}
