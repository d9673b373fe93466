// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A runtime builds its genesis state.
//!
//! To find it out takes a run of the runtime, and before it runs it is compiled, which takes all cores for a second or
//! more. The SDK would do that in an executor of its own and forget it. Here it is done in the executor with which
//! the node goes on, so that a runtime is compiled once.

use codec::{Decode, DecodeAll, Encode};
use hansa_primitives::Hashing;
use sc_chain_spec::json_patch;
use serde_json::Value;
use sp_core::{
    storage::{well_known_keys, Storage},
    traits::{CallContext, CodeExecutor, Externalities, RuntimeCode, WrappedRuntimeCode},
};
use sp_runtime::traits::Hash;
use sp_state_machine::BasicExternalities;

/// The preset on which a patch is laid: the runtime's default.
const DEFAULT_PRESET: Option<String> = None;

/// The genesis state of the runtime `code`, with `patch` laid over its default genesis. The code is in it.
///
/// # Errors
///
/// What the runtime says is wrong with the genesis, or with which function it could not be asked.
pub fn build_state(
    executor: &impl CodeExecutor,
    code: &[u8],
    patch: Value,
) -> Result<Storage, String> {
    let mut none = BasicExternalities::new_empty();
    let preset = call(
        executor,
        code,
        &mut none,
        "GenesisBuilder_get_preset",
        &DEFAULT_PRESET.encode(),
    )?;
    let preset = Option::<Vec<u8>>::decode(&mut &preset[..])
        .map_err(|e| format!("the runtime's default genesis is malformed: {e}"))?
        .ok_or("the runtime has no default genesis")?;
    let mut config: Value = serde_json::from_slice(&preset)
        .map_err(|e| format!("the runtime's default genesis is not JSON: {e}"))?;
    json_patch::merge(&mut config, patch);
    let mut state = BasicExternalities::new_empty();
    let answer = call(
        executor,
        code,
        &mut state,
        "GenesisBuilder_build_state",
        &config.to_string().encode(),
    )?;
    Result::<(), String>::decode(&mut &answer[..])
        .map_err(|e| format!("the runtime's answer about the genesis is malformed: {e}"))??;
    let mut storage = state.into_storages();
    storage
        .top
        .insert(well_known_keys::CODE.to_vec(), code.to_vec());
    Ok(storage)
}

/// Ask the runtime `code` on `state` something that takes no arguments.
pub fn ask<A: Decode>(
    executor: &impl CodeExecutor,
    code: &[u8],
    state: &mut dyn Externalities,
    function: &str,
) -> Result<A, String> {
    let answer = call(executor, code, state, function, &[])?;
    A::decode_all(&mut &answer[..])
        .map_err(|e| format!("the runtime's answer to {function} is malformed: {e}"))
}

/// Call a function of the runtime `code` on `state`.
///
/// The executor keeps compiled runtimes by the hash of their code. It is the same hash here as in
/// the client, and the same hash finds the same compiled code.
pub fn call(
    executor: &impl CodeExecutor,
    code: &[u8],
    state: &mut dyn Externalities,
    function: &str,
    argument: &[u8],
) -> Result<Vec<u8>, String> {
    let runtime_code = RuntimeCode {
        code_fetcher: &WrappedRuntimeCode(code.into()),
        heap_pages: None,
        hash: Hashing::hash(code).encode(),
    };
    let context = CallContext::Offchain;
    executor
        .call(state, &runtime_code, function, argument, context)
        .0
        .map_err(|e| format!("the genesis runtime does not answer to {function}: {e}"))
}
