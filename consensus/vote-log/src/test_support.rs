// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the tests share.

use crate::{Entry, LoggedBlock, Recovered};
use codec::{Decode, Encode};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityId, AuthorityPair, Certificate, Hash, Height, Message,
    SignedStatement, SignerBitmap, Statement, View, VoteKind,
};
use sp_core::Pair;
use tempfile::TempDir;

/// A block of the tests.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub(crate) struct TestBlock {
    height: Height,
    salt: u8,
    pub(crate) body: Vec<u8>,
}

impl LoggedBlock for TestBlock {
    fn hash(&self) -> Hash {
        sp_crypto_hashing::blake2_256(&self.encode()).into()
    }

    fn height(&self) -> Height {
        self.height
    }
}

pub(crate) type TestLog = crate::VoteLog<TestBlock>;

pub(crate) const GENESIS: Hash = Hash::repeat_byte(0xab);

pub(crate) fn pair(seed: u8) -> AuthorityPair {
    AuthorityPair::from_seed(&[seed; 32])
}

pub(crate) fn key() -> AuthorityId {
    pair(1).public()
}

pub(crate) fn block(height: Height, salt: u8) -> TestBlock {
    TestBlock {
        height,
        salt,
        body: vec![salt.max(1); 200],
    }
}

pub(crate) fn certificate(kind: VoteKind, height: Height, view: View, hash: Hash) -> Certificate {
    let signature = pair(1).sign(&height.encode());
    Certificate {
        kind,
        height,
        view,
        hash,
        proof: NO_PROOF,
        signers: SignerBitmap::new(4, [0]),
        signatures: vec![signature].try_into().unwrap(),
    }
}

pub(crate) fn signed(height: Height, view: View, statement: Statement) -> SignedStatement {
    let signature = pair(1).sign(&(height, view, statement).encode());
    SignedStatement {
        height,
        view,
        statement,
        authority: 0,
        signature,
    }
}

pub(crate) fn prepare(height: Height, view: View) -> Record {
    let statement = VoteKind::Prepare.statement(Hash::repeat_byte(9), NO_PROOF);
    Record::Sent(Message::Vote(signed(height, view, statement)))
}

pub(crate) fn view_change(height: Height, view: View) -> Record {
    let statement = signed(height, view, Statement::ViewChange { prepared: None });
    Record::Sent(Message::ViewChange {
        statement,
        certificate: None,
    })
}

pub(crate) fn open(dir: &TempDir) -> (TestLog, Recovered) {
    TestLog::open(dir.path(), GENESIS, Some(&key())).unwrap()
}

/// Decide `height` with a block of its own.
pub(crate) fn decide(log: &mut TestLog, height: Height) -> TestBlock {
    let block = block(height, height as u8);
    log.append(Entry::Block(block.clone())).unwrap();
    let decided = certificate(VoteKind::Commit, height, 0, block.hash());
    log.append(Entry::Decided(decided)).unwrap();
    log.sync().unwrap();
    block
}
