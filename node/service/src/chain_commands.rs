// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The SDK's commands, and ours, on a chain's database: what each is to do, and the tasks that go on meanwhile. Futures are in boxes
//! so that the SDK's generics are compiled here. `wasm_cache` is where compiled runtimes are, if not where nodes leave them by default.

use crate::{new_parts, resume_voting::ResumeVotingCmd, revert::RevertCmd, vote_log_dir, Parts};
use futures::{future::LocalBoxFuture, FutureExt};
use hansa_consensus_pbft::recoveries::Recoveries;
use hansa_primitives::Block;
use hansa_process::executor;
use sc_cli::{
    ChainInfoCmd, CheckBlockCmd, Error, ExportBlocksCmd, ExportStateCmd, ImportBlocksCmd,
    PurgeChainCmd, Result,
};
use sc_service::{Configuration, TaskManager};
use std::path::Path;

/// What a command does, and the tasks of its chain.
pub type Job<'a> = (LocalBoxFuture<'a, Result<()>>, TaskManager);

/// The parts of a chain.
fn parts_of_command(config: &mut Configuration, wasm_cache: Option<&Path>) -> Result<Parts> {
    let executor = executor::of_node(config, wasm_cache);
    new_parts(config, executor, Recoveries::default()).map_err(Error::Service)
}

/// Execute a block once more.
pub fn check_block<'a>(
    command: &'a CheckBlockCmd,
    mut config: Configuration,
    wasm_cache: Option<&Path>,
) -> Result<Job<'a>> {
    let parts = parts_of_command(&mut config, wasm_cache)?;
    let queue = parts.import_queue_of_command();
    Ok((
        command.run(parts.client, queue).boxed_local(),
        parts.task_manager,
    ))
}

/// Write blocks to a file.
pub fn export_blocks<'a>(
    command: &'a ExportBlocksCmd,
    mut config: Configuration,
    wasm_cache: Option<&Path>,
) -> Result<Job<'a>> {
    let database = config.database.clone();
    let parts = parts_of_command(&mut config, wasm_cache)?;
    Ok((
        command.run(parts.client, database).boxed_local(),
        parts.task_manager,
    ))
}

/// Write a state as a chain spec.
pub fn export_state<'a>(
    command: &'a ExportStateCmd,
    mut config: Configuration,
    wasm_cache: Option<&Path>,
) -> Result<Job<'a>> {
    // The spec as it was written: opening the database resolves its genesis.
    let spec = config.chain_spec.cloned_box();
    let parts = parts_of_command(&mut config, wasm_cache)?;
    Ok((
        command.run(parts.client, spec).boxed_local(),
        parts.task_manager,
    ))
}

/// Import blocks from a file.
pub fn import_blocks<'a>(
    command: &'a ImportBlocksCmd,
    mut config: Configuration,
    wasm_cache: Option<&Path>,
) -> Result<Job<'a>> {
    let parts = parts_of_command(&mut config, wasm_cache)?;
    let queue = parts.import_queue_of_command();
    Ok((
        command.run(parts.client, queue).boxed_local(),
        parts.task_manager,
    ))
}

/// Take back final blocks.
pub fn revert<'a>(
    command: &'a RevertCmd,
    mut config: Configuration,
    wasm_cache: Option<&Path>,
) -> Result<Job<'a>> {
    let parts = parts_of_command(&mut config, wasm_cache)?;
    let result = command.run(&config, &parts.client, &parts.backend, &parts.keystore);
    Ok((
        std::future::ready(result.map_err(Error::Service)).boxed_local(),
        parts.task_manager,
    ))
}

/// End the silence of a node whose vote log is gone.
pub fn resume_voting<'a>(
    command: &'a ResumeVotingCmd,
    mut config: Configuration,
    wasm_cache: Option<&Path>,
) -> Result<Job<'a>> {
    let parts = parts_of_command(&mut config, wasm_cache)?;
    let result = command.run(&config, &parts.client);
    Ok((
        std::future::ready(result.map_err(Error::Service)).boxed_local(),
        parts.task_manager,
    ))
}

/// Tell of the database.
pub fn chain_info(command: &ChainInfoCmd, config: &Configuration) -> Result<()> {
    command.run::<Block>(config)
}

/// Remove the database, and the vote logs with it: they would want to replay blocks of a chain that
/// is no longer there. A validator that returns to a running chain without its log is silent
/// for one height, and then safe.
pub fn purge(command: &PurgeChainCmd, config: Configuration) -> Result<()> {
    let database = config
        .database
        .path()
        .and_then(|p| p.parent())
        .map(|p| p.to_owned());
    let votes = vote_log_dir(&config);
    command.run(config.database)?;
    let purged = database.is_none_or(|path| !path.exists());
    if purged && votes.exists() {
        std::fs::remove_dir_all(&votes)?;
        println!("{votes:?} removed.");
    }
    Ok(())
}
