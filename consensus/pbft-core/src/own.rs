// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the local authority has said at a height: so that it never says something else, and says
//! the same again.

use crate::bugs::{bug, Bug};
use codec::Encode;
use hansa_pbft_primitives::{Message, SignedStatement, Statement, View, VoteKind};
use std::collections::BTreeMap;

/// The four kinds of statement, in the order in which a replica says them in a view.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode)]
pub(crate) enum Kind {
    /// [`Statement::ViewChange`].
    ViewChange,
    /// [`Statement::Proposal`].
    Proposal,
    /// [`Statement::Prepare`].
    Prepare,
    /// [`Statement::Commit`].
    Commit,
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

impl From<VoteKind> for Kind {
    fn from(kind: VoteKind) -> Self {
        match kind {
            VoteKind::Prepare => Self::Prepare,
            VoteKind::Commit => Self::Commit,
        }
    }
}

/// The signed statement of a message; a certificate has none of its own.
pub(crate) fn statement_of(message: &Message) -> Option<&SignedStatement> {
    match message {
        Message::Proposal { statement, .. }
        | Message::Vote(statement)
        | Message::ViewChange { statement, .. } => Some(statement),
        Message::Decided(_) => None,
    }
}

/// All that the local authority has said at the height.
///
/// Of lower views only the statements are kept (some hundred bytes a view that was entered); the
/// whole messages only of the highest, since they alone are sent again.
#[derive(Clone, Default, Debug, Encode)]
pub(crate) struct Own {
    said: BTreeMap<(View, Kind), Statement>,
    view: View,
    current: BTreeMap<Kind, Message>,
}

impl Own {
    /// What was said of `kind` in `view`.
    pub fn said(&self, view: View, kind: Kind) -> Option<&Statement> {
        self.said.get(&(view, kind))
    }

    /// Whether something of `kind` was said in `view`.
    pub fn has_said(&self, view: View, kind: Kind) -> bool {
        self.said(view, kind).is_some()
    }

    /// Note that `message` is said. What was said before stands: a second statement of the same
    /// view and kind is not noted.
    pub fn note(&mut self, message: Message) {
        let Some(signed) = statement_of(&message) else {
            return;
        };
        let (view, kind) = (signed.view, Kind::of(&signed.statement));
        if self.has_said(view, kind) && !bug(Bug::PrepareTwice) {
            return;
        }
        self.said.insert((view, kind), signed.statement);
        if view > self.view {
            self.view = view;
            self.current.clear();
        }
        if view == self.view {
            self.current.insert(kind, message);
        }
    }

    /// The highest view in which anything was said; 0 if nothing was.
    pub fn view(&self) -> View {
        self.view
    }

    /// The message of `kind` in the highest view.
    pub fn message(&self, kind: Kind) -> Option<&Message> {
        self.current.get(&kind)
    }

    /// The messages of the highest view, in the order in which they were said.
    pub fn current(&self) -> impl Iterator<Item = &Message> {
        self.current.values()
    }

    /// Whether these can be all the statements of a correct replica that is locked in view
    /// `locked`: in a view above 0 it says nothing before its view-change to it, and it commits
    /// nothing that it did not prepare and lock on. If not, the log has lost something.
    pub fn is_complete(&self, locked: Option<View>) -> bool {
        self.said.keys().all(|(view, kind)| match kind {
            Kind::ViewChange => true,
            Kind::Proposal | Kind::Prepare => *view == 0 || self.has_said(*view, Kind::ViewChange),
            Kind::Commit => {
                self.has_said(*view, Kind::Prepare)
                    && (locked >= Some(*view) || bug(Bug::LockNotRestored))
            }
        })
    }
}
