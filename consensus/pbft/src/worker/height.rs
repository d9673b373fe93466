// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Beginning a height.

use super::{
    blocks::TaskDone,
    pacing::Pace,
    recovery::Excuses,
    round::{Production, Round},
    Worker, WorkerError,
};
use crate::{
    block::{import::ImportedBlock, PbftClient},
    justification::finality_proof,
    network::HelloInfo,
    types::ProposedBlock,
    LOG_TARGET,
};
use futures::{FutureExt, StreamExt};
use hansa_pbft_core::{HeightConfig, Input, Record};
use hansa_pbft_primitives::{Certificate, Hash, Height, PreDigest};
use hansa_primitives::{Block, Header};
use log::{debug, info, warn};
use sc_client_api::Backend;
use sc_consensus::BlockImport;
use sc_transaction_pool_api::TransactionPool;
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_runtime::traits::Header as HeaderT;
use std::{
    collections::{HashMap, HashSet},
    io,
    sync::Arc,
    time::Instant,
};

/// How many blocks that were proposed for the next height are kept until it begins.
const MAX_EARLY: usize = 4;

impl<C, B, P, I> Worker<C, B, P, I>
where
    C: PbftClient,
    B: Backend<Block> + 'static,
    P: TransactionPool<Block = Block, Hash = Hash> + 'static,
    I: BlockImport<Block, Error = ConsensusError> + Clone + Send + Sync + 'static,
{
    /// Bring back decided blocks that the vote log has and the database lost: it does not sync its
    /// writes, so after a crash it may be behind.
    pub(super) async fn replay_decided(&mut self) -> Result<(), WorkerError> {
        let info = self.client.info();
        let state = self.states.for_child_of(info.best_hash)?;
        let height = info.best_number.saturating_add(1);
        self.voting.open(height, &state.set)?;
        // Blocks of sync have waited for this: so the log has all that the database has.
        self.import.set_decided_log(Arc::new(self.voting.log()));
        self.import_logged().await
    }

    /// Import what the log has as decided and the database has not, unless there may be a record of which this node has not
    /// heard: another set may have decided another block.
    pub(super) async fn import_logged(&mut self) -> Result<(), WorkerError> {
        let info = self.client.info();
        let best = self.client.header(info.best_hash)?;
        let best = best.ok_or(WorkerError::NoHeader(info.best_hash))?;
        self.log_due = self.may_lack_record(made_ms(&best));
        if self.log_due {
            return Ok(());
        }
        for (certificate, block) in self.voting.decided_above(info.best_number)? {
            let (height, hash) = (certificate.height, certificate.hash);
            let origin = BlockOrigin::ConsensusBroadcast;
            match self
                .import
                .import_decided(block.block, certificate, origin)
                .await
            {
                Ok(_) => info!(
                    target: LOG_TARGET,
                    "⏪ Block #{height} {hash:?}, which was decided before the node stopped, is \
                     back in the database"
                ),
                Err(error) => {
                    // The peers have it, too.
                    warn!(
                        target: LOG_TARGET,
                        "Block #{height} {hash:?} of the vote log cannot be imported: {error}"
                    );
                    break;
                }
            }
        }
        Ok(())
    }

    /// Begin with the height above the best block.
    pub(super) fn begin_at_head(&mut self) -> Result<(), WorkerError> {
        let hash = self.client.info().best_hash;
        let header = self
            .client
            .header(hash)?
            .ok_or(WorkerError::NoHeader(hash))?;
        let certificate = finality_proof(&*self.client, hash)?.map(|proof| proof.certificate);
        self.begin(header, hash, certificate)
    }

    /// A block was imported as final, by us or by sync.
    pub(super) fn on_imported(&mut self, imported: ImportedBlock) -> Result<(), WorkerError> {
        // During sync many come at once: only the last one matters.
        let mut last = imported;
        while let Some(Some(next)) = self.imported.next().now_or_never() {
            if next.height > last.height {
                last = next;
            }
        }
        self.metrics.finalised_height.set(u64::from(last.height));
        self.send_reports();
        if self
            .round
            .as_ref()
            .is_some_and(|round| round.height > last.height)
        {
            return Ok(());
        }
        let header = self
            .client
            .header(last.hash)?
            .ok_or(WorkerError::NoHeader(last.hash))?;
        self.begin(header, last.hash, last.certificate)?;
        self.voting.maintain()?;
        self.sync_database(last.height);
        Ok(())
    }

    /// If the node did not sign at this height only because it had just started, and now may:
    /// begin with the height anew.
    pub(super) fn try_start_gate(&mut self) -> Result<(), WorkerError> {
        let Some(round) = self
            .round
            .as_ref()
            .filter(|round| round.gated && round.decided.is_none())
        else {
            return Ok(());
        };
        if !self
            .voting
            .gate_is_open(round.height, &round.state, round.parent_ms)
        {
            return Ok(());
        }
        debug!(target: LOG_TARGET, "Height {}: the node knows enough to sign", round.height);
        self.begin_at_head()
    }

    /// Make the database durable if it is time.
    fn sync_database(&mut self, height: Height) {
        if let Some(job) = self.database.due(height) {
            self.spawn("database sync", move || TaskDone::DatabaseSynced {
                result: job(),
            });
        }
    }

    /// The database is durable, or cannot be made so.
    pub(super) fn on_database_synced(&mut self, result: &io::Result<Height>) {
        self.database.done();
        match result {
            Ok(height) => self.voting.database_holds(*height),
            Err(error) => warn!(
                target: LOG_TARGET,
                "The files of the database cannot be synced to disk: {error}. After a power cut \
                 blocks may have to be fetched from other nodes."
            ),
        }
    }

    /// Begin with the child of `parent`.
    fn begin(
        &mut self,
        parent: Header,
        parent_hash: Hash,
        parent_certificate: Option<Certificate>,
    ) -> Result<(), WorkerError> {
        let height = parent.number().saturating_add(1);
        let state = self.states.for_child_of(parent_hash)?;
        let parent_ms = made_ms(&parent);
        let mandate = self.mandate(height, &state, parent_ms, parent_certificate.as_ref())?;
        let voting = mandate.voting_state();
        self.monitor
            .begin(height, &state, mandate.local, voting, Instant::now());
        self.presence.retain(&state.set);
        let early = self
            .round
            .take()
            .map(|round| round.proposed)
            .unwrap_or_default();
        self.network.set_authorities(&state.set);
        let info = HelloInfo {
            set_id: state.set.id,
            height,
            authority: mandate.key,
        };
        self.network.set_local(info, state.recovery.is_some());
        let mut round = Round {
            height,
            pace: Pace::new(parent_ms, &state.timing),
            parent,
            parent_ms,
            parent_certificate,
            local: mandate.local,
            gated: mandate.gated,
            began: Instant::now(),
            production: Production::NotAsked,
            work_told: false,
            timer: None,
            proposed: HashMap::new(),
            held: HashMap::new(),
            executing: HashMap::new(),
            missing: HashMap::new(),
            bad: HashSet::new(),
            first_seen: HashMap::new(),
            decided: None,
            importing: false,
            excuses: Excuses::default(),
            state: state.clone(),
        };
        let restored: HashSet<Hash> = mandate.restored.iter().filter_map(Record::block).collect();
        for hash in &restored {
            if let Some(block) = self.voting.block(hash) {
                round.propose(block);
            }
        }
        let mut came_early = Vec::new();
        for (hash, block) in early.into_iter().filter(|(_, b)| b.height() == height) {
            round.propose(block);
            came_early.extend((!restored.contains(&hash)).then_some(hash));
        }
        self.round = Some(round);
        self.work.new_height();
        self.watch_pool(height, parent_hash);
        self.resend_at = Instant::now() + self.resend_interval();
        let config = HeightConfig {
            height,
            context: state.context,
            set: state.set,
            seed: state.seed,
            local: mandate.local,
        };
        self.step(Input::Start {
            config,
            restored: mandate.restored,
        })?;
        for hash in came_early {
            self.drop_unless_proposed(hash);
        }
        Ok(())
    }

    /// Keep a block that is proposed for the next height.
    pub(super) fn keep_early(&mut self, block: ProposedBlock) {
        let Some(round) = self.round.as_mut() else {
            return;
        };
        let next: Height = round.height.saturating_add(1);
        let early = round
            .proposed
            .values()
            .filter(|block| block.height() == next)
            .count();
        if block.height() == next && early < MAX_EARLY {
            round.propose(block);
        }
    }
}

/// When the block of `header` was made, in milliseconds since 1970; none of genesis.
fn made_ms(header: &Header) -> Option<u64> {
    PreDigest::find(header.digest()).map(|pre| pre.timestamp_ms)
}
