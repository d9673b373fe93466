// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A hub whose nodes are in the pool, and DappChains that are registered on it and live.
//!
//! All is seen through clients that are not ours: `subxt`, which knows a chain by its metadata alone, and
//! plain JSON-RPC. Nodes have accounts and session keys that are all made of their names, so that a test can sign for
//! them.

use crate::{
    client::{self, Account, Client, UNIT},
    interchain::{top_up, End},
    network::text,
    ports,
    rpc::{Head, Rpc},
    spec, wait_for, wait_for_some, Network, NodeConfig,
};
use anyhow::{bail, ensure, Context, Result};
use codec::Encode;
use hansa_dappchain_primitives::{api::SetsView, genesis};
use hansa_interchain_primitives::{api::RouteView, SYSTEM_LANE};
use hansa_pbft_primitives::{AuthorityId, ConsensusState};
use serde_json::{json, Value as Json};
use sp_core::{crypto::Ss58Codec, ed25519, Pair, H256};
use std::{
    future::Future,
    path::{Path, PathBuf},
};
use subxt::dynamic::{self, Value};
use subxt_signer::sr25519::Keypair;

/// The length of an epoch of the hub; with the interval below there are some ten blocks for each duty. Who is drawn has two of
/// them to catch up, on a machine that is busy with all the others.
pub const EPOCH_MS: u64 = 15_000;

/// How long a chain goes on once its end is announced: value must come home meanwhile.
pub const NOTICE_SECONDS: u32 = 30;

/// How long the hub waits for a transaction before it makes a block without.
pub const IDLE_MS: u64 = 400;

/// What each validator of the hub has bonded.
pub const BOND: u128 = 200_000 * UNIT;

/// What each account has beside that.
pub const FUNDS: u128 = 1_000_000 * UNIT;

/// How many nodes a chain needs: the fewest.
pub const NEED: usize = 4;

/// Two deployers, who run no nodes.
pub const DEPLOYERS: [&str; 2] = ["//Deployer//1", "//Deployer//2"];

/// Who may do anything on the hub.
pub const SUDO: &str = "//Alice";

/// What the first deployer has on each chain that it registers.
pub const ENDOWMENT: u128 = 1_000_000_000_000_000;

/// How many ports the DappChains of one node may take.
const PORTS: u16 = 8;

/// The secret URI of a node's account and keys.
pub fn uri(name: &str) -> String {
    format!("//{name}")
}

/// The key pair of a node's account.
pub fn keypair(name: &str) -> Keypair {
    client::keypair(&uri(name))
}

/// A node's account.
pub fn account(name: &str) -> Account {
    client::account(&keypair(name))
}

/// A node's account as text.
pub fn address(name: &str) -> String {
    account(name).to_string()
}

/// The key by which a node votes.
pub fn authority(name: &str) -> Result<AuthorityId> {
    Ok(ed25519::Pair::from_string(&uri(name), None)?
        .public()
        .into())
}

/// `stake.json` with short epochs, these validators, of the same weight, and funds for them, for the `others`,
/// for the deployers and for whose sudo it is.
pub fn spec(folder: &Path, validators: &[&str], others: &[&str]) -> Result<PathBuf> {
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(IDLE_MS)),
        ("/genesis/sessionLengthMs", json!(EPOCH_MS)),
    ];
    let mut spec = spec::edit("stake.json", &edits)?;
    let mut listed = Vec::new();
    for name in validators {
        let pbft = ed25519::Pair::from_string(&uri(name), None)?.public();
        listed.push(json!({
            "account": address(name),
            "pbft": pbft.to_ss58check(),
            "beacon": address(name),
            "bond": BOND.to_string(),
        }));
    }
    let nodes = validators.iter().chain(others).map(|name| address(name));
    let more = [DEPLOYERS[0], DEPLOYERS[1], SUDO];
    let more = more.map(|uri| client::account(&client::keypair(uri)).to_string());
    let genesis = &mut spec["genesis"];
    genesis["validators"] = json!(listed);
    // What offends costs stake soon.
    genesis["periods"] =
        json!({ "unbondingSeconds": 3_600, "trustingSeconds": 60, "slashDeferSeconds": 5 });
    genesis["validatorCount"] = json!(validators.len());
    genesis["retireNoticeSeconds"] = json!(NOTICE_SECONDS);
    genesis["balances"] = nodes
        .chain(more)
        .map(|account| (account, json!(FUNDS.to_string())))
        .collect();
    spec::write(folder, "hub.json", &spec)
}

/// A hub.
pub struct Hub {
    /// Its nodes.
    pub network: Network,
    /// A connection to the first of them.
    pub rpc: Rpc,
    /// Another one.
    pub api: Client,
}

impl Hub {
    /// The nodes of these names on the hub of `spec`, each with its keys in its keystore, and as `configure` makes
    /// it of its name.
    pub async fn start(
        spec: &Path,
        names: &[&str],
        configure: impl Fn(&str, NodeConfig) -> NodeConfig,
    ) -> Result<Self> {
        let network = Network::start_nodes(spec, names, |name, config| {
            Ok(configure(name, config.session_keys(&uri(name))?))
        })
        .await?;
        let rpc = network.nodes[0].rpc().await?;
        let api = network.nodes[0].client().await?;
        Ok(Self { network, rpc, api })
    }

    /// As [`start_on`](Self::start_on), with validators and others as in [`spec()`].
    pub async fn start_many_chain(
        validators: &[&str],
        others: &[&str],
        configure: impl Fn(&str, NodeConfig) -> NodeConfig,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let spec = spec(folder.path(), validators, others)?;
        Self::start_on(&spec, &[validators, others].concat(), configure).await
    }

    /// As [`start`](Self::start), all of them in the network between chains, with ports for DappChains.
    pub async fn start_on(
        spec: &Path,
        names: &[&str],
        configure: impl Fn(&str, NodeConfig) -> NodeConfig,
    ) -> Result<Self> {
        let count = u16::try_from(names.len())?;
        let first = ports::free_ports(count);
        let dappchains = ports::free_ports(PORTS * count);
        Self::start(spec, names, |name, config| {
            let at = names.iter().position(|node| *node == name).unwrap_or(0);
            let at = u16::try_from(at).unwrap_or(0);
            let range = dappchains + PORTS * at;
            let config = config
                .arg("--interchain-port")
                .arg(first + at)
                .arg("--dappchain-ports")
                .arg(format!("{range}-{}", range + PORTS - 1));
            let config = match at {
                0 => config,
                // All know the first.
                _ => config
                    .arg("--interchain-bootnodes")
                    .arg(format!("/ip4/127.0.0.1/tcp/{first}")),
            };
            configure(name, config)
        })
        .await
    }

    /// Call a method of the first node.
    pub async fn call(&self, method: &str, params: &[Json]) -> Result<Json> {
        self.rpc.call(method, params.to_vec()).await
    }

    /// The position of a node in the network.
    pub fn position(&self, name: &str) -> Result<usize> {
        let mut nodes = self.network.nodes.iter();
        let found = nodes.position(|node| node.config.name == name);
        found.with_context(|| format!("there is no node {name}"))
    }

    /// Connect to another node, for when the first one is to be stopped.
    pub async fn look_through(&mut self, name: &str) -> Result<()> {
        let node = &self.network.nodes[self.position(name)?];
        (self.rpc, self.api) = (node.rpc().await?, node.client().await?);
        Ok(())
    }

    /// The epoch under way.
    pub async fn epoch(&self) -> Result<u64> {
        let epoch = self.call("beacon_epoch", &[]).await?;
        epoch["epoch"].as_u64().context("a number")
    }

    /// Wait until `probe` yields something, for at most so many epochs: each may take as long as anything
    /// may.
    pub async fn within<T, F, Fut>(&self, epochs: u64, what: &str, probe: F) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<Option<T>>>,
    {
        let first = self.epoch().await?;
        for last in first..=first + epochs {
            let found = wait_for_some(what, || async {
                let over = self.epoch().await? > last;
                let found = probe().await?;
                Ok((found.is_some() || over).then_some(found))
            })
            .await?;
            if let Some(found) = found {
                println!("epoch {last}: {what}");
                return Ok(found);
            }
        }
        bail!(
            "waited {epochs} epochs in vain for {what}; chains: {}",
            self.call("allocation_chains", &[json!(1), json!(10)])
                .await?
        )
    }

    /// Where a node is, or null.
    pub async fn node(&self, name: &str) -> Result<Json> {
        self.call("allocation_node", &[json!(address(name))]).await
    }

    /// A founder's word that the genesis of the chain `id`, which is made of `record`, is `found`.
    pub async fn say_genesis(
        &self,
        founder: &str,
        id: u32,
        record: &Json,
        found: H256,
    ) -> Result<()> {
        let attempt: u16 = serde_json::from_value(record["attempt"].clone())?;
        let founders = record["founders"].as_array().context("founders")?;
        let account = json!(address(founder));
        let seat = founders.iter().position(|seat| seat["node"] == account);
        let seat = seat.with_context(|| format!("{founder} is no founder"))?;
        let payload =
            genesis::confirm_payload(&self.rpc.genesis().await?, id, attempt, Some(found));
        let pair = ed25519::Pair::from_string(&uri(founder), None)?;
        let fields = vec![
            Value::u128(id.into()),
            Value::u128(attempt.into()),
            Value::u128(seat as u128),
            Value::unnamed_variant("Some", [Value::from_bytes(found)]),
            Value::from_bytes(pair.sign(&payload).0),
        ];
        let call = dynamic::tx("DappChains", "confirm_genesis", fields);
        client::submit_authorized(&self.api, &call).await?;
        Ok(())
    }

    /// A DappChain, by name, as the registry has it.
    pub async fn registered(&self, chain: &str) -> Result<Json> {
        self.call("dappChains_get", &[json!(chain)]).await
    }

    /// Its state.
    pub async fn state(&self, chain: &str) -> Result<String> {
        text(&self.registered(chain).await?, "state")
    }

    /// Wait until all of these nodes have come into the pool by themselves, and have made a block.
    pub async fn all_join(&self, names: &[&str]) -> Result<()> {
        self.all_join_within(names, 8).await
    }

    /// As [`all_join`](Self::all_join), within so many epochs.
    pub async fn all_join_within(&self, names: &[&str], epochs: u64) -> Result<()> {
        self.within(epochs, "all to be veterans in the pool", || async {
            for name in names {
                if self.node(name).await?["veteran"] != true {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    /// The names of a chain's members in a phase.
    pub async fn members(&self, chain: u32, phase: &str) -> Result<Vec<String>> {
        let params = [json!(chain), json!(0), json!(100)];
        let members = self.call("allocation_members", &params).await?;
        let members = members.as_array().context("a list")?;
        let is_there = |name: &String| {
            let account = json!(address(name));
            let mut members = members.iter();
            members.any(|member| member["account"] == account && member["phase"] == phase)
        };
        let names = self
            .network
            .nodes
            .iter()
            .map(|node| node.config.name.clone());
        Ok(names.filter(is_there).collect())
    }

    /// A node's own transaction.
    pub async fn submit(
        &self,
        name: &str,
        pallet: &str,
        call: &str,
        fields: Vec<Value>,
    ) -> Result<()> {
        let call = dynamic::tx(pallet, call, fields);
        client::submit(&self.api, &call, &keypair(name)).await?;
        Ok(())
    }

    /// An operator bonds for its node, registers its keys, and stands for election.
    pub async fn stand(&self, name: &str, bond: u128) -> Result<()> {
        self.submit(name, "Staking", "bond", vec![Value::u128(bond)])
            .await?;
        let keys = client::set_keys(&account(name), &uri(name))?;
        client::submit(&self.api, &keys, &keypair(name)).await?;
        self.submit(name, "Staking", "validate", vec![Value::u128(0)])
            .await
    }

    /// Bytes that codes of chains are; they must be on the hub before a chain of them is registered.
    pub async fn note_code(&self, code: &[u8]) -> Result<()> {
        let note = dynamic::tx("Preimage", "note_preimage", vec![Value::from_bytes(code)]);
        client::submit(&self.api, &note, &client::keypair(DEPLOYERS[0])).await?;
        Ok(())
    }

    /// The fields of `register` for a chain that needs [`NEED`] nodes, whose turns have `term_seconds`, at any price up
    /// to `most`.
    pub fn registration(
        name: &str,
        code: &[u8],
        patch: &Json,
        properties: &str,
        term_seconds: u32,
        most: u128,
    ) -> Vec<Value> {
        let term = Value::named_composite([
            ("blocks", Value::u128(100_000)),
            ("seconds", Value::u128(term_seconds.into())),
        ]);
        vec![
            Value::from_bytes(name),
            Value::u128(NEED as u128),
            Value::unnamed_variant(
                "Stored",
                [Value::from_bytes(sp_crypto_hashing::blake2_256(code))],
            ),
            Value::from_bytes(patch.to_string()),
            Value::from_bytes(properties),
            Value::unnamed_variant("Some", [term]),
            Value::u128(most),
        ]
    }

    /// The first deployer registers a chain of the standard runtime, whose code is noted already. Its sessions are short, and
    /// the deployer has funds there.
    pub async fn register(&self, name: &str, code: &[u8], term_seconds: u32) -> Result<()> {
        let deployer = client::keypair(DEPLOYERS[0]);
        let patch = json!({
            "balances": { "balances": [[client::account(&deployer).to_string(), ENDOWMENT]] },
            "pbft": {
                "sessionLengthMs": 5_000,
                "timing": { "idleIntervalMs": 300, "viewTimeoutMs": 2_000, "silentTimeoutMs": 300 }
            }
        });
        let properties = r#"{"tokenSymbol":"SHOP","tokenDecimals":12}"#;
        let fields = Self::registration(name, code, &patch, properties, term_seconds, FUNDS);
        let register = dynamic::tx("DappChains", "register", fields);
        client::submit(&self.api, &register, &deployer).await?;
        Ok(())
    }

    /// Wait until a chain is live on the hub.
    pub async fn goes_live(&self, name: &str) -> Result<Chain> {
        self.within(10, "the chain to be live", || async {
            Ok((self.state(name).await? == "live").then_some(()))
        })
        .await?;
        let chain = self.registered(name).await?;
        Ok(Chain {
            id: u32::from_str_radix(&text(&chain, "chain")?, 16)?,
            name: name.into(),
            genesis: text(&chain, "genesis")?,
        })
    }

    /// The sets of a chain, as the hub knows them.
    pub async fn sets(&self, chain: &Chain) -> Result<SetsView> {
        let sets: Option<SetsView> = self
            .rpc
            .runtime("DappChainSetsApi_sets", &chain.id.encode(), None)
            .await?;
        sets.context("the chain has no sets")
    }

    /// How many packets of a chain the hub has taken: each tells who made blocks.
    pub async fn reports(&self, chain: &Chain) -> Result<u64> {
        let route: Option<RouteView> = self
            .rpc
            .runtime("InterchainApi_route", &chain.id.encode(), None)
            .await?;
        let lanes = route.context("there is no route")?.lanes;
        let system = lanes.into_iter().find(|view| view.lane == SYSTEM_LANE);
        Ok(system.context("there is such a lane")?.inbound.next)
    }

    /// The hub and a chain as two ends of a route, the latter seen through these nodes.
    pub async fn ends(&self, chain: &Chain, members: &[usize]) -> Result<[End; 2]> {
        let mut urls = Vec::new();
        for member in members {
            urls.push(self.url(chain, *member).await?);
        }
        let hub = End::of(vec![self.network.nodes[0].url()]).await?;
        Ok([hub, End::of(urls).await?])
    }

    /// The first deployer pays in what hub and chain have with each other; wait until both know of it.
    pub async fn pay_in(&self, ends: &[End; 2], reserve: u128) -> Result<()> {
        let deployer = client::keypair(DEPLOYERS[0]);
        let [hub, chain] = ends;
        for (at, to) in [(hub, chain), (chain, hub)] {
            client::submit(&at.api().await?, &top_up(to.id(), reserve), &deployer).await?;
        }
        for (at, to) in [(hub, chain), (chain, hub)] {
            wait_for("the other chain to tell of the reserve", || async {
                Ok(at.book(to.id()).await?.ours >= reserve)
            })
            .await?;
        }
        Ok(())
    }

    /// Wait until the hub is told who made blocks once more.
    pub async fn is_told(&self, chain: &Chain) -> Result<()> {
        let before = self.reports(chain).await?;
        wait_for("the hub to be told who made blocks", || async {
            Ok(self.reports(chain).await? > before)
        })
        .await
    }

    /// What each node says of a chain in its process; null from those that have none, or do not answer.
    pub async fn services(&self, chain: &Chain) -> Result<Vec<Json>> {
        let mut services = Vec::new();
        for node in &self.network.nodes {
            let chains = match node.rpc().await {
                Ok(rpc) => rpc.call("hansa_chains", vec![]).await?,
                Err(_) => Json::Null,
            };
            let mut chains = chains.as_array().into_iter().flatten();
            let service = chains.find(|service| service["name"] == chain.name);
            services.push(service.cloned().unwrap_or_default());
        }
        Ok(services)
    }

    /// Wait until these nodes run a chain and are in its set; returns their positions.
    pub async fn all_serve(&self, chain: &Chain, names: &[String]) -> Result<Vec<usize>> {
        let positions = names.iter().map(|name| self.position(name));
        let positions: Vec<_> = positions.collect::<Result<_>>()?;
        wait_for(&format!("{names:?} to serve {}", chain.name), || async {
            let services = self.services(chain).await?;
            Ok(positions.iter().all(|at| {
                let service = &services[*at];
                service["state"] == "running" && service["inSet"] == true
            }))
        })
        .await?;
        for at in &positions {
            let service = &self.services(chain).await?[*at];
            ensure!(service["genesis"] == json!(chain.genesis), "{service}");
        }
        Ok(positions)
    }

    /// Where clients reach a chain in a node's process, as it tells.
    pub async fn url(&self, chain: &Chain, node: usize) -> Result<String> {
        let service = &self.services(chain).await?[node];
        let port = service["rpcPort"].as_u64();
        let port = port.with_context(|| format!("no port of {}: {service}", chain.name))?;
        Ok(format!("ws://127.0.0.1:{port}"))
    }

    /// A connection to a chain in a node's process.
    pub async fn chain_rpc(&self, chain: &Chain, node: usize) -> Result<Rpc> {
        Rpc::connect(&self.url(chain, node).await?).await
    }

    /// Wait until a chain has made so many blocks more, as this node sees it.
    pub async fn goes_on(&self, chain: &Chain, node: usize, blocks: u32) -> Result<Head> {
        let rpc = self.chain_rpc(chain, node).await?;
        let first = rpc.finalized().await?.number;
        let what = format!("{} to go on from block {first}", chain.name);
        wait_for_some(&what, || async {
            let head = rpc.finalized().await?;
            Ok((head.number >= first + blocks).then_some(head))
        })
        .await
    }
}

/// A DappChain that is live.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Its genesis hash, as the hub has it.
    pub genesis: String,
}

/// Under what a chain's next block is decided, as a node of it sees it.
pub async fn consensus(rpc: &Rpc) -> Result<ConsensusState> {
    rpc.runtime("PbftApi_consensus_state", &[], None).await
}
