// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the log needs of a disk: the operating system's files, or in a simulation files that fail.

use nix::{
    errno::Errno,
    fcntl::{Flock, FlockArg},
};
use std::{
    fmt::Debug,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

/// Where files are. The meaning of each call is that of POSIX: what is written is durable once the
/// file is synced, and a name once its directory is.
pub trait Disk {
    /// An open file.
    type File: DiskFile;
    /// A lock that is held as long as this exists.
    type Lock: Debug;

    /// Make a directory, and those above it, unless they are there.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// The names of the files in a directory; none if it is not there.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Whether there is a file of this name.
    fn exists(&self, path: &Path) -> bool;

    /// Open a file that is there, to read and write.
    fn open(&self, path: &Path) -> io::Result<Self::File>;

    /// Open an empty file to read and write, in place of one that may be there.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Give a file another name, in place of a file that may have it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Make the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Lock a file that exists for that alone; none if somebody else holds the lock.
    fn lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
}

/// An open file.
pub trait DiskFile: Debug {
    /// The file's size in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Read so many bytes from `offset` on; an error if there are fewer.
    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Write all bytes from `offset` on.
    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cut the file, or fill it up with zeros, to `len` bytes.
    fn resize(&self, len: u64) -> io::Result<()>;

    /// Make what was written durable, and of the file's attributes what is needed to read it.
    fn sync_data(&self) -> io::Result<()>;

    /// Make everything about the file durable.
    fn sync_all(&self) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OsDisk;

impl Disk for OsDisk {
    type File = File;
    type Lock = Flock<File>;

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        if !dir.exists() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            // A name that is no UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Flock<File>>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Ok(Some(lock)),
            Err((_, Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }
}

impl DiskFile for File {
    fn size(&self) -> io::Result<u64> {
        self.metadata().map(|metadata| metadata.len())
    }

    fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(bytes, offset)
    }

    fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn resize(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }
}
