// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Checks blocks that come by sync or from a file, before their import.
//!
//! What fails here is blamed on the peer that sent the block; what fails later, in the import, is
//! not. So the certificate is verified here, and the import takes this one's word for it.

use super::{
    admission::verify_params,
    checks::{check_form, check_header, HeaderError, ViewRule},
    import::{VerifiedCommit, VERIFIED_KEY},
    randomness::check_author_output,
    BlockError,
};
use crate::{
    authorities::{ConsensusClient, ConsensusStates},
    justification::{self, CommitError},
    LOG_TARGET,
};
use hansa_pbft_primitives::Hash;
use hansa_primitives::{Block, Header};
use log::debug;
use sc_consensus::{
    import_queue::BasicQueue, BlockImportParams, BoxBlockImport, BoxJustificationImport,
    ForkChoiceStrategy, Verifier,
};
use sp_core::traits::SpawnEssentialNamed;
use sp_runtime::traits::Header as HeaderT;
use std::sync::Arc;
use substrate_prometheus_endpoint::Registry;

/// Why a block of sync is refused.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error("bad header: {0}")]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Client(#[from] sp_blockchain::Error),
}

/// Checks header and certificate of blocks that come by sync.
pub struct PbftVerifier<C> {
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
}

impl<C: ConsensusClient> PbftVerifier<C> {
    /// A verifier for the chain of `client`.
    pub fn new(client: Arc<C>, states: Arc<ConsensusStates<C>>) -> Self {
        Self { client, states }
    }

    /// Split off the seal, and check what can be checked.
    fn check(
        &self,
        mut params: BlockImportParams<Block>,
    ) -> Result<BlockImportParams<Block>, VerifyError> {
        let header = params.header.clone();
        let hash = header.hash();
        // A block that is imported together with the state after it (the target of a warp sync), or
        // that is older than that state: the set that decided it is not known.
        let checkable = !params.with_state() && !params.state_action.skip_execution_checks();
        if checkable {
            self.check_certified(&mut params, &header, hash)?;
        }
        let checked = check_form(header)?;
        params.header = checked.pre_header;
        params.post_digests.push(checked.seal);
        params.post_hash = Some(hash);
        params.fork_choice = Some(ForkChoiceStrategy::Custom(checkable));
        Ok(params)
    }

    /// Check certificate and header against the state of the parent, if that is at hand.
    fn check_certified(
        &self,
        params: &mut BlockImportParams<Block>,
        header: &Header,
        hash: Hash,
    ) -> Result<(), VerifyError> {
        let parent = *header.parent_hash();
        let parent_header = self.client.header(parent)?;
        // Before the set is asked for, which the record names.
        let justifications = params.justifications.as_ref();
        if parent_header.is_some() && self.states.is_record_open(header, justifications) {
            // No peer's fault, perhaps, and who decided the block is not known before.
            return Ok(());
        }
        let (state, parent) = match (self.states.for_child_of(parent), parent_header) {
            (Ok(state), Some(parent)) => (state, parent),
            (state, _) => {
                // No peer's fault. The import says what is missing.
                debug!(target: LOG_TARGET, "Cannot check block {hash} yet: {:?}", state.err());
                return Ok(());
            }
        };
        let view = justification::find(params.justifications.as_ref())?.view;
        let checked = check_header(header.clone(), &parent, &state, ViewRule::UpTo(view))?;
        let (author, output) = (checked.pre_digest.author, checked.output.as_ref());
        match check_author_output(&self.states, &checked.pre_header, author, output) {
            Err(BlockError::UnknownSet(error)) => {
                debug!(target: LOG_TARGET, "Cannot check block {hash} yet: {error}");
                return Ok(());
            }
            result => result?,
        }
        let certificate = verify_params(params, hash, &self.states)?;
        params.insert_intermediate(VERIFIED_KEY, VerifiedCommit { hash, certificate });
        Ok(())
    }
}

#[async_trait::async_trait]
impl<C: ConsensusClient> Verifier<Block> for PbftVerifier<C> {
    async fn verify(
        &self,
        block: BlockImportParams<Block>,
    ) -> Result<BlockImportParams<Block>, String> {
        self.check(block).map_err(|e| e.to_string())
    }
}

/// The queue through which blocks of sync go: verified one by one, and imported one by one.
pub fn import_queue<C: ConsensusClient>(
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
    block_import: BoxBlockImport<Block>,
    justification_import: Option<BoxJustificationImport<Block>>,
    spawner: &impl SpawnEssentialNamed,
    registry: Option<&Registry>,
) -> BasicQueue<Block> {
    let verifier = PbftVerifier::new(client, states);
    BasicQueue::new(
        verifier,
        block_import,
        justification_import,
        spawner,
        registry,
    )
}
