// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain that is a map of headers, for tests: client, runtime and the import into it.

use crate::{
    authorities::HeightState,
    test_support::{height_state, GENESIS},
};
use hansa_beacon_primitives::{
    api::BeaconApi, Beacon, BeaconId, BeaconSignature, Digest as BeaconDigest, Duty, EpochIndex,
    EpochInfo, OwnId, Phase,
};
use hansa_pbft_primitives::{
    AuthorityId, AuthorityIndex, AuthoritySet, ConsensusState, Evidence, Hash, Height,
    OpaqueKeyOwnershipProof, PbftApi, SetId, View,
};
use hansa_primitives::{AccountId, Block, Header};
use parking_lot::Mutex;
use sc_consensus::{
    BlockCheckParams, BlockImport, BlockImportParams, ForkChoiceStrategy, ImportResult, StateAction,
};
use sp_api::{ApiRef, ProvideRuntimeApi};
use sp_blockchain::{BlockStatus, HeaderBackend, Info};
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_runtime::Justifications;
use std::{collections::HashMap, sync::Arc};

/// What was imported: the block's hash, whether it was final, whether it was executed again.
pub(super) type Commit = (Hash, bool, bool);

/// A client of headers only, and the import into it.
#[derive(Default)]
pub(super) struct Chain {
    pub headers: Mutex<HashMap<Hash, Header>>,
    pub commits: Mutex<Vec<Commit>>,
    /// By which origin each was announced.
    pub origins: Mutex<Vec<BlockOrigin>>,
    pub justifications: Mutex<HashMap<Hash, Justifications>>,
    beacon: Arc<Mutex<BeaconState>>,
}

/// What the runtime says of the beacon, whatever the block.
#[derive(Default)]
struct BeaconState {
    beacon: Beacon,
    /// Of the authorities by their positions; the others have none.
    keys: Vec<Option<BeaconId>>,
    /// How often it was asked.
    calls: usize,
}

impl Chain {
    /// From now on the runtime has this beacon and these keys of the authorities. Before, none had one.
    pub fn set_beacon(&self, beacon: Beacon, keys: Vec<Option<BeaconId>>) {
        *self.beacon.lock() = BeaconState {
            beacon,
            keys,
            calls: 0,
        };
    }

    /// How often the runtime was asked of the beacon since.
    pub fn beacon_calls(&self) -> usize {
        self.beacon.lock().calls
    }
}

/// The runtime.
pub(super) struct Api(Arc<Mutex<BeaconState>>);

sp_api::mock_impl_runtime_apis! {
    impl PbftApi<Block> for Api {
        fn consensus_state() -> ConsensusState {
            let HeightState { set, seed, timing, .. } = height_state(4);
            ConsensusState { set: (*set).clone(), seed, timing }
        }

        fn primary(_height: Height, _view: View) -> Option<AuthorityId> {
            None
        }

        fn generate_key_ownership_proof(
            _set_id: SetId,
            _authority: AuthorityId,
        ) -> Option<OpaqueKeyOwnershipProof> {
            None
        }

        fn is_convicted(_height: Height, _authority: AuthorityIndex) -> Option<bool> {
            None
        }

        fn submit_report_offence(
            _evidence: Evidence,
            _set: AuthoritySet,
            _proof: OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            None
        }
    }

    impl BeaconApi<Block, AccountId> for Api {
        fn epoch(&self) -> EpochInfo {
            let mut state = self.0.lock();
            state.calls += 1;
            EpochInfo {
                epoch: 0,
                beacon: state.beacon,
                phase: Phase::Commit,
                phase_end_ms: 0,
                committed: 0,
                revealed: 0,
            }
        }

        fn author_key(&self, authority: AuthorityIndex) -> Option<BeaconId> {
            let mut state = self.0.lock();
            state.calls += 1;
            state.keys.get(usize::from(authority)).cloned().flatten()
        }

        fn duty(_key: BeaconId) -> Option<Duty<AccountId>> {
            None
        }

        fn submit_commit(
            _epoch: EpochIndex,
            _account: AccountId,
            _commitment: BeaconDigest,
            _signature: BeaconSignature,
        ) -> Option<()> {
            None
        }

        fn submit_reveal(_epoch: EpochIndex, _account: AccountId, _id: OwnId) -> Option<()> {
            None
        }
    }
}

impl ProvideRuntimeApi<Block> for Chain {
    type Api = Api;

    fn runtime_api(&self) -> ApiRef<'_, Api> {
        Api(self.beacon.clone()).into()
    }
}

impl HeaderBackend<Block> for Chain {
    fn header(&self, hash: Hash) -> sp_blockchain::Result<Option<Header>> {
        Ok(self.headers.lock().get(&hash).cloned())
    }

    fn info(&self) -> Info<Block> {
        let headers = self.headers.lock();
        let best = headers.values().max_by_key(|h| h.number);
        let best_number = best.map_or(0, |h| h.number);
        let best_hash = best.map_or(GENESIS, |h| h.hash());
        Info {
            best_hash,
            best_number,
            // The authorities of the tests sign for this one.
            genesis_hash: GENESIS,
            finalized_hash: best_hash,
            finalized_number: best_number,
            finalized_state: None,
            number_leaves: 1,
            block_gap: None,
        }
    }

    fn status(&self, hash: Hash) -> sp_blockchain::Result<BlockStatus> {
        let known = self.headers.lock().contains_key(&hash);
        Ok(if known {
            BlockStatus::InChain
        } else {
            BlockStatus::Unknown
        })
    }

    fn number(&self, hash: Hash) -> sp_blockchain::Result<Option<Height>> {
        Ok(self.headers.lock().get(&hash).map(|h| h.number))
    }

    fn hash(&self, number: Height) -> sp_blockchain::Result<Option<Hash>> {
        Ok(self
            .headers
            .lock()
            .values()
            .find(|h| h.number == number)
            .map(|h| h.hash()))
    }
}

#[async_trait::async_trait]
impl BlockImport<Block> for &Chain {
    type Error = ConsensusError;

    async fn check_block(&self, _: BlockCheckParams<Block>) -> Result<ImportResult, Self::Error> {
        Ok(ImportResult::imported(false))
    }

    async fn import_block(
        &self,
        params: BlockImportParams<Block>,
    ) -> Result<ImportResult, Self::Error> {
        let header = params.post_header();
        let hash = header.hash();
        assert!(
            params.intermediates.is_empty(),
            "the client refuses what nobody took out"
        );
        assert_eq!(params.post_hash, Some(hash));
        if self.status(hash).unwrap() == BlockStatus::InChain {
            return Ok(ImportResult::AlreadyInChain);
        }
        assert_eq!(
            params.fork_choice,
            Some(ForkChoiceStrategy::Custom(params.finalized))
        );
        let executes = matches!(params.state_action, StateAction::Execute);
        self.commits.lock().push((hash, params.finalized, executes));
        self.origins.lock().push(params.origin);
        if let Some(justifications) = params.justifications {
            self.justifications.lock().insert(hash, justifications);
        }
        self.headers.lock().insert(hash, header);
        Ok(ImportResult::imported(true))
    }
}
