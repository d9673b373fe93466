// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! From the short form to the runtime's own genesis configuration, and what a genesis says of the
//! consensus.

use super::{
    dappchain,
    short::{BuiltInRuntime, HubGenesis, ShortSpec},
};
use crate::built;
use codec::Encode;
use hansa_dappchain_genesis::runtime;
use hansa_interchain_primitives::LOCAL;
use hansa_pbft_primitives::{ConsensusState, Timing, MAX_AUTHORITIES};
use hansa_primitives::{Balance, Hashing};
use hansa_process::executor::Executor;
use hansa_service::spec::built_in::{self, BuiltInGenesis};
use sc_service::{ChainSpec, GenericChainSpec, Properties};
use serde_json::{json, Value};
use sp_core::{crypto::Ss58Codec, storage::well_known_keys};
use sp_runtime::traits::Hash;
use sp_state_machine::BasicExternalities;

/// The largest number of validators of a first session.
pub const MAX_VALIDATORS: usize = MAX_AUTHORITIES as usize;

/// The least balance of an account of the hub.
pub const EXISTENTIAL_DEPOSIT: Balance = hansa_runtime_common::currency::EXISTENTIAL_DEPOSIT;

/// The SDK's chain spec of a short one: the same genesis each time.
pub fn to_chain_spec(spec: &ShortSpec) -> Result<Box<dyn ChainSpec>, String> {
    let (code, patch) = match spec.runtime {
        BuiltInRuntime::Hub => (built::hub_code(), genesis_patch(&spec.id, &spec.genesis)),
        BuiltInRuntime::DappChain => (
            built::dappchain_code(),
            dappchain::genesis_patch(&spec.genesis),
        ),
    };
    let code = code.ok_or(
        "this binary was built without its runtime (SKIP_WASM_BUILD was set): build it again, or \
         give a chain spec with code",
    )?;
    let genesis = BuiltInGenesis::new(code, patch.clone());
    let mut builder = GenericChainSpec::<BuiltInGenesis>::builder(code, genesis)
        .with_name(&spec.name)
        .with_id(&spec.id)
        .with_chain_type(spec.chain_type.clone())
        .with_boot_nodes(spec.boot_nodes.clone())
        .with_protocol_id(spec.protocol_id.as_deref().unwrap_or(&spec.id))
        .with_properties(properties(spec))
        .with_genesis_config_patch(patch);
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

/// Separates the entropy that follows from a genesis from other hashes.
const ENTROPY_DOMAIN: &[u8] = b"hansa/spec/entropy/1";

/// The patch of the hub's `RuntimeGenesisConfig` for the chain with this id.
pub fn genesis_patch(id: &str, genesis: &HubGenesis) -> Value {
    let mut patch = patch_without_beacon(genesis);
    let derived = || {
        let seed = (ENTROPY_DOMAIN, id, patch.to_string()).encode();
        Hashing::hash(&seed)
    };
    let entropy = genesis.beacon.entropy.map_or_else(derived, |given| given.0);
    if let Value::Object(fields) = &mut patch {
        fields.insert("beacon".into(), json!({ "entropy": entropy }));
    }
    patch
}

fn patch_without_beacon(genesis: &HubGenesis) -> Value {
    let keys: Vec<Value> = genesis
        .validators
        .iter()
        .map(|v| {
            let account = v.account.0.to_ss58check();
            let keys = json!({
                "pbft": v.pbft.0.to_ss58check(),
                "beacon": v.beacon.as_ref().map(|key| key.0.to_ss58check()),
            });
            json!([account, account, keys])
        })
        .collect();
    let bonds: Vec<Value> = genesis
        .validators
        .iter()
        .filter_map(|v| Some(json!({ "account": v.account.0.to_ss58check(), "bond": v.bond?.0 })))
        .collect();
    json!({
        "balances": balances(genesis),
        "interchain": interchain(genesis),
        "staking": {
            "validators": bonds,
            "periods": genesis.periods,
            "validatorCount": genesis.validator_count,
        },
        "nodePool": { "drawDelay": genesis.draw_delay },
        "dappChains": { "retireNotice": genesis.retire_notice },
        "dappChainSets": { "stallPeriods": genesis.stall_periods },
        "session": { "keys": keys },
        "pbft": consensus(genesis),
        "sudo": { "key": genesis.sudo.as_ref().map(|s| s.0.to_ss58check()) },
    })
}

/// The first balances.
pub(super) fn balances(genesis: &HubGenesis) -> Value {
    let balances = genesis.balances.0.iter();
    let balances: Vec<Value> = balances
        .map(|(account, amount)| json!([account.0.to_ss58check(), amount.0]))
        .collect();
    json!({ "balances": balances })
}

/// How the chain is known to others.
pub(super) fn interchain(genesis: &HubGenesis) -> Value {
    let chain_id = genesis.interchain.map_or(LOCAL, |own| own.chain_id.0);
    json!({ "chainId": chain_id })
}

/// Timing, sessions and admin.
pub(super) fn consensus(genesis: &HubGenesis) -> Value {
    json!({
        "timing": Timing::from(genesis.timing),
        "sessionLengthMs": genesis.session_length_ms,
        "admin": genesis.admin.as_ref().map(|a| a.0.to_ss58check()),
    })
}

/// What the genesis of `spec` says of the consensus about block 1: the runtime is asked, so that
/// it does not matter in which form the spec is written.
pub fn genesis_consensus_state(
    spec: &dyn ChainSpec,
    executor: &Executor,
) -> Result<ConsensusState, String> {
    let storage = built_in::build_storage(spec, executor)?;
    let code = storage
        .top
        .get(well_known_keys::CODE)
        .cloned()
        .ok_or("the genesis state has no runtime code")?;
    let mut state = BasicExternalities::new(storage);
    let function = "PbftApi_consensus_state";
    runtime::ask(executor, &code, &mut state, function)
}
