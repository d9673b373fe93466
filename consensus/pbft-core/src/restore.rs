// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Beginning a height, with what the vote log holds of it.

use crate::{
    bugs::{self, bug, Bug},
    own::{statement_of, Kind},
    round::{Opening, Round},
    step::Step,
    tally::Choice,
    Crypto, Output, Record,
};
use hansa_pbft_primitives::{Evidence, Message, Statement};

impl Round {
    /// Take in what the vote log holds of the local authority at this height. What was said is
    /// said; the replica is in the view of its highest statement, locked where it was.
    ///
    /// Returns evidence against whoever contradicts what the log holds: the holder of the same key.
    pub fn restore(&mut self, records: Vec<Record>) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        for record in records.into_iter().filter(|r| !bugs::is_lost(r)) {
            match record {
                Record::Sent(message) => evidence.extend(self.restore_message(message)),
                Record::Prepared(certificate) if certificate.height == self.config.height => {
                    evidence.extend(self.witness.hear_certificate(&certificate));
                    self.raise_lock(certificate);
                }
                Record::Prepared(_) => {}
                Record::Heard(statement) => {
                    if statement.height == self.config.height
                        && Some(statement.authority) == self.voice
                    {
                        self.voice = None;
                    }
                }
            }
        }
        let view = self.own.view();
        if view > 0 {
            self.set_view(view);
        }
        if !self
            .own
            .is_complete(self.lock.as_ref().map(|lock| lock.view))
        {
            // Refuse rather than equivocate: what else was said is not known.
            self.voice = None;
        }
        evidence
    }

    /// Take in one message, if it is the local authority's and of this height.
    fn restore_message(&mut self, message: Message) -> Option<Evidence> {
        let signed = statement_of(&message).cloned()?;
        if signed.height != self.config.height || Some(signed.authority) != self.config.local {
            return None;
        }
        if self.own.has_said(signed.view, Kind::of(&signed.statement)) {
            return None;
        }
        let evidence = self.witness.hear(&signed);
        match &message {
            Message::Proposal { .. } => {
                self.proposals.insert(signed.view, signed);
            }
            Message::Vote(_) => self.count_vote(&signed),
            Message::ViewChange { certificate, .. } => {
                let lock = certificate.as_ref();
                if let Some(certificate) = lock.filter(|_| !bug(Bug::LockNotRestored)) {
                    self.raise_lock(certificate.clone());
                }
                self.changes.insert(signed, certificate.clone());
            }
            Message::Decided(_) => {}
        }
        self.own.note(message);
        evidence
    }
}

impl<C: Crypto> Step<'_, C> {
    /// Rule S. Upon the start of a height: say again what was said, have the own proposal
    /// validated again, or, as the primary of view 0 that has not proposed yet, have a block
    /// built.
    pub fn begin(&mut self) {
        self.entered_view();
        self.say_again();
        if !self.round.is_primary() {
            return;
        }
        let said = self.round.own.message(Kind::Proposal).cloned();
        if let Some(Message::Proposal { statement, proof }) = said {
            if let Statement::Proposal {
                hash,
                proof: digest,
            } = statement.statement
            {
                let reproposal = proof.is_some_and(|proof| proof.prepared.is_some());
                self.accept(
                    Choice {
                        hash,
                        proof: digest,
                    },
                    reproposal,
                );
            }
        } else if self.round.view == 0 {
            self.round.opening = Some(Opening {
                proof: None,
                forced: None,
            });
            let (height, view) = (self.round.config.height, self.round.view);
            self.out.push(Output::Build { height, view });
        }
    }
}
