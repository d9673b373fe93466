// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! From evidence to the runtime's conviction, and what is done about a fork.
//!
//! The state machine convicts; the worker says so, and reports it: with the runtime's proof of
//! whose key it was, as a transaction in the own pool, which the next own block includes. That is
//! tried again at the following final blocks until the runtime shows the authority convicted, by
//! whoever's report, or takes evidence of that height no more. The runtime calls run on a thread of
//! their own, one round of them at a time.
//!
//! Evidence is kept in memory only. It is made of what was heard, so of a restart it survives what
//! comes again; the other replicas have heard it as well.
//!
//! The own key is never reported. If it said two things, another node has it (or an old copy of
//! the vote log was put back behind the node's back), and only the operator can tell which.

use super::{blocks::TaskDone, Worker, WorkerError};
use crate::{
    accusation::{Accusation, Accuse},
    authorities::HeightState,
    block::PbftClient,
    justification::finality_proof,
    network::Misbehaviour,
    types::ProposedBlock,
    LOG_TARGET,
};
use codec::Encode;
use hansa_pbft_core::{evidence_of_fork, HeightConfig, Input};
use hansa_pbft_primitives::{
    AuthorityId, AuthoritySet, Certificate, Evidence, Hash, Height, Message, OffenceKind,
    OpaqueKeyOwnershipProof, PbftApi, SetId,
};
use hansa_primitives::Block;
use log::{debug, error, info, warn};
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_network_types::PeerId;
use sc_transaction_pool_api::{OffchainTransactionPoolFactory, TransactionPool};
use sp_api::{ApiError, ApiExt};
use sp_consensus::Error as ConsensusError;
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::mpsc::error::TrySendError;

/// How many reports wait at most; more offenders than the chain can have are not kept in mind.
const MAX_WAITING: usize = 64;

/// At how many final blocks a report is tried or looked after before it is given up.
const MAX_ROUNDS: u32 = 256;

/// At how many final blocks a report is tried that the pool or the runtime refuses.
const MAX_FAILURES: u32 = 16;

/// After how many final blocks a report that the pool took is put in again: it may have been
/// dropped, and only own blocks include own reports.
const SUBMIT_AGAIN_AFTER: u32 = 64;

/// How many forked heights are kept in mind, so that each is told once.
const MAX_FORKS: usize = 64;

/// Evidence up to this size is written to the node's log in full: two statements are 300 bytes.
const MAX_LOGGED_BYTES: usize = 1_024;

/// A report on its way.
#[derive(Debug)]
pub(crate) struct Report {
    evidence: Evidence,
    key: AuthorityId,
    set: Arc<AuthoritySet>,
    /// The block whose state knows the set as a whole: the parent of the height in question.
    parent: Hash,
    proof: Option<OpaqueKeyOwnershipProof>,
    /// Whether it is still to be told to whoever judges it elsewhere.
    untold: bool,
    rounds: u32,
    failures: u32,
    /// In which round the pool took it.
    submitted_in: Option<u32>,
}

/// What came of one round of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Progress {
    /// The authority is convicted.
    Convicted,
    /// No evidence is taken of that height any more.
    TooOld,
    /// It is in the pool.
    Pending,
    /// It could not be put into the pool.
    Failed,
}

/// The reports of one chain.
pub(super) struct Reports {
    pool: OffchainTransactionPoolFactory<Block>,
    accuse: Option<Accuse>,
    waiting: Vec<Report>,
    /// Who is in `waiting`, or in the round under way: an authority is convicted once a set.
    accused: BTreeSet<(SetId, AuthorityId)>,
    is_under_way: bool,
    forked: BTreeSet<Height>,
}

impl Reports {
    /// Reports that go into `pool`, and are told to `accuse`.
    pub fn new(pool: OffchainTransactionPoolFactory<Block>, accuse: Option<Accuse>) -> Self {
        Self {
            pool,
            accuse,
            waiting: Vec::new(),
            accused: BTreeSet::new(),
            is_under_way: false,
            forked: BTreeSet::new(),
        }
    }

    /// Take a report; false if there is one against the same authority, or no room.
    fn push(&mut self, report: Report) -> bool {
        if self.accused.len() >= MAX_WAITING || !self.accused.insert(report.accused()) {
            return false;
        }
        self.waiting.push(report);
        true
    }

    /// The reports for the next round, none if one is under way.
    fn begin_round(&mut self) -> Vec<Report> {
        if self.is_under_way || self.waiting.is_empty() {
            return Vec::new();
        }
        self.is_under_way = true;
        std::mem::take(&mut self.waiting)
    }

    /// Keep what is not done yet; returns what is, with the last word on it.
    fn end_round(&mut self, reports: Vec<(Report, Progress)>) -> Vec<(Report, Progress)> {
        self.is_under_way = false;
        let (done, rest): (Vec<_>, Vec<_>) = reports.into_iter().partition(|(report, progress)| {
            matches!(progress, Progress::Convicted | Progress::TooOld)
                || report.rounds >= MAX_ROUNDS
                || report.failures >= MAX_FAILURES
        });
        self.waiting
            .extend(rest.into_iter().map(|(report, _)| report));
        self.accused = self.waiting.iter().map(Report::accused).collect();
        done
    }

    /// Note that `height` is forked; false if that is known.
    fn note_fork(&mut self, height: Height) -> bool {
        if !self.forked.insert(height) {
            return false;
        }
        if self.forked.len() > MAX_FORKS {
            self.forked.pop_first();
        }
        true
    }
}

impl Report {
    /// Who is accused; convicted once a set.
    fn accused(&self) -> (SetId, AuthorityId) {
        (self.evidence.set_id, self.key.clone())
    }

    /// One round: look whether the authority is convicted, else put the report into the pool. `at`
    /// is the best block. Whoever judges it elsewhere is told first.
    fn advance<C: PbftClient>(
        &mut self,
        client: &C,
        pool: &OffchainTransactionPoolFactory<Block>,
        accuse: Option<&Accuse>,
        at: Hash,
    ) -> Progress {
        self.rounds = self.rounds.saturating_add(1);
        self.prove(client, at);
        let told = accuse.is_none_or(|accuse| self.tell(accuse));
        match self.try_to_submit(client, pool, at) {
            // There is no report of it any more once it is done.
            Ok(Progress::Convicted) if !told => Progress::Pending,
            Ok(progress) => {
                if progress == Progress::Failed {
                    self.failures = self.failures.saturating_add(1);
                }
                progress
            }
            Err(error) => {
                debug!(target: LOG_TARGET, "Cannot report {}: {error}", self.key);
                self.failures = self.failures.saturating_add(1);
                Progress::Failed
            }
        }
    }

    /// Have the runtime's proof of whose key it was, if it can be had.
    fn prove<C: PbftClient>(&mut self, client: &C, at: Hash) {
        if self.proof.is_some() {
            return;
        }
        let (set, key) = (self.evidence.set_id, &self.key);
        let of = |block| {
            let api = client.runtime_api();
            let proof = api.generate_key_ownership_proof(block, set, key.clone());
            proof.inspect_err(|e| debug!(target: LOG_TARGET, "No proof of whose key {key} is: {e}"))
        };
        // The state of the parent may be gone; a later one of the same set does as well.
        self.proof = of(self.parent)
            .ok()
            .flatten()
            .or_else(|| of(at).ok().flatten());
    }

    /// Tell it to whoever judges it elsewhere. False if that is to be tried again.
    fn tell(&mut self, accuse: &Accuse) -> bool {
        let Some(proof) = self.proof.clone().filter(|_| self.untold) else {
            // Without a proof it cannot be told at all.
            return true;
        };
        let accusation = Accusation {
            evidence: self.evidence.clone(),
            set: AuthoritySet::clone(&self.set),
            proof,
        };
        self.untold = matches!(accuse.try_send(accusation), Err(TrySendError::Full(_)));
        !self.untold
    }

    fn try_to_submit<C: PbftClient>(
        &mut self,
        client: &C,
        pool: &OffchainTransactionPoolFactory<Block>,
        at: Hash,
    ) -> Result<Progress, ApiError> {
        let offence = &self.evidence.offence;
        let api = client.runtime_api();
        match api.is_convicted(at, offence.height(), offence.offender())? {
            Some(true) => return Ok(Progress::Convicted),
            None => return Ok(Progress::TooOld),
            Some(false) => {}
        }
        let is_in_pool = self
            .submitted_in
            .is_some_and(|round| self.rounds.saturating_sub(round) < SUBMIT_AGAIN_AFTER);
        if is_in_pool {
            return Ok(Progress::Pending);
        }
        let Some(proof) = self.proof.clone() else {
            return Ok(Progress::Failed);
        };
        let mut api = client.runtime_api();
        api.register_extension(pool.offchain_transaction_pool(at));
        let set = AuthoritySet::clone(&self.set);
        Ok(
            match api.submit_report_offence(at, self.evidence.clone(), set, proof)? {
                Some(()) => {
                    self.submitted_in = Some(self.rounds);
                    Progress::Pending
                }
                None => Progress::Failed,
            },
        )
    }
}

/// The name of an offence, in log lines and metrics.
pub(crate) fn kind_label(kind: OffenceKind) -> &'static str {
    match kind {
        OffenceKind::Equivocation => "equivocation",
        OffenceKind::Amnesia => "amnesia",
        OffenceKind::UnjustifiedProposal => "unjustified_proposal",
    }
}

impl<C, B, P, I> Worker<C, B, P, I>
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    /// An authority is convicted: say so, and report it.
    pub(super) fn on_evidence(&mut self, evidence: Evidence) {
        let offence = &evidence.offence;
        let (kind, height) = (kind_label(offence.kind()), offence.height());
        let Some((state, parent)) = self.state_of(height, evidence.set_id) else {
            warn!(target: LOG_TARGET, "The set of height {height} is not at hand: no report");
            return;
        };
        let Some(key) = state.set.get(offence.offender()).map(|a| a.key.clone()) else {
            return;
        };
        let views: Vec<_> = offence.statements().map(|said| said.view).collect();
        if self.voting.holds(&key) {
            self.metrics.offences.with_label_values(&["own_key"]).inc();
            error!(
                target: LOG_TARGET,
                "🚨 This node's own key {key} signed at height {height}, view {views:?}, what this \
                 node did not sign ({kind}). Another node runs with the same key: stop one of the \
                 two at once. Whoever hears both reports it, and it costs the authority its place"
            );
            return;
        }
        self.metrics.offences.with_label_values(&[kind]).inc();
        warn!(
            target: LOG_TARGET,
            "🚨 Authority {} ({key}) offends at height {height}, view {views:?}: {kind}",
            offence.offender()
        );
        // So that it is not lost with the node's memory, if no own block comes to include it.
        let bytes = evidence.encode();
        if bytes.len() <= MAX_LOGGED_BYTES {
            let hex = array_bytes::bytes2hex("0x", bytes);
            info!(target: LOG_TARGET, "The evidence against {key}: {hex}");
        }
        let report = Report {
            evidence,
            key,
            set: state.set,
            parent,
            proof: None,
            untold: true,
            rounds: 0,
            failures: 0,
            submitted_in: None,
        };
        if self.reports.push(report) {
            self.send_reports();
        }
    }

    /// A round of all reports that wait, unless one is under way. Called when there is a new one,
    /// and at each final block.
    pub(super) fn send_reports(&mut self) {
        let reports = self.reports.begin_round();
        if reports.is_empty() {
            return;
        }
        let (client, pool) = (self.client.clone(), self.reports.pool.clone());
        let accuse = self.reports.accuse.clone();
        let at = client.info().best_hash;
        let work = tokio::task::spawn_blocking(move || {
            reports
                .into_iter()
                .map(|mut report| {
                    let progress = report.advance(&*client, &pool, accuse.as_ref(), at);
                    (report, progress)
                })
                .collect()
        });
        let done = async move {
            let reports = work.await.unwrap_or_else(|error| {
                error!(target: LOG_TARGET, "Reports of offences are lost: {error}");
                Vec::new()
            });
            TaskDone::Reported { reports }
        };
        self.await_beside(done);
    }

    /// A round of reports is over.
    pub(super) fn on_reported(&mut self, done: TaskDone) -> Result<(), WorkerError> {
        let TaskDone::Reported { reports } = done else {
            return Ok(());
        };
        for (report, progress) in self.reports.end_round(reports) {
            let (key, height) = (report.key, report.evidence.offence.height());
            let outcome = match progress {
                Progress::Convicted => "convicted",
                Progress::TooOld => "too_old",
                Progress::Pending | Progress::Failed => "given_up",
            };
            self.metrics.reports.with_label_values(&[outcome]).inc();
            match progress {
                Progress::Convicted => info!(
                    target: LOG_TARGET,
                    "⚖️ Authority {key} is convicted of its offence at height {height}"
                ),
                _ => warn!(
                    target: LOG_TARGET,
                    "The offence of authority {key} at height {height} is not on the chain \
                     ({outcome})"
                ),
            }
        }
        Ok(())
    }

    /// Under what `height` was or is decided, if its set is `set_id`, and its parent.
    fn state_of(&self, height: Height, set_id: SetId) -> Option<(HeightState, Hash)> {
        let parent = self.client.hash(height.checked_sub(1)?).ok().flatten()?;
        let state = match self.round.as_ref().filter(|round| round.height == height) {
            Some(round) => round.state.clone(),
            None => self.states.for_child_of(parent).ok()?,
        };
        (state.set.id == set_id).then_some((state, parent))
    }

    // --- Forks ---

    /// A peer shows what decided a height that is final here. The same block is no news. Another
    /// one is a catastrophe: nothing is done but to say so, to tell everyone, and to report
    /// whoever is convicted by it.
    pub(super) fn on_old_certificate(
        &mut self,
        peer: Option<PeerId>,
        certificate: Certificate,
    ) -> Result<(), WorkerError> {
        let height = certificate.height;
        let Some(hash) = self.client.hash(height)? else {
            return Ok(());
        };
        if hash == certificate.hash && !self.reports.forked.contains(&height) {
            return Ok(());
        }
        let Some(own) = self.certificate_of(height) else {
            return Ok(());
        };
        if self.core.remembers(height) {
            // What came by sync the state machine has not heard of yet.
            self.step(Input::Message(Message::Decided(own)))?;
            return self.step_from(peer, Input::Message(Message::Decided(certificate)));
        }
        if hash == certificate.hash || self.reports.forked.contains(&height) {
            return Ok(());
        }
        self.compare_with_history(peer, own, certificate)
    }

    /// As the state machine would, of a height that it does not remember.
    fn compare_with_history(
        &mut self,
        peer: Option<PeerId>,
        own: Certificate,
        other: Certificate,
    ) -> Result<(), WorkerError> {
        let Some(header) = self.client.header(own.hash)? else {
            return Ok(());
        };
        let Ok((context, set)) = self.states.that_decided(&header) else {
            debug!(target: LOG_TARGET, "Cannot check a certificate of height {}", own.height);
            return Ok(());
        };
        let config = HeightConfig {
            height: own.height,
            context,
            set,
            seed: [0; 32],
            local: None,
        };
        match evidence_of_fork(self.voting.crypto(), config, &own, &other) {
            Ok(evidence) => {
                evidence.into_iter().for_each(|e| self.on_evidence(e));
                self.on_fork(own, other);
            }
            Err(error) => {
                if let Some(peer) = peer {
                    debug!(target: LOG_TARGET, "Certificate of {peer} refused: {error}");
                    self.network.report(peer, Misbehaviour::RefusedMessage);
                }
            }
        }
        Ok(())
    }

    /// A quorum decided a block that is invalid here. If that is because it stands on another
    /// parent than ours, there is a fork below, and the block brings the parent's certificate.
    pub(super) fn look_below(&mut self, decided: Option<ProposedBlock>) -> Result<(), WorkerError> {
        match decided.and_then(|block| block.parent_certificate) {
            Some(certificate) => self.on_old_certificate(None, certificate),
            None => Ok(()),
        }
    }

    /// There are valid certificates for two blocks of one height.
    pub(super) fn on_fork(&mut self, first: Certificate, second: Certificate) {
        if !self.reports.note_fork(first.height) {
            return;
        }
        self.metrics.forks.inc();
        error!(
            target: LOG_TARGET,
            "🍴 FORK at height {}: block {:?} is final here (view {}), and there is a valid \
             certificate for {:?} (view {}). More authorities than the protocol tolerates signed \
             both. This node stays with its block and reports whom it can convict; which chain goes \
             on is for people to agree",
            first.height, first.hash, first.view, second.hash, second.view
        );
        for certificate in [first, second] {
            self.network.broadcast(&Message::Decided(certificate));
        }
    }

    /// What made the block of `height` final here.
    ///
    /// The vote log may have another block as decided there: one that a set decided which a record has
    /// replaced since, before the block was imported.
    pub(super) fn certificate_of(&self, height: Height) -> Option<Certificate> {
        let hash = self.client.hash(height).ok().flatten()?;
        let logged = self.voting.decided_at(height);
        logged.filter(|decided| decided.hash == hash).or_else(|| {
            let proof = finality_proof(&*self.client, hash).ok().flatten()?;
            Some(proof.certificate)
        })
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
