// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! From the short form to the runtime's own genesis configuration, and what a genesis says of the
//! consensus.

use super::short::{HubGenesis, ShortSpec};
use codec::Decode;
use hansa_pbft_primitives::{ConsensusState, Timing, MAX_AUTHORITIES};
use hansa_primitives::{Balance, Hashing};
use sc_executor::WasmExecutor;
use sc_service::{ChainSpec, GenericChainSpec, Properties};
use serde_json::{json, Value};
use sp_core::{
    crypto::Ss58Codec,
    storage::{well_known_keys, Storage},
    traits::{CallContext, CodeExecutor, RuntimeCode, WrappedRuntimeCode},
};
use sp_runtime::traits::Hash;
use sp_state_machine::BasicExternalities;

/// The largest number of validators of a first session.
pub const MAX_VALIDATORS: usize = MAX_AUTHORITIES as usize;

/// The least balance of an account of the hub.
pub const EXISTENTIAL_DEPOSIT: Balance = hansa_runtime_common::currency::EXISTENTIAL_DEPOSIT;

/// The SDK's chain spec of a short one: the same genesis each time.
pub fn to_chain_spec(spec: &ShortSpec) -> Result<Box<dyn ChainSpec>, String> {
    let code = hansa_runtime_hub::WASM_BINARY.ok_or(
        "this binary was built without its runtime (SKIP_WASM_BUILD was set): build it again, or \
         give a chain spec with code",
    )?;
    let mut builder = GenericChainSpec::<Option<()>>::builder(code, None)
        .with_name(&spec.name)
        .with_id(&spec.id)
        .with_chain_type(spec.chain_type.clone())
        .with_boot_nodes(spec.boot_nodes.clone())
        .with_protocol_id(spec.protocol_id.as_deref().unwrap_or(&spec.id))
        .with_properties(properties(spec))
        .with_genesis_config_patch(genesis_patch(&spec.genesis));
    if let Some(endpoints) = &spec.telemetry_endpoints {
        builder = builder.with_telemetry_endpoints(endpoints.clone());
    }
    if let Some(fork_id) = &spec.fork_id {
        builder = builder.with_fork_id(fork_id);
    }
    Ok(Box::new(builder.build()))
}

fn properties(spec: &ShortSpec) -> Properties {
    let mut properties = Properties::new();
    properties.insert(
        "tokenSymbol".into(),
        spec.properties.token_symbol.clone().into(),
    );
    properties.insert(
        "tokenDecimals".into(),
        spec.properties.token_decimals.into(),
    );
    properties.insert("ss58Format".into(), spec.properties.ss58_format.into());
    properties
}

/// The patch of the hub's `RuntimeGenesisConfig`.
pub fn genesis_patch(genesis: &HubGenesis) -> Value {
    let balances: Vec<Value> = genesis
        .balances
        .0
        .iter()
        .map(|(account, amount)| json!([account.0.to_ss58check(), amount.0]))
        .collect();
    let keys: Vec<Value> = genesis
        .validators
        .iter()
        .map(|v| {
            let account = v.account.0.to_ss58check();
            json!([account, account, { "pbft": v.pbft.0.to_ss58check() }])
        })
        .collect();
    json!({
        "balances": { "balances": balances },
        "session": { "keys": keys },
        "pbft": {
            "timing": Timing::from(genesis.timing),
            "sessionLengthMs": genesis.session_length_ms,
            "admin": genesis.admin.as_ref().map(|a| a.0.to_ss58check()),
        },
        "sudo": { "key": genesis.sudo.as_ref().map(|s| s.0.to_ss58check()) },
    })
}

/// What the genesis of `spec` says of the consensus about block 1: the runtime is asked, so that
/// it does not matter in which form the spec is written.
pub fn genesis_consensus_state(spec: &dyn ChainSpec) -> Result<ConsensusState, String> {
    let storage = spec.as_storage_builder().build_storage()?;
    let answer = call_genesis(storage, "PbftApi_consensus_state")?;
    ConsensusState::decode(&mut &answer[..])
        .map_err(|e| format!("the runtime's answer to PbftApi_consensus_state is malformed: {e}"))
}

/// Call a function of the runtime that `storage` holds, on `storage`.
fn call_genesis(storage: Storage, function: &str) -> Result<Vec<u8>, String> {
    let code = storage
        .top
        .get(well_known_keys::CODE)
        .cloned()
        .ok_or("the genesis state has no runtime code")?;
    let code_hash = Hashing::hash(&code);
    let runtime_code = RuntimeCode {
        code_fetcher: &WrappedRuntimeCode(code.into()),
        heap_pages: None,
        hash: code_hash.as_bytes().to_vec(),
    };
    let executor = WasmExecutor::<sp_io::SubstrateHostFunctions>::builder().build();
    let mut externalities = BasicExternalities::new(storage);
    executor
        .call(
            &mut externalities,
            &runtime_code,
            function,
            &[],
            CallContext::Offchain,
        )
        .0
        .map_err(|e| format!("the genesis runtime does not answer to {function}: {e}"))
}
