// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The server of the methods about pBFT.

use super::{BlockRef, Error, FinalityProof, PbftApiServer, RoundStateInfo};
use futures::StreamExt;
use hansa_consensus_pbft::{
    authorities::ConsensusStates,
    block::randomness::NoOutputs,
    justification::{finality_proof, PbftJustification, PbftJustificationStream},
    recoveries::Recoveries,
    SharedRoundState,
};
use hansa_pbft_core::RoundState;
use hansa_pbft_primitives::{Hash, PbftApi as PbftRuntimeApi};
use hansa_primitives::Block;
use jsonrpsee::{core::RpcResult, PendingSubscriptionSink};
use sc_client_api::BlockBackend;
use sc_rpc::{
    utils::{BoundedVecDeque, PendingSubscription},
    SubscriptionTaskExecutor,
};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use std::sync::Arc;

/// How many proofs may wait for a slow subscriber before the node warns of it.
const QUEUE_WARNING: usize = 10_000;

/// How many proofs are kept for a subscriber that does not take them; then it is dropped.
const SUBSCRIBER_BUFFER: usize = 64;

/// Serves [`PbftApiServer`].
pub struct Pbft<C> {
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
    round_state: SharedRoundState,
    justifications: PbftJustificationStream,
    executor: SubscriptionTaskExecutor,
}

impl<C> Pbft<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: PbftRuntimeApi<Block>> + 'static,
{
    /// A server of the chain of `client`, with these records of recoveries.
    pub fn new(
        client: Arc<C>,
        recoveries: Recoveries,
        round_state: SharedRoundState,
        justifications: PbftJustificationStream,
        executor: SubscriptionTaskExecutor,
    ) -> Self {
        // No headers are checked here.
        let states = ConsensusStates::new(client.clone(), Arc::new(NoOutputs));
        let states = Arc::new(states.with_recoveries(recoveries));
        Self {
            client,
            states,
            round_state,
            justifications,
            executor,
        }
    }
}

/// The JSON form of a justification, with the set that decided it if that is still known.
pub(crate) fn to_proof<C>(
    states: &ConsensusStates<C>,
    justification: &PbftJustification,
) -> FinalityProof
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block, Api: PbftRuntimeApi<Block>> + 'static,
{
    let decided_by = states.that_decided(&justification.header).ok();
    FinalityProof::new(
        justification,
        decided_by.as_ref().map(|(c, set)| (*c, set.as_ref())),
    )
}

impl<C> Pbft<C>
where
    C: HeaderBackend<Block>
        + BlockBackend<Block>
        + ProvideRuntimeApi<Block, Api: PbftRuntimeApi<Block>>
        + 'static,
{
    /// What a node says that does not run the engine: which height is next, and who decides it.
    fn follower_state(&self) -> Result<RoundState, Error> {
        let info = self.client.info();
        let height = info.finalized_number.saturating_add(1);
        let state = self
            .states
            .for_child_of(info.finalized_hash)
            .map_err(|e| Error::Internal(e.to_string()))?;
        Ok(RoundState {
            height,
            view: 0,
            primary: state.primary(height, 0),
            quorum: state.set.quorum(),
            set: state.set,
            local: None,
            proposal: None,
            prepared: None,
            prepares: Vec::new(),
            commits: Vec::new(),
            view_changes: Vec::new(),
            decided: false,
        })
    }

    fn proof_of(&self, block: BlockRef) -> Result<FinalityProof, Error> {
        let hash: Hash = match block {
            BlockRef::Hash(hash) => hash,
            BlockRef::Number(number) => self
                .client
                .hash(number)?
                .ok_or(Error::UnknownBlock(block))?,
        };
        if self.client.header(hash)?.is_none() {
            return Err(Error::UnknownBlock(block));
        }
        let justification =
            finality_proof(&*self.client, hash)?.ok_or(Error::CertificateMissing(block))?;
        Ok(to_proof(&self.states, &justification))
    }
}

impl<C> PbftApiServer for Pbft<C>
where
    C: HeaderBackend<Block>
        + BlockBackend<Block>
        + ProvideRuntimeApi<Block, Api: PbftRuntimeApi<Block>>
        + Send
        + Sync
        + 'static,
{
    fn round_state(&self) -> RpcResult<RoundStateInfo> {
        if let Some(state) = self.round_state.read().as_ref() {
            return Ok(state.into());
        }
        Ok((&self.follower_state()?).into())
    }

    fn prove_finality(&self, block: BlockRef) -> RpcResult<FinalityProof> {
        Ok(self.proof_of(block)?)
    }

    fn subscribe_justifications(&self, pending: PendingSubscriptionSink) {
        let states = self.states.clone();
        let stream = self
            .justifications
            .subscribe(QUEUE_WARNING)
            .map(move |justification| to_proof(&states, &justification));
        let buffer = BoundedVecDeque::new(SUBSCRIBER_BUFFER);
        sc_rpc::utils::spawn_subscription_task(
            &self.executor,
            PendingSubscription::from(pending).pipe_from_stream(stream, buffer),
        );
    }
}
