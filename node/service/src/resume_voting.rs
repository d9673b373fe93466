// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa unsafe-resume-voting`: ending the silence of a chain most of whose vote logs are gone.
//!
//! A validator whose vote log may lack votes signs nothing until the others have made a block final
//! without it. If too many lost theirs at once, nobody does, and the chain stands still. Only people
//! can know that no block above the head is final anywhere: then they agree on the head, and say so
//! to each of these nodes.

use crate::{vote_log_dir, FullClient};
use hansa_consensus_pbft::vote_log::{keys_with_log, VoteLog, VoteLogError};
use hansa_pbft_primitives::{AuthorityId, Hash, Height};
use sc_cli::{clap, CliConfiguration, DatabaseParams, ImportParams, PruningParams, SharedParams};
use sc_service::{Configuration, Error};
use sp_blockchain::HeaderBackend;

/// `hansa unsafe-resume-voting`.
#[derive(Debug, clap::Parser)]
pub struct ResumeVotingCmd {
    /// The hash of the final block on which all operators have agreed as the head of the chain; it
    /// must be the head of this node as well.
    ///
    /// If a block above it is final on any node, or is known to any client, voting again can make
    /// another one final at its height: a fork, and an offence that costs stake.
    #[arg(long, value_name = "HASH")]
    pub head: Hash,

    #[allow(missing_docs)]
    #[clap(flatten)]
    pub shared_params: SharedParams,

    #[allow(missing_docs)]
    #[clap(flatten)]
    pub pruning_params: PruningParams,

    #[allow(missing_docs)]
    #[clap(flatten)]
    pub database_params: DatabaseParams,
}

impl CliConfiguration for ResumeVotingCmd {
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
}

impl ResumeVotingCmd {
    /// Let the keys that have a vote log here sign from the height above the agreed head on.
    pub fn run(&self, config: &Configuration, client: &FullClient) -> Result<(), Error> {
        let info = client.info();
        if info.finalized_hash != self.head {
            return Err(Error::Other(format!(
                "the head of this node is block {} {:?}, not {:?}: name the head on which all have \
                 agreed, and bring every node to it first",
                info.finalized_number, info.finalized_hash, self.head
            )));
        }
        let dir = vote_log_dir(config);
        let keys = keys_with_log(&dir, info.genesis_hash).map_err(vote_log_error)?;
        let keys: Vec<_> = keys.into_iter().flatten().collect();
        if keys.is_empty() {
            return Err(Error::Other(format!(
                "there is no vote log in {}: start this node once as a validator, so that it makes \
                 one, and stop it",
                dir.display()
            )));
        }
        for key in &keys {
            self.resume(config, info.genesis_hash, key, info.finalized_number)?;
        }
        Ok(())
    }

    fn resume(
        &self,
        config: &Configuration,
        genesis: Hash,
        key: &AuthorityId,
        head: Height,
    ) -> Result<(), Error> {
        let dir = vote_log_dir(config);
        let (mut log, _) = VoteLog::open(&dir, genesis, Some(key)).map_err(vote_log_error)?;
        if let Some(decided) = log.last_decided().filter(|decided| *decided > head) {
            return Err(Error::Other(format!(
                "the vote log of {key} knows that block {decided} is final, which is above that \
                 head: start the node, which brings it back, and agree on a later head"
            )));
        }
        let next = head.saturating_add(1);
        if log.signing_from().is_some_and(|from| from <= next) {
            println!("The vote log of {key} lacks nothing; it stays as it is.");
            return Ok(());
        }
        log.allow_signing_from(next).map_err(vote_log_error)?;
        println!(
            "{key} signs again, from block {next} on, the child of {:?}.",
            self.head
        );
        Ok(())
    }
}

fn vote_log_error(error: VoteLogError) -> Error {
    Error::Other(format!("the vote log: {error}"))
}
