// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Hears every statement of every correct node, and all that correct nodes hear; knows what may
//! not be.

use crate::{
    crypto::{key, FakeCrypto, GENESIS},
    node::Log,
    shared::Halt,
    spec::{Spec, Terms},
    Breach,
};
use hansa_pbft_core::{Crypto, Record, Rejection, RoundState};
use hansa_pbft_primitives::{
    offence::statements_of, AuthorityId, AuthorityIndex, Certificate, Evidence, Hash, Height,
    Message, NewViewProof, Offence, SetId, SignedStatement, Statement, View, VoteKind,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many heights are looked at again in a log that is opened.
const OPEN_HEIGHTS: Height = 3;

/// A position in a set of a height.
type Seat = (Height, SetId, AuthorityIndex);

/// The record of all that was said and decided.
#[derive(Default)]
pub(crate) struct Auditor {
    /// What correct authorities said, or wrote into their logs.
    said: BTreeMap<(Seat, View, u8), Statement>,
    commits: BTreeMap<Seat, View>,
    changes: BTreeMap<Seat, View>,
    /// The latest set under which a node said something of a height.
    latest: BTreeMap<(Height, usize), SetId>,
    decided: BTreeMap<Height, Certificate>,
    /// Certificates that were checked.
    verified: BTreeSet<(Height, View, Hash)>,
    /// Everything with a good signature that correct nodes have seen.
    seen: BTreeMap<Seat, Vec<SignedStatement>>,
    /// Proposals, by height, view, block and digest, that their proofs do not justify.
    unjustified: BTreeSet<(Height, View, Hash, Hash)>,
    /// Who is convicted at which height, in which set.
    convicted: BTreeMap<(Height, SetId), BTreeSet<AuthorityIndex>>,
    faulty: BTreeSet<usize>,
    faulty_keys: BTreeSet<AuthorityId>,
    /// Nodes that lost something of their log in a way that nobody can notice.
    excused: BTreeSet<usize>,
    /// Whether more weight is faulty than may be.
    pub overrun: bool,
    /// Whether there is nothing to audit: then time is all that counts.
    pub blind: bool,
    /// The height of the fork, if there was one.
    pub fork: Option<Height>,
    /// The highest view that any correct authority asked for.
    pub highest_view: View,
}

/// The signed statement of a message.
pub(crate) fn statement_of(message: &Message) -> Option<&SignedStatement> {
    match message {
        Message::Proposal { statement, .. }
        | Message::Vote(statement)
        | Message::ViewChange { statement, .. } => Some(statement),
        Message::Decided(_) => None,
    }
}

fn kind(statement: &Statement) -> u8 {
    match statement {
        Statement::Proposal { .. } => 0,
        Statement::Prepare { .. } => 1,
        Statement::Commit { .. } => 2,
        Statement::ViewChange { .. } => 3,
    }
}

fn verify(
    key: &AuthorityId,
    payload: &[u8],
    signature: &hansa_pbft_primitives::AuthoritySignature,
) -> bool {
    FakeCrypto.verify(key, payload, signature)
}

fn breach<T>(breach: Breach, text: String) -> Result<T, Halt> {
    Err(Halt::Breach(breach, text))
}

impl Auditor {
    /// `node` is faulty.
    pub fn is_faulty(&mut self, node: usize) {
        self.faulty.insert(node);
        self.faulty_keys.insert(key(node));
    }

    /// `node` lost something of its log, and may not know.
    pub fn excuse(&mut self, node: usize) {
        self.excused.insert(node);
    }

    /// Whether `node` is faulty.
    pub fn knows_faulty(&self, node: usize) -> bool {
        self.faulty.contains(&node)
    }

    /// Whether this is the key of a faulty node.
    pub fn knows_faulty_key(&self, key: &AuthorityId) -> bool {
        self.faulty_keys.contains(key)
    }

    fn is_correct(&self, key_of: &AuthorityId) -> bool {
        !self.faulty_keys.contains(key_of) && !self.excused.iter().any(|n| key(*n) == *key_of)
    }

    // --- What correct nodes say ---

    /// A correct node put `message` on the wire. `excused`: it may have lost something of its log.
    pub fn sent(
        &mut self,
        spec: &Spec,
        node: usize,
        message: &Message,
        excused: bool,
    ) -> Result<(), Halt> {
        match statement_of(message).filter(|_| !excused && !self.blind) {
            Some(signed) => self.said(spec, node, signed),
            None => Ok(()),
        }
    }

    fn said(&mut self, spec: &Spec, node: usize, signed: &SignedStatement) -> Result<(), Halt> {
        // What is signed for no set makes no certificate, which is found elsewhere.
        let terms = spec.terms_of(signed);
        let Terms { set, .. } = terms.unwrap_or_else(|| spec.terms(signed.height, spec.records()));
        let latest = self.latest.entry((signed.height, node)).or_insert(set.id);
        if set.id < *latest {
            let text = format!(
                "node {node} under set {} after {latest}: {signed:?}",
                set.id
            );
            return breach(Breach::OlderSet, text);
        }
        *latest = set.id;
        let seat = (signed.height, set.id, signed.authority);
        let (view, statement) = (signed.view, signed.statement);
        // What is said again was checked the first time.
        if let Some(first) = self.said.get(&(seat, view, kind(&statement))) {
            if *first != statement {
                let text = format!("node {node}, view {view}: {first:?} and {statement:?}");
                return breach(Breach::Equivocation, text);
            }
            return Ok(());
        }
        self.said.insert((seat, view, kind(&statement)), statement);
        let changed = self.changes.get(&seat).copied().unwrap_or(0);
        if view < changed {
            let text = format!("node {node} said {signed:?} after ViewChange({changed})");
            return breach(Breach::BelowView, text);
        }
        match statement {
            Statement::Commit { .. } => {
                self.commits.insert(seat, view);
            }
            Statement::ViewChange { prepared } => {
                let committed = self.commits.get(&seat).copied();
                if prepared.map(|p| p.view) < committed {
                    let text = format!("node {node} committed in {committed:?}: {signed:?}");
                    return breach(Breach::ForgottenLock, text);
                }
                self.changes.insert(seat, view);
                self.highest_view = self.highest_view.max(view);
            }
            Statement::Prepare { hash, proof }
                if self.unjustified.contains(&(seat.0, view, hash, proof)) =>
            {
                let text = format!("node {node} said {signed:?}");
                return breach(Breach::VotedUnjustified, text);
            }
            Statement::Proposal { .. } | Statement::Prepare { .. } => {}
        }
        Ok(())
    }

    /// A correct node opened its log: does it hold what the node said, and nothing else?
    pub fn check_log(&mut self, spec: &Spec, node: usize, log: &Log) -> Result<(), Halt> {
        if self.excused.contains(&node) || self.blind {
            return Ok(());
        }
        let first = log.last_decided().unwrap_or(0).saturating_add(1);
        for height in first..first.saturating_add(OPEN_HEIGHTS) {
            let mut logged = Vec::new();
            for record in log.records(height) {
                let Record::Sent(message) = record else {
                    continue;
                };
                if let Some(signed) = statement_of(message) {
                    self.said(spec, node, signed)?;
                    logged.push((spec.terms_of(signed).map(|terms| terms.set.id), signed));
                }
            }
            // Of sets that are over it need hold nothing.
            let all = spec.all_terms(height).into_iter();
            for Terms { set, .. } in all.filter(|terms| log.admits(height, terms.set.id)) {
                let Some(index) = set.index_of(&key(node)) else {
                    continue;
                };
                let seat = (height, set.id, index);
                let range = (seat, 0, 0)..=(seat, View::MAX, u8::MAX);
                for ((_, view, _), statement) in self.said.range(range) {
                    let there = logged.iter().any(|(of_set, signed)| {
                        *of_set == Some(set.id)
                            && signed.view == *view
                            && signed.statement == *statement
                    });
                    if !there {
                        let text = format!("node {node} lost {statement:?} of ({height}, {view})");
                        return breach(Breach::Log, text);
                    }
                }
            }
        }
        Ok(())
    }

    /// The highest block that any correct node has decided.
    pub fn highest(&self) -> Height {
        let last = self.decided.last_key_value();
        last.map_or(0, |(height, _)| *height)
    }

    /// Whether the authority of `node` has committed to anything above `height`.
    pub fn committed_above(&self, spec: &Spec, node: usize, height: Height) -> bool {
        self.commits.keys().any(|(at, set, index)| {
            let terms = spec.terms_of_set(*at, *set);
            let author = terms.and_then(|terms| Some(terms.set.get(*index)?.key.clone()));
            *at > height && author == Some(key(node))
        })
    }

    // --- What is final ---

    /// A correct node decided.
    pub fn decided(
        &mut self,
        spec: &Spec,
        node: usize,
        certificate: &Certificate,
    ) -> Result<(), Halt> {
        let (height, view, hash) = (certificate.height, certificate.view, certificate.hash);
        if self.blind {
            return Ok(());
        }
        if !self.verified.contains(&(height, view, hash)) {
            let all = spec.all_terms(height);
            let verify_by = |terms: &Terms| {
                certificate.verify_with(VoteKind::Commit, &terms.context(), &terms.set, verify)
            };
            if !all.iter().any(|terms| verify_by(terms).is_ok()) {
                let errors: Vec<_> = all.iter().map(verify_by).collect();
                let text = format!("node {node}: {errors:?}: {certificate:?}");
                return breach(Breach::BadCertificate, text);
            }
            self.verified.insert((height, view, hash));
        }
        let first = self
            .decided
            .entry(height)
            .or_insert_with(|| certificate.clone());
        if first.hash == hash {
            return Ok(());
        }
        let first = first.clone();
        let text = format!("height {height}: {first:?} and, on node {node}, {certificate:?}");
        if !self.overrun {
            return breach(Breach::Fork, text);
        }
        self.fork = Some(height);
        self.heard(spec, &Message::Decided(first))?;
        self.heard(spec, &Message::Decided(certificate.clone()))?;
        let set = spec.set(height);
        let weight = self.convicted.get(&(height, set.id)).map_or(0, |indices| {
            indices.iter().map(|index| set.weight(*index)).sum::<u64>()
        });
        if weight > set.faults() {
            return Ok(());
        }
        let text = format!("evidence against a weight of {weight} only; {text}");
        breach(Breach::NoEvidence, text)
    }

    /// How many authorities are convicted.
    pub fn convictions(&self) -> u64 {
        self.convicted.values().map(|c| c.len() as u64).sum()
    }

    // --- What correct nodes hear ---

    /// A message came to a correct node: take all that is signed in it.
    pub fn heard(&mut self, spec: &Spec, message: &Message) -> Result<(), Halt> {
        if self.blind {
            return Ok(());
        }
        if let Some(signed) = statement_of(message) {
            let is_new = self.statement(spec, signed)?;
            if let (Message::Proposal { proof, .. }, true) = (message, is_new) {
                self.proposal(spec, signed, proof.as_ref())?;
            }
        }
        match message {
            Message::Proposal {
                proof: Some(proof), ..
            } => {
                for change in &proof.view_changes {
                    self.statement(spec, change)?;
                }
                self.certificate(spec, proof.prepared.as_ref())
            }
            Message::ViewChange { certificate, .. } => self.certificate(spec, certificate.as_ref()),
            Message::Decided(certificate) => self.certificate(spec, Some(certificate)),
            Message::Proposal { proof: None, .. } | Message::Vote(_) => Ok(()),
        }
    }

    fn certificate(&mut self, spec: &Spec, certificate: Option<&Certificate>) -> Result<(), Halt> {
        for signed in certificate.into_iter().flat_map(statements_of) {
            self.statement(spec, &signed)?;
        }
        Ok(())
    }

    /// Take one statement, if its signature is good. Whether it is new.
    fn statement(&mut self, spec: &Spec, signed: &SignedStatement) -> Result<bool, Halt> {
        let Some(Terms { set, .. }) = spec.terms_of(signed) else {
            return Ok(false);
        };
        let seat = (signed.height, set.id, signed.authority);
        let known = self.seen.get(&seat).map_or(&[][..], Vec::as_slice);
        let same = |s: &&SignedStatement| s.view == signed.view && s.statement == signed.statement;
        if known.iter().any(|s| same(&s)) {
            return Ok(false);
        }
        let offences: Vec<_> = known
            .iter()
            .filter_map(|other| Offence::between(other, signed))
            .collect();
        self.seen.entry(seat).or_default().push(signed.clone());
        for offence in offences {
            self.convict(spec, set.id, offence)?;
        }
        Ok(true)
    }

    /// Whether a proposal convicts its author by itself.
    fn proposal(
        &mut self,
        spec: &Spec,
        proposal: &SignedStatement,
        proof: Option<&NewViewProof>,
    ) -> Result<(), Halt> {
        let offence = Offence::UnjustifiedProposal {
            proposal: proposal.clone(),
            proof: proof.cloned(),
        };
        let Some(Terms { set, .. }) = spec.terms_of(proposal) else {
            return Ok(());
        };
        let evidence = Evidence {
            set_id: set.id,
            offence,
        };
        match evidence.verify_with(GENESIS, &set, verify) {
            Ok(_) => {
                if let Statement::Proposal { hash, proof } = proposal.statement {
                    self.unjustified
                        .insert((proposal.height, proposal.view, hash, proof));
                }
                self.convict(spec, set.id, evidence.offence)
            }
            Err(_) => Ok(()),
        }
    }

    fn convict(&mut self, spec: &Spec, set: SetId, offence: Offence) -> Result<(), Halt> {
        let (height, index) = (offence.height(), offence.offender());
        let terms = spec.terms_of_set(height, set);
        let accused = terms.as_ref().and_then(|terms| terms.set.get(index));
        if accused.is_some_and(|a| self.is_correct(&a.key)) {
            let text = format!("height {height}, authority {index}: {offence:?}");
            return breach(Breach::CorrectConvicted, text);
        }
        let convicted = self.convicted.entry((height, set)).or_default();
        convicted.insert(index);
        Ok(())
    }

    /// The state machine of a correct node has taken a step: it does not stay where more weight than
    /// may be faulty asks it to leave.
    pub fn rests(&self, node: usize, state: Option<RoundState>) -> Result<(), Halt> {
        let Some(state) = state.filter(|state| !state.decided && !self.blind) else {
            return Ok(());
        };
        let above = state.view_changes.iter().filter(|(_, v)| *v > state.view);
        let weight: u64 = above.map(|(index, _)| state.set.weight(*index)).sum();
        if weight <= state.set.faults() {
            return Ok(());
        }
        let text = format!(
            "node {node} in view {}: {:?}",
            state.view, state.view_changes
        );
        breach(Breach::LeftBehind, text)
    }

    // --- What correct nodes say of others ---

    /// A correct node reports evidence.
    pub fn reported(&mut self, spec: &Spec, node: usize, evidence: &Evidence) -> Result<(), Halt> {
        if self.blind {
            return Ok(());
        }
        let height = evidence.offence.height();
        let terms = spec.terms_of_set(height, evidence.set_id);
        let set = terms.map(|terms| terms.set).unwrap_or_default();
        if let Err(error) = evidence.verify_with(GENESIS, &set, verify) {
            let text = format!("node {node} reports what is none: {error}: {evidence:?}");
            return breach(Breach::CorrectConvicted, text);
        }
        self.convict(spec, evidence.set_id, evidence.offence.clone())
    }

    /// A correct node refuses a message of `peer`, in a way for which no correct node gives cause.
    pub fn blamed(&self, node: usize, peer: usize, rejection: Rejection) -> Result<(), Halt> {
        if self.faulty.contains(&peer) || self.excused.contains(&peer) || self.blind {
            return Ok(());
        }
        let text = format!("node {node} blames node {peer}: {rejection}");
        breach(Breach::CorrectBlamed, text)
    }
}
