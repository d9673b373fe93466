// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What node and clients ask the runtime.

use crate::{validators, *};
use frame_support::{
    genesis_builder_helper::{build_state, get_preset},
    weights::Weight,
};
use frame_system::offchain::CreateAuthorizedTransaction;
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
use hansa_staking_primitives::{ElectedNode, LedgerView, RewardView};
use pallet_transaction_payment::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::{crypto::KeyTypeId, OpaqueMetadata};
use sp_inherents::{CheckInherentsResult, InherentData};
use sp_runtime::{
    traits::Block as BlockT,
    transaction_validity::{TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, ExtrinsicInclusionMode,
};
use sp_session::OpaqueGeneratedSessionKeys;

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            VERSION
        }

        fn execute_block(block: <Block as BlockT>::LazyBlock) {
            Executive::execute_block(block);
        }

        fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
        fn execute_view_function(
            id: frame_support::view_functions::ViewFunctionId,
            input: Vec<u8>,
        ) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
            Runtime::execute_view_function(id, input)
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> <Block as BlockT>::Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(data: InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(
            block: <Block as BlockT>::LazyBlock,
            data: InherentData,
        ) -> CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            tx: <Block as BlockT>::Extrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, tx, block_hash)
        }
    }

    impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
        fn offchain_worker(header: &<Block as BlockT>::Header) {
            Executive::offchain_worker(header)
        }
    }

    impl hansa_pbft_primitives::PbftApi<Block> for Runtime {
        fn consensus_state() -> ConsensusState {
            Pbft::consensus_state()
        }

        fn primary(height: Height, view: View) -> Option<AuthorityId> {
            Pbft::primary(height, view)
        }

        fn generate_key_ownership_proof(
            set_id: SetId,
            authority: AuthorityId,
        ) -> Option<OpaqueKeyOwnershipProof> {
            Pbft::key_ownership_proof(set_id, &authority)
        }

        fn is_convicted(height: Height, authority: AuthorityIndex) -> Option<bool> {
            Pbft::is_convicted_at(height, authority)
        }

        fn submit_report_offence(
            evidence: Evidence,
            set: AuthoritySet,
            proof: OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            Pbft::submit_report(evidence, set, proof)
        }
    }

    impl hansa_beacon_primitives::api::BeaconApi<Block, AccountId> for Runtime {
        fn epoch() -> EpochInfo {
            Beacon::epoch_info()
        }

        fn author_key(authority: AuthorityIndex) -> Option<BeaconId> {
            Beacon::author_key(authority)
        }

        fn duty(key: BeaconId) -> Option<Duty<AccountId>> {
            Beacon::duty(&key)
        }

        fn submit_commit(
            epoch: EpochIndex,
            account: AccountId,
            commitment: Commitment,
            signature: BeaconSignature,
        ) -> Option<()> {
            Beacon::submit_commit(epoch, account, commitment, signature)
        }

        fn submit_reveal(epoch: EpochIndex, account: AccountId, id: OwnId) -> Option<()> {
            Beacon::submit_reveal(epoch, account, id)
        }
    }

    impl hansa_allocation_primitives::api::AllocationApi<Block, AccountId> for Runtime {
        fn draw_status() -> DrawStatus {
            NodePool::draw_status()
        }

        fn node_status(account: AccountId) -> Option<NodeStatus<AccountId>> {
            NodePool::node_status(account)
        }

        fn node_of_key(key: BeaconId) -> Option<NodeStatus<AccountId>> {
            NodePool::node_of_key(&key)
        }

        fn own_node(key: BeaconId) -> Option<OwnNode<AccountId>> {
            NodePool::own_node(&key)
        }

        fn submit_join(
            account: AccountId,
            epoch: EpochIndex,
            signature: BeaconSignature,
        ) -> Option<()> {
            NodePool::submit_join(account, epoch, signature)
        }

        fn roll_call(key: BeaconId) -> Option<OwedAnswer<AccountId>> {
            NodePool::roll_call(&key)
        }

        fn submit_answer(
            chain: ChainId,
            account: AccountId,
            signature: BeaconSignature,
        ) -> Option<()> {
            NodePool::submit_answer(chain, account, signature)
        }

        fn chain_status(chain: ChainId) -> Option<ChainStatus> {
            NodePool::chain_status(chain)
        }

        fn chains(from: ChainId, limit: u32) -> Vec<ChainStatus> {
            NodePool::chains(from, limit)
        }

        fn members(chain: ChainId, from: u32, limit: u32) -> Vec<Member<AccountId>> {
            NodePool::members_page(chain, from, limit)
        }

        fn submit_confirm(
            chain: ChainId,
            account: AccountId,
            head: Head,
            signature: BeaconSignature,
        ) -> Option<()> {
            NodePool::submit_confirm(chain, account, head, signature)
        }
    }

    impl hansa_dappchain_primitives::api::DappChainsApi<Block, AccountId> for Runtime {
        fn quote(deployer: AccountId, nodes: u32) -> Option<Quote> {
            DappChains::quote(&deployer, nodes)
        }

        fn chain(chain: ChainId) -> Option<ChainView<AccountId>> {
            DappChains::chain(chain)
        }

        fn chain_by_name(name: Vec<u8>) -> Option<ChainId> {
            DappChains::chain_by_name(name)
        }

        fn chains(from: ChainId, limit: u32) -> ChainPage<AccountId> {
            DappChains::chains(from, limit)
        }

        fn genesis_record(chain: ChainId) -> Option<GenesisRecord<AccountId>> {
            DappChains::genesis_record(chain)
        }

        fn confirmation(chain: ChainId, seat: u32) -> Option<Option<Hash>> {
            DappChains::confirmation(chain, seat)
        }

        fn submit_confirm(
            chain: ChainId,
            attempt: u16,
            seat: u32,
            outcome: Option<Hash>,
            signature: AuthoritySignature,
        ) -> Option<()> {
            DappChains::submit_confirm(chain, attempt, seat, outcome, signature)
        }

        fn seat(chain: ChainId, node: AccountId) -> Option<SeatView> {
            DappChains::seat(chain, &node)
        }

        fn hard_limit() -> u32 {
            DappChains::hard_limit()
        }

        fn ballot() -> Option<BallotView> {
            DappChains::ballot()
        }
    }

    impl hansa_dappchain_primitives::api::DappChainSetsApi<Block, AccountId> for Runtime {
        fn sets(chain: ChainId) -> Option<SetsView> {
            DappChainSets::sets_of(chain)
        }

        fn ordinal(chain: ChainId, set: SetId) -> Option<SetOrdinal> {
            DappChainSets::ordinal_of(chain, set)
        }

        fn recovery(chain: ChainId) -> Option<Recovery<AccountId>> {
            DappChainSets::recovery(chain)
        }

        fn recovery_hash(chain: ChainId, set: SetId) -> Option<Hash> {
            DappChainSets::recovery_hash(chain, set)
        }

        fn stall(chain: ChainId) -> Option<StallView> {
            DappChainSets::stall_of(chain)
        }

        fn stall_periods() -> Option<(Seconds, Seconds)> {
            let periods = DappChainSets::stall_periods()?;
            Some((periods.stall_seconds, periods.challenge_seconds))
        }

        fn submit_offence(
            chain: ChainId,
            ordinal: SetOrdinal,
            evidence: Evidence,
            set: AuthoritySet,
            accounts: Vec<AccountId>,
        ) -> Option<()> {
            DappChainSets::submit_report(chain, ordinal, evidence, set, accounts)
        }
    }

    impl hansa_interchain_primitives::api::InterchainApi<Block, AccountId> for Runtime {
        fn chain() -> ChainRef {
            Interchain::own()
        }

        fn parameters() -> Parameters {
            Interchain::parameters()
        }

        fn routes() -> Vec<interchain::ChainId> {
            Interchain::routes()
        }

        fn route(peer: interchain::ChainId) -> Option<RouteView> {
            Interchain::route(peer)
        }

        fn client(peer: interchain::ChainId) -> Option<ClientView> {
            Interchain::client(peer)
        }

        fn past_sets(peer: interchain::ChainId) -> Vec<interchain::PastSet> {
            Interchain::past_sets(peer)
        }

        fn recovery_of(chain: interchain::ChainId) -> Option<interchain::RecoveryView> {
            Interchain::recovery_of(chain)
        }

        fn packets(
            peer: interchain::ChainId,
            lane: LaneId,
            from: PacketNonce,
            limit: u32,
        ) -> Vec<PacketView> {
            Interchain::packets(peer, lane, from, limit)
        }

        fn results(
            peer: interchain::ChainId,
            lane: LaneId,
            from: PacketNonce,
            limit: u32,
        ) -> Vec<(PacketNonce, PacketResult)> {
            Interchain::results(peer, lane, from, limit)
        }

        fn quote(peer: interchain::ChainId, amount: Balance) -> Option<TransferQuote> {
            Interchain::quote(peer, amount)
        }

        fn proof_keys(peer: interchain::ChainId, lane: LaneId, of: ProofOf) -> Vec<Vec<u8>> {
            Interchain::proof_keys(peer, lane, of)
        }

        fn extrinsic(submission: Submission) -> <Block as BlockT>::Extrinsic {
            let call = Interchain::call_of(submission);
            <Runtime as CreateAuthorizedTransaction<RuntimeCall>>::create_authorized_transaction(
                call.into(),
            )
        }

        fn account_of(address: ChainAddress) -> Option<AccountId> {
            Interchain::account_of(&address)
        }

        fn address_of(account: AccountId) -> Option<ChainAddress> {
            Interchain::address_of(&account)
        }
    }

    impl hansa_staking_primitives::api::StakingApi<Block, AccountId> for Runtime {
        fn ledger(account: AccountId) -> LedgerView<AccountId> {
            Staking::ledger(account)
        }

        fn expected_reward(node: AccountId) -> RewardView {
            Staking::expected_reward(node)
        }

        fn current_set() -> Vec<ElectedNode<AccountId>> {
            Staking::current_set()
        }

        fn next_set() -> Vec<ElectedNode<AccountId>> {
            Staking::next_set()
        }
    }

    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(
            owner: Vec<u8>,
            seed: Option<Vec<u8>>,
        ) -> OpaqueGeneratedSessionKeys {
            SessionKeys::generate(&owner, seed).into()
        }

        fn decode_session_keys(encoded: Vec<u8>) -> Option<Vec<(Vec<u8>, KeyTypeId)>> {
            SessionKeys::decode_into_raw_public_keys(&encoded)
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance>
        for Runtime
    {
        fn query_info(uxt: <Block as BlockT>::Extrinsic, len: u32) -> RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(uxt, len)
        }

        fn query_fee_details(uxt: <Block as BlockT>::Extrinsic, len: u32) -> FeeDetails<Balance> {
            TransactionPayment::query_fee_details(uxt, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<
        Block,
        Balance,
        RuntimeCall,
    > for Runtime
    {
        fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_call_info(call, len)
        }

        fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
            TransactionPayment::query_call_fee_details(call, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(config: Vec<u8>) -> sp_genesis_builder::Result {
            hansa_runtime_common::genesis::check_session_keys(&config, SessionKeys::FIELDS)?;
            build_state::<RuntimeGenesisConfig>(config)?;
            Pbft::check_genesis()?;
            validators::check_genesis().map_err(Into::into)
        }

        fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
            get_preset::<RuntimeGenesisConfig>(id, genesis_presets::get_preset)
        }

        fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
            genesis_presets::preset_names()
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    impl frame_benchmarking::Benchmark<Block> for Runtime {
        fn benchmark_metadata(
            extra: bool,
        ) -> (
            Vec<frame_benchmarking::BenchmarkList>,
            Vec<frame_support::traits::StorageInfo>,
        ) {
            use frame_benchmarking::{baseline::Pallet as BaselineBench, BenchmarkList};
            use frame_support::traits::StorageInfoTrait;
            use frame_system_benchmarking::{
                extensions::Pallet as SystemExtensionsBench, Pallet as SystemBench,
            };

            let mut list = Vec::<BenchmarkList>::new();
            list_benchmarks!(list, extra);
            (list, AllPalletsWithSystem::storage_info())
        }

        fn dispatch_benchmark(
            config: frame_benchmarking::BenchmarkConfig,
        ) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
            use frame_benchmarking::{baseline::Pallet as BaselineBench, BenchmarkBatch};
            use frame_support::traits::WhitelistedStorageKeys;
            use frame_system_benchmarking::{
                extensions::Pallet as SystemExtensionsBench, Pallet as SystemBench,
            };
            use sp_storage::TrackedStorageKey;

            let whitelist: Vec<TrackedStorageKey> =
                AllPalletsWithSystem::whitelisted_storage_keys();
            let mut batches = Vec::<BenchmarkBatch>::new();
            let params = (&config, &whitelist);
            add_benchmarks!(params, batches);
            Ok(batches)
        }
    }

    // For tools that try an upgrade out: a failed check ends them, and that is its purpose.
    #[cfg(feature = "try-runtime")]
    impl frame_try_runtime::TryRuntime<Block> for Runtime {
        fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
            let weight = Executive::try_runtime_upgrade(checks).expect("a check of the upgrade failed");
            (weight, hansa_runtime_common::limits::MAX_BLOCK_WEIGHT)
        }

        fn execute_block(
            block: <Block as BlockT>::LazyBlock,
            state_root_check: bool,
            signature_check: bool,
            select: frame_try_runtime::TryStateSelect,
        ) -> Weight {
            Executive::try_execute_block(block, state_root_check, signature_check, select)
                .expect("the block is not valid")
        }
    }
}
