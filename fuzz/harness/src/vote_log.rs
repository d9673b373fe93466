// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A vote log, written as the bytes say, then cut or altered, then opened again.

mod disk;

use crate::{input::Input, world::GENESIS};
use codec::{Decode, Encode};
use disk::MemoryDisk;
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{Hash, Height, SetId};
use hansa_vote_log::{Condition, Entry, LoggedBlock, VoteLog};
use std::path::Path;

/// How many entries an input writes at most.
const MAX_ENTRIES: usize = 64;

/// Heights that entries are for.
const HEIGHTS: u32 = 8;

/// A block of any content.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct AnyBlock {
    height: Height,
    body: Vec<u8>,
}

impl LoggedBlock for AnyBlock {
    fn hash(&self) -> Hash {
        sp_crypto_hashing::blake2_256(&self.encode()).into()
    }

    fn height(&self) -> Height {
        self.height
    }
}

type Log = VoteLog<AnyBlock, MemoryDisk>;

/// What a log says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Content {
    signing_from: Option<Height>,
    under: Option<(Height, SetId)>,
    last_decided: Option<Height>,
    records: Vec<Vec<Record>>,
    decided: Vec<Hash>,
}

impl Content {
    fn of(log: &Log) -> Self {
        Self {
            signing_from: log.signing_from(),
            under: log.under(),
            last_decided: log.last_decided(),
            records: (0..HEIGHTS).map(|h| once(log.records(h))).collect(),
            decided: log.decided_above(0).iter().map(|c| c.hash).collect(),
        }
    }
}

/// Each record once: a log may hold one twice, in full and later without its proof, and when it is
/// made small both look alike.
fn once(records: &[Record]) -> Vec<Record> {
    let mut once: Vec<Record> = Vec::new();
    for record in records {
        if !once.contains(record) {
            once.push(record.clone());
        }
    }
    once
}

/// One log's life.
pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let disk = MemoryDisk::default();
    let content = write(&disk, &mut input);

    // As it was left, it is whole.
    let (condition, again) = open(&disk).expect("a log that is whole opens");
    assert_eq!(condition, Condition::Intact);
    assert_eq!(again.signing_from, content.signing_from);
    assert_eq!(again.under, content.under);
    assert_eq!(again.last_decided, content.last_decided);
    assert_eq!(again.records, content.records);

    // As something else than a crash leaves it, it opens all the same, or says why not; and what
    // the first opening made of it the second finds.
    spoil(&disk, &mut input);
    let Some((condition, first)) = open(&disk) else {
        return;
    };
    if matches!(condition, Condition::Damaged { .. } | Condition::Fresh) {
        assert_eq!(first.signing_from, None, "signs though votes may be lost");
    }
    let (condition, second) = open(&disk).expect("it opened before");
    assert_eq!(condition, Condition::Intact);
    assert_eq!(first, second);
}

/// Open, and see what is in it; none if it refuses.
fn open(disk: &MemoryDisk) -> Option<(Condition, Content)> {
    let (log, recovered) = Log::open_on(disk.clone(), Path::new("/log"), GENESIS, None).ok()?;
    for certificate in log.decided_above(0) {
        // It may have been lost; it may not be another one.
        if let Ok(Some(block)) = log.block(&certificate.hash) {
            assert_eq!(block.hash(), certificate.hash);
        }
    }
    Some((recovered.condition, Content::of(&log)))
}

/// Write entries in batches; what the log says in the end, when all is durable.
fn write(disk: &MemoryDisk, input: &mut Input) -> Content {
    let opened = Log::open_on(disk.clone(), Path::new("/log"), GENESIS, None);
    let (mut log, _) = opened.expect("an empty disk has room");
    log.set_rewrite_min_bytes(4_096);
    for _ in 0..MAX_ENTRIES {
        let Some(action) = input.take() else { break };
        match action % 8 {
            0 => drop(log.sync()),
            1 => drop(log.maintain()),
            2 => drop(log.cut_above(Height::from(input.byte()) % HEIGHTS)),
            3 => drop(log.allow_signing_from(Height::from(input.byte()) % HEIGHTS)),
            4 => log.database_holds(Height::from(input.byte()) % HEIGHTS),
            5 => {
                let block = AnyBlock {
                    height: Height::from(input.byte()) % HEIGHTS,
                    body: input.bytes().to_vec(),
                };
                drop(log.append(Entry::Block(block)));
            }
            _ => {
                if let Ok(entry) = Entry::decode(&mut input.bytes()) {
                    drop(log.append(entry));
                }
            }
        }
    }
    log.sync().expect("memory does not fail");
    Content::of(&log)
}

/// Cut the file, or change some of its bytes.
fn spoil(disk: &MemoryDisk, input: &mut Input) {
    let how = input.byte();
    let (near_end, value) = (input.below(1 << 12), input.byte());
    let rest = input.rest();
    disk.change_files(|bytes| {
        let at = bytes.len().saturating_sub(near_end.max(1));
        match how % 4 {
            0 => bytes.truncate(at),
            1 => bytes.extend_from_slice(rest),
            2 => bytes[at..].fill(0),
            _ => bytes[at] ^= value.max(1),
        }
    });
}
