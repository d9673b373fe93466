// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The genesis state of a chain whose spec names a built-in runtime.
//!
//! To find it out takes a run of the runtime, and before it runs it is compiled, which takes all
//! cores for a second or more. The SDK would do that in an executor of its own and forget it. Here
//! it is done in the executor with which the node goes on, so that a runtime is compiled once.

use hansa_dappchain_genesis::runtime;
use sc_chain_spec::{get_extension, GetExtension};
use sc_service::ChainSpec;
use serde::Serialize;
use serde_json::Value;
use sp_core::{storage::Storage, traits::CodeExecutor};
use std::any::{Any, TypeId};

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
pub fn build_storage(
    spec: &dyn ChainSpec,
    executor: &impl CodeExecutor,
) -> Result<Storage, String> {
    match get_extension::<BuiltInGenesis>(spec.extensions()) {
        Some(genesis) => runtime::build_state(executor, genesis.code, genesis.patch.clone()),
        None => spec.as_storage_builder().build_storage(),
    }
}
