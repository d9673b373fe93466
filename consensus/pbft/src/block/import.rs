// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Imports blocks as final, in one commit with their certificate.
//!
//! Blocks come in two ways: from the driver, which holds them executed
//! ([`PbftBlockImport::import_held`]), and from sync and files, with the certificate as
//! justification. One lock orders the two, so when both have the block of a height the second finds
//! it in the chain, and that is success. Whatever way a block came, [`PbftLink`] tells of it.
//!
//! Some blocks come without a certificate that could be verified, and are let through as the SDK
//! means them to be: a whole state with its block, which state and warp sync have proven by
//! themselves; the headers of a warp proof, likewise; and the blocks below that state, which gap
//! sync fetches afterwards.

use super::{
    admission::{
        announced_as, executable_body, is_bulk, keep_plausible_certificate, sealed_params,
        verify_params, Treatment,
    },
    checks::HeaderError,
    randomness::{check_author_output, read_output},
    BlockError, HeldBlock,
};
use crate::{
    authorities::{ConsensusClient, ConsensusStates},
    justification::{
        self, check_place, CommitError, PbftJustification, PbftJustificationSender,
        PbftJustificationStream,
    },
    recoveries::{check_record, RecordError},
    worker::unix_ms,
    LOG_TARGET,
};
use futures::lock::Mutex;
use hansa_pbft_primitives::{
    recovery::find_recovery, AuthoritySet, Certificate, Hash, Height, PreDigest, PBFT_ENGINE_ID,
};
use hansa_primitives::{Block, Header};
use log::{debug, error, trace};
use sc_consensus::{
    BlockCheckParams, BlockImport, BlockImportParams, ForkChoiceStrategy, ImportResult,
    JustificationImport, StateAction, StorageChanges,
};
use sc_utils::mpsc::{tracing_unbounded, TracingUnboundedReceiver, TracingUnboundedSender};
use sp_blockchain::BlockStatus;
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_runtime::{
    traits::{Block as BlockT, Header as HeaderT},
    Justification, Justifications,
};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// Under this key the verifier leaves word that it has verified the certificate.
pub(super) const VERIFIED_KEY: &[u8] = b"hansa/pbft/verified";

/// From this many undelivered notices on, the channel warns.
const NOTICES_WARNING: usize = 100_000;

/// Word of the verifier that the certificate proves the block with this hash final.
pub(super) struct VerifiedCommit {
    pub hash: Hash,
    pub certificate: Certificate,
}

/// A block that was imported as final.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportedBlock {
    /// The block.
    pub hash: Hash,
    /// Its number.
    pub height: Height,
    /// What makes it final; none for a block that came with its whole state and no justification.
    pub certificate: Option<Certificate>,
    /// How it came.
    pub origin: BlockOrigin,
}

/// Where every decided block is written down before the database has it.
pub trait DecidedLog: Send + Sync {
    /// Make `block` and what makes it final, by the authorities of `set`, durable. An error keeps the block from being imported.
    /// It may be a block that was recorded before.
    fn record(
        &self,
        block: &Block,
        certificate: &Certificate,
        set: &AuthoritySet,
        origin: BlockOrigin,
    ) -> std::io::Result<()>;
}

/// What is done with a decided block of sync before the database has it.
#[derive(Clone)]
enum Decisions {
    /// Nothing.
    Unlogged,
    /// It waits until there is a log.
    Awaited,
    /// It is written to a log.
    Logged(Arc<dyn DecidedLog>),
}

/// Whether a block was new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImportOutcome {
    /// It was imported now.
    Imported,
    /// It was in the chain: sync was faster.
    AlreadyInChain,
}

/// What the import tells others.
pub struct PbftLink {
    /// Every block that is imported as final, in the order of import.
    pub imported: TracingUnboundedReceiver<ImportedBlock>,
    /// The number of the last final block.
    pub head: watch::Receiver<Height>,
    /// Where to subscribe to justifications.
    pub justifications: PbftJustificationStream,
}

/// What all clones of an import share.
struct Shared {
    /// Held from before a block's status is looked up until it is in the database.
    lock: Mutex<()>,
    imported: TracingUnboundedSender<ImportedBlock>,
    head: watch::Sender<Height>,
    justifications: PbftJustificationSender,
    decided: watch::Sender<Decisions>,
    conflicts: OnceLock<TracingUnboundedSender<Certificate>>,
}

/// The block import of pBFT, around the client's, `I`.
pub struct PbftBlockImport<I, C> {
    inner: I,
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
    shared: Arc<Shared>,
}

impl<I: Clone, C> Clone for PbftBlockImport<I, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            client: self.client.clone(),
            states: self.states.clone(),
            shared: self.shared.clone(),
        }
    }
}

/// Wrap `inner`, the import of `client`.
pub fn block_import<I, C: ConsensusClient>(
    inner: I,
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
) -> (PbftBlockImport<I, C>, PbftLink) {
    let (imported_sender, imported) = tracing_unbounded("mpsc_pbft_imported", NOTICES_WARNING);
    let (head_sender, head) = watch::channel(client.info().finalized_number);
    let (justification_sender, justifications) = PbftJustificationStream::channel();
    let shared = Shared {
        lock: Mutex::new(()),
        imported: imported_sender,
        head: head_sender,
        justifications: justification_sender,
        decided: watch::channel(Decisions::Unlogged).0,
        conflicts: OnceLock::new(),
    };
    let import = PbftBlockImport {
        inner,
        client,
        states,
        shared: Arc::new(shared),
    };
    (
        import,
        PbftLink {
            imported,
            head,
            justifications,
        },
    )
}

impl<I, C> PbftBlockImport<I, C>
where
    C: ConsensusClient,
    I: BlockImport<Block, Error = ConsensusError> + Send + Sync,
{
    /// From now on let blocks of sync wait until [`set_decided_log`](Self::set_decided_log) is called.
    ///
    /// For a node that will have such a log, before it has a network: what was imported before the log
    /// is open would be missing there, and a log that lacks what the database has counts as an old copy.
    pub fn await_decided_log(&self) {
        self.shared.decided.send_if_modified(|decided| {
            let first = matches!(decided, Decisions::Unlogged);
            if first {
                *decided = Decisions::Awaited;
            }
            first
        });
    }

    /// From now on write every decided block to `log` before it is imported, unless it comes by
    /// [`import_held`](Self::import_held). Only the first call counts; it returns whether this was
    /// the first.
    pub fn set_decided_log(&self, log: Arc<dyn DecidedLog>) -> bool {
        self.shared.decided.send_if_modified(|decided| {
            let first = !matches!(decided, Decisions::Logged(_));
            if first {
                *decided = Decisions::Logged(log);
            }
            first
        })
    }

    /// The log of decided blocks, once it is open; none if this node has none.
    async fn decided_log(&self) -> Option<Arc<dyn DecidedLog>> {
        let mut decided = self.shared.decided.subscribe();
        let known = decided.wait_for(|decided| !matches!(decided, Decisions::Awaited));
        let known = known.await.ok()?.clone();
        match known {
            Decisions::Logged(log) => Some(log),
            Decisions::Unlogged | Decisions::Awaited => None,
        }
    }

    /// From now on send to `conflicts` each certificate for another block than the one that is final
    /// at its height: somebody can be convicted by it. Only the first call counts.
    pub fn set_conflict_sink(&self, conflicts: TracingUnboundedSender<Certificate>) -> bool {
        self.shared.conflicts.set(conflicts).is_ok()
    }

    /// Import a block that the driver holds executed, with the certificate that the state machine
    /// has verified. `origin` is [`BlockOrigin::Own`] for own blocks and
    /// [`BlockOrigin::ConsensusBroadcast`] for others.
    ///
    /// The caller has written the block to its log. Blocks the thread during the database commit.
    pub async fn import_held(
        &self,
        held: HeldBlock,
        certificate: Certificate,
        origin: BlockOrigin,
    ) -> Result<ImportOutcome, ConsensusError> {
        let HeldBlock {
            block,
            hash,
            pre_digest,
            changes,
            ..
        } = held;
        let height = block.height();
        check_place(&certificate, hash, height, Some(pre_digest.view)).map_err(other)?;
        let mut params = sealed_params(block.block, origin)?;
        params.post_hash = Some(hash);
        params.state_action = StateAction::ApplyChanges(StorageChanges::Changes(changes));
        let _guard = self.shared.lock.lock().await;
        if self.status(hash)? == BlockStatus::InChain {
            return Ok(ImportOutcome::AlreadyInChain);
        }
        // A record may have come while it was decided under the set before.
        self.check_record(&params.header).map_err(other)?;
        outcome(self.commit(params, hash, certificate).await?)
    }

    /// Import a block that is not executed, with its certificate, which is verified: one that the
    /// driver has from its log or from another replica.
    pub async fn import_decided(
        &self,
        block: Block,
        certificate: Certificate,
        origin: BlockOrigin,
    ) -> Result<ImportOutcome, ConsensusError> {
        let mut params = sealed_params(block, origin)?;
        params.justifications = Some(justification::to_justification(&certificate).into());
        outcome(self.import_block(params).await?)
    }

    /// Import as final. The lock is held, the certificate is verified, the block is not in the
    /// chain.
    async fn commit(
        &self,
        mut params: BlockImportParams<Block>,
        hash: Hash,
        certificate: Certificate,
    ) -> Result<ImportResult, ConsensusError> {
        let header = params.post_header();
        let origin = params.origin;
        params.origin = announced_as(origin, &header, unix_ms());
        let justification = justification::to_justification(&certificate);
        params.justifications = Some(Justifications::from(justification));
        params.finalized = true;
        params.fork_choice = Some(ForkChoiceStrategy::Custom(true));
        let result = self.inner.import_block(params).await?;
        if matches!(result, ImportResult::Imported(_)) {
            self.tell(hash, header, Some(certificate), origin);
        }
        Ok(result)
    }

    /// Import a block of sync, of which nothing is known but that it is not in the chain.
    async fn import_certified(
        &self,
        mut params: BlockImportParams<Block>,
        hash: Hash,
    ) -> Result<ImportResult, ConsensusError> {
        let parent = *params.header.parent_hash();
        if self.status(parent)? == BlockStatus::Unknown {
            return Ok(ImportResult::UnknownParent);
        }
        let justifications = params.justifications.as_ref();
        let header = params.post_header();
        if self.states.is_record_open(&header, justifications) {
            return Ok(ImportResult::MissingState);
        }
        self.check_record(&params.header).map_err(other)?;
        let verified = (params
            .remove_intermediate::<VerifiedCommit>(VERIFIED_KEY)
            .ok())
        .filter(|verified| verified.hash == hash);
        let is_verified = verified.is_some();
        let certificate = match verified {
            Some(verified) => verified.certificate,
            None => match self.verify(&params, hash) {
                Err(CommitError::UnknownSet(error)) => {
                    debug!(target: LOG_TARGET, "Cannot check block {hash}: {error}");
                    return Ok(ImportResult::MissingState);
                }
                result => result.map_err(other)?,
            },
        };
        let height = *params.header.number();
        if height <= self.client.info().finalized_number {
            error!(
                target: LOG_TARGET,
                "A second block of height {height} has a valid certificate: {hash}. More of the \
                authorities than the protocol tolerates have voted for both"
            );
            if let Some(conflicts) = self.shared.conflicts.get() {
                // Without a listener the node is about to stop.
                let _ = conflicts.unbounded_send(certificate);
            }
            let reason = format!("height {height} is final with another block than {hash}");
            return Err(ConsensusError::ClientImport(reason));
        }
        if !is_verified {
            match self.check_output(&params) {
                Err(BlockError::UnknownSet(error)) => {
                    debug!(target: LOG_TARGET, "Cannot check block {hash}: {error}");
                    return Ok(ImportResult::MissingState);
                }
                result => result.map_err(other)?,
            }
        }
        let body = executable_body(&params)?;
        if let Some(log) = self.decided_log().await {
            let block = Block::new(params.post_header(), body.to_vec());
            let state = self.states.for_child_of(parent).map_err(other)?;
            log.record(&block, &certificate, &state.set, params.origin)
                .map_err(other)?;
        }
        self.commit(params, hash, certificate).await
    }

    /// Find and verify the certificate of a block.
    fn verify(
        &self,
        params: &BlockImportParams<Block>,
        hash: Hash,
    ) -> Result<Certificate, CommitError> {
        verify_params(params, hash, &self.states)
    }

    /// Check that a block brings the record of a recovery exactly if there is one above its parent, and that
    /// the runtime takes it. Under the lock and at the last moment, so that it goes by what is known
    /// then. The place of the record was checked with the rest of the header's form.
    fn check_record(&self, header: &Header) -> Result<(), RecordError> {
        let parent = *header.parent_hash();
        let known = self.states.recovery_above(parent);
        let brings = find_recovery(header.digest());
        check_record(brings.as_deref(), known.as_deref())?;
        if known.is_some() && !self.states.takes_records(parent).unwrap_or(false) {
            return Err(RecordError::Unsupported);
        }
        Ok(())
    }

    /// Check the author's output of a block that the verifier did not see.
    fn check_output(&self, params: &BlockImportParams<Block>) -> Result<(), BlockError> {
        let digest = params.header.digest();
        let pre = PreDigest::find(digest).ok_or(HeaderError::NoPreDigest)?;
        let output = read_output(digest).map_err(HeaderError::from)?;
        check_author_output(&self.states, &params.header, pre.author, output.as_ref())
    }

    /// Import a block with its whole state. Sync has proven both.
    async fn import_state(
        &self,
        mut params: BlockImportParams<Block>,
        hash: Hash,
    ) -> Result<ImportResult, ConsensusError> {
        let certificate = keep_plausible_certificate(&mut params, hash);
        let (origin, header) = (params.origin, params.post_header());
        params.finalized = true;
        params.fork_choice = Some(ForkChoiceStrategy::Custom(true));
        let result = self.inner.import_block(params).await?;
        if matches!(result, ImportResult::Imported(_)) {
            self.tell(hash, header, certificate, origin);
        }
        Ok(result)
    }

    /// Tell everyone of a block that is in the database.
    fn tell(
        &self,
        hash: Hash,
        header: Header,
        certificate: Option<Certificate>,
        origin: BlockOrigin,
    ) {
        let height = *header.number();
        self.shared.head.send_replace(height);
        if let (Some(certificate), false) = (&certificate, is_bulk(origin)) {
            let certificate = certificate.clone();
            let sent = self.shared.justifications.notify::<()>(|| {
                Ok(PbftJustification {
                    header,
                    certificate,
                })
            });
            debug_assert!(sent.is_ok(), "the payload is always there");
        }
        let block = ImportedBlock {
            hash,
            height,
            certificate,
            origin,
        };
        if self.shared.imported.unbounded_send(block).is_err() {
            trace!(target: LOG_TARGET, "Nobody takes notice of imported blocks");
        }
    }

    fn status(&self, hash: Hash) -> Result<BlockStatus, ConsensusError> {
        self.client
            .status(hash)
            .map_err(|e| ConsensusError::ChainLookup(e.to_string()))
    }
}

#[async_trait::async_trait]
impl<I, C> BlockImport<Block> for PbftBlockImport<I, C>
where
    C: ConsensusClient,
    I: BlockImport<Block, Error = ConsensusError> + Send + Sync,
{
    type Error = ConsensusError;

    async fn check_block(
        &self,
        block: BlockCheckParams<Block>,
    ) -> Result<ImportResult, Self::Error> {
        self.inner.check_block(block).await
    }

    async fn import_block(
        &self,
        mut params: BlockImportParams<Block>,
    ) -> Result<ImportResult, Self::Error> {
        // Not the hash that came with it: all that follows rests on it.
        let hash = params.post_header().hash();
        params.post_hash = Some(hash);
        let _guard = self.shared.lock.lock().await;
        let in_chain = self.status(hash)? == BlockStatus::InChain;
        match Treatment::of(&params, in_chain, &self.client.info()) {
            Treatment::Known => {
                // It keeps the certificate that it has.
                params.justifications = None;
                params.intermediates.clear();
                params
                    .fork_choice
                    .get_or_insert(ForkChoiceStrategy::Custom(false));
                self.inner.import_block(params).await
            }
            Treatment::State => self.import_state(params, hash).await,
            Treatment::History => {
                keep_plausible_certificate(&mut params, hash);
                params.intermediates.clear();
                params.fork_choice = Some(ForkChoiceStrategy::Custom(false));
                self.inner.import_block(params).await
            }
            Treatment::Certified => self.import_certified(params, hash).await,
        }
    }
}

/// A justification never comes separately: a block is imported with it or not at all.
#[async_trait::async_trait]
impl<I, C> JustificationImport<Block> for PbftBlockImport<I, C>
where
    C: ConsensusClient,
    I: BlockImport<Block, Error = ConsensusError> + Send + Sync,
{
    type Error = ConsensusError;

    async fn on_start(&mut self) -> Vec<(Hash, Height)> {
        Vec::new()
    }

    async fn import_justification(
        &mut self,
        hash: Hash,
        number: Height,
        (engine, bytes): Justification,
    ) -> Result<(), Self::Error> {
        if engine != PBFT_ENGINE_ID {
            return Err(ConsensusError::InvalidJustification);
        }
        let certificate = justification::decode(&bytes).map_err(other)?;
        check_place(&certificate, hash, number, None).map_err(other)?;
        match self.status(hash)? {
            // It is final already.
            BlockStatus::InChain => Ok(()),
            BlockStatus::Unknown => Err(ConsensusError::ChainLookup(format!(
                "block {hash}, for which a justification came, is not in the chain"
            ))),
        }
    }
}

/// The result of an import that must succeed.
fn outcome(result: ImportResult) -> Result<ImportOutcome, ConsensusError> {
    match result {
        ImportResult::Imported(_) => Ok(ImportOutcome::Imported),
        ImportResult::AlreadyInChain => Ok(ImportOutcome::AlreadyInChain),
        ImportResult::KnownBad => Err(ConsensusError::ClientImport("the block is banned".into())),
        ImportResult::UnknownParent => Err(ConsensusError::ClientImport(
            "the parent is not in the chain".into(),
        )),
        ImportResult::MissingState => Err(ConsensusError::StateUnavailable(
            "the parent of the block".into(),
        )),
    }
}

/// An error of ours as one of the SDK's.
pub(super) fn other(error: impl std::error::Error + Send + Sync + 'static) -> ConsensusError {
    ConsensusError::Other(Box::new(error))
}
