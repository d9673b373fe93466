// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Four validators that are watched: what clients saw final is never undone, and no two things that
//! an authority said conflict.

use anyhow::{bail, ensure, Context, Result};
use hansa_e2e::{
    auditor::{Auditor, Kind, WIRE_LOG},
    binary, disk,
    finality::Watch,
    load::Load,
    network::VALIDATORS,
    rpc::Head,
    spec,
    wait::DEADLINE,
    wait_for_some, Network, NodeConfig,
};
use hansa_pbft_primitives::AuthorityIndex;
use rand::{rngs::StdRng, SeedableRng};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How often the auditor looks whether a node votes.
const POLL: Duration = Duration::from_millis(200);

/// How long a network is given to end what is under way when it should halt.
const SETTLES: Duration = Duration::from_secs(3);

/// How often it is looked whether a network halts: on a busy machine, what was under way takes its
/// time.
const HALT_ATTEMPTS: usize = 3;

/// For how long it is looked whether a network that should halt does. In that time a network that
/// does not has its idle interval and several views.
const HALTS: Duration = Duration::from_secs(7);

/// A generator, and a line that says how to get the same one.
pub fn seeded() -> (u64, StdRng) {
    let given = std::env::var("HANSA_SEED").ok();
    let seed = given.map_or_else(rand::random::<u64>, |text| {
        text.parse().expect("HANSA_SEED is a number")
    });
    println!("HANSA_SEED={seed}");
    (seed, StdRng::seed_from_u64(seed))
}

/// A network and who watches it.
pub struct Scene {
    /// The network; its first four nodes are the validators.
    pub network: Network,
    /// What clients saw final.
    pub watch: Watch,
    /// What authorities said.
    pub auditor: Auditor,
    /// The authority that each validator is in the first set.
    pub authorities: Vec<AuthorityIndex>,
}

impl Scene {
    /// The four validators of `local.json` with these edits.
    pub async fn start(edits: &[(&str, Value)], arguments: &[&str]) -> Result<Self> {
        Self::start_with(edits, |_, config| config.args(arguments)).await
    }

    /// As [`start`](Self::start), with each node's configuration as `configure` makes it of its
    /// position and of what it would be.
    pub async fn start_with(
        edits: &[(&str, Value)],
        configure: impl Fn(usize, NodeConfig) -> NodeConfig,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let spec = match edits {
            [] => binary::chain_spec("local.json"),
            edits => spec::edited(folder.path(), "local.json", edits)?,
        };
        let configure = |name: &str, config: NodeConfig| {
            let position = VALIDATORS.iter().position(|validator| *validator == name);
            configure(position.unwrap_or(0), config.arg(WIRE_LOG))
        };
        let network = Network::start_with(&spec, &VALIDATORS, configure).await?;
        let watch = Watch::of(&network.nodes);
        let mut authorities = Vec::new();
        for node in &network.nodes {
            let rpc = node.rpc().await?;
            let local = wait_for_some("a validator to know its place", || async {
                let state = rpc.call("pbft_roundState", vec![]).await?;
                Ok(state["local"].as_u64())
            });
            authorities.push(AuthorityIndex::try_from(local.await?)?);
        }
        Ok(Self {
            network,
            watch,
            auditor: Auditor::new(),
            authorities,
        })
    }

    /// Clients that send transfers until what is returned is dropped.
    pub async fn load(&self) -> Result<Load> {
        Load::start(&self.network.nodes).await
    }

    /// Let the auditor read what the nodes have logged since the last time.
    pub fn listen(&mut self) -> Result<()> {
        for node in &self.network.nodes {
            self.auditor.read_wire_log(&node.config.log_path())?;
        }
        Ok(())
    }

    /// Let the auditor read the vote logs as they are now.
    pub fn read_vote_logs(&mut self) -> Result<()> {
        for node in &self.network.nodes {
            let folder = disk::votes(&node.config)?;
            if folder.exists() {
                self.auditor.read_vote_logs(&folder)?;
            }
        }
        Ok(())
    }

    /// Wait until others heard `node` commit to a block above `height`: it votes.
    pub async fn wait_votes(&mut self, node: usize, height: u32) -> Result<()> {
        let authority = self.authorities[node];
        let start = Instant::now();
        loop {
            self.listen()?;
            if self.auditor.was_heard(authority, Kind::Commit, height) {
                return Ok(());
            }
            if start.elapsed() > DEADLINE {
                let name = &self.network.nodes[node].config.name;
                bail!("waited {DEADLINE:?} in vain for {name} to vote above height {height}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The final heads of these nodes.
    pub async fn heads(&self, nodes: &[usize]) -> Result<Vec<Head>> {
        let mut heads = Vec::new();
        for node in nodes {
            heads.push(self.network.nodes[*node].rpc().await?.finalized().await?);
        }
        Ok(heads)
    }

    /// Check that these nodes, which are too few, make nothing final any more, once what was under
    /// way is over. Returns the height at which they stand.
    pub async fn assert_halted(&self, nodes: &[usize]) -> Result<u32> {
        let mut before = Vec::new();
        for _ in 0..HALT_ATTEMPTS {
            tokio::time::sleep(SETTLES).await;
            before = self.heads(nodes).await?;
            tokio::time::sleep(HALTS).await;
            if self.heads(nodes).await? == before {
                break;
            }
        }
        let after = self.heads(nodes).await?;
        ensure!(
            before == after,
            "{nodes:?} go on, from {before:?} to {after:?}"
        );
        for node in nodes {
            let rpc = self.network.nodes[*node].rpc().await?;
            let (best, finalized) = (rpc.best().await?, rpc.finalized().await?);
            ensure!(best == finalized, "the best block is not final: {best:?}");
        }
        let highest = after.iter().map(|head| head.number).max();
        highest.context("no nodes")
    }

    /// The end of every test: all nodes run and have all that clients ever saw final, and the
    /// auditor finds nothing that conflicts.
    pub async fn end(mut self) -> Result<()> {
        self.watch.assert_kept_by(&self.network.nodes).await?;
        self.listen()?;
        self.read_vote_logs()?;
        ensure!(self.auditor.statements() > 0, "the auditor heard nothing");
        self.auditor.verdict()
    }
}
