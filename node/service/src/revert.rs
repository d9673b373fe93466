// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa revert`: taking back the last blocks.
//!
//! Every block in the database is final here, so the SDK's command, which never passes finality,
//! would always take back nothing. What others have made final comes back by sync; the command is
//! for repairing a node, or a whole chain whose operators have agreed on an earlier head.

use crate::{vote_log_dir, FullBackend, FullClient};
use hansa_consensus_pbft::vote_log::{keys_with_log, VoteLog, VoteLogError};
use hansa_pbft_primitives::{AuthorityId, PbftApi, KEY_TYPE};
use sc_cli::{
    clap, CliConfiguration, DatabaseParams, ImportParams, KeystoreParams, PruningParams,
    SharedParams,
};
use sc_client_api::Backend;
use sc_service::{Configuration, Error, KeystoreContainer};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_keystore::Keystore;
use std::sync::Arc;

/// `hansa revert`.
#[derive(Debug, clap::Parser)]
pub struct RevertCmd {
    /// How many blocks to take back.
    #[arg(value_name = "BLOCKS", value_parser = clap::value_parser!(u32).range(1..))]
    pub blocks: u32,

    /// Do it though this node has the key of a current authority.
    ///
    /// It then forgets what it has signed at those heights, and may sign otherwise: that is an
    /// offence that costs stake, unless all other nodes are taken back as well.
    #[arg(long)]
    pub unsafe_as_authority: bool,

    #[allow(missing_docs)]
    #[clap(flatten)]
    pub shared_params: SharedParams,

    #[allow(missing_docs)]
    #[clap(flatten)]
    pub pruning_params: PruningParams,

    #[allow(missing_docs)]
    #[clap(flatten)]
    pub database_params: DatabaseParams,

    #[allow(missing_docs)]
    #[clap(flatten)]
    pub keystore_params: KeystoreParams,
}

impl CliConfiguration for RevertCmd {
    fn shared_params(&self) -> &SharedParams {
        &self.shared_params
    }

    fn import_params(&self) -> Option<&ImportParams> {
        None
    }

    fn pruning_params(&self) -> Option<&PruningParams> {
        Some(&self.pruning_params)
    }

    fn database_params(&self) -> Option<&DatabaseParams> {
        Some(&self.database_params)
    }

    fn keystore_params(&self) -> Option<&KeystoreParams> {
        Some(&self.keystore_params)
    }
}

impl RevertCmd {
    /// Take the blocks back, and cut the vote logs to the new head.
    pub fn run(
        &self,
        config: &Configuration,
        client: &FullClient,
        backend: &Arc<FullBackend>,
        keystore: &KeystoreContainer,
    ) -> Result<(), Error> {
        let (dir, genesis) = (vote_log_dir(config), client.info().genesis_hash);
        let logs = keys_with_log(&dir, genesis).map_err(vote_log_error)?;
        // Development keys (--alice) are in no keystore, but leave a log.
        let keys = local_keys(keystore)
            .into_iter()
            .chain(logs.iter().flatten().cloned());
        if let Some(key) = active_key(client, keys)?.filter(|_| !self.unsafe_as_authority) {
            return Err(Error::Other(format!(
                "this node has the key, or the vote log, of the current authority {key}: a vote \
                 that it forgot and casts otherwise is an offence. Take the key out of the keystore \
                 and the log away, or, if all nodes are taken back, pass --unsafe-as-authority"
            )));
        }
        let before = client.info().finalized_number;
        let (reverted, _) = backend.revert(self.blocks, true)?;
        let head = before.saturating_sub(reverted);
        // What was decided or signed above the head must not come back at the next start.
        for key in &logs {
            let cut = || {
                let (mut log, _) = VoteLog::open(&dir, genesis, key.as_ref())?;
                log.cut_above(head)?;
                // Otherwise a chain of which all nodes are taken back would wait for ever for votes
                // of others that vouch for it.
                match self.unsafe_as_authority {
                    true => log.allow_signing_from(head.saturating_add(1)),
                    false => Ok(()),
                }
            };
            cut().map_err(vote_log_error)?;
        }
        println!(
            "Took back {reverted} of {} blocks: the head is #{head}",
            self.blocks
        );
        if reverted < self.blocks.min(before) {
            return Err(Error::Other(
                "the other blocks stay: the states before them are not in this database (only one \
                 with --state-pruning archive keeps them). To go further back, purge-chain and \
                 sync or import-blocks again"
                    .into(),
            ));
        }
        Ok(())
    }
}

/// The pBFT keys of this node.
fn local_keys(keystore: &KeystoreContainer) -> Vec<AuthorityId> {
    keystore
        .local_keystore()
        .ed25519_public_keys(KEY_TYPE)
        .into_iter()
        .map(AuthorityId::from)
        .collect()
}

/// The first of `keys` that is in the set that decides the next block.
fn active_key(
    client: &FullClient,
    mut keys: impl Iterator<Item = AuthorityId>,
) -> Result<Option<AuthorityId>, Error> {
    let state = client
        .runtime_api()
        .consensus_state(client.info().finalized_hash)
        .map_err(|e| Error::Other(format!("cannot read the authority set: {e}")))?;
    Ok(keys.find(|key| state.set.index_of(key).is_some()))
}

fn vote_log_error(error: VoteLogError) -> Error {
    Error::Other(format!("the vote log: {error}"))
}
