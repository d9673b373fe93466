// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The auditor: collects everything that authorities have said, and tells whether any two of it
//! conflict.
//!
//! It has two sources. Nodes that run with [`WIRE_LOG`] write every consensus message that they send
//! or receive into their logs, in full; and the vote logs on disk hold what each node has signed,
//! also what it never got to send before it was killed. The log of a process that was killed may lack
//! its last lines, hence both.
//!
//! It does not call the product's own rules for offences, so that a mistake in them is not one of
//! the auditor's as well; and it takes signatures for granted, since the nodes here are honest:
//! what it cannot explain is an error, never a lie.

use crate::disk::{self, Entry};
use anyhow::{ensure, Context, Result};
use codec::{DecodeAll, Encode};
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{
    AuthorityIndex, Certificate, Hash, Height, Message, Prepared, SignedStatement, Statement, View,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// The flag with which a node writes every consensus message into its log.
pub const WIRE_LOG: &str = "--log=pbft::wire=trace";

/// What stands before the direction and the message in such a line.
pub(crate) const WIRE_MARK: &str = "pbft wire ";

/// What one authority may say only once: (height, authority, view, kind of statement).
type Place = (Height, AuthorityIndex, View, Kind);

/// The kinds of statement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// *Pre-prepare*.
    Proposal,
    /// *Prepare*.
    Prepare,
    /// *Commit*.
    Commit,
    /// *View-change*.
    ViewChange,
}

impl Kind {
    /// The kind of `statement`.
    pub fn of(statement: &Statement) -> Self {
        match statement {
            Statement::Proposal { .. } => Self::Proposal,
            Statement::Prepare { .. } => Self::Prepare,
            Statement::Commit { .. } => Self::Commit,
            Statement::ViewChange { .. } => Self::ViewChange,
        }
    }
}

/// Collects statements and decisions.
#[derive(Default)]
pub struct Auditor {
    /// What was said at each place, encoded, with where it was seen first.
    statements: BTreeMap<Place, BTreeMap<Vec<u8>, (Statement, String)>>,
    /// The blocks that a commit certificate names at each height, with where it was seen first.
    decided: BTreeMap<Height, BTreeMap<Hash, String>>,
    /// What came to others over the wire: (authority, kind, height).
    heard: BTreeSet<(AuthorityIndex, Kind, Height)>,
    /// How far each file was read.
    read: HashMap<PathBuf, u64>,
    /// Lines that were cut off, as the last ones of a process that was killed.
    cut_off: usize,
}

impl Auditor {
    /// An auditor that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Read what a node has logged since the last time.
    pub fn read_wire_log(&mut self, path: &Path) -> Result<()> {
        let from = self.read.get(path).copied().unwrap_or(0);
        let mut file = File::open(path).with_context(|| path.display().to_string())?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // Up to the last line that has its end.
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        self.read.insert(path.into(), from + whole as u64);
        let source = source_of(path);
        for line in bytes[..whole].split(|b| *b == b'\n') {
            let Some(message) = wire_message(line) else {
                continue;
            };
            match message {
                Ok((came_in, message)) => {
                    self.hear(&source, &message);
                    if let Some(said) = said_by(&message).filter(|_| came_in) {
                        let kind = Kind::of(&said.statement);
                        self.heard.insert((said.authority, kind, said.height));
                    }
                }
                Err(_) => self.cut_off += 1,
            }
        }
        Ok(())
    }

    /// Read the vote logs in a folder, those that were put aside as damaged included.
    pub fn read_vote_logs(&mut self, folder: &Path) -> Result<()> {
        for path in disk::vote_log_files(folder)? {
            let source = source_of(&path);
            for entry in disk::vote_log_entries(&path)? {
                match entry {
                    Entry::Record(_, record) => match record {
                        Record::Sent(message) => self.hear(&source, &message),
                        Record::Prepared(certificate) => {
                            self.hear_certificate(&source, &certificate);
                        }
                        Record::Heard(statement) => self.hear_statement(&source, &statement),
                    },
                    Entry::Decided(certificate) => self.hear_decision(&source, &certificate),
                    Entry::Block(_) | Entry::Incomplete | Entry::SignFrom(_) | Entry::Under(..) => {
                    }
                }
            }
        }
        Ok(())
    }

    /// Take in what a message says, and what the certificates in it say.
    pub fn hear(&mut self, source: &str, message: &Message) {
        match message {
            Message::Proposal { statement, proof } => {
                self.hear_statement(source, statement);
                let proof = proof.iter();
                for part in proof.flat_map(|p| p.view_changes.iter()) {
                    self.hear_statement(source, part);
                }
            }
            Message::Vote(statement) => self.hear_statement(source, statement),
            Message::ViewChange {
                statement,
                certificate,
            } => {
                self.hear_statement(source, statement);
                if let Some(certificate) = certificate {
                    self.hear_certificate(source, certificate);
                }
            }
            Message::Decided(certificate) => self.hear_decision(source, certificate),
        }
    }

    /// Take in a certificate that makes its block final.
    pub fn hear_decision(&mut self, source: &str, certificate: &Certificate) {
        let blocks = self.decided.entry(certificate.height).or_default();
        blocks
            .entry(certificate.hash)
            .or_insert_with(|| source.to_string());
        self.hear_certificate(source, certificate);
    }

    /// Take in the votes in a certificate.
    pub fn hear_certificate(&mut self, source: &str, certificate: &Certificate) {
        let (height, view) = (certificate.height, certificate.view);
        for (authority, _) in certificate.votes() {
            self.hear_one(source, (height, authority, view), certificate.statement());
        }
    }

    /// Take in one statement.
    pub fn hear_statement(&mut self, source: &str, signed: &SignedStatement) {
        let place = (signed.height, signed.authority, signed.view);
        self.hear_one(source, place, signed.statement);
    }

    fn hear_one(
        &mut self,
        source: &str,
        (height, authority, view): (Height, AuthorityIndex, View),
        statement: Statement,
    ) {
        let place = (height, authority, view, Kind::of(&statement));
        self.statements
            .entry(place)
            .or_default()
            .entry(statement.encode())
            .or_insert_with(|| (statement, source.to_string()));
    }

    /// How many different statements were seen.
    pub fn statements(&self) -> usize {
        self.statements.values().map(BTreeMap::len).sum()
    }

    /// Whether others heard a statement of this kind from `authority` at a height above `height`.
    pub fn was_heard(&self, authority: AuthorityIndex, kind: Kind, above: Height) -> bool {
        let above = (authority, kind, above.saturating_add(1));
        let end = (authority, kind, Height::MAX);
        self.heard.range(above..=end).next().is_some()
    }

    /// All that `authority` said at heights up to `height`.
    pub fn said_up_to(
        &self,
        authority: AuthorityIndex,
        height: Height,
    ) -> BTreeSet<(Place, Vec<u8>)> {
        self.statements
            .iter()
            .filter(|((at, who, _, _), _)| *at <= height && *who == authority)
            .flat_map(|(place, said)| said.keys().map(|encoded| (*place, encoded.clone())))
            .collect()
    }

    /// The highest height at which `authority` said anything.
    pub fn last_height_of(&self, authority: AuthorityIndex) -> Option<Height> {
        let of = |(place, _): (&Place, _)| (place.1 == authority).then_some(place.0);
        self.statements.iter().rev().find_map(of)
    }

    /// The authority that proposed at this height in view 0.
    pub fn proposer_of(&self, height: Height) -> Option<AuthorityIndex> {
        self.statements
            .keys()
            .find(|(at, _, view, kind)| (*at, *view, *kind) == (height, 0, Kind::Proposal))
            .map(|(_, who, _, _)| *who)
    }

    /// An error that names everything that conflicts, if anything does.
    pub fn verdict(&self) -> Result<()> {
        let mut conflicts = self.equivocations();
        conflicts.extend(self.amnesia());
        conflicts.extend(self.forks());
        ensure!(
            conflicts.is_empty(),
            "of {} statements, these conflict:\n{}",
            self.statements(),
            conflicts.join("\n")
        );
        println!(
            "audit: {} statements and {} decided heights, none conflict ({} lines were cut off)",
            self.statements(),
            self.decided.len(),
            self.cut_off
        );
        Ok(())
    }

    /// Two different statements of one kind for the same height and view.
    fn equivocations(&self) -> Vec<String> {
        self.statements
            .iter()
            .filter(|(_, said)| said.len() > 1)
            .map(|(place, said)| format!("{}: {:?}", shown(place), said.values()))
            .collect()
    }

    /// A Commit in a view beside a ViewChange to a higher one that shows no certificate, or one of
    /// a lower view.
    fn amnesia(&self) -> Vec<String> {
        let of_kind = |wanted: Kind| {
            self.statements
                .iter()
                .filter(move |(place, _)| place.3 == wanted)
                .flat_map(|(place, said)| said.values().map(move |(what, _)| (place, what)))
        };
        let mut commits: HashMap<(Height, AuthorityIndex), Vec<&Place>> = HashMap::new();
        for (place, _) in of_kind(Kind::Commit) {
            commits.entry((place.0, place.1)).or_default().push(place);
        }
        let mut found = Vec::new();
        for (place, statement) in of_kind(Kind::ViewChange) {
            let Statement::ViewChange { prepared } = statement else {
                continue;
            };
            let hides = |view: View| prepared.is_none_or(|p: Prepared| p.view < view);
            let before = commits.get(&(place.0, place.1)).into_iter().flatten();
            for commit in before.filter(|c| c.2 < place.2 && hides(c.2)) {
                found.push(format!(
                    "{} beside {}, which shows {prepared:?}",
                    shown(commit),
                    shown(place)
                ));
            }
        }
        found
    }

    /// Two blocks that are both final at one height.
    fn forks(&self) -> Vec<String> {
        self.decided
            .iter()
            .filter(|(_, blocks)| blocks.len() > 1)
            .map(|(height, blocks)| format!("height {height} is decided twice: {blocks:?}"))
            .collect()
    }
}

/// A place in words.
fn shown((height, authority, view, kind): &Place) -> String {
    format!("{kind:?} of authority {authority} at height {height}, view {view}")
}

/// A file in messages: its folder's name and its own.
pub(crate) fn source_of(path: &Path) -> String {
    let parts: Vec<_> = path
        .iter()
        .rev()
        .take(2)
        .map(|p| p.to_string_lossy())
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// The message in a line of a log, and whether it came in; none if the line is another one.
fn wire_message(line: &[u8]) -> Option<Result<(bool, Message)>> {
    let line = String::from_utf8_lossy(line);
    let (_, rest) = line.split_once(WIRE_MARK)?;
    let decode = || {
        let mut words = rest.split_whitespace();
        let direction = words.next().context("no direction")?;
        let bytes = sp_core::bytes::from_hex(words.next().context("no message")?)?;
        Ok((direction == "in", Message::decode_all(&mut &bytes[..])?))
    };
    Some(decode())
}

/// What the sender of a message says in it himself.
fn said_by(message: &Message) -> Option<&SignedStatement> {
    match message {
        Message::Proposal { statement, .. }
        | Message::Vote(statement)
        | Message::ViewChange { statement, .. } => Some(statement),
        Message::Decided(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    /// What votes in view 0 name.
    const NO_PROOF: Hash = Hash::zero();

    const VOTER: AuthorityIndex = 2;

    fn commit(block: u8) -> Statement {
        Statement::Commit {
            hash: Hash::repeat_byte(block),
            proof: NO_PROOF,
        }
    }

    fn change(prepared: Option<View>) -> Statement {
        let hash = Hash::repeat_byte(1);
        Statement::ViewChange {
            prepared: prepared.map(|view| Prepared { view, hash }),
        }
    }

    #[test]
    fn what_conflicts_is_found_and_what_does_not_is_not() {
        let prepare = Statement::Prepare {
            hash: Hash::repeat_byte(1),
            proof: NO_PROOF,
        };
        let shown = |view| change(Some(view));
        type Case<'a> = (&'a str, &'a [(View, Statement)], bool);
        let cases: [Case; 8] = [
            ("one vote", &[(0, commit(1))], true),
            ("a vote twice", &[(0, commit(1)), (0, commit(1))], true),
            ("two kinds", &[(0, prepare), (0, commit(1))], true),
            ("two views", &[(0, commit(1)), (1, commit(1))], true),
            ("two blocks", &[(0, commit(1)), (0, commit(2))], false),
            ("shown", &[(0, commit(1)), (1, shown(0))], true),
            ("hidden", &[(0, commit(1)), (1, change(None))], false),
            ("a lower one", &[(1, commit(1)), (2, shown(0))], false),
        ];
        for (what, said, good) in cases {
            let mut auditor = Auditor::new();
            for (view, statement) in said {
                auditor.hear_one("test", (5, VOTER, *view), *statement);
            }
            assert_eq!(auditor.verdict().is_ok(), good, "{what}");
        }
    }

    #[test]
    fn lines_of_other_kinds_are_skipped_and_torn_ones_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.log");
        std::fs::write(&path, "hello\npbft wire in 0x01\npbft wire out 0x0").unwrap();
        let mut auditor = Auditor::new();
        auditor.read_wire_log(&path).unwrap();
        assert_eq!((auditor.cut_off, auditor.statements()), (1, 0));
    }
}
