// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the log holds, in memory: small things themselves, blocks by their place in the file.
//!
//! Bounded by what is kept: records of undecided heights (small but for the highest view), at most
//! [`MAX_OPEN_BLOCKS`] undecided blocks, the last [`DECIDED_KEPT`] decided heights, and those above
//! the height up to which the database is known to be durable, [`DECIDED_KEPT_MAX`] at most.

use crate::{Entry, LoggedBlock};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{Certificate, Hash, Height, Message, SetId, View};
use std::collections::{BTreeMap, HashMap};

/// How many decided heights stay in the log in any case, with block and certificate, so that they
/// can be replayed into a database that lost them.
pub const DECIDED_KEPT: usize = 64;

/// How many decided heights stay in the log at most, while the database is not known to be durable.
/// The node has it made durable far more often.
pub const DECIDED_KEPT_MAX: usize = 1_024;

/// How many undecided blocks the log takes. The driver holds few a height; this is the backstop.
pub const MAX_OPEN_BLOCKS: usize = 1_024;

/// Where a block stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlockPlace {
    /// Its height.
    pub height: Height,
    /// The offset of its encoding in the file, as it is or will be.
    pub offset: u64,
    /// The length of its encoding.
    pub len: usize,
}

/// The index.
#[derive(Default, Debug)]
pub(crate) struct Index {
    records: BTreeMap<Height, Vec<Record>>,
    blocks: HashMap<Hash, BlockPlace>,
    decided: BTreeMap<Height, Certificate>,
    signing_from: Option<Height>,
    /// From which height on nothing is signed under a set older than this one.
    under: Option<(Height, SetId)>,
    /// Up to which height the database is durable; not in the file, so unknown (0) after a start.
    database_holds: Height,
}

impl Index {
    /// Take `entry` in; a block's encoding begins at `offset` of the file.
    pub fn apply<B: LoggedBlock>(&mut self, entry: Entry<B>, offset: u64, len: usize) {
        match entry {
            Entry::Record { height, record } => self.add_record(height, record),
            Entry::Block(block) => self.add_block(&block, offset, len),
            Entry::Decided(certificate) => self.add_decided(certificate),
            Entry::Incomplete => self.signing_from = None,
            Entry::SignFrom(height) => self.signing_from = Some(height),
            Entry::Under { height, set } => self.go_under(height, set),
        }
    }

    /// Statements of different sets are different statements: those of the older one are of no use
    /// any more, and must not be taken for those of the newer one. The blocks stay: others may ask
    /// for them.
    fn go_under(&mut self, height: Height, set: SetId) {
        if self.under.is_some_and(|(_, known)| known >= set) {
            return;
        }
        drop(self.records.split_off(&height));
        self.under = Some((height, set));
    }

    fn add_record(&mut self, height: Height, record: Record) {
        if self.last_decided().is_some_and(|last| height <= last) {
            return;
        }
        let records = self.records.entry(height).or_default();
        if !records.contains(&record) {
            records.push(record);
            slim_superseded(records);
            // Said again in full, it may now be what is here already.
            if records
                .split_last()
                .is_some_and(|(last, before)| before.contains(last))
            {
                records.pop();
            }
        }
    }

    /// Note where `block` stands; a block that is known stays where it is.
    pub fn add_block(&mut self, block: &impl LoggedBlock, offset: u64, len: usize) {
        let height = block.height();
        self.blocks.entry(block.hash()).or_insert(BlockPlace {
            height,
            offset,
            len,
        });
    }

    fn add_decided(&mut self, certificate: Certificate) {
        let height = certificate.height;
        self.decided.insert(height, certificate);
        self.prune();
    }

    /// The database is durable up to `height`: decided heights below need not be kept for it.
    pub fn database_holds(&mut self, height: Height) {
        if height > self.database_holds {
            self.database_holds = height;
            self.prune();
        }
    }

    /// Forget decided heights that are needed no more, and all of their records and blocks.
    fn prune(&mut self) {
        while self.decided.len() > DECIDED_KEPT_MAX
            || (self.decided.len() > DECIDED_KEPT
                && self
                    .decided
                    .first_key_value()
                    .is_some_and(|(height, _)| *height <= self.database_holds))
        {
            self.decided.pop_first();
        }
        let Some(last) = self.last_decided() else {
            return;
        };
        self.records = self.records.split_off(&last.saturating_add(1));
        let decided = &self.decided;
        self.blocks.retain(|hash, place| {
            place.height > last || decided.get(&place.height).is_some_and(|c| c.hash == *hash)
        });
    }

    /// Forget everything above `height`. What was signed there is forgotten with it, so nothing
    /// may be signed until that is said anew.
    pub fn cut_above(&mut self, height: Height) {
        let above = height.saturating_add(1);
        drop(self.records.split_off(&above));
        drop(self.decided.split_off(&above));
        self.blocks.retain(|_, place| place.height <= height);
        self.signing_from = None;
    }

    /// Nothing may be signed until that is said anew.
    pub fn cut_signing(&mut self) {
        self.signing_from = None;
    }

    pub fn records(&self, height: Height) -> &[Record] {
        self.records.get(&height).map_or(&[], Vec::as_slice)
    }

    pub fn open_heights(&self) -> Vec<Height> {
        self.records.keys().copied().collect()
    }

    pub fn all_records(&self) -> impl Iterator<Item = (Height, &Record)> {
        self.records
            .iter()
            .flat_map(|(height, list)| list.iter().map(move |r| (*height, r)))
    }

    pub fn block(&self, hash: &Hash) -> Option<BlockPlace> {
        self.blocks.get(hash).copied()
    }

    /// All blocks, in the order in which they stand in the file.
    pub fn blocks_in_order(&self) -> Vec<(Hash, BlockPlace)> {
        let mut blocks: Vec<_> = self
            .blocks
            .iter()
            .map(|(hash, place)| (*hash, *place))
            .collect();
        blocks.sort_unstable_by_key(|(_, place)| place.offset);
        blocks
    }

    /// How many blocks of undecided heights there are.
    pub fn open_blocks(&self) -> usize {
        let last = self.last_decided();
        self.blocks
            .values()
            .filter(|place| last.is_none_or(|last| place.height > last))
            .count()
    }

    pub fn move_block(&mut self, hash: &Hash, offset: u64) {
        if let Some(place) = self.blocks.get_mut(hash) {
            place.offset = offset;
        }
    }

    pub fn decided(&self, height: Height) -> Option<&Certificate> {
        self.decided.get(&height)
    }

    pub fn all_decided(&self) -> impl Iterator<Item = &Certificate> {
        self.decided.values()
    }

    pub fn last_decided(&self) -> Option<Height> {
        self.decided.last_key_value().map(|(height, _)| *height)
    }

    pub fn signing_from(&self) -> Option<Height> {
        self.signing_from
    }

    pub fn under(&self) -> Option<(Height, SetId)> {
        self.under
    }
}

/// Make small what the replica needs no more in full at a height: of the views below its highest
/// only the statements themselves, so that it knows what it said, without the proofs that went with
/// them; and of its prepared certificates only the highest, on which it is locked. So a height that
/// stays undecided for days does not fill the disk.
fn slim_superseded(records: &mut Vec<Record>) {
    let highest: View = records
        .iter()
        .filter_map(|record| match record {
            Record::Sent(message) => Some(message.view()),
            Record::Prepared(_) | Record::Heard(_) => None,
        })
        .max()
        .unwrap_or(0);
    let locked: View = records
        .iter()
        .filter_map(|record| match record {
            Record::Prepared(certificate) => Some(certificate.view),
            Record::Sent(_) | Record::Heard(_) => None,
        })
        .max()
        .unwrap_or(0);
    records.retain(|record| match record {
        Record::Prepared(certificate) => certificate.view >= locked,
        Record::Sent(_) | Record::Heard(_) => true,
    });
    for record in records {
        match record {
            Record::Sent(Message::Proposal { statement, proof }) if statement.view < highest => {
                *proof = None;
            }
            Record::Sent(Message::ViewChange {
                statement,
                certificate,
            }) if statement.view < highest => {
                *certificate = None;
            }
            _ => {}
        }
    }
}
