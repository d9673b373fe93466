// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A client of headers only, with a database beside them.

use hansa_interchain_primitives::{Hash, Height};
use hansa_primitives::{Block, Header};
use sc_client_api::AuxStore;
use sp_blockchain::{BlockStatus, HeaderBackend, Info};
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use std::{collections::HashMap, sync::Mutex};

/// A chain of headers, the first of height 1, with a database.
#[derive(Default)]
pub(crate) struct Client {
    headers: Mutex<Vec<Header>>,
    items: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

impl Client {
    /// Make a block with this in its header.
    pub(crate) fn block(&self, logs: Vec<DigestItem>) -> Height {
        let mut headers = self.headers.lock().unwrap();
        let (height, zero) = (headers.len() as Height + 1, Hash::zero());
        headers.push(Header::new(height, zero, zero, zero, Digest { logs }));
        height
    }

    /// How many items are in the database.
    pub(crate) fn items(&self) -> usize {
        self.items.lock().unwrap().len()
    }
}

impl HeaderBackend<Block> for Client {
    fn header(&self, hash: Hash) -> sp_blockchain::Result<Option<Header>> {
        let headers = self.headers.lock().unwrap();
        Ok(headers.iter().find(|header| header.hash() == hash).cloned())
    }

    fn info(&self) -> Info<Block> {
        let (head, zero) = (self.headers.lock().unwrap().len() as Height, Hash::zero());
        Info {
            best_hash: zero,
            best_number: head,
            genesis_hash: zero,
            finalized_hash: zero,
            finalized_number: head,
            finalized_state: None,
            number_leaves: 1,
            block_gap: None,
        }
    }

    fn status(&self, _: Hash) -> sp_blockchain::Result<BlockStatus> {
        Ok(BlockStatus::InChain)
    }

    fn number(&self, _: Hash) -> sp_blockchain::Result<Option<Height>> {
        Ok(None)
    }

    fn hash(&self, height: Height) -> sp_blockchain::Result<Option<Hash>> {
        let headers = self.headers.lock().unwrap();
        let at = (height as usize).checked_sub(1);
        Ok(at.and_then(|at| headers.get(at)).map(Header::hash))
    }
}

impl AuxStore for Client {
    fn insert_aux<
        'a,
        'b: 'a,
        'c: 'a,
        I: IntoIterator<Item = &'a (&'c [u8], &'c [u8])>,
        D: IntoIterator<Item = &'a &'b [u8]>,
    >(
        &self,
        insert: I,
        delete: D,
    ) -> sp_blockchain::Result<()> {
        let mut items = self.items.lock().unwrap();
        items.extend(insert.into_iter().map(|(k, v)| (k.to_vec(), v.to_vec())));
        for key in delete {
            items.remove(*key);
        }
        Ok(())
    }

    fn get_aux(&self, key: &[u8]) -> sp_blockchain::Result<Option<Vec<u8>>> {
        Ok(self.items.lock().unwrap().get(key).cloned())
    }
}
