// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain of the SDK's client.

use crate::{
    chain::{Chain, ChainError, Head, RouteState},
    hand_overs::HandOvers,
    limits::MAX_STEPS,
    past_sets::PastSets,
};
use hansa_consensus_pbft::{
    authorities::{ConsensusClient, ConsensusStates},
    crypto::KeystoreCrypto,
    justification::finality_proof,
};
use hansa_interchain_primitives::{
    api::{InterchainApi, PacketView, Parameters, ProofOf, Submission, RECOVERY_API_VERSION},
    packet::ChainRef,
    ChainId, Hash, Height, LaneId, Nonce, PacketResult, PastSet, RecoveryView, SignedHeader,
    StorageProof,
};
use hansa_pbft_primitives::{AuthorityIndex, AuthoritySet, PreDigest, SetId};
use hansa_primitives::{AccountId, Block};
use sc_client_api::{AuxStore, BlockBackend, ProofProvider};
use sc_keystore::LocalKeystore;
use sc_transaction_pool_api::{error::IntoPoolError, LocalTransactionPool, TransactionPool};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_runtime::traits::Header as _;
use std::sync::Arc;

/// The chain of a client, with the node's own pool and keys.
pub struct ClientChain<C, P> {
    client: Arc<C>,
    pool: Arc<P>,
    states: Arc<ConsensusStates<C>>,
    crypto: KeystoreCrypto,
    hand_overs: HandOvers<C>,
    past_sets: PastSets<C>,
    is_syncing: Box<dyn Fn() -> bool + Send + Sync>,
}

fn unreadable(error: impl ToString) -> ChainError {
    ChainError::Unreadable(error.to_string())
}

/// What a courier needs of a client.
pub trait InterchainClient:
    ConsensusClient
    + ProvideRuntimeApi<Block, Api: InterchainApi<Block, AccountId>>
    + BlockBackend<Block>
    + ProofProvider<Block>
    + AuxStore
    + Send
    + Sync
{
}

impl<T> InterchainClient for T where
    T: ConsensusClient
        + ProvideRuntimeApi<Block, Api: InterchainApi<Block, AccountId>>
        + BlockBackend<Block>
        + ProofProvider<Block>
        + AuxStore
        + Send
        + Sync
{
}

impl<C: InterchainClient, P> ClientChain<C, P> {
    /// The chain of `client`; `states` tells who decides its blocks, `keystore` has the keys of this node,
    /// `is_syncing` says whether it is far behind.
    pub fn new(
        client: Arc<C>,
        pool: Arc<P>,
        states: Arc<ConsensusStates<C>>,
        keystore: Arc<LocalKeystore>,
        is_syncing: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            is_syncing: Box::new(is_syncing),
            hand_overs: HandOvers::new(client.clone()),
            past_sets: PastSets::new(client.clone()),
            client,
            pool,
            states,
            crypto: KeystoreCrypto::new(keystore),
        }
    }

    /// How many come before this node, if it is known who made the block.
    fn rank_in(&self, at: Head) -> Option<u32> {
        let header = self.client.header(at.hash).ok()??;
        let author = PreDigest::find(header.digest())?.author;
        let (_, set) = self.states.that_decided(&header).ok()?;
        if self.crypto.holds(&set.get(author)?.key) {
            return Some(0);
        }
        let (own, _) = self.crypto.local_authority(&set)?;
        let members = AuthorityIndex::try_from(set.len()).ok()?;
        let behind = own.saturating_add(members).checked_sub(author)?;
        let rank = behind.checked_rem(members)?;
        Some(u32::from(rank).min(MAX_STEPS))
    }
}

impl<C, P> Chain for ClientChain<C, P>
where
    C: InterchainClient,
    P: TransactionPool<Block = Block, Hash = Hash> + LocalTransactionPool<Block = Block> + 'static,
{
    fn chain(&self) -> Result<Option<ChainRef>, ChainError> {
        let at = self.client.info().finalized_hash;
        let api = self.client.runtime_api();
        let version = api.api_version::<dyn InterchainApi<Block, AccountId>>(at);
        if version.map_err(unreadable)?.is_none() {
            return Ok(None);
        }
        let own = api.chain(at).map_err(unreadable)?;
        // At genesis the state does not know its own hash yet.
        let genesis = self.client.info().genesis_hash;
        Ok(Some(ChainRef { genesis, ..own }))
    }

    fn is_syncing(&self) -> bool {
        (self.is_syncing)()
    }

    fn head(&self) -> Head {
        let info = self.client.info();
        Head {
            height: info.finalized_number,
            hash: info.finalized_hash,
        }
    }

    fn hash(&self, height: Height) -> Result<Option<Hash>, ChainError> {
        self.client.hash(height).map_err(unreadable)
    }

    fn parameters(&self, at: Hash) -> Result<Parameters, ChainError> {
        self.client.runtime_api().parameters(at).map_err(unreadable)
    }

    fn routes(&self, at: Hash) -> Result<Vec<ChainId>, ChainError> {
        self.client.runtime_api().routes(at).map_err(unreadable)
    }

    fn route(&self, at: Hash, peer: ChainId) -> Result<Option<RouteState>, ChainError> {
        let api = self.client.runtime_api();
        let view = api.route(at, peer).map_err(unreadable)?;
        let client = api.client(at, peer).map_err(unreadable)?;
        Ok(view
            .zip(client)
            .map(|(view, client)| RouteState { view, client }))
    }

    fn packets(
        &self,
        at: Hash,
        peer: ChainId,
        lane: LaneId,
        from: Nonce,
        limit: u32,
    ) -> Result<Vec<PacketView>, ChainError> {
        let api = self.client.runtime_api();
        api.packets(at, peer, lane, from, limit).map_err(unreadable)
    }

    fn results(
        &self,
        at: Hash,
        peer: ChainId,
        lane: LaneId,
        from: Nonce,
        limit: u32,
    ) -> Result<Vec<(Nonce, PacketResult)>, ChainError> {
        let api = self.client.runtime_api();
        api.results(at, peer, lane, from, limit).map_err(unreadable)
    }

    fn prove(
        &self,
        at: Hash,
        peer: ChainId,
        lane: LaneId,
        of: ProofOf,
    ) -> Result<Option<StorageProof>, ChainError> {
        let api = self.client.runtime_api();
        let keys = api.proof_keys(at, peer, lane, of).map_err(unreadable)?;
        let mut keys = keys.iter().map(Vec::as_slice);
        let proof = self.client.read_proof(at, &mut keys).map_err(unreadable)?;
        Ok(StorageProof::new(proof.into_nodes()))
    }

    fn signed_header(&self, height: Height) -> Result<Option<SignedHeader>, ChainError> {
        let Some(hash) = self.hash(height)? else {
            return Ok(None);
        };
        let proof = finality_proof(&*self.client, hash).map_err(unreadable)?;
        Ok(proof.and_then(|proof| SignedHeader::new(&proof.header, proof.certificate)))
    }

    fn hand_over_to(&self, set: SetId) -> Result<Option<Height>, ChainError> {
        self.hand_overs.find(set)
    }

    fn recovered_after(&self, set: SetId) -> Result<Option<Height>, ChainError> {
        self.hand_overs.find_recovery_after(set)
    }

    fn recovery(&self, at: Hash, chain: ChainId) -> Result<Option<RecoveryView>, ChainError> {
        let api = self.client.runtime_api();
        // A hub that is older makes no records.
        let version = api.api_version::<dyn InterchainApi<Block, AccountId>>(at);
        if version.map_err(unreadable)? < Some(RECOVERY_API_VERSION) {
            return Ok(None);
        }
        api.recovery_of(at, chain).map_err(unreadable)
    }

    fn past_sets(&self, at: Hash, peer: ChainId) -> Result<Vec<PastSet>, ChainError> {
        self.client
            .runtime_api()
            .past_sets(at, peer)
            .map_err(unreadable)
    }

    fn keep_set(&self, peer: &ChainRef, set: &AuthoritySet) -> Result<(), ChainError> {
        self.past_sets.keep(peer, set)
    }

    fn kept_set(&self, peer: &ChainRef, id: SetId) -> Result<Option<AuthoritySet>, ChainError> {
        self.past_sets.get(peer, id)
    }

    fn rank(&self, at: Head) -> u32 {
        self.rank_in(at).unwrap_or(MAX_STEPS)
    }

    fn submit(&self, submission: Submission) -> Result<(), ChainError> {
        use sc_transaction_pool_api::error::Error as PoolError;
        let at = self.client.info().best_hash;
        let extrinsic = self.client.runtime_api().extrinsic(at, submission);
        let extrinsic = extrinsic.map_err(unreadable)?;
        match self.pool.submit_local(at, extrinsic) {
            Ok(_) => Ok(()),
            Err(error) => match error.into_pool_error() {
                Ok(PoolError::AlreadyImported(_) | PoolError::TooLowPriority { .. }) => {
                    Err(ChainError::InPool)
                }
                Ok(error) => Err(ChainError::NotTaken(error.to_string())),
                Err(error) => Err(ChainError::NotTaken(error.to_string())),
            },
        }
    }
}
