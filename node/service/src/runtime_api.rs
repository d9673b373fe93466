// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What nodes ask runtimes: the client's side of the runtime APIs, of which the other side is the wasm on the chain. The SDK makes
//! the two in one piece, `impl_runtime_apis!`; here nobody calls the other one. So the node does not depend on runtimes, and one
//! that changes does not have it compiled again. Which of the APIs a chain has its runtime's version says.

// The macro documents nothing.
#![allow(missing_docs)]

use hansa_allocation_primitives::{
    ChainStatus, DrawStatus, Head, Member, NodeStatus, OwedAnswer, OwnNode,
};
use hansa_beacon_primitives::{
    BeaconId, BeaconSignature, Digest as Commitment, Duty, EpochIndex, EpochInfo, OwnId,
};
use hansa_dappchain_primitives::{
    BallotView, ChainId, ChainPage, ChainView, GenesisRecord, Hash, Quote, Recovery, SeatView,
    Seconds, SetOrdinal, SetsView, StallView,
};
use hansa_interchain_primitives::{
    self as interchain,
    api::{ClientView, PacketView, Parameters, ProofOf, RouteView, Submission, TransferQuote},
    packet::ChainRef,
    ChainAddress, LaneId, Nonce as PacketNonce, PacketResult,
};
use hansa_pbft_primitives::{
    AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature, ConsensusState, Evidence,
    Height, OpaqueKeyOwnershipProof, SetId, View,
};
use hansa_primitives::{AccountId, Balance, Block, Nonce};
use hansa_staking_primitives::{ElectedNode, LedgerView, RewardView};
use pallet_transaction_payment_rpc_runtime_api::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::{crypto::KeyTypeId, OpaqueMetadata};
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    traits::Block as BlockT,
    transaction_validity::{TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;
use sp_weights::Weight;

/// Stands for a runtime.
pub struct Runtime;

/// The body of what is never called.
fn never() -> ! {
    unreachable!("runtimes are executed as wasm")
}

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            never()
        }

        fn execute_block(_: <Block as BlockT>::LazyBlock) {
            never()
        }

        fn initialize_block(_: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
            never()
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            never()
        }

        fn metadata_at_version(_: u32) -> Option<OpaqueMetadata> {
            never()
        }

        fn metadata_versions() -> Vec<u32> {
            never()
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(_: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            never()
        }

        fn finalize_block() -> <Block as BlockT>::Header {
            never()
        }

        fn inherent_extrinsics(_: InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            never()
        }

        fn check_inherents(
            _: <Block as BlockT>::LazyBlock,
            _: InherentData,
        ) -> CheckInherentsResult {
            never()
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            _: TransactionSource,
            _: <Block as BlockT>::Extrinsic,
            _: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            never()
        }
    }

    impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
        fn offchain_worker(_: &<Block as BlockT>::Header) {
            never()
        }
    }

    impl hansa_pbft_primitives::PbftApi<Block> for Runtime {
        fn consensus_state() -> ConsensusState {
            never()
        }

        fn primary(_: Height, _: View) -> Option<AuthorityId> {
            never()
        }

        fn generate_key_ownership_proof(
            _: SetId,
            _: AuthorityId,
        ) -> Option<OpaqueKeyOwnershipProof> {
            never()
        }

        fn is_convicted(_: Height, _: AuthorityIndex) -> Option<bool> {
            never()
        }

        fn submit_report_offence(
            _: Evidence,
            _: AuthoritySet,
            _: OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            never()
        }
    }

    impl hansa_beacon_primitives::api::BeaconApi<Block, AccountId> for Runtime {
        fn epoch() -> EpochInfo {
            never()
        }

        fn author_key(_: AuthorityIndex) -> Option<BeaconId> {
            never()
        }

        fn duty(_: BeaconId) -> Option<Duty<AccountId>> {
            never()
        }

        fn submit_commit(
            _: EpochIndex,
            _: AccountId,
            _: Commitment,
            _: BeaconSignature,
        ) -> Option<()> {
            never()
        }

        fn submit_reveal(_: EpochIndex, _: AccountId, _: OwnId) -> Option<()> {
            never()
        }
    }

    impl hansa_allocation_primitives::api::AllocationApi<Block, AccountId> for Runtime {
        fn draw_status() -> DrawStatus {
            never()
        }

        fn node_status(_: AccountId) -> Option<NodeStatus<AccountId>> {
            never()
        }

        fn node_of_key(_: BeaconId) -> Option<NodeStatus<AccountId>> {
            never()
        }

        fn own_node(_: BeaconId) -> Option<OwnNode<AccountId>> {
            never()
        }

        fn submit_join(
            _: AccountId,
            _: EpochIndex,
            _: BeaconSignature,
        ) -> Option<()> {
            never()
        }

        fn roll_call(_: BeaconId) -> Option<OwedAnswer<AccountId>> {
            never()
        }

        fn submit_answer(
            _: ChainId,
            _: AccountId,
            _: BeaconSignature,
        ) -> Option<()> {
            never()
        }

        fn chain_status(_: ChainId) -> Option<ChainStatus> {
            never()
        }

        fn chains(_: ChainId, _: u32) -> Vec<ChainStatus> {
            never()
        }

        fn members(_: ChainId, _: u32, _: u32) -> Vec<Member<AccountId>> {
            never()
        }

        fn submit_confirm(
            _: ChainId,
            _: AccountId,
            _: Head,
            _: BeaconSignature,
        ) -> Option<()> {
            never()
        }
    }

    impl hansa_dappchain_primitives::api::DappChainsApi<Block, AccountId> for Runtime {
        fn quote(_: AccountId, _: u32) -> Option<Quote> {
            never()
        }

        fn chain(_: ChainId) -> Option<ChainView<AccountId>> {
            never()
        }

        fn chain_by_name(_: Vec<u8>) -> Option<ChainId> {
            never()
        }

        fn chains(_: ChainId, _: u32) -> ChainPage<AccountId> {
            never()
        }

        fn genesis_record(_: ChainId) -> Option<GenesisRecord<AccountId>> {
            never()
        }

        fn confirmation(_: ChainId, _: u32) -> Option<Option<Hash>> {
            never()
        }

        fn submit_confirm(
            _: ChainId,
            _: u16,
            _: u32,
            _: Option<Hash>,
            _: AuthoritySignature,
        ) -> Option<()> {
            never()
        }

        fn seat(_: ChainId, _: AccountId) -> Option<SeatView> {
            never()
        }

        fn hard_limit() -> u32 {
            never()
        }

        fn ballot() -> Option<BallotView> {
            never()
        }
    }

    impl hansa_dappchain_primitives::api::DappChainSetsApi<Block, AccountId> for Runtime {
        fn sets(_: ChainId) -> Option<SetsView> {
            never()
        }

        fn ordinal(_: ChainId, _: SetId) -> Option<SetOrdinal> {
            never()
        }

        fn recovery(_: ChainId) -> Option<Recovery<AccountId>> {
            never()
        }

        fn recovery_hash(_: ChainId, _: SetId) -> Option<Hash> {
            never()
        }

        fn stall(_: ChainId) -> Option<StallView> {
            never()
        }

        fn stall_periods() -> Option<(Seconds, Seconds)> {
            never()
        }

        fn submit_offence(
            _: ChainId,
            _: SetOrdinal,
            _: Evidence,
            _: AuthoritySet,
            _: Vec<AccountId>,
        ) -> Option<()> {
            never()
        }
    }

    impl hansa_interchain_primitives::api::InterchainApi<Block, AccountId> for Runtime {
        fn chain() -> ChainRef {
            never()
        }

        fn parameters() -> Parameters {
            never()
        }

        fn routes() -> Vec<interchain::ChainId> {
            never()
        }

        fn route(_: interchain::ChainId) -> Option<RouteView> {
            never()
        }

        fn client(_: interchain::ChainId) -> Option<ClientView> {
            never()
        }

        fn past_sets(_: interchain::ChainId) -> Vec<interchain::PastSet> {
            never()
        }

        fn recovery_of(_: interchain::ChainId) -> Option<interchain::RecoveryView> {
            never()
        }

        fn packets(
            _: interchain::ChainId,
            _: LaneId,
            _: PacketNonce,
            _: u32,
        ) -> Vec<PacketView> {
            never()
        }

        fn results(
            _: interchain::ChainId,
            _: LaneId,
            _: PacketNonce,
            _: u32,
        ) -> Vec<(PacketNonce, PacketResult)> {
            never()
        }

        fn quote(_: interchain::ChainId, _: Balance) -> Option<TransferQuote> {
            never()
        }

        fn proof_keys(_: interchain::ChainId, _: LaneId, _: ProofOf) -> Vec<Vec<u8>> {
            never()
        }

        fn extrinsic(_: Submission) -> <Block as BlockT>::Extrinsic {
            never()
        }

        fn account_of(_: ChainAddress) -> Option<AccountId> {
            never()
        }

        fn address_of(_: AccountId) -> Option<ChainAddress> {
            never()
        }
    }

    impl hansa_staking_primitives::api::StakingApi<Block, AccountId> for Runtime {
        fn ledger(_: AccountId) -> LedgerView<AccountId> {
            never()
        }

        fn expected_reward(_: AccountId) -> RewardView {
            never()
        }

        fn current_set() -> Vec<ElectedNode<AccountId>> {
            never()
        }

        fn next_set() -> Vec<ElectedNode<AccountId>> {
            never()
        }
    }

    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(
            _: Vec<u8>,
            _: Option<Vec<u8>>,
        ) -> OpaqueGeneratedSessionKeys {
            never()
        }

        fn decode_session_keys(_: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
            never()
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(_: AccountId) -> Nonce {
            never()
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
        for Runtime
    {
        fn query_info(_: <Block as BlockT>::Extrinsic, _: u32) -> RuntimeDispatchInfo<Balance> {
            never()
        }

        fn query_fee_details(_: <Block as BlockT>::Extrinsic, _: u32) -> FeeDetails<Balance> {
            never()
        }

        fn query_weight_to_fee(_: Weight) -> Balance {
            never()
        }

        fn query_length_to_fee(_: u32) -> Balance {
            never()
        }
    }
}
