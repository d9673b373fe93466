// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A validator that lies among three that do not, and what becomes of the chain.

use crate::{binary, client, rpc, rpc::Rpc, spec, wait_for_some, Network, Node};
use anyhow::{bail, ensure, Context, Result};
use codec::DecodeAll;
use hansa_pbft_primitives::{AuthorityId, AuthorityIndex, ConsensusState, PreDigest, View};
use hansa_primitives::Header;
use serde_json::json;
use sp_core::H256;
use std::sync::{
    atomic::{AtomicBool, AtomicU32, Ordering},
    Arc,
};
use subxt_signer::sr25519::dev;
use tokio::task::JoinHandle;

/// The position of the validator that lies, in the network and in the set.
pub const LIAR: AuthorityIndex = 3;

/// The name of an offence in logs: two different statements.
pub const EQUIVOCATION: &str = "equivocation";

/// The name of an offence in logs: a Commit that a view-change denies.
pub const AMNESIA: &str = "amnesia";

/// The name of an offence in logs: a proposal that its proof does not justify.
pub const UNJUSTIFIED: &str = "unjustified_proposal";

/// What a log line says of who is convicted by what it said.
const OFFENDS: &str = " offends at height ";

/// What stands before a lie in the liar's log.
const MARK: &str = "LIE ";

/// How many transfers must become final after all else, to show that the chain goes on.
const TRANSFERS_AFTER: u32 = 3;

/// A lie, as the liar's log has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The height.
    pub height: u32,
    /// The view.
    pub view: View,
    /// The block that was proposed in place of the engine's; none if the lie is of another kind.
    pub hash: Option<H256>,
}

/// How a height was decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The block.
    pub hash: H256,
    /// The view that its header names: in which it was proposed first.
    pub proposed_in: View,
    /// Its author.
    pub author: AuthorityIndex,
    /// The view in which it was made final.
    pub decided_in: View,
    /// Whose signatures its certificate has.
    pub signers: Vec<u64>,
}

/// Four validators, of whom the last one lies, and transfers that never end.
pub struct Trial {
    /// The network.
    pub network: Network,
    liar: AuthorityId,
    transfers: Transfers,
}

impl Trial {
    /// Start a network of which [`LIAR`] tells the lie of this name. Its sessions are short: whoever
    /// is convicted is soon no validator any more.
    pub async fn start(lie: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let edits = [
            ("/genesis/timing/idleIntervalMs", json!(1_000)),
            ("/genesis/timing/viewTimeoutMs", json!(1_500)),
            ("/genesis/timing/viewTimeoutStepMs", json!(500)),
            ("/genesis/sessionLengthMs", json!(3_000)),
        ];
        let spec = spec::edited(folder.path(), "local.json", &edits)?;
        let network = Network::start_with(&spec, &crate::network::VALIDATORS, |name, config| {
            if name == crate::network::VALIDATORS[usize::from(LIAR)] {
                config.binary(binary::byzantine()).args(&["--lie", lie])
            } else {
                config
            }
        })
        .await?;
        let state = consensus_state(&network.nodes[0].rpc().await?).await?;
        let liar = state.set.get(LIAR).context("four validators")?.key.clone();
        let transfers = Transfers::start(&network.nodes[0]).await?;
        Ok(Self {
            network,
            liar,
            transfers,
        })
    }

    /// Those that do not lie.
    pub fn honest(&self) -> &[Node] {
        &self.network.nodes[..usize::from(LIAR)]
    }

    /// The lies so far, each once.
    pub fn told(&self) -> Vec<Told> {
        let log = self.network.nodes[usize::from(LIAR)].log();
        let mut told = Vec::new();
        for lie in log.lines().filter_map(parse) {
            if !told.contains(&lie) {
                told.push(lie);
            }
        }
        told
    }

    /// Wait for a lie that `wanted` picks, and until all that do not lie have decided its height.
    pub async fn wait_told(&self, wanted: impl Fn(&Told) -> bool) -> Result<Told> {
        let told = wait_for_some("the lie", || async {
            Ok(self.told().into_iter().find(|told| wanted(told)))
        })
        .await?;
        self.wait_finalized(told.height).await?;
        Ok(told)
    }

    /// Wait until all that do not lie have finalised `height`.
    pub async fn wait_finalized(&self, height: u32) -> Result<()> {
        for node in self.honest() {
            node.wait_finalized(height).await?;
        }
        Ok(())
    }

    /// How `height` was decided.
    pub async fn decision(&self, height: u32) -> Result<Decision> {
        decision(&self.network.nodes[0].rpc().await?, height).await
    }

    /// Wait for a height whose decision `wanted` picks.
    pub async fn wait_decision(
        &self,
        what: &str,
        wanted: impl Fn(&Decision) -> bool,
    ) -> Result<(u32, Decision)> {
        let rpc = self.network.nodes[0].rpc().await?;
        let next = AtomicU32::new(1);
        wait_for_some(what, || async {
            let head = rpc.finalized().await?.number;
            while next.load(Ordering::Relaxed) <= head {
                let height = next.fetch_add(1, Ordering::Relaxed);
                let decision = decision(&rpc, height).await?;
                if wanted(&decision) {
                    return Ok(Some((height, decision)));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Wait until the liar is no validator any more, because of an offence of this kind.
    pub async fn wait_convicted(&self, kind: &str) -> Result<()> {
        for node in self.honest() {
            let rpc = node.rpc().await?;
            let what = format!("{} to see the liar removed", node.config.name);
            wait_for_some(&what, || async {
                let set = consensus_state(&rpc).await?.set;
                Ok(set.index_of(&self.liar).is_none().then_some(()))
            })
            .await?;
        }
        let accused = self.accusations();
        ensure!(
            accused.iter().any(|line| line.ends_with(kind)),
            "nobody tells of {kind}: {accused:?}"
        );
        Ok(())
    }

    /// What the logs of those that do not lie say of offences.
    fn accusations(&self) -> Vec<String> {
        let logs = self.honest().iter().map(Node::log);
        logs.flat_map(|log| {
            let lines = log.lines().filter(|line| line.contains(OFFENDS));
            lines
                .map(|line| line.trim_end().to_string())
                .collect::<Vec<_>>()
        })
        .collect()
    }

    /// Check that the chain goes on with this number of validators, that no transfer was lost, and
    /// that all that do not lie have the same blocks.
    pub async fn conclude(self, validators: usize) -> Result<()> {
        let done = self.transfers.done();
        wait_for_some("transfers to become final", || async {
            let more = self.transfers.done() >= done.saturating_add(TRANSFERS_AFTER);
            Ok((more || self.transfers.has_failed()).then_some(()))
        })
        .await?;
        let accused = self.accusations();
        let liar = format!("Authority {LIAR} ");
        let wronged = accused
            .iter()
            .find(|line| validators == 4 || !line.contains(&liar));
        ensure!(wronged.is_none(), "who is accused did nothing: {wronged:?}");
        self.transfers.stop().await?;
        let set = consensus_state(&self.network.nodes[0].rpc().await?)
            .await?
            .set;
        ensure!(
            set.len() == validators,
            "{} validators, not {validators}",
            set.len()
        );
        let honest = &self.network.nodes[..usize::from(LIAR)];
        agree(honest).await
    }
}

/// Check that these nodes have the same final blocks, up to the highest head.
pub async fn agree(nodes: &[Node]) -> Result<()> {
    let mut rpcs = Vec::new();
    let mut head = 0;
    for node in nodes {
        let rpc = node.rpc().await?;
        head = rpc.finalized().await?.number.max(head);
        rpcs.push(rpc);
    }
    for node in nodes {
        node.wait_finalized(head).await?;
    }
    for number in 1..=head {
        let mut hashes = Vec::new();
        for rpc in &rpcs {
            hashes.push(rpc.block_hash(number).await?);
        }
        let same = hashes
            .iter()
            .all(|hash| hash.is_some() && *hash == hashes[0]);
        ensure!(same, "the nodes disagree on block {number}: {hashes:?}");
    }
    Ok(())
}

/// Under what the next block is decided.
pub async fn consensus_state(rpc: &Rpc) -> Result<ConsensusState> {
    rpc.runtime("PbftApi_consensus_state", &[], None).await
}

/// How `height` was decided, as this node proves it.
pub async fn decision(rpc: &Rpc, height: u32) -> Result<Decision> {
    let proof = rpc.call("pbft_proveFinality", vec![json!(height)]).await?;
    let header = Header::decode_all(&mut &rpc::bytes_of(&proof["encodedHeader"])?[..])?;
    let pre = PreDigest::find(&header.digest).context("no digest of pBFT")?;
    let signers = proof["signers"].as_array().context("signers is a list")?;
    let view = proof["view"].as_u64().context("a view is a number")?;
    Ok(Decision {
        hash: rpc::hash_of(&proof["hash"])?,
        proposed_in: pre.view,
        author: pre.author,
        decided_in: View::try_from(view)?,
        signers: signers
            .iter()
            .filter_map(|signer| signer["authority"].as_u64())
            .collect(),
    })
}

/// A lie in a line of the liar's log: `… LIE height=7 view=0 hash=0x…`, the hash if there is one.
fn parse(line: &str) -> Option<Told> {
    let (_, lie) = line.split_once(MARK)?;
    let field = |name| {
        lie.split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    };
    let hash = match field("hash") {
        Some(hex) => Some(rpc::hash_of(&json!(hex)).ok()?),
        None => None,
    };
    Some(Told {
        height: field("height")?.parse().ok()?,
        view: field("view")?.parse().ok()?,
        hash,
    })
}

/// Transfers by one account through one node, each sent when the one before is final.
struct Transfers {
    task: JoinHandle<Result<()>>,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU32>,
}

impl Transfers {
    async fn start(node: &Node) -> Result<Self> {
        let api = node.client().await?;
        let receiver = client::account(&client::keypair("//Trial"));
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let (stopped, counted) = (stop.clone(), Arc::clone(&done));
        let task = tokio::spawn(async move {
            let call = client::transfer(&receiver, client::UNIT);
            while !stopped.load(Ordering::Relaxed) {
                client::submit(&api, &call, &dev::alice()).await?;
                counted.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        Ok(Self { task, stop, done })
    }

    fn done(&self) -> u32 {
        self.done.load(Ordering::Relaxed)
    }

    /// Whether one was not made final.
    fn has_failed(&self) -> bool {
        self.task.is_finished()
    }

    /// Stop after the one that is under way. An error if one was not made final.
    async fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        match self.task.await? {
            Ok(()) => Ok(()),
            Err(error) => bail!("a transfer failed: {error:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lies_are_read_from_lines_of_the_log() {
        let hash = H256::repeat_byte(7);
        let line = format!("2026-01-01 00:00:00 LIE height=5 view=1 hash={hash:?}");
        let told = Told {
            height: 5,
            view: 1,
            hash: Some(hash),
        };
        assert_eq!(parse(&line), Some(told));
        let line = "2026-01-01 00:00:00 LIE height=5 view=0";
        assert_eq!(parse(line).and_then(|told| told.hash), None);
        for other in ["LIE height=5", "height=5 view=0", "LIE height=x view=0"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
