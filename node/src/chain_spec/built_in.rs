// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The genesis state of a chain whose spec names a built-in runtime.
//!
//! To find it out takes a run of the runtime, and before it runs it is compiled, which takes all
//! cores for a second or more. The SDK would do that in an executor of its own and forget it. Here
//! it is done in the executor with which the node goes on, so that a runtime is compiled once.

use codec::{Decode, Encode};
use hansa_primitives::Hashing;
use sc_chain_spec::{get_extension, json_patch, GetExtension};
use sc_executor::{HostFunctions, WasmExecutor};
use sc_service::ChainSpec;
use serde::Serialize;
use serde_json::Value;
use sp_core::{
    storage::{well_known_keys, Storage},
    traits::{CallContext, CodeExecutor, Externalities, RuntimeCode, WrappedRuntimeCode},
};
use sp_runtime::traits::Hash;
use sp_state_machine::BasicExternalities;
use std::any::{Any, TypeId};

/// The preset on which a patch is laid: the runtime's default.
const DEFAULT_PRESET: Option<String> = None;

/// What the genesis state of a built-in runtime follows from. It goes with a spec in memory; in a
/// file the spec has the same in the SDK's form.
#[derive(Clone, Serialize)]
pub struct BuiltInGenesis {
    #[serde(skip)]
    code: &'static [u8],
    #[serde(skip)]
    patch: Value,
}

impl BuiltInGenesis {
    /// The genesis of the runtime `code`, with `patch` laid over its default.
    pub fn new(code: &'static [u8], patch: Value) -> Self {
        Self { code, patch }
    }

    fn build<H: HostFunctions>(&self, executor: &WasmExecutor<H>) -> Result<Storage, String> {
        let mut none = BasicExternalities::new_empty();
        let preset = call(
            executor,
            self.code,
            &mut none,
            "GenesisBuilder_get_preset",
            &DEFAULT_PRESET.encode(),
        )?;
        let preset = Option::<Vec<u8>>::decode(&mut &preset[..])
            .map_err(|e| format!("the runtime's default genesis is malformed: {e}"))?
            .ok_or("the runtime has no default genesis")?;
        let mut config: Value = serde_json::from_slice(&preset)
            .map_err(|e| format!("the runtime's default genesis is not JSON: {e}"))?;
        json_patch::merge(&mut config, self.patch.clone());
        let mut state = BasicExternalities::new_empty();
        let answer = call(
            executor,
            self.code,
            &mut state,
            "GenesisBuilder_build_state",
            &config.to_string().encode(),
        )?;
        Result::<(), String>::decode(&mut &answer[..])
            .map_err(|e| format!("the runtime's answer about the genesis is malformed: {e}"))??;
        let mut storage = state.into_storages();
        storage
            .top
            .insert(well_known_keys::CODE.to_vec(), self.code.to_vec());
        Ok(storage)
    }
}

/// The SDK asks for its own extensions by their types; there are none.
impl GetExtension for BuiltInGenesis {
    fn get_any(&self, _: TypeId) -> &dyn Any {
        self
    }

    fn get_any_mut(&mut self, _: TypeId) -> &mut dyn Any {
        self
    }
}

/// The genesis state of `spec`, of whatever form, found out with `executor` if it takes a run of a
/// built-in runtime.
pub fn build_storage<H: HostFunctions>(
    spec: &dyn ChainSpec,
    executor: &WasmExecutor<H>,
) -> Result<Storage, String> {
    match get_extension::<BuiltInGenesis>(spec.extensions()) {
        Some(genesis) => genesis.build(executor),
        None => spec.as_storage_builder().build_storage(),
    }
}

/// Call a function of the runtime `code` on `state`.
///
/// The executor keeps compiled runtimes by the hash of their code. It is the same hash here as in
/// the client, and the same hash finds the same compiled code.
pub fn call<H: HostFunctions>(
    executor: &WasmExecutor<H>,
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
