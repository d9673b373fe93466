// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The normal case: *pre-prepare*, *prepare*, *commit* (section 4.2 of the paper).

use crate::{
    bugs::{self, bug, Bug},
    own::Kind,
    round::{vote_of, Accepted, Opening, Validity},
    step::Step,
    tally::Choice,
    Crypto, Output, Record, Rejection,
};
use hansa_pbft_primitives::{
    statement::NO_PROOF, Certificate, Hash, Message, NewViewProof, Prepared, SignedStatement,
    Statement, View, VoteKind,
};

impl<C: Crypto> Step<'_, C> {
    /// Rule N1. Upon a proposal of the rightful primary for the current view, or for a higher one
    /// that its proof opens, if it is the first of that view: accept it and have it validated.
    pub fn on_proposal(
        &mut self,
        statement: SignedStatement,
        proof: Option<NewViewProof>,
        verified: bool,
    ) -> Result<(), Rejection> {
        let Statement::Proposal {
            hash,
            proof: digest,
        } = statement.statement
        else {
            return Err(Rejection::WrongStatement);
        };
        let view = statement.view;
        if !self.round.keeps(view) {
            return Ok(());
        }
        if self.round.primary_of(view) != Some(statement.authority) && !bug(Bug::WrongPrimary) {
            return Err(Rejection::NotPrimary);
        }
        if self.hear_own(&statement, verified)? {
            return Ok(());
        }
        if let Some(first) = self.round.proposals.get(&view) {
            if first.statement == statement.statement {
                return Ok(());
            }
            if !bug(Bug::PrepareTwice) {
                return self.said_otherwise(&statement, verified);
            }
        }
        // View 0 needs no proof, a higher one needs one: what the primary signed tells.
        if (view == 0) != (digest == NO_PROOF) && !bug(Bug::ProofUnchecked) {
            return self.unjustified(statement, None, verified);
        }
        // The digest is compared before the statement is noted: a peer that passes the primary's
        // statement on with another proof must not make us deaf to the right one.
        let matches = proof.as_ref().map_or(NO_PROOF, NewViewProof::digest) == digest;
        if !matches && !bug(Bug::ProofUnchecked) {
            return Err(Rejection::Unjustified);
        }
        self.check_signature(&statement, verified)?;
        self.round.proposals.insert(view, statement.clone());
        self.witness(&statement);
        let forced = self.justification(statement, proof)?;
        if view < self.round.view {
            // Too late to be accepted: it was looked at for evidence only.
            return Ok(());
        }
        if view > self.round.view {
            // The proof shows that a quorum has changed to this view.
            self.change_view(view);
        }
        self.accept(
            Choice {
                hash,
                proof: digest,
            },
            forced.is_some(),
        );
        Ok(())
    }

    /// Rule E3. A proposal that its own proof, or that it names one or none, does not justify: report
    /// its author.
    fn unjustified(
        &mut self,
        proposal: SignedStatement,
        proof: Option<NewViewProof>,
        verified: bool,
    ) -> Result<(), Rejection> {
        if !self.round.witness.has_convicted(proposal.authority) {
            self.check_signature(&proposal, verified)?;
            let evidence = self.round.witness.unjustified(proposal, proof);
            self.out.extend(evidence.map(Output::Report));
        }
        Err(Rejection::Unjustified)
    }

    /// What `proof` bound the author of `proposal` to; an error if it does not justify it.
    fn justification(
        &mut self,
        proposal: SignedStatement,
        proof: Option<NewViewProof>,
    ) -> Result<Option<Prepared>, Rejection> {
        let (Some(proof), Some(hash)) = (proof, proposal.statement.block()) else {
            return Ok(None);
        };
        match self.check_proof(proposal.view, hash, &proof) {
            Some(forced) => {
                self.witness_proof(&proof);
                Ok(forced)
            }
            None => self.unjustified(proposal, Some(proof), true).and(Ok(None)),
        }
    }

    /// What must be proposed in `view`, if `proof` shows that `hash` may be.
    fn check_proof(
        &self,
        view: View,
        hash: Hash,
        proof: &NewViewProof,
    ) -> Option<Option<Prepared>> {
        let config = &self.round.config;
        let verified = proof.verify_with(
            config.height,
            view,
            &config.context,
            &config.set,
            |key, payload, sig| self.crypto.verify(key, payload, sig),
        );
        verified
            .or_else(|error| bugs::repeated_signer(error, proof))
            .ok()
            .filter(|forced| {
                forced.is_none_or(|forced| forced.hash == hash) || bug(Bug::ReproposalUnchecked)
            })
    }

    /// Accept a proposal in the current view: the timer runs from now on, and the driver executes
    /// the block. A replica that signs nothing needs neither.
    pub fn accept(&mut self, choice: Choice, reproposal: bool) {
        self.round.accepted = Some(Accepted {
            choice,
            validity: if bug(Bug::VoteWithoutExecution) {
                Validity::Valid
            } else {
                Validity::Pending
            },
        });
        if self.round.voice.is_none() {
            return;
        }
        self.start_timer();
        self.out.push(Output::Validate {
            height: self.round.config.height,
            view: self.round.view,
            hash: choice.hash,
            reproposal,
        });
    }

    /// Upon the driver's verdict on a block: it is the accepted proposal, or the prepared block
    /// that the local primary is about to propose again, which it must hold first.
    pub fn on_validated(&mut self, hash: Hash, valid: bool) {
        if self
            .round
            .opening
            .as_ref()
            .is_some_and(|opening| opening.forced == Some(hash))
        {
            if valid {
                self.propose(hash);
            }
            return;
        }
        let Some(accepted) = self.round.accepted.as_mut() else {
            return;
        };
        if accepted.choice.hash != hash || accepted.validity != Validity::Pending {
            return;
        }
        accepted.validity = if valid {
            Validity::Valid
        } else {
            Validity::Invalid
        };
        if valid {
            let primary = self
                .round
                .primary
                .and_then(|primary| self.round.config.set.get(primary));
            if let Some(primary) = primary {
                self.silent.clear(&primary.key);
            }
        }
    }

    /// Upon the block that the local primary asked for.
    pub fn on_built(&mut self, hash: Hash) {
        if self
            .round
            .opening
            .as_ref()
            .is_some_and(|opening| opening.forced.is_none())
        {
            self.propose(hash);
        }
    }

    /// Rule N2. The local primary holds a block that it may propose in the current view: propose
    /// it. It was built or executed here, so it is valid.
    fn propose(&mut self, hash: Hash) {
        let Some(Opening { proof, .. }) = self.round.opening.take() else {
            return;
        };
        let digest = proof.as_ref().map_or(NO_PROOF, NewViewProof::digest);
        let statement = Statement::Proposal {
            hash,
            proof: digest,
        };
        let said = self.say(statement, |statement| Message::Proposal {
            statement,
            proof,
        });
        if let Some(signed) = said {
            let view = self.round.view;
            self.round.proposals.insert(view, signed);
            let choice = Choice {
                hash,
                proof: digest,
            };
            self.round.accepted = Some(Accepted {
                choice,
                validity: Validity::Valid,
            });
            self.start_timer();
        }
    }

    /// Rule N3. Upon a valid accepted proposal in the current view, if no Prepare was said in it:
    /// say Prepare. The primary does so, too, so that all certificates are of the same form.
    pub fn rule_prepare(&mut self) -> bool {
        let Some(accepted) = self.round.accepted else {
            return false;
        };
        if accepted.validity != Validity::Valid {
            return false;
        }
        self.say_vote(VoteKind::Prepare, accepted.choice)
    }

    /// Rule N4. Upon a quorum of Prepare for what the replica itself has prepared in the current
    /// view: the block is *prepared*. Lock on its certificate, then say Commit.
    ///
    /// A replica that crashed between the two says Commit once it is back, since it is still
    /// locked in this view.
    pub fn rule_commit(&mut self) -> bool {
        let round = &mut *self.round;
        if round.voice.is_none() || round.own.has_said(round.view, Kind::Commit) {
            return false;
        }
        if let Some(lock) = round.lock.as_ref().filter(|lock| lock.view == round.view) {
            let choice = Choice {
                hash: lock.hash,
                proof: lock.proof,
            };
            return self.say_vote(VoteKind::Commit, choice);
        }
        let Some(Accepted {
            choice,
            validity: Validity::Valid,
        }) = round.accepted
        else {
            return false;
        };
        if round.own_vote(VoteKind::Prepare) != Some(choice)
            || (round.tally.weight(round.view, VoteKind::Prepare, &choice) < round.quorum
                && !bug(Bug::CommitWithoutPrepared))
        {
            return false;
        }
        let certificate = round.certificate(VoteKind::Prepare, round.view, &choice);
        round.raise_lock(certificate.clone());
        self.out
            .push(Output::Persist(Record::Prepared(certificate)));
        self.say_vote(VoteKind::Commit, choice)
    }

    /// Say a vote in the current view and count it. Whether it was said.
    pub fn say_vote(&mut self, kind: VoteKind, choice: Choice) -> bool {
        match self.say(kind.statement(choice.hash, choice.proof), Message::Vote) {
            Some(signed) => {
                self.round.count_vote(&signed);
                true
            }
            None => false,
        }
    }

    /// Rule N5. Upon a Prepare or a Commit: count it, if it is the first of its signer, view and
    /// kind.
    pub fn on_vote(&mut self, vote: SignedStatement, verified: bool) -> Result<(), Rejection> {
        let Some((kind, choice)) = vote_of(&vote.statement) else {
            return Err(Rejection::WrongStatement);
        };
        if !self.round.keeps(vote.view) || self.hear_own(&vote, verified)? {
            return Ok(());
        }
        match self.round.tally.get(vote.view, kind, vote.authority) {
            Some(known) if known.choice == choice && bug(Bug::RepeatedVote) => {
                self.round.count_vote(&vote);
                Ok(())
            }
            Some(known) if known.choice == choice => Ok(()),
            Some(_) => self.said_otherwise(&vote, verified),
            None => {
                self.check_signature(&vote, verified)?;
                self.round.count_vote(&vote);
                self.witness(&vote);
                if bug(Bug::CommitInOldView) {
                    self.commit_in_old_view(&vote);
                }
                Ok(())
            }
        }
    }

    /// Rule N6. Upon a quorum of Commit of one view, whichever it is: the block is final.
    pub fn rule_decide(&mut self) -> bool {
        let Some((view, choice)) = self.round.committed else {
            return false;
        };
        let certificate = self.round.certificate(VoteKind::Commit, view, &choice);
        self.decide(certificate);
        true
    }

    /// Rule N7. Upon a commit certificate: the block is final.
    pub fn on_decided(&mut self, certificate: Certificate) -> Result<(), Rejection> {
        let config = &self.round.config;
        certificate
            .verify_with(
                VoteKind::Commit,
                &config.context,
                &config.set,
                |key, payload, sig| self.crypto.verify(key, payload, sig),
            )
            .or_else(|error| {
                bug(Bug::DecidedUnchecked)
                    .then_some(())
                    .ok_or(Rejection::BadCertificate(error))
            })?;
        self.witness_certificate(&certificate);
        self.decide(certificate);
        Ok(())
    }

    fn decide(&mut self, certificate: Certificate) {
        self.round.decided = true;
        self.round.opening = None;
        self.round.witness.decided(&certificate);
        self.out.push(Output::Finalise(certificate));
    }
}
