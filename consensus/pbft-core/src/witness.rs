// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the authorities signed at a height, kept to convict those who contradict themselves: the
//! rules E of the crate's documentation. Nothing here decides what the replica says.

use crate::{
    bugs,
    limits::{MAX_COMMIT_CERTIFICATES, MAX_STATEMENTS_PER_KIND, MAX_VIEWS_BEHIND},
    own::{statement_of, Kind},
    Crypto, HeightConfig, Output, Rejection,
};
use codec::Encode;
use hansa_pbft_primitives::{
    offence::statements_of, AuthorityIndex, Certificate, CertificateError, Evidence, Height,
    Message, NewViewProof, Offence, SignedStatement, Statement, View, VoteKind,
};
use std::collections::{BTreeMap, BTreeSet};

/// What one authority signed: of each view and kind the first that was seen.
type Testimony = BTreeMap<(Kind, View), SignedStatement>;

/// The witness of one height. All that it keeps has been verified by whoever put it in.
///
/// Memory is bounded by the set: at most [`MAX_STATEMENTS_PER_KIND`] statements of each kind an
/// authority, none of one that is convicted, and [`MAX_COMMIT_CERTIFICATES`] certificates.
#[derive(Clone, Debug, Encode)]
pub(crate) struct Witness {
    #[codec(skip)]
    config: HeightConfig,
    testimonies: BTreeMap<AuthorityIndex, Testimony>,
    convicted: BTreeSet<AuthorityIndex>,
    /// Commit certificates, the one that decided the height first.
    commits: Vec<Certificate>,
    forked: bool,
}

impl Witness {
    /// The witness of the height of `config`, which has heard nothing yet.
    pub fn new(config: HeightConfig) -> Self {
        Self {
            config,
            testimonies: BTreeMap::new(),
            convicted: BTreeSet::new(),
            commits: Vec::new(),
            forked: false,
        }
    }

    /// Its height.
    pub fn height(&self) -> Height {
        self.config.height
    }

    /// Whether it is the witness of the height of `config`.
    pub fn is_of(&self, config: &HeightConfig) -> bool {
        (self.config.height, self.config.context) == (config.height, config.context)
    }

    /// Whether there is evidence against `authority`. What else it says is not looked at.
    pub fn has_convicted(&self, authority: AuthorityIndex) -> bool {
        self.convicted.contains(&authority)
    }

    /// Whether `statement` would convict its signer, if the signature is good.
    pub fn would_convict(&self, statement: &SignedStatement) -> bool {
        !self.has_convicted(statement.authority) && self.contradiction(statement).is_some()
    }

    /// Rules E1 and E2. Keep `statement`; the evidence, if its signer cannot be correct, having
    /// said what is kept of it.
    pub fn hear(&mut self, statement: &SignedStatement) -> Option<Evidence> {
        if self.has_convicted(statement.authority) {
            return None;
        }
        match self.contradiction(statement) {
            Some(offence) => self.convict(offence),
            None => {
                let testimony = self.testimonies.entry(statement.authority).or_default();
                keep(testimony, statement);
                None
            }
        }
    }

    /// As [`hear`](Self::hear), of all votes of a certificate.
    pub fn hear_certificate(&mut self, certificate: &Certificate) -> Vec<Evidence> {
        statements_of(certificate)
            .filter_map(|vote| self.hear(&vote))
            .collect()
    }

    /// Rule E3. The evidence that `proposal` is not justified by `proof`, unless its signer is
    /// convicted already.
    pub fn unjustified(
        &mut self,
        proposal: SignedStatement,
        proof: Option<NewViewProof>,
    ) -> Option<Evidence> {
        if self.has_convicted(proposal.authority) {
            return None;
        }
        self.convict(Offence::UnjustifiedProposal { proposal, proof })
    }

    /// The height is decided by `certificate`, which is verified.
    pub fn decided(&mut self, certificate: &Certificate) {
        self.commits.push(certificate.clone());
    }

    /// Rules E4 and E5. Upon a message of this height, once it is decided: look for what convicts.
    pub fn hear_late<C: Crypto>(&mut self, crypto: &C, message: &Message) -> Vec<Output> {
        match message {
            Message::Decided(certificate) => self.hear_commit(crypto, certificate),
            other => match statement_of(other) {
                Some(statement) => self.hear_accused(crypto, statement),
                None => Vec::new(),
            },
        }
    }

    /// Rule E4. A statement that convicts nobody is not kept, and its signature not verified: most
    /// of them are votes that came after the quorum.
    fn hear_accused<C: Crypto>(&mut self, crypto: &C, statement: &SignedStatement) -> Vec<Output> {
        if !self.would_convict(statement) {
            return Vec::new();
        }
        let config = &self.config;
        let good = statement.verify_with(&config.context, &config.set, |key, payload, sig| {
            crypto.verify(key, payload, sig)
        });
        if !good {
            return vec![Output::Reject(Rejection::BadSignature)];
        }
        self.hear(statement)
            .map(Output::Report)
            .into_iter()
            .collect()
    }

    /// Rule E5. A commit certificate says something new only if one for another block is known.
    fn hear_commit<C: Crypto>(&mut self, crypto: &C, certificate: &Certificate) -> Vec<Output> {
        let first = self.commits.first().cloned();
        let disagrees = first.as_ref().is_none_or(|c| c.hash != certificate.hash);
        let is_known = self
            .commits
            .iter()
            .any(|known| known.prepared() == certificate.prepared());
        if is_known || !(disagrees || self.forked) || self.commits.len() >= MAX_COMMIT_CERTIFICATES
        {
            return Vec::new();
        }
        if let Err(error) = self.verify_commit(crypto, certificate) {
            return vec![Output::Reject(Rejection::BadCertificate(error))];
        }
        let mut out: Vec<_> = self
            .hear_certificate(certificate)
            .into_iter()
            .map(Output::Report)
            .collect();
        self.commits.push(certificate.clone());
        if let Some(first) = first.filter(|_| !std::mem::replace(&mut self.forked, true)) {
            let second = certificate.clone();
            out.push(Output::Fork { first, second });
        }
        out
    }

    fn verify_commit<C: Crypto>(
        &self,
        crypto: &C,
        certificate: &Certificate,
    ) -> Result<(), CertificateError> {
        if certificate.height != self.config.height {
            return Err(CertificateError::WrongPlace);
        }
        certificate.verify_with(
            VoteKind::Commit,
            &self.config.context,
            &self.config.set,
            |key, payload, sig| crypto.verify(key, payload, sig),
        )
    }

    /// The offence that `statement` makes together with something that is kept.
    fn contradiction(&self, statement: &SignedStatement) -> Option<Offence> {
        let mut kept = self.testimonies.get(&statement.authority)?.values();
        kept.find_map(|kept| {
            let offence = is_comparable(kept, statement).then(|| Offence::between(kept, statement));
            offence
                .flatten()
                .or_else(|| bugs::false_offence(kept, statement))
        })
    }

    fn convict(&mut self, offence: Offence) -> Option<Evidence> {
        let offender = offence.offender();
        self.convicted.insert(offender);
        self.testimonies.remove(&offender);
        Some(Evidence {
            set_id: self.config.set.id,
            offence,
        })
    }
}

/// Whether two statements of one authority can make an offence at all. Of a height that stays
/// undecided for long almost no two can.
fn is_comparable(first: &SignedStatement, second: &SignedStatement) -> bool {
    let kinds = (Kind::of(&first.statement), Kind::of(&second.statement));
    first.view == second.view
        || matches!(
            kinds,
            (Kind::Commit, Kind::ViewChange) | (Kind::ViewChange, Kind::Commit)
        )
}

/// Rule E1. Put `statement` into what is kept of its signer.
fn keep(testimony: &mut Testimony, statement: &SignedStatement) {
    let kind = Kind::of(&statement.statement);
    if kind == Kind::ViewChange {
        testimony.retain(|_, kept| !covers(statement, kept));
    }
    testimony
        .entry((kind, statement.view))
        .or_insert_with(|| statement.clone());
    let of_kind = (kind, View::MIN)..=(kind, View::MAX);
    let lowest = testimony.range(of_kind.clone()).next().map(|(key, _)| *key);
    if testimony.range(of_kind).count() > MAX_STATEMENTS_PER_KIND {
        lowest.and_then(|key| testimony.remove(&key));
    }
}

/// Whether the view-change `newer` convicts beside every Commit beside which `older` does, and
/// `older` is so far below that it need not be known for itself.
///
/// A Commit in `c` convicts beside a view-change to `v` that names `p` if `p < c < v`. So of a
/// height that stays undecided for thousands of views one view-change an authority says it all.
fn covers(newer: &SignedStatement, older: &SignedStatement) -> bool {
    match (newer.statement, older.statement) {
        (
            Statement::ViewChange {
                prepared: newer_names,
            },
            Statement::ViewChange {
                prepared: older_names,
            },
        ) => {
            older.view.saturating_add(MAX_VIEWS_BEHIND) < newer.view
                && newer_names.map(|p| p.view) <= older_names.map(|p| p.view)
        }
        _ => false,
    }
}

/// What two commit certificates for different blocks of one height prove against those who signed
/// both in one view, for a height of which no more is remembered. `first` is trusted, `second` is
/// verified.
pub fn evidence_of_fork<C: Crypto>(
    crypto: &C,
    config: HeightConfig,
    first: &Certificate,
    second: &Certificate,
) -> Result<Vec<Evidence>, CertificateError> {
    let mut witness = Witness::new(config);
    witness.verify_commit(crypto, second)?;
    let mut evidence = witness.hear_certificate(first);
    evidence.extend(witness.hear_certificate(second));
    Ok(evidence)
}
