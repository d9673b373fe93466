// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! *View-change* and *new-view* (section 4.4 of the paper).

use crate::{
    bugs::{bug, Bug},
    round::Opening,
    step::Step,
    Crypto, Output, Rejection,
};
use hansa_pbft_primitives::{Certificate, Message, SignedStatement, Statement, View, VoteKind};

impl<C: Crypto> Step<'_, C> {
    /// Rule V1. Enter `view`, which is above the current one, and say so: give up all lower views,
    /// showing the highest prepared certificate.
    ///
    /// A replica that enters a view by the primary's proof says so as well, so that each replica's
    /// highest view-change tells where it is.
    pub fn change_view(&mut self, view: View) {
        if view <= self.round.view {
            return;
        }
        self.round.set_view(view);
        let lock = self.round.lock.clone();
        let certificate = lock.filter(|_| !bug(Bug::ForgottenLock));
        let prepared = certificate.as_ref().map(Certificate::prepared);
        let shown = certificate.clone();
        let said = self.say(Statement::ViewChange { prepared }, |statement| {
            Message::ViewChange {
                statement,
                certificate: shown,
            }
        });
        if let Some(signed) = said {
            self.round.changes.insert(signed, certificate);
        }
        self.entered_view();
    }

    /// Report that the current view was entered.
    pub fn entered_view(&mut self) {
        let round = &self.round;
        if let Some(primary) = round.primary {
            let (height, view) = (round.config.height, round.view);
            self.out.push(Output::EnteredView {
                height,
                view,
                primary,
            });
        }
    }

    /// Rule V2. Upon a view-change that shows the certificate of the block that it names: keep it,
    /// if it is the highest of its signer.
    pub fn on_view_change(
        &mut self,
        change: SignedStatement,
        certificate: Option<Certificate>,
        verified: bool,
    ) -> Result<(), Rejection> {
        let Statement::ViewChange { prepared } = change.statement else {
            return Err(Rejection::WrongStatement);
        };
        if change.view == 0 {
            return Err(Rejection::WrongStatement);
        }
        if self.hear_own(&change, verified)? {
            return Ok(());
        }
        if let Some(known) = self.round.changes.of(change.authority) {
            if known.view > change.view {
                return self.hear_superseded(&change, verified);
            }
            if known.view == change.view {
                if known.statement == change.statement {
                    return Ok(());
                }
                return self.said_otherwise(&change, verified);
            }
        }
        match (&prepared, &certificate) {
            (None, None) => {}
            (Some(_), None) if bug(Bug::StrippedCertificate) => {}
            (Some(prepared), Some(certificate))
                if certificate.prepared() == *prepared
                    && certificate.kind == VoteKind::Prepare
                    && certificate.height == change.height
                    && certificate.view < change.view => {}
            _ => return Err(Rejection::CertificateMismatch),
        }
        self.check_signature(&change, verified)?;
        if let Some(certificate) = &certificate {
            self.check_prepared(certificate)?;
        }
        self.witness(&change);
        self.round.changes.insert(change, certificate);
        Ok(())
    }

    /// A view-change below its signer's highest counts for nothing, but may convict it.
    fn hear_superseded(
        &mut self,
        change: &SignedStatement,
        verified: bool,
    ) -> Result<(), Rejection> {
        if self.round.witness.would_convict(change) {
            self.check_signature(change, verified)?;
            self.witness(change);
        }
        Ok(())
    }

    /// Whether a prepared certificate is good. One for the same block and view that was checked
    /// before does as well.
    fn check_prepared(&mut self, certificate: &Certificate) -> Result<(), Rejection> {
        let round = &self.round;
        if round.changes.proves(&certificate.prepared()) || round.lock.as_ref() == Some(certificate)
        {
            return Ok(());
        }
        let config = &round.config;
        certificate
            .verify_with(
                VoteKind::Prepare,
                &config.context,
                &config.set,
                |key, payload, sig| self.crypto.verify(key, payload, sig),
            )
            .map_err(Rejection::BadCertificate)?;
        self.witness_certificate(certificate);
        Ok(())
    }

    /// Rule V3. Upon view-changes of more than `T` weight to views above the current one: join the
    /// greatest view for which, or for more, that much weight asks.
    pub fn rule_join(&mut self) -> bool {
        let round = &self.round;
        let target = round
            .changes
            .join_target(round.view, round.faults, &round.config.set);
        match target {
            Some(view) if !bug(Bug::HigherViewNotJoined) => {
                self.change_view(view);
                true
            }
            _ => false,
        }
    }

    /// Rule V4. Upon view-changes of a quorum to the current view or to higher ones, in a view
    /// above 0: its primary is due, so the timer starts.
    ///
    /// Those in higher views count: without them a quorum that is spread over several views would
    /// have no timer, and stand still.
    pub fn rule_start_timer(&mut self) -> bool {
        let round = &self.round;
        if round.voice.is_none()
            || round.view == 0
            || bug(Bug::TimerNotRestarted)
            || round.timer != crate::round::Timer::Off
            || round.changes.weight_from(round.view, &round.config.set) < round.quorum
        {
            return false;
        }
        self.start_timer();
        true
    }

    /// Rule V5. Upon view-changes of a quorum to exactly the current view, at its primary: open
    /// it, with the very block of the highest prepared certificate if there is one, else with a
    /// fresh one.
    pub fn rule_open_view(&mut self) -> bool {
        let round = &mut *self.round;
        if !round.is_primary()
            || round.view == 0
            || round.opened
            || round.accepted.is_some()
            || round.changes.weight_at(round.view, &round.config.set) < round.quorum
        {
            return false;
        }
        round.opened = true;
        let Some(proof) = round.changes.proof(round.view) else {
            return true;
        };
        let prepared = proof.prepared.as_ref();
        let forced = prepared
            .filter(|_| !bug(Bug::ReproposalIgnored))
            .map(|certificate| certificate.hash);
        round.opening = Some(Opening {
            proof: Some(proof),
            forced,
        });
        let (height, view) = (round.config.height, round.view);
        self.out.push(match forced {
            None => Output::Build { height, view },
            Some(hash) => Output::Validate {
                height,
                view,
                hash,
                reproposal: true,
            },
        });
        true
    }
}
