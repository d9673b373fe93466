// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! One step of the machine: the rules that fire by themselves, and how the replica speaks.

use crate::{
    bugs::{self, bug, Bug},
    own::Kind,
    round::{Round, Timer, Validity},
    silent::SilentPrimaries,
    Crypto, Output, Record, Rejection,
};
use hansa_pbft_primitives::{Certificate, Message, NewViewProof, SignedStatement, Statement};

/// The state of the machine while it takes one input, and the outputs so far.
pub(crate) struct Step<'a, C> {
    /// How to sign and verify.
    pub crypto: &'a C,
    /// The height under way.
    pub round: &'a mut Round,
    /// Who was silent lately.
    pub silent: &'a mut SilentPrimaries,
    /// What the driver must do.
    pub out: Vec<Output>,
}

impl<'a, C: Crypto> Step<'a, C> {
    /// Begin a step.
    pub fn new(crypto: &'a C, round: &'a mut Round, silent: &'a mut SilentPrimaries) -> Self {
        Self {
            crypto,
            round,
            silent,
            out: Vec::new(),
        }
    }

    /// Apply the rules that need no input until none fires.
    ///
    /// Each rule fires at most once a view, but for the change to a higher view; that one moves to
    /// a view that a kept view-change names, of which there are finitely many. So this ends.
    pub fn apply_rules(&mut self) {
        while !self.round.decided
            && (self.rule_decide()
                || self.rule_join()
                || self.rule_start_timer()
                || self.rule_open_view()
                || self.rule_prepare()
                || self.rule_commit())
        {}
    }

    /// Take a message from a peer. `verified`: the signature of its statement is known to be good.
    pub fn message(&mut self, message: Message, verified: bool) {
        if self.round.decided {
            let late = self.round.witness.hear_late(self.crypto, &message);
            self.out.extend(late);
            return;
        }
        let result = match message {
            Message::Proposal { statement, proof } => self.on_proposal(statement, proof, verified),
            Message::Vote(statement) => self.on_vote(statement, verified),
            Message::ViewChange {
                statement,
                certificate,
            } => self.on_view_change(statement, certificate, verified),
            Message::Decided(certificate) => self.on_decided(certificate),
        };
        if let Err(rejection) = result {
            self.out.push(Output::Reject(rejection));
        }
        self.apply_rules();
    }

    /// Sign `statement` in the current view and say it in the message that `wrap` makes of it:
    /// durable first, then sent. None if nothing may be said.
    ///
    /// This is the only place that signs. It keeps the invariants S1 and S2 of the crate's
    /// documentation: one statement a view and kind, and none below the current view.
    pub fn say(
        &mut self,
        statement: Statement,
        wrap: impl FnOnce(SignedStatement) -> Message,
    ) -> Option<SignedStatement> {
        let round = &mut *self.round;
        let authority = round.voice?;
        let (height, view) = (round.config.height, round.view);
        let said = round.own.said(view, Kind::of(&statement));
        if said.is_some_and(|said| *said == statement || !bug(Bug::PrepareTwice))
            || (round.own.view() > view && !bug(Bug::CommitInOldView))
        {
            return None;
        }
        let key = &round.config.set.get(authority)?.key;
        let payload = round.config.context.payload(height, view, &statement);
        let Some(signature) = self.crypto.sign(key, &payload) else {
            // The keystore has the key no more: go on as a follower.
            round.voice = None;
            return None;
        };
        let signed = SignedStatement {
            height,
            view,
            statement,
            authority,
            signature,
        };
        let message = wrap(signed.clone());
        round.own.note(message.clone());
        self.out
            .push(Output::Persist(Record::Sent(message.clone())));
        self.out.push(Output::Send(message));
        if bug(Bug::SendBeforePersist) {
            bugs::send_first(&mut self.out);
        }
        self.witness(&signed);
        Some(signed)
    }

    /// Say the current messages again. They are none of a replica that fell silent in a lower view.
    pub fn say_again(&mut self) {
        if self.round.decided || self.round.own.view() < self.round.view {
            return;
        }
        let current = self.round.own.current().filter(|m| bugs::is_said_again(m));
        self.out.extend(current.cloned().map(Output::Send));
    }

    /// Whether the statement's signature is its signer's.
    pub fn check_signature(
        &self,
        statement: &SignedStatement,
        verified: bool,
    ) -> Result<(), Rejection> {
        let config = &self.round.config;
        if config.set.get(statement.authority).is_none() {
            return Err(Rejection::BadSignature);
        }
        let good = verified
            || statement.verify_with(&config.context, &config.set, |key, payload, signature| {
                self.crypto.verify(key, payload, signature)
            });
        good.then_some(()).ok_or(Rejection::BadSignature)
    }

    /// Rules E1 and E2. A statement with a good signature: keep it for evidence, and report its
    /// signer if it makes an offence together with what is kept.
    pub fn witness(&mut self, statement: &SignedStatement) {
        let evidence = self.round.witness.hear(statement);
        self.out.extend(evidence.map(Output::Report));
    }

    /// As [`witness`](Self::witness), of all votes of a certificate that was verified.
    pub fn witness_certificate(&mut self, certificate: &Certificate) {
        let evidence = self.round.witness.hear_certificate(certificate);
        self.out.extend(evidence.into_iter().map(Output::Report));
    }

    /// As [`witness`](Self::witness), of all that stands in a proof that was verified.
    pub fn witness_proof(&mut self, proof: &NewViewProof) {
        for change in &proof.view_changes {
            self.witness(change);
        }
        if let Some(certificate) = &proof.prepared {
            self.witness_certificate(certificate);
        }
    }

    /// `second` differs from what its signer said first of the same view and kind, which stays
    /// counted. If the signature is good that is an offence.
    ///
    /// Once an authority is convicted, what else it says twice is not looked at.
    pub fn said_otherwise(
        &mut self,
        second: &SignedStatement,
        verified: bool,
    ) -> Result<(), Rejection> {
        if self.round.witness.has_convicted(second.authority) {
            return Ok(());
        }
        self.check_signature(second, verified)?;
        self.witness(second);
        Err(Rejection::Equivocation)
    }

    /// Upon a statement of the local authority from a peer: if it was not known, the vote log is
    /// incomplete (or another node has the key). Note it durably, and sign nothing more at this
    /// height. Returns whether the statement is dealt with.
    pub fn hear_own(
        &mut self,
        statement: &SignedStatement,
        verified: bool,
    ) -> Result<bool, Rejection> {
        if self.round.config.local != Some(statement.authority) {
            return Ok(false);
        }
        let kind = Kind::of(&statement.statement);
        if self.round.own.said(statement.view, kind) == Some(&statement.statement) {
            return Ok(true);
        }
        if self.round.voice.is_none() {
            // Silent already: the statement counts as any other authority's.
            return Ok(false);
        }
        self.check_signature(statement, verified)?;
        self.out
            .push(Output::Persist(Record::Heard(statement.clone())));
        // If it contradicts what was said here, another node signs with the same key.
        self.witness(statement);
        self.round.voice = None;
        self.round.opening = None;
        Ok(false)
    }

    /// Start the timer of the current view, if it was not started. A primary that was silent
    /// lately has less time in view 0, until it has proposed.
    pub fn start_timer(&mut self) {
        let round = &mut *self.round;
        if round.voice.is_none() {
            return;
        }
        let expects_silence = round.view == 0
            && round.accepted.is_none()
            && round
                .primary
                .and_then(|primary| round.config.set.get(primary))
                .is_some_and(|primary| self.silent.contains(&primary.key));
        let timer = if expects_silence {
            Timer::Short
        } else {
            Timer::Full
        };
        let start = match round.timer {
            Timer::Off => true,
            Timer::Short => round.accepted.is_some(),
            Timer::Full => false,
        };
        if start {
            round.timer = timer;
            self.out.push(Output::StartTimer {
                height: round.config.height,
                view: round.view,
                silent: expects_silence,
            });
        }
    }

    /// Upon the timer of the current view: remember a primary that gave nothing to prepare, and
    /// change to the next view.
    pub fn on_timeout(&mut self) {
        let round = &mut *self.round;
        if round.decided || round.voice.is_none() || round.timer == Timer::Off {
            return;
        }
        if round
            .accepted
            .is_none_or(|accepted| accepted.validity == Validity::Invalid)
        {
            if let Some(primary) = round
                .primary
                .and_then(|primary| round.config.set.get(primary))
            {
                self.silent.mark(&primary.key);
            }
        }
        if let Some(next) = round.view.checked_add(1) {
            self.change_view(next);
        }
    }
}
