// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Hears every statement of every correct replica, and knows what may not be.

use hansa_pbft_primitives::{AuthorityIndex, Certificate, Hash, Height, Message, Statement, View};
use std::collections::BTreeMap;

/// The record of all that was said and decided.
#[derive(Default)]
pub struct Auditor {
    said: BTreeMap<(AuthorityIndex, Height, View, u8), Statement>,
    commits: BTreeMap<(AuthorityIndex, Height), View>,
    changes: BTreeMap<(AuthorityIndex, Height), View>,
    decided: BTreeMap<Height, Hash>,
    /// The highest view that any correct replica asked for.
    pub highest_view: View,
}

impl Auditor {
    /// A correct replica put `message` on the wire.
    pub fn heard(&mut self, seed: u64, message: &Message) {
        let signed = match message {
            Message::Proposal { statement, .. }
            | Message::Vote(statement)
            | Message::ViewChange { statement, .. } => statement,
            Message::Decided(_) => return,
        };
        let (who, height, view) = (signed.authority, signed.height, signed.view);
        let kind = match signed.statement {
            Statement::Proposal { .. } => 0,
            Statement::Prepare { .. } => 1,
            Statement::Commit { .. } => 2,
            Statement::ViewChange { .. } => 3,
        };
        // What is said again was checked the first time.
        if let Some(first) = self
            .said
            .insert((who, height, view, kind), signed.statement)
        {
            assert_eq!(
                first, signed.statement,
                "seed {seed}: {who} at ({height}, {view})"
            );
            return;
        }
        let changed = self.changes.get(&(who, height)).copied().unwrap_or(0);
        assert!(
            view >= changed,
            "seed {seed}: {who} said {signed:?} after ViewChange({changed})"
        );
        match signed.statement {
            Statement::Commit { .. } => {
                self.commits.insert((who, height), view);
            }
            Statement::ViewChange { prepared } => {
                let committed = self.commits.get(&(who, height)).copied();
                assert!(
                    prepared.map(|p| p.view) >= committed,
                    "seed {seed}: {who} forgot at ({height}, {view}) what it committed"
                );
                self.changes.insert((who, height), view);
                self.highest_view = self.highest_view.max(view);
            }
            _ => {}
        }
    }

    /// A replica decided.
    pub fn decided(&mut self, seed: u64, certificate: &Certificate) {
        let first = self
            .decided
            .entry(certificate.height)
            .or_insert(certificate.hash);
        assert_eq!(
            *first, certificate.hash,
            "seed {seed}: fork at {}",
            certificate.height
        );
    }
}
