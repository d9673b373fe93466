// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON-RPC methods of a Hansa node beyond those that every SDK node has.
//!
//! `docs/RPC.md` describes them with examples. The servers are thin: what they answer stands in the
//! chain's state, in the database, or in a snapshot that the consensus keeps.

#![forbid(unsafe_code)]

pub mod allocation;
pub mod beacon;
pub mod chains;
pub mod dappchains;
mod digits;
pub mod hub;
pub mod interchain;
pub mod pbft;
pub mod pool;
pub mod staking;

use allocation::{Allocation, AllocationApiServer};
use beacon::{Beacon, BeaconApiServer};
use chains::{Chains, ChainsApiServer};
use dappchains::{DappChains, DappChainsApiServer};
use hansa_allocation_primitives::api::AllocationApi as AllocationRuntimeApi;
use hansa_beacon_primitives::api::BeaconApi as BeaconRuntimeApi;
use hansa_consensus_pbft::{
    justification::PbftJustificationStream, recoveries::Recoveries, SharedRoundState,
};
use hansa_dappchain_primitives::api::DappChainsApi as DappChainsRuntimeApi;
use hansa_interchain_primitives::api::InterchainApi as InterchainRuntimeApi;
use hansa_pbft_primitives::PbftApi as PbftRuntimeApi;
use hansa_primitives::{AccountId, Balance, Block, Nonce};
use hansa_staking_primitives::api::StakingApi as StakingRuntimeApi;
use hansa_supervisor::status::SharedStatus;
use interchain::{Interchain, InterchainApiServer};
use jsonrpsee::{core::RegisterMethodError, RpcModule};
use pbft::{Pbft, PbftApiServer};
use pool::{Pool, PoolApiServer};
use sc_client_api::{BlockBackend, ProofProvider};
use sc_rpc::SubscriptionTaskExecutor;
use sc_transaction_pool_api::TransactionPool;
use sp_api::ProvideRuntimeApi;
use sp_block_builder::BlockBuilder;
use sp_blockchain::{Error as BlockchainError, HeaderBackend, HeaderMetadata};
use sp_keystore::KeystorePtr;
use staking::{Staking, StakingApiServer};
use std::sync::Arc;
use substrate_frame_rpc_system::AccountNonceApi;

/// What the methods need.
pub struct FullDeps<C, P> {
    /// The client.
    pub client: Arc<C>,
    /// The transaction pool.
    pub pool: Arc<P>,
    /// Where the node's keys are.
    pub keystore: KeystorePtr,
    /// Whether the node comes into the node pool by itself.
    pub join_pool: bool,
    /// The DappChains of the process.
    pub dappchains: SharedStatus,
    /// The records that put other sets in place.
    pub recoveries: Recoveries,
    /// The consensus' snapshot of the height under way.
    pub round_state: SharedRoundState,
    /// The certificates of newly final blocks.
    pub justifications: PbftJustificationStream,
    /// Runs subscriptions.
    pub subscription_executor: SubscriptionTaskExecutor,
}

/// All methods that are added to the SDK's.
pub fn create_full<C, P>(deps: FullDeps<C, P>) -> Result<RpcModule<()>, RegisterMethodError>
where
    C: ProvideRuntimeApi<Block>
        + HeaderBackend<Block>
        + HeaderMetadata<Block, Error = BlockchainError>
        + BlockBackend<Block>
        + ProofProvider<Block>
        + Send
        + Sync
        + 'static,
    C::Api: AccountNonceApi<Block, AccountId, Nonce>
        + pallet_transaction_payment_rpc::TransactionPaymentRuntimeApi<Block, Balance>
        + BlockBuilder<Block>
        + PbftRuntimeApi<Block>
        + StakingRuntimeApi<Block, AccountId>
        + BeaconRuntimeApi<Block, AccountId>
        + AllocationRuntimeApi<Block, AccountId>
        + DappChainsRuntimeApi<Block, AccountId>
        + InterchainRuntimeApi<Block, AccountId>,
    P: TransactionPool + 'static,
{
    use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
    use substrate_frame_rpc_system::{System, SystemApiServer};

    let FullDeps {
        client,
        pool,
        keystore,
        join_pool,
        dappchains,
        recoveries,
        round_state,
        justifications,
        subscription_executor,
    } = deps;
    let mut module = RpcModule::new(());
    module.merge(System::new(client.clone(), pool).into_rpc())?;
    module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
    module.merge(Staking::new(client.clone()).into_rpc())?;
    module.merge(Beacon::new(client.clone()).into_rpc())?;
    module.merge(Allocation::new(client.clone()).into_rpc())?;
    module.merge(Pool::new(client.clone(), keystore, join_pool).into_rpc())?;
    module.merge(DappChains::new(client.clone()).into_rpc())?;
    module.merge(Chains(dappchains).into_rpc())?;
    module.merge(Interchain::new(client.clone()).into_rpc())?;
    let pbft = Pbft::new(
        client,
        recoveries,
        round_state,
        justifications,
        subscription_executor,
    );
    module.merge(pbft.into_rpc())?;
    Ok(module)
}
