// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Opening the database of the right chain.
//!
//! The SDK takes whatever chain a database holds, even if the chain spec has changed since. A node
//! would then run another chain than its operator thinks, so the genesis blocks are compared.

use crate::{spec::built_in, FullBackend, FullClient};
use hansa_primitives::{Block, Hash};
use hansa_process::executor::Executor;
use sc_service::{
    BuildGenesisBlock, Configuration, Error, GenesisBlockBuilder, KeystoreContainer, TaskManager,
};
use sc_telemetry::TelemetryHandle;
use sp_blockchain::HeaderBackend;
use sp_core::storage::Storage;
use sp_runtime::traits::Block as BlockT;
use std::{path::Path, sync::Arc};

/// Open the database that `config` names, making it if there is none.
pub fn open(
    config: &mut Configuration,
    telemetry: Option<TelemetryHandle>,
    executor: Executor,
) -> Result<(FullClient, Arc<FullBackend>, KeystoreContainer, TaskManager), Error> {
    // Built once: it takes a run of the genesis runtime.
    let storage = built_in::build_storage(&*config.chain_spec, &executor).map_err(|e| {
        Error::Other(format!(
            "the chain spec has no valid genesis: {}",
            last_cause(&e)
        ))
    })?;
    config.chain_spec.set_storage(storage.clone());
    let (client, backend, keystore, task_manager) =
        sc_service::new_full_parts(config, telemetry, executor.clone(), Vec::new())
            .map_err(|error| explain(error, config.database.path()))?;
    check_genesis(
        &client,
        backend.clone(),
        storage,
        executor,
        config.database.path(),
    )?;
    Ok((client, backend, keystore, task_manager))
}

/// Check that the database is of the chain whose genesis state is `storage`.
fn check_genesis(
    client: &FullClient,
    backend: Arc<FullBackend>,
    storage: Storage,
    executor: Executor,
    path: Option<&Path>,
) -> Result<(), Error> {
    let builder =
        GenesisBlockBuilder::<Block, _, _>::new_with_storage(storage, false, backend, executor)?;
    // The operation is dropped: nothing is written.
    let (block, _operation) = builder.build_genesis_block()?;
    let (expected, found) = (block.hash(), client.info().genesis_hash);
    if expected == found {
        return Ok(());
    }
    Err(Error::Other(wrong_genesis(expected, found, path)))
}

/// What to say of a database with genesis `found` where the chain spec has `expected`.
pub fn wrong_genesis(expected: Hash, found: Hash, path: Option<&Path>) -> String {
    format!(
        "the database{} is of a chain with another genesis ({found:?}) than the chain spec's \
         ({expected:?}): either the spec was changed, or it names a built-in runtime of which this \
         binary has another version. Use the spec and the binary that the chain was started with, \
         another --base-path, or purge-chain",
        at(path),
    )
}

/// Say what to do about an error of opening.
pub fn explain(error: Error, path: Option<&Path>) -> Error {
    let text = error.to_string();
    // RocksDB: "While lock file: …"; ParityDB: "Database file is in use."
    if text.contains("lock file") || text.contains("is in use") {
        return Error::Other(format!(
            "the database{} is in use by another process ({text})",
            at(path)
        ));
    }
    error
}

fn at(path: Option<&Path>) -> String {
    path.map(|path| format!(" at {}", path.display()))
        .unwrap_or_default()
}

/// The end of a runtime's error, which is long: the panic's message, if it is one.
fn last_cause(error: &str) -> &str {
    error
        .rsplit_once("panicked at ")
        .map_or(error, |(_, cause)| cause)
}
