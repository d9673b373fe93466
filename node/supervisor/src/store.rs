// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What outlives the process: which chains have a folder on the disk, their ports, and when the node left
//! them. A file of JSON, replaced as a whole.

use crate::plan::UnixTime;
use hansa_dappchain_primitives::ChainId;
use hansa_primitives::Hash;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The name of the file.
pub const FILE: &str = "dappchains.json";

/// The version of its format.
const VERSION: u32 = 1;

/// Where a chain's service listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// For its peers.
    pub p2p: u16,
    /// For its clients.
    pub rpc: u16,
}

/// A chain that has a folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Its genesis.
    pub genesis: Hash,
    /// Where its service listens.
    pub ports: Ports,
    /// When the hub released this node from it; none while it has not.
    pub left_at: Option<UnixTime>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    chains: BTreeMap<ChainId, Stored>,
}

/// Why what is stored cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// The content.
    #[error(
        "{0} cannot be read ({1}): mend it, or remove it, and the folders of DappChains beside it with it"
    )]
    Content(PathBuf, String),
}

/// The chains that have a folder.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    chains: BTreeMap<ChainId, Stored>,
}

impl Store {
    /// Open what is stored in a folder, which need not exist.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let chains = match fs::read(&path) {
            Ok(bytes) => read(&bytes).map_err(|e| StoreError::Content(path.clone(), e))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(e) => return Err(StoreError::Io(path, e)),
        };
        Ok(Self { path, chains })
    }

    /// The chains.
    pub fn chains(&self) -> &BTreeMap<ChainId, Stored> {
        &self.chains
    }

    /// A chain; none if it has no folder.
    pub fn get(&self, chain: ChainId) -> Option<&Stored> {
        self.chains.get(&chain)
    }

    /// Note that a chain has a folder.
    pub fn insert(&mut self, chain: ChainId, stored: Stored) -> Result<(), StoreError> {
        self.chains.insert(chain, stored);
        self.write()
    }

    /// Note that a chain has none any more.
    pub fn remove(&mut self, chain: ChainId) -> Result<(), StoreError> {
        if self.chains.remove(&chain).is_some() {
            self.write()?;
        }
        Ok(())
    }

    /// Note when the hub released the node from each of these chains.
    pub fn set_left(
        &mut self,
        left: impl Iterator<Item = (ChainId, Option<UnixTime>)>,
    ) -> Result<(), StoreError> {
        let mut changed = false;
        for (chain, left_at) in left {
            if let Some(stored) = self.chains.get_mut(&chain) {
                changed |= stored.left_at != left_at;
                stored.left_at = left_at;
            }
        }
        match changed {
            true => self.write(),
            false => Ok(()),
        }
    }

    /// Durably, and never half of it: the old file is there until the new one is complete.
    fn write(&self) -> Result<(), StoreError> {
        let content = Content {
            version: VERSION,
            chains: self.chains.clone(),
        };
        let write = || -> io::Result<()> {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            let new = self.path.with_extension("json.new");
            let mut file = File::create(&new)?;
            serde_json::to_writer_pretty(&mut file, &content)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().map_err(|e| StoreError::Io(self.path.clone(), e))
    }
}

fn read(bytes: &[u8]) -> Result<BTreeMap<ChainId, Stored>, String> {
    let content: Content = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    match content.version {
        VERSION => Ok(content.chains),
        other => Err(format!(
            "its version is {other}, and this node knows {VERSION}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(p2p: u16) -> Stored {
        Stored {
            name: "game".into(),
            genesis: Hash::repeat_byte(7),
            ports: Ports { p2p, rpc: p2p + 1 },
            left_at: None,
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("new");
        let mut store = Store::open(&inside).unwrap();
        assert!(store.chains().is_empty());
        store.insert(3, stored(30_000)).unwrap();
        store.insert(4, stored(30_002)).unwrap();
        store
            .set_left([(3, Some(9)), (5, Some(1))].into_iter())
            .unwrap();
        store.remove(4).unwrap();
        store.remove(4).unwrap();
        let again = Store::open(&inside).unwrap();
        assert_eq!(again.chains(), store.chains());
        assert_eq!(again.get(3).unwrap().left_at, Some(9));
        assert_eq!(again.chains().len(), 1);
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for bad in [
            "",
            "{}",
            r#"{"version":2,"chains":{}}"#,
            r#"{"version":1,"chains":{"x":{}}}"#,
            r#"{"version":1,"chains":{},"more":1}"#,
        ] {
            fs::write(&path, bad).unwrap();
            let error = Store::open(folder.path()).unwrap_err().to_string();
            assert!(error.contains(FILE), "{bad}: {error}");
        }
    }

    #[test]
    fn a_torn_new_file_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.insert(3, stored(1)).unwrap();
        fs::write(folder.path().join("dappchains.json.new"), "{\"ver").unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.insert(4, stored(3)).unwrap();
        assert_eq!(Store::open(folder.path()).unwrap().chains().len(), 2);
    }
}
