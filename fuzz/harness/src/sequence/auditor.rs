// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Looks at all that correct replicas say and decide. The invariants are those of the state
//! machine's documentation.

use super::{replica::Replica, Reached};
use crate::world::{self, GENESIS};
use hansa_pbft_core::{limits, Record};
use hansa_pbft_primitives::{
    AuthorityIndex, AuthoritySet, Certificate, Evidence, Hash, Height, Message, Prepared,
    SignedStatement, Statement, View, VoteKind,
};
use std::{collections::BTreeMap, mem::discriminant, mem::Discriminant, sync::Arc};

/// How many outputs a step has at most: what is current is said again at the start of a height,
/// and messages that came early are processed.
const MAX_OUTPUTS: usize = 64;
const MAX_OUTPUTS_AT_START: usize = 1_024;

/// How many views a replica of this game can enter, about.
const VIEWS_ENTERED: usize = 1_000;

/// What one replica has said at one height.
#[derive(Default)]
struct Said {
    statements: Vec<(View, Discriminant<Statement>, Statement)>,
    highest_commit: Option<View>,
    highest_change: View,
}

/// See the module.
pub struct Auditor {
    set: Arc<AuthoritySet>,
    correct: Vec<AuthorityIndex>,
    /// Whether so few are faulty that all must agree.
    agree: bool,
    said: BTreeMap<(AuthorityIndex, Height), Said>,
    finals: BTreeMap<Height, Hash>,
    convictions: usize,
}

impl Auditor {
    pub fn new(set: Arc<AuthoritySet>, correct: Vec<AuthorityIndex>, agree: bool) -> Self {
        Self {
            set,
            correct,
            agree,
            said: BTreeMap::new(),
            finals: BTreeMap::new(),
            convictions: 0,
        }
    }

    /// A step must end, and soon.
    pub fn check_count(&self, outputs: usize, is_start: bool) {
        let limit = if is_start {
            MAX_OUTPUTS_AT_START
        } else {
            MAX_OUTPUTS
        };
        assert!(outputs <= limit, "{outputs} outputs in one step");
    }

    /// `replica` sends `message`.
    pub fn said(&mut self, replica: &Replica, message: &Message) {
        let record = (replica.height, Record::Sent(message.clone()));
        assert!(
            replica.log.contains(&record),
            "sent before it was durable: {message:?}"
        );
        let signed = match message {
            Message::Proposal { statement, .. } | Message::ViewChange { statement, .. } => {
                statement
            }
            Message::Vote(statement) => statement,
            Message::Decided(_) => panic!("certificates are the driver's to send"),
        };
        let SignedStatement {
            height,
            view,
            statement,
            authority,
            ..
        } = signed.clone();
        assert_eq!((authority, height), (replica.index, replica.height));
        assert!(signed.verify_with(&world::context(), &self.set, world::verify));
        let said = self.said.entry((authority, height)).or_default();
        let kind = discriminant(&statement);
        if let Some((_, _, first)) = said
            .statements
            .iter()
            .find(|(v, k, _)| (*v, *k) == (view, kind))
        {
            assert_eq!(*first, statement, "S1: {authority} says two things");
            return;
        }
        assert!(view >= said.highest_change, "S2: {signed:?}");
        said.statements.push((view, kind, statement));
        match statement {
            Statement::Commit { hash, proof } => {
                let is_locked = replica.log.iter().any(|(_, record)| {
                    matches!(record, Record::Prepared(c)
                        if (c.height, c.view, c.hash, c.proof) == (height, view, hash, proof))
                });
                assert!(is_locked, "S3: Commit without a durable certificate");
                said.highest_commit = said.highest_commit.max(Some(view));
            }
            Statement::ViewChange { prepared } => {
                let named = prepared.map(|Prepared { view, .. }| view);
                assert!(named >= said.highest_commit, "S3: a lock is hidden");
                said.highest_change = view;
            }
            Statement::Proposal { .. } | Statement::Prepare { .. } => {}
        }
    }

    /// `replica` decides.
    pub fn finalised(&mut self, replica: &Replica, certificate: &Certificate) {
        assert_eq!(certificate.height, replica.height);
        self.check_final(certificate);
        let first = self
            .finals
            .entry(certificate.height)
            .or_insert(certificate.hash);
        if self.agree {
            assert_eq!(*first, certificate.hash, "agreement");
        }
    }

    fn check_final(&self, certificate: &Certificate) {
        let checked = certificate.verify_with(
            VoteKind::Commit,
            &world::context(),
            &self.set,
            world::verify,
        );
        assert_eq!(checked, Ok(()));
    }

    /// `by` convicts someone.
    pub fn reported(&mut self, by: AuthorityIndex, evidence: &Evidence) {
        let offender = evidence.verify_with(GENESIS, &self.set, world::verify);
        let offender = offender.expect("evidence convinces others");
        assert!(
            !self.correct.contains(&offender),
            "{by} convicts {offender}, which is correct: {evidence:?}"
        );
        self.convictions += 1;
    }

    /// Somebody saw two certificates for different blocks.
    pub fn forked(&self, first: &Certificate, second: &Certificate) {
        assert!(!self.agree, "a fork though enough are correct");
        assert_eq!(first.height, second.height);
        assert_ne!(first.hash, second.hash);
        self.check_final(first);
        self.check_final(second);
    }

    /// How far the game went.
    pub fn reached(&self) -> Reached {
        let said = self.said.values().flat_map(|said| &said.statements);
        Reached {
            heights: self.finals.len(),
            view: said.map(|(view, _, _)| *view).max().unwrap_or(0),
            convictions: self.convictions,
        }
    }

    /// No machine holds more than it may.
    pub fn check_memory(&self, replicas: &[Replica]) {
        let limit = limits::max_state_bytes(self.set.len(), VIEWS_ENTERED);
        for replica in replicas {
            let bytes = replica.core.encoded_state().len();
            assert!(bytes <= limit, "{bytes} bytes, at most {limit} are allowed");
        }
    }
}
